//! Tags of objects and buckets.
//!
//! Follows <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html>.

use std::collections::HashSet;
use std::sync::Arc;

use s3s::dto::{
    DeleteObjectTaggingInput, DeleteObjectTaggingOutput, GetObjectTaggingInput,
    GetObjectTaggingOutput, PutObjectTaggingInput, PutObjectTaggingOutput, Tag,
};

use super::access::{Shared, object_key};
use super::api::Call;
use super::error::Failure;
use super::event::EventKind;
use super::notification::announce;
use super::track::Caller;
use super::versions::{Found, Version, VersionId, find};

/// The most tags that an object may have.
pub(super) const OF_AN_OBJECT: usize = 10;
/// The most tags that a bucket may have.
pub(super) const OF_A_BUCKET: usize = 50;

/// Checks a set of tags.
pub(super) fn check(tags: &[Tag], most: usize) -> Result<(), Failure> {
    let invalid = |message: &str| Err(Failure::InvalidTag(message.to_owned()));
    if tags.len() > most {
        return invalid(&format!("Object tags cannot be greater than {most}"));
    }
    let mut keys = HashSet::new();
    for tag in tags {
        let (key, value) = parts(tag);
        if key.is_empty() || key.chars().count() > 128 {
            return invalid("The TagKey you have provided is invalid");
        }
        if value.chars().count() > 256 {
            return invalid("The TagValue you have provided is invalid");
        }
        if key.starts_with("aws:") {
            return invalid("System tags cannot be added/updated by requester");
        }
        if !keys.insert(key) {
            return invalid("Cannot provide multiple Tags with the same key");
        }
    }
    Ok(())
}

fn parts(tag: &Tag) -> (&str, &str) {
    (
        tag.key.as_deref().unwrap_or_default(),
        tag.value.as_deref().unwrap_or_default(),
    )
}

/// The tags of an `x-amz-tagging` header, which has the form of a query.
pub(super) fn parse_header(header: Option<&str>) -> Result<Vec<Tag>, Failure> {
    let tags: Vec<Tag> = url::form_urlencoded::parse(header.unwrap_or_default().as_bytes())
        .map(|(key, value)| Tag {
            key: Some(key.into_owned()),
            value: Some(value.into_owned()),
        })
        .collect();
    check(&tags, OF_AN_OBJECT)?;
    Ok(tags)
}

/// Says what an object's tags are.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectTagging.html>.
pub(super) async fn get_object_tagging(
    shared: &Shared,
    call: Call<GetObjectTaggingInput>,
) -> Result<GetObjectTaggingOutput, Failure> {
    let input = &call.input;
    let version = input.version_id.as_deref();
    let Found { object, version_id } =
        find(shared, &call.caller, &input.bucket, &input.key, version)?;
    Ok(GetObjectTaggingOutput {
        tag_set: object.tags.clone(),
        version_id,
    })
}

/// Replaces an object's tags.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectTagging.html>.
pub(super) async fn put_object_tagging(
    shared: &Shared,
    call: Call<PutObjectTaggingInput>,
) -> Result<PutObjectTaggingOutput, Failure> {
    let Call { caller, input, .. } = call;
    let tags = input.tagging.tag_set;
    check(&tags, OF_AN_OBJECT)?;
    let change = Change {
        bucket: &input.bucket,
        key: &input.key,
        version: input.version_id.as_deref(),
        tags,
        kind: EventKind::TaggingPut,
    };
    let version_id = change.make(shared, &caller)?;
    Ok(PutObjectTaggingOutput { version_id })
}

/// Removes an object's tags.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjectTagging.html>.
pub(super) async fn delete_object_tagging(
    shared: &Shared,
    call: Call<DeleteObjectTaggingInput>,
) -> Result<DeleteObjectTaggingOutput, Failure> {
    let Call { caller, input, .. } = call;
    let change = Change {
        bucket: &input.bucket,
        key: &input.key,
        version: input.version_id.as_deref(),
        tags: Vec::new(),
        kind: EventKind::TaggingDelete,
    };
    let version_id = change.make(shared, &caller)?;
    Ok(DeleteObjectTaggingOutput { version_id })
}

/// Other tags for an object or one of its versions.
struct Change<'a> {
    bucket: &'a str,
    key: &'a str,
    version: Option<&'a str>,
    tags: Vec<Tag>,
    kind: EventKind,
}

impl Change<'_> {
    /// Returns the version whose tags they are from now on.
    fn make(self, shared: &Shared, caller: &Caller) -> Result<Option<String>, Failure> {
        let found = find(shared, caller, self.bucket, self.key, self.version)?;
        let key = object_key(self.key)?;
        let id: &VersionId = &found.object.version;
        let now = shared.core.clock.now();
        shared.store.change(self.bucket, now, |bucket, moment| {
            // It may have gone in the meantime.
            let version = match bucket.version_mut(self.key, id) {
                Some(Version::Object(object)) => {
                    Arc::make_mut(object).tags = self.tags;
                    Version::Object(Arc::clone(object))
                }
                Some(Version::Marker(_)) | None => return Err(Failure::NoSuchKey),
            };
            announce(shared, caller, bucket, self.kind, &key, &version, moment);
            Ok(())
        })?;
        Ok(found.version_id)
    }
}
