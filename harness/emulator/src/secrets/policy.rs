//! Resource policies: kept as they came, and obeyed in decisions.

use serde::Deserialize;
use serde_json::json;
use zipster_iam::{Policy, PolicyKind};

use super::{OneSecret, Secrets, error};
use crate::front::json::{answer, input as read};
use crate::front::{Answer, ApiError, Call, ServiceName};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutResourcePolicy {
    secret_id: Option<String>,
    resource_policy: Option<String>,
    #[serde(default)]
    block_public_policy: bool,
}

impl Secrets {
    /// Follows <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutResourcePolicy.html>.
    pub(super) fn put_resource_policy(&self, call: &Call) -> Result<Answer, ApiError> {
        let asked: PutResourcePolicy = read(call)?;
        let policy = asked.resource_policy;
        let policy = policy.ok_or_else(|| error::missing("resourcePolicy"))?;
        if asked.block_public_policy {
            let what = "BlockPublicPolicy of PutResourcePolicy";
            return Err(ApiError::unsupported(ServiceName::SecretsManager, what));
        }
        Policy::parse(&policy, PolicyKind::Resource).map_err(|errors| {
            ApiError::bad_request("MalformedPolicyDocumentException", errors.aws_message())
        })?;
        let action = "secretsmanager:PutResourcePolicy";
        let arn = self.authorize_on(call, action, asked.secret_id.as_deref(), &[])?;
        self.on_secret(&arn, |secret| {
            secret.policy = Some(policy);
            Ok(answer(
                call,
                &json!({ "ARN": secret.arn, "Name": secret.name }),
            ))
        })
    }

    /// Follows <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetResourcePolicy.html>.
    pub(super) fn get_resource_policy(&self, call: &Call) -> Result<Answer, ApiError> {
        let asked: OneSecret = read(call)?;
        let action = "secretsmanager:GetResourcePolicy";
        let arn = self.authorize_on(call, action, asked.secret_id.as_deref(), &[])?;
        self.on_secret(&arn, |secret| {
            let mut result = json!({ "ARN": secret.arn, "Name": secret.name });
            if let Some(policy) = &secret.policy {
                result["ResourcePolicy"] = policy.as_str().into();
            }
            Ok(answer(call, &result))
        })
    }

    /// Follows <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteResourcePolicy.html>.
    pub(super) fn delete_resource_policy(&self, call: &Call) -> Result<Answer, ApiError> {
        let asked: OneSecret = read(call)?;
        let action = "secretsmanager:DeleteResourcePolicy";
        let arn = self.authorize_on(call, action, asked.secret_id.as_deref(), &[])?;
        self.on_secret(&arn, |secret| {
            secret.policy = None;
            Ok(answer(
                call,
                &json!({ "ARN": secret.arn, "Name": secret.name }),
            ))
        })
    }
}
