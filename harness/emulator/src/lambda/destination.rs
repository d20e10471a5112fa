//! What happens to an asynchronous event in the end: the record for a destination, and the event
//! itself for a dead-letter queue.
//!
//! Both are sent as the function's execution role, whose permissions the destination checks.
//!
//! Follows <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html> and
//! <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html>. Left out:
//! event buses and buckets as destinations (refused when a function is configured).

use bytes::Bytes;
use serde_json::{Value, json};
use zipster_names::Arn;

use super::ending::timestamp;
use super::invocation::Finished;
use super::versions::Target;
use crate::core::Core;
use crate::courier::Delivery;
use crate::journal::{EntryId, Pending};
use crate::message::{AttributeValue, MessageAttribute, MessageAttributes};

/// How much of an error message a dead letter carries, in bytes.
const LONGEST_ERROR: usize = 1024;

/// Why an event is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    Success,
    RetriesExhausted,
    EventAgeExceeded,
    ZeroReservedConcurrency,
}

impl Condition {
    fn as_str(self) -> &'static str {
        match self {
            Self::Success => "Success",
            Self::RetriesExhausted => "RetriesExhausted",
            Self::EventAgeExceeded => "EventAgeExceeded",
            Self::ZeroReservedConcurrency => "ZeroReservedConcurrency",
        }
    }
}

/// The end of an event.
#[derive(Debug)]
pub(super) struct Ending<'a> {
    pub(super) target: &'a Target,
    pub(super) request_id: &'a str,
    pub(super) payload: &'a Bytes,
    pub(super) attempts: u32,
    pub(super) condition: Condition,
    /// The last attempt, if there was one.
    pub(super) last: Option<&'a Finished>,
    pub(super) cause: EntryId,
    pub(super) pending: &'a Pending,
}

/// Sends what the function's settings ask for.
pub(super) fn report(core: &Core, ending: &Ending<'_>) {
    let function = &ending.target.function;
    let (destination, dead_letter, role) = {
        let config = ending.target.event_config();
        let version = ending.target.current();
        let settings = &version.configuration;
        let success = ending.condition == Condition::Success;
        let destination = config.and_then(|config| {
            if success {
                config.on_success
            } else {
                config.on_failure
            }
        });
        let dead_letter = settings.dead_letter.clone().filter(|_| !success);
        (
            destination,
            dead_letter,
            settings.identity(&function.key.name),
        )
    };
    let send = |to: Arn, body: Bytes, attributes: MessageAttributes| {
        core.post.send(Delivery {
            to,
            from: function.key.source(),
            role: Some(role.clone()),
            body,
            subject: None,
            attributes,
            dead_letters: None,
            cause: ending.cause,
            pending: ending.pending.clone(),
        });
    };
    if let Some(to) = destination {
        let record = record(core, ending);
        send(to, record.to_string().into(), MessageAttributes::new());
    }
    if let Some(to) = dead_letter {
        send(to, ending.payload.clone(), attributes(ending));
    }
}

/// The record of an invocation.
fn record(core: &Core, ending: &Ending<'_>) -> Value {
    let mut record = json!({
        "version": "1.0",
        "timestamp": timestamp(core.clock.now()),
        "requestContext": {
            "requestId": ending.request_id,
            "functionArn": ending.target.qualified_arn(),
            "condition": ending.condition.as_str(),
            "approximateInvokeCount": ending.attempts,
        },
        "requestPayload": as_json(ending.payload),
    });
    if let Some(last) = ending.last {
        record["responseContext"] = json!({
            "statusCode": 200,
            "executedVersion": ending.target.current().name(),
        });
        if last.error.is_some() {
            record["responseContext"]["functionError"] = "Unhandled".into();
        }
        record["responsePayload"] = as_json(&last.payload);
    }
    record
}

fn as_json(payload: &Bytes) -> Value {
    if payload.is_empty() {
        return Value::Null;
    }
    serde_json::from_slice(payload)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(payload).into_owned()))
}

/// What a dead letter says beside the event.
fn attributes(ending: &Ending<'_>) -> MessageAttributes {
    let (code, message) = match (ending.last, ending.condition) {
        (Some(last), _) => (
            "200",
            last.error.as_ref().map(|error| error.message.clone()),
        ),
        (None, Condition::ZeroReservedConcurrency) => (
            "429",
            Some("Function not invoked. Function is configured with zero reserved concurrent executions".to_owned()),
        ),
        (None, Condition::Success | Condition::RetriesExhausted | Condition::EventAgeExceeded) => {
            ("429", Some("Rate Exceeded.".to_owned()))
        }
    };
    let mut message = message.unwrap_or_default();
    message.truncate(message.floor_char_boundary(LONGEST_ERROR));
    let attribute = |data_type: &str, value: String| MessageAttribute {
        data_type: data_type.to_owned(),
        value: AttributeValue::Text(value),
    };
    let mut attributes = MessageAttributes::from([
        (
            "RequestID".to_owned(),
            attribute("String", ending.request_id.to_owned()),
        ),
        ("ErrorCode".to_owned(), attribute("Number", code.to_owned())),
    ]);
    // Message attributes must not be empty.
    if !message.is_empty() {
        attributes.insert("ErrorMessage".to_owned(), attribute("String", message));
    }
    attributes
}
