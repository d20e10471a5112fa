//! Writing an object of unknown size with the memory of one part.

use std::collections::BTreeMap;

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use aws_smithy_types::byte_stream::ByteStream;
use bytes::{Bytes, BytesMut};

use super::address;
use crate::call::CallError;
use crate::names::{BucketName, ETag, ObjectKey};

/// Size of a part in bytes. What is smaller is stored by one `PutObject`.
///
/// S3 wants at least 5 MiB for each part but the last, and at most 10,000 parts: 78 GiB.
pub const PART_SIZE: usize = 8 * 1024 * 1024;

/// The number of parts that S3 takes.
const PART_LIMIT: usize = 10_000;

const DOING: &str = "write";
const ACTION: &str = "s3:PutObject";

/// What was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The entity tag that S3 gave it.
    pub etag: ETag,
    /// Its size in bytes.
    pub size: u64,
}

/// An object being written. It exists once [`ObjectWriter::finish`] returned, and not before.
///
/// A writer that is not wanted any more is ended by [`ObjectWriter::abort`], which removes the
/// parts stored so far. Dropping it cannot ask S3 for anything: an upload that was begun then
/// stays behind, invisible but paid for, until the bucket's lifecycle rule removes it; the log says
/// so.
#[derive(Debug)]
pub struct ObjectWriter {
    s3: Client,
    bucket: BucketName,
    key: ObjectKey,
    content_type: &'static str,
    metadata: BTreeMap<String, String>,
    part: BytesMut,
    size: u64,
    upload: Option<Upload>,
}

/// A multipart upload that was begun.
#[derive(Debug)]
struct Upload {
    id: String,
    parts: Vec<CompletedPart>,
}

impl ObjectWriter {
    /// A writer for `key`. Nothing is sent yet.
    ///
    /// `metadata` is user metadata: names without `x-amz-meta-`, values in visible ASCII.
    pub fn new(
        s3: &Client,
        bucket: &BucketName,
        key: &ObjectKey,
        content_type: &'static str,
        metadata: BTreeMap<String, String>,
    ) -> Self {
        ObjectWriter {
            s3: s3.clone(),
            bucket: bucket.clone(),
            key: key.clone(),
            content_type,
            metadata,
            part: BytesMut::new(),
            size: 0,
            upload: None,
        }
    }

    /// Appends `bytes`. Sends every part that becomes full.
    ///
    /// # Errors
    /// [`CallError`] if a part cannot be stored. The writer is then still to be ended by
    /// [`ObjectWriter::abort`].
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<(), CallError> {
        while !bytes.is_empty() {
            // A full part is only sent once there is more: what fits one part is one `PutObject`.
            if self.part.len() == PART_SIZE {
                self.send_part().await?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(PART_SIZE - self.part.len()));
            self.part.extend_from_slice(now);
            self.size += now.len() as u64;
            bytes = later;
        }
        Ok(())
    }

    /// Stores the object, also an empty one. It replaces an earlier object under the same key.
    ///
    /// # Errors
    /// [`CallError`] if S3 does not take it. Parts that were stored are removed again.
    pub async fn finish(mut self) -> Result<Written, CallError> {
        let finished = match self.upload {
            None => self.put().await,
            Some(_) => self.complete().await,
        };
        match finished {
            Ok(written) => {
                self.upload = None;
                Ok(written)
            }
            Err(error) => {
                self.abort_after(&error).await;
                Err(error)
            }
        }
    }

    /// Gives up: removes the parts stored so far. Nothing appears under the key.
    ///
    /// # Errors
    /// [`CallError`] if S3 does not remove them; they then wait for the bucket's lifecycle rule.
    pub async fn abort(mut self) -> Result<(), CallError> {
        self.abort_upload().await
    }

    /// [`ObjectWriter::abort`], on the way out with an error that must not be hidden by another.
    pub async fn abort_after(mut self, reason: &(dyn std::error::Error + Sync)) {
        if let Err(error) = self.abort_upload().await {
            tracing::error!(%error, %reason, "parts of an unfinished object stay behind");
        }
    }

