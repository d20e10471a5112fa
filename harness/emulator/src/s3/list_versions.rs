//! Listing the versions of objects, in pages.
//!
//! Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html>.

use std::ops::Bound;

use s3s::dto::{
    ChecksumAlgorithm, CommonPrefix, DeleteMarkerEntry, ETag, ListObjectVersionsInput,
    ListObjectVersionsOutput, ObjectVersion, ObjectVersionStorageClass, Owner, Timestamp,
};
use zipster_names::ObjectKey;

use super::access::Shared;
use super::api::Call;
use super::bucket::owner_of;
use super::error::Failure;
use super::list::{Query, Spelling, common_prefix, page_limit};
use super::store::{Bucket, Object};
use super::versions::{Marker, Version, VersionId};

/// The last entry of a page, if more follow: a key and its version, or a common prefix.
#[derive(Clone)]
struct Last {
    name: String,
    version: Option<VersionId>,
}

/// Some versions and common prefixes, in order.
#[derive(Default)]
struct Page {
    versions: Vec<Entry>,
    prefixes: Vec<String>,
    next: Option<Last>,
}

struct Entry {
    key: ObjectKey,
    version: Version,
    is_latest: bool,
}

impl Page {
    /// The page behind `query.after`, or behind a version of that key.
    fn of(bucket: &Bucket, query: &Query<'_>, version: Option<&VersionId>) -> Self {
        let mut page = Self::default();
        let mut last: Option<Last> = None;
        let after = match version {
            _ if query.after.is_empty() => Bound::Unbounded,
            Some(_) => Bound::Included(query.after),
            None => Bound::Excluded(query.after),
        };
        let is_full = |page: &Self| page.versions.len() + page.prefixes.len() == query.limit;
        for (key, versions) in bucket.versions_after(query.prefix, after) {
            if let Some(common) = common_prefix(key.as_str(), query) {
                // Said on this page or, when a page ended with it, on the one before.
                if common == query.after || last.as_ref().is_some_and(|last| last.name == common) {
                    continue;
                }
                if is_full(&page) {
                    page.next = last;
                    return page;
                }
                page.prefixes.push(common.to_owned());
                last = Some(Last {
                    name: common.to_owned(),
                    version: None,
                });
                continue;
            }
            let seen = version.filter(|_| key.as_str() == query.after);
            for (version, is_latest) in newest_first(versions, seen) {
                if is_full(&page) {
                    page.next = last;
                    return page;
                }
                last = Some(Last {
                    name: key.to_string(),
                    version: Some(version.id().clone()),
                });
                page.versions.push(Entry {
                    key: key.clone(),
                    version: version.clone(),
                    is_latest,
                });
            }
        }
        page
    }
}

/// A key's versions behind the one that was seen last, and whether each is the latest. If the one
/// seen last is gone, whoever lists deletes page by page, and all that is left is new.
fn newest_first<'a>(
    versions: &'a [Version],
    seen: Option<&VersionId>,
) -> impl Iterator<Item = (&'a Version, bool)> {
    let place = seen.and_then(|seen| versions.iter().position(|version| version.id() == seen));
    let rest = place.unwrap_or(versions.len());
    let newest = versions.len().saturating_sub(1);
    versions[..rest]
        .iter()
        .enumerate()
        .rev()
        .map(move |(at, version)| (version, at == newest))
}

/// Lists versions and delete markers, of each key the newest first.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html>.
pub(super) async fn list_object_versions(
    shared: &Shared,
    call: Call<ListObjectVersionsInput>,
) -> Result<ListObjectVersionsOutput, Failure> {
    let input = call.input;
    let spell = Spelling::of(input.encoding_type.as_ref())?;
    let limit = page_limit(input.max_keys, "max-keys")?;
    let prefix = input.prefix.unwrap_or_default();
    let delimiter = input.delimiter.unwrap_or_default();
    let key_marker = input.key_marker.unwrap_or_default();
    let version = match input.version_id_marker.as_deref() {
        None => None,
        Some(_) if key_marker.is_empty() => {
            return Err(Failure::InvalidArgument(
                "A version-id marker cannot be specified without a key marker.".to_owned(),
            ));
        }
        Some(marker) => Some(VersionId::parse(marker)?),
    };
    let query = Query {
        prefix: &prefix,
        delimiter: &delimiter,
        after: &key_marker,
        limit,
    };
    let (page, owner) = shared.store.bucket(&input.bucket, |bucket| {
        let page = Page::of(bucket, &query, version.as_ref());
        (page, owner_of(&bucket.owner))
    })?;
    let (mut versions, mut markers) = (Vec::new(), Vec::new());
    for entry in &page.versions {
        let key = spell.write(entry.key.as_str());
        match &entry.version {
            Version::Object(object) => {
                versions.push(object_entry(key, object, entry.is_latest, &owner));
            }
            Version::Marker(marker) => {
                markers.push(marker_entry(key, marker, entry.is_latest, &owner));
            }
        }
    }
    let prefixes = page.prefixes.iter().map(|prefix| CommonPrefix {
        prefix: Some(spell.write(prefix)),
    });
    Ok(ListObjectVersionsOutput {
        name: Some(input.bucket),
        prefix: Some(spell.write(&prefix)),
        key_marker: Some(spell.write(&key_marker)),
        version_id_marker: Some(input.version_id_marker.unwrap_or_default()),
        max_keys: i32::try_from(limit).ok(),
        is_truncated: Some(page.next.is_some()),
        next_key_marker: page.next.as_ref().map(|last| spell.write(&last.name)),
        next_version_id_marker: page
            .next
            .and_then(|last| Some(last.version?.as_str().to_owned())),
        versions: Some(versions),
        delete_markers: Some(markers),
        common_prefixes: Some(prefixes.collect()),
        delimiter: (!delimiter.is_empty()).then(|| spell.write(&delimiter)),
        encoding_type: input.encoding_type,
        request_charged: None,
    })
}

fn object_entry(key: String, object: &Object, is_latest: bool, owner: &Owner) -> ObjectVersion {
    let algorithm = ChecksumAlgorithm::from_static(object.checksum.algorithm.name());
    ObjectVersion {
        checksum_algorithm: Some(vec![algorithm]),
        checksum_type: Some(object.checksum.kind.to_dto()),
        e_tag: Some(ETag::Strong(object.etag.clone())),
        is_latest: Some(is_latest),
        key: Some(key),
        last_modified: Some(Timestamp::from(object.last_modified)),
        owner: Some(owner.clone()),
        restore_status: None,
        size: i64::try_from(object.content.length()).ok(),
        storage_class: Some(ObjectVersionStorageClass::from_static(
            ObjectVersionStorageClass::STANDARD,
        )),
        version_id: Some(object.version.as_str().to_owned()),
    }
}

fn marker_entry(key: String, marker: &Marker, is_latest: bool, owner: &Owner) -> DeleteMarkerEntry {
    DeleteMarkerEntry {
        is_latest: Some(is_latest),
        key: Some(key),
        last_modified: Some(Timestamp::from(marker.made)),
        owner: Some(owner.clone()),
        version_id: Some(marker.version.as_str().to_owned()),
    }
}
