//! The load file: the accepted rows of an extract, normalised.
//!
//! CSV with a header of our own (`zipcode,zipcode_type,city,...`), LF at the end of every line. No
//! value needs quotes, since no rule lets through a comma, a quote or a newline; hence a row is a
//! line.
//!
//! The [`Reader`] is strict. What does not read back in its normal form was not written by
//! [`Transform`](crate::Transform), and storing it would bypass the rules.

use thiserror::Error;

use crate::{
    column::Column,
    header::{self, abbreviated, list},
    record::{LocationType, ZipCode, ZipCodeType},
    rows::{Limit, MAX_COLUMNS, MAX_ROW_BYTES, Row, RowTooLarge, Rows},
};

/// Appends the first line.
pub(crate) fn write_header(out: &mut Vec<u8>) {
    out.extend_from_slice(Column::ALL.map(Column::name).join(",").as_bytes());
    out.push(b'\n');
}

/// Appends the line of an accepted row.
///
/// Column by column rather than in a loop: the rows of a file differ in little, and a loop would
/// find out nine times a row which column it is at.
pub(crate) fn write_row(values: [&[u8]; Column::COUNT], out: &mut Vec<u8>) {
    let [
        zipcode,
        zipcode_type,
        city,
        state,
        _primary,
        latitude,
        longitude,
        location,
        decommissioned,
    ] = values;
    Column::Zipcode.write_normalised(zipcode, out);
    out.extend_from_slice(match zipcode_type {
        b"STANDARD" => b",STANDARD,",
        b"PO BOX" => b",PO BOX,",
        _ => b",UNIQUE,",
    });
    out.extend_from_slice(city);
    out.push(b',');
    out.extend_from_slice(state);
    out.extend_from_slice(b",PRIMARY,");
    Column::Latitude.write_normalised(latitude, out);
    out.push(b',');
    Column::Longitude.write_normalised(longitude, out);
    out.push(b',');
    out.extend_from_slice(location);
    out.extend_from_slice(match decommissioned {
        b"TRUE" => b",TRUE\n",
        _ => b",FALSE\n",
    });
}

/// Why a load file cannot be loaded: something in it is not as [`Transform`](crate::Transform)
/// writes it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {kind}")]
pub struct LoadFileError {
    /// The line, the header being 1.
    pub line: u64,
    /// What is wrong with it.
    pub kind: LoadFileErrorKind,
}

/// What is wrong with a line of a load file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LoadFileErrorKind {
    /// There is nothing in the file.
    #[error("the file is empty, expected a header with the columns {}", list(&Column::ALL.map(Column::name)))]
    NoHeader,
    /// The first line does not name the columns of a load file.
    #[error("the header has the columns {}, expected {}", list(found), list(&Column::ALL.map(Column::name)))]
    Header {
        /// The columns that the first line names; none if it is blank.
        found: Vec<String>,
    },
    /// A line with nothing on it.
    #[error("the line is blank")]
    Blank,
    /// Too few or too many values.
    #[error("expected {} columns, found {found}", Column::COUNT)]
    Columns {
        /// How many values the line has.
        found: usize,
    },
    /// A value that its column does not accept, or that is not in its normal form.
    #[error("{} is not a normalised {column}", abbreviated(value))]
    Value {
        /// The value's column.
        column: Column,
        /// The value, as far as it is text.
        value: String,
    },
    /// A quote that is still open at the end of the file.
    #[error("a quote is never closed")]
    Unterminated,
    /// A line longer than [`MAX_ROW_BYTES`].
    #[error("the line is longer than {MAX_ROW_BYTES} bytes")]
    TooLong,
    /// A line with more columns than [`MAX_COLUMNS`].
    #[error("the line has more than {MAX_COLUMNS} columns")]
    TooManyColumns,
}

