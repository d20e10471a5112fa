//! Simple Queue Service: standard and FIFO queues.
//!
//! The rooms: `operations` is the table of what is supported, `queues` are the operations on
//! queues, `attributes` and `permissions` what can be set on them, `send` and `receive` the
//! operations on messages, `moves` the way of dead letters back to their source, `wire` and `digest`
//! how messages look to clients, `source` how they look to Lambda's pollers, `query` the protocol
//! of older clients, `state` where messages are and `fifo` what keeps them in order.
//!
//! Delays and visibility timeouts are pauses of the injected clock, so that a hurried clock
//! shortens them; a long poll is a limit and is not shortened. A message that lies in a queue is
//! no work: the emulator settles all the same.
//!
//! Deliberately absent: encryption with keys of the account's own, refused by name, and limits of
//! throughput, which nobody reaches here.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{HeaderValue, header};
use s3s::Body;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};
use zipster_names::{AccountId, Arn, QueueName};

use crate::core::Core;
use crate::front::{Answer, ApiError, Call, ServiceName};
use crate::iam::Authorization;
use crate::iam::tags::{borrowed, resource_tags};
use crate::identity::Identity;

mod attributes;
mod digest;
mod error;
mod fifo;
mod moves;
mod operations;
mod permissions;
pub mod query;
mod queues;
mod receive;
mod send;
mod source;
mod state;
mod wire;

pub use error::shape;
pub use operations::{OPERATIONS, Operation};
pub use source::{SourceMessage, SourceQueue, Watching};

use source::Watch;
use state::{Queue, State};

/// The most entries of one batch.
const MOST_IN_BATCH: usize = 10;

/// The service.
#[derive(Debug)]
pub struct Sqs {
    core: Arc<Core>,
    state: Mutex<State>,
}

impl Sqs {
    /// Nothing in it yet.
    #[must_use]
    pub fn new(core: Arc<Core>) -> Arc<Self> {
        Arc::new(Self {
            core,
            state: Mutex::default(),
        })
    }

