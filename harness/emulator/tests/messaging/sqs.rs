//! Queues and their messages.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::operation::receive_message::builders::ReceiveMessageFluentBuilder;
use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, Message, MessageAttributeValue, MessageSystemAttributeName,
    QueueAttributeName, SendMessageBatchRequestEntry,
};
use zipster_emulator::clock::{Clock, SystemClock, Wait};
use zipster_emulator::journal::Event;

use crate::support::{World, sqs};

async fn receive(call: ReceiveMessageFluentBuilder) -> Vec<Message> {
    call.send().await.unwrap().messages.unwrap_or_default()
}

fn text(value: &str) -> MessageAttributeValue {
    MessageAttributeValue::builder()
        .data_type("String")
        .string_value(value)
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_message_comes_back_with_its_attributes_until_it_is_deleted() {
    let world = World::new().await;
    let (url, _) = world.open_queue("jobs").await;
    let binary = MessageAttributeValue::builder()
        .data_type("Binary")
        .binary_value(Blob::new([2, 3, 4]))
        .build()
        .unwrap();
    // The SDK compares the answer's MD5 sums with its own.
    let sent = world
        .sqs
        .send_message()
        .queue_url(&url)
        .message_body("Grüße\n")
        .message_attributes("Hello", text("There"))
        .message_attributes("Raw", binary)
        .send()
        .await
        .unwrap();
    let received = receive(
        world
            .sqs
            .receive_message()
            .queue_url(&url)
            .message_attribute_names("All")
            .message_system_attribute_names(MessageSystemAttributeName::All),
    )
    .await;
    let message = &received[0];
    assert_eq!(message.message_id, sent.message_id);
    assert_eq!(message.body(), Some("Grüße\n"));
    assert_eq!(
        message.md5_of_message_attributes,
        sent.md5_of_message_attributes
    );
    let attributes = message.message_attributes().unwrap();
    assert_eq!(attributes["Hello"].string_value(), Some("There"));
    assert_eq!(
        attributes["Raw"].binary_value(),
        Some(&Blob::new([2, 3, 4]))
    );
    let system = message.attributes().unwrap();
    assert_eq!(
        system[&MessageSystemAttributeName::ApproximateReceiveCount],
        "1"
    );
    assert_eq!(
        system[&MessageSystemAttributeName::SenderId],
        "123456789012"
    );
    assert!(system.contains_key(&MessageSystemAttributeName::SentTimestamp));

    // In flight, and then gone.
    let again = world.sqs.receive_message().queue_url(&url);
    assert!(
        receive(again.clone().visibility_timeout(0))
            .await
            .is_empty()
    );
    let delete = world.sqs.delete_message().queue_url(&url);
    let handle = message.receipt_handle().unwrap();
    delete.receipt_handle(handle).send().await.unwrap();
    assert_eq!(world.counts(&url).await, [0, 0, 0]);
}

#[tokio::test]
async fn a_long_poll_waits_for_a_message_and_is_no_work() {
    let world = World::new().await;
    let (url, _) = world.open_queue("slow").await;
    let mut journal = world.emulator.journal().subscribe();
    let poll = world
        .sqs
        .receive_message()
        .queue_url(&url)
        .wait_time_seconds(20);
    let send = async {
        // Once the call was made, nothing more goes on.
        loop {
            let entry = journal.recv().await.unwrap();
            if entry.event.to_string().starts_with("sqs ReceiveMessage") {
                break;
            }
        }
        world.emulator.settled().await;
        let send = world.sqs.send_message().queue_url(&url);
        send.message_body("late").send().await.unwrap();
    };
    let (received, ()) = tokio::join!(receive(poll), send);
    assert_eq!(received[0].body(), Some("late"));
}

#[tokio::test]
async fn a_message_that_is_not_deleted_comes_again_and_then_to_the_dead_letters() {
    let world = World::new().await;
    let (dead_url, dead_arn) = world.open_queue("dead").await;
    let (url, arn) = world.open_queue("jobs").await;
    let policy = format!(r#"{{"deadLetterTargetArn":"{dead_arn}","maxReceiveCount":2}}"#);
    world
        .sqs
        .set_queue_attributes()
        .queue_url(&url)
        .attributes(QueueAttributeName::RedrivePolicy, policy)
        .send()
        .await
        .unwrap();
    let sent = world
        .sqs
        .send_message()
        .queue_url(&url)
        .message_body("poison")
        .send()
        .await
        .unwrap();
    let attempt = || {
        world
            .sqs
            .receive_message()
            .queue_url(&url)
            .visibility_timeout(0)
    };
    assert_eq!(receive(attempt()).await.len(), 1);
    assert_eq!(receive(attempt()).await.len(), 1);
    assert!(receive(attempt()).await.is_empty());
    let dead = receive(
        world
            .sqs
            .receive_message()
            .queue_url(&dead_url)
            .message_system_attribute_names(MessageSystemAttributeName::All),
    )
    .await;
    assert_eq!(dead[0].message_id, sent.message_id);
    let system = dead[0].attributes().unwrap();
    assert_eq!(
        system[&MessageSystemAttributeName::DeadLetterQueueSourceArn],
        arn
    );
    assert_eq!(
        world.story(|event| matches!(event, Event::MessageQueued { .. })),
        ["queued in jobs", "queued in dead"]
    );
    let sources = world.sqs.list_dead_letter_source_queues();
    let sources = sources.queue_url(&dead_url).send().await.unwrap();
    assert_eq!(sources.queue_urls(), [url]);
}

/// Real time, and no pause at all.
#[derive(Debug)]
struct NoPauses(SystemClock);

impl Clock for NoPauses {
    fn now(&self) -> time::OffsetDateTime {
        self.0.now()
    }

    fn pause(&self, _: Duration) -> Wait {
        Box::pin(std::future::ready(()))
    }

    fn limit(&self, length: Duration) -> Wait {
        self.0.limit(length)
    }
}

#[tokio::test]
async fn delays_and_timeouts_are_pauses_of_the_clock() {
    let world = World::with(|settings| {
        settings.clock = Arc::new(NoPauses(SystemClock::real_time()));
    })
    .await;
    let (url, _) = world.open_queue("hurried").await;
    world
        .sqs
        .send_message()
        .queue_url(&url)
        .message_body("m")
        .delay_seconds(900)
        .send()
        .await
        .unwrap();
    let poll = || {
        world
            .sqs
            .receive_message()
            .queue_url(&url)
            .visibility_timeout(43_200)
            .wait_time_seconds(20)
    };
    assert_eq!(receive(poll()).await.len(), 1);
    assert_eq!(receive(poll()).await.len(), 1);
}

#[tokio::test]
async fn only_the_latest_receipt_counts() {
    let world = World::new().await;
    let (url, _) = world.open_queue("receipts").await;
    let send = world.sqs.send_message().queue_url(&url);
    send.message_body("m").send().await.unwrap();
    let attempt = || world.sqs.receive_message().queue_url(&url);
    let first = receive(attempt().visibility_timeout(0)).await;
    let second = receive(attempt()).await;
    let delete = |message: &Message| {
        let handle = message.receipt_handle().unwrap();
        world
            .sqs
            .delete_message()
            .queue_url(&url)
            .receipt_handle(handle)
            .send()
    };
    delete(&first[0]).await.unwrap();
    assert_eq!(world.counts(&url).await, [0, 0, 1]);
    let show = |handle: &str| {
        world
            .sqs
            .change_message_visibility()
            .queue_url(&url)
            .receipt_handle(handle)
            .visibility_timeout(0)
            .send()
    };
    let handle = second[0].receipt_handle().unwrap();
    show(handle).await.unwrap();
    assert_eq!(world.counts(&url).await, [1, 0, 0]);
    delete(&second[0]).await.unwrap();
    assert_eq!(world.counts(&url).await, [0, 0, 0]);
    let error = show(handle).await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidParameterValue"));
    let error = show("nonsense").await.unwrap_err();
    assert_eq!(error.code(), Some("ReceiptHandleIsInvalid"));
}

#[tokio::test]
async fn batches_say_of_each_entry_how_it_went() {
    let world = World::new().await;
    let (url, _) = world.open_queue("batch").await;
    let entry = |id: &str, body: &str, delay: i32| {
        SendMessageBatchRequestEntry::builder()
            .id(id)
            .message_body(body)
            .delay_seconds(delay)
            .build()
            .unwrap()
    };
    let send = || world.sqs.send_message_batch().queue_url(&url);
    let sent = send()
        .entries(entry("a", "first", 0))
        .entries(entry("b", "late", 901))
        .entries(entry("c", "delayed", 900))
        .send()
        .await
        .unwrap();
    let ids: Vec<&str> = sent.successful().iter().map(|done| done.id()).collect();
    assert_eq!(ids, ["a", "c"]);
    assert_eq!(sent.failed()[0].id(), "b");
    assert_eq!(
        sent.failed()[0].message(),
        Some(
            "Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 \
             and <= 900."
        )
    );
    assert_eq!(world.counts(&url).await, [1, 1, 0]);
    let received = receive(
        world
            .sqs
            .receive_message()
            .queue_url(&url)
            .max_number_of_messages(10),
    )
    .await;
    let delete = DeleteMessageBatchRequestEntry::builder()
        .id("x")
        .receipt_handle(received[0].receipt_handle().unwrap())
        .build()
        .unwrap();
    let deleted = world.sqs.delete_message_batch().queue_url(&url);
    let deleted = deleted.entries(delete).send().await.unwrap();
    assert_eq!(deleted.successful()[0].id(), "x");
    let mut crowd = send();
    for number in 0..11 {
        crowd = crowd.entries(entry(&number.to_string(), "m", 0));
    }
    let error = crowd.send().await.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (
            Some("AWS.SimpleQueueService.TooManyEntriesInBatchRequest"),
            Some("Maximum number of entries per request are 10. You have sent 11.")
        )
    );
    assert!(
        error
            .into_service_error()
            .is_too_many_entries_in_batch_request()
    );
}

#[tokio::test]
async fn a_queue_is_created_once_and_shows_its_attributes() {
    let world = World::new().await;
    let create = |delay: &str| {
        world
            .sqs
            .create_queue()
            .queue_name("attributed")
            .attributes(QueueAttributeName::DelaySeconds, delay)
            .tags("team", "zips")
            .send()
    };
    let url = create("7").await.unwrap().queue_url.unwrap();
    let base = world.emulator.endpoint();
    assert_eq!(url, format!("{base}/123456789012/attributed"));
    assert_eq!(create("7").await.unwrap().queue_url, Some(url.clone()));
    let error = create("8").await.unwrap_err();
    assert_eq!(
        error.message(),
        Some(
            "A queue already exists with the same name and a different value for attribute \
             DelaySeconds"
        )
    );
    assert!(error.into_service_error().is_queue_name_exists());
    let read = world
        .sqs
        .get_queue_attributes()
        .queue_url(&url)
        .attribute_names(QueueAttributeName::All)
        .send()
        .await
        .unwrap();
    let mut lines: Vec<String> = read
        .attributes()
        .unwrap()
        .iter()
        .filter(|(name, _)| !name.as_str().ends_with("Timestamp"))
        .map(|(name, value)| format!("{}={value}", name.as_str()))
        .collect();
    lines.sort();
    insta::assert_snapshot!(lines.join("\n"), @"
    ApproximateNumberOfMessages=0
    ApproximateNumberOfMessagesDelayed=0
    ApproximateNumberOfMessagesNotVisible=0
    DelaySeconds=7
    MaximumMessageSize=1048576
    MessageRetentionPeriod=345600
    QueueArn=arn:aws:sqs:us-east-1:123456789012:attributed
    ReceiveMessageWaitTimeSeconds=0
    SqsManagedSseEnabled=true
    VisibilityTimeout=30
    ");
    let tags = world.sqs.list_queue_tags().queue_url(&url).send().await;
    assert_eq!(tags.unwrap().tags().unwrap()["team"], "zips");
    let found = world.sqs.get_queue_url().queue_name("attributed");
    assert_eq!(found.send().await.unwrap().queue_url, Some(url.clone()));
    let listed = world.sqs.list_queues().queue_name_prefix("attr");
    assert_eq!(listed.send().await.unwrap().queue_urls(), [url]);
    let elsewhere = sqs(&world.emulator, "eu-central-1");
    let listed = elsewhere.list_queues().send().await.unwrap();
    assert!(listed.queue_urls().is_empty());
}

#[tokio::test]
async fn a_queue_that_is_not_there_has_the_error_that_clients_know() {
    let world = World::new().await;
    let (url, _) = world.open_queue("gone").await;
    let delete = world.sqs.delete_queue().queue_url(&url);
    delete.send().await.unwrap();
    let send = world.sqs.send_message().queue_url(&url).message_body("m");
    let error = send.send().await.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (
            Some("AWS.SimpleQueueService.NonExistentQueue"),
            Some("The specified queue does not exist.")
        )
    );
    assert!(error.into_service_error().is_queue_does_not_exist());
}

#[tokio::test]
async fn purging_empties_a_queue_once_a_minute() {
    let world = World::new().await;
    let (url, _) = world.open_queue("purged").await;
    let send = world.sqs.send_message().queue_url(&url);
    send.message_body("m").send().await.unwrap();
    let purge = || world.sqs.purge_queue().queue_url(&url).send();
    purge().await.unwrap();
    assert_eq!(world.counts(&url).await, [0, 0, 0]);
    let error = purge().await.unwrap_err();
    assert_eq!(
        error.message(),
        Some("Only one PurgeQueue operation on purged is allowed every 60 seconds.")
    );
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_in_the_words_of_aws() {
    let world = World::new().await;
    let (url, _) = world.open_queue("strict").await;
    let limit = world.sqs.set_queue_attributes().queue_url(&url);
    limit
        .attributes(QueueAttributeName::MaximumMessageSize, "1024")
        .send()
        .await
        .unwrap();
    let send = || world.sqs.send_message().queue_url(&url);
    let mut many = send().message_body("m");
    for number in 0..11 {
        many = many.message_attributes(number.to_string(), text("x"));
    }
    let cases = [
        (
            send().message_body(""),
            "MissingParameter",
            "The request must contain the parameter MessageBody.",
        ),
        (
            send().message_body("m".repeat(1025)),
            "InvalidParameterValue",
            "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes.",
        ),
        (
            send().message_body("\u{1}"),
            "InvalidMessageContents",
            "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to \
             #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF.",
        ),
        (
            many,
            "InvalidParameterValue",
            "Number of message attributes [11] exceeds the allowed maximum [10].",
        ),
        (
            send().message_body("m").message_deduplication_id("d"),
            "InvalidParameterValue",
            "Value d for parameter MessageDeduplicationId is invalid. Reason: The request includes \
             a parameter that is not valid for this queue type.",
        ),
    ];
    for (call, code, message) in cases {
        let error = call.send().await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Some(code), Some(message)));
    }
    let receive = world.sqs.receive_message().queue_url(&url);
    let error = receive.max_number_of_messages(11).send().await.unwrap_err();
    assert_eq!(
        error.message(),
        Some(
            "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and \
             10, if provided."
        )
    );
}
