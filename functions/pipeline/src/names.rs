//! The names that arrive from outside, parsed once: buckets, keys, entity tags, topics.
//!
//! The full naming rules of AWS are left to AWS: a name that it gave away is taken as it is, and
//! only what would break a request or a notice is refused here.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// The most bytes that S3 allows for a key, as UTF-8.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>.
pub const KEY_LIMIT: usize = 1024;

/// Why a name is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The value is empty.
    #[error("is empty")]
    Empty,
    /// The value is longer than AWS allows.
    #[error("is {length} bytes long, at most {limit} are allowed")]
    TooLong {
        /// Length found, in bytes.
        length: usize,
        /// Length allowed, in bytes.
        limit: usize,
    },
    /// A `%` of an encoded key is not followed by two hexadecimal digits.
    #[error("has a '%' that is not followed by two hexadecimal digits at byte {at}")]
    Escape {
        /// Where the `%` stands, counted from 0.
        at: usize,
    },
    /// A decoded key is not UTF-8.
    #[error("is not UTF-8 once decoded")]
    NotUtf8,
    /// A bucket's name has a character that no bucket's name has.
    #[error("has the character {0:?}, which no bucket's name has")]
    BucketCharacter(char),
    /// A topic's ARN does not look like one.
    #[error("is not the ARN of an SNS topic (arn:aws:sns:REGION:ACCOUNT:NAME)")]
    NotATopic,
    /// An entity tag has a character that would break the `If-Match` header.
    #[error("has the character {0:?}, which no entity tag has")]
    TagCharacter(char),
}

/// The name of a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BucketName(String);

