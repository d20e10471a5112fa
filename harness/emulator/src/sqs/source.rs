//! Queues as Lambda's pollers see them: the event source of functions.
//!
//! While somebody polls a queue, what lies in it is work: a message that can be received, one whose
//! delay will end, and one that was received and will come back until it is given up. A message
//! that nobody would ever give up is work only while it can be received, else the emulator would
//! never settle.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use tokio::sync::Notify;

use super::receive::{Take, system_attributes};
use super::state::{Cursor, Message, Queue, Receipt};
use super::{Sqs, digest};
use crate::iam::Authorization;
use crate::identity::Identity;
use crate::journal::{EntryId, Journal, Pending};
use crate::message::AttributeValue;

/// A message for a function.
#[derive(Debug, Clone)]
pub struct SourceMessage {
    /// Its identifier.
    pub id: String,
    /// What it is deleted with.
    pub handle: String,
    /// As the function's event has it.
    pub record: Value,
    /// The journal entry that queued it.
    pub entry: Option<EntryId>,
}

/// What has to be known of a queue before a function is mapped to it.
#[derive(Debug, Clone, Copy)]
pub struct SourceQueue {
    /// How long a received message stays hidden.
    pub visibility_timeout: Duration,
}

/// Who polls a queue, and the work that lies there.
#[derive(Debug, Default)]
pub(super) struct Watch {
    pollers: usize,
    journal: Option<Journal>,
    work: Option<Pending>,
}

impl Watch {
    /// Takes note of whether there is work, after the queue has changed.
    pub(super) fn note(queue: &mut Queue) {
        let pollers = queue.watch.pollers;
        let is_work = pollers > 0 && {
            let counts = queue.counts();
            let comes_back = counts.in_flight > 0 && queue.attributes.redrive.is_some();
            comes_back || counts.delayed > 0 || queue.has_waiting()
        };
        let watch = &mut queue.watch;
        match (&watch.journal, is_work) {
            (Some(journal), true) => {
                watch.work.get_or_insert_with(|| journal.pending());
            }
            (_, false) | (None, true) => watch.work = None,
        }
    }
}

/// A poller at a queue; dropped, it is gone.
#[derive(Debug)]
pub struct Watching {
    sqs: Arc<Sqs>,
    queue: String,
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.sqs.on_queue(&self.queue, |queue| {
            queue.watch.pollers = queue.watch.pollers.saturating_sub(1);
        });
    }
}

impl Sqs {
    /// A queue, if it is there.
    #[must_use]
    pub fn source(&self, queue: &str) -> Option<SourceQueue> {
        self.on_queue(queue, |queue| SourceQueue {
            visibility_timeout: queue.attributes.visibility_timeout,
        })
        .ok()
    }

    /// What is told when a message can be received, and when the queue is deleted.
    #[must_use]
    pub fn arrived(&self, queue: &str) -> Option<Arc<Notify>> {
        self.on_queue(queue, |queue| Arc::clone(&queue.arrived))
            .ok()
    }

    /// From now on somebody works on what lies in a queue.
    #[must_use]
    pub fn watch(self: &Arc<Self>, queue: &str) -> Watching {
        let journal = self.core.journal.clone();
        let _ = self.on_queue(queue, |queue| {
            queue.watch.journal = Some(journal);
            queue.watch.pollers += 1;
        });
        Watching {
            sqs: Arc::clone(self),
            queue: queue.to_owned(),
        }
    }

    /// The entry that queued the next message that can be received, if there is one.
    #[must_use]
    pub fn waiting(&self, queue: &str) -> Option<EntryId> {
        let first = |queue: &mut Queue| {
            let (_, message) = queue.next_waiting(&mut Cursor::default())?;
            Some(message.entry)
        };
        self.on_queue(queue, first).ok().flatten()
    }

    /// Decides whether a role may do something with a queue, whose own policy has a say.
    ///
    /// # Errors
    /// Why not.
    pub fn may(
        &self,
        role: &Identity,
        action: &str,
        queue: &str,
        cause: Option<EntryId>,
    ) -> Result<(), String> {
        let policy = self
            .on_queue(queue, |queue| queue.attributes.policy.clone())
            .map_err(|error| error.message)?;
        let Some(cause) = cause else {
            return Err("nothing has made this necessary".to_owned());
        };
        let request = Authorization {
            cause,
            action,
            resource: queue,
            context: &[],
            resource_policy: policy.as_deref(),
        };
        self.core
            .authorize_as(role, &request)
            .map_err(|denied| denied.message)
    }

