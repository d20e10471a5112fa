//! One child process: started with nothing of the host's environment, frozen, thawed, and killed
//! together with all that it started.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

use super::logs::Output;

/// A function's process and the process group that it leads.
///
/// Dropped, it is killed: also when the whole runtime goes away without stopping the emulator. If
/// the emulator's own process is killed nobody is left to do that: a function at work ends when
/// it next asks its Runtime API, and a frozen one gets a hang-up from the kernel, unless whoever
/// adopts it is of the same session.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    group: Pid,
    ended: bool,
}

impl Process {
    /// Starts `program` in `directory` with exactly the given `variables`; its output is apart.
    pub(super) fn start(
        program: &Path,
        arguments: &[String],
        directory: &Path,
        variables: &BTreeMap<String, String>,
    ) -> io::Result<(Self, Output)> {
        let (output, stdout, stderr) = Output::new()?;
        let child = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(variables)
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let group = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .map(Pid::from_raw)
            .ok_or_else(|| io::Error::other("the process has no identifier"))?;
        let process = Self {
            child,
            group,
            ended: false,
        };
        Ok((process, output))
    }

    /// The process's identifier, which is also its group's.
    pub(super) fn id(&self) -> u32 {
        self.group.as_raw().unsigned_abs()
    }

    /// Returns once the process has ended; what else is in its group is then killed. May be
    /// called again after a cancelled wait.
    pub(super) async fn exited(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await?;
        if !self.ended {
            // Sent right after the leader was reaped: its number is not in use again yet, and
            // while members are left it cannot be.
            let _ = killpg(self.group, Signal::SIGKILL);
            self.ended = true;
        }
        Ok(status)
    }

    /// Stops the whole group from running until [`Process::thaw`].
    pub(super) fn freeze(&self) -> io::Result<()> {
        Ok(killpg(self.group, Signal::SIGSTOP)?)
    }

    /// Lets the group run again.
    pub(super) fn thaw(&self) -> io::Result<()> {
        Ok(killpg(self.group, Signal::SIGCONT)?)
    }

    /// Kills the whole group, frozen or not. [`Process::exited`] then returns soon.
    pub(super) fn kill(&self) {
        if !self.ended {
            let _ = killpg(self.group, Signal::SIGKILL);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// How a process ended, as Lambda says it: `exit status 1`, `signal: killed`.
pub(super) fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(number)) => match Signal::try_from(number) {
            Ok(signal) => format!("signal: {}", plain(signal)),
            Err(_) => format!("signal: {number}"),
        },
        (None, None) => status.to_string(),
    }
}

/// A signal in words, those that a function's process may well die from.
fn plain(signal: Signal) -> String {
    if signal == Signal::SIGKILL {
        "killed".to_owned()
    } else if signal == Signal::SIGSEGV {
        "segmentation fault".to_owned()
    } else if signal == Signal::SIGABRT {
        "aborted".to_owned()
    } else if signal == Signal::SIGTERM {
        "terminated".to_owned()
    } else {
        signal.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    /// A process that runs `script`, its output, and the folder that it lies in.
    fn shell(script: &str) -> (Process, Output, tempfile::TempDir) {
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().join("program");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::process::Command::new("chmod")
            .arg("+x")
            .arg(&program)
            .status()
            .unwrap();
        let variables = BTreeMap::from([("ONLY".to_owned(), "this".to_owned())]);
        // Other tests fork while the file is open for writing.
        loop {
            match Process::start(&program, &[], directory.path(), &variables) {
                Ok((process, output)) => return (process, output, directory),
                Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => {}
                Err(error) => panic!("{error}"),
            }
        }
    }

    #[tokio::test]
    async fn a_frozen_process_can_be_killed() {
        let (mut process, _output, _folder) = shell("while :; do :; done");
        process.freeze().unwrap();
        process.kill();
        let status = process.exited().await.unwrap();
        assert_eq!(status.signal(), Some(9));
        assert_eq!(describe(status), "signal: killed");
    }

    #[tokio::test]
    async fn an_exit_is_described_as_lambda_does() {
        let (mut process, _output, _folder) = shell("exit 3");
        let status = process.exited().await.unwrap();
        assert_eq!(describe(status), "exit status 3");
    }

    #[tokio::test]
    async fn what_the_process_left_behind_dies_with_it() {
        let (mut process, mut output, _folder) = shell("sleep 1000 & echo $!; exit 0");
        process.exited().await.unwrap();
        // The pipe ends when nobody is left who could write to it.
        let lines = output.all().await;
        assert_eq!(lines.len(), 1, "{lines:?}");
    }
}
