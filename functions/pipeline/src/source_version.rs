//! The order of an input's versions.
//!
//! S3 delivers events at least once and in any order, so neither the order of arrival nor the
//! order of processing says which upload of a key is the newer one. A [`SourceVersion`] does: it
//! is a string that sorts, byte by byte, in the order of the uploads. `transform` writes it on the
//! load file, and `load` lets a row replace another only if its version is not the smaller one.

use std::collections::BTreeMap;
use std::fmt;

use time::OffsetDateTime;

use crate::event::Created;

/// User metadata on a load file: the version of the input that it was made from.
pub const SOURCE_VERSION: &str = "source-version";
/// User metadata on a load file: the bucket of the input.
pub const SOURCE_BUCKET: &str = "source-bucket";
/// User metadata on a load file: the key of the input, percent-encoded UTF-8. The load file has the
/// same key; this one is for people, and absent if it is too long for a header.
pub const SOURCE_KEY: &str = "source-key";
/// User metadata on a load file: the entity tag of the input, without quotes.
pub const SOURCE_ETAG: &str = "source-etag";

/// User metadata on a load file: which upload of the input it was made from, see
/// [`Created::upload`].
pub const SOURCE_UPLOAD: &str = "source-upload";

/// Digits of the milliseconds: enough until the year 2286.
const TIME_DIGITS: usize = 13;
/// The sequencer is padded to this length.
const SEQUENCER_DIGITS: usize = 32;
/// The longest version: the database's column is as wide.
const LIMIT: usize = 64;

/// Why a value orders nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// The sequencer of an event has other characters than letters and digits.
    #[error("has other characters than letters and digits")]
    SequencerCharacter,
    /// The sequencer of an event is too long to be compared.
    #[error("is {0} characters long, at most 50 are expected")]
    SequencerTooLong(usize),
    /// A version is not milliseconds, a dash and a sequencer.
    #[error("is not 13 digits, a dash and a sequencer of 32 to 50 capital letters and digits")]
    NotAVersion,
    /// The time is before 1970 or after 2286.
    #[error("is not between the years 1970 and 2286")]
    Time,
}

/// The `sequencer` of an S3 event: hexadecimal digits that grow with each change of a key.
///
/// Two of different length are compared after padding the shorter on the right with zeros.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sequencer(String);

impl Sequencer {
    /// Takes the sequencer of an event. The empty string stands for an event without one, which
    /// S3's documentation allows: then the times alone decide.
    ///
    /// # Errors
    /// [`VersionError`] if it is longer than 50 characters or not made of letters and digits.
    pub fn parse(sequencer: &str) -> Result<Self, VersionError> {
        if !sequencer.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(VersionError::SequencerCharacter);
        }
        if sequencer.len() > LIMIT - TIME_DIGITS - 1 {
            return Err(VersionError::SequencerTooLong(sequencer.len()));
        }
        Ok(Sequencer(sequencer.to_ascii_uppercase()))
    }

    /// The sequencer in capital letters, not padded.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// When an input was uploaded, as a string whose order is the order of uploads:
/// `1700000000000-0055AED6DCD90281E500000000000000`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceVersion(String);

impl SourceVersion {
    /// The version of an object: the later of the event's time and the object's `Last-Modified`,
    /// then the event's sequencer.
    ///
    /// The later of the two, because `Last-Modified` is cut to the second and an event may carry
    /// the time at which it was sent again.
    ///
    /// # Errors
    /// [`VersionError::Time`] if that time is not between 1970 and 2286.
    pub fn new(
        event_time: OffsetDateTime,
        last_modified: Option<OffsetDateTime>,
        sequencer: &Sequencer,
    ) -> Result<Self, VersionError> {
        let time = last_modified.map_or(event_time, |modified| modified.max(event_time));
        Ok(SourceVersion(stamp(time, sequencer)?))
    }

