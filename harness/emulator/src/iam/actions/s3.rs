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
    "s3:signatureAge",
    "s3:delimiter",
    "s3:max-keys",
    "s3:prefix",
    "s3:signatureversion",
    "s3:TlsVersion",
    "s3:x-amz-acl",
    "s3:x-amz-content-sha256",
];

/// What is known of another request to an object.
const OBJECT_KEYS: &[&str] = &[
    "s3:if-match",
    "s3:if-none-match",
    "s3:ResourceAccount",
    "s3:authType",
    "s3:signatureAge",
    "s3:signatureversion",
    "s3:TlsVersion",
    "s3:x-amz-content-sha256",
];

/// What is known of a request to a version of an object.
const VERSION_KEYS: &[&str] = &[
    "s3:ExistingObjectTag/",
    "s3:VersionId",
    "s3:ResourceAccount",
    "s3:authType",
    "s3:signatureversion",
    "s3:TlsVersion",
    "s3:x-amz-content-sha256",
];

/// What is known of writing an object.
const WRITE_KEYS: &[&str] = &[
    "s3:if-match",
    "s3:if-none-match",
    "s3:RequestObjectTag/",
    "s3:RequestObjectTagKeys",
    "s3:ResourceAccount",
    "s3:authType",
    "s3:signatureAge",
    "s3:signatureversion",
    "s3:TlsVersion",
    "s3:x-amz-acl",
    "s3:x-amz-content-sha256",
    "s3:x-amz-copy-source",
    "s3:x-amz-metadata-directive",
    "s3:x-amz-server-side-encryption",
    "s3:x-amz-storage-class",
];

/// What is known of reading an object or its tags.
const READ_KEYS: &[&str] = &[
    "s3:ExistingObjectTag/",
    "s3:if-match",
    "s3:if-none-match",
    "s3:ResourceAccount",
    "s3:authType",
    "s3:signatureAge",
    "s3:signatureversion",
    "s3:TlsVersion",
    "s3:x-amz-content-sha256",
];

/// What is known of giving an object other tags.
const TAGGING_KEYS: &[&str] = &[
    "s3:ExistingObjectTag/",
    "s3:RequestObjectTag/",
    "s3:RequestObjectTagKeys",
    "s3:ResourceAccount",
    "s3:authType",
    "s3:signatureAge",
    "s3:signatureversion",
    "s3:TlsVersion",
    "s3:x-amz-content-sha256",
];

/// What is known of making a bucket.
const CREATE_KEYS: &[&str] = &[
    "s3:LocationConstraint",
    "s3:authType",
    "s3:signatureAge",
    "s3:signatureversion",
    "s3:TlsVersion",
    "s3:x-amz-acl",
    "s3:x-amz-content-sha256",
    "s3:x-amz-object-ownership",
];

/// What is asked besides, about other objects or for other reasons than the request itself.
const EXTRA_KEYS: &[&str] = &["s3:ResourceAccount", "s3:TlsVersion"];
const EXTRA_READ_KEYS: &[&str] = &[
    "s3:ExistingObjectTag/",
    "s3:ResourceAccount",
    "s3:TlsVersion",
];
const EXTRA_VERSION_KEYS: &[&str] = &[
    "s3:ExistingObjectTag/",
    "s3:ResourceAccount",
    "s3:TlsVersion",
    "s3:VersionId",
];
const EXTRA_TAGGING_KEYS: &[&str] = &[
    "s3:ExistingObjectTag/",
    "s3:RequestObjectTag/",
    "s3:RequestObjectTagKeys",
    "s3:ResourceAccount",
    "s3:TlsVersion",
];

const fn reading(action: &'static str, when: &'static str) -> Permission {
    on(OBJECT, action, EXTRA_READ_KEYS).when(when)
}

const fn reading_version(action: &'static str, when: &'static str) -> Permission {
    on(OBJECT, action, EXTRA_VERSION_KEYS).when(when)
}

