//! What a bucket can tell of.

use serde::Serialize;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_covers_its_family() {
        for (asked, event, covered) in [
            (
                BucketEvent::AnyObjectCreated,
                BucketEvent::ObjectCreatedPut,
                true,
            ),
            (
                BucketEvent::AnyObjectCreated,
                BucketEvent::ObjectRemovedDelete,
                false,
            ),
            (
                BucketEvent::ObjectCreatedPut,
                BucketEvent::ObjectCreatedPut,
                true,
            ),
            (
                BucketEvent::ObjectCreatedPut,
                BucketEvent::ObjectCreatedPost,
                false,
            ),
            (
                BucketEvent::AnyObjectTagging,
                BucketEvent::ObjectTaggingPut,
                true,
            ),
        ] {
            assert_eq!(asked.covers(event), covered, "{asked:?} {event:?}");
        }
    }
}
