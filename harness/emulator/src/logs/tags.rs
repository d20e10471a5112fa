//! The tags of log groups, by their ARNs and, as in older clients, by their names.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::{Logs, error, input};
use crate::front::json::{answer, done, input as read};
use crate::front::{Answer, ApiError, Call};

/// How many tags a group may have.
const MOST: usize = 50;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tagged {
    resource_arn: Option<String>,
    log_group_name: Option<String>,
    tags: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Untagged {
    resource_arn: Option<String>,
    log_group_name: Option<String>,
    /// `UntagResource` says it so, `UntagLogGroup` calls them tags.
    #[serde(alias = "tags")]
    tag_keys: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    resource_arn: Option<String>,
    log_group_name: Option<String>,
}

impl Logs {
    /// Follows <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_TagResource.html>.
    pub(super) fn tag_resource(&self, call: &Call) -> Result<Answer, ApiError> {
        let asked: Tagged = read(call)?;
        let group = resource(asked.resource_arn.as_deref())?;
        self.tag(call, "logs:TagResource", &group, &group, asked.tags)
    }

    /// The same, as older clients say it.
    pub(super) fn tag_log_group(&self, call: &Call) -> Result<Answer, ApiError> {
        let asked: Tagged = read(call)?;
        let group = input::group(call, asked.log_group_name.as_deref())?;
        let whole = super::stream_arn(&group, "");
        self.tag(call, "logs:TagLogGroup", &group, &whole, asked.tags)
    }

    /// Follows <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_UntagResource.html>.
    pub(super) fn untag_resource(&self, call: &Call) -> Result<Answer, ApiError> {
        let asked: Untagged = read(call)?;
        let group = resource(asked.resource_arn.as_deref())?;
        self.untag(call, "logs:UntagResource", &group, &group, asked.tag_keys)
    }

    /// The same, as older clients say it.
    pub(super) fn untag_log_group(&self, call: &Call) -> Result<Answer, ApiError> {
        let asked: Untagged = read(call)?;
        let group = input::group(call, asked.log_group_name.as_deref())?;
        let whole = super::stream_arn(&group, "");
        self.untag(call, "logs:UntagLogGroup", &group, &whole, asked.tag_keys)
    }

    /// Follows <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_ListTagsForResource.html>.
    pub(super) fn list_tags_for_resource(&self, call: &Call) -> Result<Answer, ApiError> {
        let asked: Asked = read(call)?;
        let group = resource(asked.resource_arn.as_deref())?;
        self.tags(call, "logs:ListTagsForResource", &group, &group)
    }

    /// The same, as older clients say it.
    pub(super) fn list_tags_log_group(&self, call: &Call) -> Result<Answer, ApiError> {
        let asked: Asked = read(call)?;
        let group = input::group(call, asked.log_group_name.as_deref())?;
        let whole = super::stream_arn(&group, "");
        self.tags(call, "logs:ListTagsLogGroup", &group, &whole)
    }

    /// Asks whether the caller may do `action`, which gives `tags`.
    pub(super) fn authorize_tagging(
        &self,
        call: &Call,
        action: &str,
        on: &str,
        tags: &BTreeMap<String, String>,
    ) -> Result<(), ApiError> {
        let named: Vec<(String, String)> = tags
            .iter()
            .map(|(key, value)| (format!("aws:RequestTag/{key}"), value.clone()))
            .collect();
        let keys = tags.keys().map(|key| ("aws:TagKeys", key.clone()));
        let named = named
            .iter()
            .map(|(key, value)| (key.as_str(), value.clone()));
        let context: Vec<(&str, String)> = named.chain(keys).collect();
        self.authorize(call, action, on, &context)
    }

    fn tag(
        &self,
        call: &Call,
        action: &str,
        group: &str,
        on: &str,
        tags: Option<BTreeMap<String, String>>,
    ) -> Result<Answer, ApiError> {
        let tags = tags.ok_or_else(|| error::missing("tags"))?;
        input::check_tags(&tags)?;
        self.authorize_tagging(call, action, on, &tags)?;
        let now = self.now();
        let mut state = self.core.logs.lock();
        let group = state.group(group, now)?;
        let mut all = group.tags.clone();
        all.extend(tags);
        if all.len() > MOST {
            return Err(ApiError::bad_request(
                "TooManyTagsException",
                format!("A resource can have no more than {MOST} tags."),
            ));
        }
        group.tags = all;
        Ok(done(call))
    }

    fn untag(
        &self,
        call: &Call,
        action: &str,
        group: &str,
        on: &str,
        keys: Option<Vec<String>>,
    ) -> Result<Answer, ApiError> {
        let keys = keys.ok_or_else(|| error::missing("tagKeys"))?;
        let context: Vec<(&str, String)> = keys
            .iter()
            .map(|key| ("aws:TagKeys", key.clone()))
            .collect();
        self.authorize(call, action, on, &context)?;
        let now = self.now();
        let mut state = self.core.logs.lock();
        let group = state.group(group, now)?;
        group.tags.retain(|key, _| !keys.contains(key));
        Ok(done(call))
    }

    fn tags(&self, call: &Call, action: &str, group: &str, on: &str) -> Result<Answer, ApiError> {
        self.authorize(call, action, on, &[])?;
        let now = self.now();
        let mut state = self.core.logs.lock();
        let tags = &state.group(group, now)?.tags;
        Ok(answer(call, &json!({ "tags": tags })))
    }
}

/// The group that `resourceArn` names.
fn resource(arn: Option<&str>) -> Result<String, ApiError> {
    let arn = arn.ok_or_else(|| error::missing("resourceArn"))?;
    input::group_arn(arn, "resourceArn")
}
