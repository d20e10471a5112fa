//! IAM's and STS's error codes and their wording.
//!
//! Follows the errors listed with each operation and
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html>; the wording is what AWS
//! answers, as far as it is known.

use std::fmt::Display;

use http::StatusCode;
use zipster_iam::{PolicyErrors, PolicyKind};

use crate::front::ApiError;
use crate::iam::Denied;

/// 404 `NoSuchEntity`.
pub(super) fn no_such(message: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "NoSuchEntity", message)
}

/// 404 for a role.
pub(super) fn no_role(name: impl Display) -> ApiError {
    no_such(format!("The role with name {name} cannot be found."))
}

/// 404 for a managed policy.
pub(super) fn no_policy(arn: impl Display) -> ApiError {
    no_such(format!("Policy {arn} was not found."))
}

/// 404 for a managed policy that is to be attached, and for a version of one.
pub(super) fn not_attachable(what: impl Display) -> ApiError {
    no_such(format!(
        "Policy {what} does not exist or is not attachable."
    ))
}

/// 404 for a managed policy that is to be a permissions boundary.
pub(super) fn no_boundary(arn: impl Display) -> ApiError {
    no_such(format!(
        "Scope ARN: {arn} does not exist or is not attachable."
    ))
}

/// 409 `EntityAlreadyExists` for a role.
pub(super) fn role_exists(name: impl Display) -> ApiError {
    exists(format!("Role with name {name} already exists."))
}

/// 409 `EntityAlreadyExists` for a user.
pub(super) fn user_exists(name: impl Display) -> ApiError {
    exists(format!("User with name {name} already exists."))
}

/// 409 `EntityAlreadyExists` for a managed policy.
pub(super) fn policy_exists(name: impl Display) -> ApiError {
    exists(format!(
        "A policy called {name} already exists. Duplicate names are not allowed."
    ))
}

fn exists(message: String) -> ApiError {
    ApiError::new(StatusCode::CONFLICT, "EntityAlreadyExists", message)
}

/// 409 `DeleteConflict`.
pub(super) fn delete_conflict(message: &str) -> ApiError {
    ApiError::new(StatusCode::CONFLICT, "DeleteConflict", message)
}

/// 409 `LimitExceeded`.
pub(super) fn limit(message: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::CONFLICT, "LimitExceeded", message)
}

/// 400 `MalformedPolicyDocument`.
pub(super) fn malformed(kind: PolicyKind, errors: &PolicyErrors) -> ApiError {
    let message = match kind {
        // A role's trust policy has a word of its own for this, as CreateRole is often heard to say.
        PolicyKind::Trust if errors.is_not_json() => "This policy contains invalid Json".to_owned(),
        PolicyKind::Trust
        | PolicyKind::Identity
        | PolicyKind::Boundary
        | PolicyKind::Resource
        | PolicyKind::Session => errors.aws_message(),
    };
    ApiError::bad_request("MalformedPolicyDocument", message)
}

/// 400 `ValidationError`.
pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::bad_request("ValidationError", message)
}

/// 400 `ValidationError` for a value that breaks a constraint.
pub(super) fn constraint(value: impl Display, member: &str, rule: impl Display) -> ApiError {
    invalid(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: \
         Member must {rule}"
    ))
}

/// 400 `InvalidInput`.
pub(super) fn input(message: impl Into<String>) -> ApiError {
    ApiError::bad_request("InvalidInput", message)
}

/// 403 `AccessDenied`.
pub(super) fn access_denied(message: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::FORBIDDEN, "AccessDenied", message)
}

/// 403 `InvalidClientTokenId`.
pub(super) fn invalid_token() -> ApiError {
    ApiError::new(
        StatusCode::FORBIDDEN,
        "InvalidClientTokenId",
        "The security token included in the request is invalid.",
    )
}

/// 403 for what no policy allows.
pub(super) fn denied(denied: Denied) -> ApiError {
    access_denied(denied.message)
}
