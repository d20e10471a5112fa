//! Queues and their messages: a message waits, is delayed, or is in flight.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use time::OffsetDateTime;
use tokio::sync::Notify;
use tokio_util::sync::DropGuard;
use zipster_names::{AccountId, Arn, QueueName};

use super::attributes::QueueAttributes;
use crate::journal::EntryId;
use crate::message::MessageAttributes;

/// The queues of all accounts and regions, by ARN.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) queues: BTreeMap<String, Queue>,
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
    pub(super) purged: Option<OffsetDateTime>,
    /// Told when a message can be received, and when the queue is deleted.
    pub(super) arrived: Arc<Notify>,
    messages: BTreeMap<u64, Message>,
    /// The numbers of the messages that can be received.
    waiting: BTreeSet<u64>,
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
    /// The queue that gave it up, in a dead-letter queue.
    pub(super) source: Option<Arn>,
    pub(super) sender: String,
    pub(super) sent: OffsetDateTime,
    pub(super) first_received: Option<OffsetDateTime>,
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
            messages: BTreeMap::new(),
            waiting: BTreeSet::new(),
            last: 0,
        }
    }

    /// Takes a message in, at the end; with a timer it stays hidden until [`Queue::surface`].
    pub(super) fn push(&mut self, draft: Draft, delay: impl FnOnce(u64) -> Option<DropGuard>) {
        let number = self.next_number();
        let place = delay(number).map_or(Place::Waiting, Place::Delayed);
        let message = Message {
            id: draft.id,
            body: draft.body,
            attributes: draft.attributes,
            trace_header: draft.trace_header,
            source: None,
            sender: draft.sender,
            sent: draft.sent,
            first_received: None,
            received: 0,
            entry: draft.entry,
            place,
        };
        self.insert(number, message);
    }

    /// Takes in a message that another queue gave up. It keeps its identity and its history.
    pub(super) fn push_dead(&mut self, message: Message, source: Arn, entry: EntryId) {
        let number = self.next_number();
        let message = Message {
            source: Some(source),
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
        if matches!(message.place, Place::Waiting) {
            self.waiting.insert(number);
            self.arrived.notify_waiters();
        }
        self.messages.insert(number, message);
    }

    /// The first message after number `after` that can be received, by number.
    pub(super) fn next_waiting(&self, after: u64) -> Option<(u64, &Message)> {
        let number = *self.waiting.range(after + 1..).next()?;
        Some((number, self.messages.get(&number)?))
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
        let receipt = Receipt {
            number,
            id: message.id.clone(),
            received: message.received,
        };
        self.hide(number, hide);
        Some((self.messages.get(&number)?, receipt))
    }

    /// Hides a message for as long as its timer runs, or shows it at once.
    pub(super) fn hide(&mut self, number: u64, timer: Option<DropGuard>) {
        let Some(message) = self.messages.get_mut(&number) else {
            return;
        };
        match timer {
            Some(timer) => {
                message.place = Place::InFlight(timer);
                self.waiting.remove(&number);
            }
            None => self.surface(number),
        }
    }

    /// Lets a message be received: its delay or its visibility timeout is over.
    pub(super) fn surface(&mut self, number: u64) {
        if let Some(message) = self.messages.get_mut(&number) {
            message.place = Place::Waiting;
            self.waiting.insert(number);
            self.arrived.notify_waiters();
        }
    }

    /// Whether this is the latest receipt of a message that is still here.
    pub(super) fn is_current(&self, receipt: &Receipt) -> bool {
        self.messages
            .get(&receipt.number)
            .is_some_and(|message| message.id == receipt.id && message.received == receipt.received)
    }

    /// Whether the message that the receipt was for is still here.
    pub(super) fn is_here(&self, receipt: &Receipt) -> bool {
        self.messages
            .get(&receipt.number)
            .is_some_and(|message| message.id == receipt.id)
    }

    /// Takes a message out.
    pub(super) fn remove(&mut self, number: u64) -> Option<Message> {
        self.waiting.remove(&number);
        self.messages.remove(&number)
    }

    /// Takes all messages out.
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
        self.messages.clear();
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

    /// How many messages are where.
    pub(super) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for message in self.messages.values() {
            match message.place {
                Place::Waiting => counts.waiting += 1,
                Place::Delayed(_) => counts.delayed += 1,
                Place::InFlight(_) => counts.in_flight += 1,
            }
        }
        counts
    }
}

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
