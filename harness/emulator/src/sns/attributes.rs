//! Message attributes as the query protocol carries them, and what AWS refuses about them.
//!
//! Follows <https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html>.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::error;
use crate::front::ApiError;
use crate::front::query::Params;
use crate::message::{AttributeValue, MessageAttribute, MessageAttributes};

/// The longest name, in bytes.
const LONGEST_NAME: usize = 256;

/// Reads the attributes of a message; `place` is how AWS names the message when a member is
/// missing, such as `publishBatchRequestEntries.1.member.` in a batch.
pub(super) fn read(params: &Params, place: &str) -> Result<MessageAttributes, ApiError> {
    let mut attributes = MessageAttributes::new();
    for entry in params.list("MessageAttributes.entry") {
        let name = entry.get("Name").unwrap_or_default();
        check_name(name)?;
        let data_type = entry
            .get("Value.DataType")
            .filter(|data_type| !data_type.is_empty())
            .ok_or_else(|| {
                error::missing(&format!("{place}messageAttributes.{name}.member.dataType"))
            })?;
        let value = value(
            name,
            data_type,
            entry.get("Value.StringValue"),
            entry.get("Value.BinaryValue"),
        )?;
        let attribute = MessageAttribute {
            data_type: data_type.to_owned(),
            value,
        };
        attributes.insert(name.to_owned(), attribute);
    }
    Ok(attributes)
}

fn check_name(name: &str) -> Result<(), ApiError> {
    if name.is_empty() {
        return Err(error::attribute(
            "The message attribute name must not be empty.",
        ));
    }
    if name.len() > LONGEST_NAME {
        return Err(error::attribute(
            "Length of message attribute name must be less than 256 bytes.",
        ));
    }
    let odd = name
        .chars()
        .find(|c| !c.is_ascii_alphanumeric() && !"-_.".contains(*c));
    if let Some(odd) = odd {
        return Err(error::attribute(format!(
            "Invalid non-alphanumeric character '#x{:X}' was found in the message attribute name. \
             Can only include alphanumeric characters, hyphens, underscores, or dots.",
            u32::from(odd)
        )));
    }
    if name.starts_with('.') {
        return Err(error::attribute(
            "Invalid message attribute name starting with character '.' was found.",
        ));
    }
    if name.ends_with('.') {
        return Err(error::attribute(
            "Invalid message attribute name ending with character '.' was found.",
        ));
    }
    if name.contains("..") {
        return Err(error::attribute(
            "Message attribute name can not have successive '.' character.",
        ));
    }
    Ok(())
}

fn value(
    name: &str,
    data_type: &str,
    text: Option<&str>,
    binary: Option<&str>,
) -> Result<AttributeValue, ApiError> {
    let base = data_type.split('.').next().unwrap_or_default();
    let empty = || {
        error::attribute(format!(
            "The message attribute '{name}' must contain non-empty message attribute value for \
             message attribute type '{data_type}'."
        ))
    };
    let other_field = |field: &str| {
        error::attribute(format!(
            "The message attribute '{name}' with type '{data_type}' must use field '{field}'."
        ))
    };
    let text = text.filter(|text| !text.is_empty());
    let binary = binary.filter(|binary| !binary.is_empty());
    match (base, text, binary) {
        ("String" | "Number", Some(text), _) => {
            if base == "Number" && text.trim().parse::<f64>().is_err() {
                return Err(error::attribute(format!(
                    "Could not cast message attribute '{name}' value to number."
                )));
            }
            Ok(AttributeValue::Text(text.to_owned()))
        }
        ("String" | "Number", None, Some(_)) => Err(other_field("String")),
        ("Binary", None, Some(binary)) => STANDARD
            .decode(binary)
            .map(|bytes| AttributeValue::Binary(Bytes::from(bytes)))
            .map_err(|_| empty()),
        ("Binary", Some(_), _) => Err(other_field("Binary")),
        ("String" | "Number" | "Binary", None, None) => Err(empty()),
        _ => Err(error::attribute(format!(
            "The message attribute '{name}' has an invalid message attribute type, the set of \
             supported type prefixes is Binary, Number, and String."
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(form: &str, expected: Result<&str, &str>) {
        let form = form.replace('~', "MessageAttributes.entry.1.");
        let read = read(&Params::parse(None, form.as_bytes()), "");
        match (read, expected) {
            (Ok(attributes), Ok(name)) => assert!(attributes.contains_key(name), "{form}"),
            (Err(error), Err(message)) => assert_eq!(error.message, message, "{form}"),
            (read, expected) => panic!("{form}: {read:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn attributes_need_a_name_a_type_and_a_value_of_that_type() {
        check(
            "~Name=a&~Value.DataType=String&~Value.StringValue=x",
            Ok("a"),
        );
        check(
            "~Name=a-b_c.d&~Value.DataType=Number.int&~Value.StringValue=-1.5",
            Ok("a-b_c.d"),
        );
        check(
            "~Name=a&~Value.DataType=String.Array&~Value.StringValue=%5B%22x%22%5D",
            Ok("a"),
        );
        check(
            "~Name=a&~Value.DataType=Binary&~Value.BinaryValue=AgME",
            Ok("a"),
        );
        check(
            "~Name=a&~Value.StringValue=x",
            Err(
                "1 validation error detected: Value null at 'messageAttributes.a.member.dataType' \
                 failed to satisfy constraint: Member must not be null",
            ),
        );
        check(
            "~Name=a&~Value.DataType=String&~Value.StringValue=",
            Err(
                "The message attribute 'a' must contain non-empty message attribute value for \
                 message attribute type 'String'.",
            ),
        );
        check(
            "~Name=a&~Value.DataType=Number&~Value.StringValue=one",
            Err("Could not cast message attribute 'a' value to number."),
        );
        check(
            "~Name=a&~Value.DataType=Number&~Value.BinaryValue=AgME",
            Err("The message attribute 'a' with type 'Number' must use field 'String'."),
        );
        check(
            "~Name=a&~Value.DataType=Binary&~Value.StringValue=x",
            Err("The message attribute 'a' with type 'Binary' must use field 'Binary'."),
        );
        check(
            "~Name=a&~Value.DataType=Strings&~Value.StringValue=x",
            Err(
                "The message attribute 'a' has an invalid message attribute type, the set of \
                 supported type prefixes is Binary, Number, and String.",
            ),
        );
    }

    #[test]
    fn names_follow_rules_of_their_own() {
        let typed = "~Value.DataType=String&~Value.StringValue=x";
        let cases = [
            (
                "a^b",
                "Invalid non-alphanumeric character '#x5E' was found in the message attribute \
                 name. Can only include alphanumeric characters, hyphens, underscores, or dots.",
            ),
            (
                ".a",
                "Invalid message attribute name starting with character '.' was found.",
            ),
            (
                "a.",
                "Invalid message attribute name ending with character '.' was found.",
            ),
            (
                "a..b",
                "Message attribute name can not have successive '.' character.",
            ),
        ];
        for (name, message) in cases {
            check(&format!("~Name={name}&{typed}"), Err(message));
        }
        let long = "a".repeat(257);
        check(
            &format!("~Name={long}&{typed}"),
            Err("Length of message attribute name must be less than 256 bytes."),
        );
    }
}
