//! Notifications: who is told of what.

use aws_sdk_s3::types::{
    Event as S3Event, FilterRule, FilterRuleName, LambdaFunctionConfiguration,
    NotificationConfiguration, NotificationConfigurationFilter, QueueConfiguration, S3KeyFilter,
};
use zipster_emulator::journal::Event;

use crate::support::{BUCKET, World, code};

const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:transform";
const QUEUE: &str = "arn:aws:sqs:us-east-1:123456789012:news";

fn suffix(suffix: &str) -> NotificationConfigurationFilter {
    let rule = FilterRule::builder()
        .name(FilterRuleName::Suffix)
        .value(suffix)
        .build();
    let key = S3KeyFilter::builder().filter_rules(rule).build();
    NotificationConfigurationFilter::builder().key(key).build()
}

fn function(event: &str, filter: Option<&str>) -> LambdaFunctionConfiguration {
    LambdaFunctionConfiguration::builder()
        .id("to-the-function")
        .lambda_function_arn(FUNCTION)
        .events(S3Event::from(event))
        .set_filter(filter.map(suffix))
        .build()
        .unwrap()
}

fn queue(event: &str) -> QueueConfiguration {
    QueueConfiguration::builder()
        .queue_arn(QUEUE)
        .events(S3Event::from(event))
        .build()
        .unwrap()
}

async fn configure(world: &World, configuration: NotificationConfiguration) -> String {
    let put = world.s3.put_bucket_notification_configuration();
    let put = put.bucket(BUCKET).notification_configuration(configuration);
    code(put.send().await)
}

fn notifications(world: &World) -> Vec<String> {
    world.journal(|event| matches!(event, Event::BucketNotification { .. }))
}

#[tokio::test]
async fn those_concerned_are_told() {
    let world = World::start().await;
    let configuration = NotificationConfiguration::builder()
        .lambda_function_configurations(function("s3:ObjectCreated:*", Some(".csv")))
        .queue_configurations(queue("s3:ObjectRemoved:*"))
        .build();
    assert_eq!(configure(&world, configuration).await, "no error");
    let put = world.s3.get_bucket_notification_configuration();
    let kept = put.bucket(BUCKET).send().await.unwrap();
    let kept = &kept.lambda_function_configurations()[0];
    assert_eq!(kept.id(), Some("to-the-function"));
    assert_eq!(kept.events()[0].as_str(), "s3:ObjectCreated:*");

    world.put("a b.csv", "1").await;
    world.put("a.txt", "1").await;
    let delete = world.s3.delete_object().bucket(BUCKET).key("a.txt");
    delete.send().await.unwrap();
    world.emulator.settled().await;
    assert_eq!(
        notifications(&world),
        [
            "ObjectCreated:Put the-bucket/a b.csv -> function:transform",
            "ObjectRemoved:Delete the-bucket/a.txt -> news",
        ]
    );
}

#[tokio::test]
async fn rules_that_overlap_are_refused() {
    let world = World::start().await;
    let both = |other: &str| {
        NotificationConfiguration::builder()
            .lambda_function_configurations(function("s3:ObjectCreated:*", Some(".csv")))
            .queue_configurations(queue(other))
            .build()
    };
    for (other, expected) in [
        ("s3:ObjectCreated:Copy", "400 InvalidArgument"),
        ("s3:ObjectRemoved:Delete", "no error"),
        ("s3:Invented:Thing", "400 InvalidArgument"),
        ("s3:ObjectRestore:Post", "501 NotImplemented"),
    ] {
        assert_eq!(configure(&world, both(other)).await, expected, "{other}");
    }
}

#[tokio::test]
async fn queues_get_a_test_event_and_functions_do_not() {
    let world = World::start().await;
    let configuration = NotificationConfiguration::builder()
        .lambda_function_configurations(function("s3:ObjectCreated:*", None))
        .queue_configurations(queue("s3:ObjectRemoved:*"))
        .build();
    configure(&world, configuration).await;
    world.emulator.settled().await;
    // Neither destination exists, so what was sent shows as not delivered.
    let sent = world.journal(|event| {
        matches!(
            event,
            Event::Delivered { .. } | Event::DeliveryFailed { .. }
        )
    });
    assert_eq!(sent.len(), 1);
    assert!(sent[0].starts_with("NOT delivered to news"), "{sent:?}");
}
