//! A function's settings as a request brings them, checked and laid over what was there before.
//!
//! `VpcConfig` is kept and shown: on loopback subnets and security groups mean nothing. JSON as
//! log format and `SnapStart` are refused by name.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use zipster_names::{AccountId, Arn, FunctionName, LogGroupName};

use super::function::Configuration;
use super::validate::{self, Violations, invalid, nothing_else, unsupported};
use crate::front::ApiError;

/// AWS's defaults.
const TIMEOUT: u16 = 3;
const MEMORY: u32 = 128;
const STORAGE: u32 = 512;

/// The parameters that `CreateFunction` and `UpdateFunctionConfiguration` share.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Settings {
    runtime: Option<String>,
    role: Option<String>,
    handler: Option<String>,
    description: Option<String>,
    timeout: Option<i64>,
    memory_size: Option<i64>,
    environment: Option<Variables>,
    ephemeral_storage: Option<EphemeralStorage>,
    logging_config: Option<LoggingConfig>,
    tracing_config: Option<TracingConfig>,
    dead_letter_config: Option<DeadLetterConfig>,
    vpc_config: Option<VpcConfig>,
    snap_start: Option<SnapStart>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Variables {
    variables: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EphemeralStorage {
    size: i64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LoggingConfig {
    log_format: Option<String>,
    log_group: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TracingConfig {
    mode: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeadLetterConfig {
    target_arn: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct VpcConfig {
    subnet_ids: Option<Vec<String>>,
    security_group_ids: Option<Vec<String>>,
    #[serde(rename = "Ipv6AllowedForDualStack")]
    ipv6_allowed_for_dual_stack: Option<bool>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SnapStart {
    apply_on: Option<String>,
}

/// What the settings are laid over: whose they are, and what there was before.
#[derive(Debug)]
pub(super) struct Ground<'a> {
    pub(super) account: &'a AccountId,
    pub(super) function: &'a FunctionName,
    pub(super) before: Option<&'a Configuration>,
}

impl Settings {
    /// The settings after the request.
    ///
    /// # Errors
    /// What AWS would say about them; what is not supported is refused by name.
    pub(super) fn over(self, ground: &Ground<'_>) -> Result<Configuration, ApiError> {
        self.check()?;
        self.refuse_unsupported()?;
        let before = ground.before;
        let runtime = match self.runtime {
            Some(runtime) => {
                validate::runtime(&runtime)?;
                runtime
            }
            None => kept(before, |before| before.runtime.clone()).ok_or_else(|| {
                invalid("Runtime is mandatory for functions created with deployment packages.")
            })?,
        };
        let role = match &self.role {
            Some(role) => validate::role(role, ground.account)?,
            None => kept(before, |before| before.role.clone())
                .ok_or_else(|| invalid("The role is missing."))?,
        };
        let handler = self
            .handler
            .or_else(|| kept(before, |before| before.handler.clone()))
            .ok_or_else(|| {
                invalid("Handler is mandatory for functions created with deployment packages.")
            })?;
        let variables = match self.environment {
            Some(environment) => environment
                .variables
                .filter(|variables| !variables.is_empty()),
            None => before.and_then(|before| before.variables.clone()),
        };
        if let Some(variables) = &variables {
            validate::variables(variables)?;
        }
        let dead_letter = match self.dead_letter_config {
            Some(config) => dead_letter(config)?,
            None => before.and_then(|before| before.dead_letter.clone()),
        };
        let log_group = match self.logging_config.and_then(|config| config.log_group) {
            Some(group) => {
                LogGroupName::parse(&group).map_err(|error| invalid(error.to_string()))?
            }
            None => kept(before, |before| before.log_group.clone())
                .unwrap_or_else(|| LogGroupName::of_function(ground.function)),
        };
        let vpc = match self.vpc_config {
            Some(config) => config.describe(),
            None => before.and_then(|before| before.vpc.clone()),
        };
        Ok(Configuration {
            runtime,
            role,
            handler,
            description: self
                .description
                .or_else(|| kept(before, |before| before.description.clone()))
                .unwrap_or_default(),
            timeout: number(self.timeout)
                .or_else(|| kept(before, |before| before.timeout))
                .unwrap_or(TIMEOUT),
            memory_size: number(self.memory_size)
                .or_else(|| kept(before, |before| before.memory_size))
                .unwrap_or(MEMORY),
            variables,
            architecture: kept(before, |before| before.architecture.clone())
                .unwrap_or_else(|| "x86_64".to_owned()),
            ephemeral_storage: number(self.ephemeral_storage.map(|storage| storage.size))
                .or_else(|| kept(before, |before| before.ephemeral_storage))
                .unwrap_or(STORAGE),
            log_group,
            tracing_mode: self
                .tracing_config
                .and_then(|config| config.mode)
                .or_else(|| kept(before, |before| before.tracing_mode.clone()))
                .unwrap_or_else(|| "PassThrough".to_owned()),
            dead_letter,
            vpc,
        })
    }

    fn check(&self) -> Result<(), ApiError> {
        let mut violations = Violations::default();
        violations.range("timeout", self.timeout, 1, 900);
        violations.range("memorySize", self.memory_size, 128, 10_240);
        violations.range(
            "ephemeralStorage.size",
            self.ephemeral_storage.as_ref().map(|storage| storage.size),
            512,
            10_240,
        );
        violations.length("description", self.description.as_deref(), 256);
        violations.length("handler", self.handler.as_deref(), 128);
        if let Some(handler) = &self.handler {
            let whole = !handler.chars().any(char::is_whitespace);
            violations.pattern("handler", handler, whole, r"[^\s]+");
        }
        let mode = self
            .tracing_config
            .as_ref()
            .and_then(|config| config.mode.as_deref());
        violations.one_of("tracingConfig.mode", mode, &["Active", "PassThrough"]);
        let format = self
            .logging_config
            .as_ref()
            .and_then(|config| config.log_format.as_deref());
        violations.one_of("loggingConfig.logFormat", format, &["JSON", "Text"]);
        let apply = self
            .snap_start
            .as_ref()
            .and_then(|snap| snap.apply_on.as_deref());
        violations.one_of("snapStart.applyOn", apply, &["PublishedVersions", "None"]);
        violations.finish()
    }

    fn refuse_unsupported(&self) -> Result<(), ApiError> {
        if let Some(config) = &self.logging_config {
            nothing_else(&config.rest)?;
            if config.log_format.as_deref() == Some("JSON") {
                return Err(unsupported("LogFormat JSON"));
            }
        }
        let snap = self
            .snap_start
            .as_ref()
            .and_then(|snap| snap.apply_on.as_deref());
        match snap {
            None | Some("None") => Ok(()),
            Some(_) => Err(unsupported("SnapStart")),
        }
    }
}

impl VpcConfig {
    fn describe(self) -> Option<Value> {
        let subnets = self.subnet_ids.unwrap_or_default();
        let groups = self.security_group_ids.unwrap_or_default();
        // Empty lists take a function out of its network.
        (!subnets.is_empty() || !groups.is_empty()).then(|| {
            json!({
                "SubnetIds": subnets,
                "SecurityGroupIds": groups,
                "VpcId": "",
                "Ipv6AllowedForDualStack": self.ipv6_allowed_for_dual_stack.unwrap_or(false),
            })
        })
    }
}

fn kept<T>(before: Option<&Configuration>, field: impl Fn(&Configuration) -> T) -> Option<T> {
    before.map(field)
}

/// A number whose range has been checked.
fn number<T: TryFrom<i64>>(value: Option<i64>) -> Option<T> {
    value.and_then(|value| T::try_from(value).ok())
}

/// A queue or topic; an empty ARN takes it away.
fn dead_letter(config: DeadLetterConfig) -> Result<Option<Arn>, ApiError> {
    let Some(text) = config.target_arn.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    match Arn::parse(&text) {
        Ok(arn) if ["sqs", "sns"].contains(&arn.service()) => Ok(Some(arn)),
        Ok(_) | Err(_) => Err(invalid(format!(
            "The provided target ARN {text} of the dead letter config is not that of a queue or a topic."
        ))),
    }
}
