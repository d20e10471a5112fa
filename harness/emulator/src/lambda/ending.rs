//! How initialisations and invocations end, and what Lambda says about it: to the caller, in the
//! log and in the journal.

use std::process::ExitStatus;
use std::time::Duration;

use bytes::Bytes;
use time::OffsetDateTime;

use super::logs::Status;
use super::process::describe;
use super::runtime_api::FunctionError;
use crate::journal::Outcome;

/// The error type for a program that cannot be started.
const INVALID_ENTRYPOINT: &str = "Runtime.InvalidEntrypoint";

/// How a process ended that was killed, as Lambda says it.
const KILLED: &str = "signal: killed";

/// The error type for a process that ended.
const EXIT: &str = "Runtime.ExitError";

/// The error type for a process that took more memory than there is.
const OUT_OF_MEMORY: &str = "Runtime.OutOfMemory";

/// How an invocation ended, seen from the environment.
#[derive(Debug)]
pub(super) enum End {
    /// The function answered.
    Answered(Bytes),
    /// The function reported an error.
    Failed(FunctionError),
    /// Its time was over.
    TimedOut,
    /// The process ended, and how: `exit status 1`.
    Exited(String),
    /// The process took too much memory and was killed.
    OutOfMemory,
    /// Its temporary files took more than so many MB, and it was killed.
    StorageFull(u32),
    /// The initialisation failed, twice.
    NotInitialised(FunctionError),
}

/// Why a process is not ready for its first event.
#[derive(Debug)]
pub(super) enum InitFailure {
    TimedOut,
    OutOfMemory,
    StorageFull(u32),
    Exited(String),
    Killed,
    Reported(FunctionError),
    /// There was no process.
    NotStarted(String),
}

/// An end in everybody's terms.
#[derive(Debug)]
pub(super) struct Judgement {
    /// What the log says before `END`.
    pub(super) lines: Vec<String>,
    /// For the journal.
    pub(super) outcome: Outcome,
    /// For the caller.
    pub(super) result: Result<Bytes, FunctionError>,
}

impl End {
    /// The process has ended by itself.
    pub(super) fn exited(status: Option<ExitStatus>) -> Self {
        Self::Exited(how(status))
    }

    /// A fault plan had the process killed.
    pub(super) fn killed() -> Self {
        Self::Exited(KILLED.to_owned())
    }

    /// What is said about it.
    pub(super) fn judge(
        self,
        request_id: &str,
        timeout: Duration,
        now: OffsetDateTime,
    ) -> Judgement {
        match self {
            Self::Answered(payload) => Judgement {
                lines: Vec::new(),
                outcome: Outcome::Succeeded,
                result: Ok(payload),
            },
            Self::Failed(error) | Self::NotInitialised(error) => Judgement {
                lines: Vec::new(),
                outcome: Outcome::FunctionError {
                    error_type: error.error_type.clone(),
                    message: error.message.clone(),
                },
                result: Err(error),
            },
            Self::TimedOut => {
                let seconds = timeout.as_secs_f64();
                let what = format!("Task timed out after {seconds:.2} seconds");
                let message = format!("RequestId: {request_id} Error: {what}");
                Judgement {
                    lines: vec![format!("{} {request_id} {what}", timestamp(now))],
                    outcome: Outcome::TimedOut,
                    result: Err(FunctionError::new("Sandbox.Timedout", message)),
                }
            }
            Self::OutOfMemory => {
                let message =
                    format!("RequestId: {request_id} Error: Runtime exited with error: {KILLED}");
                Judgement {
                    lines: vec![message.clone(), OUT_OF_MEMORY.to_owned()],
                    outcome: Outcome::OutOfMemory,
                    result: Err(FunctionError::new(OUT_OF_MEMORY, message)),
                }
            }
            Self::StorageFull(megabytes) => {
                let message =
                    format!("RequestId: {request_id} Error: Runtime exited with error: {KILLED}");
                let what = format!("more than {megabytes} MB of temporary files");
                Judgement {
                    lines: vec![
                        format!(
                            "the emulator has killed this function for {what}; on AWS the write \
                             would have failed with: No space left on device"
                        ),
                        message.clone(),
                        EXIT.to_owned(),
                    ],
                    outcome: Outcome::Exited {
                        status: format!("{KILLED} for {what}"),
                    },
                    result: Err(FunctionError::new(EXIT, message)),
                }
            }
            Self::Exited(status) => {
                let what = if status == "exit status 0" {
                    "Runtime exited without providing a reason".to_owned()
                } else {
                    format!("Runtime exited with error: {status}")
                };
                let message = format!("RequestId: {request_id} Error: {what}");
                Judgement {
                    lines: vec![message.clone(), EXIT.to_owned()],
                    outcome: Outcome::Exited { status },
                    result: Err(FunctionError::new(EXIT, message)),
                }
            }
        }
    }

