//! Queues and their messages: a message waits, is delayed, or is in flight.
//!
//! This file reads no clock: timers belong to the service, which says when one has ended
//! ([`Queue::surface`], [`Queue::expire`]).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use time::OffsetDateTime;
use tokio::sync::Notify;
use tokio_util::sync::DropGuard;
use zipster_names::{AccountId, Arn, QueueName};

use super::attributes::QueueAttributes;
use super::fifo::{Deduplication, Groups, SequenceNumber};
use super::moves::MoveTask;
use super::source::Watch;
use crate::journal::EntryId;
use crate::message::MessageAttributes;

/// The most messages that can be in flight.
///
/// Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>.
pub(super) const MOST_IN_FLIGHT: usize = 120_000;

/// The queues of all accounts and regions, by ARN.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) queues: BTreeMap<String, Queue>,
    /// Those that were deleted within the last minute.
    pub(super) deleted: BTreeSet<String>,
    /// Dead letters on their way back, and those that have gone, the latest last.
    pub(super) moves: Vec<MoveTask>,
}

/// A queue.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) arn: Arn,
    pub(super) account: AccountId,
    pub(super) name: QueueName,
    pub(super) attributes: QueueAttributes,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) created: OffsetDateTime,
    pub(super) modified: OffsetDateTime,
    /// Runs while the queue may not be purged again.
    pub(super) purged: Option<DropGuard>,
    /// Told when a message can be received, and when the queue is deleted.
    pub(super) arrived: Arc<Notify>,
    /// What was sent within the last minutes, in a FIFO queue.
    pub(super) deduplication: Deduplication,
    /// The functions that it feeds, and what they still have to do.
    pub(super) watch: Watch,
    messages: BTreeMap<u64, Message>,
    /// The numbers of the messages that can be received.
    waiting: BTreeSet<u64>,
    counts: Counts,
    /// The messages of a FIFO queue by their groups.
    groups: Groups,
    last: u64,
}

/// A message in a queue.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) body: String,
    pub(super) attributes: MessageAttributes,
    /// `AWSTraceHeader`, the one system attribute that senders set.
    pub(super) trace_header: Option<String>,
    /// `MessageGroupId`: an order to keep in a FIFO queue, a tenant to be fair to in another.
    pub(super) group: Option<String>,
    /// `MessageDeduplicationId`, in a FIFO queue.
    pub(super) deduplication: Option<String>,
    /// In a FIFO queue.
    pub(super) sequence: Option<SequenceNumber>,
    /// The queue that gave it up, in a dead-letter queue.
    pub(super) source: Option<Arn>,
    pub(super) sender: String,
    pub(super) sent: OffsetDateTime,
    pub(super) first_received: Option<OffsetDateTime>,
    /// When it was received for the last time.
    pub(super) received_at: Option<OffsetDateTime>,
    pub(super) received: u32,
    /// The journal entry that put it here.
    pub(super) entry: EntryId,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Waiting,
    /// Not yet receivable for the first time; the timer ends it.
    Delayed(#[expect(dead_code, reason = "dropping it stops the timer")] DropGuard),
    /// Received, and hidden until the timer ends.
    InFlight(#[expect(dead_code, reason = "dropping it stops the timer")] DropGuard),
}

/// What a message is made of when it is sent.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) id: String,
    pub(super) body: String,
    pub(super) attributes: MessageAttributes,
    pub(super) trace_header: Option<String>,
    pub(super) group: Option<String>,
    pub(super) deduplication: Option<String>,
    pub(super) sender: String,
    pub(super) sent: OffsetDateTime,
    pub(super) entry: EntryId,
}

/// How many messages are where.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) waiting: usize,
    pub(super) delayed: usize,
    pub(super) in_flight: usize,
}

/// How far a receiver has looked through a queue.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    after: u64,
    /// The group that is being taken from, in a FIFO queue.
    group: Option<String>,
    /// The groups that were looked at.
    seen: BTreeSet<String>,
}

/// Names one receipt of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Receipt {
    pub(super) number: u64,
    id: String,
    received: u32,
}

impl Receipt {
    /// The text that clients hand back.
    pub(super) fn handle(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}:{}:{}", self.number, self.received, self.id))
    }

    /// `None` for text that was never a handle.
    pub(super) fn parse(handle: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(handle).ok()?).ok()?;
        let mut fields = text.splitn(3, ':');
        Some(Self {
            number: fields.next()?.parse().ok()?,
            received: fields.next()?.parse().ok()?,
            id: fields.next()?.to_owned(),
        })
    }
}

