//! What FIFO queues know beside their messages: groups, sequence numbers, and what was sent
//! before.
//!
//! Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html>
//! and <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-exactly-once-processing.html>.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio_util::sync::DropGuard;

use super::error;
use super::state::Receipt;
use crate::front::ApiError;

/// How long a queue remembers what was sent, and what a receiver got.
pub(super) const DEDUPLICATION_INTERVAL: Duration = Duration::from_secs(300);

/// The longest `MessageGroupId` and `MessageDeduplicationId`.
const LONGEST_ID: usize = 128;

/// Where a FIFO queue put a message: 20 digits, growing within the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SequenceNumber(u128);

impl SequenceNumber {
    /// AWS's numbers have this size and grow by this much.
    const FIRST: u128 = 18_850_000_000_000_000_000;
    const STEP: u128 = 256;

    /// That of the queue's `number`th message.
    pub(super) fn of(number: u64) -> Self {
        Self(Self::FIRST + u128::from(number) * Self::STEP)
    }
}

impl fmt::Display for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:020}", self.0)
    }
}

/// The messages of each group, and which groups wait for one of theirs.
#[derive(Debug, Default)]
pub(super) struct Groups {
    members: BTreeMap<String, BTreeSet<u64>>,
    /// How many of a group are in flight, if any.
    in_flight: BTreeMap<String, usize>,
}

impl Groups {
    pub(super) fn add(&mut self, group: Option<&str>, number: u64) {
        let group = group.unwrap_or_default().to_owned();
        self.members.entry(group).or_default().insert(number);
    }

    pub(super) fn remove(&mut self, group: Option<&str>, number: u64, in_flight: bool) {
        let name = group.unwrap_or_default();
        if let Some(members) = self.members.get_mut(name) {
            members.remove(&number);
            if members.is_empty() {
                self.members.remove(name);
            }
        }
        self.locked(group, in_flight, false);
    }

    /// One of the group came into flight, or landed.
    pub(super) fn locked(&mut self, group: Option<&str>, before: bool, now: bool) {
        let name = group.unwrap_or_default();
        match (before, now) {
            (false, true) => *self.in_flight.entry(name.to_owned()).or_default() += 1,
            (true, false) => {
                if let Some(count) = self.in_flight.get_mut(name) {
                    *count -= 1;
                    if *count == 0 {
                        self.in_flight.remove(name);
                    }
                }
            }
            (true, true) | (false, false) => {}
        }
    }

    /// Whether one of the group is in flight.
    pub(super) fn is_locked(&self, group: &str) -> bool {
        self.in_flight.contains_key(group)
    }

    /// The group's first message after `number`.
    pub(super) fn after(&self, group: Option<&str>, number: u64) -> Option<u64> {
        let members = self.members.get(group.unwrap_or_default())?;
        members.range(number + 1..).next().copied()
    }
}

/// Within what a deduplication identifier is unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Queue,
    MessageGroup,
}

/// Names something that was sent: the group, if it matters, and the identifier.
pub(super) type Sent = (Option<String>, String);

/// What was sent and received within the last minutes.
#[derive(Debug, Default)]
pub(super) struct Deduplication {
    sent: BTreeMap<Sent, Original>,
    attempts: BTreeMap<String, Attempt>,
}

/// The message that was sent first.
#[derive(Debug)]
pub(super) struct Original {
    pub(super) id: String,
    pub(super) sequence: Option<SequenceNumber>,
    _timer: Option<DropGuard>,
}

/// What a receiver got for a `ReceiveRequestAttemptId`.
#[derive(Debug)]
struct Attempt {
    receipts: Vec<Receipt>,
    _timer: Option<DropGuard>,
}

impl Deduplication {
    /// The message that had the same identifier, if it was sent within the interval.
    pub(super) fn original(&self, sent: &Sent) -> Option<&Original> {
        self.sent.get(sent)
    }

    /// Remembers a message until [`Deduplication::forget`], which the timer calls.
    pub(super) fn remember(
        &mut self,
        sent: Sent,
        id: String,
        sequence: Option<SequenceNumber>,
        timer: Option<DropGuard>,
    ) {
        let original = Original {
            id,
            sequence,
            _timer: timer,
        };
        self.sent.insert(sent, original);
    }

    /// The interval is over.
    pub(super) fn forget(&mut self, sent: &Sent) {
        self.sent.remove(sent);
    }

    /// What was received with this `ReceiveRequestAttemptId`.
    pub(super) fn attempt(&self, id: &str) -> Option<&[Receipt]> {
        Some(&self.attempts.get(id)?.receipts)
    }

    /// Remembers an attempt until [`Deduplication::forget_attempt`].
    pub(super) fn remember_attempt(
        &mut self,
        id: String,
        receipts: Vec<Receipt>,
        timer: Option<DropGuard>,
    ) {
        let attempt = Attempt {
            receipts,
            _timer: timer,
        };
        self.attempts.insert(id, attempt);
    }

    /// The interval is over.
    pub(super) fn forget_attempt(&mut self, id: &str) {
        self.attempts.remove(id);
    }
}

/// The identifier that `ContentBasedDeduplication` gives a body.
pub(super) fn of_content(body: &str) -> String {
    hex::encode(Sha256::digest(body.as_bytes()))
}

/// Checks an identifier that a client made up.
pub(super) fn check_id(name: &str, value: &str) -> Result<(), ApiError> {
    let plain = value.chars().all(|c| c.is_ascii_graphic());
    if plain && (1..=LONGEST_ID).contains(&value.len()) {
        return Ok(());
    }
    let reason = format!(
        "{name} can only include alphanumeric and punctuation characters. 1 to {LONGEST_ID} in \
         length."
    );
    Err(error::value(value, name, &reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_number_has_20_digits_and_grows() {
        let (first, later) = (SequenceNumber::of(1), SequenceNumber::of(2));
        assert_eq!(first.to_string().len(), 20);
        assert!(first < later && first.to_string() < later.to_string());
        assert_eq!(
            SequenceNumber::of(u64::from(u32::MAX)).to_string().len(),
            20
        );
    }

    #[test]
    fn identifiers_are_short_and_readable() {
        assert!(check_id("MessageGroupId", "tenant-1!\"#$%&'()*+,-./").is_ok());
        for wrong in ["", "with space", "ü", &"x".repeat(129)] {
            assert!(check_id("MessageGroupId", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn content_is_known_by_its_sha_256() {
        assert_eq!(
            of_content("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
