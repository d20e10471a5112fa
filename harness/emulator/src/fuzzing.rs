//! Ways in for `harness/fuzz`, to what only the emulator itself uses. Nothing may panic, and what is
//! understood once is understood again.

use bytes::Bytes;
use serde_json::Value;

use crate::lambda::event_source::filter::Pattern as RecordPattern;
use crate::logs::pattern::Pattern as LogPattern;
use crate::message::{AttributeValue, MessageAttribute, MessageAttributes};
use crate::sns::filter::{FilterPolicy, Scope};

/// A filter policy, asked about a message with this body, whose text members are its attributes.
///
/// # Panics
/// If a policy's own text is no policy.
pub fn sns(filter: &str, body: &str) {
    let members: Value = serde_json::from_str(body).unwrap_or_default();
    let mut attributes = MessageAttributes::new();
    for (name, member) in members.as_object().into_iter().flatten() {
        let (data_type, value) = match member {
            Value::String(text) => ("String", AttributeValue::Text(text.clone())),
            Value::Number(number) => ("Number", AttributeValue::Text(number.to_string())),
            Value::Array(_) => ("String.Array", AttributeValue::Text(member.to_string())),
            Value::Object(_) => ("Number", AttributeValue::Text(member.to_string())),
            Value::Null | Value::Bool(_) => ("Binary", AttributeValue::Binary(Bytes::new())),
        };
        let data_type = data_type.to_owned();
        attributes.insert(name.clone(), MessageAttribute { data_type, value });
    }
    for scope in [Scope::MessageAttributes, Scope::MessageBody] {
        if let Ok(Some(policy)) = FilterPolicy::parse(filter, scope) {
            policy.matches(scope, body, &attributes);
            let again = FilterPolicy::parse(policy.text(), scope);
            assert_eq!(again.ok().flatten(), Some(policy));
        }
    }
}

/// A pattern of an event source mapping, asked about a record.
pub fn lambda(filter: &str, record: &str) {
    if let Some(pattern) = RecordPattern::parse(filter) {
        let inner: Value = serde_json::from_str(record).unwrap_or_default();
        pattern.matches_record(&inner);
        pattern.matches_record(&serde_json::json!({ "body": record, "attributes": inner }));
    }
}

/// A filter pattern, asked about a log event.
///
/// # Panics
/// If what a pattern extracts is not what it matches.
pub fn logs(filter: &str, message: &str) {
    if let Ok(pattern) = LogPattern::parse(filter) {
        let matches = pattern.matches(message);
        assert_eq!(matches, pattern.extract(message).is_some());
    }
}
