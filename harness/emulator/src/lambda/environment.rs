//! An execution environment: one process at a time, one invocation at a time.
//!
//! An environment is started for an invocation and lives on, frozen, for the next ones. One task
//! owns it and does all that happens to it in turn: it starts the process, hands events over,
//! reads the output, keeps the limits, and kills.
//!
//! The initialisation has ten seconds. If it fails, the process is started once more, now within
//! the invocation's own timeout, as on AWS. After a timeout or an exit AWS resets the environment;
//! here it ends, and the next invocation starts another. An invocation ends when the process has
//! answered *and* asked for its next event, so all that the function does until then is the
//! invocation's, and so is every line it wrote.
//!
//! Left out: limits of memory, processor and `/tmp` (the function may use what the machine has;
//! `Max Memory Used` tells the truth), extensions, and the signal before the end that extensions
//! would get.

use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use time::OffsetDateTime;
use tokio::sync::{mpsc, oneshot};

use super::function::{Key, Version};
use super::logs::{self, Log, Output, Report, Status};
use super::pool::{Handle, Lease};
use super::process::{Process, describe};
use super::runtime_api::{FunctionError, Handed, Refusal, Request, RuntimeApi};
use super::variables::{Surroundings, variables};
use crate::clock::Wait;
use crate::core::Core;
use crate::identity::{Credentials, Execution};
use crate::journal::{EntryId, Event, Outcome, Pending};

/// How long the initialisation may take before it is started again
/// (<https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>).
const INIT_LIMIT: Duration = Duration::from_secs(10);

/// How long an idle environment is kept. AWS does not say; it is minutes.
const IDLE_LIMIT: Duration = Duration::from_secs(600);

/// How long an environment's credentials are valid.
const CREDENTIALS: time::Duration = time::Duration::hours(12);

/// How much of that an environment uses: the last invocation must end before they do.
const LIFETIME: time::Duration = time::Duration::hours(11);

/// A program that was just written may still be open for writing in a process that another
/// thread is about to start; the system then refuses to run it, for an instant.
const BUSY_RETRIES: u32 = 50;
const BUSY_PAUSE: Duration = Duration::from_millis(10);

/// The error type for a program that cannot be started.
const INVALID_ENTRYPOINT: &str = "Runtime.InvalidEntrypoint";

/// What an environment runs.
#[derive(Debug)]
pub(super) struct Spec {
    pub(super) key: Key,
    pub(super) arn: String,
    pub(super) version: Arc<Version>,
}

/// One attempt to run the function.
#[derive(Debug, Clone)]
pub(super) struct Invocation {
    pub(super) request_id: String,
    pub(super) payload: Bytes,
    pub(super) client_context: Option<String>,
    pub(super) trace_id: String,
    /// The ARN that the caller used.
    pub(super) invoked_arn: String,
    /// The journal entry that made it necessary.
    pub(super) cause: EntryId,
    /// Counted from 1.
    pub(super) attempt: u32,
}

/// An invocation on its way to an environment.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) invocation: Invocation,
    pub(super) lease: Lease,
    pub(super) reply: oneshot::Sender<Finished>,
    /// Held until the invocation has ended.
    pub(super) pending: Pending,
}

/// How an attempt ended.
#[derive(Debug, Clone)]
pub(super) struct Finished {
    /// What the caller gets.
    pub(super) payload: Bytes,
    /// Why it is an error, if it is one.
    pub(super) error: Option<FunctionError>,
    /// The last 4 KB of the log.
    pub(super) tail: String,
    /// The entry of its end.
    pub(super) entry: EntryId,
}

/// Starts an environment for `job`.
pub(super) fn start(core: &Arc<Core>, spec: Arc<Spec>, mut job: Job) {
    let (jobs, receiver) = mpsc::channel(1);
    let until = core.clock.now() + LIFETIME;
    job.lease.handle = Some(Handle {
        jobs,
        version: spec.version.number,
        until,
    });
    let environment = Environment::new(core, spec);
    core.tasks.spawn(environment.run(job, receiver));
}

