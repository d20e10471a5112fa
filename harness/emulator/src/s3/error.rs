//! What can go wrong in S3, and AWS's code, status and wording for each.
//!
//! Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.

use std::io;

use http::{HeaderMap, HeaderValue, StatusCode, header};
use s3s::dto::{Timestamp, TimestampFormat};
use s3s::{S3Error, S3ErrorCode};

use zipster_names::Region;

use super::versions::Marker;

/// Why an operation was not carried out.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("The specified bucket does not exist")]
    NoSuchBucket,
    #[error("The specified key does not exist.")]
    NoSuchKey,
    #[error(
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."
    )]
    NoSuchUpload,
    #[error("The specified key does not exist.")]
    Deleted(Marker),
    #[error("The specified version does not exist.")]
    NoSuchVersion,
    #[error("The specified method is not allowed against this resource.")]
    IsDeleteMarker(Marker),
    #[error("Invalid version id specified")]
    InvalidVersion,
    #[error("Your previous request to create the named bucket succeeded and you already own it.")]
    BucketAlreadyOwnedByYou,
    #[error(
        "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again."
    )]
    BucketAlreadyExists,
    #[error("The specified bucket is not valid: {0}")]
    InvalidBucketName(String),
    #[error("The bucket you tried to delete is not empty{}", all_versions(*versioned))]
    BucketNotEmpty { versioned: bool },
    #[error("The Versioning element must be specified")]
    IllegalVersioning,
    #[error("{0}")]
    IllegalLocation(String),
    #[error("The specified location-constraint is not valid")]
    InvalidLocation,
    #[error("{0}")]
    AccessDenied(String),
    #[error("The AWS Access Key Id you provided does not exist in our records.")]
    UnknownKey,
    #[error("The provided token is malformed or otherwise invalid.")]
    InvalidToken,
    #[error("The provided token has expired.")]
    ExpiredToken,
    #[error(
        "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint."
    )]
    PermanentRedirect { region: Region },
    #[error(
        "The authorization header is malformed; the region '{signed}' is wrong; expecting '{region}'"
    )]
    WrongRegion { signed: String, region: Region },
    #[error("Please reduce your request rate.")]
    SlowDown,
    #[error("At least one of the pre-conditions you specified did not hold")]
    PreconditionFailed,
    #[error("Not Modified")]
    NotModified { etag: String },
    #[error("The requested range is not satisfiable")]
    InvalidRange,
    #[error("The {0} you specified did not match the calculated checksum.")]
    BadDigest(&'static str),
    #[error("The Content-MD5 you specified was invalid.")]
    InvalidDigest,
    #[error("The provided 'x-amz-content-sha256' header does not match what was computed.")]
    ContentSha256Mismatch,
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your key and signing method."
    )]
    ChunkSignatureMismatch,
    #[error("You did not provide the number of bytes specified by the Content-Length HTTP header")]
    IncompleteBody,
    #[error(
        "The request contained trailing data that was not well-formed or did not conform to our published schema."
    )]
    MalformedTrailer,
    #[error("Your proposed upload exceeds the maximum allowed size")]
    EntityTooLarge,
    #[error("Your proposed upload is smaller than the minimum allowed size")]
    EntityTooSmall,
    #[error(
        "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag."
    )]
    InvalidPart,
    #[error("The list of parts was not in ascending order. Parts must be ordered by part number.")]
    InvalidPartOrder,
    #[error(
        "The XML you provided was not well-formed or did not validate against our published schema"
    )]
    MalformedXml,
    #[error("{0}")]
    MalformedPolicy(String),
    #[error("{0}")]
    InvalidArgument(String),
    #[error("{0}")]
    InvalidRequest(String),
    #[error("{0}")]
    InvalidTag(String),
    #[error("Your metadata headers exceed the maximum allowed metadata size")]
    MetadataTooLarge,
    #[error("The bucket does not allow ACLs")]
    AclNotSupported,
    #[error("{message}")]
    NotConfigured {
        code: S3ErrorCode,
        message: &'static str,
    },
    #[error("s3: {0} is not supported by this emulator")]
    Unsupported(String),
    #[error("the object cannot be kept: {0}")]
    Storage(#[source] io::Error),
    #[error("We encountered an internal error. Please try again.")]
    Internal,
}

impl Failure {
    /// Refuses something by name.
    pub(super) fn unsupported(what: impl Into<String>) -> Self {
        Self::Unsupported(what.into())
    }

    /// The refusal without details that anonymous callers get.
    pub(super) fn access_denied() -> Self {
        Self::AccessDenied("Access Denied".to_owned())
    }