impl From<RowTooLarge> for LoadFileError {
    fn from(RowTooLarge { row, limit }: RowTooLarge) -> Self {
        LoadFileError {
            line: row,
            kind: match limit {
                Limit::Bytes => LoadFileErrorKind::TooLong,
                Limit::Columns => LoadFileErrorKind::TooManyColumns,
            },
        }
    }
}

/// Reads a load file, chunk by chunk.
#[derive(Debug)]
pub struct Reader {
    rows: Rows,
    header_seen: bool,
    failed: Option<LoadFileError>,
}

impl Reader {
    /// A reader that has seen nothing.
    pub fn new() -> Self {
        Reader {
            rows: Rows::new(),
            header_seen: false,
            failed: None,
        }
    }

    /// Takes the next bytes of the load file and appends the zip codes that they complete to `out`.
    ///
    /// # Errors
    /// The first thing that is wrong, and again on every later call. Zip codes before it are in
    /// `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<ZipCode>) -> Result<(), LoadFileError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let header_seen = &mut self.header_seen;
        self.rows
            .push(bytes, |line, row| take(header_seen, line, row, out))
            .inspect_err(|error| self.failed = Some(error.clone()))
    }

    /// Takes the end of the load file, which ends its last line if no newline has.
    ///
    /// # Errors
    /// As [`Reader::push`]; and [`LoadFileErrorKind::NoHeader`] if there was nothing.
    pub fn finish(mut self, out: &mut Vec<ZipCode>) -> Result<(), LoadFileError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.rows
            .finish(|line, row| take(&mut self.header_seen, line, row, out))?;
        if !self.header_seen {
            return Err(LoadFileError {
                line: 1,
                kind: LoadFileErrorKind::NoHeader,
            });
        }
        Ok(())
    }
}

impl Default for Reader {
    fn default() -> Self {
        Reader::new()
    }
}

fn take(
    header_seen: &mut bool,
    line: u64,
    row: Row<'_>,
    out: &mut Vec<ZipCode>,
) -> Result<(), LoadFileError> {
    let result = if *header_seen {
        zip_code(row).map(|zip_code| out.push(zip_code))
    } else {
        *header_seen = true;
        header::check(row, Column::ALL.map(Column::name))
            .map_err(|found| LoadFileErrorKind::Header { found })
    };
    result.map_err(|kind| LoadFileError { line, kind })
}

fn zip_code(row: Row<'_>) -> Result<ZipCode, LoadFileErrorKind> {
    let values = match row {
        Row::Values(values) => values,
        Row::Blank => return Err(LoadFileErrorKind::Blank),
        Row::Unterminated(_) => return Err(LoadFileErrorKind::Unterminated),
    };
    let found = values.len();
    let values: [&[u8]; Column::COUNT] = values
        .exactly()
        .ok_or(LoadFileErrorKind::Columns { found })?;
    for (column, raw) in Column::ALL.into_iter().zip(values) {
        if !(column.accepts(raw) && column.is_normalised(raw)) {
            return Err(not_normalised(column, raw));
        }
    }
    let [
        zipcode,
        zipcode_type,
        city,
        state,
        location_type,
        latitude,
        longitude,
        location,
        decommissioned,
    ] = values;
    let text = |column, raw: &[u8]| {
        String::from_utf8(raw.to_vec()).map_err(|_| not_normalised(column, raw))
    };
    Ok(ZipCode {
        zipcode: text(Column::Zipcode, zipcode)?,
        zipcode_type: ZipCodeType::parse(zipcode_type)
            .ok_or_else(|| not_normalised(Column::ZipCodeType, zipcode_type))?,
        city: text(Column::City, city)?,
        state: text(Column::State, state)?,
        location_type: LocationType::parse(location_type)
            .ok_or_else(|| not_normalised(Column::LocationType, location_type))?,
        latitude: text(Column::Latitude, latitude)?,
        longitude: text(Column::Longitude, longitude)?,
        location: text(Column::Location, location)?,
        decommissioned: decommissioned == b"TRUE",
    })
}

