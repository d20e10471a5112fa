//! The trait through which `s3s` calls us: each operation, and the function that carries it out.

use std::sync::Arc;

use async_trait::async_trait;
use http::HeaderMap;
use s3s::dto::*;
use s3s::{S3Request, S3Response, S3Result, TrailingHeaders};

use super::access::{Caller, Shared};
use super::{bucket, notification, object, tags};

/// An allowed call with its typed input.
pub(super) struct Call<T> {
    pub(super) caller: Caller,
    pub(super) input: T,
    pub(super) headers: HeaderMap,
    /// What comes after the body, once it has been read.
    pub(super) trailers: Option<TrailingHeaders>,
}

/// Carries out what `s3s` has read from requests.
pub(super) struct Operations(pub(super) Arc<Shared>);

/// Operations that are not in the list are refused by [`super::access::Gate`] before they get
/// here.
macro_rules! operations {
    ($($module:ident :: $name:ident($input:ident) -> $output:ident;)*) => {
        #[async_trait]
        impl s3s::S3 for Operations {
            $(
                async fn $name(&self, request: S3Request<$input>) -> S3Result<S3Response<$output>> {
                    let call = Call {
                        caller: Caller::of(&request)?,
                        input: request.input,
                        headers: request.headers,
                        trailers: request.trailing_headers,
                    };
                    Ok(S3Response::new($module::$name(&self.0, call).await?))
                }
            )*
        }
    };
}

operations! {
    bucket::list_buckets(ListBucketsInput) -> ListBucketsOutput;
    bucket::create_bucket(CreateBucketInput) -> CreateBucketOutput;
    bucket::head_bucket(HeadBucketInput) -> HeadBucketOutput;
    bucket::delete_bucket(DeleteBucketInput) -> DeleteBucketOutput;
    bucket::get_bucket_location(GetBucketLocationInput) -> GetBucketLocationOutput;
    notification::get_bucket_notification_configuration(GetBucketNotificationConfigurationInput)
        -> GetBucketNotificationConfigurationOutput;
    notification::put_bucket_notification_configuration(PutBucketNotificationConfigurationInput)
        -> PutBucketNotificationConfigurationOutput;
    object::put_object(PutObjectInput) -> PutObjectOutput;
    object::get_object(GetObjectInput) -> GetObjectOutput;
    object::head_object(HeadObjectInput) -> HeadObjectOutput;
    object::delete_object(DeleteObjectInput) -> DeleteObjectOutput;
    object::delete_objects(DeleteObjectsInput) -> DeleteObjectsOutput;
    tags::get_object_tagging(GetObjectTaggingInput) -> GetObjectTaggingOutput;
    tags::put_object_tagging(PutObjectTaggingInput) -> PutObjectTaggingOutput;
    tags::delete_object_tagging(DeleteObjectTaggingInput) -> DeleteObjectTaggingOutput;
}