impl Queue {
    /// An empty queue.
    pub(super) fn new(
        arn: Arn,
        account: AccountId,
        name: QueueName,
        attributes: QueueAttributes,
        tags: BTreeMap<String, String>,
        now: OffsetDateTime,
    ) -> Self {
        Self {
            arn,
            account,
            name,
            attributes,
            tags,
            created: now,
            modified: now,
            purged: None,
            arrived: Arc::default(),
            deduplication: Deduplication::default(),
            watch: Watch::default(),
            messages: BTreeMap::new(),
            waiting: BTreeSet::new(),
            counts: Counts::default(),
            groups: Groups::default(),
            last: 0,
        }
    }

    /// Whether it keeps the order of each group of messages.
    pub(super) fn is_fifo(&self) -> bool {
        self.name.is_fifo()
    }

    /// Takes a message in, at the end; with a timer it stays hidden until [`Queue::surface`].
    pub(super) fn push(
        &mut self,
        draft: Draft,
        delay: impl FnOnce(u64) -> Option<DropGuard>,
    ) -> Option<SequenceNumber> {
        let number = self.next_number();
        let sequence = self.is_fifo().then(|| SequenceNumber::of(number));
        let place = delay(number).map_or(Place::Waiting, Place::Delayed);
        let message = Message {
            id: draft.id,
            body: draft.body,
            attributes: draft.attributes,
            trace_header: draft.trace_header,
            group: draft.group,
            deduplication: draft.deduplication,
            sequence,
            source: None,
            sender: draft.sender,
            sent: draft.sent,
            first_received: None,
            received_at: None,
            received: 0,
            entry: draft.entry,
            place,
        };
        self.insert(number, message);
        sequence
    }

    /// Takes in a message that another queue gave up. It keeps its identity and its history; in a
    /// FIFO queue its retention starts anew.
    pub(super) fn push_dead(
        &mut self,
        message: Message,
        source: Arn,
        entry: EntryId,
        now: OffsetDateTime,
    ) {
        let number = self.next_number();
        let fifo = self.is_fifo();
        let message = Message {
            source: Some(source),
            sequence: fifo.then(|| SequenceNumber::of(number)),
            sent: if fifo { now } else { message.sent },
            entry,
            place: Place::Waiting,
            ..message
        };
        self.insert(number, message);
    }

    fn next_number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    fn insert(&mut self, number: u64, message: Message) {
        self.count(&message.place, |count| *count += 1);
        if self.is_fifo() {
            self.groups.add(message.group.as_deref(), number);
        }
        if matches!(message.place, Place::Waiting) {
            self.waiting.insert(number);
            self.arrived.notify_waiters();
        }
        self.messages.insert(number, message);
    }

    fn count(&mut self, place: &Place, change: impl FnOnce(&mut usize)) {
        change(match place {
            Place::Waiting => &mut self.counts.waiting,
            Place::Delayed(_) => &mut self.counts.delayed,
            Place::InFlight(_) => &mut self.counts.in_flight,
        });
    }

    /// Moves a message within the queue.
    fn place(&mut self, number: u64, place: Place) {
        let Some(message) = self.messages.get_mut(&number) else {
            return;
        };
        let before = std::mem::replace(&mut message.place, place);
        let group = message.group.clone();
        let now_waiting = matches!(message.place, Place::Waiting);
        let in_flight = matches!(message.place, Place::InFlight(_));
        match (now_waiting, in_flight) {
            (true, _) => self.counts.waiting += 1,
            (false, true) => self.counts.in_flight += 1,
            (false, false) => self.counts.delayed += 1,
        }
        self.count(&before, |count| *count -= 1);
        if self.is_fifo() {
            let was_in_flight = matches!(before, Place::InFlight(_));
            self.groups
                .locked(group.as_deref(), was_in_flight, in_flight);
        }
        if now_waiting {
            self.waiting.insert(number);
            self.arrived.notify_waiters();
        } else {
            self.waiting.remove(&number);
        }
    }

    /// The next message that can be received. A standard queue gives them in the order of their
    /// arrival; a FIFO queue as many of one group as there are, then those of the next, and none
    /// of a group of which some are in flight.
    pub(super) fn next_waiting(&self, cursor: &mut Cursor) -> Option<(u64, &Message)> {
        if !self.is_fifo() {
            let number = *self.waiting.range(cursor.after + 1..).next()?;
            cursor.after = number;
            return Some((number, self.messages.get(&number)?));
        }
        if let Some(group) = cursor.group.take()
            && let Some(number) = self.groups.after(Some(&group), cursor.after)
            && self.waiting.contains(&number)
        {
            cursor.after = number;
            cursor.group = Some(group);
            return Some((number, self.messages.get(&number)?));
        }
        for number in &self.waiting {
            let message = self.messages.get(number)?;
            let group = message.group.clone().unwrap_or_default();
            if !cursor.seen.insert(group.clone()) || self.groups.is_locked(&group) {
                continue;
            }
            // An earlier one that is still delayed goes first.
            if self.groups.after(Some(&group), 0) == Some(*number) {
                cursor.after = *number;
                cursor.group = Some(group);
                return Some((*number, message));
            }
        }
        None
    }

