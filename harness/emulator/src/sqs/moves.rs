//! Dead letters on their way back: to the queue that gave them up, or to another.
//!
//! A moved message is a new one: it has an identifier, a time and a count of receipts of its own.
//! Moving is work: the emulator does not settle before a task has ended.
//!
//! Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html>.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use zipster_names::Arn;

use super::source::Watch;
use super::state::Draft;
use super::{Sqs, answer, error, input};
use crate::front::{Answer, ApiError, Call};
use crate::iam::Authorization;
use crate::identity::Identity;
use crate::journal::{EntryId, Event, Pending};

/// How many tasks of a queue can be listed.
const MOST_LISTED: usize = 10;

/// The fastest rate, in messages per second.
const FASTEST: i64 = 500;

/// A move, at work or over.
#[derive(Debug)]
pub(super) struct MoveTask {
    handle: String,
    source: String,
    destination: Option<String>,
    /// Messages per second; `None`: as fast as can be.
    rate: Option<u32>,
    moved: u64,
    to_move: usize,
    status: Status,
    started: OffsetDateTime,
    cancel: CancellationToken,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Status {
    Running,
    Completed,
    Cancelling,
    Cancelled,
    Failed(&'static str),
}

impl Status {
    fn as_str(&self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Completed => "COMPLETED",
            Self::Cancelling => "CANCELLING",
            Self::Cancelled => "CANCELLED",
            Self::Failed(_) => "FAILED",
        }
    }

    fn is_over(&self) -> bool {
        matches!(self, Self::Completed | Self::Cancelled | Self::Failed(_))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StartMessageMoveTask {
    source_arn: String,
    destination_arn: Option<String>,
    max_number_of_messages_per_second: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListMessageMoveTasks {
    source_arn: String,
    max_results: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CancelMessageMoveTask {
    task_handle: String,
}

/// What a task works with.
struct Work {
    handle: String,
    source: String,
    destination: Option<String>,
    pause: Option<Duration>,
    /// Whoever started it: messages move with their authority.
    identity: Identity,
    cause: EntryId,
    cancel: CancellationToken,
    _pending: Pending,
}

/// One step of a task.
enum Step {
    Moved,
    NothingLeft,
}

impl Sqs {
    /// Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html>.
    pub(super) fn start_message_move_task(
        self: &Arc<Self>,
        call: &Call,
    ) -> Result<Answer, ApiError> {
        let input: StartMessageMoveTask = input(call)?;
        let source = existing(self, &input.source_arn, "SourceArn")?;
        for action in [
            "sqs:StartMessageMoveTask",
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
        ] {
            self.authorize_on_queue(call, action, &source)?;
        }
        let destination = match &input.destination_arn {
            Some(arn) => {
                let arn = existing(self, arn, "DestinationArn")?;
                self.authorize_on_queue(call, "sqs:SendMessage", &arn)?;
                Some(arn)
            }
            None => None,
        };
        let rate = match input.max_number_of_messages_per_second {
            None => None,
            Some(rate) if (1..=FASTEST).contains(&rate) => u32::try_from(rate).ok(),
            Some(rate) => {
                let reason = "Must be greater than or equal to 1 and less than or equal to 500.";
                return Err(error::value(rate, "MaxNumberOfMessagesPerSecond", reason));
            }
        };
        let cancel = CancellationToken::new();
        let ids = json!({ "taskId": self.core.random.uuid(), "sourceArn": source });
        let handle = STANDARD.encode(ids.to_string());
        self.open_task(MoveTask {
            handle: handle.clone(),
            source: source.clone(),
            destination: destination.clone(),
            rate,
            moved: 0,
            to_move: 0,
            status: Status::Running,
            started: self.core.clock.now(),
            cancel: cancel.clone(),
        })?;
        let work = Work {
            handle: handle.clone(),
            source,
            destination,
            pause: rate.map(|rate| Duration::from_secs(1) / rate),
            identity: call.identity.clone(),
            cause: call.entry,
            cancel,
            _pending: call.pending.clone(),
        };
        let sqs = Arc::clone(self);
        self.core
            .tasks
            .spawn(async move { sqs.run_task(work).await });
        Ok(answer(call, &json!({ "TaskHandle": handle })))
    }

    /// Takes a task in, if its source can have one.
    fn open_task(&self, mut task: MoveTask) -> Result<(), ApiError> {
        let mut state = self.state();
        let is_dead_letters = state.queues.values().any(|queue| {
            let redrive = queue.attributes.redrive.as_ref();
            redrive.is_some_and(|redrive| redrive.dead_letters == *task.source)
        });
        if !is_dead_letters {
            return Err(error::parameter(
                "Source queue must be configured as a Dead Letter Queue.",
            ));
        }
        let source = state.queues.get(&task.source).ok_or_else(error::no_queue)?;
        if let Some(destination) = &task.destination {
            if *destination == task.source {
                return Err(error::parameter(
                    "Source queue arn and destination queue arn cannot be the same.",
                ));
            }
            let target = state.queues.get(destination).ok_or_else(error::no_queue)?;
            if target.is_fifo() != source.is_fifo() {
                return Err(error::parameter(
                    "Source and destination queues must be of the same type.",
                ));
            }
        }
        task.to_move = source.counts().waiting;
        let same = |other: &&MoveTask| other.source == task.source;
        if state
            .moves
            .iter()
            .filter(same)
            .any(|other| !other.status.is_over())
        {
            return Err(error::parameter(
                "There is already a task running. Only one active task is allowed for a source \
                 queue arn at a given time.",
            ));
        }
        state.moves.push(task);
        Ok(())
    }

    /// Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListMessageMoveTasks.html>.
    pub(super) fn list_message_move_tasks(&self, call: &Call) -> Result<Answer, ApiError> {
        let input: ListMessageMoveTasks = input(call)?;
        let source = existing(self, &input.source_arn, "SourceArn")?;
        self.authorize_on_queue(call, "sqs:ListMessageMoveTasks", &source)?;
        let most = input.max_results.unwrap_or(1);
        let most = usize::try_from(most)
            .ok()
            .filter(|most| (1..=MOST_LISTED).contains(most))
            .ok_or_else(|| {
                let reason = "Must be greater than or equal to 1 and less than or equal to 10.";
                error::value(most, "MaxResults", reason)
            })?;
        let state = self.state();
        let tasks = state.moves.iter().rev();
        let tasks = tasks.filter(|task| task.source == source).take(most);
        let results: Vec<Value> = tasks.map(describe).collect();
        Ok(answer(call, &json!({ "Results": results })))
    }

    /// Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CancelMessageMoveTask.html>.
    pub(super) fn cancel_message_move_task(&self, call: &Call) -> Result<Answer, ApiError> {
        let input: CancelMessageMoveTask = input(call)?;
        let source = source_of(&input.task_handle).ok_or_else(|| {
            error::value(&input.task_handle, "TaskHandle", "The handle is malformed.")
        })?;
        let source = existing(self, &source, "SourceArn")?;
        self.authorize_on_queue(call, "sqs:CancelMessageMoveTask", &source)?;
        let mut state = self.state();
        let task = state
            .moves
            .iter_mut()
            .find(|task| task.handle == input.task_handle && !task.status.is_over())
            .ok_or_else(|| error::no_resource("Task does not exist."))?;
        task.status = Status::Cancelling;
        task.cancel.cancel();
        let answered = json!({ "ApproximateNumberOfMessagesMoved": task.moved });
        Ok(answer(call, &answered))
    }

    /// Moves messages until none is left, one cannot be moved, or the task is cancelled.
    async fn run_task(self: Arc<Self>, work: Work) {
        let end = loop {
            if work.cancel.is_cancelled() {
                break Status::Cancelled;
            }
            match self.step(&work) {
                Ok(Step::Moved) => {}
                Ok(Step::NothingLeft) => break Status::Completed,
                Err(reason) => break Status::Failed(reason),
            }
            match work.pause {
                Some(pause) => tokio::select! {
                    () = self.core.clock.pause(pause) => {}
                    () = work.cancel.cancelled() => {}
                    () = self.core.shutdown.cancelled() => return,
                },
                None => tokio::task::yield_now().await,
            }
        };
        if let Some(task) = self
            .state()
            .moves
            .iter_mut()
            .find(|task| task.handle == work.handle)
        {
            task.status = end;
        }
    }

    /// Moves one message.
    ///
    /// # Errors
    /// The `FailureReason`.
    fn step(self: &Arc<Self>, work: &Work) -> Result<Step, &'static str> {
        const GONE: &str = "AWS.SimpleQueueService.NonExistentQueue";
        let first = self
            .on_queue(&work.source, |queue| {
                let number = queue.first_waiting()?;
                Some((number, queue.source_of(number)))
            })
            .map_err(|_| GONE)?;
        let Some((number, origin)) = first else {
            return Ok(Step::NothingLeft);
        };
        let destination = work
            .destination
            .clone()
            .or_else(|| origin.map(|arn| arn.to_string()))
            .ok_or("CouldNotDetermineMessageSource")?;
        if work.destination.is_none() {
            let policy = self
                .on_queue(&destination, |queue| queue.attributes.policy.clone())
                .map_err(|_| GONE)?;
            let request = Authorization {
                cause: work.cause,
                action: "sqs:SendMessage",
                resource: &destination,
                context: &[],
                resource_policy: policy.as_deref(),
            };
            self.core
                .authorize(&work.identity, &request)
                .map_err(|_| "AccessDenied")?;
        }
        let mut state = self.state();
        if !state.queues.contains_key(&destination) {
            return Err(GONE);
        }
        let source = state.queues.get_mut(&work.source).ok_or(GONE)?;
        // Somebody may have received it meanwhile; then the next step finds another.
        let Some(message) = source.take_waiting(number) else {
            return Ok(Step::Moved);
        };
        let id = self.core.random.uuid();
        let entry = self.core.journal.record(
            Some(work.cause),
            Event::MessageQueued {
                queue: destination.clone(),
                message_id: id.clone(),
            },
        );
        let draft = Draft {
            id,
            body: message.body,
            attributes: message.attributes,
            trace_header: message.trace_header,
            group: message.group,
            deduplication: message.deduplication,
            sender: message.sender,
            sent: self.core.clock.now(),
            entry,
        };
        if let Some(target) = state.queues.get_mut(&destination) {
            target.push(draft, |_| None);
            Watch::note(target);
        }
        let task = state.moves.iter_mut();
        if let Some(task) = task.rev().find(|task| task.handle == work.handle) {
            task.moved += 1;
        }
        Ok(Step::Moved)
    }
}

/// The ARN of a queue that is there.
fn existing(sqs: &Sqs, arn: &str, parameter: &str) -> Result<String, ApiError> {
    let missing = || {
        error::no_resource(format!(
            "The resource that you specified for the {parameter} parameter doesn't exist."
        ))
    };
    Arn::parse(arn)
        .ok()
        .filter(|arn| arn.service() == "sqs")
        .ok_or_else(|| error::value(arn, parameter, "The ARN is malformed."))?;
    sqs.on_queue(arn, |_| ()).map_err(|_| missing())?;
    Ok(arn.to_owned())
}

fn source_of(handle: &str) -> Option<String> {
    let ids: Value = serde_json::from_slice(&STANDARD.decode(handle).ok()?).ok()?;
    Some(ids.get("sourceArn")?.as_str()?.to_owned())
}

fn describe(task: &MoveTask) -> Value {
    let mut shown = Map::new();
    let mut show = |name: &str, value: Value| shown.insert(name.to_owned(), value);
    if task.status == Status::Running {
        show("TaskHandle", task.handle.clone().into());
    }
    show("Status", task.status.as_str().into());
    show("SourceArn", task.source.clone().into());
    if let Some(destination) = &task.destination {
        show("DestinationArn", destination.clone().into());
    }
    if let Some(rate) = task.rate {
        show("MaxNumberOfMessagesPerSecond", rate.into());
    }
    show("ApproximateNumberOfMessagesMoved", task.moved.into());
    show("ApproximateNumberOfMessagesToMove", task.to_move.into());
    if let Status::Failed(reason) = task.status {
        show("FailureReason", reason.into());
    }
    let started = task.started.unix_timestamp_nanos() / 1_000_000;
    show(
        "StartedTimestamp",
        i64::try_from(started).unwrap_or_default().into(),
    );
    Value::Object(shown)
}
