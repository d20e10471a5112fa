//! The stack that `terraform/` declares, as read.

#![expect(
    clippy::unwrap_used,
    reason = "what a test needs to be there fails the test if it is not"
)]

mod common;

use std::path::{Path, PathBuf};

use common::{Folder, shown, tf_files};
use zipster_stack::{Inputs, Source, Stack, read};

fn terraform() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../terraform")
}

fn sources() -> Vec<Source> {
    tf_files(&terraform())
        .into_iter()
        .map(|(name, text)| Source::new(format!("terraform/{name}"), text))
        .collect()
}

fn inputs() -> Inputs<'static> {
    common::inputs()
        .with_variable("database_url", "mysql://user:secret@localhost:3306/zipster")
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
    let stack = read_with(&inputs());
    assert!(!format!("{stack:?}").contains("secret@"));
    let load = stack
        .functions()
        .find(|f| f.name == "zipster-load")
        .unwrap();
    assert_eq!(
        load.environment["DATABASE_URL"].expose(),
        Some("mysql://user:secret@localhost:3306/zipster")
    );
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
    assert_eq!(seen.len(), 24);
}
