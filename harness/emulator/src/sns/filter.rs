//! Filter policies: which messages a subscription wants.
//!
//! A policy is parsed and checked once, when it is set, and then asked about each message. It is
//! pure: message attributes are turned into the same JSON shape as a body, so that one matcher
//! serves both scopes.
//!
//! Follows <https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html> and
//! <https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html>.
//! Differs from AWS: errors do not quote the place in the JSON text, and the names of unknown
//! operators in `anything-but`, policies that are too large and numbers that are too far from zero
//! are complained about in words of our own.

use std::net::IpAddr;

use serde_json::{Map, Value};

use crate::message::{AttributeValue, MessageAttribute, MessageAttributes};

mod matching;
mod parse;

/// The most combinations of values that a policy may ask for.
const MOST_COMBINATIONS: u64 = 150;

/// The most keys at the top of a policy; those below do not count.
const MOST_KEYS: usize = 5;

/// The largest policy, in bytes.
const LARGEST_POLICY: usize = 256 * 1024;

/// How far from zero the numbers of a range may be.
const LARGEST_NUMBER: f64 = 1e9;

/// What a policy is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Scope {
    /// The message's attributes.
    #[default]
    MessageAttributes,
    /// The message's body, which must be a JSON object to match at all.
    MessageBody,
}

impl Scope {
    /// The scope with this name in the API.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "MessageAttributes" => Some(Self::MessageAttributes),
            "MessageBody" => Some(Self::MessageBody),
            _ => None,
        }
    }

    /// Its name in the API.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::MessageAttributes => "MessageAttributes",
            Self::MessageBody => "MessageBody",
        }
    }
}

/// A checked policy.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FilterPolicy {
    text: String,
    clause: Clause,
}

/// Why a policy is refused, in AWS's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct PolicyError(String);

/// All of the fields must match, and one alternative of each `$or`.
#[derive(Debug, Clone, PartialEq, Default)]
struct Clause {
    fields: Vec<(String, Field)>,
    any_of: Vec<Vec<Clause>>,
}

#[derive(Debug, Clone, PartialEq)]
enum Field {
    /// One of the patterns must match one of the values.
    Leaf(Vec<Pattern>),
    /// The value must be an object that matches.
    Nested(Clause),
}

#[derive(Debug, Clone, PartialEq)]
enum Pattern {
    /// A string, number, boolean or null, as it is.
    Exactly(Value),
    Prefix(String),
    Suffix(String),
    EqualsIgnoreCase(String),
    /// `*` stands for any characters; `\*` and `\\` for themselves.
    Wildcard(String),
    Cidr(Network),
    Numeric(Range),
    Exists(bool),
    /// The value is there, and none of the patterns matches it.
    AnythingBut(Vec<Pattern>),
}

/// A block of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    /// Leading bits that count.
    bits: u32,
}

/// An interval of numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Range {
    bottom: Option<Bound>,
    top: Option<Bound>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Bound {
    value: f64,
    included: bool,
}

impl FilterPolicy {
    /// Parses and checks a policy. An empty one (`{}` or no text) lets everything through, so it
    /// is `None`.
    pub(crate) fn parse(text: &str, scope: Scope) -> Result<Option<Self>, PolicyError> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        let clause = parse::policy(text, scope)?;
        let empty = clause == Clause::default();
        Ok((!empty).then(|| Self {
            text: text.to_owned(),
            clause,
        }))
    }

    /// The policy as it was set.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether a message with this body and these attributes is wanted.
    pub(crate) fn matches(&self, scope: Scope, body: &str, attributes: &MessageAttributes) -> bool {
        match scope {
            Scope::MessageAttributes => self.clause.matches(&as_json(attributes)),
            Scope::MessageBody => match serde_json::from_str(body) {
                Ok(Value::Object(body)) => self.clause.matches(&body),
                Ok(_) | Err(_) => false,
            },
        }
    }
}

/// Attributes in the shape of a body. Binary ones are left out: AWS does not compare them.
fn as_json(attributes: &MessageAttributes) -> Map<String, Value> {
    attributes
        .iter()
        .filter_map(|(name, attribute)| Some((name.clone(), value(attribute)?)))
        .collect()
}

fn value(attribute: &MessageAttribute) -> Option<Value> {
    let AttributeValue::Text(text) = &attribute.value else {
        return None;
    };
    match attribute.base_type() {
        "Number" => text.trim().parse().ok().and_then(number),
        "String" if attribute.data_type == "String.Array" => {
            serde_json::from_str(text).ok().filter(Value::is_array)
        }
        _ => Some(Value::String(text.clone())),
    }
}

fn number(value: f64) -> Option<Value> {
    serde_json::Number::from_f64(value).map(Value::Number)
}

#[cfg(test)]
mod tests;
