//! Roles and what they may do.

use serde::Serialize;
use zipster_names::{Arn, IamPath, PolicyName, RoleName};

use super::PolicyDocument;

/// `aws_iam_role`
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Role {
    /// Its name.
    pub name: RoleName,
    /// Its path.
    pub path: IamPath,
    /// Its ARN.
    pub arn: Arn,
    /// Who may take it on.
    pub assume_role_policy: PolicyDocument,
    /// For how long, in seconds.
    pub max_session_duration_s: u64,
    /// The policy that bounds what it may do.
    pub permissions_boundary: Option<Arn>,
    /// Policies in the role's own block.
    pub inline_policies: Vec<InlinePolicy>,
    /// Managed policies named in the role's own block.
    pub managed_policies: Vec<Arn>,
}

/// An `inline_policy` block of a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InlinePolicy {
    /// Its name.
    pub name: PolicyName,
    /// What the role may do.
    pub policy: PolicyDocument,
}

/// `aws_iam_role_policy`
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RolePolicy {
    /// Its name.
    pub name: PolicyName,
    /// The role that it belongs to.
    pub role: RoleName,
    /// What the role may do.
    pub policy: PolicyDocument,
}

/// `aws_iam_policy`: a managed policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Policy {
    /// Its name.
    pub name: PolicyName,
    /// Its path.
    pub path: IamPath,
    /// Its ARN.
    pub arn: Arn,
    /// What those it is attached to may do.
    pub policy: PolicyDocument,
}

/// `aws_iam_role_policy_attachment`
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RolePolicyAttachment {
    /// The role.
    pub role: RoleName,
    /// The managed policy, of the account or of AWS.
    pub policy: Arn,
}
