//! IAM and STS: roles, users, policies, sessions, and the decision about every call.
//!
//! The rooms: `authorize` decides, for all services, `actions` is what their operations ask for,
//! and `reason` says why; `directory` is
//! what IAM knows, `provided` AWS's own policies, `parsed` the policies of resources;
//! `roles`, `users`, `keys`, `inline`, `policies`, `boundaries`, `attachments` and `simulate` are IAM's operations,
//! `sts` those of STS; `operations` is the table of them all.
//!
//! Deliberately absent: groups and instance profiles (who calls is an account's root user, a user
//! or a session of a role), identity providers, MFA, session tags. Each is
//! refused by name.

use std::sync::Arc;

use crate::core::Core;
use crate::front::query::{self, Params};
use crate::front::{Answer, ApiError, Call, ServiceName, Xml};
use crate::identity::Principal;

pub mod actions;
mod attachments;
mod authorize;
mod boundaries;
mod directory;
mod error;
mod grants;
mod inline;
mod keys;
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
pub mod tags;
#[cfg(test)]
mod tests;
mod users;

pub use authorize::{Authorization, Denied};
pub use directory::{Directory, Role, User};
use grants::Entity;
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
        // What users get from GetSessionToken is no good here without a second factor, which nobody
        // has.
        let is_role = matches!(call.identity.principal, Principal::AssumedRole { .. });
        if service == ServiceName::Iam && call.identity.issued.is_some() && !is_role {
            return Err(error::invalid_token());
        }
        operations::check(service, &call.operation, params)?;
        match (service, call.operation.as_str()) {
            (ServiceName::Sts, "AssumeRole") => self.assume_role(call, params),
            (ServiceName::Sts, "GetCallerIdentity") => self.get_caller_identity(call),
            (ServiceName::Sts, "GetSessionToken") => self.get_session_token(call, params),
            (_, "AttachRolePolicy") => self.attach(call, params, &Entity::role(params)?),
            (_, "AttachUserPolicy") => self.attach(call, params, &Entity::user(params)?),
            (_, "CreateAccessKey") => self.create_access_key(call, params),
            (_, "CreateUser") => self.create_user(call, params),
            (_, "DeleteAccessKey") => self.delete_access_key(call, params),
            (_, "DeleteUser") => self.delete_user(call, params),
            (_, "DeleteUserPolicy") => self.delete_inline(call, params, &Entity::user(params)?),
            (_, "DetachUserPolicy") => self.detach(call, params, &Entity::user(params)?),
            (_, "GetUser") => self.get_user(call, params),
            (_, "GetUserPolicy") => self.get_inline(call, params, &Entity::user(params)?),
            (_, "ListAccessKeys") => self.list_access_keys(call, params),
            (_, "ListAttachedUserPolicies") => {
                self.list_attached(call, params, &Entity::user(params)?)
            }
            (_, "ListUserPolicies") => self.list_inline(call, params, &Entity::user(params)?),
            (_, "ListUsers") => self.list_users(call, params),
            (_, "PutUserPolicy") => self.put_inline(call, params, &Entity::user(params)?),
            (_, "UpdateAccessKey") => self.update_access_key(call, params),
            (_, "DeleteRolePermissionsBoundary") => {
                self.delete_boundary(call, &Entity::role(params)?)
            }
            (_, "DeleteUserPermissionsBoundary") => {
                self.delete_boundary(call, &Entity::user(params)?)
            }
            (_, "PutRolePermissionsBoundary") => {
                self.put_boundary(call, params, &Entity::role(params)?)
            }
            (_, "PutUserPermissionsBoundary") => {
                self.put_boundary(call, params, &Entity::user(params)?)
            }
            (_, "CreatePolicy") => self.create_policy(call, params),
            (_, "CreatePolicyVersion") => self.create_policy_version(call, params),
            (_, "CreateRole") => self.create_role(call, params),
            (_, "DeletePolicy") => self.delete_policy(call, params),
            (_, "DeletePolicyVersion") => self.delete_policy_version(call, params),
            (_, "DeleteRole") => self.delete_role(call, params),
            (_, "DeleteRolePolicy") => self.delete_inline(call, params, &Entity::role(params)?),
            (_, "DetachRolePolicy") => self.detach(call, params, &Entity::role(params)?),
            (_, "GetPolicy") => self.get_policy(call, params),
            (_, "GetPolicyVersion") => self.get_policy_version(call, params),
            (_, "GetRole") => self.get_role(call, params),
            (_, "GetRolePolicy") => self.get_inline(call, params, &Entity::role(params)?),
            (_, "ListAttachedRolePolicies") => {
                self.list_attached(call, params, &Entity::role(params)?)
            }
            (_, "ListEntitiesForPolicy") => self.list_entities_for_policy(call, params),
            (_, "ListInstanceProfilesForRole") => {
                self.list_instance_profiles_for_role(call, params)
            }
            (_, "ListPolicies") => self.list_policies(call, params),
            (_, "ListPolicyVersions") => self.list_policy_versions(call, params),
            (_, "ListRolePolicies") => self.list_inline(call, params, &Entity::role(params)?),
            (_, "ListRoleTags") => self.list_role_tags(call, params),
            (_, "ListRoles") => self.list_roles(call, params),
            (_, "PutRolePolicy") => self.put_inline(call, params, &Entity::role(params)?),
            (_, "SetDefaultPolicyVersion") => self.set_default_policy_version(call, params),
            (_, "SimulatePrincipalPolicy") => self.simulate_principal_policy(call, params),
            (_, "ListPolicyTags") => self.list_policy_tags(call, params),
            (_, "TagPolicy") => self.tag_policy(call, params),
            (_, "UntagPolicy") => self.untag_policy(call, params),
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
        let context = tags::borrowed(context);
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
