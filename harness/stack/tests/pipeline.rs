//! The stack that `terraform/` declares, as read.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use zipster_names::{AccountId, Region};
use zipster_stack::{FileError, Files, Inputs, Source, Stack, read};

struct Folder(PathBuf);

impl Files for Folder {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        fs::read(self.0.join(path)).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => FileError::NotFound,
            _ => FileError::Other(error.to_string()),
        })
    }

    fn exists(&self, path: &str) -> Result<bool, FileError> {
        Ok(self.0.join(path).is_file())
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, FileError> {
        let entries = fs::read_dir(self.0.join(folder)).map_err(|_| FileError::NotFound)?;
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        Ok(names.collect())
    }

    fn working_folder(&self) -> String {
        "/project/terraform".to_owned()
    }
}

fn terraform() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../terraform")
}

fn sources() -> Vec<Source> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for entry in fs::read_dir(terraform()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "tf") {
            let name = path.file_name().unwrap().to_str().unwrap();
            let text = fs::read_to_string(&path).unwrap();
            files.insert(format!("terraform/{name}"), text);
        }
    }
    files
        .into_iter()
        .map(|(path, text)| Source::new(path, text))
        .collect()
}

fn inputs() -> Inputs<'static> {
    let account = AccountId::parse("123456789012").unwrap();
    let region = Region::parse("eu-central-1").unwrap();
    Inputs::new(account, region)
        .with_variable("database_url", "mysql://user:secret@localhost:3306/zipster")
        // Not where functions are built, so that the outcome does not depend on that.
        .with_variable("functions_dir", "../target/no-functions")
}

#[track_caller]
fn read_with(inputs: &Inputs<'_>) -> Stack {
    let folder = Folder(terraform());
    let inputs = inputs.clone().with_files(&folder);
    let (stack, diagnostics) = read(sources(), &inputs);
    let shown: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
    assert!(shown.is_empty(), "{}", shown.join("\n\n"));
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
