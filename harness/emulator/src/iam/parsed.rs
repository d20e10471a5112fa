//! Resource policies, parsed once.
//!
//! Buckets, topics, queues and functions keep their policies as text; a decision needs them
//! understood. The text itself is the key, so nobody has to say when a policy changed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use zipster_iam::{Policy, PolicyErrors, PolicyKind};

/// How many are kept. When there are more, all are forgotten: policies that are in use come back
/// with the next decision.
const MOST: usize = 1024;

/// What came of parsing.
pub(super) type Parsed = Result<Arc<Policy>, Arc<PolicyErrors>>;

/// Resource policies by their text.
#[derive(Debug, Default)]
pub(super) struct ParsedPolicies {
    known: Mutex<HashMap<String, Parsed>>,
}

impl ParsedPolicies {
    /// The policy that `text` is.
    pub(super) fn get(&self, text: &str) -> Parsed {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(parsed) = known.get(text) {
            return parsed.clone();
        }
        let parsed = Policy::parse(text, PolicyKind::Resource)
            .map(Arc::new)
            .map_err(Arc::new);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(text.to_owned(), parsed.clone());
        parsed
    }
}
