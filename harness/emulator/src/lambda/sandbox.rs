//! A process together with its Runtime API and its output: what an environment runs in.

use std::io;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::environment::Spec;
use super::logs::Output;
use super::process::Process;
use super::runtime_api::{Handed, Refusal, Request, RuntimeApi};
use super::variables::{Surroundings, variables};
use crate::core::Core;
use crate::identity::Credentials;
use crate::journal::EntryId;

/// A program that was just written may still be open for writing in a process that another
/// thread is about to start; the system then refuses to run it, for an instant.
const BUSY_RETRIES: u32 = 50;
const BUSY_PAUSE: Duration = Duration::from_millis(10);

/// Where a process waits for its next event.
pub(super) type Waiting = oneshot::Sender<Result<Handed, Refusal>>;

/// A process and all that leads to it.
#[derive(Debug)]
pub(super) struct Sandbox {
    pub(super) process: Process,
    pub(super) output: Output,
    api: RuntimeApi,
    /// Set while the process is ready for an event.
    pub(super) waiting: Option<Waiting>,
    /// The most memory that was seen, in MB.
    pub(super) memory: u64,
    /// The entry of its start.
    pub(super) entry: Option<EntryId>,
}

/// What a process did.
#[derive(Debug)]
pub(super) enum Happening {
    /// It asks for something.
    Request(Request),
    /// It has ended.
    Exited(Option<ExitStatus>),
    /// It is to be killed.
    Killed,
    /// It wrote something.
    Output,
}

impl Sandbox {
    /// Starts a process of the function.
    ///
    /// # Errors
    /// Why there is none, in Lambda's words.
    pub(super) async fn start(
        core: &Arc<Core>,
        spec: &Spec,
        credentials: &Credentials,
        log_stream: &str,
        temporary: &Path,
    ) -> Result<Self, String> {
        let program = spec.version.code.program();
        let refused = |error: io::Error| {
            if error.kind() == io::ErrorKind::NotFound && !program.exists() {
                format!("Couldn't find valid bootstrap(s): [{}]", program.display())
            } else {
                format!("fork/exec {}: {error}", program.display())
            }
        };
        let api = RuntimeApi::start(core).await.map_err(refused)?;
        tokio::fs::create_dir_all(temporary)
            .await
            .map_err(refused)?;
        let surroundings = Surroundings {
            endpoint: &core.endpoint(),
            runtime_api: api.address,
            credentials,
            log_stream,
            temporary,
        };
        let variables = variables(spec, &surroundings);
        let root = spec.version.code.root();
        let mut retries = 0;
        let (process, output) = loop {
            match Process::start(&program, root, &variables) {
                Ok(started) => break started,
                Err(error)
                    if error.kind() == io::ErrorKind::ExecutableFileBusy
                        && retries < BUSY_RETRIES =>
                {
                    retries += 1;
                    core.clock.limit(BUSY_PAUSE).await;
                }
                Err(error) => return Err(refused(error)),
            }
        };
        Ok(Self {
            process,
            output,
            api,
            waiting: None,
            memory: 0,
            entry: None,
        })
    }

    /// What the process does next, or that `kill` was cancelled. Nothing is lost if the wait is
    /// given up.
    pub(super) async fn happening(&mut self, kill: &CancellationToken) -> Happening {
        tokio::select! {
            biased;
            () = kill.cancelled() => Happening::Killed,
            request = self.api.request() => Happening::Request(request),
            status = self.process.exited() => Happening::Exited(status.ok()),
            () = self.output.readable() => Happening::Output,
        }
    }

    /// Gives the event to the process if it waits for one; otherwise the event stays where it is.
    pub(super) fn hand_over(&mut self, event: &mut Option<Handed>) {
        let Some(handed) = event.take() else { return };
        *event = match self.waiting.take() {
            // A process that has given up waiting will ask again.
            Some(waiting) => waiting.send(Ok(handed)).err().and_then(Result::ok),
            None => Some(handed),
        };
    }

    /// Looks how much memory the process has used; a process that has ended cannot say.
    pub(super) fn measure(&mut self) {
        self.memory = self.process.memory_peak().unwrap_or(self.memory);
    }

    /// Kills the process and returns when it is gone.
    pub(super) async fn kill(&mut self) {
        self.process.kill();
        if let Err(error) = self.process.exited().await {
            tracing::warn!(%error, "cannot wait for a function's process");
        }
    }
}
