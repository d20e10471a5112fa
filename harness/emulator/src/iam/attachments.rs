//! Operations on managed policies and the roles and users that have them.

use super::grants::Entity;
use super::parameters::{Page, policy_arn};
use super::{Iam, answer, done, error, render};
use crate::front::query::Params;
use crate::front::{Answer, ApiError, Call, ServiceName};

/// How many managed policies a role or user may have.
const MOST_ATTACHED: usize = 10;

impl Iam {
    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachRolePolicy.html> and
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachUserPolicy.html>.
    pub(super) fn attach(
        &self,
        call: &Call,
        params: &Params,
        entity: &Entity,
    ) -> Result<Answer, ApiError> {
        let arn = policy_arn(params)?;
        let context = [("iam:PolicyARN".to_owned(), arn.to_string())];
        self.allow_on(call, entity, &context)?;
        self.grants(call, entity)?;
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
            state.change_grants(entity, |grants| {
                if grants.attached.contains(&arn) {
                    return Ok(());
                }
                if grants.attached.len() >= MOST_ATTACHED {
                    return Err(error::limit(format!(
                        "Cannot exceed quota for {}: {MOST_ATTACHED}",
                        entity.quota()
                    )));
                }
                grants.attached.push(arn);
                Ok(())
            })
        })?;
        Ok(done(call))
    }

    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DetachRolePolicy.html> and
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DetachUserPolicy.html>.
    pub(super) fn detach(
        &self,
        call: &Call,
        params: &Params,
        entity: &Entity,
    ) -> Result<Answer, ApiError> {
        let arn = policy_arn(params)?;
        let context = [("iam:PolicyARN".to_owned(), arn.to_string())];
        self.allow_on(call, entity, &context)?;
        let account = call.identity.principal.account();
        self.core.iam.with(account, |state| {
            state.change_grants(entity, |grants| {
                let attached = grants.attached.iter().position(|other| *other == arn);
                grants
                    .attached
                    .remove(attached.ok_or_else(|| error::no_policy(&arn))?);
                Ok(())
            })
        })?;
        Ok(done(call))
    }

    /// Follows
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAttachedRolePolicies.html> and
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAttachedUserPolicies.html>.
    pub(super) fn list_attached(
        &self,
        call: &Call,
        params: &Params,
        entity: &Entity,
    ) -> Result<Answer, ApiError> {
        self.allow_on(call, entity, &[])?;
        let grants = self.grants(call, entity)?;
        let prefix = format!("policy{}", params.get("PathPrefix").unwrap_or("/"));
        let below = grants
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
        let (users, roles) = match params.get("EntityFilter") {
            None => (true, true),
            Some("User") => (true, false),
            Some("Role") => (false, true),
            // Nothing here is a group, or of the other kinds.
            Some("Group" | "LocalManagedPolicy" | "AWSManagedPolicy") => (false, false),
            Some(other) => {
                let rule = "satisfy enum value set: [User, Role, Group, LocalManagedPolicy, \
                            AWSManagedPolicy]";
                return Err(error::constraint(other, "entityFilter", rule));
            }
        };
        let prefix = params.get("PathPrefix").unwrap_or("/");
        let account = call.identity.principal.account();
        let found = self.core.iam.with(account, |state| {
            state.policy(&arn).ok_or_else(|| error::no_policy(&arn))?;
            Ok(state.attachments(&arn))
        })?;
        let below = found.into_iter().filter(|attachment| {
            let wanted = match attachment.entity {
                Entity::Role(_) => roles,
                Entity::User(_) => users,
            };
            wanted && attachment.path.as_str().starts_with(prefix)
        });
        let page = Page::of(params, below, |attachment| &attachment.id)?;
        Ok(answer(call, |xml| {
            render::list(xml, "PolicyGroups", [(); 0], |_, ()| {});
            for (list, kind) in [("PolicyUsers", "User"), ("PolicyRoles", "Role")] {
                let of_kind = page
                    .items
                    .iter()
                    .filter(|attachment| attachment.entity.element().starts_with(kind));
                render::list(xml, list, of_kind, |xml, attachment| {
                    xml.open("member");
                    xml.text(attachment.entity.element(), attachment.entity.name());
                    xml.text(&format!("{kind}Id"), &attachment.id);
                    xml.close("member");
                });
            }
            render::page(xml, &page);
        }))
    }
}
