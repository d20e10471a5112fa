//! What functions write, in CloudWatch Logs.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{InvocationType, LoggingConfig};
use serde_json::json;
use time::OffsetDateTime;
use zipster_emulator::clock::{Clock, SystemClock, Wait};
use zipster_emulator::journal::Event;

use crate::support::{World, iam, logs, without_numbers};

const GROUP: &str = "/aws/lambda/the-function";
const GROUP_ARN: &str = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/the-function";

/// Lets `the-role` do these actions on the log group and its streams.
async fn allow(world: &World, actions: &[&str]) {
    let policy = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": actions, "Resource": format!("{GROUP_ARN}:*"),
    } });
    iam(&world.emulator)
        .put_role_policy()
        .role_name("the-role")
        .policy_name("logs")
        .policy_document(policy.to_string())
        .send()
        .await
        .unwrap();
}

async fn make_group(logs: &Client) {
    let group = logs.create_log_group().log_group_name(GROUP);
    group.send().await.unwrap();
}

async fn streams(logs: &Client, group: &str) -> Vec<String> {
    let streams = logs.describe_log_streams().log_group_name(group);
    let streams = streams.send().await.unwrap();
    let names = streams.log_streams().iter();
    names
        .map(|stream| stream.log_stream_name().unwrap().to_owned())
        .collect()
}

/// The messages of a stream, without what the test program itself prints, and with everything
/// that changes from run to run replaced.
async fn messages(logs: &Client, group: &str, stream: &str) -> Vec<String> {
    let events = logs.get_log_events().log_group_name(group);
    let events = events.log_stream_name(stream).start_from_head(true);
    let events = events.send().await.unwrap();
    let messages = events.events().iter().map(|event| event.message().unwrap());
    messages
        .filter(|message| *message != "\n" && !message.starts_with("running "))
        .map(|message| without_numbers(&message.replace('\t', " ")))
        .map(|message| {
            let message = message
                .split(" Runtime Version ARN: arn:aws:lambda:")
                .next();
            let message = message.unwrap().split(" Duration").next();
            message.unwrap().to_owned()
        })
        .collect()
}

/// The decisions about what the role writes: what was asked, and whether it was allowed.
fn decisions(world: &World) -> Vec<(String, bool)> {
    world.events(|event| match event {
        Event::Decision {
            caller,
            action,
            resource,
            allowed,
            ..
        } if caller.contains(":assumed-role/the-role/") && resource.starts_with(GROUP_ARN) => {
            Some((action.clone(), *allowed))
        }
        _ => None,
    })
}

fn decided(pairs: &[(&str, bool)]) -> Vec<(String, bool)> {
    let owned = |(action, allowed): &(&str, bool)| ((*action).to_owned(), *allowed);
    pairs.iter().map(owned).collect()
}

