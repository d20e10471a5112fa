//! What can go wrong between a load file and the database.

use sqlx::mysql::MySqlDatabaseError;
use zipcodes::load_file::LoadFileError;

/// Why a load file was not loaded. Nothing of it is in the database then.
#[derive(Debug, thiserror::Error)]
pub enum LoadError<E> {
    /// The bytes of the load file could not be read. `E` says why.
    #[error("the load file cannot be read")]
    Source(E),
    /// The load file is not one, or was changed since `transform` wrote it.
    #[error("the load file is malformed at {0}")]
    File(#[from] LoadFileError),
    /// The database did not take it.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Something that the database did not do.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing}: {kind}")]
pub struct DatabaseError {
    /// What was attempted, such as `connect to mysql://zip@db:3306/zipster`.
    pub doing: String,
    /// What happened.
    pub kind: DatabaseErrorKind,
}

/// What happened at the database.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseErrorKind {
    /// Nothing answered in time, or the connection was refused or broke.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    /// The user and the password could not be had.
    #[error("the secret cannot be had: {0}")]
    Secret(String),
    /// The server does not let this user in, or not to this database.
    #[error("access denied: {0}")]
    AccessDenied(String),
    /// There is no such database on the server, or its tables are not those of the migrations.
    #[error("the schema is not there: {0}")]
    Schema(String),
    /// Other transactions were in the way, each time that it was tried.
    #[error("other transactions were in the way: {0}")]
    Busy(String),
    /// Other loads were not done in time.
    #[error("other loads were not done in time: {0}")]
    Queue(String),
    /// A row is larger than the server takes.
    #[error("a row is too large for the server: {0}")]
    TooLarge(String),
    /// The server refused a statement for any other reason.
    #[error("{0}")]
    Refused(String),
}

impl DatabaseError {
    #[expect(
        clippy::needless_pass_by_value,
        reason = "it stands in `map_err`, and the driver's error ends here"
    )]
    pub(crate) fn new(doing: impl Into<String>, error: sqlx::Error) -> Self {
        DatabaseError {
            doing: doing.into(),
            kind: DatabaseErrorKind::of(&error),
        }
    }

    pub(crate) fn secret(doing: impl Into<String>, what: impl Into<String>) -> Self {
        DatabaseError {
            doing: doing.into(),
            kind: DatabaseErrorKind::Secret(what.into()),
        }
    }

    pub(crate) fn unreachable(doing: impl Into<String>, what: impl Into<String>) -> Self {
        DatabaseError {
            doing: doing.into(),
            kind: DatabaseErrorKind::Unreachable(what.into()),
        }
    }

    /// Whether the whole transaction is worth another attempt: it was the victim of a deadlock, its
    /// wait was too long, or the server went away. What the server did not commit it forgets; what
    /// it did commit is in the ledger.
    pub(crate) fn is_transient(&self) -> bool {
        match self.kind {
            DatabaseErrorKind::Unreachable(_) | DatabaseErrorKind::Busy(_) => true,
            // The SDK has tried again already.
            DatabaseErrorKind::Secret(_)
            | DatabaseErrorKind::AccessDenied(_)
            | DatabaseErrorKind::Schema(_)
            | DatabaseErrorKind::Queue(_)
            | DatabaseErrorKind::TooLarge(_)
            | DatabaseErrorKind::Refused(_) => false,
        }
    }

    /// The stable name of the failure.
    pub fn error_type(&self) -> &'static str {
        match self.kind {
            DatabaseErrorKind::Unreachable(_) => "DatabaseUnreachable",
            DatabaseErrorKind::Secret(_) => "DatabaseSecret",
            DatabaseErrorKind::AccessDenied(_) => "DatabaseAccessDenied",
            DatabaseErrorKind::Schema(_) => "DatabaseSchema",
            DatabaseErrorKind::Busy(_) | DatabaseErrorKind::Queue(_) => "DatabaseBusy",
            DatabaseErrorKind::TooLarge(_) => "RowTooLarge",
            DatabaseErrorKind::Refused(_) => "DatabaseRefused",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self.kind {
            DatabaseErrorKind::Unreachable(_) => {
                "check that the server runs, and that host and port in DATABASE_URL, network and \
                 security groups let the caller through"
            }
            DatabaseErrorKind::Secret(_) => {
                "check that DATABASE_SECRET_ARN names a secret with `username` and `password`, that \
                 the role may call secretsmanager:GetSecretValue on it, and that the network has a \
                 way to Secrets Manager"
            }
            DatabaseErrorKind::AccessDenied(_) => {
                "check user, password and database in DATABASE_URL or in the secret, and the user's \
                 grants"
            }
            DatabaseErrorKind::Schema(_) => {
                "create the database and apply the migrations (migrations/)"
            }
            DatabaseErrorKind::Busy(_) | DatabaseErrorKind::Queue(_) => {
                "try again later; if this persists, look for a transaction that stays open"
            }
            DatabaseErrorKind::TooLarge(_) => "raise the server's max_allowed_packet",
            DatabaseErrorKind::Refused(_) => {
                "check that the migrations (migrations/) were applied, and the server's log"
            }
        }
    }
}

/// Error numbers of MySQL and MariaDB.
///
/// Follows <https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html>.
pub(crate) mod number {
    pub(crate) const DUPLICATE: u16 = 1062;
    pub(crate) const LOCK_WAIT_TIMEOUT: u16 = 1205;
    pub(crate) const DEADLOCK: u16 = 1213;
    pub(crate) const TOO_MANY_CONNECTIONS: u16 = 1040;
    /// The server shuts down, or somebody ended the connection.
    pub(crate) const GONE: [u16; 5] = [1053, 1077, 1079, 1927, 4031];
    pub(crate) const ACCESS: [u16; 6] = [1044, 1045, 1130, 1142, 1143, 1698];
    pub(crate) const SCHEMA: [u16; 4] = [1049, 1054, 1146, 1364];
    pub(crate) const TOO_LARGE: [u16; 2] = [1153, 1301];
}

/// The server's number of an error, if it was the server that found it.
pub(crate) fn server_number(error: &sqlx::Error) -> Option<u16> {
    let error = error.as_database_error()?;
    let error = error.try_downcast_ref::<MySqlDatabaseError>()?;
    Some(error.number())
}

impl DatabaseErrorKind {
    fn of(error: &sqlx::Error) -> Self {
        let Some(number) = server_number(error) else {
            let is_about_the_connection = matches!(
                error,
                sqlx::Error::Io(_)
                    | sqlx::Error::Tls(_)
                    | sqlx::Error::Protocol(_)
                    | sqlx::Error::WorkerCrashed
            );
            return match is_about_the_connection {
                true => DatabaseErrorKind::Unreachable(error.to_string()),
                false => DatabaseErrorKind::Refused(error.to_string()),
            };
        };
        let message = error.as_database_error().map(|error| error.message());
        let text = format!("{} (error {number})", message.unwrap_or_default());
        match number {
            number::DEADLOCK | number::LOCK_WAIT_TIMEOUT | number::TOO_MANY_CONNECTIONS => {
                DatabaseErrorKind::Busy(text)
            }
            _ if number::GONE.contains(&number) => DatabaseErrorKind::Unreachable(text),
            _ if number::ACCESS.contains(&number) => DatabaseErrorKind::AccessDenied(text),
            _ if number::SCHEMA.contains(&number) => DatabaseErrorKind::Schema(text),
            _ if number::TOO_LARGE.contains(&number) => DatabaseErrorKind::TooLarge(text),
            _ => DatabaseErrorKind::Refused(text),
        }
    }
}
