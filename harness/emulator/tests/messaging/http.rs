//! Subscriptions of HTTP endpoints.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sns::error::ProvideErrorMetadata;
use zipster_emulator::clock::SystemClock;
use zipster_emulator::courier::Certificate;
use zipster_emulator::journal::Event;

use crate::endpoint::{CERTIFICATE, Endpoint};
use crate::support::{World, attribute};

impl World {
    /// A world in which a retry is due at once.
    async fn hurried() -> Self {
        Self::with(|settings| settings.clock = Arc::new(SystemClock::hurried(1000))).await
    }

    /// Subscribes the endpoint, and returns the subscription's ARN and the link that confirms it.
    async fn invite(
        &self,
        topic: &str,
        endpoint: &Endpoint,
        attributes: &[(&str, &str)],
    ) -> (String, String) {
        let mut subscribe = self
            .sns
            .subscribe()
            .topic_arn(topic)
            .protocol(endpoint.url.split(':').next().unwrap())
            .endpoint(&endpoint.url)
            .return_subscription_arn(true);
        for (name, value) in attributes {
            subscribe = subscribe.attributes(*name, *value);
        }
        let subscribed = subscribe.send().await.unwrap();
        self.emulator.settled().await;
        let posts = endpoint.take();
        let [invitation] = &posts[..] else {
            panic!("{posts:?}");
        };
        (
            subscribed.subscription_arn.unwrap(),
            invitation.text("SubscribeURL"),
        )
    }

    /// The same, and follows the link.
    async fn joined(
        &self,
        topic: &str,
        endpoint: &Endpoint,
        attributes: &[(&str, &str)],
    ) -> String {
        let (arn, link) = self.invite(topic, endpoint, attributes).await;
        assert_eq!(self.browse(&link).await.0, 200);
        arn
    }

    async fn say(&self, topic: &str, message: &str) -> String {
        let publish = self.sns.publish().topic_arn(topic).message(message);
        let id = publish.send().await.unwrap().message_id.unwrap();
        self.emulator.settled().await;
        id
    }

    /// What the journal says about the endpoint, which it calls `~`.
    fn told(&self, endpoint: &Endpoint) -> Vec<String> {
        self.story(|event| {
            matches!(
                event,
                Event::Delivered { .. }
                    | Event::DeliveryFailed { .. }
                    | Event::DeliveryRetried { .. }
            )
        })
        .iter()
        .map(|line| line.replace(&endpoint.url, "~"))
        .collect()
    }

    async fn subscription(&self, arn: &str, attribute: &str) -> Option<String> {
        let get = self.sns.get_subscription_attributes();
        let got = get.subscription_arn(arn).send().await.unwrap();
        got.attributes.unwrap().remove(attribute)
    }
}

#[tokio::test]
async fn an_endpoint_is_asked_and_gets_messages_once_it_has_confirmed() {
    let world = World::new().await;
    let topic = world.topic("news").await;
    let endpoint = Endpoint::start().await;
    let subscribe = world.sns.subscribe().topic_arn(&topic).protocol("http");
    let subscribed = subscribe.endpoint(&endpoint.url).send().await.unwrap();
    assert_eq!(
        subscribed.subscription_arn.as_deref(),
        Some("pending confirmation")
    );
    world.emulator.settled().await;
    let posts = endpoint.take();
    let [invitation] = &posts[..] else {
        panic!("{posts:?}");
    };
    assert_eq!(invitation.method, "POST");
    assert_eq!(invitation.target, "/news?of=zips");
    for (name, value) in [
        ("x-amz-sns-message-type", "SubscriptionConfirmation"),
        ("x-amz-sns-topic-arn", &topic),
        ("x-amz-sns-message-id", &invitation.text("MessageId")),
        ("content-type", "text/plain; charset=UTF-8"),
        ("user-agent", "Amazon Simple Notification Service Agent"),
    ] {
        assert_eq!(invitation.header(name), Some(value), "{name}");
    }
    assert_eq!(invitation.header("x-amz-sns-subscription-arn"), None);
    assert_eq!(invitation.text("Type"), "SubscriptionConfirmation");
    world.say(&topic, "too early").await;
    assert!(endpoint.take().is_empty());

    let confirm = world.sns.confirm_subscription().topic_arn(&topic);
    let confirmed = confirm.token(invitation.text("Token")).send().await;
    let arn = confirmed.unwrap().subscription_arn.unwrap();
    assert_eq!(
        world
            .subscription(&arn, "PendingConfirmation")
            .await
            .unwrap(),
        "false"
    );
    let publish = world.sns.publish().topic_arn(&topic).subject("Zips");
    let id = publish
        .message("größer")
        .message_attributes("step", attribute("Number", "2"))
        .send()
        .await
        .unwrap()
        .message_id
        .unwrap();
    world.emulator.settled().await;
    let posts = endpoint.take();
    let [notification] = &posts[..] else {
        panic!("{posts:?}");
    };
    for (name, value) in [
        ("x-amz-sns-message-type", "Notification"),
        ("x-amz-sns-message-id", &id),
        ("x-amz-sns-topic-arn", &topic),
        ("x-amz-sns-subscription-arn", &arn),
        ("content-type", "text/plain; charset=UTF-8"),
    ] {
        assert_eq!(notification.header(name), Some(value), "{name}");
    }
    assert_eq!(notification.header("x-amz-sns-rawdelivery"), None);
    assert_eq!(notification.text("Type"), "Notification");
    assert_eq!(notification.text("Subject"), "Zips");
    assert_eq!(notification.text("Message"), "größer");
    assert_eq!(
        notification.json()["MessageAttributes"]["step"]["Value"],
        "2"
    );
    assert_eq!(world.told(&endpoint), ["delivered to ~", "delivered to ~"]);
}

