//! Lambda: functions as child processes that speak the Runtime API.
//!
//! The rooms: `routes` and `api` are the way in; `configure`, `settings`, `validate`, `code`,
//! `versions`, `alias`, `policy` and `event_config` are the operations on functions; `account`
//! counts them; `invoke` runs one for a caller who waits and `queue` for one who does not, with
//! `destination` for what comes in the end; `event_source` feeds them from queues; `pool` knows a
//! function's environments, `environment` is one of them: it runs a `sandbox`, which is a `process`
//! with its `runtime_api` and its `variables` (for Python a `python` of the machine), writes its
//! `logs`, which `cloudwatch` gets too, and says how it all came to an `ending`. What a process may
//! take is watched by `memory` and, where there can be one, limited by its `cgroup`, and `storage`
//! watches its files; `guarantees` says what holds on this machine.
//!
//! Deliberately absent: layers, container images, event sources other than queues, function URLs,
//! response streaming to the caller, extensions, and shares of processor time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::StatusCode;
use zipster_names::Arn;

use crate::core::Core;
use crate::courier::{Delivery, Refused};
use crate::front::{ApiError, Call};
use crate::iam::tags::{borrowed, resource_tags};
use crate::iam::{Authorization, Denied};
use crate::identity::ServiceSource;
use crate::journal::EntryId;

mod account;
mod alias;
mod api;
mod cgroup;
mod cloudwatch;
mod code;
mod configure;
mod destination;
mod ending;
mod environment;
mod event_config;
pub(crate) mod event_source;
mod function;
mod guarantees;
mod invocation;
mod invoke;
mod logs;
mod memory;
mod policy;
mod pool;
mod process;
mod python;
mod queue;
mod reference;
mod routes;
mod runtime_api;
mod sandbox;
mod settings;
mod storage;
mod trace;
mod validate;
mod variables;
mod versions;

pub use guarantees::{Guarantees, Means, MemoryLimit};
pub use routes::{OPERATIONS, Route, operation};

use function::{Function, Key};
use queue::QueuedEvent;
use reference::Reference;
use versions::Target;

/// All functions of all accounts.
type Functions = BTreeMap<Key, Arc<Function>>;

/// The service.
#[derive(Debug)]
pub struct Lambda {
    core: Arc<Core>,
    functions: Mutex<Functions>,
    mappings: event_source::Mappings,
}

impl Lambda {
    /// A service without functions.
    #[must_use]
    pub fn new(core: Arc<Core>) -> Arc<Self> {
        Arc::new(Self {
            core,
            functions: Mutex::default(),
            mappings: event_source::Mappings::default(),
        })
    }

    /// Takes over an event that another service sends, if the function's policy (or the role that
    /// it is sent with) allows it.
    ///
    /// # Errors
    /// Why it was not taken, for the journal.
    pub fn accept_event(self: &Arc<Self>, delivery: Delivery) -> Result<(), String> {
        let target = self.find_by_arn(&delivery.to)?;
        let (resource, policy) = (target.arn(), target.policy());
        let request = Authorization {
            cause: delivery.cause,
            action: "lambda:InvokeFunction",
            resource: &resource,
            context: &[],
            resource_policy: policy.as_deref(),
        };
        self.core
            .authorize_delivery(&delivery, &request)
            .map_err(|denied| denied.to_string())?;
        let event = QueuedEvent {
            request_id: self.core.random.uuid(),
            payload: delivery.body,
            client_context: None,
            trace_id: None,
        };
        queue::accept(&self.core, target, event, delivery.cause, &delivery.pending);
        Ok(())
    }

    /// Whether a function exists and its policy lets `source` invoke it: what S3 and SNS ask
    /// before they accept it as a destination. `cause` is the call that configures it.
    ///
    /// # Errors
    /// Why not.
    pub fn may_deliver(
        &self,
        function: &Arn,
        source: &ServiceSource,
        cause: EntryId,
    ) -> Result<(), Refused> {
        let target = self.find_by_arn(function).map_err(Refused::Missing)?;
        let (resource, policy) = (target.arn(), target.policy());
        let request = Authorization {
            cause,
            action: "lambda:InvokeFunction",
            resource: &resource,
            context: &[],
            resource_policy: policy.as_deref(),
        };
        self.core
            .authorize_service(source, &request)
            .map_err(|denied| Refused::Denied(denied.message))
    }

    fn find_by_arn(&self, arn: &Arn) -> Result<Target, String> {
        let (Some(account), Some(region)) = (arn.account(), arn.region()) else {
            return Err(format!("{arn} names no function"));
        };
        Reference::parse(arn.as_str(), None, account, region)
            .and_then(|reference| self.draw(&reference))
            .map_err(|error| error.message)
    }

    /// The function that a request names, for the account and region of the call.
    fn reference(
        &self,
        call: &Call,
        name: &str,
        qualifier: Option<&str>,
    ) -> Result<Reference, ApiError> {
        let account = call.identity.principal.account();
        Reference::parse(name, qualifier, account, &call.region)
    }

    /// Decides whether the caller may do this to the function.
    fn authorize(
        &self,
        call: &Call,
        action: &str,
        reference: &Reference,
        context: &[(&str, String)],
        resource_policy: Option<&str>,
    ) -> Result<(), ApiError> {
        let of_function = {
            let functions = self.functions();
            let function = functions.get(&reference.key);
            function.map_or_else(Vec::new, |function| resource_tags(&function.state().tags))
        };
        let mut all = context.to_vec();
        all.extend(borrowed(&of_function));
        let request = Authorization {
            cause: call.entry,
            action,
            resource: &reference.arn(),
            context: &all,
            resource_policy,
        };
        self.core
            .authorize(&call.identity, &request)
            .map_err(|refusal| denied(&refusal))
    }

    fn functions(&self) -> MutexGuard<'_, Functions> {
        self.functions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// 403 `AccessDeniedException`.
fn denied(refusal: &Denied) -> ApiError {
    ApiError::new(
        StatusCode::FORBIDDEN,
        "AccessDeniedException",
        refusal.message.clone(),
    )
}
