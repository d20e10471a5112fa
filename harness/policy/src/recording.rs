//! The calls that were made with execution roles, and what was decided on each.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use zipster_names::RoleName;

/// The form of the file. Another one is refused.
const FORMAT: u32 = 1;

/// Context keys that differ from call to call without saying anything of the call.
const OF_THE_MOMENT: [&str; 3] = ["aws:currenttime", "aws:epochtime", "aws:userid"];

/// What was seen of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    format: u32,
    /// The scenarios that ran, by name and line, and whether they passed.
    pub scenarios: BTreeMap<String, bool>,
    /// The calls, in a stable order, those that differ in nothing written once.
    pub calls: Vec<Call>,
}

/// A call that was made with a role, and what was decided on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The role.
    pub role: RoleName,
    /// The session's name: the function's.
    pub session: String,
    /// Who made it.
    pub maker: Maker,
    /// The IAM action, such as `s3:GetObject`.
    pub action: String,
    /// The resource: mostly an ARN.
    pub resource: String,
    /// The context keys, in lower case, and their values.
    pub context: BTreeMap<String, Vec<String>>,
    /// What was decided then and there.
    pub allowed: bool,
    /// Which statement decided, or what was missing.
    pub reason: String,
    /// How often it was made.
    pub times: u64,
    /// The scenarios that it was made in.
    pub scenarios: BTreeSet<String>,
}

/// Who made a call with a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Maker {
    /// The function's own code.
    Function,
    /// A service in the function's name: Lambda, for its log or its dead letters.
    Service,
}

/// Text that is no recording.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// It is something else.
    #[error("it is not what `cargo zipster policy --record` writes: {0}")]
    Syntax(#[from] serde_json::Error),
    /// Another version has written it.
    #[error("it has the format {found}, and this version reads {FORMAT}: record it again")]
    Format {
        /// What it says.
        found: u32,
    },
}

impl Default for Recording {
    fn default() -> Self {
        Self {
            format: FORMAT,
            scenarios: BTreeMap::new(),
            calls: Vec::new(),
        }
    }
}

impl Recording {
    /// Adds what was seen of a scenario.
    pub fn note(&mut self, scenario: String, passed: bool, calls: impl IntoIterator<Item = Call>) {
        self.scenarios.insert(scenario, passed);
        self.calls.extend(calls);
        self.calls.sort_by(order);
        self.calls.dedup_by(|next, kept| {
            let same = order(kept, next) == Ordering::Equal;
            if same {
                kept.times += next.times;
                kept.scenarios.append(&mut next.scenarios);
            }
            same
        });
    }

    /// Reads what [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    /// [`RecordingError`] saying what it is instead.
    pub fn parse(text: &str) -> Result<Self, RecordingError> {
        let recording: Self = serde_json::from_str(text)?;
        match recording.format {
            FORMAT => Ok(recording),
            found => Err(RecordingError::Format { found }),
        }
    }

    /// As JSON, for people too.
    ///
    /// # Panics
    /// Never: names and texts are JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("names and texts are JSON")
    }
}

/// The order of calls; equal are those that differ in the moment alone.
fn order(a: &Call, b: &Call) -> Ordering {
    fn what(call: &Call) -> (&str, &str, Maker, &str, &str, bool, &str) {
        (
            call.role.as_str(),
            &call.session,
            call.maker,
            &call.action,
            &call.resource,
            call.allowed,
            &call.reason,
        )
    }
    fn lasting(call: &Call) -> impl Iterator<Item = (&String, &Vec<String>)> {
        let context = call.context.iter();
        context.filter(|(key, _)| !OF_THE_MOMENT.contains(&key.as_str()))
    }
    what(a)
        .cmp(&what(b))
        .then_with(|| lasting(a).cmp(lasting(b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(action: &str, context: &[(&str, &str)], scenario: &str) -> Call {
        Call {
            role: RoleName::parse("load").unwrap(),
            session: "load".to_owned(),
            maker: Maker::Function,
            action: action.to_owned(),
            resource: "arn:aws:s3:::b/k".to_owned(),
            context: context
                .iter()
                .map(|(key, value)| ((*key).to_owned(), vec![(*value).to_owned()]))
                .collect(),
            allowed: true,
            reason: "statement 1".to_owned(),
            times: 1,
            scenarios: BTreeSet::from([scenario.to_owned()]),
        }
    }

    #[test]
    fn calls_that_differ_in_the_moment_alone_are_one() {
        let mut recording = Recording::default();
        let at = |time| call("s3:GetObject", &[("aws:currenttime", time)], "a");
        recording.note("a".to_owned(), true, [at("1"), at("2")]);
        let other = [
            call("s3:GetObject", &[("aws:currenttime", "3")], "b"),
            call("s3:GetObject", &[("s3:prefix", "x")], "b"),
            call("s3:DeleteObject", &[], "b"),
        ];
        recording.note("b".to_owned(), false, other);
        let seen: Vec<_> = recording
            .calls
            .iter()
            .map(|call| (call.action.as_str(), call.times, call.scenarios.len()))
            .collect();
        assert_eq!(
            seen,
            [
                ("s3:DeleteObject", 1, 1),
                ("s3:GetObject", 3, 2),
                ("s3:GetObject", 1, 1)
            ]
        );
        assert_eq!(Recording::parse(&recording.to_json()).unwrap(), recording);
    }

    #[test]
    fn another_form_is_refused() {
        let newer = r#"{"format": 2, "scenarios": {}, "calls": []}"#;
        let refusal = Recording::parse(newer).unwrap_err().to_string();
        assert!(refusal.contains("record it again"), "{refusal}");
        let refusal = Recording::parse("{}").unwrap_err().to_string();
        assert!(refusal.contains("--record"), "{refusal}");
    }
}
