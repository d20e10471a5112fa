//! What was read: the resources that a deployer has to make, and what it need not.

use std::collections::BTreeMap;

use serde::Serialize;
use zipster_names::{AccountId, Partition, Region};

use crate::resources::{
    Bucket, BucketEncryption, BucketLifecycle, BucketNotification, BucketOwnershipControls,
    BucketPolicy, BucketPublicAccessBlock, BucketVersioning, EventSourceMapping, Function,
    FunctionEventInvokeConfig, FunctionPermission, Kind, LogGroup, Policy, Queue, QueuePolicy,
    Role, RolePolicy, RolePolicyAttachment, Secret, SecretVersion, Topic, TopicPolicy,
    TopicSubscription,
};
use crate::{Address, Place, Text};

/// A whole stack, every value evaluated.
#[derive(Debug, Clone, Serialize)]
pub struct Stack {
    /// The account that it is for.
    pub account: AccountId,
    /// The region that it is for.
    pub region: Region,
    /// The partition of that region.
    pub partition: Partition,
    /// The resources, each after all that it depends on.
    pub resources: Vec<Resource>,
    /// What `output` blocks of the root module say.
    pub outputs: BTreeMap<String, Output>,
    /// What the configuration declares and a local stack does without.
    pub not_emulated: Vec<NotEmulated>,
}

/// One instance of a resource.
#[derive(Debug, Clone, Serialize)]
pub struct Resource {
    /// What Terraform calls it.
    pub address: Address,
    /// Where its block begins.
    pub place: Place,
    /// The resources that have to be there first, directly or by way of locals and outputs.
    pub depends_on: Vec<Address>,
    /// Its tags, with those that the provider gives to everything.
    pub tags: BTreeMap<String, Text>,
    /// What it is.
    pub kind: Kind,
}

/// The value of an `output` block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Output {
    /// A string, number or bool, as text.
    Text(Text),
    /// Anything else, as `terraform output -json` would show it.
    Json(Text),
    /// Only AWS knows it, once it has made the resource.
    KnownAfterApply,
}

impl Output {
    /// The text of a string, number or bool; of anything else, its JSON.
    #[must_use]
    pub fn text(&self) -> Option<&Text> {
        match self {
            Self::Text(text) | Self::Json(text) => Some(text),
            Self::KnownAfterApply => None,
        }
    }
}

/// Something that means nothing on a developer's machine, or that the emulator does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotEmulated {
    /// The resource.
    pub address: Address,
    /// The argument or block of it; all of it if `None`.
    pub attribute: Option<String>,
    /// Where it stands.
    pub place: Place,
    /// Why the stack works without it.
    pub reason: String,
}

macro_rules! of_one_kind {
    ($($(#[$doc:meta])* $method:ident: $kind:ident),* $(,)?) => {
        impl Stack {
            $(
                $(#[$doc])*
                pub fn $method(&self) -> impl Iterator<Item = &$kind> {
                    self.resources.iter().filter_map(|resource| {
                        if let Kind::$kind(it) = &resource.kind {
                            // The large ones are boxed.
                            let it: &$kind = it;
                            Some(it)
                        } else {
                            None
                        }
                    })
                }
            )*
        }
    };
}

of_one_kind! {
    /// All `aws_s3_bucket`.
    buckets: Bucket,
    /// All `aws_s3_bucket_notification`.
    bucket_notifications: BucketNotification,
    /// All `aws_s3_bucket_versioning`.
    bucket_versionings: BucketVersioning,
    /// All `aws_s3_bucket_public_access_block`.
    bucket_public_access_blocks: BucketPublicAccessBlock,
    /// All `aws_s3_bucket_server_side_encryption_configuration`.
    bucket_encryptions: BucketEncryption,
    /// All `aws_s3_bucket_lifecycle_configuration`.
    bucket_lifecycles: BucketLifecycle,
    /// All `aws_s3_bucket_policy`.
    bucket_policies: BucketPolicy,
    /// All `aws_s3_bucket_ownership_controls`.
    bucket_ownership_controls: BucketOwnershipControls,
    /// All `aws_sns_topic`.
    topics: Topic,
    /// All `aws_sns_topic_policy`.
    topic_policies: TopicPolicy,
    /// All `aws_sns_topic_subscription`.
    topic_subscriptions: TopicSubscription,
    /// All `aws_sqs_queue`.
    queues: Queue,
    /// All `aws_sqs_queue_policy`.
    queue_policies: QueuePolicy,
    /// All `aws_lambda_function`.
    functions: Function,
    /// All `aws_lambda_permission`.
    function_permissions: FunctionPermission,
    /// All `aws_lambda_function_event_invoke_config`.
    function_event_invoke_configs: FunctionEventInvokeConfig,
    /// All `aws_lambda_event_source_mapping`.
    event_source_mappings: EventSourceMapping,
    /// All `aws_iam_role`.
    roles: Role,
    /// All `aws_iam_role_policy`.
    role_policies: RolePolicy,
    /// All `aws_iam_policy`.
    policies: Policy,
    /// All `aws_iam_role_policy_attachment`.
    role_policy_attachments: RolePolicyAttachment,
    /// All `aws_cloudwatch_log_group`.
    log_groups: LogGroup,
    /// All `aws_secretsmanager_secret`.
    secrets: Secret,
    /// All `aws_secretsmanager_secret_version`.
    secret_versions: SecretVersion,
}

impl Stack {
    /// The resources in the order in which they can be made: each after all that it depends on,
    /// and otherwise as they stand in the files.
    pub fn order(&self) -> impl DoubleEndedIterator<Item = &Resource> {
        self.resources.iter()
    }

    /// The text of an output, if there is one of that name that is known.
    #[must_use]
    pub fn output(&self, name: &str) -> Option<&str> {
        self.outputs.get(name)?.text().map(Text::expose)
    }
}
