//! `zipster package`: what `terraform apply` uploads.

use serde::Serialize;
use zipster_targets::package::{Architecture, Package, PackageFor};
use zipster_targets::{Report, TargetError};

use crate::args::{Arch, PackageSettings};
use crate::exit::{Exit, Failure};
use crate::stage::{find_project, tell};
use crate::style::{STRONG, thousands};
use crate::up;

/// The functions.
const BINARIES: [&str; 2] = ["transform", "load"];

/// One package, as `--json` prints it.
#[derive(Serialize)]
struct Line<'a> {
    function: &'a str,
    path: String,
    /// Bytes.
    size: u64,
    /// Bytes of the executable.
    unpacked: u64,
    /// Lambda's `CodeSha256`.
    code_sha256: &'a str,
}

/// Builds and packs both functions.
///
/// # Errors
/// [`Failure`] saying what is missing, or that the build failed.
pub async fn package(settings: PackageSettings) -> Result<Exit, Failure> {
    let mut interrupt = up::install()?;
    let project = find_project()?;
    let purpose = match (settings.local, settings.arch) {
        (true, _) => PackageFor::ThisMachine,
        (false, Arch::Arm64) => PackageFor::Lambda(Architecture::Arm64),
        (false, Arch::X86_64) => PackageFor::Lambda(Architecture::X86_64),
    };
    let binaries = BINARIES.map(str::to_owned);
    let report = Report::new(tell);
    let packages: Result<Vec<Package>, TargetError> = tokio::select! {
        packages = zipster_targets::package::package(&project, purpose, &binaries, &report) => packages,
        // The build is killed with the future that is dropped here.
        () = interrupt.wait() => return Ok(Exit::Interrupted),
    };
    show(&packages?, settings.json)?;
    Ok(Exit::Done)
}

fn show(packages: &[Package], json: bool) -> Result<(), Failure> {
    if json {
        let lines: Vec<Line<'_>> = packages
            .iter()
            .map(|package| Line {
                function: &package.binary,
                path: package.path.display().to_string(),
                size: package.size,
                unpacked: package.unpacked,
                code_sha256: &package.sha256,
            })
            .collect();
        let text = serde_json::to_string(&lines)
            .map_err(|error| Failure::new(Exit::Unavailable, error.to_string()))?;
        anstream::println!("{text}");
        return Ok(());
    }
    let (strong, reset) = (STRONG.render(), STRONG.render_reset());
    for package in packages {
        anstream::println!(
            "{strong}{}{reset}  {} bytes ({} unpacked)  sha256 {}\n  {}",
            package.binary,
            thousands(package.size),
            thousands(package.unpacked),
            package.sha256,
            package.path.display()
        );
    }
    Ok(())
}
