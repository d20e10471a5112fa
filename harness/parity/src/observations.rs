//! One run of the features, as it looked from outside.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// What was seen, by the name of the thing: `object errors/zips.csv`, `row 59301`.
pub type Facts = BTreeMap<String, String>;

/// What was seen of all scenarios of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observations {
    /// Where it ran: `embedded`, `localstack` or `aws`.
    pub target: String,
    /// How long it took until the first scenario could begin, in milliseconds.
    #[serde(default)]
    pub start_ms: u64,
    /// How long the scenarios took, in milliseconds.
    #[serde(default)]
    pub scenarios_ms: u64,
    /// What was seen, by the scenario's name and line.
    pub scenarios: BTreeMap<String, Facts>,
    /// Scenarios that did not run there, with the reason.
    pub not_run: BTreeMap<String, String>,
}

/// Why a file of this crate's cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system says so.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It holds something else.
    #[error("{} does not hold what it should", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where, and what was expected.
        source: serde_json::Error,
    },
}

impl Observations {
    /// Reads what [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    /// [`ReadError`] naming the file.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        read_json(path)
    }

    /// As JSON, for people too.
    ///
    /// # Panics
    /// Never: names and texts are JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("names and texts are JSON")
    }
}

pub(crate) fn read_json<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T, ReadError> {
    let text = std::fs::read_to_string(path).map_err(|source| ReadError::Io {
        path: path.to_path_buf(),
        source,
    })?;
    serde_json::from_str(&text).map_err(|source| ReadError::Syntax {
        path: path.to_path_buf(),
        source,
    })
}
