//! SQS's error codes, their wording, and their two names on the wire.
//!
//! SQS once spoke the query protocol, and its clients still know errors by the codes of that
//! time. The JSON protocol names the shape in `__type` and repeats the old code in the header
//! `x-amzn-query-error`; see [`shape`].
//!
//! Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html>.

use http::StatusCode;
use zipster_iam::PolicyErrors;

use crate::front::ApiError;
use crate::iam::Denied;

const NO_QUEUE: &str = "AWS.SimpleQueueService.NonExistentQueue";
const EXISTS: &str = "QueueAlreadyExists";
const PURGING: &str = "AWS.SimpleQueueService.PurgeQueueInProgress";
const NOT_IN_FLIGHT: &str = "AWS.SimpleQueueService.MessageNotInflight";
const TOO_MANY: &str = "AWS.SimpleQueueService.TooManyEntriesInBatchRequest";
const EMPTY_BATCH: &str = "AWS.SimpleQueueService.EmptyBatchRequest";
const SAME_IDS: &str = "AWS.SimpleQueueService.BatchEntryIdsNotDistinct";
const BAD_ID: &str = "AWS.SimpleQueueService.InvalidBatchEntryId";
const BATCH_TOO_LONG: &str = "AWS.SimpleQueueService.BatchRequestTooLong";
const OVER_LIMIT: &str = "OverLimit";
const DELETED_RECENTLY: &str = "AWS.SimpleQueueService.QueueDeletedRecently";
const NO_RESOURCE: &str = "ResourceNotFoundException";
const BAD_HANDLE: &str = "ReceiptHandleIsInvalid";
const BAD_NAME: &str = "InvalidAttributeName";
const BAD_VALUE: &str = "InvalidAttributeValue";
const BAD_CONTENT: &str = "InvalidMessageContents";
const BAD_PARAMETER: &str = "InvalidParameterValue";
const MISSING: &str = "MissingParameter";
const DENIED: &str = "AccessDenied";

/// The shape that the JSON protocol knows an error by, if it has another name than its code.
#[must_use]
pub fn shape(code: &str) -> Option<&'static str> {
    Some(match code {
        NO_QUEUE => "com.amazonaws.sqs#QueueDoesNotExist",
        EXISTS => "com.amazonaws.sqs#QueueNameExists",
        PURGING => "com.amazonaws.sqs#PurgeQueueInProgress",
        NOT_IN_FLIGHT => "com.amazonaws.sqs#MessageNotInflight",
        TOO_MANY => "com.amazonaws.sqs#TooManyEntriesInBatchRequest",
        EMPTY_BATCH => "com.amazonaws.sqs#EmptyBatchRequest",
        SAME_IDS => "com.amazonaws.sqs#BatchEntryIdsNotDistinct",
        BAD_ID => "com.amazonaws.sqs#InvalidBatchEntryId",
        BATCH_TOO_LONG => "com.amazonaws.sqs#BatchRequestTooLong",
        OVER_LIMIT => "com.amazonaws.sqs#OverLimit",
        DELETED_RECENTLY => "com.amazonaws.sqs#QueueDeletedRecently",
        NO_RESOURCE => "com.amazonaws.sqs#ResourceNotFoundException",
        BAD_HANDLE => "com.amazonaws.sqs#ReceiptHandleIsInvalid",
        BAD_NAME => "com.amazonaws.sqs#InvalidAttributeName",
        BAD_VALUE => "com.amazonaws.sqs#InvalidAttributeValue",
        BAD_CONTENT => "com.amazonaws.sqs#InvalidMessageContents",
        BAD_PARAMETER => "com.amazon.coral.service#InvalidParameterValueException",
        MISSING => "com.amazon.coral.service#MissingRequiredParameterException",
        DENIED => "com.amazon.coral.service#AccessDeniedException",
        _ => return None,
    })
}

pub(super) fn no_queue() -> ApiError {
    ApiError::bad_request(NO_QUEUE, "The specified queue does not exist.")
}

pub(super) fn exists(attribute: &str) -> ApiError {
    ApiError::bad_request(
        EXISTS,
        format!(
            "A queue already exists with the same name and a different value for attribute \
             {attribute}"
        ),
    )
}

