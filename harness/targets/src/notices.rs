//! The pipeline's own notices, collected by a queue of the harness's own.
//!
//! The harness's queue is subscribed to both topics without a filter, so it sees every step,
//! whatever the stack's subscribers have asked for. A scenario can open others that ask for less.
//! They belong to the run, not to the stack, and are removed with it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;

use crate::TargetError;
use crate::clients::Clients;
use crate::error::chain;

/// Twelve hours, the longest that SQS allows.
const LONGEST_VISIBILITY_TIMEOUT_S: i32 = 43_200;

/// How long a new subscription may take until messages arrive through it.
const LISTENING_LIMIT: Duration = Duration::from_secs(120);

/// One announced step of one function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The topic's ARN.
    pub topic: String,
    /// The subject, as an email reader sees it.
    pub subject: String,
    /// The body.
    pub body: String,
    /// The message attributes: `function`, `step`, `status`, `bucket`, `key` and counts.
    pub attributes: BTreeMap<String, String>,
}

impl Notice {
    /// A message attribute, empty if the notice has none of that name.
    #[must_use]
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }

    /// The same notice with another value of an attribute.
    pub(crate) fn with_attribute(mut self, name: &str, value: String) -> Self {
        self.attributes.insert(name.to_owned(), value);
        self
    }
}

/// The queue.
#[derive(Debug)]
pub struct NoticeQueue {
    clients: Clients,
    url: String,
    topics: Vec<String>,
    subscriptions: Vec<String>,
    /// The identifiers of the messages that were taken: SNS and SQS deliver at least once.
    taken: Mutex<HashSet<String>>,
}

/// What SNS puts into a queue: <https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html>.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope {
    message_id: String,
    topic_arn: String,
    subject: Option<String>,
    message: String,
    #[serde(default)]
    message_attributes: BTreeMap<String, EnvelopeAttribute>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EnvelopeAttribute {
    value: String,
}

impl NoticeQueue {
    /// Makes the queue `name` and subscribes it to topics, by their ARN; with a filter policy it
    /// gets only the messages whose attributes match.
    ///
    /// # Errors
    /// [`TargetError::Call`] naming the operation that was refused; then no queue is left.
    pub async fn open(
        clients: &Clients,
        topics: &[&str],
        name: &str,
        filter_policy: Option<&str>,
    ) -> Result<Self, TargetError> {
        let url = clients
            .sqs
            .create_queue()
            .queue_name(name)
            .send()
            .await
            .map_err(|error| failed("CreateQueue", &error))?
            .queue_url
            .unwrap_or_default();
        let mut queue = Self {
            clients: clients.clone(),
            url,
            topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
            subscriptions: Vec::new(),
            taken: Mutex::default(),
        };
        match queue.subscribe(topics, filter_policy).await {
            Ok(()) => Ok(queue),
            Err(error) => {
                // The first failure is what the user has to know.
                let _ = queue.close().await;
                Err(error)
            }
        }
    }

