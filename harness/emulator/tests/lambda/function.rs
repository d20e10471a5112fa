//! The function that all tests run: this very test program, started again as a bootstrap.
//!
//! The bootstrap is a line of shell that runs the one test below; without Lambda's variables the
//! test does nothing. What the function does is said by its event.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Makes `folder` a place that the emulator can run in place.
pub fn write_bootstrap(folder: &Path) {
    let bootstrap = folder.join("bootstrap");
    fs::write(&bootstrap, bootstrap_of("")).unwrap();
    fs::set_permissions(&bootstrap, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The function as a deployment package; `STAGE` tells one from another.
pub fn package(stage: &str) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().unix_permissions(0o755);
    zip.start_file("bootstrap", options).unwrap();
    let script = bootstrap_of(&format!("export STAGE={stage}\n"));
    std::io::Write::write_all(&mut zip, script.as_bytes()).unwrap();
    zip.finish().unwrap().into_inner()
}

fn bootstrap_of(settings: &str) -> String {
    let program = std::env::current_exe().unwrap();
    format!(
        "#!/bin/sh\n{settings}exec '{}' --exact function::acts_as_a_function --nocapture --quiet\n",
        program.display()
    )
}

#[tokio::test]
async fn acts_as_a_function() {
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        return;
    }
    if std::env::var_os("EXIT_AT_ONCE").is_some() {
        println!("leaving");
        std::process::exit(7);
    }
    if std::env::var_os("CANNOT_INITIALISE").is_some() {
        let error = r#"{"errorType": "NoDatabase", "errorMessage": "there is none"}"#;
        let (status, _) = runtime_api("POST", "/2018-06-01/runtime/init/error", error).await;
        assert_eq!(status, 202);
        // Killed here.
        std::future::pending::<()>().await;
    }
    if std::env::var_os("LARGE_AT_FIRST").is_some() {
        let _held = fill(300);
        std::future::pending::<()>().await;
    }
    if std::env::var_os("SLOW_AT_FIRST").is_some() {
        let mark = std::env::temp_dir().join("was-here");
        if !mark.exists() {
            fs::write(mark, "").unwrap();
            std::future::pending::<()>().await;
        }
    }
    lambda_runtime::run(service_fn(handle)).await.unwrap();
}

/// A request to the Runtime API on a connection of its own: status and error type.
async fn runtime_api(method: &str, path: &str, body: &str) -> (u16, String) {
    let address = std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap();
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    let error = body["errorType"].as_str().unwrap_or_default();
    (
        head.split(' ').nth(1).unwrap().parse().unwrap(),
        error.to_owned(),
    )
}

/// Counted up by a thread that never rests.
static COUNT: AtomicU64 = AtomicU64::new(0);