    /// Why the environment ends with it.
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::TimedOut => "timed out",
            Self::OutOfMemory => "out of memory",
            Self::StorageFull(_) => "out of storage",
            Self::Answered(_) | Self::Failed(_) | Self::Exited(_) => "exited",
            Self::NotInitialised(_) => "initialisation failed",
        }
    }
}

impl Judgement {
    /// What the `REPORT` says: what a function reports of itself is no matter of the platform.
    pub(super) fn status(&self) -> Status<'_> {
        match (&self.outcome, &self.result) {
            (Outcome::TimedOut, _) => Status::Timeout,
            (Outcome::Exited { .. } | Outcome::OutOfMemory, Err(error)) => {
                Status::Error(&error.error_type)
            }
            (
                Outcome::Succeeded
                | Outcome::FunctionError { .. }
                | Outcome::Exited { .. }
                | Outcome::OutOfMemory
                | Outcome::Throttled,
                _,
            ) => Status::Success,
        }
    }
}

impl InitFailure {
    /// The process has ended by itself.
    pub(super) fn exited(status: Option<ExitStatus>) -> Self {
        Self::Exited(how(status))
    }

    /// What the `INIT_REPORT` says.
    pub(super) fn status(&self) -> Status<'_> {
        match self {
            Self::TimedOut => Status::Timeout,
            Self::OutOfMemory => Status::Error(OUT_OF_MEMORY),
            Self::StorageFull(_) | Self::Exited(_) | Self::Killed => Status::Error(EXIT),
            Self::Reported(error) => Status::Error(&error.error_type),
            Self::NotStarted(_) => Status::Error(INVALID_ENTRYPOINT),
        }
    }

    /// The end of the invocation that the process was started for.
    pub(super) fn end(self, request_id: &str) -> End {
        match self {
            Self::TimedOut => End::TimedOut,
            Self::OutOfMemory => End::OutOfMemory,
            Self::StorageFull(megabytes) => End::StorageFull(megabytes),
            Self::Exited(how) => End::Exited(how),
            Self::Killed => End::killed(),
            Self::Reported(error) => End::NotInitialised(error),
            Self::NotStarted(why) => {
                let message = format!("RequestId: {request_id} Error: {why}");
                End::NotInitialised(FunctionError::new(INVALID_ENTRYPOINT, message))
            }
        }
    }
}

fn how(status: Option<ExitStatus>) -> String {
    status.map_or_else(|| "exit status unknown".to_owned(), describe)
}

/// `2026-11-23T16:00:00.000Z`.
pub(super) fn timestamp(time: OffsetDateTime) -> String {
    let format = time::macros::format_description!(
        "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z"
    );
    time.format(format).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[track_caller]
    fn check(end: End, lines: &[&str], payload: &str) {
        let now = datetime!(2026-11-23 16:00:01.5 UTC);
        let judgement = end.judge("id", Duration::from_secs(3), now);
        assert_eq!(judgement.lines, lines);
        let result = judgement.result.unwrap_err();
        assert_eq!(result.payload, payload);
    }

    #[test]
    fn an_end_is_told_in_lambdas_words() {
        check(
            End::TimedOut,
            &["2026-11-23T16:00:01.500Z id Task timed out after 3.00 seconds"],
            r#"{"errorMessage":"RequestId: id Error: Task timed out after 3.00 seconds","errorType":"Sandbox.Timedout"}"#,
        );
        check(
            End::Exited("exit status 0".to_owned()),
            &[
                "RequestId: id Error: Runtime exited without providing a reason",
                "Runtime.ExitError",
            ],
            r#"{"errorMessage":"RequestId: id Error: Runtime exited without providing a reason","errorType":"Runtime.ExitError"}"#,
        );
        check(
            InitFailure::OutOfMemory.end("id"),
            &[
                "RequestId: id Error: Runtime exited with error: signal: killed",
                "Runtime.OutOfMemory",
            ],
            r#"{"errorMessage":"RequestId: id Error: Runtime exited with error: signal: killed","errorType":"Runtime.OutOfMemory"}"#,
        );
        check(
            InitFailure::NotStarted("fork/exec x: no".to_owned()).end("id"),
            &[],
            r#"{"errorMessage":"RequestId: id Error: fork/exec x: no","errorType":"Runtime.InvalidEntrypoint"}"#,
        );
    }
}
