//! Uploads in parts.
//!
//! Parts are kept as they come; completing an upload strings them together without copying.
//!
//! Follows <https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html>.

use std::collections::BTreeMap;

use md5::{Digest, Md5};
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, ChecksumAlgorithm, ChecksumType,
    CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CompletedPart, CopyPartResult,
    CreateMultipartUploadInput, CreateMultipartUploadOutput, ETag, Timestamp, UploadPartCopyInput,
    UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
};
use time::OffsetDateTime;
use zipster_names::ObjectKey;

use super::access::{Shared, object_key};
use super::api::Call;
use super::checksum::{Algorithm, Checksum, Hasher, Kind, encode, set_checksum};
use super::conditions::{ReadConditions, check_write};
use super::content::Content;
use super::copy::{Source, source_range};
use super::error::Failure;
use super::event::EventKind;
use super::object::{aes256, check_metadata, kept_headers};
use super::receive::{Promise, receive, rehash};
use super::store::{Bucket, Headers, Object, to_milliseconds};
use super::tags;
use super::versions::Found;

/// All parts but the last have at least this many bytes.
const SMALLEST_PART: u64 = 5 * 1024 * 1024;

const UPLOAD_ID_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// An upload that is not finished.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) key: ObjectKey,
    pub(super) initiated: OffsetDateTime,
    pub(super) parts: BTreeMap<i32, UploadedPart>,
    headers: Headers,
    metadata: BTreeMap<String, String>,
    tags: Vec<s3s::dto::Tag>,
    pub(super) checksum: UploadChecksum,
}

/// The checksum that the finished object will have.
#[derive(Debug, Clone, Copy)]
pub(super) struct UploadChecksum {
    pub(super) algorithm: Algorithm,
    pub(super) kind: Kind,
    /// Whether the client asked for it, and so wants to hear of it.
    pub(super) chosen: bool,
}

/// A part.
#[derive(Debug, Clone)]
pub(super) struct UploadedPart {
    pub(super) content: Content,
    pub(super) md5: [u8; 16],
    /// With the upload's algorithm.
    pub(super) raw: Vec<u8>,
    pub(super) last_modified: OffsetDateTime,
}

impl UploadedPart {
    pub(super) fn etag(&self) -> ETag {
        ETag::Strong(hex::encode(self.md5))
    }
}

impl UploadChecksum {
    /// Follows the table of <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html>.
    fn choose(
        algorithm: Option<&ChecksumAlgorithm>,
        kind: Option<&ChecksumType>,
    ) -> Result<Self, Failure> {
        let invalid = |message: String| Failure::InvalidRequest(message);
        let chosen = match algorithm {
            None => None,
            Some(name) => Some(Algorithm::parse(name.as_str()).ok_or_else(|| {
                invalid("Checksum algorithm provided is unsupported.".to_owned())
            })?),
        };
        let algorithm = chosen.unwrap_or(Algorithm::Crc64Nvme);
        let kind = match kind.map(ChecksumType::as_str) {
            None if algorithm == Algorithm::Crc64Nvme => Kind::FullObject,
            None | Some(ChecksumType::COMPOSITE) => Kind::Composite,
            Some(ChecksumType::FULL_OBJECT) => Kind::FullObject,
            Some(other) => {
                return Err(invalid(format!(
                    "Value for x-amz-checksum-type header is invalid: {other}"
                )));
            }
        };
        let possible = match kind {
            Kind::FullObject => algorithm.combines(),
            Kind::Composite => algorithm != Algorithm::Crc64Nvme,
        };
        if !possible {
            return Err(invalid(format!(
                "The {} checksum type cannot be used with the {} checksum algorithm.",
                kind.to_dto().as_str(),
                algorithm.name().to_ascii_lowercase()
            )));
        }
        Ok(Self {
            algorithm,
            kind,
            chosen: chosen.is_some(),
        })
    }

