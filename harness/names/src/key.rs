//! Object keys, plain and as S3's events spell them.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::text::{checked_text, is_its_text};
use crate::{Arn, BucketName, NameError, Partition};

checked_text!(
    /// The key of an object: 1 to 1024 bytes of UTF-8.
    ///
    /// A `/` means nothing to S3. Every character is allowed here, as it is there, even those that
    /// the page below advises against.
    ObjectKey,
    "an object key",
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html",
    length_in_bytes
);

fn length_in_bytes(text: &str) -> Result<(), String> {
    if (1..=1024).contains(&text.len()) {
        Ok(())
    } else {
        Err(format!("it must have 1 to 1024 bytes, not {}", text.len()))
    }
}

impl ObjectKey {
    /// The key as S3 writes it into an event.
    #[must_use]
    pub fn encode(&self) -> EncodedKey {
        let text = utf8_percent_encode(self.as_str(), ENCODED)
            .to_string()
            .replace("%20", "+");
        EncodedKey {
            text,
            key: self.clone(),
        }
    }

    /// The ARN of the object with this key in `bucket`.
    #[must_use]
    pub fn arn(&self, partition: Partition, bucket: &BucketName) -> Arn {
        Arn::object(partition, bucket, self)
    }
}

/// What S3 escapes: all but letters, digits, `.`, `-`, `*`, `_` (as in an HTML form) and `/`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'.')
    .remove(b'-')
    .remove(b'*')
    .remove(b'_')
    .remove(b'/');

/// An object's key as it stands in an S3 event: encoded the way an HTML form is.
///
/// `in/sp ace+ü.csv` is `in/sp+ace%2B%C3%BC.csv`. Only decoding yields an [`ObjectKey`], so that
/// an event's key cannot be used as a key by mistake.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>.
#[derive(Clone)]
pub struct EncodedKey {
    text: String,
    key: ObjectKey,
}

impl EncodedKey {
    /// Checks that `text` decodes to an object key, and keeps both.
    ///
    /// Characters that S3 would have escaped are taken for themselves: other senders of such
    /// events escape less.
    ///
    /// # Errors
    /// If a `%` is not followed by two hexadecimal digits, or if what was encoded is no UTF-8 or
    /// no object key.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let broken = |rule: &str| {
            NameError::new(
                "an encoded object key",
                "https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html",
                text,
                rule,
            )
        };
        let bytes = text.as_bytes();
        let escapes_are_whole = bytes.iter().enumerate().all(|(at, &byte)| {
            byte != b'%'
                || matches!(bytes.get(at + 1..at + 3), Some(digits) if digits.iter().all(u8::is_ascii_hexdigit))
        });
        if !escapes_are_whole {
            return Err(broken("a % must be followed by two hexadecimal digits"));
        }
        let spaced = text.replace('+', " ");
        let decoded = percent_decode_str(&spaced)
            .decode_utf8()
            .map_err(|_| broken("the bytes that it encodes must be UTF-8"))?;
        let key = ObjectKey::parse(&decoded).map_err(|error| broken(error.rule()))?;
        Ok(Self {
            text: text.to_owned(),
            key,
        })
    }

    /// The text as it stands in the event.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The key that it encodes.
    #[must_use]
    pub fn decode(&self) -> &ObjectKey {
        &self.key
    }
}

impl From<EncodedKey> for ObjectKey {
    fn from(encoded: EncodedKey) -> Self {
        encoded.key
    }
}

is_its_text!(EncodedKey);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::tests::check;

    #[test]
    fn a_key_has_1_to_1024_bytes() {
        let two_bytes_each = "ü".repeat(512);
        let cases = [
            ("a", None),
            ("in/sp ace+ü.csv", None),
            ("/", None),
            ("a//b/../c", None),
            ("\n", None),
            (two_bytes_each.as_str(), None),
            ("", Some("it must have 1 to 1024 bytes, not 0")),
            (
                &format!("{two_bytes_each}a"),
                Some("it must have 1 to 1024 bytes, not 1025"),
            ),
        ];
        for (text, rule) in cases {
            check(ObjectKey::parse, text, rule);
        }
    }

    #[track_caller]
    fn both_ways(plain: &str, encoded: &str) {
        let key = ObjectKey::parse(plain).unwrap();
        assert_eq!(key.encode(), encoded);
        assert_eq!(EncodedKey::parse(encoded).unwrap().decode(), &key);
    }

    #[test]
    fn events_spell_keys_the_way_of_html_forms() {
        both_ways("in/sp ace+ü.csv", "in/sp+ace%2B%C3%BC.csv");
        both_ways("plain/a-b_c.d*e", "plain/a-b_c.d*e");
        both_ways("100%", "100%25");
        both_ways("a&b=c;d:e@f", "a%26b%3Dc%3Bd%3Ae%40f");
        both_ways("~(x)!'\"", "%7E%28x%29%21%27%22");
        both_ways("zip\u{1f4e6}", "zip%F0%9F%93%A6");
        both_ways("tab\tnew\nline", "tab%09new%0Aline");
        both_ways(" ", "+");
        both_ways("%20", "%2520");
    }

    #[test]
    fn decoding_takes_what_other_senders_write() {
        let cases = [
            ("a%20b", "a b"),
            ("%c3%bc", "ü"),
            ("ü(1)~", "ü(1)~"),
            ("a%2Fb", "a/b"),
        ];
        for (encoded, plain) in cases {
            assert_eq!(EncodedKey::parse(encoded).unwrap().decode(), plain);
        }
    }

    #[test]
    fn what_does_not_decode_is_refused() {
        let digits = Some("a % must be followed by two hexadecimal digits");
        let cases = [
            ("%", digits),
            ("a%2", digits),
            ("%zz", digits),
            ("%+1", digits),
            ("%é", digits),
            ("%FF", Some("the bytes that it encodes must be UTF-8")),
            ("", Some("it must have 1 to 1024 bytes, not 0")),
        ];
        for (text, rule) in cases {
            check(EncodedKey::parse, text, rule);
        }
    }
}
