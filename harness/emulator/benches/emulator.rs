//! The emulator's figures, as a client sees them: `cargo bench -p zipster-emulator`.
//!
//! The emulator is a process of its own for what is said of memory and of objects, so that nothing of
//! the client counts. Another emulator of S3 is measured in the same run, by the same calls, if
//! `PEER` is its address and `PEER_COMMAND` starts it, such as
//! `PEER=http://127.0.0.1:5123 PEER_COMMAND="moto_server -p 5123"` (PyPI `moto[server]`). It prints a
//! table and compares nothing with a limit: this is no test.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot make its calls has nothing to say"
)]

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use aws_credential_types::Credentials;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Event as S3Event, LambdaFunctionConfiguration, NotificationConfiguration};
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use zipster_emulator::journal::{Entry, Event};
use zipster_emulator::{Emulator, Settings};
use zipster_names::{AccountId, Region};

const ACCOUNT: &str = "123456789012";
const REGION: &str = "us-east-1";
const BUCKET: &str = "bench-bucket";
const PUTS: usize = 500;
const STARTS: usize = 20;
const PROCESSES: usize = 5;
const INVOCATIONS: usize = 100;
const TRANSFERS: usize = 5;
const KILOBYTE: usize = 1 << 10;
const MEGABYTE: usize = 1 << 20;
const LARGE: usize = 64 * MEGABYTE;

/// Set for the process that is the emulator.
const SERVES: &str = "ZIPSTER_BENCH_SERVES";

#[tokio::main]
async fn main() {
    // This very program is the function, and the emulator's process, too.
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some() {
        let handler = service_fn(|event: LambdaEvent<Value>| async move {
            Ok::<_, lambda_runtime::Error>(event.payload)
        });
        return lambda_runtime::run(handler).await.unwrap();
    }
    if std::env::var_os(SERVES).is_some() {
        return serve().await;
    }
    row("", "median", "p99");
    server("emulator", Server::ours).await;
    if let Ok(peer) = std::env::var("PEER") {
        let command = std::env::var("PEER_COMMAND").unwrap();
        server("peer", || Server::peer(&peer, &command)).await;
    }
    starts().await;
    let emulator = start().await;
    let key = emulator.administrator();
    let credentials =
        Credentials::new(&key.access_key_id, key.expose_secret(), None, None, "bench");
    invocations(&emulator, credentials).await;
    emulator.stop().await.unwrap();
}

async fn start() -> Emulator {
    let settings = Settings::new(
        AccountId::parse(ACCOUNT).unwrap(),
        Region::parse(REGION).unwrap(),
    );
    Emulator::start(settings).await.unwrap()
}

/// Is an emulator until standard input ends; says in a line where.
async fn serve() {
    let emulator = start().await;
    let key = emulator.administrator();
    println!(
        "{}",
        json!([emulator.endpoint(), key.access_key_id, key.expose_secret()])
    );
    let _ = tokio::io::stdin().read(&mut [0]).await;
    emulator.stop().await.unwrap();
}

/// A process that speaks S3.
struct Server {
    process: Child,
    s3: aws_sdk_s3::Client,
}

impl Server {
    async fn ours() -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .env(SERVES, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = process.stdout.as_mut().unwrap();
        BufReader::new(stdout).read_line(&mut line).await.unwrap();
        let [endpoint, id, secret]: [String; 3] = serde_json::from_str(&line).unwrap();
        let s3 = s3_client(&endpoint, Credentials::new(id, secret, None, None, "bench"));
        s3.list_buckets().send().await.unwrap();
        Self { process, s3 }
    }

    async fn peer(endpoint: &str, command: &str) -> Self {
        let mut words = command.split_whitespace();
        let process = Command::new(words.next().unwrap())
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let s3 = s3_client(
            endpoint,
            Credentials::new("peer", "peer", None, None, "bench"),
        );
        let mut looks = tokio::time::interval(Duration::from_millis(5));
        while s3.list_buckets().send().await.is_err() {
            looks.tick().await;
        }
        Self { process, s3 }
    }

    /// Resident memory: proc(5), `VmRSS`.
    fn memory(&self) -> String {
        let id = self.process.id().unwrap();
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|size| size.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        kilobytes.map_or_else(
            || "unknown".to_owned(),
            |size| format!("{} MB", size / 1024),
        )
    }

    async fn end(mut self) {
        self.process.kill().await.unwrap();
    }
}

/// What one server does, started anew several times.
async fn server<F: Future<Output = Server>>(who: &str, start: impl Fn() -> F) {
    let mut times = Vec::new();
    for _ in 0..PROCESSES {
        let begun = Instant::now();
        let server = start().await;
        times.push(begun.elapsed());
        server.end().await;
    }
    report(&format!("{who}: start to first answer"), times);
    let server = start().await;
    row(&format!("{who}: memory, idle"), &server.memory(), "");
    objects(who, &server.s3).await;
    row(&format!("{who}: memory after that"), &server.memory(), "");
    server.end().await;
}

async fn starts() {
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let begun = Instant::now();
        let emulator = start().await;
        times.push(begun.elapsed());
        emulator.stop().await.unwrap();
    }
    report("start within a test's process", times);
}

