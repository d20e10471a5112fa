//! The task behind a mapping: it receives messages as the function's execution role, invokes the
//! function with them, and deletes what the function has done.
//!
//! What fails is left where it is: it can be received again when its visibility timeout is over,
//! and goes to the dead-letter queue when it was received too often. Waiting at an empty queue is
//! no work; see `sqs::source` for what is.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;

use super::batch;
use super::mapping::{Mapping, Settings};
use crate::clock::Wait;
use crate::core::Core;
use crate::identity::Identity;
use crate::journal::{EntryId, Event, Pending};
use crate::lambda::Lambda;
use crate::lambda::invocation::Invocation;
use crate::lambda::versions::Target;
use crate::lambda::{invoke, pool};
use crate::sqs::{SourceMessage, Sqs};

/// How many messages one `ReceiveMessage` gives.
const RECEIVED_AT_ONCE: usize = 10;

/// How long a poller rests when it could not do its work.
const REST: Duration = Duration::from_secs(60);

/// A poller at work.
pub(super) struct Poller {
    pub(super) core: Arc<Core>,
    pub(super) lambda: Arc<Lambda>,
    pub(super) mapping: Arc<Mapping>,
    pub(super) sqs: Arc<Sqs>,
    /// Held, but for when it waits.
    pub(super) pending: Pending,
}

/// What to do next.
enum Next {
    Look,
    Wait,
    /// The work cannot be done for now, and why.
    Rest(String),
}

impl Poller {
    /// Works until the mapping is deleted or the emulator stops.
    pub(super) async fn run(self) {
        let mapping = &self.mapping;
        let queue = mapping.source.as_str();
        let mut trouble: Option<String> = None;
        loop {
            let changed = mapping.changed.notified();
            tokio::pin!(changed);
            // Registered before looking: what changes in between still wakes us.
            changed.as_mut().enable();
            if mapping.deleted.is_cancelled() {
                return;
            }
            let settings = mapping.settle();
            let arrived = self.sqs.arrived(queue);
            let (true, Some(arrived)) = (settings.enabled, arrived) else {
                // Without a queue there is nothing to wait for but a queue of the same name.
                let rest = self.core.clock.pause(REST);
                let enabled = settings.enabled;
                let over = self.pending.set_aside(async {
                    tokio::select! {
                        () = changed => false,
                        () = rest, if enabled => false,
                        () = mapping.deleted.cancelled() => true,
                        () = self.core.shutdown.cancelled() => true,
                    }
                });
                if over.await {
                    return;
                }
                continue;
            };
            let news = arrived.notified();
            tokio::pin!(news);
            news.as_mut().enable();
            let mut watch = Some(self.sqs.watch(queue));
            let rest: Option<Wait> = match self.work(&settings).await {
                Next::Look => {
                    trouble = None;
                    continue;
                }
                Next::Wait => None,
                Next::Rest(reason) => {
                    // Nobody works on what waits until the trouble is over.
                    watch = None;
                    self.complain(&mut trouble, reason);
                    Some(self.core.clock.pause(REST))
                }
            };
            let resting = rest.is_some();
            let rest = rest.unwrap_or_else(|| Box::pin(std::future::pending()));
            let over = self.pending.set_aside(async {
                tokio::select! {
                    () = news, if !resting => false,
                    () = rest => false,
                    () = changed => false,
                    () = mapping.deleted.cancelled() => true,
                    () = self.core.shutdown.cancelled() => true,
                }
            });
            if over.await {
                return;
            }
            // Not before it counts as work again.
            drop(watch);
        }
    }

    /// Says once what the trouble is.
    fn complain(&self, trouble: &mut Option<String>, reason: String) {
        if trouble.as_ref() == Some(&reason) {
            return;
        }
        self.core.journal.record(
            self.sqs.waiting(self.mapping.source.as_str()),
            Event::PollingFailed {
                mapping: self.mapping.id.clone(),
                reason: reason.clone(),
            },
        );
        *trouble = Some(reason);
    }

    /// Receives once, and starts what follows from it.
    async fn work(&self, settings: &Settings) -> Next {
        let queue = self.mapping.source.as_str();
        if self.sqs.waiting(queue).is_none() {
            return Next::Wait;
        }
        let target = match self.lambda.draw(&self.mapping.function) {
            Ok(target) => target,
            Err(error) => return Next::Rest(error.message),
        };
        if target.function.state().reserved_concurrency == Some(0) {
            return Next::Rest("the function's reserved concurrency is zero".to_owned());
        }
        let Some(permit) = self.permit().await else {
            return Next::Wait;
        };
        let identity = identity(&target);
        let messages = match self.gather(settings, &identity).await {
            Ok(messages) if messages.is_empty() => return Next::Wait,
            Ok(messages) => messages,
            Err(reason) => return Next::Rest(reason),
        };
        let permit = Arc::new(permit);
        for messages in batch::split(self.filter(settings, &identity, messages)) {
            let batch = Batch {
                core: Arc::clone(&self.core),
                sqs: Arc::clone(&self.sqs),
                mapping: Arc::clone(&self.mapping),
                target: target.clone(),
                identity: identity.clone(),
                partial: settings.partial,
                messages,
                pending: self.pending.clone(),
                _permit: Arc::clone(&permit),
            };
            self.core.tasks.spawn(batch.run());
        }
        Next::Look
    }

