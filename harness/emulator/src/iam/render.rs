//! How roles, users and policies look in answers.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use time::OffsetDateTime;
use zipster_names::Arn;

use super::authorize::iso_8601;
use super::directory::{Document, ManagedPolicy, PolicyVersion, Role, Usage, User};
use super::grants::Grants;
use super::parameters::Page;
use crate::front::Xml;

/// All but what RFC 3986 calls unreserved: documents in answers are encoded once more.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Whether something is one of many, or asked for by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// In a list: without description of policies, and without tags.
    Listed,
    /// All there is.
    Full,
}

/// A role, between `<Role>` or `<member>`.
///
/// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html>.
pub(super) fn role(xml: &mut Xml, element: &str, role: &Role, detail: Detail) {
    xml.open(element);
    xml.text("Path", role.path.as_str());
    xml.text("RoleName", role.name.as_str());
    xml.text("RoleId", &role.id);
    xml.text("Arn", role.arn.as_str());
    xml.text("CreateDate", &iso_8601(role.created));
    document(xml, "AssumeRolePolicyDocument", &role.trust);
    if let Some(description) = &role.description {
        xml.text("Description", description);
    }
    xml.text("MaxSessionDuration", &role.max_session_s.to_string());
    if detail == Detail::Full {
        boundary(xml, &role.grants);
    }
    if detail == Detail::Full && !role.tags.is_empty() {
        tags(xml, role.tags.iter());
    }
    xml.close(element);
}

/// A user, between `<User>` or `<member>`.
///
/// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_User.html>.
pub(super) fn user(xml: &mut Xml, element: &str, user: &User, detail: Detail) {
    xml.open(element);
    xml.text("Path", user.path.as_str());
    xml.text("UserName", user.name.as_str());
    xml.text("UserId", &user.id);
    xml.text("Arn", user.arn.as_str());
    xml.text("CreateDate", &iso_8601(user.created));
    if detail == Detail::Full {
        boundary(xml, &user.grants);
    }
    if detail == Detail::Full && !user.tags.is_empty() {
        tags(xml, user.tags.iter());
    }
    xml.close(element);
}

/// `<PermissionsBoundary>`, if there is one.
fn boundary(xml: &mut Xml, grants: &Grants) {
    if let Some(arn) = &grants.boundary {
        xml.open("PermissionsBoundary");
        xml.text("PermissionsBoundaryType", "PermissionsBoundaryPolicy");
        xml.text("PermissionsBoundaryArn", arn.as_str());
        xml.close("PermissionsBoundary");
    }
}

/// An account's root user, who has neither name nor path of its own.
pub(super) fn root(xml: &mut Xml, account: &str, arn: &str, made: OffsetDateTime) {
    xml.open("User");
    xml.text("Path", "/");
    xml.text("UserName", "root");
    xml.text("UserId", account);
    xml.text("Arn", arn);
    xml.text("CreateDate", &iso_8601(made));
    xml.close("User");
}

/// A managed policy, between `<Policy>` or `<member>`.
///
/// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_Policy.html>.
pub(super) fn policy(
    xml: &mut Xml,
    element: &str,
    policy: &ManagedPolicy,
    usage: Usage,
    detail: Detail,
) {
    xml.open(element);
    xml.text("PolicyName", policy.name.as_str());
    xml.text("PolicyId", &policy.id);
    xml.text("Arn", policy.arn.as_str());
    xml.text("Path", policy.path.as_str());
    xml.text("DefaultVersionId", &version_id(policy.default));
    xml.text("AttachmentCount", &usage.attached.to_string());
    let boundaries = usage.boundaries.to_string();
    xml.text("PermissionsBoundaryUsageCount", &boundaries);
    xml.text("IsAttachable", "true");
    if let (Detail::Full, Some(description)) = (detail, &policy.description) {
        xml.text("Description", description);
    }
    xml.text("CreateDate", &iso_8601(policy.created));
    xml.text("UpdateDate", &iso_8601(policy.updated));
    if detail == Detail::Full && !policy.tags.is_empty() {
        tags(xml, policy.tags.iter());
    }
    xml.close(element);
}

/// A version of a managed policy, between `<PolicyVersion>` or `<member>`.
///
/// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PolicyVersion.html>.
pub(super) fn version(
    xml: &mut Xml,
    element: &str,
    version: &PolicyVersion,
    default: u32,
    with_document: bool,
) {
    xml.open(element);
    if with_document {
        document(xml, "Document", &version.document);
    }
    xml.text("VersionId", &version_id(version.number));
    let is_default = version.number == default;
    xml.text(
        "IsDefaultVersion",
        if is_default { "true" } else { "false" },
    );
    xml.text("CreateDate", &iso_8601(version.created));
    xml.close(element);
}

/// `v1`.
pub(super) fn version_id(number: u32) -> String {
    format!("v{number}")
}

/// A policy document, encoded as AWS does.
pub(super) fn document(xml: &mut Xml, element: &str, document: &Document) {
    let encoded = utf8_percent_encode(&document.text, ENCODED);
    xml.text(element, &encoded.to_string());
}

/// `<Tags>`.
pub(super) fn tags<'a>(xml: &mut Xml, tags: impl Iterator<Item = (&'a String, &'a String)>) {
    list(xml, "Tags", tags, |xml, (key, value)| {
        xml.open("member");
        xml.text("Key", key);
        xml.text("Value", value);
        xml.close("member");
    });
}

/// `<AttachedPolicies>`.
pub(super) fn attached<'a>(xml: &mut Xml, arns: impl Iterator<Item = &'a Arn>) {
    list(xml, "AttachedPolicies", arns, |xml, arn| {
        let name = arn.resource().rsplit('/').next().unwrap_or_default();
        xml.open("member");
        xml.text("PolicyName", name);
        xml.text("PolicyArn", arn.as_str());
        xml.close("member");
    });
}

/// An element with one element for each item, which `each` writes.
pub(super) fn list<T>(
    xml: &mut Xml,
    element: &str,
    items: impl IntoIterator<Item = T>,
    mut each: impl FnMut(&mut Xml, T),
) {
    xml.open(element);
    for item in items {
        each(xml, item);
    }
    xml.close(element);
}

/// Whether there is more, and where.
pub(super) fn page<T>(xml: &mut Xml, page: &Page<T>) {
    match &page.marker {
        None => xml.text("IsTruncated", "false"),
        Some(marker) => {
            xml.text("IsTruncated", "true");
            xml.text("Marker", marker);
        }
    }
}
