//! Policies that depend on the circumstances of a call: allowed and refused, over the wire.

use std::time::{Duration, SystemTime};

use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    BucketLocationConstraint, CreateBucketConfiguration, ObjectOwnership, Tag, Tagging,
};
use zipster_emulator::clock::{Clock, SystemClock};

use crate::support::{World, code};

/// A world with the role `load` whose only policy allows `action`, on everything, under `condition`.
async fn world(action: &str, condition: &str) -> World {
    let world = World::start().await;
    world.role("load").await;
    permit(&world, action, condition).await;
    world
}

async fn permit(world: &World, action: &str, condition: &str) {
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"{action}",
            "Resource":"*","Condition":{condition}}}]}}"#
    );
    let put = world.iam.put_role_policy().role_name("load");
    let put = put.policy_name("conditional").policy_document(policy);
    put.send().await.unwrap();
}

/// A bucket `b` of the administrator's with an object that is tagged `team=data`.
async fn tagged_object(world: &World) {
    let s3 = world.s3(world.administrator());
    s3.create_bucket().bucket("b-1").send().await.unwrap();
    let put = s3.put_object().bucket("b-1").key("k").tagging("team=data");
    put.body(ByteStream::from_static(b"x"))
        .send()
        .await
        .unwrap();
}

const DENIED: Option<&str> = Some("AccessDenied");

#[tokio::test]
async fn an_objects_own_tags() {
    let of = |team: &str| format!(r#"{{"StringEquals":{{"s3:ExistingObjectTag/team":"{team}"}}}}"#);
    let world = world("s3:*", &of("data")).await;
    tagged_object(&world).await;
    let s3 = world.s3(world.session_of("load"));
    let get = async || code(s3.get_object().bucket("b-1").key("k").send().await);
    let tags = async || code(s3.get_object_tagging().bucket("b-1").key("k").send().await);
    let clear = async || {
        code(
            s3.delete_object_tagging()
                .bucket("b-1")
                .key("k")
                .send()
                .await,
        )
    };
    assert_eq!((get().await, tags().await), (None, None));
    // Writing and deleting have no such key, whatever the tags are.
    let delete = s3.delete_object().bucket("b-1").key("k").send().await;
    assert_eq!(code(delete).as_deref(), DENIED);
    permit(&world, "s3:*", &of("web")).await;
    assert_eq!(get().await.as_deref(), DENIED);
    assert_eq!(tags().await.as_deref(), DENIED);
    assert_eq!(clear().await.as_deref(), DENIED);
    permit(&world, "s3:*", &of("data")).await;
    assert_eq!(clear().await, None);
    assert_eq!(get().await.as_deref(), DENIED);
}

#[tokio::test]
async fn the_tags_that_a_request_asks_for() {
    let condition = r#"{"StringEquals":{"s3:RequestObjectTag/team":"data"},
        "ForAllValues:StringEquals":{"s3:RequestObjectTagKeys":["team"]}}"#;
    let world = world("s3:Put*", condition).await;
    tagged_object(&world).await;
    let s3 = world.s3(world.session_of("load"));
    let put = async |tags: &str| {
        let put = s3.put_object().bucket("b-1").key("new").tagging(tags);
        code(put.body(ByteStream::from_static(b"x")).send().await)
    };
    assert_eq!(put("team=data").await, None);
    assert_eq!(put("team=web").await.as_deref(), DENIED);
    assert_eq!(put("team=data&more=1").await.as_deref(), DENIED);
    assert_eq!(put("").await.as_deref(), DENIED);
    let tag = async |pairs: &[(&str, &str)]| {
        let tags = pairs
            .iter()
            .map(|(key, value)| Tag::builder().key(*key).value(*value).build().unwrap())
            .collect();
        let tagging = Tagging::builder().set_tag_set(Some(tags)).build().unwrap();
        let put = s3.put_object_tagging().bucket("b-1").key("k");
        code(put.tagging(tagging).send().await)
    };
    assert_eq!(tag(&[("team", "data")]).await, None);
    assert_eq!(tag(&[("team", "web")]).await.as_deref(), DENIED);
    assert_eq!(
        tag(&[("team", "data"), ("x", "y")]).await.as_deref(),
        DENIED
    );
}

