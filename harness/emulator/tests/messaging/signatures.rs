//! Signatures under messages: see `verify`. What functions get is verified among the tests of
//! Lambda.

use aws_sdk_sns::error::ProvideErrorMetadata;
use serde_json::Value;

use crate::endpoint::Endpoint;
use crate::support::World;
use crate::verify::{NOTIFICATION, verifies};

/// What is signed in an invitation to confirm, in this order.
const CONFIRMATION: &[&str] = &[
    "Message",
    "MessageId",
    "SubscribeURL",
    "Timestamp",
    "Token",
    "TopicArn",
    "Type",
];

#[tokio::test]
async fn a_notification_verifies_against_the_certificate_that_it_names() {
    let world = World::new().await;
    let topic = world.topic("signed").await;
    let (url, queue) = world.open_queue("q").await;
    world
        .sns
        .subscribe()
        .topic_arn(&topic)
        .protocol("sqs")
        .endpoint(&queue)
        .send()
        .await
        .unwrap();
    for version in ["1", "2"] {
        if version == "2" {
            world
                .sns
                .set_topic_attributes()
                .topic_arn(&topic)
                .attribute_name("SignatureVersion")
                .attribute_value(version)
                .send()
                .await
                .unwrap();
        }
        for subject in [None, Some("Step 2 of 5")] {
            world
                .sns
                .publish()
                .topic_arn(&topic)
                .set_subject(subject.map(str::to_owned))
                .message("two\nlines, \"quoted\", größer")
                .send()
                .await
                .unwrap();
            let received = world.messages(&url).await;
            let [message] = &received[..] else {
                panic!("{received:?}");
            };
            let mut envelope: Value = serde_json::from_str(message.body().unwrap()).unwrap();
            assert_eq!(envelope["SignatureVersion"], version);
            assert!(verifies(&envelope, NOTIFICATION).await, "{envelope:#}");
            envelope["Message"] = "something else".into();
            assert!(!verifies(&envelope, NOTIFICATION).await);
        }
    }
}

#[tokio::test]
async fn an_invitation_to_confirm_is_signed_as_the_topic_says() {
    let world = World::new().await;
    for version in ["1", "2"] {
        let created = world
            .sns
            .create_topic()
            .name(format!("signed-{version}"))
            .attributes("SignatureVersion", version)
            .send()
            .await
            .unwrap();
        let topic = created.topic_arn().unwrap();
        let address = format!("program-{version}@example.com");
        world
            .sns
            .subscribe()
            .topic_arn(topic)
            .protocol("email-json")
            .endpoint(&address)
            .send()
            .await
            .unwrap();
        let mail = world.mail(&address);
        let mut envelope: Value = serde_json::from_str(&mail[0].body).unwrap();
        assert_eq!(envelope["SignatureVersion"], version);
        assert!(verifies(&envelope, CONFIRMATION).await, "{envelope:#}");
        envelope["Token"] = "0".repeat(256).into();
        assert!(!verifies(&envelope, CONFIRMATION).await);
    }
}

#[tokio::test]
async fn a_signature_version_that_does_not_exist_is_refused() {
    let world = World::new().await;
    let refused = world
        .sns
        .create_topic()
        .name("t")
        .attributes("SignatureVersion", "3")
        .send()
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Some("InvalidParameter"));
    assert_eq!(
        refused.message(),
        Some("Invalid parameter: Attributes Reason: SignatureVersion")
    );
}

#[tokio::test]
async fn all_that_is_posted_to_an_endpoint_verifies() {
    let world = World::new().await;
    for version in ["1", "2"] {
        let create = world.sns.create_topic().name(format!("signed-{version}"));
        let created = create.attributes("SignatureVersion", version).send().await;
        let topic = created.unwrap().topic_arn.unwrap();
        let endpoint = Endpoint::start().await;
        let subscribe = world.sns.subscribe().topic_arn(&topic).protocol("http");
        subscribe.endpoint(&endpoint.url).send().await.unwrap();
        world.emulator.settled().await;
        let invitation = endpoint.take()[0].json();
        let link = invitation["SubscribeURL"].as_str().unwrap();
        assert_eq!(world.browse(link).await.0, 200);

        let publish = world.sns.publish().topic_arn(&topic).subject("Step 2 of 5");
        let message = "two\nlines, \"quoted\", größer";
        publish.message(message).send().await.unwrap();
        world.emulator.settled().await;
        let mut notification = endpoint.take()[0].json();
        let link = notification["UnsubscribeURL"].as_str().unwrap();
        assert_eq!(world.browse(link).await.0, 200);
        world.emulator.settled().await;
        let goodbye = endpoint.take()[0].json();

        for (envelope, fields) in [
            (&invitation, CONFIRMATION),
            (&notification, NOTIFICATION),
            (&goodbye, CONFIRMATION),
        ] {
            assert_eq!(envelope["SignatureVersion"], version);
            assert!(verifies(envelope, fields).await, "{envelope:#}");
        }
        notification["Message"] = "something else".into();
        assert!(!verifies(&notification, NOTIFICATION).await);
    }
}
