//! `PutLogEvents`.

use serde::Deserialize;
use serde_json::json;

use super::state::OVERHEAD;
use super::{Logs, error, input};
use crate::front::json::{answer, input as read};
use crate::front::{Answer, ApiError, Call};

/// What clients of the time before 2023 had to send along; today it means nothing, and AWS still
/// gives one.
pub(super) const SEQUENCE_TOKEN: &str = "49599284735429384751023985712345678901234567890123456789";

/// The most bytes of one batch, with [`OVERHEAD`] for each event.
const MOST_BYTES: usize = 1_048_576;

/// The most events of one batch.
const MOST_EVENTS: usize = 10_000;

const HOUR_MS: i64 = 60 * 60 * 1000;

/// How far ahead an event may be.
const AHEAD_MS: i64 = 2 * HOUR_MS;

/// How old an event may be.
const BEHIND_MS: i64 = 14 * 24 * HOUR_MS;

/// How far apart the events of a batch may be.
const SPAN_MS: i64 = 24 * HOUR_MS;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PutLogEvents {
    log_group_name: Option<String>,
    log_stream_name: Option<String>,
    log_events: Option<Vec<InputEvent>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct InputEvent {
    timestamp: Option<i64>,
    message: Option<String>,
}

impl Logs {
    /// Follows <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html>.
    pub(super) fn put_log_events(&self, call: &Call) -> Result<Answer, ApiError> {
        let asked: PutLogEvents = read(call)?;
        let group = input::group(call, asked.log_group_name.as_deref())?;
        let stream = input::stream_name(asked.log_stream_name.as_deref())?;
        let events = asked
            .log_events
            .ok_or_else(|| error::missing("logEvents"))?;
        let events = check(events)?;
        self.authorize_on(call, "logs:PutLogEvents", &group, stream)?;
        let now = self.now();
        let mut state = self.core.logs.lock();
        let horizon = state.group(&group, now)?.horizon(now);
        let count = events.len();
        let before = |time: i64| events.partition_point(|(timestamp, _)| *timestamp < time);
        // Events are in order, so each refusal is about the first or about the last of them.
        let too_old = before(now - BEHIND_MS);
        let expired = horizon.map_or(0, before);
        let too_new = events.partition_point(|(timestamp, _)| *timestamp <= now + AHEAD_MS);
        let kept = too_old.max(expired)..too_new;
        let mut result = json!({ "nextSequenceToken": SEQUENCE_TOKEN });
        let mut rejected = json!({});
        if too_old > 0 {
            rejected["tooOldLogEventEndIndex"] = too_old.into();
        }
        if expired > too_old {
            rejected["expiredLogEventEndIndex"] = expired.into();
        }
        if too_new < count {
            rejected["tooNewLogEventStartIndex"] = too_new.into();
        }
        if rejected != json!({}) {
            result["rejectedLogEventsInfo"] = rejected;
        }
        let kept = events.into_iter().take(kept.end).skip(kept.start);
        state.append(&group, stream, kept, now)?;
        Ok(answer(call, &result))
    }
}

/// The batch as times and messages, if it is one that AWS takes.
fn check(events: Vec<InputEvent>) -> Result<Vec<(i64, String)>, ApiError> {
    if events.is_empty() {
        let rule = "have length greater than or equal to 1";
        return Err(error::constraint("[]", "logEvents", rule));
    }
    if events.len() > MOST_EVENTS {
        let rule = format!("have length less than or equal to {MOST_EVENTS}");
        return Err(error::constraint("[...]", "logEvents", rule));
    }
    let mut checked = Vec::with_capacity(events.len());
    for (index, event) in events.into_iter().enumerate() {
        let member = |part: &str| format!("logEvents.{}.member.{part}", index + 1);
        let timestamp = event.timestamp;
        let timestamp = timestamp.ok_or_else(|| error::missing(&member("timestamp")))?;
        let message = event.message;
        let message = message.ok_or_else(|| error::missing(&member("message")))?;
        input::time(Some(timestamp), &member("timestamp"))?;
        input::length(&message, &member("message"), 1, usize::MAX)?;
        checked.push((timestamp, message));
    }
    let bytes: usize = checked
        .iter()
        .map(|(_, message)| message.len() + OVERHEAD)
        .sum();
    if bytes > MOST_BYTES {
        return Err(error::invalid(format!(
            "Upload too large: {bytes} bytes exceeds limit of {MOST_BYTES}"
        )));
    }
    if !checked.is_sorted_by_key(|(timestamp, _)| *timestamp) {
        return Err(error::invalid(
            "Log events in a single PutLogEvents request must be in chronological order.",
        ));
    }
    let (first, last) = (checked[0].0, checked[checked.len() - 1].0);
    if last - first > SPAN_MS {
        return Err(error::invalid(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 \
             hours.",
        ));
    }
    Ok(checked)
}
