//! Takes one resource away from a stack whose other resources stay.

use aws_sdk_s3::types::{
    BucketVersioningStatus, NotificationConfiguration, VersioningConfiguration,
};
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::json;
use zipster_names::Arn;
use zipster_stack::resources::TopicSubscription;
use zipster_stack::{Kind, Resource, Stack};

use super::messaging::queue_url;
use super::{Refusal, removal};
use crate::clients::Clients;

/// Removes a resource of `stack`. A bucket with objects in it is removed only if the configuration
/// says `force_destroy`, as with Terraform.
pub(super) async fn take_away(
    clients: &Clients,
    stack: &Stack,
    resource: &Resource,
) -> Result<(), Refusal> {
    if let Kind::Bucket(bucket) = &resource.kind
        && !bucket.force_destroy
    {
        return removal::delete_bucket(clients, bucket.name.as_str()).await;
    }
    detach(clients, &resource.kind).await?;
    removal::remove_one(clients, stack, resource).await
}

/// Gives what a resource belongs to its settings back, where it is one that belongs to another.
pub(super) async fn detach(clients: &Clients, kind: &Kind) -> Result<(), Refusal> {
    match kind {
        Kind::BucketNotification(it) => notification(clients, it.bucket.as_str()).await,
        Kind::BucketVersioning(it) => versioning(clients, it.bucket.as_str()).await,
        Kind::BucketPublicAccessBlock(it) => access_block(clients, it.bucket.as_str()).await,
        Kind::BucketEncryption(it) => encryption(clients, it.bucket.as_str()).await,
        Kind::BucketLifecycle(it) => lifecycle(clients, it.bucket.as_str()).await,
        Kind::BucketPolicy(it) => bucket_policy(clients, it.bucket.as_str()).await,
        Kind::BucketOwnershipControls(it) => ownership(clients, it.bucket.as_str()).await,
        Kind::TopicPolicy(policy) => topic_policy(clients, &policy.topic).await,
        Kind::TopicSubscription(subscription) => unsubscribe(clients, subscription).await,
        Kind::QueuePolicy(policy) => queue_policy(clients, policy.queue.as_str()).await,
        Kind::FunctionPermission(permission) => clients
            .lambda
            .remove_permission()
            .function_name(permission.function.as_str())
            .set_qualifier(permission.qualifier.clone())
            .statement_id(&permission.statement_id)
            .send()
            .await
            .map(|_| ())
            .map_err(Refusal::of("RemovePermission")),
        Kind::FunctionEventInvokeConfig(config) => clients
            .lambda
            .delete_function_event_invoke_config()
            .function_name(config.function.as_str())
            .set_qualifier(config.qualifier.clone())
            .send()
            .await
            .map(|_| ())
            .map_err(Refusal::of("DeleteFunctionEventInvokeConfig")),
        // A secret's text stays in it, as it does with Terraform until the secret goes.
        Kind::SecretVersion(_)
        | Kind::Bucket(_)
        | Kind::Topic(_)
        | Kind::Queue(_)
        | Kind::Function(_)
        | Kind::EventSourceMapping(_)
        | Kind::Role(_)
        | Kind::RolePolicy(_)
        | Kind::Policy(_)
        | Kind::RolePolicyAttachment(_)
        | Kind::LogGroup(_)
        | Kind::Secret(_) => Ok(()),
    }
}

async fn notification(clients: &Clients, bucket: &str) -> Result<(), Refusal> {
    clients
        .s3
        .put_bucket_notification_configuration()
        .bucket(bucket)
        .notification_configuration(NotificationConfiguration::builder().build())
        .send()
        .await
        .map_err(Refusal::of("PutBucketNotificationConfiguration"))?;
    Ok(())
}

/// A bucket that has had versions cannot be without.
async fn versioning(clients: &Clients, bucket: &str) -> Result<(), Refusal> {
    let suspended = VersioningConfiguration::builder()
        .status(BucketVersioningStatus::Suspended)
        .build();
    clients
        .s3
        .put_bucket_versioning()
        .bucket(bucket)
        .versioning_configuration(suspended)
        .send()
        .await
        .map_err(Refusal::of("PutBucketVersioning"))?;
    Ok(())
}

