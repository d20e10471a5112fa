//! Signatures under messages, verified with a library that did not make them.

use aws_sdk_sns::error::ProvideErrorMetadata;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, RsaParameters,
    UnparsedPublicKey,
};
use serde_json::Value;

use crate::support::World;

/// What is signed in a notification, in this order.
const NOTIFICATION: &[&str] = &[
    "Message",
    "MessageId",
    "Subject",
    "Timestamp",
    "TopicArn",
    "Type",
];

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

/// The RSA public key inside a certificate of a key of 2048 bits: the only sequence of that length
/// that begins with a number of that length.
fn public_key(pem: &str) -> Vec<u8> {
    let base64: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    let der = STANDARD.decode(base64).unwrap();
    let head = [0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01];
    let at = der.windows(head.len()).position(|w| w == head).unwrap();
    der[at..at + 4 + 0x010a].to_vec()
}

/// Whether the signature of an envelope verifies against the certificate that it names.
async fn verifies(world: &World, envelope: &Value, fields: &[&str]) -> bool {
    let (status, pem) = world
        .browse(envelope["SigningCertURL"].as_str().unwrap())
        .await;
    assert_eq!(status, 200, "{pem}");
    let algorithm: &'static RsaParameters = match envelope["SignatureVersion"].as_str() {
        Some("1") => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
        Some("2") => &RSA_PKCS1_2048_8192_SHA256,
        other => panic!("signature version {other:?}"),
    };
    let canonical: String = fields
        .iter()
        .filter_map(|name| Some(format!("{name}\n{}\n", envelope.get(*name)?.as_str()?)))
        .collect();
    let signature = STANDARD
        .decode(envelope["Signature"].as_str().unwrap())
        .unwrap();
    UnparsedPublicKey::new(algorithm, public_key(&pem))
        .verify(canonical.as_bytes(), &signature)
        .is_ok()
}

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
            assert!(
                verifies(&world, &envelope, NOTIFICATION).await,
                "{envelope:#}"
            );
            envelope["Message"] = "something else".into();
            assert!(!verifies(&world, &envelope, NOTIFICATION).await);
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
        assert!(
            verifies(&world, &envelope, CONFIRMATION).await,
            "{envelope:#}"
        );
        envelope["Token"] = "0".repeat(256).into();
        assert!(!verifies(&world, &envelope, CONFIRMATION).await);
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
