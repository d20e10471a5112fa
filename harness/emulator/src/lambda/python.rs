//! The `python3.*` runtimes: the interpreter of the machine with AWS's own runtime client for
//! Python, `awslambdaric` of PyPI, which comes with the function's archive or with the interpreter.
//!
//! The interpreter is the `python3.x` that the emulator's own search path leads to, else its
//! `python3`, which may be of another version: then the function's log says so. In a virtual
//! environment that is the environment's, with the packages that are installed there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;
use tokio::sync::Mutex;

/// Asked of an interpreter: which it is, and whether it has the runtime client.
const QUESTION: &str = "import importlib.util, sys
print(sys.executable)
print('%d.%d' % sys.version_info[:2])
print(importlib.util.find_spec('awslambdaric') is not None)";

/// The package with the runtime client, and its folder in an archive.
const CLIENT: &str = "awslambdaric";

/// The interpreters that were found, by runtime.
#[derive(Debug, Default)]
pub(super) struct Interpreters(Mutex<BTreeMap<String, Interpreter>>);

/// A Python of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Interpreter {
    pub(super) program: PathBuf,
    /// Such as `3.12`.
    version: String,
    has_client: bool,
}

/// Whether a runtime is one of Python's.
pub(super) fn is_python(runtime: &str) -> bool {
    runtime.starts_with("python3.")
}

impl Interpreters {
    /// The interpreter for a function of `runtime` whose code lies in `root`.
    ///
    /// # Errors
    /// What has to be installed.
    pub(super) async fn find(&self, runtime: &str, root: &Path) -> Result<Interpreter, String> {
        let mut known = self.0.lock().await;
        let found = match known.get(runtime) {
            // A client that was missing may have been installed since.
            Some(interpreter) if interpreter.has_client => interpreter.clone(),
            Some(_) | None => {
                let found = search(runtime).await?;
                known.insert(runtime.to_owned(), found.clone());
                found
            }
        };
        if found.has_client || root.join(CLIENT).is_dir() {
            return Ok(found);
        }
        Err(format!(
            "the runtime {runtime} needs the package {CLIENT}: neither the function's archive nor {} \
             has it (install it with: {} -m pip install {CLIENT})",
            found.program.display(),
            found.program.display()
        ))
    }
}

impl Interpreter {
    /// What a process of the function is started with, after the program.
    pub(super) fn arguments(handler: &str) -> [String; 3] {
        ["-m".to_owned(), CLIENT.to_owned(), handler.to_owned()]
    }

    /// What the function's log says about an interpreter of another version.
    pub(super) fn difference(&self, runtime: &str) -> Option<String> {
        let wanted = runtime.strip_prefix("python")?;
        (wanted != self.version).then(|| {
            format!(
                "the emulator runs {runtime} with Python {} ({})",
                self.version,
                self.program.display()
            )
        })
    }

    fn read(answer: &str) -> Option<Self> {
        let mut lines = answer.lines();
        Some(Self {
            program: PathBuf::from(lines.next().filter(|line| !line.is_empty())?),
            version: lines.next()?.to_owned(),
            has_client: lines.next()? == "True",
        })
    }
}

async fn search(runtime: &str) -> Result<Interpreter, String> {
    for name in [runtime, "python3"] {
        // Found on the path, it may still be a stand-in for something that is not installed.
        let answer = Command::new(name)
            .args(["-c", QUESTION])
            // Not where a package of that name may lie.
            .current_dir("/")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await;
        let answer = answer.ok().filter(|answer| answer.status.success());
        let found = answer.and_then(|answer| {
            let text = String::from_utf8_lossy(&answer.stdout).into_owned();
            Interpreter::read(&text)
        });
        if let Some(found) = found {
            return Ok(found);
        }
    }
    Err(format!(
        "the runtime {runtime} needs Python: neither {runtime} nor python3 runs on this machine \
         (install Python, and the package {CLIENT} with pip)"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interpreter_says_what_it_is() {
        let found = Interpreter::read("/usr/bin/python3.12\n3.12\nTrue\n").unwrap();
        assert_eq!(found.program, Path::new("/usr/bin/python3.12"));
        assert!(found.has_client);
        assert_eq!(found.difference("python3.12"), None);
        assert_eq!(
            found.difference("python3.9").unwrap(),
            "the emulator runs python3.9 with Python 3.12 (/usr/bin/python3.12)"
        );
        // An embedded interpreter does not know its own program.
        assert_eq!(Interpreter::read("\n3.12\nTrue\n"), None);
        assert_eq!(Interpreter::read(""), None);
    }

    #[tokio::test]
    async fn the_client_may_come_with_the_archive() {
        let root = tempfile::tempdir().unwrap();
        let without = Interpreter {
            program: PathBuf::from("/nowhere/python3"),
            version: "3.99".to_owned(),
            has_client: false,
        };
        std::fs::create_dir(root.path().join(CLIENT)).unwrap();
        let known = Interpreters::default();
        known
            .0
            .lock()
            .await
            .insert("python3.99".to_owned(), without);
        // Whatever this machine has: with the package in the archive only Python itself may lack.
        let found = known.find("python3.99", root.path()).await;
        assert!(
            found.is_ok_and(|found| found.difference("python3.99").is_some())
                || search("python3.99").await.is_err()
        );
    }
}
