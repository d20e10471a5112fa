//! `FilterLogEvents`, which searches a group, and `TestMetricFilter`, which tries a pattern.

use serde::Deserialize;
use serde_json::{Value, json};

use super::pattern::Pattern;
use super::read::{MOST_BYTES, MOST_EVENTS};
use super::state::{Event, Group, OVERHEAD, Place, Stream};
use super::{Logs, error, input};
use crate::front::json::{answer, input as read};
use crate::front::{Answer, ApiError, Call};

/// How many events one answer looks at: a search that finds little has several pages, as on AWS.
const MOST_SEARCHED: usize = 100_000;

/// The longest pattern, in characters.
const LONGEST_PATTERN: usize = 1024;

/// The most streams that can be named.
const MOST_STREAMS: usize = 100;

/// The most messages on which a pattern is tried at once.
const MOST_MESSAGES: usize = 50;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FilterLogEvents {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_names: Option<Vec<String>>,
    log_stream_name_prefix: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    filter_pattern: Option<String>,
    next_token: Option<String>,
    limit: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TestMetricFilter {
    filter_pattern: Option<String>,
    log_event_messages: Option<Vec<String>>,
}

/// What is searched for.
struct Search<'a> {
    streams: Streams<'a>,
    start: i64,
    end: i64,
    pattern: Pattern,
    after: Place,
    limit: usize,
}

