//! Operations on permissions boundaries: the managed policies that limit what the other policies of
//! a role or user give.
//!
//! Follows <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>.

use zipster_names::Arn;

use super::grants::{Entity, Grants};
use super::parameters::{self, require};
use super::{Iam, done};
use crate::front::query::Params;
use crate::front::{Answer, ApiError, Call};

/// The condition key that names a boundary.
const KEY: &str = "iam:PermissionsBoundary";

impl Iam {
    /// Follows
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePermissionsBoundary.html> and
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPermissionsBoundary.html>.
    pub(super) fn put_boundary(
        &self,
        call: &Call,
        params: &Params,
        entity: &Entity,
    ) -> Result<Answer, ApiError> {
        let arn = parameters::arn(require(
            params,
            "PermissionsBoundary",
            "permissionsBoundary",
        )?)?;
        self.allow_on(call, entity, &asked(Some(&arn)))?;
        self.grants(call, entity)?;
        let account = call.identity.principal.account();
        self.core.iam.with(account, |state| {
            state.check_boundary(&arn)?;
            state.change_grants(entity, |grants| {
                grants.boundary = Some(arn);
                Ok(())
            })
        })?;
        Ok(done(call))
    }

    /// Follows
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRolePermissionsBoundary.html>
    /// and
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUserPermissionsBoundary.html>.
    pub(super) fn delete_boundary(&self, call: &Call, entity: &Entity) -> Result<Answer, ApiError> {
        self.allow_on(call, entity, &[])?;
        let account = call.identity.principal.account();
        self.core.iam.with(account, |state| {
            state.change_grants(entity, |grants| {
                grants.boundary = None;
                Ok(())
            })
        })?;
        Ok(done(call))
    }
}

/// `PermissionsBoundary` of an operation that makes a role or user.
pub(super) fn parameter(params: &Params) -> Result<Option<Arn>, ApiError> {
    params
        .get("PermissionsBoundary")
        .map(parameters::arn)
        .transpose()
}

/// The boundary that a request asks for, as a condition key.
pub(super) fn asked(boundary: Option<&Arn>) -> Vec<(String, String)> {
    boundary
        .map(|arn| (KEY.to_owned(), arn.to_string()))
        .into_iter()
        .collect()
}

/// The boundary that a role or user has, as a condition key, where the operation changes what it
/// may do.
pub(super) fn existing(operation: &str, grants: &Grants) -> Vec<(String, String)> {
    match operation {
        "AttachRolePolicy"
        | "AttachUserPolicy"
        | "DeleteRolePermissionsBoundary"
        | "DeleteRolePolicy"
        | "DeleteUserPermissionsBoundary"
        | "DeleteUserPolicy"
        | "DetachRolePolicy"
        | "DetachUserPolicy"
        | "PutRolePolicy"
        | "PutUserPolicy" => asked(grants.boundary.as_ref()),
        _ => Vec::new(),
    }
}
