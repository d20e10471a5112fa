//! The signatures under messages, and the certificate that they verify against.
//!
//! AWS signs with a key that nobody else has. Here the key is part of the source: made once, known
//! to everybody, and worth nothing, so that no time goes into making one for each emulator. A
//! signature therefore proves that the canonical form is right, not who sent the message.
//!
//! Follows <https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html>.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Uri, header};
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::{Pkcs1v15Sign, RsaPrivateKey};
use s3s::Body;
use sha1::{Digest, Sha1};
use sha2::Sha256;

use super::Sns;
use crate::front::Answer;

/// A published test key that protects nothing: see the module's text.
const TEST_KEY: &str = include_str!("signing/test-key-not-a-secret.pem");

/// Its certificate, signed by itself, until 2126.
const CERTIFICATE: &str = include_str!("signing/certificate.pem");

/// Where the certificate is served; AWS's names look the same.
const CERTIFICATE_PATH: &str = "/SimpleNotificationService-35dc71c99d717e348669e79a4a0c9b6a.pem";

/// What RFC 8017 (section 9.2) puts before a SHA-1 digest.
const SHA1_PREFIX: [u8; 15] = [
    0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14,
];

/// What RFC 8017 (section 9.2) puts before a SHA-256 digest.
const SHA256_PREFIX: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
    0x00, 0x04, 0x20,
];

/// How a topic's messages are signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum SignatureVersion {
    /// RSA over SHA-1.
    #[default]
    V1,
    /// RSA over SHA-256.
    V2,
}

impl SignatureVersion {
    /// The topic attribute's values.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "1" => Some(Self::V1),
            "2" => Some(Self::V2),
            _ => None,
        }
    }

    /// As the attribute and the messages say it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "1",
            Self::V2 => "2",
        }
    }
}

/// The key, read when the first message is signed.
#[derive(Debug, Default)]
pub(super) struct Signer {
    key: OnceLock<RsaPrivateKey>,
}

impl Signer {
    /// Signs the fields of a message: in the order given (AWS's is alphabetical), each a line with
    /// the name and a line with the value. Base64.
    pub(super) fn sign(&self, version: SignatureVersion, fields: &[(&str, &str)]) -> String {
        let key = self.key.get_or_init(|| {
            RsaPrivateKey::from_pkcs1_pem(TEST_KEY).expect("the key in the source is well-formed")
        });
        let canonical = canonical(fields);
        let signature = match version {
            SignatureVersion::V1 => key.sign(
                padding(&SHA1_PREFIX, 20),
                &Sha1::digest(canonical.as_bytes()),
            ),
            SignatureVersion::V2 => key.sign(
                padding(&SHA256_PREFIX, 32),
                &Sha256::digest(canonical.as_bytes()),
            ),
        };
        STANDARD.encode(signature.expect("a key of 2048 bits can sign a digest"))
    }
}

fn padding(prefix: &[u8], hash_len: usize) -> Pkcs1v15Sign {
    Pkcs1v15Sign {
        hash_len: Some(hash_len),
        prefix: prefix.into(),
    }
}

/// What is signed.
fn canonical(fields: &[(&str, &str)]) -> String {
    fields
        .iter()
        .map(|(name, value)| format!("{name}\n{value}\n"))
        .collect()
}

/// Where the emulator at `endpoint` serves the certificate.
pub(super) fn certificate_url(endpoint: &str) -> String {
    format!("{endpoint}{CERTIFICATE_PATH}")
}

impl Sns {
    /// Whether a request is for the certificate; it needs no signature.
    #[must_use]
    pub fn is_certificate(&self, uri: &Uri) -> bool {
        uri.path() == CERTIFICATE_PATH
    }

    /// The certificate that signatures under messages verify against, as PEM.
    #[must_use]
    pub fn certificate(&self) -> Answer {
        let mut answer = http::Response::new(Body::from(CERTIFICATE.to_owned()));
        answer.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-pem-file"),
        );
        answer
    }
}
