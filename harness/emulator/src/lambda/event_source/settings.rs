//! What a request says about a mapping, checked.
//!
//! Follows <https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html>.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};
use zipster_names::Arn;

use super::filter::Pattern;
use super::mapping::Settings;
use crate::front::ApiError;
use crate::lambda::validate::{Violations, invalid, nothing_else, unsupported};

/// The size of a batch, unless asked for another.
const BATCH: usize = 10;

/// The largest batch of a FIFO queue, and the largest without a window.
const LARGEST_PLAIN_BATCH: usize = 10;

/// The most filters of a mapping.
const MOST_FILTERS: usize = 5;

/// The longest pattern, in characters.
const LONGEST_PATTERN: usize = 4_096;

/// `CreateEventSourceMapping`'s parameters.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::lambda) struct CreateMapping {
    event_source_arn: Option<String>,
    function_name: Option<String>,
    tags: Option<BTreeMap<String, String>>,
    #[serde(flatten)]
    changes: Changes,
}

/// `UpdateEventSourceMapping`'s parameters.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::lambda) struct UpdateMapping {
    function_name: Option<String>,
    #[serde(flatten)]
    changes: Changes,
}

/// What both operations can say.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Changes {
    enabled: Option<bool>,
    batch_size: Option<i64>,
    maximum_batching_window_in_seconds: Option<i64>,
    function_response_types: Option<Vec<String>>,
    filter_criteria: Option<FilterCriteria>,
    scaling_config: Option<ScalingConfig>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FilterCriteria {
    filters: Option<Vec<Filter>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    pattern: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ScalingConfig {
    maximum_concurrency: Option<i64>,
}

impl CreateMapping {
    /// The queue.
    pub(super) fn source(&self) -> Result<Arn, ApiError> {
        let text = self.event_source_arn.as_deref().ok_or_else(|| {
            unsupported("an event source mapping without EventSourceArn (self-managed sources)")
        })?;
        let arn = Arn::parse(text).map_err(|_| invalid("Unrecognized event source."))?;
        match arn.service() {
            "sqs" => Ok(arn),
            other => Err(unsupported(&format!("the event source {other}"))),
        }
    }

    pub(super) fn function(&self) -> Result<&str, ApiError> {
        self.function_name
            .as_deref()
            .ok_or_else(|| invalid("The parameter FunctionName is missing."))
    }

    pub(super) fn tags(&self) -> BTreeMap<String, String> {
        self.tags.clone().unwrap_or_default()
    }

    /// The settings of a new mapping.
    pub(super) fn settings(self, fifo: bool) -> Result<Settings, ApiError> {
        let before = Settings {
            enabled: true,
            batch_size: BATCH,
            window: Duration::ZERO,
            partial: false,
            filters: Vec::new(),
            most_concurrent: None,
        };
        self.changes.over(before, fifo)
    }
}

impl UpdateMapping {
    /// The settings after the request.
    pub(super) fn over(self, before: Settings, fifo: bool) -> Result<Settings, ApiError> {
        if self.function_name.is_some() {
            return Err(unsupported(
                "the parameter FunctionName of UpdateEventSourceMapping",
            ));
        }
        self.changes.over(before, fifo)
    }
}

impl Changes {
    fn over(self, before: Settings, fifo: bool) -> Result<Settings, ApiError> {
        nothing_else(&self.rest)?;
        let scaling = self.scaling_config;
        let most_concurrent = match &scaling {
            Some(config) => config.maximum_concurrency,
            None => None,
        };
        let mut violations = Violations::default();
        violations.range("batchSize", self.batch_size, 1, 10_000);
        let window = self.maximum_batching_window_in_seconds;
        violations.range("maximumBatchingWindowInSeconds", window, 0, 300);
        violations.range(
            "scalingConfig.maximumConcurrency",
            most_concurrent,
            2,
            1_000,
        );
        for kind in self.function_response_types.iter().flatten() {
            let allowed = ["ReportBatchItemFailures"];
            violations.one_of("functionResponseTypes", Some(kind), &allowed);
        }
        violations.finish()?;
        let number = |value: i64| usize::try_from(value).unwrap_or_default();
        let settings = Settings {
            enabled: self.enabled.unwrap_or(before.enabled),
            batch_size: self.batch_size.map_or(before.batch_size, number),
            window: window
                .and_then(|seconds| u64::try_from(seconds).ok())
                .map_or(before.window, Duration::from_secs),
            partial: self
                .function_response_types
                .map_or(before.partial, |kinds| !kinds.is_empty()),
            filters: match self.filter_criteria {
                Some(criteria) => filters(criteria)?,
                None => before.filters,
            },
            most_concurrent: match scaling {
                Some(_) => most_concurrent.map(number),
                None => before.most_concurrent,
            },
        };
        if fifo && !settings.window.is_zero() {
            return Err(invalid("Batching window is not supported for FIFO queues."));
        }
        if settings.batch_size > LARGEST_PLAIN_BATCH && fifo {
            return Err(invalid(
                "Batch size must be between 1 and 10 for FIFO queues.",
            ));
        }
        if settings.batch_size > LARGEST_PLAIN_BATCH && settings.window.is_zero() {
            return Err(invalid(
                "Maximum batch window in seconds must be greater than 0 if maximum batch size is \
                 greater than 10",
            ));
        }
        Ok(settings)
    }
}

fn filters(criteria: FilterCriteria) -> Result<Vec<(String, Pattern)>, ApiError> {
    let filters = criteria.filters.unwrap_or_default();
    if filters.len() > MOST_FILTERS {
        return Err(invalid(format!(
            "Exceeded maximum number of filters. Maximum allowed: {MOST_FILTERS}"
        )));
    }
    let pattern = |filter: Filter| {
        let text = filter.pattern.unwrap_or_default();
        Some(text.as_str())
            .filter(|text| text.chars().count() <= LONGEST_PATTERN)
            .and_then(Pattern::parse)
            .map(|pattern| (text.clone(), pattern))
            .ok_or_else(|| invalid("Invalid filter pattern definition."))
    };
    filters.into_iter().map(pattern).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(request: Value, fifo: bool, expected: Result<(), &str>) {
        let request: CreateMapping = serde_json::from_value(request).unwrap();
        let settings = request.settings(fifo).map(|_| ());
        let found = settings.map_err(|error| error.message);
        assert_eq!(found, expected.map_err(str::to_owned));
    }

    #[test]
    fn a_large_batch_needs_a_window_and_a_standard_queue() {
        check(json!({ "BatchSize": 10 }), true, Ok(()));
        let large = json!({ "BatchSize": 10_000, "MaximumBatchingWindowInSeconds": 1 });
        check(large, false, Ok(()));
        check(
            json!({ "BatchSize": 11 }),
            false,
            Err(
                "Maximum batch window in seconds must be greater than 0 if maximum batch size is \
                 greater than 10",
            ),
        );
        check(
            json!({ "MaximumBatchingWindowInSeconds": 1 }),
            true,
            Err("Batching window is not supported for FIFO queues."),
        );
        check(
            json!({ "BatchSize": 10_001, "ScalingConfig": { "MaximumConcurrency": 1 } }),
            false,
            Err(
                "2 validation errors detected: Value '10001' at 'batchSize' failed to satisfy \
                 constraint: Member must have value less than or equal to 10000; Value '1' at \
                 'scalingConfig.maximumConcurrency' failed to satisfy constraint: Member must \
                 have value greater than or equal to 2",
            ),
        );
    }

    #[test]
    fn what_is_not_supported_is_refused_by_name() {
        check(
            json!({ "ParallelizationFactor": 2 }),
            false,
            Err("lambda: the parameter ParallelizationFactor is not supported by this emulator"),
        );
        check(
            json!({ "FilterCriteria": { "Filters": [{ "Pattern": "x" }] } }),
            false,
            Err("Invalid filter pattern definition."),
        );
    }
}
