//! From topics to queues and functions, and from other services to topics and queues.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sns::primitives::Blob;
use aws_sdk_sns::types::MessageAttributeValue;
use aws_sdk_sqs::types::Message;
use bytes::Bytes;
use zipster_emulator::Settings;
use zipster_emulator::clock::SystemClock;
use zipster_emulator::courier::Delivery;
use zipster_emulator::fault::{DeliveryFault, FaultPlan, FaultRule, Moment};
use zipster_emulator::identity::ServiceSource;
use zipster_emulator::journal::Event;
use zipster_emulator::message::MessageAttributes;
use zipster_names::{AccountId, Arn};

use crate::support::{ACCOUNT, World, attribute};

impl World {
    /// What can be received once nothing goes on any more.
    pub async fn messages(&self, url: &str) -> Vec<Message> {
        self.emulator.settled().await;
        let receive = self.sqs.receive_message().queue_url(url);
        let received = receive
            .max_number_of_messages(10)
            .message_attribute_names("All")
            .send()
            .await
            .unwrap();
        received.messages.unwrap_or_default()
    }

    async fn subscribe(&self, topic: &str, endpoint: &str, attributes: &[(&str, &str)]) -> String {
        let protocol = endpoint.split(':').nth(2).unwrap();
        let mut subscribe = self
            .sns
            .subscribe()
            .topic_arn(topic)
            .protocol(protocol)
            .endpoint(endpoint);
        for (name, value) in attributes {
            subscribe = subscribe.attributes(*name, *value);
        }
        let subscribed = subscribe.send().await.unwrap();
        subscribed.subscription_arn.unwrap()
    }

    /// What a bucket would send.
    pub fn event_of_s3(&self, to: &str, body: &str) -> Delivery {
        let journal = self.emulator.journal();
        let cause = journal.record(
            None,
            Event::BucketNotification {
                event_name: "ObjectCreated:Put".to_owned(),
                bucket: "b".to_owned(),
                key: "k".to_owned(),
                destination: to.to_owned(),
            },
        );
        Delivery {
            to: Arn::parse(to).unwrap(),
            from: ServiceSource {
                service: "s3.amazonaws.com",
                arn: Arn::parse("arn:aws:s3:::b").unwrap(),
                account: AccountId::parse(ACCOUNT).unwrap(),
            },
            role: None,
            body: Bytes::copy_from_slice(body.as_bytes()),
            subject: Some("Amazon S3 Notification".to_owned()),
            attributes: MessageAttributes::new(),
            dead_letters: None,
            cause,
            pending: journal.pending(),
        }
    }
}

