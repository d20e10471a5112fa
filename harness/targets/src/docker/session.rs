//! What belongs to one run, by a label that all of it carries.

use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use rand::RngExt as _;

/// The label's name; its value is the session's identifier.
pub(crate) const LABEL: &str = "zipster.session";

/// One run's containers and network, by their label and name.
///
/// If this is dropped before [`everything_removed`](Self::everything_removed), and also if the
/// process is killed, a shell that has outlived it removes them.
#[derive(Debug)]
pub(crate) struct Session {
    id: String,
    reaper: Option<Reaper>,
}

impl Session {
    /// A new one. Without the `docker` command nobody cleans up after a process that is killed.
    pub fn begin() -> io::Result<Self> {
        let id = format!("{:08x}", rand::rng().random::<u32>());
        let reaper = match find("docker") {
            Some(docker) => Some(Reaper::spawn(
                &docker,
                &format!("{LABEL}={id}"),
                &name(&id),
            )?),
            None => None,
        };
        Ok(Self { id, reaper })
    }

    /// Its identifier.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What everything of the session carries: a label's name and value.
    pub fn label(&self) -> (&'static str, String) {
        (LABEL, self.id.clone())
    }

    /// The name of its network, and the beginning of its containers' names.
    pub fn name(&self) -> String {
        name(&self.id)
    }

    /// Whether somebody cleans up after a process that is killed.
    pub fn is_guarded(&self) -> bool {
        self.reaper.is_some()
    }

    /// Nothing is left to be removed.
    pub fn everything_removed(mut self) {
        if let Some(reaper) = self.reaper.take() {
            reaper.dismiss();
        }
    }
}

fn name(id: &str) -> String {
    format!("zipster-{id}")
}

/// The first program of that name on the `PATH`.
fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

/// A shell that waits for the end of this process.
#[derive(Debug)]
struct Reaper {
    child: Child,
    pipe: Option<ChildStdin>,
}

impl Reaper {
    fn spawn(docker: &Path, label: &str, network: &str) -> io::Result<Self> {
        let mut child = Command::new("/bin/sh")
            .args(["-c", include_str!("reap.sh"), "zipster-reaper"])
            .arg(docker)
            .args([label, network])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C in a terminal reaches the whole group of a command.
            .process_group(0)
            .spawn()?;
        Ok(Self {
            pipe: child.stdin.take(),
            child,
        })
    }

    fn dismiss(mut self) {
        if let Some(mut pipe) = self.pipe.take() {
            // If it is gone, it needs no dismissal.
            let _ = pipe.write_all(b"done\n");
        }
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// A stand-in for `docker` that writes down how it was called.
    fn recorder(folder: &Path) -> PathBuf {
        let program = folder.join("docker");
        let log = folder.join("calls");
        let script = format!("#!/bin/sh\necho \"$@\" >> '{}'\n", log.display());
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        program
    }

    fn calls(folder: &Path) -> String {
        std::fs::read_to_string(folder.join("calls")).unwrap_or_default()
    }

    #[test]
    fn a_holder_that_goes_without_a_word_is_cleaned_up_after() {
        let folder = tempfile::tempdir().unwrap();
        let docker = recorder(folder.path());
        let mut reaper = Reaper::spawn(&docker, "zipster.session=1", "zipster-1").unwrap();
        drop(reaper.pipe.take());
        reaper.child.wait().unwrap();
        let calls = calls(folder.path());
        assert!(
            calls.contains("ps --all --quiet --filter label=zipster.session=1"),
            "{calls}"
        );
        assert!(calls.contains("network rm zipster-1"), "{calls}");
    }

    #[test]
    fn a_holder_that_has_cleaned_up_is_taken_at_its_word() {
        let folder = tempfile::tempdir().unwrap();
        let docker = recorder(folder.path());
        Reaper::spawn(&docker, "zipster.session=1", "zipster-1")
            .unwrap()
            .dismiss();
        assert_eq!(calls(folder.path()), "");
    }
}
