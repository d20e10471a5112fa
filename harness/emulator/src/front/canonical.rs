//! What a client signs: the canonical form of a request, the text to sign, and the signature.
//!
//! Follows <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.

use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use http::HeaderMap;
use http::request::Parts;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use subtle::ConstantTimeEq;
use time::OffsetDateTime;

use super::Scope;

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
/// The same, for paths.
const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

/// The one algorithm that is verified.
pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// A request as its sender says to have signed it.
#[derive(Debug)]
pub(crate) struct Signed<'a> {
    pub(crate) parts: &'a Parts,
    pub(crate) scope: &'a Scope,
    /// `host;x-amz-date`, as the request has it.
    pub(crate) headers: &'a str,
    /// The payload's hash, or what stands for it.
    pub(crate) payload: &'a str,
    /// `20261127T110000Z`, as the request has it.
    pub(crate) date: &'a str,
    pub(crate) at: OffsetDateTime,
    pub(crate) path: Path,
}

/// Which form of the path is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Path {
    /// S3: encoded once, however it was sent.
    Once,
    /// S3, for clients that sign what they send: as it was sent.
    AsSent,
    /// Every other service: what was sent, encoded again.
    Twice,
}

/// The texts between a request and its signature, which S3 shows to whoever got them wrong.
#[derive(Debug)]
pub(crate) struct Texts {
    pub(crate) canonical_request: String,
    pub(crate) string_to_sign: String,
}

impl Signed<'_> {
    /// The canonical request and the text to sign.
    pub(crate) fn texts(&self) -> Texts {
        let canonical_request = self.canonical_request();
        let Scope {
            date,
            region,
            service,
            ..
        } = self.scope;
        let digest = sha256(canonical_request.as_bytes());
        let string_to_sign = format!(
            "{ALGORITHM}\n{}\n{date}/{region}/{service}/aws4_request\n{digest}",
            self.date
        );
        Texts {
            canonical_request,
            string_to_sign,
        }
    }

    /// What the holder of `secret` would have signed `texts` with.
    pub(crate) fn signature(&self, secret: &str, texts: &Texts) -> String {
        let (region, service) = (&self.scope.region, &self.scope.service);
        let key = generate_signing_key(secret, self.at.into(), region, service);
        calculate_signature(key, texts.string_to_sign.as_bytes())
    }

    /// Whether the holder of `secret` made `signature`.
    pub(crate) fn is_by(&self, secret: &str, texts: &Texts, signature: &str) -> bool {
        let expected = self.signature(secret, texts);
        expected.as_bytes().ct_eq(signature.as_bytes()).into()
    }

    fn canonical_request(&self) -> String {
        let path = self.parts.uri.path();
        let path = match self.path {
            Path::Once => {
                let decoded = percent_decode_str(path).decode_utf8_lossy();
                utf8_percent_encode(&decoded, RESERVED_IN_PATH).to_string()
            }
            Path::AsSent => path.to_owned(),
            Path::Twice => utf8_percent_encode(path, RESERVED_IN_PATH).to_string(),
        };
        let mut text = format!("{}\n{path}\n{}\n", self.parts.method, self.query());
        for name in self.headers.split(';') {
            text += &format!("{name}:{}\n", header(&self.parts.headers, name));
        }
        text += &format!("\n{}\n{}", self.headers, self.payload);
        text
    }

    /// All parameters but the signature itself, in order.
    fn query(&self) -> String {
        let query = self.parts.uri.query().unwrap_or_default();
        let encode = |text: &str| utf8_percent_encode(text, RESERVED).to_string();
        let mut pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
            .filter(|(name, _)| name != "X-Amz-Signature")
            .map(|(name, value)| (encode(&name), encode(&value)))
            .collect();
        pairs.sort();
        let pairs: Vec<String> = pairs
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("&")
    }
}

/// All values of a header, in one line, with single spaces.
fn header(headers: &HeaderMap, name: &str) -> String {
    let values: Vec<String> = headers
        .get_all(name)
        .iter()
        .map(|value| {
            let value = String::from_utf8_lossy(value.as_bytes());
            let words: Vec<&str> = value.split_ascii_whitespace().collect();
            words.join(" ")
        })
        .collect();
    values.join(",")
}

/// In hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    hex::encode(sha2::Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    use time::macros::datetime;

    /// The example of <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>.
    #[test]
    fn the_documented_example_has_the_documented_signature() {
        let uri = "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
        let request = http::Request::get(uri)
            .header("host", "examplebucket.s3.amazonaws.com")
            .body(())
            .unwrap();
        let (parts, ()) = request.into_parts();
        let scope = Scope::of(&parts).unwrap();
        let signed = Signed {
            parts: &parts,
            scope: &scope,
            headers: "host",
            payload: "UNSIGNED-PAYLOAD",
            date: "20130524T000000Z",
            at: datetime!(2013-05-24 0:00 UTC),
            path: Path::Once,
        };
        let texts = signed.texts();
        assert!(
            texts
                .string_to_sign
                .ends_with("3bfa292879f6447bbcda7001decf97f4a54dc650c8942174ae0a9121cf58ad04")
        );
        assert!(signed.is_by(
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            &texts,
            "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        ));
    }
}
