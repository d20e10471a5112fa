//! From an extract to its load file and its error file.

use crate::{
    column::Column,
    header,
    input_error::InputError,
    load_file, report,
    rows::{Row, Rows},
};

/// What a transform has seen so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows after the header, blank ones included. `accepted + rejected`.
    pub rows_read: u64,
    /// Rows written to the load file.
    pub accepted: u64,
    /// Rows shown in the error file, blank ones included.
    pub rejected: u64,
    /// Messages in the error file: one or more per rejected row.
    pub errors: u64,
}

/// What a transform writes, to be taken out by the caller whenever it likes.
///
/// A transform only ever appends, and never looks at what is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outputs {
    /// The load file: a header, then a line for each accepted row. See [`load_file`].
    pub load: Vec<u8>,
    /// The error file, in UTF-8; empty if every row was accepted.
    pub errors: Vec<u8>,
}

/// Checks and normalises an extract, chunk by chunk.
///
/// The outputs depend on the bytes alone, not on how they are cut into chunks. An output grows by
/// at most some 12 times a chunk and the longest row (if it is not text at all, in the error file),
/// so memory is flat if the outputs are emptied between chunks.
///
/// ```
/// use zipcodes::{Outputs, Transform};
///
/// let mut transform = Transform::new();
/// let mut out = Outputs::default();
/// transform.push(b"Zipcode,ZipCodeType,City,State,LocationType,Lat,Long,Location,Decommis", &mut out)?;
/// transform.push(b"ioned\n705,STANDARD,AIBONITO,PR,PRIMARY,18.1,-66.26,NA-US-PR-AIBONITO,FALSE\n\n", &mut out)?;
/// let counts = transform.finish(&mut out)?;
///
/// assert_eq!((counts.rows_read, counts.accepted, counts.rejected), (2, 1, 1));
/// assert!(out.load.ends_with(b"\n00705,STANDARD,AIBONITO,PR,PRIMARY,18.10,-66.26,NA-US-PR-AIBONITO,FALSE\n"));
/// assert_eq!(out.errors, b"Row 3  = []\nBlank row skipped\n");
/// # Ok::<(), zipcodes::InputError>(())
/// ```
#[derive(Debug)]
pub struct Transform {
    rows: Rows,
    checker: Checker,
    /// The error that ended the transform. It stays ended, whatever is pushed after it.
    failed: Option<InputError>,
}

impl Transform {
    /// A transform that has seen nothing.
    pub fn new() -> Self {
        Transform {
            rows: Rows::new(),
            checker: Checker::default(),
            failed: None,
        }
    }

    /// Takes the next bytes of the extract and appends what they complete to `out`.
    ///
    /// # Errors
    /// What is wrong with the file as a whole, and again on every later call. Rows before the
    /// fault are in `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut Outputs) -> Result<(), InputError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let checker = &mut self.checker;
        self.rows
            .push(bytes, |number, row| checker.row(number, row, out))
            .inspect_err(|error| self.failed = Some(error.clone()))
    }

    /// Takes the end of the extract, which ends its last row if no newline has.
    ///
    /// # Errors
    /// As [`Transform::push`]; and [`InputError::NoHeader`] if there was nothing.
    pub fn finish(mut self, out: &mut Outputs) -> Result<Counts, InputError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.rows
            .finish(|number, row| self.checker.row(number, row, out))?;
        if !self.checker.header_seen {
            return Err(InputError::NoHeader);
        }
        Ok(self.checker.counts)
    }

    /// The counts of all rows so far.
    pub fn counts(&self) -> Counts {
        self.checker.counts
    }
}

impl Default for Transform {
    fn default() -> Self {
        Transform::new()
    }
}

/// What happens to each row.
#[derive(Debug, Default)]
struct Checker {
    header_seen: bool,
    counts: Counts,
}