#[tokio::test]
async fn a_function_writes_into_the_stream_of_its_environment() {
    let world = World::start().await;
    let logs = logs(&world.emulator);
    make_group(&logs).await;
    allow(&world, &["logs:CreateLogStream", "logs:PutLogEvents"]).await;
    world.invoke(json!({ "do": "print" })).await;
    world.invoke(json!({ "do": "echo" })).await;
    let streams = streams(&logs, GROUP).await;
    let [stream] = &streams[..] else {
        panic!("one environment, but the streams {streams:?}")
    };
    let (date, identifier) = stream.split_once("/[$LATEST]").unwrap();
    assert_eq!((date.len(), identifier.len()), (10, 32), "{stream}");
    insta::assert_debug_snapshot!(messages(&logs, GROUP, stream).await, @r#"
    [
        "INIT_START Runtime Version: provided:al2023.v1",
        "START RequestId: # Version: $LATEST\n",
        "to stdout\n",
        "to stderr\n",
        "without an end\n",
        "END RequestId: #\n",
        "REPORT RequestId: #",
        "START RequestId: # Version: $LATEST\n",
        "END RequestId: #\n",
        "REPORT RequestId: #",
    ]
    "#);
    // Asked for once in an invocation, however many lines there are.
    let expected = decided(&[
        ("logs:CreateLogStream", true),
        ("logs:PutLogEvents", true),
        ("logs:PutLogEvents", true),
    ]);
    assert_eq!(decisions(&world), expected);
    world.emulator.stop().await.unwrap();
}

#[tokio::test]
async fn what_the_role_may_not_write_is_in_the_journal_alone() {
    let world = World::start().await;
    let logs = logs(&world.emulator);
    make_group(&logs).await;
    let answer = world.invoke(json!({ "do": "print" })).await;
    assert_eq!(answer.error, None);
    assert!(answer.log.contains("to stdout"), "{}", answer.log);
    assert!(world.log().contains(&"to stdout".to_owned()));
    allow(&world, &["logs:CreateLogStream"]).await;
    world.invoke(json!({ "do": "print" })).await;
    let names = streams(&logs, GROUP).await;
    assert_eq!(messages(&logs, GROUP, &names[0]).await, [""; 0]);
    let expected = decided(&[
        ("logs:CreateLogStream", false),
        ("logs:CreateLogStream", true),
        ("logs:PutLogEvents", false),
    ]);
    assert_eq!(decisions(&world), expected);
    // From the next invocation on, the role's new permissions count.
    allow(&world, &["logs:CreateLogStream", "logs:PutLogEvents"]).await;
    world.invoke(json!({ "do": "echo" })).await;
    insta::assert_debug_snapshot!(messages(&logs, GROUP, &names[0]).await, @r#"
    [
        "START RequestId: # Version: $LATEST\n",
        "END RequestId: #\n",
        "REPORT RequestId: #",
    ]
    "#);
    world.emulator.stop().await.unwrap();
}

#[tokio::test]
async fn a_group_that_is_not_there_is_made_by_a_role_that_may() {
    let world = World::start().await;
    let logs = logs(&world.emulator);
    allow(&world, &["logs:CreateLogStream", "logs:PutLogEvents"]).await;
    world.invoke(json!({ "do": "echo" })).await;
    let expected = decided(&[
        ("logs:CreateLogStream", true),
        ("logs:CreateLogGroup", false),
    ]);
    assert_eq!(decisions(&world), expected);
    let groups = logs.describe_log_groups().send().await.unwrap();
    assert!(groups.log_groups().is_empty());

    allow(&world, &["logs:*"]).await;
    world.invoke(json!({ "do": "echo" })).await;
    let groups = logs.describe_log_groups().send().await.unwrap();
    let group = groups.log_groups().first().unwrap();
    assert_eq!(group.log_group_name(), Some(GROUP));
    assert_eq!(group.retention_in_days(), None);
    // And made anew, if somebody has deleted it under a frozen environment.
    let delete = logs.delete_log_group().log_group_name(GROUP);
    delete.send().await.unwrap();
    world.invoke(json!({ "do": "echo" })).await;
    let names = streams(&logs, GROUP).await;
    assert_eq!(messages(&logs, GROUP, &names[0]).await.len(), 3);
    world.emulator.stop().await.unwrap();
}

#[tokio::test]
async fn each_environment_has_a_stream_and_the_function_its_own_group() {
    let world = World::empty().await;
    let logs = logs(&world.emulator);
    let group = logs.create_log_group().log_group_name("mine");
    group.send().await.unwrap();
    let policy = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "logs:*",
        "Resource": "arn:aws:logs:*:*:log-group:mine:*",
    } });
    let put = iam(&world.emulator).put_role_policy();
    let put = put.role_name("the-role").policy_name("logs");
    let put = put.policy_document(policy.to_string());
    put.send().await.unwrap();
    let config = LoggingConfig::builder().log_group("mine").build();
    let create = world.function("the-function").logging_config(config);
    create.send().await.unwrap();
    // The process ends, and the next invocation has another environment.
    world.invoke(json!({ "do": "exit" })).await;
    world.invoke(json!({ "do": "echo" })).await;
    let names = streams(&logs, "mine").await;
    assert_eq!(names.len(), 2);
    let mut written: Vec<Vec<String>> = Vec::new();
    for name in &names {
        written.push(messages(&logs, "mine", name).await);
    }
    written.sort_by_key(Vec::len);
    insta::assert_debug_snapshot!(written, @r#"
    [
        [
            "INIT_START Runtime Version: provided:al2023.v1",
            "START RequestId: # Version: $LATEST\n",
            "END RequestId: #\n",
            "REPORT RequestId: #",
        ],
        [
            "INIT_START Runtime Version: provided:al2023.v1",
            "START RequestId: # Version: $LATEST\n",
            "RequestId: # Error: Runtime exited with error: exit status #\n",
            "Runtime.ExitError\n",
            "END RequestId: #\n",
            "REPORT RequestId: #",
        ],
    ]
    "#);
    world.emulator.stop().await.unwrap();
}

#[tokio::test]
async fn an_emulator_that_is_settled_has_its_logs_written() {
    let world = World::hurried().await;
    let logs = logs(&world.emulator);
    make_group(&logs).await;
    allow(&world, &["logs:CreateLogStream", "logs:PutLogEvents"]).await;
    let invoke = world.lambda.invoke().function_name("the-function");
    let invoke = invoke.invocation_type(InvocationType::Event);
    let order = json!({ "do": "fail" }).to_string();
    invoke.payload(Blob::new(order)).send().await.unwrap();
    world.emulator.settled().await;
    let mut ends = 0;
    for stream in streams(&logs, GROUP).await {
        let messages = messages(&logs, GROUP, &stream).await;
        assert!(
            messages.last().unwrap().starts_with("REPORT"),
            "{messages:?}"
        );
        ends += messages
            .iter()
            .filter(|line| line.starts_with("END"))
            .count();
    }
    // The first attempt and two more.
    assert_eq!(ends, 3);
    world.emulator.stop().await.unwrap();
}

/// A clock that goes backwards.
#[derive(Debug, Default)]
struct Backwards {
    asked: std::sync::atomic::AtomicU64,
}

impl Clock for Backwards {
    fn now(&self) -> OffsetDateTime {
        let asked = self
            .asked
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        SystemClock::real_time().now() - Duration::from_millis(10 * asked)
    }

    fn pause(&self, length: Duration) -> Wait {
        SystemClock::real_time().pause(length)
    }

    fn limit(&self, length: Duration) -> Wait {
        SystemClock::real_time().limit(length)
    }
}

#[tokio::test]
async fn lines_keep_their_order_when_the_clock_is_set_back() {
    let world = World::with(|settings| settings.clock = Arc::new(Backwards::default())).await;
    let logs = logs(&world.emulator);
    world.function("the-function").send().await.unwrap();
    make_group(&logs).await;
    allow(&world, &["logs:CreateLogStream", "logs:PutLogEvents"]).await;
    world.invoke(json!({ "do": "print" })).await;
    let names = streams(&logs, GROUP).await;
    let messages = messages(&logs, GROUP, &names[0]).await;
    assert_eq!(
        messages[2..5],
        ["to stdout\n", "to stderr\n", "without an end\n"]
    );
    assert!(messages[6].starts_with("REPORT"), "{messages:?}");
    world.emulator.stop().await.unwrap();
}
