//! Who may do what with a topic: the question to IAM, and the policy that a topic is born with.

use serde_json::json;
use zipster_names::{AccountId, Arn};

use super::{Sns, error};
use crate::front::{ApiError, Call};
use crate::iam::Authorization;

impl Sns {
    /// Asks whether the caller may.
    pub(super) fn authorize(
        &self,
        call: &Call,
        action: &str,
        resource: &str,
        policy: Option<&str>,
    ) -> Result<(), ApiError> {
        self.authorize_with(call, action, resource, policy, &[])
    }

    /// The same, with condition keys that the service sets.
    pub(super) fn authorize_with(
        &self,
        call: &Call,
        action: &str,
        resource: &str,
        policy: Option<&str>,
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
                    resource_policy: policy,
                },
            )
            .map_err(error::denied)
    }

    /// Asks whether the caller may do `action` with the topic, whose own policy has a say.
    pub(super) fn authorize_on_topic(
        &self,
        call: &Call,
        action: &str,
        topic: &Arn,
    ) -> Result<(), ApiError> {
        let policy = self.policy_of(topic.as_str());
        self.authorize(call, action, topic.as_str(), policy.as_deref())
    }

    /// A topic's policy, if there is such a topic.
    pub(super) fn policy_of(&self, topic: &str) -> Option<String> {
        self.state().topics.get(topic).map(|t| t.policy.clone())
    }
}

/// The policy of a topic that was created without one. Its condition is one that AWS's own
/// services meet (not S3), so that other callers need a policy of their own.
pub(super) fn default_policy(topic: &Arn, owner: &AccountId) -> String {
    json!({
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [{
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": [
                "SNS:GetTopicAttributes",
                "SNS:SetTopicAttributes",
                "SNS:AddPermission",
                "SNS:RemovePermission",
                "SNS:DeleteTopic",
                "SNS:Subscribe",
                "SNS:ListSubscriptionsByTopic",
                "SNS:Publish",
            ],
            "Resource": topic.as_str(),
            "Condition": {"StringEquals": {"AWS:SourceOwner": owner.as_str()}},
        }],
    })
    .to_string()
}
