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
//! Left out: limits of processor time, extensions, and the signal before the end that extensions
//! would get.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use tokio::sync::mpsc;

use super::cloudwatch::CloudWatch;
use super::ending::{End, InitFailure};
use super::invocation::{Finished, Invocation, Job, Spec};
use super::logs::{self, Log, Report};
use super::pool::Handle;
use super::runtime_api::{Handed, Refusal, Request};
use super::sandbox::{Happening, Sandbox};
use super::trace;
use crate::clock::Wait;
use crate::core::Core;
use crate::identity::{Credentials, Execution};
use crate::journal::{EntryId, Event};

/// How long the initialisation may take before it is started again
/// (<https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>).
const INIT_LIMIT: Duration = Duration::from_secs(10);

/// How long an idle environment is kept. AWS does not say; it is minutes.
const IDLE_LIMIT: Duration = Duration::from_secs(600);

/// How long an environment's credentials are valid.
const CREDENTIALS: time::Duration = time::Duration::hours(12);

/// How much of that an environment uses: the last invocation must end before they do.
const LIFETIME: time::Duration = time::Duration::hours(11);

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
    /// The memory of the process that was last discarded, in MB.
    used: u64,
    /// Whether it was said that freezing does not work.
    cannot_freeze: bool,
}

impl Environment {
    fn new(core: &Arc<Core>, spec: Arc<Spec>) -> Self {
        let stream = logs::stream_name(&spec.version.name(), core.clock.now(), &core.random);
        let execution = Arc::new(Execution::new(spec.key.name.clone(), spec.arn.clone()));
        let credentials = core.credentials.issue_session(
            &core.random,
            spec.version.configuration.principal(&spec.key.name),
            Some(Arc::clone(&execution)),
            (core.clock.now(), core.clock.now() + CREDENTIALS),
        );
        let identifier = stream.rsplit(']').next().unwrap_or_default();
        let temporary = core.directory.join(format!("tmp-{identifier}"));
        let cloudwatch = CloudWatch::new(core, &spec, stream);
        Self {
            log: Log::new(core.journal.clone(), spec.arn.clone(), cloudwatch),
            core: Arc::clone(core),
            spec,
            execution,
            credentials,
            temporary,
            sandbox: None,
            used: 0,
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
                    Happening::OutOfMemory => break "out of memory",
                    Happening::StorageFull(_) => break "out of storage",
                    Happening::Exited(_) => break "exited",
                    Happening::Request(request) => self.refuse(request),
                    Happening::Output => {}
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
        self.log.prepare(invocation.cause);
        let timeout = self.timeout();
        let cold = self.sandbox.is_none();
        let mut init = None;
        let mut failed = None;
        if cold {
            let (settings, key) = (&self.spec.version.configuration, &self.spec.key);
            let line = logs::init_start(&settings.runtime, &settings.runtime_arn(key));
            self.log.write(Some(invocation.cause), &[line]);
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
            "START RequestId: {} Version: {}",
            invocation.request_id,
            self.spec.version.name()
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
        let request_id = &invocation.request_id;
        if matches!(failure, InitFailure::Killed) {
            return Err(failure.end(request_id));
        }
        let started = Instant::now();
        let again = self.initialise(entry, limit).await;
        self.execution.set_cause(Some(entry));
        again.map_err(|failure| {
            self.report_init(started.elapsed(), "invoke", &failure);
            failure.end(request_id)
        })
    }

    /// Starts the process and waits until it asks for its first event.
    async fn initialise(&mut self, cause: EntryId, limit: &mut Wait) -> Result<(), InitFailure> {
        let mut sandbox = Sandbox::start(
            &self.core,
            &self.spec,
            &self.credentials,
            self.log.stream(),
            &self.temporary,
        )
        .await
        .map_err(InitFailure::NotStarted)?;
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
        if let Some(note) = sandbox.note.take() {
            self.write(&note);
        }
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
                Happening::Exited(status) => break InitFailure::exited(status),
                Happening::OutOfMemory => break InitFailure::OutOfMemory,
                Happening::StorageFull(megabytes) => break InitFailure::StorageFull(megabytes),
                Happening::Output => {}
                Happening::Killed => break InitFailure::Killed,
            }
        };
        self.discard("initialisation failed").await;
        Err(failure)
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
            if let Err(error) = sandbox.thaw() {
                tracing::warn!(%error, "cannot thaw a function's process");
            }
            sandbox.hand_over(&mut handed);
        }
        let mut answer: Option<End> = None;
        loop {
            let happening = tokio::select! {
                happening = self.happening() => happening,
                () = &mut *limit => return (answer.unwrap_or(End::TimedOut), false),
            };
            match happening {
                Happening::Request(Request::Next(reply)) => {
                    if handed.is_none() && answer.is_none() {
                        let _ = reply.send(Err(Refusal::InvalidStateTransition));
                        continue;
                    }
                    if let Some(sandbox) = &mut self.sandbox {
                        sandbox.waiting = Some(reply);
                        // Still there if the connection on which it waited before broke.
                        sandbox.hand_over(&mut handed);
                    }
                    if let Some(answer) = answer {
                        return (answer, true);
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
                    return (answer.unwrap_or_else(|| End::exited(status)), false);
                }
                Happening::OutOfMemory => return (answer.unwrap_or(End::OutOfMemory), false),
                Happening::StorageFull(megabytes) => {
                    return (answer.unwrap_or(End::StorageFull(megabytes)), false);
                }
                Happening::Killed => return (answer.unwrap_or_else(End::killed), false),
                Happening::Output => {}
            }
        }
    }

