//! Roles and what they may do.

use serde::Serialize;
use zipster_names::{Arn, IamPath, PolicyName, RoleName};

use super::{Kind, PolicyDocument};
use crate::schema::{
    ARN, Fields, ID, Read, Reported, ResourceType, Shape, TAGS, TAGS_ALL, blocks, body, computed,
    known, optional, required, settled,
};

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

pub(crate) const ROLE: ResourceType = ResourceType {
    name: "aws_iam_role",
    body: body(
        &[
            settled("name", Shape::Text),
            optional("name_prefix", Shape::Text),
            optional("path", Shape::Text).text("/"),
            required("assume_role_policy", Shape::Text),
            optional("max_session_duration", Shape::Number).number(3600),
            optional("permissions_boundary", Shape::Text),
            settled("managed_policy_arns", Shape::TextSet),
            optional("description", Shape::Text).ignored("descriptions of roles are not kept"),
            optional("force_detach_policies", Shape::Bool)
                .bool(false)
                .ignored("a local stack keeps nothing when it ends"),
            computed("create_date", Shape::Text),
            computed("unique_id", Shape::Text),
            ARN,
            ID,
            TAGS,
            TAGS_ALL,
        ],
        &[blocks(
            "inline_policy",
            body(
                &[
                    optional("name", Shape::Text),
                    optional("policy", Shape::Text),
                ],
                &[],
            ),
        )],
    ),
    read: read_role,
};

fn read_role(fields: &mut Fields<'_>) -> Result<Read, Reported> {
    let name = fields.own_name::<RoleName>("name", "name_prefix");
    let path = fields.name::<IamPath>("path");
    let assume_role_policy = fields.required_policy("assume_role_policy");
    let max_session_duration_s = fields.whole("max_session_duration", 3600..=43_200);
    let permissions_boundary = fields.name::<Arn>("permissions_boundary");
    let managed_policies = arns(fields, "managed_policy_arns");
    let inline_policies = fields.each("inline_policy", |fields| {
        let name = fields.required_name("name");
        let policy = fields.required_policy("policy");
        Ok(InlinePolicy {
            name: name?,
            policy: policy?,
        })
    });
    let (name, path) = (name?, path?.unwrap_or_default());
    let context = fields.context;
    let arn = Arn::role(context.partition, &context.account, &path, &name);
    Ok(Read {
        computed: vec![known("name", &name), known("id", &name), known("arn", &arn)],
        kind: Kind::Role(Role {
            name,
            path,
            arn,
            assume_role_policy: assume_role_policy?,
            max_session_duration_s: max_session_duration_s?.unwrap_or(3600),
            permissions_boundary: permissions_boundary?,
            inline_policies: inline_policies?,
            managed_policies: managed_policies?,
        }),
    })
}

fn arns(fields: &mut Fields<'_>, name: &str) -> Result<Vec<Arn>, Reported> {
    let mut arns = Vec::new();
    for text in fields.texts(name)? {
        match Arn::parse(&text) {
            Ok(arn) => arns.push(arn),
            Err(error) => return Err(fields.bad_name(name, &error)),
        }
    }
    Ok(arns)
}

pub(crate) const ROLE_POLICY: ResourceType = ResourceType {
    name: "aws_iam_role_policy",
    body: body(
        &[
            settled("name", Shape::Text),
            optional("name_prefix", Shape::Text),
            required("role", Shape::Text),
            required("policy", Shape::Text),
            ID,
        ],
        &[],
    ),
    read: |fields| {
        let name = fields.own_name::<PolicyName>("name", "name_prefix");
        let role = fields.required_name::<RoleName>("role");
        let policy = fields.required_policy("policy");
        let (name, role) = (name?, role?);
        Ok(Read {
            computed: vec![known("name", &name), known("id", format!("{role}:{name}"))],
            kind: Kind::RolePolicy(RolePolicy {
                name,
                role,
                policy: policy?,
            }),
        })
    },
};

pub(crate) const POLICY: ResourceType = ResourceType {
    name: "aws_iam_policy",
    body: body(
        &[
            settled("name", Shape::Text),
            optional("name_prefix", Shape::Text),
            optional("path", Shape::Text).text("/"),
            required("policy", Shape::Text),
            optional("description", Shape::Text).ignored("descriptions of policies are not kept"),
            optional("delay_after_policy_creation_in_ms", Shape::Number)
                .ignored("policies count at once in a local stack"),
            computed("attachment_count", Shape::Number),
            computed("policy_id", Shape::Text),
            ARN,
            ID,
            TAGS,
            TAGS_ALL,
        ],
        &[],
    ),
    read: |fields| {
        let name = fields.own_name::<PolicyName>("name", "name_prefix");
        let path = fields.name::<IamPath>("path");
        let policy = fields.required_policy("policy");
        let (name, path) = (name?, path?.unwrap_or_default());
        let context = fields.context;
        let arn = Arn::policy(context.partition, &context.account, &path, &name);
        Ok(Read {
            computed: vec![known("name", &name), known("id", &arn), known("arn", &arn)],
            kind: Kind::Policy(Policy {
                name,
                path,
                arn,
                policy: policy?,
            }),
        })
    },
};

pub(crate) const ROLE_POLICY_ATTACHMENT: ResourceType = ResourceType {
    name: "aws_iam_role_policy_attachment",
    body: body(
        &[
            required("role", Shape::Text),
            required("policy_arn", Shape::Text),
            ID,
        ],
        &[],
    ),
    read: |fields| {
        let role = fields.required_name::<RoleName>("role");
        let policy = fields.required_name::<Arn>("policy_arn");
        let (role, policy) = (role?, policy?);
        Ok(Read {
            computed: vec![known("id", format!("{role}/{policy}"))],
            kind: Kind::RolePolicyAttachment(RolePolicyAttachment { role, policy }),
        })
    },
};
