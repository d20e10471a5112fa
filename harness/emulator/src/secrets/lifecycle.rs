//! Secrets: made, described, changed, tagged, deleted and restored.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::state::{self, Deletion, Held, Secret};
use super::values::value;
use super::{OneSecret, Secrets, error};
use crate::front::json::{answer, done, input as read};
use crate::front::{Answer, ApiError, Call};

const DAY_S: f64 = 86_400.0;

/// The alphabet of the six characters at the end of an ARN.
const SUFFIX: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateSecret {
    name: Option<String>,
    client_request_token: Option<String>,
    description: Option<String>,
    kms_key_id: Option<String>,
    secret_string: Option<String>,
    secret_binary: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UpdateSecret {
    secret_id: Option<String>,
    client_request_token: Option<String>,
    description: Option<String>,
    kms_key_id: Option<String>,
    secret_string: Option<String>,
    secret_binary: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeleteSecret {
    secret_id: Option<String>,
    recovery_window_in_days: Option<i64>,
    #[serde(default)]
    force_delete_without_recovery: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tagged {
    secret_id: Option<String>,
    tags: Option<Vec<Tag>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Untagged {
    secret_id: Option<String>,
    tag_keys: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: Option<String>,
    value: Option<String>,
}

impl Secrets {
    /// Follows <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html>.
    pub(super) fn create_secret(&self, call: &Call) -> Result<Answer, ApiError> {
        let asked: CreateSecret = read(call)?;
        let name = name(asked.name)?;
        let token = self.token(asked.client_request_token)?;
        let value = value(asked.secret_string, asked.secret_binary)?;
        let tags = tags(asked.tags)?;
        let suffix = self.core.random.text(SUFFIX, 6);
        let arn = format!("{}-{suffix}", state::arn(&self.core, call, &name));
        let mut context = tag_context(&tags);
        context.push(("secretsmanager:Name".to_owned(), name.clone()));
        let context = borrowed(&context);
        self.authorize(call, "secretsmanager:CreateSecret", &arn, &context, None)?;
        if !tags.is_empty() {
            self.authorize(call, "secretsmanager:TagResource", &arn, &context, None)?;
        }
        let now = self.now();
        let mut state = self.state();
        if let Some(there) = state.find(call, &name) {
            return made_before(call, there, &token, value.as_ref());
        }
        let mut secret = Secret {
            arn,
            name,
            description: asked.description,
            kms_key_id: asked.kms_key_id,
            tags,
            created: now,
            changed: now,
            accessed: None,
            deletion: None,
            versions: Vec::new(),
            policy: None,
        };
        let version = value
            .map(|value| secret.add(token, value, None, now))
            .transpose()?;
        let result = named(&secret, version.as_deref());
        state.secrets.insert(secret.arn.clone(), secret);
        Ok(answer(call, &result))
    }

    /// Follows <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html>.
    pub(super) fn describe_secret(&self, call: &Call) -> Result<Answer, ApiError> {
        let asked: OneSecret = read(call)?;
        let action = "secretsmanager:DescribeSecret";
        let arn = self.authorize_on(call, action, asked.secret_id.as_deref(), &[])?;
        let state = self.state();
        let secret = state.secrets.get(&arn).ok_or_else(error::no_secret)?;
        Ok(answer(call, &secret.describe("VersionIdsToStages")))
    }

    /// Follows <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecret.html>.
    pub(super) fn update_secret(&self, call: &Call) -> Result<Answer, ApiError> {
        let asked: UpdateSecret = read(call)?;
        let token = self.token(asked.client_request_token)?;
        let value = value(asked.secret_string, asked.secret_binary)?;
        let action = "secretsmanager:UpdateSecret";
        let arn = self.authorize_on(call, action, asked.secret_id.as_deref(), &[])?;
        let now = self.now();
        self.on_secret(&arn, |secret| {
            let version = value
                .map(|value| secret.add(token, value, None, now))
                .transpose()?;
            if asked.description.is_some() {
                secret.description = asked.description;
            }
            if asked.kms_key_id.is_some() {
                secret.kms_key_id = asked.kms_key_id;
            }
            secret.changed = now;
            Ok(answer(call, &named(secret, version.as_deref())))
        })
    }

    /// Follows <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html>.
    pub(super) fn delete_secret(&self, call: &Call) -> Result<Answer, ApiError> {
        let asked: DeleteSecret = read(call)?;
        let days = match (
            asked.recovery_window_in_days,
            asked.force_delete_without_recovery,
        ) {
            (Some(_), true) => {
                return Err(error::parameter(
                    "You can't use ForceDeleteWithoutRecovery in conjunction with \
                     RecoveryWindowInDays.",
                ));
            }
            (None, true) => 0.0,
            (None, false) => 30.0,
            // At most 30, so exact.
            (Some(days @ 7..=30), false) => days as f64,
            (Some(_), false) => {
                return Err(error::parameter(
                    "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).",
                ));
            }
        };
        let action = "secretsmanager:DeleteSecret";
        let arn = self.authorize_on(call, action, asked.secret_id.as_deref(), &[])?;
        let now = self.now();
        let due = now + days * DAY_S;
        let mut state = self.state();
        let secret = state.secrets.get_mut(&arn).ok_or_else(error::no_secret)?;
        let mut result = named(secret, None);
        result["DeletionDate"] = due.into();
        if asked.force_delete_without_recovery {
            state.secrets.remove(&arn);
        } else if secret.deletion.is_some() {
            return Err(error::request(
                "You can't perform this operation on the secret because it was already scheduled \
                 for deletion.",
            ));
        } else {
            secret.deletion = Some(Deletion { asked: now, due });
        }
        Ok(answer(call, &result))
    }

    /// Follows <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RestoreSecret.html>.
    pub(super) fn restore_secret(&self, call: &Call) -> Result<Answer, ApiError> {
        let asked: OneSecret = read(call)?;
        let action = "secretsmanager:RestoreSecret";
        let arn = self.authorize_on(call, action, asked.secret_id.as_deref(), &[])?;
        let mut state = self.state();
        let secret = state.secrets.get_mut(&arn).ok_or_else(error::no_secret)?;
        secret.deletion = None;
        Ok(answer(call, &named(secret, None)))
    }

    /// Follows <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_TagResource.html>.
    pub(super) fn tag_resource(&self, call: &Call) -> Result<Answer, ApiError> {
        let asked: Tagged = read(call)?;
        let tags = tags(asked.tags.ok_or_else(|| error::missing("tags"))?)?;
        let context = tag_context(&tags);
        let action = "secretsmanager:TagResource";
        let id = asked.secret_id.as_deref();
        let arn = self.authorize_on(call, action, id, &borrowed(&context))?;
        self.on_secret(&arn, |secret| {
            let mut all = secret.tags.clone();
            all.extend(tags);
            check_count(&all)?;
            secret.tags = all;
            Ok(done(call))
        })
    }

    /// Follows <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UntagResource.html>.
    pub(super) fn untag_resource(&self, call: &Call) -> Result<Answer, ApiError> {
        let asked: Untagged = read(call)?;
        let keys = asked.tag_keys.ok_or_else(|| error::missing("tagKeys"))?;
        let context: Vec<(&str, String)> = keys
            .iter()
            .map(|key| ("aws:TagKeys", key.clone()))
            .collect();
        let action = "secretsmanager:UntagResource";
        let arn = self.authorize_on(call, action, asked.secret_id.as_deref(), &context)?;
        self.on_secret(&arn, |secret| {
            secret.tags.retain(|key, _| !keys.contains(key));
            Ok(done(call))
        })
    }
}

/// The answer for a name that is taken: the same request again is answered as the first time.
fn made_before(
    call: &Call,
    there: &Secret,
    token: &str,
    value: Option<&Held>,
) -> Result<Answer, ApiError> {
    if there.deletion.is_some() {
        return Err(error::request(
            "You can't create this secret because a secret with this name is already scheduled \
             for deletion.",
        ));
    }
    let same = there.versions.iter().find(|version| version.id == token);
    match same {
        Some(version) if Some(&version.value) == value => {
            Ok(answer(call, &named(there, Some(token))))
        }
        Some(_) | None => Err(error::exists(format!(
            "The operation failed because the secret {} already exists.",
            there.name
        ))),
    }
}

/// What most answers say.
fn named(secret: &Secret, version: Option<&str>) -> Value {
    let mut result = json!({ "ARN": secret.arn, "Name": secret.name });
    if let Some(version) = version {
        result["VersionId"] = version.into();
    }
    result
}

fn name(name: Option<String>) -> Result<String, ApiError> {
    let name = name.ok_or_else(|| error::missing("name"))?;
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-/_+=.@!".contains(c);
    if name.is_empty() || name.chars().count() > 512 {
        return Err(error::constraint(
            &name,
            "name",
            "have length between 1 and 512",
        ));
    }
    if !name.chars().all(is_allowed) {
        return Err(error::validation(
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the \
             following: -/_+=.@!",
        ));
    }
    Ok(name)
}

fn tags(tags: Vec<Tag>) -> Result<BTreeMap<String, String>, ApiError> {
    let mut read = BTreeMap::new();
    for tag in tags {
        let key = tag.key.filter(|key| !key.is_empty());
        let key = key.ok_or_else(|| error::missing("tags.1.member.key"))?;
        let value = tag.value.unwrap_or_default();
        if key.chars().count() > 128 || value.chars().count() > 256 {
            let rule = "have a key of at most 128 and a value of at most 256 characters";
            return Err(error::constraint(&key, "tags", rule));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(error::parameter(format!(
                "The tag key {key} is reserved: tag keys can't start with aws:."
            )));
        }
        read.insert(key, value);
    }
    check_count(&read)?;
    Ok(read)
}

fn check_count(tags: &BTreeMap<String, String>) -> Result<(), ApiError> {
    if tags.len() > 50 {
        return Err(error::parameter("A secret can have no more than 50 tags."));
    }
    Ok(())
}

/// The tags of a request as condition keys.
fn tag_context(tags: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let values = tags
        .iter()
        .map(|(key, value)| (format!("aws:RequestTag/{key}"), value.clone()));
    let keys = tags
        .keys()
        .map(|key| ("aws:TagKeys".to_owned(), key.clone()));
    values.chain(keys).collect()
}

fn borrowed(context: &[(String, String)]) -> Vec<(&str, String)> {
    let pairs = context.iter();
    pairs
        .map(|(key, value)| (key.as_str(), value.clone()))
        .collect()
}
