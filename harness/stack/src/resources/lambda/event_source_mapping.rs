//! Queues that feed functions.
//!
//! Deliberately absent: streams, brokers and databases as sources, with all that only they have.

use serde::Serialize;
use zipster_names::{Arn, FunctionName};

use super::function_of;
use crate::resources::Kind;
use crate::schema::{
    ARN, Fields, ID, NO_ENCRYPTION, REGION, Read, Reported, ResourceType, Shape, TAGS, TAGS_ALL,
    TIMEOUTS, block, blocks, body, computed, ignored_block, known, optional, refused_block,
    required,
};

/// `aws_lambda_event_source_mapping`
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventSourceMapping {
    /// The queue.
    pub source: Arn,
    /// The function.
    pub function: FunctionName,
    /// The version or alias that it is for.
    pub qualifier: Option<String>,
    /// Whether the queue is read.
    pub enabled: bool,
    /// How many messages the function gets at a time, at most.
    pub batch_size: u64,
    /// How long messages wait for others, in seconds.
    pub maximum_batching_window_s: u64,
    /// Patterns of messages that the function gets, as JSON; without any it gets all.
    pub filters: Vec<String>,
    /// Whether the function says which messages of a batch it failed.
    pub reports_batch_item_failures: bool,
    /// How many batches may be at work at a time.
    pub maximum_concurrency: Option<u64>,
}

const QUEUES_ONLY: &str = "queues are the event sources of a local stack";
const OF_STREAMS: &str = "it is for streams: queues are the event sources of a local stack";

pub(crate) const EVENT_SOURCE_MAPPING: ResourceType = ResourceType {
    name: "aws_lambda_event_source_mapping",
    body: body(
        &[
            optional("event_source_arn", Shape::Text),
            required("function_name", Shape::Text),
            optional("enabled", Shape::Bool).bool(true),
            optional("batch_size", Shape::Number),
            optional("maximum_batching_window_in_seconds", Shape::Number),
            optional("function_response_types", Shape::TextSet),
            optional("bisect_batch_on_function_error", Shape::Bool).refused(OF_STREAMS),
            optional("maximum_record_age_in_seconds", Shape::Number).refused(OF_STREAMS),
            optional("maximum_retry_attempts", Shape::Number).refused(OF_STREAMS),
            optional("parallelization_factor", Shape::Number).refused(OF_STREAMS),
            optional("starting_position", Shape::Text).refused(OF_STREAMS),
            optional("starting_position_timestamp", Shape::Text).refused(OF_STREAMS),
            optional("tumbling_window_in_seconds", Shape::Number).refused(OF_STREAMS),
            optional("queues", Shape::TextList).refused(QUEUES_ONLY),
            optional("topics", Shape::TextSet).refused(QUEUES_ONLY),
            optional("kms_key_arn", Shape::Text).ignored(NO_ENCRYPTION),
            optional("use_resource_timeout_for_propagation", Shape::Bool)
                .bool(false)
                .ignored("changes count at once in a local stack"),
            computed("function_arn", Shape::Text),
            computed("last_modified", Shape::Text),
            computed("last_processing_result", Shape::Text),
            computed("state", Shape::Text),
            computed("state_transition_reason", Shape::Text),
            computed("uuid", Shape::Text),
            ARN,
            ID,
            REGION,
            TAGS,
            TAGS_ALL,
        ],
        &[
            block(
                "filter_criteria",
                body(
                    &[],
                    &[blocks(
                        "filter",
                        body(&[optional("pattern", Shape::Text)], &[]),
                    )],
                ),
            ),
            block(
                "scaling_config",
                body(&[optional("maximum_concurrency", Shape::Number)], &[]),
            ),
            ignored_block("metrics_config", "a local stack has no metrics"),
            ignored_block(
                "provisioned_poller_config",
                "a local stack reads a queue as fast as the function works",
            ),
            refused_block("destination_config", OF_STREAMS),
            refused_block("amazon_managed_kafka_event_source_config", QUEUES_ONLY),
            refused_block("document_db_event_source_config", QUEUES_ONLY),
            refused_block("self_managed_event_source", QUEUES_ONLY),
            refused_block("self_managed_kafka_event_source_config", QUEUES_ONLY),
            refused_block("source_access_configuration", QUEUES_ONLY),
            TIMEOUTS,
        ],
    ),
    read,
};

fn read(fields: &mut Fields<'_>) -> Result<Read, Reported> {
    let source = source(fields);
    let function = function_of(fields);
    let enabled = fields.flag("enabled", true);
    let batch_size = fields.whole("batch_size", 1..=10_000);
    let window = fields.whole("maximum_batching_window_in_seconds", 0..=300);
    let filters = match fields.block("filter_criteria") {
        Some(mut criteria) => criteria.each("filter", pattern),
        None => Ok(Vec::new()),
    };
    let responses = responses(fields);
    let maximum_concurrency = match fields.block("scaling_config") {
        Some(mut scaling) => scaling.whole("maximum_concurrency", 2..=1_000),
        None => Ok(None),
    };
    let (function, qualifier) = function?;
    let context = fields.context;
    let arn = Arn::function(&context.region, &context.account, &function);
    let arn = match &qualifier {
        Some(qualifier) => format!("{arn}:{qualifier}"),
        None => arn.to_string(),
    };
    Ok(Read {
        computed: vec![known("function_arn", arn)],
        kind: Kind::EventSourceMapping(EventSourceMapping {
            source: source?,
            function,
            qualifier,
            enabled: enabled?,
            batch_size: batch_size?.unwrap_or(10),
            maximum_batching_window_s: window?.unwrap_or(0),
            filters: filters?,
            reports_batch_item_failures: responses?,
            maximum_concurrency: maximum_concurrency?,
        }),
    })
}

fn source(fields: &mut Fields<'_>) -> Result<Arn, Reported> {
    let source: Arn = fields.required_name("event_source_arn")?;
    if source.service() == "sqs" {
        return Ok(source);
    }
    let message = format!("the event source `{}` is not supported", source.service());
    Err(fields.fail_with("event_source_arn", message, QUEUES_ONLY))
}

fn pattern(filter: &mut Fields<'_>) -> Result<String, Reported> {
    match filter.json("pattern")? {
        Some((text, _)) => Ok(text),
        None => Err(filter.fail("pattern", "a filter has a `pattern`")),
    }
}

/// Whether the function answers with what it failed.
fn responses(fields: &mut Fields<'_>) -> Result<bool, Reported> {
    let name = "function_response_types";
    let types = fields.texts(name)?;
    for ty in &types {
        fields.chosen(name, ty, &[("ReportBatchItemFailures", ())])?;
    }
    Ok(!types.is_empty())
}
