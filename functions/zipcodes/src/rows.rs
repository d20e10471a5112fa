//! From chunks of bytes to rows of values: RFC 4180 on top of `csv-core`.
//!
//! `csv-core` does the parsing. What it leaves open is decided here: it skips blank lines, which
//! are rows to us; it takes a byte order mark only if the first chunk holds all of it; it closes an
//! open quote at the end of the file without a word; and it knows no limit. Whatever the chunks, the
//! rows are the same.

use csv_core::ReadRecordResult;

/// The longest row that is read, in bytes of the file, quotes and separators included: 16 MiB.
///
/// Only the current row is held in memory, so this is what bounds it. A file with a longer row is
/// refused as a whole: most likely it is no CSV, or a quote is missing.
pub const MAX_ROW_BYTES: usize = 16 << 20;

/// The most columns that a row may have before its file is refused: about a million.
///
/// A row of 16 MiB of commas would otherwise need many times its size in memory.
pub const MAX_COLUMNS: usize = 1 << 20;

const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// One row of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Row<'a> {
    /// A line with nothing on it.
    Blank,
    /// A row of one or more values.
    Values(Values<'a>),
    /// The file's last row, whose last value's quote is never closed.
    Unterminated(Values<'a>),
}

/// The values of a row, unquoted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Values<'a> {
    bytes: &'a [u8],
    ends: &'a [usize],
}

impl<'a> Values<'a> {
    pub(crate) fn len(self) -> usize {
        self.ends.len()
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = &'a [u8]> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let value = &self.bytes[start..end];
            start = end;
            value
        })
    }

    /// The values, if there are `N` of them.
    pub(crate) fn exactly<const N: usize>(self) -> Option<[&'a [u8]; N]> {
        if self.len() != N {
            return None;
        }
        let mut values = [&[][..]; N];
        for (slot, value) in values.iter_mut().zip(self.iter()) {
            *slot = value;
        }
        Some(values)
    }
}

/// A row that is too large to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RowTooLarge {
    /// The row's number, from 1.
    pub(crate) row: u64,
    pub(crate) limit: Limit,
}

/// Which limit a row exceeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// [`MAX_ROW_BYTES`].
    Bytes,
    /// [`MAX_COLUMNS`].
    Columns,
}

/// Cuts a file into rows, in chunks of any size.
///
/// After an error it is good for nothing: the rest of the row is lost.
#[derive(Debug)]
pub(crate) struct Rows {
    parser: csv_core::Reader,
    /// How many bytes of the byte order mark have been seen; `None` once the file has begun.
    mark: Option<usize>,
    /// The number of the last complete row, from 1.
    number: u64,
    /// Whether a row has begun.
    in_row: bool,
    /// Whether the last row was ended by a CR, to which an LF may belong.
    after_cr: bool,
    /// The current row's length in the file.
    row_bytes: usize,
    /// The current row's values, one after another: the first `len` bytes.
    bytes: Vec<u8>,
    len: usize,
    /// Where the current row's values end: the first `columns` items.
    ends: Vec<usize>,
    columns: usize,
}

impl Rows {
    pub(crate) fn new() -> Self {
        let mut parser = csv_core::Reader::new();
        // A first call ends the parser's own search for a byte order mark. A newline before the
        // first row is skipped, so it leaves no other trace.
        let primed = parser.read_record(b"\n", &mut [0], &mut [0]);
        debug_assert_eq!(primed, (ReadRecordResult::InputEmpty, 1, 0, 0));
        Rows {
            parser,
            mark: Some(0),
            number: 0,
            in_row: false,
            after_cr: false,
            row_bytes: 0,
            bytes: vec![0; 1024],
            len: 0,
            ends: vec![0; 32],
            columns: 0,
        }
    }

