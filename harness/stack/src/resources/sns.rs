//! Topics and who is told.

use serde::Serialize;
use zipster_names::{Arn, TopicName};

use super::{Kind, PolicyDocument};
use crate::schema::{
    ARN, Fields, ID, NO_ENCRYPTION, NO_TRACING, REGION, Read, Reported, ResourceType, Shape, TAGS,
    TAGS_ALL, body, computed, known, optional, required, settled,
};

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

const NO_FEEDBACK: &str = "deliveries are in the journal, not in CloudWatch";
const HTTP_ONLY: &str = "a local stack has one way to retry deliveries";

pub(crate) const TOPIC: ResourceType = ResourceType {
    name: "aws_sns_topic",
    body: body(
        &[
            settled("name", Shape::Text),
            optional("name_prefix", Shape::Text),
            optional("display_name", Shape::Text),
            optional("fifo_topic", Shape::Bool).bool(false),
            optional("content_based_deduplication", Shape::Bool).bool(false),
            settled("policy", Shape::Text),
            optional("delivery_policy", Shape::Text).ignored(HTTP_ONLY),
            optional("archive_policy", Shape::Text)
                .refused("a local topic keeps no messages to replay"),
            settled("fifo_throughput_scope", Shape::Text)
                .ignored("a local stack does not limit throughput"),
            settled("signature_version", Shape::Number)
                .ignored("messages of a local stack are signed by version 1"),
            settled("tracing_config", Shape::Text).ignored(NO_TRACING),
            optional("kms_master_key_id", Shape::Text).ignored(NO_ENCRYPTION),
            optional("application_failure_feedback_role_arn", Shape::Text).ignored(NO_FEEDBACK),
            optional("application_success_feedback_role_arn", Shape::Text).ignored(NO_FEEDBACK),
            optional("application_success_feedback_sample_rate", Shape::Number)
                .ignored(NO_FEEDBACK),
            optional("firehose_failure_feedback_role_arn", Shape::Text).ignored(NO_FEEDBACK),
            optional("firehose_success_feedback_role_arn", Shape::Text).ignored(NO_FEEDBACK),
            optional("firehose_success_feedback_sample_rate", Shape::Number).ignored(NO_FEEDBACK),
            optional("http_failure_feedback_role_arn", Shape::Text).ignored(NO_FEEDBACK),
            optional("http_success_feedback_role_arn", Shape::Text).ignored(NO_FEEDBACK),
            optional("http_success_feedback_sample_rate", Shape::Number).ignored(NO_FEEDBACK),
            optional("lambda_failure_feedback_role_arn", Shape::Text).ignored(NO_FEEDBACK),
            optional("lambda_success_feedback_role_arn", Shape::Text).ignored(NO_FEEDBACK),
            optional("lambda_success_feedback_sample_rate", Shape::Number).ignored(NO_FEEDBACK),
            optional("sqs_failure_feedback_role_arn", Shape::Text).ignored(NO_FEEDBACK),
            optional("sqs_success_feedback_role_arn", Shape::Text).ignored(NO_FEEDBACK),
            optional("sqs_success_feedback_sample_rate", Shape::Number).ignored(NO_FEEDBACK),
            computed("beginning_archive_time", Shape::Text),
            computed("owner", Shape::Text),
            ARN,
            ID,
            REGION,
            TAGS,
            TAGS_ALL,
        ],
        &[],
    ),
    read: |fields| {
        let fifo = fields.flag("fifo_topic", false);
        let name = fields.own_name::<TopicName>("name", "name_prefix");
        let display_name = fields.text("display_name");
        let content_based_deduplication = fields.flag("content_based_deduplication", false);
        let policy = fields.policy("policy");
        let name = name?;
        if fifo? != name.is_fifo() {
            let message = "the name of a FIFO topic ends with .fifo, and no other's does";
            return Err(fields.fail("name", message));
        }
        let context = fields.context;
        let arn = Arn::topic(&context.region, &context.account, &name);
        Ok(Read {
            computed: vec![
                known("name", &name),
                known("id", &arn),
                known("arn", &arn),
                known("owner", &context.account),
            ],
            kind: Kind::Topic(Topic {
                name,
                arn,
                display_name: display_name?,
                content_based_deduplication: content_based_deduplication?,
                policy: policy?,
            }),
        })
    },
};

