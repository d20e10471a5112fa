//! The stack as read, before anything is built or started: what a target would be asked to make.

use std::path::PathBuf;

use zipster_stack::{Diagnostic, Stack};

use crate::embedded::place;
use crate::read::{OfTarget, Reading, future_database};
use crate::{Project, TargetError, read};

/// Values of Terraform variables, from all that Terraform takes them from besides its own files.
#[derive(Debug, Clone, Default)]
pub struct Variables {
    /// Names and texts from the environment, without `TF_VAR_`. Everything else wins over them.
    pub environment: Vec<(String, String)>,
    /// What the target says of its stack. It wins over the files that Terraform reads by itself.
    pub of_target: Vec<(String, String)>,
    /// The URL of the target's database, for a stack that takes one instead of making its own:
    /// whatever anybody else says.
    pub database_url: Option<String>,
    /// What the command line says, in its order: of two values for the same variable, the later
    /// one counts.
    pub options: Vec<VariableOption>,
}

/// One option of a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VariableOption {
    /// `-var`: a name and its text.
    Value(String, String),
    /// `-var-file`.
    File(PathBuf),
}

/// Reads the stack in `terraform/` with `variables` and the variable files beside it
/// ([`Project::variable_files`]), with the warnings that go with it.
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
    read_with(project, variables, true)
}

/// Reads the stack that each scenario of the features has on the embedded target: neither the
/// environment nor variable files count, only what `options` say.
///
/// # Errors
/// As [`read()`].
pub fn of_scenarios(project: &Project, options: &[VariableOption]) -> Result<Stack, TargetError> {
    let emails = ("notification_emails", "[\"reader@example.com\"]");
    let variables = Variables {
        of_target: vec![(emails.0.to_owned(), emails.1.to_owned())],
        database_url: Some("mysql://localhost/zipster".to_owned()),
        options: options.to_vec(),
        ..Variables::default()
    };
    let (stack, _) = read_with(project, &variables, false)?;
    Ok(stack)
}

/// The ARN that the secret of the stack's own database has in [`read()`] and [`of_scenarios`]: its
/// name is chance, and another one each time.
#[must_use]
pub fn future_secret() -> String {
    let (account, region) = place();
    read::future_secret(&account, &region)
}

fn read_with(
    project: &Project,
    variables: &Variables,
    variable_files: bool,
) -> Result<(Stack, Vec<Diagnostic>), TargetError> {
    let (account, region) = place();
    let database = future_database(&account, &region);
    let usually: Vec<(&str, &str)> = variables
        .of_target
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    read::read(&Reading {
        project,
        account: &account,
        region: &region,
        chosen: Some(variables),
        variable_files,
        of_target: OfTarget {
            usually: &usually,
            database_url: variables.database_url.as_deref(),
            database: Some(&database),
            ..OfTarget::default()
        },
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// The value of a variable with these files beside its declaration. Options that name files
    /// name some of these.
    fn output(files: &[(&str, &str)], variables: &Variables) -> String {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("terraform")).unwrap();
        let declared = "variable \"a\" {\n  type = string\n  default = \"default\"\n}\noutput \"a\" {\n  value = var.a\n}\n";
        for (name, text) in files.iter().chain([&("main.tf", declared)]) {
            fs::write(root.path().join("terraform").join(name), text).unwrap();
        }
        let project = Project::find(root.path()).unwrap();
        let mut variables = variables.clone();
        for option in &mut variables.options {
            if let VariableOption::File(path) = option {
                *path = root.path().join("terraform").join(&path);
            }
        }
        let (stack, _) = read(&project, &variables).unwrap();
        stack.output("a").unwrap().to_owned()
    }

    #[test]
    fn every_kind_of_database_can_be_planned() {
        let project = Project::find(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        for kind in ["rds", "ec2"] {
            let option = VariableOption::Value("database".to_owned(), kind.to_owned());
            let variables = Variables {
                options: vec![option],
                ..Variables::default()
            };
            let (stack, _) = read(&project, &variables).unwrap();
            assert_eq!(stack.output("database_kind"), Some(kind));
        }
    }

    // What Terraform 1.11.4 does with the same files, environment and options.
    #[test]
    fn variables_come_from_where_terraform_takes_them_and_the_last_wins() {
        let plain = ("terraform.tfvars", "a = \"plain\"");
        let plain_json = ("terraform.tfvars.json", "{\"a\": \"plain json\"}");
        let auto_json = ("a.auto.tfvars.json", "{\"a\": \"auto json\"}");
        let auto = ("b.auto.tfvars", "a = \"auto\"");
        let later_json = ("b.auto.tfvars.json", "{\"a\": \"later json\"}");
        let asked = ("asked.tfvars", "a = \"asked\"");
        let none = Variables::default();
        assert_eq!(output(&[asked], &none), "default");
        assert_eq!(output(&[plain], &none), "plain");
        assert_eq!(output(&[plain_json, plain], &none), "plain json");
        assert_eq!(output(&[plain, plain_json, auto_json], &none), "auto json");
        assert_eq!(output(&[auto, auto_json, plain_json], &none), "auto");
        assert_eq!(output(&[auto, later_json, auto_json], &none), "later json");

        let given = |text: &str| vec![("a".to_owned(), text.to_owned())];
        let environment = Variables {
            environment: given("environment"),
            ..Variables::default()
        };
        assert_eq!(output(&[], &environment), "environment");
        assert_eq!(output(&[plain], &environment), "plain");
        let of_target = Variables {
            of_target: given("target"),
            ..environment
        };
        assert_eq!(output(&[plain, auto], &of_target), "target");

        let value = |text: &str| VariableOption::Value("a".to_owned(), text.to_owned());
        let file = || VariableOption::File("asked.tfvars".into());
        for (options, expected) in [
            (vec![file()], "asked"),
            (vec![value("one"), value("two")], "two"),
            (vec![file(), value("one")], "one"),
            (vec![value("one"), file()], "asked"),
            (vec![value("one"), file(), value("two")], "two"),
        ] {
            let variables = Variables {
                options,
                ..of_target.clone()
            };
            assert_eq!(output(&[plain, auto, asked], &variables), expected);
        }
    }
}
