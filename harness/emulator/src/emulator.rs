//! One emulator: made, run, stopped.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use zipster_names::{AccountId, Region};

use crate::clock::{Clock, SystemClock};
use crate::core::Core;
use crate::courier::{self, Certificate, Destinations, Post, Relay, Trust};
use crate::fault::{FaultPlan, Faults};
use crate::front::{self, Limits};
use crate::iam::{Directory, Iam};
use crate::identity::{CredentialStore, Credentials};
use crate::journal::Journal;
use crate::lambda::{Guarantees, Lambda, Means};
use crate::logs::{LogGroups, Logs};
use crate::random::Random;
use crate::s3::S3;
use crate::secrets::Secrets;
use crate::sns::Sns;
use crate::sqs::Sqs;

/// What an emulator is made of.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The account of the administrator's credentials.
    pub account: AccountId,
    /// The region used where a request names none.
    pub region: Region,
    /// Where to listen, on loopback; port `0` lets the system choose.
    pub port: u16,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where identifiers and choices come from; print it to replay a run.
    pub seed: u64,
    /// What goes wrong.
    pub faults: FaultPlan,
    /// Whether policies are told that calls come over plain HTTP (`aws:SecureTransport` is
    /// `false`, and there is no `s3:TlsVersion`), as they do. Otherwise they are told of TLS: the
    /// emulator stands in for endpoints that the same client calls over TLS, and whether the
    /// loopback's bytes are encrypted says nothing about the stack. Policies that insist on TLS
    /// then refuse even the account's administrator; see [`Emulator::tell_plain_http`].
    pub tell_plain_http: bool,
    /// Certificates that HTTPS endpoints may show besides those of the machine's authorities.
    pub trusted: Vec<Certificate>,
    /// The SMTP server that emails are handed on to; without, they stay in the inbox alone.
    pub relay: Option<Relay>,
    /// Where the emulator makes its own directory (removed when it stops); `None`: the system's
    /// place for temporary files.
    pub directory: Option<PathBuf>,
    /// What one client may ask for, so that others are served.
    pub limits: Limits,
}

impl Settings {
    /// The usual: a port of the system's choice, real time, no faults.
    #[must_use]
    pub fn new(account: AccountId, region: Region) -> Self {
        Self {
            account,
            region,
            port: 0,
            clock: Arc::new(SystemClock::real_time()),
            seed: 0,
            faults: FaultPlan::default(),
            tell_plain_http: false,
            trusted: Vec::new(),
            relay: None,
            directory: None,
            limits: Limits::default(),
        }
    }
}

