//! Tags: those that a resource says, and those that the provider gives to everything.
//!
//! They are set by calls of their own, so that what is there already gets them as well.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;

use zipster_stack::{Kind, Resource};

use super::event_sources::mapping_arns;
use super::messaging::queue_url;
use super::{Deployer, Refusal};
use crate::clients::Clients;

/// Tags by their keys.
type Tags = BTreeMap<String, String>;

/// What has tags, by what its service calls it.
enum Owner {
    Bucket(String),
    /// An ARN.
    Topic(String),
    /// A URL.
    Queue(String),
    /// The ARNs of a function, or of a mapping to one.
    Lambda(Vec<String>),
    /// A name.
    Role(String),
    /// An ARN.
    Policy(String),
    /// An ARN.
    LogGroup(String),
    /// An ARN.
    Secret(String),
}

impl Deployer<'_> {
    /// Gives a resource that was made its tags.
    pub(super) async fn tag(&self, resource: &Resource) -> Result<(), Refusal> {
        let tags = tags_of(resource);
        if tags.is_empty() {
            return Ok(());
        }
        match owner(self.clients, &resource.kind).await? {
            Some(owner) => owner.tag(self.clients, &tags).await,
            None => Ok(()),
        }
    }
}

/// Takes from a resource, which has been given its tags, those that only `old` says.
pub(super) async fn untag(
    clients: &Clients,
    old: &Resource,
    new: &Resource,
) -> Result<(), Refusal> {
    let (old, tags) = (tags_of(old), tags_of(new));
    let gone: Vec<String> = old
        .into_keys()
        .filter(|key| !tags.contains_key(key))
        .collect();
    if gone.is_empty() {
        return Ok(());
    }
    match owner(clients, &new.kind).await? {
        // A bucket's tags are set all at once.
        Some(Owner::Bucket(_)) if !tags.is_empty() => Ok(()),
        Some(owner) => owner.untag(clients, gone).await,
        None => Ok(()),
    }
}

fn tags_of(resource: &Resource) -> Tags {
    let tags = resource.tags.iter();
    tags.map(|(key, value)| (key.clone(), value.expose().to_owned()))
        .collect()
}

async fn owner(clients: &Clients, kind: &Kind) -> Result<Option<Owner>, Refusal> {
    Ok(Some(match kind {
        Kind::Bucket(it) => Owner::Bucket(it.name.to_string()),
        Kind::Topic(it) => Owner::Topic(it.arn.to_string()),
        Kind::Queue(it) => Owner::Queue(queue_url(clients, it.name.as_str()).await?),
        Kind::Function(it) => Owner::Lambda(vec![it.arn.to_string()]),
        Kind::EventSourceMapping(it) => Owner::Lambda(mapping_arns(clients, it).await?),
        Kind::Role(it) => Owner::Role(it.name.to_string()),
        Kind::Policy(it) => Owner::Policy(it.arn.to_string()),
        Kind::LogGroup(it) => Owner::LogGroup(it.arn.to_string()),
        Kind::Secret(it) => Owner::Secret(it.arn.to_string()),
        // These belong to others, and have none of their own.
        Kind::BucketNotification(_)
        | Kind::BucketVersioning(_)
        | Kind::BucketPublicAccessBlock(_)
        | Kind::BucketEncryption(_)
        | Kind::BucketLifecycle(_)
        | Kind::BucketPolicy(_)
        | Kind::BucketOwnershipControls(_)
        | Kind::TopicPolicy(_)
        | Kind::TopicSubscription(_)
        | Kind::QueuePolicy(_)
        | Kind::FunctionPermission(_)
        | Kind::FunctionEventInvokeConfig(_)
        | Kind::RolePolicy(_)
        | Kind::RolePolicyAttachment(_)
        | Kind::SecretVersion(_) => return Ok(None),
    }))
}

