//! Publishing: what a message must look like, and what it is once it was accepted.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use time::OffsetDateTime;
use zipster_names::Arn;

use super::inbox::InboxMessage;
use super::state::Protocol;
use super::subscriptions::is_phone_number;
use super::topics::{answer, parse_topic_arn, topic_arn};
use super::{Sns, attributes, error};
use crate::courier::{Delivery, Refused};
use crate::front::query::Params;
use crate::front::{Answer, ApiError, Call, ServiceName};
use crate::iam::Authorization;
use crate::identity::ServiceSource;
use crate::journal::EntryId;
use crate::message::{MessageAttributes, size};

/// The largest message and the largest batch, in bytes, attributes included.
const LARGEST_MESSAGE: usize = 256 * 1024;

/// A subject must be shorter than this, in characters.
const SUBJECT_LIMIT: usize = 100;

/// The most messages of one batch.
const MOST_IN_BATCH: usize = 10;

/// A message that a topic accepted.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) topic: Arn,
    pub(super) subject: Option<String>,
    pub(super) body: Body,
    pub(super) attributes: MessageAttributes,
    pub(super) published: OffsetDateTime,
}

/// What a message says: to everybody, or to each protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Body {
    Same(String),
    /// `MessageStructure=json`: by protocol name, and `default` for the others.
    ByProtocol(BTreeMap<String, String>),
}

impl Body {
    /// What subscribers with `protocol` read.
    pub(super) fn to(&self, protocol: Protocol) -> &str {
        match self {
            Self::Same(text) => text,
            Self::ByProtocol(texts) => texts
                .get(protocol.as_str())
                .or_else(|| texts.get("default"))
                .map_or("", String::as_str),
        }
    }
}

/// What a caller wants to say, checked.
#[derive(Debug)]
struct Draft {
    subject: Option<String>,
    body: Body,
    attributes: MessageAttributes,
    size: usize,
}

impl Sns {
    /// Follows <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>.
    pub(super) fn publish(&self, call: &Call, params: &Params) -> Result<Answer, ApiError> {
        if let Some(number) = params.get("PhoneNumber") {
            return self.publish_to_phone(call, params, number);
        }
        let arn = match (params.get("TopicArn"), params.get("TargetArn")) {
            (Some(topic), None) => parse_topic_arn(call, topic, "TopicArn")?,
            (None, Some(target)) => parse_topic_arn(call, target, "TargetArn")?,
            (None, None) | (Some(_), Some(_)) => {
                return Err(error::invalid(
                    "TopicArn or TargetArn Reason: no value for required parameter",
                ));
            }
        };
        let draft = draft(params, "")?;
        if draft.size > LARGEST_MESSAGE {
            return Err(error::invalid("Message too long"));
        }
        self.authorize_on_topic(call, "sns:Publish", &arn)?;
        self.check_exists(&arn)?;
        let message = self.accept(arn, draft);
        self.fan_out(&message, call.entry, &call.pending);
        Ok(answer(call, |xml| xml.text("MessageId", &message.id)))
    }

