//! The MD5 sums with which clients check that messages arrived as they were sent.
//!
//! Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html#sqs-attributes-md5-message-digest-calculation>.

use md5::{Digest, Md5};

use crate::message::{AttributeValue, MessageAttribute};

/// The sum of a body.
pub(super) fn body(text: &str) -> String {
    hex::encode(Md5::digest(text.as_bytes()))
}

/// The sum of attributes, which must come sorted by name; `None` if there are none.
pub(super) fn attributes<'a>(
    all: impl IntoIterator<Item = (&'a str, &'a MessageAttribute)>,
) -> Option<String> {
    let mut sum = Md5::new();
    let mut any = false;
    for (name, attribute) in all {
        any = true;
        part(&mut sum, name.as_bytes());
        part(&mut sum, attribute.data_type.as_bytes());
        match &attribute.value {
            AttributeValue::Text(text) => {
                sum.update([1]);
                part(&mut sum, text.as_bytes());
            }
            AttributeValue::Binary(bytes) => {
                sum.update([2]);
                part(&mut sum, bytes);
            }
        }
    }
    any.then(|| hex::encode(sum.finalize()))
}

/// A length of four bytes, and what is so long.
fn part(sum: &mut Md5, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    sum.update(length.to_be_bytes());
    sum.update(bytes);
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[track_caller]
    fn check(all: &[(&str, &str, AttributeValue)], sum: Option<&str>) {
        let all: Vec<_> = all
            .iter()
            .map(|(name, data_type, value)| {
                let attribute = MessageAttribute {
                    data_type: (*data_type).to_owned(),
                    value: value.clone(),
                };
                (*name, attribute)
            })
            .collect();
        let pairs = all.iter().map(|(name, attribute)| (*name, attribute));
        assert_eq!(attributes(pairs).as_deref(), sum);
    }

    fn text(value: &str) -> AttributeValue {
        AttributeValue::Text(value.to_owned())
    }

    /// The sums were answered by AWS.
    #[test]
    fn sums_are_those_of_aws() {
        assert_eq!(body("msg"), "6e2baaf3b97dbeef01c0043275f9a0e7");
        check(&[], None);
        check(
            &[("Hello", "String", text("There"))],
            Some("a311262e065454b75da111d535b8dacd"),
        );
        check(
            &[
                ("General", "String", text("Kenobi")),
                ("Hello", "String", text("There")),
                ("Help.Me", "String", text("Me")),
            ],
            Some("4c360f3fdafd970e05fae2f149d997f5"),
        );
        check(
            &[("attr1", "Number", text("99.12"))],
            Some("d302007e9aa062660afc85fd0a482472"),
        );
        let trace = Bytes::from_static(
            b"traceparent\x1e00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01",
        );
        check(
            &[("attr1", "Binary", AttributeValue::Binary(trace))],
            Some("8cbe4db156db8a94db8b801b7addb984"),
        );
    }
}
