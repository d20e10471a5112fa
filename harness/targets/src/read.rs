//! The stack in `terraform/`, with the variables that a target sets.

use std::path::Path;

use zipster_names::{AccountId, Region};
use zipster_stack::{Inputs, Severity, Source, Stack};

use crate::error::Diagnostics;
use crate::plan::{VariableOption, Variables};
use crate::{Outputs, Project, TargetError, deploy};

/// What a target itself says of variables.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct OfTarget<'a> {
    /// Unless the command line says otherwise.
    pub usually: &'a [(&'a str, &'a str)],
    /// Whatever anybody says.
    pub always: &'a [(&'a str, &'a str)],
}

/// Reads the stack in `terraform/` for a target that makes it; with `chosen`, also the variable
/// files beside it. Without, nothing but the configuration and the target counts.
///
/// # Errors
/// [`TargetError::Stack`] with all mistakes; [`TargetError::Read`] naming a file.
pub(crate) fn stack(
    project: &Project,
    account: &AccountId,
    region: &Region,
    chosen: Option<&Variables>,
    of_target: OfTarget<'_>,
) -> Result<Stack, TargetError> {
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
    match zipster_stack::read(sources, &inputs) {
        (Some(stack), diagnostics)
            if diagnostics
                .iter()
                .all(|found| found.severity() != Severity::Error) =>
        {
            Ok(stack)
        }
        (_, diagnostics) => Err(TargetError::Stack(Diagnostics(diagnostics))),
    }
}

/// Reads the stack once in advance, before anything is built or started: mistakes show in a moment,
/// and the functions' binaries are known. The database's address is not, and the reader does not
/// need it to exist.
///
/// # Errors
/// As [`stack`]; [`TargetError::Unfit`] if the harness cannot find its way in the stack.
pub(crate) fn in_advance(
    project: &Project,
    account: &AccountId,
    region: &Region,
    chosen: Option<&Variables>,
) -> Result<Vec<String>, TargetError> {
    let of_target = OfTarget {
        always: &[
            ("database", "existing"),
            ("database_url", "mysql://localhost/zipster"),
        ],
        ..OfTarget::default()
    };
    let stack = stack(project, account, region, chosen, of_target)?;
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
            let stack = stack(&project, &account, &region, chosen, of_target).unwrap();
            stack.output("a").unwrap().to_owned()
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