    /// Reads a version back from the metadata of a load file.
    ///
    /// # Errors
    /// [`VersionError::NotAVersion`] if it was not written by [`SourceVersion::new`].
    pub fn parse(version: &str) -> Result<Self, VersionError> {
        let (time, sequencer) = version.split_once('-').ok_or(VersionError::NotAVersion)?;
        let is_time = time.len() == TIME_DIGITS && time.bytes().all(|b| b.is_ascii_digit());
        let is_sequencer = (SEQUENCER_DIGITS..=LIMIT - TIME_DIGITS - 1).contains(&sequencer.len())
            && sequencer
                .bytes()
                .all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
        if is_time && is_sequencer {
            Ok(SourceVersion(version.to_owned()))
        } else {
            Err(VersionError::NotAVersion)
        }
    }

    /// The version as it is compared: at most 64 bytes of ASCII.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What makes one event that event, so that a second delivery of it is recognised.
///
/// The sequencer alone would do on S3. Services that speak its protocol are known to send the same
/// sequencer with every event, so the event's time is part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventIdentity(String);

impl EventIdentity {
    /// The identity of the event with this time and sequencer.
    ///
    /// # Errors
    /// [`VersionError::Time`] if the time is not between 1970 and 2286.
    pub fn new(event_time: OffsetDateTime, sequencer: &Sequencer) -> Result<Self, VersionError> {
        Ok(EventIdentity(stamp(event_time, sequencer)?))
    }

