//! Subscribing, confirming, filtering and unsubscribing.

use aws_sdk_sns::error::ProvideErrorMetadata;
use zipster_emulator::journal::Event;
use zipster_emulator::sns::InboxKind;

use crate::support::{World, attribute, refusal};

#[tokio::test]
async fn an_address_gets_nothing_until_its_owner_confirms() {
    let world = World::new().await;
    let topic = world.topic("t").await;
    let subscribe = || {
        world
            .sns
            .subscribe()
            .topic_arn(&topic)
            .protocol("email")
            .endpoint("new@example.com")
    };
    let asked = subscribe().send().await.unwrap();
    assert_eq!(asked.subscription_arn(), Some("pending confirmation"));
    let publish = || world.sns.publish().topic_arn(&topic).message("m");
    publish().send().await.unwrap();
    let mail = world.mail("new@example.com");
    assert_eq!(mail.len(), 1);
    assert_eq!(mail[0].kind, InboxKind::Confirmation);
    let listed = world.sns.list_subscriptions_by_topic().topic_arn(&topic);
    let listed = listed.send().await.unwrap();
    assert_eq!(
        listed.subscriptions()[0].subscription_arn(),
        Some("PendingConfirmation")
    );

    let link = mail[0].confirm_link.clone().unwrap();
    let (status, page) = world.browse(&link).await;
    assert_eq!(status, 200);
    assert!(page.contains("<h1>Subscription confirmed</h1>"), "{page}");
    assert!(
        page.contains("new@example.com now gets the messages"),
        "{page}"
    );
    publish().send().await.unwrap();
    assert_eq!(world.mail("new@example.com").len(), 2);

    // Confirming or subscribing again changes nothing.
    assert_eq!(world.browse(&link).await.0, 200);
    let again = subscribe().send().await.unwrap();
    assert!(again.subscription_arn().unwrap().starts_with(&topic));
    assert_eq!(world.mail("new@example.com").len(), 2);
}

#[tokio::test]
async fn the_link_in_a_notice_ends_the_subscription() {
    let world = World::new().await;
    let topic = world.topic("t").await;
    world.confirmed_mailbox(&topic, "ops@example.com").await;
    let publish = || world.sns.publish().topic_arn(&topic).message("m");
    publish().send().await.unwrap();
    let link = world.mail("ops@example.com")[1].unsubscribe_link.clone();
    let (status, page) = world.browse(&link.clone().unwrap()).await;
    assert_eq!(status, 200);
    assert!(page.contains("no longer gets the messages"), "{page}");
    publish().send().await.unwrap();
    assert_eq!(world.mail("ops@example.com").len(), 2);
    let (status, page) = world.browse(&link.unwrap()).await;
    assert_eq!(status, 404);
    assert!(page.contains("This link did not work"), "{page}");
}

#[tokio::test]
async fn a_signed_confirmation_can_forbid_the_link() {
    let world = World::new().await;
    let topic = world.topic("t").await;
    let subscribe = world.sns.subscribe().topic_arn(&topic);
    subscribe
        .protocol("email-json")
        .endpoint("robot@example.com")
        .send()
        .await
        .unwrap();
    let invitation: serde_json::Value =
        serde_json::from_str(&world.mail("robot@example.com")[0].body).unwrap();
    assert_eq!(invitation["Type"], "SubscriptionConfirmation");
    let confirm = |token: &str| {
        world
            .sns
            .confirm_subscription()
            .topic_arn(&topic)
            .token(token)
            .authenticate_on_unsubscribe("true")
    };
    let token = invitation["Token"].as_str().unwrap();
    let confirmed = confirm(token).send().await.unwrap();
    let arn = confirmed.subscription_arn.unwrap();
    world
        .sns
        .publish()
        .topic_arn(&topic)
        .message("m")
        .send()
        .await
        .unwrap();
    let notice = world.mail("robot@example.com").pop().unwrap();
    let json: serde_json::Value = serde_json::from_str(&notice.body).unwrap();
    assert_eq!(
        (&json["Type"], &json["Message"]),
        (&"Notification".into(), &"m".into())
    );
    let (status, _) = world.browse(&notice.unsubscribe_link.unwrap()).await;
    assert_eq!(status, 403);
    let unsubscribe = || world.sns.unsubscribe().subscription_arn(&arn).send();
    unsubscribe().await.unwrap();
    unsubscribe().await.unwrap();

    for (token, message) in [
        ("abc".to_owned(), "Invalid token"),
        ("0".repeat(256), "Invalid parameter: Token"),
    ] {
        let error = confirm(&token).send().await.unwrap_err();
        assert_eq!(error.message(), Some(message));
    }
}

