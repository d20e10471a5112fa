//! Takes a stack away again, the last made first.

use zipster_stack::{Kind, Resource, Stack};

use super::Refusal;
use super::event_sources::remove_mapping;
use super::messaging::queue_url;
use crate::clients::Clients;
use crate::{TargetError, leftovers};

/// Removes the resources of `stack` that [`deploy`](super::deploy()) makes. What is not there
/// counts as removed, so that a stack that was made half-way can be taken away.
///
/// # Errors
/// [`TargetError::Call`] with the first resource that was refused; the others are tried all the
/// same.
pub async fn remove(clients: &Clients, stack: &Stack) -> Result<(), TargetError> {
    let mut first = Ok(());
    for resource in stack.order().rev() {
        if let Err(refusal) = remove_one(clients, stack, resource).await
            && !refusal.is_missing()
            && first.is_ok()
        {
            first = Err(TargetError::Call {
                what: format!("removing {} ({})", resource.address, refusal.operation),
                reason: refusal.reason,
            });
        }
    }
    first
}

pub(super) async fn remove_one(
    clients: &Clients,
    stack: &Stack,
    resource: &Resource,
) -> Result<(), Refusal> {
    match &resource.kind {
        Kind::Bucket(bucket) => remove_bucket(clients, bucket.name.as_str()).await,
        Kind::Function(function) => clients
            .lambda
            .delete_function()
            .function_name(function.name.as_str())
            .send()
            .await
            .map(|_| ())
            .map_err(Refusal::of("DeleteFunction")),
        Kind::EventSourceMapping(mapping) => remove_mapping(clients, mapping).await,
        Kind::Topic(topic) => {
            let (account, region) = (&stack.account, &stack.region);
            let name = topic.name.as_str();
            let partition = stack.partition.as_str();
            clients
                .sns
                .delete_topic()
                .topic_arn(format!("arn:{partition}:sns:{region}:{account}:{name}"))
                .send()
                .await
                .map(|_| ())
                .map_err(Refusal::of("DeleteTopic"))
        }
        Kind::Queue(queue) => {
            let url = queue_url(clients, queue.name.as_str()).await?;
            clients
                .sqs
                .delete_queue()
                .queue_url(url)
                .send()
                .await
                .map(|_| ())
                .map_err(Refusal::of("DeleteQueue"))
        }
        Kind::RolePolicy(policy) => clients
            .iam
            .delete_role_policy()
            .role_name(policy.role.as_str())
            .policy_name(policy.name.as_str())
            .send()
            .await
            .map(|_| ())
            .map_err(Refusal::of("DeleteRolePolicy")),
        Kind::RolePolicyAttachment(attachment) => clients
            .iam
            .detach_role_policy()
            .role_name(attachment.role.as_str())
            .policy_arn(attachment.policy.as_str())
            .send()
            .await
            .map(|_| ())
            .map_err(Refusal::of("DetachRolePolicy")),
        Kind::Role(role) => remove_role(clients, role.name.as_str()).await,
        Kind::Policy(policy) => {
            let (account, partition) = (&stack.account, stack.partition.as_str());
            let (path, name) = (policy.path.as_str(), policy.name.as_str());
            let arn = format!("arn:{partition}:iam::{account}:policy{path}{name}");
            remove_policy(clients, &arn).await
        }
        Kind::LogGroup(group) => clients
            .logs
            .delete_log_group()
            .log_group_name(group.name.as_str())
            .send()
            .await
            .map(|_| ())
            .map_err(Refusal::of("DeleteLogGroup")),
        Kind::Secret(secret) => clients
            .secrets
            .delete_secret()
            .secret_id(secret.name.as_str())
            .force_delete_without_recovery(true)
            .send()
            .await
            .map(|_| ())
            .map_err(Refusal::of("DeleteSecret")),
        // These go with what they belong to.
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
        | Kind::SecretVersion(_) => Ok(()),
    }
}

/// A role goes only after its policies, those that its own resource declares included.
async fn remove_role(clients: &Clients, name: &str) -> Result<(), Refusal> {
    let inline = clients
        .iam
        .list_role_policies()
        .role_name(name)
        .send()
        .await
        .map_err(Refusal::of("ListRolePolicies"))?;
    for policy in inline.policy_names() {
        clients
            .iam
            .delete_role_policy()
            .role_name(name)
            .policy_name(policy)
            .send()
            .await
            .map_err(Refusal::of("DeleteRolePolicy"))?;
    }
    let attached = clients
        .iam
        .list_attached_role_policies()
        .role_name(name)
        .send()
        .await
        .map_err(Refusal::of("ListAttachedRolePolicies"))?;
    for policy in attached.attached_policies() {
        clients
            .iam
            .detach_role_policy()
            .role_name(name)
            .policy_arn(policy.policy_arn().unwrap_or_default())
            .send()
            .await
            .map_err(Refusal::of("DetachRolePolicy"))?;
    }
    clients
        .iam
        .delete_role()
        .role_name(name)
        .send()
        .await
        .map_err(Refusal::of("DeleteRole"))?;
    Ok(())
}

/// A policy goes only after the versions that it had before.
async fn remove_policy(clients: &Clients, arn: &str) -> Result<(), Refusal> {
    let listed = clients
        .iam
        .list_policy_versions()
        .policy_arn(arn)
        .send()
        .await
        .map_err(Refusal::of("ListPolicyVersions"))?;
    let earlier = listed.versions().iter();
    for version in earlier.filter(|version| !version.is_default_version()) {
        clients
            .iam
            .delete_policy_version()
            .policy_arn(arn)
            .version_id(version.version_id().unwrap_or_default())
            .send()
            .await
            .map_err(Refusal::of("DeletePolicyVersion"))?;
    }
    clients
        .iam
        .delete_policy()
        .policy_arn(arn)
        .send()
        .await
        .map_err(Refusal::of("DeletePolicy"))?;
    Ok(())
}

/// A bucket goes only when no version of anything is in it.
async fn remove_bucket(clients: &Clients, bucket: &str) -> Result<(), Refusal> {
    leftovers::empty(clients, bucket, "")
        .await
        .map_err(|error| Refusal::because("DeleteObjects", error.to_string()))?;
    delete_bucket(clients, bucket).await
}

/// Only one that is empty.
pub(super) async fn delete_bucket(clients: &Clients, bucket: &str) -> Result<(), Refusal> {
    clients
        .s3
        .delete_bucket()
        .bucket(bucket)
        .send()
        .await
        .map_err(Refusal::of("DeleteBucket"))?;
    Ok(())
}