struct Environment {
    core: Arc<Core>,
    spec: Arc<Spec>,
    log: Log,
    execution: Arc<Execution>,
    credentials: Credentials,
    /// The function's `TMPDIR`.
    temporary: PathBuf,
    sandbox: Option<Sandbox>,
    /// Whether it was said that freezing does not work.
    cannot_freeze: bool,
}

/// A process and its Runtime API.
struct Sandbox {
    process: Process,
    output: Output,
    api: RuntimeApi,
    /// Where it waits for its next event.
    waiting: Option<oneshot::Sender<Result<Handed, Refusal>>>,
    /// The most memory that was seen, in MB.
    memory: u64,
    /// The entry of its start.
    entry: Option<EntryId>,
}

/// What the environment's task was waiting for.
enum Happening {
    Request(Request),
    Exited(Option<ExitStatus>),
    Killed,
}

/// How an invocation ended, seen from the environment.
enum End {
    Answered(Bytes),
    Failed(FunctionError),
    TimedOut,
    Exited(String),
    /// The initialisation failed, twice.
    NotInitialised(FunctionError),
}

/// Why a process is not ready for its first event.
enum InitFailure {
    TimedOut,
    Exited(String),
    Killed,
    Reported(FunctionError),
    /// There was no process.
    NotStarted(String),
}

impl Environment {
    fn new(core: &Arc<Core>, spec: Arc<Spec>) -> Self {
        let stream = logs::stream_name(core.clock.now(), &core.random);
        let execution = Arc::new(Execution::new(spec.key.name.clone()));
        let credentials = core.credentials.issue_session(
            &core.random,
            spec.version.configuration.principal(&spec.key.name),
            Some(Arc::clone(&execution)),
            core.clock.now() + CREDENTIALS,
        );
        let identifier = stream.rsplit(']').next().unwrap_or_default();
        let temporary = core.directory.join(format!("tmp-{identifier}"));
        Self {
            log: Log::new(core.journal.clone(), spec.arn.clone(), stream),
            core: Arc::clone(core),
            spec,
            execution,
            credentials,
            temporary,
            sandbox: None,
            cannot_freeze: false,
        }
    }

    /// Serves `first` and what follows, until the environment is no longer wanted or able.
    async fn run(mut self, first: Job, mut jobs: mpsc::Receiver<Job>) {
        let shutdown = self.core.shutdown.clone();
        let reason = tokio::select! {
            reason = self.live(first, &mut jobs) => reason,
            () = shutdown.cancelled() => "stopped",
        };
        self.end(reason).await;
    }