    /// Whether anything can be received.
    pub(super) fn has_waiting(&self) -> bool {
        self.next_waiting(&mut Cursor::default()).is_some()
    }

    /// Marks a waiting message as received once more; with a timer it is hidden until
    /// [`Queue::surface`].
    pub(super) fn receive(
        &mut self,
        number: u64,
        now: OffsetDateTime,
        hide: Option<DropGuard>,
    ) -> Option<(&Message, Receipt)> {
        let message = self.messages.get_mut(&number)?;
        message.received += 1;
        message.first_received.get_or_insert(now);
        message.received_at = Some(now);
        let receipt = Receipt {
            number,
            id: message.id.clone(),
            received: message.received,
        };
        if let Some(timer) = hide {
            self.place(number, Place::InFlight(timer));
        }
        Some((self.messages.get(&number)?, receipt))
    }

    /// Hides a message for as long as its timer runs, or shows it at once.
    pub(super) fn hide(&mut self, number: u64, timer: Option<DropGuard>) {
        self.place(number, timer.map_or(Place::Waiting, Place::InFlight));
    }

    /// Lets a message be received: its delay or its visibility timeout is over.
    pub(super) fn surface(&mut self, number: u64) {
        self.place(number, Place::Waiting);
    }

    /// Whether this is the latest receipt of a message that is still here.
    pub(super) fn is_current(&self, receipt: &Receipt) -> bool {
        self.messages
            .get(&receipt.number)
            .is_some_and(|message| message.id == receipt.id && message.received == receipt.received)
    }

    /// The message that the receipt was for, if it is still here.
    pub(super) fn of(&self, receipt: &Receipt) -> Option<&Message> {
        self.messages
            .get(&receipt.number)
            .filter(|message| message.id == receipt.id)
    }

    /// Takes a message out.
    pub(super) fn remove(&mut self, number: u64) -> Option<Message> {
        let message = self.messages.remove(&number)?;
        self.waiting.remove(&number);
        self.count(&message.place, |count| *count -= 1);
        if self.is_fifo() {
            let in_flight = message.is_in_flight();
            self.groups
                .remove(message.group.as_deref(), number, in_flight);
            // The next one of the group may go.
            self.arrived.notify_waiters();
        }
        Some(message)
    }

    /// Takes all messages out.
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
        self.messages.clear();
        self.groups = Groups::default();
        self.counts = Counts::default();
    }

    /// Forgets messages that were sent before `limit`: their retention is over.
    pub(super) fn expire(&mut self, limit: OffsetDateTime) {
        // Messages are in the order of arrival, except for those that came from another queue.
        let old: Vec<u64> = self
            .messages
            .iter()
            .filter(|(_, message)| message.sent < limit)
            .map(|(number, _)| *number)
            .collect();
        for number in old {
            self.remove(number);
        }
    }

    /// The first message that is not hidden: the next dead letter to go back.
    pub(super) fn first_waiting(&self) -> Option<u64> {
        self.waiting.first().copied()
    }

    /// The queue that gave a message up.
    pub(super) fn source_of(&self, number: u64) -> Option<Arn> {
        self.messages.get(&number)?.source.clone()
    }

    /// Takes a message out, unless it is hidden.
    pub(super) fn take_waiting(&mut self, number: u64) -> Option<Message> {
        self.waiting.contains(&number).then_some(())?;
        self.remove(number)
    }

    /// How many messages are where.
    pub(super) fn counts(&self) -> Counts {
        self.counts
    }
}

impl Message {
    /// Whether it was received and is hidden.
    pub(super) fn is_in_flight(&self) -> bool {
        matches!(self.place, Place::InFlight(_))
    }
}

#[cfg(test)]
mod model;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_names_its_receipt() {
        let receipt = Receipt {
            number: 7,
            id: "id:with:colons".to_owned(),
            received: 2,
        };
        assert_eq!(Receipt::parse(&receipt.handle()), Some(receipt));
        for text in ["", "garbage!", "AAAA"] {
            assert_eq!(Receipt::parse(text), None, "{text}");
        }
    }
}
