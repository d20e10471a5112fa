//! Operations on roles: make, change, tag, list and delete them.

use std::sync::Arc;

use zipster_iam::PolicyKind;
use zipster_names::{Arn, RoleName};

use super::directory::{Document, Role};
use super::grants::Grants;
use super::parameters::{self, Page, number, role_name, tags, values};
use super::render::{self, Detail};
use super::tags::{request_tags, tag_keys};
use super::{Iam, answer, boundaries, done, error};
use crate::front::query::Params;
use crate::front::{Answer, ApiError, Call};

/// The limits of `MaxSessionDuration`: an hour, which is also what a role has that names none,
/// and twelve.
const SESSION_LIMITS_S: (u32, u32) = (3600, 43_200);

/// The longest trust policy, white space not counted.
const LONGEST_TRUST: usize = 2048;

/// The longest description.
const LONGEST_DESCRIPTION: usize = 1000;

impl Iam {
    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>.
    ///
    /// Differs from AWS: whether the users and roles that the trust policy names exist is not
    /// checked.
    pub(super) fn create_role(&self, call: &Call, params: &Params) -> Result<Answer, ApiError> {
        let name = role_name(params)?;
        let path = parameters::path(params)?;
        let description = description(params)?;
        let max_session_s = max_session(params)?.unwrap_or(SESSION_LIMITS_S.0);
        let trust = parameters::require(
            params,
            "AssumeRolePolicyDocument",
            "assumeRolePolicyDocument",
        )?;
        let tags = tags(params)?;
        let account = call.identity.principal.account();
        let arn = Arn::role(self.core.region.partition(), account, &path, &name);
        let boundary = boundaries::parameter(params)?;
        let mut context = request_tags(&tags);
        context.extend(boundaries::asked(boundary.as_ref()));
        self.allow(call, "iam:CreateRole", arn.as_str(), &context)?;
        if !tags.is_empty() {
            self.allow(call, "iam:TagRole", arn.as_str(), &context)?;
        }
        let role = Role {
            path,
            name,
            id: self.unique_id("AROA"),
            arn,
            created: self.core.clock.now(),
            description,
            max_session_s,
            tags,
            trust: trust_policy(trust)?,
            grants: Grants {
                boundary,
                ..Grants::default()
            },
        };
        let role = self.core.iam.with(account, |state| state.add_role(role))?;
        Ok(answer(call, |xml| {
            render::role(xml, "Role", &role, Detail::Full);
        }))
    }

    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html>.
    ///
    /// Differs from AWS: when the role was last used is not told.
    pub(super) fn get_role(&self, call: &Call, params: &Params) -> Result<Answer, ApiError> {
        let name = role_name(params)?;
        self.allow_on_role(call, "iam:GetRole", &name, &[])?;
        let role = self.existing_role(call, &name)?;
        Ok(answer(call, |xml| {
            render::role(xml, "Role", &role, Detail::Full);
        }))
    }

    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html>.
    pub(super) fn list_roles(&self, call: &Call, params: &Params) -> Result<Answer, ApiError> {
        let prefix = params.get("PathPrefix").unwrap_or("/");
        let account = call.identity.principal.account();
        let partition = self.core.region.partition();
        let all = format!("arn:{partition}:iam::{account}:role{prefix}");
        self.allow(call, "iam:ListRoles", &all, &[])?;
        let roles = self.core.iam.with(account, |state| {
            let roles = state.roles();
            let below = roles.filter(|role| role.path.as_str().starts_with(prefix));
            below.cloned().collect::<Vec<_>>()
        });
        let page = Page::of(params, roles, |role| role.name.as_str())?;
        Ok(answer(call, |xml| {
            render::list(xml, "Roles", &page.items, |xml, role| {
                render::role(xml, "member", role, Detail::Listed);
            });
            render::page(xml, &page);
        }))
    }

    /// Deletes a role and ends its sessions: calls with their credentials fail from now on, also
    /// when a role of the same name is made again.
    ///
    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRole.html>.
    pub(super) fn delete_role(&self, call: &Call, params: &Params) -> Result<Answer, ApiError> {
        let name = role_name(params)?;
        self.allow_on_role(call, "iam:DeleteRole", &name, &[])?;
        let account = call.identity.principal.account();
        self.core
            .iam
            .with(account, |state| state.remove_role(&name))?;
        let ended = self.core.credentials.revoke_sessions(account, &name);
        self.core.iam.forget_sessions(&ended);
        Ok(done(call))
    }

    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateRole.html>.
    pub(super) fn update_role(&self, call: &Call, params: &Params) -> Result<Answer, ApiError> {
        let name = role_name(params)?;
        let description = description(params)?;
        let max_session_s = max_session(params)?;
        self.allow_on_role(call, "iam:UpdateRole", &name, &[])?;
        let account = call.identity.principal.account();
        self.core.iam.with(account, |state| {
            state.change_role(&name, |role| {
                if description.is_some() {
                    role.description = description;
                }
                if let Some(seconds) = max_session_s {
                    role.max_session_s = seconds;
                }
                Ok(())
            })
        })?;
        Ok(answer(call, |_| {}))
    }

