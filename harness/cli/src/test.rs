//! `zipster test`: the scenarios, on a target. They are a test program of cargo's, which is told
//! through its environment where to run.

use std::path::Path;

use tokio::process::Command;

use crate::args::{Target, TestSettings};
use crate::exit::{Exit, Failure};
use crate::stage::find_project;
use crate::up;

/// What the scenarios' program ends with if the target cannot be had.
const UNAVAILABLE: i32 = 4;

/// Runs the scenarios and waits for their end.
///
/// # Errors
/// [`Failure`] if cargo cannot be run.
pub async fn test(settings: TestSettings) -> Result<Exit, Failure> {
    // The program below gets Ctrl-C as well and cleans up; it is waited for, not left alone.
    let _interrupt = up::install()?;
    let project = find_project()?;
    let mut command = command(&settings, project.root());
    let status = command.status().await.map_err(|error| {
        Failure::new(Exit::Unavailable, format!("cannot run cargo test: {error}"))
    })?;
    Ok(match status.code() {
        Some(0) => Exit::Done,
        Some(UNAVAILABLE) => Exit::Unavailable,
        Some(130) | None => Exit::Interrupted,
        Some(_) => Exit::Failed,
    })
}

fn command(settings: &TestSettings, root: &Path) -> Command {
    // Cargo tells its children where it is; outside of cargo, the one on the PATH serves.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .current_dir(root)
        .args(["test", "--test", "features", "--"])
        .args(&settings.rest);
    zipster_targets::build::forget_package(&mut command);
    let target = match settings.target {
        Target::Embedded => "embedded",
        Target::Aws => "aws",
    };
    command.env("ZIPSTER_TARGET", target);
    if let Some(outputs) = &settings.outputs {
        // Cargo runs the program in another folder.
        let outputs = std::path::absolute(outputs).unwrap_or_else(|_| outputs.clone());
        command.env("ZIPSTER_OUTPUTS", outputs);
    }
    if let Some(url) = &settings.database_url {
        command.env("DATABASE_URL", url);
    }
    command
}
