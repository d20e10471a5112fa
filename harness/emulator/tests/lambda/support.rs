//! An emulator, a client for it, and functions to run.

use std::path::PathBuf;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::{BehaviorVersion, Builder, Region as SdkRegion};
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_lambda::operation::create_function::builders::CreateFunctionFluentBuilder;
use aws_sdk_lambda::operation::invoke::InvokeOutput;
use aws_sdk_lambda::operation::update_function_code::UpdateFunctionCodeOutput;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{Environment, FunctionCode, LogType, Runtime};
use serde_json::{Value, json};
use tempfile::TempDir;
use time::OffsetDateTime;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use zipster_emulator::clock::{Clock, SystemClock, Wait};
use zipster_emulator::journal::{Entry, Event};
use zipster_emulator::{Emulator, Settings};
use zipster_names::{AccountId, Region};

pub const ACCOUNT: &str = "123456789012";
pub const REGION: &str = "eu-central-1";
pub const ROLE: &str = "arn:aws:iam::123456789012:role/the-role";
pub const ARN: &str = "arn:aws:lambda:eu-central-1:123456789012:function:the-function";

pub struct World {
    pub emulator: Emulator,
    pub lambda: Client,
    folder: TempDir,
    /// Where the emulator makes its own directory.
    temporary: TempDir,
}

impl World {
    /// An emulator with no function.
    pub async fn empty() -> Self {
        Self::with(|_| {}).await
    }

    /// An emulator with `the-function`.
    pub async fn start() -> Self {
        let world = Self::empty().await;
        world.function("the-function").send().await.unwrap();
        world
    }

    /// An emulator on which AWS's pauses are short, with `the-function`.
    pub async fn hurried() -> Self {
        let world = Self::with(|settings| {
            settings.clock = std::sync::Arc::new(SystemClock::hurried(60_000));
        })
        .await;
        world.function("the-function").send().await.unwrap();
        world
    }

    /// An emulator on which limits of `from` seconds are `to` milliseconds long.
    pub async fn shortened(from: u64, to: u64) -> Self {
        let clock = Shortened {
            from: Duration::from_secs(from),
            to: Duration::from_millis(to),
        };
        Self::with(|settings| settings.clock = std::sync::Arc::new(clock)).await
    }

    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::new(
            AccountId::parse(ACCOUNT).unwrap(),
            Region::parse(REGION).unwrap(),
        );
        let temporary = tempfile::tempdir().unwrap();
        settings.directory = Some(temporary.path().to_path_buf());
        change(&mut settings);
        let emulator = Emulator::start(settings).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        make_role(&emulator).await;
        crate::function::write_bootstrap(folder.path());
        Self {
            lambda: client(&emulator),
            emulator,
            folder,
            temporary,
        }
    }

    /// Where the emulator has its files.
    pub fn temporary(&self) -> PathBuf {
        self.temporary.path().to_path_buf()
    }

    /// Where the function lies.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    /// The beginning of a `CreateFunction` that works as it is.
    pub fn function(&self, name: &str) -> CreateFunctionFluentBuilder {
        let code = FunctionCode::builder()
            .s3_bucket("hot-reload")
            .s3_key(self.folder().to_str().unwrap())
            .build();
        self.lambda
            .create_function()
            .function_name(name)
            .role(ROLE)
            .runtime(Runtime::Providedal2023)
            .handler("bootstrap")
            // Far away, for busy machines; a test about timeouts sets its own.
            .timeout(300)
            .code(code)
    }

    /// Invokes `the-function` and waits for the answer.
    pub async fn invoke(&self, event: Value) -> Answer {
        let output = self
            .lambda
            .invoke()
            .function_name("the-function")
            .log_type(LogType::Tail)
            .payload(Blob::new(event.to_string()))
            .send()
            .await;
        Answer::of(&output.unwrap())
    }

    /// Invokes a version or alias of `the-function`: which version has run, and what it answered.
    pub async fn invoke_qualified(&self, qualifier: &str, event: Value) -> (String, Value) {
        let invoke = self.lambda.invoke().function_name("the-function");
        let invoke = invoke.qualifier(qualifier);
        let invoke = invoke.payload(Blob::new(event.to_string()));
        let output = invoke.send().await.unwrap();
        let payload = output.payload().unwrap().as_ref();
        (
            output.executed_version().unwrap().to_owned(),
            serde_json::from_slice(payload).unwrap(),
        )
    }

    /// Publishes `the-function`: the version's number.
    pub async fn publish(&self) -> String {
        let publish = self.lambda.publish_version();
        let published = publish.function_name("the-function").send().await;
        published.unwrap().version.unwrap()
    }

    /// Makes `package` the code of `the-function`.
    pub async fn update(&self, package: Vec<u8>) -> UpdateFunctionCodeOutput {
        let update = self.lambda.update_function_code();
        let update = update.function_name("the-function");
        update.zip_file(Blob::new(package)).send().await.unwrap()
    }

    pub fn entries(&self) -> Vec<Entry> {
        self.emulator.journal().snapshot()
    }

    /// What `pick` finds in the journal.
    pub fn events<T>(&self, pick: impl Fn(&Event) -> Option<T>) -> Vec<T> {
        self.entries()
            .iter()
            .filter_map(|entry| pick(&entry.event))
            .collect()
    }

    /// Returns once something is in the journal.
    pub async fn until(&self, wanted: impl Fn(&Event) -> bool) {
        let mut entries = self.emulator.journal().subscribe();
        while !self.entries().iter().any(|entry| wanted(&entry.event)) {
            entries.recv().await.unwrap();
        }
    }

    /// The processes that were started so far.
    pub fn processes(&self) -> Vec<u32> {
        self.events(|event| match event {
            Event::EnvironmentStarted { pid, .. } => Some(*pid),
            _ => None,
        })
    }

    /// The log so far, without what the test program itself prints, and without cold starts.
    pub fn log(&self) -> Vec<String> {
        self.events(|event| match event {
            Event::LogLine { line, .. } => Some(line.clone()),
            _ => None,
        })
        .into_iter()
        .filter(|line| !line.is_empty() && !line.starts_with("running "))
        .filter(|line| !line.starts_with("INIT_START "))
        .collect()
    }

    /// Lines about what happened to functions, with everything that changes from run to run
    /// replaced.
    pub fn story(&self) -> Vec<String> {
        self.events(|event| match event {
            Event::ApiCall { .. }
            | Event::ApiAnswer { .. }
            | Event::Decision { .. }
            | Event::Guarantee { .. }
            | Event::LogLine { .. } => None,
            event => Some(without_numbers(&event.to_string())),
        })
    }
}

