//! A server's executable: where it is, what it is, and how to call it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use crate::error::WayError;
use crate::settings::Settings;

/// Whose server it is. The two share a protocol, not their options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Make {
    MySql,
    MariaDb,
}

/// A server's executable that was asked for its version and answered.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) executable: PathBuf,
    /// What holds `bin` or `sbin`, and `share`.
    pub(crate) base: PathBuf,
    /// Folders of shared libraries that the system's linker does not know.
    pub(crate) libraries: Vec<PathBuf>,
    pub(crate) make: Make,
    pub(crate) version: String,
}

const NAMES: [&str; 2] = ["mysqld", "mariadbd"];
const OLDEST_MYSQL: (u32, u32) = (8, 0);
const OLDEST_MARIADB: (u32, u32) = (10, 6);

impl Program {
    /// The servers installed on this machine, each once however many names it has.
    pub(crate) fn installed(settings: &Settings) -> Vec<PathBuf> {
        let mut found: Vec<PathBuf> = Vec::new();
        for name in NAMES {
            for folder in &settings.search_path {
                // Resolved: a link in `bin` says nothing about where `share` is.
                let Ok(path) = fs::canonicalize(folder.join(name)) else {
                    continue;
                };
                if path.is_file() && !found.contains(&path) {
                    found.push(path);
                }
            }
        }
        found
    }

    /// The server inside a tree of unpacked packages.
    pub(crate) fn unpacked_in(root: &Path) -> Option<PathBuf> {
        let folders = ["usr/sbin", "usr/bin", "usr/libexec"];
        let paths = folders
            .iter()
            .flat_map(|folder| NAMES.iter().map(move |name| root.join(folder).join(name)));
        // Links among the names are relative in the packages we know, but need not be.
        paths
            .filter_map(|path| fs::canonicalize(path).ok())
            .find(|path| path.is_file())
    }

    /// Asks the executable what it is.
    pub(crate) async fn examine(
        executable: PathBuf,
        libraries: Vec<PathBuf>,
    ) -> Result<Self, WayError> {
        let mut command = Command::new(&executable);
        command.args(["--no-defaults", "--version"]);
        if let Some((name, value)) = library_path(&libraries) {
            command.env(name, value);
        }
        let output = run(command, &format!("{} --version", executable.display())).await?;
        let (make, version) = parse_version(&output).ok_or_else(|| WayError::NoVersion {
            program: executable.clone(),
            output: output.trim().to_owned(),
        })?;
        let oldest = match make {
            Make::MySql => OLDEST_MYSQL,
            Make::MariaDb => OLDEST_MARIADB,
        };
        if release(&version).is_none_or(|release| release < oldest) {
            return Err(WayError::TooOld {
                program: executable.display().to_string(),
                version,
            });
        }
        let base = executable
            .ancestors()
            .nth(2)
            .map_or_else(|| PathBuf::from("/usr"), Path::to_path_buf);
        Ok(Self {
            executable,
            base,
            libraries,
            make,
            version,
        })
    }

    /// The version in words, such as `MariaDB 10.11.14`.
    pub(crate) fn describe(&self) -> String {
        match self.make {
            Make::MySql => format!("MySQL {}", self.version),
            Make::MariaDb => {
                let version = self.version.split("-MariaDB").next();
                format!("MariaDB {}", version.unwrap_or(&self.version))
            }
        }
    }

    /// The folder of SQL scripts, messages and character sets.
    pub(crate) fn share(&self) -> Option<PathBuf> {
        ["share/mysql", "share/mariadb", "share"]
            .iter()
            .map(|folder| self.base.join(folder))
            .find(|folder| folder.join("english/errmsg.sys").is_file())
    }

    /// The program and the arguments that every call of it begins with: nobody's configuration
    /// file is read, and a server unpacked anywhere finds its own files.
    pub(crate) fn command_line(&self, data: &Path) -> Vec<OsString> {
        let mut line: Vec<OsString> = Vec::new();
        if let Some((name, value)) = library_path(&self.libraries) {
            let mut setting = OsString::from(name);
            setting.push("=");
            setting.push(value);
            line.extend(["env".into(), setting]);
        }
        line.push(self.executable.clone().into());
        line.push("--no-defaults".into());
        line.push(option("--basedir=", &self.base));
        line.push(option("--datadir=", data));
        if let Some(share) = self.share() {
            line.push(option("--lc-messages-dir=", &share));
        }
        let plugins = self.base.join("lib/mysql/plugin");
        if plugins.is_dir() {
            line.push(option("--plugin-dir=", &plugins));
        }
        // As root a server refuses to run unless told that this is meant.
        if nix::unistd::geteuid().is_root() {
            line.push("--user=root".into());
        }
        line
    }
}

/// `--name=` and a path, whatever bytes the path has.
pub(crate) fn option(name: &str, path: &Path) -> OsString {
    let mut option = OsString::from(name);
    option.push(path);
    option
}

fn library_path(libraries: &[PathBuf]) -> Option<(&'static str, OsString)> {
    if libraries.is_empty() {
        return None;
    }
    let joined = std::env::join_paths(libraries).ok()?;
    Some(("LD_LIBRARY_PATH", joined))
}

/// Runs a command to its end and returns what it wrote, both streams.
pub(crate) async fn run(mut command: Command, what: &str) -> Result<String, WayError> {
    let output = command
        .stdin(Stdio::null())
        .env("LC_ALL", "C")
        .kill_on_drop(true)
        .output()
        .await
        .map_err(WayError::io(format!("run {what}")))?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    if output.status.success() {
        Ok(text)
    } else {
        Err(WayError::Command {
            what: what.to_owned(),
            status: output.status.to_string(),
            output: text,
        })
    }
}

/// Reads `mysqld  Ver 8.4.2 for Linux on x86_64 (MySQL Community Server - GPL)` and
/// `mariadbd  Ver 10.11.14-MariaDB-0+deb12u2 for debian-linux-gnu on x86_64 (Debian 12)`.
fn parse_version(output: &str) -> Option<(Make, String)> {
    let mut words = output.split_whitespace().skip_while(|word| *word != "Ver");
    let version = words.nth(1)?;
    let make = if version.contains("MariaDB") {
        Make::MariaDb
    } else {
        Make::MySql
    };
    Some((make, version.to_owned()))
}

fn release(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split(['.', '-']).map(str::parse::<u32>);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::{Make, parse_version, release};

    #[track_caller]
    fn check(output: &str, make: Make, version: &str, numbers: (u32, u32)) {
        assert_eq!(parse_version(output), Some((make, version.to_owned())));
        assert_eq!(release(version), Some(numbers));
    }

    #[test]
    fn a_server_says_what_it_is() {
        check(
            "/usr/sbin/mysqld  Ver 8.4.2 for Linux on x86_64 (MySQL Community Server - GPL)",
            Make::MySql,
            "8.4.2",
            (8, 4),
        );
        check(
            "mariadbd  Ver 10.11.14-MariaDB-0+deb12u2 for debian-linux-gnu on x86_64 (Debian 12)",
            Make::MariaDb,
            "10.11.14-MariaDB-0+deb12u2",
            (10, 11),
        );
        check(
            "mysqld  Ver 8.0.40-0ubuntu0.24.04.1 for Linux on x86_64 ((Ubuntu))",
            Make::MySql,
            "8.0.40-0ubuntu0.24.04.1",
            (8, 0),
        );
    }

    #[test]
    fn another_program_does_not_pass_for_a_server() {
        assert_eq!(parse_version("hello 1.0\n"), None);
        assert_eq!(parse_version("x Ver"), None);
    }
}