/// Why an emulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port is taken or may not be used.
    #[error("cannot listen on 127.0.0.1:{port}")]
    Listen {
        /// The port asked for.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// No directory for objects and functions.
    #[error("cannot make a directory for the emulator's files in {}", parent.display())]
    Directory {
        /// Where it was to be.
        parent: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The services of one emulator.
#[derive(Debug)]
pub struct Services {
    /// Simple Storage Service.
    pub s3: S3,
    /// Simple Notification Service.
    pub sns: Arc<Sns>,
    /// Simple Queue Service.
    pub sqs: Arc<Sqs>,
    /// Lambda.
    pub lambda: Arc<Lambda>,
    /// IAM and STS.
    pub iam: Iam,
    /// CloudWatch Logs.
    pub logs: Logs,
    /// Secrets Manager.
    pub secrets: Secrets,
}

/// A running emulator. [`Emulator::stop`] ends it and everything that it started; dropping it
/// cancels all work, but only `stop` waits for the end.
#[derive(Debug)]
pub struct Emulator {
    core: Arc<Core>,
    services: Arc<Services>,
    administrator: Credentials,
    // Removed on drop, after everything that writes there has ended.
    directory: TempDir,
    // Dropped without `stop`, the emulator at least ends all work.
    _cancel: DropGuard,
}

impl Emulator {
    /// Starts listening. Everything is up when this returns.
    ///
    /// # Errors
    /// [`StartError`] if the port or the directory cannot be had.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        let port = settings.port;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .map_err(|source| StartError::Listen { port, source })?;
        let address = listener
            .local_addr()
            .map_err(|source| StartError::Listen { port, source })?;
        let parent = settings
            .directory
            .clone()
            .unwrap_or_else(std::env::temp_dir);
        let directory = tempfile::Builder::new()
            .prefix("zipster-")
            .tempdir_in(&parent)
            .map_err(|source| StartError::Directory { parent, source })?;
        let name = format!("zipster-{}", address.port());
        let means = tokio::task::spawn_blocking(move || Means::find(&name))
            .await
            .unwrap_or_default();
        Ok(Self::run(settings, listener, address, directory, means))
    }

    fn run(
        settings: Settings,
        listener: TcpListener,
        address: SocketAddr,
        directory: TempDir,
        means: Means,
    ) -> Self {
        let (post, drain) = Post::new();
        let core = Arc::new(Core {
            account: settings.account,
            region: settings.region,
            address,
            journal: Journal::new(Arc::clone(&settings.clock)),
            clock: settings.clock,
            random: Random::new(settings.seed),
            faults: Faults::new(settings.faults),
            plain_http: settings.tell_plain_http.into(),
            credentials: CredentialStore::default(),
            iam: Directory::default(),
            logs: LogGroups::default(),
            post,
            destinations: Destinations::default(),
            trust: Trust::new(settings.trusted),
            means,
            tasks: TaskTracker::new(),
            shutdown: CancellationToken::new(),
            directory: directory.path().to_path_buf(),
            limits: settings.limits,
            relay: settings.relay,
        });
        core.means.say(&core.journal);
        let administrator = core
            .credentials
            .issue_root(&core.random, core.account.clone());
        let services = Arc::new(Services {
            s3: S3::new(Arc::clone(&core)),
            sns: Sns::new(Arc::clone(&core)),
            sqs: Sqs::new(Arc::clone(&core)),
            lambda: Lambda::new(Arc::clone(&core)),
            iam: Iam::new(Arc::clone(&core)),
            logs: Logs::new(Arc::clone(&core)),
            secrets: Secrets::new(Arc::clone(&core)),
        });
        core.destinations.open(&services);
        core.tasks.spawn(front::connection::run(
            Arc::clone(&core),
            Arc::clone(&services),
            listener,
        ));
        core.tasks.spawn(courier::run(
            Arc::clone(&core),
            Arc::clone(&services),
            drain,
        ));
        let cancel = core.shutdown.clone().drop_guard();
        Self {
            core,
            services,
            administrator,
            directory,
            _cancel: cancel,
        }
    }

    /// Serves one connection that comes from within this process, until it ends: the same as one to
    /// [`Emulator::endpoint`], without a socket.
    pub async fn converse(&self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let (core, services) = (Arc::clone(&self.core), Arc::clone(&self.services));
        front::connection::serve(core, services, stream, Arc::default()).await;
    }

    /// `http://127.0.0.1:PORT`, the value for `AWS_ENDPOINT_URL`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        self.core.endpoint()
    }

    /// The account administrator's access key.
    #[must_use]
    pub fn administrator(&self) -> &Credentials {
        &self.administrator
    }

    /// A new access key for the administrator of any account. Accounts need not be made: each is
    /// empty until something is made in it, and none sees what another has.
    #[must_use]
    pub fn administrator_of(&self, account: AccountId) -> Credentials {
        self.core.credentials.issue_root(&self.core.random, account)
    }

    /// The account of the administrator.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        &self.core.account
    }

    /// The default region.
    #[must_use]
    pub fn region(&self) -> &Region {
        &self.core.region
    }

    /// What happened so far.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.core.journal
    }

    /// The fault plan at work; more can be armed at any time.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.core.faults
    }

    /// From now on, policies are told that calls come over plain HTTP, as they do, or over TLS, as
    /// they would on AWS; see [`Settings::tell_plain_http`]. A stack that insists on TLS can only
    /// be made before they are told.
    pub fn tell_plain_http(&self, told: bool) {
        self.core.plain_http.tell(told);
    }

    /// Which of Lambda's limits hold on this machine; also said at the journal's beginning.
    #[must_use]
    pub fn guarantees(&self) -> Guarantees {
        self.core.means.guarantees()
    }

    /// The services, for what AWS offers no API for: reading the inbox.
    #[must_use]
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// Returns once nothing is going on any more; see [`Journal::settled`].
    pub async fn settled(&self) {
        self.core.journal.settled().await;
    }

    /// Ends all connections, functions and waits, and removes the emulator's directory.
    ///
    /// # Errors
    /// If the directory cannot be removed.
    pub async fn stop(self) -> io::Result<()> {
        self.core.shutdown.cancel();
        self.core.tasks.close();
        self.core.tasks.wait().await;
        // The directory's owner is taken out of `self`, whose drop does the rest.
        let Self {
            directory, core, ..
        } = self;
        drop(core);
        tokio::task::spawn_blocking(move || directory.close())
            .await
            .unwrap_or_else(|panic| Err(io::Error::other(panic)))
    }
}
