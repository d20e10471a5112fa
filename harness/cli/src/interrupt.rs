//! Ctrl-C and its relatives, as one future.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// Returns when the process is asked to end: SIGINT (Ctrl-C), SIGTERM or SIGHUP.
///
/// Install it before anything is started: from then on the signals no longer end the process by
/// themselves.
pub struct Interrupt {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

impl Interrupt {
    /// Takes over the signals.
    ///
    /// # Errors
    /// If the system does not let us.
    pub fn install() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the next one.
    pub async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}
