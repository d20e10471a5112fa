//! Putting and getting objects.

use s3s::dto::{self, Range};
use s3s::dto::{
    ChecksumMode, ETag, GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput,
    PutObjectInput, PutObjectOutput, ServerSideEncryption, Timestamp,
};

use super::access::{Shared, object_key};
use super::api::Call;
use super::checksum::{Algorithm, set_checksum};
use super::conditions::{ReadConditions, check_write};
use super::error::Failure;
use super::event::EventKind;
use super::receive::{Promise, receive};
use super::store::Object;
use super::tags;
use super::versions::{Found, find};

/// The type of objects that were put without one.
const DEFAULT_TYPE: &str = "binary/octet-stream";

/// The most bytes of user metadata, names and values.
const METADATA_LIMIT: usize = 2048;

/// The headers that are kept with an object, from an input that has them; several inputs do, and
/// all name them alike.
macro_rules! kept_headers {
    ($input:expr) => {
        $crate::s3::store::Headers {
            content_type: $input.content_type,
            cache_control: $input.cache_control,
            content_disposition: $input.content_disposition,
            content_encoding: $input
                .content_encoding
                .as_deref()
                .and_then($crate::s3::object::stored_encoding),
            content_language: $input.content_language,
            expires: $input.expires,
        }
    };
}
pub(super) use kept_headers;

/// Stores a body under a key, replacing any earlier object or, if the bucket keeps versions, in
/// front of it.
///
/// Notifications are queued, not yet delivered, when this returns.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>.
pub(super) async fn put_object(
    shared: &Shared,
    call: Call<PutObjectInput>,
) -> Result<PutObjectOutput, Failure> {
    let Call {
        caller,
        input,
        headers,
        trailers,
        ..
    } = call;
    let key = object_key(&input.key)?;
    let promise = Promise::of(&headers)?;
    let tags = tags::parse_header(input.tagging.as_deref())?;
    let metadata = check_metadata(input.metadata)?;
    let received = receive(
        input.body,
        &promise,
        trailers.as_ref(),
        Algorithm::Crc64Nvme,
        &shared.spool(),
    )
    .await?;
    let kept = kept_headers!(input);
    let now = shared.core.clock.now();
    let (object, _replaced) = shared.store.change(&input.bucket, now, |bucket, moment| {
        check_write(
            input.if_match.as_ref(),
            input.if_none_match.as_ref(),
            bucket.object(&input.key),
        )?;
        let object = Object {
            version: bucket.next_version(&shared.core.random),
            content: received.content,
            etag: hex::encode(received.md5),
            last_modified: moment.time,
            headers: kept,
            metadata,
            tags,
            checksum: received.checksum,
            parts: Vec::new(),
        };
        let kind = EventKind::CreatedByPut;
        Ok(shared.put(&caller, bucket, kind, &key, object, moment))
    })?;
    let mut output = PutObjectOutput {
        e_tag: Some(ETag::Strong(object.etag.clone())),
        server_side_encryption: Some(aes256()),
        checksum_type: Some(object.checksum.kind.to_dto()),
        version_id: object.version.made().map(str::to_owned),
        ..PutObjectOutput::default()
    };
    set_checksum!(output, object.checksum.to_dto());
    Ok(output)
}

/// Returns an object, or a range of it.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>.
pub(super) async fn get_object(
    shared: &Shared,
    call: Call<GetObjectInput>,
) -> Result<GetObjectOutput, Failure> {
    let Call { caller, input, .. } = call;
    let version = input.version_id.as_deref();
    let Found { object, version_id } = find(shared, &caller, &input.bucket, &input.key, version)?;
    ReadConditions {
        if_match: input.if_match,
        if_none_match: input.if_none_match,
        if_modified_since: input.if_modified_since,
        if_unmodified_since: input.if_unmodified_since,
    }
    .check(&object)?;
    let selection = Selection::of(&object, input.range, input.part_number)?;
    let content = object.content.slice(selection.range.clone());
    let mut output = GetObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        body: Some(content.into_body()),
        cache_control: object.headers.cache_control.clone(),
        content_disposition: object.headers.content_disposition.clone(),
        content_encoding: object.headers.content_encoding.clone(),
        content_language: object.headers.content_language.clone(),
        content_length: Some(selection.length()),
        content_range: selection.header(&object),
        content_type: Some(content_type(&object)),
        e_tag: Some(ETag::Strong(object.etag.clone())),
        expires: object.headers.expires.clone(),
        last_modified: Some(Timestamp::from(object.last_modified)),
        metadata: metadata(&object),
        parts_count: selection.parts_count,
        server_side_encryption: Some(aes256()),
        tag_count: tag_count(&object),
        version_id,
        ..GetObjectOutput::default()
    };
    // The checksum is that of the whole object: beside a part of it, it would look broken.
    if wants_checksum(input.checksum_mode.as_ref()) && selection.is_whole(&object) {
        output.checksum_type = Some(object.checksum.kind.to_dto());
        set_checksum!(output, object.checksum.to_dto());
    }
    Ok(output)
}

