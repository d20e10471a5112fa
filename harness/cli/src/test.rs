//! `zipster test`: the scenarios, on a target. They are a test program of cargo's, which is told
//! through its environment where to run.
//!
//! Cargo builds it, and is not there while it runs: at Ctrl-C cargo would be gone before the
//! program has cleaned up.

use std::path::Path;

use tokio::process::Command;
use zipster_targets::build;

use crate::args::{Target, TestSettings};
use crate::exit::{Exit, Failure};
use crate::stage::find_project;
use crate::up;

/// What the scenarios' program ends with if the target cannot be had.
const UNAVAILABLE: i32 = 4;

/// What it ends with after Ctrl-C, when everything is cleaned up.
const INTERRUPTED: i32 = 130;

/// Runs the scenarios and waits for their end.
///
/// # Errors
/// [`Failure`] if they cannot be built or run.
pub async fn test(settings: TestSettings) -> Result<Exit, Failure> {
    let mut interrupt = up::install()?;
    let project = find_project()?;
    let program = tokio::select! {
        program = build::test_program(&project, "features") => program?,
        () = interrupt.wait() => return Ok(Exit::Interrupted),
    };
    tokio::select! {
        biased;
        () = interrupt.wait() => return Ok(Exit::Interrupted),
        () = std::future::ready(()) => {}
    }
    // From here on the program gets Ctrl-C as well, and cleans up; it is waited for.
    let status = command(&settings, &program)
        .status()
        .await
        .map_err(|error| {
            Failure::new(
                Exit::Unavailable,
                format!("cannot run {}: {error}", program.display()),
            )
        })?;
    Ok(match status.code() {
        Some(0) => Exit::Done,
        Some(UNAVAILABLE) => Exit::Unavailable,
        Some(INTERRUPTED) | None => Exit::Interrupted,
        Some(_) => Exit::Failed,
    })
}

fn command(settings: &TestSettings, program: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(&settings.rest);
    let target = match settings.target {
        Target::Embedded => "embedded",
        Target::LocalStack => "localstack",
        Target::Aws => "aws",
    };
    command.env("ZIPSTER_TARGET", target);
    if let Some(outputs) = &settings.outputs {
        command.env("ZIPSTER_OUTPUTS", outputs);
    }
    if let Some(url) = &settings.services.endpoint {
        command.env("ZIPSTER_ENDPOINT", url);
    }
    if let Some((host, port)) = &settings.services.functions_database {
        command.env("ZIPSTER_FUNCTIONS_DATABASE", format!("{host}:{port}"));
    }
    if settings.packaged {
        command.env("ZIPSTER_PACKAGED", "1");
    }
    if let Some(url) = &settings.database_url {
        command.env("DATABASE_URL", url);
    }
    command
}
