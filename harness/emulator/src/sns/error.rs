//! SNS's error codes and their wording.
//!
//! Follows <https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html> and the errors listed
//! with each operation; the wording is what AWS answers, as far as it is known.

use http::StatusCode;

use crate::front::ApiError;
use crate::iam::Denied;

/// 400 `InvalidParameter`; `what` follows AWS's "Invalid parameter: ".
pub(super) fn invalid(what: impl AsRef<str>) -> ApiError {
    ApiError::bad_request(
        "InvalidParameter",
        format!("Invalid parameter: {}", what.as_ref()),
    )
}

/// 400 `ParameterValueInvalid`, for message attributes.
pub(super) fn attribute(message: impl Into<String>) -> ApiError {
    ApiError::bad_request("ParameterValueInvalid", message)
}

/// 404 for a topic.
pub(super) fn no_topic() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "NotFound", "Topic does not exist")
}

/// 404 for a subscription.
pub(super) fn no_subscription() -> ApiError {
    ApiError::new(
        StatusCode::NOT_FOUND,
        "NotFound",
        "Subscription does not exist",
    )
}

/// 404 for a topic whose tags are asked for.
pub(super) fn no_resource() -> ApiError {
    ApiError::new(
        StatusCode::NOT_FOUND,
        "ResourceNotFound",
        "Resource does not exist",
    )
}

/// 403 for one filter policy too many.
pub(super) fn too_many_filters() -> ApiError {
    ApiError::new(
        StatusCode::FORBIDDEN,
        "FilterPolicyLimitExceeded",
        "Filter policy limit exceeded",
    )
}

/// 403 for what no policy allows.
pub(super) fn denied(denied: Denied) -> ApiError {
    ApiError::new(StatusCode::FORBIDDEN, "AuthorizationError", denied.message)
}

/// 400 `ValidationError` for a member that must be there.
pub(super) fn missing(member: &str) -> ApiError {
    ApiError::bad_request(
        "ValidationError",
        format!(
            "1 validation error detected: Value null at '{member}' failed to satisfy constraint: \
             Member must not be null"
        ),
    )
}