    /// What the process does next. The lines that it wrote before are in the log when this
    /// returns.
    async fn happening(&mut self) -> Happening {
        let Some(sandbox) = &mut self.sandbox else {
            return std::future::pending().await;
        };
        let happening = sandbox.happening(&self.execution.kill).await;
        self.read_output();
        happening
    }

    /// Puts into the log what was written until now.
    fn read_output(&mut self) {
        let cause = self.execution.cause();
        if let Some(sandbox) = &mut self.sandbox {
            self.log.write(cause, &sandbox.output.lines());
        }
    }

    fn write(&mut self, line: &str) {
        let cause = self.execution.cause();
        self.log.write(cause, &[line.to_owned()]);
    }

    /// Makes sure that nothing more is written before `END`, and measures. Kills the process if
    /// it is not fit for another invocation, and then says why the environment ends.
    async fn conclude(&mut self, end: &End, alive: bool) -> Option<&'static str> {
        if let Some(sandbox) = &mut self.sandbox {
            // The look is for the report alone: what there is to say about it was said.
            sandbox.memory.look();
            if !alive {
                sandbox.kill().await;
            }
        }
        self.read_output();
        self.finish_line();
        if alive {
            None
        } else if self.execution.kill.is_cancelled() {
            Some("killed")
        } else {
            Some(end.reason())
        }
    }

    /// Writes the line that has no end yet.
    fn finish_line(&mut self) {
        let rest = self
            .sandbox
            .as_mut()
            .and_then(|sandbox| sandbox.output.rest());
        if let Some(rest) = rest {
            self.write(&rest);
        }
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
        let judgement = end.judge(request_id, self.timeout(), self.core.clock.now());
        for line in &judgement.lines {
            self.write(line);
        }
        self.write(&format!("END RequestId: {request_id}"));
        let report = Report {
            request_id,
            duration,
            init,
            memory_size: self.spec.version.configuration.memory_size,
            memory_used: self
                .sandbox
                .as_ref()
                .map_or(self.used, |sandbox| sandbox.memory.peak()),
            status: judgement.status(),
            trace: trace::report(
                &invocation.trace_id,
                self.spec.version.configuration.is_traced(),
            ),
        };
        self.write(&report.line());
        self.execution.set_cause(None);
        let entry = self.core.journal.record(
            Some(entry),
            Event::InvocationEnded {
                function: self.spec.arn.clone(),
                request_id: request_id.clone(),
                outcome: judgement.outcome,
                duration_ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            },
        );
        let (payload, error) = match judgement.result {
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

    fn report_init(&mut self, duration: Duration, phase: &str, failure: &InitFailure) {
        if let InitFailure::NotStarted(why) = failure {
            // There was no process that could have said anything.
            self.write(why);
        }
        self.write(&logs::init_report(duration, phase, failure.status()));
    }

    fn freeze(&mut self) {
        let frozen = self.sandbox.as_mut().map(Sandbox::freeze);
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
            sandbox.kill().await;
        }
        self.read_output();
        self.finish_line();
        let Some(sandbox) = self.sandbox.take() else {
            return;
        };
        self.used = sandbox.memory.peak();
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

fn unix_milliseconds(time: OffsetDateTime) -> i64 {
    i64::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}
