//! The functions' executables: built by cargo when the harness runs in a checkout, or taken from
//! a folder that the user names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::progress::{Progress, Report};
use crate::{Project, TargetError};

/// Where the executables come from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum FunctionSource {
    /// `cargo build` in the project, with the profile that the harness itself was built with.
    #[default]
    Cargo,
    /// `FOLDER/<binary>`, built by somebody else.
    Folder(PathBuf),
    /// The packages of `cargo zipster package`, uploaded as they would be to AWS.
    Packages,
}

/// An executable for each of `binaries`.
///
/// # Errors
/// [`TargetError::Build`] if cargo fails (it has said why on stderr) or cannot be run, or if an
/// executable is not where it should be.
pub async fn executables(
    source: &FunctionSource,
    project: &Project,
    binaries: &[String],
    report: &Report,
) -> Result<BTreeMap<String, PathBuf>, TargetError> {
    match source {
        FunctionSource::Cargo => {
            report.tell(Progress::BuildingFunctions(binaries.to_vec()));
            cargo(project, binaries).await
        }
        FunctionSource::Folder(folder) => folder_of(folder, binaries),
        FunctionSource::Packages => packages(project, binaries),
    }
}

fn packages(
    project: &Project,
    binaries: &[String],
) -> Result<BTreeMap<String, PathBuf>, TargetError> {
    let packages = binaries
        .iter()
        .map(|binary| (binary.clone(), project.package(binary)));
    let (found, missing): (BTreeMap<_, _>, BTreeMap<_, _>) =
        packages.partition(|(_, path)| path.is_file());
    if missing.is_empty() {
        return Ok(found);
    }
    let missing: Vec<String> = missing
        .values()
        .map(|path| path.display().to_string())
        .collect();
    Err(TargetError::Build(format!(
        "no package at {}; make it with `cargo zipster package`",
        missing.join(", ")
    )))
}

fn folder_of(folder: &Path, binaries: &[String]) -> Result<BTreeMap<String, PathBuf>, TargetError> {
    let mut found = BTreeMap::new();
    let mut missing = Vec::new();
    for binary in binaries {
        // Functions run in directories of their own: only an absolute path means the same there.
        let path = std::path::absolute(folder.join(binary)).unwrap_or_else(|_| folder.join(binary));
        if path.is_file() {
            found.insert(binary.clone(), path);
        } else {
            missing.push(path.display().to_string());
        }
    }
    if missing.is_empty() {
        Ok(found)
    } else {
        Err(TargetError::Build(format!(
            "no executable at {}",
            missing.join(", ")
        )))
    }
}

/// The variables by which cargo tells a program or a build script what package it belongs to.
const DESCRIBE_THE_PACKAGE: [&str; 5] = [
    "CARGO_PKG_",
    "CARGO_MANIFEST_",
    "CARGO_BIN_",
    "CARGO_CRATE_NAME",
    "CARGO_PRIMARY_PACKAGE",
];

/// Has a cargo that is started by a program of cargo's build as if it were not.
///
/// `cargo run` and `cargo test` describe the package that runs in variables that some build scripts
/// watch (ring's does). Left in place, they would have half the tree built again.
pub fn forget_package(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if DESCRIBE_THE_PACKAGE
            .iter()
            .any(|prefix| text.starts_with(prefix))
        {
            command.env_remove(&name);
        }
    }
}

/// The part of cargo's messages that says where an executable was put.
#[derive(Deserialize)]
struct Message {
    reason: String,
    target: Option<Target>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

async fn cargo(
    project: &Project,
    binaries: &[String],
) -> Result<BTreeMap<String, PathBuf>, TargetError> {
    let mut arguments = vec!["build"];
    if !cfg!(debug_assertions) {
        arguments.push("--release");
    }
    // By name across the workspace: features resolve as for `cargo test`, so nothing is built
    // twice.
    for binary in binaries {
        arguments.extend(["--bin", binary]);
    }
    let mut found = executables_of(project, &arguments).await?;
    found.retain(|name, _| binaries.contains(name));
    let missing: Vec<&str> = binaries
        .iter()
        .filter(|name| !found.contains_key(*name))
        .map(String::as_str)
        .collect();
    if missing.is_empty() {
        Ok(found)
    } else {
        Err(TargetError::Build(format!(
            "cargo built no executable named {}",
            missing.join(", ")
        )))
    }
}

/// Builds a test program of the workspace, such as `features`.
///
/// # Errors
/// [`TargetError::Build`] if cargo fails (it has said why on stderr) or cannot be run.
pub async fn test_program(project: &Project, name: &str) -> Result<PathBuf, TargetError> {
    let mut found = executables_of(project, &["test", "--no-run", "--test", name]).await?;
    found
        .remove(name)
        .ok_or_else(|| TargetError::Build(format!("cargo built no test program named {name}")))
}

/// Runs a command of cargo's that builds, and returns the executables that it made or found.
async fn executables_of(
    project: &Project,
    arguments: &[&str],
) -> Result<BTreeMap<String, PathBuf>, TargetError> {
    // Cargo tells its children where it is; outside of cargo, the one on the PATH serves.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(&cargo);
    command
        .current_dir(project.root())
        .args(arguments)
        .arg("--message-format=json-render-diagnostics");
    forget_package(&mut command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| TargetError::Build(format!("cannot run {}: {error}", cargo.display())))?;
    let mut found = BTreeMap::new();
    if let Some(stdout) = child.stdout.take() {
        let mut lines = BufReader::new(stdout).lines();
        while let Some(line) = lines
            .next_line()
            .await
            .map_err(|error| TargetError::Build(format!("cannot read cargo's output: {error}")))?
        {
            let Ok(message) = serde_json::from_str::<Message>(&line) else {
                continue;
            };
            if let ("compiler-artifact", Some(target), Some(executable)) =
                (message.reason.as_str(), message.target, message.executable)
            {
                found.insert(target.name, executable);
            }
        }
    }
    let status = child
        .wait()
        .await
        .map_err(|error| TargetError::Build(format!("cannot wait for cargo: {error}")))?;
    if status.success() {
        Ok(found)
    } else {
        Err(TargetError::Build(format!(
            "cargo {} ended with {status}; its messages are above",
            arguments.join(" ")
        )))
    }
}
