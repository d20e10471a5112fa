//! What is wrong with a policy document, and where.

use std::fmt;

use crate::policy::PolicyKind;

/// Everything wrong with one document, in its order; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyErrors {
    errors: Vec<PolicyError>,
}

impl PolicyErrors {
    /// The list, or nothing if there is nothing wrong.
    pub(crate) fn new(errors: Vec<PolicyError>) -> Option<Self> {
        (!errors.is_empty()).then_some(Self { errors })
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = &PolicyError> {
        self.errors.iter()
    }

    /// Whether the text is no JSON at all.
    #[must_use]
    pub fn is_not_json(&self) -> bool {
        self.errors
            .iter()
            .any(|error| matches!(error.fault, Fault::NotJson(_)))
    }

    /// What IAM says of the first of them; IAM never says more.
    #[must_use]
    pub fn aws_message(&self) -> String {
        self.errors
            .first()
            .map(|error| error.fault.aws_message())
            .unwrap_or_default()
    }
}

impl fmt::Display for PolicyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, error) in self.errors.iter().enumerate() {
            if n > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for PolicyErrors {}

/// One thing wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {fault}")]
pub struct PolicyError {
    /// Where.
    pub at: Place,
    /// What.
    pub fault: Fault,
}

/// A place in a document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The statement, counted from 0.
    pub statement: Option<usize>,
    /// The statement's `Sid`.
    pub sid: Option<String>,
    /// The element, with what is inside it: `Condition.StringLike.s3:prefix`.
    pub element: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.statement {
            Some(index) => write!(f, "statement {}", index + 1)?,
            None => f.write_str("policy")?,
        }
        if let Some(sid) = &self.sid {
            write!(f, " ({sid})")?;
        }
        if let Some(element) = &self.element {
            write!(f, ", {element}")?;
        }
        Ok(())
    }
}

/// What can be wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The text is not JSON.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// A value of another type than the element takes.
    #[error("expected {expected}, found {found}")]
    WrongType {
        /// With its article.
        expected: &'static str,
        /// With its article.
        found: &'static str,
    },
    /// An element that the policy language does not have.
    #[error("unknown element")]
    UnknownElement,
    /// An element that appears twice.
    #[error("appears more than once")]
    Repeated,
    /// An element that must be there.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// An element that this kind of policy may not have.
    #[error("{} has no such element", article(*kind))]
    Prohibited {
        /// The element.
        element: &'static str,
        /// The kind of policy.
        kind: PolicyKind,
    },
    /// `Action` beside `NotAction`, and the like.
    #[error("{0} and {1} exclude each other")]
    Exclusive(&'static str, &'static str),
    /// An element without values.
    #[error("has no values")]
    Empty {
        /// The element.
        element: &'static str,
    },
    /// Something other than one of a few words.
    #[error("{value:?} is not one of {known}")]
    NotOneOf {
        /// What was found.
        value: String,
        /// The words.
        known: &'static str,
    },
    /// A `Sid` with characters that IAM does not allow.
    #[error("{0:?} has characters other than letters and digits")]
    Sid(String),
    /// A `Sid` that another statement has already.
    #[error("another statement has this Sid too")]
    SidTaken,
    /// An action without a service: `GetObject`.
    #[error("{0:?} does not name its service: write it like s3:GetObject")]
    NoService(String),
    /// An action that cannot be one.
    #[error("{value:?} {rule}")]
    Action {
        /// What was found.
        value: String,
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// A trust policy about something other than assuming a role.
    #[error("{0:?} is not an action of sts, and a role trust policy has no others")]
    TrustAction(String),
    /// A resource that is neither `*` nor an ARN.
    #[error("{0:?} is neither an ARN nor \"*\"")]
    NotAnArn(String),
    /// A variable that cannot be read, or that may not stand where it stands.
    #[error("{value:?} {rule}")]
    Variable {
        /// The text with the variable.
        value: String,
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// A principal that cannot be one.
    #[error("{value:?} {rule}")]
    Principal {
        /// What was found.
        value: String,
        /// The rule that it breaks.
        rule: String,
    },
    /// `NotPrincipal` in a statement that allows.
    #[error("NotPrincipal can only deny: it would allow everyone else in the world")]
    AllowNotPrincipal,
    /// A condition operator that does not exist.
    #[error("unknown condition operator{}", suggestion(*nearest))]
    UnknownOperator {
        /// What was found.
        name: String,
        /// The operator of that name in another case.
        nearest: Option<&'static str>,
    },
    /// A context key without a service: `username`.
    #[error("{0:?} does not name its service: write it like aws:username")]
    ConditionKey(String),
    /// A condition's value of the wrong type.
    #[error("{value:?} {rule}")]
    ConditionValue {
        /// What was found.
        value: String,
        /// The rule that it breaks.
        rule: &'static str,
    },
}

fn article(kind: PolicyKind) -> &'static str {
    match kind {
        PolicyKind::Identity => "an identity-based policy",
        PolicyKind::Boundary => "a permissions boundary",
        PolicyKind::Session => "a session policy",
        PolicyKind::Resource => "a resource-based policy",
        PolicyKind::Trust => "a role trust policy",
    }
}

fn suggestion(nearest: Option<&'static str>) -> String {
    nearest.map_or_else(String::new, |name| format!(", did you mean {name}?"))
}

impl Fault {
    /// What IAM says, without a place.
    ///
    /// IAM calls most mistakes a syntax error; where it is known to say more, so does this.
    #[must_use]
    pub fn aws_message(&self) -> String {
        match self {
            Self::Missing("Action or NotAction")
            | Self::Empty {
                element: "Action" | "NotAction",
            } => "Policy statement must contain actions.".to_owned(),
            Self::Missing("Resource or NotResource")
            | Self::Empty {
                element: "Resource" | "NotResource",
            } => "Policy statement must contain resources.".to_owned(),
            Self::Prohibited {
                kind: PolicyKind::Identity | PolicyKind::Boundary | PolicyKind::Session,
                ..
            } => "Policy document should not specify a principal.".to_owned(),
            Self::Prohibited {
                element,
                kind: PolicyKind::Resource | PolicyKind::Trust,
            } => format!("Has prohibited field {element}"),
            Self::Sid(_) => "Statement IDs (SID) must be alpha-numeric. Check that your input \
                             satisfies the regular expression [0-9A-Za-z]*"
                .to_owned(),
            Self::SidTaken => "Statement IDs (SID) in a single policy must be unique.".to_owned(),
            Self::NoService(_) | Self::ConditionKey(_) => {
                "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
                    .to_owned()
            }
            Self::TrustAction(_) => {
                "AssumeRole policy may only specify STS AssumeRole actions.".to_owned()
            }
            Self::NotAnArn(value) => format!("Resource {value} must be in ARN format or \"*\"."),
            Self::Principal { value, .. } => format!("Invalid principal in policy: {value}"),
            Self::UnknownOperator { name, .. } => format!("Invalid Condition type : {name}."),
            Self::NotJson(_)
            | Self::WrongType { .. }
            | Self::UnknownElement
            | Self::Repeated
            | Self::Missing(_)
            | Self::Exclusive(..)
            | Self::Empty { .. }
            | Self::NotOneOf { .. }
            | Self::Action { .. }
            | Self::Variable { .. }
            | Self::AllowNotPrincipal
            | Self::ConditionValue { .. } => "Syntax errors in policy.".to_owned(),
        }
    }
}
