//! Permissions that are added to a topic's policy one by one.
//!
//! Follows <https://docs.aws.amazon.com/sns/latest/api/API_AddPermission.html>.

use serde_json::{Value, json};
use zipster_names::AccountId;

use super::access::{check_policy, default_policy};
use super::topics::{done, topic_arn};
use super::{Sns, error};
use crate::front::query::Params;
use crate::front::{Answer, ApiError, Call};

impl Sns {
    /// Follows <https://docs.aws.amazon.com/sns/latest/api/API_AddPermission.html>.
    pub(super) fn add_permission(&self, call: &Call, params: &Params) -> Result<Answer, ApiError> {
        let topic = topic_arn(call, params, "TopicArn")?;
        let label = label(params)?;
        self.authorize_on_topic(call, "sns:AddPermission", &topic)?;
        let partition = call.region.partition();
        let principals = required(params, "AWSAccountId")?
            .into_iter()
            .map(|text| match AccountId::parse(&text) {
                Ok(account) => Ok(format!("arn:{partition}:iam::{account}:root")),
                Err(_) => Err(error::invalid(format!(
                    "AWSAccountId Reason: {text} is no account"
                ))),
            })
            .collect::<Result<_, _>>()?;
        let actions = required(params, "ActionName")?
            .into_iter()
            .map(|action| format!("SNS:{action}"))
            .collect();
        let statement = json!({
            "Sid": label,
            "Effect": "Allow",
            "Principal": {"AWS": one_or_all(principals)},
            "Action": one_or_all(actions),
            "Resource": topic.as_str(),
        });
        self.change_policy(topic.as_str(), |statements| {
            if statements.iter().any(|known| known["Sid"] == label) {
                return Err(error::invalid("Statement already exists"));
            }
            statements.push(statement);
            Ok(())
        })?;
        Ok(done(call))
    }

    /// A label that the policy does not have is no error.
    ///
    /// Follows <https://docs.aws.amazon.com/sns/latest/api/API_RemovePermission.html>.
    pub(super) fn remove_permission(
        &self,
        call: &Call,
        params: &Params,
    ) -> Result<Answer, ApiError> {
        let topic = topic_arn(call, params, "TopicArn")?;
        let label = label(params)?;
        self.authorize_on_topic(call, "sns:RemovePermission", &topic)?;
        self.change_policy(topic.as_str(), |statements| {
            statements.retain(|known| known["Sid"] != label);
            Ok(())
        })?;
        Ok(done(call))
    }

    /// Changes the statements of a topic's policy. Without any, the topic has the policy that it
    /// was born with, as if an empty one were set.
    fn change_policy(
        &self,
        topic: &str,
        change: impl FnOnce(&mut Vec<Value>) -> Result<(), ApiError>,
    ) -> Result<(), ApiError> {
        let mut state = self.state();
        let topic = state.topics.get_mut(topic).ok_or_else(error::no_topic)?;
        let mut policy: Value = serde_json::from_str(&topic.policy).unwrap_or_default();
        let mut statements = match policy["Statement"].take() {
            Value::Null => Vec::new(),
            Value::Array(statements) => statements,
            // One statement can do without brackets.
            statement @ (Value::Object(_)
            | Value::String(_)
            | Value::Bool(_)
            | Value::Number(_)) => vec![statement],
        };
        change(&mut statements)?;
        topic.policy = if statements.is_empty() {
            default_policy(&topic.arn, &topic.owner)
        } else {
            policy["Statement"] = statements.into();
            let text = policy.to_string();
            check_policy(&text).map_err(error::invalid)?;
            text
        };
        Ok(())
    }
}

fn label(params: &Params) -> Result<&str, ApiError> {
    params
        .get("Label")
        .filter(|label| !label.is_empty())
        .ok_or_else(|| error::missing("label"))
}

/// The strings of a list that must not be empty.
fn required(params: &Params, name: &str) -> Result<Vec<String>, ApiError> {
    let members: Vec<String> = params
        .list(&format!("{name}.member"))
        .iter()
        .map(|member| member.get("").unwrap_or_default().to_owned())
        .collect();
    if members.is_empty() {
        return Err(error::invalid(format!(
            "{name} Reason: no value for required parameter"
        )));
    }
    Ok(members)
}

/// A list of one is written without brackets.
fn one_or_all(mut all: Vec<String>) -> Value {
    match all.pop() {
        Some(only) if all.is_empty() => only.into(),
        Some(last) => {
            all.push(last);
            all.into()
        }
        None => Value::Null,
    }
}
