//! The error file: every rejected row, and what is wrong with it.
//!
//! ```text
//! Row 24  = []
//! Blank row skipped
//! Row 27  = ['06883', 'STANDARD', 'WESTON', 'CT', 'PRIMARY', '41.A2', '-73.37', 'NA-US-CT-WESTON', 'FALSE']
//! '41.A2' is an invalid latitude
//! ```
//!
//! A row's first line shows its values the way Python's `repr` shows a list of strings, those that
//! passed in their normal form. A line per message follows, from left to right. A message quotes
//! the value as it came, newlines and all; so only the first line of a row is sure to be one line.
//!
//! The text is part of our contract: people and scripts read it.

use std::io::Write;

use crate::{column::Column, repr, rows::Values};

/// Reports row `number`, a line with nothing on it.
pub(crate) fn blank(number: u64, out: &mut Vec<u8>) {
    row(number, [], out);
    out.extend_from_slice(b"Blank row skipped\n");
}

/// Reports row `number`, whose values are not nine.
pub(crate) fn wrong_columns(number: u64, values: Values<'_>, out: &mut Vec<u8>) {
    row(number, values.iter(), out);
    append(
        out,
        format_args!(
            "expected {} columns, found {}\n",
            Column::COUNT,
            values.len()
        ),
    );
}

/// Reports row `number`, whose last value has a quote before it and none after it.
pub(crate) fn unterminated(number: u64, values: Values<'_>, out: &mut Vec<u8>) {
    row(number, values.iter(), out);
    append(
        out,
        format_args!("the quote in column {} is never closed\n", values.len()),
    );
}

/// Reports row `number`, with a message for each value that its column does not accept, and
/// returns how many these are.
pub(crate) fn invalid(number: u64, values: [&[u8]; Column::COUNT], out: &mut Vec<u8>) -> u64 {
    let mut normalised = Vec::new();
    let mut ends = [0; Column::COUNT];
    let mut messages = Vec::new();
    let mut errors = 0;
    for ((column, raw), end) in Column::ALL.into_iter().zip(values).zip(&mut ends) {
        if column.accepts(raw) {
            column.write_normalised(raw, &mut normalised);
        } else {
            normalised.extend_from_slice(raw);
            messages.push(b'\'');
            repr::write_raw(raw, &mut messages);
            append(&mut messages, format_args!("' is an invalid {column}\n"));
            errors += 1;
        }
        *end = normalised.len();
    }
    let mut start = 0;
    let shown = ends.map(|end| {
        let value = &normalised[start..end];
        start = end;
        value
    });
    row(number, shown, out);
    out.extend_from_slice(&messages);
    errors
}

fn row<'a>(number: u64, values: impl IntoIterator<Item = &'a [u8]>, out: &mut Vec<u8>) {
    append(out, format_args!("Row {number}  = "));
    repr::write_list(values, out);
    out.push(b'\n');
}

fn append(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text)
        .expect("writing to a vector does not fail");
}
