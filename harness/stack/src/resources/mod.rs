//! The resource types that a local stack has, each a struct named like it.

mod iam;
mod lambda;
mod logs;
mod s3;
mod sns;
mod sqs;

use serde::Serialize;

pub use iam::{InlinePolicy, Policy, Role, RolePolicy, RolePolicyAttachment};
pub use lambda::{
    Architecture, EnvironmentValue, Function, FunctionEventInvokeConfig, FunctionPermission,
};
pub use logs::LogGroup;
pub use s3::{
    Bucket, BucketEncryption, BucketEvent, BucketLifecycle, BucketNotification,
    BucketOwnershipControls, BucketPolicy, BucketPublicAccessBlock, BucketVersioning,
    EncryptionAlgorithm, EncryptionRule, LifecycleFilter, LifecycleRule, NotificationTarget,
    ObjectOwnership, VersioningStatus,
};
pub use sns::{FilterPolicyScope, Protocol, Topic, TopicPolicy, TopicSubscription};
pub use sqs::{Queue, QueuePolicy, RedrivePolicy};

/// Which type a resource is of, with all that its block says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Kind {
    /// `aws_s3_bucket`
    Bucket(Bucket),
    /// `aws_s3_bucket_notification`
    BucketNotification(BucketNotification),
    /// `aws_s3_bucket_versioning`
    BucketVersioning(BucketVersioning),
    /// `aws_s3_bucket_public_access_block`
    BucketPublicAccessBlock(BucketPublicAccessBlock),
    /// `aws_s3_bucket_server_side_encryption_configuration`
    BucketEncryption(BucketEncryption),
    /// `aws_s3_bucket_lifecycle_configuration`
    BucketLifecycle(BucketLifecycle),
    /// `aws_s3_bucket_policy`
    BucketPolicy(BucketPolicy),
    /// `aws_s3_bucket_ownership_controls`
    BucketOwnershipControls(BucketOwnershipControls),
    /// `aws_sns_topic`
    Topic(Topic),
    /// `aws_sns_topic_policy`
    TopicPolicy(TopicPolicy),
    /// `aws_sns_topic_subscription`
    TopicSubscription(TopicSubscription),
    /// `aws_sqs_queue`
    Queue(Queue),
    /// `aws_sqs_queue_policy`
    QueuePolicy(QueuePolicy),
    /// `aws_lambda_function`
    Function(Function),
    /// `aws_lambda_permission`
    FunctionPermission(FunctionPermission),
    /// `aws_lambda_function_event_invoke_config`
    FunctionEventInvokeConfig(FunctionEventInvokeConfig),
    /// `aws_iam_role`
    Role(Role),
    /// `aws_iam_role_policy`
    RolePolicy(RolePolicy),
    /// `aws_iam_policy`
    Policy(Policy),
    /// `aws_iam_role_policy_attachment`
    RolePolicyAttachment(RolePolicyAttachment),
    /// `aws_cloudwatch_log_group`
    LogGroup(LogGroup),
}

/// The JSON text of a policy: an object, by the time it is here.
///
/// What it says is for the policy evaluator to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct PolicyDocument(pub(crate) String);

impl PolicyDocument {
    /// The JSON.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
