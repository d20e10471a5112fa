//! What policies are given to, a role or a user, and the policies that it has.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use zipster_iam::NamedPolicy;
use zipster_names::{Arn, PolicyName, RoleName, UserName};

use super::directory::{Document, ManagedPolicy};
use super::parameters::{role_name, user_name};
use super::{error, provided};
use crate::front::ApiError;
use crate::front::query::Params;

/// What policies are given to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entity {
    Role(RoleName),
    User(UserName),
}

impl Entity {
    /// `RoleName`.
    pub(super) fn role(params: &Params) -> Result<Self, ApiError> {
        role_name(params).map(Self::Role)
    }

    /// `UserName`.
    pub(super) fn user(params: &Params) -> Result<Self, ApiError> {
        user_name(params).map(Self::User)
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Self::Role(name) => name.as_str(),
            Self::User(name) => name.as_str(),
        }
    }

    /// The element of answers that has its name.
    pub(super) fn element(&self) -> &'static str {
        match self {
            Self::Role(_) => "RoleName",
            Self::User(_) => "UserName",
        }
    }

    /// The quota of managed policies, as AWS calls it.
    pub(super) fn quota(&self) -> &'static str {
        match self {
            Self::Role(_) => "PoliciesPerRole",
            Self::User(_) => "PoliciesPerUser",
        }
    }

    /// How much all inline policies may have together, white space not counted.
    pub(super) fn longest_inline(&self) -> usize {
        match self {
            Self::Role(_) => 10_240,
            Self::User(_) => 2048,
        }
    }

    /// 404 for the entity itself.
    pub(super) fn missing(&self) -> ApiError {
        error::no_such(format!("The {self} cannot be found."))
    }

    /// 404 for a policy that is part of it.
    pub(super) fn no_inline(&self, policy: &PolicyName) -> ApiError {
        let kind = self.kind();
        error::no_such(format!(
            "The {kind} policy with name {policy} cannot be found."
        ))
    }

    /// `role` or `user`.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Role(_) => "role",
            Self::User(_) => "user",
        }
    }
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with name {}", self.kind(), self.name())
    }
}

/// The policies that a role or user has.
#[derive(Debug, Clone, Default)]
pub(super) struct Grants {
    pub(super) inline: BTreeMap<PolicyName, Document>,
    /// ARNs of managed policies, in the order of attaching.
    pub(super) attached: Vec<Arn>,
    /// The managed policy that limits the others.
    pub(super) boundary: Option<Arn>,
    /// All policies that apply; see [`Grants::refresh`].
    pub(super) effective: Arc<[NamedPolicy]>,
    /// The boundary as it is in force.
    pub(super) limit: Option<NamedPolicy>,
}

impl Grants {
    /// Collects the policies that apply, inline ones first.
    pub(super) fn refresh(&mut self, policies: &BTreeMap<Arn, ManagedPolicy>) {
        let inline = self
            .inline
            .iter()
            .map(|(name, document)| document.named(name.as_str()));
        let attached = self
            .attached
            .iter()
            .filter_map(|arn| Some(in_force(find(policies, arn)?)));
        self.effective = inline.chain(attached).collect();
        let boundary = self.boundary.as_ref();
        self.limit = boundary.and_then(|arn| Some(in_force(find(policies, arn)?)));
    }

    /// Whether a managed policy is one of these, or limits them.
    pub(super) fn uses(&self, arn: &Arn) -> bool {
        self.attached.contains(arn) || self.boundary.as_ref() == Some(arn)
    }

    /// Whether its owner can be deleted.
    pub(super) fn check_none(&self) -> Result<(), ApiError> {
        if !self.attached.is_empty() {
            return Err(error::delete_conflict(
                "Cannot delete entity, must detach all policies first.",
            ));
        }
        if !self.inline.is_empty() {
            return Err(error::delete_conflict(
                "Cannot delete entity, must delete policies first.",
            ));
        }
        Ok(())
    }
}

/// A managed policy, the account's own or one that AWS provides.
pub(super) fn find<'a>(
    own: &'a BTreeMap<Arn, ManagedPolicy>,
    arn: &Arn,
) -> Option<&'a ManagedPolicy> {
    if arn.is_owned_by_aws() {
        provided::find(arn)
    } else {
        own.get(arn)
    }
}

fn in_force(policy: &ManagedPolicy) -> NamedPolicy {
    policy
        .default_version()
        .document
        .named(policy.name.as_str())
}