fn not_normalised(column: Column, raw: &[u8]) -> LoadFileErrorKind {
    LoadFileErrorKind::Value {
        column,
        value: String::from_utf8_lossy(raw).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Outputs, Transform};

    const HEADER: &str = "zipcode,zipcode_type,city,state,location_type,latitude,longitude,\
                          location,decommissioned\n";
    const WESTON: &str = "06883,STANDARD,WESTON,CT,PRIMARY,41.22,-73.37,NA-US-CT-WESTON,FALSE\n";

    fn read(file: &[u8], chunk: usize) -> (Result<(), LoadFileError>, Vec<ZipCode>) {
        let mut reader = Reader::new();
        let mut out = Vec::new();
        for chunk in file.chunks(chunk) {
            if let Err(error) = reader.push(chunk, &mut out) {
                assert_eq!(reader.push(b"\n", &mut out), Err(error.clone()));
                assert_eq!(reader.finish(&mut out), Err(error.clone()));
                return (Err(error), out);
            }
        }
        (reader.finish(&mut out), out)
    }

    #[track_caller]
    fn read_any_chunks(file: &str) -> (Result<(), LoadFileError>, Vec<ZipCode>) {
        let whole = read(file.as_bytes(), usize::MAX);
        for chunk in 1..file.len() {
            assert_eq!(read(file.as_bytes(), chunk), whole, "chunks of {chunk}");
        }
        whole
    }

    /// Refused with `message`, after `before` zip codes.
    #[track_caller]
    fn check_refused(file: impl AsRef<str>, before: usize, message: &str) {
        let (result, zip_codes) = read_any_chunks(file.as_ref());
        assert_eq!(result.unwrap_err().to_string(), message);
        assert_eq!(zip_codes.len(), before);
    }

    fn weston() -> ZipCode {
        ZipCode {
            zipcode: "06883".to_owned(),
            zipcode_type: ZipCodeType::Standard,
            city: "WESTON".to_owned(),
            state: "CT".to_owned(),
            location_type: LocationType::Primary,
            latitude: "41.22".to_owned(),
            longitude: "-73.37".to_owned(),
            location: "NA-US-CT-WESTON".to_owned(),
            decommissioned: false,
        }
    }

    #[test]
    fn what_a_transform_writes_reads_back() {
        let mut transform = Transform::new();
        let mut written = Outputs::default();
        let extract = "Zipcode,ZipCodeType,City,State,LocationType,Lat,Long,Location,Decommisioned\n\
                       6883,STANDARD,WESTON,CT,PRIMARY,41.22,-73.37,NA-US-CT-WESTON,FALSE\n\
                       \n\
                       7,PO BOX, ,PR,PRIMARY,-1.,1.5,-,TRUE\n\
                       99999,UNIQUE,A B,AP,PRIMARY,000.00,-999.99,- -,FALSE\n";
        transform.push(extract.as_bytes(), &mut written).unwrap();
        transform.finish(&mut written).unwrap();

        let (result, zip_codes) = read_any_chunks(std::str::from_utf8(&written.load).unwrap());
        result.unwrap();
        let expected = [
            weston(),
            ZipCode {
                zipcode: "00007".to_owned(),
                zipcode_type: ZipCodeType::PoBox,
                city: " ".to_owned(),
                state: "PR".to_owned(),
                latitude: "-1.00".to_owned(),
                longitude: "1.50".to_owned(),
                location: "-".to_owned(),
                decommissioned: true,
                ..weston()
            },
            ZipCode {
                zipcode: "99999".to_owned(),
                zipcode_type: ZipCodeType::Unique,
                city: "A B".to_owned(),
                state: "AP".to_owned(),
                latitude: "000.00".to_owned(),
                longitude: "-999.99".to_owned(),
                location: "- -".to_owned(),
                ..weston()
            },
        ];
        assert_eq!(zip_codes, expected);
    }

    #[test]
    fn a_header_alone_is_a_load_file_without_rows() {
        assert_eq!(read_any_chunks(HEADER), (Ok(()), Vec::new()));
    }

    #[test]
    fn line_ends_and_quotes_are_those_of_any_csv() {
        let file = format!("{HEADER}{WESTON}\"06883\"{}", &WESTON[5..]).replace('\n', "\r\n");
        assert_eq!(
            read_any_chunks(file.trim_end()),
            (Ok(()), vec![weston(), weston()])
        );
    }

    #[test]
    fn a_file_without_the_header_of_a_load_file_is_refused() {
        const EXPECTED: &str = "['zipcode', 'zipcode_type', 'city', 'state', 'location_type', \
                                'latitude', 'longitude', 'location', 'decommissioned']";
        check_refused(
            "",
            0,
            &format!("line 1: the file is empty, expected a header with the columns {EXPECTED}"),
        );
        for (start, found) in [
            ("\n", "[]"),
            ("Zipcode,ZipCodeType\n", "['Zipcode', 'ZipCodeType']"),
            ("\"zipcode", "['zipcode']"),
        ] {
            check_refused(
                start,
                0,
                &format!("line 1: the header has the columns {found}, expected {EXPECTED}"),
            );
        }
    }

    #[test]
    fn a_line_that_no_transform_writes_is_refused_by_line_and_column() {
        for (line, message) in [
            ("\n", "the line is blank"),
            ("06883\n", "expected 9 columns, found 1"),
            (&WESTON.replace('\n', ",\n"), "expected 9 columns, found 10"),
            (
                &WESTON.replace("FALSE", "\"FALSE"),
                "a quote is never closed",
            ),
            (
                &WESTON.replace("06883", "6883"),
                "'6883' is not a normalised zipcode",
            ),
            (&WESTON.replace("STANDARD", "MILITARY"), {
                "'MILITARY' is not a normalised zipcode_type"
            }),
            (
                &WESTON.replace("WESTON,", "Weston,"),
                "'Weston' is not a normalised city",
            ),
            (
                &WESTON.replace(",CT,", ",DC,"),
                "'DC' is not a normalised state",
            ),
            (
                &WESTON.replace("PRIMARY", ""),
                "'' is not a normalised location_type",
            ),
            (
                &WESTON.replace("41.22", "41.2"),
                "'41.2' is not a normalised latitude",
            ),
            (
                &WESTON.replace("-73.37", "-73."),
                "'-73.' is not a normalised longitude",
            ),
            (&WESTON.replace("NA-US", "NA_US"), {
                "'NA_US-CT-WESTON' is not a normalised location"
            }),
            (
                &WESTON.replace("FALSE", "FALS"),
                "'FALS' is not a normalised decommissioned",
            ),
        ] {
            check_refused(
                format!("{HEADER}{WESTON}{line}"),
                1,
                &format!("line 3: {message}"),
            );
        }
    }

    #[test]
    fn a_file_cut_off_in_a_line_is_refused() {
        for end in 0..WESTON.len() - 1 {
            let (result, zip_codes) = read(format!("{HEADER}{}", &WESTON[..end]).as_bytes(), 64);
            assert!(zip_codes.is_empty());
            assert_eq!(result.is_ok(), end == 0, "cut off after {end} bytes");
        }
    }

    #[test]
    fn a_line_over_the_limit_is_refused() {
        let file = format!("{HEADER}{}", "x".repeat(MAX_ROW_BYTES + 1));
        let (result, _) = read(file.as_bytes(), 65_536);
        let error = result.unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 2: the line is longer than 16777216 bytes"
        );
        let file = format!("{HEADER}{}", ",".repeat(MAX_COLUMNS + 1));
        let (result, _) = read(file.as_bytes(), 65_536);
        let error = result.unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 2: the line has more than 1048576 columns"
        );
    }
}
