//! Operations on queues.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use zipster_names::{AccountId, Arn, QueueName};

use super::attributes::{QueueAttributes, show};
use super::state::{Queue, State};
use super::{Sqs, answer, error, input};
use crate::front::{Answer, ApiError, Call};
use crate::iam::tags::{request_tags, tag_keys};

/// Entries of a list per page, unless asked for less.
const PAGE: usize = 1_000;

/// How often a queue may be purged.
const PURGE_EVERY: Duration = Duration::from_secs(60);

/// How long the name of a deleted queue cannot be used.
const NAME_RESTS: Duration = Duration::from_secs(60);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateQueue {
    queue_name: String,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    #[serde(default, rename = "tags")]
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetQueueUrl {
    queue_name: String,
    #[serde(rename = "QueueOwnerAWSAccountId")]
    owner: Option<AccountId>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OfQueue {
    queue_url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetQueueAttributes {
    queue_url: String,
    #[serde(default)]
    attribute_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SetQueueAttributes {
    queue_url: String,
    attributes: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListQueues {
    queue_name_prefix: Option<String>,
    max_results: Option<usize>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TagQueue {
    queue_url: String,
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UntagQueue {
    queue_url: String,
    tag_keys: Vec<String>,
}

impl Sqs {
    /// Creating a queue again with the same attributes gives the same queue.
    ///
    /// Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html>.
    pub(super) fn create_queue(&self, call: &Call) -> Result<Answer, ApiError> {
        let input: CreateQueue = input(call)?;
        let fifo = input.attributes.get("FifoQueue").map(String::as_str) == Some("true");
        let name = QueueName::parse(&input.queue_name)
            .ok()
            .filter(|name| name.is_fifo() == fifo)
            .ok_or_else(|| {
                error::parameter(if fifo {
                    "The name of a FIFO queue can only include alphanumeric characters, hyphens, \
                     or underscores, must end with .fifo suffix and be 1 to 80 in length"
                } else {
                    "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 \
                     in length"
                })
            })?;
        let account = call.identity.principal.account();
        let arn = Arn::queue(&call.region, account, &name);
        let (resource, tags) = (arn.as_str(), request_tags(&input.tags));
        self.authorize_tags(call, "sqs:CreateQueue", resource, None, &tags)?;
        if !input.tags.is_empty() {
            self.authorize_tags(call, "sqs:TagQueue", resource, None, &tags)?;
        }
        let mut attributes = QueueAttributes::new(fifo);
        attributes.set_all(&input.attributes)?;
        let url = self.url(account, &name);
        let mut state = self.state();
        if state.deleted.contains(arn.as_str()) {
            return Err(error::deleted_recently());
        }
        check_redrive(&state, arn.as_str(), &attributes)?;
        if let Some(existing) = state.queues.get(arn.as_str()) {
            let names: Vec<&str> = input.attributes.keys().map(String::as_str).collect();
            if let Some(name) = existing.attributes.difference(&attributes, &names) {
                return Err(error::exists(&name));
            }
        } else {
            let now = self.core.clock.now();
            let key = arn.as_str().to_owned();
            let queue = Queue::new(arn, account.clone(), name, attributes, input.tags, now);
            state.queues.insert(key, queue);
        }
        Ok(answer(call, &json!({"QueueUrl": url})))
    }

    /// Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueUrl.html>.
    pub(super) fn get_queue_url(&self, call: &Call) -> Result<Answer, ApiError> {
        let input: GetQueueUrl = input(call)?;
        let own = call.identity.principal.account();
        let account = input.owner.as_ref().unwrap_or(own);
        let name = QueueName::parse(&input.queue_name).map_err(|_| error::no_queue())?;
        let arn = Arn::queue(&call.region, account, &name);
        self.authorize_on_queue(call, "sqs:GetQueueUrl", arn.as_str())?;
        let url = self.url(account, &name);
        Ok(answer(call, &json!({"QueueUrl": url})))
    }

    /// Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListQueues.html>.
    pub(super) fn list_queues(&self, call: &Call) -> Result<Answer, ApiError> {
        let input: ListQueues = input(call)?;
        self.authorize(call, "sqs:ListQueues", "*", None)?;
        let prefix = input.queue_name_prefix.unwrap_or_default();
        let account = call.identity.principal.account();
        let limit = match input.max_results {
            None => PAGE,
            Some(limit) if (1..=PAGE).contains(&limit) => limit,
            Some(limit) => {
                let reason = "MaxResults must be an integer between 1 and 1000.";
                return Err(error::value(limit, "MaxResults", reason));
            }
        };
        let state = self.state();
        let mut names = state
            .queues
            .values()
            .filter(|queue| {
                queue.account == *account
                    && queue.arn.region() == Some(&call.region)
                    && queue.name.as_str().starts_with(&prefix)
            })
            .map(|queue| &queue.name)
            .filter(|name| {
                let after = input.next_token.as_deref();
                after.is_none_or(|after| hex::encode(name.as_str()).as_str() > after)
            });
        let page: Vec<&QueueName> = names.by_ref().take(limit).collect();
        let more = names.next().is_some();
        let mut result = Map::new();
        if !page.is_empty() {
            let urls = page.iter().map(|name| self.url(account, name));
            result.insert("QueueUrls".to_owned(), urls.collect());
        }
        // Without a limit of its own, a list has no further pages.
        if let (true, Some(_), Some(last)) = (more, input.max_results, page.last()) {
            result.insert("NextToken".to_owned(), hex::encode(last.as_str()).into());
        }
        Ok(answer(call, &Value::Object(result)))
    }

    /// Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteQueue.html>.
    pub(super) fn delete_queue(self: &Arc<Self>, call: &Call) -> Result<Answer, ApiError> {
        let input: OfQueue = input(call)?;
        let arn = self.arn_of(call, &input.queue_url)?;
        self.authorize_on_queue(call, "sqs:DeleteQueue", &arn)?;
        let removed = {
            let mut state = self.state();
            state.deleted.insert(arn.clone());
            state.queues.remove(&arn)
        };
        if let Some(queue) = removed {
            // Whoever waits for a message learns that none will come.
            queue.arrived.notify_waiters();
            let rest = self.core.clock.pause(NAME_RESTS);
            let sqs = Arc::clone(self);
            self.core.tasks.spawn(async move {
                tokio::select! {
                    () = rest => {
                        sqs.state().deleted.remove(&arn);
                    }
                    () = sqs.core.shutdown.cancelled() => {}
                }
            });
        }
        Ok(answer(call, &json!({})))
    }

    /// Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_PurgeQueue.html>.
    pub(super) fn purge_queue(self: &Arc<Self>, call: &Call) -> Result<Answer, ApiError> {
        let input: OfQueue = input(call)?;
        let arn = self.arn_of(call, &input.queue_url)?;
        self.authorize_on_queue(call, "sqs:PurgeQueue", &arn)?;
        self.on_queue(&arn, |queue| {
            if queue.purged.is_some() {
                return Err(error::purging(queue.name.as_str()));
            }
            queue.purged = self.after(&arn, PURGE_EVERY, |queue| queue.purged = None);
            queue.clear();
            Ok(answer(call, &json!({})))
        })?
    }

    /// Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html>.
    pub(super) fn get_queue_attributes(&self, call: &Call) -> Result<Answer, ApiError> {
        let input: GetQueueAttributes = input(call)?;
        let arn = self.arn_of(call, &input.queue_url)?;
        self.authorize_on_queue(call, "sqs:GetQueueAttributes", &arn)?;
        let now = self.core.clock.now();
        let attributes = self.on_queue(&arn, |queue| {
            queue.expire(now - queue.attributes.retention);
            show(queue, &input.attribute_names)
        })??;
        if attributes.is_empty() {
            return Ok(answer(call, &json!({})));
        }
        Ok(answer(call, &json!({"Attributes": attributes})))
    }

    /// Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html>.
    /// Differs from AWS: the change is in effect at once, not within a minute.
    pub(super) fn set_queue_attributes(&self, call: &Call) -> Result<Answer, ApiError> {
        let input: SetQueueAttributes = input(call)?;
        let arn = self.arn_of(call, &input.queue_url)?;
        self.authorize_on_queue(call, "sqs:SetQueueAttributes", &arn)?;
        let mut state = self.state();
        let queue = state.queues.get(&arn).ok_or_else(error::no_queue)?;
        let mut attributes = queue.attributes.clone();
        attributes.set_all(&input.attributes)?;
        if input.attributes.contains_key("RedrivePolicy") {
            check_redrive(&state, &arn, &attributes)?;
        }
        if let Some(queue) = state.queues.get_mut(&arn) {
            queue.attributes = attributes;
            queue.modified = self.core.clock.now();
        }
        Ok(answer(call, &json!({})))
    }

    /// Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListDeadLetterSourceQueues.html>.
    pub(super) fn list_dead_letter_source_queues(&self, call: &Call) -> Result<Answer, ApiError> {
        let input: OfQueue = input(call)?;
        let arn = self.arn_of(call, &input.queue_url)?;
        self.authorize_on_queue(call, "sqs:ListDeadLetterSourceQueues", &arn)?;
        let state = self.state();
        let urls: Vec<String> = state
            .queues
            .values()
            .filter(|queue| {
                let redrive = queue.attributes.redrive.as_ref();
                redrive.is_some_and(|redrive| redrive.dead_letters == *arn)
            })
            .map(|queue| self.url(&queue.account, &queue.name))
            .collect();
        Ok(answer(call, &json!({"queueUrls": urls})))
    }

    /// Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_TagQueue.html>.
    pub(super) fn tag_queue(&self, call: &Call) -> Result<Answer, ApiError> {
        let input: TagQueue = input(call)?;
        let arn = self.arn_of(call, &input.queue_url)?;
        let policy = self.on_queue(&arn, |queue| queue.attributes.policy.clone())?;
        let tags = request_tags(&input.tags);
        self.authorize_tags(call, "sqs:TagQueue", &arn, policy.as_deref(), &tags)?;
        self.on_queue(&arn, |queue| queue.tags.extend(input.tags))?;
        Ok(answer(call, &json!({})))
    }

    /// Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_UntagQueue.html>.
    pub(super) fn untag_queue(&self, call: &Call) -> Result<Answer, ApiError> {
        let input: UntagQueue = input(call)?;
        let arn = self.arn_of(call, &input.queue_url)?;
        let policy = self.on_queue(&arn, |queue| queue.attributes.policy.clone())?;
        let keys = tag_keys(&input.tag_keys);
        self.authorize_tags(call, "sqs:UntagQueue", &arn, policy.as_deref(), &keys)?;
        self.on_queue(&arn, |queue| {
            for key in &input.tag_keys {
                queue.tags.remove(key);
            }
        })?;
        Ok(answer(call, &json!({})))
    }

    /// Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListQueueTags.html>.
    pub(super) fn list_queue_tags(&self, call: &Call) -> Result<Answer, ApiError> {
        let input: OfQueue = input(call)?;
        let arn = self.arn_of(call, &input.queue_url)?;
        self.authorize_on_queue(call, "sqs:ListQueueTags", &arn)?;
        let tags = self.on_queue(&arn, |queue| queue.tags.clone())?;
        Ok(answer(call, &json!({"Tags": tags})))
    }
}

/// A redrive policy must name a queue that exists and that takes this queue's dead letters.
fn check_redrive(state: &State, arn: &str, attributes: &QueueAttributes) -> Result<(), ApiError> {
    let Some(redrive) = &attributes.redrive else {
        return Ok(());
    };
    let wrong = |reason: &str| error::value(&redrive.text, "RedrivePolicy", reason);
    let target = state
        .queues
        .get(redrive.dead_letters.as_str())
        .ok_or_else(|| wrong("Dead letter target does not exist."))?;
    if target.is_fifo() != attributes.fifo.is_some() {
        return Err(wrong(
            "Dead-letter queue must be same type of queue as the source.",
        ));
    }
    let allowed = target.attributes.redrive_allow.as_ref();
    if allowed.is_some_and(|allowed| !allowed.allows(arn)) {
        return Err(wrong(
            "Queue is not allowed by the dead letter target's RedriveAllowPolicy.",
        ));
    }
    Ok(())
}
