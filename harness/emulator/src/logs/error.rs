//! CloudWatch Logs' errors and their wording.
//!
//! Follows <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/CommonErrors.html>.

use std::fmt::Display;

use crate::front::ApiError;
use crate::iam::Denied;

/// 400 `ResourceNotFoundException` for a group.
pub(super) fn no_group() -> ApiError {
    not_found("The specified log group does not exist.")
}

/// 400 `ResourceNotFoundException` for a stream.
pub(super) fn no_stream() -> ApiError {
    not_found("The specified log stream does not exist.")
}

/// 400 `ResourceNotFoundException`.
pub(super) fn not_found(message: &str) -> ApiError {
    ApiError::bad_request("ResourceNotFoundException", message)
}

/// 400 `ResourceAlreadyExistsException`; `what` is `log group` or `log stream`.
pub(super) fn exists(what: &str) -> ApiError {
    ApiError::bad_request(
        "ResourceAlreadyExistsException",
        format!("The specified {what} already exists"),
    )
}

/// 400 `InvalidOperationException`.
pub(super) fn invalid_operation(message: &str) -> ApiError {
    ApiError::bad_request("InvalidOperationException", message)
}

/// 400 `InvalidParameterException`.
pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::bad_request("InvalidParameterException", message)
}

/// 400 `InvalidParameterException` for a value that breaks a constraint.
pub(super) fn constraint(value: impl Display, member: &str, rule: impl Display) -> ApiError {
    invalid(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: \
         Member must {rule}"
    ))
}

/// 400 `InvalidParameterException` for a member that has to be there.
pub(super) fn missing(member: &str) -> ApiError {
    invalid(format!(
        "1 validation error detected: Value null at '{member}' failed to satisfy constraint: \
         Member must not be null"
    ))
}

/// 400 `AccessDeniedException`.
pub(super) fn denied(denied: Denied) -> ApiError {
    ApiError::bad_request("AccessDeniedException", denied.message)
}
