//! The operations that are supported, and the parameters that each understands.
//!
//! What is not in the tables is refused by name, since a parameter that nobody reads could change
//! what the caller thinks has happened.

use crate::front::query::Params;
use crate::front::{ApiError, ServiceName};

/// An operation and its parameters.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// The API name.
    pub name: &'static str,
    /// Names of parameters; of lists and maps, what comes before the first dot.
    pub parameters: &'static [&'static str],
}

const fn operation(name: &'static str, parameters: &'static [&'static str]) -> Operation {
    Operation { name, parameters }
}

/// IAM's operations.
pub const IAM_OPERATIONS: &[Operation] = &[
    operation("AttachRolePolicy", &["RoleName", "PolicyArn"]),
    operation(
        "CreatePolicy",
        &[
            "PolicyName",
            "Path",
            "PolicyDocument",
            "Description",
            "Tags",
        ],
    ),
    operation(
        "CreatePolicyVersion",
        &["PolicyArn", "PolicyDocument", "SetAsDefault"],
    ),
    operation(
        "CreateRole",
        &[
            "RoleName",
            "Path",
            "AssumeRolePolicyDocument",
            "Description",
            "MaxSessionDuration",
            "PermissionsBoundary",
            "Tags",
        ],
    ),
    operation("DeletePolicy", &["PolicyArn"]),
    operation("DeletePolicyVersion", &["PolicyArn", "VersionId"]),
    operation("DeleteRole", &["RoleName"]),
    operation("DeleteRolePolicy", &["RoleName", "PolicyName"]),
    operation("DetachRolePolicy", &["RoleName", "PolicyArn"]),
    operation("GetPolicy", &["PolicyArn"]),
    operation("GetPolicyVersion", &["PolicyArn", "VersionId"]),
    operation("GetRole", &["RoleName"]),
    operation("GetRolePolicy", &["RoleName", "PolicyName"]),
    operation(
        "ListAttachedRolePolicies",
        &["RoleName", "PathPrefix", "Marker", "MaxItems"],
    ),
    operation(
        "ListEntitiesForPolicy",
        &[
            "PolicyArn",
            "EntityFilter",
            "PathPrefix",
            "Marker",
            "MaxItems",
        ],
    ),
    // A role never has an instance profile here, which tools ask about before they delete it.
    operation(
        "ListInstanceProfilesForRole",
        &["RoleName", "Marker", "MaxItems"],
    ),
    operation(
        "ListPolicies",
        &["Scope", "OnlyAttached", "PathPrefix", "Marker", "MaxItems"],
    ),
    operation("ListPolicyTags", &["PolicyArn", "Marker", "MaxItems"]),
    operation("ListPolicyVersions", &["PolicyArn", "Marker", "MaxItems"]),
    operation("ListRolePolicies", &["RoleName", "Marker", "MaxItems"]),
    operation("ListRoleTags", &["RoleName", "Marker", "MaxItems"]),
    operation("ListRoles", &["PathPrefix", "Marker", "MaxItems"]),
    operation(
        "PutRolePolicy",
        &["RoleName", "PolicyName", "PolicyDocument"],
    ),
    operation("SetDefaultPolicyVersion", &["PolicyArn", "VersionId"]),
    operation(
        "SimulatePrincipalPolicy",
        &[
            "PolicySourceArn",
            "PolicyInputList",
            "ActionNames",
            "ResourceArns",
            "ContextEntries",
            "Marker",
            "MaxItems",
        ],
    ),
    operation("TagPolicy", &["PolicyArn", "Tags"]),
    operation("TagRole", &["RoleName", "Tags"]),
    operation("UntagPolicy", &["PolicyArn", "TagKeys"]),
    operation("UntagRole", &["RoleName", "TagKeys"]),
    operation("UpdateAssumeRolePolicy", &["RoleName", "PolicyDocument"]),
    operation(
        "UpdateRole",
        &["RoleName", "Description", "MaxSessionDuration"],
    ),
    operation("AttachUserPolicy", &["UserName", "PolicyArn"]),
    operation("CreateAccessKey", &["UserName"]),
    operation(
        "CreateUser",
        &["UserName", "Path", "PermissionsBoundary", "Tags"],
    ),
    operation("DeleteRolePermissionsBoundary", &["RoleName"]),
    operation("DeleteUserPermissionsBoundary", &["UserName"]),
    operation(
        "PutRolePermissionsBoundary",
        &["RoleName", "PermissionsBoundary"],
    ),
    operation(
        "PutUserPermissionsBoundary",
        &["UserName", "PermissionsBoundary"],
    ),
    operation("DeleteAccessKey", &["UserName", "AccessKeyId"]),
    operation("DeleteUser", &["UserName"]),
    operation("DeleteUserPolicy", &["UserName", "PolicyName"]),
    operation("DetachUserPolicy", &["UserName", "PolicyArn"]),
    operation("GetUser", &["UserName"]),
    operation("GetUserPolicy", &["UserName", "PolicyName"]),
    operation("ListAccessKeys", &["UserName", "Marker", "MaxItems"]),
    operation(
        "ListAttachedUserPolicies",
        &["UserName", "PathPrefix", "Marker", "MaxItems"],
    ),
    operation("ListUserPolicies", &["UserName", "Marker", "MaxItems"]),
    operation("ListUsers", &["PathPrefix", "Marker", "MaxItems"]),
    operation(
        "PutUserPolicy",
        &["UserName", "PolicyName", "PolicyDocument"],
    ),
    operation("UpdateAccessKey", &["UserName", "AccessKeyId", "Status"]),
];

/// STS's operations.
pub const STS_OPERATIONS: &[Operation] = &[
    operation(
        "AssumeRole",
        &[
            "RoleArn",
            "RoleSessionName",
            "DurationSeconds",
            "ExternalId",
            "Policy",
            "PolicyArns",
        ],
    ),
    operation("GetCallerIdentity", &[]),
    operation("GetSessionToken", &["DurationSeconds"]),
];

/// Refuses an operation that is not supported, or a parameter that it does not understand.
pub(super) fn check(service: ServiceName, name: &str, params: &Params) -> Result<(), ApiError> {
    let table = if service == ServiceName::Sts {
        STS_OPERATIONS
    } else {
        IAM_OPERATIONS
    };
    let operation = table
        .iter()
        .find(|operation| operation.name == name)
        .ok_or_else(|| ApiError::unsupported(service, name))?;
    for given in params.names() {
        let parameter = given.split('.').next().unwrap_or(given);
        let is_protocol = matches!(parameter, "Action" | "Version");
        if !is_protocol && !operation.parameters.contains(&parameter) {
            let what = format!("the parameter {parameter} of {name}");
            return Err(ApiError::unsupported(service, &what));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_form(service: ServiceName, name: &str, form: &str, expected: Option<&str>) {
        let params = Params::parse(None, form.as_bytes());
        let refusal = check(service, name, &params).err();
        assert_eq!(refusal.as_ref().map(|error| &*error.message), expected);
    }

    #[test]
    fn what_is_not_supported_is_refused_by_name() {
        check_form(
            ServiceName::Iam,
            "CreateRole",
            "Action=CreateRole&Version=2010-05-08&RoleName=r&Tags.member.1.Key=k",
            None,
        );
        check_form(
            ServiceName::Iam,
            "CreateRole",
            "Action=CreateRole&RoleName=r&InstanceProfile=arn",
            Some(
                "iam: the parameter InstanceProfile of CreateRole is not supported by this \
                 emulator",
            ),
        );
        check_form(
            ServiceName::Iam,
            "CreateGroup",
            "Action=CreateGroup",
            Some("iam: CreateGroup is not supported by this emulator"),
        );
        check_form(
            ServiceName::Sts,
            "AssumeRole",
            "Action=AssumeRole&Tags.member.1.Key=k",
            Some("sts: the parameter Tags of AssumeRole is not supported by this emulator"),
        );
    }
}
