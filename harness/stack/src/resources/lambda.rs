//! Functions, who may invoke them, what feeds them, and what becomes of asynchronous invocations.

mod event_source_mapping;

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use zipster_names::{AccountId, Arn, FunctionName, LogGroupName};

use super::Kind;
use crate::Text;
use crate::schema::{
    ARN, Fields, ID, NO_ENCRYPTION, NO_TRACING, REGION, Read, Reported, ResourceType, Shape, TAGS,
    TAGS_ALL, TIMEOUTS, block, body, computed, ignored_block, known, optional, refused_block,
    required, settled, suffix,
};
use crate::value::Value;

pub(crate) use event_source_mapping::EVENT_SOURCE_MAPPING;
pub use event_source_mapping::EventSourceMapping;

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

const FROM_A_FILE: &str = "set `filename`: a local stack runs what is built on this machine";
const NO_VERSIONS: &str = "functions of a local stack have no versions";
const PLAIN_LOGS: &str = "log lines are kept as the function writes them";

pub(crate) const FUNCTION: ResourceType = ResourceType {
    name: "aws_lambda_function",
    body: body(
        &[
            required("function_name", Shape::Text),
            required("role", Shape::Text),
            optional("filename", Shape::Text),
            optional("handler", Shape::Text),
            optional("runtime", Shape::Text),
            settled("architectures", Shape::TextList),
            optional("description", Shape::Text),
            optional("memory_size", Shape::Number).number(128),
            optional("timeout", Shape::Number).number(3),
            optional("reserved_concurrent_executions", Shape::Number),
            optional("package_type", Shape::Text).text("Zip"),
            settled("source_code_hash", Shape::Text),
            settled("code_sha256", Shape::Text),
            optional("image_uri", Shape::Text).refused(FROM_A_FILE),
            optional("s3_bucket", Shape::Text).refused(FROM_A_FILE),
            optional("s3_key", Shape::Text).refused(FROM_A_FILE),
            optional("s3_object_version", Shape::Text).refused(FROM_A_FILE),
            optional("layers", Shape::TextList)
                .refused("put what a layer holds into the function's own package"),
            optional("publish", Shape::Bool)
                .bool(false)
                .refused(NO_VERSIONS),
            optional("publish_to", Shape::Text).refused(NO_VERSIONS),
            optional("code_signing_config_arn", Shape::Text)
                .ignored("a local stack runs what was built, signed or not"),
            optional("kms_key_arn", Shape::Text).ignored(NO_ENCRYPTION),
            optional("source_kms_key_arn", Shape::Text).ignored(NO_ENCRYPTION),
            optional("replace_security_groups_on_destroy", Shape::Bool)
                .bool(false)
                .ignored("a local stack has no networks"),
            optional("replacement_security_group_ids", Shape::TextSet)
                .ignored("a local stack has no networks"),
            optional("skip_destroy", Shape::Bool)
                .bool(false)
                .ignored("a local stack keeps nothing when it ends"),
            optional("use_resource_timeout_for_propagation", Shape::Bool)
                .bool(false)
                .ignored("changes count at once in a local stack"),
            computed("invoke_arn", Shape::Text),
            computed("last_modified", Shape::Text),
            computed("qualified_arn", Shape::Text),
            computed("qualified_invoke_arn", Shape::Text),
            computed("response_streaming_invoke_arn", Shape::Text),
            computed("signing_job_arn", Shape::Text),
            computed("signing_profile_version_arn", Shape::Text),
            computed("source_code_size", Shape::Number),
            computed("version", Shape::Text),
            ARN,
            ID,
            REGION,
            TAGS,
            TAGS_ALL,
        ],
        &[
            block(
                "dead_letter_config",
                body(&[required("target_arn", Shape::Text)], &[]),
            ),
            block(
                "environment",
                body(&[optional("variables", Shape::TextMap)], &[]),
            ),
            block(
                "ephemeral_storage",
                body(&[settled("size", Shape::Number).number(512)], &[]),
            ),
            block(
                "logging_config",
                body(
                    &[
                        required("log_format", Shape::Text).ignored(PLAIN_LOGS),
                        settled("log_group", Shape::Text),
                        optional("application_log_level", Shape::Text).ignored(PLAIN_LOGS),
                        optional("system_log_level", Shape::Text).ignored(PLAIN_LOGS),
                    ],
                    &[],
                ),
            ),
            ignored_block("tracing_config", NO_TRACING),
            ignored_block("vpc_config", "a local stack has no networks"),
            ignored_block(
                "snap_start",
                "functions of a local stack start without snapshots",
            ),
            refused_block("file_system_config", "a local stack has no EFS"),
            refused_block("image_config", FROM_A_FILE),
            refused_block(
                "capacity_provider_config",
                "a local stack has no managed instances",
            ),
            refused_block("durable_config", "a local stack has no durable functions"),
            refused_block("tenancy_config", "a local stack does not isolate tenants"),
            TIMEOUTS,
        ],
    ),
    read: read_function,
};

