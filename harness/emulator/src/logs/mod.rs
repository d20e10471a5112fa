//! CloudWatch Logs: groups, streams and events.
//!
//! The rooms: `operations` is the table of what is supported; `groups`, `streams` and `tags` are
//! the operations on what holds events, `put`, `read`, `filter` and `live_tail` those on events, with
//! `pattern` for what is searched; `deliver` is what other services write; `state` is where events are.
//!
//! Deliberately absent: Logs Insights, metric and subscription filters, export, encryption with keys
//! of the account's own, deletion protection, data protection, and reading across accounts. Each is
//! refused by name.

use std::sync::Arc;

use crate::core::Core;
use crate::front::json::{self, Operation};
use crate::front::{Answer, ApiError, Call, ServiceName};
use crate::iam::Authorization;

mod deliver;
mod error;
mod filter;
mod groups;
mod input;
mod live_tail;
mod operations;
pub(crate) mod pattern;
mod put;
mod read;
mod state;
mod streams;
mod tags;

pub use operations::OPERATIONS;
pub use state::LogGroups;

/// The service.
#[derive(Debug)]
pub struct Logs {
    core: Arc<Core>,
}

impl Logs {
    /// The operations on `core`'s log groups.
    #[must_use]
    pub fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Carries out a call.
    ///
    /// # Errors
    /// The operation's own, or that it is not supported.
    pub fn handle(&self, call: &Call) -> Result<Answer, ApiError> {
        json::check(ServiceName::Logs, OPERATIONS, call)?;
        match call.operation.as_str() {
            "CreateLogGroup" => self.create_log_group(call),
            "CreateLogStream" => self.create_log_stream(call),
            "DeleteLogGroup" => self.delete_log_group(call),
            "DeleteLogStream" => self.delete_log_stream(call),
            "DeleteRetentionPolicy" => self.delete_retention_policy(call),
            "DescribeLogGroups" => self.describe_log_groups(call),
            "DescribeLogStreams" => self.describe_log_streams(call),
            "FilterLogEvents" => self.filter_log_events(call),
            "GetLogEvents" => self.get_log_events(call),
            "ListTagsForResource" => self.list_tags_for_resource(call),
            "ListTagsLogGroup" => self.list_tags_log_group(call),
            "PutLogEvents" => self.put_log_events(call),
            "PutRetentionPolicy" => self.put_retention_policy(call),
            "StartLiveTail" => self.start_live_tail(call),
            "TagLogGroup" => self.tag_log_group(call),
            "TagResource" => self.tag_resource(call),
            "TestMetricFilter" => self.test_metric_filter(call),
            "UntagLogGroup" => self.untag_log_group(call),
            "UntagResource" => self.untag_resource(call),
            other => Err(ApiError::unsupported(ServiceName::Logs, other)),
        }
    }

    /// Asks whether the caller may. The tags of the group, if there is one, have a say.
    fn authorize(
        &self,
        call: &Call,
        action: &str,
        resource: &str,
        context: &[(&str, String)],
    ) -> Result<(), ApiError> {
        self.core
            .authorize(
                &call.identity,
                &Authorization {
                    cause: call.entry,
                    action,
                    resource,
                    context,
                    resource_policy: None,
                },
            )
            .map_err(error::denied)
    }

    /// Asks whether the caller may do something with a group or one of its streams.
    fn authorize_on(
        &self,
        call: &Call,
        action: &str,
        group: &str,
        stream: &str,
    ) -> Result<(), ApiError> {
        let tags = self.tags_of(group);
        let context: Vec<(&str, String)> = tags
            .iter()
            .map(|(key, value)| (key.as_str(), value.clone()))
            .collect();
        self.authorize(call, action, &stream_arn(group, stream), &context)
    }

    /// The tags of the group, if there is one, as condition keys.
    fn tags_of(&self, group: &str) -> Vec<(String, String)> {
        let tags = self.core.logs.lock().tags(group);
        tags.into_iter()
            .map(|(key, value)| (format!("aws:ResourceTag/{key}"), value))
            .collect()
    }

    /// The present, in milliseconds.
    fn now(&self) -> i64 {
        state::milliseconds(self.core.clock.now())
    }
}

/// What policies name: a group as a whole is its streams, so that the group's own ARN needs `:*`
/// to match (<https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html>).
pub(crate) fn stream_arn(group: &str, stream: &str) -> String {
    format!("{group}:log-stream:{stream}")
}
