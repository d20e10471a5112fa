//! Lambda's permissions.
//!
//! Follows <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html>.

use super::{Entry, entry, has, on};
use crate::lambda;

const FUNCTION: &str = "arn:aws:lambda:REGION:ACCOUNT:function:FUNCTION";
const QUALIFIED: &str = "arn:aws:lambda:REGION:ACCOUNT:function:FUNCTION[:QUALIFIER]";
const MAPPING: &str = "arn:aws:lambda:REGION:ACCOUNT:event-source-mapping:UUID";
const BUCKET: &str = "arn:aws:s3:::BUCKET";
const OBJECT: &str = "arn:aws:s3:::BUCKET/KEY";
const OWNER: &[&str] = &["s3:ExistingObjectTag/", "s3:ResourceAccount"];
const VERSION: &[&str] = &[
    "s3:ExistingObjectTag/",
    "s3:VersionId",
    "s3:ResourceAccount",
];
const LISTED: &[&str] = &["s3:prefix", "s3:ResourceAccount"];
const ROLE: &str = "arn:aws:iam::ACCOUNT:role/ROLE";

const KEYS: &[&str] = &["aws:ResourceTag/"];
const TAG_KEYS: &[&str] = &["aws:RequestTag/", "aws:ResourceTag/", "aws:TagKeys"];
const PERMISSION_KEYS: &[&str] = &["aws:ResourceTag/", "lambda:Principal"];

/// Lambda's operations.
pub(super) const LAMBDA: &[Entry] = &[
    entry(
        "CreateEventSourceMapping",
        &[on(
            "*",
            "lambda:CreateEventSourceMapping",
            &["lambda:FunctionArn"],
        )],
    ),
    entry(
        "DeleteEventSourceMapping",
        &[on(
            MAPPING,
            "lambda:DeleteEventSourceMapping",
            &["lambda:FunctionArn"],
        )],
    ),
    entry(
        "GetEventSourceMapping",
        &[on(
            MAPPING,
            "lambda:GetEventSourceMapping",
            &["lambda:FunctionArn"],
        )],
    ),
    entry(
        "ListEventSourceMappings",
        &[on("*", "lambda:ListEventSourceMappings", &[])],
    ),
    entry(
        "UpdateEventSourceMapping",
        &[on(
            MAPPING,
            "lambda:UpdateEventSourceMapping",
            &["lambda:FunctionArn"],
        )],
    ),
    entry(
        "AddPermission",
        &[on(QUALIFIED, "lambda:AddPermission", PERMISSION_KEYS)],
    ),
    entry(
        "CreateFunction",
        &[
            on(FUNCTION, "lambda:CreateFunction", TAG_KEYS),
            on(FUNCTION, "lambda:TagResource", TAG_KEYS).when("with tags"),
            on(ROLE, "iam:PassRole", &["iam:PassedToService"]),
            on(OBJECT, "s3:GetObject", OWNER).when("with S3Key"),
            on(OBJECT, "s3:GetObjectVersion", VERSION).when("with S3ObjectVersion"),
            on(BUCKET, "s3:ListBucket", LISTED).when("to be told that an object is missing"),
        ],
    ),
    entry(
        "DeleteFunction",
        &[on(QUALIFIED, "lambda:DeleteFunction", KEYS)],
    ),
    entry(
        "DeleteFunctionConcurrency",
        &[on(FUNCTION, "lambda:DeleteFunctionConcurrency", KEYS)],
    ),
    entry(
        "DeleteFunctionEventInvokeConfig",
        &[on(
            QUALIFIED,
            "lambda:DeleteFunctionEventInvokeConfig",
            KEYS,
        )],
    ),
    entry(
        "GetAccountSettings",
        &[on("*", "lambda:GetAccountSettings", &[])],
    ),
    entry("GetFunction", &[on(QUALIFIED, "lambda:GetFunction", KEYS)]),
    entry(
        "GetFunctionConcurrency",
        &[on(FUNCTION, "lambda:GetFunctionConcurrency", KEYS)],
    ),
    entry(
        "GetFunctionConfiguration",
        &[on(QUALIFIED, "lambda:GetFunctionConfiguration", KEYS)],
    ),
    entry(
        "GetFunctionEventInvokeConfig",
        &[on(QUALIFIED, "lambda:GetFunctionEventInvokeConfig", KEYS)],
    ),
    entry(
        "ListFunctionEventInvokeConfigs",
        &[on(FUNCTION, "lambda:ListFunctionEventInvokeConfigs", KEYS)],
    ),
    entry("CreateAlias", &[on(FUNCTION, "lambda:CreateAlias", KEYS)]),
    entry("DeleteAlias", &[on(FUNCTION, "lambda:DeleteAlias", KEYS)]),
    entry("GetAlias", &[on(FUNCTION, "lambda:GetAlias", KEYS)]),
    entry("ListAliases", &[on(FUNCTION, "lambda:ListAliases", KEYS)]),
    entry("UpdateAlias", &[on(FUNCTION, "lambda:UpdateAlias", KEYS)]),
    entry("GetPolicy", &[on(QUALIFIED, "lambda:GetPolicy", KEYS)]),
    entry("Invoke", &[on(QUALIFIED, "lambda:InvokeFunction", KEYS)]),
    entry("ListFunctions", &[on("*", "lambda:ListFunctions", &[])]),
    entry(
        "ListVersionsByFunction",
        &[on(FUNCTION, "lambda:ListVersionsByFunction", KEYS)],
    ),
    entry(
        "PublishVersion",
        &[on(FUNCTION, "lambda:PublishVersion", KEYS)],
    ),
    entry("ListTags", &[on(FUNCTION, "lambda:ListTags", KEYS)]),
    entry(
        "PutFunctionConcurrency",
        &[on(FUNCTION, "lambda:PutFunctionConcurrency", KEYS)],
    ),
    entry(
        "PutFunctionEventInvokeConfig",
        &[on(QUALIFIED, "lambda:PutFunctionEventInvokeConfig", KEYS)],
    ),
    entry(
        "RemovePermission",
        &[on(QUALIFIED, "lambda:RemovePermission", KEYS)],
    ),
    entry(
        "TagResource",
        &[on(FUNCTION, "lambda:TagResource", TAG_KEYS)],
    ),
    entry(
        "UntagResource",
        &[on(FUNCTION, "lambda:UntagResource", TAG_KEYS)],
    ),
    entry(
        "UpdateFunctionCode",
        &[
            on(FUNCTION, "lambda:UpdateFunctionCode", KEYS),
            on(OBJECT, "s3:GetObject", OWNER).when("with S3Key"),
            on(OBJECT, "s3:GetObjectVersion", VERSION).when("with S3ObjectVersion"),
            on(BUCKET, "s3:ListBucket", LISTED).when("to be told that an object is missing"),
        ],
    ),
    entry(
        "UpdateFunctionConfiguration",
        &[
            on(FUNCTION, "lambda:UpdateFunctionConfiguration", KEYS),
            on(ROLE, "iam:PassRole", &["iam:PassedToService"]).when("with another role"),
        ],
    ),
    entry(
        "UpdateFunctionEventInvokeConfig",
        &[on(
            QUALIFIED,
            "lambda:UpdateFunctionEventInvokeConfig",
            KEYS,
        )],
    ),
];

const _: () = {
    let mut at = 0;
    while at < lambda::OPERATIONS.len() {
        assert!(
            has(LAMBDA, lambda::OPERATIONS[at].name),
            "an operation has no entry in its table of permissions"
        );
        at += 1;
    }
};
