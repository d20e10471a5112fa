//! Delivery policies: how often an HTTP endpoint that does not answer is asked again, and what
//! content type it gets.
//!
//! Follows <https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html>.
//! Differs from AWS: no jitter, and the shapes of the back-off functions between their two ends are
//! ours, since AWS shows them in a picture only. Throttling is refused by name.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Seconds that all retries together may take.
const LONGEST: f64 = 3600.0;

/// The most retries.
const MOST_RETRIES: u32 = 100;

/// What is sent unless the policy says otherwise.
pub(super) const CONTENT_TYPE: &str = "text/plain; charset=UTF-8";

/// How the delays grow in the back-off phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Backoff {
    #[default]
    Linear,
    Arithmetic,
    Geometric,
    Exponential,
}

/// The four phases of retries; delays in seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct RetryPolicy {
    min_delay_target: u32,
    max_delay_target: u32,
    num_retries: u32,
    num_max_delay_retries: u32,
    num_no_delay_retries: u32,
    num_min_delay_retries: u32,
    backoff_function: Backoff,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            min_delay_target: 20,
            max_delay_target: 20,
            num_retries: 3,
            num_max_delay_retries: 0,
            num_no_delay_retries: 0,
            num_min_delay_retries: 0,
            backoff_function: Backoff::Linear,
        }
    }
}

impl RetryPolicy {
    /// The pause before each retry.
    pub(super) fn delays(&self) -> Vec<Duration> {
        let (min, max) = (
            f64::from(self.min_delay_target),
            f64::from(self.max_delay_target),
        );
        let backoff = self.backoff_retries();
        let mut delays = Vec::new();
        delays.extend((0..self.num_no_delay_retries).map(|_| 0.0));
        delays.extend((0..self.num_min_delay_retries).map(|_| min));
        delays.extend((0..backoff).map(|retry| {
            let part = f64::from(retry) / f64::from(backoff.saturating_sub(1).max(1));
            match self.backoff_function {
                Backoff::Linear => min + (max - min) * part,
                Backoff::Arithmetic => min + (max - min) * part * (1.0 + part) / 2.0,
                Backoff::Geometric => min * (max / min).powf(part),
                Backoff::Exponential => (min * 2_f64.powf(f64::from(retry))).min(max),
            }
        }));
        delays.extend((0..self.num_max_delay_retries).map(|_| max));
        delays.into_iter().map(Duration::from_secs_f64).collect()
    }

    fn backoff_retries(&self) -> u32 {
        self.num_retries
            .saturating_sub(self.num_no_delay_retries)
            .saturating_sub(self.num_min_delay_retries)
            .saturating_sub(self.num_max_delay_retries)
    }

    fn check(&self) -> Result<(), String> {
        if self.min_delay_target < 1 {
            return Err("minDelayTarget must be at least 1".to_owned());
        }
        if !(self.min_delay_target..=3600).contains(&self.max_delay_target) {
            return Err("maxDelayTarget must be between minDelayTarget and 3600".to_owned());
        }
        if self.num_retries > MOST_RETRIES {
            return Err(format!(
                "numRetries must be between 0 and {MOST_RETRIES}, inclusive"
            ));
        }
        let phases = [
            self.num_no_delay_retries,
            self.num_min_delay_retries,
            self.num_max_delay_retries,
        ];
        if phases.iter().map(|n| u64::from(*n)).sum::<u64>() > u64::from(self.num_retries) {
            return Err("the retries of all phases must not be more than numRetries".to_owned());
        }
        let total: f64 = self.delays().iter().map(Duration::as_secs_f64).sum();
        if total > LONGEST {
            return Err(format!(
                "the total retry time must not be more than {LONGEST} seconds"
            ));
        }
        Ok(())
    }
}

/// What is asked of each request.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RequestPolicy {
    header_content_type: Option<String>,
}

/// A topic's policy, under `http`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct TopicPolicy {
    default_healthy_retry_policy: Option<RetryPolicy>,
    default_sickly_retry_policy: Option<RetryPolicy>,
    default_throttle_policy: Option<Throttle>,
    default_request_policy: Option<RequestPolicy>,
    disable_subscription_overrides: bool,
}

/// A subscription's policy.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct SubscriptionPolicy {
    healthy_retry_policy: Option<RetryPolicy>,
    sickly_retry_policy: Option<RetryPolicy>,
    throttle_policy: Option<Throttle>,
    request_policy: Option<RequestPolicy>,
    guaranteed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Throttle {
    max_receives_per_second: Option<u32>,
}

/// What a subscription's endpoint is held to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct DeliveryPolicy {
    pub(super) retries: RetryPolicy,
    content_type: Option<String>,
}

impl DeliveryPolicy {
    /// The policy that comes of a topic's and a subscription's own, both checked when they were
    /// set.
    pub(super) fn of(topic: Option<&str>, subscription: Option<&str>) -> Self {
        let topic = topic
            .and_then(|text| parse_topic(text).ok())
            .unwrap_or_default();
        let subscription = subscription
            .filter(|_| !topic.disable_subscription_overrides)
            .and_then(|text| parse_subscription(text).ok())
            .unwrap_or_default();
        Self {
            retries: subscription
                .healthy_retry_policy
                .or(topic.default_healthy_retry_policy)
                .unwrap_or_default(),
            content_type: subscription
                .request_policy
                .or(topic.default_request_policy)
                .and_then(|policy| policy.header_content_type),
        }
    }

    /// The content type of notifications.
    pub(super) fn content_type(&self) -> &str {
        self.content_type.as_deref().unwrap_or(CONTENT_TYPE)
    }

