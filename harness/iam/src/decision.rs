//! The decision on a request, and the statements looked at on the way.

use std::fmt;

use serde::Serialize;

use crate::policy::{Effect, PolicyKind};

/// A decision with its reasons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evaluation {
    /// What was decided.
    pub decision: Decision,
    /// Every statement of every policy that applies, in the order of identity, boundary,
    /// session, resource.
    pub trace: Vec<Considered>,
    /// Context keys that a statement about this action and resource has a condition on, and that
    /// the request does not have. Such a condition is decided by the key's absence.
    pub absent_keys: Vec<String>,
}

impl Evaluation {
    /// Whether the request may go ahead.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        matches!(self.decision, Decision::Allow { .. })
    }
}

/// Whether a request may go ahead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Decision {
    /// It may.
    Allow {
        /// What allows it; across accounts, what the caller's own account says.
        by: Grounds,
    },
    /// A statement forbids it.
    ExplicitDeny {
        /// The first statement that does.
        by: StatementRef,
    },
    /// Nothing allows it.
    ImplicitDeny {
        /// The kind of policy that would have to.
        missing: PolicyKind,
    },
}

/// What allows a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Grounds {
    /// A statement.
    Statement(StatementRef),
    /// The caller is the account's root user, who needs no policy.
    AccountRoot,
}

/// A statement, by its policy and its place there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatementRef {
    /// The kind of policy.
    pub kind: PolicyKind,
    /// The policy's name.
    pub policy: String,
    /// Counted from 0.
    pub index: usize,
    /// The statement's `Sid`.
    pub sid: Option<String>,
}

impl fmt::Display for StatementRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.index + 1;
        write!(f, "statement {number} of {} {}", self.kind, self.policy)?;
        match &self.sid {
            Some(sid) => write!(f, " ({sid})"),
            None => Ok(()),
        }
    }
}

/// A statement that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Considered {
    /// Which one.
    pub statement: StatementRef,
    /// What it does if it matches.
    pub effect: Effect,
    /// Whether it matches.
    pub outcome: Outcome,
}

impl fmt::Display for Considered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} by {}: {}", self.effect, self.statement, self.outcome)
    }
}

/// Whether a statement matches a request, and if not, the first thing that does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Outcome {
    /// It matches.
    Matches {
        /// As whom it takes the caller.
        through: Through,
    },
    /// It is about other principals.
    OtherPrincipal,
    /// It is about other actions.
    OtherAction,
    /// It is about other resources.
    OtherResource,
    /// A condition does not hold.
    ConditionNotMet {
        /// The operator.
        operator: String,
        /// The context key.
        key: String,
    },
    /// It needs a policy variable that has no value in this request.
    VariableMissing {
        /// The variable's context key.
        variable: String,
    },
}

impl Outcome {
    /// Whether the statement is about the request, its conditions aside.
    pub(crate) fn got_to_conditions(&self) -> bool {
        match self {
            Self::Matches { .. } | Self::ConditionNotMet { .. } => true,
            Self::OtherPrincipal
            | Self::OtherAction
            | Self::OtherResource
            | Self::VariableMissing { .. } => false,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Matches { through } => write!(f, "matches {through}"),
            Self::OtherPrincipal => f.write_str("is about other principals"),
            Self::OtherAction => f.write_str("is about other actions"),
            Self::OtherResource => f.write_str("is about other resources"),
            Self::ConditionNotMet { operator, key } => {
                write!(f, "its condition {operator} {key} does not hold")
            }
            Self::VariableMissing { variable } => {
                write!(f, "its variable {variable} has no value in this request")
            }
        }
    }
}

/// As whom a statement takes the caller. Naming the account leaves the rest to that account's own
/// policies, naming the caller does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Through {
    /// As whoever has the policy: identity and session policies name no principal.
    Attachment,
    /// As someone who is not excepted by `NotPrincipal`.
    NotExcepted,
    /// As someone of the account.
    Account,
    /// As the role.
    Role,
    /// As the user.
    User,
    /// As this session of the role.
    Session,
    /// As the service.
    Service,
    /// As anyone: `*`.
    Everyone,
}

impl Through {
    /// Whether the caller was named so that, within the account, nothing else need allow: not as
    /// one of the account, and not as a role, whose sessions their session policies still limit.
    pub(crate) fn is_direct(self) -> bool {
        match self {
            Self::User | Self::Session | Self::Service | Self::Everyone => true,
            Self::Attachment | Self::NotExcepted | Self::Account | Self::Role => false,
        }
    }
}

impl fmt::Display for Through {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Attachment => "the caller",
            Self::NotExcepted => "everyone whom NotPrincipal does not except",
            Self::Account => "the caller's account, and leaves the rest to its own policies",
            Self::Role => "the caller's role",
            Self::User => "the caller's user",
            Self::Session => "the caller's session",
            Self::Service => "the calling service",
            Self::Everyone => "everyone",
        })
    }
}
