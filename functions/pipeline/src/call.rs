//! What can go wrong when a service of AWS is called.
//!
//! The SDK has an error type for every operation, and each of them splits by where in the SDK the
//! error arose. Whoever reads a failure asks something else: could the service be reached, did it
//! refuse, and what did it say? [`CallError`] answers that, for any operation.

use std::error::Error;
use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// The SDK's error, kept for the log.
type Source = Box<dyn Error + Send + Sync + 'static>;

/// A call that did not succeed, after the SDK's own retries.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} {at}: {kind}")]
pub struct CallError {
    /// What was attempted, such as `read`.
    pub doing: &'static str,
    /// On what, such as `s3://bucket/key` or a topic's ARN.
    pub at: String,
    /// The API's name of the attempt, such as `s3:GetObject`: what a policy has to allow.
    pub action: &'static str,
    /// What happened.
    pub kind: CallErrorKind,
    source: Option<Source>,
}

/// What happened to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallErrorKind {
    /// The service answered that the caller may not do this.
    AccessDenied(Box<Answer>),
    /// The service answered that it is overloaded or broken, each time.
    Unavailable(Box<Answer>),
    /// The service answered with any other refusal.
    Refused(Box<Answer>),
    /// No answer arrived: the connection failed, broke or timed out.
    Unreachable(String),
    /// An answer or a body arrived that is not what the protocol or its checksum says.
    Broken(String),
    /// The request could not be made at all.
    Unsendable(String),
}

/// A service's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The service's code, such as `NoSuchBucket`; empty if it gave none.
    pub code: String,
    /// The service's message; empty if it gave none.
    pub message: String,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Answer {
            status,
            code,
            message,
        } = self;
        match (code.as_str(), message.as_str()) {
            ("", "") => write!(f, "status {status}"),
            ("", message) => write!(f, "{message} (status {status})"),
            (code, "") => write!(f, "{code} (status {status})"),
            (code, message) => write!(f, "{code}: {message} (status {status})"),
        }
    }
}

impl fmt::Display for CallErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallErrorKind::AccessDenied(answer)
            | CallErrorKind::Unavailable(answer)
            | CallErrorKind::Refused(answer) => answer.fmt(f),
            CallErrorKind::Unreachable(what) => write!(f, "no answer: {what}"),
            CallErrorKind::Broken(what) => write!(f, "the answer cannot be used: {what}"),
            CallErrorKind::Unsendable(what) => write!(f, "the request cannot be made: {what}"),
        }
    }
}

impl CallError {
    /// Wraps the SDK's error for `action`, which was to do `doing` to `at`.
    pub fn new<E>(
        doing: &'static str,
        at: impl fmt::Display,
        action: &'static str,
        error: SdkError<E, HttpResponse>,
    ) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        CallError {
            doing,
            at: at.to_string(),
            action,
            kind: CallErrorKind::of(&error),
            source: Some(Box::new(error)),
        }
    }

    /// A body that broke off, or whose checksum is wrong.
    pub(crate) fn body(
        doing: &'static str,
        at: impl fmt::Display,
        action: &'static str,
        error: impl Error + Send + Sync + 'static,
    ) -> Self {
        CallError {
            doing,
            at: at.to_string(),
            action,
            kind: CallErrorKind::Broken(chain(&error)),
            source: Some(Box::new(error)),
        }
    }

    /// An answer that lacks what the protocol promises.
    pub(crate) fn lacking(
        doing: &'static str,
        at: impl fmt::Display,
        action: &'static str,
        what: impl fmt::Display,
    ) -> Self {
        CallError {
            doing,
            at: at.to_string(),
            action,
            kind: CallErrorKind::Broken(what.to_string()),
            source: None,
        }
    }

    /// The stable name of the failure, for alarms and retries.
    pub fn error_type(&self) -> &'static str {
        match self.kind {
            CallErrorKind::AccessDenied(_) => "AccessDenied",
            CallErrorKind::Unavailable(_) => "ServiceUnavailable",
            CallErrorKind::Refused(_) => "RequestRefused",
            CallErrorKind::Unreachable(_) => "ServiceUnreachable",
            CallErrorKind::Broken(_) => "BrokenAnswer",
            CallErrorKind::Unsendable(_) => "InvalidRequest",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        let CallError { at, action, .. } = self;
        match &self.kind {
            CallErrorKind::AccessDenied(_) if *action == "s3:GetObject" => format!(
                "allow `s3:GetObject` on {at} in the function's role, and `s3:ListBucket` on the \
                 bucket: without it S3 answers like this for an object that is gone"
            ),
            CallErrorKind::AccessDenied(_) => {
                format!("allow `{action}` on {at} in the function's role")
            }
            CallErrorKind::Unavailable(_) => {
                "the service was asked several times; the event is tried again later".to_owned()
            }
            CallErrorKind::Refused(_) => {
                format!("check that {at} exists, and the settings of the function")
            }
            CallErrorKind::Unreachable(_) => {
                "check the function's network, its region and the variables AWS_ENDPOINT_URL*"
                    .to_owned()
            }
            CallErrorKind::Broken(_) => {
                "the event is tried again later; if this persists, something between the \
                 function and the service changes what passes through it"
                    .to_owned()
            }
            CallErrorKind::Unsendable(_) => "check the settings of the function".to_owned(),
        }
    }
}