pub(super) fn deleted_recently() -> ApiError {
    ApiError::bad_request(
        DELETED_RECENTLY,
        "You must wait 60 seconds after deleting a queue before you can create another with the \
         same name.",
    )
}

/// 403: too much of something.
pub(super) fn over_limit(message: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::FORBIDDEN, OVER_LIMIT, message)
}

/// 404 of the operations that take an ARN.
pub(super) fn no_resource(message: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, NO_RESOURCE, message)
}

pub(super) fn not_in_flight() -> ApiError {
    ApiError::bad_request(NOT_IN_FLIGHT, "The message referred to is not in flight.")
}

pub(super) fn purging(queue: &str) -> ApiError {
    ApiError::new(
        StatusCode::FORBIDDEN,
        PURGING,
        format!("Only one PurgeQueue operation on {queue} is allowed every 60 seconds."),
    )
}

pub(super) fn too_many(sent: usize) -> ApiError {
    ApiError::bad_request(
        TOO_MANY,
        format!("Maximum number of entries per request are 10. You have sent {sent}."),
    )
}

pub(super) fn empty_batch(entry: &str) -> ApiError {
    ApiError::bad_request(
        EMPTY_BATCH,
        format!("There should be at least one {entry} in the request."),
    )
}

pub(super) fn same_ids(id: &str) -> ApiError {
    ApiError::bad_request(SAME_IDS, format!("Id {id} repeated."))
}

pub(super) fn bad_id() -> ApiError {
    ApiError::bad_request(
        BAD_ID,
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It \
         can be at most 80 letters long.",
    )
}

pub(super) fn batch_too_long(limit: usize, sent: usize) -> ApiError {
    ApiError::bad_request(
        BATCH_TOO_LONG,
        format!("Batch requests cannot be longer than {limit} bytes. You have sent {sent} bytes."),
    )
}

pub(super) fn bad_handle(handle: &str) -> ApiError {
    ApiError::new(
        StatusCode::NOT_FOUND,
        BAD_HANDLE,
        format!("The input receipt handle \"{handle}\" is not a valid receipt handle."),
    )
}

pub(super) fn unknown_attribute(name: &str) -> ApiError {
    ApiError::bad_request(BAD_NAME, format!("Unknown Attribute {name}."))
}

/// An attribute of FIFO queues on another queue.
pub(super) fn only_fifo(name: &str) -> ApiError {
    ApiError::bad_request(
        BAD_NAME,
        format!("You can specify the {name} only when FifoQueue is set to true"),
    )
}

/// A queue stays what it is.
pub(super) fn queue_type() -> ApiError {
    ApiError::bad_request(
        BAD_VALUE,
        "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.",
    )
}

/// An attribute's value, refused with a sentence of its own.
pub(super) fn attribute(message: &str) -> ApiError {
    ApiError::bad_request(BAD_VALUE, message)
}

pub(super) fn bad_value(name: &str) -> ApiError {
    ApiError::bad_request(
        BAD_VALUE,
        format!("Invalid value for the parameter {name}."),
    )
}

/// AWS says no more than the first sentence.
pub(super) fn bad_policy(why: &PolicyErrors) -> ApiError {
    let message = format!("Invalid value for the parameter Policy. {why}");
    ApiError::bad_request(BAD_VALUE, message)
}

pub(super) fn bad_content() -> ApiError {
    ApiError::bad_request(
        BAD_CONTENT,
        "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF \
         | #xE000 to #xFFFD | #x10000 to #x10FFFF.",
    )
}

/// 400 with a sentence of its own.
pub(super) fn parameter(message: impl Into<String>) -> ApiError {
    ApiError::bad_request(BAD_PARAMETER, message)
}

/// 400 in the usual form: which value of which parameter, and why not.
pub(super) fn value(value: impl std::fmt::Display, name: &str, reason: &str) -> ApiError {
    parameter(format!(
        "Value {value} for parameter {name} is invalid. Reason: {reason}"
    ))
}

pub(super) fn missing(name: &str) -> ApiError {
    ApiError::bad_request(
        MISSING,
        format!("The request must contain the parameter {name}."),
    )
}

pub(super) fn denied(denied: Denied) -> ApiError {
    ApiError::new(StatusCode::FORBIDDEN, DENIED, denied.message)
}
