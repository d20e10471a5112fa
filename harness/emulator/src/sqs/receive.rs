//! Receiving messages, deleting them, and hiding them for longer or shorter.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::fifo::{self, DEDUPLICATION_INTERVAL};
use super::source::Watch;
use super::state::{Cursor, MOST_IN_FLIGHT, Message, Queue, Receipt};
use super::{Sqs, answer, check_batch, digest, error, failed, input, wire};
use crate::front::{Answer, ApiError, Call};
use crate::journal::Event;

/// The longest time that a message can be hidden.
const LONGEST_TIMEOUT: u64 = 43_200;

/// The system attributes that can be asked for.
const SYSTEM_ATTRIBUTES: [&str; 10] = [
    "All",
    "SenderId",
    "SentTimestamp",
    "ApproximateReceiveCount",
    "ApproximateFirstReceiveTimestamp",
    "AWSTraceHeader",
    "DeadLetterQueueSourceArn",
    "SequenceNumber",
    "MessageDeduplicationId",
    "MessageGroupId",
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ReceiveMessage {
    queue_url: String,
    /// The name that was used before `MessageSystemAttributeNames`.
    #[serde(default)]
    attribute_names: Vec<String>,
    #[serde(default)]
    message_system_attribute_names: Vec<String>,
    #[serde(default)]
    message_attribute_names: Vec<String>,
    max_number_of_messages: Option<i64>,
    visibility_timeout: Option<i64>,
    wait_time_seconds: Option<i64>,
    receive_request_attempt_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OfMessage {
    queue_url: String,
    #[serde(flatten)]
    entry: Entry,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Batch {
    queue_url: String,
    #[serde(default)]
    entries: Vec<BatchEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct BatchEntry {
    id: String,
    #[serde(flatten)]
    entry: Entry,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    receipt_handle: String,
    visibility_timeout: Option<i64>,
}

/// What a receiver asks for, checked.
struct Wish {
    take: Take,
    system: Vec<String>,
    attributes: Vec<String>,
}

/// How much is to be received, and for how long.
#[derive(Debug, Default)]
pub(super) struct Take {
    pub(super) most: usize,
    /// Instead of the queue's own visibility timeout.
    pub(super) timeout: Option<Duration>,
    /// Whether messages stay hidden until somebody says otherwise.
    pub(super) hold: bool,
    /// `ReceiveRequestAttemptId`, of a FIFO queue.
    pub(super) attempt: Option<String>,
}

impl Sqs {
    /// Waits for a message as long as the caller or the queue says. Such a wait is no work: it
    /// does not keep the emulator from settling.
    ///
    /// Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html>.
    /// Differs from AWS: a standard queue's messages come in the order of their arrival, and none
    /// that could be received is left out.
    pub(super) async fn receive_message(self: &Arc<Self>, call: &Call) -> Result<Answer, ApiError> {
        let input: ReceiveMessage = input(call)?;
        let arn = self.arn_of(call, &input.queue_url)?;
        self.authorize_on_queue(call, "sqs:ReceiveMessage", &arn)?;
        let wait = match input.wait_time_seconds {
            None => None,
            Some(seconds) => Some(
                u64::try_from(seconds)
                    .ok()
                    .filter(|seconds| *seconds <= 20)
                    .map(Duration::from_secs)
                    .ok_or_else(|| {
                        let reason = "Must be >= 0 and <= 20, if provided.";
                        error::value(seconds, "WaitTimeSeconds", reason)
                    })?,
            ),
        };
        let wish = wish(input)?;
        let (arrived, default_wait, fifo) = self.on_queue(&arn, |queue| {
            let arrived = Arc::clone(&queue.arrived);
            (arrived, queue.attributes.wait, queue.is_fifo())
        })?;
        if let (false, Some(attempt)) = (fifo, &wish.take.attempt) {
            let reason = "The request includes a parameter that is not valid for this queue type.";
            return Err(error::value(attempt, "ReceiveRequestAttemptId", reason));
        }
        let wait = wait.unwrap_or(default_wait);
        let mut limit = self.core.clock.limit(wait);
        loop {
            let news = arrived.notified();
            tokio::pin!(news);
            // Registered before the queue is looked at: what arrives in between still wakes us.
            news.as_mut().enable();
            let messages = self.take(&arn, &wish.take, |message, receipt| {
                shown(message, receipt, &wish)
            })?;
            if !messages.is_empty() {
                return Ok(answer(call, &json!({"Messages": messages})));
            }
            let over = wait.is_zero()
                || call
                    .pending
                    .set_aside(async {
                        tokio::select! {
                            () = news => false,
                            () = &mut limit => true,
                            () = self.core.shutdown.cancelled() => true,
                        }
                    })
                    .await;
            if over {
                return Ok(answer(call, &json!({})));
            }
        }
    }

    /// Receives what can be received now, and shows each message to its receiver. What was
    /// received too often goes to the dead-letter queue instead.
    pub(super) fn take<T>(
        self: &Arc<Self>,
        arn: &str,
        take: &Take,
        show: impl Fn(&Message, &Receipt) -> T,
    ) -> Result<Vec<T>, ApiError> {
        let now = self.core.clock.now();
        let mut state = self.state();
        let redrive = state
            .queues
            .get(arn)
            .ok_or_else(error::no_queue)?
            .attributes
            .redrive
            .clone()
            .filter(|redrive| state.queues.contains_key(redrive.dead_letters.as_str()));
        let queue = state.queues.get_mut(arn).ok_or_else(error::no_queue)?;
        queue.expire(now - queue.attributes.retention);
        let timeout = take.timeout.unwrap_or(queue.attributes.visibility_timeout);
        if let Some(attempt) = &take.attempt
            && let Some(receipts) = repeated(queue, attempt)
        {
            for receipt in &receipts {
                let timer = self.timer(arn, receipt.number, timeout);
                queue.hide(receipt.number, timer);
            }
            let again = receipts
                .iter()
                .filter_map(|receipt| Some(show(queue.of(receipt)?, receipt)));
            return Ok(again.collect());
        }
        let (mut taken, mut receipts, mut dead) = (Vec::new(), Vec::new(), Vec::new());
        let mut cursor = Cursor::default();
        while taken.len() < take.most {
            let Some((number, message)) = queue.next_waiting(&mut cursor) else {
                break;
            };
            let too_often = redrive
                .as_ref()
                .is_some_and(|redrive| message.received >= redrive.most_receives);
            if too_often {
                dead.extend(queue.remove(number));
                continue;
            }
            if queue.counts().in_flight >= MOST_IN_FLIGHT {
                if taken.is_empty() && !queue.is_fifo() {
                    return Err(error::over_limit(format!(
                        "There is a limit of {MOST_IN_FLIGHT} in flight messages."
                    )));
                }
                break;
            }
            let timer = if take.hold {
                Some(CancellationToken::new().drop_guard())
            } else {
                self.timer(arn, number, timeout)
            };
            if let Some((message, receipt)) = queue.receive(number, now, timer) {
                taken.push(show(message, &receipt));
                receipts.push(receipt);
            }
        }
        if let Some(attempt) = take.attempt.clone().filter(|_| !receipts.is_empty()) {
            let over = attempt.clone();
            let timer = self.after(arn, DEDUPLICATION_INTERVAL, move |queue| {
                queue.deduplication.forget_attempt(&over);
            });
            queue
                .deduplication
                .remember_attempt(attempt, receipts, timer);
        }
        let source = queue.arn.clone();
        if !dead.is_empty()
            && let Some(redrive) = redrive
            && let Some(target) = state.queues.get_mut(redrive.dead_letters.as_str())
        {
            for message in dead {
                let entry = self.core.journal.record(
                    Some(message.entry),
                    Event::MessageQueued {
                        queue: redrive.dead_letters.to_string(),
                        message_id: message.id.clone(),
                    },
                );
                target.push_dead(message, source.clone(), entry, now);
            }
            Watch::note(target);
        }
        if let Some(queue) = state.queues.get_mut(arn) {
            Watch::note(queue);
        }
        Ok(taken)
    }

    /// Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html>.
    /// Where AWS promises nothing, this is strict: an older receipt deletes nothing.
    pub(super) fn delete_message(&self, call: &Call) -> Result<Answer, ApiError> {
        let input: OfMessage = input(call)?;
        let arn = self.arn_of(call, &input.queue_url)?;
        self.authorize_on_queue(call, "sqs:DeleteMessage", &arn)?;
        self.delete(&arn, &input.entry)?;
        Ok(answer(call, &json!({})))
    }

    /// Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessageBatch.html>.
    pub(super) fn delete_message_batch(&self, call: &Call) -> Result<Answer, ApiError> {
        let input: Batch = input(call)?;
        let arn = self.arn_of(call, &input.queue_url)?;
        self.authorize_on_queue(call, "sqs:DeleteMessage", &arn)?;
        check_batch(
            input.entries.iter().map(|entry| entry.id.as_str()),
            "DeleteMessageBatchRequestEntry",
        )?;
        let result = each(&input.entries, |entry| self.delete(&arn, entry));
        Ok(answer(call, &result))
    }

    fn delete(&self, arn: &str, entry: &Entry) -> Result<(), ApiError> {
        let receipt = receipt(&entry.receipt_handle)?;
        self.on_queue(arn, |queue| {
            let here = queue.of(&receipt);
            let in_flight = here.is_some_and(Message::is_in_flight) && queue.is_current(&receipt);
            if queue.is_fifo() && here.is_some() && !in_flight {
                // It may be somebody else's by now, and its group's order would break.
                let reason = "The receipt handle has expired.";
                return Err(error::value(&entry.receipt_handle, "ReceiptHandle", reason));
            }
            if queue.is_current(&receipt) {
                queue.remove(receipt.number);
            }
            Ok(())
        })?
    }

    /// Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html>.
    pub(super) fn change_message_visibility(
        self: &Arc<Self>,
        call: &Call,
    ) -> Result<Answer, ApiError> {
        let input: OfMessage = input(call)?;
        let arn = self.arn_of(call, &input.queue_url)?;
        self.authorize_on_queue(call, "sqs:ChangeMessageVisibility", &arn)?;
        self.change_visibility(&arn, &input.entry)?;
        Ok(answer(call, &json!({})))
    }

    /// Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibilityBatch.html>.
    pub(super) fn change_message_visibility_batch(
        self: &Arc<Self>,
        call: &Call,
    ) -> Result<Answer, ApiError> {
        let input: Batch = input(call)?;
        let arn = self.arn_of(call, &input.queue_url)?;
        self.authorize_on_queue(call, "sqs:ChangeMessageVisibility", &arn)?;
        check_batch(
            input.entries.iter().map(|entry| entry.id.as_str()),
            "ChangeMessageVisibilityBatchRequestEntry",
        )?;
        let result = each(&input.entries, |entry| self.change_visibility(&arn, entry));
        Ok(answer(call, &result))
    }

    fn change_visibility(self: &Arc<Self>, arn: &str, entry: &Entry) -> Result<(), ApiError> {
        let timeout = entry
            .visibility_timeout
            .ok_or_else(|| error::missing("VisibilityTimeout"))?;
        let timeout = visibility_timeout(timeout)?;
        let receipt = receipt(&entry.receipt_handle)?;
        let now = self.core.clock.now();
        self.on_queue(arn, |queue| {
            let wrong = |value: &dyn std::fmt::Display, name: &str, reason: &str| {
                Err(error::value(value, name, reason))
            };
            let Some(message) = queue.of(&receipt) else {
                let reason = "Message does not exist or is not available for visibility timeout \
                              change.";
                return wrong(&entry.receipt_handle, "ReceiptHandle", reason);
            };
            if !message.is_in_flight() {
                return Err(error::not_in_flight());
            }
            let hidden = message
                .received_at
                .map_or(0, |at| (now - at).whole_seconds());
            let hidden = u64::try_from(hidden).unwrap_or_default();
            if hidden + timeout.as_secs() > LONGEST_TIMEOUT {
                let reason = "Total VisibilityTimeout for the message is beyond the limit [43200 \
                              seconds]";
                return wrong(&timeout.as_secs(), "VisibilityTimeout", reason);
            }
            if queue.is_current(&receipt) {
                let timer = self.timer(arn, receipt.number, timeout);
                queue.hide(receipt.number, timer);
            }
            Ok(())
        })?
    }
}

/// The receipts of an earlier attempt, if nothing has happened to any of its messages since.
fn repeated(queue: &Queue, attempt: &str) -> Option<Vec<Receipt>> {
    let receipts = queue.deduplication.attempt(attempt)?;
    let untouched = |receipt: &Receipt| {
        queue.is_current(receipt) && queue.of(receipt).is_some_and(Message::is_in_flight)
    };
    receipts.iter().all(untouched).then(|| receipts.to_vec())
}

/// Does something with each message of a batch.
fn each(entries: &[BatchEntry], work: impl Fn(&Entry) -> Result<(), ApiError>) -> Value {
    let (mut successful, mut errors) = (Vec::new(), Vec::new());
    for BatchEntry { id, entry } in entries {
        match work(entry) {
            Ok(()) => successful.push(json!({"Id": id})),
            Err(error) => errors.push(failed(id, &error)),
        }
    }
    json!({"Successful": successful, "Failed": errors})
}

fn receipt(handle: &str) -> Result<Receipt, ApiError> {
    Receipt::parse(handle).ok_or_else(|| error::bad_handle(handle))
}

fn visibility_timeout(seconds: i64) -> Result<Duration, ApiError> {
    u64::try_from(seconds)
        .ok()
        .filter(|seconds| *seconds <= LONGEST_TIMEOUT)
        .map(Duration::from_secs)
        .ok_or_else(|| {
            let reason = "VisibilityTimeout must be an integer between 0 and 43200";
            error::value(seconds, "VisibilityTimeout", reason)
        })
}

fn wish(input: ReceiveMessage) -> Result<Wish, ApiError> {
    let most = input.max_number_of_messages.unwrap_or(1);
    let most = usize::try_from(most)
        .ok()
        .filter(|most| (1..=10).contains(most))
        .ok_or_else(|| {
            let reason = "Must be between 1 and 10, if provided.";
            error::value(most, "MaxNumberOfMessages", reason)
        })?;
    let mut system = input.attribute_names;
    system.extend(input.message_system_attribute_names);
    for name in &system {
        if !SYSTEM_ATTRIBUTES.contains(&name.as_str()) {
            return Err(error::unknown_attribute(name));
        }
    }
    if let Some(attempt) = &input.receive_request_attempt_id {
        fifo::check_id("ReceiveRequestAttemptId", attempt)?;
    }
    Ok(Wish {
        take: Take {
            most,
            timeout: input
                .visibility_timeout
                .map(visibility_timeout)
                .transpose()?,
            hold: false,
            attempt: input.receive_request_attempt_id,
        },
        system,
        attributes: input.message_attribute_names,
    })
}

/// A message as its receiver gets it.
fn shown(message: &Message, receipt: &Receipt, wish: &Wish) -> Value {
    let mut shown = json!({
        "MessageId": message.id,
        "ReceiptHandle": receipt.handle(),
        "MD5OfBody": digest::body(&message.body),
        "Body": message.body,
    });
    let system: Map<String, Value> = system_attributes(message)
        .into_iter()
        .filter(|(name, _)| {
            wish.system
                .iter()
                .any(|asked| asked == "All" || asked == name)
        })
        .filter_map(|(name, value)| Some((name.to_owned(), value?.into())))
        .collect();
    if !system.is_empty() {
        shown["Attributes"] = Value::Object(system);
    }
    let attributes = wire::chosen(&message.attributes, &wish.attributes);
    if let Some(sum) = digest::attributes(attributes.iter().copied()) {
        shown["MD5OfMessageAttributes"] = sum.into();
        shown["MessageAttributes"] = wire::as_json(&attributes);
    }
    shown
}

/// The system attributes of a message that have a value.
pub(super) fn system_attributes(message: &Message) -> Vec<(&'static str, Option<String>)> {
    let milliseconds =
        |at: time::OffsetDateTime| (at.unix_timestamp_nanos() / 1_000_000).to_string();
    let sequence = message.sequence.as_ref();
    vec![
        (
            "ApproximateReceiveCount",
            Some(message.received.to_string()),
        ),
        ("AWSTraceHeader", message.trace_header.clone()),
        ("SentTimestamp", Some(milliseconds(message.sent))),
        ("SequenceNumber", sequence.map(ToString::to_string)),
        ("MessageGroupId", message.group.clone()),
        ("SenderId", Some(message.sender.clone())),
        ("MessageDeduplicationId", message.deduplication.clone()),
        (
            "ApproximateFirstReceiveTimestamp",
            message.first_received.map(milliseconds),
        ),
        (
            "DeadLetterQueueSourceArn",
            message.source.as_ref().map(ToString::to_string),
        ),
    ]
}