    async fn live(&mut self, first: Job, jobs: &mut mpsc::Receiver<Job>) -> &'static str {
        let mut job = first;
        loop {
            if let Err(reason) = self.serve(job).await {
                return reason;
            }
            job = match self.idle(jobs).await {
                Ok(next) => next,
                Err(reason) => return reason,
            };
        }
    }

    /// Waits, frozen, for the next invocation.
    async fn idle(&mut self, jobs: &mut mpsc::Receiver<Job>) -> Result<Job, &'static str> {
        let mut limit = self.core.clock.limit(IDLE_LIMIT);
        let reason = loop {
            tokio::select! {
                job = jobs.recv() => return job.ok_or("retired"),
                happening = self.happening() => match happening {
                    Happening::Killed => break "killed",
                    Happening::Exited(_) => break "exited",
                    Happening::Request(request) => self.refuse(request),
                },
                () = &mut limit => break "idle",
            }
        };
        // An invocation that was sent while we made up our mind gets an environment of its own.
        jobs.close();
        if let Some(job) = jobs.recv().await {
            start(&self.core, Arc::clone(&self.spec), job);
        }
        Err(reason)
    }

    /// Answers what a process asks between invocations: frozen it asks nothing, but it may have
    /// been a moment faster, or freezing may not work here.
    fn refuse(&mut self, request: Request) {
        match request {
            Request::Next(reply) => {
                if let Some(sandbox) = &mut self.sandbox {
                    sandbox.waiting = Some(reply);
                }
            }
            Request::Answer { reply, .. } | Request::InitError { reply, .. } => {
                let _ = reply.send(Err(Refusal::InvalidStateTransition));
            }
        }
    }

    /// Runs one invocation and tells its caller, who learns of it when all is written down and
    /// the environment is free again or gone. The error says why it is gone.
    async fn serve(&mut self, job: Job) -> Result<(), &'static str> {
        let Job {
            invocation,
            lease,
            reply,
            pending,
        } = job;
        let (finished, ended) = self.invoke(&invocation).await;
        if let Some(reason) = ended {
            self.end(reason).await;
            drop(lease);
        } else {
            self.freeze();
            lease.give_back();
        }
        // A caller who no longer waits is no reason to stop.
        let _ = reply.send(finished);
        drop(pending);
        ended.map_or(Ok(()), Err)
    }

    async fn invoke(&mut self, invocation: &Invocation) -> (Finished, Option<&'static str>) {
        let timeout = self.timeout();
        let cold = self.sandbox.is_none();
        let mut init = None;
        let mut failed = None;
        if cold {
            let mut limit = self.core.clock.limit(INIT_LIMIT);
            let started = Instant::now();
            match self.initialise(invocation.cause, &mut limit).await {
                Ok(()) => init = Some(started.elapsed()),
                Err(failure) => {
                    self.report_init(started.elapsed(), "init", &failure);
                    failed = Some(failure);
                }
            }
        }
        let entry = self.core.journal.record(
            Some(invocation.cause),
            Event::InvocationStarted {
                function: self.spec.arn.clone(),
                request_id: invocation.request_id.clone(),
                attempt: invocation.attempt,
                cold,
            },
        );
        self.execution.set_cause(Some(entry));
        self.log.begin();
        self.write(&format!(
            "START RequestId: {} Version: $LATEST",
            invocation.request_id
        ));
        let started = Instant::now();
        let mut limit = self.core.clock.limit(timeout);
        let deadline = self.core.clock.now() + timeout;
        let mut alive = false;
        let end = match self.make_ready(invocation, entry, failed, &mut limit).await {
            Ok(()) => {
                let (end, still) = self.exchange(invocation, deadline, &mut limit).await;
                alive = still;
                end
            }
            Err(end) => end,
        };
        let duration = started.elapsed();
        let ended = self.conclude(&end, alive).await;
        let finished = self.write_down(invocation, entry, end, duration, init);
        (finished, ended)
    }

    /// Starts the process again if its initialisation failed, as part of the invocation.
    async fn make_ready(
        &mut self,
        invocation: &Invocation,
        entry: EntryId,
        failed: Option<InitFailure>,
        limit: &mut Wait,
    ) -> Result<(), End> {
        let Some(failure) = failed else { return Ok(()) };
        if matches!(failure, InitFailure::Killed) {
            return Err(End::Exited("signal: killed".to_owned()));
        }
        let started = Instant::now();
        let again = self.initialise(entry, limit).await;
        self.execution.set_cause(Some(entry));
        again.map_err(|failure| {
            self.report_init(started.elapsed(), "invoke", &failure);
            match failure {
                InitFailure::TimedOut => End::TimedOut,
                InitFailure::Exited(how) => End::Exited(how),
                InitFailure::Killed => End::Exited("signal: killed".to_owned()),
                InitFailure::Reported(error) => End::NotInitialised(error),
                InitFailure::NotStarted(why) => {
                    let message = format!("RequestId: {} Error: {why}", invocation.request_id);
                    End::NotInitialised(FunctionError::new(INVALID_ENTRYPOINT, message))
                }
            }
        })
    }

    /// Starts the process and waits until it asks for its first event.
    async fn initialise(&mut self, cause: EntryId, limit: &mut Wait) -> Result<(), InitFailure> {
        let mut sandbox = self.launch().await.map_err(InitFailure::NotStarted)?;
        let entry = self.core.journal.record(
            Some(cause),
            Event::EnvironmentStarted {
                function: self.spec.arn.clone(),
                log_stream: self.log.stream().to_owned(),
                pid: sandbox.process.id(),
            },
        );
        sandbox.entry = Some(entry);
        self.execution.set_cause(Some(entry));
        self.sandbox = Some(sandbox);
        let failure = loop {
            let happening = tokio::select! {
                happening = self.happening() => happening,
                () = &mut *limit => break InitFailure::TimedOut,
            };
            match happening {
                Happening::Request(Request::Next(reply)) => {
                    if let Some(sandbox) = &mut self.sandbox {
                        sandbox.waiting = Some(reply);
                    }
                    return Ok(());
                }
                Happening::Request(Request::Answer { reply, .. }) => {
                    let _ = reply.send(Err(Refusal::InvalidStateTransition));
                }
                Happening::Request(Request::InitError { error, reply }) => {
                    let _ = reply.send(Ok(()));
                    break InitFailure::Reported(error);
                }
                Happening::Exited(status) => break InitFailure::Exited(how(status)),
                Happening::Killed => break InitFailure::Killed,
            }
        };
        self.discard("initialisation failed").await;
        Err(failure)
    }

    async fn launch(&self) -> Result<Sandbox, String> {
        let program = self.spec.version.code.program();
        let refused = |error: std::io::Error| {
            if error.kind() == std::io::ErrorKind::NotFound && !program.exists() {
                format!("Couldn't find valid bootstrap(s): [{}]", program.display())
            } else {
                format!("fork/exec {}: {error}", program.display())
            }
        };
        let api = RuntimeApi::start(&self.core).await.map_err(refused)?;
        tokio::fs::create_dir_all(&self.temporary)
            .await
            .map_err(refused)?;
        let variables = variables(
            &self.spec,
            &Surroundings {
                endpoint: &self.core.endpoint(),
                runtime_api: api.address,
                credentials: &self.credentials,
                log_stream: self.log.stream(),
                temporary: &self.temporary,
            },
        );
        let root = self.spec.version.code.root();
        let mut retries = 0;
        let (process, output) = loop {
            match Process::start(&program, root, &variables) {
                Ok(started) => break started,
                Err(error)
                    if error.kind() == std::io::ErrorKind::ExecutableFileBusy
                        && retries < BUSY_RETRIES =>
                {
                    retries += 1;
                    self.core.clock.limit(BUSY_PAUSE).await;
                }
                Err(error) => return Err(refused(error)),
            }
        };
        Ok(Sandbox {
            process,
            output,
            api,
            waiting: None,
            memory: 0,
            entry: None,
        })
    }

    /// Hands the event over and waits for the end. Also says whether the process is ready for
    /// another one.
    async fn exchange(
        &mut self,
        invocation: &Invocation,
        deadline: OffsetDateTime,
        limit: &mut Wait,
    ) -> (End, bool) {
        let mut handed = Some(Handed {
            request_id: invocation.request_id.clone(),
            deadline_ms: unix_milliseconds(deadline),
            function_arn: invocation.invoked_arn.clone(),
            trace_id: invocation.trace_id.clone(),
            client_context: invocation.client_context.clone(),
            payload: invocation.payload.clone(),
        });
        if let Some(sandbox) = &mut self.sandbox {
            if let Err(error) = sandbox.process.thaw() {
                tracing::warn!(%error, "cannot thaw a function's process");
            }
            hand_over(sandbox.waiting.take(), &mut handed);
        }
        let mut answer: Option<End> = None;
        loop {
            let happening = tokio::select! {
                happening = self.happening() => happening,
                () = &mut *limit => return (answer.unwrap_or(End::TimedOut), false),
            };
            match happening {
                Happening::Request(Request::Next(reply)) => {
                    if handed.is_some() {
                        // Its former connection broke, so it asks again.
                        hand_over(Some(reply), &mut handed);
                    } else if let Some(answer) = answer {
                        if let Some(sandbox) = &mut self.sandbox {
                            sandbox.waiting = Some(reply);
                        }
                        return (answer, true);
                    } else {
                        let _ = reply.send(Err(Refusal::InvalidStateTransition));
                    }
                }
                Happening::Request(Request::Answer {
                    request_id,
                    result,
                    reply,
                }) => {
                    let verdict = if request_id != invocation.request_id {
                        Err(Refusal::InvalidRequestId)
                    } else if handed.is_some() || answer.is_some() {
                        Err(Refusal::InvalidStateTransition)
                    } else {
                        answer = Some(match result {
                            Ok(payload) => End::Answered(payload),
                            Err(error) => End::Failed(error),
                        });
                        Ok(())
                    };
                    let _ = reply.send(verdict);
                }
                Happening::Request(Request::InitError { reply, .. }) => {
                    let _ = reply.send(Err(Refusal::InvalidStateTransition));
                }
                Happening::Exited(status) => {
                    return (answer.unwrap_or_else(|| End::Exited(how(status))), false);
                }
                Happening::Killed => {
                    let end = answer.unwrap_or_else(|| End::Exited("signal: killed".to_owned()));
                    return (end, false);
                }
            }
        }
    }

    /// What the process does next. The lines that it wrote before are in the log when this
    /// returns.
    async fn happening(&mut self) -> Happening {
        loop {
            let Some(sandbox) = &mut self.sandbox else {
                return std::future::pending().await;
            };
            let happening = tokio::select! {
                biased;
                () = self.execution.kill.cancelled() => Some(Happening::Killed),
                request = sandbox.api.request() => Some(Happening::Request(request)),
                status = sandbox.process.exited() => Some(Happening::Exited(status.ok())),
                () = sandbox.output.readable() => None,
            };
            self.read_output();
            if let Some(happening) = happening {
                return happening;
            }
        }
    }

    /// Puts into the log what was written until now.
    fn read_output(&mut self) {
        let cause = self.execution.cause();
        if let Some(sandbox) = &mut self.sandbox {
            for line in sandbox.output.lines() {
                self.log.line(cause, &line);
            }
        }
    }

    fn write(&mut self, line: &str) {
        self.log.line(self.execution.cause(), line);
    }

    /// Makes sure that nothing more is written before `END`, and measures. Kills the process if
    /// it is not fit for another invocation, and then says why the environment ends.
    async fn conclude(&mut self, end: &End, alive: bool) -> Option<&'static str> {
        if let Some(sandbox) = &mut self.sandbox {
            sandbox.memory = sandbox.process.memory_peak().unwrap_or(sandbox.memory);
            if !alive {
                sandbox.process.kill();
                let _ = sandbox.process.exited().await;
            }
        }
        self.read_output();
        let rest = self
            .sandbox
            .as_mut()
            .and_then(|sandbox| sandbox.output.rest());
        if let Some(rest) = rest {
            self.write(&rest);
        }
        if alive {
            return None;
        }
        Some(match end {
            _ if self.execution.kill.is_cancelled() => "killed",
            End::TimedOut => "timed out",
            End::Answered(_) | End::Failed(_) | End::Exited(_) => "exited",
            End::NotInitialised(_) => "initialisation failed",
        })
    }

    /// Writes the last lines of the log and the entry of the end.
    fn write_down(
        &mut self,
        invocation: &Invocation,
        entry: EntryId,
        end: End,
        duration: Duration,
        init: Option<Duration>,
    ) -> Finished {
        let request_id = &invocation.request_id;
        let (outcome, result) = self.judge(request_id, end);
        let status = match (&outcome, &result) {
            (Outcome::TimedOut, _) => Status::Timeout,
            (Outcome::Exited { .. }, Err(error)) => Status::Error(&error.error_type),
            // What a function reports of itself is no matter of the platform.
            _ => Status::Success,
        };
        self.write(&format!("END RequestId: {request_id}"));
        let report = Report {
            request_id,
            duration,
            init,
            memory_size: self.spec.version.configuration.memory_size,
            memory_used: self.sandbox.as_ref().map_or(0, |sandbox| sandbox.memory),
            status,
        };
        self.write(&report.line());
        self.execution.set_cause(None);
        let entry = self.core.journal.record(
            Some(entry),
            Event::InvocationEnded {
                function: self.spec.arn.clone(),
                request_id: request_id.clone(),
                outcome,
                duration_ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            },
        );
        let (payload, error) = match result {
            Ok(payload) => (payload, None),
            Err(error) => (error.payload.clone(), Some(error)),
        };
        Finished {
            payload,
            error,
            tail: self.log.tail().to_owned(),
            entry,
        }
    }

    /// The end in the journal's terms and in the caller's; logs what Lambda says about it.
    fn judge(&mut self, request_id: &str, end: End) -> (Outcome, Result<Bytes, FunctionError>) {
        let failed = |error: FunctionError| {
            let outcome = Outcome::FunctionError {
                error_type: error.error_type.clone(),
                message: error.message.clone(),
            };
            (outcome, Err(error))
        };
        match end {
            End::Answered(payload) => (Outcome::Succeeded, Ok(payload)),
            End::Failed(error) | End::NotInitialised(error) => failed(error),
            End::TimedOut => {
                let what = format!(
                    "Task timed out after {:.2} seconds",
                    self.timeout().as_secs_f64()
                );
                let now = self.core.clock.now();
                self.write(&format!("{} {request_id} {what}", timestamp(now)));
                let message = format!("RequestId: {request_id} Error: {what}");
                let error = FunctionError::new("Sandbox.Timedout", message);
                (Outcome::TimedOut, Err(error))
            }
            End::Exited(status) => {
                let what = if status == "exit status 0" {
                    "Runtime exited without providing a reason".to_owned()
                } else {
                    format!("Runtime exited with error: {status}")
                };
                let message = format!("RequestId: {request_id} Error: {what}");
                self.write(&message);
                self.write("Runtime.ExitError");
                let error = FunctionError::new("Runtime.ExitError", message);
                (Outcome::Exited { status }, Err(error))
            }
        }
    }

    fn report_init(&mut self, duration: Duration, phase: &str, failure: &InitFailure) {
        let status = match failure {
            InitFailure::TimedOut => Status::Timeout,
            InitFailure::Exited(_) | InitFailure::Killed => Status::Error("Runtime.ExitError"),
            InitFailure::Reported(error) => Status::Error(&error.error_type),
            InitFailure::NotStarted(why) => {
                // There was no process that could have said anything.
                self.write(why);
                Status::Error(INVALID_ENTRYPOINT)
            }
        };
        self.write(&logs::init_report(duration, phase, status));
    }

    fn freeze(&mut self) {
        let frozen = self
            .sandbox
            .as_ref()
            .map(|sandbox| sandbox.process.freeze());
        if let Some(Err(error)) = frozen
            && !self.cannot_freeze
        {
            self.cannot_freeze = true;
            self.write(&format!(
                "the emulator cannot freeze this environment between invocations: {error}"
            ));
        }
    }

    /// Ends the process, if there is one, and waits until it is gone.
    async fn discard(&mut self, reason: &str) {
        if let Some(sandbox) = &mut self.sandbox {
            sandbox.process.kill();
            if let Err(error) = sandbox.process.exited().await {
                tracing::warn!(%error, "cannot wait for a function's process");
            }
        }
        self.read_output();
        let Some(mut sandbox) = self.sandbox.take() else {
            return;
        };
        if let Some(rest) = sandbox.output.rest() {
            self.write(&rest);
        }
        self.core.journal.record(
            sandbox.entry,
            Event::EnvironmentEnded {
                function: self.spec.arn.clone(),
                log_stream: self.log.stream().to_owned(),
                reason: reason.to_owned(),
            },
        );
    }

    /// Leaves nothing behind. May be called twice.
    async fn end(&mut self, reason: &str) {
        self.discard(reason).await;
        self.core
            .credentials
            .revoke(&self.credentials.access_key_id);
        match tokio::fs::remove_dir_all(&self.temporary).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!(%error, "cannot remove a function's temporary files");
            }
            Ok(()) | Err(_) => {}
        }
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(self.spec.version.configuration.timeout.into())
    }
}

/// Answers a process that waits with the event, which stays where it is if the process has given
/// up waiting.
fn hand_over(
    waiting: Option<oneshot::Sender<Result<Handed, Refusal>>>,
    handed: &mut Option<Handed>,
) {
    let Some(waiting) = waiting.filter(|waiting| !waiting.is_closed()) else {
        return;
    };
    if let Some(event) = handed.take()
        && let Err(Ok(event)) = waiting.send(Ok(event))
    {
        *handed = Some(event);
    }
}

fn how(status: Option<ExitStatus>) -> String {
    status.map_or_else(|| "exit status unknown".to_owned(), describe)
}

fn unix_milliseconds(time: OffsetDateTime) -> i64 {
    i64::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

/// `2026-11-23T16:00:00.000Z`.
pub(super) fn timestamp(time: OffsetDateTime) -> String {
    let format = time::macros::format_description!(
        "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z"
    );
    time.format(format).unwrap_or_default()
}
