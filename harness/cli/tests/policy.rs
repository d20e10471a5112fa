//! `cargo zipster policy`, as a user runs it: the scenarios of this project, with Terraform as it is
//! and with copies that somebody has changed.

#![expect(
    clippy::unwrap_used,
    reason = "what a test needs to be there fails the test if it is not"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

const STEPS: &str = "Each step of a file is a line";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn policy(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_zipster"))
        .current_dir(folder)
        .arg("policy")
        .args(arguments)
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[track_caller]
fn json(output: &Output, code: i32) -> Value {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}{}", stdout(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A project of nothing but `terraform/`, with one text in place of another in its roles.
fn copied_with(from: &str, to: &str) -> TempDir {
    fn copy(from: &Path, to: &Path) {
        fs::create_dir(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let target = to.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                copy(&entry.path(), &target);
            } else {
                fs::copy(entry.path(), target).unwrap();
            }
        }
    }
    let project = tempfile::tempdir().unwrap();
    copy(&root().join("terraform"), &project.path().join("terraform"));
    let roles = project.path().join("terraform/roles.tf");
    let text = fs::read_to_string(&roles).unwrap();
    assert!(text.contains(from), "terraform/roles.tf has no {from}");
    fs::write(roles, text.replacen(from, to, 1)).unwrap();
    project
}

fn role<'a>(findings: &'a Value, name: &str) -> &'a Value {
    let mut roles = findings["roles"].as_array().unwrap().iter();
    roles.find(|role| role["role"] == name).unwrap()
}

/// The verdict on an action of a role.
fn verdict<'a>(role: &'a Value, action: &str) -> &'a str {
    let mut needed = role["needed"].as_array().unwrap().iter();
    let need = needed.find(|need| need["action"] == action).unwrap();
    need["verdict"].as_str().unwrap()
}

#[test]
fn what_terraform_grants_covers_what_is_needed_and_what_nobody_uses_is_told() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("decisions.json");
    let file = file.to_str().unwrap();
    // The second scenario takes an action out of the role, which is no lack of Terraform's.
    let names = format!("{STEPS}|transform may not delete its input");
    let output = policy(&root(), &["--name", &names, "--record", file, "--json"]);
    let findings = json(&output, 0);
    assert_eq!(findings["covered"], true);
    assert_eq!(findings["scenarios"], 2);
    let transform = role(&findings, "zipster-transform");
    assert_eq!(verdict(transform, "s3:DeleteObject"), "granted");
    assert_eq!(transform["denied_elsewhere"], 3);
    let policy_of_it = &transform["policy"];
    assert_eq!(policy_of_it["Version"], "2012-10-17");
    let text = policy_of_it.to_string();
    assert!(
        text.contains("arn:aws:s3:::zipster-input-123456789012/*"),
        "{text}"
    );
    assert!(!text.contains("zips.csv"), "{text}");
    // What Lambda does with the role: its log, and the dead letter of the second scenario.
    assert_eq!(verdict(transform, "logs:PutLogEvents"), "granted");
    assert_eq!(verdict(transform, "sqs:SendMessage"), "granted");

    // The same calls, held against copies of the project.
    let more = copied_with(r#""sns:Publish"]"#, r#""sns:Publish", "sns:Subscribe"]"#);
    let findings = json(&policy(more.path(), &["--from", file, "--json"]), 0);
    let unused = role(&findings, "zipster-transform")["never_used"].to_string();
    assert!(unused.contains("sns:Subscribe"), "{unused}");
    assert!(!unused.contains("sns:Publish"), "{unused}");
    let all = copied_with(r#"["sns:Publish"]"#, r#"["sns:*"]"#);
    let output = policy(all.path(), &["--from", file]);
    assert_eq!(output.status.code(), Some(0));
    let wider = stdout(&output);
    assert!(wider.contains("wider       sns:*"), "{wider}");
    let other = copied_with("-transform\"", "-other\"");
    let output = policy(other.path(), &["--from", file]);
    assert_eq!(output.status.code(), Some(1));
    let stranger = stdout(&output);
    assert!(
        stranger.contains("MISSING  the role zipster-transform"),
        "{stranger}"
    );

    // A stack that takes a database has no secret, and these scenarios read one.
    let output = policy(
        &root(),
        &["--from", file, "--var", "database=existing", "--json"],
    );
    let findings = json(&output, 1);
    let load = role(&findings, "zipster-load");
    assert_eq!(verdict(load, "secretsmanager:GetSecretValue"), "missing");

    let output = policy(&root(), &["--from", file, "--function", "zipster-laod"]);
    assert_eq!(output.status.code(), Some(2));
    let refusal = String::from_utf8_lossy(&output.stderr);
    assert!(
        refusal.contains("zipster-transform and zipster-load"),
        "{refusal}"
    );
}

#[test]
fn an_action_that_terraform_lacks_is_named_with_its_function() {
    let less = copied_with(
        r#"["s3:GetObject", "s3:DeleteObject"]"#,
        r#"["s3:GetObject"]"#,
    );
    let terraform = less.path().join("terraform");
    let arguments = ["--name", STEPS, "--terraform", terraform.to_str().unwrap()];
    let output = policy(&root(), &arguments);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    let (_, transform) = text.split_once("\nzipster-transform (role").unwrap();
    let mut lines = transform.lines();
    let missing = lines.find(|line| line.contains("MISSING")).unwrap();
    for part in [
        "s3:DeleteObject",
        "arn:aws:s3:::zipster-input-123456789012/*",
        "no identity-based policy allows it",
        "logged.csv",
    ] {
        assert!(missing.contains(part), "{missing}");
    }
    assert_eq!(text.matches("MISSING").count(), 1, "{text}");
    assert!(text.contains(&format!("failed  {STEPS}")), "{text}");
}
