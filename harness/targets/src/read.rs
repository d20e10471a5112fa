//! The stack in `terraform/`, with the variables that a target sets.

use std::path::Path;

use zipster_names::{AccountId, Arn, Region};
use zipster_stack::{Diagnostic, Inputs, LocalDatabase, Severity, Source, Stack};

use crate::error::Diagnostics;
use crate::plan::{VariableOption, Variables};
use crate::{Outputs, Project, TargetError, deploy};

/// What a target itself says of a stack.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct OfTarget<'a> {
    /// Values of variables unless the command line says otherwise.
    pub usually: &'a [(&'a str, &'a str)],
    /// Values of variables, whatever anybody says.
    pub always: &'a [(&'a str, &'a str)],
    /// The database of the target, for a stack that takes one: its variable `database_url`.
    pub database_url: Option<&'a str>,
    /// The same for a stack that makes a database of its own.
    pub database: Option<&'a LocalDatabase>,
    /// Secrets that are there, with their names.
    pub secrets: &'a [(String, Arn)],
}

/// What a stack is read from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading<'a> {
    /// Whose `terraform/`.
    pub project: &'a Project,
    /// The account that it is for.
    pub account: &'a AccountId,
    /// The region that it is for.
    pub region: &'a Region,
    /// What somebody says of its variables; without, nothing but the configuration and the target
    /// counts.
    pub chosen: Option<&'a Variables>,
    /// Whether the variable files beside it count.
    pub variable_files: bool,
    /// What the target says.
    pub of_target: OfTarget<'a>,
}

/// Reads the stack in `terraform/`, with the warnings that go with it.
///
/// Whether it takes a database or makes one is its own to say. A URL that it takes is given first:
/// one that somebody wrote into a variable file is of another database, and not ours to write to.
///
/// # Errors
/// [`TargetError::Stack`] with all mistakes; [`TargetError::Read`] naming a file.
pub(crate) fn read(reading: &Reading<'_>) -> Result<(Stack, Vec<Diagnostic>), TargetError> {
    let taken = match reading.of_target.database_url {
        Some(url) => match attempt(reading, Some(url))? {
            Ok(read) => return Ok(read),
            Err(mistakes) => Some(mistakes),
        },
        None => None,
    };
    let mistakes = match attempt(reading, None)? {
        Ok(read) => return Ok(read),
        Err(mistakes) => mistakes,
    };
    // The URL is one mistake more where it is wanted, and where it is not.
    let mistakes = match taken {
        Some(taken) if errors(&taken) < errors(&mistakes) => taken,
        Some(_) | None => mistakes,
    };
    Err(TargetError::Stack(Diagnostics(mistakes)))
}

/// The same without the warnings.
///
/// # Errors
/// As [`read`].
pub(crate) fn stack(reading: &Reading<'_>) -> Result<Stack, TargetError> {
    read(reading).map(|(stack, _)| stack)
}

fn errors(diagnostics: &[Diagnostic]) -> usize {
    diagnostics
        .iter()
        .filter(|found| found.severity() == Severity::Error)
        .count()
}

type Attempt = Result<(Stack, Vec<Diagnostic>), Vec<Diagnostic>>;