/// Describes an object.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>.
pub(super) async fn head_object(
    shared: &Shared,
    call: Call<HeadObjectInput>,
) -> Result<HeadObjectOutput, Failure> {
    let Call { caller, input, .. } = call;
    let version = input.version_id.as_deref();
    let Found { object, version_id } = find(shared, &caller, &input.bucket, &input.key, version)?;
    ReadConditions {
        if_match: input.if_match,
        if_none_match: input.if_none_match,
        if_modified_since: input.if_modified_since,
        if_unmodified_since: input.if_unmodified_since,
    }
    .check(&object)?;
    let selection = Selection::of(&object, input.range, input.part_number)?;
    let mut output = HeadObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        cache_control: object.headers.cache_control.clone(),
        content_disposition: object.headers.content_disposition.clone(),
        content_encoding: object.headers.content_encoding.clone(),
        content_language: object.headers.content_language.clone(),
        content_length: Some(selection.length()),
        content_range: selection.header(&object),
        content_type: Some(content_type(&object)),
        e_tag: Some(ETag::Strong(object.etag.clone())),
        expires: object.headers.expires.clone(),
        last_modified: Some(Timestamp::from(object.last_modified)),
        metadata: metadata(&object),
        parts_count: selection.parts_count,
        server_side_encryption: Some(aes256()),
        version_id,
        ..HeadObjectOutput::default()
    };
    if wants_checksum(input.checksum_mode.as_ref()) && selection.is_whole(&object) {
        output.checksum_type = Some(object.checksum.kind.to_dto());
        set_checksum!(output, object.checksum.to_dto());
    }
    Ok(output)
}

/// User metadata, if it is not too much.
pub(super) fn check_metadata(
    metadata: Option<dto::Metadata>,
) -> Result<std::collections::BTreeMap<String, String>, Failure> {
    let metadata = metadata.unwrap_or_default();
    let size: usize = metadata
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    if size > METADATA_LIMIT {
        return Err(Failure::MetadataTooLarge);
    }
    Ok(metadata.into_iter().collect())
}

/// The encoding without `aws-chunked`, which is about the request and not about the object.
pub(super) fn stored_encoding(encoding: &str) -> Option<String> {
    let kept: Vec<&str> = encoding
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty() && *part != "aws-chunked")
        .collect();
    (!kept.is_empty()).then(|| kept.join(","))
}

/// Everything is said to be encrypted with S3's own keys, as on AWS.
pub(super) fn aes256() -> ServerSideEncryption {
    ServerSideEncryption::from_static(ServerSideEncryption::AES256)
}

fn wants_checksum(mode: Option<&ChecksumMode>) -> bool {
    mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED)
}

fn content_type(object: &Object) -> String {
    let kept = object.headers.content_type.as_deref();
    kept.unwrap_or(DEFAULT_TYPE).to_owned()
}

fn metadata(object: &Object) -> Option<dto::Metadata> {
    (!object.metadata.is_empty()).then(|| object.metadata.clone().into_iter().collect())
}

fn tag_count(object: &Object) -> Option<i32> {
    let count = i32::try_from(object.tags.len()).ok()?;
    (count > 0).then_some(count)
}

/// The bytes that a read is for.
struct Selection {
    range: std::ops::Range<u64>,
    partial: bool,
    parts_count: Option<i32>,
}

impl Selection {
    fn of(object: &Object, range: Option<Range>, part: Option<i32>) -> Result<Self, Failure> {
        let length = object.content.length();
        match (range, part) {
            (Some(_), Some(_)) => Err(Failure::InvalidRequest(
                "Cannot specify both Range header and partNumber query parameter".to_owned(),
            )),
            (None, None) => Ok(Self {
                range: 0..length,
                partial: false,
                parts_count: None,
            }),
            (Some(range), None) => Ok(Self {
                range: range.check(length).map_err(|_| Failure::InvalidRange)?,
                partial: true,
                parts_count: None,
            }),
            (None, Some(number)) => Self::of_part(object, number),
        }
    }

    /// A part by its number; what was not uploaded in parts has one.
    fn of_part(object: &Object, number: i32) -> Result<Self, Failure> {
        let whole = [object.content.length()];
        let (parts, count) = match object.parts.as_slice() {
            [] => (whole.as_slice(), None),
            parts => (parts, i32::try_from(parts.len()).ok()),
        };
        let index = usize::try_from(number)
            .ok()
            .and_then(|number| number.checked_sub(1))
            .filter(|index| *index < parts.len())
            .ok_or(Failure::InvalidRange)?;
        let start = parts[..index].iter().sum();
        Ok(Self {
            range: start..start + parts[index],
            partial: object.content.length() > 0,
            parts_count: count,
        })
    }

    fn length(&self) -> i64 {
        i64::try_from(self.range.end - self.range.start).unwrap_or(i64::MAX)
    }

    fn header(&self, object: &Object) -> Option<String> {
        let (range, length) = (&self.range, object.content.length());
        self.partial.then(|| {
            format!(
                "bytes {}-{}/{length}",
                range.start,
                range.end.saturating_sub(1)
            )
        })
    }

    /// Whether the checksum of the object is that of the selection.
    fn is_whole(&self, object: &Object) -> bool {
        self.range == (0..object.content.length())
    }
}