    /// Follows <https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html>.
    pub(super) fn publish_batch(&self, call: &Call, params: &Params) -> Result<Answer, ApiError> {
        let arn = topic_arn(call, params, "TopicArn")?;
        let entries = params.list("PublishBatchRequestEntries.member");
        if entries.is_empty() {
            return Err(ApiError::bad_request(
                "EmptyBatchRequest",
                "The batch request doesn't contain any entries.",
            ));
        }
        if entries.len() > MOST_IN_BATCH {
            return Err(ApiError::bad_request(
                "TooManyEntriesInBatchRequest",
                "The batch request contains more entries than permissible.",
            ));
        }
        let mut ids = BTreeSet::new();
        for entry in &entries {
            let id = entry.get("Id").unwrap_or_default();
            if !is_batch_id(id) {
                return Err(ApiError::bad_request(
                    "InvalidBatchEntryId",
                    "The Id of a batch entry in a batch request doesn't abide by the \
                     specification.",
                ));
            }
            if !ids.insert(id) {
                return Err(ApiError::bad_request(
                    "BatchEntryIdsNotDistinct",
                    "Two or more batch entries in the request have the same Id.",
                ));
            }
        }
        self.authorize_on_topic(call, "sns:Publish", &arn)?;
        self.check_exists(&arn)?;
        let mut drafts = Vec::with_capacity(entries.len());
        for (number, entry) in entries.iter().enumerate() {
            let place = format!("publishBatchRequestEntries.{}.member.", number + 1);
            let id = entry.get("Id").unwrap_or_default();
            drafts.push((id, draft(entry, &place)?));
        }
        let total: usize = drafts.iter().map(|(_, draft)| draft.size).sum();
        if total > LARGEST_MESSAGE {
            return Err(ApiError::bad_request(
                "BatchRequestTooLong",
                "The length of all the batch messages put together is more than the limit.",
            ));
        }
        let mut accepted = Vec::with_capacity(drafts.len());
        for (id, draft) in drafts {
            let message = self.accept(arn.clone(), draft);
            self.fan_out(&message, call.entry, &call.pending);
            accepted.push((id, message.id));
        }
        Ok(answer(call, |xml| {
            xml.open("Failed");
            xml.close("Failed");
            xml.open("Successful");
            for (id, message_id) in &accepted {
                xml.open("member");
                xml.text("Id", id);
                xml.text("MessageId", message_id);
                xml.close("member");
            }
            xml.close("Successful");
        }))
    }

    /// A text message to one phone, without a topic.
    fn publish_to_phone(
        &self,
        call: &Call,
        params: &Params,
        number: &str,
    ) -> Result<Answer, ApiError> {
        if !is_phone_number(number) {
            return Err(error::invalid(format!(
                "PhoneNumber Reason: {number} is not valid to publish to"
            )));
        }
        let draft = draft(params, "")?;
        self.authorize(call, "sns:Publish", "*", None)?;
        let text = draft.body.to(Protocol::Sms).to_owned();
        self.receive(
            call.entry,
            InboxMessage::text_message(
                number,
                None,
                text,
                draft.attributes,
                self.core.clock.now(),
                call.entry,
            ),
        );
        let id = self.core.random.uuid();
        Ok(answer(call, |xml| xml.text("MessageId", &id)))
    }

    /// Publishes what another service sends, if the topic's policy lets it.
    ///
    /// # Errors
    /// Why it was not published, for the journal.
    pub fn accept_event(&self, delivery: Delivery) -> Result<(), String> {
        let topic = delivery.to.as_str();
        let policy = self
            .policy_of(topic)
            .ok_or_else(|| format!("{topic} does not exist"))?;
        self.core
            .authorize_delivery(
                &delivery,
                &Authorization {
                    cause: delivery.cause,
                    action: "sns:Publish",
                    resource: topic,
                    context: &[],
                    resource_policy: Some(&policy),
                },
            )
            .map_err(|denied| denied.message)?;
        let body = String::from_utf8(delivery.body.to_vec())
            .map_err(|_| "the event is not UTF-8".to_owned())?;
        if size(&body, &delivery.attributes) > LARGEST_MESSAGE {
            return Err("the event is larger than 256 KiB".to_owned());
        }
        let draft = Draft {
            subject: delivery.subject,
            body: Body::Same(body),
            attributes: delivery.attributes,
            size: 0,
        };
        let message = self.accept(delivery.to, draft);
        self.fan_out(&message, delivery.cause, &delivery.pending);
        Ok(())
    }

    /// Whether a topic exists and its policy lets `source` publish to it: what S3 asks before it
    /// accepts it as a destination. `cause` is the call that configures it.
    ///
    /// # Errors
    /// Why not.
    pub fn may_deliver(
        &self,
        topic: &Arn,
        source: &ServiceSource,
        cause: EntryId,
    ) -> Result<(), Refused> {
        let policy = self
            .policy_of(topic.as_str())
            .ok_or_else(|| Refused::Missing(format!("{topic} does not exist")))?;
        let request = Authorization {
            cause,
            action: "sns:Publish",
            resource: topic.as_str(),
            context: &[],
            resource_policy: Some(&policy),
        };
        self.core
            .authorize_service(source, &request)
            .map_err(|denied| Refused::Denied(denied.message))
    }

