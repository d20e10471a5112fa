//! The distribution's own server package, unpacked into the cache: no root, nothing installed.
//!
//! `apt-get` resolves, downloads and verifies against the signatures of the distribution's
//! archive, with its state in a folder of ours: it reads the system's package status, so that only
//! what this machine lacks is fetched, and writes nothing of the system's. `dpkg-deb` unpacks.
//! Nothing is configured and no maintainer script runs.
//!
//! Left out: other package managers. Where there is no `apt-get`, this way does not exist.

use std::fs;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::cache::Entry;
use crate::error::WayError;
use crate::program::{Program, run};
use crate::progress::{Event, Progress};
use crate::settings::Settings;

/// Packages that hold a server, best first: Debian since 12 and Ubuntu since 23.04 have the first.
const PACKAGES: [&str; 4] = [
    "mariadb-server-core",
    "mysql-server-core",
    "mysql-server-core-8.0",
    "mariadb-server-core-10.6",
];

/// The server unpacked earlier, or now.
pub(crate) async fn fetched(
    settings: &Settings,
    progress: &dyn Progress,
) -> Result<Program, WayError> {
    let missing = |name: &str| {
        WayError::Missing(format!(
            "no `{name}` here: this is neither Debian nor Ubuntu"
        ))
    };
    let apt = settings
        .find_program("apt-get")
        .ok_or_else(|| missing("apt-get"))?;
    let dpkg = settings
        .find_program("dpkg-deb")
        .ok_or_else(|| missing("dpkg-deb"))?;

    let servers = settings.cache.join("servers");
    // What links against one release's libraries does not run on another.
    let entry = Entry::lock(&servers, &system(), progress).await?;
    if let Ok(program) = unpacked(entry.folder()).await {
        return Ok(program);
    }
    let made = entry.begin()?;
    let state = tempfile::tempdir_in(made.path()).map_err(WayError::io("make apt's folder"))?;
    let apt = Apt::new(apt, state.path())?;
    let package = apt.download(entry.folder(), progress).await?;
    for archive in apt.archives()? {
        let mut unpack = Command::new(&dpkg);
        unpack.arg("-x").arg(&archive).arg(made.path());
        run(unpack, &format!("unpacking {}", archive.display())).await?;
    }
    drop(state);
    // Before it is published: what does not even say its version is not worth keeping.
    let executable = Program::unpacked_in(made.path())
        .ok_or_else(|| WayError::Missing(format!("the package {package} has no server")))?;
    Program::examine(executable, library_folders(made.path())).await?;
    entry.publish(made)?;
    unpacked(entry.folder()).await
}

async fn unpacked(root: &Path) -> Result<Program, WayError> {
    let executable = Program::unpacked_in(root)
        .ok_or_else(|| WayError::Missing(format!("no server in {}", root.display())))?;
    Program::examine(executable, library_folders(root)).await
}

/// The folders of shared libraries among the unpacked packages.
fn library_folders(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root.join("usr/lib"), root.join("lib")];
    while let Some(folder) = open.pop() {
        let mut has_library = false;
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                open.push(path);
            } else {
                has_library |= entry.file_name().to_string_lossy().contains(".so.");
            }
        }
        if has_library {
            found.push(folder);
        }
    }
    found.sort();
    found
}

/// The distribution, its release and the processor, such as `debian-12-x86_64`.
fn system() -> String {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let field = |name: &str| {
        release
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
            .map_or("unknown", |value| value.trim_matches(['"', '\'']))
    };
    format!(
        "{}-{}-{}",
        field("ID"),
        field("VERSION_ID"),
        std::env::consts::ARCH
    )
}

/// `apt-get` with its lists, its archives and its locks in a folder of ours.
struct Apt {
    program: PathBuf,
    configuration: PathBuf,
    archives: PathBuf,
    temporary: PathBuf,
}

impl Apt {
    fn new(program: PathBuf, state: &Path) -> Result<Self, WayError> {
        let apt = Self {
            program,
            configuration: state.join("apt.conf"),
            archives: state.join("cache/archives"),
            temporary: state.join("temporary"),
        };
        let failed = || WayError::io("prepare apt's folder");
        fs::create_dir_all(state.join("state/lists/partial")).map_err(failed())?;
        fs::create_dir_all(apt.archives.join("partial")).map_err(failed())?;
        fs::create_dir_all(&apt.temporary).map_err(failed())?;
        fs::write(&apt.configuration, configuration(state)).map_err(failed())?;
        Ok(apt)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .arg("-c")
            .arg(&self.configuration)
            .arg("-q")
            .args(arguments)
            // What an interrupted check of a signature leaves behind goes with the folder.
            .env("TMPDIR", &self.temporary);
        command
    }

    /// Downloads the first package that can be had, and what it needs of what is not installed.
    async fn download(&self, into: &Path, progress: &dyn Progress) -> Result<String, WayError> {
        progress.tell(&Event::Fetching {
            package: PACKAGES[0].to_owned(),
            into: into.to_path_buf(),
        });
        // One unreachable archive among several fails the whole update, though what is needed may
        // be there: the download decides.
        let updated = run(self.command(&["update"]), "apt-get update").await;
        let mut first_refusal = None;
        for package in PACKAGES {
            let install = ["install", "--yes", "--download-only", package];
            let what = format!("apt-get {}", install.join(" "));
            match run(self.command(&install), &what).await {
                Ok(_) => return Ok(package.to_owned()),
                Err(refusal) => first_refusal = first_refusal.or(Some(refusal)),
            }
        }
        updated?;
        Err(first_refusal.unwrap_or_else(|| WayError::Missing("no package has a server".into())))
    }

    fn archives(&self) -> Result<Vec<PathBuf>, WayError> {
        let failed = || WayError::io("list the downloaded packages");
        let mut archives = Vec::new();
        for entry in fs::read_dir(&self.archives).map_err(failed())? {
            let path = entry.map_err(failed())?.path();
            if path.extension().is_some_and(|extension| extension == "deb") {
                archives.push(path);
            }
        }
        archives.sort();
        Ok(archives)
    }
}

/// Read by apt after the system's own configuration, whose archives, keys and proxies stay.
fn configuration(state: &Path) -> String {
    let state = state.display();
    format!(
        r#"Dir::State "{state}/state";
Dir::State::status "/var/lib/dpkg/status";
Dir::Cache "{state}/cache";
// The package status is only read, so its lock, which is root's, is not needed.
Debug::NoLocking "true";
// Root's download would be handed to a user who cannot enter this folder.
APT::Sandbox::User "root";
APT::Install-Recommends "false";
APT::Get::AllowUnauthenticated "false";
Acquire::Languages "none";
Acquire::http::Timeout "15";
Acquire::https::Timeout "15";
// Hooks that look after the system's own lists and caches.
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
"#
    )
}
