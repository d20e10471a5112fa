//! The policy document and its parts.
//!
//! A [`Policy`] is made by [`Policy::parse`] and is sound: each statement has what its kind of
//! policy asks for and nothing that it forbids.
//!
//! Follows <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>.

use std::fmt;

use serde::Serialize;
use zipster_names::AccountId;

use crate::condition::Condition;
use crate::error::PolicyErrors;
use crate::parse;
use crate::pattern::Token;
use crate::request::Principal;
use crate::variables::Template;

/// What a policy is attached to, and so what it must and must not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyKind {
    /// Attached to a role or user, who is the principal: names resources.
    Identity,
    /// Set for a role or user, whose other policies it limits: the grammar of an identity policy.
    Boundary,
    /// Given along when a session began, and limits it: the grammar of an identity policy.
    Session,
    /// Attached to a bucket, topic, queue or function: names principals and resources.
    Resource,
    /// A role's `assume_role_policy`: names principals; the resource is the role.
    Trust,
}

impl PolicyKind {
    /// As AWS calls it in its messages: `identity-based policy`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity-based policy",
            Self::Boundary => "permissions boundary",
            Self::Session => "session policy",
            Self::Resource => "resource-based policy",
            Self::Trust => "role trust policy",
        }
    }
}

impl fmt::Display for PolicyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The version of the policy language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Version {
    /// `2008-10-17`, also where none is given: `${...}` is plain text.
    #[serde(rename = "2008-10-17")]
    V2008,
    /// `2012-10-17`: with policy variables.
    #[serde(rename = "2012-10-17")]
    V2012,
}

/// Whether a statement allows or denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Effect {
    /// `Allow`
    Allow,
    /// `Deny`
    Deny,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Allow => "Allow",
            Self::Deny => "Deny",
        })
    }
}

/// A policy document.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    pub(crate) kind: PolicyKind,
    pub(crate) version: Version,
    pub(crate) id: Option<String>,
    pub(crate) statements: Vec<Statement>,
}

impl Policy {
    /// Reads and checks a policy document.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its place; AWS answers `MalformedPolicyDocument`
    /// (IAM), `MalformedPolicy` (S3) or `InvalidParameter` (SNS, SQS).
    pub fn parse(text: &str, kind: PolicyKind) -> Result<Self, PolicyErrors> {
        parse::policy(text, kind)
    }

    /// What the policy was read as.
    #[must_use]
    pub fn kind(&self) -> PolicyKind {
        self.kind
    }

    /// The version of the language that it is written in.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// Its `Id`.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Its statements, at least one.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }
}

/// A statement of a policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    pub(crate) sid: Option<String>,
    pub(crate) effect: Effect,
    /// None in identity and session policies.
    pub(crate) principal: Option<Clause<PrincipalPattern>>,
    pub(crate) action: Clause<ActionPattern>,
    /// None in trust policies.
    pub(crate) resource: Option<Clause<Template>>,
    pub(crate) conditions: Vec<Condition>,
}

impl Statement {
    /// Its `Sid`, unless that is missing or empty.
    #[must_use]
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref().filter(|sid| !sid.is_empty())
    }

    /// Whether it allows or denies.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// Its conditions, all of which must hold.
    #[must_use]
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }
}

/// An element and its opposite: `Action` and `NotAction`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Clause<T> {
    /// One of these.
    Is(Vec<T>),
    /// None of these.
    IsNot(Vec<T>),
}

/// An action with wildcards: `s3:Get*`, or `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ActionPattern {
    /// In lower case; none means every service.
    pub(crate) service: Option<String>,
    /// In lower case.
    pub(crate) name: Vec<Token>,
}

/// A principal that a policy names. There are no wildcards but `*`.
///
/// Follows <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PrincipalPattern {
    /// `*`: everyone, signed in or not.
    Everyone,
    /// An account by its number or as `arn:aws:iam::...:root`, and so all its users and roles.
    Account(AccountId),
    /// A user: `user/path/name`.
    User(AccountId, String),
    /// A role, whatever the session: `role/path/name`.
    Role(AccountId, String),
    /// One session of a role: `assumed-role/name/session`.
    Session(AccountId, String),
    /// An AWS service: `s3.amazonaws.com`.
    Service(String),
    /// An identity provider or one of its users; matches nobody here.
    Federated,
    /// S3's older id of an account; matches nobody here.
    CanonicalUser,
}

/// What a caller is known as, from the account down.
pub(crate) fn known_as(principal: &Principal) -> Vec<PrincipalPattern> {
    match principal {
        Principal::Root { account } => vec![PrincipalPattern::Account(account.clone())],
        Principal::AssumedRole {
            account,
            path,
            role,
            session,
        } => vec![
            PrincipalPattern::Account(account.clone()),
            PrincipalPattern::Role(account.clone(), format!("role{path}{role}")),
            PrincipalPattern::Session(account.clone(), format!("assumed-role/{role}/{session}")),
        ],
        Principal::User {
            account,
            path,
            name,
        } => vec![
            PrincipalPattern::Account(account.clone()),
            PrincipalPattern::User(account.clone(), format!("user{path}{name}")),
        ],
        Principal::Service(service) => {
            vec![PrincipalPattern::Service(service.to_ascii_lowercase())]
        }
        Principal::Anonymous => Vec::new(),
    }
}
