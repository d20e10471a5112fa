//! What is told while a server is looked for: values, never printed here.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::Origin;

/// One thing worth telling. `Display` makes it a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// This way does not lead to a server; the next one is tried.
    Unavailable(Attempt),
    /// Another process holds the cache's lock, and this one waits for it.
    WaitingForLock(PathBuf),
    /// The distribution's packages are being downloaded.
    Fetching {
        /// The package that holds the server.
        package: String,
        /// Where it will be kept.
        into: PathBuf,
    },
    /// A data folder is prepared, once for each version of a server.
    Preparing {
        /// The server's version.
        version: String,
    },
    /// A container is started; the image may have to be pulled first.
    StartingContainer {
        /// The image.
        image: String,
    },
    /// A server accepts connections.
    Ready {
        /// Where it comes from.
        origin: Origin,
        /// From the beginning of the search.
        took: Duration,
    },
}

/// A way that was tried in vain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// What was tried, such as `mysqld or mariadbd on this machine`.
    pub what: String,
    /// Why it did not work.
    pub reason: String,
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.reason)
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(attempt) => attempt.fmt(f),
            Self::WaitingForLock(path) => {
                write!(
                    f,
                    "waiting for another process that holds {}",
                    path.display()
                )
            }
            Self::Fetching { package, into } => {
                write!(f, "fetching {package} into {} (once)", into.display())
            }
            Self::Preparing { version } => {
                write!(f, "preparing a data folder for {version} (once)")
            }
            Self::StartingContainer { image } => write!(f, "starting a container of {image}"),
            Self::Ready { origin, took } => {
                write!(f, "ready after {} ms: {origin}", took.as_millis())
            }
        }
    }
}

/// Somebody who wants to know. Any `Fn(&Event)` will do.
pub trait Progress: Send + Sync {
    /// Takes note of `event`. Must not block for long.
    fn tell(&self, event: &Event);
}

impl<F: Fn(&Event) + Send + Sync> Progress for F {
    fn tell(&self, event: &Event) {
        self(event);
    }
}

/// Nobody wants to know.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn tell(&self, _: &Event) {}
}
