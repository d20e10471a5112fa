//! Event source mappings: queues that feed functions.
//!
//! The rooms: `settings` reads and checks what a request says, `mapping` is one of them, `poller`
//! the task behind it, `batch` what a function gets and answers, `filter` which messages it wants.
//!
//! Deliberately absent: streams, brokers and other sources than queues, and destinations, each
//! refused by name; cross-account queues; AWS's slow growth of a mapping's concurrency (a poller
//! runs as many batches as the function has environments on this machine).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use zipster_names::Arn;

use super::Lambda;
use super::reference::Reference;
use super::validate::{conflict, invalid, not_found};
use crate::front::{ApiError, Call};
use crate::iam::Authorization;
use crate::sqs::Sqs;

mod batch;
pub(crate) mod filter;
mod mapping;
mod poller;
mod settings;

pub(super) use settings::{CreateMapping, UpdateMapping};

use mapping::{Mapping, Settings};
use poller::Poller;

/// Entries of a list per page.
const PAGE: usize = 100;

/// All mappings, by UUID.
#[derive(Debug, Default)]
pub(super) struct Mappings(Mutex<BTreeMap<String, Arc<Mapping>>>);

impl Mappings {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Mapping>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lambda {
    /// Follows <https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html>.
    pub(super) fn create_event_source_mapping(
        self: &Arc<Self>,
        call: &Call,
        request: CreateMapping,
    ) -> Result<Value, ApiError> {
        let source = request.source()?;
        let function = self.reference(call, request.function()?, None)?;
        self.authorize_mapping(
            call,
            "lambda:CreateEventSourceMapping",
            "*",
            Some(&function),
        )?;
        let tags = request.tags();
        let settings = request.settings(source.resource().ends_with(".fifo"))?;
        let sqs = self.check_source(call, &source, &function)?;
        let mapping = {
            let mut all = self.mappings.lock();
            let known = all
                .values()
                .find(|other| other.source == source && other.function.arn() == function.arn());
            if let Some(known) = known {
                return Err(conflict(format!(
                    "An event source mapping with SQS arn (\" {source} \") and function (\" {} \") \
                     already exists. Please update or delete the existing mapping with UUID {}",
                    function.key.name, known.id
                )));
            }
            let id = self.core.random.uuid();
            let now = self.core.clock.now();
            let mapping = Mapping::new(id.clone(), source, function, settings, tags, now);
            all.insert(id, Arc::clone(&mapping));
            mapping
        };
        let answer = mapping.describe();
        let poller = Poller {
            core: Arc::clone(&self.core),
            lambda: Arc::clone(self),
            mapping,
            sqs,
            pending: call.pending.clone(),
        };
        self.core.tasks.spawn(poller.run());
        Ok(answer)
    }

    /// Follows <https://docs.aws.amazon.com/lambda/latest/api/API_GetEventSourceMapping.html>.
    pub(super) fn get_event_source_mapping(
        &self,
        call: &Call,
        id: &str,
    ) -> Result<Value, ApiError> {
        Ok(self
            .mapping(call, "lambda:GetEventSourceMapping", id)?
            .describe())
    }

