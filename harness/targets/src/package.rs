//! The functions' packages: a zip with an executable called `bootstrap`, as Lambda wants it.
//!
//! `cargo lambda` builds for Lambda's own system (glibc 2.34 or older, either processor). The same
//! source gives the same package: paths of this machine are taken out of the executable, and the
//! zip holds no times.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use tokio::process::Command;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::build::{self, forget_package};
use crate::progress::{Progress, Report};
use crate::{FunctionSource, Project, TargetError};

/// The processor that packages are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// AWS Graviton.
    Arm64,
    /// Intel and AMD.
    X86_64,
}

impl Architecture {
    /// The one of this machine.
    ///
    /// # Errors
    /// [`TargetError::Build`] if Lambda has no such processor.
    pub fn of_this_machine() -> Result<Self, TargetError> {
        match std::env::consts::ARCH {
            "x86_64" => Ok(Self::X86_64),
            "aarch64" => Ok(Self::Arm64),
            other => Err(TargetError::Build(format!(
                "Lambda has no processor like this machine's, {other}"
            ))),
        }
    }

    /// Lambda's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86_64 => "x86_64",
        }
    }

    /// Rust's.
    #[must_use]
    pub fn rust_target(self) -> &'static str {
        match self {
            Self::Arm64 => "aarch64-unknown-linux-gnu",
            Self::X86_64 => "x86_64-unknown-linux-gnu",
        }
    }
}

/// What packages are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PackageFor {
    /// Lambda: optimised, for its processor and its glibc.
    Lambda(Architecture),
    /// Emulators on this machine: what cargo builds here.
    ThisMachine,
}

/// One package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// The function's binary.
    pub binary: String,
    /// The zip.
    pub path: PathBuf,
    /// Its bytes.
    pub size: u64,
    /// The executable's bytes.
    pub unpacked: u64,
    /// Base64 of the zip's SHA-256: Lambda's `CodeSha256`.
    pub sha256: String,
}

/// The version of cargo-lambda that is installed where there is none.
const CARGO_LAMBDA: &str = "cargo-lambda==1.9.2";

/// Builds `binaries` and packs each into `target/lambda/<binary>/bootstrap.zip`.
///
/// # Errors
/// [`TargetError::Build`] saying what is missing and how to get it, or that the build failed (it
/// has said why on stderr).
pub async fn package(
    project: &Project,
    purpose: PackageFor,
    binaries: &[String],
    report: &Report,
) -> Result<Vec<Package>, TargetError> {
    let executables: Vec<(String, PathBuf)> = match purpose {
        PackageFor::ThisMachine => {
            build::executables(&FunctionSource::Cargo, project, binaries, report)
                .await?
                .into_iter()
                .collect()
        }
        PackageFor::Lambda(architecture) => {
            let program = cargo_lambda(report).await?;
            report.tell(Progress::BuildingFunctions(binaries.to_vec()));
            build_for_lambda(&program, project, architecture, binaries).await?
        }
    };
    let mut packages = Vec::new();
    for (binary, executable) in executables {
        let path = project.package(&binary);
        let packing = {
            let path = path.clone();
            tokio::task::spawn_blocking(move || pack(&executable, &path)).await
        };
        let (size, unpacked, sha256) =
            packing
                .map_err(io::Error::other)
                .flatten()
                .map_err(|error| {
                    TargetError::Build(format!("cannot write {}: {error}", path.display()))
                })?;
        packages.push(Package {
            binary,
            path,
            size,
            unpacked,
            sha256,
        });
    }
    Ok(packages)
}

/// The cargo-lambda to use: the one on the `PATH`, else one of our own in the cache.
async fn cargo_lambda(report: &Report) -> Result<PathBuf, TargetError> {
    if runs("cargo-lambda").await {
        return Ok("cargo-lambda".into());
    }
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cache")))
        .ok_or_else(|| TargetError::Build("there is no folder for caches: set HOME".to_owned()))?;
    let folder = cache.join("zipster/cargo-lambda");
    let program = folder.join("bin/cargo-lambda");
    if runs(&program).await {
        return Ok(program);
    }
    report.tell(Progress::Installing(format!(
        "{CARGO_LAMBDA} from PyPI into {}",
        folder.display()
    )));
    let venv = [OsStr::new("-m"), OsStr::new("venv"), folder.as_os_str()];
    run("python3", &venv).await?;
    let install = ["-m", "pip", "install", "--quiet", CARGO_LAMBDA, "ziglang"];
    run(folder.join("bin/python"), &install.map(OsStr::new)).await?;
    Ok(program)
}

