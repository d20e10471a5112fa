//! Operations on the policies that are part of a role.

use zipster_iam::PolicyKind;

use super::directory::Document;
use super::parameters::{Page, policy_name, require, role_name};
use super::{Iam, answer, done, error, render};
use crate::front::query::Params;
use crate::front::{Answer, ApiError, Call};

/// How much all inline policies of a role may have together, white space not counted.
const LONGEST_INLINE: usize = 10_240;

impl Iam {
    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html>.
    pub(super) fn put_role_policy(&self, call: &Call, params: &Params) -> Result<Answer, ApiError> {
        let (role, name) = (role_name(params)?, policy_name(params)?);
        let text = require(params, "PolicyDocument", "policyDocument")?;
        self.allow_on_role(call, "iam:PutRolePolicy", &role, &[])?;
        self.existing_role(call, &role)?;
        let document = Document::parse(text, PolicyKind::Identity)?;
        let account = call.identity.principal.account();
        self.core.iam.with(account, |state| {
            state.change_role(&role, |role| {
                let others = role.inline.iter().filter(|(other, _)| **other != name);
                let others: usize = others.map(|(_, document)| document.size()).sum();
                if others + document.size() > LONGEST_INLINE {
                    return Err(error::limit(format!(
                        "Maximum policy size of {LONGEST_INLINE} bytes exceeded for role {}",
                        role.name
                    )));
                }
                role.inline.insert(name, document);
                Ok(())
            })
        })?;
        Ok(done(call))
    }

    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRolePolicy.html>.
    pub(super) fn get_role_policy(&self, call: &Call, params: &Params) -> Result<Answer, ApiError> {
        let (role, name) = (role_name(params)?, policy_name(params)?);
        self.allow_on_role(call, "iam:GetRolePolicy", &role, &[])?;
        let role = self.existing_role(call, &role)?;
        let document = role.inline.get(&name);
        let document = document.ok_or_else(|| error::no_inline(&name))?;
        Ok(answer(call, |xml| {
            xml.text("RoleName", role.name.as_str());
            xml.text("PolicyName", name.as_str());
            render::document(xml, "PolicyDocument", document);
        }))
    }

    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRolePolicy.html>.
    pub(super) fn delete_role_policy(
        &self,
        call: &Call,
        params: &Params,
    ) -> Result<Answer, ApiError> {
        let (role, name) = (role_name(params)?, policy_name(params)?);
        self.allow_on_role(call, "iam:DeleteRolePolicy", &role, &[])?;
        let account = call.identity.principal.account();
        self.core.iam.with(account, |state| {
            state.change_role(&role, |role| match role.inline.remove(&name) {
                Some(_) => Ok(()),
                None => Err(error::no_inline(&name)),
            })
        })?;
        Ok(done(call))
    }

    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRolePolicies.html>.
    pub(super) fn list_role_policies(
        &self,
        call: &Call,
        params: &Params,
    ) -> Result<Answer, ApiError> {
        let role = role_name(params)?;
        self.allow_on_role(call, "iam:ListRolePolicies", &role, &[])?;
        let role = self.existing_role(call, &role)?;
        let page = Page::of(params, role.inline.keys(), |name| name.as_str())?;
        Ok(answer(call, |xml| {
            render::list(xml, "PolicyNames", &page.items, |xml, name| {
                xml.text("member", name.as_str());
            });
            render::page(xml, &page);
        }))
    }
}
