//! The function that all tests run: this very test program, started again as a bootstrap.
//!
//! The bootstrap is a line of shell that runs the one test below; without Lambda's variables the
//! test does nothing. What the function does is said by its event.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Makes `folder` a place that the emulator can run in place.
pub fn write_bootstrap(folder: &Path) {
    let program = std::env::current_exe().unwrap();
    let script = format!(
        "#!/bin/sh\nexec '{}' --exact function::acts_as_a_function --nocapture --quiet\n",
        program.display()
    );
    let bootstrap = folder.join("bootstrap");
    fs::write(&bootstrap, script).unwrap();
    fs::set_permissions(&bootstrap, fs::Permissions::from_mode(0o755)).unwrap();
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
    lambda_runtime::run(service_fn(handle)).await.unwrap();
}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Diagnostic> {
    let (order, context) = event.into_parts();
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
        "fail" => Err(Diagnostic {
            error_type: "Unlucky".to_owned(),
            error_message: "the cards were against it".to_owned(),
        }),
        "panic" => panic!("lost its head"),
        "exit" => std::process::exit(3),
        "hang" => std::future::pending().await,
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
