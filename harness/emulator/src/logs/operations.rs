//! The operations that are supported, and the parameters that each understands.

use super::Operation;

/// CloudWatch Logs' operations.
pub const OPERATIONS: &[Operation] = &[
    Operation::new(
        "CreateLogGroup",
        &[
            "logGroupName",
            "tags",
            "logGroupClass",
            "deletionProtectionEnabled",
        ],
    ),
    Operation::new("CreateLogStream", &["logGroupName", "logStreamName"]),
    Operation::new("DeleteLogGroup", &["logGroupName"]),
    Operation::new("DeleteLogStream", &["logGroupName", "logStreamName"]),
    Operation::new("DeleteRetentionPolicy", &["logGroupName"]),
    Operation::new(
        "DescribeLogGroups",
        &[
            "logGroupNamePrefix",
            "logGroupNamePattern",
            "logGroupClass",
            "nextToken",
            "limit",
        ],
    ),
    Operation::new(
        "DescribeLogStreams",
        &[
            "logGroupName",
            "logGroupIdentifier",
            "logStreamNamePrefix",
            "orderBy",
            "descending",
            "nextToken",
            "limit",
        ],
    ),
    Operation::new(
        "FilterLogEvents",
        &[
            "logGroupName",
            "logGroupIdentifier",
            "logStreamNames",
            "logStreamNamePrefix",
            "startTime",
            "endTime",
            "filterPattern",
            "nextToken",
            "limit",
            "interleaved",
        ],
    ),
    Operation::new(
        "GetLogEvents",
        &[
            "logGroupName",
            "logGroupIdentifier",
            "logStreamName",
            "startTime",
            "endTime",
            "nextToken",
            "limit",
            "startFromHead",
        ],
    ),
    Operation::new("ListTagsForResource", &["resourceArn"]),
    Operation::new("ListTagsLogGroup", &["logGroupName"]),
    Operation::new(
        "PutLogEvents",
        &[
            "logGroupName",
            "logStreamName",
            "logEvents",
            "sequenceToken",
        ],
    ),
    Operation::new("PutRetentionPolicy", &["logGroupName", "retentionInDays"]),
    Operation::new(
        "StartLiveTail",
        &[
            "logGroupIdentifiers",
            "logStreamNames",
            "logStreamNamePrefixes",
            "logEventFilterPattern",
        ],
    ),
    Operation::new("TagLogGroup", &["logGroupName", "tags"]),
    Operation::new("TagResource", &["resourceArn", "tags"]),
    Operation::new("TestMetricFilter", &["filterPattern", "logEventMessages"]),
    Operation::new("UntagLogGroup", &["logGroupName", "tags"]),
    Operation::new("UntagResource", &["resourceArn", "tagKeys"]),
];