    /// The right to run one more invocation. `None` if the mapping or the emulator ends first.
    async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        let room = self.mapping.room();
        if let Ok(permit) = Arc::clone(&room).try_acquire_owned() {
            return Some(permit);
        }
        // What occupies the room is work of its own.
        let wait = async {
            tokio::select! {
                permit = room.acquire_owned() => permit.ok(),
                () = self.mapping.deleted.cancelled() => None,
                () = self.core.shutdown.cancelled() => None,
            }
        };
        self.pending.set_aside(wait).await
    }

    /// A batch: what is there, and what comes within the window.
    async fn gather(
        &self,
        settings: &Settings,
        identity: &Identity,
    ) -> Result<Vec<SourceMessage>, String> {
        let queue = self.mapping.source.as_str();
        let mut messages = Vec::new();
        let mut window = self.core.clock.pause(settings.window);
        while messages.len() < settings.batch_size {
            let arrived = self.sqs.arrived(queue);
            let Some(arrived) = arrived else { break };
            let news = arrived.notified();
            tokio::pin!(news);
            news.as_mut().enable();
            let most = RECEIVED_AT_ONCE.min(settings.batch_size - messages.len());
            let more = match self.sqs.receive_source(queue, identity, most) {
                Ok(more) => more,
                Err(reason) if messages.is_empty() => return Err(reason),
                Err(_) => break,
            };
            let none = more.is_empty();
            messages.extend(more);
            if settings.window.is_zero() || (none && messages.is_empty()) {
                break;
            }
            if none {
                tokio::select! {
                    () = news => {}
                    () = &mut window => break,
                    () = self.mapping.deleted.cancelled() => break,
                    () = self.core.shutdown.cancelled() => break,
                }
            }
        }
        Ok(messages)
    }

    /// Lets go of what no filter wants: it is deleted, as on AWS.
    fn filter(
        &self,
        settings: &Settings,
        identity: &Identity,
        messages: Vec<SourceMessage>,
    ) -> Vec<SourceMessage> {
        if settings.filters.is_empty() {
            return messages;
        }
        let (wanted, unwanted): (Vec<_>, Vec<_>) = messages.into_iter().partition(|message| {
            let mut filters = settings.filters.iter();
            filters.any(|(_, pattern)| pattern.matches_record(&message.record))
        });
        for message in &unwanted {
            self.core.journal.record(
                message.entry,
                Event::MessageFiltered {
                    subscription: self.mapping.arn(),
                },
            );
        }
        let cause = unwanted.first().and_then(|message| message.entry);
        let queue = self.mapping.source.as_str();
        self.sqs.delete_source(queue, identity, &unwanted, cause);
        self.sqs.release_source(queue, &unwanted);
        wanted
    }
}

/// Messages on their way through a function.
struct Batch {
    core: Arc<Core>,
    sqs: Arc<Sqs>,
    mapping: Arc<Mapping>,
    target: Target,
    identity: Identity,
    /// Whether the function reports what it failed.
    partial: bool,
    messages: Vec<SourceMessage>,
    pending: Pending,
    _permit: Arc<OwnedSemaphorePermit>,
}

impl Batch {
    async fn run(self) {
        let Some(first) = self.messages.first() else {
            return;
        };
        let cause = self.core.journal.record(
            first.entry,
            Event::BatchReceived {
                mapping: self.mapping.id.clone(),
                queue: self.mapping.source.to_string(),
                messages: self.messages.len(),
            },
        );
        let queue = self.mapping.source.as_str();
        if let Some(failed) = self.invoke(cause).await {
            let done = self.messages.iter();
            let done = done.filter(|message| !failed.contains(&message.id));
            let done: Vec<SourceMessage> = done.cloned().collect();
            self.sqs
                .delete_source(queue, &self.identity, &done, Some(cause));
        }
        self.sqs.release_source(queue, &self.messages);
    }

    /// The messages that failed; `None`: all.
    async fn invoke(&self, cause: EntryId) -> Option<BTreeSet<String>> {
        let core = &self.core;
        let target = &self.target;
        let now = core.clock.now();
        let demand = || target.demand(core);
        let lease = tokio::select! {
            lease = target.function.pool.lease(now, demand) => lease,
            () = core.shutdown.cancelled() => return None,
        };
        let lease = match lease {
            Ok(lease) => lease,
            Err(pool::Throttled) => return None,
        };
        let invocation = Invocation {
            request_id: core.random.uuid(),
            payload: batch::event(&self.messages),
            client_context: None,
            trace_id: invoke::new_trace_id(core, target, None),
            invoked_arn: self.mapping.function.arn(),
            cause,
            attempt: 1,
        };
        let pending = self.pending.clone();
        let finished = invoke::run(core, target, invocation, lease, pending).await?;
        match (finished.error, self.partial) {
            (Some(_), _) => None,
            (None, false) => Some(BTreeSet::new()),
            (None, true) => batch::failed(&finished.payload, &self.messages),
        }
    }
}

/// The execution role, as whom the poller acts.
pub(super) fn identity(target: &Target) -> Identity {
    let version = target.current();
    version.configuration.identity(&target.function.key.name)
}
