//! What can go wrong before a file goes through.

use std::fmt;
use std::io;
use std::path::PathBuf;

use zipster_stack::Diagnostic;

/// Why a target could not be stood up, reached or ended.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// Not called from within a project.
    #[error("no folder with terraform/*.tf at or above {}", start.display())]
    NoProject {
        /// Where the search began.
        start: PathBuf,
    },
    /// A folder that was named in the place of `terraform/` is none.
    #[error("no .tf files in {}", folder.display())]
    NoTerraform {
        /// The folder.
        folder: PathBuf,
    },
    /// A file of the project cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The Terraform files have mistakes, or use what the reader does not understand.
    #[error("{0}")]
    Stack(Diagnostics),
    /// The stack lacks something that the harness needs.
    #[error("the stack in terraform/ {0}")]
    Unfit(String),
    /// The functions' executables could not be had.
    #[error("cannot build the functions: {0}")]
    Build(String),
    /// No database server, or none that works.
    #[error("the database is not available")]
    Database(#[source] Box<zipster_database::Error>),
    /// The emulator did not start.
    #[error("the emulator did not start")]
    Emulator(#[from] zipster_emulator::StartError),
    /// A resource could not be made.
    #[error("cannot make {what}: {reason}")]
    Deploy {
        /// The resource's Terraform address, and the operation.
        what: String,
        /// The service's answer, with its chain of causes.
        reason: String,
    },
    /// A call of the harness itself failed.
    #[error("{what} failed: {reason}")]
    Call {
        /// The operation.
        what: String,
        /// The service's answer, with its chain of causes.
        reason: String,
    },
    /// The pipeline did not come to rest.
    #[error(
        "the pipeline was still at work after {seconds} s{}",
        waited_for(missing)
    )]
    NotSettled {
        /// How long was waited.
        seconds: u64,
        /// What was waited for, if that is known.
        missing: Vec<String>,
    },
    /// Something that only an emulator of ours can do was asked of a deployed stack.
    #[error("only the embedded target can do this; tag the scenario with @embedded-only:<reason>")]
    NoEmulator,
    /// The deployed stack is not one that the scenarios may or can run against: all reasons.
    #[error("the deployed stack cannot be used:{}", lines(.0))]
    NotUsable(Vec<String>),
    /// What the target runs on is not there: what is missing, and what to do.
    #[error("{0}")]
    Unavailable(String),
    /// Something was left behind.
    #[error("cannot remove what the target made")]
    CleanUp(#[source] io::Error),
}

impl From<zipster_database::Error> for TargetError {
    fn from(error: zipster_database::Error) -> Self {
        Self::Database(Box::new(error))
    }
}

fn waited_for(missing: &[String]) -> String {
    match missing {
        [] => String::new(),
        missing => format!("; waited for:{}", lines(missing)),
    }
}

fn lines(lines: &[String]) -> String {
    lines.iter().map(|line| format!("\n  - {line}")).collect()
}

/// All problems that the stack reader found, each with its place.
#[derive(Debug)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{diagnostic}")?;
        }
        Ok(())
    }
}

/// An error and its causes in one line, outermost first.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
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
