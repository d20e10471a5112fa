//! What making a resource again does not undo: settings that it had, and has no more.

use aws_sdk_sqs::types::QueueAttributeName;
use zipster_stack::Kind;
use zipster_stack::resources::{Function, LogGroup, Queue, Role, Topic};

use super::Refusal;
use super::messaging::queue_url;
use crate::clients::Clients;

/// Takes from a resource, which has been brought up to date, what only `old` says of it.
pub(super) async fn adjust(clients: &Clients, old: &Kind, new: &Kind) -> Result<(), Refusal> {
    match (old, new) {
        (Kind::Topic(old), Kind::Topic(new)) => topic(clients, old, new).await,
        (Kind::Queue(old), Kind::Queue(new)) => queue(clients, old, new).await,
        (Kind::Function(old), Kind::Function(new)) => function(clients, old, new).await,
        (Kind::Role(old), Kind::Role(new)) => role(clients, old, new).await,
        (Kind::LogGroup(old), Kind::LogGroup(new)) => log_group(clients, old, new).await,
        // Making them again says all there is to say of them.
        _ => Ok(()),
    }
}

/// A display name that is said no more; a policy may be said by a resource of its own.
async fn topic(clients: &Clients, old: &Topic, new: &Topic) -> Result<(), Refusal> {
    let set = async |name: &str, value: &str| {
        clients
            .sns
            .set_topic_attributes()
            .topic_arn(new.arn.as_str())
            .attribute_name(name)
            .attribute_value(value)
            .send()
            .await
            .map_err(Refusal::of("SetTopicAttributes"))
    };
    if old.display_name.is_some() && new.display_name.is_none() {
        set("DisplayName", "").await?;
    }
    if old.content_based_deduplication != new.content_based_deduplication {
        let value = new.content_based_deduplication.to_string();
        set("ContentBasedDeduplication", &value).await?;
    }
    Ok(())
}

async fn queue(clients: &Clients, old: &Queue, new: &Queue) -> Result<(), Refusal> {
    if old.redrive_policy.is_none() || new.redrive_policy.is_some() {
        return Ok(());
    }
    let url = queue_url(clients, new.name.as_str()).await?;
    clients
        .sqs
        .set_queue_attributes()
        .queue_url(url)
        .attributes(QueueAttributeName::RedrivePolicy, "")
        .send()
        .await
        .map_err(Refusal::of("SetQueueAttributes"))?;
    Ok(())
}

async fn function(clients: &Clients, old: &Function, new: &Function) -> Result<(), Refusal> {
    if old.reserved_concurrency.is_some() && new.reserved_concurrency.is_none() {
        clients
            .lambda
            .delete_function_concurrency()
            .function_name(new.name.as_str())
            .send()
            .await
            .map_err(Refusal::of("DeleteFunctionConcurrency"))?;
    }
    Ok(())
}

async fn role(clients: &Clients, old: &Role, new: &Role) -> Result<(), Refusal> {
    let name = new.name.as_str();
    let iam = &clients.iam;
    if old.max_session_duration_s != new.max_session_duration_s {
        let seconds = i32::try_from(new.max_session_duration_s).unwrap_or(i32::MAX);
        iam.update_role()
            .role_name(name)
            .max_session_duration(seconds)
            .send()
            .await
            .map_err(Refusal::of("UpdateRole"))?;
    }
    if old.permissions_boundary != new.permissions_boundary {
        match &new.permissions_boundary {
            Some(arn) => iam
                .put_role_permissions_boundary()
                .role_name(name)
                .permissions_boundary(arn.as_str())
                .send()
                .await
                .map(|_| ())
                .map_err(Refusal::of("PutRolePermissionsBoundary"))?,
            None => iam
                .delete_role_permissions_boundary()
                .role_name(name)
                .send()
                .await
                .map(|_| ())
                .map_err(Refusal::of("DeleteRolePermissionsBoundary"))?,
        }
    }
    for policy in &old.inline_policies {
        if !new.inline_policies.iter().any(|it| it.name == policy.name) {
            iam.delete_role_policy()
                .role_name(name)
                .policy_name(policy.name.as_str())
                .send()
                .await
                .map_err(Refusal::of("DeleteRolePolicy"))?;
        }
    }
    for policy in &old.managed_policies {
        if !new.managed_policies.contains(policy) {
            iam.detach_role_policy()
                .role_name(name)
                .policy_arn(policy.as_str())
                .send()
                .await
                .map_err(Refusal::of("DetachRolePolicy"))?;
        }
    }
    Ok(())
}

async fn log_group(clients: &Clients, old: &LogGroup, new: &LogGroup) -> Result<(), Refusal> {
    if old.retention_days.is_some() && new.retention_days.is_none() {
        clients
            .logs
            .delete_retention_policy()
            .log_group_name(new.name.as_str())
            .send()
            .await
            .map_err(Refusal::of("DeleteRetentionPolicy"))?;
    }
    Ok(())
}
