//! The parameters that many operations have: names, limits, tokens, pages.

use std::collections::BTreeMap;

use zipster_names::{Arn, LogGroupName};

use super::error;
use crate::front::{ApiError, Call};

/// What AWS's messages quote as the rule for group names.
const GROUP_PATTERN: &str = r"satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+";

/// A required `logGroupName`.
pub(super) fn group_name(name: Option<&str>) -> Result<LogGroupName, ApiError> {
    let text = name.ok_or_else(|| error::missing("logGroupName"))?;
    length(text, "logGroupName", 1, 512)?;
    let lower = text.get(..4).unwrap_or_default().to_ascii_lowercase();
    if lower == "aws/" {
        return Err(error::invalid(
            "Log groups starting with AWS/ are reserved for AWS.",
        ));
    }
    LogGroupName::parse(text).map_err(|_| error::constraint(text, "logGroupName", GROUP_PATTERN))
}

/// The ARN of the group that a required `logGroupName` names, in the caller's account.
pub(super) fn group(call: &Call, name: Option<&str>) -> Result<String, ApiError> {
    let name = group_name(name)?;
    Ok(arn_of(call, &name))
}

/// The ARN of a group of the caller's.
pub(super) fn arn_of(call: &Call, name: &LogGroupName) -> String {
    Arn::log_group(&call.region, call.identity.principal.account(), name).to_string()
}

/// The ARN of the group that either `logGroupName` or `logGroupIdentifier` names.
pub(super) fn group_or_identifier(
    call: &Call,
    name: Option<&str>,
    identifier: Option<&str>,
) -> Result<String, ApiError> {
    match (name, identifier) {
        (Some(_), Some(_)) => Err(error::invalid(
            "You must specify either logGroupName or logGroupIdentifier, but not both.",
        )),
        (None, Some(arn)) if arn.starts_with("arn:") => group_arn(arn, "logGroupIdentifier"),
        (name, identifier) => group(call, name.or(identifier)),
    }
}

/// A group's ARN, as it was given.
pub(super) fn group_arn(text: &str, member: &str) -> Result<String, ApiError> {
    let of_group = Arn::parse(text).ok().filter(|arn| {
        let name = arn.resource().strip_prefix("log-group:");
        arn.service() == "logs" && name.is_some_and(|name| LogGroupName::parse(name).is_ok())
    });
    match of_group {
        Some(arn) => Ok(arn.to_string()),
        None => Err(error::invalid(format!(
            "The value of {member} is not the ARN of a log group: {text}"
        ))),
    }
}

/// A required `logStreamName`.
pub(super) fn stream_name(name: Option<&str>) -> Result<&str, ApiError> {
    let text = name.ok_or_else(|| error::missing("logStreamName"))?;
    check_stream(text, "logStreamName")?;
    Ok(text)
}

/// What names of streams and their prefixes have to be like.
pub(super) fn check_stream(text: &str, member: &str) -> Result<(), ApiError> {
    length(text, member, 1, 512)?;
    if text.contains([':', '*']) {
        let rule = "satisfy regular expression pattern: [^:*]*";
        return Err(error::constraint(text, member, rule));
    }
    Ok(())
}

/// Whether `text` has a length, in characters, between two others.
pub(super) fn length(text: &str, member: &str, least: usize, most: usize) -> Result<(), ApiError> {
    let length = text.chars().count();
    if length < least {
        let rule = format!("have length greater than or equal to {least}");
        return Err(error::constraint(text, member, rule));
    }
    if length > most {
        let rule = format!("have length less than or equal to {most}");
        return Err(error::constraint(text, member, rule));
    }
    Ok(())
}

/// `limit`: at least 1, at most and by default `most`.
pub(super) fn limit(limit: Option<i64>, most: usize) -> Result<usize, ApiError> {
    let Some(limit) = limit else { return Ok(most) };
    match usize::try_from(limit) {
        Ok(limit) if limit > most => {
            let rule = format!("have value less than or equal to {most}");
            Err(error::constraint(limit, "limit", rule))
        }
        Ok(limit) if limit > 0 => Ok(limit),
        Ok(_) | Err(_) => {
            let rule = "have value greater than or equal to 1";
            Err(error::constraint(limit, "limit", rule))
        }
    }
}

/// A time in milliseconds, which must not be negative.
pub(super) fn time(time: Option<i64>, member: &str) -> Result<Option<i64>, ApiError> {
    match time {
        Some(time) if time < 0 => {
            let rule = "have value greater than or equal to 0";
            Err(error::constraint(time, member, rule))
        }
        time => Ok(time),
    }
}

/// What one answer has room for, and the token for the rest. The token is the last item's name,
/// so that what is added or removed in between neither repeats nor hides the others.
pub(super) fn page<T>(
    mut items: Vec<T>,
    token: Option<&str>,
    limit: usize,
    name: impl Fn(&T) -> &str,
) -> Result<(Vec<T>, Option<String>), ApiError> {
    if let Some(token) = token {
        let after = hex::decode(token).map_err(|_| bad_token())?;
        let last = items.iter().position(|item| name(item).as_bytes() == after);
        items.drain(..=last.ok_or_else(bad_token)?);
    }
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items
        .last()
        .filter(|_| more)
        .map(|last| hex::encode(name(last)));
    Ok((items, next))
}

/// 400 for a token that this service did not give.
pub(super) fn bad_token() -> ApiError {
    error::invalid("The specified nextToken is invalid.")
}

/// Tags, with their rules (<https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_TagResource.html>).
pub(super) fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), ApiError> {
    if tags.is_empty() || tags.len() > 50 {
        let rule = "have length between 1 and 50";
        return Err(error::constraint(format!("{tags:?}"), "tags", rule));
    }
    for (key, value) in tags {
        let is_allowed =
            |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
        length(key, "tags", 1, 128)?;
        length(value, "tags", 0, 256)?;
        if !key.chars().chain(value.chars()).all(is_allowed) {
            let rule = r"satisfy regular expression pattern: ^([\p{L}\p{Z}\p{N}_.:/=+\-@]+)$";
            return Err(error::constraint(key, "tags", rule));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(error::invalid(
                "aws: prefixed tag key names are not allowed for external use.",
            ));
        }
    }
    Ok(())
}
