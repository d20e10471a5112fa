//! Message attributes in JSON, and what AWS refuses about them.
//!
//! Follows <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_MessageAttributeValue.html>.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::error;
use crate::front::ApiError;
use crate::message::{AttributeValue, MessageAttribute, MessageAttributes};

/// The most attributes that one message may have.
pub(super) const MOST_ATTRIBUTES: usize = 10;

/// The longest name, in characters.
const LONGEST_NAME: usize = 256;

/// An attribute as it was sent.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SentAttribute {
    #[serde(default)]
    data_type: String,
    string_value: Option<String>,
    binary_value: Option<String>,
}

impl SentAttribute {
    /// The text of a `String`.
    pub(super) fn text(&self) -> Option<&str> {
        (self.data_type == "String")
            .then_some(self.string_value.as_deref())
            .flatten()
    }

    /// What it adds to the size of its message, in bytes, its name not counted.
    pub(super) fn size(&self) -> usize {
        let text = self.string_value.as_deref().map_or(0, str::len);
        let binary = self.binary_value.as_deref().map_or(0, |encoded| {
            STANDARD.decode(encoded).map_or(0, |bytes| bytes.len())
        });
        self.data_type.len() + text + binary
    }
}

/// Checks the attributes of one message.
pub(super) fn attributes(
    sent: &BTreeMap<String, SentAttribute>,
) -> Result<MessageAttributes, ApiError> {
    if sent.len() > MOST_ATTRIBUTES {
        return Err(error::parameter(format!(
            "Number of message attributes [{}] exceeds the allowed maximum [{MOST_ATTRIBUTES}].",
            sent.len()
        )));
    }
    sent.iter()
        .map(|(name, attribute)| {
            check_name(name)?;
            let value = MessageAttribute {
                data_type: attribute.data_type.clone(),
                value: value(name, attribute)?,
            };
            Ok((name.clone(), value))
        })
        .collect()
}

fn check_name(name: &str) -> Result<(), ApiError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let lower = name.to_ascii_lowercase();
    let reserved = lower.starts_with("aws.") || lower.starts_with("amazon.");
    let dots = name.starts_with('.') || name.ends_with('.') || name.contains("..");
    let length = name.chars().count();
    if (1..=LONGEST_NAME).contains(&length) && name.chars().all(plain) && !reserved && !dots {
        return Ok(());
    }
    Err(error::parameter(format!(
        "The message (user) attribute name '{name}' is invalid. It can contain alphanumeric \
         characters, hyphens, underscores and single dots inside, must not start with AWS. or \
         Amazon., and can be at most {LONGEST_NAME} characters long."
    )))
}

fn value(name: &str, attribute: &SentAttribute) -> Result<AttributeValue, ApiError> {
    let data_type = &attribute.data_type;
    let base = data_type.split('.').next().unwrap_or_default();
    let empty = || {
        error::parameter(format!(
            "Message (user) attribute '{name}' must contain a non-empty value of type \
             '{data_type}'."
        ))
    };
    match base {
        "String" | "Number" => {
            let text = attribute.string_value.as_deref().unwrap_or_default();
            if text.is_empty() {
                return Err(empty());
            }
            if !is_readable(text) {
                return Err(error::bad_content());
            }
            if base == "Number" && text.trim().parse::<f64>().is_err() {
                return Err(error::parameter(format!(
                    "Can't cast the value of message (user) attribute '{name}' to a number."
                )));
            }
            Ok(AttributeValue::Text(text.to_owned()))
        }
        "Binary" => {
            let text = attribute.binary_value.as_deref().unwrap_or_default();
            let bytes = STANDARD.decode(text).map_err(|_| empty())?;
            if bytes.is_empty() {
                return Err(empty());
            }
            Ok(AttributeValue::Binary(Bytes::from(bytes)))
        }
        _ => Err(error::parameter(format!(
            "The type of message (user) attribute '{name}' is invalid. You must use only the \
             following supported type prefixes: Binary, Number, String."
        ))),
    }
}

