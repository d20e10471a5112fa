//! Deleting objects, their versions, or only the sight of them.
//!
//! Follows <https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeletingObjectVersions.html>.

use s3s::S3Error;
use s3s::dto::{
    DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject,
    ETagCondition, Error as DeleteError, ObjectIdentifier,
};
use zipster_names::ObjectKey;

use super::access::{Shared, object_key};
use super::api::Call;
use super::conditions::check_match;
use super::error::Failure;
use super::event::EventKind;
use super::notification::announce;
use super::operations::on_version;
use super::store::{Bucket, Moment};
use super::track::Caller;
use super::versions::{Marker, Version, VersionId, Versioning};

/// Removes an object, or one of its versions; one that does not exist is removed just as well.
///
/// Without a version to remove, a bucket that keeps versions puts a delete marker in front of
/// them.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html>.
pub(super) async fn delete_object(
    shared: &Shared,
    call: Call<DeleteObjectInput>,
) -> Result<DeleteObjectOutput, Failure> {
    let Call { caller, input, .. } = call;
    let target = Target {
        bucket: &input.bucket,
        key: &input.key,
        version: input.version_id.as_deref(),
    };
    let removed = target.remove(shared, &caller, input.if_match.as_ref())?;
    Ok(DeleteObjectOutput {
        delete_marker: removed.is_marker.then_some(true),
        version_id: removed.version_id,
        ..DeleteObjectOutput::default()
    })
}

/// Removes up to 1000 objects, each on its own: some may go while others stay.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html>.
pub(super) async fn delete_objects(
    shared: &Shared,
    call: Call<DeleteObjectsInput>,
) -> Result<DeleteObjectsOutput, Failure> {
    let Call { caller, input, .. } = call;
    let objects = input.delete.objects;
    if objects.is_empty() || objects.len() > 1000 {
        return Err(Failure::MalformedXml);
    }
    let quiet = input.delete.quiet.unwrap_or_default();
    let (mut deleted, mut errors) = (Vec::new(), Vec::new());
    for object in objects {
        match delete_one(shared, &caller, &input.bucket, &object) {
            Ok(removed) => deleted.push(DeletedObject {
                key: Some(object.key),
                version_id: object.version_id,
                delete_marker: removed.is_marker.then_some(true),
                delete_marker_version_id: removed.version_id.filter(|_| removed.is_marker),
            }),
            Err(failure) => {
                let error = S3Error::from(failure);
                errors.push(DeleteError {
                    code: Some(error.code().as_str().to_owned()),
                    key: Some(object.key),
                    message: error.message().map(str::to_owned),
                    version_id: object.version_id,
                });
            }
        }
    }
    Ok(DeleteObjectsOutput {
        deleted: (!quiet).then_some(deleted),
        errors: (!errors.is_empty()).then_some(errors),
        request_charged: None,
    })
}

fn delete_one(
    shared: &Shared,
    caller: &Caller,
    bucket: &str,
    object: &ObjectIdentifier,
) -> Result<Removed, Failure> {
    if object.size.is_some() || object.last_modified_time.is_some() {
        return Err(Failure::unsupported("deleting by size or time"));
    }
    let target = Target {
        bucket,
        key: &object.key,
        version: object.version_id.as_deref(),
    };
    let (action, context) = on_version("s3:DeleteObject", target.version);
    shared.authorize(caller, action, bucket, Some(target.key), context.as_slice())?;
    let condition = object.e_tag.clone().map(ETagCondition::ETag);
    if condition.is_some() {
        shared.authorize(caller, "s3:GetObject", bucket, Some(target.key), &[])?;
    }
    target.remove(shared, caller, condition.as_ref())
}

/// What is to go.
struct Target<'a> {
    bucket: &'a str,
    key: &'a str,
    version: Option<&'a str>,
}

/// What a delete did.
#[derive(Default)]
struct Removed {
    /// The version that was removed, or the delete marker that was made.
    version_id: Option<String>,
    /// Whether that is, or was, a delete marker.
    is_marker: bool,
}

impl Target<'_> {
    fn remove(
        &self,
        shared: &Shared,
        caller: &Caller,
        condition: Option<&ETagCondition>,
    ) -> Result<Removed, Failure> {
        let key = object_key(self.key)?;
        let id = self.version.map(VersionId::parse).transpose()?;
        let now = shared.core.clock.now();
        // The bytes go once the lock is released.
        let (removed, _gone) = shared.store.change(self.bucket, now, |bucket, moment| {
            let existing = bucket.version(self.key, id.as_ref());
            let existing = existing.and_then(Version::object);
            check_match(condition, existing.map(|object| &**object))?;
            Ok(match (&id, bucket.versioning) {
                (Some(id), _) => {
                    let gone = remove_version(shared, caller, bucket, &key, id, moment);
                    let removed = Removed {
                        version_id: Some(id.as_str().to_owned()),
                        is_marker: matches!(gone, Some(Version::Marker(_))),
                    };
                    (removed, gone)
                }
                (None, Versioning::Never) => {
                    let id = VersionId::Null;
                    let gone = remove_version(shared, caller, bucket, &key, &id, moment);
                    (Removed::default(), gone)
                }
                (None, Versioning::Enabled | Versioning::Suspended) => {
                    mark(shared, caller, bucket, &key, moment)
                }
            })
        })?;
        Ok(removed)
    }
}

fn remove_version(
    shared: &Shared,
    caller: &Caller,
    bucket: &mut Bucket,
    key: &ObjectKey,
    id: &VersionId,
    moment: Moment,
) -> Option<Version> {
    let gone = bucket.take(key, id)?;
    let kind = EventKind::RemovedByDelete;
    announce(shared, caller, bucket, kind, key, &gone, moment);
    Some(gone)
}

/// Puts a delete marker in front of a key's versions, of which it replaces `null` if it is `null`
/// itself.
fn mark(
    shared: &Shared,
    caller: &Caller,
    bucket: &mut Bucket,
    key: &ObjectKey,
    moment: Moment,
) -> (Removed, Option<Version>) {
    let version = bucket.next_version(&shared.core.random);
    let removed = Removed {
        version_id: Some(version.as_str().to_owned()),
        is_marker: true,
    };
    let marker = Version::Marker(Marker {
        version,
        made: moment.time,
    });
    let gone = bucket.keep(key, marker.clone());
    let kind = EventKind::RemovedByMarker;
    announce(shared, caller, bucket, kind, key, &marker, moment);
    (removed, gone)
}
