//! Events as functions in Rust read them: the types of `aws_lambda_events` take everything that the
//! emulator sends, and give it back.
//!
//! The types drop members that they do not have, so one that AWS never sends would be missing on the
//! way back; and a member that they insist on would not be read.

use aws_lambda_events::event::s3::S3Event as Created;
use aws_lambda_events::event::sns::SnsEvent;
use aws_lambda_events::event::sqs::SqsEvent;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_s3::types::{
    BucketVersioningStatus, CreateBucketConfiguration, Event, LambdaFunctionConfiguration,
    NotificationConfiguration, VersioningConfiguration,
};
use aws_sdk_sqs::types::QueueAttributeName;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::support::{ACCOUNT, ARN, REGION, World, s3, sqs, variables};

/// An emulator with `the-function`, which writes each event into its log, and which buckets, topics
/// and queues may invoke.
async fn world() -> World {
    let world = World::empty().await;
    let function = world.function("the-function");
    let function = function.environment(variables(&[("TELLS_EVENTS", "1")]));
    function.send().await.unwrap();
    for service in ["s3", "sns"] {
        let permit = world.lambda.add_permission().function_name("the-function");
        permit
            .statement_id(service)
            .action("lambda:InvokeFunction")
            .principal(format!("{service}.amazonaws.com"))
            .source_account(ACCOUNT)
            .send()
            .await
            .unwrap();
    }
    world
}

/// The events that the function was invoked with so far, in order.
fn told(world: &World) -> Vec<Value> {
    let log = world.log();
    let told = log.iter().filter_map(|line| line.strip_prefix("event "));
    told.map(|event| serde_json::from_str(event).unwrap())
        .collect()
}

/// Reads `event` as a `T` and checks that writing that loses nothing.
#[track_caller]
fn round_trip<T: DeserializeOwned + Serialize>(event: &Value) -> T {
    let read: T = serde_json::from_value(event.clone()).unwrap();
    assert_has(&serde_json::to_value(&read).unwrap(), event, "the event");
    read
}

/// `found` has all that `sent` has.
#[track_caller]
fn assert_has(found: &Value, sent: &Value, place: &str) {
    match (found, sent) {
        (Value::Object(found), Value::Object(sent)) => {
            for (name, sent) in sent {
                let place = format!("{place}.{name}");
                let found = found.get(name).unwrap_or_else(|| panic!("{place} is lost"));
                assert_has(found, sent, &place);
            }
        }
        (Value::Array(found), Value::Array(sent)) => {
            assert_eq!(found.len(), sent.len(), "{place}");
            for (index, (found, sent)) in found.iter().zip(sent).enumerate() {
                assert_has(found, sent, &format!("{place}[{index}]"));
            }
        }
        (Value::String(found), Value::String(sent)) if found != sent => {
            // A time may be written in another way.
            let time = |text| OffsetDateTime::parse(text, &Rfc3339);
            assert!(
                matches!((time(found), time(sent)), (Ok(found), Ok(sent)) if found == sent),
                "{place}: {found:?} for {sent:?}"
            );
        }
        (found, sent) => assert_eq!(found, sent, "{place}"),
    }
}

#[tokio::test]
async fn objects_that_come_and_go() {
    let world = world().await;
    let s3 = s3(&world.emulator);
    let here = CreateBucketConfiguration::builder().location_constraint(REGION.into());
    let create = s3.create_bucket().bucket("input");
    let create = create.create_bucket_configuration(here.build());
    create.send().await.unwrap();
    let versions = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled);
    s3.put_bucket_versioning()
        .bucket("input")
        .versioning_configuration(versions.build())
        .send()
        .await
        .unwrap();
    let to_function = LambdaFunctionConfiguration::builder()
        .id("all")
        .lambda_function_arn(ARN)
        .events(Event::S3ObjectCreated)
        .events(Event::S3ObjectRemoved)
        .events(Event::from("s3:ObjectTagging:*"))
        .build()
        .unwrap();
    let notification = NotificationConfiguration::builder();
    s3.put_bucket_notification_configuration()
        .bucket("input")
        .notification_configuration(
            notification
                .lambda_function_configurations(to_function)
                .build(),
        )
        .send()
        .await
        .unwrap();

    let key = "größer/a b+c.csv";
    let put = s3.put_object().bucket("input").key(key);
    let put = put.body(b"12345".to_vec().into()).send().await.unwrap();
    let version = put.version_id().unwrap().to_owned();
    world.emulator.settled().await;
    let tagging = aws_sdk_s3::types::Tagging::builder()
        .tag_set(
            aws_sdk_s3::types::Tag::builder()
                .key("team")
                .value("zips")
                .build()
                .unwrap(),
        )
        .build()
        .unwrap();
    s3.put_object_tagging()
        .bucket("input")
        .key(key)
        .tagging(tagging)
        .send()
        .await
        .unwrap();
    world.emulator.settled().await;
    let delete = s3.delete_object().bucket("input").key(key);
    delete.send().await.unwrap();
    world.emulator.settled().await;
    let delete = s3.delete_object().bucket("input").key(key);
    delete.version_id(&version).send().await.unwrap();
    world.emulator.settled().await;

    let mut names = Vec::new();
    for event in told(&world) {
        let event: Created = round_trip(&event);
        let [record] = event.records.as_slice() else {
            panic!("{event:?}");
        };
        assert_eq!(record.aws_region.as_deref(), Some(REGION));
        assert_eq!(record.s3.configuration_id.as_deref(), Some("all"));
        assert_eq!(record.s3.bucket.name.as_deref(), Some("input"));
        let object = &record.s3.object;
        assert_eq!(
            object.key.as_deref(),
            Some("gr%C3%B6%C3%9Fer/a+b%2Bc.csv"),
            "form-encoded, with its slashes"
        );
        let name = record.event_name.clone().unwrap();
        if name == "ObjectCreated:Put" {
            assert_eq!(object.size, Some(5));
            assert_eq!(object.version_id.as_deref(), Some(version.as_str()));
            assert_eq!(
                object.e_tag.as_deref(),
                put.e_tag().map(|tag| tag.trim_matches('"'))
            );
        }
        names.push(name);
    }
    assert_eq!(
        names,
        [
            "ObjectCreated:Put",
            "ObjectTagging:Put",
            "ObjectRemoved:DeleteMarkerCreated",
            "ObjectRemoved:Delete",
        ]
    );
}

