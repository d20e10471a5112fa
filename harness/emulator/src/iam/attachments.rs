//! Operations on managed policies and the roles that have them.

use super::parameters::{Page, policy_arn, role_name};
use super::{Iam, answer, done, error, render};
use crate::front::query::Params;
use crate::front::{Answer, ApiError, Call, ServiceName};

/// How many managed policies a role may have.
const MOST_ATTACHED: usize = 10;

impl Iam {
    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachRolePolicy.html>.
    pub(super) fn attach_role_policy(
        &self,
        call: &Call,
        params: &Params,
    ) -> Result<Answer, ApiError> {
        let (role, arn) = (role_name(params)?, policy_arn(params)?);
        let context = [("iam:PolicyARN".to_owned(), arn.to_string())];
        self.allow_on_role(call, "iam:AttachRolePolicy", &role, &context)?;
        self.existing_role(call, &role)?;
        let account = call.identity.principal.account();
        self.core.iam.with(account, |state| {
            if state.policy(&arn).is_none() {
                return Err(if arn.is_owned_by_aws() {
                    let what = format!("the AWS managed policy {arn}");
                    ApiError::unsupported(ServiceName::Iam, &what)
                } else {
                    error::not_attachable(&arn)
                });
            }
            state.change_role(&role, |role| {
                if role.attached.contains(&arn) {
                    return Ok(());
                }
                if role.attached.len() >= MOST_ATTACHED {
                    return Err(error::limit(format!(
                        "Cannot exceed quota for PoliciesPerRole: {MOST_ATTACHED}"
                    )));
                }
                role.attached.push(arn);
                Ok(())
            })
        })?;
        Ok(done(call))
    }

    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DetachRolePolicy.html>.
    pub(super) fn detach_role_policy(
        &self,
        call: &Call,
        params: &Params,
    ) -> Result<Answer, ApiError> {
        let (role, arn) = (role_name(params)?, policy_arn(params)?);
        let context = [("iam:PolicyARN".to_owned(), arn.to_string())];
        self.allow_on_role(call, "iam:DetachRolePolicy", &role, &context)?;
        let account = call.identity.principal.account();
        self.core.iam.with(account, |state| {
            state.change_role(&role, |role| {
                let attached = role.attached.iter().position(|other| *other == arn);
                role.attached
                    .remove(attached.ok_or_else(|| error::no_policy(&arn))?);
                Ok(())
            })
        })?;
        Ok(done(call))
    }

    /// Follows
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAttachedRolePolicies.html>.
    pub(super) fn list_attached_role_policies(
        &self,
        call: &Call,
        params: &Params,
    ) -> Result<Answer, ApiError> {
        let role = role_name(params)?;
        self.allow_on_role(call, "iam:ListAttachedRolePolicies", &role, &[])?;
        let role = self.existing_role(call, &role)?;
        let prefix = format!("policy{}", params.get("PathPrefix").unwrap_or("/"));
        let below = role
            .attached
            .iter()
            .filter(|arn| arn.resource().starts_with(&prefix));
        let page = Page::of(params, below, |arn| arn.as_str())?;
        Ok(answer(call, |xml| {
            render::attached(xml, page.items.iter().copied());
            render::page(xml, &page);
        }))
    }

    /// Follows
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListEntitiesForPolicy.html>.
    pub(super) fn list_entities_for_policy(
        &self,
        call: &Call,
        params: &Params,
    ) -> Result<Answer, ApiError> {
        let arn = policy_arn(params)?;
        self.allow(call, "iam:ListEntitiesForPolicy", arn.as_str(), &[])?;
        let only_others = match params.get("EntityFilter") {
            None | Some("Role") => false,
            // Nothing here is a user, a group, or of the other kinds.
            Some("User" | "Group" | "LocalManagedPolicy" | "AWSManagedPolicy") => true,
            Some(other) => {
                let rule = "satisfy enum value set: [User, Role, Group, LocalManagedPolicy, \
                            AWSManagedPolicy]";
                return Err(error::constraint(other, "entityFilter", rule));
            }
        };
        let prefix = params.get("PathPrefix").unwrap_or("/");
        let account = call.identity.principal.account();
        let roles = self.core.iam.with(account, |state| {
            state.policy(&arn).ok_or_else(|| error::no_policy(&arn))?;
            let below = state
                .attachments(&arn)
                .filter(|role| !only_others && role.path.as_str().starts_with(prefix));
            Ok(below.cloned().collect::<Vec<_>>())
        })?;
        let page = Page::of(params, roles, |role| role.name.as_str())?;
        Ok(answer(call, |xml| {
            render::list(xml, "PolicyGroups", [(); 0], |_, ()| {});
            render::list(xml, "PolicyUsers", [(); 0], |_, ()| {});
            render::list(xml, "PolicyRoles", &page.items, |xml, role| {
                xml.open("member");
                xml.text("RoleName", role.name.as_str());
                xml.text("RoleId", &role.id);
                xml.close("member");
            });
            render::page(xml, &page);
        }))
    }
}
