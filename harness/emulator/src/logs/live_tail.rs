//! `StartLiveTail`: events as they come, once a second, on one connection.

use std::sync::Arc;
use std::time::Duration;

use futures::{Stream, stream};
use serde::Deserialize;
use serde_json::{Value, json};

use super::filter::{count, pattern};
use super::pattern::Pattern;
use super::state::{Event, State, Stream as LogStream};
use super::{Logs, error, input};
use crate::clock::Wait;
use crate::core::Core;
use crate::front::event_stream::{self, StreamMessage};
use crate::front::json::input as read;
use crate::front::{Answer, ApiError, Call};

/// The most groups of a session.
const MOST_GROUPS: usize = 10;

/// The most streams, or prefixes of their names, that can be named.
const MOST_STREAMS: usize = 100;

/// The most events of one update; of more, a sample is sent.
const MOST_EVENTS: usize = 500;

/// What lies between two updates.
const INTERVAL: Duration = Duration::from_secs(1);

/// How long a session lasts.
const LONGEST: Duration = Duration::from_secs(3 * 60 * 60);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StartLiveTail {
    log_group_identifiers: Option<Vec<String>>,
    log_stream_names: Option<Vec<String>>,
    log_stream_name_prefixes: Option<Vec<String>>,
    log_event_filter_pattern: Option<String>,
}

/// What a session tells of.
struct Selection {
    /// The ARNs of groups.
    groups: Vec<String>,
    streams: Streams,
    pattern: Pattern,
}

enum Streams {
    All,
    Named(Vec<String>),
    Prefixed(Vec<String>),
}

/// A session that goes on.
struct Session {
    core: Arc<Core>,
    selection: Selection,
    /// The number of the newest event that was looked at.
    seen: u64,
    /// What is to be sent before anything else, the last one first.
    first: Vec<StreamMessage>,
    end: Wait,
    is_over: bool,
}

impl Logs {
    /// Sends what comes into groups from now on, until the client leaves or three hours are over.
    ///
    /// Follows <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartLiveTail.html>.
    pub(super) fn start_live_tail(&self, call: &Call) -> Result<Answer, ApiError> {
        let asked: StartLiveTail = read(call)?;
        let start = session_start(call, &self.core.random.uuid(), &asked);
        let selection = Selection::of(asked)?;
        for group in &selection.groups {
            self.authorize_on(call, "logs:StartLiveTail", group, "")?;
        }
        let now = self.now();
        let mut state = self.core.logs.lock();
        for group in &selection.groups {
            if state.group(group, now)?.class != "STANDARD" {
                return Err(error::invalid_operation(
                    "Live Tail is only supported for log groups of the Standard log class.",
                ));
            }
        }
        let session = Session {
            seen: state.newest(),
            core: Arc::clone(&self.core),
            selection,
            first: vec![start, StreamMessage::initial_response()],
            end: self.core.clock.limit(LONGEST),
            is_over: false,
        };
        Ok(event_stream::answer(call, session.messages()))
    }
}

fn session_start(call: &Call, session: &str, asked: &StartLiveTail) -> StreamMessage {
    let mut start = json!({
        "requestId": call.request_id,
        "sessionId": session,
        "logGroupIdentifiers": asked.log_group_identifiers,
    });
    let some = |member: &Option<Vec<String>>| member.clone().unwrap_or_default();
    start["logStreamNames"] = some(&asked.log_stream_names).into();
    start["logStreamNamePrefixes"] = some(&asked.log_stream_name_prefixes).into();
    let pattern = asked.log_event_filter_pattern.clone();
    start["logEventFilterPattern"] = pattern.unwrap_or_default().into();
    StreamMessage::Event("sessionStart", start)
}

impl Selection {
    fn of(asked: StartLiveTail) -> Result<Self, ApiError> {
        let member = "logGroupIdentifiers";
        let identifiers = asked.log_group_identifiers;
        let identifiers = identifiers.ok_or_else(|| error::missing(member))?;
        count(identifiers.len(), member, MOST_GROUPS)?;
        let groups: Vec<String> = identifiers
            .iter()
            .map(|identifier| input::group_arn(identifier, member))
            .collect::<Result<_, _>>()?;
        let streams = match (asked.log_stream_names, asked.log_stream_name_prefixes) {
            (Some(_), Some(_)) => {
                return Err(error::invalid(
                    "You must specify either logStreamNames or logStreamNamePrefixes, but not \
                     both.",
                ));
            }
            (Some(names), None) => Streams::Named(checked(names, "logStreamNames")?),
            (None, Some(prefixes)) => {
                Streams::Prefixed(checked(prefixes, "logStreamNamePrefixes")?)
            }
            (None, None) => Streams::All,
        };
        if groups.len() > 1 && !matches!(streams, Streams::All) {
            return Err(error::invalid(
                "logStreamNames and logStreamNamePrefixes can be specified only if \
                 logGroupIdentifiers has one log group.",
            ));
        }
        Ok(Self {
            groups,
            streams,
            pattern: pattern(
                asked
                    .log_event_filter_pattern
                    .as_deref()
                    .unwrap_or_default(),
            )?,
        })
    }

