//! What is left when a person interrupts the command line: nothing.
//!
//! Left out: undoing what has been published. Files that are at their place are complete.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::signal::unix::{SignalKind, signal};

/// The unfinished files of this process, shared by who writes them and who removes them. `None`
/// once they have been removed, after which there are no more.
#[derive(Clone, Debug)]
pub(crate) struct Unfinished(Arc<Mutex<Option<Vec<PathBuf>>>>);

impl Unfinished {
    pub(crate) fn new() -> Self {
        Unfinished(Arc::new(Mutex::new(Some(Vec::new()))))
    }

    /// Makes an unfinished file with `make` and remembers it. A signal cannot come in between.
    pub(crate) fn create<T: AsRef<Path>>(
        &self,
        make: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        let mut paths = self.lock();
        let paths = paths.as_mut().ok_or(io::ErrorKind::Interrupted)?;
        let file = make()?;
        paths.push(file.as_ref().to_owned());
        Ok(file)
    }

    fn remove(&self) {
        for path in self.lock().take().unwrap_or_default() {
            // One that has been published, or dropped, is not there any more.
            let _ = fs::remove_file(path);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<PathBuf>>> {
        // Paths stay paths, whoever panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A signal that asks the process to end, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interrupted(u8);

impl Interrupted {
    /// What a shell would say of a process that the signal has ended.
    pub(crate) fn exit_code(self) -> u8 {
        128 + self.0
    }
}

/// Does `work` on a thread of its own, or removes what is unfinished as soon as SIGINT, SIGTERM or
/// SIGHUP comes. The caller then ends the process: `work` may be waiting for input that never
/// comes.
///
/// # Errors
/// If the system gives no thread or does not let us watch for signals.
pub(crate) fn unless_interrupted<T: Send + 'static>(
    unfinished: &Unfinished,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<Result<T, Interrupted>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        let work = tokio::task::spawn_blocking(work);
        let number = tokio::select! {
            done = work => return Ok(Ok(done?)),
            _ = interrupt.recv() => 2,
            _ = terminate.recv() => 15,
            _ = hang_up.recv() => 1,
        };
        unfinished.remove();
        Ok(Err(Interrupted(number)))
    });
    // Work that was interrupted is not waited for.
    runtime.shutdown_background();
    outcome
}
