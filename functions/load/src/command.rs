//! The load function as a command: a load file from a disk or a pipe into a database.
//!
//! Standard output has the result, standard error the talk. In the ledger such a load has the
//! bucket `''`, the key `local file` and, as its identity, the SHA-256 digest of the file, so that
//! the same bytes are loaded once, whatever the file is called. Its version is the database's time
//! of day: it wins over everything that was loaded before.

mod file;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use serde_json::json;

use crate::database::Database;
use crate::error::{DatabaseError, DatabaseErrorKind, LoadError};
use crate::settings::DatabaseUrl;
use crate::store::{Entry, Loaded, Outcome};
use file::{FileError, LocalFile};

/// The key under which the ledger has all local files.
pub const LOCAL_KEY: &str = "local file";

const AFTER_HELP: &str = "\
Exit codes:
  0  the rows are in the database, from this call or an earlier one
  2  the arguments are wrong
  3  the file cannot be read
  4  the file is not a load file; the line is named, nothing was loaded
  5  the database cannot be reached
  6  the database refused; nothing was loaded

All rows are written in one transaction. A row replaces the one with the same zip code, unless that \
one is newer. The same file is loaded once; a second time changes nothing.

As a Lambda function (when AWS_LAMBDA_RUNTIME_API is set) the program takes no arguments.";

const MALFORMED: &str = "nothing of it was loaded; `transform` writes load files";

/// Load the rows of a load file, as transform writes it, into the database
#[derive(Debug, Parser)]
#[command(name = "load", version, after_help = AFTER_HELP)]
struct Arguments {
    /// The load file; `-` reads standard input
    file: PathBuf,

    /// Where to: mysql://USER:PASSWORD@HOST:PORT/DATABASE. Better in the environment than here,
    /// where every user of the machine can see the password
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,

    /// Print the result as one line of JSON
    #[arg(long)]
    json: bool,
}

/// How the command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Exit {
    Loaded = 0,
    Usage = 2,
    Unreadable = 3,
    Malformed = 4,
    Unreachable = 5,
    Refused = 6,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// Why nothing was loaded.
struct Problem {
    exit: Exit,
    message: String,
    hint: String,
}

/// Runs the command with the process's arguments.
pub async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments).await {
        Ok(loaded) => {
            if arguments.json {
                println!("{}", machine_readable(&loaded));
            } else {
                println!("{}", summary(&loaded));
            }
            Exit::Loaded.into()
        }
        Err(Problem {
            exit,
            message,
            hint,
        }) => {
            eprintln!("error: {message}");
            if !hint.is_empty() {
                eprintln!("hint: {hint}");
            }
            exit.into()
        }
    }
}

async fn run(arguments: &Arguments) -> Result<Loaded, Problem> {
    let url = DatabaseUrl::parse(&arguments.database_url).map_err(|error| Problem {
        exit: Exit::Usage,
        message: format!("the database's URL {error}"),
        hint: "percent-encode what is special in user and password, `@` as `%40`".to_owned(),
    })?;
    let mut file = LocalFile::open(&arguments.file)
        .await
        .map_err(|error| unreadable(&error))?;
    let database = Database::new(url);
    let version = database
        .version_now(file.digest())
        .await
        .map_err(|error| refused(&error))?;
    let entry = Entry {
        bucket: String::new(),
        object_key: LOCAL_KEY.to_owned(),
        identity: file.digest().to_owned(),
        etag: String::new(),
        version,
    };
    database.load(&entry, &mut file).await.map_err(problem)
}

fn problem(error: LoadError<FileError>) -> Problem {
    match error {
        LoadError::Source(error) => unreadable(&error),
        error @ LoadError::File(_) => Problem {
            exit: Exit::Malformed,
            message: error.to_string(),
            hint: MALFORMED.to_owned(),
        },
        LoadError::Database(error) => refused(&error),
    }
}

fn unreadable(error: &FileError) -> Problem {
    let (exit, hint) = match error {
        FileError::Io { .. } | FileError::Changed(_) => (Exit::Unreadable, ""),
        FileError::Malformed { .. } => (Exit::Malformed, MALFORMED),
    };
    Problem {
        exit,
        message: error.to_string(),
        hint: hint.to_owned(),
    }
}

fn refused(error: &DatabaseError) -> Problem {
    let exit = match error.kind {
        DatabaseErrorKind::Unreachable(_) => Exit::Unreachable,
        DatabaseErrorKind::Secret(_)
        | DatabaseErrorKind::AccessDenied(_)
        | DatabaseErrorKind::Schema(_)
        | DatabaseErrorKind::Busy(_)
        | DatabaseErrorKind::Queue(_)
        | DatabaseErrorKind::TooLarge(_)
        | DatabaseErrorKind::Refused(_) => Exit::Refused,
    };
    Problem {
        exit,
        message: error.to_string(),
        hint: error.hint().to_owned(),
    }
}

fn summary(loaded: &Loaded) -> String {
    let Loaded {
        rows_read,
        rows_stored,
        load_id,
        ..
    } = loaded;
    let superseded = loaded.rows_superseded();
    match loaded.outcome {
        Outcome::Now => format!(
            "{rows_read} rows read, {rows_stored} stored, {superseded} superseded (load {load_id})"
        ),
        Outcome::Before => format!(
            "nothing to do: load {load_id} has this file already ({rows_read} rows read, \
             {rows_stored} stored, {superseded} superseded)"
        ),
    }
}

fn machine_readable(loaded: &Loaded) -> serde_json::Value {
    json!({
        "status": match loaded.outcome {
            Outcome::Now => "loaded",
            Outcome::Before => "skipped",
        },
        "load_id": loaded.load_id,
        "rows_read": loaded.rows_read,
        "rows_stored": loaded.rows_stored,
        "rows_superseded": loaded.rows_superseded(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_result_is_one_line() {
        let mut loaded = Loaded {
            outcome: Outcome::Now,
            load_id: 7,
            rows_read: 30,
            rows_stored: 28,
        };
        assert_eq!(
            summary(&loaded),
            "30 rows read, 28 stored, 2 superseded (load 7)"
        );
        assert_eq!(
            machine_readable(&loaded).to_string(),
            r#"{"load_id":7,"rows_read":30,"rows_stored":28,"rows_superseded":2,"status":"loaded"}"#
        );
        loaded.outcome = Outcome::Before;
        assert_eq!(
            summary(&loaded),
            "nothing to do: load 7 has this file already (30 rows read, 28 stored, 2 superseded)"
        );
        assert_eq!(machine_readable(&loaded)["status"], "skipped");
    }
}