    pub(super) fn code(&self) -> S3ErrorCode {
        match self {
            Self::NoSuchBucket => S3ErrorCode::NoSuchBucket,
            Self::NoSuchKey | Self::Deleted(_) => S3ErrorCode::NoSuchKey,
            Self::NoSuchVersion => S3ErrorCode::NoSuchVersion,
            Self::IsDeleteMarker(_) => S3ErrorCode::MethodNotAllowed,
            Self::NoSuchUpload => S3ErrorCode::NoSuchUpload,
            Self::BucketAlreadyOwnedByYou => S3ErrorCode::BucketAlreadyOwnedByYou,
            Self::BucketAlreadyExists => S3ErrorCode::BucketAlreadyExists,
            Self::InvalidBucketName(_) => S3ErrorCode::InvalidBucketName,
            Self::BucketNotEmpty { .. } => S3ErrorCode::BucketNotEmpty,
            Self::IllegalVersioning => S3ErrorCode::IllegalVersioningConfigurationException,
            Self::IllegalLocation(_) => S3ErrorCode::IllegalLocationConstraintException,
            Self::InvalidLocation => S3ErrorCode::InvalidLocationConstraint,
            Self::AccessDenied(_) => S3ErrorCode::AccessDenied,
            Self::UnknownKey => S3ErrorCode::InvalidAccessKeyId,
            Self::InvalidToken => S3ErrorCode::InvalidToken,
            Self::ExpiredToken => S3ErrorCode::ExpiredToken,
            Self::PermanentRedirect { .. } => S3ErrorCode::PermanentRedirect,
            Self::WrongRegion { .. } => S3ErrorCode::AuthorizationHeaderMalformed,
            Self::SlowDown => S3ErrorCode::SlowDown,
            Self::PreconditionFailed => S3ErrorCode::PreconditionFailed,
            Self::NotModified { .. } => S3ErrorCode::NotModified,
            Self::InvalidRange => S3ErrorCode::InvalidRange,
            Self::BadDigest(_) => S3ErrorCode::BadDigest,
            Self::InvalidDigest => S3ErrorCode::InvalidDigest,
            Self::ContentSha256Mismatch => S3ErrorCode::Custom("XAmzContentSHA256Mismatch".into()),
            Self::ChunkSignatureMismatch => S3ErrorCode::SignatureDoesNotMatch,
            Self::IncompleteBody => S3ErrorCode::IncompleteBody,
            Self::MalformedTrailer => S3ErrorCode::Custom("MalformedTrailerError".into()),
            Self::EntityTooLarge => S3ErrorCode::EntityTooLarge,
            Self::EntityTooSmall => S3ErrorCode::EntityTooSmall,
            Self::InvalidPart => S3ErrorCode::InvalidPart,
            Self::InvalidPartOrder => S3ErrorCode::InvalidPartOrder,
            Self::MalformedXml => S3ErrorCode::MalformedXML,
            Self::MalformedPolicy(_) => S3ErrorCode::MalformedPolicy,
            Self::InvalidArgument(_) | Self::InvalidVersion => S3ErrorCode::InvalidArgument,
            Self::InvalidRequest(_) => S3ErrorCode::InvalidRequest,
            Self::InvalidTag(_) => S3ErrorCode::InvalidTag,
            Self::MetadataTooLarge => S3ErrorCode::MetadataTooLarge,
            Self::AclNotSupported => S3ErrorCode::AccessControlListNotSupported,
            Self::NotConfigured { code, .. } => code.clone(),
            Self::Unsupported(_) => S3ErrorCode::NotImplemented,
            Self::Storage(_) | Self::Internal => S3ErrorCode::InternalError,
        }
    }
}

impl Failure {
    /// The headers that some errors come with.
    fn headers(&self) -> Option<HeaderMap> {
        let mut headers = HeaderMap::new();
        if let Self::NotModified { etag } = self
            && let Ok(value) = HeaderValue::from_str(&format!("\"{etag}\""))
        {
            headers.insert(header::ETAG, value);
        }
        if let Self::Deleted(marker) | Self::IsDeleteMarker(marker) = self {
            headers.insert("x-amz-delete-marker", HeaderValue::from_static("true"));
            if let Ok(id) = HeaderValue::from_str(marker.version.as_str()) {
                headers.insert("x-amz-version-id", id);
            }
        }
        if let Self::PermanentRedirect { region } | Self::WrongRegion { region, .. } = self
            && let Ok(value) = HeaderValue::from_str(region.as_str())
        {
            headers.insert("x-amz-bucket-region", value);
        }
        // Whoever asks for a marker by its identifier is told more of it.
        if let Self::IsDeleteMarker(marker) = self {
            headers.insert(header::ALLOW, HeaderValue::from_static("DELETE"));
            let mut modified = Vec::new();
            let format = TimestampFormat::HttpDate;
            let written = Timestamp::from(marker.made).format(format, &mut modified);
            if written.is_ok()
                && let Ok(value) = HeaderValue::from_bytes(&modified)
            {
                headers.insert(header::LAST_MODIFIED, value);
            }
        }
        (!headers.is_empty()).then_some(headers)
    }
}

fn all_versions(versioned: bool) -> &'static str {
    if versioned {
        ". You must delete all versions in the bucket."
    } else {
        ""
    }
}

impl From<Failure> for S3Error {
    fn from(failure: Failure) -> Self {
        let code = failure.code();
        // `s3s` knows the status of the codes that it knows.
        let status = match (&code, matches!(failure, Failure::NotConfigured { .. })) {
            (_, true) => Some(StatusCode::NOT_FOUND),
            (S3ErrorCode::Custom(_), false) => Some(StatusCode::BAD_REQUEST),
            (_, false) => None,
        };
        let mut error = S3Error::with_message(code, failure.to_string());
        if let Some(status) = status {
            error.set_status_code(status);
        }
        if let Some(headers) = failure.headers() {
            error.set_headers(headers);
        }
        if let Failure::Storage(source) = &failure {
            tracing::error!(%source, "cannot keep an object");
        }
        error
    }
}
