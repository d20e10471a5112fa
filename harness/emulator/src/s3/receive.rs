//! Taking a body: counted, hashed and verified while it is spooled.
//!
//! Signatures of the payload (whole or by chunk) are checked by `s3s`, whose errors arrive in the
//! stream; lengths, MD5 and the `x-amz-checksum-*` family are checked here. Nothing that fails a
//! check becomes an object.

use std::path::Path;

use futures::StreamExt;
use http::HeaderMap;
use md5::{Digest, Md5};
use s3s::TrailingHeaders;
use s3s::dto::StreamingBlob;

use super::checksum::{self, Algorithm, Checksum, Hasher};
use super::content::{Content, Spool};
use super::error::Failure;

/// The most that one request may carry, 5 GB
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html>).
const LARGEST: u64 = 5 * 1024 * 1024 * 1024;

/// A body that came whole and passed all checks.
pub(super) struct Received {
    pub(super) content: Content,
    pub(super) md5: [u8; 16],
    /// Of the algorithm that the client chose, else of the needed one.
    pub(super) checksum: Checksum,
    /// The raw checksum of the needed algorithm.
    pub(super) needed: Vec<u8>,
}

/// What a request says about its body.
pub(super) struct Promise {
    length: Option<u64>,
    md5: Option<Vec<u8>>,
    checksum: Option<(Algorithm, Value)>,
}

/// Where the client's checksum is to be found.
enum Value {
    Header(Vec<u8>),
    Trailer,
}

impl Promise {
    /// Reads the headers of a request with a streaming body.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Failure> {
        let length = match text(headers, "content-length") {
            None => None,
            Some(length) => Some(length.parse::<u64>().map_err(|_| Failure::IncompleteBody)?),
        };
        if length.is_some_and(|length| length > LARGEST) {
            return Err(Failure::EntityTooLarge);
        }
        let md5 = match text(headers, "content-md5") {
            None => None,
            Some(md5) => Some(
                checksum::decode(md5)
                    .filter(|md5| md5.len() == 16)
                    .ok_or(Failure::InvalidDigest)?,
            ),
        };
        Ok(Self {
            length,
            md5,
            checksum: promised_checksum(headers)?,
        })
    }

    /// Whether nothing but a trailer is missing once so many bytes have come.
    fn ends_with_trailer(&self, length: u64) -> bool {
        self.length == Some(length) && matches!(self.checksum, Some((_, Value::Trailer)))
    }

    /// The algorithm that the client chose.
    pub(super) fn algorithm(&self) -> Option<Algorithm> {
        self.checksum.as_ref().map(|(algorithm, _)| *algorithm)
    }
}

/// The one checksum that headers or the announced trailer carry.
fn promised_checksum(headers: &HeaderMap) -> Result<Option<(Algorithm, Value)>, Failure> {
    let mut found = None;
    for name in headers.keys() {
        let name = name.as_str();
        let Some(short) = name.strip_prefix("x-amz-checksum-") else {
            continue;
        };
        if matches!(short, "mode" | "algorithm" | "type") {
            continue;
        }
        let algorithm = Algorithm::parse(short)
            .ok_or_else(|| Failure::unsupported(format!("the header {name}")))?;
        let raw = text(headers, name)
            .and_then(|value| algorithm.decode(value))
            .ok_or_else(|| {
                Failure::InvalidRequest(format!("Value for {name} header is invalid."))
            })?;
        if found.replace((algorithm, Value::Header(raw))).is_some() {
            return Err(Failure::InvalidRequest(
                "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
                    .to_owned(),
            ));
        }
    }
    if let Some(trailer) = text(headers, "x-amz-trailer")
        && found.is_none()
    {
        let algorithm = trailer
            .strip_prefix("x-amz-checksum-")
            .and_then(Algorithm::parse)
            .ok_or_else(|| {
                Failure::InvalidRequest(
                    "The value specified in the x-amz-trailer header is not supported".to_owned(),
                )
            })?;
        found = Some((algorithm, Value::Trailer));
    }
    if let Some(named) = text(headers, "x-amz-sdk-checksum-algorithm") {
        let named = Algorithm::parse(named).ok_or_else(|| {
            Failure::InvalidRequest("Invalid checksum algorithm specified.".to_owned())
        })?;
        if found
            .as_ref()
            .is_none_or(|(algorithm, _)| *algorithm != named)
        {
            return Err(Failure::InvalidRequest(
                "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found."
                    .to_owned(),
            ));
        }
    }
    Ok(found)
}

