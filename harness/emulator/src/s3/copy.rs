//! Copying objects, and the source of a copy.

use std::ops::Range as ByteRange;

use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, ETag, ETagCondition,
    MetadataDirective, Range, TaggingDirective, Timestamp,
};

use super::access::{Shared, object_key};
use super::api::Call;
use super::checksum::{Algorithm, Checksum, Kind, set_checksum};
use super::conditions::{ReadConditions, check_write};
use super::error::Failure;
use super::event::EventKind;
use super::object::{aes256, check_metadata, kept_headers};
use super::operations::on_version;
use super::receive::{rehash, text};
use super::store::Object;
use super::tags;
use super::track::Caller;
use super::versions::{Found, find};

/// The largest object that can be copied in one go, 5 GB.
const LARGEST: u64 = 5 * 1024 * 1024 * 1024;

/// Copies an object. No bytes move, unless they have to be hashed anew.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>.
pub(super) async fn copy_object(
    shared: &Shared,
    call: Call<CopyObjectInput>,
) -> Result<CopyObjectOutput, Failure> {
    let Call {
        caller,
        input,
        headers,
        ..
    } = call;
    let key = object_key(&input.key)?;
    let source = Source::parse(&input.copy_source)?;
    source.check_owner(shared, input.expected_source_bucket_owner.as_deref())?;
    let conditions = ReadConditions {
        if_match: input.copy_source_if_match,
        if_none_match: input.copy_source_if_none_match,
        if_modified_since: input.copy_source_if_modified_since,
        if_unmodified_since: input.copy_source_if_unmodified_since,
    };
    let Found {
        object: original,
        version_id: copied,
    } = source.read(shared, &caller, &conditions)?;
    if original.content.length() > LARGEST {
        return Err(Failure::InvalidRequest(format!(
            "The specified copy source is larger than the maximum allowable size for a copy source: {LARGEST}"
        )));
    }
    let replaced = is_replaced(
        input
            .metadata_directive
            .as_ref()
            .map(MetadataDirective::as_str),
    )?;
    // An older version may be copied onto its key as it is: that brings it back.
    let onto_itself = source.bucket == input.bucket && source.key == input.key;
    if !replaced && onto_itself && source.version.is_none() {
        return Err(Failure::InvalidRequest(
            "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes."
                .to_owned(),
        ));
    }
    let (kept, metadata) = if replaced {
        (kept_headers!(input), check_metadata(input.metadata)?)
    } else {
        (original.headers.clone(), original.metadata.clone())
    };
    let tags = if is_replaced(
        input
            .tagging_directive
            .as_ref()
            .map(TaggingDirective::as_str),
    )? {
        tags::parse_header(input.tagging.as_deref())?
    } else {
        source.check_tags(shared, &caller, &original, &input.bucket, &input.key)?;
        original.tags.clone()
    };
    let algorithm = match &input.checksum_algorithm {
        None => original.checksum.algorithm,
        Some(name) => Algorithm::parse(name.as_str()).ok_or_else(|| {
            Failure::InvalidRequest("Invalid checksum algorithm specified.".to_owned())
        })?,
    };
    let (etag, checksum) = digests(&original, algorithm).await?;
    let if_match = condition(&headers, "if-match")?;
    let if_none_match = condition(&headers, "if-none-match")?;
    let now = shared.core.clock.now();
    let (object, _replaced) = shared.store.change(&input.bucket, now, |bucket, moment| {
        let existing = bucket.object(&input.key);
        check_write(if_match.as_ref(), if_none_match.as_ref(), existing)?;
        let object = Object {
            version: bucket.next_version(&shared.core.random),
            content: original.content.clone(),
            etag,
            last_modified: moment.time,
            headers: kept,
            metadata,
            tags,
            checksum,
            parts: Vec::new(),
        };
        let kind = EventKind::CreatedByCopy;
        Ok(shared.put(&caller, bucket, kind, &key, object, moment))
    })?;
    let mut result = CopyObjectResult {
        checksum_type: Some(object.checksum.kind.to_dto()),
        e_tag: Some(ETag::Strong(object.etag.clone())),
        last_modified: Some(Timestamp::from(object.last_modified)),
        ..CopyObjectResult::default()
    };
    set_checksum!(result, object.checksum.to_dto());
    Ok(CopyObjectOutput {
        copy_object_result: Some(result),
        copy_source_version_id: copied,
        version_id: object.version.made().map(str::to_owned),
        server_side_encryption: Some(aes256()),
        ..CopyObjectOutput::default()
    })
}

