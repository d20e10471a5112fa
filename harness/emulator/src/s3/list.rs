//! Listing the objects of a bucket, in pages.
//!
//! Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>.

use std::ops::Bound;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use s3s::dto::{
    ChecksumAlgorithm, CommonPrefix, ETag, EncodingType, ListObjectsInput, ListObjectsOutput,
    ListObjectsV2Input, ListObjectsV2Output, Object as ObjectEntry, ObjectStorageClass, Owner,
    Timestamp,
};
use zipster_names::ObjectKey;

use super::access::Shared;
use super::api::Call;
use super::bucket::owner_of;
use super::error::Failure;
use super::store::{Bucket, Object};

/// The most entries on a page.
const PAGE: usize = 1000;

/// What to list.
pub(super) struct Query<'a> {
    pub(super) prefix: &'a str,
    pub(super) delimiter: &'a str,
    pub(super) after: &'a str,
    pub(super) limit: usize,
}

/// Some objects and common prefixes, in order.
#[derive(Default)]
struct Page {
    objects: Vec<(ObjectKey, Arc<Object>)>,
    prefixes: Vec<String>,
    /// The last key or common prefix, if more follow.
    next: Option<String>,
}

impl Page {
    fn of(bucket: &Bucket, query: &Query<'_>) -> Self {
        let mut page = Self::default();
        let mut last = String::new();
        let after = if query.after.is_empty() {
            Bound::Unbounded
        } else {
            Bound::Excluded(query.after)
        };
        for (key, object) in bucket.objects_after(query.prefix, after) {
            let common = common_prefix(key.as_str(), query);
            // Said on this page or, when a page ended with it, on the one before.
            let said = |common: &str| common == last || common == query.after;
            if common.is_some_and(said) {
                continue;
            }
            if page.objects.len() + page.prefixes.len() == query.limit {
                page.next = (query.limit > 0).then_some(last);
                break;
            }
            last = common.unwrap_or(key.as_str()).to_owned();
            match common {
                Some(common) => page.prefixes.push(common.to_owned()),
                None => page.objects.push((key.clone(), Arc::clone(object))),
            }
        }
        page
    }

    fn entries(
        self,
        spell: &Spelling,
        owner: Option<&Owner>,
    ) -> (Vec<ObjectEntry>, Vec<CommonPrefix>) {
        let objects = self
            .objects
            .iter()
            .map(|(key, object)| entry(key, object, spell, owner))
            .collect();
        let prefixes = self
            .prefixes
            .iter()
            .map(|prefix| CommonPrefix {
                prefix: Some(spell.write(prefix)),
            })
            .collect();
        (objects, prefixes)
    }
}

/// The part of a key that is shown in place of all keys that have it.
pub(super) fn common_prefix<'a>(key: &'a str, query: &Query<'_>) -> Option<&'a str> {
    if query.delimiter.is_empty() {
        return None;
    }
    let at = key[query.prefix.len()..].find(query.delimiter)?;
    Some(&key[..query.prefix.len() + at + query.delimiter.len()])
}

fn entry(key: &ObjectKey, object: &Object, spell: &Spelling, owner: Option<&Owner>) -> ObjectEntry {
    let algorithm = ChecksumAlgorithm::from_static(object.checksum.algorithm.name());
    ObjectEntry {
        checksum_algorithm: Some(vec![algorithm]),
        checksum_type: Some(object.checksum.kind.to_dto()),
        e_tag: Some(ETag::Strong(object.etag.clone())),
        key: Some(spell.write(key.as_str())),
        last_modified: Some(Timestamp::from(object.last_modified)),
        owner: owner.cloned(),
        restore_status: None,
        size: i64::try_from(object.content.length()).ok(),
        storage_class: Some(ObjectStorageClass::from_static(
            ObjectStorageClass::STANDARD,
        )),
    }
}

/// How keys are written: as they are, or encoded for the sake of XML parsers.
pub(super) struct Spelling {
    encoded: bool,
}

impl Spelling {
    pub(super) fn of(encoding: Option<&EncodingType>) -> Result<Self, Failure> {
        match encoding.map(EncodingType::as_str) {
            None => Ok(Self { encoded: false }),
            Some(EncodingType::URL) => Ok(Self { encoded: true }),
            Some(_) => Err(Failure::InvalidArgument(
                "Invalid Encoding Method specified in Request".to_owned(),
            )),
        }
    }

