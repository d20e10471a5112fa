//! The permissions of SNS and SQS.
//!
//! Follow <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html>
//! and <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html>.

use super::{Entry, entry, has, on};
use crate::{sns, sqs};

const TOPIC: &str = "arn:aws:sns:REGION:ACCOUNT:TOPIC";
const QUEUE: &str = "arn:aws:sqs:REGION:ACCOUNT:QUEUE";

/// SNS's operations. Those on a subscription are decided without a resource, as on AWS.
pub(super) const SNS: &[Entry] = &[
    entry("AddPermission", &[on(TOPIC, "sns:AddPermission", &[])]),
    entry(
        "ConfirmSubscription",
        &[on(TOPIC, "sns:ConfirmSubscription", &[])],
    ),
    entry("CreateTopic", &[on(TOPIC, "sns:CreateTopic", &[])]),
    entry("DeleteTopic", &[on(TOPIC, "sns:DeleteTopic", &[])]),
    entry(
        "GetSubscriptionAttributes",
        &[on("*", "sns:GetSubscriptionAttributes", &[])],
    ),
    entry(
        "GetTopicAttributes",
        &[on(TOPIC, "sns:GetTopicAttributes", &[])],
    ),
    entry(
        "ListSubscriptions",
        &[on("*", "sns:ListSubscriptions", &[])],
    ),
    entry(
        "ListSubscriptionsByTopic",
        &[on(TOPIC, "sns:ListSubscriptionsByTopic", &[])],
    ),
    entry(
        "ListTagsForResource",
        &[on(TOPIC, "sns:ListTagsForResource", &[])],
    ),
    entry("ListTopics", &[on("*", "sns:ListTopics", &[])]),
    entry(
        "Publish",
        &[
            on(TOPIC, "sns:Publish", &[]),
            on("*", "sns:Publish", &[]).when("to a telephone number"),
        ],
    ),
    entry("PublishBatch", &[on(TOPIC, "sns:Publish", &[])]),
    entry(
        "RemovePermission",
        &[on(TOPIC, "sns:RemovePermission", &[])],
    ),
    entry(
        "SetSubscriptionAttributes",
        &[on("*", "sns:SetSubscriptionAttributes", &[])],
    ),
    entry(
        "SetTopicAttributes",
        &[on(TOPIC, "sns:SetTopicAttributes", &[])],
    ),
    entry(
        "Subscribe",
        &[on(
            TOPIC,
            "sns:Subscribe",
            &["sns:Endpoint", "sns:Protocol"],
        )],
    ),
    entry("TagResource", &[on(TOPIC, "sns:TagResource", &[])]),
    entry("Unsubscribe", &[on("*", "sns:Unsubscribe", &[])]),
    entry("UntagResource", &[on(TOPIC, "sns:UntagResource", &[])]),
];

const _: () = {
    let mut at = 0;
    while at < sns::OPERATIONS.len() {
        assert!(
            has(SNS, sns::OPERATIONS[at].name),
            "an operation has no entry in its table of permissions"
        );
        at += 1;
    }
};

/// SQS's operations. A batch asks for what its entries do.
pub(super) const SQS: &[Entry] = &[
    entry("AddPermission", &[on(QUEUE, "sqs:AddPermission", &[])]),
    entry(
        "CancelMessageMoveTask",
        &[on(QUEUE, "sqs:CancelMessageMoveTask", &[])],
    ),
    entry(
        "ListMessageMoveTasks",
        &[on(QUEUE, "sqs:ListMessageMoveTasks", &[])],
    ),
    entry(
        "RemovePermission",
        &[on(QUEUE, "sqs:RemovePermission", &[])],
    ),
    entry(
        "StartMessageMoveTask",
        &[
            on(QUEUE, "sqs:StartMessageMoveTask", &[]),
            on(QUEUE, "sqs:ReceiveMessage", &[]),
            on(QUEUE, "sqs:DeleteMessage", &[]),
            on(QUEUE, "sqs:GetQueueAttributes", &[]),
            on(QUEUE, "sqs:SendMessage", &[]).when("on the destination of each message"),
        ],
    ),
    entry(
        "ChangeMessageVisibility",
        &[on(QUEUE, "sqs:ChangeMessageVisibility", &[])],
    ),
    entry(
        "ChangeMessageVisibilityBatch",
        &[on(QUEUE, "sqs:ChangeMessageVisibility", &[])],
    ),
    entry("CreateQueue", &[on(QUEUE, "sqs:CreateQueue", &[])]),
    entry("DeleteMessage", &[on(QUEUE, "sqs:DeleteMessage", &[])]),
    entry("DeleteMessageBatch", &[on(QUEUE, "sqs:DeleteMessage", &[])]),
    entry("DeleteQueue", &[on(QUEUE, "sqs:DeleteQueue", &[])]),
    entry(
        "GetQueueAttributes",
        &[on(QUEUE, "sqs:GetQueueAttributes", &[])],
    ),
    entry("GetQueueUrl", &[on(QUEUE, "sqs:GetQueueUrl", &[])]),
    entry(
        "ListDeadLetterSourceQueues",
        &[on(QUEUE, "sqs:ListDeadLetterSourceQueues", &[])],
    ),
    entry("ListQueueTags", &[on(QUEUE, "sqs:ListQueueTags", &[])]),
    entry("ListQueues", &[on("*", "sqs:ListQueues", &[])]),
    entry("PurgeQueue", &[on(QUEUE, "sqs:PurgeQueue", &[])]),
    entry("ReceiveMessage", &[on(QUEUE, "sqs:ReceiveMessage", &[])]),
    entry("SendMessage", &[on(QUEUE, "sqs:SendMessage", &[])]),
    entry("SendMessageBatch", &[on(QUEUE, "sqs:SendMessage", &[])]),
    entry(
        "SetQueueAttributes",
        &[on(QUEUE, "sqs:SetQueueAttributes", &[])],
    ),
    entry("TagQueue", &[on(QUEUE, "sqs:TagQueue", &[])]),
    entry("UntagQueue", &[on(QUEUE, "sqs:UntagQueue", &[])]),
];

const _: () = {
    let mut at = 0;
    while at < sqs::OPERATIONS.len() {
        assert!(
            has(SQS, sqs::OPERATIONS[at].name),
            "an operation has no entry in its table of permissions"
        );
        at += 1;
    }
};