    /// What came after the event of the number `seen`, in the order of times.
    fn news(&self, state: &State, seen: u64) -> Vec<Value> {
        let mut news: Vec<(&str, &LogStream, &Event)> = Vec::new();
        for arn in &self.groups {
            // It may have been deleted, and even made again.
            let Some(group) = state.groups.get(arn) else {
                continue;
            };
            let streams = group.streams.values();
            for stream in streams.filter(|stream| self.streams.has(&stream.name)) {
                let events = stream.events.iter();
                let events = events.filter(|event| {
                    event.place.number > seen && self.pattern.matches(&event.message)
                });
                news.extend(events.map(|event| (arn.as_str(), stream, event)));
            }
        }
        news.sort_unstable_by_key(|(_, _, event)| event.place);
        news.into_iter()
            .map(|(group, stream, event)| describe(group, stream, event))
            .collect()
    }
}

impl Streams {
    fn has(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => names.iter().any(|named| named == name),
            Self::Prefixed(prefixes) => prefixes.iter().any(|prefix| name.starts_with(prefix)),
        }
    }
}

fn checked(names: Vec<String>, member: &str) -> Result<Vec<String>, ApiError> {
    count(names.len(), member, MOST_STREAMS)?;
    for name in &names {
        input::check_stream(name, member)?;
    }
    Ok(names)
}

impl Session {
    fn messages(self) -> impl Stream<Item = StreamMessage> + Send {
        stream::unfold(self, |mut session| async move {
            let message = session.next().await?;
            Some((message, session))
        })
    }

    async fn next(&mut self) -> Option<StreamMessage> {
        if let Some(message) = self.first.pop() {
            return Some(message);
        }
        if self.is_over {
            return None;
        }
        tokio::select! {
            biased;
            () = self.core.shutdown.cancelled() => None,
            () = &mut self.end => {
                self.is_over = true;
                let text = "The Live Tail session has timed out.";
                Some(StreamMessage::Exception("SessionTimeoutException", json!({ "message": text })))
            }
            () = self.core.clock.limit(INTERVAL) => Some(self.update()),
        }
    }

    /// What came since the last one. There is one each second, also if nothing came.
    fn update(&mut self) -> StreamMessage {
        let mut news = {
            let state = self.core.logs.lock();
            let news = self.selection.news(&state, self.seen);
            self.seen = state.newest();
            news
        };
        let is_sampled = news.len() > MOST_EVENTS;
        if is_sampled {
            news = sample(news);
        }
        let update = json!({
            "sessionMetadata": { "sampled": is_sampled },
            "sessionResults": news,
        });
        StreamMessage::Event("sessionUpdate", update)
    }
}

/// [`MOST_EVENTS`] of more events, evenly.
fn sample(events: Vec<Value>) -> Vec<Value> {
    let total = events.len();
    let chosen = |index: &usize| index * MOST_EVENTS / total != (index + 1) * MOST_EVENTS / total;
    let numbered = events.into_iter().enumerate();
    numbered
        .filter(|(index, _)| chosen(index))
        .map(|(_, event)| event)
        .collect()
}

/// An event, with its group as `ACCOUNT:NAME`.
fn describe(group: &str, stream: &LogStream, event: &Event) -> Value {
    let mut parts = group.splitn(7, ':').skip(4);
    let account = parts.next().unwrap_or_default();
    let name = parts.nth(1).unwrap_or_default();
    json!({
        "logStreamName": stream.name,
        "logGroupIdentifier": format!("{account}:{name}"),
        "message": event.message,
        "timestamp": event.place.timestamp,
        "ingestionTime": event.ingested,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_its_size_and_keeps_the_order() {
        for total in [501, 999, 1000, 1001, 12_345] {
            let events: Vec<Value> = (0..total).map(Value::from).collect();
            let sample = sample(events);
            assert_eq!(sample.len(), MOST_EVENTS, "of {total}");
            assert!(sample.is_sorted_by_key(|event| event.as_u64()));
        }
    }
}
