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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::EncodedKey;
    use crate::scripted::{Answer, Asked, clients, refusal};

    const TAG: &[(&str, &str)] = &[("etag", "\"0123\"")];

    fn storing(asked: &Asked) -> Answer {
        let (method, path) = asked.line.split_once(' ').unwrap();
        match (method, path.contains("uploadId=")) {
            ("POST", false) => {
                let body = "<InitiateMultipartUploadResult><UploadId>u-1</UploadId>\
                            </InitiateMultipartUploadResult>";
                (200, &[], body.to_owned())
            }
            ("POST", true) => {
                let body = "<CompleteMultipartUploadResult><ETag>\"0123-2\"</ETag>\
                            </CompleteMultipartUploadResult>";
                (200, &[], body.to_owned())
            }
            ("DELETE", _) => (204, &[], String::new()),
            _ => (200, TAG, String::new()),
        }
    }

    fn writer(s3: &Client) -> ObjectWriter {
        let bucket = BucketName::parse("load").unwrap();
        let key = EncodedKey::new("a+b.csv").decode().unwrap();
        let metadata = BTreeMap::from([("source-version".to_owned(), "1-2".to_owned())]);
        ObjectWriter::new(s3, &bucket, &key, "text/csv", metadata)
    }

    async fn stores(size: usize, pieces: usize, expected: &[&str]) {
        let content: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
        let (clients, script) = clients(storing);
        let mut writer = writer(&clients.s3);
        for piece in content.chunks(pieces) {
            writer.write(piece).await.unwrap();
        }
        let written = writer.finish().await.unwrap();
        assert_eq!(written.size, size as u64);
        assert_eq!(script.lines(), expected, "{size} bytes");
        let asked = script.asked();
        let bodies = asked.iter().filter(|asked| asked.line.starts_with("PUT"));
        let stored: Vec<u8> = bodies.flat_map(|asked| asked.body.clone()).collect();
        assert!(
            stored == content,
            "{size} bytes are stored as they were written"
        );
        // Whichever request creates the object carries what is to be known about it.
        assert_eq!(asked[0].header("x-amz-meta-source-version"), Some("1-2"));
        assert_eq!(asked[0].header("content-type"), Some("text/csv"));
    }

    #[tokio::test]
    async fn what_fits_one_part_is_put_at_once() {
        let put = ["PUT /load/a%20b.csv"];
        stores(0, 1, &put).await;
        stores(1, 1, &put).await;
        stores(PART_SIZE - 1, 100_000, &put).await;
        stores(PART_SIZE, PART_SIZE, &put).await;
    }

    #[tokio::test]
    async fn what_does_not_is_uploaded_in_parts() {
        let two = [
            "POST /load/a%20b.csv?uploads",
            "PUT /load/a%20b.csv?partNumber=1&uploadId=u-1",
            "PUT /load/a%20b.csv?partNumber=2&uploadId=u-1",
            "POST /load/a%20b.csv?uploadId=u-1",
        ];
        stores(PART_SIZE + 1, 100_000, &two).await;
        stores(2 * PART_SIZE, 2 * PART_SIZE, &two).await;
    }

    #[tokio::test]
    async fn an_upload_that_fails_leaves_nothing_behind() {
        for failing in ["partNumber=2", "POST /load/a%20b.csv?uploadId"] {
            let (clients, script) = clients(move |asked| {
                if asked.line.contains(failing) {
                    refusal(403, "AccessDenied")
                } else {
                    storing(asked)
                }
            });
            let mut writer = writer(&clients.s3);
            writer.write(&vec![0; PART_SIZE + 1]).await.unwrap();
            let error = writer.finish().await.unwrap_err();
            assert_eq!(
                error.to_string(),
                "cannot write s3://load/a b.csv: AccessDenied: scripted (status 403)"
            );
            let last = script.lines().pop();
            assert_eq!(last.as_deref(), Some("DELETE /load/a%20b.csv?uploadId=u-1"));
        }
    }

    #[tokio::test]
    async fn a_writer_may_give_up() {
        let (clients, script) = clients(storing);
        let mut begun = writer(&clients.s3);
        begun.write(&vec![0; PART_SIZE + 1]).await.unwrap();
        begun.abort().await.unwrap();
        let last = script.lines().pop();
        assert_eq!(last.as_deref(), Some("DELETE /load/a%20b.csv?uploadId=u-1"));

        let asked = script.lines().len();
        let mut small = writer(&clients.s3);
        small.write(b"Zipcode").await.unwrap();
        small.abort().await.unwrap();
        assert_eq!(script.lines().len(), asked, "there was nothing to remove");
    }
}
