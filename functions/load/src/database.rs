//! The connection to the database, kept between invocations.
//!
//! A Lambda function handles one invocation at a time, so one connection is all it can use. It is
//! kept while the process is warm, asked for a sign of life before it is used again, and thrown
//! away after any error: the server then rolls back and unlocks whatever it held. A pool would add
//! timers and tasks that the freeze between two invocations stops in the middle.

use std::time::Duration;

use pipeline::source_version::{Sequencer, SourceVersion};
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::{ConnectOptions, Connection, Executor};
use time::OffsetDateTime;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::error::{DatabaseError, LoadError};
use crate::secret;
use crate::settings::{DatabaseHost, DatabaseUrl};
use crate::source::Source;
use crate::store::{Entry, Loaded, load_rows};

/// How long the server may take to let us in.
const CONNECT: Duration = Duration::from_secs(10);
/// How long it may take to say that a kept connection is alive.
const SIGN_OF_LIFE: Duration = Duration::from_secs(2);
/// Attempts of one load, the first included.
const ATTEMPTS: u32 = 4;

/// A database, and at most one connection to it that nobody uses at the moment.
#[derive(Debug)]
pub struct Database {
    door: Door,
    idle: Mutex<Option<MySqlConnection>>,
}

/// How to get in.
#[derive(Debug)]
enum Door {
    /// The address has the password in it.
    Url(Box<DatabaseUrl>),
    /// A secret has it.
    Secret(DatabaseHost, aws_sdk_secretsmanager::Client),
}

impl Database {
    /// The database at `url`. Nothing is connected yet.
    pub fn new(url: DatabaseUrl) -> Self {
        Database {
            door: Door::Url(Box::new(url)),
            idle: Mutex::new(None),
        }
    }

    /// The database at `host`, whose user and password `secrets` knows. Nothing is connected yet.
    pub fn behind_secret(host: DatabaseHost, secrets: aws_sdk_secretsmanager::Client) -> Self {
        Database {
            door: Door::Secret(host, secrets),
            idle: Mutex::new(None),
        }
    }

    /// Loads all rows of `source`, or none, see [`load_rows`].
    ///
    /// A deadlock, a lock that was not given in time and a connection that broke are no reason to
    /// fail: the transaction is tried again from its start, four times in all.
    ///
    /// # Errors
    /// [`LoadError`]; nothing of the load file is in the database then, unless the connection broke
    /// during the last commit. In either case the same load may be tried again.
    pub async fn load<S: Source>(
        &self,
        entry: &Entry,
        source: &mut S,
    ) -> Result<Loaded, LoadError<S::Error>> {
        let mut attempt = 1;
        loop {
            let mut connection = self.connection().await?;
            match load_rows(&mut connection, entry, source).await {
                Ok(loaded) => {
                    *self.idle.lock().await = Some(connection);
                    return Ok(loaded);
                }
                Err(LoadError::Database(error)) if error.is_transient() && attempt < ATTEMPTS => {
                    tracing::warn!(%error, attempt, "the transaction is tried again");
                    attempt += 1;
                    source.restart().await.map_err(LoadError::Source)?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// A version for a file that no event announced: the database's time of day, which all loads
    /// from anywhere have in common, and the first half of the file's `digest` (64 hexadecimal
    /// digits).
    ///
    /// # Errors
    /// [`DatabaseError`] if the database cannot be asked.
    pub async fn version_now(&self, digest: &str) -> Result<SourceVersion, DatabaseError> {
        let doing = "ask the database for the time";
        let mut connection = self.connection().await?;
        let sql = "SELECT CAST(FLOOR(UNIX_TIMESTAMP(NOW(3)) * 1000) AS SIGNED)";
        let milliseconds: i64 = sqlx::query_scalar(sql)
            .fetch_one(&mut connection)
            .await
            .map_err(|error| DatabaseError::new(doing, error))?;
        *self.idle.lock().await = Some(connection);
        let nanoseconds = i128::from(milliseconds) * 1_000_000;
        let half = digest.get(..32).unwrap_or(digest);
        let version = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds)
            .map_err(|error| error.to_string())
            .and_then(|now| {
                let sequencer = Sequencer::parse(half).map_err(|error| error.to_string())?;
                SourceVersion::new(now, None, &sequencer).map_err(|error| error.to_string())
            });
        version.map_err(|what| DatabaseError::unreachable(doing, what))
    }

    /// The kept connection if it is alive, otherwise a new one.
    async fn connection(&self) -> Result<MySqlConnection, DatabaseError> {
        let kept = self.idle.lock().await.take();
        if let Some(mut connection) = kept {
            match timeout(SIGN_OF_LIFE, connection.ping()).await {
                Ok(Ok(())) => return Ok(connection),
                Ok(Err(error)) => tracing::info!(%error, "the kept connection is gone"),
                Err(_) => tracing::info!("the kept connection gives no sign of life"),
            }
        }
        let (doing, options): (String, MySqlConnectOptions) = match &self.door {
            Door::Url(url) => (format!("connect to {url}"), url.options().clone()),
            Door::Secret(host, secrets) => {
                let options = secret::options(secrets, host).await?;
                (format!("connect to {host}"), options)
            }
        };
        let connecting = async {
            let mut connection = options.connect().await?;
            // Whatever the server's default: a value that does not fit is an error, never cut.
            let strict = "SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')";
            connection.execute(strict).await?;
            Ok(connection)
        };
        match timeout(CONNECT, connecting).await {
            Ok(connected) => connected.map_err(|error| DatabaseError::new(doing, error)),
            Err(_) => {
                let what = format!("no answer within {} seconds", CONNECT.as_secs());
                Err(DatabaseError::unreachable(doing, what))
            }
        }
    }
}
