//! The trait through which `s3s` calls us: each operation, and the function that carries it out.

use std::sync::Arc;

use async_trait::async_trait;
use http::HeaderMap;
use s3s::dto::*;
use s3s::{S3Request, S3Response, S3Result, TrailingHeaders};

use super::access::Shared;
use super::error::Failure;
use super::track::{Caller, Track};
use super::{
    bucket, copy, delete, list, list_uploads, list_versions, multipart, notification, object,
    settings, tags,
};

/// An allowed call with its typed input.
pub(super) struct Call<T> {
    pub(super) caller: Caller,
    pub(super) input: T,
    pub(super) headers: HeaderMap,
    /// What comes after the body, once it has been read.
    pub(super) trailers: Option<TrailingHeaders>,
    /// The request's way to its answer.
    pub(super) track: Arc<Track>,
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
                        track: request.extensions.get().cloned().ok_or(Failure::Internal)?,
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
    settings::get_bucket_tagging(GetBucketTaggingInput) -> GetBucketTaggingOutput;
    settings::put_bucket_tagging(PutBucketTaggingInput) -> PutBucketTaggingOutput;
    settings::delete_bucket_tagging(DeleteBucketTaggingInput) -> DeleteBucketTaggingOutput;
    settings::get_bucket_versioning(GetBucketVersioningInput) -> GetBucketVersioningOutput;
    settings::put_bucket_versioning(PutBucketVersioningInput) -> PutBucketVersioningOutput;
    settings::get_public_access_block(GetPublicAccessBlockInput) -> GetPublicAccessBlockOutput;
    settings::put_public_access_block(PutPublicAccessBlockInput) -> PutPublicAccessBlockOutput;
    settings::delete_public_access_block(DeletePublicAccessBlockInput) -> DeletePublicAccessBlockOutput;
    settings::get_bucket_encryption(GetBucketEncryptionInput) -> GetBucketEncryptionOutput;
    settings::put_bucket_encryption(PutBucketEncryptionInput) -> PutBucketEncryptionOutput;
    settings::delete_bucket_encryption(DeleteBucketEncryptionInput) -> DeleteBucketEncryptionOutput;
    settings::get_bucket_lifecycle_configuration(GetBucketLifecycleConfigurationInput) -> GetBucketLifecycleConfigurationOutput;
    settings::put_bucket_lifecycle_configuration(PutBucketLifecycleConfigurationInput) -> PutBucketLifecycleConfigurationOutput;
    settings::delete_bucket_lifecycle(DeleteBucketLifecycleInput) -> DeleteBucketLifecycleOutput;
    settings::get_bucket_ownership_controls(GetBucketOwnershipControlsInput) -> GetBucketOwnershipControlsOutput;
    settings::put_bucket_ownership_controls(PutBucketOwnershipControlsInput) -> PutBucketOwnershipControlsOutput;
    settings::delete_bucket_ownership_controls(DeleteBucketOwnershipControlsInput) -> DeleteBucketOwnershipControlsOutput;
    settings::get_bucket_policy(GetBucketPolicyInput) -> GetBucketPolicyOutput;
    settings::put_bucket_policy(PutBucketPolicyInput) -> PutBucketPolicyOutput;
    settings::delete_bucket_policy(DeleteBucketPolicyInput) -> DeleteBucketPolicyOutput;
    settings::get_bucket_acl(GetBucketAclInput) -> GetBucketAclOutput;
    settings::get_bucket_accelerate_configuration(GetBucketAccelerateConfigurationInput) -> GetBucketAccelerateConfigurationOutput;
    settings::get_bucket_cors(GetBucketCorsInput) -> GetBucketCorsOutput;
    settings::get_bucket_logging(GetBucketLoggingInput) -> GetBucketLoggingOutput;
    settings::get_bucket_replication(GetBucketReplicationInput) -> GetBucketReplicationOutput;
    settings::get_bucket_request_payment(GetBucketRequestPaymentInput) -> GetBucketRequestPaymentOutput;
    settings::get_bucket_website(GetBucketWebsiteInput) -> GetBucketWebsiteOutput;
    settings::get_object_lock_configuration(GetObjectLockConfigurationInput) -> GetObjectLockConfigurationOutput;
    notification::get_bucket_notification_configuration(GetBucketNotificationConfigurationInput)
        -> GetBucketNotificationConfigurationOutput;
    notification::put_bucket_notification_configuration(PutBucketNotificationConfigurationInput)
        -> PutBucketNotificationConfigurationOutput;
    object::put_object(PutObjectInput) -> PutObjectOutput;
    object::get_object(GetObjectInput) -> GetObjectOutput;
    object::head_object(HeadObjectInput) -> HeadObjectOutput;
    delete::delete_object(DeleteObjectInput) -> DeleteObjectOutput;
    delete::delete_objects(DeleteObjectsInput) -> DeleteObjectsOutput;
    tags::get_object_tagging(GetObjectTaggingInput) -> GetObjectTaggingOutput;
    tags::put_object_tagging(PutObjectTaggingInput) -> PutObjectTaggingOutput;
    tags::delete_object_tagging(DeleteObjectTaggingInput) -> DeleteObjectTaggingOutput;
    list::list_objects(ListObjectsInput) -> ListObjectsOutput;
    list_versions::list_object_versions(ListObjectVersionsInput) -> ListObjectVersionsOutput;
    list::list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output;
    copy::copy_object(CopyObjectInput) -> CopyObjectOutput;
    multipart::create_multipart_upload(CreateMultipartUploadInput) -> CreateMultipartUploadOutput;
    multipart::upload_part(UploadPartInput) -> UploadPartOutput;
    multipart::upload_part_copy(UploadPartCopyInput) -> UploadPartCopyOutput;
    multipart::complete_multipart_upload(CompleteMultipartUploadInput) -> CompleteMultipartUploadOutput;
    multipart::abort_multipart_upload(AbortMultipartUploadInput) -> AbortMultipartUploadOutput;
    list_uploads::list_parts(ListPartsInput) -> ListPartsOutput;
    list_uploads::list_multipart_uploads(ListMultipartUploadsInput) -> ListMultipartUploadsOutput;
}
