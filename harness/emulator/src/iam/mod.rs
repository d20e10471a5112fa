//! IAM and STS: roles, policies, sessions, and the decision about every call.
//!
//! The rooms: `authorize` decides, for all services, `actions` is what their operations ask for,
//! and `reason` says why; `directory` is
//! what IAM knows, `provided` AWS's own policies, `parsed` the policies of resources;
//! `roles`, `inline`, `policies`, `attachments` and `simulate` are IAM's operations,
//! `sts` those of STS; `operations` is the table of them all.
//!
//! Deliberately absent: users, groups and instance profiles (who calls is an account's root user
//! or a session of a role), permissions boundaries, identity providers, MFA, session tags. Each is
//! refused by name.

use std::sync::Arc;

use crate::core::Core;
use crate::front::query::{self, Params};
use crate::front::{Answer, ApiError, Call, ServiceName, Xml};

pub mod actions;
mod attachments;
mod authorize;
mod directory;
mod error;
mod inline;
mod operations;
mod parameters;
mod parsed;
mod policies;
mod provided;
mod reason;
mod render;
mod roles;
mod simulate;
mod sts;
#[cfg(test)]
mod tests;

pub use authorize::{Authorization, Denied};
pub use directory::{Directory, Role};
pub use operations::{IAM_OPERATIONS, Operation, STS_OPERATIONS};
pub use provided::provided_policy;

/// The alphabet of unique identifiers such as `AROA...`.
const ID_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The service.
#[derive(Debug)]
pub struct Iam {
    core: Arc<Core>,
}

impl Iam {
    /// The operations on `core`'s directory.
    #[must_use]
    pub fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Carries out a call of IAM or STS.
    ///
    /// # Errors
    /// The operation's own, or that it is not supported.
    pub fn handle(&self, service: ServiceName, call: &Call) -> Result<Answer, ApiError> {
        let params = &Params::parse(call.uri.query(), &call.body);
        operations::check(service, &call.operation, params)?;
        match (service, call.operation.as_str()) {
            (ServiceName::Sts, "AssumeRole") => self.assume_role(call, params),
            (ServiceName::Sts, "GetCallerIdentity") => self.get_caller_identity(call),
            (_, "AttachRolePolicy") => self.attach_role_policy(call, params),
            (_, "CreatePolicy") => self.create_policy(call, params),
            (_, "CreatePolicyVersion") => self.create_policy_version(call, params),
            (_, "CreateRole") => self.create_role(call, params),
            (_, "DeletePolicy") => self.delete_policy(call, params),
            (_, "DeletePolicyVersion") => self.delete_policy_version(call, params),
            (_, "DeleteRole") => self.delete_role(call, params),
            (_, "DeleteRolePolicy") => self.delete_role_policy(call, params),
            (_, "DetachRolePolicy") => self.detach_role_policy(call, params),
            (_, "GetPolicy") => self.get_policy(call, params),
            (_, "GetPolicyVersion") => self.get_policy_version(call, params),
            (_, "GetRole") => self.get_role(call, params),
            (_, "GetRolePolicy") => self.get_role_policy(call, params),
            (_, "ListAttachedRolePolicies") => self.list_attached_role_policies(call, params),
            (_, "ListEntitiesForPolicy") => self.list_entities_for_policy(call, params),
            (_, "ListInstanceProfilesForRole") => {
                self.list_instance_profiles_for_role(call, params)
            }
            (_, "ListPolicies") => self.list_policies(call, params),
            (_, "ListPolicyVersions") => self.list_policy_versions(call, params),
            (_, "ListRolePolicies") => self.list_role_policies(call, params),
            (_, "ListRoleTags") => self.list_role_tags(call, params),
            (_, "ListRoles") => self.list_roles(call, params),
            (_, "PutRolePolicy") => self.put_role_policy(call, params),
            (_, "SetDefaultPolicyVersion") => self.set_default_policy_version(call, params),
            (_, "SimulatePrincipalPolicy") => self.simulate_principal_policy(call, params),
            (_, "TagRole") => self.tag_role(call, params),
            (_, "UntagRole") => self.untag_role(call, params),
            (_, "UpdateAssumeRolePolicy") => self.update_assume_role_policy(call, params),
            (_, "UpdateRole") => self.update_role(call, params),
            (service, other) => Err(ApiError::unsupported(service, other)),
        }
    }

    /// Asks whether the caller may.
    fn allow(
        &self,
        call: &Call,
        action: &str,
        resource: &str,
        context: &[(String, String)],
    ) -> Result<(), ApiError> {
        let context: Vec<(&str, String)> = context
            .iter()
            .map(|(key, value)| (key.as_str(), value.clone()))
            .collect();
        let request = Authorization {
            cause: call.entry,
            action,
            resource,
            context: &context,
            resource_policy: None,
        };
        self.core
            .authorize(&call.identity, &request)
            .map_err(error::denied)
    }

    /// `AROA` or another prefix, and 17 characters that were never given before.
    fn unique_id(&self, prefix: &str) -> String {
        format!("{prefix}{}", self.core.random.text(ID_ALPHABET, 17))
    }
}

/// An answer of IAM with a result.
fn answer(call: &Call, result: impl FnOnce(&mut Xml)) -> Answer {
    query::answer(ServiceName::Iam, &call.operation, &call.request_id, result)
}

/// An answer of IAM that says only that it is done.
fn done(call: &Call) -> Answer {
    query::done(ServiceName::Iam, &call.operation, &call.request_id)
}