    async fn put(&mut self) -> Result<Written, CallError> {
        let response = self
            .s3
            .put_object()
            .bucket(self.bucket.as_str())
            .key(self.key.as_str())
            .content_type(self.content_type)
            .set_metadata(Some(self.metadata.clone().into_iter().collect()))
            .body(ByteStream::from(self.part.split().freeze()))
            .send()
            .await
            .map_err(|error| CallError::new(DOING, self.address(), ACTION, error))?;
        self.written(response.e_tag())
    }

    async fn send_part(&mut self) -> Result<(), CallError> {
        if self.upload.is_none() {
            let id = self.begin().await?;
            let parts = Vec::new();
            self.upload = Some(Upload { id, parts });
        }
        let bytes: Bytes = self.part.split().freeze();
        let address = self.address();
        let Some(upload) = &mut self.upload else {
            return Ok(());
        };
        if upload.parts.len() == PART_LIMIT {
            let problem = "it has more than 10,000 parts, which is all that S3 takes";
            return Err(CallError::lacking(DOING, address, ACTION, problem));
        }
        let number = i32::try_from(upload.parts.len() + 1).unwrap_or(i32::MAX);
        let response = self
            .s3
            .upload_part()
            .bucket(self.bucket.as_str())
            .key(self.key.as_str())
            .upload_id(&upload.id)
            .part_number(number)
            .body(ByteStream::from(bytes))
            .send()
            .await
            .map_err(|error| CallError::new(DOING, address, ACTION, error))?;
        let part = CompletedPart::builder()
            .part_number(number)
            .set_e_tag(response.e_tag)
            .set_checksum_crc32(response.checksum_crc32)
            .set_checksum_crc32_c(response.checksum_crc32_c)
            .set_checksum_crc64_nvme(response.checksum_crc64_nvme)
            .set_checksum_sha1(response.checksum_sha1)
            .set_checksum_sha256(response.checksum_sha256)
            .build();
        upload.parts.push(part);
        Ok(())
    }

    async fn begin(&self) -> Result<String, CallError> {
        let response = self
            .s3
            .create_multipart_upload()
            .bucket(self.bucket.as_str())
            .key(self.key.as_str())
            .content_type(self.content_type)
            .set_metadata(Some(self.metadata.clone().into_iter().collect()))
            .send()
            .await
            .map_err(|error| CallError::new(DOING, self.address(), ACTION, error))?;
        let lacking =
            || CallError::lacking(DOING, self.address(), ACTION, "the upload was given no id");
        response.upload_id.ok_or_else(lacking)
    }

    async fn complete(&mut self) -> Result<Written, CallError> {
        self.send_part().await?;
        let Some(Upload { id, parts }) = &self.upload else {
            return self.put().await;
        };
        let parts = CompletedMultipartUpload::builder()
            .set_parts(Some(parts.clone()))
            .build();
        let response = self
            .s3
            .complete_multipart_upload()
            .bucket(self.bucket.as_str())
            .key(self.key.as_str())
            .upload_id(id)
            .multipart_upload(parts)
            .send()
            .await
            .map_err(|error| CallError::new(DOING, self.address(), ACTION, error))?;
        self.written(response.e_tag())
    }

    async fn abort_upload(&mut self) -> Result<(), CallError> {
        let Some(upload) = self.upload.take() else {
            return Ok(());
        };
        self.s3
            .abort_multipart_upload()
            .bucket(self.bucket.as_str())
            .key(self.key.as_str())
            .upload_id(upload.id)
            .send()
            .await
            .map_err(|error| {
                let action = "s3:AbortMultipartUpload";
                CallError::new("abort the upload of", self.address(), action, error)
            })?;
        Ok(())
    }

    fn written(&self, tag: Option<&str>) -> Result<Written, CallError> {
        let tag = tag.unwrap_or_default();
        let etag = ETag::parse(tag).map_err(|problem| {
            let what = format!("its ETag (`{tag}`) {problem}");
            CallError::lacking(DOING, self.address(), ACTION, what)
        })?;
        let size = self.size;
        Ok(Written { etag, size })
    }

    fn address(&self) -> String {
        address(&self.bucket, &self.key)
    }
}

impl Drop for ObjectWriter {
    fn drop(&mut self) {
        if let Some(Upload { id, parts }) = &self.upload {
            let (object, parts) = (self.address(), parts.len());
            tracing::error!(
                object,
                upload_id = id,
                parts,
                "an upload was dropped unfinished"
            );
        }
    }
}
