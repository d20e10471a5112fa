//! A function: its name, its settings as they are now, and the machinery that runs it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use tokio_util::sync::CancellationToken;
use zipster_names::{AccountId, Arn, FunctionName, LogGroupName, Region};

use super::alias::Alias;
use super::code::{Code, Stamp};
use super::event_config::EventConfig;
use super::policy::Policy;
use super::pool::Pool;
use super::queue::EventQueue;
use super::validate::ExecutionRole;
use crate::core::Core;
use crate::identity::{Identity, Principal, Sender, ServiceSource};

/// `2026-11-23T16:00:00.000+0000`.
const LAST_MODIFIED: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]+0000");

/// The principal that Lambda itself is.
pub(super) const SERVICE: &str = "lambda.amazonaws.com";

/// The qualifier of the version that changes.
pub(super) const LATEST: &str = "$LATEST";

/// Which function: names are unique within an account's region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) account: AccountId,
    pub(super) region: Region,
    pub(super) name: FunctionName,
}

impl Key {
    /// The function's ARN, without a qualifier.
    pub(super) fn arn(&self) -> Arn {
        Arn::function(&self.region, &self.account, &self.name)
    }

    /// The function as what Lambda acts for.
    pub(super) fn source(&self) -> ServiceSource {
        ServiceSource {
            service: SERVICE,
            arn: self.arn(),
            account: self.account.clone(),
        }
    }
}

/// One function.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) key: Key,
    pub(super) arn: Arn,
    state: Mutex<State>,
    /// Its execution environments.
    pub(super) pool: Arc<Pool>,
    /// Its asynchronous events.
    pub(super) queue: EventQueue,
    /// Cancelled when it is deleted: nothing of it goes on.
    pub(super) deleted: CancellationToken,
}

/// What can be changed about a function.
#[derive(Debug)]
pub(super) struct State {
    /// What runs next.
    pub(super) version: Arc<Version>,
    pub(super) tags: BTreeMap<String, String>,
    /// What was published, by its number.
    pub(super) published: BTreeMap<u64, Arc<Version>>,
    pub(super) aliases: BTreeMap<String, Alias>,
    /// The number of the last publication; numbers are not used again.
    pub(super) last_published: u64,
    /// What was `$LATEST` when the last version was published.
    pub(super) origin: Option<Arc<Version>>,
    /// By the qualifier that they are for; see `Target::subject`.
    pub(super) policies: BTreeMap<String, Policy>,
    /// In the same way.
    pub(super) event_configs: BTreeMap<String, EventConfig>,
    /// The last number that a version got.
    pub(super) last_number: u64,
    /// Concurrency that is set aside for this function, and its limit.
    pub(super) reserved_concurrency: Option<u32>,
}

/// Code and settings at one moment; each environment runs one of these for all its life.
#[derive(Debug)]
pub(super) struct Version {
    /// Counted up with each change and publication.
    pub(super) number: u64,
    /// The number that callers know it by, or `None` for `$LATEST`.
    pub(super) published: Option<u64>,
    pub(super) configuration: Configuration,
    pub(super) code: Arc<Code>,
    /// The state that a local program was found in.
    pub(super) stamp: Option<Stamp>,
    pub(super) modified: OffsetDateTime,
    pub(super) revision: String,
}

/// A function's settings.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Configuration {
    pub(super) runtime: String,
    pub(super) role: ExecutionRole,
    pub(super) handler: String,
    pub(super) description: String,
    /// In seconds.
    pub(super) timeout: u16,
    /// In MB.
    pub(super) memory_size: u32,
    pub(super) variables: Option<BTreeMap<String, String>>,
    pub(super) architecture: String,
    /// Of temporary files, in MB.
    pub(super) ephemeral_storage: u32,
    pub(super) log_group: LogGroupName,
    /// `Active` or `PassThrough`: kept and shown, and said in the trace header.
    pub(super) tracing_mode: String,
    /// A queue or topic for events that were given up.
    pub(super) dead_letter: Option<Arn>,
    /// Subnets and security groups: kept and shown, since on loopback they mean nothing.
    pub(super) vpc: Option<Value>,
}

impl Function {
    /// A function that is ready to run.
    pub(super) fn new(
        core: &Arc<Core>,
        key: Key,
        configuration: Configuration,
        code: Code,
        tags: BTreeMap<String, String>,
    ) -> Arc<Self> {
        let stamp = code.stamp();
        let version = Version {
            number: 1,
            published: None,
            configuration,
            code: Arc::new(code),
            stamp,
            modified: core.clock.now(),
            revision: core.random.uuid(),
        };
        let (queue, events) = EventQueue::new();
        let function = Arc::new(Self {
            arn: key.arn(),
            key,
            state: Mutex::new(State {
                version: Arc::new(version),
                tags,
                published: BTreeMap::new(),
                aliases: BTreeMap::new(),
                last_published: 0,
                origin: None,
                policies: BTreeMap::new(),
                event_configs: BTreeMap::new(),
                last_number: 1,
                reserved_concurrency: None,
            }),
            pool: Arc::new(Pool::new(1)),
            queue,
            deleted: CancellationToken::new(),
        });
        core.tasks.spawn(super::queue::run(
            Arc::clone(core),
            Arc::clone(&function),
            events,
        ));
        function
    }

