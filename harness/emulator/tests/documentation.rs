//! `docs/operations.md` says what the emulator supports, generated from the tables that decide
//! it. `UPDATE_DOCS=1 cargo test -p zipster-emulator --test documentation` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use zipster_emulator::front::ServiceName;
use zipster_emulator::iam::actions::{GLOBAL_KEYS, Permission, permissions};
use zipster_emulator::{iam, lambda, logs, s3, secrets, sns, sqs};

const HEAD: &str = "\
# Supported operations

Generated from the emulator's own tables; a test compares. An operation that is not listed is refused by name with
\"not implemented\", and so is a parameter that is not listed and would change behaviour. Of S3, whose requests are made of
headers and queries, and Lambda, parameters that are not supported are refused by name too.

What an operation asks for is what the caller's policies must allow. Regions and accounts are left out of resources.
";

fn document() -> String {
    let mut text = HEAD.to_owned();
    let keys: Vec<String> = GLOBAL_KEYS
        .iter()
        .map(|key| match key.ends_with('/') {
            true => format!("`{key}...`"),
            false => format!("`{key}`"),
        })
        .collect();
    let _ = writeln!(
        text,
        "\nConditions may use these keys everywhere, where they apply to the caller: {}. A policy that asks for a key that\n\
         the emulator never sets is named in the journal, with the decision.",
        keys.join(", ")
    );
    section(&mut text, "S3", &["Operation", "Asks for", "On", "Keys"]);
    for operation in s3::OPERATIONS {
        asked(&mut text, ServiceName::S3, operation.name, None);
    }
    let columns = ["Operation", "Request", "Asks for", "On", "Keys"];
    section(&mut text, "Lambda", &columns);
    for route in lambda::OPERATIONS {
        let request = format!("`{} {}`", route.method, route.path);
        asked(&mut text, ServiceName::Lambda, route.name, Some(&request));
    }
    let sns = sns::OPERATIONS.iter().map(|o| (o.name, o.parameters));
    parameters(&mut text, "SNS", ServiceName::Sns, sns);
    let sqs = sqs::OPERATIONS.iter().map(|o| (o.name, o.parameters));
    parameters(&mut text, "SQS", ServiceName::Sqs, sqs);
    let iam = iam::IAM_OPERATIONS.iter().map(|o| (o.name, o.parameters));
    parameters(&mut text, "IAM", ServiceName::Iam, iam);
    let sts = iam::STS_OPERATIONS.iter().map(|o| (o.name, o.parameters));
    parameters(&mut text, "STS", ServiceName::Sts, sts);
    let logs = logs::OPERATIONS.iter().map(|o| (o.name, o.parameters));
    parameters(&mut text, "CloudWatch Logs", ServiceName::Logs, logs);
    let secrets = secrets::OPERATIONS.iter().map(|o| (o.name, o.parameters));
    parameters(
        &mut text,
        "Secrets Manager",
        ServiceName::SecretsManager,
        secrets,
    );
    text
}

fn parameters<'a>(
    text: &mut String,
    title: &str,
    service: ServiceName,
    operations: impl Iterator<Item = (&'a str, &'a [&'a str])>,
) {
    let columns = ["Operation", "Parameters", "Asks for", "On", "Keys"];
    section(text, title, &columns);
    for (name, parameters) in operations {
        asked(text, service, name, Some(&parameters.join(", ")));
    }
}

/// A row for each permission; the operation is named in the first.
fn asked(text: &mut String, service: ServiceName, name: &str, detail: Option<&str>) {
    let permissions = permissions(service, name).expect("every operation has an entry");
    let lead = |name, detail: Option<&str>| -> Vec<String> {
        let mut cells = vec![String::from(name)];
        cells.extend(detail.map(str::to_owned));
        cells
    };
    if permissions.is_empty() {
        let mut cells = lead(name, detail);
        cells.extend(["nothing", "", ""].map(str::to_owned));
        row(text, &cells);
    }
    for (index, permission) in permissions.iter().enumerate() {
        let mut cells = match index {
            0 => lead(name, detail),
            _ => lead("", detail.map(|_| "")),
        };
        cells.extend(of(permission));
        row(text, &cells);
    }
}

fn of(permission: &Permission) -> [String; 3] {
    let action = match permission.when {
        None => permission.action.to_owned(),
        Some(when) => format!("{} {when}", permission.action),
    };
    let resource = match permission.resource {
        "*" => "`*`".to_owned(),
        arn => format!("`{}`", arn.trim_start_matches("arn:aws:")),
    };
    [action, resource, permission.keys.join(", ")]
}

fn section(text: &mut String, service: &str, columns: &[&str]) {
    let _ = write!(text, "\n## {service}\n\n");
    row(
        text,
        &columns
            .iter()
            .copied()
            .map(String::from)
            .collect::<Vec<_>>(),
    );
    row(text, &vec!["---".to_owned(); columns.len()]);
}

fn row(text: &mut String, cells: &[String]) {
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}

#[test]
fn the_document_lists_what_the_tables_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations.md");
    let expected = document();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &expected).expect("the document can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        found, expected,
        "docs/operations.md is out of date: run with UPDATE_DOCS=1"
    );
}
