//! The stack in `terraform/`, with the variables that a target sets.

use zipster_names::{AccountId, Region};
use zipster_stack::{Inputs, Severity, Source, Stack};

use crate::error::Diagnostics;
use crate::{Project, TargetError};

/// Reads the stack in `terraform/` for a target that makes it.
///
/// # Errors
/// [`TargetError::Stack`] with all mistakes; [`TargetError::Read`] naming a file.
pub(crate) fn stack(
    project: &Project,
    account: &AccountId,
    region: &Region,
    variables: &[(&str, &str)],
) -> Result<Stack, TargetError> {
    let sources: Vec<Source> = project
        .terraform_files()?
        .into_iter()
        .map(|file| Source::new(file.path, file.text))
        .collect();
    let files = project.files();
    let mut inputs = Inputs::new(account.clone(), region.clone()).with_files(&files);
    for (name, value) in variables {
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
