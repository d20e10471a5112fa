//! Signatures of requests to S3, verified before `s3s` sees them: with the emulator's own clock,
//! and with AWS's errors, which show what was to be signed.
//!
//! `s3s` verifies the signature of a header again, since it needs it to verify the chunks of a
//! body. A presigned request is handed on as one that is signed in its header, so that `s3s` has
//! one form to deal with and no say in when an address expires.
//! Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html>.
//! Left out: version 2 of the signature, which new regions refuse as well; uploads by browser
//! forms; `AWS4-ECDSA-P256-SHA256`.

use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, StatusCode, Uri, header};
use time::format_description::well_known::Iso8601;
use time::format_description::well_known::iso8601::{Config, EncodedConfig, TimePrecision};
use time::{Duration, OffsetDateTime};

use super::chunks::{BadChunk, LARGEST_SIGNED};
use super::error::Failure;
use super::receive::text;
use crate::front::body::STALLED;
use crate::front::canonical::{ALGORITHM, Path, Signed, Texts};
use crate::front::limits::LARGEST_S3_HEAD;
use crate::front::{Scope, field, parse_date};
use crate::identity::CredentialStore;

/// How far a client's clock may be off.
const ALLOWED_SKEW: Duration = Duration::minutes(15);
/// The longest life of a presigned address, in seconds: a week.
const LONGEST: i64 = 604_800;
/// Headers of S3's own that need no signature: clients add them late.
const NEED_NO_SIGNATURE: [&str; 2] = ["x-amz-content-sha256", "x-amz-user-agent"];

/// To the second, as S3's errors have times.
const SECONDS: EncodedConfig = Config::DEFAULT
    .set_time_precision(TimePrecision::Second {
        decimal_digits: None,
    })
    .encode();

/// Why a request is turned away before anybody knows who sent it.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
    /// Further elements of the error.
    pub(super) details: Vec<(String, String)>,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            details: Vec::new(),
        }
    }

    fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    fn forbidden(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, message)
    }

    fn unsupported(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_IMPLEMENTED,
            "NotImplemented",
            Failure::unsupported(what).to_string(),
        )
    }

    fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.details.push((name.to_owned(), value.into()));
        self
    }

    /// A body that stops coming.
    pub(super) fn stalled() -> Self {
        Self::bad("RequestTimeout", STALLED)
    }

    /// A body in chunks of which one has a size that it may not have.
    pub(super) fn bad_chunk(bad: BadChunk) -> Self {
        match bad {
            BadChunk::Small { number, size } => Self::forbidden(
                "InvalidChunkSizeError",
                "Only the last chunk is allowed to have a size less than 8192 bytes",
            )
            .with("Chunk", number.to_string())
            .with("BadChunkSize", size.to_string()),
            BadChunk::Large { size } => Self::unsupported(&format!(
                "a signed chunk of {size} bytes, more than {LARGEST_SIGNED}"
            )),
        }
    }

    fn query(message: impl Into<String>) -> Self {
        Self::bad("AuthorizationQueryParametersError", message)
    }

    fn malformed(what: impl std::fmt::Display) -> Self {
        Self::bad(
            "AuthorizationHeaderMalformed",
            format!("The authorization header is malformed; {what}"),
        )
    }
}

const CREDENTIAL: &str =
    "the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".";

/// When an address was presigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PresignedAt(pub(super) OffsetDateTime);