    /// Receives what is there, as a role and for a function. The decision is an effect of what
    /// queued the first message. The messages are hidden until they are deleted or
    /// [released](Self::release_source): a clock that hurries must not show them while the
    /// function, which does not, is still at work.
    ///
    /// # Errors
    /// Why nothing can be received.
    pub fn receive_source(
        self: &Arc<Self>,
        queue: &str,
        role: &Identity,
        most: usize,
    ) -> Result<Vec<SourceMessage>, String> {
        let Some(cause) = self.waiting(queue) else {
            return Ok(Vec::new());
        };
        self.may(role, "sqs:ReceiveMessage", queue, Some(cause))?;
        let region = queue.split(':').nth(3).unwrap_or_default();
        let take = Take {
            most,
            hold: true,
            ..Take::default()
        };
        self.take(queue, &take, |message, receipt| SourceMessage {
            id: message.id.clone(),
            handle: receipt.handle(),
            record: record(message, receipt, queue, region),
            entry: Some(message.entry),
        })
        .map_err(|error| error.message)
    }

    /// Deletes what a function has done, as a role; what cannot be deleted comes again.
    pub fn delete_source(
        &self,
        queue: &str,
        role: &Identity,
        messages: &[SourceMessage],
        cause: Option<EntryId>,
    ) {
        if messages.is_empty() || self.may(role, "sqs:DeleteMessage", queue, cause).is_err() {
            return;
        }
        let _ = self.on_queue(queue, |queue| {
            let handles = messages.iter().map(|message| &message.handle);
            for receipt in handles.filter_map(|handle| Receipt::parse(handle)) {
                // It may have come back meanwhile; then it is somebody else's.
                if queue.is_current(&receipt) {
                    queue.remove(receipt.number);
                }
            }
        });
    }

    /// Lets those that were not deleted come back, when the rest of their visibility timeout is
    /// over.
    pub fn release_source(self: &Arc<Self>, queue: &str, messages: &[SourceMessage]) {
        let now = self.core.clock.now();
        let _ = self.on_queue(queue, |open| {
            let timeout = open.attributes.visibility_timeout;
            let handles = messages.iter().map(|message| &message.handle);
            for receipt in handles.filter_map(|handle| Receipt::parse(handle)) {
                if open.is_current(&receipt) {
                    let since = open.of(&receipt).and_then(|message| message.received_at);
                    let timer = self.timer(queue, receipt.number, left(timeout, since, now));
                    open.hide(receipt.number, timer);
                }
            }
        });
    }
}

/// What is left of a visibility timeout.
fn left(timeout: Duration, since: Option<OffsetDateTime>, now: OffsetDateTime) -> Duration {
    let passed = since.map_or(Duration::ZERO, |since| {
        Duration::try_from(now - since).unwrap_or_default()
    });
    timeout.saturating_sub(passed)
}

/// A message as a function's event has it.
///
/// Follows <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-standard-queue-message-event>.
fn record(message: &Message, receipt: &Receipt, queue: &str, region: &str) -> Value {
    let system = system_attributes(message);
    let system: Map<String, Value> = system
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.into())))
        .collect();
    let attributes: Map<String, Value> = message
        .attributes
        .iter()
        .map(|(name, attribute)| {
            let mut shown = json!({
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": attribute.data_type,
            });
            match &attribute.value {
                AttributeValue::Text(text) => shown["stringValue"] = text.clone().into(),
                AttributeValue::Binary(bytes) => {
                    shown["binaryValue"] = STANDARD.encode(bytes).into();
                }
            }
            (name.clone(), shown)
        })
        .collect();
    let mut record = json!({
        "messageId": message.id,
        "receiptHandle": receipt.handle(),
        "body": message.body,
        "attributes": system,
        "messageAttributes": attributes,
        "md5OfBody": digest::body(&message.body),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue,
        "awsRegion": region,
    });
    let pairs = message.attributes.iter();
    if let Some(sum) = digest::attributes(pairs.map(|(name, value)| (name.as_str(), value))) {
        record["md5OfMessageAttributes"] = sum.into();
    }
    record
}
