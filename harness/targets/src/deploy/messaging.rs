//! Topics, subscriptions and queues.

use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::json;
use zipster_stack::resources::{
    FilterPolicyScope, PolicyDocument, Queue, QueuePolicy, Topic, TopicPolicy, TopicSubscription,
};

use super::{Deployer, Refusal};
use crate::clients::Clients;

impl Deployer<'_> {
    pub(super) async fn topic(&self, topic: &Topic) -> Result<(), Refusal> {
        let mut request = self.clients.sns.create_topic().name(topic.name.as_str());
        // A topic that is there is given only if it is asked for as it was made.
        let is_new = !self.leniency.update_existing;
        let name = topic.display_name.as_deref();
        let policy = topic.policy.as_ref().map(PolicyDocument::as_str);
        let attributes: Vec<(&str, &str)> = [("DisplayName", name), ("Policy", policy)]
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect();
        for (name, value) in attributes.iter().filter(|_| is_new) {
            request = request.attributes(*name, *value);
        }
        if topic.name.as_str().ends_with(".fifo") {
            request = request.attributes("FifoTopic", "true").attributes(
                "ContentBasedDeduplication",
                topic.content_based_deduplication.to_string(),
            );
        }
        request.send().await.map_err(Refusal::of("CreateTopic"))?;
        for (name, value) in attributes.into_iter().filter(|_| !is_new) {
            self.clients
                .sns
                .set_topic_attributes()
                .topic_arn(topic.arn.as_str())
                .attribute_name(name)
                .attribute_value(value)
                .send()
                .await
                .map_err(Refusal::of("SetTopicAttributes"))?;
        }
        Ok(())
    }

    pub(super) async fn topic_policy(&self, policy: &TopicPolicy) -> Result<(), Refusal> {
        self.clients
            .sns
            .set_topic_attributes()
            .topic_arn(policy.topic.as_str())
            .attribute_name("Policy")
            .attribute_value(policy.policy.as_str())
            .send()
            .await
            .map_err(Refusal::of("SetTopicAttributes"))?;
        Ok(())
    }

    pub(super) async fn topic_subscription(
        &self,
        subscription: &TopicSubscription,
    ) -> Result<(), Refusal> {
        let mut request = self
            .clients
            .sns
            .subscribe()
            .topic_arn(subscription.topic.as_str())
            .protocol(subscription.protocol.as_str())
            .endpoint(&subscription.endpoint);
        if let Some(policy) = &subscription.filter_policy {
            let scope = match subscription.filter_policy_scope {
                FilterPolicyScope::MessageAttributes => "MessageAttributes",
                FilterPolicyScope::MessageBody => "MessageBody",
            };
            request = request
                .attributes("FilterPolicy", policy)
                .attributes("FilterPolicyScope", scope);
        }
        if subscription.raw_message_delivery {
            request = request.attributes("RawMessageDelivery", "true");
        }
        if let Some(queue) = &subscription.dead_letter_queue {
            let policy = json!({"deadLetterTargetArn": queue.as_str()});
            request = request.attributes("RedrivePolicy", policy.to_string());
        }
        request.send().await.map_err(Refusal::of("Subscribe"))?;
        Ok(())
    }

    pub(super) async fn queue(&self, queue: &Queue) -> Result<(), Refusal> {
        use QueueAttributeName as Name;
        let mut request = self
            .clients
            .sqs
            .create_queue()
            .queue_name(queue.name.as_str())
            .attributes(
                Name::VisibilityTimeout,
                queue.visibility_timeout_s.to_string(),
            )
            .attributes(
                Name::MessageRetentionPeriod,
                queue.message_retention_s.to_string(),
            )
            .attributes(Name::DelaySeconds, queue.delay_s.to_string())
            .attributes(
                Name::ReceiveMessageWaitTimeSeconds,
                queue.receive_wait_time_s.to_string(),
            )
            .attributes(
                Name::MaximumMessageSize,
                queue.max_message_bytes.to_string(),
            );
        if queue.name.as_str().ends_with(".fifo") {
            request = request.attributes(Name::FifoQueue, "true").attributes(
                Name::ContentBasedDeduplication,
                queue.content_based_deduplication.to_string(),
            );
        }
        if let Some(redrive) = &queue.redrive_policy {
            let policy = json!({
                "deadLetterTargetArn": redrive.dead_letter_queue.as_str(),
                "maxReceiveCount": redrive.max_receive_count,
            });
            request = request.attributes(Name::RedrivePolicy, policy.to_string());
        }
        if let Some(policy) = &queue.policy {
            request = request.attributes(Name::Policy, policy.as_str());
        }
        let attributes = request.get_attributes().clone();
        match request.send().await.map_err(Refusal::of("CreateQueue")) {
            Ok(_) => Ok(()),
            // One of that name with other attributes; with the same ones it would have been given.
            Err(refusal) if self.may_exist(&refusal) => {
                let url = queue_url(self.clients, queue.name.as_str()).await?;
                self.clients
                    .sqs
                    .set_queue_attributes()
                    .queue_url(url)
                    .set_attributes(attributes)
                    .send()
                    .await
                    .map_err(Refusal::of("SetQueueAttributes"))?;
                Ok(())
            }
            Err(refusal) => Err(refusal),
        }
    }

    pub(super) async fn queue_policy(&self, policy: &QueuePolicy) -> Result<(), Refusal> {
        let url = queue_url(self.clients, policy.queue.as_str()).await?;
        self.clients
            .sqs
            .set_queue_attributes()
            .queue_url(url)
            .attributes(QueueAttributeName::Policy, policy.policy.as_str())
            .send()
            .await
            .map_err(Refusal::of("SetQueueAttributes"))?;
        Ok(())
    }
}

/// The stack has the URL that AWS would give; the target has one of its own.
pub(super) async fn queue_url(clients: &Clients, name: &str) -> Result<String, Refusal> {
    let answer = clients
        .sqs
        .get_queue_url()
        .queue_name(name)
        .send()
        .await
        .map_err(Refusal::of("GetQueueUrl"))?;
    Ok(answer.queue_url.unwrap_or_default())
}
