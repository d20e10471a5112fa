//! `migrations/V{n}__{name}.sql`, applied in order by refinery.
//!
//! They are read at run time, as `terraform/` is: what is tested is what lies in the folder. A
//! database remembers what was applied to it, with a checksum, so a file that was edited or
//! removed afterwards is found out.
//!
//! MySQL commits each change of the schema by itself. A file with several statements that fails
//! half-way stays half-way; hence one statement a file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use mysql_async::{OptsBuilder, Pool, PoolConstraints, PoolOpts, SslOpts};
use refinery::error::Kind;
use refinery::{Migration, Runner};
use sqlx::Connection;

use crate::DatabaseUrl;
use crate::server::connect;

/// The migrations of a folder.
#[derive(Debug, Clone)]
pub struct Migrations {
    folder: PathBuf,
    list: Vec<Migration>,
}

/// The files that were applied now, in order: empty if the database was up to date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied(pub Vec<String>);

/// Why migrations cannot be read or applied. Files are named as they are in the folder.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// The folder, or a file in it, cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The folder or the file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder holds no migration.
    #[error("no migration in {}", .0.display())]
    Empty(PathBuf),
    /// A file's name does not tell its place in the order.
    #[error("{} is not named like V1__create_table.sql", .0.display())]
    Name(PathBuf),
    /// Two files claim the same place.
    #[error("{first} and {second} have the same version, {version}")]
    Repeated {
        /// The version.
        version: i32,
        /// One file.
        first: String,
        /// The other.
        second: String,
    },
    /// A statement failed. What it changed before it failed stays changed.
    #[error("{file} failed, after {} had been applied: {reason}", list(applied))]
    Failed {
        /// The file.
        file: String,
        /// The files applied before it, in this run.
        applied: Vec<String>,
        /// What the driver said.
        reason: String,
    },
    /// A file changed after it was applied.
    #[error(
        "{file} was edited after it was applied to the database (as {applied}): \
         restore it, and write a new migration with the change"
    )]
    Edited {
        /// The file as it is.
        file: String,
        /// The file as it was.
        applied: String,
    },
    /// The database has a migration that the folder lacks.
    #[error("{0} was applied to the database and is missing from the folder")]
    Missing(String),
    /// The folder has a migration that should have been applied before others were.
    #[error("{0} was never applied, yet later ones were: give it the next free version")]
    Late(String),
    /// The database cannot be reached, or refuses to keep a record of migrations.
    #[error("cannot use the database: {0}")]
    Database(String),
    /// Another process migrates the same database, and has not finished.
    #[error("another process has been migrating the database for {seconds} s")]
    Busy {
        /// How long was waited.
        seconds: u32,
    },
}

fn list(files: &[String]) -> String {
    match files {
        [] => "nothing".to_owned(),
        files => files.join(", "),
    }
}

impl Migrations {
    /// Reads a folder. Every `.sql` file in it must be a migration.
    ///
    /// # Errors
    /// [`MigrationError`] if the folder cannot be read, holds none, or two have one version.
    pub fn read(folder: &Path) -> Result<Self, MigrationError> {
        let failed = |path: &Path| {
            let path = path.to_path_buf();
            move |source| MigrationError::Read { path, source }
        };
        let mut list = Vec::new();
        for entry in fs::read_dir(folder).map_err(failed(folder))? {
            let path = entry.map_err(failed(folder))?.path();
            if path.extension().is_some_and(|extension| extension == "sql") {
                let sql = fs::read_to_string(&path).map_err(failed(&path))?;
                list.push(parse(&path, &sql)?);
            }
        }
        list.sort();
        if list.is_empty() {
            return Err(MigrationError::Empty(folder.to_path_buf()));
        }
        for pair in list.windows(2) {
            if let [first, second] = pair
                && first.version() == second.version()
            {
                return Err(MigrationError::Repeated {
                    version: first.version(),
                    first: file(first),
                    second: file(second),
                });
            }
        }
        Ok(Self {
            folder: folder.to_path_buf(),
            list,
        })
    }

    /// The folder they were read from.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Their file names, in order.
    #[must_use]
    pub fn files(&self) -> Vec<String> {
        self.list.iter().map(file).collect()
    }

    /// Applies those that the database does not have yet. Waits for another process that does
    /// the same.
    ///
    /// # Errors
    /// [`MigrationError`] naming the file at fault; what was applied before it stays.
    pub async fn apply(&self, url: &DatabaseUrl) -> Result<Applied, MigrationError> {
        let refused = |error: sqlx::Error| MigrationError::Database(error.to_string());
        let mut connection = connect(url).await.map_err(refused)?;
        // Held by the connection, and so released however this ends.
        let taken: Option<i64> =
            sqlx::query_scalar("SELECT GET_LOCK(LEFT(CONCAT(?, DATABASE()), 64), ?)")
                .bind("zipster_migrations.")
                .bind(LOCK_SECONDS)
                .fetch_one(&mut connection)
                .await
                .map_err(refused)?;
        if taken != Some(1) {
            return Err(MigrationError::Busy {
                seconds: LOCK_SECONDS,
            });
        }
        let result = self.run(url).await;
        // The result is known; a connection that closes badly is closed all the same.
        let _ = connection.close().await;
        result
    }

