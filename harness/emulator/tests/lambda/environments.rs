//! The processes behind invocations.

use std::collections::BTreeMap;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{FunctionCode, InvocationType};
use serde_json::json;
use zipster_emulator::journal::Event;

use crate::invocations::runs;
use crate::support::{ARN, Meeting, World, variables};

async fn pid(world: &World) -> u64 {
    let answer = world.invoke(json!({ "do": "process" })).await;
    answer.payload["pid"].as_u64().unwrap()
}

#[tokio::test]
async fn a_warm_environment_is_used_again_and_frozen_in_between() {
    let world = World::start().await;
    let first = pid(&world).await;
    assert_eq!(pid(&world).await, first);
    #[cfg(target_os = "linux")]
    loop {
        // The signal is sent when the answer comes, and takes effect a moment later.
        let status = std::fs::read_to_string(format!("/proc/{first}/status")).unwrap();
        if status.contains("State:\tT (stopped)") {
            break;
        }
    }
    let cold = world.events(|event| match event {
        Event::InvocationStarted { cold, .. } => Some(*cold),
        _ => None,
    });
    assert_eq!(cold, [true, false]);
}

#[tokio::test]
async fn invocations_at_the_same_time_run_in_processes_of_their_own() {
    let world = World::start().await;
    let meeting = Meeting::new().await;
    let (one, other, ()) = tokio::join!(
        world.invoke(meeting.event()),
        world.invoke(meeting.event()),
        async {
            // Both are here before either may go on.
            let guests = (meeting.guest().await, meeting.guest().await);
            drop(guests);
        }
    );
    assert_ne!(one.payload["pid"], other.payload["pid"]);
    assert_eq!(world.processes().len(), 2);
    // Both are kept, so two more at the same time start none.
    let ((), _, _) = tokio::join!(
        async {
            let guests = (meeting.guest().await, meeting.guest().await);
            drop(guests);
        },
        world.invoke(meeting.event()),
        world.invoke(meeting.event()),
    );
    assert_eq!(world.processes().len(), 2);
}

