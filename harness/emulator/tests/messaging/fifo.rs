//! FIFO queues: the order of each group, and nothing twice.

use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::operation::send_message::SendMessageOutput;
use aws_sdk_sqs::operation::send_message::builders::SendMessageFluentBuilder;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};
use zipster_emulator::clock::SystemClock;
use zipster_emulator::journal::Event;

use crate::support::{World, refusal};

/// A FIFO queue with these attributes besides.
async fn fifo(world: &World, name: &str, more: &[(QueueAttributeName, &str)]) -> String {
    let mut create = world
        .sqs
        .create_queue()
        .queue_name(name)
        .attributes(QueueAttributeName::FifoQueue, "true");
    for (name, value) in more {
        create = create.attributes(name.clone(), *value);
    }
    create.send().await.unwrap().queue_url.unwrap()
}

fn message(world: &World, url: &str, group: &str, body: &str) -> SendMessageFluentBuilder {
    world
        .sqs
        .send_message()
        .queue_url(url)
        .message_group_id(group)
        .message_body(body)
}

/// Sends a message whose body says all about it.
async fn send(world: &World, url: &str, group: &str, body: &str) -> SendMessageOutput {
    let message = message(world, url, group, body);
    let message = message.message_deduplication_id(body);
    message.send().await.unwrap()
}

async fn receive(world: &World, url: &str, most: i32) -> Vec<Message> {
    let received = world
        .sqs
        .receive_message()
        .queue_url(url)
        .max_number_of_messages(most)
        .message_system_attribute_names(MessageSystemAttributeName::All)
        .send()
        .await
        .unwrap();
    received.messages.unwrap_or_default()
}

async fn delete(world: &World, url: &str, message: &Message) {
    world
        .sqs
        .delete_message()
        .queue_url(url)
        .receipt_handle(message.receipt_handle().unwrap())
        .send()
        .await
        .unwrap();
}

fn bodies(messages: &[Message]) -> Vec<&str> {
    messages.iter().filter_map(Message::body).collect()
}

#[tokio::test]
async fn a_group_comes_in_order_and_waits_for_what_is_in_flight() {
    let world = World::new().await;
    let url = fifo(&world, "orders.fifo", &[]).await;
    for (group, body) in [("a", "a1"), ("b", "b1"), ("a", "a2"), ("a", "a3")] {
        send(&world, &url, group, body).await;
    }
    // As many of one group as there are, in their order, then those of the next.
    let first = receive(&world, &url, 2).await;
    assert_eq!(bodies(&first), ["a1", "a2"]);
    let other = receive(&world, &url, 10).await;
    assert_eq!(bodies(&other), ["b1"]);
    assert!(receive(&world, &url, 10).await.is_empty());
    // One of them is still in flight.
    delete(&world, &url, &first[0]).await;
    assert!(receive(&world, &url, 10).await.is_empty());
    delete(&world, &url, &first[1]).await;
    assert_eq!(bodies(&receive(&world, &url, 10).await), ["a3"]);
}

#[tokio::test]
async fn a_message_that_comes_back_is_again_the_first_of_its_group() {
    let world = World::new().await;
    let url = fifo(&world, "orders.fifo", &[]).await;
    for body in ["1", "2"] {
        send(&world, &url, "g", body).await;
    }
    let first = receive(&world, &url, 1).await;
    let handle = first[0].receipt_handle().unwrap();
    let show = world.sqs.change_message_visibility().queue_url(&url);
    let show = show.receipt_handle(handle).visibility_timeout(0);
    show.send().await.unwrap();
    // What it was received with is no longer good for anything.
    let late = world.sqs.delete_message().queue_url(&url);
    let late = late.receipt_handle(handle).send().await;
    assert_eq!(
        refusal(late),
        format!(
            "InvalidParameterValue: Value {handle} for parameter ReceiptHandle is invalid. \
             Reason: The receipt handle has expired."
        )
    );
    assert_eq!(bodies(&receive(&world, &url, 10).await), ["1", "2"]);
}

