//! Log groups.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::state::Group;
use super::{Logs, error, input};
use crate::front::json::{answer, done, input as read};
use crate::front::{Answer, ApiError, Call, ServiceName};

/// How many groups one answer describes at most.
const MOST_DESCRIBED: usize = 50;

/// The retentions that CloudWatch Logs knows, in days
/// (<https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html>).
const RETENTIONS: [u32; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateLogGroup {
    log_group_name: Option<String>,
    tags: Option<BTreeMap<String, String>>,
    log_group_class: Option<String>,
    #[serde(default)]
    deletion_protection_enabled: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    log_group_name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PutRetentionPolicy {
    log_group_name: Option<String>,
    retention_in_days: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DescribeLogGroups {
    log_group_name_prefix: Option<String>,
    log_group_name_pattern: Option<String>,
    log_group_class: Option<String>,
    next_token: Option<String>,
    limit: Option<i64>,
}

impl Logs {
    /// Follows <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html>.
    pub(super) fn create_log_group(&self, call: &Call) -> Result<Answer, ApiError> {
        let asked: CreateLogGroup = read(call)?;
        let name = input::group_name(asked.log_group_name.as_deref())?;
        let class = class(asked.log_group_class.as_deref())?.unwrap_or("STANDARD");
        let tags = asked.tags.unwrap_or_default();
        if !tags.is_empty() {
            input::check_tags(&tags)?;
        }
        if asked.deletion_protection_enabled {
            let what = "deletion protection of log groups";
            return Err(ApiError::unsupported(ServiceName::Logs, what));
        }
        let arn = input::arn_of(call, &name);
        self.authorize_tagging(
            call,
            "logs:CreateLogGroup",
            &super::stream_arn(&arn, ""),
            &tags,
        )?;
        if !tags.is_empty() {
            // A group is only born with tags if its maker could have added them afterwards.
            self.authorize_tagging(call, "logs:TagResource", &arn, &tags)?;
        }
        let mut group = Group::new(arn, name.to_string(), class, self.now());
        group.tags = tags;
        self.core.logs.lock().create_group(group)?;
        Ok(done(call))
    }

    /// Follows <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteLogGroup.html>.
    pub(super) fn delete_log_group(&self, call: &Call) -> Result<Answer, ApiError> {
        let asked: Named = read(call)?;
        let arn = input::group(call, asked.log_group_name.as_deref())?;
        self.authorize_on(call, "logs:DeleteLogGroup", &arn, "")?;
        let removed = self.core.logs.lock().groups.remove(&arn);
        removed.ok_or_else(error::no_group)?;
        Ok(done(call))
    }

    /// Follows <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html>.
    pub(super) fn put_retention_policy(&self, call: &Call) -> Result<Answer, ApiError> {
        let asked: PutRetentionPolicy = read(call)?;
        let arn = input::group(call, asked.log_group_name.as_deref())?;
        let days = asked.retention_in_days;
        let days = days.ok_or_else(|| error::missing("retentionInDays"))?;
        let known = RETENTIONS
            .into_iter()
            .find(|known| i64::from(*known) == days);
        let known = known.ok_or_else(|| {
            let all: Vec<String> = RETENTIONS.iter().map(u32::to_string).collect();
            let rule = format!("satisfy enum value set: [{}]", all.join(", "));
            error::constraint(days, "retentionInDays", rule)
        })?;
        self.authorize_on(call, "logs:PutRetentionPolicy", &arn, "")?;
        let now = self.now();
        self.core.logs.lock().group(&arn, now)?.retention_days = Some(known);
        Ok(done(call))
    }

    /// Follows <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteRetentionPolicy.html>.
    pub(super) fn delete_retention_policy(&self, call: &Call) -> Result<Answer, ApiError> {
        let asked: Named = read(call)?;
        let arn = input::group(call, asked.log_group_name.as_deref())?;
        self.authorize_on(call, "logs:DeleteRetentionPolicy", &arn, "")?;
        let now = self.now();
        self.core.logs.lock().group(&arn, now)?.retention_days = None;
        Ok(done(call))
    }

    /// Follows <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html>.
    pub(super) fn describe_log_groups(&self, call: &Call) -> Result<Answer, ApiError> {
        let asked: DescribeLogGroups = read(call)?;
        let limit = input::limit(asked.limit, MOST_DESCRIBED)?;
        let class = class(asked.log_group_class.as_deref())?;
        let prefix = asked.log_group_name_prefix.as_deref();
        let part = asked.log_group_name_pattern.as_deref();
        if prefix.is_some() && part.is_some() {
            return Err(error::invalid(
                "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
            ));
        }
        if let Some(prefix) = prefix {
            input::length(prefix, "logGroupNamePrefix", 1, 512)?;
        }
        let (region, account) = (&call.region, call.identity.principal.account());
        let all = format!(
            "arn:{}:logs:{region}:{account}:log-group:",
            self.core.region.partition()
        );
        self.authorize(
            call,
            "logs:DescribeLogGroups",
            &super::stream_arn(&all, ""),
            &[],
        )?;
        let now = self.now();
        let mut state = self.core.logs.lock();
        let groups: Vec<&mut Group> = state
            .groups
            .iter_mut()
            .filter(|(arn, _)| arn.starts_with(&all))
            .map(|(_, group)| group)
            .filter(|group| prefix.is_none_or(|prefix| group.name.starts_with(prefix)))
            .filter(|group| part.is_none_or(|part| group.name.contains(part)))
            .filter(|group| class.is_none_or(|class| group.class == class))
            .collect();
        let token = asked.next_token.as_deref();
        let (groups, next) = input::page(groups, token, limit, |group| group.name.as_str())?;
        let described: Vec<Value> = groups
            .into_iter()
            .map(|group| {
                group.expire(now);
                describe(group)
            })
            .collect();
        let mut result = json!({ "logGroups": described });
        if let Some(next) = next {
            result["nextToken"] = next.into();
        }
        Ok(answer(call, &result))
    }
}

fn describe(group: &Group) -> Value {
    let mut described = json!({
        "logGroupName": group.name,
        "creationTime": group.created,
        "metricFilterCount": 0,
        "arn": format!("{}:*", group.arn),
        "logGroupArn": group.arn,
        "storedBytes": group.stored_bytes(),
        "logGroupClass": group.class,
    });
    if let Some(days) = group.retention_days {
        described["retentionInDays"] = days.into();
    }
    described
}

/// `logGroupClass`. The classes differ in price and in what this emulator does not have.
fn class(text: Option<&str>) -> Result<Option<&'static str>, ApiError> {
    match text {
        None => Ok(None),
        Some("STANDARD") => Ok(Some("STANDARD")),
        Some("INFREQUENT_ACCESS") => Ok(Some("INFREQUENT_ACCESS")),
        Some("DELIVERY") => Err(ApiError::unsupported(
            ServiceName::Logs,
            "the log group class DELIVERY",
        )),
        Some(other) => {
            let rule = "satisfy enum value set: [STANDARD, INFREQUENT_ACCESS, DELIVERY]";
            Err(error::constraint(other, "logGroupClass", rule))
        }
    }
}
