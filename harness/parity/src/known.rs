//! Differences that somebody has looked into.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::observations::read_json;
use crate::{Difference, ReadError};

/// A difference between two targets, why it is there, and who does as AWS does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownDifference {
    /// The two targets, in either order.
    pub between: [String; 2],
    /// The scenario; `*` stands for any text.
    pub scenario: String,
    /// The fact; `*` stands for any text.
    pub fact: String,
    /// Why they differ.
    pub reason: String,
    /// The target that does as AWS does, `neither`, or `unknown`.
    pub as_aws: String,
}

impl KnownDifference {
    fn covers(&self, targets: [&str; 2], difference: &Difference) -> bool {
        let [a, b] = &self.between;
        let same_targets = [a.as_str(), b] == targets || [b.as_str(), a] == targets;
        same_targets
            && matches(&self.scenario, &difference.scenario)
            && matches(&self.fact, &difference.fact)
    }
}

/// All of them, from a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known(Vec<KnownDifference>);

impl Known {
    /// Reads a JSON array of [`KnownDifference`]s.
    ///
    /// # Errors
    /// [`ReadError`] naming the file.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        read_json(path).map(Self)
    }

    /// The first that explains a difference, by its place in the file.
    pub(crate) fn explains(&self, targets: [&str; 2], difference: &Difference) -> Option<usize> {
        self.0
            .iter()
            .position(|known| known.covers(targets, difference))
    }

    /// The one at a place in the file.
    pub(crate) fn at(&self, index: usize) -> &KnownDifference {
        &self.0[index]
    }

    /// Those between two targets, with their places in the file.
    pub(crate) fn between(&self, targets: [&str; 2]) -> Vec<usize> {
        (0..self.0.len())
            .filter(|index| {
                let [a, b] = &self.0[*index].between;
                [a.as_str(), b] == targets || [b.as_str(), a] == targets
            })
            .collect()
    }
}

impl From<Vec<KnownDifference>> for Known {
    fn from(differences: Vec<KnownDifference>) -> Self {
        Self(differences)
    }
}

/// Whether a text is of a form in which `*` stands for any text.
fn matches(form: &str, text: &str) -> bool {
    let mut parts = form.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.len() >= last.len() && rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_text() {
        let cases = [
            ("*", "", true),
            ("*", "anything", true),
            ("row *", "row 59301", true),
            ("row *", "object a", false),
            ("row 59301", "row 59301", true),
            ("row 59301", "row 593011", false),
            ("a*b*c", "abc", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "acb", false),
            ("ab*ba", "aba", false),
        ];
        for (form, text, expected) in cases {
            assert_eq!(matches(form, text), expected, "{form} on {text}");
        }
    }
}
