//! The stack as read, before anything is built or started: what a target would be asked to make.

use std::fs;
use std::path::{Path, PathBuf};

use zipster_stack::{Diagnostic, Inputs, LocalDatabase, Severity, Source, Stack};

use crate::embedded::place;
use crate::error::Diagnostics;
use crate::{Project, TargetError};

/// Values of Terraform variables, as Terraform's command line takes them.
#[derive(Debug, Clone, Default)]
pub struct Variables {
    /// Names and values. They win over files.
    pub given: Vec<(String, String)>,
    /// More variable files, later ones winning, after those that Terraform reads by itself.
    pub files: Vec<PathBuf>,
}

/// Reads the stack in `terraform/` with `terraform.tfvars`, `*.auto.tfvars` and `variables`,
/// with the warnings that go with it.
///
/// The account and the region are those of the embedded target. What only AWS can know of a
/// database of the stack's own reads `known-after-apply`.
///
/// # Errors
/// [`TargetError::Stack`] with all mistakes; [`TargetError::Read`] naming a file.
pub fn read(
    project: &Project,
    variables: &Variables,
) -> Result<(Stack, Vec<Diagnostic>), TargetError> {
    let sources: Vec<Source> = project
        .terraform_files()?
        .into_iter()
        .map(|file| Source::new(file.path, file.text))
        .collect();
    let files = project.files();
    let (account, region) = place();
    let secret = format!("arn:aws:secretsmanager:{region}:{account}:secret:known-after-apply");
    let database = LocalDatabase {
        host: "known-after-apply".to_owned(),
        port: 3306,
        name: "zipster".to_owned(),
        secret_arn: Some(secret),
    };
    let mut inputs = Inputs::new(account, region)
        .with_files(&files)
        .with_database(database);
    for path in project.variable_files()? {
        let name = path.strip_prefix(project.root()).unwrap_or(&path);
        inputs = inputs.with_variable_file(source(&path, name)?);
    }
    for path in &variables.files {
        inputs = inputs.with_variable_file(source(path, path)?);
    }
    for (name, value) in &variables.given {
        inputs = inputs.with_variable(name, value);
    }
    let (stack, diagnostics) = zipster_stack::read(sources, &inputs);
    let failed = diagnostics
        .iter()
        .any(|found| found.severity() == Severity::Error);
    match stack {
        Some(stack) if !failed => Ok((stack, diagnostics)),
        Some(_) | None => Err(TargetError::Stack(Diagnostics(diagnostics))),
    }
}

fn source(path: &Path, shown: &Path) -> Result<Source, TargetError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Source::new(shown.display().to_string(), text)),
        Err(source) => Err(TargetError::Read {
            path: path.to_path_buf(),
            source,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(files: &[(&str, &str)], variables: &Variables) -> String {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("terraform")).unwrap();
        let declared = "variable \"a\" {\n  type = string\n  default = \"default\"\n}\noutput \"a\" {\n  value = var.a\n}\n";
        for (name, text) in files.iter().chain([&("main.tf", declared)]) {
            fs::write(root.path().join("terraform").join(name), text).unwrap();
        }
        let project = Project::find(root.path()).unwrap();
        let variables = Variables {
            files: variables
                .files
                .iter()
                .map(|file| root.path().join("terraform").join(file))
                .collect(),
            ..variables.clone()
        };
        let (stack, _) = read(&project, &variables).unwrap();
        stack.output("a").unwrap().to_owned()
    }

    #[test]
    fn every_kind_of_database_can_be_planned() {
        let project = Project::find(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        for kind in ["rds", "ec2"] {
            let variables = Variables {
                given: vec![("database".to_owned(), kind.to_owned())],
                ..Variables::default()
            };
            let (stack, _) = read(&project, &variables).unwrap();
            assert_eq!(stack.output("database_kind"), Some(kind));
        }
    }

    #[test]
    fn variables_come_from_where_terraform_takes_them_and_the_last_wins() {
        let plain = ("terraform.tfvars", "a = \"plain\"");
        let first = ("a.auto.tfvars", "a = \"first\"");
        let second = ("b.auto.tfvars", "a = \"second\"");
        let asked = ("asked.tfvars", "a = \"asked\"");
        let none = Variables::default();
        let file = Variables {
            files: vec!["asked.tfvars".into()],
            ..Variables::default()
        };
        let given = Variables {
            given: vec![("a".to_owned(), "given".to_owned())],
            ..file.clone()
        };
        assert_eq!(output(&[asked], &none), "default");
        assert_eq!(output(&[plain], &none), "plain");
        assert_eq!(output(&[second, plain, first], &none), "second");
        assert_eq!(output(&[second, asked], &file), "asked");
        assert_eq!(output(&[second, asked], &given), "given");
    }
}