#[tokio::test]
async fn a_raw_message_is_posted_as_it_is() {
    let world = World::new().await;
    let topic = world.topic("news").await;
    let endpoint = Endpoint::start().await;
    let policy = r#"{"requestPolicy": {"headerContentType": "application/json"}}"#;
    let attributes = [("RawMessageDelivery", "true"), ("DeliveryPolicy", policy)];
    world.joined(&topic, &endpoint, &attributes).await;
    world.say(&topic, r#"{"zip": "12345"}"#).await;
    let posts = endpoint.take();
    assert_eq!(posts[0].body, r#"{"zip": "12345"}"#);
    assert_eq!(posts[0].header("x-amz-sns-rawdelivery"), Some("true"));
    assert_eq!(posts[0].header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn who_leaves_by_the_link_can_come_back_by_a_link() {
    let world = World::new().await;
    let topic = world.topic("news").await;
    let endpoint = Endpoint::start().await;
    let arn = world.joined(&topic, &endpoint, &[]).await;
    world.say(&topic, "one").await;
    let leave = endpoint.take()[0].text("UnsubscribeURL");
    assert_eq!(world.browse(&leave).await.0, 200);
    world.emulator.settled().await;
    let posts = endpoint.take();
    let [goodbye] = &posts[..] else {
        panic!("{posts:?}");
    };
    let kind = "UnsubscribeConfirmation";
    assert_eq!(goodbye.text("Type"), kind);
    assert_eq!(goodbye.header("x-amz-sns-message-type"), Some(kind));
    assert_eq!(
        goodbye.header("x-amz-sns-subscription-arn"),
        Some(arn.as_str())
    );
    world.say(&topic, "two").await;
    assert!(endpoint.take().is_empty());
    assert_eq!(world.browse(&goodbye.text("SubscribeURL")).await.0, 200);
    world.say(&topic, "three").await;
    let posts = endpoint.take();
    assert_eq!(posts[0].text("Message"), "three");
    assert_eq!(
        posts[0].header("x-amz-sns-subscription-arn"),
        Some(arn.as_str())
    );
}

#[tokio::test]
async fn the_owner_who_unsubscribes_is_not_asked_again() {
    let world = World::new().await;
    let topic = world.topic("news").await;
    let endpoint = Endpoint::start().await;
    let arn = world.joined(&topic, &endpoint, &[]).await;
    let unsubscribe = world.sns.unsubscribe().subscription_arn(arn);
    unsubscribe.send().await.unwrap();
    world.emulator.settled().await;
    assert!(endpoint.take().is_empty());
}

#[tokio::test]
async fn a_server_that_fails_is_asked_again_as_the_policy_says() {
    let world = World::hurried().await;
    let topic = world.topic("news").await;
    let endpoint = Endpoint::start().await;
    let arn = world.joined(&topic, &endpoint, &[]).await;
    endpoint.will_answer([500, 429]);
    world.say(&topic, "m").await;
    let posts = endpoint.take();
    assert_eq!(posts.len(), 3);
    assert_eq!(posts[0].body, posts[2].body);
    assert_eq!(
        world.told(&endpoint)[1..],
        [
            "NOT taken by ~: it answered 500 Internal Server Error; again after 20000 ms",
            "NOT taken by ~: it answered 429 Too Many Requests; again after 20000 ms",
            "delivered to ~",
        ]
    );
    let set = world.sns.set_subscription_attributes();
    set.subscription_arn(&arn)
        .attribute_name("DeliveryPolicy")
        .attribute_value(r#"{"healthyRetryPolicy": {"numRetries": 1, "numNoDelayRetries": 1}}"#)
        .send()
        .await
        .unwrap();
    let effective = world.subscription(&arn, "EffectiveDeliveryPolicy").await;
    assert!(effective.unwrap().contains(r#""numNoDelayRetries":1"#));
    endpoint.will_answer([503, 503]);
    world.say(&topic, "m").await;
    assert_eq!(endpoint.take().len(), 2);
    assert_eq!(
        world.told(&endpoint)[4..],
        [
            "NOT taken by ~: it answered 503 Service Unavailable; again after 0 ms",
            "NOT delivered to ~: it answered 503 Service Unavailable",
        ]
    );
}

#[tokio::test]
async fn what_an_endpoint_refuses_goes_to_the_dead_letters_at_once() {
    let world = World::new().await;
    let topic = world.topic("news").await;
    let endpoint = Endpoint::start().await;
    let (url, dead) = world.open_queue("dead").await;
    let policy = format!(r#"{{"deadLetterTargetArn": "{dead}"}}"#);
    let attributes = [("RedrivePolicy", policy.as_str())];
    world.joined(&topic, &endpoint, &attributes).await;
    endpoint.will_answer([404]);
    world.say(&topic, "m").await;
    let posts = endpoint.take();
    assert_eq!(posts.len(), 1);
    let letters = world.messages(&url).await;
    assert_eq!(letters[0].body(), Some(posts[0].body.as_str()));
    assert_eq!(
        world.told(&endpoint)[1..],
        [
            "NOT delivered to ~: it answered 404 Not Found",
            "delivered to dead"
        ]
    );
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_is_given_up_after_three_retries() {
    let world = World::hurried().await;
    let topic = world.topic("news").await;
    let endpoint = Endpoint::start().await;
    world.joined(&topic, &endpoint, &[]).await;
    let url = endpoint.url.clone();
    drop(endpoint);
    world.say(&topic, "m").await;
    let attempts = world.story(|event| {
        matches!(event,
            Event::DeliveryRetried { destination, .. } | Event::DeliveryFailed { destination, .. }
                if *destination == url)
    });
    assert_eq!(attempts.len(), 4, "{attempts:?}");
}

#[tokio::test]
async fn stopping_does_not_wait_for_retries() {
    let world = World::new().await;
    let topic = world.topic("news").await;
    let endpoint = Endpoint::start().await;
    world.joined(&topic, &endpoint, &[]).await;
    endpoint.will_answer([500]);
    let publish = world.sns.publish().topic_arn(&topic).message("m");
    publish.send().await.unwrap();
    let retried = |event: &Event| matches!(event, Event::DeliveryRetried { .. });
    world.emulator.journal().until(retried).await;
    let stopped = tokio::time::timeout(Duration::from_secs(10), world.emulator.stop());
    stopped.await.unwrap().unwrap();
}

#[tokio::test]
async fn endpoints_that_cannot_be_reached_are_refused_when_they_subscribe() {
    let world = World::new().await;
    let topic = world.topic("news").await;
    for (protocol, endpoint, message) in [
        (
            "http",
            "https://example.com",
            "Invalid parameter: Endpoint must match the specified protocol",
        ),
        (
            "https",
            "http://example.com",
            "Invalid parameter: Endpoint must match the specified protocol",
        ),
        (
            "https",
            "https://user:password@example.com",
            "sns: credentials in an endpoint is not supported by this emulator",
        ),
    ] {
        let subscribe = world.sns.subscribe().topic_arn(&topic);
        let subscribed = subscribe.protocol(protocol).endpoint(endpoint).send().await;
        assert_eq!(subscribed.unwrap_err().message(), Some(message));
    }
}

#[tokio::test]
async fn an_endpoint_of_https_is_believed_if_its_certificate_is_trusted() {
    let trusted = Certificate::from_pem(CERTIFICATE).unwrap();
    let world = World::with(|settings| settings.trusted.push(trusted)).await;
    let topic = world.topic("news").await;
    let endpoint = Endpoint::start_tls().await;
    world.joined(&topic, &endpoint, &[]).await;
    let publish = world.sns.publish().topic_arn(&topic);
    let texts = r#"{"default": "for others", "http": "for http", "https": "for https"}"#;
    let publish = publish.message_structure("json").message(texts);
    publish.send().await.unwrap();
    world.emulator.settled().await;
    assert_eq!(endpoint.take()[0].text("Message"), "for https");

    let world = World::hurried().await;
    let topic = world.topic("news").await;
    let subscribe = world.sns.subscribe().topic_arn(&topic).protocol("https");
    subscribe.endpoint(&endpoint.url).send().await.unwrap();
    world.emulator.settled().await;
    assert!(endpoint.take().is_empty());
    let told = world.told(&endpoint);
    assert_eq!(
        told.last().unwrap(),
        "NOT delivered to ~: invalid peer certificate: UnknownIssuer"
    );
}
