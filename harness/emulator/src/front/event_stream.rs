//! Answers that go on: messages on one connection, each with headers, a payload and checksums.
//!
//! Follows <https://smithy.io/2.0/aws/amazon-eventstream.html>.

use std::convert::Infallible;

use aws_smithy_eventstream::error::Error;
use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use http_body_util::StreamBody;
use hyper::body::Frame;
use s3s::Body;
use serde_json::Value;

use super::{Answer, Call, json};

/// What the answer calls itself.
const CONTENT_TYPE: &str = "application/vnd.amazon.eventstream";

/// One message of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum StreamMessage {
    /// Part of the answer: the member's name and value. `initial-response` has what does not come in
    /// events; clients of JSON services wait for it.
    Event(&'static str, Value),
    /// The end of the answer, with an error: its code and its body.
    Exception(&'static str, Value),
}

impl StreamMessage {
    /// What comes first, where all members are events.
    pub(crate) fn initial_response() -> Self {
        Self::Event("initial-response", Value::Object(serde_json::Map::new()))
    }

    /// # Errors
    /// If it is too long for a message: 16 MiB, of which headers may have 128 KiB.
    fn encode(&self) -> Result<Bytes, Error> {
        let (kind, name_header, name, payload) = match self {
            Self::Event(name, payload) => ("event", ":event-type", name, payload),
            Self::Exception(name, payload) => ("exception", ":exception-type", name, payload),
        };
        let text = |name: &'static str, value: &'static str| {
            Header::new(name, HeaderValue::String(value.into()))
        };
        let message = Message::new(payload.to_string())
            .add_header(text(":message-type", kind))
            .add_header(text(name_header, name))
            .add_header(text(":content-type", json::CONTENT_TYPE));
        let mut bytes = Vec::new();
        write_message_to(&message, &mut bytes)?;
        Ok(bytes.into())
    }
}

/// The answer to `call` that goes on as long as `messages` does.
pub(crate) fn answer(
    call: &Call,
    messages: impl Stream<Item = StreamMessage> + Send + 'static,
) -> Answer {
    let frames = messages.filter_map(|message| async move {
        match message.encode() {
            Ok(bytes) => Some(Ok::<_, Infallible>(Frame::data(bytes))),
            Err(error) => {
                // Events are far smaller than messages may be.
                tracing::error!(%error, "a message of an event stream is left out");
                None
            }
        }
    });
    let body = Body::http_body_unsync(StreamBody::new(frames));
    json::respond(call, CONTENT_TYPE, body)
}

#[cfg(test)]
mod tests {
    use aws_smithy_eventstream::frame::read_message_from;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_is_read_as_it_was_written() {
        let message =
            StreamMessage::Exception("SessionTimeoutException", json!({ "message": "x" }));
        let read = read_message_from(message.encode().unwrap()).unwrap();
        let headers: Vec<(&str, &str)> = read
            .headers()
            .iter()
            .map(|header| {
                let value = header.value().as_string().unwrap();
                (header.name().as_str(), value.as_str())
            })
            .collect();
        assert_eq!(
            headers,
            [
                (":message-type", "exception"),
                (":exception-type", "SessionTimeoutException"),
                (":content-type", "application/x-amz-json-1.1"),
            ]
        );
        assert_eq!(read.payload().as_ref(), br#"{"message":"x"}"#);
    }
}