pub(crate) const TOPIC_POLICY: ResourceType = ResourceType {
    name: "aws_sns_topic_policy",
    body: body(
        &[
            required("arn", Shape::Text),
            required("policy", Shape::Text),
            computed("owner", Shape::Text),
            ID,
            REGION,
        ],
        &[],
    ),
    read: |fields| {
        let topic = fields.required_name::<Arn>("arn");
        let policy = fields.required_policy("policy");
        let topic = topic?;
        Ok(Read {
            computed: vec![known("id", &topic), known("owner", &fields.context.account)],
            kind: Kind::TopicPolicy(TopicPolicy {
                topic,
                policy: policy?,
            }),
        })
    },
};

pub(crate) const TOPIC_SUBSCRIPTION: ResourceType = ResourceType {
    name: "aws_sns_topic_subscription",
    body: body(
        &[
            required("topic_arn", Shape::Text),
            required("protocol", Shape::Text),
            required("endpoint", Shape::Text),
            optional("filter_policy", Shape::Text),
            settled("filter_policy_scope", Shape::Text),
            optional("raw_message_delivery", Shape::Bool).bool(false),
            optional("redrive_policy", Shape::Text),
            optional("delivery_policy", Shape::Text).ignored(HTTP_ONLY),
            optional("replay_policy", Shape::Text)
                .refused("a local topic keeps no messages to replay"),
            optional("subscription_role_arn", Shape::Text)
                .ignored("a local stack has no Firehose streams"),
            optional("confirmation_timeout_in_minutes", Shape::Number)
                .number(1)
                .ignored("nobody has to confirm a local subscription"),
            optional("endpoint_auto_confirms", Shape::Bool)
                .bool(false)
                .ignored("nobody has to confirm a local subscription"),
            computed("confirmation_was_authenticated", Shape::Bool),
            computed("owner_id", Shape::Text),
            computed("pending_confirmation", Shape::Bool),
            ARN,
            ID,
            REGION,
        ],
        &[],
    ),
    read: read_subscription,
};

fn read_subscription(fields: &mut Fields<'_>) -> Result<Read, Reported> {
    let topic = fields.required_name::<Arn>("topic_arn");
    let protocols = Protocol::ALL.map(|protocol| (protocol.as_str(), protocol));
    let protocol = fields.required_choice("protocol", &protocols);
    let endpoint = fields.required_text("endpoint");
    let filter_policy = fields.json("filter_policy");
    let scope = fields.choice(
        "filter_policy_scope",
        &[
            ("MessageAttributes", FilterPolicyScope::MessageAttributes),
            ("MessageBody", FilterPolicyScope::MessageBody),
        ],
    );
    let raw_message_delivery = fields.flag("raw_message_delivery", false);
    let dead_letter_queue = dead_letter_queue(fields);
    Ok(Read {
        computed: vec![known("owner_id", &fields.context.account)],
        kind: Kind::TopicSubscription(TopicSubscription {
            topic: topic?,
            protocol: protocol?,
            endpoint: endpoint?,
            filter_policy: filter_policy?.map(|(text, _)| text),
            filter_policy_scope: scope?.unwrap_or(FilterPolicyScope::MessageAttributes),
            raw_message_delivery: raw_message_delivery?,
            dead_letter_queue: dead_letter_queue?,
        }),
    })
}

fn dead_letter_queue(fields: &mut Fields<'_>) -> Result<Option<Arn>, Reported> {
    let Some((_, json)) = fields.json("redrive_policy")? else {
        return Ok(None);
    };
    let queue = json
        .as_entries()
        .and_then(|entries| entries.get("deadLetterTargetArn"))
        .and_then(|value| value.as_str());
    match queue.map(Arn::parse) {
        Some(Ok(queue)) => Ok(Some(queue)),
        Some(Err(error)) => Err(fields.bad_name("redrive_policy", &error)),
        None => Err(fields.fail(
            "redrive_policy",
            "`redrive_policy` must have a `deadLetterTargetArn`",
        )),
    }
}
