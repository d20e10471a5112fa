//! The permissions of SNS and SQS.
//!
//! Follow <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html>
//! and <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html>.

use super::{Entry, entry, has, on};
use crate::{sns, sqs};

const TOPIC: &str = "arn:aws:sns:REGION:ACCOUNT:TOPIC";
const QUEUE: &str = "arn:aws:sqs:REGION:ACCOUNT:QUEUE";

const KEYS: &[&str] = &["aws:ResourceTag/"];
const TAG_KEYS: &[&str] = &["aws:RequestTag/", "aws:ResourceTag/", "aws:TagKeys"];

/// SNS's operations. Those on a subscription are decided without a resource, as on AWS.
pub(super) const SNS: &[Entry] = &[
    entry("AddPermission", &[on(TOPIC, "sns:AddPermission", KEYS)]),
    entry(
        "ConfirmSubscription",
        &[on(TOPIC, "sns:ConfirmSubscription", KEYS)],
    ),
    entry(
        "CreateTopic",
        &[
            on(TOPIC, "sns:CreateTopic", TAG_KEYS),
            on(TOPIC, "sns:TagResource", TAG_KEYS).when("with tags"),
        ],
    ),
    entry("DeleteTopic", &[on(TOPIC, "sns:DeleteTopic", KEYS)]),
    entry(
        "GetSubscriptionAttributes",
        &[on("*", "sns:GetSubscriptionAttributes", &[])],
    ),
    entry(
        "GetTopicAttributes",
        &[on(TOPIC, "sns:GetTopicAttributes", KEYS)],
    ),
    entry(
        "ListSubscriptions",
        &[on("*", "sns:ListSubscriptions", &[])],
    ),
    entry(
        "ListSubscriptionsByTopic",
        &[on(TOPIC, "sns:ListSubscriptionsByTopic", KEYS)],
    ),
    entry(
        "ListTagsForResource",
        &[on(TOPIC, "sns:ListTagsForResource", KEYS)],
    ),
    entry("ListTopics", &[on("*", "sns:ListTopics", &[])]),
    entry(
        "Publish",
        &[
            on(TOPIC, "sns:Publish", KEYS),
            on("*", "sns:Publish", &[]).when("to a telephone number"),
        ],
    ),
    entry("PublishBatch", &[on(TOPIC, "sns:Publish", KEYS)]),
    entry(
        "RemovePermission",
        &[on(TOPIC, "sns:RemovePermission", KEYS)],
    ),
    entry(
        "SetSubscriptionAttributes",
        &[on("*", "sns:SetSubscriptionAttributes", &[])],
    ),
    entry(
        "SetTopicAttributes",
        &[on(TOPIC, "sns:SetTopicAttributes", KEYS)],
    ),
    entry(
        "Subscribe",
        &[on(
            TOPIC,
            "sns:Subscribe",
            &["aws:ResourceTag/", "sns:Endpoint", "sns:Protocol"],
        )],
    ),
    entry("TagResource", &[on(TOPIC, "sns:TagResource", TAG_KEYS)]),
    entry("Unsubscribe", &[on("*", "sns:Unsubscribe", &[])]),
    entry("UntagResource", &[on(TOPIC, "sns:UntagResource", TAG_KEYS)]),
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
    entry("AddPermission", &[on(QUEUE, "sqs:AddPermission", KEYS)]),
    entry(
        "CancelMessageMoveTask",
        &[on(QUEUE, "sqs:CancelMessageMoveTask", KEYS)],
    ),
    entry(
        "ListMessageMoveTasks",
        &[on(QUEUE, "sqs:ListMessageMoveTasks", KEYS)],
    ),
    entry(
        "RemovePermission",
        &[on(QUEUE, "sqs:RemovePermission", KEYS)],
    ),
    entry(
        "StartMessageMoveTask",
        &[
            on(QUEUE, "sqs:StartMessageMoveTask", KEYS),
            on(QUEUE, "sqs:ReceiveMessage", KEYS),
            on(QUEUE, "sqs:DeleteMessage", KEYS),
            on(QUEUE, "sqs:GetQueueAttributes", KEYS),
            on(QUEUE, "sqs:SendMessage", KEYS).when("on the destination of each message"),
        ],
    ),
    entry(
        "ChangeMessageVisibility",
        &[on(QUEUE, "sqs:ChangeMessageVisibility", KEYS)],
    ),
    entry(
        "ChangeMessageVisibilityBatch",
        &[on(QUEUE, "sqs:ChangeMessageVisibility", KEYS)],
    ),
    entry(
        "CreateQueue",
        &[
            on(QUEUE, "sqs:CreateQueue", TAG_KEYS),
            on(QUEUE, "sqs:TagQueue", TAG_KEYS).when("with tags"),
        ],
    ),
    entry("DeleteMessage", &[on(QUEUE, "sqs:DeleteMessage", KEYS)]),
    entry(
        "DeleteMessageBatch",
        &[on(QUEUE, "sqs:DeleteMessage", KEYS)],
    ),
    entry("DeleteQueue", &[on(QUEUE, "sqs:DeleteQueue", KEYS)]),
    entry(
        "GetQueueAttributes",
        &[on(QUEUE, "sqs:GetQueueAttributes", KEYS)],
    ),
    entry("GetQueueUrl", &[on(QUEUE, "sqs:GetQueueUrl", KEYS)]),
    entry(
        "ListDeadLetterSourceQueues",
        &[on(QUEUE, "sqs:ListDeadLetterSourceQueues", KEYS)],
    ),
    entry("ListQueueTags", &[on(QUEUE, "sqs:ListQueueTags", KEYS)]),
    entry("ListQueues", &[on("*", "sqs:ListQueues", &[])]),
    entry("PurgeQueue", &[on(QUEUE, "sqs:PurgeQueue", KEYS)]),
    entry("ReceiveMessage", &[on(QUEUE, "sqs:ReceiveMessage", KEYS)]),
    entry("SendMessage", &[on(QUEUE, "sqs:SendMessage", KEYS)]),
    entry("SendMessageBatch", &[on(QUEUE, "sqs:SendMessage", KEYS)]),
    entry(
        "SetQueueAttributes",
        &[on(QUEUE, "sqs:SetQueueAttributes", KEYS)],
    ),
    entry("TagQueue", &[on(QUEUE, "sqs:TagQueue", TAG_KEYS)]),
    entry("UntagQueue", &[on(QUEUE, "sqs:UntagQueue", TAG_KEYS)]),
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