impl BucketName {
    /// Takes a bucket's name from an event or a setting.
    ///
    /// # Errors
    /// [`NameError`] if it is empty, longer than 63 bytes, or has a character other than letters,
    /// digits, `.`, `-` and `_` (old buckets have capital letters and underscores).
    pub fn parse(name: &str) -> Result<Self, NameError> {
        within(name, 63)?;
        let odd = |c: &char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
        match name.chars().find(odd) {
            Some(c) => Err(NameError::BucketCharacter(c)),
            None => Ok(BucketName(name.to_owned())),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A key as an S3 event spells it: form-encoded, a space as `+`, anything unusual as `%XX`.
///
/// No request takes this spelling; [`EncodedKey::decode`] is the only way to an [`ObjectKey`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedKey(String);

impl EncodedKey {
    /// Takes the key of an event, still encoded.
    pub fn new(encoded: impl Into<String>) -> Self {
        EncodedKey(encoded.into())
    }

    /// The key that the event means.
    ///
    /// # Errors
    /// [`NameError`] if an escape is cut short, if the result is not UTF-8, is empty, or is longer
    /// than [`KEY_LIMIT`].
    pub fn decode(&self) -> Result<ObjectKey, NameError> {
        let bytes = self.0.as_bytes();
        for (at, _) in self.0.match_indices('%') {
            let digits = bytes.get(at + 1..at + 3);
            if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
                return Err(NameError::Escape { at });
            }
        }
        let spaced = self.0.replace('+', " ");
        let key = percent_decode_str(&spaced)
            .decode_utf8()
            .map_err(|_| NameError::NotUtf8)?;
        within(&key, KEY_LIMIT)?;
        Ok(ObjectKey(key.into_owned()))
    }
}

/// The key of an object, decoded: what a request names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey(String);

/// What stays readable when a key travels in a header.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'.')
    .remove(b'-')
    .remove(b'_')
    .remove(b'~');

impl ObjectKey {
    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key as a header may carry it: its UTF-8 percent-encoded, `/` kept, a space as `%20`.
    pub fn percent_encoded(&self) -> String {
        utf8_percent_encode(&self.0, KEPT).to_string()
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An entity tag without its quotes, however it was spelled: an event writes it bare, a response
/// quoted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ETag(String);

impl ETag {
    /// Takes an entity tag, with or without quotes.
    ///
    /// # Errors
    /// [`NameError`] if nothing is left between the quotes, or if it cannot stand in a header.
    pub fn parse(tag: &str) -> Result<Self, NameError> {
        let bare = tag
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .unwrap_or(tag);
        within(bare, 128)?;
        match bare.chars().find(|c| !c.is_ascii_graphic() || *c == '"') {
            Some(c) => Err(NameError::TagCharacter(c)),
            None => Ok(ETag(bare.to_owned())),
        }
    }

    /// The tag without quotes, as an event spells it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The tag as the `If-Match` header wants it.
    pub fn quoted(&self) -> String {
        format!("\"{}\"", self.0)
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The ARN of an SNS topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicArn(String);

impl TopicArn {
    /// Takes a topic's ARN from a setting.
    ///
    /// # Errors
    /// [`NameError`] if it is not `arn:PARTITION:sns:REGION:ACCOUNT:NAME`.
    pub fn parse(arn: &str) -> Result<Self, NameError> {
        within(arn, 2048)?;
        let parts: Vec<&str> = arn.split(':').collect();
        match parts.as_slice() {
            ["arn", partition, "sns", region, account, name]
                if ![partition, region, account, name]
                    .iter()
                    .any(|part| part.is_empty()) =>
            {
                Ok(TopicArn(arn.to_owned()))
            }
            _ => Err(NameError::NotATopic),
        }
    }

    /// The ARN as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TopicArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn within(value: &str, limit: usize) -> Result<(), NameError> {
    match value.len() {
        0 => Err(NameError::Empty),
        length if length > limit => Err(NameError::TooLong { length, limit }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn decodes(encoded: &str, expected: &str) {
        let decoded = EncodedKey::new(encoded).decode();
        assert_eq!(decoded.as_ref().map(ObjectKey::as_str), Ok(expected));
    }

    #[track_caller]
    fn refused(encoded: &str, expected: &NameError) {
        assert_eq!(EncodedKey::new(encoded).decode().as_ref(), Err(expected));
    }

    #[test]
    fn an_encoded_key_is_a_form_field() {
        decodes("zipcodes.csv", "zipcodes.csv");
        decodes("a+file/with+spaces.csv", "a file/with spaces.csv");
        decodes("one%2Btwo.csv", "one+two.csv");
        decodes("100%25.csv", "100%.csv");
        decodes("z%C3%BCrich.csv", "zürich.csv");
        decodes("z%c3%bcrich.csv", "zürich.csv");
        decodes("zürich.csv", "zürich.csv");
        decodes("%F0%9F%93%AE.csv", "📮.csv");
        decodes("folder%2Ffile", "folder/file");
        decodes("%01", "\u{1}");
    }

    #[test]
    fn a_broken_key_is_refused() {
        refused("", &NameError::Empty);
        refused("100%", &NameError::Escape { at: 3 });
        refused("100%2", &NameError::Escape { at: 3 });
        refused("%2B%zz", &NameError::Escape { at: 3 });
        refused("%+1", &NameError::Escape { at: 0 });
        refused("%é", &NameError::Escape { at: 0 });
        refused("%FF", &NameError::NotUtf8);
        decodes(&"x".repeat(1024), &"x".repeat(1024));
        let too_long = NameError::TooLong {
            length: 1025,
            limit: 1024,
        };
        refused(&"x".repeat(1025), &too_long);
    }

    #[test]
    fn a_key_travels_in_a_header_and_back() {
        for key in ["a b+c.csv", "zürich/📮.csv", "100%.csv", "~tilde_-.", "\n"] {
            let key = ObjectKey(key.to_owned());
            let encoded = key.percent_encoded();
            assert!(
                encoded.bytes().all(|b| b.is_ascii_graphic() && b != b'+'),
                "{encoded}"
            );
            assert_eq!(EncodedKey::new(encoded).decode(), Ok(key));
        }
    }

    #[test]
    fn a_tag_is_the_same_with_and_without_quotes() {
        let bare = ETag::parse("d41d8cd98f00b204e9800998ecf8427e-2").unwrap();
        let quoted = ETag::parse("\"d41d8cd98f00b204e9800998ecf8427e-2\"").unwrap();
        assert_eq!(bare, quoted);
        assert_eq!(bare.quoted(), "\"d41d8cd98f00b204e9800998ecf8427e-2\"");
        assert_eq!(ETag::parse("\"\""), Err(NameError::Empty));
        assert_eq!(ETag::parse("a\r\nb"), Err(NameError::TagCharacter('\r')));
    }

    #[test]
    fn buckets_and_topics() {
        assert!(BucketName::parse("zipster-input-123456789012").is_ok());
        assert_eq!(BucketName::parse(""), Err(NameError::Empty));
        assert_eq!(
            BucketName::parse("a/b"),
            Err(NameError::BucketCharacter('/'))
        );
        assert!(TopicArn::parse("arn:aws:sns:eu-central-1:123456789012:zipster-load").is_ok());
        assert!(TopicArn::parse("arn:aws-cn:sns:cn-north-1:123456789012:zipster-load").is_ok());
        for wrong in [
            "zipster-load",
            "arn:aws:sqs:eu-central-1:123456789012:zipster-load",
            "arn:aws:sns:eu-central-1:123456789012:",
            "arn:aws:sns:eu-central-1:123456789012:topic:subscription",
        ] {
            assert_eq!(TopicArn::parse(wrong), Err(NameError::NotATopic), "{wrong}");
        }
    }
}