    /// Follows <https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html>.
    pub(super) fn list_event_source_mappings(
        &self,
        call: &Call,
        query: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Value, ApiError> {
        self.authorize_mapping(call, "lambda:ListEventSourceMappings", "*", None)?;
        let function = query("FunctionName")
            .map(|name| self.reference(call, &name, None))
            .transpose()?
            .map(|function| function.arn());
        let source = query("EventSourceArn");
        let most = match query("MaxItems").map(|most| most.parse()) {
            None => PAGE,
            Some(Ok(most)) if (1..=10_000).contains(&most) => PAGE.min(most),
            Some(_) => return Err(invalid("MaxItems must be between 1 and 10000")),
        };
        let marker = query("Marker").unwrap_or_default();
        let account = call.identity.principal.account();
        let all = self.mappings.lock();
        let mut found = all.values().filter(|mapping| {
            let key = &mapping.function.key;
            key.account == *account
                && key.region == call.region
                && function
                    .as_ref()
                    .is_none_or(|arn| *arn == mapping.function.arn())
                && source
                    .as_ref()
                    .is_none_or(|arn| mapping.source == *arn.as_str())
                && mapping.id > marker
        });
        let page: Vec<&Arc<Mapping>> = found.by_ref().take(most).collect();
        let shown: Vec<Value> = page.iter().map(|mapping| mapping.describe()).collect();
        let mut answer = json!({ "EventSourceMappings": shown });
        if let (Some(_), Some(last)) = (found.next(), page.last()) {
            answer["NextMarker"] = last.id.clone().into();
        }
        Ok(answer)
    }

    /// Follows <https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html>.
    pub(super) fn update_event_source_mapping(
        &self,
        call: &Call,
        id: &str,
        request: UpdateMapping,
    ) -> Result<Value, ApiError> {
        let mapping = self.mapping(call, "lambda:UpdateEventSourceMapping", id)?;
        let fifo = mapping.source.resource().ends_with(".fifo");
        let settings: Settings = request.over(mapping.settings(), fifo)?;
        self.check_source(call, &mapping.source, &mapping.function)?;
        mapping.change(settings, self.core.clock.now());
        let answer = mapping.describe();
        mapping.changed.notify_waiters();
        Ok(answer)
    }

    /// Differs from AWS: the mapping is gone at once, not after a while.
    ///
    /// Follows <https://docs.aws.amazon.com/lambda/latest/api/API_DeleteEventSourceMapping.html>.
    pub(super) fn delete_event_source_mapping(
        &self,
        call: &Call,
        id: &str,
    ) -> Result<Value, ApiError> {
        let mapping = self.mapping(call, "lambda:DeleteEventSourceMapping", id)?;
        self.mappings.lock().remove(id);
        mapping.delete();
        Ok(mapping.describe())
    }

    /// Does something with the tags of the mapping that an ARN names.
    pub(super) fn tags_of_mapping<T>(
        &self,
        call: &Call,
        action: &str,
        arn: &str,
        work: impl FnOnce(&mut BTreeMap<String, String>) -> T,
    ) -> Result<T, ApiError> {
        let id = arn.rsplit(':').next().unwrap_or_default();
        Ok(self.mapping(call, action, id)?.tags(work))
    }

    /// A mapping of the caller's account and region, if the caller may do this to it.
    fn mapping(&self, call: &Call, action: &str, id: &str) -> Result<Arc<Mapping>, ApiError> {
        let account = call.identity.principal.account();
        let found = self.mappings.lock().get(id).cloned();
        let found = found.filter(|mapping| {
            let key = &mapping.function.key;
            key.account == *account && key.region == call.region
        });
        let arn = format!(
            "arn:{}:lambda:{}:{account}:event-source-mapping:{id}",
            call.region.partition(),
            call.region
        );
        let function = found.as_ref().map(|mapping| &mapping.function);
        self.authorize_mapping(call, action, &arn, function)?;
        found.ok_or_else(|| not_found("The resource you requested does not exist."))
    }

    fn authorize_mapping(
        &self,
        call: &Call,
        action: &str,
        resource: &str,
        function: Option<&Reference>,
    ) -> Result<(), ApiError> {
        let context: Vec<(&str, String)> = function
            .map(|function| ("lambda:FunctionArn", function.arn()))
            .into_iter()
            .collect();
        let request = Authorization {
            cause: call.entry,
            action,
            resource,
            context: &context,
            resource_policy: None,
        };
        self.core
            .authorize(&call.identity, &request)
            .map_err(|refusal| super::denied(&refusal))
    }

    /// Whether the function could work on the queue: both are there, its role may do what the
    /// poller does, and a message stays hidden as long as the function may take.
    fn check_source(
        &self,
        call: &Call,
        source: &Arn,
        function: &Reference,
    ) -> Result<Arc<Sqs>, ApiError> {
        let target = self.resolve(function)?;
        let sqs = self.core.destinations.queues();
        let sqs = sqs.ok_or_else(|| ApiError::internal("the emulator is stopping"))?;
        let queue = sqs.source(source.as_str()).ok_or_else(|| {
            invalid(
                "Error occurred while ReceiveMessage. SQS Error Code: \
                 AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue \
                 does not exist.",
            )
        })?;
        let identity = poller::identity(&target);
        for action in ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"] {
            let cause = Some(call.entry);
            sqs.may(&identity, &format!("sqs:{action}"), source.as_str(), cause)
                .map_err(|_| {
                    invalid(format!(
                        "The provided execution role does not have permissions to call {action} \
                         on SQS"
                    ))
                })?;
        }
        let hidden = queue.visibility_timeout.as_secs();
        let timeout = target.current().configuration.timeout;
        if hidden < u64::from(timeout) {
            return Err(invalid(format!(
                "Queue visibility timeout: {hidden} seconds is less than Function timeout: \
                 {timeout} seconds"
            )));
        }
        Ok(sqs)
    }
}
