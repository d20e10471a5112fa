//! What a request says that policies may have conditions on.

use http::{HeaderMap, Uri};

use super::operations::Subject;
use super::receive::text;

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

/// What a request says that policies may have conditions on.
pub(super) fn conditions(
    headers: &HeaderMap,
    uri: &Uri,
    on: Subject,
) -> Vec<(&'static str, String)> {
    let mut context: Vec<(&'static str, String)> = HEADER_CONDITIONS
        .iter()
        .filter_map(|(header, name)| Some((*name, text(headers, header)?.to_owned())))
        .collect();
    if on == Subject::Bucket {
        context.extend(
            QUERY_CONDITIONS
                .iter()
                .filter_map(|(parameter, name)| Some((*name, query(uri, parameter)?))),
        );
    }
    // Only the fourth version of signatures gets this far.
    context.push(("s3:signatureversion", "AWS4-HMAC-SHA256".to_owned()));
    let is_presigned = query(uri, "X-Amz-Signature").is_some();
    let auth_type = if is_presigned {
        "REST-QUERY-STRING"
    } else {
        "REST-HEADER"
    };
    context.push(("s3:authType", auth_type.to_owned()));
    context
}

/// A query parameter, decoded.
pub(super) fn query(uri: &Uri, name: &str) -> Option<String> {
    url::form_urlencoded::parse(uri.query()?.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}
