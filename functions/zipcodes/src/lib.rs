//! The zip code record and its rules: bytes in, load rows and rejections out.
//!
//! [`Transform`] takes an extract (the CSV file that a user uploads) in chunks of any size and
//! writes two texts: the load file, one line per accepted row, normalised; and the error file,
//! which shows every rejected row and says what is wrong with it. [`load_file::Reader`] reads a
//! load file back into [`ZipCode`]s.
//!
//! Nothing here reads a file, a socket, a clock or the environment, and nothing knows AWS: where
//! the bytes come from and go to is the caller's business. Memory does not grow with the file, only
//! with its longest row, which is limited (see [`MAX_ROW_BYTES`]).
//!
//! # What counts as a row
//!
//! Quoting is that of RFC 4180. A line ends with LF, CRLF or a lone CR. Rows are counted from 1,
//! the header being row 1; a quoted value may hold newlines, so a row may span lines. A line with
//! nothing on it is a row too: it is rejected as blank. The end of the file ends the last row; there
//! is no row after a final newline.
//!
//! As in Python's `csv` module, a quote inside an unquoted value stands for itself, and text after
//! a closing quote belongs to the value. What comes of it is then up to the rules of the column.
//!
//! # What happens to odd files
//!
//! | input | outcome |
//! |---|---|
//! | byte order mark | taken off, once, at the start of the file |
//! | no bytes at all, or a byte order mark alone | [`InputError::NoHeader`] |
//! | header that is not ours | [`InputError::Header`] |
//! | header alone | a load file with its header alone, an empty error file |
//! | blank line | row rejected: `Blank row skipped` |
//! | more or fewer than 9 columns | row rejected: `expected 9 columns, found N` |
//! | bytes that are not UTF-8, NUL bytes | row rejected by the rule of the column; shown as `\udcff`, `\x00` |
//! | quote that is never closed | last row rejected: `the quote in column N is never closed` |
//! | last line without a newline | a row like any other |
//! | row longer than [`MAX_ROW_BYTES`] | [`InputError::RowTooLong`] |
//! | more than [`MAX_COLUMNS`] columns | [`InputError::TooManyColumns`] |

mod column;
mod header;
mod input_error;
pub mod load_file;
mod record;
mod report;
mod repr;
mod rows;
mod transform;

pub use column::Column;
pub use input_error::InputError;
pub use record::{LocationType, ZipCode, ZipCodeType};
pub use rows::{MAX_COLUMNS, MAX_ROW_BYTES};
pub use transform::{Counts, Outputs, Transform};
