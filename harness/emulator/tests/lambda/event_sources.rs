//! Queues that feed functions.

use aws_sdk_lambda::operation::create_event_source_mapping::builders::CreateEventSourceMappingFluentBuilder;
use aws_sdk_lambda::types::{Filter, FilterCriteria, FunctionResponseType};
use aws_sdk_sqs::types::{MessageAttributeValue, QueueAttributeName};
use serde_json::{Value, json};
use zipster_emulator::clock::SystemClock;
use zipster_emulator::journal::Event;

use crate::support::{ACCOUNT, REGION, World, refusal};

/// An emulator with `the-function`, whose role may work on queues, and on which 300 seconds are 50
/// milliseconds.
async fn world() -> World {
    let world = World::with(|settings| {
        settings.clock = std::sync::Arc::new(SystemClock::hurried(6_000));
    })
    .await;
    world.function("the-function").send().await.unwrap();
    permit(
        &world,
        &["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"],
    )
    .await;
    world
}

/// Lets the role do these things with queues, and nothing else.
pub async fn permit(world: &World, actions: &[&str]) {
    let actions: Vec<String> = actions.iter().map(|name| format!("sqs:{name}")).collect();
    let policy = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": actions, "Resource": "*",
    } });
    crate::support::iam(&world.emulator)
        .put_role_policy()
        .role_name("the-role")
        .policy_name("queues")
        .policy_document(policy.to_string())
        .send()
        .await
        .unwrap();
}

