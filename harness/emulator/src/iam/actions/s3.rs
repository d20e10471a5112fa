//! S3's permissions: the operation's own, from S3's table, and those that some parameters add.
//!
//! Follows <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>
//! and <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>.

use super::{Permission, on};
use crate::s3::{OPERATIONS, Operation, Subject};

const BUCKET: &str = "arn:aws:s3:::BUCKET";
const OBJECT: &str = "arn:aws:s3:::BUCKET/KEY";

/// What is known of a request to a bucket.
const BUCKET_KEYS: &[&str] = &[
    "s3:ResourceAccount",
    "s3:authType",
    "s3:delimiter",
    "s3:max-keys",
    "s3:prefix",
    "s3:signatureversion",
    "s3:TlsVersion",
    "s3:x-amz-acl",
    "s3:x-amz-content-sha256",
];

/// What is known of a request to an object.
const OBJECT_KEYS: &[&str] = &[
    "s3:if-match",
    "s3:if-none-match",
    "s3:ResourceAccount",
    "s3:authType",
    "s3:signatureversion",
    "s3:TlsVersion",
    "s3:x-amz-acl",
    "s3:x-amz-content-sha256",
    "s3:x-amz-copy-source",
    "s3:x-amz-metadata-directive",
    "s3:x-amz-server-side-encryption",
    "s3:x-amz-storage-class",
];

const VERSION_KEYS: &[&str] = &[
    "s3:VersionId",
    "s3:ResourceAccount",
    "s3:authType",
    "s3:signatureversion",
    "s3:TlsVersion",
    "s3:x-amz-content-sha256",
];

/// What is asked besides, about other objects or for other reasons than the request itself.
const EXTRA_KEYS: &[&str] = &["s3:ResourceAccount", "s3:TlsVersion"];

const fn extra(action: &'static str, when: &'static str) -> Permission {
    on(OBJECT, action, EXTRA_KEYS).when(when)
}

const fn version(action: &'static str) -> Permission {
    on(OBJECT, action, VERSION_KEYS).when("with a version")
}

const MISSING: Permission = on(
    BUCKET,
    "s3:ListBucket",
    &["s3:prefix", "s3:ResourceAccount", "s3:TlsVersion"],
)
.when("to be told that an object is missing");
const COMPARING: Permission = extra("s3:GetObject", "with If-Match and an ETag");
const TAGGING: Permission = extra("s3:PutObjectTagging", "with tags");

/// The permissions besides the operation's own.
const EXTRAS: &[(&str, &[Permission])] = &[
    ("PutObject", &[TAGGING, COMPARING, MISSING]),
    ("CreateMultipartUpload", &[TAGGING]),
    ("CompleteMultipartUpload", &[COMPARING, MISSING]),
    ("GetObject", &[version("s3:GetObjectVersion"), MISSING]),
    ("HeadObject", &[version("s3:GetObjectVersion"), MISSING]),
    (
        "DeleteObject",
        &[version("s3:DeleteObjectVersion"), COMPARING, MISSING],
    ),
    (
        "DeleteObjects",
        &[
            on(OBJECT, "s3:DeleteObject", EXTRA_KEYS),
            version("s3:DeleteObjectVersion"),
            COMPARING,
            MISSING,
        ],
    ),
    (
        "CopyObject",
        &[
            extra("s3:GetObject", "on the source"),
            extra("s3:GetObjectVersion", "on a version as source"),
            extra("s3:GetObjectTagging", "on a source with tags to copy"),
            extra(
                "s3:GetObjectVersionTagging",
                "on a version with tags to copy",
            ),
            TAGGING,
            COMPARING,
            MISSING,
        ],
    ),
    (
        "UploadPartCopy",
        &[
            extra("s3:GetObject", "on the source"),
            extra("s3:GetObjectVersion", "on a version as source"),
            MISSING,
        ],
    ),
    (
        "GetObjectTagging",
        &[version("s3:GetObjectVersionTagging"), MISSING],
    ),
    (
        "PutObjectTagging",
        &[version("s3:PutObjectVersionTagging"), MISSING],
    ),
    (
        "DeleteObjectTagging",
        &[version("s3:DeleteObjectVersionTagging"), MISSING],
    ),
];

pub(super) fn permissions(name: &str) -> Option<Vec<Permission>> {
    let operation = OPERATIONS.iter().find(|operation| operation.name == name)?;
    Some(of(operation).collect())
}

/// Every permission of every operation.
pub(super) fn all() -> impl Iterator<Item = Permission> {
    OPERATIONS.iter().flat_map(of)
}

fn of(operation: &'static Operation) -> impl Iterator<Item = Permission> {
    let own = operation.action.map(|action| match operation.on {
        Subject::Account => on("*", action, &[]),
        Subject::Bucket => on(BUCKET, action, BUCKET_KEYS),
        Subject::Object => on(OBJECT, action, OBJECT_KEYS),
    });
    let extras = EXTRAS
        .iter()
        .filter(move |(name, _)| *name == operation.name)
        .flat_map(|(_, permissions)| permissions.iter().copied());
    own.into_iter().chain(extras)
}
