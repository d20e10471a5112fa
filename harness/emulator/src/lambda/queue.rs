//! Asynchronous events: taken over at once, run when there is room, tried again when the function
//! fails, and reported when it is over.
//!
//! Each function has a queue and one task that hands its events to environments in their order;
//! an event that failed waits apart and then queues again at the end, as the same invocation with
//! the same request identifier. AWS waits a minute before the second attempt and two before the
//! third; the clock may shorten these pauses, and an event's age counts them in full.
//!
//! Left out: AWS's habit to deliver an event twice now and then (a fault plan can do that), and
//! its growing pauses while a function is throttled: events wait for room, as long as their age
//! allows.
//!
//! Follows <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html>.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::destination::{self, Condition, Ending};
use super::function::Function;
use super::invocation::{Finished, Invocation};
use super::invoke;
use super::pool::{Lease, Throttled};
use super::versions::Target;
use crate::core::Core;
use crate::journal::{EntryId, Event, Outcome, Pending};

/// The pause before the second attempt, and before the third.
const PAUSES: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(120)];

/// How often AWS tries again when the function's settings do not say, which is also the most.
const RETRIES: u32 = 2;

/// How old an event may become when the function's settings do not say, which is also the most.
const OLDEST: Duration = Duration::from_secs(21_600);

/// An event for a function, from a caller who does not wait.
#[derive(Debug, Clone)]
pub(super) struct QueuedEvent {
    pub(super) request_id: String,
    pub(super) payload: Bytes,
    pub(super) client_context: Option<String>,
    pub(super) trace_id: Option<String>,
}

/// The way into a function's queue.
#[derive(Debug)]
pub(super) struct EventQueue {
    sender: mpsc::UnboundedSender<Waiting>,
}

/// The other end of the queue.
pub(super) type Events = mpsc::UnboundedReceiver<Waiting>;

/// An event in the queue.
#[derive(Debug)]
pub(super) struct Waiting {
    event: QueuedEvent,
    /// What it is for.
    target: Target,
    /// What the next attempt follows from.
    cause: EntryId,
    /// Attempts that were made.
    attempts: u32,
    /// How old it was when it came to stand here, pauses counted in full.
    age: Duration,
    since: Instant,
    /// How the last attempt ended.
    last: Option<Finished>,
    /// Held until the final outcome, through all pauses.
    pending: Pending,
}

impl EventQueue {
    /// Both ends.
    pub(super) fn new() -> (Self, Events) {
        let (sender, events) = mpsc::unbounded_channel();
        (Self { sender }, events)
    }

    /// Nobody takes it only after the function was deleted or the emulator stopped.
    fn put(&self, waiting: Waiting) {
        let _ = self.sender.send(waiting);
    }
}

/// Takes over an event, as an effect of `cause`.
pub(super) fn accept(
    core: &Core,
    target: Target,
    event: QueuedEvent,
    cause: EntryId,
    pending: &Pending,
) {
    let function = Arc::clone(&target.function);
    let cause = core.journal.record(
        Some(cause),
        Event::InvocationQueued {
            function: function.arn.to_string(),
            request_id: event.request_id.clone(),
        },
    );
    function.queue.put(Waiting {
        event,
        target,
        cause,
        attempts: 0,
        age: Duration::ZERO,
        since: Instant::now(),
        last: None,
        pending: pending.clone(),
    });
}

impl Waiting {
    fn age(&self) -> Duration {
        self.age + self.since.elapsed()
    }
}

/// Hands a function's events to its environments, until it is deleted or the emulator stops.
pub(super) async fn run(core: Arc<Core>, function: Arc<Function>, mut events: Events) {
    loop {
        let (waiting, lease) = tokio::select! {
            next = next(&core, &function, &mut events) => match next {
                Some(next) => next,
                None => return,
            },
            () = function.deleted.cancelled() => return,
            () = core.shutdown.cancelled() => return,
        };
        let attempt = attempt(Arc::clone(&core), Arc::clone(&function), waiting, lease);
        core.tasks.spawn(attempt);
    }
}