/// A queue; its URL and its ARN.
async fn queue(world: &World, name: &str, more: &[(QueueAttributeName, &str)]) -> (String, String) {
    let sqs = crate::support::sqs(&world.emulator);
    let mut create = sqs
        .create_queue()
        .queue_name(name)
        .attributes(QueueAttributeName::VisibilityTimeout, "300");
    for (name, value) in more {
        create = create.attributes(name.clone(), *value);
    }
    let url = create.send().await.unwrap().queue_url.unwrap();
    (url, format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"))
}

fn map(world: &World, queue: &str) -> CreateEventSourceMappingFluentBuilder {
    world
        .lambda
        .create_event_source_mapping()
        .event_source_arn(queue)
        .function_name("the-function")
}

async fn send(world: &World, url: &str, body: &str) {
    let sqs = crate::support::sqs(&world.emulator);
    let mut send = sqs.send_message().queue_url(url).message_body(body);
    if url.ends_with(".fifo") {
        send = send.message_group_id("g").message_deduplication_id(body);
    }
    send.send().await.unwrap();
}

/// How many messages are in a queue, wherever.
async fn count(world: &World, url: &str) -> u64 {
    let read = crate::support::sqs(&world.emulator)
        .get_queue_attributes()
        .queue_url(url)
        .attribute_names(QueueAttributeName::All)
        .send()
        .await
        .unwrap();
    let attributes = read.attributes().unwrap();
    [
        QueueAttributeName::ApproximateNumberOfMessages,
        QueueAttributeName::ApproximateNumberOfMessagesDelayed,
        QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
    ]
    .iter()
    .map(|name| attributes[name].parse::<u64>().unwrap())
    .sum()
}

/// What the function said that it got.
fn got(world: &World) -> Vec<String> {
    let log = world.log().into_iter();
    log.filter_map(|line| line.strip_prefix("got ").map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn a_function_gets_what_is_in_its_queue_and_the_queue_is_empty_then() {
    let world = world().await;
    let (url, arn) = queue(&world, "jobs", &[]).await;
    let made = map(&world, &arn).tags("team", "zips").send().await.unwrap();
    assert_eq!(made.state(), Some("Creating"));
    assert_eq!(made.batch_size(), Some(10));
    let id = made.uuid().unwrap();
    assert_eq!(
        made.event_source_mapping_arn().unwrap(),
        format!("arn:aws:lambda:{REGION}:{ACCOUNT}:event-source-mapping:{id}")
    );
    let sqs = crate::support::sqs(&world.emulator);
    let attribute = MessageAttributeValue::builder()
        .data_type("String")
        .string_value("transform")
        .build()
        .unwrap();
    sqs.send_message()
        .queue_url(&url)
        .message_body("show")
        .message_attributes("step", attribute)
        .send()
        .await
        .unwrap();
    world.emulator.settled().await;
    assert_eq!(count(&world, &url).await, 0);
    let log = world.log();
    let shown = log.iter().find_map(|line| line.strip_prefix("record "));
    let record: Value = serde_json::from_str(shown.unwrap()).unwrap();
    insta::assert_json_snapshot!(record, {
        ".messageId" => "<id>",
        ".receiptHandle" => "<handle>",
        ".attributes.SentTimestamp" => "<time>",
        ".attributes.ApproximateFirstReceiveTimestamp" => "<time>",
    }, @r#"
    {
      "attributes": {
        "ApproximateFirstReceiveTimestamp": "<time>",
        "ApproximateReceiveCount": "1",
        "SenderId": "123456789012",
        "SentTimestamp": "<time>"
      },
      "awsRegion": "eu-central-1",
      "body": "show",
      "eventSource": "aws:sqs",
      "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:jobs",
      "md5OfBody": "a7dd12b1dab17d25467b0b0a4c8d4a92",
      "md5OfMessageAttributes": "1f620ba6c336af4b937a6ef58b052d73",
      "messageAttributes": {
        "step": {
          "binaryListValues": [],
          "dataType": "String",
          "stringListValues": [],
          "stringValue": "transform"
        }
      },
      "messageId": "<id>",
      "receiptHandle": "<handle>"
    }
    "#);
    // The message is why the function ran, and the role was asked for each step.
    let story = world.emulator.journal().story(
        |event| matches!(event, Event::ApiCall { operation, .. } if operation == "SendMessage"),
    );
    let told: Vec<String> = story
        .iter()
        .filter_map(|entry| match &entry.event {
            Event::Decision {
                action, allowed, ..
            } if action.starts_with("sqs:") => Some(format!("{action} {allowed}")),
            Event::InvocationEnded { .. } => Some("ended".to_owned()),
            _ => None,
        })
        .collect();
    assert_eq!(
        told,
        [
            "sqs:SendMessage true",
            "sqs:ReceiveMessage true",
            "ended",
            "sqs:DeleteMessage true"
        ]
    );
    let tags = world.lambda.list_tags();
    let tags = tags.resource(made.event_source_mapping_arn().unwrap());
    assert_eq!(tags.send().await.unwrap().tags().unwrap()["team"], "zips");
    let get = world.lambda.get_event_source_mapping().uuid(id);
    assert_eq!(get.send().await.unwrap().state(), Some("Enabled"));
}

#[tokio::test]
async fn a_queue_can_feed_an_alias() {
    let world = world().await;
    world.publish().await;
    let create = world.lambda.create_alias().function_name("the-function");
    let create = create.name("live").function_version("1");
    create.send().await.unwrap();
    let (url, arn) = queue(&world, "jobs", &[]).await;
    let alias = format!("{}:live", crate::support::ARN);
    let made = map(&world, &arn).function_name(&alias).send().await;
    assert_eq!(made.unwrap().function_arn(), Some(alias.as_str()));
    send(&world, &url, "one").await;
    world.emulator.settled().await;
    assert_eq!(got(&world), ["one"]);
    let log = world.log();
    assert!(
        log.iter().any(|line| line.ends_with("Version: 1")),
        "{log:?}"
    );
    assert_eq!(count(&world, &url).await, 0);
}

#[tokio::test]
async fn what_the_function_fails_comes_again_and_then_to_the_dead_letters() {
    let world = world().await;
    let (dead, dead_arn) = queue(&world, "dead", &[]).await;
    let redrive = format!(r#"{{"deadLetterTargetArn":"{dead_arn}","maxReceiveCount":2}}"#);
    let redrive = [(QueueAttributeName::RedrivePolicy, redrive.as_str())];
    let (url, arn) = queue(&world, "jobs", &redrive).await;
    map(&world, &arn).send().await.unwrap();
    send(&world, &url, "fail").await;
    world.emulator.settled().await;
    assert_eq!(got(&world), ["fail", "fail"]);
    assert_eq!(
        [count(&world, &url).await, count(&world, &dead).await],
        [0, 1]
    );
}

#[tokio::test]
async fn a_function_can_say_which_messages_it_failed() {
    let world = world().await;
    let (dead, dead_arn) = queue(
        &world,
        "dead.fifo",
        &[(QueueAttributeName::FifoQueue, "true")],
    )
    .await;
    let redrive = format!(r#"{{"deadLetterTargetArn":"{dead_arn}","maxReceiveCount":1}}"#);
    let attributes = [
        (QueueAttributeName::FifoQueue, "true"),
        (QueueAttributeName::RedrivePolicy, redrive.as_str()),
    ];
    let (url, arn) = queue(&world, "jobs.fifo", &attributes).await;
    for body in ["first", "reject", "last"] {
        send(&world, &url, body).await;
    }
    map(&world, &arn)
        .function_response_types(FunctionResponseType::ReportBatchItemFailures)
        .send()
        .await
        .unwrap();
    world.emulator.settled().await;
    assert_eq!(got(&world), ["first", "reject", "last"]);
    assert_eq!(
        [count(&world, &url).await, count(&world, &dead).await],
        [0, 1]
    );
}

#[tokio::test]
async fn messages_wait_for_each_other_within_the_window() {
    let world = world().await;
    let (url, arn) = queue(&world, "jobs", &[]).await;
    for body in 0..12 {
        send(&world, &url, &body.to_string()).await;
    }
    map(&world, &arn)
        .batch_size(100)
        .maximum_batching_window_in_seconds(300)
        .send()
        .await
        .unwrap();
    world.emulator.settled().await;
    let batches = world.events(|event| match event {
        Event::BatchReceived { messages, .. } => Some(*messages),
        _ => None,
    });
    assert_eq!(batches, [12]);
    assert_eq!(got(&world).len(), 12);
}

#[tokio::test]
async fn what_no_filter_wants_is_deleted_and_invokes_nothing() {
    let world = world().await;
    let (url, arn) = queue(&world, "jobs", &[]).await;
    let filter = Filter::builder().pattern(r#"{"body": {"state": ["CT"]}}"#);
    let criteria = FilterCriteria::builder().filters(filter.build()).build();
    let create = map(&world, &arn).filter_criteria(criteria);
    create.send().await.unwrap();
    for body in [r#"{"state":"NY"}"#, r#"{"state":"CT"}"#, "CT"] {
        send(&world, &url, body).await;
    }
    world.emulator.settled().await;
    assert_eq!(got(&world), [r#"{"state":"CT"}"#]);
    assert_eq!(count(&world, &url).await, 0);
}

#[tokio::test]
async fn a_disabled_mapping_leaves_the_queue_alone_until_it_is_enabled() {
    let world = world().await;
    let (url, arn) = queue(&world, "jobs", &[]).await;
    let made = map(&world, &arn).enabled(false).send().await.unwrap();
    let id = made.uuid().unwrap();
    send(&world, &url, "early").await;
    // What nobody works on is no work.
    world.emulator.settled().await;
    assert!(got(&world).is_empty());
    let get = || world.lambda.get_event_source_mapping().uuid(id).send();
    assert_eq!(get().await.unwrap().state(), Some("Disabled"));
    let update = world.lambda.update_event_source_mapping().uuid(id);
    let updated = update.enabled(true).send().await.unwrap();
    assert_eq!(updated.state(), Some("Enabling"));
    world.emulator.settled().await;
    assert_eq!(got(&world), ["early"]);
    let delete = world.lambda.delete_event_source_mapping().uuid(id);
    let deleted = delete.send().await.unwrap();
    assert_eq!(deleted.state(), Some("Deleting"));
    send(&world, &url, "late").await;
    world.emulator.settled().await;
    assert_eq!(count(&world, &url).await, 1);
    assert_eq!(
        refusal(get().await),
        "ResourceNotFoundException: The resource you requested does not exist."
    );
}

#[tokio::test]
async fn a_role_that_lost_its_permission_is_told_of_and_holds_nobody_up() {
    let world = world().await;
    let (url, arn) = queue(&world, "jobs", &[]).await;
    map(&world, &arn).send().await.unwrap();
    permit(&world, &["DeleteMessage"]).await;
    send(&world, &url, "unread").await;
    world
        .until(|event| matches!(event, Event::PollingFailed { .. }))
        .await;
    world.emulator.settled().await;
    assert!(got(&world).is_empty());
    assert_eq!(count(&world, &url).await, 1);
}

#[tokio::test]
async fn a_mapping_that_could_not_work_is_refused() {
    let world = world().await;
    let (_, arn) = queue(&world, "jobs", &[]).await;
    let made = map(&world, &arn).send().await.unwrap();
    assert_eq!(
        refusal(map(&world, &arn).send().await),
        format!(
            "ResourceConflictException: An event source mapping with SQS arn (\" {arn} \") and \
             function (\" the-function \") already exists. Please update or delete the existing \
             mapping with UUID {}",
            made.uuid().unwrap()
        )
    );
    let short = [(QueueAttributeName::VisibilityTimeout, "299")];
    let (_, short) = queue(&world, "short", &short).await;
    assert_eq!(
        refusal(map(&world, &short).send().await),
        "InvalidParameterValueException: Queue visibility timeout: 299 seconds is less than \
         Function timeout: 300 seconds"
    );
    assert_eq!(
        refusal(map(&world, &format!("{arn}-gone")).send().await),
        "InvalidParameterValueException: Error occurred while ReceiveMessage. SQS Error Code: \
         AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does \
         not exist."
    );
    let stream = "arn:aws:kinesis:eu-central-1:123456789012:stream/s";
    assert_eq!(
        refusal(map(&world, stream).send().await),
        "NotImplemented: lambda: the event source kinesis is not supported by this emulator"
    );
    permit(&world, &["ReceiveMessage", "GetQueueAttributes"]).await;
    let (_, other) = queue(&world, "other", &[]).await;
    assert_eq!(
        refusal(map(&world, &other).send().await),
        "InvalidParameterValueException: The provided execution role does not have permissions \
         to call DeleteMessage on SQS"
    );
    let list = world.lambda.list_event_source_mappings();
    let list = list.function_name("the-function").send().await.unwrap();
    assert_eq!(list.event_source_mappings().len(), 1);
}
