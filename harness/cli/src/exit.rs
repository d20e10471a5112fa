//! How the command ends.

use std::process::ExitCode;

use zipster_targets::TargetError;

use crate::style;

/// Exit codes: part of the command's contract, told in `--help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All went well.
    Done,
    /// A file did not go through, or a zip code is not known.
    Failed,
    /// The command line is wrong in a way that clap cannot see.
    Usage,
    /// `terraform/` cannot be read.
    StackUnreadable,
    /// Something needed is not there.
    Unavailable,
    /// Ctrl-C, and everything was cleaned up.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::StackUnreadable => 3,
            Exit::Unavailable => 4,
            Exit::Interrupted => 130,
        })
    }
}

/// An error with the code that it ends with.
#[derive(Debug)]
pub struct Failure {
    /// The code.
    pub exit: Exit,
    message: String,
}

impl Failure {
    /// What the user reads, and how the command ends.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
        }
    }

    /// What the user reads.
    pub fn text(&self) -> &str {
        &self.message
    }

    /// Says it on stderr.
    pub fn print(&self) {
        let (error, reset) = (style::ERROR.render(), style::ERROR.render_reset());
        // The stack reader's diagnostics begin with the word themselves.
        if self.message.starts_with("error") {
            anstream::eprintln!("{}", self.message);
        } else {
            anstream::eprintln!("{error}error{reset}: {}", self.message);
        }
    }
}

impl From<TargetError> for Failure {
    fn from(error: TargetError) -> Self {
        let exit = match &error {
            TargetError::Stack(_) | TargetError::Unfit(_) => Exit::StackUnreadable,
            TargetError::NoProject { .. } | TargetError::NoTerraform { .. } => Exit::Usage,
            TargetError::NotSettled { .. } => Exit::Failed,
            TargetError::Read { .. }
            | TargetError::Build(_)
            | TargetError::Database(_)
            | TargetError::Emulator(_)
            | TargetError::Deploy { .. }
            | TargetError::Call { .. }
            | TargetError::NoEmulator
            | TargetError::NotUsable(_)
            | TargetError::Unavailable(_)
            | TargetError::CleanUp(_) => Exit::Unavailable,
        };
        Self::new(exit, chain(&error))
    }
}

impl From<zipster_database::Error> for Failure {
    fn from(error: zipster_database::Error) -> Self {
        use zipster_database::Error;
        // Of these the database has nothing to answer for.
        if let Error::UnknownZipCode(_) | Error::NotOnEarth { .. } = error {
            return Self::new(Exit::Failed, error.to_string());
        }
        Self::from(TargetError::from(error))
    }
}

/// An error and its causes, outermost first.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text.push_str("\n  because: ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_zip_code_is_not_the_databases_fault() {
        let failure = Failure::from(zipster_database::Error::UnknownZipCode("99999".to_owned()));
        assert_eq!(failure.exit, Exit::Failed);
        assert_eq!(failure.text(), "zip code 99999 is not in the database");
    }
}
