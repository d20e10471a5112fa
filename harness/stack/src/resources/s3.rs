//! Buckets, and what Terraform configures about them in resources of their own.

use serde::Serialize;
use zipster_names::{Arn, BucketName};

use super::PolicyDocument;

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

/// What a bucket can tell of. The wildcards are events of their own, as in S3's API.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BucketEvent {
    /// `s3:ObjectCreated:*`
    AnyObjectCreated,
    /// `s3:ObjectCreated:Put`
    ObjectCreatedPut,
    /// `s3:ObjectCreated:Post`
    ObjectCreatedPost,
    /// `s3:ObjectCreated:Copy`
    ObjectCreatedCopy,
    /// `s3:ObjectCreated:CompleteMultipartUpload`
    ObjectCreatedCompleteMultipartUpload,
    /// `s3:ObjectRemoved:*`
    AnyObjectRemoved,
    /// `s3:ObjectRemoved:Delete`
    ObjectRemovedDelete,
    /// `s3:ObjectRemoved:DeleteMarkerCreated`
    ObjectRemovedDeleteMarkerCreated,
    /// `s3:ObjectRestore:*`
    AnyObjectRestore,
    /// `s3:ObjectRestore:Post`
    ObjectRestorePost,
    /// `s3:ObjectRestore:Completed`
    ObjectRestoreCompleted,
    /// `s3:ObjectRestore:Delete`
    ObjectRestoreDelete,
    /// `s3:ReducedRedundancyLostObject`
    ReducedRedundancyLostObject,
    /// `s3:Replication:*`
    AnyReplication,
    /// `s3:Replication:OperationFailedReplication`
    ReplicationOperationFailedReplication,
    /// `s3:Replication:OperationNotTracked`
    ReplicationOperationNotTracked,
    /// `s3:Replication:OperationMissedThreshold`
    ReplicationOperationMissedThreshold,
    /// `s3:Replication:OperationReplicatedAfterThreshold`
    ReplicationOperationReplicatedAfterThreshold,
    /// `s3:LifecycleTransition`
    LifecycleTransition,
    /// `s3:IntelligentTiering`
    IntelligentTiering,
    /// `s3:ObjectAcl:Put`
    ObjectAclPut,
    /// `s3:LifecycleExpiration:*`
    AnyLifecycleExpiration,
    /// `s3:LifecycleExpiration:Delete`
    LifecycleExpirationDelete,
    /// `s3:LifecycleExpiration:DeleteMarkerCreated`
    LifecycleExpirationDeleteMarkerCreated,
    /// `s3:ObjectTagging:*`
    AnyObjectTagging,
    /// `s3:ObjectTagging:Put`
    ObjectTaggingPut,
    /// `s3:ObjectTagging:Delete`
    ObjectTaggingDelete,
}

impl BucketEvent {
    /// Every event, in the order of the page above.
    pub const ALL: [Self; 27] = [
        Self::AnyObjectCreated,
        Self::ObjectCreatedPut,
        Self::ObjectCreatedPost,
        Self::ObjectCreatedCopy,
        Self::ObjectCreatedCompleteMultipartUpload,
        Self::AnyObjectRemoved,
        Self::ObjectRemovedDelete,
        Self::ObjectRemovedDeleteMarkerCreated,
        Self::AnyObjectRestore,
        Self::ObjectRestorePost,
        Self::ObjectRestoreCompleted,
        Self::ObjectRestoreDelete,
        Self::ReducedRedundancyLostObject,
        Self::AnyReplication,
        Self::ReplicationOperationFailedReplication,
        Self::ReplicationOperationNotTracked,
        Self::ReplicationOperationMissedThreshold,
        Self::ReplicationOperationReplicatedAfterThreshold,
        Self::LifecycleTransition,
        Self::IntelligentTiering,
        Self::ObjectAclPut,
        Self::AnyLifecycleExpiration,
        Self::LifecycleExpirationDelete,
        Self::LifecycleExpirationDeleteMarkerCreated,
        Self::AnyObjectTagging,
        Self::ObjectTaggingPut,
        Self::ObjectTaggingDelete,
    ];

    /// The name in S3's API, such as `s3:ObjectCreated:*`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::AnyObjectCreated => "s3:ObjectCreated:*",
            Self::ObjectCreatedPut => "s3:ObjectCreated:Put",
            Self::ObjectCreatedPost => "s3:ObjectCreated:Post",
            Self::ObjectCreatedCopy => "s3:ObjectCreated:Copy",
            Self::ObjectCreatedCompleteMultipartUpload => {
                "s3:ObjectCreated:CompleteMultipartUpload"
            }
            Self::AnyObjectRemoved => "s3:ObjectRemoved:*",
            Self::ObjectRemovedDelete => "s3:ObjectRemoved:Delete",
            Self::ObjectRemovedDeleteMarkerCreated => "s3:ObjectRemoved:DeleteMarkerCreated",
            Self::AnyObjectRestore => "s3:ObjectRestore:*",
            Self::ObjectRestorePost => "s3:ObjectRestore:Post",
            Self::ObjectRestoreCompleted => "s3:ObjectRestore:Completed",
            Self::ObjectRestoreDelete => "s3:ObjectRestore:Delete",
            Self::ReducedRedundancyLostObject => "s3:ReducedRedundancyLostObject",
            Self::AnyReplication => "s3:Replication:*",
            Self::ReplicationOperationFailedReplication => {
                "s3:Replication:OperationFailedReplication"
            }
            Self::ReplicationOperationNotTracked => "s3:Replication:OperationNotTracked",
            Self::ReplicationOperationMissedThreshold => "s3:Replication:OperationMissedThreshold",
            Self::ReplicationOperationReplicatedAfterThreshold => {
                "s3:Replication:OperationReplicatedAfterThreshold"
            }
            Self::LifecycleTransition => "s3:LifecycleTransition",
            Self::IntelligentTiering => "s3:IntelligentTiering",
            Self::ObjectAclPut => "s3:ObjectAcl:Put",
            Self::AnyLifecycleExpiration => "s3:LifecycleExpiration:*",
            Self::LifecycleExpirationDelete => "s3:LifecycleExpiration:Delete",
            Self::LifecycleExpirationDeleteMarkerCreated => {
                "s3:LifecycleExpiration:DeleteMarkerCreated"
            }
            Self::AnyObjectTagging => "s3:ObjectTagging:*",
            Self::ObjectTaggingPut => "s3:ObjectTagging:Put",
            Self::ObjectTaggingDelete => "s3:ObjectTagging:Delete",
        }
    }

    /// Whether `self`, in a configuration, asks to be told of `event`.
    #[must_use]
    pub fn covers(&self, event: Self) -> bool {
        match self.as_str().strip_suffix('*') {
            Some(family) => event.as_str().starts_with(family),
            None => *self == event,
        }
    }
}

impl Serialize for BucketEvent {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
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
