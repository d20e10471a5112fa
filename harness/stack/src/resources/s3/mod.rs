//! Buckets, and what Terraform configures about them in resources of their own.

mod event;
mod read;

use serde::Serialize;
use zipster_names::{Arn, BucketName};

use super::PolicyDocument;

pub use event::BucketEvent;
pub(crate) use read::{
    BUCKET, BUCKET_ENCRYPTION, BUCKET_LIFECYCLE, BUCKET_NOTIFICATION, BUCKET_OWNERSHIP_CONTROLS,
    BUCKET_POLICY, BUCKET_PUBLIC_ACCESS_BLOCK, BUCKET_VERSIONING,
};

/// `aws_s3_bucket`
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bucket {
    /// Its name.
    pub name: BucketName,
    /// Its ARN.
    pub arn: Arn,
    /// Whether destroying the stack may delete it with objects in it.
    pub force_destroy: bool,
}

/// `aws_s3_bucket_notification`: all that a bucket tells, and whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BucketNotification {
    /// The bucket.
    pub bucket: BucketName,
    /// The functions to invoke.
    pub functions: Vec<NotificationTarget>,
    /// The queues to send to.
    pub queues: Vec<NotificationTarget>,
    /// The topics to publish to.
    pub topics: Vec<NotificationTarget>,
}

/// One `lambda_function`, `queue` or `topic` block of a bucket notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotificationTarget {
    /// The configuration's id, which events carry; AWS makes one up if it is `None`.
    pub id: Option<String>,
    /// The function, queue or topic.
    pub destination: Arn,
    /// What it is told of.
    pub events: Vec<BucketEvent>,
    /// What the keys have to begin with.
    pub prefix: Option<String>,
    /// What the keys have to end with.
    pub suffix: Option<String>,
}

/// `aws_s3_bucket_versioning`
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BucketVersioning {
    /// The bucket.
    pub bucket: BucketName,
    /// Whether it keeps versions.
    pub status: VersioningStatus,
}

/// Whether a bucket keeps versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum VersioningStatus {
    /// New objects get versions.
    Enabled,
    /// They did, and no longer do.
    Suspended,
    /// They never did: the same as no configuration.
    Disabled,
}

/// `aws_s3_bucket_public_access_block`
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BucketPublicAccessBlock {
    /// The bucket.
    pub bucket: BucketName,
    /// Refuse new public ACLs.
    pub block_public_acls: bool,
    /// Refuse new public policies.
    pub block_public_policy: bool,
    /// Disregard public ACLs.
    pub ignore_public_acls: bool,
    /// Keep strangers out of a bucket with a public policy.
    pub restrict_public_buckets: bool,
}

/// `aws_s3_bucket_server_side_encryption_configuration`
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BucketEncryption {
    /// The bucket.
    pub bucket: BucketName,
    /// Its rules.
    pub rules: Vec<EncryptionRule>,
}

/// One `rule` block of a bucket's encryption.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EncryptionRule {
    /// How objects are encrypted that do not say it themselves.
    pub algorithm: Option<EncryptionAlgorithm>,
    /// The key, for the algorithms that have one.
    pub kms_key: Option<String>,
    /// Whether a key of the bucket's own saves calls to KMS.
    pub bucket_key_enabled: bool,
}

/// How S3 encrypts an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum EncryptionAlgorithm {
    /// `AES256`: with S3's own keys.
    #[serde(rename = "AES256")]
    Aes256,
    /// `aws:kms`
    #[serde(rename = "aws:kms")]
    AwsKms,
    /// `aws:kms:dsse`: twice.
    #[serde(rename = "aws:kms:dsse")]
    AwsKmsDsse,
}

/// `aws_s3_bucket_lifecycle_configuration`
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BucketLifecycle {
    /// The bucket.
    pub bucket: BucketName,
    /// Its rules.
    pub rules: Vec<LifecycleRule>,
}

/// One `rule` block of a bucket's lifecycle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LifecycleRule {
    /// Its id.
    pub id: String,
    /// Whether it is in force.
    pub enabled: bool,
    /// Which objects it is for; all of them if every part is `None`.
    pub filter: LifecycleFilter,
    /// After how many days objects expire.
    pub expiration_days: Option<u64>,
    /// Whether a delete marker goes once there are no versions behind it.
    pub expired_object_delete_marker: bool,
    /// After how many days versions expire that are no longer current.
    pub noncurrent_expiration_days: Option<u64>,
    /// After how many days uploads in parts are given up that were not completed.
    pub abort_incomplete_multipart_upload_days: Option<u64>,
}

/// Which objects a lifecycle rule is for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LifecycleFilter {
    /// What their keys begin with.
    pub prefix: Option<String>,
    /// In bytes, not counted.
    pub size_greater_than: Option<u64>,
    /// In bytes, not counted.
    pub size_less_than: Option<u64>,
}

/// `aws_s3_bucket_policy`
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BucketPolicy {
    /// The bucket.
    pub bucket: BucketName,
    /// Who may do what with it.
    pub policy: PolicyDocument,
}

/// `aws_s3_bucket_ownership_controls`
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BucketOwnershipControls {
    /// The bucket.
    pub bucket: BucketName,
    /// Whose the objects are that others put.
    pub ownership: ObjectOwnership,
}

/// Whose an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum ObjectOwnership {
    /// The bucket owner's, and ACLs are off.
    BucketOwnerEnforced,
    /// The bucket owner's, if the writer says so in an ACL.
    BucketOwnerPreferred,
    /// The writer's.
    ObjectWriter,
}
