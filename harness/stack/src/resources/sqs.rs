//! Queues.

use serde::Serialize;
use zipster_names::{Arn, QueueName};

use super::{Kind, PolicyDocument};
use crate::schema::{
    ARN, Fields, ID, NO_ENCRYPTION, REGION, Read, Reported, ResourceType, Shape, TAGS, TAGS_ALL,
    TIMEOUTS, body, computed, known, optional, required, settled,
};

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

pub(crate) const QUEUE: ResourceType = ResourceType {
    name: "aws_sqs_queue",
    body: body(
        &[
            settled("name", Shape::Text),
            optional("name_prefix", Shape::Text),
            optional("fifo_queue", Shape::Bool).bool(false),
            optional("content_based_deduplication", Shape::Bool).bool(false),
            settled("deduplication_scope", Shape::Text)
                .ignored("a FIFO queue tells duplicates for the whole queue"),
            settled("fifo_throughput_limit", Shape::Text)
                .ignored("a local stack does not limit throughput"),
            optional("delay_seconds", Shape::Number).number(0),
            optional("max_message_size", Shape::Number).number(262_144),
            optional("message_retention_seconds", Shape::Number).number(345_600),
            optional("receive_wait_time_seconds", Shape::Number).number(0),
            optional("visibility_timeout_seconds", Shape::Number).number(30),
            settled("policy", Shape::Text),
            settled("redrive_policy", Shape::Text),
            settled("redrive_allow_policy", Shape::Text)
                .ignored("any queue may leave its dead letters in any other"),
            optional("kms_master_key_id", Shape::Text).ignored(NO_ENCRYPTION),
            settled("kms_data_key_reuse_period_seconds", Shape::Number).ignored(NO_ENCRYPTION),
            settled("sqs_managed_sse_enabled", Shape::Bool).ignored(NO_ENCRYPTION),
            computed("url", Shape::Text),
            ARN,
            ID,
            REGION,
            TAGS,
            TAGS_ALL,
        ],
        &[TIMEOUTS],
    ),
    read: read_queue,
};

fn read_queue(fields: &mut Fields<'_>) -> Result<Read, Reported> {
    let fifo = fields.flag("fifo_queue", false);
    let name = fields.own_name::<QueueName>("name", "name_prefix");
    let visibility_timeout_s = fields.whole("visibility_timeout_seconds", 0..=43_200);
    let message_retention_s = fields.whole("message_retention_seconds", 60..=1_209_600);
    let delay_s = fields.whole("delay_seconds", 0..=900);
    let receive_wait_time_s = fields.whole("receive_wait_time_seconds", 0..=20);
    let max_message_bytes = fields.whole("max_message_size", 1024..=1_048_576);
    let content_based_deduplication = fields.flag("content_based_deduplication", false);
    let redrive_policy = redrive_policy(fields);
    let policy = fields.policy("policy");
    let name = name?;
    if fifo? != name.is_fifo() {
        let message = "the name of a FIFO queue ends with .fifo, and no other's does";
        return Err(fields.fail("name", message));
    }
    let context = fields.context;
    let arn = Arn::queue(&context.region, &context.account, &name);
    let url = format!(
        "https://sqs.{}.{}/{}/{name}",
        context.region,
        context.partition.dns_suffix(),
        context.account
    );
    Ok(Read {
        computed: vec![
            known("name", &name),
            known("id", &url),
            known("url", &url),
            known("arn", &arn),
        ],
        kind: Kind::Queue(Queue {
            name,
            arn,
            url,
            visibility_timeout_s: visibility_timeout_s?.unwrap_or(30),
            message_retention_s: message_retention_s?.unwrap_or(345_600),
            delay_s: delay_s?.unwrap_or(0),
            receive_wait_time_s: receive_wait_time_s?.unwrap_or(0),
            max_message_bytes: max_message_bytes?.unwrap_or(262_144),
            content_based_deduplication: content_based_deduplication?,
            redrive_policy: redrive_policy?,
            policy: policy?,
        }),
    })
}

fn redrive_policy(fields: &mut Fields<'_>) -> Result<Option<RedrivePolicy>, Reported> {
    let Some((_, json)) = fields.json("redrive_policy")? else {
        return Ok(None);
    };
    let entries = json.as_entries();
    let entry = |name: &str| entries.and_then(|entries| entries.get(name));
    let queue = entry("deadLetterTargetArn")
        .and_then(|value| value.as_str())
        .map(Arn::parse);
    // SQS itself takes the count as a number or as text.
    let count = entry("maxReceiveCount").and_then(|value| match value.as_str() {
        Some(text) => text.parse().ok(),
        None => value.as_number()?.to_u64(),
    });
    match (queue, count) {
        (Some(Err(error)), _) => Err(fields.bad_name("redrive_policy", &error)),
        (Some(Ok(dead_letter_queue)), Some(max_receive_count))
            if (1..=1000).contains(&max_receive_count) =>
        {
            Ok(Some(RedrivePolicy {
                dead_letter_queue,
                max_receive_count,
            }))
        }
        _ => Err(fields.fail(
            "redrive_policy",
            "`redrive_policy` must have a `deadLetterTargetArn` and a `maxReceiveCount` from 1 to 1000",
        )),
    }
}

pub(crate) const QUEUE_POLICY: ResourceType = ResourceType {
    name: "aws_sqs_queue_policy",
    body: body(
        &[
            required("queue_url", Shape::Text),
            required("policy", Shape::Text),
            ID,
            REGION,
        ],
        &[],
    ),
    read: |fields| {
        let queue_url = fields.required_text("queue_url");
        let policy = fields.required_policy("policy");
        let queue_url = queue_url?;
        let queue = queue_url.rsplit('/').next().unwrap_or_default();
        let queue = match QueueName::parse(queue) {
            Ok(queue) => queue,
            Err(error) => return Err(fields.bad_name("queue_url", &error)),
        };
        Ok(Read {
            computed: vec![known("id", &queue_url)],
            kind: Kind::QueuePolicy(QueuePolicy {
                queue_url,
                queue,
                policy: policy?,
            }),
        })
    },
};
