//! The folder of a private server's data: in memory if there is plenty, and swept if abandoned.
//!
//! Whoever made a folder holds a lock in it. One whose lock is free was left behind by a machine
//! that killed everything at once, and is removed by the next server that starts beside it.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::error::WayError;
use crate::settings::{Settings, Storage};

const PREFIX: &str = "zipster-database-";
const LOCK: &str = "lock";
/// Room that memory must have before data is kept there.
const PLENTY: u64 = 1 << 30;

/// A new, empty folder that only this user may enter. The supervisor of its server removes it.
#[derive(Debug)]
pub(crate) struct Scratch {
    path: PathBuf,
    _lock: File,
}

impl Scratch {
    pub(crate) fn new(settings: &Settings) -> Result<Self, WayError> {
        let memory = Path::new("/dev/shm");
        let parent = match settings.storage {
            Storage::Auto if has_plenty(memory) => memory,
            Storage::Auto | Storage::Disk => &settings.temporary,
        };
        sweep(parent);
        Self::within(parent).map_err(WayError::io(format!(
            "make a folder in {}",
            parent.display()
        )))
    }

    fn within(parent: &Path) -> io::Result<Self> {
        let path = parent.join(format!("{PREFIX}{:016x}", rand::random::<u64>()));
        DirBuilder::new().mode(0o700).create(&path)?;
        // Locked before it has its name, so that nobody finds it unlocked.
        let unnamed = path.join("lock-to-be");
        let lock = File::create_new(&unnamed)?;
        lock.lock()?;
        fs::rename(unnamed, path.join(LOCK))?;
        Ok(Self { path, _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

fn has_plenty(folder: &Path) -> bool {
    let writable = nix::unistd::access(folder, nix::unistd::AccessFlags::W_OK).is_ok();
    let room = nix::sys::statvfs::statvfs(folder).map_or(0, |system| {
        system.blocks_available() * system.fragment_size()
    });
    writable && room >= PLENTY
}

/// Removes what was abandoned. What cannot be removed takes room and does no other harm.
fn sweep(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let is_abandoned =
            File::open(entry.path().join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok());
        if is_abandoned {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Scratch, sweep};

    #[test]
    fn an_abandoned_folder_is_swept_and_no_other() {
        let parent = tempfile::tempdir().unwrap();
        let held = Scratch::within(parent.path()).unwrap();
        let abandoned = Scratch::within(parent.path()).unwrap().path().to_path_buf();
        fs::create_dir(abandoned.join("data")).unwrap();
        let others = parent.path().join("others");
        fs::create_dir(&others).unwrap();
        fs::write(others.join("lock"), "").unwrap();

        sweep(parent.path());

        assert!(held.path().is_dir());
        assert!(!abandoned.exists());
        assert!(others.is_dir());
    }
}