#[tokio::test]
async fn subscribers_get_what_their_filter_policy_wants() {
    let world = World::new().await;
    let topic = world.topic("filtered").await;
    let subscribe = |number: &str, policy: &str| {
        world
            .sns
            .subscribe()
            .topic_arn(&topic)
            .protocol("sms")
            .endpoint(number)
            .attributes("FilterPolicy", policy)
    };
    let failures = "+14155550104";
    let all = "+14155550105";
    subscribe(failures, r#"{"status": ["failed"]}"#)
        .send()
        .await
        .unwrap();
    subscribe(all, "{}").send().await.unwrap();
    for status in ["started", "failed"] {
        world
            .sns
            .publish()
            .topic_arn(&topic)
            .message(status)
            .message_attributes("status", attribute("String", status))
            .send()
            .await
            .unwrap();
    }
    let texts = |number: &str| -> Vec<String> {
        let mail = world.mail(number);
        mail.into_iter().map(|message| message.body).collect()
    };
    assert_eq!(texts(failures), ["failed"]);
    assert_eq!(texts(all), ["started", "failed"]);
    let filtered = world.story(|event| matches!(event, Event::MessageFiltered { .. }));
    assert_eq!(filtered.len(), 1);
    let error = subscribe("+14155550106", r#"{"status": "failed"}"#)
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        error.message(),
        Some(
            "Invalid parameter: Attributes Reason: FilterPolicy: \"status\" must be an object or \
             an array"
        )
    );
}

#[tokio::test]
async fn subscription_attributes_can_be_read_and_set() {
    let world = World::new().await;
    let topic = world.topic("t").await;
    let queue = "arn:aws:sqs:us-east-1:123456789012:q";
    let subscribed = world
        .sns
        .subscribe()
        .topic_arn(&topic)
        .protocol("sqs")
        .endpoint(queue)
        .send()
        .await
        .unwrap();
    let arn = subscribed.subscription_arn.unwrap();
    let set = |name: &str, value: &str| {
        world
            .sns
            .set_subscription_attributes()
            .subscription_arn(&arn)
            .attribute_name(name)
            .attribute_value(value)
            .send()
    };
    set("RawMessageDelivery", "true").await.unwrap();
    set("FilterPolicyScope", "MessageBody").await.unwrap();
    set("FilterPolicy", r#"{"a": {"b": ["c"]}}"#).await.unwrap();
    let read = world.sns.get_subscription_attributes();
    let read = read.subscription_arn(&arn).send().await.unwrap();
    let mut attributes: Vec<_> = read.attributes.unwrap().into_iter().collect();
    attributes.sort();
    let lines: Vec<String> = attributes
        .into_iter()
        .map(|(name, value)| format!("{name}={}", value.replace(&arn, "<subscription>")))
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    ConfirmationWasAuthenticated=true
    Endpoint=arn:aws:sqs:us-east-1:123456789012:q
    FilterPolicy={"a": {"b": ["c"]}}
    FilterPolicyScope=MessageBody
    Owner=123456789012
    PendingConfirmation=false
    Protocol=sqs
    RawMessageDelivery=true
    SubscriptionArn=<subscription>
    SubscriptionPrincipal=arn:aws:iam::123456789012:root
    TopicArn=arn:aws:sns:us-east-1:123456789012:t
    "#);
    world
        .sns
        .delete_topic()
        .topic_arn(&topic)
        .send()
        .await
        .unwrap();
    let error = set("RawMessageDelivery", "false").await.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (Some("NotFound"), Some("Subscription does not exist"))
    );
}

#[tokio::test]
async fn protocols_that_are_not_supported_are_refused_by_name() {
    let world = World::new().await;
    let topic = world.topic("t").await;
    for (protocol, message) in [
        (
            "firehose",
            "sns: the protocol firehose is not supported by this emulator",
        ),
        (
            "pigeon",
            "Invalid parameter: Amazon SNS does not support this protocol string: pigeon",
        ),
    ] {
        let error = world
            .sns
            .subscribe()
            .topic_arn(&topic)
            .protocol(protocol)
            .endpoint("https://example.com")
            .send()
            .await
            .unwrap_err();
        assert_eq!(error.message(), Some(message));
    }
}

#[tokio::test]
async fn a_filter_policy_has_limits_when_it_is_set_by_whichever_operation() {
    let world = World::new().await;
    let topic = world.topic("t").await;
    let six = r#"{"a":["1"],"b":["1"],"c":["1"],"d":["1"],"e":["1"],"f":["1"]}"#;
    let subscribe = |number: usize| {
        let subscribe = world.sns.subscribe().topic_arn(&topic).protocol("sms");
        subscribe.endpoint(format!("+1415555{number:04}"))
    };
    let refused = subscribe(0).attributes("FilterPolicy", six).send().await;
    assert_eq!(
        refusal(refused),
        "InvalidParameter: Invalid parameter: Attributes Reason: FilterPolicy: Filter policy can \
         not have more than 5 keys"
    );
    let plain = subscribe(0).send().await.unwrap().subscription_arn.unwrap();
    let set = |policy: &str| {
        let set = world.sns.set_subscription_attributes();
        set.subscription_arn(&plain)
            .attribute_name("FilterPolicy")
            .attribute_value(policy)
            .send()
    };
    assert_eq!(
        refusal(set(six).await),
        "InvalidParameter: Invalid parameter: FilterPolicy: Filter policy can not have more than 5 \
         keys"
    );
    let large = format!(r#"{{"a": ["{}"]}}"#, "x".repeat(256 * 1024));
    assert_eq!(
        refusal(set(&large).await),
        "InvalidParameter: Invalid parameter: FilterPolicy: Filter policy can not be larger than \
         262144 bytes"
    );
    let policy = r#"{"a": ["1"]}"#;
    for number in 1..=200 {
        let filtered = subscribe(number).attributes("FilterPolicy", policy);
        filtered.send().await.unwrap();
    }
    let limit = "FilterPolicyLimitExceeded: Filter policy limit exceeded";
    let filtered = subscribe(201).attributes("FilterPolicy", policy);
    assert_eq!(refusal(filtered.send().await), limit);
    assert_eq!(refusal(set(policy).await), limit);
    subscribe(201).send().await.unwrap();
}
