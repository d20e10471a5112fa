//! Who may call, what goes wrong on purpose, and what the journal keeps of it.

use aws_credential_types::Credentials;
use aws_sdk_s3::Client;
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
