//! What secrets hold, and its versions.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::state::{CURRENT, Held, Secret, Version};
use super::{Secrets, error};
use crate::front::json::{answer, input as read};
use crate::front::{Answer, ApiError, Call};

/// The most bytes that a secret can hold.
const MOST_BYTES: usize = 65_536;

/// The most labels of one version.
const MOST_STAGES: usize = 20;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetSecretValue {
    secret_id: Option<String>,
    version_id: Option<String>,
    version_stage: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutSecretValue {
    secret_id: Option<String>,
    client_request_token: Option<String>,
    secret_string: Option<String>,
    secret_binary: Option<String>,
    version_stages: Option<BTreeSet<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListSecretVersionIds {
    secret_id: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
    #[serde(default)]
    include_deprecated: bool,
}

impl Secrets {
    /// Follows <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html>.
    pub(super) fn get_secret_value(&self, call: &Call) -> Result<Answer, ApiError> {
        let asked: GetSecretValue = read(call)?;
        let id = asked.version_id.as_deref();
        let stage = asked.version_stage.as_deref();
        let mut context = Vec::new();
        if let Some(id) = id {
            context.push(("secretsmanager:VersionId", id.to_owned()));
        }
        if let Some(stage) = stage.or(id.is_none().then_some(CURRENT)) {
            context.push(("secretsmanager:VersionStage", stage.to_owned()));
        }
        let action = "secretsmanager:GetSecretValue";
        let arn = self.authorize_on(call, action, asked.secret_id.as_deref(), &context)?;
        let now = self.now();
        self.on_secret(&arn, |secret| {
            let version = find(secret, id, stage)?;
            let mut result = json!({
                "ARN": secret.arn,
                "Name": secret.name,
                "VersionId": version.id,
                "VersionStages": version.stages,
                "CreatedDate": version.created,
            });
            match &version.value {
                Held::Text(text) => result["SecretString"] = text.as_str().into(),
                Held::Binary(bytes) => result["SecretBinary"] = bytes.as_str().into(),
            }
            let version = version.id.clone();
            // AWS tells the day only.
            let day = (now / 86_400.0).floor() * 86_400.0;
            secret.accessed = Some(day);
            for other in &mut secret.versions {
                if other.id == version {
                    other.accessed = Some(day);
                }
            }
            Ok(answer(call, &result))
        })
    }

    /// Follows <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html>.
    pub(super) fn put_secret_value(&self, call: &Call) -> Result<Answer, ApiError> {
        let asked: PutSecretValue = read(call)?;
        let token = self.token(asked.client_request_token)?;
        let value = value(asked.secret_string, asked.secret_binary)?;
        let value = value.ok_or_else(|| {
            error::parameter("You must provide either SecretString or SecretBinary.")
        })?;
        if let Some(stages) = &asked.version_stages
            && (stages.is_empty() || stages.len() > MOST_STAGES)
        {
            let rule = format!("have length between 1 and {MOST_STAGES}");
            return Err(error::constraint(stages.len(), "versionStages", rule));
        }
        let action = "secretsmanager:PutSecretValue";
        let arn = self.authorize_on(call, action, asked.secret_id.as_deref(), &[])?;
        let now = self.now();
        self.on_secret(&arn, |secret| {
            let id = secret.add(token, value, asked.version_stages, now)?;
            let version = find(secret, Some(&id), None)?;
            let result = json!({
                "ARN": secret.arn,
                "Name": secret.name,
                "VersionId": id,
                "VersionStages": version.stages,
            });
            Ok(answer(call, &result))
        })
    }

    /// Follows <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecretVersionIds.html>.
    pub(super) fn list_secret_version_ids(&self, call: &Call) -> Result<Answer, ApiError> {
        let asked: ListSecretVersionIds = read(call)?;
        let limit = super::list::limit(asked.max_results)?;
        let action = "secretsmanager:ListSecretVersionIds";
        let arn = self.authorize_on(call, action, asked.secret_id.as_deref(), &[])?;
        let state = self.state();
        let secret = state.secrets.get(&arn).ok_or_else(error::no_secret)?;
        let versions: Vec<&Version> = secret
            .versions
            .iter()
            .rev()
            .filter(|version| asked.include_deprecated || !version.stages.is_empty())
            .collect();
        let token = asked.next_token.as_deref();
        let (versions, next) = super::list::page(versions, token, limit, |version| &version.id)?;
        let versions: Vec<Value> = versions
            .into_iter()
            .map(|version| {
                let mut entry = json!({
                    "VersionId": version.id,
                    "CreatedDate": version.created,
                });
                if !version.stages.is_empty() {
                    entry["VersionStages"] = json!(version.stages);
                }
                if let Some(accessed) = version.accessed {
                    entry["LastAccessedDate"] = accessed.into();
                }
                entry
            })
            .collect();
        let mut result = json!({
            "ARN": secret.arn,
            "Name": secret.name,
            "Versions": versions,
        });
        if let Some(next) = next {
            result["NextToken"] = next.into();
        }
        Ok(answer(call, &result))
    }

    /// `ClientRequestToken`, or one of ours.
    pub(super) fn token(&self, token: Option<String>) -> Result<String, ApiError> {
        match token {
            None => Ok(self.core.random.uuid()),
            Some(token) if (32..=64).contains(&token.chars().count()) => Ok(token),
            Some(_) => Err(error::parameter(
                "ClientRequestToken must be 32-64 characters long.",
            )),
        }
    }
}

/// The version with this identifier and this label; the current one if neither is said.
fn find<'a>(
    secret: &'a Secret,
    id: Option<&str>,
    stage: Option<&str>,
) -> Result<&'a Version, ApiError> {
    let Some(id) = id else {
        let stage = stage.unwrap_or(CURRENT);
        return secret.staged(stage).ok_or_else(|| {
            error::not_found(format!(
                "Secrets Manager can't find the specified secret value for staging label: {stage}"
            ))
        });
    };
    let version = secret.versions.iter().find(|version| version.id == id);
    let version = version.ok_or_else(|| {
        error::not_found(format!(
            "Secrets Manager can't find the specified secret value for VersionId: {id}"
        ))
    })?;
    match stage {
        Some(stage) if !version.stages.contains(stage) => Err(error::request(
            "You provided a VersionStage that is not associated to the provided VersionId.",
        )),
        Some(_) | None => Ok(version),
    }
}

/// `SecretString` or `SecretBinary`, if there is one.
pub(super) fn value(
    text: Option<String>,
    binary: Option<String>,
) -> Result<Option<Held>, ApiError> {
    let (value, length) = match (text, binary) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            return Err(error::parameter(
                "You can't specify both a binary secret value and a string secret value in the \
                 same secret.",
            ));
        }
        (Some(text), None) => {
            let length = text.len();
            (Held::Text(text), length)
        }
        (None, Some(encoded)) => {
            let bytes = STANDARD.decode(&encoded).map_err(|_| {
                let what = "SecretBinary is not base64";
                ApiError::bad_request("SerializationException", what)
            })?;
            (Held::Binary(encoded), bytes.len())
        }
    };
    // The value itself is not repeated.
    if length == 0 || length > MOST_BYTES {
        return Err(error::validation(format!(
            "1 validation error detected: the secret value must have between 1 and {MOST_BYTES} \
             bytes"
        )));
    }
    Ok(Some(value))
}
