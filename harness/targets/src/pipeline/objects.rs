//! Files on their way in, and objects on their way out.

use std::path::Path;

use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use tokio::io::AsyncWriteExt as _;

use super::{Pipeline, Place, lock};
use crate::TargetError;
use crate::error::chain;
use crate::watch::Upload;

impl Pipeline {
    /// Puts a file into the input bucket. It is accepted, not yet processed, when this returns.
    ///
    /// # Errors
    /// [`TargetError::Call`] if S3 refuses it.
    pub async fn put_input(&self, key: &str, body: Vec<u8>) -> Result<(), TargetError> {
        self.put(key, ByteStream::from(body)).await
    }

    /// Puts a local file into the input bucket, streaming it.
    ///
    /// # Errors
    /// [`TargetError::Call`] if the file cannot be read or S3 refuses it.
    pub async fn put_input_file(&self, key: &str, path: &Path) -> Result<(), TargetError> {
        let body = ByteStream::from_path(path)
            .await
            .map_err(|error| TargetError::Call {
                what: format!("reading {}", path.display()),
                reason: chain(&error),
            })?;
        self.put(key, body).await
    }

    async fn put(&self, name: &str, body: ByteStream) -> Result<(), TargetError> {
        let key = self.keys.key(name);
        let put = self
            .clients
            .s3
            .put_object()
            .bucket(&self.outputs.input_bucket)
            .key(&key)
            .body(body)
            .send()
            .await
            .map_err(|error| TargetError::Call {
                what: format!("PutObject {}/{key}", self.outputs.input_bucket),
                reason: chain(&error),
            })?;
        if let Place::Deployed(watch) = &self.place {
            let upload = Upload::new(put.version_id(), put.e_tag());
            lock(watch).sent(name, upload);
        }
        Ok(())
    }

    /// The bytes of an object, or `None` if there is none.
    ///
    /// # Errors
    /// [`TargetError::Call`] for any other answer.
    pub async fn object(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, TargetError> {
        let Some(body) = self.open(bucket, key).await? else {
            return Ok(None);
        };
        let bytes = body.collect().await.map_err(|error| TargetError::Call {
            what: format!("GetObject {bucket}/{key}"),
            reason: chain(&error),
        })?;
        Ok(Some(bytes.to_vec()))
    }

    async fn open(&self, bucket: &str, name: &str) -> Result<Option<ByteStream>, TargetError> {
        let key = self.keys.key(name);
        let answer = self
            .clients
            .s3
            .get_object()
            .bucket(bucket)
            .key(&key)
            .send()
            .await;
        match answer {
            Ok(object) => Ok(Some(object.body)),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(GetObjectError::is_no_such_key) =>
            {
                Ok(None)
            }
            Err(error) => Err(TargetError::Call {
                what: format!("GetObject {bucket}/{key}"),
                reason: chain(&error),
            }),
        }
    }

    /// Copies an object into a local file, streaming it, and says whether there is one.
    ///
    /// # Errors
    /// [`TargetError::Call`] if S3 gives another answer or the file cannot be written.
    pub async fn save_object(
        &self,
        bucket: &str,
        key: &str,
        path: &Path,
    ) -> Result<bool, TargetError> {
        let failed = |reason: String| TargetError::Call {
            what: format!("copying {bucket}/{key} to {}", path.display()),
            reason,
        };
        let Some(body) = self.open(bucket, key).await? else {
            return Ok(false);
        };
        let mut file = tokio::fs::File::create(path)
            .await
            .map_err(|error| failed(error.to_string()))?;
        let mut body = body.into_async_read();
        tokio::io::copy(&mut body, &mut file)
            .await
            .map_err(|error| failed(error.to_string()))?;
        file.flush()
            .await
            .map_err(|error| failed(error.to_string()))?;
        Ok(true)
    }
}