fn read_function(fields: &mut Fields<'_>) -> Result<Read, Reported> {
    let name = fields.required_name::<FunctionName>("function_name");
    let role = fields.required_name::<Arn>("role");
    let filename = package(fields);
    let source_code_hash = source_code_hash(fields);
    let runtime = runtime(fields);
    let handler = fields.required_text("handler");
    let architecture = architecture(fields);
    let timeout_s = fields.whole("timeout", 1..=900);
    let memory_mb = fields.whole("memory_size", 128..=10_240);
    let reserved_concurrency = reserved_concurrency(fields);
    let description = fields.text("description");
    let ephemeral_storage_mb = match fields.block("ephemeral_storage") {
        Some(mut block) => block.whole("size", 512..=10_240),
        None => Ok(None),
    };
    let environment = match fields.block("environment") {
        Some(mut block) => environment(&mut block),
        None => Ok(BTreeMap::new()),
    };
    let dead_letter_target = match fields.block("dead_letter_config") {
        Some(mut block) => block.required_name("target_arn").map(Some),
        None => Ok(None),
    };
    let log_group = match fields.block("logging_config") {
        Some(mut block) => block.name::<LogGroupName>("log_group"),
        None => Ok(None),
    };
    let name = name?;
    let context = fields.context;
    let arn = Arn::function(&context.region, &context.account, &name);
    let invoke = |version: &str, action: &str, arn: &str| {
        format!(
            "arn:{}:apigateway:{}:lambda:path/{version}/functions/{arn}/{action}",
            context.partition, context.region
        )
    };
    let qualified = format!("{arn}:$LATEST");
    let architecture = architecture?;
    let computed = vec![
        known("id", &name),
        known("arn", &arn),
        known(
            "invoke_arn",
            invoke("2015-03-31", "invocations", arn.as_str()),
        ),
        known("qualified_arn", &qualified),
        known(
            "qualified_invoke_arn",
            invoke("2015-03-31", "invocations", &qualified),
        ),
        known(
            "response_streaming_invoke_arn",
            invoke("2021-11-15", "response-streaming-invocations", arn.as_str()),
        ),
        known("version", "$LATEST"),
        (
            "architectures",
            Value::strings([architecture.as_str().to_owned()]),
        ),
    ];
    Ok(Read {
        computed,
        kind: Kind::Function(Box::new(Function {
            log_group: log_group?.unwrap_or_else(|| LogGroupName::of_function(&name)),
            name,
            arn,
            role: role?,
            filename: filename?,
            source_code_hash: source_code_hash?,
            runtime: runtime?,
            handler: handler?,
            architecture,
            timeout_s: timeout_s?.unwrap_or(3),
            memory_mb: memory_mb?.unwrap_or(128),
            ephemeral_storage_mb: ephemeral_storage_mb?.unwrap_or(512),
            reserved_concurrency: reserved_concurrency?,
            environment: environment?,
            dead_letter_target: dead_letter_target?,
            description: description?,
        })),
    })
}