    /// That of the whole from those of the parts.
    fn of_whole(self, parts: &[&UploadedPart]) -> Checksum {
        let algorithm = self.algorithm;
        let value = match self.kind {
            Kind::Composite => {
                let mut hasher = Hasher::new(algorithm);
                parts.iter().for_each(|part| hasher.update(&part.raw));
                format!("{}-{}", encode(&hasher.finish()), parts.len())
            }
            Kind::FullObject => {
                let empty = Hasher::new(algorithm).finish();
                let whole = parts.iter().fold(empty, |whole, part| {
                    algorithm
                        .combine(&whole, &part.raw, part.content.length())
                        // Only the CRCs, which combine, can be chosen for whole objects.
                        .unwrap_or_default()
                });
                encode(&whole)
            }
        };
        Checksum {
            algorithm,
            kind: self.kind,
            value,
        }
    }
}

impl Bucket {
    /// The upload, if it is for that key.
    pub(super) fn upload(&mut self, id: &str, key: &str) -> Result<&mut Upload, Failure> {
        self.uploads
            .get_mut(id)
            .filter(|upload| upload.key == *key)
            .ok_or(Failure::NoSuchUpload)
    }
}

/// Begins an upload.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html>.
pub(super) async fn create_multipart_upload(
    shared: &Shared,
    call: Call<CreateMultipartUploadInput>,
) -> Result<CreateMultipartUploadOutput, Failure> {
    let input = call.input;
    let key = object_key(&input.key)?;
    let checksum = UploadChecksum::choose(
        input.checksum_algorithm.as_ref(),
        input.checksum_type.as_ref(),
    )?;
    let id = shared.core.random.text(UPLOAD_ID_ALPHABET, 96);
    let upload = Upload {
        key,
        initiated: to_milliseconds(shared.core.clock.now()),
        parts: BTreeMap::new(),
        headers: kept_headers!(input),
        metadata: check_metadata(input.metadata)?,
        tags: tags::parse_header(input.tagging.as_deref())?,
        checksum,
    };
    shared.store.bucket(&input.bucket, |bucket| {
        bucket.uploads.insert(id.clone(), upload);
    })?;
    Ok(CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        checksum_algorithm: input.checksum_algorithm,
        checksum_type: checksum.chosen.then(|| checksum.kind.to_dto()),
        key: Some(input.key),
        server_side_encryption: Some(aes256()),
        upload_id: Some(id),
        ..CreateMultipartUploadOutput::default()
    })
}

/// Takes a part, in place of any earlier one of that number.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html>.
pub(super) async fn upload_part(
    shared: &Shared,
    call: Call<UploadPartInput>,
) -> Result<UploadPartOutput, Failure> {
    let Call {
        input,
        headers,
        trailers,
        ..
    } = call;
    check_number(input.part_number)?;
    let (id, key) = (input.upload_id.as_str(), input.key.as_str());
    let upload = shared.store.bucket(&input.bucket, |bucket| {
        bucket.upload(id, key).map(|upload| upload.checksum)
    })??;
    let promise = Promise::of(&headers)?;
    if let Some(algorithm) = promise.algorithm()
        && upload.chosen
        && algorithm != upload.algorithm
    {
        return Err(Failure::InvalidRequest(format!(
            "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
            upload.algorithm.name().to_ascii_lowercase(),
            algorithm.name().to_ascii_lowercase()
        )));
    }
    let received = receive(
        input.body,
        &promise,
        trailers.as_ref(),
        upload.algorithm,
        &shared.spool(),
    )
    .await?;
    let part = UploadedPart {
        content: received.content,
        md5: received.md5,
        raw: received.needed,
        last_modified: to_milliseconds(shared.core.clock.now()),
    };
    let etag = part.etag();
    // The replaced part goes once the lock is released.
    let _replaced = shared.store.bucket(&input.bucket, |bucket| {
        let upload = bucket.upload(id, key)?;
        Ok(upload.parts.insert(input.part_number, part))
    })??;
    let mut output = UploadPartOutput {
        e_tag: Some(etag),
        server_side_encryption: Some(aes256()),
        ..UploadPartOutput::default()
    };
    set_checksum!(output, received.checksum.to_dto());
    Ok(output)
}

