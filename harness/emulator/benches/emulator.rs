//! The emulator's figures, as a client sees them: `cargo bench -p zipster-emulator`.
//!
//! With `PEER=http://127.0.0.1:PORT` the same calls go to another emulator of S3 in the same run,
//! such as `moto_server -p PORT` (PyPI `moto[server]`). It prints a table and compares nothing with
//! a limit: this is no test.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot make its calls has nothing to say"
)]

use std::path::Path;
use std::time::{Duration, Instant};

use aws_credential_types::Credentials;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Event as S3Event, LambdaFunctionConfiguration, NotificationConfiguration};
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;
use zipster_emulator::journal::{Entry, Event};
use zipster_emulator::{Emulator, Settings};
use zipster_names::{AccountId, Region};

const ACCOUNT: &str = "123456789012";
const REGION: &str = "us-east-1";
const BUCKET: &str = "bench-bucket";
const PUTS: usize = 500;
const STARTS: usize = 20;
const INVOCATIONS: usize = 100;
const KILOBYTE: usize = 1 << 10;
const MEGABYTE: usize = 1 << 20;
const LARGE: usize = 64 * MEGABYTE;

#[tokio::main]
async fn main() {
    // This very program is the function, too.
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some() {
        let handler = service_fn(|event: LambdaEvent<Value>| async move {
            Ok::<_, lambda_runtime::Error>(event.payload)
        });
        return lambda_runtime::run(handler).await.unwrap();
    }
    row("", "median", "slowest of 100");
    starts().await;
    let emulator = start().await;
    println!("{:<36} {:>12}", "resident memory, nothing done", memory());
    let key = emulator.administrator();
    let credentials =
        Credentials::new(&key.access_key_id, key.expose_secret(), None, None, "bench");
    let s3 = s3_client(&emulator.endpoint(), credentials.clone());
    objects("emulator", &s3).await;
    println!("{:<36} {:>12}", "resident memory after that", memory());
    invocations(&emulator, &s3, credentials).await;
    emulator.stop().await.unwrap();
    if let Ok(peer) = std::env::var("PEER") {
        let credentials = Credentials::new("peer", "peer", None, None, "bench");
        objects("peer", &s3_client(&peer, credentials)).await;
    }
}

async fn start() -> Emulator {
    let settings = Settings::new(
        AccountId::parse(ACCOUNT).unwrap(),
        Region::parse(REGION).unwrap(),
    );
    Emulator::start(settings).await.unwrap()
}

async fn starts() {
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let begun = Instant::now();
        let emulator = start().await;
        times.push(begun.elapsed());
        emulator.stop().await.unwrap();
    }
    report("start of an emulator", times);
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
    let body = vec![b'x'; LARGE];
    let begun = Instant::now();
    let put = s3.put_object().bucket(BUCKET).key("large");
    put.body(body.into()).send().await.unwrap();
    throughput(&format!("{who}: put of 64 MB"), begun.elapsed());
    let begun = Instant::now();
    let mut answer = s3
        .get_object()
        .bucket(BUCKET)
        .key("large")
        .send()
        .await
        .unwrap();
    let mut read = 0;
    while let Some(part) = answer.body.next().await {
        read += part.unwrap().len();
    }
    assert_eq!(read, LARGE);
    throughput(&format!("{who}: get of 64 MB"), begun.elapsed());
}

/// From the arrival of a put to the hand-over of its event to a function that is warm.
async fn invocations(emulator: &Emulator, s3: &aws_sdk_s3::Client, credentials: Credentials) {
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

/// Of this process, client included: proc(5), `VmRSS`.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.map_or_else(|| "unknown".to_owned(), |size| size.trim().to_owned())
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let median = times[times.len() / 2];
    let slow = times[times.len() * 99 / 100];
    row(what, &shown(median), &shown(slow));
}

fn throughput(what: &str, time: Duration) {
    let rate = 64.0 / time.as_secs_f64();
    row(what, &format!("{rate:.0} MB/s"), "");
}

fn shown(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1_000.0)
}

fn row(what: &str, median: &str, slow: &str) {
    println!("{what:<36} {median:>12} {slow:>16}");
}