    /// Its state; held for a few instructions, never across an await.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the code of its versions takes of the account's room, in bytes.
    pub(super) fn code_size(&self) -> u64 {
        let state = self.state();
        let versions = state.published.values().chain([&state.version]);
        versions.map(|version| version.code.size).sum()
    }

    /// What runs next. A local program that has changed since is a version of its own, and
    /// environments with the old one are not used again.
    pub(super) fn version(&self, core: &Core) -> Arc<Version> {
        loop {
            let current = Arc::clone(&self.state().version);
            match current.code.stamp() {
                Some(stamp) if current.stamp != Some(stamp) => {
                    let (configuration, code) = (current.configuration.clone(), &current.code);
                    if let Some(version) = self.replace(core, &current, configuration, code) {
                        return version;
                    }
                }
                Some(_) | None => return current,
            }
        }
    }

    /// Makes code and settings those that run from now on, unless somebody has changed them since
    /// `before`: then nothing happens, and whoever asked begins again with what is there now.
    pub(super) fn replace(
        &self,
        core: &Core,
        before: &Version,
        configuration: Configuration,
        code: &Arc<Code>,
    ) -> Option<Arc<Version>> {
        let mut state = self.state();
        if state.version.number != before.number {
            return None;
        }
        state.last_number += 1;
        let version = Arc::new(Version {
            number: state.last_number,
            published: None,
            configuration,
            code: Arc::clone(code),
            stamp: code.stamp(),
            modified: core.clock.now(),
            revision: core.random.uuid(),
        });
        state.version = Arc::clone(&version);
        self.pool.admit(version.number);
        self.pool.retire(before.number);
        Some(version)
    }

    /// Ends everything that the function still does, apart from invocations that run.
    pub(super) fn delete(&self) {
        self.deleted.cancel();
        self.pool.close();
    }

    /// The ARN with a qualifier.
    pub(super) fn qualified_arn(&self, qualifier: &str) -> String {
        format!("{}:{qualifier}", self.arn)
    }
}

impl Configuration {
    /// Whether Lambda itself would take part in a trace.
    pub(super) fn is_traced(&self) -> bool {
        self.tracing_mode == "Active"
    }

    /// The ARN of the runtime's version. There are none here, so that each runtime has one, made of
    /// its name.
    pub(super) fn runtime_arn(&self, function: &Key) -> String {
        let partition = function.region.partition();
        let version = hex::encode(Sha256::digest(&self.runtime));
        format!(
            "arn:{partition}:lambda:{}::runtime:{version}",
            function.region
        )
    }

    /// The principal that the function's processes are.
    pub(super) fn principal(&self, function: &FunctionName) -> Principal {
        Principal::AssumedRole {
            account: self.role.account.clone(),
            role: self.role.name.clone(),
            session: function.to_string(),
        }
    }

    /// The execution role as the caller of what Lambda does in the function's name.
    pub(super) fn identity(&self, function: &FunctionName) -> Identity {
        Identity {
            principal: self.principal(function),
            access_key_id: String::new(),
            execution: None,
            issued: None,
            sender: Sender::default(),
        }
    }
}

impl Version {
    /// `$LATEST`, or the number that it was published with.
    pub(super) fn name(&self) -> String {
        match self.published {
            Some(number) => number.to_string(),
            None => LATEST.to_owned(),
        }
    }

    /// Whether code and settings are those of `other`.
    pub(super) fn is_as(&self, other: &Self) -> bool {
        let code = |version: &Self| (version.code.sha256.clone(), version.stamp);
        self.configuration == other.configuration && code(self) == code(other)
    }

    /// The answer of `GetFunctionConfiguration` and of all that make or change a function.
    ///
    /// `qualifier` is what the request names it by. Differs from AWS: a function is active at once.
    /// Follows <https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html>.
    pub(super) fn describe(&self, function: &Function, qualifier: Option<&str>) -> Value {
        let arn = match qualifier {
            Some(qualifier) => function.qualified_arn(qualifier),
            None => function.arn.to_string(),
        };
        let settings = &self.configuration;
        let mut answer = json!({
            "FunctionName": function.key.name,
            "FunctionArn": arn,
            "Runtime": settings.runtime,
            "Role": settings.role.arn,
            "Handler": settings.handler,
            "CodeSize": self.code.size,
            "CodeSha256": self.code.sha256,
            "Description": settings.description,
            "Timeout": settings.timeout,
            "MemorySize": settings.memory_size,
            "LastModified": self.modified.format(LAST_MODIFIED).unwrap_or_default(),
            "Version": self.name(),
            "RevisionId": self.revision,
            "State": "Active",
            "LastUpdateStatus": "Successful",
            "PackageType": "Zip",
            "Architectures": [settings.architecture],
            "EphemeralStorage": { "Size": settings.ephemeral_storage },
            "TracingConfig": { "Mode": settings.tracing_mode },
            "SnapStart": { "ApplyOn": "None", "OptimizationStatus": "Off" },
            "LoggingConfig": { "LogFormat": "Text", "LogGroup": settings.log_group },
            "RuntimeVersionConfig": { "RuntimeVersionArn": settings.runtime_arn(&function.key) },
        });
        if let Some(variables) = &settings.variables {
            answer["Environment"] = json!({ "Variables": variables });
        }
        if let Some(target) = &settings.dead_letter {
            answer["DeadLetterConfig"] = json!({ "TargetArn": target });
        }
        if let Some(vpc) = &settings.vpc {
            answer["VpcConfig"] = vpc.clone();
        }
        answer
    }
}