/// The machine's clock, on which limits of one length are shorter.
#[derive(Debug)]
pub struct Shortened {
    pub from: Duration,
    pub to: Duration,
}

impl Clock for Shortened {
    fn now(&self) -> OffsetDateTime {
        SystemClock::real_time().now()
    }

    fn pause(&self, length: Duration) -> Wait {
        SystemClock::real_time().pause(length)
    }

    fn limit(&self, length: Duration) -> Wait {
        let length = if length == self.from { self.to } else { length };
        SystemClock::real_time().limit(length)
    }
}

/// What came back from an invocation.
#[derive(Debug)]
pub struct Answer {
    pub payload: Value,
    pub error: Option<String>,
    pub log: String,
}

impl Answer {
    pub fn of(output: &InvokeOutput) -> Self {
        use base64::Engine as _;
        let log = output.log_result().unwrap_or_default();
        let log = base64::prelude::BASE64_STANDARD.decode(log).unwrap();
        assert_eq!(output.executed_version(), Some("$LATEST"));
        Self {
            error: output.function_error().map(str::to_owned),
            payload: serde_json::from_slice(output.payload().unwrap().as_ref()).unwrap(),
            log: String::from_utf8(log).unwrap(),
        }
    }
}

/// Where functions that `wait` report.
pub struct Meeting {
    listener: TcpListener,
}

impl Meeting {
    pub async fn new() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        Self { listener }
    }

    /// The event that sends a function here.
    pub fn event(&self) -> Value {
        let address = self.listener.local_addr().unwrap().to_string();
        json!({ "do": "wait", "at": address })
    }

    /// Returns once a function is here; it goes on when the guest is dropped.
    pub async fn guest(&self) -> TcpStream {
        let (mut guest, _) = self.listener.accept().await.unwrap();
        guest.read_exact(&mut [0]).await.unwrap();
        guest
    }
}

pub fn client(emulator: &Emulator) -> Client {
    configured(&emulator.endpoint(), REGION, administrator(emulator))
}

/// A client for roles and policies.
pub fn iam(emulator: &Emulator) -> aws_sdk_iam::Client {
    let config = aws_sdk_iam::Config::builder()
        .behavior_version(aws_sdk_iam::config::BehaviorVersion::latest())
        .region(aws_sdk_iam::config::Region::new(REGION))
        .endpoint_url(emulator.endpoint())
        .credentials_provider(administrator(emulator))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    aws_sdk_iam::Client::from_conf(config)
}

/// A client for buckets.
pub fn s3(emulator: &Emulator) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
        .region(aws_sdk_s3::config::Region::new(REGION))
        .endpoint_url(emulator.endpoint())
        .force_path_style(true)
        .credentials_provider(administrator(emulator))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    aws_sdk_s3::Client::from_conf(config)
}

