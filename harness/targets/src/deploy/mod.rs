//! Makes a stack through the public AWS APIs, whatever answers them.
//!
//! Resources are made in the order of their dependencies, those that do not depend on each other
//! at the same time. Nothing here knows which target it deploys to.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::path::{Path, PathBuf};

use futures::future::try_join_all;
use zipster_stack::resources::Function;
use zipster_stack::{Address, Kind, Resource, Stack};

use crate::TargetError;
use crate::clients::Clients;
use crate::error::chain;
use crate::progress::{Progress, Report};

mod access;
mod compute;
mod logs;
mod messaging;
mod storage;

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

/// Makes all resources of `stack`.
///
/// # Errors
/// [`TargetError::Deploy`] naming the first resource that was refused, with the service's reason.
pub async fn deploy(
    clients: &Clients,
    stack: &Stack,
    code: &Executables,
    report: &Report,
) -> Result<(), TargetError> {
    for left_out in &stack.not_emulated {
        report.tell(Progress::NotEmulated {
            address: match &left_out.attribute {
                Some(attribute) => format!("{}.{attribute}", left_out.address),
                None => left_out.address.to_string(),
            },
            reason: left_out.reason.clone(),
        });
    }
    report.tell(Progress::Deploying {
        resources: stack.resources.len(),
    });
    let deployer = Deployer {
        clients,
        stack,
        code,
    };
    for wave in waves(stack) {
        try_join_all(wave.into_iter().map(|resource| deployer.make(resource))).await?;
    }
    Ok(())
}

/// Resources that can be made together, wave by wave, each after all that it depends on.
#[must_use]
pub fn waves(stack: &Stack) -> Vec<Vec<&Resource>> {
    let mut wave_of: HashMap<&Address, usize> = HashMap::new();
    let mut waves: Vec<Vec<&Resource>> = Vec::new();
    for resource in stack.order() {
        let wave = resource
            .depends_on
            .iter()
            .filter_map(|address| wave_of.get(address))
            .map(|wave| wave + 1)
            .max()
            .unwrap_or(0);
        wave_of.insert(&resource.address, wave);
        if waves.len() <= wave {
            waves.resize_with(wave + 1, Vec::new);
        }
        waves[wave].push(resource);
    }
    waves
}

/// What making a resource takes.
struct Deployer<'a> {
    clients: &'a Clients,
    stack: &'a Stack,
    code: &'a Executables,
}

impl Deployer<'_> {
    async fn make(&self, resource: &Resource) -> Result<(), TargetError> {
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
            Kind::Role(role) => self.role(role).await,
            Kind::RolePolicy(policy) => self.role_policy(policy).await,
            Kind::Policy(policy) => self.policy(policy).await,
            Kind::RolePolicyAttachment(attachment) => self.role_policy_attachment(attachment).await,
            Kind::LogGroup(group) => self.log_group(group).await,
        };
        result.map_err(|refusal| TargetError::Deploy {
            what: format!("{} ({})", resource.address, refusal.operation),
            reason: refusal.reason,
        })
    }
}

/// A call that a service refused.
struct Refusal {
    operation: &'static str,
    reason: String,
}

impl Refusal {
    /// For `map_err` on a call of `operation`.
    fn of<E: Error>(operation: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self {
            operation,
            reason: chain(&error),
        }
    }

    fn because(operation: &'static str, reason: impl Into<String>) -> Self {
        Self {
            operation,
            reason: reason.into(),
        }
    }
}