fn attempt(reading: &Reading<'_>, url: Option<&str>) -> Result<Attempt, TargetError> {
    let Reading {
        project,
        account,
        region,
        chosen,
        variable_files,
        of_target,
    } = *reading;
    let sources: Vec<Source> = project
        .terraform_files()?
        .into_iter()
        .map(|file| Source::new(file.path, file.text))
        .collect();
    let files = project.files();
    let mut inputs = Inputs::new(account.clone(), region.clone()).with_files(&files);
    if let Some(chosen) = chosen {
        for (name, text) in &chosen.environment {
            inputs = inputs.with_variable(name, text);
        }
    }
    if variable_files {
        for path in project.variable_files()? {
            let name = path.strip_prefix(project.root()).unwrap_or(&path);
            inputs = inputs.with_variable_file(source(&path, name)?);
        }
    }
    for (name, value) in of_target.usually {
        inputs = inputs.with_variable(*name, *value);
    }
    for option in chosen.into_iter().flat_map(|chosen| &chosen.options) {
        inputs = match option {
            VariableOption::Value(name, text) => inputs.with_variable_option(name, text),
            VariableOption::File(path) => inputs.with_variable_file(source(path, path)?),
        };
    }
    for (name, value) in of_target.always {
        inputs = inputs.with_variable(*name, *value);
    }
    if let Some(url) = url {
        inputs = inputs.with_variable("database_url", url);
    }
    if let Some(database) = of_target.database {
        inputs = inputs.with_database(database.clone());
    }
    for (name, arn) in of_target.secrets {
        inputs = inputs.with_secret(name, arn.clone());
    }
    let (stack, diagnostics) = zipster_stack::read(sources, &inputs);
    Ok(match stack {
        Some(stack) if errors(&diagnostics) == 0 => Ok((stack, diagnostics)),
        Some(_) | None => Err(diagnostics),
    })
}

/// The ARN of a secret whose name is not known yet.
pub(crate) fn future_secret(account: &AccountId, region: &Region) -> String {
    format!("arn:aws:secretsmanager:{region}:{account}:secret:known-after-apply")
}

/// A database that will be there: what only the target can know of it reads `known-after-apply`.
pub(crate) fn future_database(account: &AccountId, region: &Region) -> LocalDatabase {
    LocalDatabase {
        host: "known-after-apply".to_owned(),
        port: 3306,
        name: "zipster".to_owned(),
        secret_arn: Some(future_secret(account, region)),
    }
}

/// Reads the stack once in advance, before anything is built or started: mistakes show in a moment,
/// and the functions' binaries are known. The database's address is not, and the reader does not
/// need it to exist.
///
/// # Errors
/// As [`read`]; [`TargetError::Unfit`] if the harness cannot find its way in the stack.
pub(crate) fn in_advance(reading: &Reading<'_>) -> Result<Vec<String>, TargetError> {
    let database = future_database(reading.account, reading.region);
    let stack = stack(&Reading {
        of_target: OfTarget {
            database_url: Some("mysql://localhost/zipster"),
            database: Some(&database),
            ..reading.of_target
        },
        ..*reading
    })?;
    Outputs::of(&stack)?;
    stack.functions().map(deploy::binary_of).collect()
}

/// A variable file, and the name under which it is spoken of.
pub(crate) fn source(path: &Path, shown: &Path) -> Result<Source, TargetError> {
    match std::fs::read_to_string(path) {
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

    #[test]
    fn a_target_has_the_last_word_on_what_it_must_decide_and_else_the_command_line() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("terraform");
        std::fs::create_dir(&folder).unwrap();
        let declared = "variable \"a\" {\n  type = string\n  default = \"default\"\n}\n\
                        output \"a\" {\n  value = var.a\n}\n";
        std::fs::write(folder.join("main.tf"), declared).unwrap();
        std::fs::write(folder.join("terraform.tfvars"), "a = \"file\"\n").unwrap();
        let project = Project::find(root.path()).unwrap();
        let (account, region) = crate::embedded::place();
        let a = |chosen: Option<&Variables>, of_target: OfTarget<'_>| {
            let reading = Reading {
                project: &project,
                account: &account,
                region: &region,
                chosen,
                variable_files: chosen.is_some(),
                of_target,
            };
            stack(&reading).unwrap().output("a").unwrap().to_owned()
        };
        let none = Variables::default();
        let asked = Variables {
            options: vec![VariableOption::Value("a".to_owned(), "asked".to_owned())],
            ..Variables::default()
        };
        let usually = OfTarget {
            usually: &[("a", "usually")],
            ..OfTarget::default()
        };
        let always = OfTarget {
            always: &[("a", "always")],
            ..OfTarget::default()
        };
        assert_eq!(a(None, OfTarget::default()), "default");
        assert_eq!(a(Some(&none), OfTarget::default()), "file");
        assert_eq!(a(Some(&none), usually), "usually");
        assert_eq!(a(Some(&asked), usually), "asked");
        assert_eq!(a(Some(&asked), always), "always");
    }
}
