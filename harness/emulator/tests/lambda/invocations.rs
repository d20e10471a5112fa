//! Invocations whose caller waits for the answer.

use aws_sdk_lambda::operation::invoke::InvokeError;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{InvocationType, LogType, ThrottleReason, TracingConfig, TracingMode};
use serde_json::json;
use zipster_emulator::fault::{CallFault, FaultPlan, FaultRule, Moment};
use zipster_emulator::journal::{Event, Outcome};

use crate::support::{ARN, Answer, Meeting, World, refusal, without_numbers};

#[tokio::test]
async fn a_function_answers_its_caller() {
    let world = World::start().await;
    let event = json!({ "Records": [{ "key": "a b.csv" }], "umlaut": "ü" });
    let answer = world.invoke(event.clone()).await;
    assert_eq!(answer.payload, event);
    assert_eq!(answer.error, None);
    world.emulator.settled().await;
    insta::assert_debug_snapshot!(world.story(), @r#"
    [
        "environment of function:the-function started (pid #)",
        "function:the-function invoked (cold, attempt #)",
        "function:the-function succeeded after # ms",
    ]
    "#);
}

#[tokio::test]
async fn a_function_learns_about_its_invocation() {
    let world = World::start().await;
    let context = base64::Engine::encode(
        &base64::prelude::BASE64_STANDARD,
        json!({ "client": { "installation_id": "", "app_title": "", "app_version_name": "",
            "app_version_code": "", "app_package_name": "" }, "custom": { "a": "b" }, "env": {} })
        .to_string(),
    );
    let output = world
        .lambda
        .invoke()
        .function_name(format!("{ARN}:$LATEST"))
        .client_context(context)
        .payload(Blob::new(r#"{"do": "context"}"#))
        .send()
        .await
        .unwrap();
    let told = crate::support::Answer::of(&output).payload;
    assert_eq!(told["arn"], format!("{ARN}:$LATEST"));
    assert_eq!(told["client_context"]["custom"]["a"], "b");
    assert!(told["trace"].as_str().unwrap().starts_with("Root=1-"));
    let started = world
        .entries()
        .into_iter()
        .find_map(|entry| match entry.event {
            Event::InvocationStarted { request_id, .. } => Some((request_id, entry.at)),
            _ => None,
        });
    let (request_id, at) = started.unwrap();
    assert_eq!(told["request_id"], request_id);
    let deadline = told["deadline"].as_i64().unwrap();
    let start = i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap();
    assert!(
        (299_000..=301_000).contains(&(deadline - start)),
        "{deadline} {start}"
    );
}

#[tokio::test]
async fn the_log_has_every_line_in_order_and_ends_with_a_report() {
    let world = World::start().await;
    let answer = world.invoke(json!({ "do": "print" })).await;
    let log = answer.log.lines().map(without_numbers).collect::<Vec<_>>();
    assert_eq!(
        &log[..5],
        [
            "START RequestId: # Version: $LATEST",
            "to stdout",
            "to stderr",
            "without an end",
            "END RequestId: #"
        ]
    );
    let report = answer.log.lines().last().unwrap();
    let fields: Vec<_> = report.split('\t').map(without_numbers).collect();
    assert_eq!(
        fields,
        [
            "REPORT RequestId: #",
            "Duration: # ms",
            "Billed Duration: # ms",
            "Memory Size: # MB",
            "Max Memory Used: # MB",
            "Init Duration: # ms"
        ]
    );
    assert!(!report.contains("Max Memory Used: 0 MB") || !cfg!(target_os = "linux"));
    // A warm start has no initialisation, and a log of its own.
    let answer = world.invoke(json!({})).await;
    assert!(!answer.log.contains("Init Duration"));
    assert_eq!(answer.log.lines().count(), 3);
}

#[track_caller]
fn check_ended(world: &World, expected: &Outcome) {
    let ended = world.events(|event| match event {
        Event::InvocationEnded { outcome, .. } => Some(outcome.clone()),
        _ => None,
    });
    assert_eq!(ended, std::slice::from_ref(expected));
}

#[tokio::test]
async fn an_error_of_the_function_reaches_the_caller_as_it_is() {
    let world = World::start().await;
    let answer = world.invoke(json!({ "do": "fail" })).await;
    assert_eq!(answer.error.as_deref(), Some("Unhandled"));
    assert_eq!(
        answer.payload,
        json!({ "errorType": "Unlucky", "errorMessage": "the cards were against it" })
    );
    check_ended(
        &world,
        &Outcome::FunctionError {
            error_type: "Unlucky".to_owned(),
            message: "the cards were against it".to_owned(),
        },
    );
    // The process is as good as before.
    world.invoke(json!({})).await;
    assert_eq!(world.processes().len(), 1);
}

#[tokio::test]
async fn a_panic_is_an_error_too() {
    let world = World::start().await;
    let answer = world.invoke(json!({ "do": "panic" })).await;
    assert_eq!(answer.error.as_deref(), Some("Unhandled"));
    let message = answer.payload["errorMessage"].as_str().unwrap();
    assert!(message.contains("lost its head"), "{message}");
}

#[tokio::test]
async fn an_exit_ends_the_environment() {
    let world = World::start().await;
    let answer = world.invoke(json!({ "do": "exit" })).await;
    assert_eq!(answer.error.as_deref(), Some("Unhandled"));
    assert_eq!(answer.payload["errorType"], "Runtime.ExitError");
    let message = answer.payload["errorMessage"].as_str().unwrap();
    assert_eq!(
        without_numbers(message),
        "RequestId: # Error: Runtime exited with error: exit status #"
    );
    let log: Vec<_> = answer.log.lines().map(without_numbers).collect();
    assert_eq!(log[2], "Runtime.ExitError");
    assert!(log[4].ends_with("Status: error\tError Type: Runtime.ExitError"));
    check_ended(
        &world,
        &Outcome::Exited {
            status: "exit status 3".to_owned(),
        },
    );
    world.invoke(json!({})).await;
    assert_eq!(world.processes().len(), 2);
}

#[tokio::test]
async fn a_timeout_kills() {
    let world = World::empty().await;
    world
        .function("the-function")
        .timeout(1)
        .send()
        .await
        .unwrap();
    let answer = world.invoke(json!({ "do": "hang" })).await;
    assert_eq!(answer.error.as_deref(), Some("Unhandled"));
    let message = answer.payload["errorMessage"].as_str().unwrap();
    assert!(
        message.ends_with("Error: Task timed out after 1.00 seconds"),
        "{message}"
    );
    let log: Vec<_> = answer.log.lines().map(without_numbers).collect();
    assert!(
        log[1].ends_with("Z # Task timed out after # seconds"),
        "{log:?}"
    );
    assert!(log[3].ends_with("Status: timeout"), "{log:?}");
    check_ended(&world, &Outcome::TimedOut);
    assert!(!runs(world.processes()[0]));
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_an_error() {
    let world = World::start().await;
    let answer = world
        .invoke(json!({ "do": "swell", "bytes": 6_291_554 }))
        .await;
    assert_eq!(answer.error, None);
    let answer = world
        .invoke(json!({ "do": "swell", "bytes": 6_291_555 }))
        .await;
    assert_eq!(answer.payload["errorType"], "Function.ResponseSizeTooLarge");
}

#[tokio::test]
async fn an_environment_that_cannot_start_says_why() {
    let world = World::empty().await;
    world
        .function("the-function")
        .environment(crate::support::variables(&[("EXIT_AT_ONCE", "yes")]))
        .send()
        .await
        .unwrap();
    let answer = world.invoke(json!({})).await;
    assert_eq!(answer.payload["errorType"], "Runtime.ExitError");
    // Started once more, within the invocation.
    let lines: Vec<_> = world
        .log()
        .iter()
        .map(|line| without_numbers(&line.replace('\t', " ")))
        .collect();
    insta::assert_debug_snapshot!(lines, @r#"
    [
        "leaving",
        "INIT_REPORT Init Duration: # ms Phase: init Status: error Error Type: Runtime.ExitError",
        "START RequestId: # Version: $LATEST",
        "leaving",
        "INIT_REPORT Init Duration: # ms Phase: invoke Status: error Error Type: Runtime.ExitError",
        "RequestId: # Error: Runtime exited with error: exit status #",
        "Runtime.ExitError",
        "END RequestId: #",
        "REPORT RequestId: # Duration: # ms Billed Duration: # ms Memory Size: # MB Max Memory Used: # MB Status: error Error Type: Runtime.ExitError",
    ]
    "#);
    assert_eq!(world.processes().len(), 2);
}

#[tokio::test]
async fn an_initialisation_that_fails_by_its_own_word_is_tried_twice() {
    let world = World::empty().await;
    world
        .function("the-function")
        .environment(crate::support::variables(&[("CANNOT_INITIALISE", "yes")]))
        .send()
        .await
        .unwrap();
    let answer = world.invoke(json!({})).await;
    assert_eq!(answer.error.as_deref(), Some("Unhandled"));
    assert_eq!(
        answer.payload,
        json!({ "errorType": "NoDatabase", "errorMessage": "there is none" })
    );
    let processes = world.processes();
    assert_eq!(processes.len(), 2);
    assert!(!processes.iter().any(|pid| runs(*pid)));
}

#[tokio::test]
async fn an_initialisation_that_takes_too_long_starts_again_within_the_invocation() {
    let world = World::shortened(10, 1000).await;
    world
        .function("the-function")
        .environment(crate::support::variables(&[("SLOW_AT_FIRST", "yes")]))
        .send()
        .await
        .unwrap();
    let answer = world.invoke(json!({ "a": 1 })).await;
    assert_eq!(answer.payload, json!({ "a": 1 }));
    assert_eq!(world.processes().len(), 2);
    let log = world.log();
    let report = log.iter().find(|line| line.starts_with("INIT_REPORT"));
    assert!(report.unwrap().ends_with("Phase: init\tStatus: timeout"));
}

#[tokio::test]
async fn the_runtime_api_refuses_what_does_not_fit() {
    let world = World::start().await;
    let answer = world.invoke(json!({ "do": "misbehave" })).await;
    assert_eq!(
        answer.payload,
        json!([
            [403, "InvalidStateTransition"],
            [400, "InvalidRequestID"],
            [403, "InvalidStateTransition"],
            [404, "NotFound"],
            [501, "NotImplemented"],
        ])
    );
}

#[tokio::test]
async fn a_function_without_a_program_says_so() {
    let world = World::start().await;
    std::fs::remove_file(world.folder().join("bootstrap")).unwrap();
    let answer = world.invoke(json!({})).await;
    assert_eq!(answer.payload["errorType"], "Runtime.InvalidEntrypoint");
    let message = answer.payload["errorMessage"].as_str().unwrap();
    assert!(
        message.contains("Couldn't find valid bootstrap(s)"),
        "{message}"
    );
}

#[tokio::test]
async fn a_fault_can_kill_a_function_within_a_call() {
    let world = World::with(|settings| {
        settings.faults = FaultPlan {
            rules: vec![FaultRule {
                when: Moment::Call {
                    service: "lambda",
                    operation: "ListFunctions".to_owned(),
                    by: Some(zipster_names::FunctionName::parse("the-function").unwrap()),
                    fault: CallFault::KillBefore,
                },
                after: 0,
                times: 1,
            }],
        };
    })
    .await;
    world.function("the-function").send().await.unwrap();
    let answer = world.invoke(json!({ "do": "call" })).await;
    assert_eq!(answer.payload["errorType"], "Runtime.ExitError");
    let message = answer.payload["errorMessage"].as_str().unwrap();
    assert!(message.ends_with("signal: killed"), "{message}");
    world.emulator.settled().await;
    assert!(!runs(world.processes()[0]));
    // The call is part of the invocation's story.
    let entries = world.entries();
    let started = entries
        .iter()
        .find(|entry| matches!(entry.event, Event::InvocationStarted { .. }))
        .unwrap();
    let call = entries
        .iter()
        .find(|entry| {
            matches!(&entry.event, Event::ApiCall { caller, .. }
                if caller == "arn:aws:sts::123456789012:assumed-role/the-role/the-function")
        })
        .unwrap();
    assert_eq!(call.cause, Some(started.id));
}

#[tokio::test]
async fn events_that_are_no_json_or_too_large_are_refused() {
    let world = World::start().await;
    let invoke = |kind: InvocationType, payload: Vec<u8>| {
        world
            .lambda
            .invoke()
            .function_name("the-function")
            .invocation_type(kind)
            .payload(Blob::new(payload))
            .send()
    };
    let sync = InvocationType::RequestResponse;
    let no_json = refusal(invoke(sync.clone(), b"{".to_vec()).await);
    assert!(
        no_json.starts_with("InvalidRequestContentException: Could not parse request body"),
        "{no_json}"
    );
    let quoted = |length: usize| format!("\"{}\"", "x".repeat(length - 2)).into_bytes();
    assert_eq!(
        refusal(invoke(sync, quoted(6_291_457)).await),
        "RequestTooLargeException: 6291457 byte payload is too large for the RequestResponse \
         invocation type (limit 6291456 bytes)"
    );
    assert_eq!(
        refusal(invoke(InvocationType::Event, quoted(1_048_577)).await),
        "RequestTooLargeException: 1048577 byte payload is too large for the Event invocation \
         type (limit 1048576 bytes)"
    );
    let dry = invoke(InvocationType::DryRun, b"{}".to_vec())
        .await
        .unwrap();
    assert_eq!(dry.status_code(), 204);
    assert!(world.processes().is_empty());
}

#[tokio::test]
async fn reserved_concurrency_throttles_who_waits() {
    let world = World::start().await;
    let meeting = Meeting::new().await;
    world
        .lambda
        .put_function_concurrency()
        .function_name("the-function")
        .reserved_concurrent_executions(1)
        .send()
        .await
        .unwrap();
    let (answer, throttled) = tokio::join!(world.invoke(meeting.event()), async {
        let guest = meeting.guest().await;
        let second = world.lambda.invoke().function_name("the-function").send();
        let throttled = second.await.unwrap_err().into_service_error();
        drop(guest);
        throttled
    });
    let InvokeError::TooManyRequestsException(throttled) = throttled else {
        panic!("not throttled: {throttled}");
    };
    assert_eq!(throttled.message(), Some("Rate Exceeded."));
    assert_eq!(
        throttled.reason(),
        Some(&ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded)
    );
    assert_eq!(throttled.retry_after_seconds(), Some("1"));
    assert_eq!(answer.error, None);
}

#[tokio::test]
async fn a_callers_trace_reaches_the_function() {
    const ROOT: &str = "1-5759e988-bd862e3fe1be46a994272793";
    let world = World::empty().await;
    let tracing = TracingConfig::builder().mode(TracingMode::Active).build();
    let traced = world.function("the-function").tracing_config(tracing);
    traced.send().await.unwrap();
    world.function("untraced").send().await.unwrap();
    let invoke = |name: &'static str| {
        let header = format!("Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1");
        world
            .lambda
            .invoke()
            .function_name(name)
            .log_type(LogType::Tail)
            .payload(Blob::new(r#"{"do": "context"}"#))
            .customize()
            .mutate_request(move |request| {
                request
                    .headers_mut()
                    .insert("x-amzn-trace-id", header.clone());
            })
            .send()
    };
    let passed = Answer::of(&invoke("untraced").await.unwrap());
    assert_eq!(
        passed.payload["trace"],
        format!("Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1")
    );
    assert!(!passed.log.contains("XRAY"));
    // With tracing, a segment of Lambda's own lies between the caller's and the function's.
    let traced = Answer::of(&invoke("the-function").await.unwrap());
    let header = traced.payload["trace"].as_str().unwrap();
    let segment = header
        .strip_prefix(&format!("Root={ROOT};Parent="))
        .and_then(|rest| rest.strip_suffix(";Sampled=1"))
        .unwrap();
    assert_ne!(segment, "53995c3f42cd8ad8");
    let said = format!("XRAY TraceId: {ROOT}\tSegmentId: {segment}\tSampled: true\t\n");
    assert!(traced.log.ends_with(&said), "{}", traced.log);
}

/// Whether a process exists.
pub fn runs(pid: u32) -> bool {
    let pid = nix::unistd::Pid::from_raw(i32::try_from(pid).unwrap());
    nix::sys::signal::kill(pid, None).is_ok()
}
