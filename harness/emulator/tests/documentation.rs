//! `docs/operations.md` says what the emulator supports, generated from the tables that decide
//! it. `UPDATE_DOCS=1 cargo test -p zipster-emulator --test documentation` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use zipster_emulator::s3::Subject;
use zipster_emulator::{iam, lambda, logs, s3, secrets, sns, sqs};

const HEAD: &str = "\
# Supported operations

Generated from the emulator's own tables; a test compares. An operation that is not listed is refused by name with
\"not implemented\", and so is a parameter that is not listed and would change behaviour.
";

fn document() -> String {
    let mut text = HEAD.to_owned();
    section(&mut text, "S3", &["Operation", "IAM action", "On"]);
    for operation in s3::OPERATIONS {
        let on = match operation.on {
            Subject::Account => "the account",
            Subject::Bucket => "the bucket",
            Subject::Object => "the object",
        };
        row(
            &mut text,
            &[
                operation.name,
                operation.action.unwrap_or("that of each object"),
                on,
            ],
        );
    }
    section(&mut text, "Lambda", &["Operation", "Request"]);
    for route in lambda::OPERATIONS {
        row(
            &mut text,
            &[route.name, &format!("`{} {}`", route.method, route.path)],
        );
    }
    parameters(
        &mut text,
        "SNS",
        sns::OPERATIONS
            .iter()
            .map(|operation| (operation.name, operation.parameters)),
    );
    parameters(
        &mut text,
        "SQS",
        sqs::OPERATIONS
            .iter()
            .map(|operation| (operation.name, operation.parameters)),
    );
    for (service, operations) in [("IAM", iam::IAM_OPERATIONS), ("STS", iam::STS_OPERATIONS)] {
        parameters(
            &mut text,
            service,
            operations
                .iter()
                .map(|operation| (operation.name, operation.parameters)),
        );
    }
    parameters(
        &mut text,
        "CloudWatch Logs",
        logs::OPERATIONS
            .iter()
            .map(|operation| (operation.name, operation.parameters)),
    );
    parameters(
        &mut text,
        "Secrets Manager",
        secrets::OPERATIONS
            .iter()
            .map(|operation| (operation.name, operation.parameters)),
    );
    text
}

fn parameters<'a>(
    text: &mut String,
    service: &str,
    operations: impl Iterator<Item = (&'a str, &'a [&'a str])>,
) {
    section(text, service, &["Operation", "Parameters"]);
    for (name, parameters) in operations {
        row(text, &[name, &parameters.join(", ")]);
    }
}

fn section(text: &mut String, service: &str, columns: &[&str]) {
    let _ = write!(text, "\n## {service}\n\n");
    row(text, columns);
    row(text, &vec!["---"; columns.len()]);
}

fn row(text: &mut String, cells: &[&str]) {
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
