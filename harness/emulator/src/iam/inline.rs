//! Operations on the policies that are part of a role or user.

use zipster_iam::PolicyKind;

use super::directory::Document;
use super::grants::Entity;
use super::parameters::{Page, policy_name, require};
use super::{Iam, answer, done, error, render};
use crate::front::query::Params;
use crate::front::{Answer, ApiError, Call};

impl Iam {
    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html> and
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPolicy.html>.
    pub(super) fn put_inline(
        &self,
        call: &Call,
        params: &Params,
        entity: &Entity,
    ) -> Result<Answer, ApiError> {
        let name = policy_name(params)?;
        let text = require(params, "PolicyDocument", "policyDocument")?;
        self.allow_on(call, entity, &[])?;
        self.grants(call, entity)?;
        let document = Document::parse(text, PolicyKind::Identity)?;
        let account = call.identity.principal.account();
        self.core.iam.with(account, |state| {
            state.change_grants(entity, |grants| {
                let others = grants.inline.iter().filter(|(other, _)| **other != name);
                let others: usize = others.map(|(_, document)| document.size()).sum();
                let most = entity.longest_inline();
                if others + document.size() > most {
                    return Err(error::limit(format!(
                        "Maximum policy size of {most} bytes exceeded for {} {}",
                        entity.kind(),
                        entity.name()
                    )));
                }
                grants.inline.insert(name, document);
                Ok(())
            })
        })?;
        Ok(done(call))
    }

    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRolePolicy.html> and
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUserPolicy.html>.
    pub(super) fn get_inline(
        &self,
        call: &Call,
        params: &Params,
        entity: &Entity,
    ) -> Result<Answer, ApiError> {
        let name = policy_name(params)?;
        self.allow_on(call, entity, &[])?;
        let grants = self.grants(call, entity)?;
        let document = grants.inline.get(&name);
        let document = document.ok_or_else(|| entity.no_inline(&name))?;
        Ok(answer(call, |xml| {
            xml.text(entity.element(), entity.name());
            xml.text("PolicyName", name.as_str());
            render::document(xml, "PolicyDocument", document);
        }))
    }

    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRolePolicy.html> and
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUserPolicy.html>.
    pub(super) fn delete_inline(
        &self,
        call: &Call,
        params: &Params,
        entity: &Entity,
    ) -> Result<Answer, ApiError> {
        let name = policy_name(params)?;
        self.allow_on(call, entity, &[])?;
        let account = call.identity.principal.account();
        self.core.iam.with(account, |state| {
            state.change_grants(entity, |grants| match grants.inline.remove(&name) {
                Some(_) => Ok(()),
                None => Err(entity.no_inline(&name)),
            })
        })?;
        Ok(done(call))
    }

    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRolePolicies.html> and
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUserPolicies.html>.
    pub(super) fn list_inline(
        &self,
        call: &Call,
        params: &Params,
        entity: &Entity,
    ) -> Result<Answer, ApiError> {
        self.allow_on(call, entity, &[])?;
        let grants = self.grants(call, entity)?;
        let page = Page::of(params, grants.inline.keys(), |name| name.as_str())?;
        Ok(answer(call, |xml| {
            render::list(xml, "PolicyNames", &page.items, |xml, name| {
                xml.text("member", name.as_str());
            });
            render::page(xml, &page);
        }))
    }
}
