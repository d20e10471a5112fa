//! An AWS error, and its shape in each protocol.

use http::{HeaderValue, StatusCode, header};
use s3s::Body;
use serde_json::json;

use super::{Answer, Protocol, ServiceName, json, xml::Xml};

/// An error as a caller sees it. Code, status and wording follow the service's API reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// HTTP status.
    pub status: StatusCode,
    /// AWS's error code, such as `NotFound`.
    pub code: &'static str,
    /// What the caller reads.
    pub message: String,
    /// Further members of the body, for the services that speak JSON, such as `Reason`.
    pub members: Vec<(&'static str, String)>,
    /// After how many seconds it may be better: the `Retry-After` header.
    pub retry_after: Option<u32>,
}

impl ApiError {
    /// An error with the given status, code and message.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            members: Vec::new(),
            retry_after: None,
        }
    }

    /// The error with one more member in its body.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.members.push((name, value.into()));
        self
    }

    /// 400 with a code and a message.
    pub fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// What the service answers for an operation or parameter that the emulator does not support.
    /// The emulator never accepts silently what it would not carry out.
    #[must_use]
    pub fn unsupported(service: ServiceName, what: &str) -> Self {
        Self::new(
            StatusCode::NOT_IMPLEMENTED,
            "NotImplemented",
            format!("{service}: {what} is not supported by this emulator"),
        )
    }

    /// A mistake of the emulator's own; `what` is for the caller, details belong into the log.
    pub fn internal(what: impl Into<String>) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalFailure",
            what.into(),
        )
    }

    /// The error in the form that the service's clients parse.
    #[must_use]
    pub fn render(&self, service: ServiceName, request_id: &str) -> Answer {
        match service.protocol() {
            Protocol::Query => self.query(service, request_id),
            Protocol::Json10 => self.sqs(request_id),
            Protocol::Json11 => self.json(self.code, request_id, json::CONTENT_TYPE),
            Protocol::RestJson => self.json(self.code, request_id, "application/json"),
            Protocol::RestXml => self.s3(request_id),
        }
    }

    /// The error in the query protocol, whatever else the service speaks.
    #[must_use]
    pub fn render_query(&self, service: ServiceName, request_id: &str) -> Answer {
        self.query(service, request_id)
    }

    /// "Sender" for the caller's mistakes, "Receiver" for ours.
    fn fault(&self) -> &'static str {
        if self.status.is_server_error() {
            "Receiver"
        } else {
            "Sender"
        }
    }

    fn query(&self, service: ServiceName, request_id: &str) -> Answer {
        let mut xml = Xml::new();
        xml.open_with_namespace("ErrorResponse", service.namespace());
        xml.open("Error");
        xml.text("Type", self.fault());
        xml.text("Code", self.code);
        xml.text("Message", &self.message);
        xml.close("Error");
        xml.text("RequestId", request_id);
        xml.close("ErrorResponse");
        self.respond(request_id, "text/xml", xml.finish())
    }

    /// Follows <https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html> and its REST
    /// sister: the code is in `__type` and, for REST, in the `x-amzn-errortype` header.
    fn json(&self, shape: &str, request_id: &str, content_type: &'static str) -> Answer {
        let mut body = json!({
            "__type": shape,
            "Type": if self.status.is_server_error() { "Service" } else { "User" },
            "Message": self.message,
            "message": self.message,
        });
        for (name, value) in &self.members {
            body[*name] = json!(value);
        }
        let mut answer = self.respond(request_id, content_type, body.to_string());
        answer
            .headers_mut()
            .insert("x-amzn-errortype", HeaderValue::from_static(self.code));
        answer
    }

    /// SQS's clients still know its errors by the codes of the query protocol, which a header of
    /// its own carries: <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#awsquerycompatible>.
    fn sqs(&self, request_id: &str) -> Answer {
        let shape = crate::sqs::shape(self.code);
        let mut answer = self.json(
            shape.unwrap_or(self.code),
            request_id,
            "application/x-amz-json-1.0",
        );
        let query_error = format!("{};{}", self.code, self.fault());
        if let (Some(_), Ok(value)) = (shape, HeaderValue::from_str(&query_error)) {
            answer.headers_mut().insert("x-amzn-query-error", value);
        }
        answer
    }

    fn s3(&self, request_id: &str) -> Answer {
        let mut xml = Xml::new();
        xml.open("Error");
        xml.text("Code", self.code);
        xml.text("Message", &self.message);
        xml.text("RequestId", request_id);
        xml.close("Error");
        self.respond(request_id, "application/xml", xml.finish())
    }

    fn respond(&self, request_id: &str, content_type: &'static str, body: String) -> Answer {
        let mut answer = http::Response::new(Body::from(body));
        *answer.status_mut() = self.status;
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        if let Ok(id) = HeaderValue::from_str(request_id) {
            headers.insert("x-amzn-requestid", id);
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    async fn body(answer: Answer) -> String {
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn an_error_is_xml_for_query_services_and_json_for_json_services() {
        let error = ApiError::new(StatusCode::NOT_FOUND, "NotFound", "no <topic>");
        let text = body(error.render(ServiceName::Sns, "id-1")).await;
        assert_eq!(
            text,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error>\
             <Type>Sender</Type><Code>NotFound</Code><Message>no &lt;topic&gt;</Message></Error>\
             <RequestId>id-1</RequestId></ErrorResponse>"
        );
        let answer = error.render(ServiceName::Lambda, "id-2");
        assert_eq!(answer.headers()["x-amzn-errortype"], "NotFound");
        assert!(body(answer).await.contains("\"__type\":\"NotFound\""));
    }
}
