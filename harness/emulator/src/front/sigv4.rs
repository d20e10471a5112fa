//! Signature Version 4 of the services other than S3 (whose signatures, chunked bodies included,
//! `s3s` checks).
//!
//! The request is signed again with the secret that belongs to the access key, by the same
//! library that the SDKs sign with, and the two signatures are compared.
//! Follows <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.

use std::time::Duration;

use aws_sigv4::http_request::{
    PayloadChecksumKind, SignableBody, SignableRequest, SigningParams, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use http::{StatusCode, header, request::Parts};
use subtle::ConstantTimeEq;
use time::{OffsetDateTime, PrimitiveDateTime, macros::format_description};

use super::{ApiError, Protocol, ServiceName};
use crate::identity::{CredentialStore, Identity};

/// How far a client's clock may be off.
const ALLOWED_SKEW: Duration = Duration::from_secs(5 * 60);

/// Who says that they signed a request, and for what; not yet verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The access key identifier.
    pub access_key_id: String,
    /// `us-east-1` and the like.
    pub region: String,
    /// The signing name, such as `s3` or `lambda`.
    pub service: String,
}

impl Scope {
    /// Reads the scope from the `Authorization` header or from a presigned query.
    #[must_use]
    pub fn of(parts: &Parts) -> Option<Self> {
        if let Some(value) = parts.headers.get(header::AUTHORIZATION) {
            let fields = value.to_str().ok()?.strip_prefix("AWS4-HMAC-SHA256")?;
            let credential = field(fields, "Credential")?;
            return Self::parse(credential);
        }
        url::form_urlencoded::parse(parts.uri.query()?.as_bytes())
            .find(|(name, _)| name == "X-Amz-Credential")
            .and_then(|(_, credential)| Self::parse(&credential))
    }

    /// `AKID/20261123/us-east-1/sns/aws4_request`.
    fn parse(credential: &str) -> Option<Self> {
        let mut segments = credential.trim().rsplit('/');
        let terminator = segments.next()?;
        let (service, region, _date) = (segments.next()?, segments.next()?, segments.next()?);
        let access_key_id = segments.next()?;
        (terminator == "aws4_request" && segments.next().is_none()).then(|| Self {
            access_key_id: access_key_id.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
        })
    }
}

/// One `Name=value` of an `Authorization` header.
fn field<'a>(fields: &'a str, name: &str) -> Option<&'a str> {
    fields
        .split(',')
        .filter_map(|field| field.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// Checks the signature of a request whose whole body is at hand.
///
/// # Errors
/// AWS's own: a missing, malformed, wrong or expired signature, an unknown key or token.
pub fn verify(
    parts: &Parts,
    body: &[u8],
    scope: &Scope,
    service: ServiceName,
    keys: &CredentialStore,
    now: OffsetDateTime,
) -> Result<Identity, ApiError> {
    let wording = Wording::of(service);
    let authorization = text(parts, header::AUTHORIZATION.as_str()).ok_or_else(missing)?;
    let (Some(signed_headers), Some(signature)) = (
        field(authorization, "SignedHeaders"),
        field(authorization, "Signature"),
    ) else {
        return Err(ApiError::bad_request(
            "IncompleteSignature",
            "Authorization header requires 'SignedHeaders' and 'Signature' parameters.",
        ));
    };
    let (credentials, identity) = keys
        .find(&scope.access_key_id)
        .ok_or_else(|| wording.unknown_key())?;
    if credentials.session_token.as_deref() != text(parts, "x-amz-security-token") {
        return Err(wording.unknown_key());
    }
    if credentials.expires.is_some_and(|end| end <= now) {
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "ExpiredToken",
            "The security token included in the request is expired",
        ));
    }
    let signed_at = text(parts, "x-amz-date")
        .and_then(parse_date)
        .ok_or_else(missing)?;
    if (now - signed_at).unsigned_abs() > ALLOWED_SKEW {
        return Err(wording.mismatch(format!(
            "Signature expired: {} is now more than 5 minutes away from the server's time",
            text(parts, "x-amz-date").unwrap_or_default()
        )));
    }
    let expected = signature_of(parts, body, scope, signed_headers, signed_at, &credentials)
        .ok_or_else(|| wording.mismatch(MISMATCH.to_owned()))?;
    if bool::from(expected.as_bytes().ct_eq(signature.as_bytes())) {
        Ok(identity)
    } else {
        Err(wording.mismatch(MISMATCH.to_owned()))
    }
}

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";

/// The signature that the holder of `credentials` would have made; `None` if the request cannot
/// be signed at all.
fn signature_of(
    parts: &Parts,
    body: &[u8],
    scope: &Scope,
    signed_headers: &str,
    signed_at: OffsetDateTime,
    credentials: &crate::identity::Credentials,
) -> Option<String> {
    let identity = aws_credential_types::Credentials::new(
        &credentials.access_key_id,
        credentials.expose_secret(),
        credentials.session_token.clone(),
        None,
        "zipster",
    )
    .into();
    let mut settings = SigningSettings::default();
    settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
    let params: SigningParams<'_> = v4::SigningParams::builder()
        .identity(&identity)
        .region(&scope.region)
        .name(&scope.service)
        .time(signed_at.into())
        .settings(settings)
        .build()
        .ok()?
        .into();
    // The library adds these itself.
    let added = ["host", "x-amz-date", "x-amz-security-token"];
    let headers: Vec<(&str, &str)> = signed_headers
        .split(';')
        .filter(|name| !added.contains(name))
        .flat_map(|name| parts.headers.get_all(name).iter().map(move |v| (name, v)))
        .map(|(name, value)| Some((name, value.to_str().ok()?)))
        .collect::<Option<_>>()?;
    let host = text(parts, "host")?;
    let target = parts
        .uri
        .path_and_query()
        .map_or("/", http::uri::PathAndQuery::as_str);
    let uri = format!("http://{host}{target}");
    let request = SignableRequest::new(
        parts.method.as_str(),
        uri,
        headers.into_iter(),
        SignableBody::Bytes(body),
    )
    .ok()?;
    Some(sign(request, &params).ok()?.signature().to_owned())
}

fn text<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    parts.headers.get(name)?.to_str().ok()
}

fn parse_date(text: &str) -> Option<OffsetDateTime> {
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    PrimitiveDateTime::parse(text, &format)
        .ok()
        .map(PrimitiveDateTime::assume_utc)
}

fn missing() -> ApiError {
    ApiError::new(
        StatusCode::FORBIDDEN,
        "MissingAuthenticationToken",
        "Request is missing Authentication Token",
    )
}

/// Query and JSON services use different codes for the same refusal.
struct Wording {
    json: bool,
}

impl Wording {
    fn of(service: ServiceName) -> Self {
        Self {
            json: matches!(
                service.protocol(),
                Protocol::Json10 | Protocol::Json11 | Protocol::RestJson
            ),
        }
    }

    fn unknown_key(&self) -> ApiError {
        let code = if self.json {
            "UnrecognizedClientException"
        } else {
            "InvalidClientTokenId"
        };
        ApiError::new(
            StatusCode::FORBIDDEN,
            code,
            "The security token included in the request is invalid.",
        )
    }

    fn mismatch(&self, message: String) -> ApiError {
        let code = if self.json {
            "InvalidSignatureException"
        } else {
            "SignatureDoesNotMatch"
        };
        ApiError::new(StatusCode::FORBIDDEN, code, message)
    }
}