impl Architecture {
    /// The name in Lambda's API.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }
}

fn package(fields: &mut Fields<'_>) -> Result<String, Reported> {
    let kind = fields.choice("package_type", &[("Zip", true), ("Image", false)])?;
    if kind == Some(false) {
        return Err(fields.fail_with(
            "package_type",
            "functions from images are not supported",
            FROM_A_FILE,
        ));
    }
    fields.required_text("filename")
}

/// The hash, unless it is known only after apply: it says when to deploy again, not what to run.
fn source_code_hash(fields: &mut Fields<'_>) -> Result<Option<String>, Reported> {
    match fields.body.attributes.get("source_code_hash") {
        Some((value, _)) if value.has_broken() => Err(Reported),
        Some((value, _)) => Ok(value.as_str().map(str::to_owned)),
        None => Ok(None),
    }
}

/// The runtimes that are a binary of the function's own.
const RUNTIMES: [&str; 2] = ["provided.al2", "provided.al2023"];

fn runtime(fields: &mut Fields<'_>) -> Result<String, Reported> {
    let runtime = fields.required_text("runtime")?;
    if RUNTIMES.contains(&runtime.as_str()) {
        return Ok(runtime);
    }
    Err(fields.fail_with(
        "runtime",
        format!("the runtime {runtime:?} is not supported"),
        format!(
            "a local stack runs functions that are binaries: {}",
            RUNTIMES.join(" and ")
        ),
    ))
}

fn architecture(fields: &mut Fields<'_>) -> Result<Architecture, Reported> {
    let names = fields.texts("architectures")?;
    match names.as_slice() {
        [] => Ok(Architecture::X86_64),
        [one] => fields.chosen(
            "architectures",
            one,
            &[
                ("x86_64", Architecture::X86_64),
                ("arm64", Architecture::Arm64),
            ],
        ),
        _ => Err(fields.fail("architectures", "a function has one architecture")),
    }
}

fn reserved_concurrency(fields: &mut Fields<'_>) -> Result<Option<u64>, Reported> {
    let name = "reserved_concurrent_executions";
    // Terraform's way to say that nothing is reserved.
    let unreserved = fields
        .body
        .attributes
        .get(name)
        .and_then(|(value, _)| value.as_number()?.to_i64())
        == Some(-1);
    if unreserved {
        return Ok(None);
    }
    fields.whole(name, 0..=1_000_000)
}

fn environment(fields: &mut Fields<'_>) -> Result<BTreeMap<String, EnvironmentValue>, Reported> {
    let mut environment = BTreeMap::new();
    for (name, value) in fields.entries("variables")? {
        let shaped = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.len() >= 2
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !shaped {
            return Err(fields.fail_with(
                "variables",
                format!("{name:?} cannot be the name of an environment variable"),
                "it has letters, digits and _, at least two, and begins with a letter",
            ));
        }
        let value = value.map_or(EnvironmentValue::KnownAfterApply, EnvironmentValue::Known);
        environment.insert(name, value);
    }
    Ok(environment)
}

/// A function as other resources name it: by its name or by its ARN, with a qualifier or without.
fn function_of(fields: &mut Fields<'_>) -> Result<(FunctionName, Option<String>), Reported> {
    let text = fields.required_text("function_name")?;
    let name = match Arn::parse(&text) {
        Ok(arn) => arn
            .resource()
            .strip_prefix("function:")
            .unwrap_or(arn.resource())
            .to_owned(),
        Err(_) => text,
    };
    let (name, own_qualifier) = match name.split_once(':') {
        Some((name, qualifier)) => (name.to_owned(), Some(qualifier.to_owned())),
        None => (name, None),
    };
    let qualifier = fields.text("qualifier")?.or(own_qualifier);
    match FunctionName::parse(&name) {
        Ok(name) => Ok((name, qualifier)),
        Err(error) => Err(fields.bad_name("function_name", &error)),
    }
}

