//! Where log events are.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use time::OffsetDateTime;

use super::error;
use crate::front::ApiError;

/// What each event adds to the size of what holds it, in bytes
/// (<https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html>).
pub(super) const OVERHEAD: usize = 26;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// All log groups, of all accounts and regions.
#[derive(Debug, Default)]
pub struct LogGroups {
    // A std mutex: held while an answer is made, never across an await.
    state: Mutex<State>,
}

impl LogGroups {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is in them.
#[derive(Debug, Default)]
pub(super) struct State {
    /// By their ARNs, so those of one account and region in the order of their names.
    pub(super) groups: BTreeMap<String, Group>,
    /// How many events there ever were.
    events: u64,
}

/// A log group.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) class: &'static str,
    /// Unix milliseconds.
    pub(super) created: i64,
    pub(super) retention_days: Option<u32>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) streams: BTreeMap<String, Stream>,
}

/// A log stream.
#[derive(Debug, Default)]
pub(super) struct Stream {
    pub(super) name: String,
    /// Unix milliseconds.
    pub(super) created: i64,
    /// In the order of their places.
    pub(super) events: Vec<Event>,
    /// When the last batch came, Unix milliseconds.
    pub(super) ingested: Option<i64>,
}

/// One event.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) place: Place,
    /// When it came, Unix milliseconds.
    pub(super) ingested: i64,
    pub(super) message: String,
}

/// Where an event stands among all others: by time, and at the same time in the order of coming.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Unix milliseconds.
    pub(super) timestamp: i64,
    /// Counted from 1.
    pub(super) number: u64,
}

impl Place {
    /// Before everything.
    pub(super) const START: Self = Self {
        timestamp: 0,
        number: 0,
    };

    /// In 56 digits, as AWS writes what it calls an event's id, in the order of places.
    pub(super) fn digits(self) -> String {
        format!("3{:017}{:020}{:018}", self.timestamp, self.number, 0)
    }

    /// Reads what [`Place::digits`] wrote.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let is_place = text.len() == 56 && text.bytes().all(|byte| byte.is_ascii_digit());
        is_place.then_some(())?;
        Some(Self {
            timestamp: text[1..18].parse().ok()?,
            number: text[18..38].parse().ok()?,
        })
    }
}

impl State {
    /// A group, without the events whose time is over at `now`.
    pub(super) fn group(&mut self, arn: &str, now: i64) -> Result<&mut Group, ApiError> {
        let group = self.groups.get_mut(arn).ok_or_else(error::no_group)?;
        group.expire(now);
        Ok(group)
    }

    /// The number of the newest event, whose like there will not be again.
    pub(super) fn newest(&self) -> u64 {
        self.events
    }

    /// A stream, likewise.
    pub(super) fn stream(
        &mut self,
        group: &str,
        stream: &str,
        now: i64,
    ) -> Result<&mut Stream, ApiError> {
        let group = self.group(group, now)?;
        group.streams.get_mut(stream).ok_or_else(error::no_stream)
    }

    /// The tags of a group, none if there is no such group.
    pub(super) fn tags(&self, group: &str) -> BTreeMap<String, String> {
        let group = self.groups.get(group);
        group.map(|group| group.tags.clone()).unwrap_or_default()
    }

    /// Makes a group.
    pub(super) fn create_group(&mut self, group: Group) -> Result<(), ApiError> {
        if self.groups.contains_key(&group.arn) {
            return Err(error::exists("log group"));
        }
        self.groups.insert(group.arn.clone(), group);
        Ok(())
    }

    /// Makes a stream.
    pub(super) fn create_stream(
        &mut self,
        group: &str,
        stream: &str,
        now: i64,
    ) -> Result<(), ApiError> {
        let group = self.group(group, now)?;
        if group.streams.contains_key(stream) {
            return Err(error::exists("log stream"));
        }
        let made = Stream {
            name: stream.to_owned(),
            created: now,
            ..Stream::default()
        };
        group.streams.insert(stream.to_owned(), made);
        Ok(())
    }

    /// Adds events, each with its time, to a stream.
    pub(super) fn append(
        &mut self,
        group: &str,
        stream: &str,
        events: impl IntoIterator<Item = (i64, String)>,
        now: i64,
    ) -> Result<(), ApiError> {
        let mut number = self.events;
        let stream = self.stream(group, stream, now)?;
        for (timestamp, message) in events {
            number += 1;
            let place = Place { timestamp, number };
            let at = stream.events.partition_point(|event| event.place < place);
            let event = Event {
                place,
                ingested: now,
                message,
            };
            stream.events.insert(at, event);
        }
        stream.ingested = Some(now);
        self.events = number;
        Ok(())
    }
}

impl Group {
    /// A group that keeps everything for ever.
    pub(super) fn new(arn: String, name: String, class: &'static str, now: i64) -> Self {
        Self {
            name,
            arn,
            class,
            created: now,
            retention_days: None,
            tags: BTreeMap::new(),
            streams: BTreeMap::new(),
        }
    }

    /// The time before which events are not kept, if there is one.
    pub(super) fn horizon(&self, now: i64) -> Option<i64> {
        let days = self.retention_days?;
        Some(now - i64::from(days) * DAY_MS)
    }

    /// Forgets what is older than the retention.
    pub(super) fn expire(&mut self, now: i64) {
        let Some(horizon) = self.horizon(now) else {
            return;
        };
        for stream in self.streams.values_mut() {
            let is_old = |event: &Event| event.place.timestamp < horizon;
            let old = stream.events.partition_point(is_old);
            stream.events.drain(..old);
        }
    }

    /// Bytes of all events.
    pub(super) fn stored_bytes(&self) -> usize {
        let events = self.streams.values().flat_map(|stream| &stream.events);
        events.map(|event| event.message.len() + OVERHEAD).sum()
    }
}

/// Unix milliseconds.
pub(super) fn milliseconds(time: OffsetDateTime) -> i64 {
    i64::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written_and_keeps_its_order() {
        let places = [(0, 0), (5, 9), (5, 10), (6, 1)]
            .map(|(timestamp, number)| Place { timestamp, number });
        let digits = places.map(Place::digits);
        assert!(digits.is_sorted());
        for (place, digits) in places.iter().zip(&digits) {
            assert_eq!((digits.len(), Place::parse(digits)), (56, Some(*place)));
        }
        for wrong in ["", "3", &"é".repeat(28), &"9".repeat(56)] {
            assert_eq!(Place::parse(wrong), None);
        }
    }

    #[test]
    fn events_come_in_the_order_of_their_times_and_end_with_the_retention() {
        let mut state = State::default();
        let group = Group::new("g".to_owned(), "g".to_owned(), "STANDARD", 0);
        state.create_group(group).unwrap();
        state.create_stream("g", "s", 0).unwrap();
        let events = |times: &[i64]| -> Vec<(i64, String)> {
            times.iter().map(|time| (*time, time.to_string())).collect()
        };
        state.append("g", "s", events(&[10, 30]), 40).unwrap();
        state.append("g", "s", events(&[20, 30]), 40).unwrap();
        let times = |state: &mut State, now| -> Vec<i64> {
            let stream = state.stream("g", "s", now).unwrap();
            stream
                .events
                .iter()
                .map(|event| event.place.timestamp)
                .collect()
        };
        assert_eq!(times(&mut state, 40), [10, 20, 30, 30]);
        state.group("g", 40).unwrap().retention_days = Some(1);
        assert_eq!(times(&mut state, DAY_MS + 10), [10, 20, 30, 30]);
        assert_eq!(times(&mut state, DAY_MS + 21), [30, 30]);
    }
}