#[tokio::test]
async fn a_message_shows_its_place_in_the_order() {
    let world = World::new().await;
    let url = fifo(&world, "orders.fifo", &[]).await;
    let sent = send(&world, &url, "g", "1").await;
    let next = send(&world, &url, "g", "2").await;
    assert_eq!(sent.sequence_number().unwrap().len(), 20);
    assert!(sent.sequence_number() < next.sequence_number());
    let received = receive(&world, &url, 1).await;
    let system = received[0].attributes().unwrap();
    assert_eq!(system[&MessageSystemAttributeName::MessageGroupId], "g");
    assert_eq!(
        system[&MessageSystemAttributeName::MessageDeduplicationId],
        "1"
    );
    assert_eq!(
        Some(system[&MessageSystemAttributeName::SequenceNumber].as_str()),
        sent.sequence_number()
    );
}

#[tokio::test]
async fn what_was_sent_before_is_not_queued_again() {
    let world = World::new().await;
    let url = fifo(&world, "once.fifo", &[]).await;
    let sent = send(&world, &url, "a", "same").await;
    let received = receive(&world, &url, 1).await;
    delete(&world, &url, &received[0]).await;
    // Not even after it was deleted, nor in another group.
    let again = send(&world, &url, "b", "same").await;
    assert_eq!(again.message_id, sent.message_id);
    assert_eq!(again.sequence_number, sent.sequence_number);
    assert_eq!(world.counts(&url).await, [0, 0, 0]);
    assert_eq!(
        world.story(|event| matches!(event, Event::MessageDeduplicated { .. })),
        ["already queued in once.fifo"]
    );
}

#[tokio::test]
async fn a_queue_forgets_what_was_sent_after_five_minutes_of_the_clock() {
    let world = World::with(|settings| {
        settings.clock = std::sync::Arc::new(SystemClock::hurried(6_000));
    })
    .await;
    let url = fifo(&world, "once.fifo", &[]).await;
    let first = send(&world, &url, "g", "same").await;
    // Whatever is sent within the interval is the same message, so the loop ends when it is over.
    while send(&world, &url, "g", "same").await.message_id == first.message_id {}
    assert_eq!(world.counts(&url).await, [2, 0, 0]);
}

#[tokio::test]
async fn the_body_can_tell_messages_apart_and_so_can_the_group() {
    let world = World::new().await;
    let attributes = [
        (QueueAttributeName::ContentBasedDeduplication, "true"),
        (QueueAttributeName::DeduplicationScope, "messageGroup"),
        (QueueAttributeName::FifoThroughputLimit, "perMessageGroupId"),
    ];
    let url = fifo(&world, "content.fifo", &attributes).await;
    for (group, body) in [("a", "x"), ("a", "x"), ("a", "y"), ("b", "x")] {
        message(&world, &url, group, body).send().await.unwrap();
    }
    assert_eq!(world.counts(&url).await, [3, 0, 0]);
}

#[tokio::test]
async fn a_receiver_that_lost_the_answer_gets_it_again() {
    let world = World::new().await;
    let url = fifo(&world, "orders.fifo", &[]).await;
    send(&world, &url, "g", "1").await;
    let attempt = || async {
        let receive = world.sqs.receive_message().queue_url(&url);
        let receive = receive.receive_request_attempt_id("try-1");
        let received = receive.send().await.unwrap();
        received.messages.unwrap_or_default()
    };
    let first = attempt().await;
    let again = attempt().await;
    assert_eq!(again[0].receipt_handle, first[0].receipt_handle);
    assert!(receive(&world, &url, 1).await.is_empty());
    delete(&world, &url, &first[0]).await;
    assert!(attempt().await.is_empty());
}