/// ETag and checksum of a copy, which is always one piece.
async fn digests(original: &Object, algorithm: Algorithm) -> Result<(String, Checksum), Failure> {
    let checksum = &original.checksum;
    if original.parts.is_empty()
        && checksum.algorithm == algorithm
        && checksum.kind == Kind::FullObject
    {
        return Ok((original.etag.clone(), checksum.clone()));
    }
    let (md5, raw) = rehash(&original.content, algorithm).await?;
    Ok((hex::encode(md5), Checksum::full(algorithm, &raw)))
}

/// `COPY` or `REPLACE`.
fn is_replaced(directive: Option<&str>) -> Result<bool, Failure> {
    match directive {
        None | Some("COPY") => Ok(false),
        Some("REPLACE") => Ok(true),
        Some(_) => Err(Failure::InvalidArgument("Unknown directive.".to_owned())),
    }
}

/// A condition on the target, which `s3s` does not read for copies.
fn condition(headers: &http::HeaderMap, name: &str) -> Result<Option<ETagCondition>, Failure> {
    match text(headers, name) {
        None => Ok(None),
        Some(value) => ETagCondition::parse_http_header(value.as_bytes())
            .map(Some)
            .map_err(|_| Failure::InvalidArgument(format!("{name} is not an ETag"))),
    }
}

/// Where a copy comes from.
pub(super) struct Source<'a> {
    bucket: &'a str,
    key: &'a str,
    version: Option<&'a str>,
}

impl<'a> Source<'a> {
    pub(super) fn parse(source: &'a CopySource) -> Result<Self, Failure> {
        match source {
            CopySource::Bucket {
                bucket,
                key,
                version_id,
            } => Ok(Self {
                bucket,
                key,
                version: version_id.as_deref(),
            }),
            CopySource::AccessPoint { .. } | CopySource::Outpost { .. } => {
                Err(Failure::unsupported("copying from an access point"))
            }
        }
    }

    /// `x-amz-source-expected-bucket-owner`.
    pub(super) fn check_owner(
        &self,
        shared: &Shared,
        expected: Option<&str>,
    ) -> Result<(), Failure> {
        let owner = shared
            .store
            .bucket(self.bucket, |bucket| bucket.owner.clone())?;
        match expected {
            Some(expected) if owner.as_str() != expected => Err(Failure::access_denied()),
            Some(_) | None => Ok(()),
        }
    }

    /// The object, if the caller may read it and the conditions hold.
    pub(super) fn read(
        &self,
        shared: &Shared,
        caller: &Caller,
        conditions: &ReadConditions,
    ) -> Result<Found, Failure> {
        self.authorize(shared, caller, "s3:GetObject")?;
        let found = find(shared, caller, self.bucket, self.key, self.version)?;
        conditions.check_source(&found.object)?;
        Ok(found)
    }

    fn authorize(
        &self,
        shared: &Shared,
        caller: &Caller,
        action: &'static str,
    ) -> Result<(), Failure> {
        let (action, context) = on_version(action, self.version);
        let (bucket, key) = (self.bucket, Some(self.key));
        shared.authorize(caller, action, bucket, key, context.as_slice())
    }

    /// Copying tags takes reading them there and writing them here.
    fn check_tags(
        &self,
        shared: &Shared,
        caller: &Caller,
        original: &Object,
        bucket: &str,
        key: &str,
    ) -> Result<(), Failure> {
        if original.tags.is_empty() {
            return Ok(());
        }
        self.authorize(shared, caller, "s3:GetObjectTagging")?;
        shared.authorize(caller, "s3:PutObjectTagging", bucket, Some(key), &[])
    }
}

/// `x-amz-copy-source-range`, which must lie within the source.
pub(super) fn source_range(range: Option<&str>, length: u64) -> Result<ByteRange<u64>, Failure> {
    let Some(range) = range else {
        return Ok(0..length);
    };
    match Range::parse(range) {
        Ok(Range::Int {
            first,
            last: Some(last),
        }) if last < length => Ok(first..last + 1),
        Ok(Range::Int { .. } | Range::Suffix { .. }) | Err(_) => Err(Failure::InvalidArgument(
            format!("Range specified is not valid for source object of size: {length}"),
        )),
    }
}
