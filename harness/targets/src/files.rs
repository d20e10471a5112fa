//! The files beside the Terraform configuration, for the stack reader, which does no I/O itself.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use zipster_stack::{FileError, Files};

/// Files on disk; relative paths begin in the folder of the root module.
#[derive(Debug, Clone)]
pub struct ProjectFiles {
    terraform: PathBuf,
}

impl ProjectFiles {
    /// For the root module in `terraform`.
    #[must_use]
    pub fn new(terraform: PathBuf) -> Self {
        Self { terraform }
    }
}

impl Files for ProjectFiles {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        fs::read(self.terraform.join(path)).map_err(|error| refused(&error))
    }

    fn exists(&self, path: &str) -> Result<bool, FileError> {
        match fs::metadata(self.terraform.join(path)) {
            Ok(metadata) => Ok(metadata.is_file()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(refused(&error)),
        }
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, FileError> {
        let root = self.terraform.join(folder);
        let mut found = Vec::new();
        collect(&root, &root, &mut found).map_err(|error| refused(&error))?;
        found.sort();
        Ok(found)
    }

    fn working_folder(&self) -> String {
        std::path::absolute(&self.terraform)
            .unwrap_or_else(|_| self.terraform.clone())
            .to_string_lossy()
            .into_owned()
    }
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, found)?;
        } else if let Ok(relative) = path.strip_prefix(root) {
            let parts: Vec<_> = relative
                .components()
                .map(|part| part.as_os_str().to_string_lossy())
                .collect();
            found.push(parts.join("/"));
        }
    }
    Ok(())
}

fn refused(error: &io::Error) -> FileError {
    if error.kind() == io::ErrorKind::NotFound {
        FileError::NotFound
    } else {
        FileError::Other(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_begin_in_the_root_module() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("a/b")).unwrap();
        fs::write(folder.path().join("a/b/c.txt"), "x").unwrap();
        let files = ProjectFiles::new(folder.path().to_path_buf());
        assert_eq!(files.read("a/b/c.txt"), Ok(b"x".to_vec()));
        assert_eq!(files.exists("a/b/c.txt"), Ok(true));
        assert_eq!(files.exists("a/b"), Ok(false));
        assert_eq!(files.list("a"), Ok(vec!["b/c.txt".to_owned()]));
        assert_eq!(files.read("nothing"), Err(FileError::NotFound));
    }
}