    async fn subscribe(
        &mut self,
        topics: &[&str],
        filter_policy: Option<&str>,
    ) -> Result<(), TargetError> {
        let clients = self.clients.clone();
        let url = self.url.clone();
        let attributes = clients
            .sqs
            .get_queue_attributes()
            .queue_url(&url)
            .attribute_names(aws_sdk_sqs::types::QueueAttributeName::QueueArn)
            .send()
            .await
            .map_err(|error| failed("GetQueueAttributes", &error))?;
        let arn = attributes
            .attributes
            .and_then(|mut all| all.remove(&aws_sdk_sqs::types::QueueAttributeName::QueueArn))
            .unwrap_or_default();
        let policy = serde_json::json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": topics}},
            }],
        });
        clients
            .sqs
            .set_queue_attributes()
            .queue_url(&url)
            .attributes(
                aws_sdk_sqs::types::QueueAttributeName::Policy,
                policy.to_string(),
            )
            .send()
            .await
            .map_err(|error| failed("SetQueueAttributes", &error))?;
        for topic in topics {
            let subscription =
                clients
                    .sns
                    .subscribe()
                    .topic_arn(*topic)
                    .protocol("sqs")
                    .endpoint(&arn)
                    .set_attributes(filter_policy.map(|policy| {
                        HashMap::from([("FilterPolicy".to_owned(), policy.to_owned())])
                    }))
                    .return_subscription_arn(true)
                    .send()
                    .await
                    .map_err(|error| failed("Subscribe", &error))?;
            self.subscriptions.extend(subscription.subscription_arn);
        }
        Ok(())
    }

    /// Takes the notices that have arrived, in the order of arrival, until the queue is empty.
    ///
    /// # Errors
    /// [`TargetError::Call`] if the queue cannot be read or holds what is no notice.
    pub async fn take(&self) -> Result<Vec<Notice>, TargetError> {
        let mut notices = Vec::new();
        loop {
            let received = self.receive_bodies(Duration::ZERO).await?;
            if received.is_empty() {
                return Ok(notices);
            }
            notices.extend(self.read(&received)?);
        }
    }

    /// Takes some notices, waiting for the first of them for whole seconds, 20 at most. Messages that
    /// come again are passed over, so that there may be none although some came.
    ///
    /// # Errors
    /// [`TargetError::Call`] if the queue cannot be read or holds what is no notice.
    pub async fn receive(&self, wait: Duration) -> Result<Vec<Notice>, TargetError> {
        let bodies = self.receive_bodies(wait).await?;
        self.read(&bodies)
    }

    /// The notices in some messages, without those that were taken before.
    fn read(&self, bodies: &[String]) -> Result<Vec<Notice>, TargetError> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let mut notices = Vec::new();
        for body in bodies {
            let (identifier, notice) = parse(body)?;
            if taken.insert(identifier) {
                notices.push(notice);
            }
        }
        Ok(notices)
    }

    async fn receive_bodies(&self, wait: Duration) -> Result<Vec<String>, TargetError> {
        let received = self
            .clients
            .sqs
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(10)
            .wait_time_seconds(i32::try_from(wait.as_secs()).unwrap_or(i32::MAX))
            // Long enough for a clock in a hurry, too: a message is deleted at once.
            .visibility_timeout(LONGEST_VISIBILITY_TIMEOUT_S)
            .send()
            .await
            .map_err(|error| TargetError::Call {
                what: "ReceiveMessage".to_owned(),
                reason: chain(&error),
            })?;
        let mut bodies = Vec::new();
        for message in received.messages.unwrap_or_default() {
            bodies.push(message.body.unwrap_or_default());
            self.clients
                .sqs
                .delete_message()
                .queue_url(&self.url)
                .receipt_handle(message.receipt_handle.unwrap_or_default())
                .send()
                .await
                .map_err(|error| TargetError::Call {
                    what: "DeleteMessage".to_owned(),
                    reason: chain(&error),
                })?;
        }
        Ok(bodies)
    }

    /// Returns once messages arrive from each topic. A subscription takes a moment to come alive,
    /// and what was published before is lost: so a message of our own has to arrive first.
    ///
    /// # Errors
    /// [`TargetError::Call`] if it cannot be sent, or does not arrive within two minutes.
    pub async fn hear_oneself(&self) -> Result<(), TargetError> {
        let mut silent: Vec<&str> = self.topics.iter().map(String::as_str).collect();
        let listening = async {
            while !silent.is_empty() {
                for topic in &silent {
                    self.clients
                        .sns
                        .publish()
                        .topic_arn(*topic)
                        .subject("[zipster] the harness listens")
                        .message("A run of the scenarios begins.")
                        .send()
                        .await
                        .map_err(|error| failed(&format!("Publish {topic}"), &error))?;
                }
                for notice in self.receive(Duration::from_secs(5)).await? {
                    silent.retain(|topic| *topic != notice.topic);
                }
            }
            Ok(())
        };
        match tokio::time::timeout(LISTENING_LIMIT, listening).await {
            Ok(heard) => heard,
            Err(_) => Err(TargetError::Call {
                what: "listening to the topics".to_owned(),
                reason: format!(
                    "nothing arrived within {} s; does a policy keep the queue from the topics?",
                    LISTENING_LIMIT.as_secs()
                ),
            }),
        }
    }

    /// Removes the subscriptions and the queue.
    ///
    /// # Errors
    /// [`TargetError::Call`] naming the first operation that was refused; the others are tried.
    pub async fn close(&self) -> Result<(), TargetError> {
        let mut first = None;
        for subscription in &self.subscriptions {
            if let Err(error) = self
                .clients
                .sns
                .unsubscribe()
                .subscription_arn(subscription)
                .send()
                .await
            {
                first.get_or_insert_with(|| ("Unsubscribe", chain(&error)));
            }
        }
        if let Err(error) = self
            .clients
            .sqs
            .delete_queue()
            .queue_url(&self.url)
            .send()
            .await
        {
            first.get_or_insert_with(|| ("DeleteQueue", chain(&error)));
        }
        match first {
            None => Ok(()),
            Some((what, reason)) => Err(TargetError::Call {
                what: what.to_owned(),
                reason,
            }),
        }
    }
}

fn failed(what: &str, error: &dyn std::error::Error) -> TargetError {
    TargetError::Call {
        what: what.to_owned(),
        reason: chain(error),
    }
}

/// The message's identifier, and what it says.
fn parse(body: &str) -> Result<(String, Notice), TargetError> {
    let envelope: Envelope = serde_json::from_str(body).map_err(|error| TargetError::Call {
        what: "reading a notice".to_owned(),
        reason: format!("{error} in {body}"),
    })?;
    let notice = Notice {
        topic: envelope.topic_arn,
        subject: envelope.subject.unwrap_or_default(),
        body: envelope.message,
        attributes: envelope
            .message_attributes
            .into_iter()
            .map(|(name, attribute)| (name, attribute.value))
            .collect(),
    };
    Ok((envelope.message_id, notice))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_is_a_notice() {
        let (identifier, notice) = parse(
            r#"{"Type":"Notification","MessageId":"m","TopicArn":"arn:aws:sns:r:1:t",
                "Subject":"s","Message":"b","Timestamp":"x",
                "MessageAttributes":{"step":{"Type":"Number","Value":"2"}}}"#,
        )
        .unwrap();
        assert_eq!(identifier, "m");
        assert_eq!((notice.subject.as_str(), notice.body.as_str()), ("s", "b"));
        assert_eq!(notice.attribute("step"), "2");
        assert_eq!(notice.attribute("none"), "");
    }

    #[test]
    fn what_is_no_envelope_is_an_error_that_shows_it() {
        let error = parse("hello").unwrap_err().to_string();
        assert!(error.contains("hello"), "{error}");
    }
}
