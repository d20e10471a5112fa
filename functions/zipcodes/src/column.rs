//! The nine columns: their names, their rules, their normal form.
//!
//! The rules work on bytes, since all that they accept is ASCII; nothing is decoded to be checked.

use std::fmt;

/// The codes that the state column accepts: the 50 states, Puerto Rico and the armed forces'
/// three (Americas, Europe, Pacific).
const STATES: [[u8; 2]; 54] = [
    *b"AL", *b"AK", *b"AZ", *b"AR", *b"CA", *b"CO", *b"CT", *b"DE", *b"FL", *b"GA", *b"HI", *b"ID",
    *b"IL", *b"IN", *b"IA", *b"KS", *b"KY", *b"LA", *b"ME", *b"MD", *b"MA", *b"MI", *b"MN", *b"MS",
    *b"MO", *b"MT", *b"NE", *b"NV", *b"NH", *b"NJ", *b"NM", *b"NY", *b"NC", *b"ND", *b"OH", *b"OK",
    *b"OR", *b"PA", *b"RI", *b"SC", *b"SD", *b"TN", *b"TX", *b"UT", *b"VT", *b"VA", *b"WA", *b"WV",
    *b"WI", *b"WY", *b"PR", *b"AA", *b"AE", *b"AP",
];

/// [`STATES`] by first and second letter, so that a row costs one look instead of a search.
const IS_STATE: [[bool; 26]; 26] = {
    let mut table = [[false; 26]; 26];
    let mut i = 0;
    while i < STATES.len() {
        let [first, second] = STATES[i];
        table[(first - b'A') as usize][(second - b'A') as usize] = true;
        i += 1;
    }
    table
};

/// A column of the extract and of the load file, in the order of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// 1 to 5 digits, normalised to 5.
    Zipcode,
    /// `STANDARD`, `PO BOX` or `UNIQUE`.
    ZipCodeType,
    /// Capital letters and spaces, at least one.
    City,
    /// The code of one of the 50 states, or `PR`, `AA`, `AE`, `AP`.
    State,
    /// `PRIMARY`.
    LocationType,
    /// Degrees: optional `-`, 1 to 3 digits, a point, 0 to 2 digits, normalised to 2.
    Latitude,
    /// As [`Column::Latitude`].
    Longitude,
    /// Capital letters, `-` and spaces, at least one.
    Location,
    /// `TRUE` or `FALSE`.
    Decommissioned,
}

impl Column {
    /// How many columns there are.
    pub const COUNT: usize = 9;

    /// All columns, from left to right.
    pub const ALL: [Column; Column::COUNT] = [
        Column::Zipcode,
        Column::ZipCodeType,
        Column::City,
        Column::State,
        Column::LocationType,
        Column::Latitude,
        Column::Longitude,
        Column::Location,
        Column::Decommissioned,
    ];

