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

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::names::EncodedKey;
    use crate::scripted::{Answer, clients, refusal};
    use crate::source_version::Sequencer;

    const HEADERS: &[(&str, &str)] = &[
        ("etag", "\"0123\""),
        ("last-modified", "Mon, 23 Nov 2026 16:00:01 GMT"),
        ("x-amz-version-id", "v1"),
        ("x-amz-meta-source-version", "1-2"),
        ("content-length", "7"),
    ];

    async fn opened(answer: Answer) -> Result<Option<Object>, CallError> {
        let (clients, script) = clients(move |_| answer.clone());
        let bucket = BucketName::parse("input").unwrap();
        let key = EncodedKey::new("a%0A%C3%A9.csv").decode().unwrap();
        let object = open(&clients.s3, &bucket, &key).await;
        assert_eq!(script.lines(), ["GET /input/a%0A%C3%A9.csv"]);
        object
    }

    #[tokio::test]
    async fn an_object_says_what_it_is_and_streams() {
        let answer = (200, HEADERS, "Zipcode".to_owned());
        let mut object = opened(answer).await.unwrap().unwrap();
        assert_eq!(object.etag.as_str(), "0123");
        assert_eq!(
            object.last_modified,
            Some(datetime!(2026-11-23 16:00:01 UTC))
        );
        assert_eq!(object.version_id.as_deref(), Some("v1"));
        assert_eq!(object.size, Some(7));
        assert_eq!(object.metadata["source-version"], "1-2");
        let mut body = Vec::new();
        while let Some(chunk) = object.next_chunk().await.unwrap() {
            body.extend_from_slice(&chunk);
        }
        assert_eq!(body, b"Zipcode");
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_not_an_end() {
        let mut object = opened((200, HEADERS, "Zip".to_owned()))
            .await
            .unwrap()
            .unwrap();
        let error = loop {
            match object.next_chunk().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("the body is 4 bytes short, and was taken as whole"),
                Err(error) => break error,
            }
        };
        assert_eq!(error.error_type(), "BrokenAnswer");
    }

    #[tokio::test]
    async fn a_missing_object_is_told_from_a_missing_bucket_and_a_missing_right() {
        assert!(opened(refusal(404, "NoSuchKey")).await.unwrap().is_none());

        let error = opened(refusal(404, "NoSuchBucket")).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot read s3://input/a\\né.csv: NoSuchBucket: scripted (status 404)"
        );
        assert_eq!(error.error_type(), "RequestRefused");

        let error = opened(refusal(403, "AccessDenied")).await.unwrap_err();
        assert_eq!(error.error_type(), "AccessDenied");
        assert!(error.hint().contains("s3:ListBucket"), "{}", error.hint());
    }

    #[tokio::test]
    async fn a_version_that_was_replaced_is_noticed() {
        let object = opened((200, HEADERS, "Zipcode".to_owned()))
            .await
            .unwrap()
            .unwrap();
        let check = |etag: &str, version: Option<&str>, expected: bool| {
            let created = Created {
                bucket: BucketName::parse("input").unwrap(),
                key: EncodedKey::new("a.csv").decode().unwrap(),
                etag: ETag::parse(etag).unwrap(),
                version_id: version.map(str::to_owned),
                sequencer: Sequencer::default(),
                event_time: datetime!(2026-11-23 16:00:00 UTC),
                size: None,
            };
            assert_eq!(object.is_of(&created), expected, "{etag} {version:?}");
        };
        check("0123", None, true);
        check("0123", Some("v1"), true);
        check("0123", Some("v2"), false);
        check("4567", None, false);
        check("4567", Some("v1"), false);
    }
}
