//! The protocol that SQS spoke before JSON, and that older SDKs and tools still speak: forms in, XML
//! out. A request becomes that of the same operation in JSON, and its answer becomes XML.
//!
//! Follows the API's model of 2012-11-05, in which lists and maps are flat:
//! `Attribute.1.Name=DelaySeconds&Attribute.1.Value=5`. The queue's URL may be the address itself.

use bytes::Bytes;
use http::request::Parts;
use http::{Method, header};
use http_body_util::BodyExt;
use serde_json::{Map, Value, json};

use crate::front::query::{self, Params};
use crate::front::{Answer, ApiError, ServiceName, Xml};

/// Operations whose answers have no result.
const WITHOUT_RESULT: [&str; 9] = [
    "AddPermission",
    "ChangeMessageVisibility",
    "DeleteMessage",
    "DeleteQueue",
    "PurgeQueue",
    "RemovePermission",
    "SetQueueAttributes",
    "TagQueue",
    "UntagQueue",
];

/// Flat lists of texts, and their members in JSON.
const TEXTS: [(&str, &str); 6] = [
    ("AWSAccountId", "AWSAccountIds"),
    ("ActionName", "Actions"),
    ("AttributeName", "AttributeNames"),
    ("MessageAttributeName", "MessageAttributeNames"),
    ("MessageSystemAttributeName", "MessageSystemAttributeNames"),
    ("TagKey", "TagKeys"),
];

/// Flat maps whose values are attributes of messages.
const ATTRIBUTES: [(&str, &str); 2] = [
    ("MessageAttribute", "MessageAttributes"),
    ("MessageSystemAttribute", "MessageSystemAttributes"),
];

const NUMBERS: [&str; 6] = [
    "DelaySeconds",
    "MaxNumberOfMessages",
    "MaxNumberOfMessagesPerSecond",
    "MaxResults",
    "VisibilityTimeout",
    "WaitTimeSeconds",
];

/// Whether a request to SQS speaks the older protocol.
#[must_use]
pub fn speaks_it(parts: &Parts) -> bool {
    let form = parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    !parts.headers.contains_key("x-amz-target") && (form || parts.method == Method::GET)
}

/// The operation that a request names, and its input in JSON.
///
/// # Errors
/// `MissingAction`, or `MalformedInput` for what should be a number.
pub fn read(parts: &Parts, body: &[u8]) -> Result<(String, Bytes), ApiError> {
    let params = Params::parse(parts.uri.query(), body);
    let action = params.get("Action").ok_or_else(|| {
        ApiError::bad_request(
            "MissingAction",
            "The request must contain the parameter Action.",
        )
    })?;
    let mut input = members(&params, action)?;
    let path = parts.uri.path();
    if path.len() > 1 {
        input.entry("QueueUrl").or_insert_with(|| path.into());
    }
    input.remove("Action");
    input.remove("Version");
    Ok((action.to_owned(), Value::Object(input).to_string().into()))
}

fn members(params: &Params, action: &str) -> Result<Map<String, Value>, ApiError> {
    let mut input = Map::new();
    let entry = format!("{action}RequestEntry");
    for name in params.names() {
        let first = name.split('.').next().unwrap_or_default();
        let texts = TEXTS.iter().find(|(prefix, _)| *prefix == first);
        let attributes = ATTRIBUTES.iter().find(|(prefix, _)| *prefix == first);
        let (member, value) = if let Some((prefix, member)) = texts {
            let texts = params.list(prefix);
            let texts: Vec<&str> = texts.iter().filter_map(|text| text.get("")).collect();
            (*member, json!(texts))
        } else if let Some((prefix, member)) = attributes {
            (*member, message_attributes(&params.list(prefix)))
        } else if first == "Attribute" {
            ("Attributes", map(&params.list(first), "Name"))
        } else if first == "Tag" {
            let member = if action == "CreateQueue" {
                "tags"
            } else {
                "Tags"
            };
            (member, map(&params.list(first), "Key"))
        } else if first == entry {
            let entries = params.list(first);
            let entries: Result<Vec<_>, _> =
                entries.iter().map(|entry| members(entry, action)).collect();
            ("Entries", json!(entries?))
        } else {
            let text = params.get(name).unwrap_or_default();
            let value = if text.is_empty() && is_list(name) {
                json!([])
            } else if NUMBERS.contains(&name) {
                json!(number(text)?)
            } else {
                json!(text)
            };
            (name, value)
        };
        input.insert(member.to_owned(), value);
    }
    Ok(input)
}

/// An empty list is sent by its member's name.
fn is_list(name: &str) -> bool {
    name == "Entries" || TEXTS.iter().any(|(_, member)| *member == name)
}

fn number(text: &str) -> Result<i64, ApiError> {
    text.parse().map_err(|_| {
        let message = format!("{text} is not a valid Integer.");
        ApiError::bad_request("MalformedInput", message)
    })
}

fn map(entries: &[Params], key: &str) -> Value {
    let entries = entries
        .iter()
        .filter_map(|entry| Some((entry.get(key)?.to_owned(), entry.get("Value")?.into())));
    Value::Object(entries.collect())
}