impl Checker {
    fn row(&mut self, number: u64, row: Row<'_>, out: &mut Outputs) -> Result<(), InputError> {
        if !self.header_seen {
            self.header_seen = true;
            header::check(row, Column::ALL.map(Column::extract_name))
                .map_err(|found| InputError::Header { found })?;
            load_file::write_header(&mut out.load);
            return Ok(());
        }
        self.counts.rows_read += 1;
        let errors = match row {
            Row::Values(values) => match values.exactly() {
                Some(values) if is_valid(values) => {
                    load_file::write_row(values, &mut out.load);
                    self.counts.accepted += 1;
                    return Ok(());
                }
                Some(values) => report::invalid(number, values, &mut out.errors),
                None => {
                    report::wrong_columns(number, values, &mut out.errors);
                    1
                }
            },
            Row::Blank => {
                report::blank(number, &mut out.errors);
                1
            }
            Row::Unterminated(values) => {
                report::unterminated(number, values, &mut out.errors);
                1
            }
        };
        self.counts.rejected += 1;
        self.counts.errors += errors;
        Ok(())
    }
}

fn is_valid(values: [&[u8]; Column::COUNT]) -> bool {
    Column::ALL
        .into_iter()
        .zip(values)
        .all(|(column, raw)| column.accepts(raw))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MAX_COLUMNS, MAX_ROW_BYTES};

    const HEADER: &str =
        "Zipcode,ZipCodeType,City,State,LocationType,Lat,Long,Location,Decommisioned\n";
    const LOAD_HEADER: &str = "zipcode,zipcode_type,city,state,location_type,latitude,longitude,location,decommissioned\n";
    const AIBONITO: &str = "705,STANDARD,AIBONITO,PR,PRIMARY,18.1,-66.,NA-US-PR-AIBONITO,FALSE";
    const AIBONITO_LOADED: &str =
        "00705,STANDARD,AIBONITO,PR,PRIMARY,18.10,-66.00,NA-US-PR-AIBONITO,FALSE\n";
    const WESTON: &str = "06883,PO BOX,WESTON,CT,PRIMARY,41.22,-73.37,NA-US-CT-WESTON,TRUE";
    const WESTON_LOADED: &str =
        "06883,PO BOX,WESTON,CT,PRIMARY,41.22,-73.37,NA-US-CT-WESTON,TRUE\n";

    #[derive(Debug, PartialEq)]
    struct Transformed {
        result: Result<Counts, InputError>,
        out: Outputs,
    }

    fn transform<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Transformed {
        let mut transform = Transform::new();
        let mut out = Outputs::default();
        for chunk in chunks {
            if let Err(error) = transform.push(chunk, &mut out) {
                let after = out.clone();
                assert_eq!(transform.push(b"\n", &mut out), Err(error.clone()));
                assert_eq!(transform.finish(&mut out), Err(error.clone()));
                assert_eq!(out, after, "a failed transform writes nothing more");
                return Transformed {
                    result: Err(error),
                    out,
                };
            }
        }
        let seen = transform.counts();
        let result = transform.finish(&mut out);
        if let Ok(counts) = result {
            assert_eq!(counts.rows_read, counts.accepted + counts.rejected);
            assert!(seen.rows_read <= counts.rows_read);
        }
        Transformed { result, out }
    }

    /// Transforms `input` in one piece, and makes sure that no other way to cut it up matters.
    #[track_caller]
    fn transform_any_chunks(input: &[u8]) -> Transformed {
        let whole = transform([input]);
        for size in 1..input.len().min(100) {
            assert_eq!(
                transform(input.chunks(size)),
                whole,
                "in chunks of {size} bytes"
            );
        }
        for at in 0..input.len() {
            let (before, after) = input.split_at(at);
            assert_eq!(
                transform([before, b"", after]),
                whole,
                "in two chunks, the first of {at} bytes"
            );
        }
        whole
    }

    /// Below the header, `rows` must give the lines of `load` and the text of `errors`.
    #[track_caller]
    fn check(rows: impl AsRef<[u8]>, load: &str, errors: &str) -> Counts {
        check_file(
            [HEADER.as_bytes(), rows.as_ref()].concat(),
            &format!("{LOAD_HEADER}{load}"),
            errors,
        )
    }

    #[track_caller]
    fn check_file(input: impl AsRef<[u8]>, load: &str, errors: &str) -> Counts {
        let Transformed { result, out } = transform_any_chunks(input.as_ref());
        assert_eq!(String::from_utf8(out.load).unwrap(), load);
        assert_eq!(String::from_utf8(out.errors).unwrap(), errors);
        let counts = result.unwrap();
        assert_eq!(counts.accepted, load.lines().count() as u64 - 1);
        counts
    }

    #[track_caller]
    fn check_refused(input: impl AsRef<[u8]>, kind: &str, message: &str) {
        let error = transform_any_chunks(input.as_ref()).result.unwrap_err();
        assert_eq!(error.kind(), kind);
        assert_eq!(error.to_string(), message);
    }

    #[test]
    fn accepted_rows_are_normalised_and_kept_in_order() {
        let counts = check(
            format!("{AIBONITO}\n{WESTON}\n{AIBONITO}\n"),
            &format!("{AIBONITO_LOADED}{WESTON_LOADED}{AIBONITO_LOADED}"),
            "",
        );
        let expected = Counts {
            rows_read: 3,
            accepted: 3,
            rejected: 0,
            errors: 0,
        };
        assert_eq!(counts, expected);
    }

    #[test]
    fn rejected_rows_are_shown_with_a_message_for_each_invalid_value() {
        let counts = check(
            format!(
                "{AIBONITO}\n\
                 \n\
                 ,,,,,,,,\n\
                 6883,STANDARD,WESTON,CT,PRIMARY,41.A2,-73.3,NA-US-CT-WESTON,FALSE\n\
                 {WESTON}\n\
                 6883,standard,WESTON,DC,PRIMARY,41.2,-73.3,NA-US-CT-WESTON,no\n"
            ),
            &format!("{AIBONITO_LOADED}{WESTON_LOADED}"),
            "Row 3  = []\n\
             Blank row skipped\n\
             Row 4  = ['', '', '', '', '', '', '', '', '']\n\
             '' is an invalid zipcode\n\
             '' is an invalid zipcode_type\n\
             '' is an invalid city\n\
             '' is an invalid state\n\
             '' is an invalid location_type\n\
             '' is an invalid latitude\n\
             '' is an invalid longitude\n\
             '' is an invalid location\n\
             '' is an invalid decommissioned\n\
             Row 5  = ['06883', 'STANDARD', 'WESTON', 'CT', 'PRIMARY', '41.A2', '-73.30', \
             'NA-US-CT-WESTON', 'FALSE']\n\
             '41.A2' is an invalid latitude\n\
             Row 7  = ['06883', 'standard', 'WESTON', 'DC', 'PRIMARY', '41.20', '-73.30', \
             'NA-US-CT-WESTON', 'no']\n\
             'standard' is an invalid zipcode_type\n\
             'DC' is an invalid state\n\
             'no' is an invalid decommissioned\n",
        );
        let expected = Counts {
            rows_read: 6,
            accepted: 2,
            rejected: 4,
            errors: 14,
        };
        assert_eq!(counts, expected);
    }

    #[test]
    fn rows_with_another_number_of_columns_are_rejected() {
        check(
            "\"\"\n   \nA\n1,2,3,4,5,6,7,8\n1,2,3,4,5,6,7,8,9,\n\"A,\n\"\"B\",C\n",
            "",
            "Row 2  = ['']\n\
             expected 9 columns, found 1\n\
             Row 3  = ['   ']\n\
             expected 9 columns, found 1\n\
             Row 4  = ['A']\n\
             expected 9 columns, found 1\n\
             Row 5  = ['1', '2', '3', '4', '5', '6', '7', '8']\n\
             expected 9 columns, found 8\n\
             Row 6  = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '']\n\
             expected 9 columns, found 10\n\
             Row 7  = ['A,\\n\"B', 'C']\n\
             expected 9 columns, found 2\n",
        );
    }

    #[test]
    fn quoted_values_are_unquoted_before_they_are_checked() {
        check(
            "\"705\",\"STANDARD\",\"AIBONITO\",\"PR\",\"PRIMARY\",\"18.1\",\"-66.\",\
             \"NA-US-PR-AIBONITO\",\"FALSE\"\n\
             705,STANDARD,\"AIBO\"NITO,PR,PRIMARY,18.1,-66.,NA-US-PR-AIBONITO,\"FALSE\"\n",
            &AIBONITO_LOADED.repeat(2),
            "",
        );
    }

    #[test]
    fn commas_quotes_and_newlines_in_quotes_belong_to_the_value() {
        check(
            format!(
                "705,STANDARD,\"AIBONITO, \"\"PR\"\"\",PR,PRIMARY,18.1,-66.,\"NA\r\nUS\n\",FALSE\n\
                 705,STANDARD,AI\"BONITO,PR,PRIMARY,18.1,-66.,\"O'HARE\",FALSE\n\
                 {WESTON}\n"
            ),
            WESTON_LOADED,
            "Row 2  = ['00705', 'STANDARD', 'AIBONITO, \"PR\"', 'PR', 'PRIMARY', '18.10', \
             '-66.00', 'NA\\r\\nUS\\n', 'FALSE']\n\
             'AIBONITO, \"PR\"' is an invalid city\n\
             'NA\r\nUS\n' is an invalid location\n\
             Row 3  = ['00705', 'STANDARD', 'AI\"BONITO', 'PR', 'PRIMARY', '18.10', '-66.00', \
             \"O'HARE\", 'FALSE']\n\
             'AI\"BONITO' is an invalid city\n\
             'O'HARE' is an invalid location\n",
        );
    }

    #[test]
    fn every_kind_of_line_end_ends_a_row_once() {
        for end in ["\n", "\r\n", "\r"] {
            let input = [HEADER.trim_end(), AIBONITO, "", WESTON, "", ""].join(end);
            check_file(
                input,
                &format!("{LOAD_HEADER}{AIBONITO_LOADED}{WESTON_LOADED}"),
                "Row 3  = []\nBlank row skipped\nRow 5  = []\nBlank row skipped\n",
            );
        }
        check(
            format!("{AIBONITO}\r\r\n\n\r{WESTON}\r\n"),
            &format!("{AIBONITO_LOADED}{WESTON_LOADED}"),
            "Row 3  = []\nBlank row skipped\nRow 4  = []\nBlank row skipped\n\
             Row 5  = []\nBlank row skipped\n",
        );
    }

    #[test]
    fn the_last_row_needs_no_newline() {
        check(AIBONITO, AIBONITO_LOADED, "");
        check(format!("{AIBONITO}\n\""), AIBONITO_LOADED, {
            "Row 3  = ['']\nthe quote in column 1 is never closed\n"
        });
        check("1,", "", {
            "Row 2  = ['1', '']\nexpected 9 columns, found 2\n"
        });
        check("\"\"", "", {
            "Row 2  = ['']\nexpected 9 columns, found 1\n"
        });
        check(AIBONITO.replace("FALSE", "\"FALSE\""), AIBONITO_LOADED, "");
    }

    #[test]
    fn an_open_quote_at_the_end_rejects_the_row_and_shows_all_of_it() {
        check(
            format!("{AIBONITO}\n705,STANDARD,\"AIBONITO,PR\n{WESTON}\n"),
            AIBONITO_LOADED,
            "Row 3  = ['705', 'STANDARD', \
             'AIBONITO,PR\\n06883,PO BOX,WESTON,CT,PRIMARY,41.22,-73.37,NA-US-CT-WESTON,TRUE\\n']\n\
             the quote in column 3 is never closed\n",
        );
        // Nine columns that would all be valid, had the quote been closed.
        check(
            AIBONITO.replace("FALSE", "\"FALSE"),
            "",
            "Row 2  = ['705', 'STANDARD', 'AIBONITO', 'PR', 'PRIMARY', '18.1', '-66.', \
             'NA-US-PR-AIBONITO', 'FALSE']\n\
             the quote in column 9 is never closed\n",
        );
    }

    #[test]
    fn bytes_that_are_not_text_reject_the_row_and_are_shown_escaped() {
        check(
            b"705,STANDARD,CA\xd1ON,PR,PRIMARY,18.1,-66.,NA\0US,FALSE\n\xff\xfe\n",
            "",
            "Row 2  = ['00705', 'STANDARD', 'CA\\udcd1ON', 'PR', 'PRIMARY', '18.10', '-66.00', \
             'NA\\x00US', 'FALSE']\n\
             'CA\\udcd1ON' is an invalid city\n\
             'NA\0US' is an invalid location\n\
             Row 3  = ['\\udcff\\udcfe']\n\
             expected 9 columns, found 1\n",
        );
    }

    #[test]
    fn a_byte_order_mark_is_taken_off_once() {
        let load = format!("{LOAD_HEADER}{AIBONITO_LOADED}");
        check_file(format!("\u{feff}{HEADER}{AIBONITO}"), &load, "");
        check_file(
            format!("\u{feff}\"Zipcode\"{}{AIBONITO}", &HEADER[7..]),
            &load,
            "",
        );
        for start in ["\u{feff}\u{feff}", "\u{fefe}"] {
            let found = transform_any_chunks(format!("{start}{HEADER}").as_bytes()).result;
            let Err(InputError::Header { found }) = found else {
                panic!("{found:?}");
            };
            assert_eq!(
                found[0].strip_suffix("Zipcode"),
                start
                    .chars()
                    .last()
                    .map(|c| c.encode_utf8(&mut [0; 4]).to_owned())
                    .as_deref()
            );
        }
        check(format!("\u{feff}{AIBONITO}"), "", {
            "Row 2  = ['\\ufeff705', 'STANDARD', 'AIBONITO', 'PR', 'PRIMARY', '18.10', '-66.00', \
             'NA-US-PR-AIBONITO', 'FALSE']\n'\u{feff}705' is an invalid zipcode\n"
        });
    }

    #[test]
    fn a_header_alone_gives_a_load_file_without_rows() {
        let counts = check("", "", "");
        assert_eq!(counts, Counts::default());
        check_file(HEADER.trim_end(), LOAD_HEADER, "");
    }

    #[test]
    fn a_file_without_our_header_is_refused() {
        const EXPECTED: &str = "['Zipcode', 'ZipCodeType', 'City', 'State', 'LocationType', \
                                'Lat', 'Long', 'Location', 'Decommisioned']";
        for nothing in ["", "\u{feff}"] {
            check_refused(
                nothing,
                "MissingHeader",
                &format!("the file is empty, expected a header with the columns {EXPECTED}"),
            );
        }
        for (header, found) in [
            ("\n", "[]".to_owned()),
            ("\u{feff}\r\n", "[]".to_owned()),
            (AIBONITO, {
                "['705', 'STANDARD', 'AIBONITO', 'PR', 'PRIMARY', '18.1', '-66.', \
                 'NA-US-PR-AIBONITO', 'FALSE']"
                    .to_owned()
            }),
            (&HEADER.replace("sioned", "ssioned"), {
                EXPECTED.replace("sioned", "ssioned")
            }),
            (&HEADER.to_lowercase(), EXPECTED.to_lowercase()),
            (
                &HEADER.replace(",Long", ""),
                EXPECTED.replace(" 'Long',", ""),
            ),
            (&HEADER.replace("City", "Stadt 'Ü'"), {
                EXPECTED.replace("'City'", "\"Stadt 'Ü'\"")
            }),
            (&HEADER.replace("Decomm", "\"Decomm"), {
                EXPECTED.replace("sioned", "sioned\\n")
            }),
            (&"x".repeat(100), format!("['{}...']", "x".repeat(60))),
            (
                &",".repeat(29),
                format!("[{}] and 6 more", ["''"; 24].join(", ")),
            ),
        ] {
            check_refused(
                header,
                "InvalidHeader",
                &format!("the header has the columns {found}, expected {EXPECTED}"),
            );
        }
        let out = transform([AIBONITO.as_bytes()]).out;
        assert_eq!(out, Outputs::default(), "no half of an output");
    }

    /// Too large for [`transform_any_chunks`]; these cuts are what the buffers could get wrong.
    #[track_caller]
    fn transform_large(rows: &[u8]) -> Transformed {
        let input = [HEADER.as_bytes(), rows].concat();
        let whole = transform([&input[..]]);
        for size in [4095, 4096, 65_536, 1 << 20] {
            assert!(
                transform(input.chunks(size)) == whole,
                "in chunks of {size} bytes"
            );
        }
        whole
    }

    #[test]
    fn a_value_of_a_megabyte_is_a_value() {
        let city = "A".repeat(1 << 20);
        let row = AIBONITO.replace("AIBONITO,PR", &format!("\"{city}\",PR"));
        let loaded = AIBONITO_LOADED.replace("AIBONITO,PR", &format!("{city},PR"));
        let Transformed { result, out } = transform_large(format!("{row}\n{WESTON}\n").as_bytes());
        assert_eq!(result.unwrap().accepted, 2);
        assert!(out.load == format!("{LOAD_HEADER}{loaded}{WESTON_LOADED}").as_bytes());

        let rejected = row.replace("AA\"", "A.\"");
        let Transformed { result, out } =
            transform_large(format!("{rejected}\n{WESTON}").as_bytes());
        assert_eq!(result.unwrap().rejected, 1);
        let errors = String::from_utf8(out.errors).unwrap();
        assert_eq!(errors.matches(&format!("'{}.'", &city[1..])).count(), 2);
    }

    #[test]
    fn a_row_over_the_limit_refuses_the_file_and_names_the_row() {
        let longest = "x".repeat(MAX_ROW_BYTES - 1);
        let Transformed { result, .. } =
            transform_large(format!("{WESTON}\n{longest}\n").as_bytes());
        assert_eq!(result.unwrap().rejected, 1);

        let Transformed { result, out } =
            transform_large(format!("{WESTON}\n{longest}x\n{WESTON}\n").as_bytes());
        let error = result.unwrap_err();
        assert_eq!(error, InputError::RowTooLong { row: 3 });
        assert_eq!(
            error.to_string(),
            "row 3 is longer than 16777216 bytes; is a closing quote missing?"
        );
        assert!(out.errors.is_empty());

        let open_quote = format!("\"{}", "\n".repeat(MAX_ROW_BYTES));
        let Transformed { result, .. } = transform_large(open_quote.as_bytes());
        assert_eq!(result, Err(InputError::RowTooLong { row: 2 }));
    }

    #[test]
    fn too_many_columns_refuse_the_file_and_name_the_row() {
        let most = ",".repeat(MAX_COLUMNS - 1);
        let Transformed { result, .. } = transform_large(format!("{most}\n").as_bytes());
        assert_eq!(result.unwrap().rejected, 1);

        for end in ["\n", ",,,\n", ""] {
            let Transformed { result, .. } = transform_large(format!("{most},{end}").as_bytes());
            let error = result.unwrap_err();
            assert_eq!(error, InputError::TooManyColumns { row: 2 });
            assert_eq!(error.to_string(), "row 2 has more than 1048576 columns");
        }
    }
}
