//! The stack that `terraform/` declares, as read.

#![expect(
    clippy::unwrap_used,
    reason = "what a test needs to be there fails the test if it is not"
)]

mod common;

use std::path::{Path, PathBuf};

use common::{Folder, shown, tf_files};
use zipster_stack::resources::Function;
use zipster_stack::{Inputs, LocalDatabase, Source, Stack, read};

fn terraform() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../terraform")
}

fn sources() -> Vec<Source> {
    tf_files(&terraform())
        .into_iter()
        .map(|(name, text)| Source::new(format!("terraform/{name}"), text))
        .collect()
}

const SECRET: &str = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:database-abcdef";

fn inputs() -> Inputs<'static> {
    common::inputs()
        .with_database(LocalDatabase {
            host: "127.0.0.1".to_owned(),
            port: 3307,
            name: "zipster_test".to_owned(),
            secret_arn: Some(SECRET.to_owned()),
        })
        // Not where functions are built, so that the outcome does not depend on that.
        .with_variable("functions_dir", "../target/no-functions")
}

#[track_caller]
fn read_with(inputs: &Inputs<'_>) -> Stack {
    let folder = Folder(terraform());
    let inputs = inputs.clone().with_files(&folder);
    let (stack, diagnostics) = read(sources(), &inputs);
    assert!(diagnostics.is_empty(), "{}", shown(&diagnostics));
    stack.unwrap()
}

#[test]
fn the_pipeline_is_read_as_terraform_would_plan_it() {
    // Where a block stands may change without a change of the stack.
    insta::assert_json_snapshot!(read_with(&inputs()), { ".resources[].place" => "[place]" });
}

#[test]
fn readers_are_subscribed_to_both_topics() {
    let inputs = inputs()
        .with_variable(
            "notification_emails",
            r#"["b@example.com", "a@example.com"]"#,
        )
        .with_variable("notification_phone_numbers", r#"["+15555550100"]"#)
        .with_variable("notify_every_step", "true");
    let stack = read_with(&inputs);
    let subscriptions: Vec<String> = stack
        .topic_subscriptions()
        .map(|subscription| {
            assert_eq!(subscription.filter_policy, None);
            format!(
                "{} {} {}",
                subscription.topic,
                subscription.protocol.as_str(),
                subscription.endpoint
            )
        })
        .collect();
    insta::assert_snapshot!(subscriptions.join("\n"), @r"
    arn:aws:sns:eu-central-1:123456789012:zipster-load email a@example.com
    arn:aws:sns:eu-central-1:123456789012:zipster-load email b@example.com
    arn:aws:sns:eu-central-1:123456789012:zipster-transform email a@example.com
    arn:aws:sns:eu-central-1:123456789012:zipster-transform email b@example.com
    arn:aws:sns:eu-central-1:123456789012:zipster-load sms +15555550100
    arn:aws:sns:eu-central-1:123456789012:zipster-transform sms +15555550100
    ");
}

#[test]
fn secrets_do_not_show() {
    let url = "mysql://user:secret@localhost:3306/zipster";
    let inputs = inputs()
        .with_variable("database", "existing")
        .with_variable("database_url", url);
    let stack = read_with(&inputs);
    assert!(!format!("{stack:?}").contains("secret@"));
    let load = load_of(&stack);
    assert_eq!(load.environment["DATABASE_URL"].expose(), Some(url));
    assert!(!load.environment.contains_key("DATABASE_HOST"));
}

fn load_of(stack: &Stack) -> &Function {
    stack
        .functions()
        .find(|f| f.name == "zipster-load")
        .unwrap()
}

#[test]
fn the_database_of_the_stack_is_the_local_one() {
    let environment = |database: &str| {
        let stack = read_with(&inputs().with_variable("database", database));
        let load = load_of(&stack);
        let shown = load.environment.iter().map(|(name, value)| {
            let value = value.expose().unwrap_or("(known after apply)");
            format!("{name}={value}")
        });
        shown.collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(environment("rds"), @r"
    DATABASE_HOST=127.0.0.1
    DATABASE_NAME=zipster_test
    DATABASE_PORT=3307
    DATABASE_SECRET_ARN=arn:aws:secretsmanager:eu-central-1:123456789012:secret:database-abcdef
    TOPIC_ARN=arn:aws:sns:eu-central-1:123456789012:zipster-load
    ");
    insta::assert_snapshot!(environment("ec2"), @r"
    DATABASE_HOST=127.0.0.1
    DATABASE_NAME=zipster
    DATABASE_PORT=3306
    DATABASE_SECRET_ARN=arn:aws:secretsmanager:eu-central-1:123456789012:secret:zipster-database-12207995478733257340614913-830234
    TOPIC_ARN=arn:aws:sns:eu-central-1:123456789012:zipster-load
    ");
}

#[test]
fn resources_come_after_what_they_depend_on() {
    let stack = read_with(&inputs());
    let mut seen = Vec::new();
    for resource in stack.order() {
        for before in &resource.depends_on {
            assert!(
                seen.contains(before),
                "{} before {before}",
                resource.address
            );
        }
        seen.push(resource.address.clone());
    }
    assert_eq!(seen.len(), 48);
}
