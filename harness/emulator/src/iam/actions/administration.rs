//! The permissions of IAM and STS.
//!
//! Follow <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html>
//! and <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html>.

use super::{Entry, entry, has, on};
use crate::iam::operations::{IAM_OPERATIONS, STS_OPERATIONS};

const ROLE: &str = "arn:aws:iam::ACCOUNT:role/ROLE";
const USER: &str = "arn:aws:iam::ACCOUNT:user/USER";
const POLICY: &str = "arn:aws:iam::ACCOUNT:policy/POLICY";

const ROLE_KEYS: &[&str] = &["aws:ResourceTag/", "iam:ResourceTag/"];
const REQUEST_KEYS: &[&str] = &["aws:RequestTag/", "aws:TagKeys"];
const TAG_KEYS: &[&str] = &[
    "aws:RequestTag/",
    "aws:TagKeys",
    "aws:ResourceTag/",
    "iam:ResourceTag/",
];
const BOUNDED_KEYS: &[&str] = &[
    "aws:ResourceTag/",
    "iam:PermissionsBoundary",
    "iam:ResourceTag/",
];
const CREATE_KEYS: &[&str] = &["aws:RequestTag/", "aws:TagKeys", "iam:PermissionsBoundary"];
const ATTACH_KEYS: &[&str] = &[
    "iam:PermissionsBoundary",
    "iam:PolicyARN",
    "aws:ResourceTag/",
    "iam:ResourceTag/",
];

