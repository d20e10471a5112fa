//! Looks whether `terraform/` changes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use zipster_targets::Project;

/// How often. Editors save in a few milliseconds, people look for seconds.
const LOOKS: Duration = Duration::from_millis(500);

/// Length and time of every file. What cannot be looked at is not there.
type Seen = BTreeMap<PathBuf, (u64, Option<SystemTime>)>;

/// All that the stack may have been read from: the files in `terraform/` and below.
pub struct Watch {
    folder: PathBuf,
    /// What the stack that is up was read from.
    applied: Seen,
    looks: tokio::time::Interval,
}

impl Watch {
    /// Watches from now on.
    pub fn begin(project: &Project) -> Self {
        Self::of(project.terraform(), LOOKS)
    }

    fn of(folder: PathBuf, every: Duration) -> Self {
        Self {
            applied: look(&folder),
            folder,
            looks: tokio::time::interval(every),
        }
    }

    /// Returns once the files are others than at the start or at the last return, and have been the
    /// same for two looks in a row: a file that is being written is not read half-way.
    pub async fn changed(&mut self) {
        let mut last = None;
        loop {
            self.looks.tick().await;
            let seen = look(&self.folder);
            if seen == self.applied {
                last = None;
            } else if last.as_ref() == Some(&seen) {
                self.applied = seen;
                return;
            } else {
                last = Some(seen);
            }
        }
    }
}

fn look(folder: &Path) -> Seen {
    let mut seen = Seen::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            // What Terraform itself keeps there is no configuration.
            if name == ".terraform" || name.contains(".tfstate") {
                continue;
            }
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => folders.push(entry.path()),
                Ok(metadata) => {
                    seen.insert(entry.path(), (metadata.len(), metadata.modified().ok()));
                }
                Err(_) => {}
            }
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(5);
    const QUIET: Duration = Duration::from_millis(50);
    const LONG: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn a_change_is_told_once() {
        let root = tempfile::tempdir().unwrap();
        let modules = root.path().join("modules");
        fs::create_dir(&modules).unwrap();
        fs::write(root.path().join("main.tf"), "locals {}\n").unwrap();
        let mut watch = Watch::of(root.path().to_path_buf(), SHORT);
        let quiet =
            async |watch: &mut Watch| tokio::time::timeout(QUIET, watch.changed()).await.is_err();
        let told =
            async |watch: &mut Watch| tokio::time::timeout(LONG, watch.changed()).await.is_ok();
        assert!(quiet(&mut watch).await);

        fs::write(root.path().join("main.tf"), "locals { a = 1 }\n").unwrap();
        assert!(told(&mut watch).await);
        assert!(quiet(&mut watch).await);

        fs::write(modules.join("one.tf"), "").unwrap();
        assert!(told(&mut watch).await);
        fs::remove_file(modules.join("one.tf")).unwrap();
        assert!(told(&mut watch).await);

        fs::write(root.path().join("terraform.tfstate"), "{}").unwrap();
        assert!(quiet(&mut watch).await);
    }
}
