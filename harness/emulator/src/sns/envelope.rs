//! How a message looks to those who do not get it raw: the JSON notification for queues,
//! email-json and HTTP, the event for functions.
//!
//! Each is signed, see `signing`.

use std::collections::BTreeMap;

use serde::Serialize;
use time::OffsetDateTime;
use time::macros::format_description;

use super::deliver::shown;
use super::links;
use super::publish::Message;
use super::signing::{SignatureVersion, Signer, certificate_url};
use super::state::Subscription;
use crate::message::MessageAttributes;

/// What every envelope of a topic's messages needs besides the message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Letterhead<'a> {
    pub(super) signer: &'a Signer,
    pub(super) version: SignatureVersion,
    /// Where the emulator is, for links.
    pub(super) endpoint: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Notification<'a> {
    #[serde(rename = "Type")]
    kind: &'static str,
    message_id: &'a str,
    topic_arn: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    message: &'a str,
    timestamp: String,
    signature_version: &'static str,
    signature: String,
    #[serde(rename = "SigningCertURL")]
    signing_cert_url: String,
    #[serde(rename = "UnsubscribeURL")]
    unsubscribe_url: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    message_attributes: BTreeMap<&'a str, Attribute<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute<'a> {
    #[serde(rename = "Type")]
    data_type: &'a str,
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct LambdaEvent<'a> {
    records: [LambdaRecord<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct LambdaRecord<'a> {
    event_source: &'static str,
    event_version: &'static str,
    event_subscription_arn: &'a str,
    sns: LambdaNotification<'a>,
}

/// The same as [`Notification`], with the small differences that AWS makes: `Url`, not `URL`, and
/// subject and attributes even when there are none.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct LambdaNotification<'a> {
    #[serde(rename = "Type")]
    kind: &'static str,
    message_id: &'a str,
    topic_arn: &'a str,
    subject: Option<&'a str>,
    message: &'a str,
    timestamp: String,
    signature_version: &'static str,
    signature: String,
    signing_cert_url: String,
    unsubscribe_url: String,
    message_attributes: BTreeMap<&'a str, Attribute<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Invitation<'a> {
    #[serde(rename = "Type")]
    kind: &'static str,
    message_id: &'a str,
    token: &'a str,
    topic_arn: &'a str,
    message: String,
    #[serde(rename = "SubscribeURL")]
    subscribe_url: &'a str,
    timestamp: String,
    signature_version: &'static str,
    signature: String,
    #[serde(rename = "SigningCertURL")]
    signing_cert_url: String,
}

/// The notification for queues, email-json and HTTP.
pub(super) fn notification(
    message: &Message,
    text: &str,
    subscription: &Subscription,
    letterhead: Letterhead<'_>,
) -> String {
    pretty(&Notification {
        kind: "Notification",
        message_id: &message.id,
        topic_arn: message.topic.as_str(),
        subject: message.subject.as_deref(),
        message: text,
        timestamp: timestamp(message.published),
        signature_version: letterhead.version.as_str(),
        signature: signature(message, text, letterhead),
        signing_cert_url: certificate_url(letterhead.endpoint),
        unsubscribe_url: links::unsubscribe(letterhead.endpoint, &subscription.arn),
        message_attributes: all(&message.attributes),
    })
}

/// The event for functions.
pub(super) fn lambda_event(
    message: &Message,
    text: &str,
    subscription: &Subscription,
    letterhead: Letterhead<'_>,
) -> String {
    let event = LambdaEvent {
        records: [LambdaRecord {
            event_source: "aws:sns",
            event_version: "1.0",
            event_subscription_arn: &subscription.arn,
            sns: LambdaNotification {
                kind: "Notification",
                message_id: &message.id,
                topic_arn: message.topic.as_str(),
                subject: message.subject.as_deref(),
                message: text,
                timestamp: timestamp(message.published),
                signature_version: letterhead.version.as_str(),
                signature: signature(message, text, letterhead),
                signing_cert_url: certificate_url(letterhead.endpoint),
                unsubscribe_url: links::unsubscribe(letterhead.endpoint, &subscription.arn),
                message_attributes: all(&message.attributes),
            },
        }],
    };
    serde_json::to_string(&event).expect("a struct of strings is always JSON")
}

/// What the owner of an endpoint is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QuestionKind {
    /// Whether they want to subscribe.
    Confirm,
    /// Whether they meant to leave.
    Leave,
}

impl QuestionKind {
    /// The type of the message.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Confirm => "SubscriptionConfirmation",
            Self::Leave => "UnsubscribeConfirmation",
        }
    }
}

/// A question to the owner of an endpoint.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) kind: QuestionKind,
    /// The message's identifier.
    pub(super) id: &'a str,
    pub(super) token: &'a str,
    /// Who follows it says: yes, I want the messages.
    pub(super) link: &'a str,
    pub(super) at: OffsetDateTime,
}