    pub(super) fn write(&self, text: &str) -> String {
        match ObjectKey::parse(text) {
            Ok(key) if self.encoded => key.encode().to_string(),
            // What is not a key is empty, and encodes to nothing.
            Ok(_) | Err(_) => text.to_owned(),
        }
    }
}

/// The limit of a page from what the client asked for.
pub(super) fn page_limit(asked: Option<i32>, name: &str) -> Result<usize, Failure> {
    match asked {
        None => Ok(PAGE),
        Some(asked) => usize::try_from(asked)
            .map(|asked| asked.min(PAGE))
            .map_err(|_| {
                Failure::InvalidArgument(format!(
                    "Argument {name} must be an integer between 0 and 2147483647"
                ))
            }),
    }
}

/// Lists objects.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>.
pub(super) async fn list_objects_v2(
    shared: &Shared,
    call: Call<ListObjectsV2Input>,
) -> Result<ListObjectsV2Output, Failure> {
    let input = call.input;
    let spell = Spelling::of(input.encoding_type.as_ref())?;
    let limit = page_limit(input.max_keys, "maxKeys")?;
    let token = match &input.continuation_token {
        None => None,
        Some(token) => Some(read_token(token)?),
    };
    let prefix = input.prefix.unwrap_or_default();
    let delimiter = input.delimiter.unwrap_or_default();
    let after = token.or(input.start_after.clone()).unwrap_or_default();
    let query = Query {
        prefix: &prefix,
        delimiter: &delimiter,
        after: &after,
        limit,
    };
    let (page, owner) = shared.store.bucket(&input.bucket, |bucket| {
        (Page::of(bucket, &query), owner_of(&bucket.owner))
    })?;
    let next = page.next.as_deref().map(write_token);
    let owner = input.fetch_owner.unwrap_or_default().then_some(owner);
    let (contents, prefixes) = page.entries(&spell, owner.as_ref());
    Ok(ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: Some(spell.write(&prefix)),
        max_keys: i32::try_from(limit).ok(),
        key_count: i32::try_from(contents.len() + prefixes.len()).ok(),
        continuation_token: input.continuation_token,
        is_truncated: Some(next.is_some()),
        next_continuation_token: next,
        contents: Some(contents),
        common_prefixes: Some(prefixes),
        delimiter: (!delimiter.is_empty()).then(|| spell.write(&delimiter)),
        encoding_type: input.encoding_type,
        start_after: input.start_after.map(|after| spell.write(&after)),
        request_charged: None,
    })
}

/// Lists objects, the old way.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html>.
pub(super) async fn list_objects(
    shared: &Shared,
    call: Call<ListObjectsInput>,
) -> Result<ListObjectsOutput, Failure> {
    let input = call.input;
    let spell = Spelling::of(input.encoding_type.as_ref())?;
    let limit = page_limit(input.max_keys, "max-keys")?;
    let prefix = input.prefix.unwrap_or_default();
    let delimiter = input.delimiter.unwrap_or_default();
    let marker = input.marker.unwrap_or_default();
    let query = Query {
        prefix: &prefix,
        delimiter: &delimiter,
        after: &marker,
        limit,
    };
    let (page, owner) = shared.store.bucket(&input.bucket, |bucket| {
        (Page::of(bucket, &query), owner_of(&bucket.owner))
    })?;
    let next = page.next.clone();
    let (contents, prefixes) = page.entries(&spell, Some(&owner));
    Ok(ListObjectsOutput {
        name: Some(input.bucket),
        prefix: Some(spell.write(&prefix)),
        marker: Some(spell.write(&marker)),
        max_keys: i32::try_from(limit).ok(),
        is_truncated: Some(next.is_some()),
        contents: Some(contents),
        common_prefixes: Some(prefixes),
        // Without a delimiter the last key serves as the next marker.
        next_marker: next
            .filter(|_| !delimiter.is_empty())
            .map(|next| spell.write(&next)),
        delimiter: (!delimiter.is_empty()).then(|| spell.write(&delimiter)),
        encoding_type: input.encoding_type,
        request_charged: None,
    })
}

fn write_token(last: &str) -> String {
    URL_SAFE_NO_PAD.encode(last)
}

fn read_token(token: &str) -> Result<String, Failure> {
    URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| {
            Failure::InvalidArgument("The continuation token provided is incorrect".to_owned())
        })
}