/// What is known of a version that is to be deleted, whose tags have no say.
const DELETED_VERSION_KEYS: &[&str] = &[
    "s3:VersionId",
    "s3:ResourceAccount",
    "s3:authType",
    "s3:signatureversion",
    "s3:TlsVersion",
    "s3:x-amz-content-sha256",
];

/// What is known of giving a version other tags.
const VERSION_TAGGING_KEYS: &[&str] = &[
    "s3:ExistingObjectTag/",
    "s3:RequestObjectTag/",
    "s3:RequestObjectTagKeys",
    "s3:VersionId",
    "s3:ResourceAccount",
    "s3:authType",
    "s3:signatureAge",
    "s3:signatureversion",
    "s3:TlsVersion",
    "s3:x-amz-content-sha256",
];

const fn version(action: &'static str) -> Permission {
    on(OBJECT, action, VERSION_KEYS).when("with a version")
}

const MISSING: Permission = on(
    BUCKET,
    "s3:ListBucket",
    &["s3:prefix", "s3:ResourceAccount", "s3:TlsVersion"],
)
.when("to be told that an object is missing");
const COMPARING: Permission = reading("s3:GetObject", "with If-Match and an ETag");
const TAGGING: Permission = on(OBJECT, "s3:PutObjectTagging", EXTRA_TAGGING_KEYS).when("with tags");

/// The permissions besides the operation's own.
const EXTRAS: &[(&str, &[Permission])] = &[
    ("PutObject", &[TAGGING, COMPARING, MISSING]),
    ("CreateMultipartUpload", &[TAGGING]),
    ("CompleteMultipartUpload", &[COMPARING, MISSING]),
    ("GetObject", &[version("s3:GetObjectVersion"), MISSING]),
    ("HeadObject", &[version("s3:GetObjectVersion"), MISSING]),
    (
        "DeleteObject",
        &[
            on(OBJECT, "s3:DeleteObjectVersion", DELETED_VERSION_KEYS).when("with a version"),
            COMPARING,
            MISSING,
        ],
    ),
    (
        "DeleteObjects",
        &[
            on(OBJECT, "s3:DeleteObject", EXTRA_KEYS),
            on(OBJECT, "s3:DeleteObjectVersion", DELETED_VERSION_KEYS).when("with a version"),
            COMPARING,
            MISSING,
        ],
    ),
    (
        "CopyObject",
        &[
            reading("s3:GetObject", "on the source"),
            reading_version("s3:GetObjectVersion", "on a version as source"),
            reading("s3:GetObjectTagging", "on a source with tags to copy"),
            reading_version(
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
            reading("s3:GetObject", "on the source"),
            reading_version("s3:GetObjectVersion", "on a version as source"),
            MISSING,
        ],
    ),
    (
        "GetObjectTagging",
        &[version("s3:GetObjectVersionTagging"), MISSING],
    ),
    (
        "PutObjectTagging",
        &[
            on(OBJECT, "s3:PutObjectVersionTagging", VERSION_TAGGING_KEYS).when("with a version"),
            MISSING,
        ],
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
        Subject::Bucket => on(BUCKET, action, bucket_keys(action)),
        Subject::Object => on(OBJECT, action, object_keys(action)),
    });
    let extras = EXTRAS
        .iter()
        .filter(move |(name, _)| *name == operation.name)
        .flat_map(|(_, permissions)| permissions.iter().copied());
    own.into_iter().chain(extras)
}

fn bucket_keys(action: &str) -> &'static [&'static str] {
    match action {
        "s3:CreateBucket" => CREATE_KEYS,
        _ => BUCKET_KEYS,
    }
}

fn object_keys(action: &str) -> &'static [&'static str] {
    match action {
        "s3:PutObject" => WRITE_KEYS,
        "s3:PutObjectTagging" => TAGGING_KEYS,
        "s3:GetObject" | "s3:GetObjectTagging" | "s3:DeleteObjectTagging" => READ_KEYS,
        _ => OBJECT_KEYS,
    }
}
