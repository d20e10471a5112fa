//! The operations that are supported, and the parameters that each understands.
//!
//! A parameter that is not in the table is refused by name: what nobody reads could change what
//! the caller thinks has happened.

use serde_json::{Map, Value};

use crate::front::{ApiError, Call, ServiceName};

/// An operation and its parameters.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// The API name.
    pub name: &'static str,
    /// Names of the input's members.
    pub parameters: &'static [&'static str],
}

const fn operation(name: &'static str, parameters: &'static [&'static str]) -> Operation {
    Operation { name, parameters }
}

/// SQS's operations.
pub const OPERATIONS: &[Operation] = &[
    operation(
        "AddPermission",
        &["QueueUrl", "Label", "AWSAccountIds", "Actions"],
    ),
    operation("CancelMessageMoveTask", &["TaskHandle"]),
    operation(
        "ChangeMessageVisibility",
        &["QueueUrl", "ReceiptHandle", "VisibilityTimeout"],
    ),
    operation("ChangeMessageVisibilityBatch", &["QueueUrl", "Entries"]),
    operation("CreateQueue", &["QueueName", "Attributes", "tags"]),
    operation("DeleteMessage", &["QueueUrl", "ReceiptHandle"]),
    operation("DeleteMessageBatch", &["QueueUrl", "Entries"]),
    operation("DeleteQueue", &["QueueUrl"]),
    operation("GetQueueAttributes", &["QueueUrl", "AttributeNames"]),
    operation("GetQueueUrl", &["QueueName", "QueueOwnerAWSAccountId"]),
    operation("ListDeadLetterSourceQueues", &["QueueUrl"]),
    operation("ListMessageMoveTasks", &["SourceArn", "MaxResults"]),
    operation("ListQueueTags", &["QueueUrl"]),
    operation(
        "ListQueues",
        &["QueueNamePrefix", "MaxResults", "NextToken"],
    ),
    operation("PurgeQueue", &["QueueUrl"]),
    operation(
        "ReceiveMessage",
        &[
            "QueueUrl",
            "AttributeNames",
            "MessageSystemAttributeNames",
            "MessageAttributeNames",
            "MaxNumberOfMessages",
            "VisibilityTimeout",
            "WaitTimeSeconds",
            "ReceiveRequestAttemptId",
        ],
    ),
    operation("RemovePermission", &["QueueUrl", "Label"]),
    operation(
        "SendMessage",
        &[
            "QueueUrl",
            "MessageBody",
            "DelaySeconds",
            "MessageAttributes",
            "MessageSystemAttributes",
            "MessageGroupId",
            "MessageDeduplicationId",
        ],
    ),
    operation("SendMessageBatch", &["QueueUrl", "Entries"]),
    operation("SetQueueAttributes", &["QueueUrl", "Attributes"]),
    operation(
        "StartMessageMoveTask",
        &[
            "SourceArn",
            "DestinationArn",
            "MaxNumberOfMessagesPerSecond",
        ],
    ),
    operation("TagQueue", &["QueueUrl", "Tags"]),
    operation("UntagQueue", &["QueueUrl", "TagKeys"]),
];

/// Checks that a call and all of its parameters are in the table.
pub(super) fn check(call: &Call) -> Result<(), ApiError> {
    let operation = OPERATIONS
        .iter()
        .find(|operation| operation.name == call.operation)
        .ok_or_else(|| ApiError::unsupported(ServiceName::Sqs, &call.operation))?;
    let input: Map<String, Value> = super::input(call)?;
    let unknown = input
        .keys()
        .find(|name| !operation.parameters.contains(&name.as_str()));
    match unknown {
        None => Ok(()),
        Some(name) => {
            let what = format!("the parameter {name} of {}", operation.name);
            Err(ApiError::unsupported(ServiceName::Sqs, &what))
        }
    }
}