/// Takes a body to its end.
///
/// Besides the client's own checksum one is made with `needed`, as S3 does.
pub(super) async fn receive(
    body: Option<StreamingBlob>,
    promise: &Promise,
    trailers: Option<&TrailingHeaders>,
    needed: Algorithm,
    directory: &Path,
) -> Result<Received, Failure> {
    let algorithm = promise.algorithm().unwrap_or(needed);
    let mut spool = Spool::new(directory);
    let mut md5 = Md5::new();
    let mut hasher = Hasher::new(algorithm);
    let mut second = (algorithm != needed).then(|| Hasher::new(needed));
    if let Some(mut body) = body {
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|error| {
                // What comes after all bytes that were announced is the trailer.
                let in_trailer = promise.ends_with_trailer(spool.length());
                body_failure(&*error, in_trailer)
            })?;
            md5.update(&chunk);
            hasher.update(&chunk);
            if let Some(second) = &mut second {
                second.update(&chunk);
            }
            spool.write(&chunk).await.map_err(Failure::Storage)?;
            if spool.length() > promise.length.unwrap_or(LARGEST) {
                return Err(Failure::IncompleteBody);
            }
        }
    }
    if promise
        .length
        .is_some_and(|length| length != spool.length())
    {
        return Err(Failure::IncompleteBody);
    }
    let md5: [u8; 16] = md5.finalize().into();
    if promise
        .md5
        .as_ref()
        .is_some_and(|promised| *promised != md5)
    {
        return Err(Failure::BadDigest("Content-MD5"));
    }
    let raw = hasher.finish();
    match &promise.checksum {
        None => {}
        Some((_, Value::Header(promised))) if *promised == raw => {}
        Some((_, Value::Trailer)) if trailer(trailers, algorithm)? == raw => {}
        Some(_) => return Err(Failure::BadDigest(algorithm.name())),
    }
    Ok(Received {
        content: spool.finish().await.map_err(Failure::Storage)?,
        md5,
        checksum: Checksum::full(algorithm, &raw),
        needed: second.map_or(raw, Hasher::finish),
    })
}

/// The checksum that came after the body.
fn trailer(trailers: Option<&TrailingHeaders>, algorithm: Algorithm) -> Result<Vec<u8>, Failure> {
    let value = trailers
        .and_then(|trailers| trailers.read(|headers| headers.get(algorithm.header()).cloned()))
        .flatten()
        .ok_or(Failure::MalformedTrailer)?;
    let text = value.to_str().ok();
    text.and_then(|text| algorithm.decode(text)).ok_or_else(|| {
        Failure::InvalidRequest(format!(
            "Value for {} trailing header is invalid.",
            algorithm.header()
        ))
    })
}

/// Why a body broke off. `s3s` keeps its error types to itself, so that they can only be told
/// apart by their text.
fn body_failure(error: &(dyn std::error::Error + Send + Sync), in_trailer: bool) -> Failure {
    let text = error.to_string();
    if text.contains("Sha256Mismatch") {
        Failure::ContentSha256Mismatch
    } else if text.contains("SignatureMismatch") {
        Failure::ChunkSignatureMismatch
    } else if in_trailer {
        Failure::MalformedTrailer
    } else {
        tracing::debug!(%text, "a body broke off");
        Failure::IncompleteBody
    }
}

/// A header's text, if there is one header of that name and it is text.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Hashes content that is already here, for a copy.
pub(super) async fn rehash(
    content: &Content,
    algorithm: Algorithm,
) -> Result<([u8; 16], Vec<u8>), Failure> {
    let mut md5 = Md5::new();
    let mut hasher = Hasher::new(algorithm);
    let mut pieces = std::pin::pin!(content.clone().read());
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(Failure::Storage)?;
        md5.update(&piece);
        hasher.update(&piece);
    }
    Ok((md5.finalize().into(), hasher.finish()))
}