#[tokio::test]
async fn a_process_has_lambdas_variables_and_the_functions_and_no_others() {
    let world = World::empty().await;
    world
        .function("the-function")
        .environment(variables(&[("TOPIC_ARN", "arn:aws:sns:x")]))
        .memory_size(256)
        .send()
        .await
        .unwrap();
    let answer = world.invoke(json!({ "do": "environment" })).await;
    let mut found: BTreeMap<String, String> = serde_json::from_value(answer.payload).unwrap();
    // Set by the shell that the test's bootstrap is written in, and by the runtime in the process.
    for other in ["PWD", "OLDPWD", "SHLVL", "_", "_X_AMZN_TRACE_ID"] {
        found.remove(other);
    }
    let folder = world.folder();
    for (name, value) in [
        ("AWS_ENDPOINT_URL", world.emulator.endpoint()),
        ("LAMBDA_TASK_ROOT", folder.display().to_string()),
        ("LD_LIBRARY_PATH", format!("{0}:{0}/lib", folder.display())),
    ] {
        assert_eq!(
            found.insert(name.to_owned(), "<checked>".to_owned()),
            Some(value)
        );
    }
    assert!(found["AWS_ACCESS_KEY_ID"].starts_with("ASIA"));
    assert!(found["AWS_LAMBDA_LOG_STREAM_NAME"].contains("/[$LATEST]"));
    for secret in [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "TMPDIR",
    ] {
        assert!(
            found
                .insert(secret.to_owned(), "<differs>".to_owned())
                .is_some()
        );
    }
    insta::assert_json_snapshot!(found, @r#"
                {
                  "AWS_ACCESS_KEY_ID": "<differs>",
                  "AWS_DEFAULT_REGION": "eu-central-1",
                  "AWS_ENDPOINT_URL": "<checked>",
                  "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
                  "AWS_LAMBDA_FUNCTION_NAME": "the-function",
                  "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
                  "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
                  "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/the-function",
                  "AWS_LAMBDA_LOG_STREAM_NAME": "<differs>",
                  "AWS_LAMBDA_RUNTIME_API": "<differs>",
                  "AWS_REGION": "eu-central-1",
                  "AWS_SECRET_ACCESS_KEY": "<differs>",
                  "AWS_SESSION_TOKEN": "<differs>",
                  "LAMBDA_RUNTIME_DIR": "/var/runtime",
                  "LAMBDA_TASK_ROOT": "<checked>",
                  "LANG": "en_US.UTF-8",
                  "LD_LIBRARY_PATH": "<checked>",
                  "PATH": "/usr/local/bin:/usr/bin/:/bin:/opt/bin",
                  "TMPDIR": "<differs>",
                  "TOPIC_ARN": "arn:aws:sns:x",
                  "TZ": ":UTC",
                  "_HANDLER": "bootstrap"
                }
                "#);
}

#[tokio::test]
async fn a_process_works_in_the_functions_folder_and_has_a_folder_for_temporary_files() {
    let world = World::start().await;
    let answer = world.invoke(json!({ "do": "process" })).await;
    assert_eq!(answer.payload["directory"], json!(world.folder()));
    assert_eq!(answer.payload["temporary"], true);
}

#[tokio::test]
async fn a_program_that_changes_on_disk_is_run_anew() {
    let world = World::start().await;
    let first = pid(&world).await;
    let bootstrap = world.folder().join("bootstrap");
    let mut script = std::fs::read_to_string(&bootstrap).unwrap();
    script.push_str("# changed\n");
    std::fs::write(&bootstrap, script).unwrap();
    assert_ne!(pid(&world).await, first);
}

#[tokio::test]
async fn changed_settings_reach_the_next_invocation() {
    let world = World::start().await;
    let first = pid(&world).await;
    world
        .lambda
        .update_function_configuration()
        .function_name("the-function")
        .environment(variables(&[("COLOUR", "blue")]))
        .send()
        .await
        .unwrap();
    assert_ne!(pid(&world).await, first);
    let answer = world.invoke(json!({ "do": "environment" })).await;
    assert_eq!(answer.payload["COLOUR"], "blue");
    world.emulator.settled().await;
}

#[tokio::test]
async fn an_uploaded_archive_runs() {
    use std::io::Write;
    let world = World::empty().await;
    let bootstrap = std::fs::read(world.folder().join("bootstrap")).unwrap();
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().unix_permissions(0o755);
    zip.start_file("bootstrap", options).unwrap();
    zip.write_all(&bootstrap).unwrap();
    let zip = zip.finish().unwrap().into_inner();
    let code = FunctionCode::builder()
        .zip_file(Blob::new(zip.clone()))
        .build();
    let made = world
        .function("the-function")
        .code(code)
        .send()
        .await
        .unwrap();
    assert_eq!(made.code_size(), i64::try_from(zip.len()).unwrap());
    let answer = world.invoke(json!({ "do": "process" })).await;
    assert_ne!(answer.payload["directory"], json!(world.folder()));
    // An update replaces it.
    world
        .lambda
        .update_function_code()
        .function_name("the-function")
        .s3_bucket("hot-reload")
        .s3_key(world.folder().to_str().unwrap())
        .send()
        .await
        .unwrap();
    let answer = world.invoke(json!({ "do": "process" })).await;
    assert_eq!(answer.payload["directory"], json!(world.folder()));
}

#[tokio::test]
async fn nothing_is_left_after_the_emulator_stops() {
    let world = World::start().await;
    let meeting = Meeting::new().await;
    // Two environments; one is idle and frozen, the other one is at work.
    let (_, _, ()) = tokio::join!(
        world.invoke(meeting.event()),
        world.invoke(meeting.event()),
        async {
            let guests = (meeting.guest().await, meeting.guest().await);
            drop(guests);
        }
    );
    world
        .lambda
        .invoke()
        .function_name("the-function")
        .invocation_type(InvocationType::Event)
        .payload(Blob::new(meeting.event().to_string()))
        .send()
        .await
        .unwrap();
    let _guest = meeting.guest().await;
    let processes = world.processes();
    assert_eq!(processes.len(), 2);
    assert!(processes.iter().all(|pid| runs(*pid)));
    let directory = world.temporary();
    world.emulator.stop().await.unwrap();
    assert!(!processes.iter().any(|pid| runs(*pid)), "{processes:?}");
    assert_eq!(std::fs::read_dir(directory).unwrap().count(), 0);
}

#[tokio::test]
async fn an_environment_that_nobody_needs_ends() {
    // Ten minutes.
    let world = World::shortened(600, 100).await;
    world.function("the-function").send().await.unwrap();
    world.invoke(json!({})).await;
    world.emulator.settled().await;
    world
        .until(|event| matches!(event, Event::EnvironmentEnded { reason, .. } if reason == "idle"))
        .await;
    assert!(!world.processes().iter().any(|pid| runs(*pid)));
}

#[tokio::test]
async fn the_credentials_of_an_environment_end_with_it() {
    let world = World::start().await;
    let answer = world.invoke(json!({ "do": "environment" })).await;
    let variable = |name: &str| answer.payload[name].as_str().unwrap().to_owned();
    let client = crate::support::client_with(
        &world.emulator,
        &variable("AWS_ACCESS_KEY_ID"),
        &variable("AWS_SECRET_ACCESS_KEY"),
        &variable("AWS_SESSION_TOKEN"),
    );
    client.list_functions().send().await.unwrap();
    // New settings retire the environment.
    world
        .lambda
        .update_function_configuration()
        .function_name("the-function")
        .timeout(4)
        .send()
        .await
        .unwrap();
    world
        .until(|event| matches!(event, Event::EnvironmentEnded { .. }))
        .await;
    let refused = client.list_functions().send().await;
    assert!(refused.is_err());
}

/// The processor time that a process has used.
#[cfg(target_os = "linux")]
fn worked(pid: u64) -> (u64, u64) {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap().split(' ').collect();
    (fields[12].parse().unwrap(), fields[13].parse().unwrap())
}

/// Whether every thread of a process stands still.
#[cfg(target_os = "linux")]
fn all_stopped(pid: u64) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    threads.into_iter().all(|thread| {
        let status = thread.unwrap().path().join("status");
        let status = std::fs::read_to_string(status).unwrap();
        status.contains("State:\tT (stopped)")
    })
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_goes_on_in_the_background_stands_still_between_invocations() {
    let world = World::start().await;
    world.function("another").send().await.unwrap();
    let before = world.invoke(json!({ "do": "background" })).await;
    let busy = before.payload["pid"].as_u64().unwrap();
    // Each thread stops when it is next about to run.
    while !all_stopped(busy) {
        tokio::task::yield_now().await;
    }
    let used = worked(busy);
    // Another function's work passes the time.
    for _ in 0..50 {
        let output = world.lambda.invoke().function_name("another").send().await;
        assert_eq!(output.unwrap().function_error(), None);
    }
    assert_eq!(worked(busy), used);
    // And then it goes on where it was, in the very process.
    let after = world.invoke(json!({ "do": "background" })).await;
    assert_eq!(after.payload["pid"], before.payload["pid"]);
    assert!(after.payload["count"].as_u64() > before.payload["count"].as_u64());
}

#[tokio::test]
async fn two_functions_share_neither_process_nor_folder() {
    let world = World::start().await;
    world.function("another").send().await.unwrap();
    let mut seen = Vec::new();
    for name in ["the-function", "another"] {
        let output = world
            .lambda
            .invoke()
            .function_name(name)
            .payload(Blob::new(
                r#"{"do": "shell", "command": "echo $PPID $TMPDIR"}"#,
            ))
            .send()
            .await
            .unwrap();
        let answer: serde_json::Value =
            serde_json::from_slice(output.payload().unwrap().as_ref()).unwrap();
        let words = answer["output"].as_str().unwrap().split_whitespace();
        seen.push(words.map(str::to_owned).collect::<Vec<_>>());
    }
    assert_eq!(seen[0].len(), 2);
    assert_ne!(seen[0][0], seen[1][0]);
    assert_ne!(seen[0][1], seen[1][1]);
}

#[tokio::test]
async fn a_policy_can_tell_the_calls_of_one_function() {
    let world = World::start().await;
    let allow_from = async |function: &str| {
        let policy = json!({ "Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Action": "lambda:ListFunctions", "Resource": "*",
            "Condition": { "ArnEquals": { "lambda:SourceFunctionArn": function } },
        } });
        let put = crate::support::iam(&world.emulator).put_role_policy();
        let put = put.role_name("the-role").policy_name("functions");
        put.policy_document(policy.to_string())
            .send()
            .await
            .unwrap();
        let answer = world.invoke(json!({ "do": "call" })).await;
        answer.payload["answered"].as_bool()
    };
    assert_eq!(allow_from(ARN).await, Some(true));
    assert_eq!(
        allow_from(&ARN.replace("the-", "another-")).await,
        Some(false)
    );
}
