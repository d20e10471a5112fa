//! Folders that are made once and used by every later run: whole or not there at all.
//!
//! A folder is made beside its final place and renamed when it is complete, under a lock that a
//! second process waits for. What a killed process left half made is swept by the next one.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::error::WayError;
use crate::progress::{Event, Progress};

const HALF_MADE: &str = ".half-made-";

/// A folder of the cache that may not be there yet, and the right to make it.
#[derive(Debug)]
pub(crate) struct Entry {
    folder: PathBuf,
    /// Held until dropped; the file itself stays.
    _lock: File,
}

impl Entry {
    /// Takes the lock of `folder/name`, waiting for whoever holds it.
    pub(crate) async fn lock(
        folder: &Path,
        name: &str,
        progress: &dyn Progress,
    ) -> Result<Self, WayError> {
        let path = folder.join(format!("{name}.lock"));
        fs::create_dir_all(folder).map_err(WayError::io(format!("make {}", folder.display())))?;
        check_owner(folder)?;
        let failed = || WayError::io(format!("lock {}", path.display()));
        let file = File::create(&path).map_err(failed())?;
        let lock = match file.try_lock() {
            Ok(()) => file,
            Err(TryLockError::Error(error)) => return Err(failed()(error)),
            Err(TryLockError::WouldBlock) => {
                progress.tell(&Event::WaitingForLock(path.clone()));
                tokio::task::spawn_blocking(move || file.lock().map(|()| file))
                    .await
                    .expect("waiting for a lock does not panic")
                    .map_err(failed())?
            }
        };
        let entry = Self {
            folder: folder.join(name),
            _lock: lock,
        };
        entry.sweep();
        Ok(entry)
    }

    /// Where the folder is, or will be.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// An empty folder on the same file system, removed unless it is [published](Self::publish).
    pub(crate) fn begin(&self) -> Result<TempDir, WayError> {
        let beside = self.folder.parent().unwrap_or(&self.folder);
        tempfile::Builder::new()
            .prefix(&self.half_made())
            .tempdir_in(beside)
            .map_err(WayError::io(format!(
                "make a folder in {}",
                beside.display()
            )))
    }

    /// Puts `made` in its place.
    pub(crate) fn publish(&self, made: TempDir) -> Result<(), WayError> {
        let failed = || WayError::io(format!("put {} in place", self.folder.display()));
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder).map_err(failed())?;
        }
        fs::rename(made.path(), &self.folder).map_err(failed())?;
        // It is no longer there to be removed.
        let _ = made.keep();
        Ok(())
    }

    fn half_made(&self) -> String {
        let name = self.folder.file_name().unwrap_or_default();
        format!("{HALF_MADE}{}-", name.to_string_lossy())
    }

    /// Nobody else makes this folder while we hold the lock, so what is half made is abandoned.
    fn sweep(&self) {
        let prefix = self.half_made();
        let beside = self.folder.parent().into_iter().flat_map(fs::read_dir);
        for entry in beside.flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(&prefix) {
                // A leftover that cannot be removed takes room and does no other harm.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// What lies in the cache is run, so nobody else may have put it there.
fn check_owner(folder: &Path) -> Result<(), WayError> {
    let user = nix::unistd::geteuid();
    let owner = fs::metadata(folder)
        .map_err(WayError::io(format!("look at {}", folder.display())))?
        .uid();
    if user.is_root() || user.as_raw() == owner {
        return Ok(());
    }
    Err(WayError::Missing(format!(
        "the cache {} belongs to another user",
        folder.display()
    )))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::Entry;
    use crate::progress::Silent;

    #[tokio::test]
    async fn what_a_killed_process_left_half_made_is_swept() {
        let cache = tempfile::tempdir().unwrap();
        let abandoned = cache.path().join(".half-made-server-x1");
        let others = cache.path().join(".half-made-template-x1");
        fs::create_dir_all(abandoned.join("usr")).unwrap();
        fs::create_dir_all(&others).unwrap();

        let entry = Entry::lock(cache.path(), "server", &Silent).await.unwrap();
        assert!(!abandoned.exists());
        assert!(others.exists());

        let made = entry.begin().unwrap();
        fs::write(made.path().join("file"), "whole").unwrap();
        assert!(!entry.folder().exists());
        entry.publish(made).unwrap();
        assert_eq!(fs::read(entry.folder().join("file")).unwrap(), b"whole");
    }
}
