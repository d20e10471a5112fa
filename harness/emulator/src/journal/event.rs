//! What can happen: the closed set of events that the journal keeps, and one line of prose for
//! each.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use zipster_iam::{ContextKeys, Evaluation};

/// Something that happened in the emulated AWS.
///
/// Names are those of the AWS services; times are milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// A client called an operation; [`Event::ApiAnswer`] follows with this entry as its cause.
    ApiCall {
        /// The service's signing name, such as `s3` or `logs`.
        service: &'static str,
        /// The operation's API name, such as `PutObject`.
        operation: String,
        /// The caller's ARN, or `anonymous`.
        caller: String,
        /// What it was called on (an ARN or a name), where the request says so.
        resource: Option<String>,
    },
    /// The answer to the call that is this entry's cause.
    ApiAnswer {
        /// HTTP status code.
        status: u16,
        /// AWS's error code, when the call failed.
        error: Option<String>,
        /// The identifier that the client saw.
        request_id: String,
    },
    /// Whether a caller may do what it asked for.
    Decision {
        /// The caller's ARN, a service's name, or `anonymous`.
        caller: String,
        /// IAM action, such as `s3:GetObject`.
        action: String,
        /// The resource's ARN.
        resource: String,
        /// The verdict.
        allowed: bool,
        /// Which statements decided, or which policy lacked the allow.
        reason: String,
        /// The decision, and every statement that was looked at, with what came of it.
        #[serde(serialize_with = "shared")]
        evaluation: Arc<Evaluation>,
        /// The circumstances, those included that follow from caller and resource.
        #[serde(serialize_with = "shared")]
        context: Arc<ContextKeys>,
        /// Condition keys that AWS may set for this action and the emulator never does, and that a
        /// policy asked for.
        unset_keys: Vec<String>,
    },
    /// A bucket's change produced an event for one destination.
    BucketNotification {
        /// Such as `ObjectCreated:Put`.
        event_name: String,
        /// The bucket.
        bucket: String,
        /// The object key, decoded.
        key: String,
        /// The destination's ARN.
        destination: String,
    },
    /// An event reached its destination service.
    Delivered {
        /// The destination's ARN, or a subscription's endpoint.
        destination: String,
    },
    /// An event could not be handed to its destination.
    DeliveryFailed {
        /// The destination's ARN, or a subscription's endpoint.
        destination: String,
        /// Why.
        reason: String,
    },
    /// An HTTP endpoint did not take a message, which will be sent again.
    DeliveryRetried {
        /// The endpoint.
        destination: String,
        /// Why.
        reason: String,
        /// The delay before the next attempt, in milliseconds, before any hurry of the clock.
        delay_ms: u64,
    },
    /// A message was published to a topic.
    MessagePublished {
        /// The topic's ARN.
        topic: String,
        /// The message's identifier.
        message_id: String,
        /// The subject, if there was one.
        subject: Option<String>,
    },
    /// A subscription's filter policy, or the filters of an event source mapping, did not match a
    /// message.
    MessageFiltered {
        /// The ARN of the subscription or mapping.
        subscription: String,
    },
    /// An email or a text message lies in the inbox.
    InboxReceived {
        /// `email`, `email-json` or `sms`.
        protocol: String,
        /// The address or phone number.
        endpoint: String,
        /// The subject, if there is one.
        subject: Option<String>,
    },
    /// A message was put into a queue.
    MessageQueued {
        /// The queue's ARN.
        queue: String,
        /// The message's identifier.
        message_id: String,
    },
    /// A FIFO queue got a message again that it had got within the last minutes, and left it out.
    MessageDeduplicated {
        /// The queue's ARN.
        queue: String,
        /// The identifier of the message that was sent first.
        message_id: String,
    },
    /// Messages of a queue are on their way to a function; the cause is what queued the first.
    BatchReceived {
        /// The event source mapping's UUID.
        mapping: String,
        /// The queue's ARN.
        queue: String,
        /// How many.
        messages: usize,
    },
    /// An event source mapping cannot do its work for now.
    PollingFailed {
        /// The event source mapping's UUID.
        mapping: String,
        /// Why.
        reason: String,
    },
    /// An asynchronous event waits for its function.
    InvocationQueued {
        /// The function's ARN.
        function: String,
        /// The invocation's request identifier, the same for all attempts.
        request_id: String,
    },
    /// A function's execution environment was started.
    EnvironmentStarted {
        /// The function's ARN.
        function: String,
        /// The log stream, which names the environment.
        log_stream: String,
        /// The child process.
        pid: u32,
    },
    /// A function's execution environment ended.
    EnvironmentEnded {
        /// The function's ARN.
        function: String,
        /// The log stream, which names the environment.
        log_stream: String,
        /// Why: idle, stopped, killed, exited.
        reason: String,
    },
    /// An invocation was handed to an environment.
    InvocationStarted {
        /// The function's ARN.
        function: String,
        /// The invocation's request identifier.
        request_id: String,
        /// Counted from 1.
        attempt: u32,
        /// Whether the environment was started for it.
        cold: bool,
    },
    /// An invocation ended.
    InvocationEnded {
        /// The function's ARN.
        function: String,
        /// The invocation's request identifier.
        request_id: String,
        /// How.
        outcome: Outcome,
        /// From hand-over to answer.
        duration_ms: u64,
    },
    /// A failed asynchronous invocation will be tried again.
    RetryScheduled {
        /// The function's ARN.
        function: String,
        /// The invocation's request identifier.
        request_id: String,
        /// AWS's delay before the next attempt, in milliseconds, before any hurry of the clock.
        delay_ms: u64,
    },
    /// A line of a function's log.
    LogLine {
        /// The function's ARN.
        function: String,
        /// The log stream.
        log_stream: String,
        /// The line, without its end.
        line: String,
    },
    /// Which of AWS's limits the machine lets the emulator hold functions to; said once, when
    /// it starts.
    Guarantee {
        /// Which, and by what means, or that it is off and why.
        line: String,
    },
    /// A fault plan struck.
    Fault {
        /// What it did.
        description: String,
    },
}

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The function answered.
    Succeeded,
    /// The function reported an error.
    FunctionError {
        /// Such as `Runtime.ExitError` or the function's own type.
        error_type: String,
        /// The function's message.
        message: String,
    },
    /// The function's timeout passed and it was killed.
    TimedOut,
    /// The process ended without an answer.
    Exited {
        /// Such as `exit status: 1` or `signal: 9`.
        status: String,
    },
    /// The process took more memory than the function has, and was killed.
    OutOfMemory,
    /// It was not tried, since the function's concurrency was used up.
    Throttled,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Succeeded => f.write_str("succeeded"),
            Self::FunctionError {
                error_type,
                message,
            } => write!(f, "failed with {error_type}: {message}"),
            Self::TimedOut => f.write_str("timed out and was killed"),
            Self::Exited { status } => write!(f, "ended without an answer ({status})"),
            Self::OutOfMemory => f.write_str("ran out of memory and was killed"),
            Self::Throttled => f.write_str("was throttled"),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ApiCall {
                service,
                operation,
                caller,
                resource,
            } => {
                write!(f, "{service} {operation}")?;
                if let Some(resource) = resource {
                    write!(f, " {resource}")?;
                }
                write!(f, " by {}", short(caller))
            }
            Self::ApiAnswer { status, error, .. } => match error {
                Some(code) => write!(f, "answered {status} {code}"),
                None => write!(f, "answered {status}"),
            },
            Self::Decision {
                action,
                resource,
                allowed,
                reason,
                unset_keys,
                caller: _,
                evaluation: _,
                context: _,
            } => {
                let verdict = if *allowed { "allowed" } else { "DENIED" };
                write!(f, "{verdict} {action} on {resource}: {reason}")?;
                if unset_keys.is_empty() {
                    return Ok(());
                }
                let keys = unset_keys.join(", ");
                write!(f, "; WARNING: the emulator never sets {keys}")
            }
            Self::BucketNotification {
                event_name,
                bucket,
                key,
                destination,
            } => write!(f, "{event_name} {bucket}/{key} -> {}", short(destination)),
            Self::Delivered { destination } => write!(f, "delivered to {}", short(destination)),
            Self::DeliveryFailed {
                destination,
                reason,
            } => write!(f, "NOT delivered to {}: {reason}", short(destination)),
            Self::DeliveryRetried {
                destination,
                reason,
                delay_ms,
            } => write!(
                f,
                "NOT taken by {destination}: {reason}; again after {delay_ms} ms"
            ),
            Self::MessagePublished { topic, subject, .. } => write!(
                f,
                "published to {}: {}",
                short(topic),
                subject.as_deref().unwrap_or("(no subject)")
            ),
            Self::MessageFiltered { subscription } => {
                write!(f, "filtered out for {}", short(subscription))
            }
            Self::InboxReceived {
                protocol,
                endpoint,
                subject,
            } => write!(
                f,
                "{protocol} to {endpoint}: {}",
                subject.as_deref().unwrap_or("(no subject)")
            ),
            Self::MessageQueued { queue, .. } => write!(f, "queued in {}", short(queue)),
            Self::MessageDeduplicated { queue, .. } => {
                write!(f, "already queued in {}", short(queue))
            }
            Self::BatchReceived {
                queue, messages, ..
            } => write!(
                f,
                "{messages} received from {} for a function",
                short(queue)
            ),
            Self::PollingFailed { mapping, reason } => {
                write!(f, "mapping {mapping} CANNOT poll: {reason}")
            }
            Self::InvocationQueued { function, .. } => {
                write!(f, "invocation of {} queued", short(function))
            }
            Self::EnvironmentStarted { function, pid, .. } => {
                write!(f, "environment of {} started (pid {pid})", short(function))
            }
            Self::EnvironmentEnded {
                function, reason, ..
            } => write!(f, "environment of {} ended: {reason}", short(function)),
            Self::InvocationStarted {
                function,
                attempt,
                cold,
                ..
            } => {
                let start = if *cold { "cold" } else { "warm" };
                write!(
                    f,
                    "{} invoked ({start}, attempt {attempt})",
                    short(function)
                )
            }
            Self::InvocationEnded {
                function,
                outcome,
                duration_ms,
                ..
            } => write!(f, "{} {outcome} after {duration_ms} ms", short(function)),
            Self::RetryScheduled {
                function, delay_ms, ..
            } => write!(f, "{} will be retried after {delay_ms} ms", short(function)),
            Self::LogLine { function, line, .. } => write!(f, "{} | {line}", short(function)),
            Self::Guarantee { line } => f.write_str(line),
            Self::Fault { description } => write!(f, "FAULT {description}"),
        }
    }
}

/// The part of an ARN that people read: `arn:aws:lambda:r:a:function:zipster-load` is
/// `function:zipster-load`. Anything else is returned whole.
fn short(arn: &str) -> &str {
    if !arn.starts_with("arn:") {
        return arn;
    }
    arn.splitn(6, ':').nth(5).unwrap_or(arn)
}

/// Writes what is shared as if it were not.
fn shared<T: Serialize, S: Serializer>(it: &Arc<T>, serializer: S) -> Result<S::Ok, S::Error> {
    it.serialize(serializer)
}