/// The next event that can be run, and the right to run it. Those that cannot are given up.
async fn next(
    core: &Arc<Core>,
    function: &Arc<Function>,
    events: &mut Events,
) -> Option<(Waiting, Lease)> {
    loop {
        let waiting = events.recv().await?;
        let demand = || waiting.target.demand(core);
        let left = oldest(&waiting.target).saturating_sub(waiting.age());
        let mut limit = core.clock.limit(left);
        let condition = tokio::select! {
            biased;
            lease = function.pool.lease(core.clock.now(), demand) => match lease {
                Ok(lease) => return Some((waiting, lease)),
                Err(Throttled) => Condition::ZeroReservedConcurrency,
            },
            () = &mut limit => Condition::EventAgeExceeded,
        };
        throttled(core, function, &waiting);
        finish(core, &waiting, condition);
    }
}

/// One attempt, and what follows from it.
async fn attempt(core: Arc<Core>, function: Arc<Function>, mut waiting: Waiting, lease: Lease) {
    waiting.attempts += 1;
    let event = &waiting.event;
    let invocation = Invocation {
        request_id: event.request_id.clone(),
        payload: event.payload.clone(),
        client_context: event.client_context.clone(),
        trace_id: invoke::new_trace_id(&core, &waiting.target, event.trace_id.as_deref()),
        invoked_arn: waiting.target.arn(),
        cause: waiting.cause,
        attempt: waiting.attempts,
    };
    let pending = waiting.pending.clone();
    let target = &waiting.target;
    let Some(finished) = invoke::run(&core, target, invocation, lease, pending).await else {
        return;
    };
    waiting.cause = finished.entry;
    let failed = finished.error.is_some();
    waiting.last = Some(finished);
    if !failed {
        return finish(&core, &waiting, Condition::Success);
    }
    let retries = waiting.target.event_config();
    let retries = retries.and_then(|config| config.retries).unwrap_or(RETRIES);
    if waiting.attempts > retries {
        return finish(&core, &waiting, Condition::RetriesExhausted);
    }
    let pause = PAUSES[PAUSES.len().min(waiting.attempts as usize) - 1];
    if waiting.age() + pause > oldest(&waiting.target) {
        return finish(&core, &waiting, Condition::EventAgeExceeded);
    }
    retry(&core, &function, waiting, pause).await;
}

/// Queues the event again after a pause.
async fn retry(core: &Core, function: &Function, mut waiting: Waiting, pause: Duration) {
    waiting.cause = core.journal.record(
        Some(waiting.cause),
        Event::RetryScheduled {
            function: function.arn.to_string(),
            request_id: waiting.event.request_id.clone(),
            delay_ms: u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
        },
    );
    waiting.age = waiting.age() + pause;
    tokio::select! {
        () = core.clock.pause(pause) => {
            waiting.since = Instant::now();
            function.queue.put(waiting);
        }
        () = function.deleted.cancelled() => {}
        () = core.shutdown.cancelled() => {}
    }
}

fn oldest(target: &Target) -> Duration {
    let config = target.event_config();
    config.and_then(|config| config.oldest).unwrap_or(OLDEST)
}

fn throttled(core: &Core, function: &Function, waiting: &Waiting) {
    core.journal.record(
        Some(waiting.cause),
        Event::InvocationEnded {
            function: function.arn.to_string(),
            request_id: waiting.event.request_id.clone(),
            outcome: Outcome::Throttled,
            duration_ms: 0,
        },
    );
}

/// Sends the records that the function's settings ask for.
fn finish(core: &Core, waiting: &Waiting, condition: Condition) {
    let ending = Ending {
        target: &waiting.target,
        request_id: &waiting.event.request_id,
        payload: &waiting.event.payload,
        attempts: waiting.attempts,
        condition,
        last: waiting.last.as_ref(),
        cause: waiting.cause,
        pending: &waiting.pending,
    };
    destination::report(core, &ending);
}