    /// Follows
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAssumeRolePolicy.html>.
    pub(super) fn update_assume_role_policy(
        &self,
        call: &Call,
        params: &Params,
    ) -> Result<Answer, ApiError> {
        let name = role_name(params)?;
        let text = parameters::require(params, "PolicyDocument", "policyDocument")?;
        self.allow_on_role(call, "iam:UpdateAssumeRolePolicy", &name, &[])?;
        let account = call.identity.principal.account();
        self.core.iam.with(account, |state| {
            state.change_role(&name, |role| {
                role.trust = trust_policy(text)?;
                Ok(())
            })
        })?;
        Ok(done(call))
    }

    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagRole.html>.
    pub(super) fn tag_role(&self, call: &Call, params: &Params) -> Result<Answer, ApiError> {
        let name = role_name(params)?;
        let tags = tags(params)?;
        self.allow_on_role(call, "iam:TagRole", &name, &request_tags(&tags))?;
        let account = call.identity.principal.account();
        self.core.iam.with(account, |state| {
            state.change_role(&name, |role| {
                role.tags = parameters::tagged(&role.tags, tags)?;
                Ok(())
            })
        })?;
        Ok(done(call))
    }

    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagRole.html>.
    pub(super) fn untag_role(&self, call: &Call, params: &Params) -> Result<Answer, ApiError> {
        let name = role_name(params)?;
        let keys = values(params, "TagKeys");
        let context = tag_keys(&keys);
        self.allow_on_role(call, "iam:UntagRole", &name, &context)?;
        let account = call.identity.principal.account();
        self.core.iam.with(account, |state| {
            state.change_role(&name, |role| {
                parameters::untag(&mut role.tags, &keys);
                Ok(())
            })
        })?;
        Ok(done(call))
    }

    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoleTags.html>.
    pub(super) fn list_role_tags(&self, call: &Call, params: &Params) -> Result<Answer, ApiError> {
        let name = role_name(params)?;
        self.allow_on_role(call, "iam:ListRoleTags", &name, &[])?;
        let role = self.existing_role(call, &name)?;
        let page = Page::of(params, &role.tags, |(key, _)| key.as_str())?;
        Ok(answer(call, |xml| {
            render::tags(xml, page.items.iter().copied());
            render::page(xml, &page);
        }))
    }

    /// Always none; tools ask before they delete a role.
    ///
    /// Follows
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListInstanceProfilesForRole.html>.
    pub(super) fn list_instance_profiles_for_role(
        &self,
        call: &Call,
        params: &Params,
    ) -> Result<Answer, ApiError> {
        let name = role_name(params)?;
        self.allow_on_role(call, "iam:ListInstanceProfilesForRole", &name, &[])?;
        self.existing_role(call, &name)?;
        let none = Page::of(params, Vec::<String>::new(), String::as_str)?;
        Ok(answer(call, |xml| {
            render::list(xml, "InstanceProfiles", &none.items, |_, _| {});
            render::page(xml, &none);
        }))
    }

    /// `NoSuchEntity` if there is no such role in the caller's account.
    pub(super) fn existing_role(
        &self,
        call: &Call,
        name: &RoleName,
    ) -> Result<Arc<Role>, ApiError> {
        let account = call.identity.principal.account();
        let role = self.core.iam.role(account, name);
        role.ok_or_else(|| error::no_role(name))
    }

    /// Asks whether the caller may do `action` with a role. One that does not exist is asked
    /// about as if it had no path: who may not see roles does not learn which there are.
    pub(super) fn allow_on_role(
        &self,
        call: &Call,
        action: &str,
        name: &RoleName,
        context: &[(String, String)],
    ) -> Result<(), ApiError> {
        let account = call.identity.principal.account();
        let mut context = context.to_vec();
        let arn = match self.core.iam.role(account, name) {
            Some(role) => {
                for (key, value) in &role.tags {
                    context.push((format!("aws:ResourceTag/{key}"), value.clone()));
                    context.push((format!("iam:ResourceTag/{key}"), value.clone()));
                }
                context.extend(boundaries::existing(&call.operation, &role.grants));
                role.arn.clone()
            }
            None => {
                let partition = self.core.region.partition();
                Arn::role(partition, account, &zipster_names::IamPath::default(), name)
            }
        };
        self.allow(call, action, arn.as_str(), &context)
    }
}

fn trust_policy(text: &str) -> Result<Document, ApiError> {
    let document = Document::parse(text, PolicyKind::Trust)?;
    if document.size() > LONGEST_TRUST {
        return Err(error::limit(format!(
            "Cannot exceed quota for ACLSizePerRole: {LONGEST_TRUST}"
        )));
    }
    Ok(document)
}

/// `Description`; an empty one is one.
pub(super) fn description(params: &Params) -> Result<Option<String>, ApiError> {
    let Some(text) = params.get("Description") else {
        return Ok(None);
    };
    if text.chars().count() > LONGEST_DESCRIPTION {
        let rule = format!("have length less than or equal to {LONGEST_DESCRIPTION}");
        return Err(error::constraint(text, "description", rule));
    }
    Ok(Some(text.to_owned()))
}

fn max_session(params: &Params) -> Result<Option<u32>, ApiError> {
    let member = "maxSessionDuration";
    number(params, "MaxSessionDuration", member, SESSION_LIMITS_S)
}
