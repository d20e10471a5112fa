//! The attributes of a queue: what may be set, what is shown.
//!
//! Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html>.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::Value;
use zipster_iam::{Policy, PolicyKind};
use zipster_names::Arn;

use super::error;
use super::fifo::Scope;
use super::state::Queue;
use crate::front::{ApiError, ServiceName};

/// What can be set.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct QueueAttributes {
    pub(super) visibility_timeout: Duration,
    pub(super) delay: Duration,
    pub(super) retention: Duration,
    pub(super) wait: Duration,
    /// In bytes.
    pub(super) largest_message: usize,
    /// The access policy, as JSON.
    pub(super) policy: Option<String>,
    pub(super) redrive: Option<Redrive>,
    /// Who may use this queue for dead letters, as JSON.
    pub(super) redrive_allow: Option<RedriveAllow>,
    /// Shown as it was set; there is nothing at rest to encrypt.
    pub(super) managed_encryption: bool,
    /// What only FIFO queues have.
    pub(super) fifo: Option<FifoAttributes>,
}

/// The attributes of FIFO queues.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FifoAttributes {
    pub(super) content_based: bool,
    pub(super) scope: Scope,
    /// `FifoThroughputLimit` is `perMessageGroupId`: kept and shown, since nothing is limited.
    per_group: bool,
}

impl Default for FifoAttributes {
    fn default() -> Self {
        Self {
            content_based: false,
            scope: Scope::Queue,
            per_group: false,
        }
    }
}

/// When and where a message is given up.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Redrive {
    pub(super) text: String,
    pub(super) dead_letters: Arn,
    pub(super) most_receives: u32,
}

/// Which queues may send dead letters here.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RedriveAllow {
    text: String,
    /// `None`: all.
    sources: Option<Vec<String>>,
}

impl RedriveAllow {
    /// Whether `source` may.
    pub(super) fn allows(&self, source: &str) -> bool {
        self.sources
            .as_ref()
            .is_none_or(|sources| sources.iter().any(|allowed| allowed == source))
    }
}

impl Default for QueueAttributes {
    fn default() -> Self {
        Self {
            visibility_timeout: Duration::from_secs(30),
            delay: Duration::ZERO,
            retention: Duration::from_secs(345_600),
            wait: Duration::ZERO,
            largest_message: 1_048_576,
            policy: None,
            redrive: None,
            redrive_allow: None,
            managed_encryption: true,
            fifo: None,
        }
    }
}

/// All names that `GetQueueAttributes` knows, in the order in which they are shown.
const NAMES: [&str; 19] = [
    "QueueArn",
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "VisibilityTimeout",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "DelaySeconds",
    "ReceiveMessageWaitTimeSeconds",
    "Policy",
    "RedrivePolicy",
    "RedriveAllowPolicy",
    "SqsManagedSseEnabled",
    "FifoQueue",
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "FifoThroughputLimit",
];

/// The attributes of encryption with a key of KMS, which nothing here has.
const KMS: [&str; 2] = ["KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds"];

impl QueueAttributes {
    /// Those that a queue has before any is set.
    pub(super) fn new(fifo: bool) -> Self {
        Self {
            fifo: fifo.then(FifoAttributes::default),
            ..Self::default()
        }
    }