/// Verifies the signature of a request, if it has one; a presigned request leaves as one that is
/// signed in its header, and when its address was presigned is returned.
pub(super) fn verify(
    parts: &mut Parts,
    keys: &CredentialStore,
    now: OffsetDateTime,
) -> Result<Option<PresignedAt>, Refusal> {
    if parts.method == Method::POST
        && text(&parts.headers, "content-type")
            .is_some_and(|kind| kind.starts_with("multipart/form-data"))
    {
        return Err(Refusal::unsupported("PostObject (a browser's form)"));
    }
    if head_length(parts) > LARGEST_S3_HEAD {
        return Err(Refusal::bad(
            "RequestHeaderSectionTooLarge",
            "Your request header section exceeds the maximum allowed size.",
        )
        .with("MaxSizeAllowed", LARGEST_S3_HEAD.to_string()));
    }
    let query = Query::of(&parts.uri);
    let authorization = authorization(parts)?;
    let presigned = query.has("X-Amz-Signature") || query.has("X-Amz-Algorithm");
    let by_version_2 = query.has("Signature") && query.has("AWSAccessKeyId");
    match authorization {
        Some(_) if presigned || by_version_2 => Err(Refusal::bad(
            "InvalidArgument",
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified",
        )),
        Some(authorization) => in_header(parts, &authorization, keys, now).map(|()| None),
        None if by_version_2 => Err(version_2()),
        None if presigned => {
            let authorization = in_query(parts, &query, keys, now)?;
            hand_on(parts, &query, &authorization);
            Ok(Some(PresignedAt(authorization.at)))
        }
        None => Ok(None),
    }
}

/// The `Authorization` header: one, and text. Who sends another is not nobody, and `s3s` is not to
/// look into it.
fn authorization(parts: &Parts) -> Result<Option<String>, Refusal> {
    let mut values = parts.headers.get_all(header::AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => match value.to_str() {
            Ok(text) => Ok(Some(text.to_owned())),
            Err(_) => Err(unsupported_type(&String::from_utf8_lossy(value.as_bytes()))),
        },
        (Some(_), Some(_)) => Err(unsupported_type("")),
    }
}

fn unsupported_type(value: &str) -> Refusal {
    Refusal::bad("InvalidArgument", "Unsupported Authorization Type")
        .with("ArgumentName", "Authorization")
        .with("ArgumentValue", value)
}

/// The bytes of a request's headers and query.
fn head_length(parts: &Parts) -> usize {
    let headers: usize = parts
        .headers
        .iter()
        // A colon, a space and the end of the line.
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    headers + parts.uri.query().map_or(0, str::len)
}

fn version_2() -> Refusal {
    Refusal::bad(
        "InvalidRequest",
        "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
    )
}

fn in_header(
    parts: &Parts,
    authorization: &str,
    keys: &CredentialStore,
    now: OffsetDateTime,
) -> Result<(), Refusal> {
    let (mechanism, fields) = authorization
        .split_once(char::is_whitespace)
        .unwrap_or((authorization, ""));
    match mechanism {
        ALGORITHM => {}
        "AWS" => return Err(version_2()),
        "AWS4-ECDSA-P256-SHA256" => return Err(Refusal::unsupported(mechanism)),
        _ => return Err(unsupported_type(authorization)),
    }
    let scope = Scope::of(parts).ok_or_else(|| Refusal::malformed(CREDENTIAL))?;
    let (Some(headers), Some(signature)) =
        (field(fields, "SignedHeaders"), field(fields, "Signature"))
    else {
        return Err(Refusal::malformed(
            "the authorization header requires three components: Credential, SignedHeaders, and Signature.",
        ));
    };
    let date = text(&parts.headers, "x-amz-date").unwrap_or_default();
    let at = parse_date(date).ok_or_else(|| {
        Refusal::forbidden(
            "AccessDenied",
            "AWS authentication requires a valid Date or x-amz-date header",
        )
    })?;
    if !date.starts_with(&scope.date) || scope.date.len() != 8 {
        return Err(Refusal::malformed(format!(
            "Invalid credential date \"{}\". This date is not the same as X-Amz-Date: \"{}\".",
            scope.date,
            date.get(..8).unwrap_or_default()
        )));
    }
    if (now - at).abs() > ALLOWED_SKEW {
        return Err(Refusal::forbidden(
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
        )
        .with("RequestTime", date)
        .with("ServerTime", iso(now))
        .with(
            "MaxAllowedSkewMilliseconds",
            ALLOWED_SKEW.whole_milliseconds().to_string(),
        ));
    }
    let payload = text(&parts.headers, "x-amz-content-sha256").ok_or_else(|| {
        Refusal::bad(
            "InvalidRequest",
            "Missing required header for this request: x-amz-content-sha256",
        )
    })?;
    let signed = Signed {
        parts,
        scope: &scope,
        headers,
        payload,
        date,
        at,
        path: Path::Once,
    };
    check(signed, signature, keys).map(|_| ())
}

