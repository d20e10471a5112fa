//! Why a function could not finish, and what Lambda is told about it.
//!
//! Everything that stops a function becomes a [`Failure`]. It has a stable name
//! ([`Failure::error_type`], for alarms and for whoever reads a dead letter), a message that says
//! what failed and where, and a hint that says what to do. The conversion to Lambda's own
//! [`Diagnostic`] is the only one.
//!
//! A rejected row is not a failure: it is a result, and goes into the error file.

use std::error::Error;

use lambda_runtime::Diagnostic;

use crate::call::{CallError, chain};
use crate::event::EventError;
use crate::settings::SettingsError;

/// Why a function could not finish.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The environment of the function is incomplete or wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The function was called with something that is not an S3 event.
    #[error(transparent)]
    Event(#[from] EventError),
    /// A call to S3 or SNS failed.
    #[error(transparent)]
    Call(#[from] Box<CallError>),
    /// The function was about to be stopped by Lambda.
    #[error("the function did not finish within its timeout")]
    OutOfTime,
    /// Several objects of one event failed; each was announced on its own.
    #[error("{failed} of the event's {records} records failed, the first of them: {first}")]
    Several {
        /// How many failed.
        failed: usize,
        /// How many there were.
        records: usize,
        /// Why the first one failed.
        first: Box<Failure>,
    },
    /// Something that only one of the functions does went wrong.
    #[error("{}", chain(source.as_ref()))]
    Own {
        /// A stable name in the style of an exception, such as `InvalidHeader`.
        error_type: &'static str,
        /// What to do about it.
        hint: String,
        /// What went wrong.
        source: Box<dyn Error + Send + Sync + 'static>,
    },
}

impl Failure {
    /// A failure of the function's own.
    ///
    /// `error_type` is a name that never changes, such as `InvalidHeader`; `hint` says what to do.
    pub fn own(
        error_type: &'static str,
        error: impl Into<Box<dyn Error + Send + Sync + 'static>>,
        hint: impl Into<String>,
    ) -> Self {
        Failure::Own {
            error_type,
            hint: hint.into(),
            source: error.into(),
        }
    }

    /// The stable name of the failure.
    pub fn error_type(&self) -> &'static str {
        match self {
            Failure::Settings(_) => "InvalidSettings",
            Failure::Event(_) => "InvalidEvent",
            Failure::Call(call) => call.error_type(),
            Failure::OutOfTime => "OutOfTime",
            Failure::Several { first, .. } => first.error_type(),
            Failure::Own { error_type, .. } => error_type,
        }
    }

    /// What to do about it, a sentence without its full stop.
    pub fn hint(&self) -> String {
        match self {
            Failure::Settings(_) => {
                "set these variables in the function's environment (terraform/)".to_owned()
            }
            Failure::Event(_) => {
                "check what invokes the function; it is meant for S3's notifications".to_owned()
            }
            Failure::Call(call) => call.hint(),
            Failure::OutOfTime => {
                "give the function more time or more memory (which also buys it more processor)"
                    .to_owned()
            }
            Failure::Several { first, .. } => first.hint(),
            Failure::Own { hint, .. } => hint.clone(),
        }
    }

    /// The message and the hint, as a person is shown them.
    pub fn explained(&self) -> String {
        format!("{self}\nhint: {}", self.hint())
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Failure::Call(Box::new(error))
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        Diagnostic {
            error_type: failure.error_type().to_owned(),
            error_message: failure.explained(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Problem;

    #[track_caller]
    fn told(failure: Failure, error_type: &str, message: &str) {
        let diagnostic = Diagnostic::from(failure);
        assert_eq!(diagnostic.error_type, error_type);
        assert_eq!(diagnostic.error_message, message);
    }

    #[test]
    fn lambda_is_told_a_stable_name_and_what_to_do() {
        let problems = vec![Problem {
            variable: "TOPIC_ARN",
            what: "is not set".to_owned(),
        }];
        told(
            Failure::Settings(SettingsError { problems }),
            "InvalidSettings",
            "cannot read the settings from the environment: `TOPIC_ARN` is not set\n\
             hint: set these variables in the function's environment (terraform/)",
        );
        let own = || Failure::own("InvalidHeader", "the header is wrong", "correct the file");
        let message = "the header is wrong\nhint: correct the file";
        told(own(), "InvalidHeader", message);
        let first = Box::new(own());
        let several = Failure::Several {
            failed: 2,
            records: 3,
            first,
        };
        told(
            several,
            "InvalidHeader",
            "2 of the event's 3 records failed, the first of them: the header is wrong\n\
             hint: correct the file",
        );
    }
}
