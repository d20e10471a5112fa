//! What a configuration is read against: whose account, which region, which variables and files.

use std::collections::BTreeMap;
use std::fmt;

use zipster_names::{AccountId, Arn, Region};

use crate::Source;

/// All that reading a configuration depends on, besides its own text.
#[derive(Clone)]
pub struct Inputs<'a> {
    /// The account that the stack is for.
    pub account: AccountId,
    /// The region, unless the `provider` block names another.
    pub region: Region,
    /// What variables of the root module are given, each in turn: of two values for the same one,
    /// the later wins, wherever it is from.
    pub(crate) given: Vec<Given>,
    /// What stands in for a database of the stack's own, if the target has one.
    pub database: Option<LocalDatabase>,
    /// The ARNs of secrets that are there already, by their names.
    pub(crate) secrets: BTreeMap<String, Arn>,
    /// Where `file`, `fileexists`, local modules and their like look.
    pub files: &'a dyn Files,
}

/// What gives values to variables of the root module.
#[derive(Clone)]
pub(crate) enum Given {
    /// The text of one value, as the environment or a command line gives it.
    Text {
        name: String,
        text: String,
        /// Whether it is a mistake if there is no such variable.
        meant: bool,
    },
    /// A variable file.
    File(Source),
}

/// The database that the target has, in place of one that AWS would make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalDatabase {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The database's name on its server.
    pub name: String,
    /// The secret with its user and password, as RDS would keep it.
    pub secret_arn: Option<String>,
}

impl Inputs<'static> {
    /// For `account` and `region`, with no variables and no files.
    #[must_use]
    pub fn new(account: AccountId, region: Region) -> Self {
        Self {
            account,
            region,
            given: Vec::new(),
            database: None,
            secrets: BTreeMap::new(),
            files: &NoFiles,
        }
    }
}

impl<'a> Inputs<'a> {
    /// With a value for a variable of the root module, as the environment gives it (`TF_VAR_...`):
    /// where there is no such variable, it is left alone.
    ///
    /// As in Terraform, the text is the value itself for a variable whose type is `string`, `number`
    /// or `bool`, and for one that declares no type; for any other type, `any` among them, it is an
    /// HCL expression.
    #[must_use]
    pub fn with_variable(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.given.push(Given::Text {
            name: name.into(),
            text: text.into(),
            meant: false,
        });
        self
    }

    /// The same, as an option of a command line (`-var`): that there is no such variable is a
    /// mistake.
    #[must_use]
    pub fn with_variable_option(
        mut self,
        name: impl Into<String>,
        text: impl Into<String>,
    ) -> Self {
        self.given.push(Given::Text {
            name: name.into(),
            text: text.into(),
            meant: true,
        });
        self
    }

    /// With a variable file, `*.tfvars` or `*.tfvars.json`.
    #[must_use]
    pub fn with_variable_file(mut self, file: Source) -> Self {
        self.given.push(Given::File(file));
        self
    }

    /// With files to read.
    #[must_use]
    pub fn with_files<'b>(self, files: &'b dyn Files) -> Inputs<'b> {
        Inputs {
            account: self.account,
            region: self.region,
            given: self.given,
            database: self.database,
            secrets: self.secrets,
            files,
        }
    }

    /// With a database that `aws_db_instance` and `aws_instance` resolve to.
    #[must_use]
    pub fn with_database(mut self, database: LocalDatabase) -> Self {
        self.database = Some(database);
        self
    }

    /// With the ARN that Secrets Manager gave the secret of this name: the end of it is chance.
    #[must_use]
    pub fn with_secret(mut self, name: impl Into<String>, arn: Arn) -> Self {
        self.secrets.insert(name.into(), arn);
        self
    }
}

impl fmt::Debug for Inputs<'_> {
    /// Names the variables and files only: any value may be declared sensitive.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let given = self.given.iter().map(|given| match given {
            Given::Text { name, .. } => name,
            Given::File(file) => &file.path,
        });
        f.debug_struct("Inputs")
            .field("account", &self.account)
            .field("region", &self.region)
            .field("given", &given.collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// The files beside a configuration. The reader itself does no I/O.
///
/// Paths come as the configuration spells them: relative ones begin in the folder where Terraform
/// would run, which is the root module's.
pub trait Files {
    /// The bytes of a file.
    ///
    /// # Errors
    /// `NotFound` if there is none, anything else if it cannot be read.
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError>;

    /// Whether there is a regular file at `path`.
    ///
    /// # Errors
    /// If that cannot be told.
    fn exists(&self, path: &str) -> Result<bool, FileError>;

    /// The paths of all regular files below a folder, relative to it, with `/` between their parts.
    ///
    /// # Errors
    /// `NotFound` if there is no such folder, anything else if it cannot be read.
    fn list(&self, folder: &str) -> Result<Vec<String>, FileError>;

    /// The absolute path of the folder where Terraform would run (`path.cwd`).
    fn working_folder(&self) -> String;
}

/// Why a file could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// There is none.
    #[error("no such file")]
    NotFound,
    /// There is one, but.
    #[error("{0}")]
    Other(String),
}

/// No files at all.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _path: &str) -> Result<Vec<u8>, FileError> {
        Err(FileError::NotFound)
    }

    fn exists(&self, _path: &str) -> Result<bool, FileError> {
        Ok(false)
    }

    fn list(&self, _folder: &str) -> Result<Vec<String>, FileError> {
        Err(FileError::NotFound)
    }

    fn working_folder(&self) -> String {
        "/".to_owned()
    }
}
