//! Who may do what with a topic: the question to IAM, and the policy that a topic is born with.

use serde_json::{Value, json};
use zipster_iam::{Policy, PolicyKind};
use zipster_names::{AccountId, Arn};

use super::{Sns, error};
use crate::front::{ApiError, Call};
use crate::iam::Authorization;
use crate::iam::tags::{TagContext, borrowed, resource_tags};

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
        let mut all = context.to_vec();
        let tags = self.tags_of(resource);
        all.extend(borrowed(&tags));
        self.core
            .authorize(
                &call.identity,
                &Authorization {
                    cause: call.entry,
                    action,
                    resource,
                    context: &all,
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
        self.authorize_tags(call, action, topic, &[])
    }

    /// The same, with the tags that the request is about.
    pub(super) fn authorize_tags(
        &self,
        call: &Call,
        action: &str,
        topic: &Arn,
        tags: &[(String, String)],
    ) -> Result<(), ApiError> {
        let policy = self.policy_of(topic.as_str());
        let resource = topic.as_str();
        self.authorize_with(call, action, resource, policy.as_deref(), &borrowed(tags))
    }

    /// A topic's tags as condition keys; none if there is no such topic.
    fn tags_of(&self, topic: &str) -> TagContext {
        let state = self.state();
        let topic = state.topics.get(topic);
        topic.map_or_else(Vec::new, |topic| resource_tags(&topic.tags))
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

/// What a topic's policy may speak of.
///
/// Follows <https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html>.
const POLICY_ACTIONS: [&str; 12] = [
    "sns:addpermission",
    "sns:deletetopic",
    "sns:getdataprotectionpolicy",
    "sns:gettopicattributes",
    "sns:listsubscriptionsbytopic",
    "sns:listtagsforresource",
    "sns:publish",
    "sns:putdataprotectionpolicy",
    "sns:receive",
    "sns:removepermission",
    "sns:settopicattributes",
    "sns:subscribe",
];

/// Checks a policy that a topic is to have; the error follows AWS's "Invalid parameter: ".
///
/// Where AWS's message for a malformed policy ends in `null`, this one says what is wrong.
pub(super) fn check_policy(text: &str) -> Result<(), String> {
    Policy::parse(text, PolicyKind::Resource)
        .map_err(|errors| format!("Policy Error: {errors}"))?;
    let policy: Value = serde_json::from_str(text).unwrap_or_default();
    let actions = one_or_many(&policy["Statement"])
        .flat_map(|statement| one_or_many(&statement["Action"]))
        .filter_map(Value::as_str);
    for action in actions {
        let action = action.to_ascii_lowercase();
        // AWS takes a pattern such as `SNS:Get*`, but neither `SNS:*` nor `*`.
        let pattern = action.len() > "sns:*".len()
            && action.starts_with("sns:")
            && action.contains(['*', '?']);
        if !pattern && !POLICY_ACTIONS.contains(&action.as_str()) {
            return Err("Policy statement action out of service scope!".to_owned());
        }
    }
    Ok(())
}

/// A policy's lists may be written without their brackets.
fn one_or_many(value: &Value) -> impl Iterator<Item = &Value> {
    let many = value.as_array().map(Vec::as_slice);
    many.unwrap_or(std::slice::from_ref(value)).iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(action: &str, refused: bool) {
        let policy = format!(
            r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Principal": "*",
                "Action": {action}, "Resource": "*"}}}}"#
        );
        let expected = "Policy statement action out of service scope!".to_owned();
        assert_eq!(check_policy(&policy).err(), refused.then_some(expected));
    }

    #[test]
    fn a_topic_policy_speaks_of_topics() {
        check(r#""sns:Publish""#, false);
        check(r#"["SNS:Publish", "SNS:Subscribe"]"#, false);
        check(r#""SNS:Get*""#, false);
        check(r#""SNS:*""#, true);
        check(r#""*""#, true);
        check(r#"["sns:Publish", "sqs:SendMessage"]"#, true);
        assert!(
            check_policy("[]")
                .unwrap_err()
                .starts_with("Policy Error: ")
        );
    }

    #[test]
    fn the_first_policy_is_a_valid_one() {
        let topic = Arn::parse("arn:aws:sns:us-east-1:123456789012:t").unwrap();
        let owner = AccountId::parse("123456789012").unwrap();
        assert_eq!(check_policy(&default_policy(&topic, &owner)), Ok(()));
    }
}
