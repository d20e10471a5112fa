//! The project on disk: where `terraform/` is, and its text.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::TargetError;
use crate::files::ProjectFiles;

/// A checkout (or a copy) of a project: the folder that holds `terraform/`.
#[derive(Debug, Clone)]
pub struct Project {
    root: PathBuf,
    /// In the place of `terraform/`.
    terraform: Option<PathBuf>,
}

/// One Terraform file.
#[derive(Debug, Clone)]
pub struct TerraformFile {
    /// As people write it: relative to the project, such as `terraform/roles.tf`.
    pub path: String,
    /// Its text.
    pub text: String,
}

impl Project {
    /// The nearest folder at or above `start` that holds `terraform/` with `.tf` files.
    ///
    /// # Errors
    /// [`TargetError::NoProject`] naming where the search began.
    pub fn find(start: &Path) -> Result<Self, TargetError> {
        start
            .ancestors()
            .find(|folder| has_terraform(&folder.join("terraform")))
            .map(|root| Self {
                root: root.to_path_buf(),
                terraform: None,
            })
            .ok_or_else(|| TargetError::NoProject {
                start: start.to_path_buf(),
            })
    }

    /// The same project with the Terraform files of another folder, to try a change.
    ///
    /// # Errors
    /// [`TargetError::NoTerraform`] if there are none.
    pub fn with_terraform(self, folder: &Path) -> Result<Self, TargetError> {
        if has_terraform(folder) {
            Ok(Self {
                terraform: Some(folder.to_path_buf()),
                ..self
            })
        } else {
            Err(TargetError::NoTerraform {
                folder: folder.to_path_buf(),
            })
        }
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of the Terraform files.
    #[must_use]
    pub fn terraform(&self) -> PathBuf {
        let other = self.terraform.clone();
        other.unwrap_or_else(|| self.root.join("terraform"))
    }

    /// The folder of the numbered SQL files.
    #[must_use]
    pub fn migrations(&self) -> PathBuf {
        self.root.join("migrations")
    }

    /// A function's package, as `cargo lambda` and `cargo zipster package` leave it.
    #[must_use]
    pub fn package(&self, binary: &str) -> PathBuf {
        self.root
            .join("target/lambda")
            .join(binary)
            .join("bootstrap.zip")
    }

    /// The files beside the Terraform configuration, for the stack reader.
    #[must_use]
    pub fn files(&self) -> ProjectFiles {
        ProjectFiles::new(self.terraform())
    }

    /// Where the harness keeps what outlives a run: sessions, copies of error files.
    #[must_use]
    pub fn scratch(&self) -> PathBuf {
        self.root.join("target").join("zipster")
    }

    /// The variable files that Terraform reads by itself, each winning over those before it:
    /// `terraform.tfvars`, `terraform.tfvars.json`, then `*.auto.tfvars` and `*.auto.tfvars.json`
    /// in the order of their names.
    ///
    /// # Errors
    /// [`TargetError::Read`] naming the folder.
    pub fn variable_files(&self) -> Result<Vec<PathBuf>, TargetError> {
        let folder = self.terraform();
        let mut paths = list(&folder).map_err(|source| TargetError::Read {
            path: folder.clone(),
            source,
        })?;
        let plain = ["terraform.tfvars", "terraform.tfvars.json"].map(|name| folder.join(name));
        let rank = |path: &PathBuf| plain.iter().position(|plain| plain == path);
        paths.retain(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let auto = [".auto.tfvars", ".auto.tfvars.json"];
            rank(path).is_some() || auto.iter().any(|end| name.ends_with(end))
        });
        paths.sort_by_key(|path| (rank(path).unwrap_or(plain.len()), path.clone()));
        Ok(paths)
    }

    /// Reads `terraform/*.tf`, in the order of their names.
    ///
    /// # Errors
    /// [`TargetError::Read`] naming the file.
    pub fn terraform_files(&self) -> Result<Vec<TerraformFile>, TargetError> {
        let folder = self.terraform();
        let mut paths = list(&folder).map_err(|source| TargetError::Read {
            path: folder.clone(),
            source,
        })?;
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "tf"));
        paths.sort();
        paths
            .into_iter()
            .map(|path| {
                let text = fs::read_to_string(&path).map_err(|source| TargetError::Read {
                    path: path.clone(),
                    source,
                })?;
                let name = path
                    .file_name()
                    .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
                let shown = match &self.terraform {
                    Some(folder) => folder.join(name).display().to_string(),
                    None => format!("terraform/{name}"),
                };
                Ok(TerraformFile { path: shown, text })
            })
            .collect()
    }
}

fn has_terraform(folder: &Path) -> bool {
    list(folder).is_ok_and(|paths| {
        paths
            .iter()
            .any(|path| path.extension().is_some_and(|extension| extension == "tf"))
    })
}

fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect()
}
