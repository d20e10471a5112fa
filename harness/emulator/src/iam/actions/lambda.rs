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
const OWNER: &[&str] = &["s3:ResourceAccount"];
const VERSION: &[&str] = &["s3:VersionId", "s3:ResourceAccount"];
const LISTED: &[&str] = &["s3:prefix", "s3:ResourceAccount"];
const ROLE: &str = "arn:aws:iam::ACCOUNT:role/ROLE";

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
        &[on(QUALIFIED, "lambda:AddPermission", &[])],
    ),
    entry(
        "CreateFunction",
        &[
            on(FUNCTION, "lambda:CreateFunction", &[]),
            on(ROLE, "iam:PassRole", &["iam:PassedToService"]),
            on(OBJECT, "s3:GetObject", OWNER).when("with S3Key"),
            on(OBJECT, "s3:GetObjectVersion", VERSION).when("with S3ObjectVersion"),
            on(BUCKET, "s3:ListBucket", LISTED).when("to be told that an object is missing"),
        ],
    ),
    entry(
        "DeleteFunction",
        &[on(QUALIFIED, "lambda:DeleteFunction", &[])],
    ),
    entry(
        "DeleteFunctionConcurrency",
        &[on(FUNCTION, "lambda:DeleteFunctionConcurrency", &[])],
    ),
    entry(
        "DeleteFunctionEventInvokeConfig",
        &[on(QUALIFIED, "lambda:DeleteFunctionEventInvokeConfig", &[])],
    ),
    entry(
        "GetAccountSettings",
        &[on("*", "lambda:GetAccountSettings", &[])],
    ),
    entry("GetFunction", &[on(QUALIFIED, "lambda:GetFunction", &[])]),
    entry(
        "GetFunctionConcurrency",
        &[on(FUNCTION, "lambda:GetFunctionConcurrency", &[])],
    ),
    entry(
        "GetFunctionConfiguration",
        &[on(QUALIFIED, "lambda:GetFunctionConfiguration", &[])],
    ),
    entry(
        "GetFunctionEventInvokeConfig",
        &[on(QUALIFIED, "lambda:GetFunctionEventInvokeConfig", &[])],
    ),
    entry("CreateAlias", &[on(FUNCTION, "lambda:CreateAlias", &[])]),
    entry("DeleteAlias", &[on(FUNCTION, "lambda:DeleteAlias", &[])]),
    entry("GetAlias", &[on(FUNCTION, "lambda:GetAlias", &[])]),
    entry("ListAliases", &[on(FUNCTION, "lambda:ListAliases", &[])]),
    entry("UpdateAlias", &[on(FUNCTION, "lambda:UpdateAlias", &[])]),
    entry("GetPolicy", &[on(QUALIFIED, "lambda:GetPolicy", &[])]),
    entry("Invoke", &[on(QUALIFIED, "lambda:InvokeFunction", &[])]),
    entry("ListFunctions", &[on("*", "lambda:ListFunctions", &[])]),
    entry(
        "ListVersionsByFunction",
        &[on(FUNCTION, "lambda:ListVersionsByFunction", &[])],
    ),
    entry(
        "PublishVersion",
        &[on(FUNCTION, "lambda:PublishVersion", &[])],
    ),
    entry("ListTags", &[on(FUNCTION, "lambda:ListTags", &[])]),
    entry(
        "PutFunctionConcurrency",
        &[on(FUNCTION, "lambda:PutFunctionConcurrency", &[])],
    ),
    entry(
        "PutFunctionEventInvokeConfig",
        &[on(QUALIFIED, "lambda:PutFunctionEventInvokeConfig", &[])],
    ),
    entry(
        "RemovePermission",
        &[on(QUALIFIED, "lambda:RemovePermission", &[])],
    ),
    entry("TagResource", &[on(FUNCTION, "lambda:TagResource", &[])]),
    entry(
        "UntagResource",
        &[on(FUNCTION, "lambda:UntagResource", &[])],
    ),
    entry(
        "UpdateFunctionCode",
        &[
            on(FUNCTION, "lambda:UpdateFunctionCode", &[]),
            on(OBJECT, "s3:GetObject", OWNER).when("with S3Key"),
            on(OBJECT, "s3:GetObjectVersion", VERSION).when("with S3ObjectVersion"),
            on(BUCKET, "s3:ListBucket", LISTED).when("to be told that an object is missing"),
        ],
    ),
    entry(
        "UpdateFunctionConfiguration",
        &[
            on(FUNCTION, "lambda:UpdateFunctionConfiguration", &[]),
            on(ROLE, "iam:PassRole", &["iam:PassedToService"]).when("with another role"),
        ],
    ),
    entry(
        "UpdateFunctionEventInvokeConfig",
        &[on(QUALIFIED, "lambda:UpdateFunctionEventInvokeConfig", &[])],
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
