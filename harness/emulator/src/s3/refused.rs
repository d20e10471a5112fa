//! Headers that ask for what is not supported, refused by name.

use http::HeaderMap;

use super::error::Failure;
use super::receive::text;

/// Headers that would change what happens in a way that is not supported.
const REFUSED_HEADERS: [&str; 13] = [
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-context",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-copy-source-server-side-encryption-customer-algorithm",
    "x-amz-website-redirect-location",
    "x-amz-write-offset-bytes",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    "x-amz-object-lock-legal-hold",
    "x-amz-bucket-object-lock-enabled",
    "x-amz-mfa",
    "x-amz-if-match-last-modified-time",
    "x-amz-if-match-size",
];

/// Headers that only buckets with access control lists allow, which none here has.
const ACL_HEADERS: [&str; 5] = [
    "x-amz-grant-full-control",
    "x-amz-grant-read",
    "x-amz-grant-read-acp",
    "x-amz-grant-write",
    "x-amz-grant-write-acp",
];

/// Refuses what would be ignored otherwise.
pub(super) fn refuse_unsupported(headers: &HeaderMap) -> Result<(), Failure> {
    if let Some(name) = REFUSED_HEADERS
        .iter()
        .find(|name| headers.contains_key(**name))
    {
        return Err(Failure::unsupported(format!("the header {name}")));
    }
    if ACL_HEADERS.iter().any(|name| headers.contains_key(*name)) {
        return Err(Failure::AclNotSupported);
    }
    match text(headers, "x-amz-acl") {
        None | Some("private" | "bucket-owner-full-control") => {}
        Some(_) => return Err(Failure::AclNotSupported),
    }
    match text(headers, "x-amz-server-side-encryption") {
        None | Some("AES256") => {}
        Some(other) => return Err(Failure::unsupported(format!("encryption with {other}"))),
    }
    match text(headers, "x-amz-storage-class") {
        None | Some("STANDARD") => Ok(()),
        Some(other) => Err(Failure::unsupported(format!("the storage class {other}"))),
    }
}
