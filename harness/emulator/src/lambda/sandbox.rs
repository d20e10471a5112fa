//! A process together with its Runtime API and its output: what an environment runs in.

use std::io;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::cgroup::Cgroup;
use super::invocation::Spec;
use super::logs::Output;
use super::memory::{LOOK, Memory};
use super::process::Process;
use super::python::{self, Interpreter};
use super::runtime_api::{Handed, Refusal, Request, RuntimeApi};
use super::storage::Storage;
use super::variables::{Surroundings, variables};
use crate::clock::{Clock, Wait};
use crate::core::Core;
use crate::identity::Credentials;
use crate::journal::EntryId;

/// A program that was just written may still be open for writing in a process that another
/// thread is about to start; the system then refuses to run it, for an instant.
const BUSY_RETRIES: u32 = 50;
const BUSY_PAUSE: Duration = Duration::from_millis(10);

/// Where a process waits for its next event.
pub(super) type Waiting = oneshot::Sender<Result<Handed, Refusal>>;

/// How often a control group is looked at until its last process is gone.
const REMOVE_RETRIES: u32 = 100;
const REMOVE_PAUSE: Duration = Duration::from_millis(5);

/// A process and all that leads to it.
pub(super) struct Sandbox {
    pub(super) process: Process,
    pub(super) output: Output,
    api: RuntimeApi,
    /// What the log says about how it was started, if that is not what AWS would have done.
    pub(super) note: Option<String>,
    /// Set while the process is ready for an event.
    pub(super) waiting: Option<Waiting>,
    clock: Arc<dyn Clock>,
    pub(super) memory: Memory,
    storage: Storage,
    /// When both are looked at again.
    look: Wait,
    /// Where the kernel limits the memory too.
    cgroup: Option<Cgroup>,
    /// Stopped, it takes no memory.
    frozen: bool,
    /// The entry of its start.
    pub(super) entry: Option<EntryId>,
}

/// What a process did.
#[derive(Debug)]
pub(super) enum Happening {
    /// It asks for something.
    Request(Request),
    /// It holds more memory than the function has, or was killed by the kernel for it.
    OutOfMemory,
    /// Its temporary files take more than so many MB, which are all that it has.
    StorageFull(u32),
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
        let runtime = spec.version.configuration.runtime.as_str();
        let root = spec.version.code.root();
        let (program, arguments, note) = if python::is_python(runtime) {
            let found = core.means.interpreters.find(runtime, root).await?;
            let arguments = Interpreter::arguments(&spec.version.configuration.handler);
            let note = found.difference(runtime);
            (found.program, arguments.to_vec(), note)
        } else {
            (spec.version.code.program(), Vec::new(), None)
        };
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
        let mut retries = 0;
        let (process, output) = loop {
            match Process::start(&program, &arguments, root, &variables) {
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
        let limit = spec.version.configuration.memory_size;
        Ok(Self {
            cgroup: cgroup(core, &process, limit),
            memory: Memory::new(process.id(), limit),
            storage: Storage::new(temporary, spec.version.configuration.ephemeral_storage),
            look: core.clock.limit(LOOK),
            clock: Arc::clone(&core.clock),
            process,
            output,
            api,
            note,
            waiting: None,
            frozen: false,
            entry: None,
        })
    }

    /// What the process does next, or that `kill` was cancelled. Nothing is lost if the wait is
    /// given up.
    pub(super) async fn happening(&mut self, kill: &CancellationToken) -> Happening {
        loop {
            let happening = tokio::select! {
                biased;
                () = kill.cancelled() => Some(Happening::Killed),
                request = self.api.request() => Some(Happening::Request(request)),
                status = self.process.exited() => Some(Happening::Exited(status.ok())),
                () = &mut self.look, if !self.frozen => None,
                () = self.output.readable() => Some(Happening::Output),
            };
            match happening {
                Some(Happening::Exited(_)) if self.ran_out() => return Happening::OutOfMemory,
                // What it says no longer counts: on AWS it would not have come to say it.
                Some(Happening::Request(_)) if self.memory.look() => {
                    return Happening::OutOfMemory;
                }
                Some(Happening::Request(_)) if self.storage.look() => {
                    return Happening::StorageFull(self.storage.limit);
                }
                Some(happening) => return happening,
                None if self.memory.look() => return Happening::OutOfMemory,
                None if self.storage.glance() => {
                    return Happening::StorageFull(self.storage.limit);
                }
                None => self.look = self.clock.limit(LOOK),
            }
        }
    }

    /// Whether the kernel has killed it for its memory.
    fn ran_out(&self) -> bool {
        self.cgroup.as_ref().is_some_and(Cgroup::ran_out)
    }

    /// Stops it from running until [`Sandbox::thaw`].
    pub(super) fn freeze(&mut self) -> io::Result<()> {
        self.frozen = true;
        self.process.freeze()
    }

    /// Lets it run again.
    pub(super) fn thaw(&mut self) -> io::Result<()> {
        self.frozen = false;
        self.look = self.clock.limit(LOOK);
        self.process.thaw()
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

    /// Kills the process and returns when it is gone.
    pub(super) async fn kill(&mut self) {
        self.process.kill();
        if let Err(error) = self.process.exited().await {
            tracing::warn!(%error, "cannot wait for a function's process");
        }
        if let Some(cgroup) = self.cgroup.take() {
            cgroup.kill();
            // The last process is gone a moment after it was killed; the drop complains if not.
            for _ in 0..REMOVE_RETRIES {
                if cgroup.remove().is_ok() {
                    break;
                }
                self.clock.limit(REMOVE_PAUSE).await;
            }
        }
    }
}

/// A control group for the process, where there can be one. Moved into it at once, the process
/// has hardly begun; what it will hold counts there.
fn cgroup(core: &Core, process: &Process, megabytes: u32) -> Option<Cgroup> {
    let home = core.means.cgroups.as_ref()?;
    let name = format!("zipster-{}-{}", core.address.port(), process.id());
    let made = home.make(&name, megabytes.into()).and_then(|cgroup| {
        cgroup.enter(process.id())?;
        Ok(cgroup)
    });
    match made {
        Ok(cgroup) => Some(cgroup),
        Err(error) => {
            tracing::warn!(%error, "cannot make a control group; the function is only watched");
            None
        }
    }
}
