//! What every answer of S3 carries, and the shape of its errors.
//!
//! `s3s` writes errors with their code and message only; AWS's clients and people also want to see
//! the request's identifiers and what the error is about.

use http::{HeaderValue, Method, StatusCode, header};
use http_body_util::BodyExt;
use quick_xml::escape::unescape;
use s3s::Body;

use super::access::Track;
use crate::front::{Answer, Xml};

/// What a request was about, kept from before `s3s` took it.
#[derive(Debug)]
pub(super) struct About {
    pub(super) method: Method,
    /// Decoded, with the leading slash.
    pub(super) path: String,
}

/// Dresses an answer up, and says which error it is, if it is one.
pub(super) async fn dress(
    answer: Answer,
    about: &About,
    track: &Track,
) -> (Answer, Option<String>) {
    let (mut parts, body) = answer.into_parts();
    let headers = &mut parts.headers;
    let request_id = &track.context.request_id;
    for (name, value) in [
        ("x-amz-request-id", request_id),
        ("x-amz-id-2", &track.host_id),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    headers.insert(header::SERVER, HeaderValue::from_static("AmazonS3"));
    if parts.status.is_success() {
        return (Answer::from_parts(parts, body), None);
    }
    let text = match body.collect().await {
        Ok(body) => String::from_utf8_lossy(&body.to_bytes()).into_owned(),
        Err(_) => String::new(),
    };
    let code = element(&text, "Code").unwrap_or_else(|| "InternalError".to_owned());
    headers.remove(header::CONTENT_LENGTH);
    let body = if parts.status == StatusCode::NOT_MODIFIED || about.method == Method::HEAD {
        headers.remove(header::CONTENT_TYPE);
        Body::empty()
    } else {
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/xml"),
        );
        let message = element(&text, "Message").unwrap_or_default();
        Body::from(document(&code, &message, about, track))
    };
    (Answer::from_parts(parts, body), Some(code))
}

/// The error as AWS writes it.
fn document(code: &str, message: &str, about: &About, track: &Track) -> String {
    let mut xml = Xml::new();
    xml.open("Error");
    xml.text("Code", code);
    xml.text("Message", message);
    let path = about.path.trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    match code {
        "NoSuchKey" | "NoSuchVersion" => xml.text("Key", key),
        "MethodNotAllowed" => {
            xml.text("Method", about.method.as_str());
            xml.text("ResourceType", "DeleteMarker");
        }
        "NoSuchBucket" | "BucketNotEmpty" | "BucketAlreadyExists" => {
            xml.text("BucketName", bucket);
        }
        _ => xml.text("Resource", &about.path),
    }
    for (name, value) in track.details() {
        xml.text(&name, &value);
    }
    xml.text("RequestId", &track.context.request_id);
    xml.text("HostId", &track.host_id);
    xml.close("Error");
    xml.finish()
}

/// The text of the first `name` element of a document that `s3s` wrote.
fn element(document: &str, name: &str) -> Option<String> {
    let (_, rest) = document.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    unescape(text).ok().map(std::borrow::Cow::into_owned)
}
