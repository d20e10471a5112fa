//! Log groups.

use serde::Serialize;
use zipster_names::{Arn, LogGroupName};

/// `aws_cloudwatch_log_group`
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogGroup {
    /// Its name.
    pub name: LogGroupName,
    /// Its ARN, without `:*`.
    pub arn: Arn,
    /// For how long events are kept; for ever if `None`.
    pub retention_days: Option<u64>,
}
