//! The resource types that a local stack has, each a struct named like it.

mod iam;
mod lambda;
mod logs;
mod s3;
mod secrets;
mod sns;
mod sqs;

use serde::Serialize;

use crate::schema::ResourceType;

pub use iam::{InlinePolicy, Policy, Role, RolePolicy, RolePolicyAttachment};
pub use lambda::{
    Architecture, EnvironmentValue, EventSourceMapping, Function, FunctionEventInvokeConfig,
    FunctionPermission,
};
pub use logs::LogGroup;
pub use s3::{
    Bucket, BucketEncryption, BucketEvent, BucketLifecycle, BucketNotification,
    BucketOwnershipControls, BucketPolicy, BucketPublicAccessBlock, BucketVersioning,
    EncryptionAlgorithm, EncryptionRule, LifecycleFilter, LifecycleRule, NotificationTarget,
    ObjectOwnership, VersioningStatus,
};
pub use secrets::{Secret, SecretVersion};
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
    Function(Box<Function>),
    /// `aws_lambda_permission`
    FunctionPermission(FunctionPermission),
    /// `aws_lambda_function_event_invoke_config`
    FunctionEventInvokeConfig(FunctionEventInvokeConfig),
    /// `aws_lambda_event_source_mapping`
    EventSourceMapping(EventSourceMapping),
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
    /// `aws_secretsmanager_secret`
    Secret(Secret),
    /// `aws_secretsmanager_secret_version`
    SecretVersion(SecretVersion),
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

/// The types of resources that become a [`Kind`].
pub(crate) const TYPES: &[&ResourceType] = &[
    &s3::BUCKET,
    &s3::BUCKET_NOTIFICATION,
    &s3::BUCKET_VERSIONING,
    &s3::BUCKET_PUBLIC_ACCESS_BLOCK,
    &s3::BUCKET_ENCRYPTION,
    &s3::BUCKET_LIFECYCLE,
    &s3::BUCKET_POLICY,
    &s3::BUCKET_OWNERSHIP_CONTROLS,
    &sns::TOPIC,
    &sns::TOPIC_POLICY,
    &sns::TOPIC_SUBSCRIPTION,
    &sqs::QUEUE,
    &sqs::QUEUE_POLICY,
    &lambda::FUNCTION,
    &lambda::FUNCTION_PERMISSION,
    &lambda::FUNCTION_EVENT_INVOKE_CONFIG,
    &lambda::EVENT_SOURCE_MAPPING,
    &iam::ROLE,
    &iam::ROLE_POLICY,
    &iam::POLICY,
    &iam::ROLE_POLICY_ATTACHMENT,
    &logs::LOG_GROUP,
    &secrets::SECRET,
    &secrets::SECRET_VERSION,
];

pub(crate) fn type_of(name: &str) -> Option<&'static ResourceType> {
    TYPES.iter().copied().find(|ty| ty.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{BodySchema, Presence, Support};

    /// The arguments and blocks that a body may have and that are not in `text`.
    fn missing(body: &BodySchema, path: &str, text: &str, found: &mut Vec<String>) {
        let says = |name: &str, sign: &str| {
            text.lines().any(|line| {
                let line = line.trim_start();
                let line = line.strip_prefix("dynamic \"").unwrap_or(line);
                let rest = line.strip_prefix(name).unwrap_or_default();
                rest.trim_start_matches(['"', ' ']).starts_with(sign)
            })
        };
        for attribute in body.attributes {
            let used = matches!(attribute.support, Support::Used);
            if used && attribute.presence != Presence::Computed && !says(attribute.name, "=") {
                found.push(format!("{path}.{}", attribute.name));
            }
        }
        for block in body.blocks {
            if matches!(block.support, Support::Used) {
                let path = format!("{path}.{}", block.name);
                if says(block.name, "{") {
                    missing(&block.body, &path, text, found);
                } else {
                    found.push(path);
                }
            }
        }
    }

    #[test]
    fn the_configuration_that_says_everything_does() {
        let everything = include_str!("../../tests/everything/main.tf");
        let mut found = Vec::new();
        for ty in TYPES {
            let header = format!("resource \"{}\" ", ty.name);
            let text: String = everything
                .split(&header)
                .skip(1)
                .filter_map(|rest| rest.split_once("\n}\n"))
                .map(|(text, _)| text)
                .collect();
            missing(&ty.body, ty.name, &text, &mut found);
        }
        // Names that are partly chance, the region of all the others, how long Terraform waits, and
        // what is known of a finished resource only.
        let not_compared = ["_prefix", ".region", ".timeouts", ".code_sha256", ".unique"];
        found.retain(|path| !not_compared.iter().any(|end| path.ends_with(end)));
        assert_eq!(found, [""; 0]);
    }
}
