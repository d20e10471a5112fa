//! Functions, who may invoke them, and what becomes of asynchronous invocations.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use zipster_names::{AccountId, Arn, FunctionName, LogGroupName};

use crate::Text;

/// `aws_lambda_function`
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Function {
    /// Its name.
    pub name: FunctionName,
    /// Its ARN, without a qualifier.
    pub arn: Arn,
    /// Its execution role.
    pub role: Arn,
    /// The path of the deployment package, as Terraform would open it: relative paths begin in the
    /// folder where Terraform runs.
    pub filename: String,
    /// What `source_code_hash` says, if it is known: base64 of the package's SHA-256.
    pub source_code_hash: Option<String>,
    /// The runtime, such as `provided.al2023`.
    pub runtime: String,
    /// The handler.
    pub handler: String,
    /// The processor that it was built for.
    pub architecture: Architecture,
    /// How long an invocation may take, in seconds.
    pub timeout_s: u64,
    /// How much memory it gets, in MiB.
    pub memory_mb: u64,
    /// How much of `/tmp` it gets, in MiB.
    pub ephemeral_storage_mb: u64,
    /// How many invocations may run at a time; `None` for what the account has.
    pub reserved_concurrency: Option<u64>,
    /// Its environment variables.
    pub environment: BTreeMap<String, EnvironmentValue>,
    /// The queue or topic for events that could not be processed.
    pub dead_letter_target: Option<Arn>,
    /// Where its log goes.
    pub log_group: LogGroupName,
    /// The description.
    pub description: Option<String>,
}

/// The processor that a function was built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Architecture {
    /// `x86_64`
    #[serde(rename = "x86_64")]
    X86_64,
    /// `arm64`
    Arm64,
}

/// The value of an environment variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvironmentValue {
    /// It is known, and may be secret.
    Known(Text),
    /// Only AWS knows it, once it has made the resource that it comes from.
    KnownAfterApply,
}

impl EnvironmentValue {
    /// The value, if it is known.
    #[must_use]
    pub fn expose(&self) -> Option<&str> {
        match self {
            Self::Known(text) => Some(text.expose()),
            Self::KnownAfterApply => None,
        }
    }
}

impl Serialize for EnvironmentValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Known(text) => text.serialize(serializer),
            Self::KnownAfterApply => serializer.serialize_str("(known after apply)"),
        }
    }
}

/// `aws_lambda_permission`: a statement of a function's policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FunctionPermission {
    /// The function.
    pub function: FunctionName,
    /// The version or alias that it is for.
    pub qualifier: Option<String>,
    /// The statement's id.
    pub statement_id: String,
    /// What is allowed, such as `lambda:InvokeFunction`.
    pub action: String,
    /// To whom: a service, an account or an ARN.
    pub principal: String,
    /// From which resource, which may have wildcards.
    pub source_arn: Option<String>,
    /// From whose resource.
    pub source_account: Option<AccountId>,
}

/// `aws_lambda_function_event_invoke_config`
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FunctionEventInvokeConfig {
    /// The function.
    pub function: FunctionName,
    /// The version or alias that it is for.
    pub qualifier: Option<String>,
    /// How old an event may get before it is given up, in seconds.
    pub maximum_event_age_s: u64,
    /// How often a failed event is tried again.
    pub maximum_retry_attempts: u64,
    /// Who is told of what succeeded.
    pub on_success: Option<Arn>,
    /// Who gets what failed.
    pub on_failure: Option<Arn>,
}