#[tokio::test]
async fn where_a_bucket_is_made() {
    let condition = r#"{"StringEquals":{"s3:LocationConstraint":"eu-west-1"}}"#;
    let world = world("s3:CreateBucket", condition).await;
    let s3 = world.s3(world.session_of("load"));
    let make = async |name: &str, region: Option<&str>| {
        let place = region.map(|region| {
            let place = BucketLocationConstraint::from(region);
            CreateBucketConfiguration::builder()
                .location_constraint(place)
                .build()
        });
        let make = s3.create_bucket().bucket(name);
        code(make.set_create_bucket_configuration(place).send().await)
    };
    assert_eq!(make("made-1", Some("eu-west-1")).await, None);
    assert_eq!(make("made-2", Some("eu-north-1")).await.as_deref(), DENIED);
    assert_eq!(make("made-3", None).await.as_deref(), DENIED);
}

#[tokio::test]
async fn which_version_how_many_and_how_it_is_kept() {
    let cases = [
        r#"{"NumericLessThanEquals":{"s3:max-keys":"5"}}"#,
        r#"{"StringEquals":{"s3:delimiter":"/"}}"#,
    ];
    for condition in cases {
        let world = world("s3:ListBucket", condition).await;
        tagged_object(&world).await;
        let s3 = world.s3(world.session_of("load"));
        let list = || s3.list_objects_v2().bucket("b-1");
        let good = list().max_keys(5).delimiter("/").send().await;
        assert_eq!(code(good), None, "{condition}");
        let bad = list().max_keys(6).delimiter("+").send().await;
        assert_eq!(code(bad).as_deref(), DENIED, "{condition}");
        assert_eq!(code(list().send().await).as_deref(), DENIED, "{condition}");
    }
    let condition = r#"{"StringEquals":{"s3:x-amz-server-side-encryption":"AES256"}}"#;
    let kept = world("s3:PutObject", condition).await;
    tagged_object(&kept).await;
    let s3 = kept.s3(kept.session_of("load"));
    let put = || s3.put_object().bucket("b-1").key("n");
    assert_eq!(code(put().send().await).as_deref(), DENIED);
    let encrypted = put().server_side_encryption("AES256".into());
    assert_eq!(code(encrypted.send().await), None);
    let condition = r#"{"StringEquals":{"s3:VersionId":"null"}}"#;
    permit(&kept, "s3:GetObjectVersion", condition).await;
    let get = |version: &str| s3.get_object().bucket("b-1").key("k").version_id(version);
    assert_eq!(code(get("null").send().await), None);
    let other = get("0123456789abcdef0123456789abcdef").send().await;
    assert_eq!(code(other).as_deref(), DENIED);
}

