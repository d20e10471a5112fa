//! What can go wrong, for callers ([`Error`]) and on one of the ways to a server ([`WayError`]).

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::{Attempt, MigrationError, UrlError};

/// Why there is no server, or why it did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `DATABASE_URL` is not usable.
    #[error("cannot use DATABASE_URL")]
    Url(#[from] UrlError),
    /// The server of `DATABASE_URL` does not let us in.
    #[error("cannot connect to the server of DATABASE_URL, {url}")]
    Unreachable {
        /// The URL, without its password.
        url: String,
        /// What the driver said.
        source: sqlx::Error,
    },
    /// Every way to a server was tried in vain.
    #[error("{0}")]
    NoServer(Tried),
    /// The account may not make databases.
    #[error(
        "{user} may not create the database {database}; scenarios need one each: \
         GRANT ALL ON `{pattern}`.* TO that account, or leave DATABASE_URL unset for a private server"
    )]
    MayNotCreate {
        /// The account's user name.
        user: String,
        /// The database that was to be made.
        database: String,
        /// What the names of all such databases match.
        pattern: String,
        /// What the server said.
        source: sqlx::Error,
    },
    /// A statement failed.
    #[error("cannot {what}")]
    Query {
        /// What was to be done, such as `create the database zipster_1`.
        what: String,
        /// What the driver said.
        source: sqlx::Error,
    },
    /// The migrations cannot be read or applied.
    #[error("cannot migrate the database")]
    Migration(#[from] MigrationError),
    /// The search's centre is not in the database.
    #[error("zip code {0} is not in the database")]
    UnknownZipCode(String),
    /// The search's centre has no place on Earth: the rules admit `999.99`.
    #[error("zip code {zipcode} lies at {latitude}, {longitude}, which is no place on Earth")]
    NotOnEarth {
        /// The centre.
        zipcode: String,
        /// Its latitude, in degrees.
        latitude: f64,
        /// Its longitude, in degrees.
        longitude: f64,
    },
    /// A radius is a number of miles, zero or more.
    #[error("{0} is no radius, expected zero or more miles")]
    Radius(f64),
    /// The private server or the container did not end as it should.
    #[error("cannot stop the database server: {0}")]
    Stop(String),
}

impl Error {
    pub(crate) fn query(what: impl Into<String>) -> impl FnOnce(sqlx::Error) -> Self {
        let what = what.into();
        move |source| Self::Query { what, source }
    }
}

/// Everything that was tried, each with its reason, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried(pub Vec<Attempt>);

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no MySQL-compatible server was found or could be started")?;
        for attempt in &self.0 {
            write!(f, "\n  - {}", attempt.to_string().replace('\n', "\n    "))?;
        }
        f.write_str(
            "\nhint: do one of these\
             \n  - set DATABASE_URL=mysql://user:password@host:port/database\
             \n  - install a server: `apt-get install mariadb-server-core`, `brew install mysql`\
             \n  - start Docker",
        )
    }
}

/// Why one way does not lead to a server.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WayError {
    #[error("{0}")]
    Missing(String),
    #[error("{program} is version {version}, needed is MySQL 8.0 or MariaDB 10.6, or newer")]
    TooOld { program: String, version: String },
    #[error("cannot {what}")]
    Io { what: String, source: io::Error },
    #[error("{what} failed ({status}){}", tail(output))]
    Command {
        what: String,
        status: String,
        output: String,
    },
    #[error("{} does not say its version: {output}", program.display())]
    NoVersion { program: PathBuf, output: String },
    #[error("{what} ended while starting{}", tail(log))]
    Ended { what: String, log: String },
    #[error("{what} did not accept connections within {seconds} s{}", tail(log))]
    Slow {
        what: String,
        seconds: u64,
        log: String,
    },
    #[error(
        "the port chosen for {what} was taken by another process each time{}",
        tail(log)
    )]
    NoPort { what: String, log: String },
    #[error("Docker does not start the container")]
    Container(#[source] Box<dyn StdError + Send + Sync>),
}

impl WayError {
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}

/// The last lines of a program's output, indented under the message.
fn tail(output: &str) -> String {
    const LINES: usize = 8;
    let lines: Vec<&str> = output
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    lines[lines.len().saturating_sub(LINES)..]
        .iter()
        .map(|line| format!("\n  {line}"))
        .collect()
}

/// An error and its causes in one text, outermost first.
pub(crate) fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        // Wrappers often repeat what they wrap.
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}
