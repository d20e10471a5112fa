//! The zip code as the load function stores it.

use std::fmt;

/// One accepted row, in its normal form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZipCode {
    /// 5 digits.
    pub zipcode: String,
    /// What kind of delivery the zip code is for.
    pub zipcode_type: ZipCodeType,
    /// Capital letters and spaces; of any length.
    pub city: String,
    /// Two capital letters.
    pub state: String,
    /// Whether the city is the zip code's main one.
    pub location_type: LocationType,
    /// Degrees as a decimal number with 1 to 3 digits before the point and 2 after it.
    ///
    /// Text, because that is how it came and how the database takes a `DECIMAL`: nothing here
    /// calculates with it, so nothing may round it.
    pub latitude: String,
    /// As [`ZipCode::latitude`].
    pub longitude: String,
    /// Capital letters, `-` and spaces; of any length.
    pub location: String,
    /// Whether the zip code is out of use.
    pub decommissioned: bool,
}

/// What kind of delivery a zip code is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ZipCodeType {
    /// An area on the map.
    Standard,
    /// Post office boxes.
    PoBox,
    /// A single large addressee.
    Unique,
}

impl ZipCodeType {
    /// All kinds.
    pub const ALL: [ZipCodeType; 3] = [
        ZipCodeType::Standard,
        ZipCodeType::PoBox,
        ZipCodeType::Unique,
    ];

    /// The kind as files and the database spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            ZipCodeType::Standard => "STANDARD",
            ZipCodeType::PoBox => "PO BOX",
            ZipCodeType::Unique => "UNIQUE",
        }
    }

    pub(crate) fn parse(raw: &[u8]) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str().as_bytes() == raw)
    }
}

impl fmt::Display for ZipCodeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether a city is its zip code's main one. Only main ones are loaded, so there is one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LocationType {
    /// The main one.
    Primary,
}

impl LocationType {
    /// The type as files and the database spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            LocationType::Primary => "PRIMARY",
        }
    }

    pub(crate) fn parse(raw: &[u8]) -> Option<Self> {
        (raw == LocationType::Primary.as_str().as_bytes()).then_some(LocationType::Primary)
    }
}

impl fmt::Display for LocationType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