    fn accept(&self, topic: Arn, draft: Draft) -> Message {
        Message {
            id: self.core.random.uuid(),
            topic,
            subject: draft.subject,
            body: draft.body,
            attributes: draft.attributes,
            published: self.core.clock.now(),
        }
    }

    fn check_exists(&self, topic: &Arn) -> Result<(), ApiError> {
        if self.state().topics.contains_key(topic.as_str()) {
            Ok(())
        } else {
            Err(error::no_topic())
        }
    }
}

/// Checks everything about one message except who sends it where.
fn draft(params: &Params, place: &str) -> Result<Draft, ApiError> {
    for name in ["MessageGroupId", "MessageDeduplicationId"] {
        if params.get(name).is_some() {
            let what = format!("the parameter {name} (FIFO topics)");
            return Err(ApiError::unsupported(ServiceName::Sns, &what));
        }
    }
    let text = params.get("Message").unwrap_or_default();
    if text.is_empty() {
        return Err(error::invalid("Empty message"));
    }
    let subject = params.get("Subject").map(subject).transpose()?;
    let body = match params.get("MessageStructure") {
        None | Some("") => Body::Same(text.to_owned()),
        Some("json") => by_protocol(text)?,
        Some(_) => return Err(error::invalid("MessageStructure")),
    };
    let attributes = attributes::read(params, place)?;
    Ok(Draft {
        size: size(text, &attributes),
        subject,
        body,
        attributes,
    })
}

/// Line breaks and control characters are not allowed, nor is anything beyond ASCII.
fn subject(text: &str) -> Result<String, ApiError> {
    let starts_well = text.chars().next().is_some_and(|c| c.is_ascii_graphic());
    let plain = text.chars().all(|c| c.is_ascii_graphic() || c == ' ');
    if starts_well && plain && text.len() < SUBJECT_LIMIT {
        Ok(text.to_owned())
    } else {
        Err(error::invalid("Subject"))
    }
}

fn by_protocol(text: &str) -> Result<Body, ApiError> {
    let structure = |what: &str| error::invalid(format!("Message Structure - {what}"));
    let Ok(Value::Object(texts)) = serde_json::from_str(text) else {
        return Err(structure("JSON message body failed to parse"));
    };
    // Keys whose value is no string are ignored.
    let texts: BTreeMap<String, String> = texts
        .into_iter()
        .filter_map(|(protocol, text)| Some((protocol, text.as_str()?.to_owned())))
        .collect();
    if texts.contains_key("default") {
        Ok(Body::ByProtocol(texts))
    } else {
        Err(structure("No default entry in JSON message body"))
    }
}

fn is_batch_id(id: &str) -> bool {
    (1..=80).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(form: &[(&str, &str)], expected: Result<(), &str>) {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let drafted = draft(&Params::parse(None, form.as_bytes()), "");
        assert_eq!(
            drafted.map(|_| ()).map_err(|error| error.message),
            expected.map_err(str::to_owned),
            "{form}"
        );
    }

    #[test]
    fn a_message_needs_text_and_a_plain_subject() {
        check(&[("Message", "m")], Ok(()));
        check(
            &[("Message", "m"), ("Subject", "[zipster] step 2 of 5")],
            Ok(()),
        );
        check(&[], Err("Invalid parameter: Empty message"));
        let long = "s".repeat(100);
        for subject in ["", " s", "two\nlines", "über", &long] {
            check(
                &[("Message", "m"), ("Subject", subject)],
                Err("Invalid parameter: Subject"),
            );
        }
    }

    #[test]
    fn a_message_by_protocol_needs_a_default() {
        let json = ("MessageStructure", "json");
        check(&[("Message", r#"{"default": "d"}"#), json], Ok(()));
        let none = "Invalid parameter: Message Structure - No default entry in JSON message body";
        check(&[("Message", r#"{"sqs": "s"}"#), json], Err(none));
        check(&[("Message", r#"{"default": 1}"#), json], Err(none));
        check(
            &[("Message", "{not json"), json],
            Err("Invalid parameter: Message Structure - JSON message body failed to parse"),
        );
        let body = by_protocol(r#"{"default": "d", "sqs": "s"}"#).unwrap();
        assert_eq!(body.to(Protocol::Sqs), "s");
        assert_eq!(body.to(Protocol::Email), "d");
    }
}
