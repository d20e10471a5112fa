//! What every service shares: the journal, time, chance, faults, access keys, and the way out to
//! other services.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use zipster_names::{AccountId, Region};

use crate::clock::Clock;
use crate::courier::{Destinations, Post, Relay, Trust};
use crate::fault::Faults;
use crate::front::Limits;
use crate::iam::Directory;
use crate::identity::CredentialStore;
use crate::journal::Journal;
use crate::lambda::Means;
use crate::logs::LogGroups;
use crate::random::Random;

/// Whether policies are told that calls come over plain HTTP, as they do, or over TLS, as they
/// would on AWS.
#[derive(Debug, Default)]
pub struct PlainHttp(AtomicBool);

impl PlainHttp {
    /// Whether they are.
    #[must_use]
    pub fn is_told(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// From now on they are, or are not.
    pub fn tell(&self, told: bool) {
        self.0.store(told, Ordering::Relaxed);
    }
}

impl From<bool> for PlainHttp {
    fn from(told: bool) -> Self {
        Self(AtomicBool::new(told))
    }
}

/// Shared by all services of one emulator.
#[derive(Debug)]
pub struct Core {
    /// The account of the administrator's credentials.
    pub account: AccountId,
    /// The region used where a request names none.
    pub region: Region,
    /// Where the emulator listens.
    pub address: SocketAddr,
    /// What happened.
    pub journal: Journal,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Identifiers and choices.
    pub random: Random,
    /// What goes wrong.
    pub faults: Faults,
    /// Whether policies are told that calls come over plain HTTP.
    pub plain_http: PlainHttp,
    /// Access keys.
    pub credentials: CredentialStore,
    /// Roles, policies and the decisions made from them.
    pub iam: Directory,
    /// Log groups, to which Lambda writes as well as clients.
    pub logs: LogGroups,
    /// Events on their way to other services.
    pub post: Post,
    /// Whether those services would take them.
    pub destinations: Destinations,
    /// Whose certificates HTTPS endpoints may show.
    pub trust: Trust,
    /// What functions are held to their limits with.
    pub means: Means,
    /// Every task that a service starts, so that stopping can join them.
    pub tasks: TaskTracker,
    /// Cancelled when the emulator stops: long polls return, waits are given up, processes end.
    pub shutdown: CancellationToken,
    /// The emulator's own directory, removed when it stops.
    pub directory: PathBuf,
    /// What one client may ask for.
    pub limits: Limits,
    /// The SMTP server that emails are handed on to.
    pub relay: Option<Relay>,
}

impl Core {
    /// `http://127.0.0.1:PORT`, for clients and functions.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

#[cfg(test)]
impl Core {
    /// A core of the account 123456789012 in `us-east-1` that listens nowhere.
    pub(crate) fn idle() -> Self {
        let clock: Arc<dyn Clock> = Arc::new(crate::clock::SystemClock::real_time());
        Self {
            account: AccountId::parse("123456789012").unwrap(),
            region: Region::parse("us-east-1").unwrap(),
            address: SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 0)),
            journal: Journal::new(Arc::clone(&clock)),
            clock,
            random: Random::new(0),
            faults: Faults::default(),
            plain_http: PlainHttp::default(),
            credentials: CredentialStore::default(),
            iam: Directory::default(),
            logs: LogGroups::default(),
            post: Post::new().0,
            destinations: Destinations::default(),
            trust: Trust::default(),
            means: Means::default(),
            tasks: TaskTracker::new(),
            shutdown: CancellationToken::new(),
            directory: PathBuf::new(),
            limits: crate::front::Limits::default(),
            relay: None,
        }
    }
}
