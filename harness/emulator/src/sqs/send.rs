//! Sending messages.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use zipster_names::Arn;

use super::attributes::FifoAttributes;
use super::fifo::{self, DEDUPLICATION_INTERVAL, Scope};
use super::state::{Draft, Queue};
use super::wire::{self, MOST_ATTRIBUTES, SentAttribute, is_readable};
use super::{Sqs, answer, check_batch, digest, error, input};
use crate::courier::{Delivery, Refused};
use crate::front::{Answer, ApiError, Call};
use crate::iam::Authorization;
use crate::identity::ServiceSource;
use crate::journal::{EntryId, Event};
use crate::message::{AttributeValue, MessageAttribute, MessageAttributes, size};

/// The largest batch, in bytes, attributes included.
const LARGEST_BATCH: usize = 1_048_576;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendMessage {
    queue_url: String,
    #[serde(flatten)]
    entry: Entry,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendMessageBatch {
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
    #[serde(default)]
    message_body: String,
    delay_seconds: Option<i64>,
    #[serde(default)]
    message_attributes: BTreeMap<String, SentAttribute>,
    #[serde(default)]
    message_system_attributes: BTreeMap<String, SentAttribute>,
    message_group_id: Option<String>,
    message_deduplication_id: Option<String>,
}

/// A message that was checked.
struct Checked {
    body: String,
    attributes: MessageAttributes,
    trace_header: Option<String>,
    delay: Option<Duration>,
    group: Option<String>,
    deduplication: Option<String>,
}

/// What a queue asks of messages.
struct Rules {
    /// The largest message, in bytes.
    limit: usize,
    fifo: Option<FifoAttributes>,
}

impl Rules {
    fn of(queue: &mut Queue) -> Self {
        Self {
            limit: queue.attributes.largest_message,
            fifo: queue.attributes.fifo.clone(),
        }
    }
}

impl Sqs {
    /// Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>.
    pub(super) fn send_message(self: &Arc<Self>, call: &Call) -> Result<Answer, ApiError> {
        let input: SendMessage = input(call)?;
        let arn = self.arn_of(call, &input.queue_url)?;
        self.authorize_on_queue(call, "sqs:SendMessage", &arn)?;
        let rules = self.on_queue(&arn, Rules::of)?;
        let checked = check(input.entry, &rules)?;
        let sent = self.put(&arn, checked, self.sender_id(&call.identity), call.entry)?;
        Ok(answer(call, &sent))
    }

    /// Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>.
    pub(super) fn send_message_batch(self: &Arc<Self>, call: &Call) -> Result<Answer, ApiError> {
        let input: SendMessageBatch = input(call)?;
        let arn = self.arn_of(call, &input.queue_url)?;
        self.authorize_on_queue(call, "sqs:SendMessage", &arn)?;
        check_batch(
            input.entries.iter().map(|entry| entry.id.as_str()),
            "SendMessageBatchRequestEntry",
        )?;
        let rules = self.on_queue(&arn, Rules::of)?;
        let total: usize = input
            .entries
            .iter()
            .map(|entry| sent_size(&entry.entry))
            .sum();
        if total > LARGEST_BATCH {
            return Err(error::batch_too_long(LARGEST_BATCH, total));
        }
        let mut successful: Vec<Value> = Vec::new();
        let mut failed: Vec<Value> = Vec::new();
        for BatchEntry { id, entry } in input.entries {
            let put = check(entry, &rules).and_then(|checked| {
                self.put(&arn, checked, self.sender_id(&call.identity), call.entry)
            });
            match put {
                Ok(mut sent) => {
                    sent["Id"] = id.into();
                    successful.push(sent);
                }
                Err(error) => failed.push(super::failed(&id, &error)),
            }
        }
        let result = json!({"Successful": successful, "Failed": failed});
        Ok(answer(call, &result))
    }

    /// Takes in what another service sends, if the queue's policy lets it.
    ///
    /// # Errors
    /// Why it was not taken, for the journal.
    pub fn accept_event(self: &Arc<Self>, delivery: Delivery) -> Result<(), String> {
        let arn = delivery.to.as_str();
        let policy = self
            .on_queue(arn, |queue| queue.attributes.policy.clone())
            .map_err(|_| format!("{arn} does not exist"))?;
        self.core
            .authorize_delivery(
                &delivery,
                &Authorization {
                    cause: delivery.cause,
                    action: "sqs:SendMessage",
                    resource: arn,
                    context: &[],
                    resource_policy: policy.as_deref(),
                },
            )
            .map_err(|denied| denied.message)?;
        let Rules { limit, fifo } = self
            .on_queue(arn, Rules::of)
            .map_err(|_| format!("{arn} does not exist"))?;
        if fifo.is_some() {
            return Err(error::missing("MessageGroupId").message);
        }
        let sender = delivery.role.as_ref().map_or_else(
            || delivery.from.service.to_owned(),
            |role| self.sender_id(role),
        );
        let body = String::from_utf8(delivery.body.to_vec())
            .map_err(|_| "the event is not UTF-8".to_owned())?;
        if size(&body, &delivery.attributes) > limit {
            return Err(format!(
                "the event is larger than the queue's {limit} bytes"
            ));
        }
        if delivery.attributes.len() > MOST_ATTRIBUTES {
            return Err(format!(
                "the event has {} message attributes, a queue takes {MOST_ATTRIBUTES}",
                delivery.attributes.len()
            ));
        }
        let checked = Checked {
            body,
            attributes: delivery.attributes,
            trace_header: None,
            delay: None,
            group: None,
            deduplication: None,
        };
        self.put(arn, checked, sender, delivery.cause)
            .map(|_| ())
            .map_err(|error| error.message)
    }

    /// Whether a queue exists and its policy lets `source` send to it: what S3 asks before it
    /// accepts it as a destination. `cause` is the call that configures it.
    ///
    /// # Errors
    /// Why not.
    pub fn may_deliver(
        &self,
        queue: &Arn,
        source: &ServiceSource,
        cause: EntryId,
    ) -> Result<(), Refused> {
        let policy = self
            .on_queue(queue.as_str(), |queue| queue.attributes.policy.clone())
            .map_err(|_| Refused::Missing(format!("{queue} does not exist")))?;
        let request = Authorization {
            cause,
            action: "sqs:SendMessage",
            resource: queue.as_str(),
            context: &[],
            resource_policy: policy.as_deref(),
        };
        self.core
            .authorize_service(source, &request)
            .map_err(|denied| Refused::Denied(denied.message))
    }

    /// Puts a message into a queue and into the journal. A FIFO queue that got the same message
    /// within the last minutes answers with that one.
    fn put(
        self: &Arc<Self>,
        arn: &str,
        checked: Checked,
        sender: String,
        cause: EntryId,
    ) -> Result<Value, ApiError> {
        let id = self.core.random.uuid();
        let mut sent = json!({
            "MessageId": id,
            "MD5OfMessageBody": digest::body(&checked.body),
        });
        let pairs = checked.attributes.iter();
        if let Some(sum) = digest::attributes(pairs.map(|(name, value)| (name.as_str(), value))) {
            sent["MD5OfMessageAttributes"] = sum.into();
        }
        if let Some(header) = &checked.trace_header {
            let attribute = MessageAttribute {
                data_type: "String".to_owned(),
                value: AttributeValue::Text(header.clone()),
            };
            sent["MD5OfMessageSystemAttributes"] =
                digest::attributes([("AWSTraceHeader", &attribute)]).into();
        }
        self.on_queue(arn, |queue| {
            let known = checked.deduplication.clone().map(|deduplication| {
                let fifo = queue.attributes.fifo.as_ref();
                let by_group = fifo.is_some_and(|fifo| fifo.scope == Scope::MessageGroup);
                let group = checked.group.clone().filter(|_| by_group);
                (group, deduplication)
            });
            if let Some(known) = &known
                && let Some(original) = queue.deduplication.original(known)
            {
                sent["MessageId"] = original.id.clone().into();
                sent["SequenceNumber"] = original.sequence.map(|number| number.to_string()).into();
                self.core.journal.record(
                    Some(cause),
                    Event::MessageDeduplicated {
                        queue: arn.to_owned(),
                        message_id: original.id.clone(),
                    },
                );
                return;
            }
            let entry = self.core.journal.record(
                Some(cause),
                Event::MessageQueued {
                    queue: arn.to_owned(),
                    message_id: id.clone(),
                },
            );
            let delay = checked.delay.unwrap_or(queue.attributes.delay);
            let draft = Draft {
                id: id.clone(),
                body: checked.body,
                attributes: checked.attributes,
                trace_header: checked.trace_header,
                group: checked.group,
                deduplication: checked.deduplication,
                sender,
                sent: self.core.clock.now(),
                entry,
            };
            let sequence = queue.push(draft, |number| self.timer(arn, number, delay));
            if let Some(sequence) = sequence {
                sent["SequenceNumber"] = sequence.to_string().into();
            }
            if let Some(known) = known {
                let over = known.clone();
                let timer = self.after(arn, DEDUPLICATION_INTERVAL, move |queue| {
                    queue.deduplication.forget(&over);
                });
                queue.deduplication.remember(known, id, sequence, timer);
            }
        })?;
        Ok(sent)
    }
}

fn check(entry: Entry, rules: &Rules) -> Result<Checked, ApiError> {
    let limit = rules.limit;
    if entry.message_body.is_empty() {
        return Err(error::missing("MessageBody"));
    }
    if !is_readable(&entry.message_body) {
        return Err(error::bad_content());
    }
    if sent_size(&entry) > limit {
        return Err(error::parameter(format!(
            "One or more parameters are invalid. Reason: Message must be shorter than {limit} \
             bytes."
        )));
    }
    let delay = entry.delay_seconds.map(|seconds| {
        if rules.fifo.is_some() && seconds != 0 {
            let reason = "The request include parameter that is not valid for this queue type.";
            return Err(error::value(seconds, "DelaySeconds", reason));
        }
        u64::try_from(seconds)
            .ok()
            .filter(|seconds| *seconds <= 900)
            .map(Duration::from_secs)
            .ok_or_else(|| {
                let reason = "DelaySeconds must be >= 0 and <= 900.";
                error::value(seconds, "DelaySeconds", reason)
            })
    });
    let mut trace_header = None;
    for (name, attribute) in &entry.message_system_attributes {
        if name != "AWSTraceHeader" {
            return Err(error::parameter(format!(
                "Message system attribute name '{name}' is invalid."
            )));
        }
        trace_header = attribute.text().map(str::to_owned);
    }
    let deduplication = order(&entry, rules.fifo.as_ref())?;
    let delay = delay.transpose()?;
    Ok(Checked {
        attributes: wire::attributes(&entry.message_attributes)?,
        // In a FIFO queue only the queue's own delay counts.
        delay: delay.filter(|_| rules.fifo.is_none()),
        group: entry.message_group_id,
        deduplication,
        body: entry.message_body,
        trace_header,
    })
}

/// Checks what says a message's place in the queue's order, and gives the identifier by which the
/// queue knows it if it is sent again.
fn order(entry: &Entry, fifo: Option<&FifoAttributes>) -> Result<Option<String>, ApiError> {
    let (group, deduplication) = (&entry.message_group_id, &entry.message_deduplication_id);
    if fifo.is_some() && group.is_none() {
        return Err(error::missing("MessageGroupId"));
    }
    if let Some(group) = group {
        fifo::check_id("MessageGroupId", group)?;
    }
    match (fifo, deduplication) {
        (None, None) => Ok(None),
        (None, Some(id)) => {
            let reason = "The request includes a parameter that is not valid for this queue type.";
            Err(error::value(id, "MessageDeduplicationId", reason))
        }
        (Some(_), Some(id)) => {
            fifo::check_id("MessageDeduplicationId", id)?;
            Ok(Some(id.clone()))
        }
        (Some(fifo), None) if fifo.content_based => Ok(Some(fifo::of_content(&entry.message_body))),
        (Some(_), None) => Err(error::parameter(
            "The queue should either have ContentBasedDeduplication enabled or \
             MessageDeduplicationId provided explicitly",
        )),
    }
}

/// The size of a message as it was sent, before it is known whether it is right.
fn sent_size(entry: &Entry) -> usize {
    let attributes: usize = entry
        .message_attributes
        .iter()
        .map(|(name, attribute)| name.len() + attribute.size())
        .sum();
    entry.message_body.len() + attributes
}