/// A client for log groups.
pub fn logs(emulator: &Emulator) -> aws_sdk_cloudwatchlogs::Client {
    let config = aws_sdk_cloudwatchlogs::Config::builder()
        .behavior_version(aws_sdk_cloudwatchlogs::config::BehaviorVersion::latest())
        .region(aws_sdk_cloudwatchlogs::config::Region::new(REGION))
        .endpoint_url(emulator.endpoint())
        .credentials_provider(administrator(emulator))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    aws_sdk_cloudwatchlogs::Client::from_conf(config)
}

/// A client for queues.
pub fn sqs(emulator: &Emulator) -> aws_sdk_sqs::Client {
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(aws_sdk_sqs::config::BehaviorVersion::latest())
        .region(aws_sdk_sqs::config::Region::new(REGION))
        .endpoint_url(emulator.endpoint())
        .credentials_provider(administrator(emulator))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    aws_sdk_sqs::Client::from_conf(config)
}

/// Makes `the-role`: functions have it, and it may do everything with functions.
async fn make_role(emulator: &Emulator) {
    let iam = iam(emulator);
    let trust = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow",
        "Principal": { "Service": "lambda.amazonaws.com" },
        "Action": "sts:AssumeRole",
    } });
    iam.create_role()
        .role_name("the-role")
        .assume_role_policy_document(trust.to_string())
        .send()
        .await
        .unwrap();
    let policy = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "lambda:*", "Resource": "*",
    } });
    iam.put_role_policy()
        .role_name("the-role")
        .policy_name("functions")
        .policy_document(policy.to_string())
        .send()
        .await
        .unwrap();
}

pub fn administrator(emulator: &Emulator) -> Credentials {
    let key = emulator.administrator();
    Credentials::new(
        &key.access_key_id,
        key.expose_secret(),
        key.session_token.clone(),
        None,
        "emulator",
    )
}

/// A client with the credentials of a session.
pub fn client_with(emulator: &Emulator, key: &str, secret: &str, token: &str) -> Client {
    let credentials = Credentials::new(key, secret, Some(token.to_owned()), None, "session");
    configured(&emulator.endpoint(), REGION, credentials)
}

/// The client that a function makes from its environment.
pub fn client_of_function() -> Client {
    let variable = |name| std::env::var(name).unwrap();
    let credentials = Credentials::new(
        variable("AWS_ACCESS_KEY_ID"),
        variable("AWS_SECRET_ACCESS_KEY"),
        Some(variable("AWS_SESSION_TOKEN")),
        None,
        "environment",
    );
    configured(
        &variable("AWS_ENDPOINT_URL"),
        &variable("AWS_REGION"),
        credentials,
    )
}

fn configured(endpoint: &str, region: &str, credentials: Credentials) -> Client {
    let config = Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .region(SdkRegion::new(region.to_owned()))
        .endpoint_url(endpoint)
        .credentials_provider(credentials)
        .retry_config(RetryConfig::disabled())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    Client::from_conf(config)
}

pub fn variables(pairs: &[(&str, &str)]) -> Environment {
    let mut environment = Environment::builder();
    for (name, value) in pairs {
        environment = environment.variables(*name, *value);
    }
    environment.build()
}

/// The error that AWS's client sees: `Code: message`.
#[track_caller]
pub fn refusal<T: std::fmt::Debug, E>(result: Result<T, SdkError<E>>) -> String
where
    E: ProvideErrorMetadata + std::fmt::Debug,
{
    let error = result.unwrap_err();
    let error = error.as_service_error().unwrap();
    format!(
        "{}: {}",
        error.code().unwrap_or_default(),
        error.message().unwrap_or_default()
    )
}

/// A client with the authority of `the-role`, out of an environment of `the-function`.
pub async fn session(world: &World) -> Client {
    let answer = world.invoke(json!({ "do": "environment" })).await;
    let variable = |name: &str| answer.payload[name].as_str().unwrap().to_owned();
    client_with(
        &world.emulator,
        &variable("AWS_ACCESS_KEY_ID"),
        &variable("AWS_SECRET_ACCESS_KEY"),
        &variable("AWS_SESSION_TOKEN"),
    )
}

/// `text` with each number and identifier replaced by `#`.
pub fn without_numbers(text: &str) -> String {
    let mut words = Vec::new();
    for word in text.split(' ') {
        let inner = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let identifier = inner.len() == 36 && inner.matches('-').count() == 4;
        let number = !inner.is_empty() && inner.chars().all(|c| c.is_ascii_digit() || c == '.');
        if identifier || number {
            words.push(word.replace(inner, "#"));
        } else {
            words.push(word.to_owned());
        }
    }
    words.join(" ")
}