    /// The column's name in messages, in the load file's header and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Column::Zipcode => "zipcode",
            Column::ZipCodeType => "zipcode_type",
            Column::City => "city",
            Column::State => "state",
            Column::LocationType => "location_type",
            Column::Latitude => "latitude",
            Column::Longitude => "longitude",
            Column::Location => "location",
            Column::Decommissioned => "decommissioned",
        }
    }

    /// The column's name in an extract's header.
    pub const fn extract_name(self) -> &'static str {
        match self {
            Column::Zipcode => "Zipcode",
            Column::ZipCodeType => "ZipCodeType",
            Column::City => "City",
            Column::State => "State",
            Column::LocationType => "LocationType",
            Column::Latitude => "Lat",
            Column::Longitude => "Long",
            Column::Location => "Location",
            // So spelled in the files that we are given, with one s.
            Column::Decommissioned => "Decommisioned",
        }
    }

    /// Whether `raw` is a valid value of this column.
    #[inline(always)]
    pub fn accepts(self, raw: &[u8]) -> bool {
        match self {
            Column::Zipcode => matches!(raw.len(), 1..=5) && raw.iter().all(u8::is_ascii_digit),
            Column::ZipCodeType => matches!(raw, b"STANDARD" | b"PO BOX" | b"UNIQUE"),
            Column::City => !raw.is_empty() && all(raw, |b| b.is_ascii_uppercase() | (b == b' ')),
            Column::State => match raw {
                [first @ b'A'..=b'Z', second @ b'A'..=b'Z'] => {
                    IS_STATE[(first - b'A') as usize][(second - b'A') as usize]
                }
                _ => false,
            },
            Column::LocationType => raw == b"PRIMARY",
            Column::Latitude | Column::Longitude => is_degrees(raw),
            Column::Location => {
                !raw.is_empty() && all(raw, |b| b.is_ascii_uppercase() | (b == b'-') | (b == b' '))
            }
            Column::Decommissioned => matches!(raw, b"TRUE" | b"FALSE"),
        }
    }

    /// Appends the normal form of `raw`, a value that the column accepts.
    #[inline(always)]
    pub(crate) fn write_normalised(self, raw: &[u8], out: &mut Vec<u8>) {
        match self {
            Column::Zipcode => {
                out.extend_from_slice(&b"00000"[raw.len().min(5)..]);
                out.extend_from_slice(raw);
            }
            Column::Latitude | Column::Longitude => {
                out.extend_from_slice(raw);
                out.extend_from_slice(&b"00"[decimals(raw).min(2)..]);
            }
            Column::ZipCodeType
            | Column::City
            | Column::State
            | Column::LocationType
            | Column::Location
            | Column::Decommissioned => out.extend_from_slice(raw),
        }
    }

    /// Whether `raw`, a value that the column accepts, is in its normal form.
    pub(crate) fn is_normalised(self, raw: &[u8]) -> bool {
        match self {
            Column::Zipcode => raw.len() == 5,
            Column::Latitude | Column::Longitude => decimals(raw) == 2,
            Column::ZipCodeType
            | Column::City
            | Column::State
            | Column::LocationType
            | Column::Location
            | Column::Decommissioned => true,
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether `test` holds for all bytes. Looks at all of them, since nearly always it does: without
/// a way out of the loop the compiler tests many at once.
fn all(raw: &[u8], test: impl Fn(u8) -> bool) -> bool {
    raw.iter().fold(true, |ok, &b| ok & test(b))
}

/// Optional `-`, 1 to 3 digits, a point, 0 to 2 digits.
fn is_degrees(raw: &[u8]) -> bool {
    let unsigned = raw.strip_prefix(b"-").unwrap_or(raw);
    let Some(point) = unsigned.iter().position(|&b| b == b'.') else {
        return false;
    };
    let (whole, fraction) = (&unsigned[..point], &unsigned[point + 1..]);
    matches!(whole.len(), 1..=3)
        && fraction.len() <= 2
        && whole.iter().all(u8::is_ascii_digit)
        && fraction.iter().all(u8::is_ascii_digit)
}

/// How many digits follow the point of valid degrees.
fn decimals(raw: &[u8]) -> usize {
    raw.iter().rev().take_while(|&&b| b != b'.').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `normalised` is what the value becomes, or `None` if the column must reject it.
    #[track_caller]
    fn check(column: Column, raw: &str, normalised: Option<&str>) {
        check_bytes(column, raw.as_bytes(), normalised);
    }

    #[track_caller]
    fn check_bytes(column: Column, raw: &[u8], normalised: Option<&str>) {
        let shown = raw.escape_ascii();
        let Some(normalised) = normalised else {
            assert!(!column.accepts(raw), "{column} accepts '{shown}'");
            return;
        };
        assert!(column.accepts(raw), "{column} rejects '{shown}'");
        let mut written = Vec::new();
        column.write_normalised(raw, &mut written);
        assert_eq!(written.escape_ascii().to_string(), normalised);
        assert!(column.accepts(&written), "the normal form is valid");
        assert!(column.is_normalised(&written));
        assert_eq!(column.is_normalised(raw), raw == written);
    }

    #[test]
    fn zipcode_is_one_to_five_digits_padded_to_five() {
        for (raw, normalised) in [
            ("7", "00007"),
            ("42", "00042"),
            ("705", "00705"),
            ("6883", "06883"),
            ("06883", "06883"),
            ("00000", "00000"),
            ("99999", "99999"),
        ] {
            check(Column::Zipcode, raw, Some(normalised));
        }
        for raw in [
            "",
            "123456",
            "000001",
            " 705",
            "705 ",
            "7O5",
            "-705",
            "+705",
            "70.5",
            "6883-1234",
            "٧٠٥",
        ] {
            check(Column::Zipcode, raw, None);
        }
    }

    #[test]
    fn zipcode_type_is_one_of_three() {
        for raw in ["STANDARD", "PO BOX", "UNIQUE"] {
            check(Column::ZipCodeType, raw, Some(raw));
        }
        for raw in [
            "",
            "standard",
            "POBOX",
            "PO  BOX",
            "STANDARD ",
            " UNIQUE",
            "MILITARY",
        ] {
            check(Column::ZipCodeType, raw, None);
        }
    }

    #[test]
    fn city_is_capital_letters_and_spaces() {
        for raw in ["A", "WESTON", "NEW YORK", " ", " WESTON "] {
            check(Column::City, raw, Some(raw));
        }
        for raw in [
            "",
            "Weston",
            "ST. LOUIS",
            "O'FALLON",
            "WINSTON-SALEM",
            "29 PALMS",
            "NEW\tYORK",
            "NEW\nYORK",
            "NEW\u{a0}YORK",
            "CAÑON CITY",
            "A\0B",
        ] {
            check(Column::City, raw, None);
        }
        check_bytes(Column::City, b"CA\xd1ON", None);
        check(
            Column::City,
            &"A".repeat(1 << 20),
            Some(&"A".repeat(1 << 20)),
        );
    }

    #[test]
    fn state_is_one_of_fifty_or_puerto_rico_or_the_armed_forces() {
        let expected = "AK AL AR AZ CA CO CT DE FL GA HI IA ID IL IN KS KY LA MA MD ME MI MN MO MS \
                        MT NC ND NE NH NJ NM NV NY OH OK OR PA RI SC SD TN TX UT VA VT WA WI WV WY \
                        PR AA AE AP";
        let expected: Vec<&str> = expected.split(' ').collect();
        assert_eq!(expected.len(), 50 + 4);
        for first in b'A'..=b'Z' {
            for second in b'A'..=b'Z' {
                let code = String::from_utf8(vec![first, second]).unwrap();
                let accepted = expected.contains(&code.as_str()).then_some(code.as_str());
                check(Column::State, &code, accepted);
            }
        }
        for raw in ["", "C", "ct", "Ct", "CT ", " CT", "CTT", "C T", "C[", "@T"] {
            check(Column::State, raw, None);
        }
    }

    #[test]
    fn location_type_is_primary() {
        check(Column::LocationType, "PRIMARY", Some("PRIMARY"));
        for raw in ["", "primary", "PRIMARY ", "ACCEPTABLE", "NOT ACCEPTABLE"] {
            check(Column::LocationType, raw, None);
        }
    }

    #[test]
    fn degrees_are_padded_to_two_decimals() {
        for column in [Column::Latitude, Column::Longitude] {
            for (raw, normalised) in [
                ("41.20", "41.20"),
                ("41.2", "41.20"),
                ("41.", "41.00"),
                ("-73.37", "-73.37"),
                ("-66.3", "-66.30"),
                ("-0.", "-0.00"),
                ("0.0", "0.00"),
                ("007.1", "007.10"),
                ("999.99", "999.99"),
                ("-999.99", "-999.99"),
            ] {
                check(column, raw, Some(normalised));
            }
            for raw in [
                "",
                "-",
                ".",
                "-.",
                "41",
                "-41",
                ".5",
                "-.5",
                "1234.5",
                "41.205",
                "+41.20",
                "--41.2",
                "41.A2",
                "4A.20",
                "41,20",
                "41.2.",
                "41..2",
                " 41.20",
                "41.20 ",
                "4-1.2",
                "41.-2",
                "1e1.2",
                "NaN",
                "٤١.٢٠",
            ] {
                check(column, raw, None);
            }
        }
    }

    #[test]
    fn location_is_capital_letters_hyphens_and_spaces() {
        for raw in ["A", "-", " ", "NA-US-CT-WESTON", "NA-US-NY-NEW YORK"] {
            check(Column::Location, raw, Some(raw));
        }
        for raw in [
            "",
            "na-us",
            "NA_US",
            "NA-US-CT-29",
            "NA–US",
            "NA,US",
            "NA-US\n",
        ] {
            check(Column::Location, raw, None);
        }
    }

    #[test]
    fn decommissioned_is_true_or_false() {
        for raw in ["TRUE", "FALSE"] {
            check(Column::Decommissioned, raw, Some(raw));
        }
        for raw in ["", "true", "True", "FALSE ", "0", "1", "YES"] {
            check(Column::Decommissioned, raw, None);
        }
    }
}
