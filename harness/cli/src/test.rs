//! `zipster test`: the scenarios, on a target. They are a test program of cargo's, which is told
//! through its environment where to run.
//!
//! Cargo builds it, and is not there while it runs: at Ctrl-C cargo would be gone before the
//! program has cleaned up.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use zipster_targets::build;

use crate::args::{Target, TestSettings};
use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
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
    run(&settings, &[], Stdio::inherit(), &mut interrupt).await
}

/// Builds the scenarios' program, runs it with some more variables, and waits for its end.
///
/// # Errors
/// [`Failure`] if it cannot be built or run.
pub async fn run(
    settings: &TestSettings,
    variables: &[(&str, &OsStr)],
    stdout: Stdio,
    interrupt: &mut Interrupt,
) -> Result<Exit, Failure> {
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
    let cannot_run = |error: std::io::Error| {
        Failure::new(
            Exit::Unavailable,
            format!("cannot run {}: {error}", program.display()),
        )
    };
    let mut child = command(settings, &program)
        .envs(variables.iter().copied())
        .stdout(stdout)
        .spawn()
        .map_err(cannot_run)?;
    let status = loop {
        tokio::select! {
            status = child.wait() => break status.map_err(cannot_run)?,
            // Ctrl-C reaches the program as well; other signals only us. It cleans up either way,
            // and is waited for.
            () = interrupt.wait() => pass_on(&child),
        }
    };
    Ok(match status.code() {
        Some(0) => Exit::Done,
        Some(UNAVAILABLE) => Exit::Unavailable,
        Some(INTERRUPTED) | None => Exit::Interrupted,
        Some(_) => Exit::Failed,
    })
}

/// Asks a child to end.
fn pass_on(child: &Child) {
    let id = child.id().and_then(|id| i32::try_from(id).ok());
    if let Some(id) = id {
        // If it has ended meanwhile, so much the better.
        let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
    }
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
    if let Some(path) = &settings.junit {
        command.env("ZIPSTER_JUNIT", path);
    }
    if settings.packaged {
        command.env("ZIPSTER_PACKAGED", "1");
    }
    if let Some(url) = &settings.database_url {
        command.env("DATABASE_URL", url);
    }
    command
}
