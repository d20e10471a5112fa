//! The AWS query protocol: parameters in a form, answers in XML.
//!
//! Follows <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>.

use std::collections::BTreeMap;

use http::{HeaderValue, header};
use s3s::Body;

use super::{Answer, ApiError, ServiceName, xml::Xml};

/// The parameters of a query request.
#[derive(Debug, Clone, Default)]
pub struct Params {
    values: BTreeMap<String, String>,
}

impl Params {
    /// Reads a form-encoded body, and the URI's query for requests sent with GET; what is there
    /// about the signature of a presigned address is no parameter.
    #[must_use]
    pub fn parse(query: Option<&str>, body: &[u8]) -> Self {
        let mut values = BTreeMap::new();
        for source in [query.unwrap_or_default().as_bytes(), body] {
            let parameters =
                url::form_urlencoded::parse(source).filter(|(name, _)| !name.starts_with("X-Amz-"));
            for (name, value) in parameters {
                values.insert(name.into_owned(), value.into_owned());
            }
        }
        Self { values }
    }

    /// A parameter's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// A parameter's value.
    ///
    /// # Errors
    /// `ValidationError` naming the parameter, if it is missing or empty.
    pub fn require(&self, name: &str) -> Result<&str, ApiError> {
        self.get(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| {
                ApiError::bad_request(
                    "ValidationError",
                    format!("1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"),
                )
            })
    }

    /// The parameters below `prefix.1.`, `prefix.2.` ... in order, each with what follows the
    /// number (empty for a plain value): `Attributes.entry.1.key=K&Attributes.entry.1.value=V`
    /// under prefix `Attributes.entry` is `[{key: K, value: V}]`.
    #[must_use]
    pub fn list(&self, prefix: &str) -> Vec<Params> {
        let mut members: BTreeMap<u32, Params> = BTreeMap::new();
        for (name, value) in &self.values {
            let Some(rest) = name
                .strip_prefix(prefix)
                .and_then(|rest| rest.strip_prefix('.'))
            else {
                continue;
            };
            let (number, rest) = rest.split_once('.').unwrap_or((rest, ""));
            if let Ok(number) = number.parse() {
                let member: &mut Params = members.entry(number).or_default();
                member.values.insert(rest.to_owned(), value.clone());
            }
        }
        members.into_values().collect()
    }

    /// A map in the query protocol's form, `prefix.1.key` and `prefix.1.value`.
    #[must_use]
    pub fn map(&self, prefix: &str) -> BTreeMap<String, String> {
        self.list(prefix)
            .iter()
            .filter_map(|entry| {
                Some((entry.get("key")?.to_owned(), entry.get("value")?.to_owned()))
            })
            .collect()
    }

    /// All names, for complaints about those that are not understood.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }
}

/// `<{operation}Response><{operation}Result>{result}</...><ResponseMetadata>...`; `result` writes
/// what is inside.
#[must_use]
pub fn answer(
    service: ServiceName,
    operation: &str,
    request_id: &str,
    result: impl FnOnce(&mut Xml),
) -> Answer {
    let inner = format!("{operation}Result");
    respond(service, operation, request_id, |xml| {
        xml.open(&inner);
        result(xml);
        xml.close(&inner);
    })
}

/// The answer of an operation that has no result: `<{operation}Response><ResponseMetadata>...`.
#[must_use]
pub fn done(service: ServiceName, operation: &str, request_id: &str) -> Answer {
    respond(service, operation, request_id, |_| {})
}

fn respond(
    service: ServiceName,
    operation: &str,
    request_id: &str,
    result: impl FnOnce(&mut Xml),
) -> Answer {
    let response = format!("{operation}Response");
    let mut xml = Xml::new();
    xml.open_with_namespace(&response, service.namespace());
    result(&mut xml);
    xml.open("ResponseMetadata");
    xml.text("RequestId", request_id);
    xml.close("ResponseMetadata");
    xml.close(&response);
    let mut answer = http::Response::new(Body::from(xml.finish()));
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_maps_come_back_in_order() {
        let params = Params::parse(
            Some("Action=Subscribe"),
            b"Attributes.entry.2.key=b&Attributes.entry.2.value=2&Attributes.entry.1.key=a\
              &Attributes.entry.1.value=1+%2B&Tags.member.1.Key=k",
        );
        assert_eq!(params.get("Action"), Some("Subscribe"));
        let map: Vec<_> = params.map("Attributes.entry").into_iter().collect();
        assert_eq!(
            map,
            [
                ("a".to_owned(), "1 +".to_owned()),
                ("b".to_owned(), "2".to_owned())
            ]
        );
        assert_eq!(params.list("Tags.member")[0].get("Key"), Some("k"));
        assert_eq!(
            params.require("TopicArn").unwrap_err().code,
            "ValidationError"
        );
    }
}