/// Where.
enum Streams<'a> {
    All,
    Named(&'a [String]),
    Prefixed(&'a str),
}

impl Logs {
    /// Searches the events of a group, those of all streams in the order of their times.
    ///
    /// `interleaved` means nothing, as on AWS: answers always are.
    ///
    /// Follows <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html>.
    pub(super) fn filter_log_events(&self, call: &Call) -> Result<Answer, ApiError> {
        let asked: FilterLogEvents = read(call)?;
        let group = input::group_or_identifier(
            call,
            asked.log_group_name.as_deref(),
            asked.log_group_identifier.as_deref(),
        )?;
        let search = Search::of(&asked)?;
        self.authorize_on(call, "logs:FilterLogEvents", &group, "")?;
        let now = self.now();
        let mut state = self.core.logs.lock();
        let (events, next) = search.run(state.group(&group, now)?)?;
        let mut result = json!({ "events": events, "searchedLogStreams": [] });
        if let Some(next) = next {
            result["nextToken"] = next.digits().into();
        }
        Ok(answer(call, &result))
    }

    /// Tries a pattern on messages.
    ///
    /// Follows <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_TestMetricFilter.html>.
    pub(super) fn test_metric_filter(&self, call: &Call) -> Result<Answer, ApiError> {
        let asked: TestMetricFilter = read(call)?;
        let text = asked.filter_pattern;
        let text = text.ok_or_else(|| error::missing("filterPattern"))?;
        let messages = asked.log_event_messages;
        let messages = messages.ok_or_else(|| error::missing("logEventMessages"))?;
        let pattern = pattern(&text)?;
        count(messages.len(), "logEventMessages", MOST_MESSAGES)?;
        for message in &messages {
            input::length(message, "logEventMessages", 1, usize::MAX)?;
        }
        self.authorize(call, "logs:TestMetricFilter", "*", &[])?;
        let matches: Vec<Value> = messages
            .iter()
            .enumerate()
            .filter_map(|(index, message)| {
                let extracted = pattern.extract(message)?;
                Some(json!({
                    "eventNumber": index + 1,
                    "eventMessage": message,
                    "extractedValues": extracted,
                }))
            })
            .collect();
        Ok(answer(call, &json!({ "matches": matches })))
    }
}

impl<'a> Search<'a> {
    fn of(asked: &'a FilterLogEvents) -> Result<Self, ApiError> {
        let names = asked.log_stream_names.as_deref();
        let streams = match (names, asked.log_stream_name_prefix.as_deref()) {
            (Some(_), Some(_)) => {
                return Err(error::invalid(
                    "You must specify either logStreamNames or logStreamNamePrefix, but not both.",
                ));
            }
            (Some(names), None) => {
                count(names.len(), "logStreamNames", MOST_STREAMS)?;
                for name in names {
                    input::check_stream(name, "logStreamNames")?;
                }
                Streams::Named(names)
            }
            (None, Some(prefix)) => {
                input::check_stream(prefix, "logStreamNamePrefix")?;
                Streams::Prefixed(prefix)
            }
            (None, None) => Streams::All,
        };
        let after = match asked.next_token.as_deref() {
            Some(token) => Place::parse(token).ok_or_else(input::bad_token)?,
            None => Place::START,
        };
        Ok(Self {
            streams,
            start: input::time(asked.start_time, "startTime")?.unwrap_or(0),
            end: input::time(asked.end_time, "endTime")?.unwrap_or(i64::MAX),
            pattern: pattern(asked.filter_pattern.as_deref().unwrap_or_default())?,
            after,
            limit: input::limit(asked.limit, MOST_EVENTS)?,
        })
    }

    /// What was found, and the place after which the search goes on, if it has not ended.
    fn run(&self, group: &Group) -> Result<(Vec<Value>, Option<Place>), ApiError> {
        let mut candidates: Vec<(&Stream, &Event)> = Vec::new();
        for stream in self.streams(group)? {
            let first = stream.events.partition_point(|event| {
                event.place <= self.after || event.place.timestamp < self.start
            });
            let in_time = |event: &&Event| event.place.timestamp <= self.end;
            let events = stream.events[first..].iter().take_while(in_time);
            candidates.extend(events.map(|event| (stream, event)));
        }
        candidates.sort_unstable_by_key(|(_, event)| event.place);
        let mut found: Vec<Value> = Vec::new();
        let mut bytes = 0;
        let mut last = self.after;
        for (searched, (stream, event)) in candidates.into_iter().enumerate() {
            if searched == MOST_SEARCHED {
                return Ok((found, Some(last)));
            }
            if self.pattern.matches(&event.message) {
                bytes += event.message.len() + OVERHEAD;
                let is_full = bytes > MOST_BYTES && !found.is_empty();
                if found.len() == self.limit || is_full {
                    return Ok((found, Some(last)));
                }
                found.push(describe(stream, event));
            }
            last = event.place;
        }
        Ok((found, None))
    }

    fn streams<'g>(&self, group: &'g Group) -> Result<Vec<&'g Stream>, ApiError> {
        match self.streams {
            Streams::All => Ok(group.streams.values().collect()),
            Streams::Prefixed(prefix) => Ok(group
                .streams
                .values()
                .filter(|stream| stream.name.starts_with(prefix))
                .collect()),
            Streams::Named(names) => {
                let mut names: Vec<&String> = names.iter().collect();
                names.sort_unstable();
                names.dedup();
                names
                    .into_iter()
                    .map(|name| group.streams.get(name).ok_or_else(error::no_stream))
                    .collect()
            }
        }
    }
}

fn describe(stream: &Stream, event: &Event) -> Value {
    json!({
        "logStreamName": stream.name,
        "timestamp": event.place.timestamp,
        "message": event.message,
        "ingestionTime": event.ingested,
        "eventId": event.place.digits(),
    })
}

pub(super) fn pattern(text: &str) -> Result<Pattern, ApiError> {
    input::length(text, "filterPattern", 0, LONGEST_PATTERN)?;
    Pattern::parse(text).map_err(|error| error::invalid(error.to_string()))
}

/// Whether a list has from one to `most` members.
pub(super) fn count(length: usize, member: &str, most: usize) -> Result<(), ApiError> {
    let (value, rule) = match length {
        0 => ("[]", "have length greater than or equal to 1".to_owned()),
        length if length > most => ("[...]", format!("have length less than or equal to {most}")),
        _ => return Ok(()),
    };
    Err(error::constraint(value, member, rule))
}