impl CallErrorKind {
    fn of<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        match error {
            SdkError::ServiceError(context) => {
                let meta = context.err().meta();
                let answer = Box::new(Answer {
                    status: context.raw().status().as_u16(),
                    code: meta.code().unwrap_or_default().to_owned(),
                    message: meta.message().unwrap_or_default().to_owned(),
                });
                match (answer.status, answer.code.as_str()) {
                    (_, "SlowDown" | "Throttling" | "ThrottlingException" | "Throttled")
                    | (429 | 500.., _) => CallErrorKind::Unavailable(answer),
                    (401 | 403, _) => CallErrorKind::AccessDenied(answer),
                    _ => CallErrorKind::Refused(answer),
                }
            }
            SdkError::ResponseError(context) => {
                let status = context.raw().status().as_u16();
                CallErrorKind::Broken(format!("{} (status {status})", causes(error)))
            }
            SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) => {
                CallErrorKind::Unreachable(causes(error))
            }
            SdkError::ConstructionFailure(_) => CallErrorKind::Unsendable(causes(error)),
            other => CallErrorKind::Broken(causes(other)),
        }
    }
}

/// An error and its causes, one after the other, each said once.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        // Many errors repeat their cause in their own text.
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}

/// The causes of the SDK's error: its own text only says which part of the SDK it comes from.
fn causes(error: &dyn Error) -> String {
    error.source().map_or_else(|| error.to_string(), chain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn shown(status: u16, code: &str, message: &str, expected: &str) {
        let (code, message) = (code.to_owned(), message.to_owned());
        let answer = Answer {
            status,
            code,
            message,
        };
        assert_eq!(answer.to_string(), expected);
    }

    #[test]
    fn an_answer_is_shown_with_what_it_has() {
        shown(
            404,
            "NoSuchBucket",
            "no such bucket",
            "NoSuchBucket: no such bucket (status 404)",
        );
        shown(503, "SlowDown", "", "SlowDown (status 503)");
        shown(500, "", "", "status 500");
        shown(418, "", "tea", "tea (status 418)");
    }

    #[test]
    fn a_chain_says_nothing_twice() {
        #[derive(Debug, thiserror::Error)]
        #[error("{text}")]
        struct Link {
            text: &'static str,
            source: Option<Box<Link>>,
        }
        let link = |text, source: Option<Link>| Link {
            text,
            source: source.map(Box::new),
        };
        let error = link(
            "cannot connect: refused",
            Some(link("refused", Some(link("port 1", None)))),
        );
        assert_eq!(chain(&error), "cannot connect: refused: port 1");
    }
}