#[tokio::test]
async fn a_queue_gets_the_message_in_an_envelope() {
    let world = World::new().await;
    let topic = world.topic("news").await;
    let (url, arn) = world.open_queue("subscriber").await;
    let subscription = world.subscribe(&topic, &arn, &[]).await;
    let published = world
        .sns
        .publish()
        .topic_arn(&topic)
        .subject("s")
        .message("m")
        .message_attributes("step", attribute("Number", "2"))
        .send()
        .await
        .unwrap();
    let received = world.messages(&url).await;
    let body = received[0]
        .body()
        .unwrap()
        .replace(&world.emulator.endpoint(), "<endpoint>")
        .replace(&subscription, "<subscription>")
        .replace(published.message_id().unwrap(), "<message-id>");
    let mut envelope: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(envelope["Timestamp"].as_str().unwrap().len(), 24);
    envelope["Timestamp"] = "<time>".into();
    envelope["Signature"] = "<signature>".into();
    insta::assert_json_snapshot!(envelope, @r#"
    {
      "Message": "m",
      "MessageAttributes": {
        "step": {
          "Type": "Number",
          "Value": "2"
        }
      },
      "MessageId": "<message-id>",
      "Signature": "<signature>",
      "SignatureVersion": "1",
      "SigningCertURL": "<endpoint>/SimpleNotificationService-35dc71c99d717e348669e79a4a0c9b6a.pem",
      "Subject": "s",
      "Timestamp": "<time>",
      "TopicArn": "arn:aws:sns:us-east-1:123456789012:news",
      "Type": "Notification",
      "UnsubscribeURL": "<endpoint>/?Action=Unsubscribe&SubscriptionArn=<subscription>"
    }
    "#);
    assert_eq!(received.len(), 1);
    assert!(received[0].message_attributes().is_none());
    let story = world
        .emulator
        .journal()
        .story(|event| matches!(event, Event::ApiCall { operation, .. } if operation == "Publish"));
    let story: Vec<String> = story
        .iter()
        .filter(|entry| {
            !matches!(
                entry.event,
                Event::Decision { .. } | Event::ApiAnswer { .. }
            )
        })
        .map(|entry| entry.event.to_string())
        .collect();
    assert_eq!(
        story,
        [
            "sns Publish by root",
            "published to news: s",
            "queued in subscriber",
            "delivered to subscriber",
        ]
    );
}

#[tokio::test]
async fn a_raw_message_keeps_its_attributes() {
    let world = World::new().await;
    let topic = world.topic("news").await;
    let (url, arn) = world.open_queue("raw").await;
    world
        .subscribe(&topic, &arn, &[("RawMessageDelivery", "true")])
        .await;
    let binary = MessageAttributeValue::builder()
        .data_type("Binary")
        .binary_value(Blob::new([2, 3, 4]))
        .build()
        .unwrap();
    world
        .sns
        .publish()
        .topic_arn(&topic)
        .message(r#"{"default": "d", "sqs": "for queues"}"#)
        .message_structure("json")
        .message_attributes("raw", binary)
        .message_attributes("n", attribute("Number", "99.12"))
        .send()
        .await
        .unwrap();
    let received = world.messages(&url).await;
    assert_eq!(received[0].body(), Some("for queues"));
    let attributes = received[0].message_attributes().unwrap();
    assert_eq!(attributes["n"].string_value(), Some("99.12"));
    assert_eq!(
        attributes["raw"].binary_value().unwrap().as_ref(),
        [2, 3, 4]
    );
}

#[tokio::test]
async fn a_raw_message_with_too_many_attributes_for_a_queue_is_not_delivered() {
    let world = World::new().await;
    let topic = world.topic("news").await;
    let (url, arn) = world.open_queue("raw").await;
    world
        .subscribe(&topic, &arn, &[("RawMessageDelivery", "true")])
        .await;
    let mut publish = world.sns.publish().topic_arn(&topic).message("m");
    for number in 0..11 {
        publish = publish.message_attributes(format!("a{number}"), attribute("String", "x"));
    }
    publish.send().await.unwrap();
    assert!(world.messages(&url).await.is_empty());
    assert_eq!(
        world.story(|event| matches!(event, Event::DeliveryFailed { .. })),
        ["NOT delivered to raw: the event has 11 message attributes, a queue takes 10"]
    );
}

#[tokio::test]
async fn what_an_endpoint_does_not_take_goes_to_the_dead_letters() {
    let world = World::new().await;
    let topic = world.topic("news").await;
    let (url, dead) = world.open_queue("dead").await;
    let policy = format!(r#"{{"deadLetterTargetArn": "{dead}"}}"#);
    let gone = format!("arn:aws:sqs:us-east-1:{ACCOUNT}:gone");
    world
        .subscribe(&topic, &gone, &[("RedrivePolicy", &policy)])
        .await;
    let publish = world.sns.publish().topic_arn(&topic).message("m");
    publish.send().await.unwrap();
    let received = world.messages(&url).await;
    let envelope: serde_json::Value = serde_json::from_str(received[0].body().unwrap()).unwrap();
    assert_eq!(envelope["Message"], "m");
    assert_eq!(
        world.story(|event| matches!(
            event,
            Event::DeliveryFailed { .. } | Event::Delivered { .. }
        )),
        [
            "NOT delivered to gone: arn:aws:sqs:us-east-1:123456789012:gone does not exist",
            "delivered to dead",
        ]
    );
}

/// A topic and the address of the queue `subscriber`, which gets its messages as they are.
async fn topic_and_queue(world: &World) -> (String, String) {
    let topic = world.topic("news").await;
    let (url, arn) = world.open_queue("subscriber").await;
    let raw = [("RawMessageDelivery", "true")];
    world.subscribe(&topic, &arn, &raw).await;
    (topic, url)
}

fn first_delivery(settings: &mut Settings, fault: DeliveryFault) {
    settings.faults = FaultPlan {
        rules: vec![FaultRule {
            when: Moment::Delivery {
                to: "subscriber".to_owned(),
                fault,
            },
            after: 0,
            times: 1,
        }],
    };
}

impl World {
    async fn publish(&self, topic: &str, message: &str) {
        let publish = self.sns.publish().topic_arn(topic).message(message);
        publish.send().await.unwrap();
    }

    async fn bodies(&self, url: &str) -> Vec<String> {
        let received = self.messages(url).await;
        received
            .into_iter()
            .filter_map(|message| message.body)
            .collect()
    }
}

#[tokio::test]
async fn a_fault_plan_can_deliver_twice() {
    let world = World::with(|settings| first_delivery(settings, DeliveryFault::Twice)).await;
    let (topic, url) = topic_and_queue(&world).await;
    world.publish(&topic, "m").await;
    assert_eq!(world.bodies(&url).await, ["m", "m"]);
}

#[tokio::test]
async fn a_delivery_that_is_late_is_waited_for() {
    let world = World::with(|settings| {
        settings.clock = Arc::new(SystemClock::hurried(60_000));
        first_delivery(settings, DeliveryFault::Late(Duration::from_secs(60)));
    })
    .await;
    let (topic, url) = topic_and_queue(&world).await;
    world.publish(&topic, "m").await;
    assert_eq!(world.bodies(&url).await, ["m"]);
    let faults = world.story(|event| matches!(event, Event::Fault { .. }));
    assert_eq!(faults.len(), 1, "{faults:?}");
}

#[tokio::test]
async fn a_delivery_that_is_held_is_overtaken() {
    let world = World::with(|settings| first_delivery(settings, DeliveryFault::Held)).await;
    let (topic, url) = topic_and_queue(&world).await;
    world.publish(&topic, "first").await;
    world.publish(&topic, "second").await;
    let journal = world.emulator.journal();
    journal
        .until(|event| matches!(event, Event::MessageQueued { .. }))
        .await;
    world.emulator.faults().release();
    assert_eq!(world.bodies(&url).await, ["second", "first"]);
}

#[tokio::test]
async fn a_bucket_can_send_to_a_topic_whose_policy_lets_it() {
    let world = World::new().await;
    let topic = world.topic("uploads").await;
    world.confirmed_mailbox(&topic, "ops@example.com").await;
    let policy = format!(
        r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow",
            "Principal": {{"Service": "s3.amazonaws.com"}}, "Action": "sns:Publish",
            "Resource": "{topic}", "Condition": {{"ArnLike": {{"aws:SourceArn": "arn:aws:s3:::b"}}}}}}]}}"#
    );
    let set = world.sns.set_topic_attributes().topic_arn(&topic);
    set.attribute_name("Policy")
        .attribute_value(policy)
        .send()
        .await
        .unwrap();
    let event = || world.event_of_s3(&topic, r#"{"Records": []}"#);
    world.emulator.services().sns.accept_event(event()).unwrap();
    let mail = world.mail("ops@example.com").pop().unwrap();
    assert_eq!(mail.subject.as_deref(), Some("Amazon S3 Notification"));
    assert!(mail.body.starts_with(r#"{"Records": []}"#));
}

#[tokio::test]
async fn what_is_not_there_takes_no_events() {
    let world = World::new().await;
    let services = world.emulator.services();
    let topic = "arn:aws:sns:us-east-1:123456789012:gone";
    assert_eq!(
        services.sns.accept_event(world.event_of_s3(topic, "{}")),
        Err(format!("{topic} does not exist"))
    );
    let queue = "arn:aws:sqs:us-east-1:123456789012:gone";
    assert_eq!(
        services.sqs.accept_event(world.event_of_s3(queue, "{}")),
        Err(format!("{queue} does not exist"))
    );
}

#[tokio::test]
async fn stopping_ends_long_polls_and_timers() {
    let world = World::new().await;
    let (url, _) = world.open_queue("q").await;
    let send = world.sqs.send_message().queue_url(&url);
    send.message_body("m")
        .delay_seconds(900)
        .send()
        .await
        .unwrap();
    let mut journal = world.emulator.journal().subscribe();
    let poll = world.sqs.receive_message().queue_url(&url);
    let poll = poll.wait_time_seconds(20).send();
    let World { emulator, .. } = world;
    let stop = async {
        loop {
            let entry = journal.recv().await.unwrap();
            if entry.event.to_string().starts_with("sqs ReceiveMessage") {
                break;
            }
        }
        emulator.stop().await.unwrap();
    };
    tokio::select! {
        // The client tries again for as long as it pleases; what counts is that stopping ends.
        _ = async { let _ = poll.await; std::future::pending::<()>().await } => {}
        () = stop => {}
    }
}
