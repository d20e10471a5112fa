//! Listing unfinished uploads and their parts.

use s3s::dto::{
    ChecksumAlgorithm, CommonPrefix, Initiator, ListMultipartUploadsInput,
    ListMultipartUploadsOutput, ListPartsInput, ListPartsOutput, MultipartUpload, Part,
    StorageClass, Timestamp,
};

use super::access::Shared;
use super::api::Call;
use super::bucket::owner_of;
use super::checksum::{Checksum, set_checksum};
use super::error::Failure;
use super::list::{Spelling, page_limit};
use super::store::Bucket;

/// Lists the parts of an upload.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html>.
pub(super) async fn list_parts(
    shared: &Shared,
    call: Call<ListPartsInput>,
) -> Result<ListPartsOutput, Failure> {
    let input = call.input;
    let limit = page_limit(input.max_parts, "max-parts")?;
    let marker = input.part_number_marker.unwrap_or_default();
    shared.store.bucket(&input.bucket, |bucket| {
        let owner = owner_of(&bucket.owner);
        let upload = bucket.upload(&input.upload_id, &input.key)?;
        let checksum = upload.checksum;
        let mut rest = upload.parts.range(marker.saturating_add(1)..);
        let parts: Vec<Part> = rest
            .by_ref()
            .take(limit)
            .map(|(number, part)| {
                let mut entry = Part {
                    e_tag: Some(part.etag()),
                    last_modified: Some(Timestamp::from(part.last_modified)),
                    part_number: Some(*number),
                    size: i64::try_from(part.content.length()).ok(),
                    ..Part::default()
                };
                if checksum.chosen {
                    let of_part = Checksum::full(checksum.algorithm, &part.raw);
                    set_checksum!(entry, of_part.to_dto());
                }
                entry
            })
            .collect();
        let truncated = limit > 0 && rest.next().is_some();
        let last = parts.last().and_then(|part| part.part_number);
        Ok(ListPartsOutput {
            bucket: Some(input.bucket.clone()),
            checksum_algorithm: checksum
                .chosen
                .then(|| ChecksumAlgorithm::from_static(checksum.algorithm.name())),
            checksum_type: checksum.chosen.then(|| checksum.kind.to_dto()),
            initiator: Some(Initiator {
                display_name: None,
                id: owner.id.clone(),
            }),
            is_truncated: Some(truncated),
            key: Some(input.key.clone()),
            max_parts: i32::try_from(limit).ok(),
            next_part_number_marker: last,
            owner: Some(owner),
            part_number_marker: Some(marker),
            parts: Some(parts),
            storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
            upload_id: Some(input.upload_id.clone()),
            ..ListPartsOutput::default()
        })
    })?
}

/// Lists the unfinished uploads of a bucket, by key and then by age.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html>.
/// Not supported: a delimiter.
pub(super) async fn list_multipart_uploads(
    shared: &Shared,
    call: Call<ListMultipartUploadsInput>,
) -> Result<ListMultipartUploadsOutput, Failure> {
    let input = call.input;
    if input
        .delimiter
        .as_ref()
        .is_some_and(|text| !text.is_empty())
    {
        return Err(Failure::unsupported("listing uploads with a delimiter"));
    }
    let spell = Spelling::of(input.encoding_type.as_ref())?;
    let limit = page_limit(input.max_uploads, "max-uploads")?;
    let prefix = input.prefix.clone().unwrap_or_default();
    let after = (
        input.key_marker.as_deref().unwrap_or_default(),
        input.upload_id_marker.as_deref(),
    );
    let mut uploads = shared.store.bucket(&input.bucket, |bucket| {
        uploads_after(bucket, &prefix, after, &spell)
    })?;
    let truncated = limit > 0 && uploads.len() > limit;
    uploads.truncate(limit);
    let last = uploads.last().filter(|_| truncated);
    Ok(ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        common_prefixes: Some(Vec::<CommonPrefix>::new()),
        is_truncated: Some(truncated),
        key_marker: input.key_marker,
        max_uploads: i32::try_from(limit).ok(),
        next_key_marker: last.and_then(|upload| upload.key.clone()),
        next_upload_id_marker: last.and_then(|upload| upload.upload_id.clone()),
        prefix: Some(spell.write(&prefix)),
        upload_id_marker: input.upload_id_marker,
        encoding_type: input.encoding_type,
        uploads: Some(uploads),
        ..ListMultipartUploadsOutput::default()
    })
}

fn uploads_after(
    bucket: &Bucket,
    prefix: &str,
    (key_marker, id_marker): (&str, Option<&str>),
    spell: &Spelling,
) -> Vec<MultipartUpload> {
    let mut uploads: Vec<_> = bucket
        .uploads
        .iter()
        .filter(|(_, upload)| upload.key.as_str().starts_with(prefix))
        .collect();
    uploads.sort_by_key(|(_, upload)| (&upload.key, upload.initiated));
    // Of the marker's own key come those behind the marked upload, if one is marked.
    let mut behind_id = false;
    uploads.retain(|(id, upload)| {
        if upload.key != *key_marker {
            return upload.key.as_str() > key_marker;
        }
        let keep = behind_id;
        behind_id |= id_marker == Some(id.as_str());
        keep
    });
    let owner = owner_of(&bucket.owner);
    uploads
        .into_iter()
        .map(|(id, upload)| {
            let checksum = upload.checksum;
            MultipartUpload {
                checksum_algorithm: checksum
                    .chosen
                    .then(|| ChecksumAlgorithm::from_static(checksum.algorithm.name())),
                checksum_type: checksum.chosen.then(|| checksum.kind.to_dto()),
                initiated: Some(Timestamp::from(upload.initiated)),
                initiator: Some(Initiator {
                    display_name: None,
                    id: owner.id.clone(),
                }),
                key: Some(spell.write(upload.key.as_str())),
                owner: Some(owner.clone()),
                storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
                upload_id: Some(id.clone()),
            }
        })
        .collect()
}
