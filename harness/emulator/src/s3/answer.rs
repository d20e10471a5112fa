//! What every answer of S3 carries, and the shape of its errors.
//!
//! `s3s` writes errors with their code and message only; AWS's clients and people also want to see
//! the request's identifiers and what the error is about.

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use http_body_util::BodyExt;
use quick_xml::escape::unescape;
use s3s::Body;
use zipster_names::{Arn, BucketName, Partition};

use super::signature::Refusal;
use super::track::Track;
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
    identify(&mut parts.headers, track);
    let headers = &mut parts.headers;
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
        let message = element(&text, "Message")
            .filter(|message| !message.is_empty())
            .unwrap_or_else(|| wording(&code).to_owned());
        Body::from(document(&code, &message, about, track))
    };
    (Answer::from_parts(parts, body), Some(code))
}

/// Adds to each bucket of a listing its ARN, which `s3s` does not know of yet.
pub(super) async fn name_buckets(answer: Answer, about: &About, partition: Partition) -> Answer {
    let lists = about.method == Method::GET && about.path == "/" && answer.status().is_success();
    if !lists {
        return answer;
    }
    let (mut parts, body) = answer.into_parts();
    let text = match body.collect().await {
        Ok(body) => String::from_utf8_lossy(&body.to_bytes()).into_owned(),
        Err(_) => String::new(),
    };
    if !text.contains("<ListAllMyBucketsResult") {
        return Answer::from_parts(parts, Body::from(text));
    }
    // Names of buckets need no escape.
    let mut named = String::new();
    for piece in text.split_inclusive("</Name>") {
        named += piece;
        let name = piece.strip_suffix("</Name>").and_then(|piece| {
            let (_, name) = piece.rsplit_once("<Name>")?;
            BucketName::parse(name).ok()
        });
        if let Some(name) = name {
            named += &format!("<BucketArn>{}</BucketArn>", Arn::bucket(partition, &name));
        }
    }
    parts.headers.remove(header::CONTENT_LENGTH);
    Answer::from_parts(parts, Body::from(named))
}

/// The answer to a request that does not get as far as `s3s`.
pub(super) fn turn_away(refusal: Refusal, about: &About, track: &Track) -> Answer {
    track.explain(refusal.details);
    let body = if about.method == Method::HEAD {
        Body::empty()
    } else {
        Body::from(document(refusal.code, &refusal.message, about, track))
    };
    let mut answer = Answer::new(body);
    *answer.status_mut() = refusal.status;
    let headers = answer.headers_mut();
    identify(headers, track);
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/xml"),
    );
    answer
}

/// The headers that say which request this was.
fn identify(headers: &mut HeaderMap, track: &Track) {
    for (name, value) in [
        ("x-amz-request-id", &track.context.request_id),
        ("x-amz-id-2", &track.host_id),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    headers.insert(header::SERVER, HeaderValue::from_static("AmazonS3"));
}

/// AWS's words for what `s3s` refuses with a code alone.
fn wording(code: &str) -> &'static str {
    match code {
        "InvalidBucketName" => "The specified bucket is not valid.",
        "InvalidURI" => "Couldn't parse the specified URI.",
        "KeyTooLongError" => "Your key is too long",
        "MalformedXML" => {
            "The XML you provided was not well-formed or did not validate against our published schema"
        }
        "MethodNotAllowed" => "The specified method is not allowed against this resource.",
        "MissingContentLength" => "You must provide the Content-Length HTTP header.",
        "MissingRequestBodyError" => "Request body is empty.",
        "MaxMessageLengthExceeded" => "Your request was too big.",
        "IncompleteBody" => {
            "You did not provide the number of bytes specified by the Content-Length HTTP header"
        }
        "SignatureDoesNotMatch" => {
            "The request signature we calculated does not match the signature you provided. Check your key and signing method."
        }
        "InternalError" => "We encountered an internal error. Please try again.",
        _ => "The request was refused.",
    }
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
        // The details say what it is about.
        "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "RequestTimeTooSkewed" => {}
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