async fn runs(program: impl AsRef<Path>) -> bool {
    Command::new(program.as_ref())
        .args(["lambda", "--version"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .await
        .is_ok_and(|status| status.success())
}

async fn run(program: impl AsRef<Path>, arguments: &[&std::ffi::OsStr]) -> Result<(), TargetError> {
    let shown = program.as_ref().display();
    let hint = "install cargo-lambda yourself, as its documentation says";
    let output = Command::new(program.as_ref())
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| TargetError::Build(format!("cannot run {shown}: {error}; {hint}")))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.trim();
    Err(TargetError::Build(format!(
        "{shown} failed: {said}; {hint}"
    )))
}

async fn build_for_lambda(
    program: &Path,
    project: &Project,
    architecture: Architecture,
    binaries: &[String],
) -> Result<Vec<(String, PathBuf)>, TargetError> {
    has_target(architecture).await?;
    let out = project.root().join("target/lambda");
    let mut command = Command::new(program);
    command
        .current_dir(project.root())
        .args(["lambda", "build", "--release", "--target"])
        .arg(architecture.rust_target())
        .arg("--lambda-dir")
        .arg(&out)
        .env("RUSTFLAGS", without_paths(project))
        // A compiled-in path of the target folder would differ between machines.
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    forget_package(&mut command);
    // ziglang's compiler lies beside cargo-lambda; it is found by the PATH.
    if let Some(folder) = program.parent().filter(|folder| folder.is_absolute()) {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let paths = std::iter::once(folder.to_path_buf()).chain(std::env::split_paths(&path));
        if let Ok(path) = std::env::join_paths(paths) {
            command.env("PATH", path);
        }
    }
    for binary in binaries {
        command.args(["--bin", binary]);
    }
    let status = command.status().await.map_err(|error| {
        TargetError::Build(format!("cannot run {}: {error}", program.display()))
    })?;
    if !status.success() {
        return Err(TargetError::Build(format!("cargo lambda build: {status}")));
    }
    Ok(binaries
        .iter()
        .map(|binary| (binary.clone(), out.join(binary).join("bootstrap")))
        .collect())
}

/// Flags that leave this machine's folders out of the executables.
fn without_paths(project: &Project) -> String {
    let cargo_home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let mut flags = format!("--remap-path-prefix={}=.", project.root().display());
    if let Some(home) = cargo_home {
        flags.push_str(&format!(" --remap-path-prefix={}=cargo", home.display()));
    }
    flags
}

/// Whether the toolchain can build for the processor: its standard library has to be there.
async fn has_target(architecture: Architecture) -> Result<(), TargetError> {
    let target = architecture.rust_target();
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", target])
        .stdin(Stdio::null())
        .output()
        .await
        .map_err(|error| TargetError::Build(format!("cannot run rustc: {error}")))?;
    let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    if output.status.success() && folder.is_dir() {
        return Ok(());
    }
    Err(TargetError::Build(format!(
        "this Rust toolchain has no standard library for {target}; add it with \
         `rustup target add {target}`, or package for the other processor with --arch"
    )))
}

/// Writes a zip with nothing but the executable, without its time: size, unpacked size, hash.
fn pack(executable: &Path, zip: &Path) -> io::Result<(u64, u64, String)> {
    if let Some(folder) = zip.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // Beside and renamed, so that nobody ever finds half of it.
    let half = zip.with_extension("zip.new");
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(zip::DateTime::default())
        .large_file(false)
        .unix_permissions(0o755);
    let mut writer = ZipWriter::new(File::create(&half)?);
    writer.start_file("bootstrap", options)?;
    let unpacked = io::copy(&mut File::open(executable)?, &mut writer)?;
    writer.finish()?.flush()?;
    let mut digest = Sha256::new();
    let mut file = File::open(&half)?;
    let mut buffer = vec![0; 1 << 16];
    let mut size = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        size += read as u64;
        digest.update(&buffer[..read]);
    }
    std::fs::rename(&half, zip)?;
    Ok((size, unpacked, STANDARD.encode(digest.finalize())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_executable_gives_the_same_package_at_any_time() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("load");
        std::fs::write(&program, b"\x7fELF and so on").unwrap();
        let first = pack(&program, &folder.path().join("a/bootstrap.zip")).unwrap();
        let later = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        File::open(&program).unwrap().set_modified(later).unwrap();
        let second = pack(&program, &folder.path().join("b/bootstrap.zip")).unwrap();
        assert_eq!(first, second);
        assert_eq!(first.1, 14);

        let file = File::open(folder.path().join("a/bootstrap.zip")).unwrap();
        let mut archive = zip::ZipArchive::new(file).unwrap();
        assert_eq!(archive.len(), 1);
        let entry = archive.by_index(0).unwrap();
        assert_eq!(entry.name(), "bootstrap");
        assert_eq!(entry.unix_mode().unwrap() & 0o777, 0o755);
    }
}
