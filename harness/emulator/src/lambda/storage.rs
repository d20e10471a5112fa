//! How much a function's temporary files take, and when it is more than its `EphemeralStorage`.
//!
//! Differs from AWS: `/tmp` is the machine's, shared by all; the function's own folder is where
//! `TMPDIR` leads. A write beyond the limit succeeds, but is found out soon, at the latest when the
//! function answers, and the function is then killed, where on AWS the write would have failed with
//! `No space left on device`. A file system of a limited size would take a mount namespace: two
//! more processes to start for each cold start, memory instead of disk, and not to be had
//! everywhere.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// How many looks at the memory there are for one at the files, which takes longer.
const EVERY: u32 = 25;

/// A function's folder for temporary files over time.
#[derive(Debug)]
pub(super) struct Storage {
    folder: PathBuf,
    /// In MB.
    pub(super) limit: u32,
    asked: u32,
}

impl Storage {
    /// The files in `folder`, which may take `limit` MB.
    pub(super) fn new(folder: &Path, limit: u32) -> Self {
        Self {
            folder: folder.to_path_buf(),
            limit,
            asked: 0,
        }
    }

    /// Looks now and then, and says whether the limit is passed.
    pub(super) fn glance(&mut self) -> bool {
        self.asked = (self.asked + 1) % EVERY;
        self.asked == 0 && self.look()
    }

    /// Looks, and says whether the limit is passed.
    pub(super) fn look(&self) -> bool {
        let limit = u64::from(self.limit) * 1024 * 1024;
        let mut size = 0;
        let mut folders = vec![self.folder.clone()];
        while let Some(folder) = folders.pop() {
            // What cannot be read has just been removed.
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let Ok(metadata) = entry.metadata() else {
                    continue;
                };
                // What is on the disk: a file with holes is smaller than its length.
                size += metadata.blocks() * 512;
                if metadata.is_dir() {
                    folders.push(entry.path());
                }
            }
            if size > limit {
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_count_with_what_they_take_in_all_folders() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b");
        fs::create_dir_all(&deep).unwrap();
        let sparse = fs::File::create(folder.path().join("sparse")).unwrap();
        sparse.set_len(1 << 40).unwrap();
        // Somebody else's files do not count.
        std::os::unix::fs::symlink("/", deep.join("everything")).unwrap();
        let mut storage = Storage::new(folder.path(), 1);
        assert!(!storage.look());
        fs::write(deep.join("large"), vec![1; 1024 * 1024]).unwrap();
        assert!(storage.look());
        let found = (0..EVERY).filter(|_| storage.glance()).count();
        assert_eq!(found, 1);
        fs::remove_dir_all(deep).unwrap();
        assert!(!storage.look());
    }
}