/// IAM's operations.
pub(super) const IAM: &[Entry] = &[
    entry(
        "AttachRolePolicy",
        &[on(ROLE, "iam:AttachRolePolicy", ATTACH_KEYS)],
    ),
    entry(
        "CreatePolicy",
        &[
            on(POLICY, "iam:CreatePolicy", REQUEST_KEYS),
            on(POLICY, "iam:TagPolicy", REQUEST_KEYS).when("with tags"),
        ],
    ),
    entry(
        "CreatePolicyVersion",
        &[on(POLICY, "iam:CreatePolicyVersion", &[])],
    ),
    entry(
        "CreateRole",
        &[
            on(ROLE, "iam:CreateRole", CREATE_KEYS),
            on(ROLE, "iam:TagRole", TAG_KEYS).when("with tags"),
        ],
    ),
    entry("DeletePolicy", &[on(POLICY, "iam:DeletePolicy", &[])]),
    entry(
        "DeletePolicyVersion",
        &[on(POLICY, "iam:DeletePolicyVersion", &[])],
    ),
    entry("DeleteRole", &[on(ROLE, "iam:DeleteRole", ROLE_KEYS)]),
    entry(
        "DeleteRolePolicy",
        &[on(ROLE, "iam:DeleteRolePolicy", BOUNDED_KEYS)],
    ),
    entry(
        "DetachRolePolicy",
        &[on(ROLE, "iam:DetachRolePolicy", ATTACH_KEYS)],
    ),
    entry("GetPolicy", &[on(POLICY, "iam:GetPolicy", &[])]),
    entry(
        "GetPolicyVersion",
        &[on(POLICY, "iam:GetPolicyVersion", &[])],
    ),
    entry("GetRole", &[on(ROLE, "iam:GetRole", ROLE_KEYS)]),
    entry("GetRolePolicy", &[on(ROLE, "iam:GetRolePolicy", ROLE_KEYS)]),
    entry(
        "ListAttachedRolePolicies",
        &[on(ROLE, "iam:ListAttachedRolePolicies", ROLE_KEYS)],
    ),
    entry(
        "ListEntitiesForPolicy",
        &[on(POLICY, "iam:ListEntitiesForPolicy", &[])],
    ),
    entry(
        "ListInstanceProfilesForRole",
        &[on(ROLE, "iam:ListInstanceProfilesForRole", ROLE_KEYS)],
    ),
    entry("ListPolicies", &[on(POLICY, "iam:ListPolicies", &[])]),
    entry(
        "ListPolicyVersions",
        &[on(POLICY, "iam:ListPolicyVersions", &[])],
    ),
    entry(
        "ListRolePolicies",
        &[on(ROLE, "iam:ListRolePolicies", ROLE_KEYS)],
    ),
    entry("ListRoleTags", &[on(ROLE, "iam:ListRoleTags", ROLE_KEYS)]),
    entry("ListRoles", &[on(ROLE, "iam:ListRoles", &[])]),
    entry(
        "PutRolePolicy",
        &[on(ROLE, "iam:PutRolePolicy", BOUNDED_KEYS)],
    ),
    entry(
        "SetDefaultPolicyVersion",
        &[on(POLICY, "iam:SetDefaultPolicyVersion", &[])],
    ),
    entry(
        "SimulatePrincipalPolicy",
        &[
            on(ROLE, "iam:SimulatePrincipalPolicy", &[]),
            on(USER, "iam:SimulatePrincipalPolicy", &[]).when("about a user"),
        ],
    ),
    entry(
        "ListPolicyTags",
        &[on(POLICY, "iam:ListPolicyTags", ROLE_KEYS)],
    ),
    entry("TagPolicy", &[on(POLICY, "iam:TagPolicy", TAG_KEYS)]),
    entry("UntagPolicy", &[on(POLICY, "iam:UntagPolicy", TAG_KEYS)]),
    entry("TagRole", &[on(ROLE, "iam:TagRole", TAG_KEYS)]),
    entry("UntagRole", &[on(ROLE, "iam:UntagRole", TAG_KEYS)]),
    entry(
        "UpdateAssumeRolePolicy",
        &[on(ROLE, "iam:UpdateAssumeRolePolicy", ROLE_KEYS)],
    ),
    entry(
        "PutRolePermissionsBoundary",
        &[on(ROLE, "iam:PutRolePermissionsBoundary", BOUNDED_KEYS)],
    ),
    entry(
        "PutUserPermissionsBoundary",
        &[on(USER, "iam:PutUserPermissionsBoundary", BOUNDED_KEYS)],
    ),
    entry(
        "DeleteRolePermissionsBoundary",
        &[on(ROLE, "iam:DeleteRolePermissionsBoundary", BOUNDED_KEYS)],
    ),
    entry(
        "DeleteUserPermissionsBoundary",
        &[on(USER, "iam:DeleteUserPermissionsBoundary", BOUNDED_KEYS)],
    ),
    entry("UpdateRole", &[on(ROLE, "iam:UpdateRole", ROLE_KEYS)]),
    entry(
        "AttachUserPolicy",
        &[on(USER, "iam:AttachUserPolicy", ATTACH_KEYS)],
    ),
    entry(
        "CreateAccessKey",
        &[on(USER, "iam:CreateAccessKey", ROLE_KEYS)],
    ),
    entry(
        "CreateUser",
        &[
            on(USER, "iam:CreateUser", CREATE_KEYS),
            on(USER, "iam:TagUser", TAG_KEYS).when("with tags"),
        ],
    ),
    entry(
        "DeleteAccessKey",
        &[on(USER, "iam:DeleteAccessKey", ROLE_KEYS)],
    ),
    entry("DeleteUser", &[on(USER, "iam:DeleteUser", ROLE_KEYS)]),
    entry(
        "DeleteUserPolicy",
        &[on(USER, "iam:DeleteUserPolicy", BOUNDED_KEYS)],
    ),
    entry(
        "DetachUserPolicy",
        &[on(USER, "iam:DetachUserPolicy", ATTACH_KEYS)],
    ),
    entry("GetUser", &[on(USER, "iam:GetUser", ROLE_KEYS)]),
    entry("GetUserPolicy", &[on(USER, "iam:GetUserPolicy", ROLE_KEYS)]),
    entry(
        "ListAccessKeys",
        &[on(USER, "iam:ListAccessKeys", ROLE_KEYS)],
    ),
    entry(
        "ListAttachedUserPolicies",
        &[on(USER, "iam:ListAttachedUserPolicies", ROLE_KEYS)],
    ),
    entry(
        "ListUserPolicies",
        &[on(USER, "iam:ListUserPolicies", ROLE_KEYS)],
    ),
    entry("ListUsers", &[on(USER, "iam:ListUsers", &[])]),
    entry(
        "PutUserPolicy",
        &[on(USER, "iam:PutUserPolicy", BOUNDED_KEYS)],
    ),
    entry(
        "UpdateAccessKey",
        &[on(USER, "iam:UpdateAccessKey", ROLE_KEYS)],
    ),
];

const _: () = {
    let mut at = 0;
    while at < IAM_OPERATIONS.len() {
        assert!(
            has(IAM, IAM_OPERATIONS[at].name),
            "an operation has no entry in its table of permissions"
        );
        at += 1;
    }
};

/// STS's operations. Whoever can sign may ask who they are.
pub(super) const STS: &[Entry] = &[
    entry(
        "AssumeRole",
        &[on(
            ROLE,
            "sts:AssumeRole",
            &["sts:ExternalId", "sts:RoleSessionName"],
        )],
    ),
    entry("GetCallerIdentity", &[]),
    entry("GetSessionToken", &[]),
];

const _: () = {
    let mut at = 0;
    while at < STS_OPERATIONS.len() {
        assert!(
            has(STS, STS_OPERATIONS[at].name),
            "an operation has no entry in its table of permissions"
        );
        at += 1;
    }
};
