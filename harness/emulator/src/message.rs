//! Message attributes: named, typed values beside a message's body, the same for topics and
//! queues.
//!
//! Follows <https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html> and
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>.

use std::collections::BTreeMap;

use bytes::Bytes;

/// All attributes of one message, by name.
pub type MessageAttributes = BTreeMap<String, MessageAttribute>;

/// One attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageAttribute {
    /// `String`, `Number`, `Binary`, or SNS's `String.Array`; the first three may carry a label of
    /// the sender's own, as in `Number.float`.
    pub data_type: String,
    /// The value in the form that the type asks for.
    pub value: AttributeValue,
}

/// A value, in one of the two forms that the protocols carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttributeValue {
    /// `StringValue`: text, and numbers and arrays as text.
    Text(String),
    /// `BinaryValue`, decoded.
    Binary(Bytes),
}

impl MessageAttribute {
    /// The type without the sender's label: `Number` for `Number.float`.
    #[must_use]
    pub fn base_type(&self) -> &str {
        self.data_type.split('.').next().unwrap_or_default()
    }

    /// What the attribute adds to the size of its message, in bytes, its name not counted.
    #[must_use]
    pub fn size(&self) -> usize {
        self.data_type.len()
            + match &self.value {
                AttributeValue::Text(text) => text.len(),
                AttributeValue::Binary(bytes) => bytes.len(),
            }
    }
}

/// What a message counts towards AWS's limit of 256 KiB: its body, and names, types and values of
/// its attributes.
#[must_use]
pub fn size(body: &str, attributes: &MessageAttributes) -> usize {
    body.len()
        + attributes
            .iter()
            .map(|(name, attribute)| name.len() + attribute.size())
            .sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_types_and_values_count_towards_the_size() {
        let attributes = MessageAttributes::from([
            (
                "step".to_owned(),
                MessageAttribute {
                    data_type: "Number.int".to_owned(),
                    value: AttributeValue::Text("12".to_owned()),
                },
            ),
            (
                "raw".to_owned(),
                MessageAttribute {
                    data_type: "Binary".to_owned(),
                    value: AttributeValue::Binary(Bytes::from_static(&[1, 2, 3])),
                },
            ),
        ]);
        assert_eq!(attributes["step"].base_type(), "Number");
        assert_eq!(size("body", &attributes), 4 + (4 + 10 + 2) + (3 + 6 + 3));
    }
}
