//! Topics and who is told.

use serde::Serialize;
use zipster_names::{Arn, TopicName};

use super::PolicyDocument;

/// `aws_sns_topic`
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Topic {
    /// Its name; a FIFO topic's ends with `.fifo`.
    pub name: TopicName,
    /// Its ARN.
    pub arn: Arn,
    /// What SMS messages and emails show as the sender.
    pub display_name: Option<String>,
    /// Whether a FIFO topic tells duplicates by the message's digest.
    pub content_based_deduplication: bool,
    /// Who may do what with it, if its block says so.
    pub policy: Option<PolicyDocument>,
}

/// `aws_sns_topic_policy`
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TopicPolicy {
    /// The topic.
    pub topic: Arn,
    /// Who may do what with it.
    pub policy: PolicyDocument,
}

/// `aws_sns_topic_subscription`
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TopicSubscription {
    /// The topic.
    pub topic: Arn,
    /// How messages are delivered.
    pub protocol: Protocol,
    /// Where to: an address, a number, a URL or an ARN, as the protocol has it.
    pub endpoint: String,
    /// Which messages: JSON, an object.
    pub filter_policy: Option<String>,
    /// What the filter looks at.
    pub filter_policy_scope: FilterPolicyScope,
    /// Whether the message is delivered without an envelope.
    pub raw_message_delivery: bool,
    /// The queue for what cannot be delivered.
    pub dead_letter_queue: Option<Arn>,
}

/// How a message is delivered.
///
/// Follows <https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// By an HTTP request.
    Http,
    /// By an HTTPS request.
    Https,
    /// By email, as text.
    Email,
    /// By email, as JSON.
    EmailJson,
    /// By SMS.
    Sms,
    /// Into a queue.
    Sqs,
    /// To an app on a device.
    Application,
    /// By invoking a function.
    Lambda,
    /// Into a Firehose stream.
    Firehose,
}

impl Protocol {
    /// Every protocol.
    pub const ALL: [Self; 9] = [
        Self::Http,
        Self::Https,
        Self::Email,
        Self::EmailJson,
        Self::Sms,
        Self::Sqs,
        Self::Application,
        Self::Lambda,
        Self::Firehose,
    ];

    /// The name in SNS's API.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Email => "email",
            Self::EmailJson => "email-json",
            Self::Sms => "sms",
            Self::Sqs => "sqs",
            Self::Application => "application",
            Self::Lambda => "lambda",
            Self::Firehose => "firehose",
        }
    }
}

/// What a filter policy looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum FilterPolicyScope {
    /// The message's attributes.
    MessageAttributes,
    /// The message's body, which is JSON.
    MessageBody,
}
