//! Secrets Manager: secrets, their versions, and who may see them.
//!
//! The rooms: `operations` is the table of what is supported; `lifecycle` are the operations on
//! secrets, `values` those on what they hold, `list` the search, `policy` the resource policies,
//! `password` the generator; `state` is where secrets are.
//!
//! What a secret holds is in no journal entry and in no `Debug` output.
//!
//! Deliberately absent: rotation, replication to other regions, secrets of other parties, staging
//! labels moved by hand, batches, and encryption itself (the key's name is kept and shown). Each
//! operation is refused by name.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Deserialize;

use crate::core::Core;
use crate::front::json::{self, Operation};
use crate::front::{Answer, ApiError, Call, ServiceName};
use crate::iam::Authorization;

mod error;
mod lifecycle;
mod list;
mod operations;
mod password;
mod policy;

mod state;
mod values;

pub use operations::OPERATIONS;

use state::{Secret, State};

/// The service.
#[derive(Debug)]
pub struct Secrets {
    core: Arc<Core>,
    state: Mutex<State>,
}

/// The input of operations on one secret without anything else.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OneSecret {
    secret_id: Option<String>,
}

impl Secrets {
    /// Nothing in it yet.
    #[must_use]
    pub fn new(core: Arc<Core>) -> Self {
        Self {
            core,
            state: Mutex::default(),
        }
    }

    /// Carries out a call.
    ///
    /// # Errors
    /// The operation's own, or that it is not supported.
    pub fn handle(&self, call: &Call) -> Result<Answer, ApiError> {
        json::check(ServiceName::SecretsManager, OPERATIONS, call)?;
        match call.operation.as_str() {
            "CreateSecret" => self.create_secret(call),
            "DeleteResourcePolicy" => self.delete_resource_policy(call),
            "DeleteSecret" => self.delete_secret(call),
            "DescribeSecret" => self.describe_secret(call),
            "GetRandomPassword" => self.get_random_password(call),
            "GetResourcePolicy" => self.get_resource_policy(call),
            "GetSecretValue" => self.get_secret_value(call),
            "ListSecretVersionIds" => self.list_secret_version_ids(call),
            "ListSecrets" => self.list_secrets(call),
            "PutResourcePolicy" => self.put_resource_policy(call),
            "PutSecretValue" => self.put_secret_value(call),
            "RestoreSecret" => self.restore_secret(call),
            "TagResource" => self.tag_resource(call),
            "UntagResource" => self.untag_resource(call),
            "UpdateSecret" => self.update_secret(call),
            other => Err(ApiError::unsupported(ServiceName::SecretsManager, other)),
        }
    }

    /// The secrets, without those whose time is over.
    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.purge(self.now());
        state
    }

    /// The present, in seconds.
    fn now(&self) -> f64 {
        let milliseconds = self.core.clock.now().unix_timestamp_nanos() / 1_000_000;
        // Below 2^53, so exact.
        milliseconds as f64 / 1000.0
    }

    /// Asks whether the caller may do `action` with the secret that `id` names, and says which
    /// it is. The secret's tags and its own policy have a say.
    fn authorize_on(
        &self,
        call: &Call,
        action: &str,
        id: Option<&str>,
        more: &[(&str, String)],
    ) -> Result<String, ApiError> {
        let id = id.ok_or_else(|| error::missing("secretId"))?;
        let found = {
            let state = self.state();
            let found = state.find(call, id);
            found.map(|secret| (secret.arn.clone(), tags(secret), secret.policy.clone()))
        };
        // Who may not ask does not learn what there is.
        let (arn, tags, policy) = found.clone().unwrap_or_else(|| {
            let arn = state::arn(&self.core, call, id);
            let arn = if id.starts_with("arn:") {
                id.to_owned()
            } else {
                arn
            };
            (arn, Vec::new(), None)
        });
        let mut context: Vec<(&str, String)> = vec![("secretsmanager:SecretId", arn.clone())];
        for (key, value) in &tags {
            context.push((key, value.clone()));
        }
        context.extend_from_slice(more);
        self.authorize(call, action, &arn, &context, policy.as_deref())?;
        if found.is_none() {
            return Err(error::no_secret());
        }
        Ok(arn)
    }

    fn authorize(
        &self,
        call: &Call,
        action: &str,
        resource: &str,
        context: &[(&str, String)],
        resource_policy: Option<&str>,
    ) -> Result<(), ApiError> {
        let request = Authorization {
            cause: call.entry,
            action,
            resource,
            context,
            resource_policy,
        };
        self.core
            .authorize(&call.identity, &request)
            .map_err(error::denied)
    }

    /// Works on a secret that is there and not about to be deleted.
    fn on_secret<T>(
        &self,
        arn: &str,
        work: impl FnOnce(&mut Secret) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let mut state = self.state();
        let secret = state.secrets.get_mut(arn).ok_or_else(error::no_secret)?;
        if secret.deletion.is_some() {
            return Err(error::marked_for_deletion());
        }
        work(secret)
    }
}

/// A secret's tags as condition keys, under both of their names.
fn tags(secret: &Secret) -> Vec<(String, String)> {
    let tags = secret.tags.iter();
    tags.flat_map(|(key, value)| {
        ["aws:ResourceTag", "secretsmanager:ResourceTag"]
            .map(|name| (format!("{name}/{key}"), value.clone()))
    })
    .collect()
}
