//! How a function's asynchronous events are retried and reported, and how much concurrency is
//! set aside for it.
//!
//! Follows <https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html>
//! and <https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionConcurrency.html>.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use zipster_names::Arn;

use super::configure::page_of;
use super::function::{Function, LATEST};
use super::validate::{Violations, invalid, not_found, nothing_else, unsupported};
use super::versions::Target;
use super::{Lambda, account};
use crate::front::ApiError;

/// The most settings that one answer can be asked for.
const MOST_LISTED: i64 = 50;

/// The settings; what is not set is AWS's default.
#[derive(Debug, Clone)]
pub(super) struct EventConfig {
    /// Attempts after the first.
    pub(super) retries: Option<u32>,
    /// The age at which an event is given up.
    pub(super) oldest: Option<Duration>,
    pub(super) on_success: Option<Arn>,
    pub(super) on_failure: Option<Arn>,
    modified: OffsetDateTime,
}

/// The parameters of `PutFunctionEventInvokeConfig` and `UpdateFunctionEventInvokeConfig`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct EventConfigRequest {
    maximum_retry_attempts: Option<i64>,
    maximum_event_age_in_seconds: Option<i64>,
    destination_config: Option<Destinations>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Destinations {
    on_success: Option<Destination>,
    on_failure: Option<Destination>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Destination {
    destination: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl EventConfigRequest {
    fn check(&self) -> Result<(), ApiError> {
        nothing_else(&self.rest)?;
        let mut violations = Violations::default();
        violations.range("maximumRetryAttempts", self.maximum_retry_attempts, 0, 2);
        violations.range(
            "maximumEventAgeInSeconds",
            self.maximum_event_age_in_seconds,
            60,
            21_600,
        );
        violations.finish()?;
        let nothing = self.maximum_retry_attempts.is_none()
            && self.maximum_event_age_in_seconds.is_none()
            && self.destination_config.is_none();
        if nothing {
            return Err(invalid(
                "You must specify at least one of error handling or destination setting.",
            ));
        }
        Ok(())
    }

    /// These settings, or those of `before` where the request has none.
    fn over(
        self,
        before: Option<&EventConfig>,
        function: &Function,
        modified: OffsetDateTime,
    ) -> Result<EventConfig, ApiError> {
        self.check()?;
        let retries = self
            .maximum_retry_attempts
            .and_then(|retries| u32::try_from(retries).ok());
        let oldest = self
            .maximum_event_age_in_seconds
            .and_then(|age| u64::try_from(age).ok())
            .map(Duration::from_secs);
        let destinations = match self.destination_config {
            Some(config) => {
                nothing_else(&config.rest)?;
                Some((
                    destination(config.on_success, function)?,
                    destination(config.on_failure, function)?,
                ))
            }
            None => None,
        };
        let (on_success, on_failure) = destinations.unwrap_or_else(|| {
            before.map_or((None, None), |before| {
                (before.on_success.clone(), before.on_failure.clone())
            })
        });
        Ok(EventConfig {
            retries: retries.or(before.and_then(|before| before.retries)),
            oldest: oldest.or(before.and_then(|before| before.oldest)),
            on_success,
            on_failure,
            modified,
        })
    }
}

fn destination(target: Option<Destination>, function: &Function) -> Result<Option<Arn>, ApiError> {
    let Some(target) = target else {
        return Ok(None);
    };
    nothing_else(&target.rest)?;
    let Some(text) = target.destination.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let arn = Arn::parse(&text)
        .map_err(|error| invalid(format!("The destination ARN {text} is invalid: {error}")))?;
    match arn.service() {
        "sqs" | "sns" if arn.resource().ends_with(".fifo") => Err(invalid(format!(
            "The destination ARN {arn} is invalid: FIFO queues and topics are not supported"
        ))),
        "sqs" | "sns" => Ok(Some(arn)),
        "lambda" if arn == function.arn || *arn.as_str() == *function.qualified_arn(LATEST) => Err(
            invalid("You can't specify the function as a destination for itself."),
        ),
        "lambda" => Ok(Some(arn)),
        service => Err(unsupported(&format!(
            "a destination of the service {service}"
        ))),
    }
}

impl EventConfig {
    /// The settings of the version or alias with this ARN.
    fn describe(&self, qualified_arn: &str) -> Value {
        let destination = |arn: &Option<Arn>| match arn {
            Some(arn) => json!({ "Destination": arn }),
            None => json!({}),
        };
        let mut answer = json!({
            "FunctionArn": qualified_arn,
            // Seconds, with the milliseconds behind the point.
            "LastModified": milliseconds(self.modified) / 1000.0,
            "DestinationConfig": {
                "OnSuccess": destination(&self.on_success),
                "OnFailure": destination(&self.on_failure),
            },
        });
        if let Some(retries) = self.retries {
            answer["MaximumRetryAttempts"] = retries.into();
        }
        if let Some(oldest) = self.oldest {
            answer["MaximumEventAgeInSeconds"] = oldest.as_secs().into();
        }
        answer
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds since 1970 fit into the 53 bits of a JSON number"
)]
fn milliseconds(time: OffsetDateTime) -> f64 {
    (time.unix_timestamp_nanos() / 1_000_000) as f64
}

/// Replaces all settings.
pub(super) fn put(
    target: &Target,
    request: EventConfigRequest,
    now: OffsetDateTime,
) -> Result<Value, ApiError> {
    let function = &target.function;
    let config = request.over(None, function, now)?;
    let answer = config.describe(&target.qualified_arn());
    let mut state = function.state();
    state.event_configs.insert(target.subject(), config);
    Ok(answer)
}

/// Replaces the settings that the request has.
pub(super) fn update(
    target: &Target,
    request: EventConfigRequest,
    now: OffsetDateTime,
) -> Result<Value, ApiError> {
    let function = &target.function;
    let mut state = function.state();
    let before = state.event_configs.get(&target.subject());
    let before = before.ok_or_else(|| none(target))?;
    let config = request.over(Some(before), function, now)?;
    let answer = config.describe(&target.qualified_arn());
    state.event_configs.insert(target.subject(), config);
    Ok(answer)
}

/// The settings.
pub(super) fn get(target: &Target) -> Result<Value, ApiError> {
    let config = target.event_config().ok_or_else(|| none(target))?;
    Ok(config.describe(&target.qualified_arn()))
}

/// Lists the settings of all versions and aliases, by their names.
///
/// Follows <https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctionEventInvokeConfigs.html>.
pub(super) fn list(
    function: &Function,
    marker: Option<&str>,
    most: Option<&str>,
) -> Result<Value, ApiError> {
    let most = page_of(most, MOST_LISTED)?;
    let state = function.state();
    let mut listed = state
        .event_configs
        .iter()
        .skip_while(|(subject, _)| marker.is_some_and(|marker| subject.as_str() <= marker))
        .peekable();
    let (mut configs, mut last) = (Vec::new(), None);
    for (subject, config) in listed.by_ref().take(most) {
        configs.push(config.describe(&function.qualified_arn(subject)));
        last = Some(subject);
    }
    let mut answer = json!({ "FunctionEventInvokeConfigs": configs });
    if listed.peek().is_some() {
        answer["NextMarker"] = json!(last);
    }
    Ok(answer)
}

/// Forgets the settings.
pub(super) fn delete(target: &Target) -> Result<(), ApiError> {
    let mut state = target.function.state();
    match state.event_configs.remove(&target.subject()) {
        Some(_) => Ok(()),
        None => Err(none(target)),
    }
}

fn none(target: &Target) -> ApiError {
    not_found(format!(
        "The function {} doesn't have an EventInvokeConfig",
        target.qualified_arn()
    ))
}

/// `PutFunctionConcurrency`'s parameters.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ConcurrencyRequest {
    reserved_concurrent_executions: i64,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl Lambda {
    /// Sets concurrency aside for a function: that much and no more.
    ///
    /// # Errors
    /// `InvalidParameterValueException` if all functions of the account and region together would
    /// set aside more than AWS lets them.
    pub(super) fn put_concurrency(
        &self,
        function: &Function,
        request: &ConcurrencyRequest,
    ) -> Result<Value, ApiError> {
        nothing_else(&request.rest)?;
        let reserved = request.reserved_concurrent_executions;
        let mut violations = Violations::default();
        violations.range("reservedConcurrentExecutions", Some(reserved), 0, i64::MAX);
        violations.finish()?;
        {
            // Held until it is written, so that two functions do not take the same.
            let functions = self.functions();
            let set_aside = u32::try_from(reserved)
                .ok()
                .filter(|reserved| account::may_reserve(&functions, &function.key, *reserved));
            if set_aside.is_none() {
                return Err(invalid(
                    "Specified ReservedConcurrentExecutions for function decreases account's \
                     UnreservedConcurrentExecution below its minimum value of [100].",
                ));
            }
            function.state().reserved_concurrency = set_aside;
        }
        function.pool.reconsider();
        Ok(json!({ "ReservedConcurrentExecutions": reserved }))
    }
}

/// What is set aside, if anything is.
pub(super) fn get_concurrency(function: &Function) -> Value {
    match function.state().reserved_concurrency {
        Some(reserved) => json!({ "ReservedConcurrentExecutions": reserved }),
        None => json!({}),
    }
}

/// Sets nothing aside any more.
pub(super) fn delete_concurrency(function: &Function) {
    function.state().reserved_concurrency = None;
    function.pool.reconsider();
}
