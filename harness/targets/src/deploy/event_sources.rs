//! Queues that feed functions.

use aws_sdk_lambda::types::{
    EventSourceMappingConfiguration, Filter, FilterCriteria, FunctionResponseType, ScalingConfig,
};
use zipster_stack::resources::EventSourceMapping;

use super::compute::small;
use super::{Deployer, Refusal};
use crate::clients::Clients;

impl Deployer<'_> {
    pub(super) async fn event_source_mapping(
        &self,
        mapping: &EventSourceMapping,
    ) -> Result<(), Refusal> {
        let responses: Vec<FunctionResponseType> = mapping
            .reports_batch_item_failures
            .then_some(FunctionResponseType::ReportBatchItemFailures)
            .into_iter()
            .collect();
        // An empty one takes away what is there.
        let scaling = ScalingConfig::builder()
            .set_maximum_concurrency(mapping.maximum_concurrency.map(small))
            .build();
        let created = self
            .clients
            .lambda
            .create_event_source_mapping()
            .event_source_arn(mapping.source.as_str())
            .function_name(function_of(mapping))
            .enabled(mapping.enabled)
            .batch_size(small(mapping.batch_size))
            .maximum_batching_window_in_seconds(small(mapping.maximum_batching_window_s))
            .filter_criteria(filters(mapping))
            .set_function_response_types(Some(responses.clone()))
            .scaling_config(scaling.clone())
            .send()
            .await
            .map_err(Refusal::of("CreateEventSourceMapping"));
        match created {
            Ok(_) => Ok(()),
            Err(refusal) if self.may_exist(&refusal) => {
                for existing in existing(self.clients, mapping).await? {
                    self.clients
                        .lambda
                        .update_event_source_mapping()
                        .set_uuid(existing.uuid)
                        .enabled(mapping.enabled)
                        .batch_size(small(mapping.batch_size))
                        .maximum_batching_window_in_seconds(small(
                            mapping.maximum_batching_window_s,
                        ))
                        .filter_criteria(filters(mapping))
                        .set_function_response_types(Some(responses.clone()))
                        .scaling_config(scaling.clone())
                        .send()
                        .await
                        .map_err(Refusal::of("UpdateEventSourceMapping"))?;
                }
                Ok(())
            }
            Err(refusal) => Err(refusal),
        }
    }
}

/// Takes the mapping of this queue to this function away.
pub(super) async fn remove_mapping(
    clients: &Clients,
    mapping: &EventSourceMapping,
) -> Result<(), Refusal> {
    for existing in existing(clients, mapping).await? {
        clients
            .lambda
            .delete_event_source_mapping()
            .set_uuid(existing.uuid)
            .send()
            .await
            .map_err(Refusal::of("DeleteEventSourceMapping"))?;
    }
    Ok(())
}

/// The ARN of the mapping of this queue to this function, if there is one.
pub(super) async fn mapping_arns(
    clients: &Clients,
    mapping: &EventSourceMapping,
) -> Result<Vec<String>, Refusal> {
    let existing = existing(clients, mapping).await?.into_iter();
    Ok(existing
        .filter_map(|mapping| mapping.event_source_mapping_arn)
        .collect())
}

/// The mappings of this queue to this function: one, or none.
async fn existing(
    clients: &Clients,
    mapping: &EventSourceMapping,
) -> Result<Vec<EventSourceMappingConfiguration>, Refusal> {
    let listed = clients
        .lambda
        .list_event_source_mappings()
        .event_source_arn(mapping.source.as_str())
        .function_name(function_of(mapping))
        .send()
        .await
        .map_err(Refusal::of("ListEventSourceMappings"))?;
    // Asked for a function, some answer with the mappings of its aliases as well.
    let end = format!(":{}", function_of(mapping));
    let mut mappings = listed.event_source_mappings.unwrap_or_default();
    mappings.retain(|mapping| {
        mapping
            .function_arn()
            .is_some_and(|arn| arn.ends_with(&end))
    });
    Ok(mappings)
}

fn function_of(mapping: &EventSourceMapping) -> String {
    match &mapping.qualifier {
        Some(qualifier) => format!("{}:{qualifier}", mapping.function),
        None => mapping.function.to_string(),
    }
}

/// An empty one takes away what is there.
fn filters(mapping: &EventSourceMapping) -> FilterCriteria {
    let filters = mapping
        .filters
        .iter()
        .map(|pattern| Filter::builder().pattern(pattern).build());
    FilterCriteria::builder()
        .set_filters(Some(filters.collect()))
        .build()
}
