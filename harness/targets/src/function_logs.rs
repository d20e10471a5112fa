//! The logs of functions, as anybody reads them: through CloudWatch Logs.
//!
//! Deliberately absent: log groups of other names than Lambda gives them.

use std::collections::BTreeSet;

use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use time::OffsetDateTime;

use crate::TargetError;
use crate::clients::Clients;
use crate::error::chain;

/// How much later than its neighbours a line may be taken in, in milliseconds.
const LATENESS_MS: i64 = 10_000;

/// A line of a function's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionLogLine {
    /// When it was written, UTC.
    pub at: OffsetDateTime,
    /// The function's name.
    pub function: String,
    /// The log stream, which names the execution environment.
    pub stream: String,
    /// The line, without its end.
    pub text: String,
}

/// Reads the logs of some functions, each line once.
#[derive(Debug)]
pub struct FunctionLogs {
    clients: Clients,
    functions: Vec<String>,
    filter: Option<String>,
    since_ms: i64,
    /// Times and identifiers of the latest lines, which are found again.
    shown: BTreeSet<(i64, String)>,
}

impl FunctionLogs {
    /// The lines of these functions since `since_ms` (Unix milliseconds) that a filter pattern, if
    /// there is one, matches.
    #[must_use]
    pub fn new(
        clients: Clients,
        functions: Vec<String>,
        filter: Option<String>,
        since_ms: i64,
    ) -> Self {
        Self {
            clients,
            functions,
            filter,
            since_ms,
            shown: BTreeSet::new(),
        }
    }

    /// What has come since this was asked for the last time, oldest first. A function without a log
    /// has not run yet.
    ///
    /// # Errors
    /// [`TargetError::Call`] if the service refuses.
    pub async fn next(&mut self) -> Result<Vec<FunctionLogLine>, TargetError> {
        let mut lines = Vec::new();
        for function in &self.functions {
            let mut pages = self
                .clients
                .logs
                .filter_log_events()
                .log_group_name(format!("/aws/lambda/{function}"))
                .start_time(self.since_ms)
                .set_filter_pattern(self.filter.clone())
                .into_paginator()
                .send();
            while let Some(page) = pages.next().await {
                let page = match page {
                    Ok(page) => page,
                    Err(error) if error.code() == Some("ResourceNotFoundException") => break,
                    Err(error) => {
                        return Err(TargetError::Call {
                            what: format!("reading the log of {function}"),
                            reason: chain(&error),
                        });
                    }
                };
                for event in page.events.unwrap_or_default() {
                    let at_ms = event.timestamp().unwrap_or_default();
                    let id = event.event_id().unwrap_or_default().to_owned();
                    if !self.shown.insert((at_ms, id)) {
                        continue;
                    }
                    let at =
                        OffsetDateTime::from_unix_timestamp_nanos(i128::from(at_ms) * 1_000_000);
                    lines.push(FunctionLogLine {
                        at: at.unwrap_or(OffsetDateTime::UNIX_EPOCH),
                        function: function.clone(),
                        stream: event.log_stream_name.unwrap_or_default(),
                        text: event.message.unwrap_or_default().trim_end().to_owned(),
                    });
                }
            }
        }
        lines.sort_by_key(|line| line.at);
        if let Some((newest_ms, _)) = self.shown.last() {
            self.since_ms = self.since_ms.max(newest_ms - LATENESS_MS);
            self.shown = self.shown.split_off(&(self.since_ms, String::new()));
        }
        Ok(lines)
    }
}
