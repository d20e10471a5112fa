//! What a request says that policies may have conditions on, and what the object it is about does.
//!
//! Follows <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>
//! and <https://docs.aws.amazon.com/AmazonS3/latest/userguide/tagging-and-policies.html>.

use std::borrow::Cow;

use http::{HeaderMap, Uri};
use s3s::dto::Tag;
use time::OffsetDateTime;

use super::operations::Subject;
use super::receive::text;
use super::signature::PresignedAt;

/// Condition keys and their values.
pub(super) type Context = Vec<(Cow<'static, str>, String)>;

/// The headers that policies may have conditions on.
const HEADER_CONDITIONS: [(&str, &str); 8] = [
    ("x-amz-acl", "s3:x-amz-acl"),
    ("x-amz-content-sha256", "s3:x-amz-content-sha256"),
    ("x-amz-copy-source", "s3:x-amz-copy-source"),
    ("x-amz-metadata-directive", "s3:x-amz-metadata-directive"),
    (
        "x-amz-server-side-encryption",
        "s3:x-amz-server-side-encryption",
    ),
    ("x-amz-storage-class", "s3:x-amz-storage-class"),
    ("if-match", "s3:if-match"),
    ("if-none-match", "s3:if-none-match"),
];

/// The query parameters that policies may have conditions on.
const QUERY_CONDITIONS: [(&str, &str); 3] = [
    ("prefix", "s3:prefix"),
    ("delimiter", "s3:delimiter"),
    ("max-keys", "s3:max-keys"),
];

/// The actions that the tags of the object itself have a say in; neither writing nor deleting it is
/// one of them.
const READS_EXISTING_TAGS: [&str; 8] = [
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:GetObjectTagging",
    "s3:GetObjectVersionTagging",
    "s3:PutObjectTagging",
    "s3:PutObjectVersionTagging",
    "s3:DeleteObjectTagging",
    "s3:DeleteObjectVersionTagging",
];

/// What a request says in its headers and in its query.
pub(super) fn conditions(
    headers: &HeaderMap,
    uri: &Uri,
    on: Subject,
    presigned: Option<PresignedAt>,
    now: OffsetDateTime,
) -> Context {
    let mut context: Context = HEADER_CONDITIONS
        .iter()
        .filter_map(|(header, name)| Some(((*name).into(), text(headers, header)?.to_owned())))
        .collect();
    if on == Subject::Bucket {
        context.extend(
            QUERY_CONDITIONS
                .iter()
                .filter_map(|(parameter, name)| Some(((*name).into(), query(uri, parameter)?))),
        );
    }
    // Only the fourth version of signatures gets this far.
    context.push(("s3:signatureversion".into(), "AWS4-HMAC-SHA256".to_owned()));
    let auth_type = match presigned {
        Some(_) => "REST-QUERY-STRING",
        None => "REST-HEADER",
    };
    context.push(("s3:authType".into(), auth_type.to_owned()));
    // Of other requests it is not told, as on AWS.
    if let Some(PresignedAt(signed)) = presigned {
        let age = (now - signed).whole_milliseconds();
        context.push(("s3:signatureAge".into(), age.max(0).to_string()));
    }
    context
}

/// The tags that an `x-amz-tagging` header asks for.
pub(super) fn tags_in_header(headers: &HeaderMap) -> Context {
    let header = text(headers, "x-amz-tagging").unwrap_or_default();
    let tags = url::form_urlencoded::parse(header.as_bytes());
    request_tags(tags.map(|(key, value)| (key.into_owned(), value.into_owned())))
}

/// The tags that a request asks for.
pub(super) fn request_tags(tags: impl Iterator<Item = (String, String)>) -> Context {
    tags.flat_map(|(key, value)| {
        let tag = (format!("s3:RequestObjectTag/{key}").into(), value);
        [tag, ("s3:RequestObjectTagKeys".into(), key)]
    })
    .collect()
}

/// Whether the tags that an object has are told for an action.
pub(super) fn reads_existing_tags(action: &str) -> bool {
    READS_EXISTING_TAGS.contains(&action)
}

/// The tags that an object has.
pub(super) fn existing_tags(tags: &[Tag]) -> Context {
    tags.iter()
        .filter_map(|tag| {
            let key = format!("s3:ExistingObjectTag/{}", tag.key.as_deref()?);
            Some((key.into(), tag.value.clone().unwrap_or_default()))
        })
        .collect()
}

/// The same keys, as decisions take them.
pub(super) fn borrowed(context: &Context) -> Vec<(&str, String)> {
    context
        .iter()
        .map(|(key, value)| (&**key, value.clone()))
        .collect()
}

/// A query parameter, decoded.
pub(super) fn query(uri: &Uri, name: &str) -> Option<String> {
    url::form_urlencoded::parse(uri.query()?.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}