    /// Carries out a call.
    ///
    /// # Errors
    /// The operation's own, or that it is not supported.
    pub async fn handle(self: &Arc<Self>, call: &Call) -> Result<Answer, ApiError> {
        operations::check(call)?;
        match call.operation.as_str() {
            "AddPermission" => self.add_permission(call),
            "CancelMessageMoveTask" => self.cancel_message_move_task(call),
            "ChangeMessageVisibility" => self.change_message_visibility(call),
            "ChangeMessageVisibilityBatch" => self.change_message_visibility_batch(call),
            "CreateQueue" => self.create_queue(call),
            "DeleteMessage" => self.delete_message(call),
            "DeleteMessageBatch" => self.delete_message_batch(call),
            "DeleteQueue" => self.delete_queue(call),
            "GetQueueAttributes" => self.get_queue_attributes(call),
            "GetQueueUrl" => self.get_queue_url(call),
            "ListDeadLetterSourceQueues" => self.list_dead_letter_source_queues(call),
            "ListMessageMoveTasks" => self.list_message_move_tasks(call),
            "ListQueueTags" => self.list_queue_tags(call),
            "ListQueues" => self.list_queues(call),
            "PurgeQueue" => self.purge_queue(call),
            "ReceiveMessage" => self.receive_message(call).await,
            "RemovePermission" => self.remove_permission(call),
            "SendMessage" => self.send_message(call),
            "SendMessageBatch" => self.send_message_batch(call),
            "SetQueueAttributes" => self.set_queue_attributes(call),
            "StartMessageMoveTask" => self.start_message_move_task(call),
            "TagQueue" => self.tag_queue(call),
            "UntagQueue" => self.untag_queue(call),
            other => Err(ApiError::unsupported(ServiceName::Sqs, other)),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with a queue, under the lock.
    fn on_queue<T>(&self, arn: &str, work: impl FnOnce(&mut Queue) -> T) -> Result<T, ApiError> {
        let mut state = self.state();
        let queue = state.queues.get_mut(arn).ok_or_else(error::no_queue)?;
        let done = work(queue);
        Watch::note(queue);
        Ok(done)
    }

    /// `http://127.0.0.1:PORT/ACCOUNT/NAME`.
    fn url(&self, account: &AccountId, name: &QueueName) -> String {
        format!("{}/{account}/{name}", self.core.endpoint())
    }

    /// The ARN of the queue that a URL names; the region is the one that was called. Only the
    /// path counts, so that a URL stays good when the emulator is reached by another name.
    fn arn_of(&self, call: &Call, url: &str) -> Result<String, ApiError> {
        let mut segments = url.trim_end_matches('/').rsplit('/');
        let name = segments.next().and_then(|name| QueueName::parse(name).ok());
        let account = segments.next().and_then(|id| AccountId::parse(id).ok());
        match (account, name) {
            (Some(account), Some(name)) => {
                Ok(Arn::queue(&call.region, &account, &name).to_string())
            }
            (None, _) | (_, None) => Err(error::no_queue()),
        }
    }

    /// Asks whether the caller may.
    fn authorize(
        &self,
        call: &Call,
        action: &str,
        resource: &str,
        policy: Option<&str>,
    ) -> Result<(), ApiError> {
        self.authorize_tags(call, action, resource, policy, &[])
    }

    /// The same, with the tags that the request is about. Those of the queue have a say, too.
    fn authorize_tags(
        &self,
        call: &Call,
        action: &str,
        resource: &str,
        policy: Option<&str>,
        tags: &[(String, String)],
    ) -> Result<(), ApiError> {
        let of_queue = {
            let state = self.state();
            let queue = state.queues.get(resource);
            queue.map_or_else(Vec::new, |queue| resource_tags(&queue.tags))
        };
        let mut context = borrowed(tags);
        context.extend(borrowed(&of_queue));
        self.core
            .authorize(
                &call.identity,
                &Authorization {
                    cause: call.entry,
                    action,
                    resource,
                    context: &context,
                    resource_policy: policy,
                },
            )
            .map_err(error::denied)
    }

    /// Asks whether the caller may do `action` with a queue, whose own policy has a say.
    fn authorize_on_queue(&self, call: &Call, action: &str, arn: &str) -> Result<(), ApiError> {
        let policy = self.on_queue(arn, |queue| queue.attributes.policy.clone())?;
        self.authorize(call, action, arn, policy.as_deref())
    }

    /// `SenderId`: the account, or the role's unique identifier and its session.
    fn sender_id(&self, identity: &Identity) -> String {
        let principal = &identity.principal;
        self.core
            .iam
            .unique_id(principal)
            // The role was deleted while its session goes on.
            .unwrap_or_else(|| principal.arn())
    }

    /// Lets a message be received after `length`, unless the guard is dropped before; `None` if
    /// there is nothing to wait for.
    fn timer(self: &Arc<Self>, arn: &str, number: u64, length: Duration) -> Option<DropGuard> {
        self.after(arn, length, move |queue| queue.surface(number))
    }

    /// Does something with a queue after `length`, a pause that AWS imposes, unless the guard is
    /// dropped before; `None` if there is nothing to wait for.
    fn after(
        self: &Arc<Self>,
        arn: &str,
        length: Duration,
        work: impl FnOnce(&mut Queue) + Send + 'static,
    ) -> Option<DropGuard> {
        if length.is_zero() {
            return None;
        }
        let cancelled = CancellationToken::new();
        let guard = cancelled.clone().drop_guard();
        let wait = self.core.clock.pause(length);
        let (sqs, arn) = (Arc::clone(self), arn.to_owned());
        self.core.tasks.spawn(async move {
            tokio::select! {
                () = wait => {}
                () = cancelled.cancelled() => return,
                () = sqs.core.shutdown.cancelled() => return,
            }
            // The guard is dropped under the lock, so that this is the last word on it.
            let _ = sqs.on_queue(&arn, |queue| {
                if !cancelled.is_cancelled() {
                    work(queue);
                }
            });
        });
        Some(guard)
    }
}

/// The input of a call.
fn input<T: DeserializeOwned>(call: &Call) -> Result<T, ApiError> {
    let body: &[u8] = if call.body.is_empty() {
        b"{}"
    } else {
        &call.body
    };
    serde_json::from_slice(body)
        .map_err(|error| ApiError::bad_request("SerializationException", error.to_string()))
}

/// A successful answer.
fn answer(call: &Call, result: &Value) -> Answer {
    let mut answer = http::Response::new(Body::from(result.to_string()));
    let headers = answer.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-amz-json-1.0"),
    );
    if let Ok(id) = HeaderValue::from_str(&call.request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    answer
}

/// What is the same about all batches: their number of entries, and their identifiers.
fn check_batch<'a>(
    ids: impl ExactSizeIterator<Item = &'a str>,
    entry: &str,
) -> Result<(), ApiError> {
    let count = ids.len();
    if count == 0 {
        return Err(error::empty_batch(entry));
    }
    if count > MOST_IN_BATCH {
        return Err(error::too_many(count));
    }
    let mut seen = BTreeSet::new();
    for id in ids {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if !(1..=80).contains(&id.len()) || !id.bytes().all(plain) {
            return Err(error::bad_id());
        }
        if !seen.insert(id) {
            return Err(error::same_ids(id));
        }
    }
    Ok(())
}

/// How one entry of a batch failed.
fn failed(id: &str, error: &ApiError) -> Value {
    json!({
        "Id": id,
        "Code": error.code,
        "Message": error.message,
        "SenderFault": !error.status.is_server_error(),
    })
}