    async fn run(&self, url: &DatabaseUrl) -> Result<Applied, MigrationError> {
        let mut encryption = Encryption::of(url);
        loop {
            let mut pool = Pool::new(options(url, encryption));
            let result = Runner::new(&self.list).run_async(&mut pool).await;
            // As above.
            let _ = pool.disconnect().await;
            match result {
                Ok(report) => {
                    let applied = report.applied_migrations().iter().map(file).collect();
                    return Ok(Applied(applied));
                }
                Err(error) if encryption == Encryption::IfAsked && asks_for_encryption(&error) => {
                    encryption = Encryption::Always;
                }
                Err(error) => return Err(self.explain(&error)),
            }
        }
    }

    /// Says which file is at fault.
    fn explain(&self, error: &refinery::Error) -> MigrationError {
        match error.kind() {
            Kind::DivergentVersion(applied, now) => MigrationError::Edited {
                file: file(now),
                applied: file(applied),
            },
            Kind::MissingVersion(migration) => {
                // refinery has one word for both directions.
                match self
                    .list
                    .iter()
                    .any(|ours| ours.version() == migration.version())
                {
                    true => MigrationError::Late(file(migration)),
                    false => MigrationError::Missing(file(migration)),
                }
            }
            Kind::Connection(what, source) => {
                match what.strip_prefix("error applying migration ") {
                    Some(migration) => MigrationError::Failed {
                        file: format!("{migration}.sql"),
                        applied: error
                            .report()
                            .map(|report| report.applied_migrations().iter().map(file).collect())
                            .unwrap_or_default(),
                        reason: source.to_string(),
                    },
                    None => MigrationError::Database(format!("{what}: {source}")),
                }
            }
            Kind::InvalidName
            | Kind::InvalidVersion
            | Kind::RepeatedVersion(_)
            | Kind::InvalidMigrationPath(..)
            | Kind::ConfigError(_)
            | Kind::InvalidMigrationFile(..) => MigrationError::Database(error.to_string()),
        }
    }
}

/// How long another process may take to migrate the same database.
const LOCK_SECONDS: u32 = 60;

/// Reads `V{n}__{name}.sql`. Stricter than refinery, which passes over what it cannot read.
fn parse(path: &Path, sql: &str) -> Result<Migration, MigrationError> {
    let misnamed = || MigrationError::Name(path.to_path_buf());
    let stem = path
        .file_stem()
        .and_then(|stem| stem.to_str())
        .ok_or_else(misnamed)?;
    let (version, name) = stem
        .strip_prefix('V')
        .and_then(|rest| rest.split_once("__"))
        .ok_or_else(misnamed)?;
    let is_number = !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit());
    let is_word = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !is_number || !is_word {
        return Err(misnamed());
    }
    Migration::unapplied(stem, sql).map_err(|_| misnamed())
}

fn file(migration: &Migration) -> String {
    format!("{migration}.sql")
}

/// When refinery's driver, which does not negotiate, encrypts the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encryption {
    /// Only if the server admits nobody otherwise.
    IfAsked,
    Always,
    /// Always, and the server's certificate must be one that is trusted.
    Verified,
}

impl Encryption {
    fn of(url: &DatabaseUrl) -> Self {
        match url.ssl_mode().as_deref() {
            Some("REQUIRED") => Self::Always,
            Some("VERIFY_CA" | "VERIFY_IDENTITY") => Self::Verified,
            Some(_) | None => Self::IfAsked,
        }
    }
}

fn options(url: &DatabaseUrl, encryption: Encryption) -> OptsBuilder {
    let authority = url.parameter("ssl-ca").map(PathBuf::from);
    let roots = || {
        authority
            .iter()
            .map(|path| path.clone().into())
            .collect::<Vec<_>>()
    };
    let ssl = match encryption {
        Encryption::IfAsked => None,
        Encryption::Always => Some(SslOpts::default().with_danger_accept_invalid_certs(true)),
        Encryption::Verified => Some(
            SslOpts::default()
                .with_root_certs(roots())
                .with_danger_skip_domain_validation(url.ssl_mode().as_deref() == Some("VERIFY_CA")),
        ),
    };
    let one = PoolConstraints::new(0, 1).expect("nought is less than one");
    OptsBuilder::default()
        .ip_or_hostname(url.host())
        .tcp_port(url.port())
        .user(Some(url.user()))
        .pass(Some(url.password()).filter(|password| !password.is_empty()))
        .db_name(url.database())
        // A server's socket may be out of our reach, in a container or another folder.
        .prefer_socket(false)
        .ssl_opts(ssl)
        .pool_opts(PoolOpts::new().with_constraints(one))
}

/// Whether the server refused a connection because it was not encrypted.
fn asks_for_encryption(error: &refinery::Error) -> bool {
    const ER_SECURE_TRANSPORT_REQUIRED: u16 = 3159;
    match error.kind() {
        Kind::Connection(_, source) => source.downcast_ref().is_some_and(|error| {
            matches!(error, mysql_async::Error::Server(error) if error.code == ER_SECURE_TRANSPORT_REQUIRED)
        }),
        Kind::InvalidName
        | Kind::InvalidVersion
        | Kind::RepeatedVersion(_)
        | Kind::DivergentVersion(..)
        | Kind::MissingVersion(_)
        | Kind::InvalidMigrationPath(..)
        | Kind::ConfigError(_)
        | Kind::InvalidMigrationFile(..) => false,
    }
}
