//! Where secrets are.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::{Value, json};

use super::error;
use crate::core::Core;
use crate::front::{ApiError, Call};

/// The label of the version that is used.
pub(super) const CURRENT: &str = "AWSCURRENT";

/// The label of the version that was used before.
pub(super) const PREVIOUS: &str = "AWSPREVIOUS";

/// How many versions a secret keeps.
const MOST_VERSIONS: usize = 100;

/// The secrets of all accounts and regions, by ARN.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) secrets: BTreeMap<String, Secret>,
}

/// A secret. All times are Unix seconds.
#[derive(Debug)]
pub(super) struct Secret {
    pub(super) arn: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) kms_key_id: Option<String>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) created: f64,
    pub(super) changed: f64,
    pub(super) accessed: Option<f64>,
    /// When it was asked to be deleted and when it will be.
    pub(super) deletion: Option<Deletion>,
    /// In the order of their making.
    pub(super) versions: Vec<Version>,
    pub(super) policy: Option<String>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Deletion {
    pub(super) asked: f64,
    pub(super) due: f64,
}

/// One version of what a secret holds.
#[derive(Debug)]
pub(super) struct Version {
    /// The token of the request that made it.
    pub(super) id: String,
    pub(super) value: Held,
    pub(super) stages: BTreeSet<String>,
    pub(super) created: f64,
    pub(super) accessed: Option<f64>,
}

/// What a secret holds.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Held {
    Text(String),
    /// In base64, as it came.
    Binary(String),
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl State {
    /// Forgets the secrets whose deletion is due.
    pub(super) fn purge(&mut self, now: f64) {
        let is_due = |secret: &Secret| secret.deletion.is_some_and(|deletion| deletion.due <= now);
        self.secrets.retain(|_, secret| !is_due(secret));
    }

    /// The secret that `id` names: by its ARN, by the ARN without the six random characters, or
    /// by its name in the caller's account and region.
    pub(super) fn find(&self, call: &Call, id: &str) -> Option<&Secret> {
        if let Some(secret) = self.secrets.get(id) {
            return Some(secret);
        }
        self.secrets.values().find(|secret| {
            let partial = without_suffix(&secret.arn);
            if id.starts_with("arn:") {
                partial == id
            } else {
                let mut parts = partial.splitn(6, ':').skip(3);
                secret.name == id
                    && parts.next() == Some(call.region.as_str())
                    && parts.next() == Some(call.identity.principal.account().as_str())
            }
        })
    }
}

impl Secret {
    /// The version with a label.
    pub(super) fn staged(&self, stage: &str) -> Option<&Version> {
        let has = |version: &&Version| version.stages.contains(stage);
        self.versions.iter().find(has)
    }

    /// Adds a version, or says that it was there: the same token again with the same value is
    /// the same request again. Returns its identifier.
    pub(super) fn add(
        &mut self,
        id: String,
        value: Held,
        stages: Option<BTreeSet<String>>,
        now: f64,
    ) -> Result<String, ApiError> {
        if let Some(version) = self.versions.iter().find(|version| version.id == id) {
            return if version.value == value {
                Ok(id)
            } else {
                Err(error::exists(format!(
                    "You can't use ClientRequestToken {id} because that value is already in use \
                     for a version of secret {}.",
                    self.arn
                )))
            };
        }
        let mut stages = stages.unwrap_or_else(|| BTreeSet::from([CURRENT.to_owned()]));
        // The first version is the current one, whatever was asked for.
        if self.versions.is_empty() {
            stages.insert(CURRENT.to_owned());
        }
        for stage in &stages {
            self.take_label(stage);
        }
        self.versions.push(Version {
            id: id.clone(),
            value,
            stages,
            created: now,
            accessed: None,
        });
        self.changed = now;
        if self.versions.len() > MOST_VERSIONS
            && let Some(oldest) = self.versions.iter().position(|old| old.stages.is_empty())
        {
            self.versions.remove(oldest);
        }
        Ok(id)
    }

    /// Takes a label from the version that has it; who was current is the previous one now.
    fn take_label(&mut self, stage: &str) {
        if stage == CURRENT && self.staged(CURRENT).is_some() {
            self.take_label(PREVIOUS);
        }
        for version in &mut self.versions {
            if version.stages.remove(stage) && stage == CURRENT {
                version.stages.insert(PREVIOUS.to_owned());
            }
        }
    }

    /// What `DescribeSecret` and `ListSecrets` say; the latter calls the stages otherwise.
    pub(super) fn describe(&self, stages: &str) -> Value {
        let tags: Vec<Value> = self
            .tags
            .iter()
            .map(|(key, value)| json!({ "Key": key, "Value": value }))
            .collect();
        let versions: BTreeMap<&str, &BTreeSet<String>> = self
            .versions
            .iter()
            .filter(|version| !version.stages.is_empty())
            .map(|version| (version.id.as_str(), &version.stages))
            .collect();
        let mut described = json!({
            "ARN": self.arn,
            "Name": self.name,
            "LastChangedDate": self.changed,
            "CreatedDate": self.created,
        });
        if !tags.is_empty() {
            described["Tags"] = tags.into();
        }
        if !versions.is_empty() {
            described[stages] = json!(versions);
        }
        if let Some(description) = &self.description {
            described["Description"] = description.as_str().into();
        }
        if let Some(key) = &self.kms_key_id {
            described["KmsKeyId"] = key.as_str().into();
        }
        if let Some(accessed) = self.accessed {
            described["LastAccessedDate"] = accessed.into();
        }
        if let Some(deletion) = self.deletion {
            described["DeletedDate"] = deletion.asked.into();
        }
        described
    }
}

/// The ARN of a secret of the caller's, without the six characters.
pub(super) fn arn(core: &Core, call: &Call, name: &str) -> String {
    format!(
        "arn:{}:secretsmanager:{}:{}:secret:{name}",
        core.region.partition(),
        call.region,
        call.identity.principal.account()
    )
}

/// An ARN without its hyphen and six random characters.
fn without_suffix(arn: &str) -> &str {
    arn.len().checked_sub(7).map_or(arn, |end| &arn[..end])
}