async fn access_block(clients: &Clients, bucket: &str) -> Result<(), Refusal> {
    clients
        .s3
        .delete_public_access_block()
        .bucket(bucket)
        .send()
        .await
        .map_err(Refusal::of("DeletePublicAccessBlock"))?;
    Ok(())
}

async fn encryption(clients: &Clients, bucket: &str) -> Result<(), Refusal> {
    clients
        .s3
        .delete_bucket_encryption()
        .bucket(bucket)
        .send()
        .await
        .map_err(Refusal::of("DeleteBucketEncryption"))?;
    Ok(())
}

async fn lifecycle(clients: &Clients, bucket: &str) -> Result<(), Refusal> {
    clients
        .s3
        .delete_bucket_lifecycle()
        .bucket(bucket)
        .send()
        .await
        .map_err(Refusal::of("DeleteBucketLifecycle"))?;
    Ok(())
}

async fn bucket_policy(clients: &Clients, bucket: &str) -> Result<(), Refusal> {
    clients
        .s3
        .delete_bucket_policy()
        .bucket(bucket)
        .send()
        .await
        .map_err(Refusal::of("DeleteBucketPolicy"))?;
    Ok(())
}

async fn ownership(clients: &Clients, bucket: &str) -> Result<(), Refusal> {
    clients
        .s3
        .delete_bucket_ownership_controls()
        .bucket(bucket)
        .send()
        .await
        .map_err(Refusal::of("DeleteBucketOwnershipControls"))?;
    Ok(())
}

/// The topic has the policy again that it was made with.
///
/// Follows <https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html>.
async fn topic_policy(clients: &Clients, topic: &Arn) -> Result<(), Refusal> {
    let owner = topic.account().map(ToString::to_string).unwrap_or_default();
    let policy = json!({
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [{
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": [
                "SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:AddPermission",
                "SNS:RemovePermission", "SNS:DeleteTopic", "SNS:Subscribe",
                "SNS:ListSubscriptionsByTopic", "SNS:Publish",
            ],
            "Resource": topic.as_str(),
            "Condition": {"StringEquals": {"AWS:SourceOwner": owner}},
        }],
    });
    clients
        .sns
        .set_topic_attributes()
        .topic_arn(topic.as_str())
        .attribute_name("Policy")
        .attribute_value(policy.to_string())
        .send()
        .await
        .map_err(Refusal::of("SetTopicAttributes"))?;
    Ok(())
}

/// Only a subscription that was confirmed has an ARN; one that was not is forgotten by itself.
async fn unsubscribe(clients: &Clients, wanted: &TopicSubscription) -> Result<(), Refusal> {
    let mut pages = clients
        .sns
        .list_subscriptions_by_topic()
        .topic_arn(wanted.topic.as_str())
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(Refusal::of("ListSubscriptionsByTopic"))?;
        for found in page.subscriptions() {
            let is_it = found.protocol() == Some(wanted.protocol.as_str())
                && found.endpoint() == Some(wanted.endpoint.as_str());
            let arn = found
                .subscription_arn()
                .filter(|arn| arn.starts_with("arn:"));
            if let (true, Some(arn)) = (is_it, arn) {
                clients
                    .sns
                    .unsubscribe()
                    .subscription_arn(arn)
                    .send()
                    .await
                    .map_err(Refusal::of("Unsubscribe"))?;
            }
        }
    }
    Ok(())
}

async fn queue_policy(clients: &Clients, queue: &str) -> Result<(), Refusal> {
    let url = queue_url(clients, queue).await?;
    clients
        .sqs
        .set_queue_attributes()
        .queue_url(url)
        .attributes(QueueAttributeName::Policy, "")
        .send()
        .await
        .map_err(Refusal::of("SetQueueAttributes"))?;
    Ok(())
}