#[tokio::test]
async fn what_program_calls_and_with_what_credentials() {
    let cases = [
        (r#"{"StringLike":{"aws:UserAgent":"aws-sdk-rust/*"}}"#, true),
        (r#"{"StringLike":{"aws:UserAgent":"curl/*"}}"#, false),
        (r#"{"Null":{"aws:Referer":"true"}}"#, true),
        (
            r#"{"DateGreaterThan":{"aws:TokenIssueTime":"2020-01-01T00:00:00Z"}}"#,
            true,
        ),
        (
            r#"{"DateGreaterThan":{"aws:TokenIssueTime":"2220-01-01T00:00:00Z"}}"#,
            false,
        ),
        (r#"{"Bool":{"aws:MultiFactorAuthPresent":"false"}}"#, true),
        (r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#, false),
    ];
    let world = world("iam:ListRoles", r#"{"Null":{"aws:CurrentTime":"true"}}"#).await;
    let iam = world.iam_as("load");
    for (condition, allowed) in cases {
        permit(&world, "iam:ListRoles", condition).await;
        let answered = code(iam.list_roles().send().await);
        assert_eq!(answered.is_none(), allowed, "{condition}");
    }
}

#[tokio::test]
async fn the_page_that_a_browser_comes_from() {
    let condition = r#"{"StringLike":{"aws:Referer":"https://example.com/*"}}"#;
    let world = world("s3:GetObject", condition).await;
    tagged_object(&world).await;
    let s3 = world.s3(world.session_of("load"));
    let get = async |page: Option<&'static str>| {
        let get = s3.get_object().bucket("b-1").key("k").customize();
        let get = get.mutate_request(move |request| {
            if let Some(page) = page {
                request.headers_mut().insert("referer", page);
            }
        });
        code(get.send().await)
    };
    assert_eq!(get(Some("https://example.com/zips")).await, None);
    assert_eq!(get(Some("https://example.org/")).await.as_deref(), DENIED);
    assert_eq!(get(None).await.as_deref(), DENIED);
}

#[tokio::test]
async fn how_long_ago_an_address_was_presigned() {
    let younger = |milliseconds: &str| {
        format!(r#"{{"NumericLessThan":{{"s3:signatureAge":"{milliseconds}"}}}}"#)
    };
    let world = world("s3:GetObject", &younger("600000")).await;
    tagged_object(&world).await;
    let s3 = world.s3(world.session_of("load"));
    // Signed two minutes ago, good for an hour.
    let presigning = PresigningConfig::builder()
        .start_time(SystemTime::from(SystemClock::real_time().now()) - Duration::from_secs(120))
        .expires_in(Duration::from_secs(3600))
        .build()
        .unwrap();
    let get = s3.get_object().bucket("b-1").key("k");
    let presigned = get.presigned(presigning).await.unwrap();
    assert_eq!(world.get(presigned.uri()).await, 200);
    permit(&world, "s3:GetObject", &younger("60000")).await;
    assert_eq!(world.get(presigned.uri()).await, 403);
    // What is signed in its headers has no such age.
    let get = async || code(s3.get_object().bucket("b-1").key("k").send().await);
    assert_eq!(get().await.as_deref(), DENIED);
    for (kind, of_address, of_headers) in [
        ("REST-QUERY-STRING", 200, DENIED),
        ("REST-HEADER", 403, None),
    ] {
        let condition = format!(r#"{{"StringEquals":{{"s3:authType":"{kind}"}}}}"#);
        permit(&world, "s3:GetObject", &condition).await;
        assert_eq!(world.get(presigned.uri()).await, of_address, "{kind}");
        assert_eq!(get().await.as_deref(), of_headers, "{kind}");
    }
}

#[tokio::test]
async fn who_owns_what_comes_into_a_bucket() {
    let condition = r#"{"StringEquals":{"s3:x-amz-object-ownership":"BucketOwnerEnforced"}}"#;
    let world = world("s3:CreateBucket", condition).await;
    let s3 = world.s3(world.session_of("load"));
    let make = async |name: &str, ownership: Option<ObjectOwnership>| {
        let make = s3.create_bucket().bucket(name);
        code(make.set_object_ownership(ownership).send().await)
    };
    assert_eq!(
        make("made-1", Some(ObjectOwnership::BucketOwnerEnforced)).await,
        None
    );
    let writer = make("made-2", Some(ObjectOwnership::ObjectWriter)).await;
    assert_eq!(writer.as_deref(), DENIED);
    assert_eq!(make("made-3", None).await.as_deref(), DENIED);
}

#[tokio::test]
async fn whom_a_function_is_opened_to() {
    let condition = r#"{"StringEquals":{"lambda:Principal":"s3.amazonaws.com"}}"#;
    let world = world("lambda:AddPermission", condition).await;
    let made = world.lambda(world.administrator()).create_function();
    let code_of = aws_sdk_lambda::types::FunctionCode::builder();
    let made = made
        .function_name("f")
        .role("arn:aws:iam::123456789012:role/load")
        .runtime("provided.al2023".into())
        .handler("bootstrap")
        .tags("team", "data")
        .code(
            code_of
                .s3_bucket("hot-reload")
                .s3_key("/usr/bin/true")
                .build(),
        );
    made.send().await.unwrap();
    let lambda = world.lambda(world.session_of("load"));
    let open = async |principal: &str| {
        let add = lambda.add_permission().function_name("f");
        let add = add
            .statement_id(principal.replace('.', "-"))
            .principal(principal);
        code(add.action("lambda:InvokeFunction").send().await)
    };
    assert_eq!(open("s3.amazonaws.com").await, None);
    let refused = open("sns.amazonaws.com").await;
    assert_eq!(refused.as_deref(), Some("AccessDeniedException"));
    for (team, allowed) in [("data", true), ("web", false)] {
        let condition = format!(r#"{{"StringEquals":{{"aws:ResourceTag/team":"{team}"}}}}"#);
        permit(&world, "lambda:GetFunction", &condition).await;
        let get = lambda.get_function().function_name("f").send().await;
        assert_eq!(code(get).is_none(), allowed, "{team}");
    }
}

#[tokio::test]
async fn tags_of_topics_and_queues() {
    let world = world(
        "sns:*",
        r#"{"StringEquals":{"aws:RequestTag/team":"data"}}"#,
    )
    .await;
    let sns = world.sns(world.session_of("load"));
    let make = async |name: &str, team: &str| {
        let tag = aws_sdk_sns::types::Tag::builder().key("team").value(team);
        let make = sns.create_topic().name(name).tags(tag.build().unwrap());
        code(make.send().await)
    };
    assert_eq!(make("t-1", "data").await, None);
    assert_eq!(
        make("t-2", "web").await.as_deref(),
        Some("AuthorizationError")
    );
    let topic = "arn:aws:sns:us-east-1:123456789012:t-1";
    permit(
        &world,
        "sns:*",
        r#"{"StringEquals":{"aws:ResourceTag/team":"data"}}"#,
    )
    .await;
    let read = async || code(sns.get_topic_attributes().topic_arn(topic).send().await);
    assert_eq!(read().await, None);
    let owned = world.sns(world.administrator());
    let untag = owned.untag_resource().resource_arn(topic).tag_keys("team");
    untag.send().await.unwrap();
    assert_eq!(read().await.as_deref(), Some("AuthorizationError"));

    permit(
        &world,
        "sqs:*",
        r#"{"ForAllValues:StringEquals":{"aws:TagKeys":["team"]}}"#,
    )
    .await;
    let sqs = world.sqs(world.session_of("load"));
    let make = async |name: &str, key: &str| {
        code(
            sqs.create_queue()
                .queue_name(name)
                .tags(key, "data")
                .send()
                .await,
        )
    };
    assert_eq!(make("q-1", "team").await, None);
    assert!(make("q-2", "colour").await.is_some());
    let url = format!("{}/123456789012/q-1", world.emulator.endpoint());
    permit(
        &world,
        "sqs:*",
        r#"{"StringEquals":{"aws:ResourceTag/team":"data"}}"#,
    )
    .await;
    let send = async || {
        let send = sqs.send_message().queue_url(&url).message_body("x");
        code(send.send().await)
    };
    assert_eq!(send().await, None);
    let owned = world.sqs(world.administrator());
    let untag = owned.untag_queue().queue_url(&url).tag_keys("team");
    untag.send().await.unwrap();
    assert!(send().await.is_some());
}

#[tokio::test]
async fn plain_http_is_told_on_request_only() {
    let world = World::start().await;
    world.role("load").await;
    tagged_object(&world).await;
    let s3 = world.s3(world.administrator());
    let only_tls = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*",
        "Action":"s3:*","Resource":["arn:aws:s3:::b-1","arn:aws:s3:::b-1/*"],
        "Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}"#;
    let put = s3.put_bucket_policy().bucket("b-1").policy(only_tls);
    put.send().await.unwrap();
    let get = async || s3.get_object().bucket("b-1").key("k").send().await;
    assert_eq!(code(get().await), None);
    world.emulator.tell_plain_http(true);
    assert_eq!(code(get().await).as_deref(), DENIED);
    world.emulator.tell_plain_http(false);
    assert_eq!(code(get().await), None);
}
