//! Objects for other services, which read them with their caller's authority.
//!
//! Lambda takes a function's code from a bucket that way. Reading is decided as `GetObject` is, and
//! the decisions belong to the caller's own call: none of S3's is made.

use bytes::{Bytes, BytesMut};
use futures::TryStreamExt as _;

use super::S3;
use super::access::Shared;
use super::error::Failure;
use super::operations::on_version;
use super::track::Caller;
use super::versions::find;
use crate::courier::{ObjectRequest, Unreadable};

impl S3 {
    /// Reads an object as `wanted` asks for it.
    ///
    /// # Errors
    /// What `GetObject` would answer, or that the object is larger than the other service takes.
    pub async fn lend(&self, wanted: &ObjectRequest) -> Result<Bytes, Unreadable> {
        lend(&self.shared, wanted).await
    }
}

async fn lend(shared: &Shared, wanted: &ObjectRequest) -> Result<Bytes, Unreadable> {
    let ObjectRequest { bucket, key, .. } = wanted;
    let version = wanted.version.as_deref();
    // What is read makes no event, so that nobody learns how the caller would be named in one.
    let caller = Caller {
        identity: wanted.identity.clone(),
        entry: wanted.cause,
        pending: wanted.pending.clone(),
        request_id: String::new(),
        host_id: String::new(),
        unique_id: String::new(),
        region: Some(wanted.region.clone()),
    };
    let region = shared
        .store
        .bucket(bucket, |bucket| bucket.region.clone())?;
    if region != wanted.region {
        return Err(Unreadable::Refused {
            code: "PermanentRedirect".to_owned(),
            message: format!(
                "The bucket is in this region: {region}. Please use this region to retry the request"
            ),
        });
    }
    let (action, condition) = on_version("s3:GetObject", version);
    let condition: Vec<_> = condition.into_iter().collect();
    shared.authorize(&caller, action, bucket, Some(key), &condition)?;
    let content = find(shared, &caller, bucket, key, version)?
        .object
        .content
        .clone();
    if content.length() > wanted.most {
        return Err(Unreadable::TooLarge);
    }
    content
        .read()
        .try_fold(BytesMut::new(), async |mut all, piece| {
            all.extend_from_slice(&piece);
            Ok(all)
        })
        .await
        .map(BytesMut::freeze)
        .map_err(|error| Failure::Storage(error).into())
}

impl From<Failure> for Unreadable {
    fn from(failure: Failure) -> Self {
        let code = failure.code().as_str().to_owned();
        if let Failure::AccessDenied(message) = failure {
            return Self::Denied(message);
        }
        Self::Refused {
            code,
            message: failure.to_string(),
        }
    }
}