impl Owner {
    async fn tag(self, clients: &Clients, tags: &Tags) -> Result<(), Refusal> {
        match self {
            Self::Bucket(name) => {
                let tags = built(tags, "PutBucketTagging", |key, value| {
                    let tag = aws_sdk_s3::types::Tag::builder();
                    tag.key(key).value(value).build()
                })?;
                let tagging = aws_sdk_s3::types::Tagging::builder().set_tag_set(Some(tags));
                let tagging = tagging
                    .build()
                    .map_err(Refusal::unbuilt("PutBucketTagging"))?;
                let call = clients.s3.put_bucket_tagging().bucket(name);
                let answer = call.tagging(tagging).send().await;
                answer.map(|_| ()).map_err(Refusal::of("PutBucketTagging"))
            }
            Self::Topic(arn) => {
                let tags = built(tags, "TagResource", |key, value| {
                    let tag = aws_sdk_sns::types::Tag::builder();
                    tag.key(key).value(value).build()
                })?;
                let call = clients.sns.tag_resource().resource_arn(arn);
                let answer = call.set_tags(Some(tags)).send().await;
                answer.map(|_| ()).map_err(Refusal::of("TagResource"))
            }
            Self::Queue(url) => {
                let call = clients.sqs.tag_queue().queue_url(url);
                let answer = call.set_tags(Some(map(tags))).send().await;
                answer.map(|_| ()).map_err(Refusal::of("TagQueue"))
            }
            Self::Lambda(arns) => {
                for arn in arns {
                    let call = clients.lambda.tag_resource().resource(arn);
                    let answer = call.set_tags(Some(map(tags))).send().await;
                    answer.map_err(Refusal::of("TagResource"))?;
                }
                Ok(())
            }
            Self::Role(name) => {
                let call = clients.iam.tag_role().role_name(name);
                let answer = call.set_tags(Some(of_iam(tags)?)).send().await;
                answer.map(|_| ()).map_err(Refusal::of("TagRole"))
            }
            Self::Policy(arn) => {
                let call = clients.iam.tag_policy().policy_arn(arn);
                let answer = call.set_tags(Some(of_iam(tags)?)).send().await;
                answer.map(|_| ()).map_err(Refusal::of("TagPolicy"))
            }
            Self::LogGroup(arn) => {
                let call = clients.logs.tag_resource().resource_arn(arn);
                let answer = call.set_tags(Some(map(tags))).send().await;
                answer.map(|_| ()).map_err(Refusal::of("TagResource"))
            }
            Self::Secret(arn) => {
                let tags = tags.iter().map(|(key, value)| {
                    let tag = aws_sdk_secretsmanager::types::Tag::builder();
                    tag.key(key).value(value).build()
                });
                let call = clients.secrets.tag_resource().secret_id(arn);
                let answer = call.set_tags(Some(tags.collect())).send().await;
                answer.map(|_| ()).map_err(Refusal::of("TagResource"))
            }
        }
    }

    /// Takes tags away; of a bucket all that it has.
    async fn untag(self, clients: &Clients, keys: Vec<String>) -> Result<(), Refusal> {
        match self {
            Self::Bucket(name) => {
                let answer = clients.s3.delete_bucket_tagging().bucket(name).send().await;
                answer
                    .map(|_| ())
                    .map_err(Refusal::of("DeleteBucketTagging"))
            }
            Self::Topic(arn) => {
                let call = clients.sns.untag_resource().resource_arn(arn);
                let answer = call.set_tag_keys(Some(keys)).send().await;
                answer.map(|_| ()).map_err(Refusal::of("UntagResource"))
            }
            Self::Queue(url) => {
                let call = clients.sqs.untag_queue().queue_url(url);
                let answer = call.set_tag_keys(Some(keys)).send().await;
                answer.map(|_| ()).map_err(Refusal::of("UntagQueue"))
            }
            Self::Lambda(arns) => {
                for arn in arns {
                    let call = clients.lambda.untag_resource().resource(arn);
                    let answer = call.set_tag_keys(Some(keys.clone())).send().await;
                    answer.map_err(Refusal::of("UntagResource"))?;
                }
                Ok(())
            }
            Self::Role(name) => {
                let call = clients.iam.untag_role().role_name(name);
                let answer = call.set_tag_keys(Some(keys)).send().await;
                answer.map(|_| ()).map_err(Refusal::of("UntagRole"))
            }
            Self::Policy(arn) => {
                let call = clients.iam.untag_policy().policy_arn(arn);
                let answer = call.set_tag_keys(Some(keys)).send().await;
                answer.map(|_| ()).map_err(Refusal::of("UntagPolicy"))
            }
            Self::LogGroup(arn) => {
                let call = clients.logs.untag_resource().resource_arn(arn);
                let answer = call.set_tag_keys(Some(keys)).send().await;
                answer.map(|_| ()).map_err(Refusal::of("UntagResource"))
            }
            Self::Secret(arn) => {
                let call = clients.secrets.untag_resource().secret_id(arn);
                let answer = call.set_tag_keys(Some(keys)).send().await;
                answer.map(|_| ()).map_err(Refusal::of("UntagResource"))
            }
        }
    }
}

/// Tags in the form that a service wants.
fn built<T, E: Error>(
    tags: &Tags,
    operation: &'static str,
    build: impl Fn(&str, &str) -> Result<T, E>,
) -> Result<Vec<T>, Refusal> {
    let built = tags.iter().map(|(key, value)| build(key, value));
    built
        .collect::<Result<_, _>>()
        .map_err(Refusal::unbuilt(operation))
}

fn of_iam(tags: &Tags) -> Result<Vec<aws_sdk_iam::types::Tag>, Refusal> {
    built(tags, "Tag", |key, value| {
        let tag = aws_sdk_iam::types::Tag::builder();
        tag.key(key).value(value).build()
    })
}

fn map(tags: &Tags) -> HashMap<String, String> {
    tags.clone().into_iter().collect()
}