/// Takes memory and writes to all of it.
fn fill(megabytes: u64) -> Vec<u8> {
    vec![1; usize::try_from(megabytes).unwrap() * 1024 * 1024]
}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Diagnostic> {
    let (order, context) = event.into_parts();
    if std::env::var_os("TELLS_EVENTS").is_some() {
        println!("event {order}");
        return Ok(Value::Null);
    }
    if let Some(records) = order["Records"].as_array()
        && records[0]["eventSource"] == "aws:sqs"
    {
        return work_on_messages(records);
    }
    if order["Records"][0]["EventSource"] == "aws:sns" {
        println!("notified {}", order["Records"][0]["Sns"]);
        return Ok(Value::Null);
    }
    match order["do"].as_str().unwrap_or("echo") {
        "echo" => Ok(order),
        "context" => Ok(json!({
            "request_id": context.request_id,
            "deadline": context.deadline,
            "arn": context.invoked_function_arn,
            "trace": context.xray_trace_id,
            "client_context": context.client_context,
        })),
        "environment" => {
            let variables: serde_json::Map<String, Value> = std::env::vars()
                .map(|(name, value)| (name, Value::String(value)))
                .collect();
            Ok(Value::Object(variables))
        }
        "process" => Ok(json!({
            "pid": std::process::id(),
            "directory": std::env::current_dir().unwrap(),
            "temporary": std::env::temp_dir().is_dir(),
        })),
        "print" => {
            println!("to stdout");
            eprintln!("to stderr");
            print!("without an end");
            std::io::Write::flush(&mut std::io::stdout()).unwrap();
            Ok(Value::Null)
        }
        "misbehave" => {
            let id = &context.request_id;
            let mut answers = Vec::new();
            for (method, path) in [
                ("GET", "/2018-06-01/runtime/invocation/next".to_owned()),
                (
                    "POST",
                    "/2018-06-01/runtime/invocation/another/response".to_owned(),
                ),
                ("POST", "/2018-06-01/runtime/init/error".to_owned()),
                (
                    "GET",
                    format!("/2018-06-01/runtime/invocation/{id}/response"),
                ),
                ("POST", "/2020-01-01/extension/register".to_owned()),
            ] {
                answers.push(runtime_api(method, &path, "{}").await);
            }
            Ok(json!(answers))
        }
        "fail" => Err(Diagnostic {
            error_type: "Unlucky".to_owned(),
            error_message: "the cards were against it".to_owned(),
        }),
        "panic" => panic!("lost its head"),
        "exit" => std::process::exit(3),
        "hang" => std::future::pending().await,
        "background" => {
            if COUNT.load(Ordering::Relaxed) == 0 {
                std::thread::spawn(|| {
                    loop {
                        COUNT.fetch_add(1, Ordering::Relaxed);
                    }
                });
                while COUNT.load(Ordering::Relaxed) == 0 {}
            }
            Ok(json!({
                "pid": std::process::id(),
                "count": COUNT.load(Ordering::Relaxed),
            }))
        }
        "fill" => Ok(json!(fill(order["megabytes"].as_u64().unwrap()).len())),
        // Address space alone is no memory.
        "reserve" => Ok(json!(Vec::<u8>::with_capacity(4 << 30).capacity())),
        // Answers what the command says, and how it ended.
        "shell" => {
            let output = std::process::Command::new("/bin/sh")
                .args(["-c", order["command"].as_str().unwrap()])
                .output()
                .unwrap();
            Ok(json!({
                "output": String::from_utf8_lossy(&output.stdout),
                "error": String::from_utf8_lossy(&output.stderr),
                "status": output.status.code(),
            }))
        }
        "swell" => {
            let size = usize::try_from(order["bytes"].as_u64().unwrap()).unwrap();
            Ok(Value::String("x".repeat(size)))
        }
        // Says that it runs, and goes on when it is told to.
        "wait" => {
            let mut tester = TcpStream::connect(order["at"].as_str().unwrap())
                .await
                .unwrap();
            tester.write_all(b"!").await.unwrap();
            let _ = tester.read(&mut [0]).await.unwrap();
            Ok(json!({ "pid": std::process::id() }))
        }
        "call" => {
            let answer = crate::support::client_of_function()
                .list_functions()
                .send()
                .await;
            Ok(json!({ "answered": answer.is_ok() }))
        }
        other => Err(Diagnostic {
            error_type: "UnknownOrder".to_owned(),
            error_message: other.to_owned(),
        }),
    }
}

/// Says what it gets, and reports the messages that it rejects.
fn work_on_messages(records: &[Value]) -> Result<Value, Diagnostic> {
    let mut rejected = Vec::new();
    for record in records {
        let body = record["body"].as_str().unwrap_or_default();
        println!("got {body}");
        match body {
            "show" => println!("record {record}"),
            "reject" => rejected.push(json!({ "itemIdentifier": record["messageId"] })),
            "fail" => {
                return Err(Diagnostic {
                    error_type: "Unlucky".to_owned(),
                    error_message: "the message was against it".to_owned(),
                });
            }
            _ => {}
        }
    }
    Ok(json!({ "batchItemFailures": rejected }))
}