/// Verifies a presigned address, and returns the `Authorization` that says the same.
fn in_query(
    parts: &Parts,
    query: &Query,
    keys: &CredentialStore,
    now: OffsetDateTime,
) -> Result<Authorization, Refusal> {
    let needed = |name: &str| {
        query.get(name).ok_or_else(|| {
            Refusal::query("Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.")
        })
    };
    let (algorithm, _) = (needed("X-Amz-Algorithm")?, needed("X-Amz-Credential")?);
    let (headers, signature) = (needed("X-Amz-SignedHeaders")?, needed("X-Amz-Signature")?);
    let (date, expires) = (needed("X-Amz-Date")?, needed("X-Amz-Expires")?);
    if algorithm != ALGORITHM {
        return Err(Refusal::query(
            "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256\"",
        ));
    }
    let scope = Scope::of(parts).ok_or_else(|| {
        Refusal::query(format!(
            "Error parsing the X-Amz-Credential parameter; {CREDENTIAL}"
        ))
    })?;
    let at = parse_date(date).ok_or_else(|| {
        Refusal::query("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
    })?;
    if !date.starts_with(&scope.date) || scope.date.len() != 8 {
        return Err(Refusal::query(format!(
            "Invalid credential date \"{}\". This date is not the same as X-Amz-Date: \"{}\".",
            scope.date,
            date.get(..8).unwrap_or_default()
        )));
    }
    let seconds: i64 = expires
        .parse()
        .map_err(|_| Refusal::query("X-Amz-Expires should be a number"))?;
    if seconds < 0 {
        return Err(Refusal::query("X-Amz-Expires must be non-negative"));
    }
    if seconds > LONGEST {
        return Err(Refusal::query(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds",
        ));
    }
    let end = at + Duration::seconds(seconds);
    if now > end {
        return Err(Refusal::forbidden("AccessDenied", "Request has expired")
            .with("X-Amz-Expires", expires)
            .with("Expires", iso(end))
            .with("ServerTime", iso(now)));
    }
    if at - now > ALLOWED_SKEW {
        return Err(
            Refusal::forbidden("AccessDenied", "Request is not valid yet")
                .with("X-Amz-Date", date)
                .with("ServerTime", iso(now)),
        );
    }
    let sent = text(&parts.headers, "x-amz-content-sha256");
    let is_signed = headers
        .split(';')
        .any(|name| name == "x-amz-content-sha256");
    let payload = query
        .get("X-Amz-Content-Sha256")
        .or(sent.filter(|_| is_signed))
        .unwrap_or("UNSIGNED-PAYLOAD");
    let signed = Signed {
        parts,
        scope: &scope,
        headers,
        payload,
        date,
        at,
        path: Path::Once,
    };
    let secret = check(signed, signature, keys)?;
    Ok(Authorization {
        scope,
        secret,
        date: date.to_owned(),
        at,
        payload: sent.unwrap_or(payload).to_owned(),
    })
}

/// Compares signatures; returns the secret that the right one was made with.
fn check(
    mut signed: Signed<'_>,
    signature: &str,
    keys: &CredentialStore,
) -> Result<String, Refusal> {
    let key = &signed.scope.access_key_id;
    let (credentials, _) = keys.find(key).ok_or_else(|| {
        Refusal::forbidden("InvalidAccessKeyId", Failure::UnknownKey.to_string())
            .with("AWSAccessKeyId", key)
    })?;
    let secret = credentials.expose_secret();
    let texts = signed.texts();
    if !signed.is_by(secret, &texts, signature) {
        signed.path = Path::AsSent;
        if !signed.is_by(secret, &signed.texts(), signature) {
            return Err(mismatch(key, signature, &texts));
        }
    }
    let unsigned: Vec<&str> = signed
        .parts
        .headers
        .keys()
        .map(header::HeaderName::as_str)
        .filter(|name| *name == "host" || name.starts_with("x-amz-"))
        .filter(|name| !NEED_NO_SIGNATURE.contains(name))
        .filter(|name| signed.headers.split(';').all(|signed| signed != *name))
        .collect();
    if unsigned.is_empty() {
        return Ok(secret.to_owned());
    }
    Err(Refusal::forbidden(
        "AccessDenied",
        "There were headers present in the request which were not signed",
    )
    .with("HeadersNotSigned", unsigned.join(", ")))
}

fn mismatch(key: &str, signature: &str, texts: &Texts) -> Refusal {
    let bytes = |text: &str| {
        let bytes: Vec<String> = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        bytes.join(" ")
    };
    Refusal::forbidden(
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
    )
    .with("AWSAccessKeyId", key)
    .with("StringToSign", &texts.string_to_sign)
    .with("SignatureProvided", signature)
    .with("StringToSignBytes", bytes(&texts.string_to_sign))
    .with("CanonicalRequest", &texts.canonical_request)
    .with("CanonicalRequestBytes", bytes(&texts.canonical_request))
}

/// What is needed to sign a verified request once more.
struct Authorization {
    scope: Scope,
    secret: String,
    date: String,
    at: OffsetDateTime,
    payload: String,
}

/// Makes a presigned request one that is signed in its header.
fn hand_on(parts: &mut Parts, query: &Query, authorization: &Authorization) {
    let rest = query.without_signature();
    let target = if rest.is_empty() {
        parts.uri.path().to_owned()
    } else {
        format!("{}?{rest}", parts.uri.path())
    };
    // Both halves come from a URI, so they make one again.
    if let Ok(target) = target.parse::<PathAndQuery>() {
        let mut uri = std::mem::take(&mut parts.uri).into_parts();
        uri.path_and_query = Some(target);
        parts.uri = Uri::from_parts(uri).unwrap_or_default();
    }
    let token = query.get("X-Amz-Security-Token");
    for (name, value) in [
        ("x-amz-date", Some(authorization.date.as_str())),
        ("x-amz-content-sha256", Some(authorization.payload.as_str())),
        ("x-amz-security-token", token),
    ] {
        if let Some(Ok(value)) = value.map(HeaderValue::from_str) {
            parts.headers.insert(name, value);
        }
    }
    let headers = "host;x-amz-content-sha256;x-amz-date";
    let scope = &authorization.scope;
    let signed = Signed {
        parts,
        scope,
        headers,
        payload: &authorization.payload,
        date: &authorization.date,
        at: authorization.at,
        path: Path::Once,
    };
    let signature = signed.signature(&authorization.secret, &signed.texts());
    let Scope {
        access_key_id: key,
        date,
        region,
        service,
    } = scope;
    let value = format!(
        "{ALGORITHM} Credential={key}/{date}/{region}/{service}/aws4_request, SignedHeaders={headers}, Signature={signature}"
    );
    if let Ok(value) = HeaderValue::from_str(&value) {
        parts.headers.insert(header::AUTHORIZATION, value);
    }
}

/// `2026-11-27T11:00:00Z`.
fn iso(time: OffsetDateTime) -> String {
    time.format(&Iso8601::<SECONDS>).unwrap_or_default()
}

/// A query, decoded.
struct Query(Vec<(String, String)>);

impl Query {
    fn of(uri: &Uri) -> Self {
        let query = uri.query().unwrap_or_default();
        Self(
            url::form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The parameters that are not about the signature, encoded.
    fn without_signature(&self) -> String {
        const ABOUT_SIGNATURE: [&str; 8] = [
            "X-Amz-Algorithm",
            "X-Amz-Credential",
            "X-Amz-Signature",
            "X-Amz-Date",
            "X-Amz-SignedHeaders",
            "X-Amz-Expires",
            "X-Amz-Security-Token",
            "X-Amz-Content-Sha256",
        ];
        let rest = self
            .0
            .iter()
            .filter(|(name, _)| !ABOUT_SIGNATURE.contains(&name.as_str()));
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(rest)
            .finish()
    }
}
