//! What a target tells while it works: values, so that a terminal, a log and a test can each show
//! them in their own way.

use std::fmt;
use std::sync::Arc;

/// One thing worth telling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// The functions are being compiled; cargo's own messages follow on stderr.
    BuildingFunctions(Vec<String>),
    /// Finding, fetching or starting a database server.
    Database(String),
    /// The stack is being made from these files.
    Deploying {
        /// How many resources.
        resources: usize,
    },
    /// Declared resources, or arguments of theirs, that have no counterpart on this target.
    NotEmulated {
        /// The Terraform address of the first.
        address: String,
        /// How many more there are for the same reason.
        more: usize,
        /// Why they are left out.
        reason: String,
    },
    /// A tool is fetched: which, and where to.
    Installing(String),
    /// A deployed stack is looked at: which.
    Checking(String),
    /// An image is pulled.
    Pulling {
        /// Its name.
        image: String,
        /// How many of its layers are here, of how many, once that is known.
        layers: Option<(usize, usize)>,
    },
    /// Containers are started: what happens.
    Containers(String),
    /// Waiting for the first messages of a new subscription.
    Listening,
    /// Everything is up.
    Ready,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuildingFunctions(names) => {
                write!(f, "building the functions: {}", names.join(", "))
            }
            Self::Database(what) => write!(f, "database: {what}"),
            Self::Deploying { resources } => {
                write!(f, "stack: making {resources} resources from terraform/")
            }
            Self::NotEmulated {
                address,
                more: 0,
                reason,
            } => write!(f, "stack: {address} is not emulated: {reason}"),
            Self::NotEmulated {
                address,
                more,
                reason,
            } => write!(
                f,
                "stack: {address} and {more} more are not emulated: {reason}"
            ),
            Self::Installing(what) => write!(f, "installing {what}"),
            Self::Checking(which) => write!(f, "stack: looking at what is deployed in {which}"),
            Self::Pulling { image, layers } => match layers {
                None => write!(f, "pulling {image}"),
                Some((here, all)) => write!(f, "pulling {image}: {here} of {all} layers"),
            },
            Self::Containers(what) => write!(f, "containers: {what}"),
            Self::Listening => f.write_str("notices: listening to the topics"),
            Self::Ready => f.write_str("ready"),
        }
    }
}

/// Somebody who listens to [`Progress`]. Clones tell the same listener.
#[derive(Clone)]
pub struct Report(Arc<dyn Fn(Progress) + Send + Sync>);

impl Report {
    /// Tells `listener`.
    pub fn new(listener: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        Self(Arc::new(listener))
    }

    /// Tells nobody.
    #[must_use]
    pub fn silent() -> Self {
        Self::new(|_| {})
    }

    /// Tells.
    pub fn tell(&self, progress: Progress) {
        (self.0)(progress);
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Report")
    }
}