pub(crate) const FUNCTION_PERMISSION: ResourceType = ResourceType {
    name: "aws_lambda_permission",
    body: body(
        &[
            required("function_name", Shape::Text),
            required("action", Shape::Text),
            required("principal", Shape::Text),
            settled("statement_id", Shape::Text),
            optional("statement_id_prefix", Shape::Text),
            optional("qualifier", Shape::Text),
            optional("source_arn", Shape::Text),
            optional("source_account", Shape::Text),
            optional("event_source_token", Shape::Text)
                .refused("a local stack has no Alexa skills"),
            optional("principal_org_id", Shape::Text).refused("a local stack has no organization"),
            optional("function_url_auth_type", Shape::Text)
                .refused("functions of a local stack have no URLs"),
            optional("invoked_via_function_url", Shape::Bool)
                .bool(false)
                .refused("functions of a local stack have no URLs"),
            ID,
            REGION,
        ],
        &[TIMEOUTS],
    ),
    read: |fields| {
        let function = function_of(fields);
        let action = fields.required_text("action");
        let principal = fields.required_text("principal");
        let source_arn = fields.text("source_arn");
        let source_account = fields.name::<AccountId>("source_account");
        let statement_id = fields.text("statement_id");
        let prefix = fields.text("statement_id_prefix");
        let statement_id = match (statement_id?, prefix?) {
            (Some(id), _) => id,
            (None, prefix) => {
                let prefix = prefix.unwrap_or_else(|| "terraform-".to_owned());
                format!("{prefix}{}", suffix(fields.address))
            }
        };
        let (function, qualifier) = function?;
        Ok(Read {
            computed: vec![
                known("id", &statement_id),
                known("statement_id", &statement_id),
            ],
            kind: Kind::FunctionPermission(FunctionPermission {
                function,
                qualifier,
                statement_id,
                action: action?,
                principal: principal?,
                source_arn: source_arn?,
                source_account: source_account?,
            }),
        })
    },
};

pub(crate) const FUNCTION_EVENT_INVOKE_CONFIG: ResourceType = ResourceType {
    name: "aws_lambda_function_event_invoke_config",
    body: body(
        &[
            required("function_name", Shape::Text),
            optional("qualifier", Shape::Text),
            optional("maximum_event_age_in_seconds", Shape::Number),
            optional("maximum_retry_attempts", Shape::Number).number(2),
            ID,
            REGION,
        ],
        &[block(
            "destination_config",
            body(
                &[],
                &[
                    block(
                        "on_failure",
                        body(&[required("destination", Shape::Text)], &[]),
                    ),
                    block(
                        "on_success",
                        body(&[required("destination", Shape::Text)], &[]),
                    ),
                ],
            ),
        )],
    ),
    read: |fields| {
        let function = function_of(fields);
        let maximum_event_age_s = fields.whole("maximum_event_age_in_seconds", 60..=21_600);
        let maximum_retry_attempts = fields.whole("maximum_retry_attempts", 0..=2);
        let mut destinations = fields.block("destination_config");
        let mut destination = |name: &str| match destinations.as_mut().and_then(|d| d.block(name)) {
            Some(mut block) => block.required_name::<Arn>("destination").map(Some),
            None => Ok(None),
        };
        let (on_failure, on_success) = (destination("on_failure"), destination("on_success"));
        let (function, qualifier) = function?;
        let id = match &qualifier {
            Some(qualifier) => format!("{function}:{qualifier}"),
            None => function.to_string(),
        };
        Ok(Read {
            computed: vec![known("id", id)],
            kind: Kind::FunctionEventInvokeConfig(FunctionEventInvokeConfig {
                function,
                qualifier,
                maximum_event_age_s: maximum_event_age_s?.unwrap_or(21_600),
                maximum_retry_attempts: maximum_retry_attempts?.unwrap_or(2),
                on_success: on_success?,
                on_failure: on_failure?,
            }),
        })
    },
};