/// Whether all characters are those of XML 1.0, which is what SQS carries.
pub(super) fn is_readable(text: &str) -> bool {
    text.chars().all(|c| {
        matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}')
            || c >= '\u{10000}'
    })
}

/// The attributes that `names` asks for: a name, `All`, `.*`, or a prefix as in `zip.*`.
pub(super) fn chosen<'a>(
    attributes: &'a MessageAttributes,
    names: &[String],
) -> Vec<(&'a str, &'a MessageAttribute)> {
    let wanted = |name: &str| {
        names.iter().any(|asked| {
            asked == "All"
                || asked == name
                || asked
                    .strip_suffix(".*")
                    .is_some_and(|prefix| name.starts_with(prefix))
        })
    };
    attributes
        .iter()
        .filter(|(name, _)| wanted(name))
        .map(|(name, attribute)| (name.as_str(), attribute))
        .collect()
}

/// Attributes as receivers get them.
pub(super) fn as_json(attributes: &[(&str, &MessageAttribute)]) -> Value {
    let all: Map<String, Value> = attributes
        .iter()
        .map(|(name, attribute)| {
            let value = match &attribute.value {
                AttributeValue::Text(text) => {
                    json!({"DataType": attribute.data_type, "StringValue": text})
                }
                AttributeValue::Binary(bytes) => {
                    json!({"DataType": attribute.data_type, "BinaryValue": STANDARD.encode(bytes)})
                }
            };
            ((*name).to_owned(), value)
        })
        .collect();
    Value::Object(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, attribute: Value, expected: Option<&str>) {
        let sent = BTreeMap::from([(name.to_owned(), serde_json::from_value(attribute).unwrap())]);
        let refused = attributes(&sent).err();
        assert_eq!(refused.map(|error| error.message).as_deref(), expected);
    }

    #[test]
    fn attributes_need_a_value_of_their_type() {
        check("a", json!({"DataType": "String", "StringValue": "x"}), None);
        check(
            "a",
            json!({"DataType": "Number.int", "StringValue": "7"}),
            None,
        );
        check(
            "a",
            json!({"DataType": "Binary", "BinaryValue": "AgME"}),
            None,
        );
        check(
            "ErrorDetails",
            json!({"DataType": "String", "StringValue": ""}),
            Some(
                "Message (user) attribute 'ErrorDetails' must contain a non-empty value of type \
                 'String'.",
            ),
        );
        check(
            "a",
            json!({"DataType": "Number", "StringValue": "seven"}),
            Some("Can't cast the value of message (user) attribute 'a' to a number."),
        );
        check(
            "a",
            json!({"DataType": "Text", "StringValue": "x"}),
            Some(
                "The type of message (user) attribute 'a' is invalid. You must use only the \
                 following supported type prefixes: Binary, Number, String.",
            ),
        );
    }

    #[test]
    fn attributes_are_chosen_by_name_or_prefix() {
        let text = |value: &str| MessageAttribute {
            data_type: "String".to_owned(),
            value: AttributeValue::Text(value.to_owned()),
        };
        let all = MessageAttributes::from(
            ["General", "Hello", "Help.Me"].map(|name| (name.to_owned(), text("x"))),
        );
        let cases: [(&[&str], &[&str]); 6] = [
            (&[], &[]),
            (&["All"], &["General", "Hello", "Help.Me"]),
            (&[".*"], &["General", "Hello", "Help.Me"]),
            (&["Hel.*"], &["Hello", "Help.Me"]),
            (&["Hello", "None"], &["Hello"]),
            (&["Hel"], &[]),
        ];
        for (names, expected) in cases {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let found: Vec<&str> = chosen(&all, &names).iter().map(|(name, _)| *name).collect();
            assert_eq!(found, expected, "{names:?}");
        }
    }
}
