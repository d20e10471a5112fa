//! Signature Version 4 of the services other than S3 (whose signatures `s3::signature` verifies),
//! in the `Authorization` header or in the query of a presigned address.
//!
//! The request is signed again with the secret that belongs to the access key, and the two
//! signatures are compared.
//! Follows <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.

use std::borrow::Cow;

use http::{StatusCode, header, request::Parts};
use time::{Duration, OffsetDateTime, PrimitiveDateTime, macros::format_description};

use super::canonical::{ALGORITHM, Path, Signed, sha256};
use super::{ApiError, Protocol};
use crate::identity::{CredentialStore, Identity};

/// How far a client's clock may be off.
const ALLOWED_SKEW: Duration = Duration::minutes(5);

/// Who says that they signed a request, and for what; not yet verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The access key identifier.
    pub access_key_id: String,
    /// The day, such as `20261123`.
    pub date: String,
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
        let (service, region, date) = (segments.next()?, segments.next()?, segments.next()?);
        let access_key_id = segments.next()?;
        (terminator == "aws4_request" && segments.next().is_none()).then(|| Self {
            access_key_id: access_key_id.to_owned(),
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
        })
    }
}

/// One `Name=value` of an `Authorization` header.
pub(crate) fn field<'a>(fields: &'a str, name: &str) -> Option<&'a str> {
    fields
        .split(',')
        .filter_map(|field| field.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// What a request says about its signature.
struct Claim<'a> {
    headers: Cow<'a, str>,
    signature: Cow<'a, str>,
    date: Cow<'a, str>,
    token: Option<Cow<'a, str>>,
    /// How long a presigned address is good for.
    expires: Option<Duration>,
}

impl<'a> Claim<'a> {
    fn of(parts: &'a Parts) -> Result<Self, ApiError> {
        match text(parts, header::AUTHORIZATION.as_str()) {
            Some(authorization) => Self::of_header(parts, authorization),
            None => Self::of_query(parts),
        }
    }

    fn of_header(parts: &'a Parts, authorization: &'a str) -> Result<Self, ApiError> {
        let fields = authorization.strip_prefix(ALGORITHM).ok_or_else(missing)?;
        let (Some(headers), Some(signature)) =
            (field(fields, "SignedHeaders"), field(fields, "Signature"))
        else {
            return Err(ApiError::bad_request(
                "IncompleteSignature",
                "Authorization header requires 'SignedHeaders' and 'Signature' parameters.",
            ));
        };
        Ok(Self {
            headers: headers.into(),
            signature: signature.into(),
            date: text(parts, "x-amz-date").ok_or_else(missing)?.into(),
            token: text(parts, "x-amz-security-token").map(Cow::from),
            expires: None,
        })
    }

    fn of_query(parts: &'a Parts) -> Result<Self, ApiError> {
        let query = parts.uri.query().unwrap_or_default();
        let get = |name: &str| {
            url::form_urlencoded::parse(query.as_bytes())
                .find(|(key, _)| key == name)
                .map(|(_, value)| value)
        };
        let needed = |name: &str| {
            get(name).ok_or_else(|| {
                ApiError::bad_request(
                    "IncompleteSignature",
                    format!("AWS query-string parameters must include '{name}'. "),
                )
            })
        };
        // Services other than S3 let an address live for a quarter of an hour where it does not say.
        let expires = match get("X-Amz-Expires") {
            None => 15 * 60,
            Some(text) => text.parse().map_err(|_| missing())?,
        };
        Ok(Self {
            headers: needed("X-Amz-SignedHeaders")?,
            signature: needed("X-Amz-Signature")?,
            date: needed("X-Amz-Date")?,
            token: get("X-Amz-Security-Token"),
            expires: Some(Duration::seconds(expires)),
        })
    }
}

/// Checks the signature of a request whose whole body is at hand.
///
/// # Errors
/// AWS's own: a missing, malformed, wrong or expired signature, an unknown key or token.
pub fn verify(
    parts: &Parts,
    body: &[u8],
    scope: &Scope,
    protocol: Protocol,
    keys: &CredentialStore,
    now: OffsetDateTime,
) -> Result<Identity, ApiError> {
    let wording = Wording::of(protocol);
    let claim = Claim::of(parts)?;
    let (credentials, identity) = keys
        .find(&scope.access_key_id)
        .ok_or_else(|| wording.unknown_key())?;
    if credentials.session_token.as_deref() != claim.token.as_deref() {
        return Err(wording.unknown_key());
    }
    if credentials.expires.is_some_and(|end| end <= now) {
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            if wording.json {
                "ExpiredTokenException"
            } else {
                "ExpiredToken"
            },
            "The security token included in the request is expired",
        ));
    }
    let at = parse_date(&claim.date).ok_or_else(missing)?;
    check_time(&wording, at, claim.expires, now)?;
    if !claim.date.starts_with(&scope.date) || scope.date.len() != 8 {
        return Err(wording.mismatch(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{}', from '{}'.",
            scope.date,
            claim.date.get(..8).unwrap_or_default(),
            claim.date
        )));
    }
    let signed = Signed {
        parts,
        scope,
        headers: &claim.headers,
        payload: &sha256(body),
        date: &claim.date,
        at,
        path: Path::Twice,
    };
    if signed.is_by(
        credentials.expose_secret(),
        &signed.texts(),
        &claim.signature,
    ) {
        Ok(identity)
    } else {
        Err(wording.mismatch(MISMATCH.to_owned()))
    }
}

/// Refuses a signature that is too old, or from a time that has not come yet.
fn check_time(
    wording: &Wording,
    at: OffsetDateTime,
    expires: Option<Duration>,
    now: OffsetDateTime,
) -> Result<(), ApiError> {
    let life = expires.unwrap_or(ALLOWED_SKEW);
    let basic = |time: OffsetDateTime| {
        let format = format_description!("[year][month][day]T[hour][minute][second]Z");
        time.format(&format).unwrap_or_default()
    };
    if now - at > life {
        let minutes = life.whole_minutes();
        return Err(wording.mismatch(format!(
            "Signature expired: {} is now earlier than {} ({} - {minutes} min.)",
            basic(at),
            basic(now - life),
            basic(now)
        )));
    }
    if at - now > ALLOWED_SKEW {
        return Err(wording.mismatch(format!(
            "Signature not yet current: {} is still later than {} ({} + {} min.)",
            basic(at),
            basic(now + ALLOWED_SKEW),
            basic(now),
            ALLOWED_SKEW.whole_minutes()
        )));
    }
    Ok(())
}

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";

fn text<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    parts.headers.get(name)?.to_str().ok()
}

pub(crate) fn parse_date(text: &str) -> Option<OffsetDateTime> {
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
    fn of(protocol: Protocol) -> Self {
        Self {
            json: matches!(
                protocol,
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