#[tokio::test]
async fn what_does_not_go_with_the_kind_of_queue_is_refused() {
    let world = World::new().await;
    let url = fifo(&world, "strict.fifo", &[]).await;
    let (plain, _) = world.open_queue("plain").await;
    let cases = [
        (
            world.sqs.send_message().queue_url(&url).message_body("m"),
            "MissingParameter: The request must contain the parameter MessageGroupId.",
        ),
        (
            message(&world, &url, "g", "m"),
            "InvalidParameterValue: The queue should either have ContentBasedDeduplication \
             enabled or MessageDeduplicationId provided explicitly",
        ),
        (
            message(&world, &url, "g", "m")
                .message_deduplication_id("m")
                .delay_seconds(5),
            "InvalidParameterValue: Value 5 for parameter DelaySeconds is invalid. Reason: The \
             request include parameter that is not valid for this queue type.",
        ),
        (
            message(&world, &url, "two words", "m").message_deduplication_id("m"),
            "InvalidParameterValue: Value two words for parameter MessageGroupId is invalid. \
             Reason: MessageGroupId can only include alphanumeric and punctuation characters. 1 \
             to 128 in length.",
        ),
        (
            message(&world, &plain, "g", "m").message_deduplication_id("m"),
            "InvalidParameterValue: Value m for parameter MessageDeduplicationId is invalid. \
             Reason: The request includes a parameter that is not valid for this queue type.",
        ),
    ];
    for (call, expected) in cases {
        assert_eq!(refusal(call.send().await), expected);
    }
    let create = |name: &str| world.sqs.create_queue().queue_name(name);
    let named = create("plain-name").attributes(QueueAttributeName::FifoQueue, "true");
    assert_eq!(
        refusal(named.send().await),
        "InvalidParameterValue: The name of a FIFO queue can only include alphanumeric \
         characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length"
    );
    let error = create("name.fifo").send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidParameterValue"));
}

#[tokio::test]
async fn a_standard_queue_takes_a_group_and_keeps_no_order_by_it() {
    let world = World::new().await;
    let (url, _) = world.open_queue("fair").await;
    for body in ["1", "2"] {
        message(&world, &url, "tenant", body).send().await.unwrap();
    }
    let first = receive(&world, &url, 1).await;
    let system = first[0].attributes().unwrap();
    assert_eq!(
        system[&MessageSystemAttributeName::MessageGroupId],
        "tenant"
    );
    assert_eq!(bodies(&receive(&world, &url, 1).await), ["2"]);
}

#[tokio::test]
async fn dead_letters_go_to_a_queue_of_the_same_kind_and_let_the_group_go_on() {
    let world = World::new().await;
    let dead = fifo(&world, "dead.fifo", &[]).await;
    world.open_queue("dead").await;
    let policy = |target: &str| {
        format!(
            r#"{{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:123456789012:{target}","maxReceiveCount":1}}"#
        )
    };
    let wrong = world
        .sqs
        .create_queue()
        .queue_name("jobs.fifo")
        .attributes(QueueAttributeName::FifoQueue, "true")
        .attributes(QueueAttributeName::RedrivePolicy, policy("dead"));
    let wrong = wrong.send().await.unwrap_err();
    assert!(
        wrong
            .message()
            .unwrap()
            .ends_with("Reason: Dead-letter queue must be same type of queue as the source."),
        "{wrong:?}"
    );
    let right = policy("dead.fifo");
    let attributes = [
        (QueueAttributeName::RedrivePolicy, right.as_str()),
        (QueueAttributeName::VisibilityTimeout, "0"),
    ];
    let url = fifo(&world, "jobs.fifo", &attributes).await;
    for body in ["poison", "good"] {
        send(&world, &url, "g", body).await;
    }
    assert_eq!(bodies(&receive(&world, &url, 1).await), ["poison"]);
    assert_eq!(bodies(&receive(&world, &url, 1).await), ["good"]);
    let dead = receive(&world, &dead, 10).await;
    assert_eq!(bodies(&dead), ["poison"]);
    let system = dead[0].attributes().unwrap();
    assert_eq!(system[&MessageSystemAttributeName::MessageGroupId], "g");
}
