//! Makes a stack through the public AWS APIs, whatever answers them.
//!
//! Resources are made in the order of their dependencies, those that do not depend on each other
//! at the same time. Nothing here knows which target it deploys to.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::path::{Path, PathBuf};

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use futures::future::try_join_all;
use indexmap::IndexMap;
use indexmap::map::Entry;
use zipster_stack::resources::Function;
use zipster_stack::{Address, Kind, Resource, Stack};

use crate::TargetError;
use crate::clients::Clients;
use crate::error::chain;
use crate::progress::{Progress, Report};

mod access;
mod adjust;
mod apply;
mod compute;
mod detach;
mod difference;
mod event_sources;
mod logs;
mod messaging;
mod removal;
mod secrets;
mod storage;
mod tags;

pub use apply::{Deployed, apply};
pub use compute::update_code;
pub use difference::Difference;
pub use removal::remove;
pub use secrets::make_secrets;

/// What a function's code is, on the target.
#[derive(Debug, Clone)]
pub enum Code {
    /// An executable on this machine that the target runs in place. AWS has no such thing; local
    /// emulators take it as the bucket `hot-reload` with the path as key.
    InPlace(PathBuf),
    /// A package that is uploaded.
    Zip(PathBuf),
}

/// The executables of the stack's functions, by the name of the binary.
pub type Executables = BTreeMap<String, Code>;

/// The binary that a function's zip was or would be made from: cargo-lambda puts it at
/// `<functions_dir>/<binary>/bootstrap.zip`.
///
/// # Errors
/// [`TargetError::Unfit`] if the path has another form.
pub fn binary_of(function: &Function) -> Result<String, TargetError> {
    let path = Path::new(&function.filename);
    let is_zip = path.file_name().is_some_and(|name| name == "bootstrap.zip");
    path.parent()
        .and_then(Path::file_name)
        .filter(|_| is_zip)
        .map(|name| name.to_string_lossy().into_owned())
        .ok_or_else(|| {
            TargetError::Unfit(format!(
                "gives {} the code {:?}; expected <folder>/<binary>/bootstrap.zip, as cargo lambda lays it out",
                function.name, function.filename
            ))
        })
}

/// What to do about what stands in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Leniency {
    /// A resource that is there already is brought up to date, instead of being an error.
    pub update_existing: bool,
    /// An operation that the target does not know is told and left out, instead of being an error.
    pub go_without: bool,
}

/// Makes all resources of `stack`. Returns what the target does not know, if it may go without.
///
/// # Errors
/// [`TargetError::Deploy`] naming the first resource that was refused, with the service's reason.
pub async fn deploy(
    clients: &Clients,
    stack: &Stack,
    code: &Executables,
    leniency: Leniency,
    report: &Report,
) -> Result<Vec<String>, TargetError> {
    tell_what_is_left_out(stack, report);
    report.tell(Progress::Deploying {
        resources: stack.resources.len(),
    });
    let deployer = Deployer {
        clients,
        stack,
        code,
        leniency,
        report,
    };
    let mut lacking = Vec::new();
    for wave in waves(stack) {
        let made = wave.into_iter().map(|resource| deployer.make(resource));
        lacking.extend(try_join_all(made).await?.into_iter().flatten());
    }
    Ok(lacking)
}

/// One line a reason: `plan` has each.
fn tell_what_is_left_out(stack: &Stack, report: &Report) {
    let mut told: IndexMap<&str, (String, usize)> = IndexMap::new();
    for left_out in &stack.not_emulated {
        let reason = told.entry(&left_out.reason);
        if let Entry::Occupied(mut reason) = reason {
            reason.get_mut().1 += 1;
        } else {
            let address = match &left_out.attribute {
                Some(attribute) => format!("{}.{attribute}", left_out.address),
                None => left_out.address.to_string(),
            };
            reason.or_insert((address, 0));
        }
    }
    for (reason, (address, more)) in told {
        report.tell(Progress::NotEmulated {
            address,
            more,
            reason: reason.to_owned(),
        });
    }
}

/// Resources that can be made together, wave by wave, each after all that it depends on.
///
/// Mappings of event sources come after all policies of roles, though nothing in the files says so:
/// Terraform asks for them again as long as the function's role may not read the queue.
#[must_use]
pub fn waves(stack: &Stack) -> Vec<Vec<&Resource>> {
    let policies = waves_from(stack, 0)
        .iter()
        .rposition(|wave| wave.iter().any(|resource| is_policy_of_role(resource)))
        .map_or(0, |last| last + 1);
    waves_from(stack, policies)
}

/// The waves, mappings of event sources not before wave `mappings`.
fn waves_from(stack: &Stack, mappings: usize) -> Vec<Vec<&Resource>> {
    let mut wave_of: HashMap<&Address, usize> = HashMap::new();
    let mut waves: Vec<Vec<&Resource>> = Vec::new();
    for resource in stack.order() {
        let earliest = if matches!(resource.kind, Kind::EventSourceMapping(_)) {
            mappings
        } else {
            0
        };
        let wave = resource
            .depends_on
            .iter()
            .filter_map(|address| wave_of.get(address))
            .map(|wave| wave + 1)
            .max()
            .unwrap_or(0)
            .max(earliest);
        wave_of.insert(&resource.address, wave);
        if waves.len() <= wave {
            waves.resize_with(wave + 1, Vec::new);
        }
        waves[wave].push(resource);
    }
    waves.retain(|wave| !wave.is_empty());
    waves
}

fn is_policy_of_role(resource: &Resource) -> bool {
    matches!(
        resource.kind,
        Kind::RolePolicy(_) | Kind::RolePolicyAttachment(_)
    )
}