    /// As `GetSubscriptionAttributes` shows it.
    pub(super) fn as_subscription(&self) -> String {
        json!({
            "healthyRetryPolicy": self.retries,
            "sicklyRetryPolicy": null,
            "throttlePolicy": null,
            "requestPolicy": {"headerContentType": self.content_type()},
            "guaranteed": false,
        })
        .to_string()
    }
}

/// As `GetTopicAttributes` shows a topic without a policy of its own.
pub(super) fn default_of_topics() -> String {
    json!({"http": {
        "defaultHealthyRetryPolicy": RetryPolicy::default(),
        "disableSubscriptionOverrides": false,
        "defaultRequestPolicy": {"headerContentType": CONTENT_TYPE},
    }})
    .to_string()
}

/// Checks a topic's policy; the error follows "DeliveryPolicy: ".
pub(super) fn check_topic(text: &str) -> Result<(), String> {
    let policy = parse_topic(text)?;
    check(
        policy.default_healthy_retry_policy.as_ref(),
        policy.default_throttle_policy.as_ref(),
        policy.default_request_policy.as_ref(),
    )
}

/// Checks a subscription's policy; the error follows "DeliveryPolicy: ".
pub(super) fn check_subscription(text: &str) -> Result<(), String> {
    let policy = parse_subscription(text)?;
    check(
        policy.healthy_retry_policy.as_ref(),
        policy.throttle_policy.as_ref(),
        policy.request_policy.as_ref(),
    )
}

fn parse_topic(text: &str) -> Result<TopicPolicy, String> {
    let mut policy = json(text)?;
    let http: Option<TopicPolicy> =
        serde_json::from_value(policy["http"].take()).map_err(|error| error.to_string())?;
    Ok(http.unwrap_or_default())
}

fn parse_subscription(text: &str) -> Result<SubscriptionPolicy, String> {
    serde_json::from_value(json(text)?).map_err(|error| error.to_string())
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text)
        .ok()
        .filter(Value::is_object)
        .ok_or_else(|| "failed to parse JSON.".to_owned())
}

fn check(
    retries: Option<&RetryPolicy>,
    throttle: Option<&Throttle>,
    request: Option<&RequestPolicy>,
) -> Result<(), String> {
    if throttle.is_some_and(|throttle| throttle.max_receives_per_second.is_some()) {
        return Err("maxReceivesPerSecond is not supported by this emulator".to_owned());
    }
    let content_type = request.and_then(|request| request.header_content_type.as_deref());
    if content_type.is_some_and(|text| http::HeaderValue::from_str(text).is_err()) {
        return Err("headerContentType is no content type".to_owned());
    }
    retries.map_or(Ok(()), RetryPolicy::check)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn delays(policy: &str, expected: &[u64]) {
        let text = format!(r#"{{"healthyRetryPolicy": {policy}}}"#);
        assert_eq!(check_subscription(&text), Ok(()));
        let policy = DeliveryPolicy::of(None, Some(&text));
        let delays: Vec<u64> = policy
            .retries
            .delays()
            .iter()
            .map(Duration::as_secs)
            .collect();
        assert_eq!(delays, expected, "{text}");
    }

    #[test]
    fn an_endpoint_is_asked_again_in_four_phases() {
        delays("{}", &[20, 20, 20]);
        delays(r#"{"numRetries": 0}"#, &[]);
        delays(
            r#"{"numRetries": 9, "numNoDelayRetries": 2, "numMinDelayRetries": 2,
                "numMaxDelayRetries": 2, "minDelayTarget": 1, "maxDelayTarget": 9}"#,
            &[0, 0, 1, 1, 1, 5, 9, 9, 9],
        );
        let growing = |function: &str| {
            format!(
                r#"{{"numRetries": 4, "minDelayTarget": 1, "maxDelayTarget": 8,
                    "backoffFunction": "{function}"}}"#
            )
        };
        delays(&growing("linear"), &[1, 3, 5, 8]);
        delays(&growing("arithmetic"), &[1, 2, 4, 8]);
        delays(&growing("geometric"), &[1, 2, 4, 8]);
        delays(&growing("exponential"), &[1, 2, 4, 8]);
    }

    #[test]
    fn a_subscription_overrides_its_topic_if_it_may() {
        let topic = r#"{"http": {"defaultHealthyRetryPolicy": {"numRetries": 1},
            "disableSubscriptionOverrides": ~}}"#;
        let own = r#"{"healthyRetryPolicy": {"numRetries": 2}}"#;
        let retries = |disabled: &str, own| {
            let topic = topic.replace('~', disabled);
            assert_eq!(check_topic(&topic), Ok(()));
            DeliveryPolicy::of(Some(&topic), own).retries.delays().len()
        };
        assert_eq!(retries("false", None), 1);
        assert_eq!(retries("false", Some(own)), 2);
        assert_eq!(retries("true", Some(own)), 1);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (policy, refused) in [
            ("[]", "failed to parse JSON."),
            (
                r#"{"healthyRetryPolicy": {"numRetries": 101}}"#,
                "numRetries must be between 0 and 100, inclusive",
            ),
            (
                r#"{"healthyRetryPolicy": {"minDelayTarget": 30}}"#,
                "maxDelayTarget must be between minDelayTarget and 3600",
            ),
            (
                r#"{"healthyRetryPolicy": {"numNoDelayRetries": 4}}"#,
                "the retries of all phases must not be more than numRetries",
            ),
            (
                r#"{"healthyRetryPolicy": {"maxDelayTarget": 3600, "minDelayTarget": 3600}}"#,
                "the total retry time must not be more than 3600 seconds",
            ),
            (
                r#"{"throttlePolicy": {"maxReceivesPerSecond": 1}}"#,
                "maxReceivesPerSecond is not supported by this emulator",
            ),
        ] {
            assert_eq!(check_subscription(policy), Err(refused.to_owned()));
        }
    }
}
