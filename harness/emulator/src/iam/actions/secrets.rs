//! The permissions of Secrets Manager.
//!
//! Follows <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html>.

use super::{Entry, entry, has, on};
use crate::secrets;

const SECRET: &str = "arn:aws:secretsmanager:REGION:ACCOUNT:secret:SECRET";

const SECRET_KEYS: &[&str] = &[
    "aws:ResourceTag/",
    "secretsmanager:ResourceTag/",
    "secretsmanager:SecretId",
];
const VALUE_KEYS: &[&str] = &[
    "aws:ResourceTag/",
    "secretsmanager:ResourceTag/",
    "secretsmanager:SecretId",
    "secretsmanager:VersionId",
    "secretsmanager:VersionStage",
];
const TAG_KEYS: &[&str] = &[
    "aws:RequestTag/",
    "aws:ResourceTag/",
    "aws:TagKeys",
    "secretsmanager:ResourceTag/",
    "secretsmanager:SecretId",
];
const CREATE_KEYS: &[&str] = &["aws:RequestTag/", "aws:TagKeys", "secretsmanager:Name"];

/// The operations of Secrets Manager.
pub(super) const SECRETS: &[Entry] = &[
    entry(
        "CreateSecret",
        &[
            on(SECRET, "secretsmanager:CreateSecret", CREATE_KEYS),
            on(SECRET, "secretsmanager:TagResource", CREATE_KEYS).when("with tags"),
        ],
    ),
    entry(
        "DeleteResourcePolicy",
        &[on(
            SECRET,
            "secretsmanager:DeleteResourcePolicy",
            SECRET_KEYS,
        )],
    ),
    entry(
        "DeleteSecret",
        &[on(SECRET, "secretsmanager:DeleteSecret", SECRET_KEYS)],
    ),
    entry(
        "DescribeSecret",
        &[on(SECRET, "secretsmanager:DescribeSecret", SECRET_KEYS)],
    ),
    entry(
        "GetRandomPassword",
        &[on("*", "secretsmanager:GetRandomPassword", &[])],
    ),
    entry(
        "GetResourcePolicy",
        &[on(SECRET, "secretsmanager:GetResourcePolicy", SECRET_KEYS)],
    ),
    entry(
        "GetSecretValue",
        &[on(SECRET, "secretsmanager:GetSecretValue", VALUE_KEYS)],
    ),
    entry(
        "ListSecretVersionIds",
        &[on(
            SECRET,
            "secretsmanager:ListSecretVersionIds",
            SECRET_KEYS,
        )],
    ),
    entry("ListSecrets", &[on("*", "secretsmanager:ListSecrets", &[])]),
    entry(
        "PutResourcePolicy",
        &[on(SECRET, "secretsmanager:PutResourcePolicy", SECRET_KEYS)],
    ),
    entry(
        "PutSecretValue",
        &[on(SECRET, "secretsmanager:PutSecretValue", SECRET_KEYS)],
    ),
    entry(
        "RestoreSecret",
        &[on(SECRET, "secretsmanager:RestoreSecret", SECRET_KEYS)],
    ),
    entry(
        "TagResource",
        &[on(SECRET, "secretsmanager:TagResource", TAG_KEYS)],
    ),
    entry(
        "UntagResource",
        &[on(SECRET, "secretsmanager:UntagResource", TAG_KEYS)],
    ),
    entry(
        "UpdateSecret",
        &[on(SECRET, "secretsmanager:UpdateSecret", SECRET_KEYS)],
    ),
];

const _: () = {
    let mut at = 0;
    while at < secrets::OPERATIONS.len() {
        assert!(
            has(SECRETS, secrets::OPERATIONS[at].name),
            "an operation has no entry in its table of permissions"
        );
        at += 1;
    }
};
