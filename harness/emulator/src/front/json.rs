//! The protocol of JSON services: the operation in a header, input and output as JSON.
//!
//! Follows <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>.

use http::{HeaderMap, HeaderValue, header};
use s3s::Body;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Answer, ApiError, Call, ServiceName};

/// What JSON 1.1 calls itself.
pub(crate) const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// An operation of a JSON service and its parameters. A parameter that is not in the table is
/// refused by name: what nobody reads could change what the caller thinks has happened.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// The API name.
    pub name: &'static str,
    /// Names of the input's members.
    pub parameters: &'static [&'static str],
}

impl Operation {
    /// For tables.
    pub(crate) const fn new(name: &'static str, parameters: &'static [&'static str]) -> Self {
        Self { name, parameters }
    }
}

/// The operation that `X-Amz-Target` names.
pub(crate) fn operation(service: ServiceName, headers: &HeaderMap) -> Result<String, ApiError> {
    let unknown = || {
        ApiError::bad_request(
            "UnknownOperationException",
            "The requested operation is not recognized by the service.",
        )
    };
    let target = headers.get("x-amz-target").ok_or_else(unknown)?;
    let named = target.to_str().ok().and_then(|text| text.split_once('.'));
    match named {
        Some((prefix, name)) if Some(prefix) == service.target_prefix() && !name.is_empty() => {
            Ok(name.to_owned())
        }
        Some(_) | None => Err(unknown()),
    }
}

/// Checks that a call and all of its parameters are in the service's table.
pub(crate) fn check(
    service: ServiceName,
    table: &[Operation],
    call: &Call,
) -> Result<(), ApiError> {
    let operation = table
        .iter()
        .find(|operation| operation.name == call.operation)
        .ok_or_else(|| ApiError::unsupported(service, &call.operation))?;
    let input: Map<String, Value> = input(call)?;
    let unknown = input
        .keys()
        .find(|name| !operation.parameters.contains(&name.as_str()));
    match unknown {
        None => Ok(()),
        Some(name) => {
            let what = format!("the parameter {name} of {}", operation.name);
            Err(ApiError::unsupported(service, &what))
        }
    }
}

/// The input of a call.
pub(crate) fn input<T: DeserializeOwned>(call: &Call) -> Result<T, ApiError> {
    let body: &[u8] = if call.body.is_empty() {
        b"{}"
    } else {
        &call.body
    };
    // The position within a body may be the position within a secret; its text is not repeated.
    serde_json::from_slice(body).map_err(|error| {
        let what = match error.classify() {
            serde_json::error::Category::Data => "a member has the wrong type",
            serde_json::error::Category::Syntax
            | serde_json::error::Category::Eof
            | serde_json::error::Category::Io => "the body is not JSON",
        };
        let at = format!("{what}, at line {} column {}", error.line(), error.column());
        ApiError::bad_request("SerializationException", at)
    })
}

/// A successful answer in JSON 1.1.
pub(crate) fn answer(call: &Call, result: &Value) -> Answer {
    respond(call, CONTENT_TYPE, result.to_string())
}

/// A successful answer without content.
pub(crate) fn done(call: &Call) -> Answer {
    respond(call, CONTENT_TYPE, String::new())
}

/// A successful answer of this content type.
pub(super) fn respond(call: &Call, content_type: &'static str, body: impl Into<Body>) -> Answer {
    let mut answer = http::Response::new(body.into());
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Ok(id) = HeaderValue::from_str(&call.request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(service: ServiceName, target: &str, expected: Result<&str, &str>) {
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-target", HeaderValue::from_str(target).unwrap());
        let found = operation(service, &headers);
        let found = found.as_deref().map_err(|error| error.code);
        assert_eq!(found, expected);
    }

    #[test]
    fn a_service_knows_its_own_operations_only() {
        check(
            ServiceName::Logs,
            "Logs_20140328.PutLogEvents",
            Ok("PutLogEvents"),
        );
        check(ServiceName::Sqs, "AmazonSQS.SendMessage", Ok("SendMessage"));
        for wrong in [
            "AmazonSQS.SendMessage",
            "PutLogEvents",
            "Logs_20140328.",
            "",
        ] {
            check(ServiceName::Logs, wrong, Err("UnknownOperationException"));
        }
    }
}
