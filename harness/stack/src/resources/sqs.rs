//! Queues.

use serde::Serialize;
use zipster_names::{Arn, QueueName};

use super::PolicyDocument;

/// `aws_sqs_queue`
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Queue {
    /// Its name; a FIFO queue's ends with `.fifo`.
    pub name: QueueName,
    /// Its ARN.
    pub arn: Arn,
    /// Its URL at AWS.
    pub url: String,
    /// For how long a message that was received is hidden from others, in seconds.
    pub visibility_timeout_s: u64,
    /// For how long a message is kept, in seconds.
    pub message_retention_s: u64,
    /// For how long a new message is hidden, in seconds.
    pub delay_s: u64,
    /// For how long receiving waits for a message, in seconds.
    pub receive_wait_time_s: u64,
    /// How long a message may be, in bytes.
    pub max_message_bytes: u64,
    /// Whether a FIFO queue tells duplicates by the message's digest.
    pub content_based_deduplication: bool,
    /// Where messages go that nobody could deal with.
    pub redrive_policy: Option<RedrivePolicy>,
    /// Who may do what with it, if its block says so.
    pub policy: Option<PolicyDocument>,
}

/// Where messages go that nobody could deal with, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RedrivePolicy {
    /// The queue for them.
    pub dead_letter_queue: Arn,
    /// How often a message may be received before.
    pub max_receive_count: u64,
}

/// `aws_sqs_queue_policy`
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QueuePolicy {
    /// The queue's URL.
    pub queue_url: String,
    /// The queue's name, from its URL.
    pub queue: QueueName,
    /// Who may do what with it.
    pub policy: PolicyDocument,
}