fn message_attributes(entries: &[Params]) -> Value {
    let entries = entries.iter().filter_map(|entry| {
        let members = ["DataType", "StringValue", "BinaryValue"].iter();
        let members = members.filter_map(|member| {
            let value = entry.get(&format!("Value.{member}"))?;
            Some(((*member).to_owned(), value.into()))
        });
        let name = entry.get("Name")?.to_owned();
        Some((name, Value::Object(members.collect())))
    });
    Value::Object(entries.collect())
}

/// The answer of an operation, from that in JSON.
///
/// # Errors
/// If that is no JSON, which is the emulator's own mistake.
pub async fn write(operation: &str, request_id: &str, answer: Answer) -> Result<Answer, ApiError> {
    if WITHOUT_RESULT.contains(&operation) {
        return Ok(query::done(ServiceName::Sqs, operation, request_id));
    }
    let body = answer.into_body().collect().await;
    let body = body.map_err(|error| ApiError::internal(error.to_string()))?;
    let result: Map<String, Value> = serde_json::from_slice(&body.to_bytes())
        .map_err(|error| ApiError::internal(error.to_string()))?;
    Ok(query::answer(
        ServiceName::Sqs,
        operation,
        request_id,
        |xml| {
            write_members(xml, operation, &result);
        },
    ))
}

fn write_members(xml: &mut Xml, operation: &str, members: &Map<String, Value>) {
    let of_entries = format!("{operation}ResultEntry");
    for (name, value) in members {
        match (name.as_str(), value) {
            (_, Value::Null) => {}
            ("Attributes", Value::Object(map)) => write_map(xml, "Attribute", "Name", map),
            ("MessageAttributes", Value::Object(map)) => {
                write_map(xml, "MessageAttribute", "Name", map);
            }
            ("Tags", Value::Object(map)) => write_map(xml, "Tag", "Key", map),
            (_, Value::Array(elements)) => {
                let element = match name.as_str() {
                    "QueueUrls" | "queueUrls" => "QueueUrl",
                    "Messages" => "Message",
                    "Failed" => "BatchResultErrorEntry",
                    // `Successful` entries of batches, and `Results` of ListMessageMoveTasks.
                    _ => of_entries.as_str(),
                };
                for one in elements {
                    write_one(xml, operation, element, one);
                }
            }
            _ => write_one(xml, operation, name, value),
        }
    }
}

fn write_map(xml: &mut Xml, element: &str, key: &str, map: &Map<String, Value>) {
    for (name, value) in map {
        xml.open(element);
        xml.text(key, name);
        write_one(xml, "", "Value", value);
        xml.close(element);
    }
}

fn write_one(xml: &mut Xml, operation: &str, name: &str, value: &Value) {
    match value {
        Value::Object(members) => {
            xml.open(name);
            write_members(xml, operation, members);
            xml.close(name);
        }
        Value::String(text) => xml.text(name, text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            xml.text(name, &value.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_form(uri: &str, form: &str) -> (String, Value) {
        let request = http::Request::post(uri)
            .header(
                "content-type",
                "application/x-www-form-urlencoded; charset=utf-8",
            )
            .body(())
            .unwrap();
        let (parts, ()) = request.into_parts();
        assert!(speaks_it(&parts));
        let (operation, input) = read(&parts, form.as_bytes()).unwrap();
        (operation, serde_json::from_slice(&input).unwrap())
    }

    #[test]
    fn flat_lists_and_maps_become_those_of_json() {
        let (operation, input) = read_form(
            "/",
            "Action=SendMessageBatch&Version=2012-11-05&QueueUrl=u\
             &SendMessageBatchRequestEntry.2.Id=b&SendMessageBatchRequestEntry.2.MessageBody=two\
             &SendMessageBatchRequestEntry.1.Id=a&SendMessageBatchRequestEntry.1.MessageBody=o+e\
             &SendMessageBatchRequestEntry.1.DelaySeconds=5\
             &SendMessageBatchRequestEntry.1.MessageAttribute.1.Name=n\
             &SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.DataType=String\
             &SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.StringValue=v",
        );
        assert_eq!(operation, "SendMessageBatch");
        assert_eq!(
            input,
            json!({ "QueueUrl": "u", "Entries": [
                { "Id": "a", "MessageBody": "o e", "DelaySeconds": 5, "MessageAttributes": {
                    "n": { "DataType": "String", "StringValue": "v" },
                } },
                { "Id": "b", "MessageBody": "two" },
            ] })
        );
    }

    #[test]
    fn the_address_names_the_queue_unless_a_parameter_does() {
        let (_, input) = read_form("/123456789012/jobs", "Action=PurgeQueue&Unknown=1");
        assert_eq!(
            input,
            json!({ "QueueUrl": "/123456789012/jobs", "Unknown": "1" })
        );
        let (_, input) = read_form("/123456789012/jobs", "Action=PurgeQueue&QueueUrl=u");
        assert_eq!(input, json!({ "QueueUrl": "u" }));
    }
}
