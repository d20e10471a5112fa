//! Reading an object as a stream.

use std::collections::HashMap;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_smithy_types::byte_stream::ByteStream;
use bytes::Bytes;
use time::OffsetDateTime;

use super::address;
use crate::call::CallError;
use crate::event::Created;
use crate::names::{BucketName, ETag, ObjectKey};

const DOING: &str = "read";
const ACTION: &str = "s3:GetObject";

/// An object whose body is still to be read.
#[derive(Debug)]
pub struct Object {
    /// The entity tag of what is being read.
    pub etag: ETag,
    /// When it was written, to the second.
    pub last_modified: Option<OffsetDateTime>,
    /// Its version, on a bucket with versioning.
    pub version_id: Option<String>,
    /// Its size in bytes.
    pub size: Option<u64>,
    /// The user metadata, names in small letters without `x-amz-meta-`.
    pub metadata: HashMap<String, String>,
    address: String,
    body: ByteStream,
}

/// Opens an object for reading; `None` if there is none under this key.
///
/// # Errors
/// [`CallError`] if the object cannot be opened for any other reason. A role that may not list the
/// bucket is told `AccessDenied` for an object that does not exist.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>.
pub async fn open(
    s3: &Client,
    bucket: &BucketName,
    key: &ObjectKey,
) -> Result<Option<Object>, CallError> {
    let address = address(bucket, key);
    let request = s3.get_object().bucket(bucket.as_str()).key(key.as_str());
    let found = match request.send().await {
        Ok(found) => found,
        Err(error) if is_gone(&error) => return Ok(None),
        Err(error) => return Err(CallError::new(DOING, address, ACTION, error)),
    };
    let tag = found.e_tag().unwrap_or_default();
    let etag = ETag::parse(tag).map_err(|problem| {
        CallError::lacking(
            DOING,
            &address,
            ACTION,
            format!("its ETag (`{tag}`) {problem}"),
        )
    })?;
    let seconds = found.last_modified().map(aws_smithy_types::DateTime::secs);
    Ok(Some(Object {
        etag,
        last_modified: seconds.and_then(|time| OffsetDateTime::from_unix_timestamp(time).ok()),
        version_id: found.version_id,
        size: found
            .content_length
            .and_then(|size| u64::try_from(size).ok()),
        metadata: found.metadata.unwrap_or_default(),
        address,
        body: found.body,
    }))
}

/// A key that is gone, also when the newest version is a delete marker. A bucket that is gone is a
/// fault in the deployment and no reason to stay silent.
fn is_gone<R>(error: &SdkError<GetObjectError, R>) -> bool {
    error
        .as_service_error()
        .is_some_and(GetObjectError::is_no_such_key)
}

impl Object {
    /// The next piece of the body, of any size; `None` at its end.
    ///
    /// The end is only reported once the body's length and, where S3 sends one, its checksum were
    /// found to be right.
    ///
    /// # Errors
    /// [`CallError`] if the connection breaks, or if the body is not what was stored.
    pub async fn next_chunk(&mut self) -> Result<Option<Bytes>, CallError> {
        self.body
            .try_next()
            .await
            .map_err(|error| CallError::body(DOING, &self.address, ACTION, error))
    }

    /// Whether this is what `created` announced, and not a version that replaced it since. A newer
    /// version has an event of its own.
    pub fn is_of(&self, created: &Created) -> bool {
        let same_version = match (&created.version_id, &self.version_id) {
            (Some(announced), Some(found)) => announced == found,
            _ => true,
        };
        same_version && created.etag == self.etag
    }

    /// The object's place, as it is shown: `s3://bucket/key`.
    pub fn address(&self) -> &str {
        &self.address
    }
}
