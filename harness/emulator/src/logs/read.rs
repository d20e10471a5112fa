//! `GetLogEvents`: one stream, forwards or backwards.
//!
//! A token names a place between two events and a direction, so it stays good whatever is written
//! meanwhile. At the end of the stream the caller gets back the token that it gave.

use serde::Deserialize;
use serde_json::{Value, json};

use super::state::{Event, OVERHEAD, Place};
use super::{Logs, error, input};
use crate::front::json::{answer, input as read};
use crate::front::{Answer, ApiError, Call};

/// The most events of one answer.
pub(super) const MOST_EVENTS: usize = 10_000;

/// The most bytes of one answer.
pub(super) const MOST_BYTES: usize = 1_048_576;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GetLogEvents {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    next_token: Option<String>,
    limit: Option<i64>,
    #[serde(default)]
    start_from_head: bool,
}

/// Where reading goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    /// With what comes after.
    Forward(Place),
    /// With what comes before.
    Backward(Place),
}

impl Token {
    fn text(self) -> String {
        match self {
            Self::Forward(after) => format!("f/{}/s", after.digits()),
            Self::Backward(before) => format!("b/{}/s", before.digits()),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (direction, place) = text.strip_suffix("/s")?.split_once('/')?;
        let place = Place::parse(place)?;
        match direction {
            "f" => Some(Self::Forward(place)),
            "b" => Some(Self::Backward(place)),
            _ => None,
        }
    }
}

impl Logs {
    /// Follows <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html>.
    pub(super) fn get_log_events(&self, call: &Call) -> Result<Answer, ApiError> {
        let asked: GetLogEvents = read(call)?;
        let group = input::group_or_identifier(
            call,
            asked.log_group_name.as_deref(),
            asked.log_group_identifier.as_deref(),
        )?;
        let stream = input::stream_name(asked.log_stream_name.as_deref())?;
        let limit = input::limit(asked.limit, MOST_EVENTS)?;
        let start = input::time(asked.start_time, "startTime")?;
        let end = input::time(asked.end_time, "endTime")?;
        let token = asked.next_token.as_deref().map(|text| {
            let token = Token::parse(text);
            token.ok_or_else(|| error::invalid("The specified nextToken is invalid."))
        });
        let token = token.transpose()?;
        self.authorize_on(call, "logs:GetLogEvents", &group, stream)?;
        let now = self.now();
        let mut state = self.core.logs.lock();
        let events = &state.stream(&group, stream, now)?.events;
        let from = start.map_or(0, |start| {
            events.partition_point(|event| event.place.timestamp < start)
        });
        let until = end.map_or(events.len(), |end| {
            events.partition_point(|event| event.place.timestamp < end)
        });
        let window = &events[from.min(until)..until];
        let page = page(window, token, asked.start_from_head, limit);
        let (forward, backward) = tokens(page, token);
        let events: Vec<Value> = page.iter().map(describe).collect();
        let result = json!({
            "events": events,
            "nextForwardToken": forward.text(),
            "nextBackwardToken": backward.text(),
        });
        Ok(answer(call, &result))
    }
}

/// The events that one answer has room for, in order.
fn page(window: &[Event], token: Option<Token>, from_head: bool, limit: usize) -> &[Event] {
    let (rest, forwards) = match token {
        Some(Token::Forward(after)) => {
            let first = window.partition_point(|event| event.place <= after);
            (&window[first..], true)
        }
        Some(Token::Backward(before)) => {
            let end = window.partition_point(|event| event.place < before);
            (&window[..end], false)
        }
        None => (window, from_head),
    };
    if forwards {
        &rest[..room(rest.iter(), limit)]
    } else {
        &rest[rest.len() - room(rest.iter().rev(), limit)..]
    }
}

/// How many of these events one answer has room for; at least one, however long it is.
pub(super) fn room<'a>(events: impl Iterator<Item = &'a Event>, limit: usize) -> usize {
    let mut bytes = 0;
    let mut count = 0;
    for event in events.take(limit) {
        bytes += event.message.len() + OVERHEAD;
        if bytes > MOST_BYTES && count > 0 {
            break;
        }
        count += 1;
    }
    count
}

/// The tokens on both sides of a page that was read with `token`.
fn tokens(page: &[Event], token: Option<Token>) -> (Token, Token) {
    if let (Some(first), Some(last)) = (page.first(), page.last()) {
        return (Token::Forward(last.place), Token::Backward(first.place));
    }
    match token {
        // Backwards from here, the event after which there is nothing comes first.
        Some(Token::Forward(after)) => {
            let number = after.number.saturating_add(1);
            (
                Token::Forward(after),
                Token::Backward(Place { number, ..after }),
            )
        }
        Some(Token::Backward(before)) => {
            let number = before.number.saturating_sub(1);
            (
                Token::Forward(Place { number, ..before }),
                Token::Backward(before),
            )
        }
        None => (Token::Forward(Place::START), Token::Backward(Place::START)),
    }
}

fn describe(event: &Event) -> Value {
    json!({
        "timestamp": event.place.timestamp,
        "message": event.message,
        "ingestionTime": event.ingested,
    })
}