#[tokio::test]
async fn messages_of_a_topic() {
    let world = world().await;
    let sns = crate::notifications::sns(&world);
    let topic = sns.create_topic().name("told").send().await.unwrap();
    let topic = topic.topic_arn.unwrap();
    let subscribe = sns.subscribe().topic_arn(&topic).protocol("lambda");
    subscribe.endpoint(ARN).send().await.unwrap();
    let attribute =
        |kind: &str| aws_sdk_sns::types::MessageAttributeValue::builder().data_type(kind);
    sns.publish()
        .topic_arn(&topic)
        .subject("Step 2 of 5")
        .message("größer")
        .message_attributes(
            "step",
            attribute("Number").string_value("2").build().unwrap(),
        )
        .message_attributes(
            "raw",
            attribute("Binary")
                .binary_value(aws_sdk_sns::primitives::Blob::new(b"\x00\xff"))
                .build()
                .unwrap(),
        )
        .send()
        .await
        .unwrap();
    sns.publish()
        .topic_arn(&topic)
        .message("neither subject nor attributes")
        .send()
        .await
        .unwrap();
    world.emulator.settled().await;

    let mut messages = Vec::new();
    for event in told(&world) {
        let event: SnsEvent = round_trip(&event);
        messages.extend(event.records.into_iter().map(|record| record.sns));
    }
    messages.sort_by(|one, other| one.message.cmp(&other.message));
    let [with, without] = messages.as_slice() else {
        panic!("{messages:?}");
    };
    assert_eq!(
        (without.subject.as_deref(), without.message_attributes.len()),
        (None, 0)
    );
    assert_eq!(with.subject.as_deref(), Some("Step 2 of 5"));
    assert_eq!(with.topic_arn, topic);
    assert_eq!(with.message_attributes["step"].value, "2");
    assert_eq!(with.message_attributes["raw"].value, "AP8=");
}

#[tokio::test]
async fn messages_of_a_queue() {
    let world = world().await;
    crate::event_sources::permit(&world, &["*"]).await;
    let sqs = sqs(&world.emulator);
    let create = sqs.create_queue().queue_name("jobs");
    let create = create.attributes(QueueAttributeName::VisibilityTimeout, "300");
    let queue = create.send().await.unwrap().queue_url.unwrap();
    let arn = format!("arn:aws:sqs:{REGION}:{ACCOUNT}:jobs");
    let map = world.lambda.create_event_source_mapping();
    let map = map.event_source_arn(&arn).function_name("the-function");
    map.send().await.unwrap();
    let attribute = aws_sdk_sqs::types::MessageAttributeValue::builder().data_type("Binary");
    let attribute = attribute.binary_value(Blob::new(b"\x00\xff"));
    sqs.send_message()
        .queue_url(&queue)
        .message_body("größer")
        .message_attributes("raw", attribute.build().unwrap())
        .send()
        .await
        .unwrap();
    world.emulator.settled().await;

    let [event] = told(&world).try_into().unwrap();
    let event: SqsEvent = round_trip(&event);
    let [message] = event.records.as_slice() else {
        panic!("{event:?}");
    };
    assert_eq!(message.body.as_deref(), Some("größer"));
    assert_eq!(message.event_source_arn.as_deref(), Some(arn.as_str()));
    assert_eq!(message.attributes["ApproximateReceiveCount"], "1");
    let raw = &message.message_attributes["raw"];
    assert_eq!(raw.binary_value.as_ref().unwrap().0, b"\x00\xff");
}

#[test]
fn what_a_round_trip_loses_is_noticed() {
    let lost = std::panic::catch_unwind(|| {
        round_trip::<SqsEvent>(&json!({ "Records": [{ "body": "a", "unheardOf": 1 }] }))
    });
    let message = lost.unwrap_err();
    let message = message.downcast_ref::<String>().unwrap();
    assert_eq!(message, "the event.Records[0].unheardOf is lost");
}
