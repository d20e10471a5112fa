//! A function's log in CloudWatch Logs: one stream for each execution environment, written with
//! the authority of the function's role.
//!
//! The role has to allow `logs:CreateLogStream` and `logs:PutLogEvents` on the group, and
//! `logs:CreateLogGroup` if there is none. What it does not allow does not happen, and neither the
//! function nor its caller learns of it, as on AWS; the decision stands in the journal. It is asked
//! for once in an invocation, with the first line. Lines go there as they are read: nothing is kept
//! back that somebody would have to wait for.
//!
//! Follows <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html>.

use std::sync::Arc;

use time::OffsetDateTime;

use super::invocation::Spec;
use crate::core::Core;
use crate::courier::{LogLine, LogStream};
use crate::journal::EntryId;

/// The stream of one environment.
#[derive(Debug)]
pub(super) struct CloudWatch {
    core: Arc<Core>,
    stream: LogStream,
    access: Access,
    /// What made the present invocation necessary.
    cause: Option<EntryId>,
    /// The last line's time, since the clock may be set back and the order of lines may not.
    last: OffsetDateTime,
}

/// Whether lines are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    /// Nobody has asked since the invocation began.
    Unknown,
    Granted,
    Refused,
}

impl CloudWatch {
    /// A stream of that name, which is made when there is something to write.
    pub(super) fn new(core: &Arc<Core>, spec: &Spec, name: String) -> Self {
        let settings = &spec.version.configuration;
        Self {
            core: Arc::clone(core),
            stream: LogStream {
                account: spec.key.account.clone(),
                region: spec.key.region.clone(),
                group: settings.log_group.clone(),
                name,
                role: settings.identity(&spec.key.name),
            },
            access: Access::Unknown,
            cause: None,
            last: OffsetDateTime::UNIX_EPOCH,
        }
    }

    /// The stream's name.
    pub(super) fn name(&self) -> &str {
        &self.stream.name
    }

    /// An invocation begins, which `cause` made necessary: what the role may do is asked again.
    pub(super) fn begin(&mut self, cause: EntryId) {
        self.access = Access::Unknown;
        self.cause = Some(cause);
    }

    /// Writes lines, if the role may.
    pub(super) fn write(&mut self, cause: Option<EntryId>, lines: &[String]) {
        let Some(cause) = cause.or(self.cause) else {
            return;
        };
        let at = self.core.clock.now().max(self.last);
        self.last = at;
        let lines: Vec<LogLine> = lines
            .iter()
            // The lines of functions keep their ends, and so no event is empty.
            .map(|line| LogLine {
                at,
                text: format!("{line}\n"),
            })
            .collect();
        // A second time if somebody has deleted the stream or its group meanwhile.
        for _ in 0..2 {
            let destinations = &self.core.destinations;
            if self.access == Access::Unknown {
                self.access = match destinations.open_log(&self.stream, cause) {
                    Ok(()) => Access::Granted,
                    Err(_) => Access::Refused,
                };
            }
            if self.access == Access::Refused || destinations.write_log(&self.stream, &lines) {
                return;
            }
            self.access = Access::Unknown;
        }
    }
}