/// What making a resource takes.
struct Deployer<'a> {
    clients: &'a Clients,
    stack: &'a Stack,
    code: &'a Executables,
    leniency: Leniency,
    report: &'a Report,
}

impl Deployer<'_> {
    /// Makes a resource; if the target does not know how and we go without, says so.
    async fn make(&self, resource: &Resource) -> Result<Option<String>, TargetError> {
        let result = match &resource.kind {
            Kind::Bucket(bucket) => self.bucket(bucket).await,
            Kind::BucketNotification(notification) => self.bucket_notification(notification).await,
            Kind::BucketVersioning(versioning) => self.bucket_versioning(versioning).await,
            Kind::BucketPublicAccessBlock(block) => self.bucket_public_access_block(block).await,
            Kind::BucketEncryption(encryption) => self.bucket_encryption(encryption).await,
            Kind::BucketLifecycle(lifecycle) => self.bucket_lifecycle(lifecycle).await,
            Kind::BucketPolicy(policy) => self.bucket_policy(policy).await,
            Kind::BucketOwnershipControls(controls) => {
                self.bucket_ownership_controls(controls).await
            }
            Kind::Topic(topic) => self.topic(topic).await,
            Kind::TopicPolicy(policy) => self.topic_policy(policy).await,
            Kind::TopicSubscription(subscription) => self.topic_subscription(subscription).await,
            Kind::Queue(queue) => self.queue(queue).await,
            Kind::QueuePolicy(policy) => self.queue_policy(policy).await,
            Kind::Function(function) => self.function(function).await,
            Kind::FunctionPermission(permission) => self.function_permission(permission).await,
            Kind::FunctionEventInvokeConfig(config) => {
                self.function_event_invoke_config(config).await
            }
            Kind::EventSourceMapping(mapping) => self.event_source_mapping(mapping).await,
            Kind::Role(role) => self.role(role).await,
            Kind::RolePolicy(policy) => self.role_policy(policy).await,
            Kind::Policy(policy) => self.policy(policy).await,
            Kind::RolePolicyAttachment(attachment) => self.role_policy_attachment(attachment).await,
            Kind::LogGroup(group) => self.log_group(group).await,
            Kind::Secret(secret) => self.secret(secret).await,
            Kind::SecretVersion(version) => self.secret_version(version).await,
        };
        let result = match result {
            Ok(()) => self.tag(resource).await,
            refused => refused,
        };
        match result {
            Ok(()) => Ok(None),
            Err(refusal) if refusal.is_unknown() && self.leniency.go_without => {
                let lack = format!("{} ({})", resource.address, refusal.operation);
                self.report.tell(Progress::NotEmulated {
                    address: resource.address.to_string(),
                    more: 0,
                    reason: format!("{}: {}", refusal.operation, refusal.reason),
                });
                Ok(Some(lack))
            }
            Err(refusal) => Err(TargetError::Deploy {
                what: format!("{} ({})", resource.address, refusal.operation),
                reason: refusal.reason,
            }),
        }
    }

    /// Whether a refusal only says that the resource is there, and that is to be taken for made.
    fn may_exist(&self, refusal: &Refusal) -> bool {
        self.leniency.update_existing && refusal.is_existing()
    }
}

/// A call that a service refused.
struct Refusal {
    operation: &'static str,
    /// AWS's code for the error, if the service gave one.
    code: Option<String>,
    /// Whether something answered at all.
    is_answer: bool,
    reason: String,
}

impl Refusal {
    /// For `map_err` on a call of `operation`.
    fn of<E>(operation: &'static str) -> impl FnOnce(SdkError<E, HttpResponse>) -> Self
    where
        E: Error + ProvideErrorMetadata + 'static,
    {
        move |error| Self {
            operation,
            code: error.code().map(str::to_owned),
            is_answer: error.raw_response().is_some(),
            reason: chain(&error),
        }
    }

    /// For `map_err` on a request that cannot be put together.
    fn unbuilt<E: Error>(operation: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self::because(operation, chain(&error))
    }

    fn because(operation: &'static str, reason: impl Into<String>) -> Self {
        Self {
            operation,
            code: None,
            is_answer: false,
            reason: reason.into(),
        }
    }

    /// Whether the target has no such operation, in the words that emulators use. AWS's services
    /// always give a code: what gives none does not know the service.
    fn is_unknown(&self) -> bool {
        if self.is_answer && self.code.is_none() {
            return true;
        }
        let code = self.code.as_deref().unwrap_or_default();
        [
            "NotImplemented",
            "NotImplementedException",
            "UnknownOperation",
            "UnknownOperationException",
            "UnsupportedOperation",
            "InvalidAction",
            "MethodNotAllowed",
        ]
        .contains(&code)
            || (code == "InternalFailure" && self.reason.contains("not yet implemented"))
    }

    /// Whether there is no such resource, in each service's own word.
    fn is_missing(&self) -> bool {
        let code = self.code.as_deref().unwrap_or_default();
        [
            "NoSuchBucket",
            "NoSuchEntity",
            "ResourceNotFoundException",
            "AWS.SimpleQueueService.NonExistentQueue",
            "QueueDoesNotExist",
            "NotFound",
            "NotFoundException",
        ]
        .contains(&code)
            || self.reason.contains("NoSuchBucket")
    }

    /// Whether there is such a resource already, in each service's own word.
    fn is_existing(&self) -> bool {
        let code = self.code.as_deref().unwrap_or_default();
        [
            "BucketAlreadyOwnedByYou",
            "EntityAlreadyExists",
            "ResourceConflictException",
            "QueueAlreadyExists",
            "QueueNameExists",
            "ResourceAlreadyExistsException",
        ]
        .contains(&code)
    }
}
