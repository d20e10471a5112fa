//! Notifications: who is told of what.

use aws_sdk_s3::primitives::{DateTime, DateTimeFormat as Format};
use aws_sdk_s3::types::{
    Event as S3Event, FilterRule, FilterRuleName, LambdaFunctionConfiguration,
    NotificationConfiguration, NotificationConfigurationFilter, QueueConfiguration, S3KeyFilter,
    TopicConfiguration,
};
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::Value;
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

pub fn queue(event: &str) -> QueueConfiguration {
    QueueConfiguration::builder()
        .queue_arn(QUEUE)
        .events(S3Event::from(event))
        .build()
        .unwrap()
}

/// Configures destinations whether or not they exist.
async fn configure(world: &World, configuration: NotificationConfiguration) -> String {
    let put = world.s3.put_bucket_notification_configuration();
    let put = put.bucket(BUCKET).notification_configuration(configuration);
    let put = put.skip_destination_validation(true);
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

pub fn queue_policy(bucket: &str) -> String {
    format!(
        r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow",
            "Principal": {{"Service": "s3.amazonaws.com"}}, "Action": "sqs:SendMessage",
            "Resource": "{QUEUE}", "Condition": {{
                "ArnEquals": {{"aws:SourceArn": "arn:aws:s3:::{bucket}"}},
                "StringEquals": {{"aws:SourceAccount": "123456789012"}}}}}}]}}"#
    )
}

/// A queue that lets S3 send, on behalf of the bucket.
pub async fn make_queue(world: &World) -> aws_sdk_sqs::Client {
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(aws_sdk_sqs::config::BehaviorVersion::v2026_01_12())
        .region(aws_sdk_sqs::config::Region::new("us-east-1"))
        .credentials_provider(World::credentials(&world.emulator))
        .endpoint_url(world.emulator.endpoint())
        .http_client(aws_smithy_http_client::Builder::new().build_http());
    let sqs = aws_sdk_sqs::Client::from_conf(config.build());
    let create = sqs.create_queue().queue_name("news");
    let create = create.attributes(QueueAttributeName::Policy, queue_policy(BUCKET));
    create.send().await.unwrap();
    sqs
}

/// Takes all that lies in the queue.
pub async fn receive(sqs: &aws_sdk_sqs::Client) -> Vec<Value> {
    let url = sqs.get_queue_url().queue_name("news").send().await.unwrap();
    let receive = sqs.receive_message().max_number_of_messages(10);
    let received = receive.queue_url(url.queue_url().unwrap()).send().await;
    received
        .unwrap()
        .messages()
        .iter()
        .map(|message| serde_json::from_str(message.body().unwrap()).unwrap())
        .collect()
}

#[tokio::test]
async fn a_queue_gets_a_test_event_and_then_the_news() {
    let world = World::start().await;
    let sqs = make_queue(&world).await;
    let configuration = NotificationConfiguration::builder()
        .lambda_function_configurations(function("s3:ObjectRemoved:*", None))
        .queue_configurations(queue("s3:ObjectCreated:*"))
        .build();
    assert_eq!(configure(&world, configuration).await, "no error");
    world.emulator.settled().await;
    let test = receive(&sqs).await;
    assert_eq!(test.len(), 1);
    assert_eq!(test[0]["Event"], "s3:TestEvent");
    assert_eq!(test[0]["Bucket"], BUCKET);

    let etag = world.put("in/ü b+c.csv", "hello").await;
    world.put("in/ü b+c.csv", "hello").await;
    world.emulator.settled().await;
    let news = receive(&sqs).await;
    let records: Vec<&Value> = news.iter().map(|event| &event["Records"][0]).collect();
    let object = &records[0]["s3"]["object"];
    assert_eq!(records[0]["eventName"], "ObjectCreated:Put");
    assert_eq!(object["key"], "in/%C3%BC+b%2Bc.csv");
    assert_eq!(object["size"], 5);
    assert_eq!(format!("\"{}\"", object["eTag"].as_str().unwrap()), etag);
    let sequencer = |record: &Value| record["s3"]["object"]["sequencer"].to_string();
    assert!(sequencer(records[0]) < sequencer(records[1]));
    // The event's time is that of the object.
    let list = world
        .s3
        .list_objects_v2()
        .bucket(BUCKET)
        .send()
        .await
        .unwrap();
    let modified = list.contents()[0].last_modified().unwrap();
    let event_time = records[1]["eventTime"].as_str().unwrap();
    assert_eq!(
        modified.to_millis().unwrap(),
        DateTime::from_str(event_time, Format::DateTime)
            .unwrap()
            .to_millis()
            .unwrap()
    );
}