    /// The identity as text: at most 64 bytes of ASCII.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// S3 takes 2 KiB of user metadata, names included; a key longer than this would leave too little.
const KEY_ROOM: usize = 1536;

/// The user metadata of the load file that is made from `created`, whose version is `version`.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>.
pub fn metadata(created: &Created, version: &SourceVersion) -> BTreeMap<String, String> {
    let key = created.key.percent_encoded();
    let mut metadata = BTreeMap::from([
        (SOURCE_VERSION.to_owned(), version.to_string()),
        (SOURCE_BUCKET.to_owned(), created.bucket.to_string()),
        (SOURCE_ETAG.to_owned(), created.etag.to_string()),
        (SOURCE_UPLOAD.to_owned(), created.upload().to_owned()),
    ]);
    if key.len() <= KEY_ROOM {
        metadata.insert(SOURCE_KEY.to_owned(), key);
    }
    metadata
}

fn stamp(time: OffsetDateTime, sequencer: &Sequencer) -> Result<String, VersionError> {
    let milliseconds = time.unix_timestamp_nanos().div_euclid(1_000_000);
    if !(0..10_i128.pow(13)).contains(&milliseconds) {
        return Err(VersionError::Time);
    }
    Ok(format!("{milliseconds:013}-{:0<32}", sequencer.as_str()))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::names::{BucketName, ETag, EncodedKey};

    #[test]
    fn metadata_fits_whatever_the_key_and_the_version() {
        for (key, version_length, has_key) in [
            ("a b.csv".to_owned(), 32, true),
            ("a".repeat(1024), 128, true),
            ("é".repeat(512), 1024, false),
        ] {
            let created = Created {
                bucket: BucketName::parse(&"b".repeat(63)).unwrap(),
                key: EncodedKey::new(key).decode().unwrap(),
                etag: ETag::parse(&"e".repeat(36)).unwrap(),
                version_id: Some("v".repeat(version_length)),
                sequencer: Sequencer::parse("0055AED6DCD90281E5").unwrap(),
                event_time: datetime!(2026-11-23 16:00:00 UTC),
                size: None,
            };
            let metadata = metadata(&created, &created.source_version(None).unwrap());
            assert_eq!(metadata.contains_key(SOURCE_KEY), has_key);
            let size: usize = metadata
                .iter()
                .map(|(name, value)| name.len() + value.len())
                .sum();
            assert!(size <= 2048, "{size}");
        }
    }

    #[track_caller]
    fn version(
        event_time: OffsetDateTime,
        last_modified: Option<OffsetDateTime>,
        sequencer: &str,
    ) -> SourceVersion {
        let sequencer = Sequencer::parse(sequencer).unwrap();
        let version = SourceVersion::new(event_time, last_modified, &sequencer).unwrap();
        assert_eq!(
            SourceVersion::parse(version.as_str()).as_ref(),
            Ok(&version)
        );
        assert!(version.as_str().len() <= 64);
        version
    }

    #[test]
    fn the_formula() {
        let check = |event_time, last_modified, sequencer, expected: &str| {
            assert_eq!(
                version(event_time, last_modified, sequencer).as_str(),
                expected
            );
        };
        let event = datetime!(2023-11-14 22:13:20.123 UTC);
        check(
            event,
            None,
            "0055AED6DCD90281E5",
            "1700000000123-0055AED6DCD90281E500000000000000",
        );
        check(
            event,
            None,
            "0055aed6dcd90281e5",
            "1700000000123-0055AED6DCD90281E500000000000000",
        );
        check(
            event,
            None,
            "",
            "1700000000123-00000000000000000000000000000000",
        );
        let same_second = datetime!(2023-11-14 22:13:20 UTC);
        check(
            event,
            Some(same_second),
            "A",
            "1700000000123-A0000000000000000000000000000000",
        );
        let later = datetime!(2023-11-14 22:13:21 UTC);
        check(
            event,
            Some(later),
            "A",
            "1700000001000-A0000000000000000000000000000000",
        );
        let elsewhere = datetime!(2023-11-15 00:13:20.123 +2);
        check(
            elsewhere,
            None,
            "A",
            "1700000000123-A0000000000000000000000000000000",
        );
        let long_ago = datetime!(1970-01-01 0:00:00.007 UTC);
        check(
            long_ago,
            None,
            "A",
            "0000000000007-A0000000000000000000000000000000",
        );
    }

    #[test]
    fn later_uploads_sort_later() {
        let second = datetime!(2023-11-14 22:13:20 UTC);
        let next = datetime!(2023-11-14 22:13:21 UTC);
        let ordered = [
            version(datetime!(2001-09-09 01:46:39 UTC), None, "FF"),
            version(datetime!(2001-09-09 01:46:40 UTC), None, "00"),
            version(second, None, ""),
            version(second, None, "0055AED6DCD90281E5"),
            version(second, None, "0055AED6DCD90281E501"),
            version(second, None, "0055AED6DCD90281E6"),
            version(second, None, "0055aed6dcd90281e7"),
            version(second, None, "01"),
            version(next, None, "0055AED6DCD90281E5"),
        ];
        for pair in ordered.windows(2) {
            assert!(
                pair[0] < pair[1],
                "{} should sort before {}",
                pair[0],
                pair[1]
            );
        }
    }

    #[test]
    fn what_cannot_be_ordered_is_refused() {
        assert_eq!(
            Sequencer::parse("12-4"),
            Err(VersionError::SequencerCharacter)
        );
        assert_eq!(
            Sequencer::parse(&"0".repeat(51)),
            Err(VersionError::SequencerTooLong(51))
        );
        assert!(Sequencer::parse(&"0".repeat(50)).is_ok());
        let none = Sequencer::default();
        for time in [
            datetime!(1969-12-31 23:59:59.999 UTC),
            datetime!(2286-11-20 17:46:40 UTC),
        ] {
            assert_eq!(
                SourceVersion::new(time, None, &none),
                Err(VersionError::Time)
            );
            assert_eq!(EventIdentity::new(time, &none), Err(VersionError::Time));
        }
        for text in [
            "",
            "1700000000123",
            "1700000000123-00",
            "170000000012-0055AED6DCD90281E500000000000000",
            "17000000000x3-0055AED6DCD90281E500000000000000",
            "1700000000123-0055aed6dcd90281e500000000000000",
            "1700000000123-0055AED6DCD90281E50000000000000000000000000000000000000000",
        ] {
            assert_eq!(
                SourceVersion::parse(text),
                Err(VersionError::NotAVersion),
                "{text}"
            );
        }
    }

    #[test]
    fn an_event_is_told_from_the_next_one_even_if_the_sequencer_never_changes() {
        let constant = Sequencer::parse("0055AED6DCD90281E5").unwrap();
        let identity = |time| EventIdentity::new(time, &constant).unwrap();
        let first = datetime!(2023-11-14 22:13:20.123 UTC);
        assert_eq!(identity(first), identity(first));
        assert_ne!(
            identity(first),
            identity(datetime!(2023-11-14 22:13:20.124 UTC))
        );
    }
}