/// Takes a part from an object, or a range of one.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html>.
pub(super) async fn upload_part_copy(
    shared: &Shared,
    call: Call<UploadPartCopyInput>,
) -> Result<UploadPartCopyOutput, Failure> {
    let Call { caller, input, .. } = call;
    check_number(input.part_number)?;
    let (id, key) = (input.upload_id.as_str(), input.key.as_str());
    let checksum = shared.store.bucket(&input.bucket, |bucket| {
        bucket.upload(id, key).map(|upload| upload.checksum)
    })??;
    let source = Source::parse(&input.copy_source)?;
    source.check_owner(shared, input.expected_source_bucket_owner.as_deref())?;
    let conditions = ReadConditions {
        if_match: input.copy_source_if_match,
        if_none_match: input.copy_source_if_none_match,
        if_modified_since: input.copy_source_if_modified_since,
        if_unmodified_since: input.copy_source_if_unmodified_since,
    };
    let Found { object, version_id } = source.read(shared, &caller, &conditions)?;
    let range = source_range(input.copy_source_range.as_deref(), object.content.length())?;
    let content = object.content.slice(range);
    let (md5, raw) = rehash(&content, checksum.algorithm).await?;
    let part = UploadedPart {
        content,
        md5,
        raw,
        last_modified: to_milliseconds(shared.core.clock.now()),
    };
    let mut result = CopyPartResult {
        e_tag: Some(part.etag()),
        last_modified: Some(Timestamp::from(part.last_modified)),
        ..CopyPartResult::default()
    };
    if checksum.chosen {
        let of_part = Checksum::full(checksum.algorithm, &part.raw);
        set_checksum!(result, of_part.to_dto());
    }
    let _replaced = shared.store.bucket(&input.bucket, |bucket| {
        let upload = bucket.upload(id, key)?;
        Ok(upload.parts.insert(input.part_number, part))
    })??;
    Ok(UploadPartCopyOutput {
        copy_part_result: Some(result),
        copy_source_version_id: version_id,
        server_side_encryption: Some(aes256()),
        ..UploadPartCopyOutput::default()
    })
}

/// Makes the object from the parts that the client names.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>.
pub(super) async fn complete_multipart_upload(
    shared: &Shared,
    call: Call<CompleteMultipartUploadInput>,
) -> Result<CompleteMultipartUploadOutput, Failure> {
    let Call { caller, input, .. } = call;
    let key = object_key(&input.key)?;
    let now = shared.core.clock.now();
    let (object, _gone) = shared.store.change(&input.bucket, now, |bucket, moment| {
        let upload = bucket.upload(&input.upload_id, &input.key)?;
        let named = input.multipart_upload.as_ref();
        let named = named.and_then(|upload| upload.parts.as_deref());
        let parts = upload.select(named.unwrap_or_default())?;
        let whole = Whole::of(upload.checksum, &parts);
        whole.check(&input)?;
        check_write(
            input.if_match.as_ref(),
            input.if_none_match.as_ref(),
            bucket.object(&input.key),
        )?;
        let upload = bucket
            .uploads
            .remove(&input.upload_id)
            .ok_or(Failure::NoSuchUpload)?;
        let object = Object {
            version: bucket.next_version(&shared.core.random),
            content: whole.content,
            etag: whole.etag,
            last_modified: moment.time,
            headers: upload.headers.clone(),
            metadata: upload.metadata.clone(),
            tags: upload.tags.clone(),
            checksum: whole.checksum,
            parts: whole.parts,
        };
        let kind = EventKind::CreatedByUpload;
        let (object, replaced) = shared.put(&caller, bucket, kind, &key, object, moment);
        // What is replaced and parts that were not named go once the lock is released.
        Ok((object, (upload, replaced)))
    })?;
    let mut output = CompleteMultipartUploadOutput {
        location: Some(format!(
            "{}/{}/{}",
            shared.core.endpoint(),
            input.bucket,
            key.encode()
        )),
        bucket: Some(input.bucket),
        checksum_type: Some(object.checksum.kind.to_dto()),
        e_tag: Some(ETag::Strong(object.etag.clone())),
        key: Some(input.key),
        server_side_encryption: Some(aes256()),
        version_id: object.version.made().map(str::to_owned),
        ..CompleteMultipartUploadOutput::default()
    };
    set_checksum!(output, object.checksum.to_dto());
    Ok(output)
}