/// The invitation to confirm or to come back, for email-json and HTTP.
pub(super) fn invitation(
    subscription: &Subscription,
    question: Question<'_>,
    letterhead: Letterhead<'_>,
) -> String {
    let Question {
        id, token, link, ..
    } = question;
    let kind = question.kind.as_str();
    let topic = subscription.topic.as_str();
    let timestamp = timestamp(question.at);
    let message = match question.kind {
        QuestionKind::Confirm => format!(
            "You have chosen to subscribe to the topic {topic}.\nTo confirm the subscription, \
             visit the SubscribeURL included in this message."
        ),
        QuestionKind::Leave => format!(
            "You have chosen to deactivate subscription {}.\nTo cancel this operation and restore \
             the subscription, visit the SubscribeURL included in this message.",
            subscription.arn
        ),
    };
    let signature = letterhead.signer.sign(
        letterhead.version,
        &[
            ("Message", &message),
            ("MessageId", id),
            ("SubscribeURL", link),
            ("Timestamp", &timestamp),
            ("Token", token),
            ("TopicArn", topic),
            ("Type", kind),
        ],
    );
    pretty(&Invitation {
        kind,
        message_id: id,
        token,
        topic_arn: topic,
        message,
        subscribe_url: link,
        timestamp,
        signature_version: letterhead.version.as_str(),
        signature,
        signing_cert_url: certificate_url(letterhead.endpoint),
    })
}

fn pretty(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).expect("a struct of strings is always JSON")
}

fn all(attributes: &MessageAttributes) -> BTreeMap<&str, Attribute<'_>> {
    attributes
        .iter()
        .map(|(name, attribute)| {
            let shown = Attribute {
                data_type: &attribute.data_type,
                value: shown(attribute),
            };
            (name.as_str(), shown)
        })
        .collect()
}

/// The signature under a notification; one subject line more if there is a subject.
fn signature(message: &Message, text: &str, letterhead: Letterhead<'_>) -> String {
    let timestamp = timestamp(message.published);
    let mut fields = vec![("Message", text), ("MessageId", &message.id)];
    fields.extend(
        message
            .subject
            .as_deref()
            .map(|subject| ("Subject", subject)),
    );
    fields.extend([
        ("Timestamp", timestamp.as_str()),
        ("TopicArn", message.topic.as_str()),
        ("Type", "Notification"),
    ]);
    letterhead.signer.sign(letterhead.version, &fields)
}

/// Such as `2026-11-23T16:20:00.123Z`.
pub(super) fn timestamp(at: OffsetDateTime) -> String {
    at.format(format_description!(
        "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z"
    ))
    .expect("the format has no field that a time lacks")
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;
    use zipster_names::{AccountId, Arn};

    use super::super::publish::Body;
    use super::super::state::{Confirmation, Protocol, SubscriptionSettings};
    use super::*;
    use crate::message::{AttributeValue, MessageAttribute};

    #[test]
    fn a_function_gets_an_event_of_one_record() {
        let topic = Arn::parse("arn:aws:sns:us-east-1:123456789012:t").unwrap();
        let attribute = MessageAttribute {
            data_type: "Binary".to_owned(),
            value: AttributeValue::Binary(bytes::Bytes::from_static(&[2, 3, 4])),
        };
        let message = Message {
            id: "message-1".to_owned(),
            topic: topic.clone(),
            subject: None,
            body: Body::Same("m".to_owned()),
            attributes: MessageAttributes::from([("raw".to_owned(), attribute)]),
            published: datetime!(2026-11-23 16:20:00.1 UTC),
        };
        let subscription = Subscription {
            arn: format!("{topic}:subscription-1"),
            topic,
            owner: AccountId::parse("123456789012").unwrap(),
            principal: "arn:aws:iam::123456789012:root".to_owned(),
            protocol: Protocol::Lambda,
            endpoint: "arn:aws:lambda:us-east-1:123456789012:function:f".to_owned(),
            confirmation: Confirmation::Given {
                token: None,
                authenticated: true,
                authenticate_on_unsubscribe: false,
            },
            settings: SubscriptionSettings::default(),
            sequence: 1,
        };
        let event = lambda_event(
            &message,
            "m",
            &subscription,
            Letterhead {
                signer: &Signer::default(),
                version: SignatureVersion::V1,
                endpoint: "http://127.0.0.1:4566",
            },
        );
        let mut event: serde_json::Value = serde_json::from_str(&event).unwrap();
        event["Records"][0]["Sns"]["Signature"] = "<signature>".into();
        insta::assert_json_snapshot!(event, @r#"
        {
          "Records": [
            {
              "EventSource": "aws:sns",
              "EventSubscriptionArn": "arn:aws:sns:us-east-1:123456789012:t:subscription-1",
              "EventVersion": "1.0",
              "Sns": {
                "Message": "m",
                "MessageAttributes": {
                  "raw": {
                    "Type": "Binary",
                    "Value": "AgME"
                  }
                },
                "MessageId": "message-1",
                "Signature": "<signature>",
                "SignatureVersion": "1",
                "SigningCertUrl": "http://127.0.0.1:4566/SimpleNotificationService-35dc71c99d717e348669e79a4a0c9b6a.pem",
                "Subject": null,
                "Timestamp": "2026-11-23T16:20:00.100Z",
                "TopicArn": "arn:aws:sns:us-east-1:123456789012:t",
                "Type": "Notification",
                "UnsubscribeUrl": "http://127.0.0.1:4566/?Action=Unsubscribe&SubscriptionArn=arn:aws:sns:us-east-1:123456789012:t:subscription-1"
              }
            }
          ]
        }
        "#);
    }
}
