//! Whether a message matches.

use std::net::IpAddr;

use serde_json::{Map, Value};

use super::{Clause, Field, Network, Pattern, Range};

impl Clause {
    pub(super) fn matches(&self, object: &Map<String, Value>) -> bool {
        self.fields
            .iter()
            .all(|(key, field)| field.matches(object.get(key)))
            && self
                .any_of
                .iter()
                .all(|alternatives| alternatives.iter().any(|clause| clause.matches(object)))
    }
}

impl Field {
    fn matches(&self, value: Option<&Value>) -> bool {
        match self {
            Self::Leaf(patterns) => {
                let mut leaves = Vec::new();
                collect_leaves(value, &mut leaves);
                patterns.iter().any(|pattern| {
                    if let Pattern::Exists(wanted) = pattern {
                        leaves.is_empty() != *wanted
                    } else {
                        leaves.iter().any(|leaf| pattern.matches(leaf))
                    }
                })
            }
            Self::Nested(clause) => match value {
                Some(Value::Object(object)) => clause.matches(object),
                Some(Value::Array(elements)) => {
                    elements.iter().any(|element| self.matches(Some(element)))
                }
                // A clause may ask that something deep inside is absent.
                _ => clause.matches(&Map::new()),
            },
        }
    }
}

/// The values that patterns are about: arrays stand for their elements, objects are no value.
fn collect_leaves<'a>(value: Option<&'a Value>, leaves: &mut Vec<&'a Value>) {
    match value {
        None | Some(Value::Object(_)) => {}
        Some(Value::Array(elements)) => {
            for element in elements {
                collect_leaves(Some(element), leaves);
            }
        }
        Some(leaf) => leaves.push(leaf),
    }
}

impl Pattern {
    fn matches(&self, value: &Value) -> bool {
        let text = value.as_str();
        match self {
            Self::Exactly(Value::Number(wanted)) => {
                value.as_f64().is_some_and(|v| Some(v) == wanted.as_f64())
            }
            Self::Exactly(wanted) => value == wanted,
            Self::Prefix(prefix) => text.is_some_and(|text| text.starts_with(prefix.as_str())),
            Self::Suffix(suffix) => text.is_some_and(|text| text.ends_with(suffix.as_str())),
            Self::EqualsIgnoreCase(wanted) => {
                text.is_some_and(|text| text.to_lowercase() == wanted.to_lowercase())
            }
            Self::Wildcard(pattern) => text.is_some_and(|text| fits(pattern, text)),
            Self::Cidr(network) => text
                .and_then(|text| text.parse().ok())
                .is_some_and(|address| network.contains(address)),
            Self::Numeric(range) => value.as_f64().is_some_and(|value| range.contains(value)),
            // Asked about a field, not about one of its values.
            Self::Exists(wanted) => *wanted,
            Self::AnythingBut(patterns) => !patterns.iter().any(|pattern| pattern.matches(value)),
        }
    }
}

impl Range {
    fn contains(&self, value: f64) -> bool {
        let above = self
            .bottom
            .is_none_or(|b| value > b.value || (b.included && value == b.value));
        let below = self
            .top
            .is_none_or(|t| value < t.value || (t.included && value == t.value));
        above && below
    }
}

impl Network {
    fn contains(&self, address: IpAddr) -> bool {
        let (network, address, width) = match (self.address, address) {
            (IpAddr::V4(a), IpAddr::V4(b)) => {
                (u128::from(a.to_bits()), u128::from(b.to_bits()), 32)
            }
            (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits(), b.to_bits(), 128),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return false,
        };
        // A shift by the whole width is none at all, so /0 is asked for first.
        self.bits == 0 || (network ^ address) >> (width - self.bits) == 0
    }
}

/// Whether `text` fits a pattern in which `*` stands for any characters. Greedy with one point of
/// return, so that no pattern takes more than the product of the two lengths.
fn fits(pattern: &str, text: &str) -> bool {
    let pattern = tokens(pattern);
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(None) => {
                retry = Some((p, t));
                p += 1;
            }
            Some(Some(character)) if *character == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match retry {
                Some((star, seen)) => {
                    retry = Some((star, seen + 1));
                    p = star + 1;
                    t = seen + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(Option::is_none)
}

/// The pattern's characters; `None` is a wildcard.
fn tokens(pattern: &str) -> Vec<Option<char>> {
    let mut characters = pattern.chars();
    let mut tokens = Vec::new();
    while let Some(character) = characters.next() {
        tokens.push(match character {
            '*' => None,
            '\\' => characters.next(),
            other => Some(other),
        });
    }
    tokens
}