impl Upload {
    /// The parts that a completion names, if they are what it says.
    fn select(&self, named: &[CompletedPart]) -> Result<Vec<&UploadedPart>, Failure> {
        if named.is_empty() {
            return Err(Failure::MalformedXml);
        }
        if !named.is_sorted_by(|a, b| a.part_number < b.part_number) {
            return Err(Failure::InvalidPartOrder);
        }
        let parts = named
            .iter()
            .map(|named| {
                let part = named.part_number.and_then(|number| self.parts.get(&number));
                part.filter(|part| self.is_named(part, named))
                    .ok_or(Failure::InvalidPart)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let (_, full) = parts.split_last().ok_or(Failure::MalformedXml)?;
        if full
            .iter()
            .any(|part| part.content.length() < SMALLEST_PART)
        {
            return Err(Failure::EntityTooSmall);
        }
        Ok(parts)
    }

    fn is_named(&self, part: &UploadedPart, named: &CompletedPart) -> bool {
        let etag = named.e_tag.as_ref().map(ETag::value);
        let checksum = match self.checksum.algorithm {
            Algorithm::Crc32 => &named.checksum_crc32,
            Algorithm::Crc32c => &named.checksum_crc32c,
            Algorithm::Crc64Nvme => &named.checksum_crc64nvme,
            Algorithm::Sha1 => &named.checksum_sha1,
            Algorithm::Sha256 => &named.checksum_sha256,
        };
        etag == Some(&hex::encode(part.md5))
            && checksum
                .as_ref()
                .is_none_or(|checksum| *checksum == encode(&part.raw))
    }
}

/// The object that parts make.
struct Whole {
    content: Content,
    etag: String,
    checksum: Checksum,
    parts: Vec<u64>,
}

impl Whole {
    fn of(checksum: UploadChecksum, parts: &[&UploadedPart]) -> Self {
        let mut content = Content::default();
        let mut md5 = Md5::new();
        for part in parts {
            content.append(&part.content);
            md5.update(part.md5);
        }
        Self {
            content,
            etag: format!("{}-{}", hex::encode(md5.finalize()), parts.len()),
            checksum: checksum.of_whole(parts),
            parts: parts.iter().map(|part| part.content.length()).collect(),
        }
    }

    /// Whether it is what the client expects.
    fn check(&self, input: &CompleteMultipartUploadInput) -> Result<(), Failure> {
        let length = i64::try_from(self.content.length()).unwrap_or(i64::MAX);
        if input.mpu_object_size.is_some_and(|size| size != length) {
            return Err(Failure::InvalidRequest(
                "The provided 'x-amz-mp-object-size' header value does not match what was computed."
                    .to_owned(),
            ));
        }
        let kind = self.checksum.kind.to_dto();
        if input
            .checksum_type
            .as_ref()
            .is_some_and(|named| *named != kind)
        {
            return Err(Failure::InvalidRequest(
                "The upload was created with another checksum type.".to_owned(),
            ));
        }
        let named = [
            (Algorithm::Crc32, &input.checksum_crc32),
            (Algorithm::Crc32c, &input.checksum_crc32c),
            (Algorithm::Crc64Nvme, &input.checksum_crc64nvme),
            (Algorithm::Sha1, &input.checksum_sha1),
            (Algorithm::Sha256, &input.checksum_sha256),
        ];
        for (algorithm, value) in named {
            let Some(value) = value else { continue };
            let plain = self.checksum.value.split('-').next();
            let equal = *value == self.checksum.value || plain == Some(value);
            if algorithm != self.checksum.algorithm || !equal {
                return Err(Failure::BadDigest(algorithm.name()));
            }
        }
        Ok(())
    }
}

/// Gives an upload up.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html>.
pub(super) async fn abort_multipart_upload(
    shared: &Shared,
    call: Call<AbortMultipartUploadInput>,
) -> Result<AbortMultipartUploadOutput, Failure> {
    let input = call.input;
    if input.if_match_initiated_time.is_some() {
        return Err(Failure::unsupported("aborting by the time of initiation"));
    }
    let _upload = shared.store.bucket(&input.bucket, |bucket| {
        bucket.upload(&input.upload_id, &input.key)?;
        Ok(bucket.uploads.remove(&input.upload_id))
    })??;
    Ok(AbortMultipartUploadOutput::default())
}

fn check_number(number: i32) -> Result<(), Failure> {
    if (1..=10_000).contains(&number) {
        return Ok(());
    }
    Err(Failure::InvalidArgument(
        "Part number must be an integer between 1 and 10000, inclusive".to_owned(),
    ))
}