async fn objects(who: &str, s3: &aws_sdk_s3::Client) {
    s3.create_bucket().bucket(BUCKET).send().await.unwrap();
    let mut times = Vec::new();
    for number in 0..PUTS {
        let body = ByteStream::from(vec![b'x'; KILOBYTE]);
        let begun = Instant::now();
        let put = s3.put_object().bucket(BUCKET).key(format!("{number}"));
        put.body(body).send().await.unwrap();
        times.push(begun.elapsed());
    }
    report(&format!("{who}: put of 1 KB"), times);
    let (mut puts, mut gets) = (Vec::new(), Vec::new());
    for _ in 0..TRANSFERS {
        let body = vec![b'x'; LARGE];
        let begun = Instant::now();
        let put = s3.put_object().bucket(BUCKET).key("large");
        put.body(body.into()).send().await.unwrap();
        puts.push(begun.elapsed());
        let begun = Instant::now();
        let get = s3.get_object().bucket(BUCKET).key("large");
        let mut answer = get.send().await.unwrap();
        let mut read = 0;
        while let Some(part) = answer.body.next().await {
            read += part.unwrap().len();
        }
        gets.push(begun.elapsed());
        assert_eq!(read, LARGE);
    }
    throughput(&format!("{who}: put of 64 MB"), puts);
    throughput(&format!("{who}: get of 64 MB"), gets);
}

/// From the arrival of a put to the hand-over of its event to a function that is warm.
async fn invocations(emulator: &Emulator, credentials: Credentials) {
    let s3 = s3_client(&emulator.endpoint(), credentials.clone());
    s3.create_bucket().bucket(BUCKET).send().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    deploy(emulator, credentials, folder.path()).await;
    let arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:bench");
    let function = LambdaFunctionConfiguration::builder()
        .lambda_function_arn(&arn)
        .events(S3Event::S3ObjectCreated)
        .build()
        .unwrap();
    let configuration = NotificationConfiguration::builder()
        .lambda_function_configurations(function)
        .build();
    s3.put_bucket_notification_configuration()
        .bucket(BUCKET)
        .notification_configuration(configuration)
        .send()
        .await
        .unwrap();
    let mut times = Vec::new();
    // The first one is cold.
    for number in 0..=INVOCATIONS {
        let seen = emulator.journal().snapshot().len();
        let put = s3
            .put_object()
            .bucket(BUCKET)
            .key(format!("event-{number}"));
        put.body(vec![b'x'; KILOBYTE].into()).send().await.unwrap();
        emulator.settled().await;
        let entries = emulator.journal().snapshot();
        times.push(from_put_to_start(&entries[seen..]));
    }
    let cold = times.remove(0);
    row("put to function start, cold", &shown(cold), "");
    report("put to function start, warm", times);
}

fn from_put_to_start(entries: &[Entry]) -> Duration {
    let at = |matches: fn(&Event) -> bool| {
        let entry = entries.iter().find(|entry| matches(&entry.event));
        entry.unwrap().at
    };
    let put =
        at(|event| matches!(event, Event::ApiCall { operation, .. } if operation == "PutObject"));
    let started = at(|event| matches!(event, Event::InvocationStarted { .. }));
    (started - put).unsigned_abs()
}

async fn deploy(emulator: &Emulator, credentials: Credentials, folder: &Path) {
    use std::os::unix::fs::symlink;
    symlink(std::env::current_exe().unwrap(), folder.join("bootstrap")).unwrap();
    let http = aws_smithy_http_client::Builder::new().build_http();
    let iam = aws_sdk_iam::Client::from_conf(
        aws_sdk_iam::Config::builder()
            .behavior_version(aws_sdk_iam::config::BehaviorVersion::latest())
            .region(aws_sdk_iam::config::Region::new(REGION))
            .credentials_provider(credentials.clone())
            .endpoint_url(emulator.endpoint())
            .http_client(http.clone())
            .build(),
    );
    let trust = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}"#;
    let role = iam.create_role().role_name("bench");
    role.assume_role_policy_document(trust)
        .send()
        .await
        .unwrap();
    let lambda = aws_sdk_lambda::Client::from_conf(
        aws_sdk_lambda::Config::builder()
            .behavior_version(aws_sdk_lambda::config::BehaviorVersion::latest())
            .region(aws_sdk_lambda::config::Region::new(REGION))
            .credentials_provider(credentials)
            .endpoint_url(emulator.endpoint())
            .http_client(http)
            .build(),
    );
    let code = aws_sdk_lambda::types::FunctionCode::builder()
        .s3_bucket("hot-reload")
        .s3_key(folder.display().to_string())
        .build();
    lambda
        .create_function()
        .function_name("bench")
        .role(format!("arn:aws:iam::{ACCOUNT}:role/bench"))
        .runtime(aws_sdk_lambda::types::Runtime::Providedal2023)
        .handler("bootstrap")
        .code(code)
        .send()
        .await
        .unwrap();
    lambda
        .add_permission()
        .function_name("bench")
        .statement_id("s3")
        .action("lambda:InvokeFunction")
        .principal("s3.amazonaws.com")
        .source_arn(format!("arn:aws:s3:::{BUCKET}"))
        .source_account(ACCOUNT)
        .send()
        .await
        .unwrap();
}

fn s3_client(endpoint: &str, credentials: Credentials) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
        .region(aws_sdk_s3::config::Region::new(REGION))
        .credentials_provider(credentials)
        .endpoint_url(endpoint)
        .force_path_style(true)
        .http_client(aws_smithy_http_client::Builder::new().build_http());
    aws_sdk_s3::Client::from_conf(config.build())
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let median = times[times.len() / 2];
    let slow = times[times.len() * 99 / 100];
    row(what, &shown(median), &shown(slow));
}

fn throughput(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let rate = 64.0 / times[times.len() / 2].as_secs_f64();
    row(what, &format!("{rate:.0} MB/s"), "");
}

fn shown(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1_000.0)
}

fn row(what: &str, median: &str, slow: &str) {
    println!("{what:<36} {median:>12} {slow:>16}");
}