    /// Calls `each` with the number and the values of every row that `input` completes.
    pub(crate) fn push<E: From<RowTooLarge>>(
        &mut self,
        mut input: &[u8],
        mut each: impl FnMut(u64, Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        while let (Some(seen), Some(&first)) = (self.mark, input.first()) {
            if first == BYTE_ORDER_MARK[seen] {
                input = &input[1..];
                self.mark = Some(seen + 1).filter(|&seen| seen < BYTE_ORDER_MARK.len());
            } else {
                self.mark = None;
                self.feed(&BYTE_ORDER_MARK[..seen], &mut each)?;
            }
        }
        self.feed(input, &mut each)
    }

    /// Calls `each` with the last row, if no newline has ended it.
    pub(crate) fn finish<E: From<RowTooLarge>>(
        mut self,
        mut each: impl FnMut(u64, Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if let Some(seen) = self.mark.take() {
            self.feed(&BYTE_ORDER_MARK[..seen], &mut each)?;
        }
        if !self.in_row {
            return Ok(());
        }
        // Outside quotes a newline ends the row. Inside it becomes part of the value: that is how
        // we learn what the parser would not tell at the end of the file.
        self.bytes.resize(self.len + 1, 0);
        self.ends.resize(self.columns + 1, 0);
        let (result, _, _, columns) = self.parser.read_record(
            b"\n",
            &mut self.bytes[self.len..],
            &mut self.ends[self.columns..],
        );
        let terminated = result == ReadRecordResult::Record;
        if !terminated {
            debug_assert_eq!(columns, 0);
            self.ends[self.columns] = self.len;
        }
        self.columns += 1;
        self.check_limits()?;
        self.number += 1;
        let row = if terminated {
            Row::Values(self.values())
        } else {
            Row::Unterminated(self.values())
        };
        each(self.number, row)
    }

    fn feed<E: From<RowTooLarge>>(
        &mut self,
        mut input: &[u8],
        each: &mut impl FnMut(u64, Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some(&first) = input.first() {
            if !self.in_row {
                let follows_cr = std::mem::take(&mut self.after_cr);
                if first == b'\n' || first == b'\r' {
                    input = &input[1..];
                    if first == b'\n' && follows_cr {
                        continue;
                    }
                    self.after_cr = first == b'\r';
                    self.number += 1;
                    each(self.number, Row::Blank)?;
                    continue;
                }
                self.in_row = true;
            }
            let (result, read, written, columns) = self.parser.read_record(
                input,
                &mut self.bytes[self.len..],
                &mut self.ends[self.columns..],
            );
            self.row_bytes += read;
            self.len += written;
            self.columns += columns;
            self.check_limits()?;
            match result {
                ReadRecordResult::Record => {
                    self.number += 1;
                    self.after_cr = input[read - 1] == b'\r';
                    each(self.number, Row::Values(self.values()))?;
                    self.in_row = false;
                    self.row_bytes = 0;
                    self.len = 0;
                    self.columns = 0;
                }
                ReadRecordResult::OutputFull => grow(&mut self.bytes, MAX_ROW_BYTES + 1),
                ReadRecordResult::OutputEndsFull => grow(&mut self.ends, MAX_COLUMNS + 1),
                ReadRecordResult::InputEmpty | ReadRecordResult::End => {}
            }
            input = &input[read..];
        }
        Ok(())
    }

    fn values(&self) -> Values<'_> {
        Values {
            bytes: &self.bytes[..self.len],
            ends: &self.ends[..self.columns],
        }
    }

    fn check_limits(&self) -> Result<(), RowTooLarge> {
        let limit = if self.row_bytes > MAX_ROW_BYTES {
            Limit::Bytes
        } else if self.columns > MAX_COLUMNS {
            Limit::Columns
        } else {
            return Ok(());
        };
        Err(RowTooLarge {
            row: self.number + 1,
            limit,
        })
    }
}

/// Doubles a buffer, up to `limit` items.
fn grow<T: Clone + Default>(buffer: &mut Vec<T>, limit: usize) {
    buffer.resize((buffer.len() * 2).min(limit), T::default());
}
