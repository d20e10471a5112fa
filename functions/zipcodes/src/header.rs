//! The header row, of an extract or of a load file.

use crate::{column::Column, repr, rows::Row};

/// The names in `row` if they are not the `expected` ones, as far as they are text.
pub(crate) fn check(row: Row<'_>, expected: [&str; Column::COUNT]) -> Result<(), Vec<String>> {
    let values = match row {
        Row::Values(values) if values.exactly() == Some(expected.map(str::as_bytes)) => {
            return Ok(());
        }
        Row::Values(values) | Row::Unterminated(values) => values,
        Row::Blank => return Err(Vec::new()),
    };
    Err(values
        .iter()
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect())
}

/// Names for a message: all of an ordinary header, and the beginning of what is none.
pub(crate) fn list<T: AsRef<str>>(names: &[T]) -> String {
    const MOST: usize = 24;
    let shown: Vec<String> = names
        .iter()
        .take(MOST)
        .map(|name| abbreviated(name.as_ref()))
        .collect();
    let more = match names.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("[{}]{more}", shown.join(", "))
}

/// A name or value for a message, in quotes, and only the beginning of it if it is long.
pub(crate) fn abbreviated(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown = Vec::new();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => repr::write_string(format!("{}...", &text[..end]).as_bytes(), &mut shown),
        None => repr::write_string(text.as_bytes(), &mut shown),
    }
    String::from_utf8(shown).expect("text is shown as text")
}
