//! Reading configurations in tests, from memory or from a folder.

#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test file uses its part, and which part differs"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use zipster_names::{AccountId, Region};
use zipster_stack::{Diagnostic, FileError, Files, Inputs, Severity, Source, Stack, read};

/// Files in memory, by the paths that a configuration calls them by.
#[derive(Default)]
pub struct Memory(BTreeMap<String, Vec<u8>>);

impl Memory {
    pub fn with(mut self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.0.insert(path.to_owned(), content.as_ref().to_vec());
        self
    }
}

impl Files for Memory {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        self.0
            .get(path.trim_start_matches("./"))
            .cloned()
            .ok_or(FileError::NotFound)
    }

    fn exists(&self, path: &str) -> Result<bool, FileError> {
        Ok(self.0.contains_key(path.trim_start_matches("./")))
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, FileError> {
        let start = format!("{}/", folder.trim_end_matches('/'));
        let inside = self.0.keys().filter_map(|path| path.strip_prefix(&start));
        match inside.map(str::to_owned).collect::<Vec<_>>() {
            none if none.is_empty() => Err(FileError::NotFound),
            some => Ok(some),
        }
    }

    fn working_folder(&self) -> String {
        "/project/terraform".to_owned()
    }
}

/// A folder on disk.
pub struct Folder(pub PathBuf);

impl Files for Folder {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        fs::read(self.0.join(path)).map_err(|error| FileError::Other(error.to_string()))
    }

    fn exists(&self, path: &str) -> Result<bool, FileError> {
        Ok(self.0.join(path).is_file())
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, FileError> {
        Ok(tf_files(&self.0.join(folder)).into_keys().collect())
    }

    fn working_folder(&self) -> String {
        "/project/terraform".to_owned()
    }
}

/// The names and texts of the `*.tf` files of a folder.
pub fn tf_files(folder: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "tf") {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            files.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
    files
}

pub fn inputs() -> Inputs<'static> {
    let account = AccountId::parse("123456789012").unwrap();
    let region = Region::parse("eu-central-1").unwrap();
    Inputs::new(account, region)
}

/// The problems as a person sees them.
pub fn shown(diagnostics: &[Diagnostic]) -> String {
    let shown: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
    shown.join("\n\n")
}

/// Reads a configuration of one file that has to be right.
#[track_caller]
pub fn read_text(text: &str, inputs: &Inputs<'_>) -> Stack {
    let (stack, diagnostics) = read(vec![Source::new("main.tf", text)], inputs);
    assert!(diagnostics.is_empty(), "{}", shown(&diagnostics));
    stack.unwrap()
}

/// Reads a configuration of one file that has to be wrong.
#[track_caller]
pub fn problems(text: &str, inputs: &Inputs<'_>) -> String {
    let (stack, diagnostics) = read(vec![Source::new("main.tf", text)], inputs);
    assert!(stack.is_none(), "there is a stack");
    assert!(diagnostics.iter().any(|d| d.severity() == Severity::Error));
    shown(&diagnostics)
}
