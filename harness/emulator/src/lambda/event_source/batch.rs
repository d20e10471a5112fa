//! A batch of messages: the event that a function gets, and what its answer says of each message.
//!
//! Follows <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html> and
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>.

use std::collections::BTreeSet;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::sqs::SourceMessage;

/// The largest event, in bytes.
const LARGEST: usize = 6_291_456;

/// What an event is besides its records, in bytes, roughly.
const FRAME: usize = 1_024;

/// The event for a function.
pub(super) fn event(messages: &[SourceMessage]) -> Bytes {
    let records: Vec<&Value> = messages.iter().map(|message| &message.record).collect();
    json!({ "Records": records }).to_string().into()
}

/// Messages in as many batches as the size of events asks for.
pub(super) fn split(messages: Vec<SourceMessage>) -> Vec<Vec<SourceMessage>> {
    let mut batches: Vec<Vec<SourceMessage>> = Vec::new();
    let mut size = 0;
    for message in messages {
        let more = message.record.to_string().len() + 1;
        match batches.last_mut() {
            Some(batch) if size + more <= LARGEST - FRAME => {
                size += more;
                batch.push(message);
            }
            Some(_) | None => {
                size = more;
                batches.push(vec![message]);
            }
        }
    }
    batches
}

#[derive(Deserialize)]
struct Report {
    #[serde(rename = "batchItemFailures")]
    failures: Option<Vec<Failure>>,
}

#[derive(Deserialize)]
struct Failure {
    #[serde(rename = "itemIdentifier")]
    id: String,
}

/// Which messages a function has failed, by its own report; `None`: all of them, since the report
/// cannot be understood. No report, or an empty one, is a success.
pub(super) fn failed(answer: &[u8], sent: &[SourceMessage]) -> Option<BTreeSet<String>> {
    let answer = match serde_json::from_slice(answer) {
        Ok(Value::Null) => return Some(BTreeSet::new()),
        Ok(answer @ Value::Object(_)) => answer,
        // Other answers are no reports at all.
        Ok(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => return None,
        Err(_) if answer.is_empty() => return Some(BTreeSet::new()),
        Err(_) => return None,
    };
    let report: Report = serde_json::from_value(answer).ok()?;
    let failures: BTreeSet<String> = report
        .failures
        .unwrap_or_default()
        .into_iter()
        .map(|failure| failure.id)
        .collect();
    let known = |id: &String| sent.iter().any(|message| message.id == *id);
    failures.iter().all(known).then_some(failures)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: &str, length: usize) -> SourceMessage {
        SourceMessage {
            id: id.to_owned(),
            handle: format!("handle-{id}"),
            record: json!({ "messageId": id, "body": "x".repeat(length) }),
            entry: None,
        }
    }

    #[track_caller]
    fn check(answer: &str, expected: Option<&[&str]>) {
        let sent = [message("a", 1), message("b", 1)];
        let expected = expected.map(|ids| ids.iter().map(|id| (*id).to_owned()).collect());
        assert_eq!(failed(answer.as_bytes(), &sent), expected, "{answer}");
    }

    #[test]
    fn a_report_names_the_messages_that_failed() {
        check("", Some(&[]));
        check("null", Some(&[]));
        check("{}", Some(&[]));
        check(r#"{"batchItemFailures": null}"#, Some(&[]));
        check(r#"{"batchItemFailures": []}"#, Some(&[]));
        let one = r#"{"batchItemFailures": [{"itemIdentifier": "b"}]}"#;
        check(one, Some(&["b"]));
    }

    #[test]
    fn a_report_that_cannot_be_understood_fails_all() {
        for answer in [
            r#""done""#,
            r#"{"batchItemFailures": [{"itemIdentifier": ""}]}"#,
            r#"{"batchItemFailures": [{"itemIdentifier": null}]}"#,
            r#"{"batchItemFailures": [{"id": "a"}]}"#,
            r#"{"batchItemFailures": [{"itemIdentifier": "unknown"}]}"#,
        ] {
            check(answer, None);
        }
    }

    #[test]
    fn an_event_is_no_larger_than_lambda_takes() {
        let million = 1_048_576;
        let messages = (0..10).map(|number| message(&number.to_string(), million));
        let batches = split(messages.collect());
        let counts: Vec<usize> = batches.iter().map(Vec::len).collect();
        assert_eq!(counts, [5, 5]);
        assert!(batches.iter().all(|batch| event(batch).len() <= LARGEST));
    }
}
