//! Why an extract cannot be transformed at all.

use thiserror::Error;

use crate::{
    column::Column,
    header::list,
    rows::{Limit, MAX_COLUMNS, MAX_ROW_BYTES, RowTooLarge},
};

/// Why an extract cannot be transformed at all.
///
/// The fault is in the file, so trying again does not help. What was written before must not be
/// used: rows may be missing from it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InputError {
    /// There is nothing in the file.
    #[error("the file is empty, expected a header with the columns {}", list(&Column::ALL.map(Column::extract_name)))]
    NoHeader,
    /// The first row does not name our columns.
    #[error("the header has the columns {}, expected {}", list(found), list(&Column::ALL.map(Column::extract_name)))]
    Header {
        /// The columns that the first row names; none if it is blank.
        found: Vec<String>,
    },
    /// A row is longer than [`MAX_ROW_BYTES`].
    #[error("row {row} is longer than {MAX_ROW_BYTES} bytes; is a closing quote missing?")]
    RowTooLong {
        /// The row's number, the header being 1.
        row: u64,
    },
    /// A row has more columns than [`MAX_COLUMNS`].
    #[error("row {row} has more than {MAX_COLUMNS} columns")]
    TooManyColumns {
        /// The row's number, the header being 1.
        row: u64,
    },
}

impl InputError {
    /// The name of the kind of error, for programs: it stays the same when the message changes.
    pub const fn kind(&self) -> &'static str {
        match self {
            InputError::NoHeader => "MissingHeader",
            InputError::Header { .. } => "InvalidHeader",
            InputError::RowTooLong { .. } => "RowTooLong",
            InputError::TooManyColumns { .. } => "TooManyColumns",
        }
    }
}

impl From<RowTooLarge> for InputError {
    fn from(RowTooLarge { row, limit }: RowTooLarge) -> Self {
        match limit {
            Limit::Bytes => InputError::RowTooLong { row },
            Limit::Columns => InputError::TooManyColumns { row },
        }
    }
}
