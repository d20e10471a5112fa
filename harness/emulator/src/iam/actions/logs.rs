//! The permissions of CloudWatch Logs.
//!
//! Follows <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html>.

use super::{Entry, entry, has, on};
use crate::logs;

const GROUP: &str = "arn:aws:logs:REGION:ACCOUNT:log-group:GROUP";
const STREAM: &str = "arn:aws:logs:REGION:ACCOUNT:log-group:GROUP:log-stream:STREAM";

const GROUP_KEYS: &[&str] = &["aws:ResourceTag/"];
const TAG_KEYS: &[&str] = &["aws:RequestTag/", "aws:ResourceTag/", "aws:TagKeys"];

/// The operations of CloudWatch Logs.
pub(super) const LOGS: &[Entry] = &[
    entry(
        "CreateLogGroup",
        &[
            on(GROUP, "logs:CreateLogGroup", TAG_KEYS),
            on(GROUP, "logs:TagResource", TAG_KEYS).when("with tags"),
        ],
    ),
    entry(
        "CreateLogStream",
        &[on(STREAM, "logs:CreateLogStream", GROUP_KEYS)],
    ),
    entry(
        "DeleteLogGroup",
        &[on(GROUP, "logs:DeleteLogGroup", GROUP_KEYS)],
    ),
    entry(
        "DeleteLogStream",
        &[on(STREAM, "logs:DeleteLogStream", GROUP_KEYS)],
    ),
    entry(
        "DeleteRetentionPolicy",
        &[on(GROUP, "logs:DeleteRetentionPolicy", GROUP_KEYS)],
    ),
    entry(
        "DescribeLogGroups",
        &[on(GROUP, "logs:DescribeLogGroups", &[])],
    ),
    entry(
        "DescribeLogStreams",
        &[on(GROUP, "logs:DescribeLogStreams", GROUP_KEYS)],
    ),
    entry(
        "FilterLogEvents",
        &[on(GROUP, "logs:FilterLogEvents", GROUP_KEYS)],
    ),
    entry(
        "GetLogEvents",
        &[on(STREAM, "logs:GetLogEvents", GROUP_KEYS)],
    ),
    entry(
        "ListTagsForResource",
        &[on(GROUP, "logs:ListTagsForResource", GROUP_KEYS)],
    ),
    entry(
        "ListTagsLogGroup",
        &[on(GROUP, "logs:ListTagsLogGroup", GROUP_KEYS)],
    ),
    entry(
        "PutLogEvents",
        &[on(STREAM, "logs:PutLogEvents", GROUP_KEYS)],
    ),
    entry(
        "PutRetentionPolicy",
        &[on(GROUP, "logs:PutRetentionPolicy", GROUP_KEYS)],
    ),
    entry(
        "StartLiveTail",
        &[on(GROUP, "logs:StartLiveTail", GROUP_KEYS)],
    ),
    entry("TagLogGroup", &[on(GROUP, "logs:TagLogGroup", TAG_KEYS)]),
    entry("TagResource", &[on(GROUP, "logs:TagResource", TAG_KEYS)]),
    entry("TestMetricFilter", &[on("*", "logs:TestMetricFilter", &[])]),
    entry(
        "UntagLogGroup",
        &[on(GROUP, "logs:UntagLogGroup", TAG_KEYS)],
    ),
    entry(
        "UntagResource",
        &[on(GROUP, "logs:UntagResource", TAG_KEYS)],
    ),
];

const _: () = {
    let mut at = 0;
    while at < logs::OPERATIONS.len() {
        assert!(
            has(LOGS, logs::OPERATIONS[at].name),
            "an operation has no entry in its table of permissions"
        );
        at += 1;
    }
};
