//! Who may call, what goes wrong on purpose, and what the journal keeps of it.

use aws_credential_types::Credentials;
use aws_sdk_s3::Client;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use zipster_emulator::fault::{CallFault, FaultPlan, FaultRule, Moment};
use zipster_emulator::journal::Event;

use crate::support::{BUCKET, World, code};

async fn list_with(world: &World, secret: &str, token: Option<&str>) -> String {
    let key = &world.emulator.administrator().access_key_id;
    list_as(
        world,
        Credentials::new(key, secret, token.map(str::to_owned), None, "test"),
    )
    .await
}

async fn list_as(world: &World, credentials: Credentials) -> String {
    let config = World::config(&world.emulator, "us-east-1");
    let s3 = Client::from_conf(config.credentials_provider(credentials).build());
    code(s3.list_buckets().send().await)
}

#[tokio::test]
async fn a_call_needs_a_known_key_its_secret_and_its_token() {
    let world = World::start().await;
    let secret = world.emulator.administrator().expose_secret().to_owned();
    assert_eq!(list_with(&world, &secret, None).await, "no error");
    assert_eq!(
        list_with(&world, "wrong", None).await,
        "403 SignatureDoesNotMatch"
    );
    assert_eq!(
        list_with(&world, &secret, Some("token")).await,
        "400 InvalidToken"
    );
    let unknown = Credentials::new("AKIAUNKNOWN", &secret, None, None, "test");
    assert_eq!(list_as(&world, unknown).await, "403 InvalidAccessKeyId");
}

#[tokio::test]
async fn a_call_and_its_answer_are_in_the_journal() {
    let world = World::start().await;
    let get = world.s3.get_object().bucket(BUCKET).key("a b").send().await;
    let id = get.unwrap_err().into_service_error();
    let id = id.meta().extra("aws_request_id").unwrap().to_owned();
    let entries = world.emulator.journal().snapshot();
    let answer = entries
        .iter()
        .find(|entry| matches!(&entry.event, Event::ApiAnswer { request_id, .. } if *request_id == id))
        .unwrap();
    assert_eq!(answer.event.to_string(), "answered 404 NoSuchKey");
    let call = entries.iter().find(|entry| Some(entry.id) == answer.cause);
    assert_eq!(
        call.unwrap().event.to_string(),
        "s3 GetObject the-bucket/a b by root"
    );
}

#[tokio::test]
async fn a_fault_plan_can_make_s3_unavailable() {
    let world = World::start().await;
    let when = Moment::Call {
        service: "s3",
        operation: "PutObject".to_owned(),
        by: None,
        fault: CallFault::Unavailable,
    };
    let rule = FaultRule {
        when,
        after: 0,
        times: 1,
    };
    world.emulator.faults().arm(FaultPlan { rules: vec![rule] });
    let put = || world.s3.put_object().bucket(BUCKET).key("k").send();
    assert_eq!(code(put().await), "503 SlowDown");
    let head = world.s3.head_object().bucket(BUCKET).key("k").send().await;
    assert_eq!(code(head), "404 NotFound");
    assert_eq!(code(put().await), "no error");
}

/// Sets a bucket policy that denies the administrator some action.
async fn deny(world: &World, action: &str, resource: &str) {
    let policy = format!(
        r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Deny", "Principal": "*",
            "Action": "{action}", "Resource": "arn:aws:s3:::{resource}"}}]}}"#
    );
    let put = world.s3.put_bucket_policy().bucket(BUCKET);
    put.policy(policy).send().await.unwrap();
}

#[tokio::test]
async fn a_denied_call_has_no_effect_and_says_why() {
    let world = World::start().await;
    world.put("k", "v").await;
    deny(&world, "s3:DeleteObject", "the-bucket/*").await;
    let delete = world.s3.delete_object().bucket(BUCKET).key("k");
    let error = delete.send().await.unwrap_err().into_service_error();
    assert_eq!(error.meta().code(), Some("AccessDenied"));
    assert_eq!(
        error.meta().message(),
        Some(
            "User: arn:aws:iam::123456789012:root is not authorized to perform: s3:DeleteObject \
             on resource: \"arn:aws:s3:::the-bucket/k\" with an explicit deny in a \
             resource-based policy"
        )
    );
    let delete = Delete::builder()
        .objects(ObjectIdentifier::builder().key("k").build().unwrap())
        .build()
        .unwrap();
    let many = world.s3.delete_objects().bucket(BUCKET).delete(delete);
    let answer = many.send().await.unwrap();
    assert_eq!(answer.errors()[0].code(), Some("AccessDenied"));
    assert_eq!(world.get("k").await, b"v");
}

#[tokio::test]
async fn only_who_may_list_is_told_that_a_key_does_not_exist() {
    let world = World::start().await;
    let get = || world.s3.get_object().bucket(BUCKET).key("k").send();
    assert_eq!(code(get().await), "404 NoSuchKey");
    deny(&world, "s3:ListBucket", "the-bucket").await;
    assert_eq!(code(get().await), "403 AccessDenied");
    world.put("k", "v").await;
    assert_eq!(code(get().await), "no error");
}

/// Comparing ETags tells something about an object.
#[tokio::test]
async fn a_delete_on_condition_takes_the_permission_to_read() {
    let world = World::start().await;
    let etag = world.put("k", "v").await;
    deny(&world, "s3:GetObject", "the-bucket/*").await;
    let delete = || world.s3.delete_object().bucket(BUCKET).key("k");
    assert_eq!(
        code(delete().if_match(&etag).send().await),
        "403 AccessDenied"
    );
    assert_eq!(code(delete().send().await), "no error");
}