    /// Sets attributes, and checks how they go together.
    ///
    /// # Errors
    /// The first thing that is wrong with them.
    pub(super) fn set_all(&mut self, values: &BTreeMap<String, String>) -> Result<(), ApiError> {
        for (name, value) in values {
            self.set(name, value)?;
        }
        match &self.fifo {
            Some(fifo) if fifo.per_group && fifo.scope != Scope::MessageGroup => {
                Err(error::attribute(
                    "The value perMessageGroupId for FifoThroughputLimit is allowed only when \
                     the value for DeduplicationScope is messageGroup.",
                ))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Sets one attribute.
    ///
    /// # Errors
    /// `InvalidAttributeName`, `InvalidAttributeValue`, or what is wrong with a redrive policy.
    pub(super) fn set(&mut self, name: &str, value: &str) -> Result<(), ApiError> {
        match name {
            "VisibilityTimeout" => self.visibility_timeout = seconds(name, value, 0..=43_200)?,
            "DelaySeconds" => self.delay = seconds(name, value, 0..=900)?,
            "MessageRetentionPeriod" => self.retention = seconds(name, value, 60..=1_209_600)?,
            "ReceiveMessageWaitTimeSeconds" => self.wait = seconds(name, value, 0..=20)?,
            "MaximumMessageSize" => {
                let bytes = number(name, value, 1_024..=1_048_576)?;
                self.largest_message = usize::try_from(bytes).unwrap_or(usize::MAX);
            }
            "Policy" if value.is_empty() => self.policy = None,
            "Policy" => match Policy::parse(value, PolicyKind::Resource) {
                Ok(_) => self.policy = Some(value.to_owned()),
                Err(errors) => return Err(error::bad_policy(&errors)),
            },
            "RedrivePolicy" if value.is_empty() => self.redrive = None,
            "RedrivePolicy" => self.redrive = Some(redrive(value)?),
            "RedriveAllowPolicy" if value.is_empty() => self.redrive_allow = None,
            "RedriveAllowPolicy" => self.redrive_allow = Some(redrive_allow(value)?),
            "SqsManagedSseEnabled" => self.managed_encryption = boolean(name, value)?,
            "FifoQueue" => match (&self.fifo, value) {
                (Some(_), "true") => {}
                (None, "true") => return Err(error::queue_type()),
                // AWS knows the attribute only where it is true.
                (None, _) => return Err(error::unknown_attribute(name)),
                (Some(_), "false") => return Err(error::queue_type()),
                (Some(_), _) => return Err(error::bad_value(name)),
            },
            "ContentBasedDeduplication" => {
                let fifo = self.fifo.as_mut();
                let fifo = fifo.ok_or_else(|| error::unknown_attribute(name))?;
                fifo.content_based = boolean(name, value)?;
            }
            "DeduplicationScope" => {
                let fifo = self.fifo.as_mut();
                fifo.ok_or_else(|| error::only_fifo(name))?.scope = match value {
                    "queue" => Scope::Queue,
                    "messageGroup" => Scope::MessageGroup,
                    _ => return Err(error::bad_value(name)),
                };
            }
            "FifoThroughputLimit" => {
                let fifo = self.fifo.as_mut();
                fifo.ok_or_else(|| error::only_fifo(name))?.per_group = match value {
                    "perQueue" => false,
                    "perMessageGroupId" => true,
                    _ => return Err(error::bad_value(name)),
                };
            }
            // No key, which is what there is.
            "KmsMasterKeyId" if value.is_empty() => {}
            name if KMS.contains(&name) => {
                return Err(ApiError::unsupported(
                    ServiceName::Sqs,
                    &format!("the queue attribute {name}"),
                ));
            }
            _ => return Err(error::unknown_attribute(name)),
        }
        Ok(())
    }

    /// The value that one attribute shows, if it has one.
    fn shown(&self, name: &str) -> Option<String> {
        let seconds = |duration: Duration| Some(duration.as_secs().to_string());
        match name {
            "VisibilityTimeout" => seconds(self.visibility_timeout),
            "DelaySeconds" => seconds(self.delay),
            "MessageRetentionPeriod" => seconds(self.retention),
            "ReceiveMessageWaitTimeSeconds" => seconds(self.wait),
            "MaximumMessageSize" => Some(self.largest_message.to_string()),
            "Policy" => self.policy.clone(),
            "RedrivePolicy" => self.redrive.as_ref().map(|redrive| redrive.text.clone()),
            "RedriveAllowPolicy" => self.redrive_allow.as_ref().map(|allow| allow.text.clone()),
            "SqsManagedSseEnabled" => Some(self.managed_encryption.to_string()),
            "FifoQueue" => self.fifo.as_ref().map(|_| "true".to_owned()),
            "ContentBasedDeduplication" => {
                let fifo = self.fifo.as_ref()?;
                Some(fifo.content_based.to_string())
            }
            "DeduplicationScope" => Some(match self.fifo.as_ref()?.scope {
                Scope::Queue => "queue".to_owned(),
                Scope::MessageGroup => "messageGroup".to_owned(),
            }),
            "FifoThroughputLimit" => Some(match self.fifo.as_ref()?.per_group {
                false => "perQueue".to_owned(),
                true => "perMessageGroupId".to_owned(),
            }),
            _ => None,
        }
    }

    /// The first of `asked` in which this differs from what was asked for.
    pub(super) fn difference(&self, asked: &Self, names: &[&str]) -> Option<String> {
        names
            .iter()
            .find(|name| self.shown(name) != asked.shown(name))
            .map(|name| (*name).to_owned())
    }
}

/// The attributes of `queue` that `names` asks for.
///
/// # Errors
/// `InvalidAttributeName` for a name that no queue has.
pub(super) fn show(queue: &Queue, names: &[String]) -> Result<BTreeMap<String, String>, ApiError> {
    for name in names {
        let known = NAMES.contains(&name.as_str()) || KMS.contains(&name.as_str());
        if name != "All" && !known {
            return Err(error::unknown_attribute(name));
        }
    }
    let all = names.iter().any(|name| name == "All");
    let counts = queue.counts();
    let attributes = NAMES
        .iter()
        .filter(|name| all || names.iter().any(|asked| asked == *name))
        .filter_map(|name| {
            let value = match *name {
                "QueueArn" => Some(queue.arn.to_string()),
                "ApproximateNumberOfMessages" => Some(counts.waiting.to_string()),
                "ApproximateNumberOfMessagesNotVisible" => Some(counts.in_flight.to_string()),
                "ApproximateNumberOfMessagesDelayed" => Some(counts.delayed.to_string()),
                "CreatedTimestamp" => Some(queue.created.unix_timestamp().to_string()),
                "LastModifiedTimestamp" => Some(queue.modified.unix_timestamp().to_string()),
                name => queue.attributes.shown(name),
            };
            Some(((*name).to_owned(), value?))
        })
        .collect();
    Ok(attributes)
}

fn boolean(name: &str, value: &str) -> Result<bool, ApiError> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(error::bad_value(name)),
    }
}

fn seconds(name: &str, value: &str, range: RangeInclusive<u64>) -> Result<Duration, ApiError> {
    number(name, value, range).map(Duration::from_secs)
}

fn number(name: &str, value: &str, range: RangeInclusive<u64>) -> Result<u64, ApiError> {
    value
        .parse()
        .ok()
        .filter(|number| range.contains(number))
        .ok_or_else(|| error::bad_value(name))
}

fn redrive(text: &str) -> Result<Redrive, ApiError> {
    let wrong = |reason: &str| error::value(text, "RedrivePolicy", reason);
    let Ok(Value::Object(policy)) = serde_json::from_str(text) else {
        return Err(wrong("Redrive policy is not a valid JSON map."));
    };
    let mandatory = |name: &str| {
        policy.get(name).ok_or_else(|| {
            wrong(&format!(
                "Redrive policy does not contain mandatory attribute: {name}."
            ))
        })
    };
    let dead_letters = mandatory("deadLetterTargetArn")?
        .as_str()
        .and_then(|target| Arn::parse(target).ok())
        .filter(|target| target.service() == "sqs")
        .ok_or_else(|| wrong("Invalid value for deadLetterTargetArn."))?;
    // AWS takes the number as text, too.
    let most = mandatory("maxReceiveCount")?;
    let most_receives = most
        .as_u64()
        .or_else(|| most.as_str()?.parse().ok())
        .and_then(|most| u32::try_from(most).ok())
        .filter(|most| (1..=1_000).contains(most))
        .ok_or_else(|| wrong("Invalid value for maxReceiveCount: must be between 1 and 1000."))?;
    Ok(Redrive {
        text: text.to_owned(),
        dead_letters,
        most_receives,
    })
}

fn redrive_allow(text: &str) -> Result<RedriveAllow, ApiError> {
    let wrong = || error::bad_value("RedriveAllowPolicy");
    let policy: Value = serde_json::from_str(text).map_err(|_| wrong())?;
    let sources = match policy.get("redrivePermission").and_then(Value::as_str) {
        Some("allowAll") => None,
        Some("denyAll") => Some(Vec::new()),
        Some("byQueue") => {
            let sources = policy.get("sourceQueueArns").and_then(Value::as_array);
            let sources = sources.filter(|sources| (1..=10).contains(&sources.len()));
            let arns = sources.ok_or_else(wrong)?.iter();
            let arns: Option<Vec<String>> =
                arns.map(|arn| Some(arn.as_str()?.to_owned())).collect();
            Some(arns.ok_or_else(wrong)?)
        }
        Some(_) | None => return Err(wrong()),
    };
    Ok(RedriveAllow {
        text: text.to_owned(),
        sources,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, value: &str, expected: Option<&str>) {
        let refused = QueueAttributes::default().set(name, value).err();
        assert_eq!(
            refused.map(|error| error.message).as_deref(),
            expected,
            "{name}={value}"
        );
    }

    #[test]
    fn attributes_have_their_limits() {
        check("VisibilityTimeout", "0", None);
        check("VisibilityTimeout", "43200", None);
        let invalid = "Invalid value for the parameter VisibilityTimeout.";
        for value in ["43201", "-1", "", "soon"] {
            check("VisibilityTimeout", value, Some(invalid));
        }
        check("MaximumMessageSize", "1024", None);
        check(
            "MaximumMessageSize",
            "1023",
            Some("Invalid value for the parameter MaximumMessageSize."),
        );
        check("MessageRetentionPeriod", "1209600", None);
        check(
            "Policy",
            r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*",
                "Action": "sqs:SendMessage", "Resource": "*"}]}"#,
            None,
        );
        check(
            "Policy",
            "{}",
            Some("Invalid value for the parameter Policy. policy: Statement is missing"),
        );
        check("Colour", "red", Some("Unknown Attribute Colour."));
        check(
            "KmsMasterKeyId",
            "alias/aws/sqs",
            Some("sqs: the queue attribute KmsMasterKeyId is not supported by this emulator"),
        );
    }

    #[test]
    fn only_fifo_queues_have_the_attributes_of_fifo_queues() {
        check(
            "ContentBasedDeduplication",
            "true",
            Some("Unknown Attribute ContentBasedDeduplication."),
        );
        check(
            "DeduplicationScope",
            "queue",
            Some("You can specify the DeduplicationScope only when FifoQueue is set to true"),
        );
        let mut fifo = QueueAttributes::new(true);
        let set = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
        let limit = set("FifoThroughputLimit", "perMessageGroupId");
        assert_eq!(
            fifo.clone().set_all(&limit).unwrap_err().message,
            "The value perMessageGroupId for FifoThroughputLimit is allowed only when the value \
             for DeduplicationScope is messageGroup."
        );
        fifo.set_all(&set("DeduplicationScope", "messageGroup"))
            .unwrap();
        fifo.set_all(&limit).unwrap();
        let refused = fifo.set_all(&set("FifoQueue", "false")).unwrap_err();
        assert_eq!(
            refused.message,
            "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not \
             supported."
        );
    }

    #[test]
    fn a_redrive_policy_names_a_queue_and_a_number() {
        let arn = "arn:aws:sqs:us-east-1:123456789012:dead";
        for count in ["3", "\"3\""] {
            let policy = format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":{count}}}"#);
            assert_eq!(redrive(&policy).unwrap().most_receives, 3);
        }
        check(
            "RedrivePolicy",
            r#"{"deadLetterTargetArn": "dummy", "maxReceiveCount": 42}"#,
            Some(
                r#"Value {"deadLetterTargetArn": "dummy", "maxReceiveCount": 42} for parameter RedrivePolicy is invalid. Reason: Invalid value for deadLetterTargetArn."#,
            ),
        );
        check(
            "RedrivePolicy",
            "{}",
            Some(
                "Value {} for parameter RedrivePolicy is invalid. Reason: Redrive policy does not \
                 contain mandatory attribute: deadLetterTargetArn.",
            ),
        );
    }

    #[test]
    fn a_queue_can_say_whose_dead_letters_it_takes() {
        let allow = |text: &str| redrive_allow(text).unwrap();
        assert!(allow(r#"{"redrivePermission": "allowAll"}"#).allows("a"));
        assert!(!allow(r#"{"redrivePermission": "denyAll"}"#).allows("a"));
        let by_queue = allow(r#"{"redrivePermission": "byQueue", "sourceQueueArns": ["a"]}"#);
        assert!(by_queue.allows("a") && !by_queue.allows("b"));
    }
}
