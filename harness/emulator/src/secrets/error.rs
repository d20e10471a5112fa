//! Secrets Manager's errors and their wording.
//!
//! Follows <https://docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html>.

use std::fmt::Display;

use crate::front::ApiError;
use crate::iam::Denied;

/// 400 `ResourceNotFoundException` for a secret.
pub(super) fn no_secret() -> ApiError {
    not_found("Secrets Manager can't find the specified secret.")
}

/// 400 `ResourceNotFoundException`.
pub(super) fn not_found(message: impl Into<String>) -> ApiError {
    ApiError::bad_request("ResourceNotFoundException", message)
}

/// 400 `ResourceExistsException`.
pub(super) fn exists(message: impl Into<String>) -> ApiError {
    ApiError::bad_request("ResourceExistsException", message)
}

/// 400 `InvalidRequestException`.
pub(super) fn request(message: impl Into<String>) -> ApiError {
    ApiError::bad_request("InvalidRequestException", message)
}

/// 400 `InvalidRequestException` for a secret that waits for its deletion.
pub(super) fn marked_for_deletion() -> ApiError {
    request("You can't perform this operation on the secret because it was marked for deletion.")
}

/// 400 `InvalidParameterException`.
pub(super) fn parameter(message: impl Into<String>) -> ApiError {
    ApiError::bad_request("InvalidParameterException", message)
}

/// 400 `ValidationException`.
pub(super) fn validation(message: impl Into<String>) -> ApiError {
    ApiError::bad_request("ValidationException", message)
}

/// 400 `ValidationException` for a member that has to be there.
pub(super) fn missing(member: &str) -> ApiError {
    validation(format!(
        "1 validation error detected: Value null at '{member}' failed to satisfy constraint: \
         Member must not be null"
    ))
}

/// 400 `ValidationException` for a value that breaks a constraint.
pub(super) fn constraint(value: impl Display, member: &str, rule: impl Display) -> ApiError {
    validation(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: \
         Member must {rule}"
    ))
}

/// 400 `AccessDeniedException`.
pub(super) fn denied(denied: Denied) -> ApiError {
    ApiError::bad_request("AccessDeniedException", denied.message)
}