/// What S3 says of destinations that it checks: the texts of these elements of its error.
async fn refusal(world: &World, configuration: NotificationConfiguration) -> Vec<String> {
    let put = world.s3.put_bucket_notification_configuration();
    let put = put.bucket(BUCKET).notification_configuration(configuration);
    let Err(error) = put.send().await else {
        return Vec::new();
    };
    let body = error.raw_response().unwrap().body().bytes().unwrap();
    let body = std::str::from_utf8(body).unwrap();
    body.split('<')
        .filter_map(|element| element.split_once('>'))
        .filter(|(name, _)| ["Code", "Message"].contains(name) || name.starts_with("Argument"))
        .map(|(name, text)| format!("{name}: {text}"))
        .collect()
}

#[tokio::test]
async fn destinations_that_do_not_exist_or_do_not_let_s3_in_are_refused() {
    let world = World::start().await;
    let topic = "arn:aws:sns:us-east-1:123456789012:nobodys";
    let topic = TopicConfiguration::builder()
        .topic_arn(topic)
        .events(S3Event::from("s3:ObjectRemoved:*"))
        .build()
        .unwrap();
    let configuration = NotificationConfiguration::builder()
        .lambda_function_configurations(function("s3:ObjectTagging:*", None))
        .topic_configurations(topic)
        .queue_configurations(queue("s3:ObjectCreated:*"))
        .build();
    insta::assert_debug_snapshot!(refusal(&world, configuration).await, @r#"
    [
        "Code: InvalidArgument",
        "Message: Unable to validate the following destination configurations",
        "ArgumentName1: arn:aws:lambda:us-east-1:123456789012:function:transform, null",
        "ArgumentValue1: The destination Lambda does not exist",
        "ArgumentName2: arn:aws:sns:us-east-1:123456789012:nobodys, null",
        "ArgumentValue2: The destination topic does not exist",
        "ArgumentName3: arn:aws:sqs:us-east-1:123456789012:news, null",
        "ArgumentValue3: The destination queue does not exist",
    ]
    "#);

    // A queue that is for another bucket.
    let sqs = make_queue(&world).await;
    let ours = || {
        NotificationConfiguration::builder()
            .queue_configurations(queue("s3:ObjectCreated:*"))
            .build()
    };
    assert_eq!(refusal(&world, ours()).await, [""; 0]);
    let set = |policy: String| {
        let set = sqs.set_queue_attributes();
        set.queue_url(format!("{}/123456789012/news", world.emulator.endpoint()))
            .attributes(QueueAttributeName::Policy, policy)
            .send()
    };
    set(queue_policy("another-bucket")).await.unwrap();
    insta::assert_debug_snapshot!(refusal(&world, ours()).await, @r#"
    [
        "Code: InvalidArgument",
        "Message: Unable to validate the following destination configurations",
        "ArgumentName1: arn:aws:sqs:us-east-1:123456789012:news, null",
        "ArgumentValue1: Permissions on the destination queue do not allow S3 to publish notifications from this bucket",
    ]
    "#);
    // What was refused has changed nothing.
    let kept = world.s3.get_bucket_notification_configuration();
    let kept = kept.bucket(BUCKET).send().await.unwrap();
    assert_eq!(kept.queue_configurations().len(), 1);
    assert_eq!(kept.topic_configurations().len(), 0);
}

/// Nothing is sent to functions until something happens.
#[tokio::test]
async fn functions_get_no_test_event() {
    let world = World::start().await;
    let configuration = NotificationConfiguration::builder()
        .lambda_function_configurations(function("s3:ObjectCreated:*", None))
        .build();
    assert_eq!(configure(&world, configuration).await, "no error");
    world.emulator.settled().await;
    let sent = world.journal(|event| {
        matches!(
            event,
            Event::Delivered { .. } | Event::DeliveryFailed { .. }
        )
    });
    assert_eq!(sent, [""; 0]);
}
