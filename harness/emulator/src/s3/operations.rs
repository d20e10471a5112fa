//! The operations that are supported, and what each needs to be allowed to do.
//!
//! Follows <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>.
//! What is not in the table is refused by name.

/// An operation and the permission that it needs.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// The API name.
    pub name: &'static str,
    /// The IAM action; `None` when the operation decides for each object that it is given.
    pub action: Option<&'static str>,
    /// What the action is on.
    pub on: Subject,
}

/// What an action is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// All buckets of the account.
    Account,
    /// A bucket.
    Bucket,
    /// An object.
    Object,
}

const fn account(name: &'static str, action: &'static str) -> Operation {
    Operation {
        name,
        action: Some(action),
        on: Subject::Account,
    }
}

const fn bucket(name: &'static str, action: &'static str) -> Operation {
    Operation {
        name,
        action: Some(action),
        on: Subject::Bucket,
    }
}

const fn object(name: &'static str, action: &'static str) -> Operation {
    Operation {
        name,
        action: Some(action),
        on: Subject::Object,
    }
}

/// Every supported operation.
pub const OPERATIONS: &[Operation] = &[
    account("ListBuckets", "s3:ListAllMyBuckets"),
    bucket("CreateBucket", "s3:CreateBucket"),
    bucket("HeadBucket", "s3:ListBucket"),
    bucket("DeleteBucket", "s3:DeleteBucket"),
    bucket("GetBucketLocation", "s3:GetBucketLocation"),
    bucket("GetBucketTagging", "s3:GetBucketTagging"),
    bucket("PutBucketTagging", "s3:PutBucketTagging"),
    bucket("DeleteBucketTagging", "s3:PutBucketTagging"),
    bucket("GetBucketVersioning", "s3:GetBucketVersioning"),
    bucket("PutBucketVersioning", "s3:PutBucketVersioning"),
    bucket("GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock"),
    bucket("PutPublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
    bucket("DeletePublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
    bucket("GetBucketEncryption", "s3:GetEncryptionConfiguration"),
    bucket("PutBucketEncryption", "s3:PutEncryptionConfiguration"),
    bucket("DeleteBucketEncryption", "s3:PutEncryptionConfiguration"),
    bucket(
        "GetBucketLifecycleConfiguration",
        "s3:GetLifecycleConfiguration",
    ),
    bucket(
        "PutBucketLifecycleConfiguration",
        "s3:PutLifecycleConfiguration",
    ),
    bucket("DeleteBucketLifecycle", "s3:PutLifecycleConfiguration"),
    bucket(
        "GetBucketOwnershipControls",
        "s3:GetBucketOwnershipControls",
    ),
    bucket(
        "PutBucketOwnershipControls",
        "s3:PutBucketOwnershipControls",
    ),
    bucket(
        "DeleteBucketOwnershipControls",
        "s3:PutBucketOwnershipControls",
    ),
    bucket("GetBucketPolicy", "s3:GetBucketPolicy"),
    bucket("PutBucketPolicy", "s3:PutBucketPolicy"),
    bucket("DeleteBucketPolicy", "s3:DeleteBucketPolicy"),
    bucket(
        "GetBucketNotificationConfiguration",
        "s3:GetBucketNotification",
    ),
    bucket(
        "PutBucketNotificationConfiguration",
        "s3:PutBucketNotification",
    ),
    // Never configured here, which is what these say.
    bucket("GetBucketAcl", "s3:GetBucketAcl"),
    bucket(
        "GetBucketAccelerateConfiguration",
        "s3:GetAccelerateConfiguration",
    ),
    bucket("GetBucketCors", "s3:GetBucketCORS"),
    bucket("GetBucketLogging", "s3:GetBucketLogging"),
    bucket("GetBucketReplication", "s3:GetReplicationConfiguration"),
    bucket("GetBucketRequestPayment", "s3:GetBucketRequestPayment"),
    bucket("GetBucketWebsite", "s3:GetBucketWebsite"),
    bucket(
        "GetObjectLockConfiguration",
        "s3:GetBucketObjectLockConfiguration",
    ),
    bucket("ListObjects", "s3:ListBucket"),
    bucket("ListObjectsV2", "s3:ListBucket"),
    bucket("ListObjectVersions", "s3:ListBucketVersions"),
    bucket("ListMultipartUploads", "s3:ListBucketMultipartUploads"),
    object("PutObject", "s3:PutObject"),
    object("GetObject", "s3:GetObject"),
    object("HeadObject", "s3:GetObject"),
    object("DeleteObject", "s3:DeleteObject"),
    Operation {
        name: "DeleteObjects",
        action: None,
        on: Subject::Bucket,
    },
    object("CopyObject", "s3:PutObject"),
    object("GetObjectTagging", "s3:GetObjectTagging"),
    object("PutObjectTagging", "s3:PutObjectTagging"),
    object("DeleteObjectTagging", "s3:DeleteObjectTagging"),
    object("CreateMultipartUpload", "s3:PutObject"),
    object("UploadPart", "s3:PutObject"),
    object("UploadPartCopy", "s3:PutObject"),
    object("CompleteMultipartUpload", "s3:PutObject"),
    object("AbortMultipartUpload", "s3:AbortMultipartUpload"),
    object("ListParts", "s3:ListMultipartUploadParts"),
];

/// The permission that it takes to do to a version what `action` does to an object, with what
/// policies may have conditions on.
pub(super) fn on_version(
    action: &'static str,
    version: Option<&str>,
) -> (&'static str, Option<(&'static str, String)>) {
    let Some(version) = version else {
        return (action, None);
    };
    let action = match action {
        "s3:GetObject" => "s3:GetObjectVersion",
        "s3:DeleteObject" => "s3:DeleteObjectVersion",
        "s3:GetObjectTagging" => "s3:GetObjectVersionTagging",
        "s3:PutObjectTagging" => "s3:PutObjectVersionTagging",
        "s3:DeleteObjectTagging" => "s3:DeleteObjectVersionTagging",
        other => other,
    };
    (action, Some(("s3:VersionId", version.to_owned())))
}

/// The entry of an operation.
pub(super) fn find(name: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|operation| operation.name == name)
}
