//! Receiving messages, deleting them, and hiding them for longer or shorter.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::state::{Message, Receipt};
use super::{Sqs, answer, check_batch, digest, error, failed, input, wire};
use crate::front::{Answer, ApiError, Call};
use crate::journal::Event;

/// The longest time that a message can be hidden.
const LONGEST_TIMEOUT: u64 = 43_200;

/// The system attributes that can be asked for. Those of FIFO queues have no value here.
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
    most: usize,
    timeout: Option<Duration>,
    system: Vec<String>,
    attributes: Vec<String>,
}

impl Sqs {
    /// Waits for a message as long as the caller or the queue says. Such a wait is no work: it
    /// does not keep the emulator from settling.
    ///
    /// Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html>.
    /// Differs from AWS: messages come in the order of their arrival, and none that could be
    /// received is left out.
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
        let (arrived, default_wait) = self.on_queue(&arn, |queue| {
            (Arc::clone(&queue.arrived), queue.attributes.wait)
        })?;
        let wait = wait.unwrap_or(default_wait);
        let mut limit = self.core.clock.limit(wait);
        loop {
            let news = arrived.notified();
            tokio::pin!(news);
            // Registered before the queue is looked at: what arrives in between still wakes us.
            news.as_mut().enable();
            let messages = self.take(&arn, &wish)?;
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

    /// Receives what can be received now. What was received too often goes to the dead-letter
    /// queue instead.
    fn take(self: &Arc<Self>, arn: &str, wish: &Wish) -> Result<Vec<Value>, ApiError> {
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
        let timeout = wish.timeout.unwrap_or(queue.attributes.visibility_timeout);
        let (mut taken, mut dead) = (Vec::new(), Vec::new());
        let mut after = 0;
        while taken.len() < wish.most {
            let Some((number, message)) = queue.next_waiting(after) else {
                break;
            };
            after = number;
            let too_often = redrive
                .as_ref()
                .is_some_and(|redrive| message.received >= redrive.most_receives);
            if too_often {
                dead.extend(queue.remove(number));
                continue;
            }
            let timer = self.timer(arn, number, timeout);
            if let Some((message, receipt)) = queue.receive(number, now, timer) {
                taken.push(shown(message, &receipt, wish));
            }
        }
        let source = queue.arn.clone();
        if let Some(redrive) = redrive
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
                target.push_dead(message, source.clone(), entry);
            }
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
            if queue.is_current(&receipt) {
                queue.remove(receipt.number);
            }
        })
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
        self.on_queue(arn, |queue| {
            if !queue.is_here(&receipt) {
                let reason = "Message does not exist or is not available for visibility timeout \
                              change.";
                return Err(error::value(&entry.receipt_handle, "ReceiptHandle", reason));
            }
            if queue.is_current(&receipt) {
                let timer = self.timer(arn, receipt.number, timeout);
                queue.hide(receipt.number, timer);
            }
            Ok(())
        })?
    }
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
    Ok(Wish {
        most,
        timeout: input
            .visibility_timeout
            .map(visibility_timeout)
            .transpose()?,
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
    let milliseconds =
        |at: time::OffsetDateTime| (at.unix_timestamp_nanos() / 1_000_000).to_string();
    let system: Map<String, Value> = [
        ("SenderId", Some(message.sender.clone())),
        ("SentTimestamp", Some(milliseconds(message.sent))),
        (
            "ApproximateReceiveCount",
            Some(message.received.to_string()),
        ),
        (
            "ApproximateFirstReceiveTimestamp",
            message.first_received.map(milliseconds),
        ),
        ("AWSTraceHeader", message.trace_header.clone()),
        (
            "DeadLetterQueueSourceArn",
            message.source.as_ref().map(ToString::to_string),
        ),
    ]
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
