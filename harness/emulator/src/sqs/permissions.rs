//! Permissions that are added to a queue's policy one by one.
//!
//! Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_AddPermission.html>.

use serde::Deserialize;
use serde_json::{Value, json};
use zipster_iam::{Policy, PolicyKind};
use zipster_names::AccountId;

use super::{Sqs, answer, error, input};
use crate::front::{Answer, ApiError, Call};

/// What can be permitted.
const ACTIONS: [&str; 8] = [
    "*",
    "ChangeMessageVisibility",
    "DeleteMessage",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListDeadLetterSourceQueues",
    "ReceiveMessage",
    "SendMessage",
];

/// What only the owner can do; AWS says so.
const OWNERS: [&str; 10] = [
    "AddPermission",
    "CancelMessageMoveTask",
    "CreateQueue",
    "DeleteQueue",
    "ListMessageMoveTasks",
    "ListQueueTags",
    "PurgeQueue",
    "RemovePermission",
    "SetQueueAttributes",
    "StartMessageMoveTask",
];

/// The most actions of one statement.
const MOST_ACTIONS: usize = 7;

/// The longest label, in characters.
const LONGEST_LABEL: usize = 80;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AddPermission {
    queue_url: String,
    label: String,
    #[serde(rename = "AWSAccountIds", default)]
    accounts: Vec<String>,
    #[serde(default)]
    actions: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RemovePermission {
    queue_url: String,
    label: String,
}

impl Sqs {
    /// Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_AddPermission.html>.
    pub(super) fn add_permission(&self, call: &Call) -> Result<Answer, ApiError> {
        let input: AddPermission = input(call)?;
        let arn = self.arn_of(call, &input.queue_url)?;
        self.authorize_on_queue(call, "sqs:AddPermission", &arn)?;
        check_label(&input.label)?;
        let principals = principals(&input.accounts, call.region.partition())?;
        check_actions(&input.actions)?;
        let actions = input.actions.iter().map(|action| format!("SQS:{action}"));
        let statement = json!({
            "Sid": input.label,
            "Effect": "Allow",
            "Principal": { "AWS": one_or_all(principals) },
            "Action": one_or_all(actions.collect()),
            "Resource": arn,
        });
        self.change_policy(&arn, |statements| {
            if statements.iter().any(|known| known["Sid"] == input.label) {
                return Err(error::value(&input.label, "Label", "Already exists."));
            }
            statements.push(statement);
            Ok(())
        })?;
        Ok(answer(call, &json!({})))
    }

    /// Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_RemovePermission.html>.
    pub(super) fn remove_permission(&self, call: &Call) -> Result<Answer, ApiError> {
        let input: RemovePermission = input(call)?;
        let arn = self.arn_of(call, &input.queue_url)?;
        self.authorize_on_queue(call, "sqs:RemovePermission", &arn)?;
        self.change_policy(&arn, |statements| {
            let before = statements.len();
            statements.retain(|known| known["Sid"] != input.label);
            if statements.len() == before {
                let reason = "can't find label on existing policy.";
                return Err(error::value(&input.label, "Label", reason));
            }
            Ok(())
        })?;
        Ok(answer(call, &json!({})))
    }

    /// Changes the statements of a queue's policy, which is gone with its last one.
    fn change_policy(
        &self,
        arn: &str,
        change: impl FnOnce(&mut Vec<Value>) -> Result<(), ApiError>,
    ) -> Result<(), ApiError> {
        let now = self.core.clock.now();
        self.on_queue(arn, |queue| {
            let mut policy = match &queue.attributes.policy {
                Some(text) => serde_json::from_str(text).map_err(|_| error::bad_value("Policy"))?,
                None => json!({ "Version": "2008-10-17", "Id": format!("{arn}/SQSDefaultPolicy") }),
            };
            let mut statements = match policy["Statement"].take() {
                Value::Null => Vec::new(),
                Value::Array(statements) => statements,
                // One statement can do without brackets.
                statement @ (Value::Object(_)
                | Value::String(_)
                | Value::Bool(_)
                | Value::Number(_)) => {
                    vec![statement]
                }
            };
            change(&mut statements)?;
            let none_left = statements.is_empty();
            policy["Statement"] = statements.into();
            let text = policy.to_string();
            if none_left {
                queue.attributes.policy = None;
            } else {
                Policy::parse(&text, PolicyKind::Resource)
                    .map_err(|errors| error::bad_policy(&errors))?;
                queue.attributes.policy = Some(text);
            }
            queue.modified = now;
            Ok(())
        })?
    }
}

fn check_label(label: &str) -> Result<(), ApiError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if (1..=LONGEST_LABEL).contains(&label.len()) && label.chars().all(plain) {
        return Ok(());
    }
    let reason = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in \
                  length.";
    Err(error::value(label, "Label", reason))
}

fn principals(
    accounts: &[String],
    partition: impl std::fmt::Display,
) -> Result<Vec<String>, ApiError> {
    if accounts.is_empty() {
        return Err(error::missing("PrincipalId"));
    }
    let principal = |text: &String| match AccountId::parse(text) {
        Ok(account) => Ok(format!("arn:{partition}:iam::{account}:root")),
        Err(_) => Err(error::value(text, "PrincipalId", "Unable to verify.")),
    };
    accounts.iter().map(principal).collect()
}

fn check_actions(actions: &[String]) -> Result<(), ApiError> {
    if actions.is_empty() {
        return Err(error::missing("Actions"));
    }
    if actions.len() > MOST_ACTIONS {
        return Err(error::over_limit(format!(
            "{} Actions were found, maximum allowed is {MOST_ACTIONS}.",
            actions.len()
        )));
    }
    for action in actions {
        if ACTIONS.contains(&action.as_str()) {
            continue;
        }
        let reason = if OWNERS.contains(&action.as_str()) {
            "Only the queue owner is allowed to invoke this action."
        } else {
            "Please refer to the appropriate WSDL for a list of valid actions."
        };
        let value = format!("SQS:{action}");
        return Err(error::value(value, "ActionName", reason));
    }
    Ok(())
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
