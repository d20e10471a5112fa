//! Two runs beside each other.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::{Facts, Known, KnownDifference, Observations};

/// A fact that is not the same on both targets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The scenario's name and line.
    pub scenario: String,
    /// The fact's name.
    pub fact: String,
    /// The text on the first target, if there is such a fact.
    pub left: Option<String>,
    /// The text on the second.
    pub right: Option<String>,
}

/// A known difference, and where it was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// What is known of it.
    pub known: KnownDifference,
    /// Where it was seen.
    pub seen: Vec<Difference>,
}

/// How long a run took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Times {
    /// The target.
    pub target: String,
    /// How many scenarios ran.
    pub scenarios: usize,
    /// Until the first of them could begin, in milliseconds.
    pub start_ms: u64,
    /// All of them, in milliseconds.
    pub scenarios_ms: u64,
}

impl Times {
    fn of(run: &Observations) -> Self {
        Self {
            target: run.target.clone(),
            // The wrong calls are no scenario.
            scenarios: run.scenarios.len().saturating_sub(1),
            start_ms: run.start_ms,
            scenarios_ms: run.scenarios_ms,
        }
    }
}

/// What two runs have in common, and what not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// The two targets.
    pub targets: [String; 2],
    /// How long each took.
    pub times: [Times; 2],
    /// How many scenarios were seen on both.
    pub scenarios: usize,
    /// How many facts are the same.
    pub same: usize,
    /// Differences that nobody has explained.
    pub unexplained: Vec<Difference>,
    /// Those that somebody has.
    pub explained: Vec<Explained>,
    /// Known differences that were not seen: they may be gone, or their scenario did not run.
    pub not_seen: Vec<KnownDifference>,
    /// Scenarios that were seen on one target alone, with the reason.
    pub not_compared: Vec<(String, String)>,
}

/// Compares two runs.
#[must_use]
pub fn compare(left: &Observations, right: &Observations, known: &Known) -> Comparison {
    let targets = [left.target.as_str(), right.target.as_str()];
    let mut comparison = Comparison {
        targets: targets.map(str::to_owned),
        times: [Times::of(left), Times::of(right)],
        scenarios: 0,
        same: 0,
        unexplained: Vec::new(),
        explained: Vec::new(),
        not_seen: Vec::new(),
        not_compared: not_compared(left, right),
    };
    let mut seen: Vec<(usize, Vec<Difference>)> = known
        .between(targets)
        .into_iter()
        .map(|index| (index, Vec::new()))
        .collect();
    for (scenario, facts) in &left.scenarios {
        let Some(others) = right.scenarios.get(scenario) else {
            continue;
        };
        comparison.scenarios += 1;
        let (same, differences) = compare_facts(scenario, facts, others);
        comparison.same += same;
        for difference in differences {
            let explanation = known
                .explains(targets, &difference)
                .and_then(|index| seen.iter_mut().find(|(other, _)| *other == index));
            match explanation {
                Some((_, differences)) => differences.push(difference),
                None => comparison.unexplained.push(difference),
            }
        }
    }
    for (index, seen) in seen {
        let known = known.at(index).clone();
        if seen.is_empty() {
            comparison.not_seen.push(known);
        } else {
            comparison.explained.push(Explained { known, seen });
        }
    }
    comparison
}

fn compare_facts(scenario: &str, left: &Facts, right: &Facts) -> (usize, Vec<Difference>) {
    let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    let mut same = 0;
    let mut differences = Vec::new();
    for fact in names {
        let (left, right) = (left.get(fact), right.get(fact));
        if left == right {
            same += 1;
        } else {
            differences.push(Difference {
                scenario: scenario.to_owned(),
                fact: fact.clone(),
                left: left.cloned(),
                right: right.cloned(),
            });
        }
    }
    (same, differences)
}

fn not_compared(left: &Observations, right: &Observations) -> Vec<(String, String)> {
    let mut alone = Vec::new();
    for (one, other) in [(left, right), (right, left)] {
        for scenario in one.scenarios.keys() {
            if !other.scenarios.contains_key(scenario) {
                let reason = other.not_run.get(scenario);
                let reason = reason.map_or("nothing was seen of it", String::as_str);
                alone.push((
                    scenario.clone(),
                    format!("not run on {}: {reason}", other.target),
                ));
            }
        }
    }
    alone
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(target: &str, scenario: &str, facts: &[(&str, &str)]) -> Observations {
        let facts = facts
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect();
        Observations {
            target: target.to_owned(),
            start_ms: 0,
            scenarios_ms: 0,
            scenarios: [(scenario.to_owned(), facts)].into(),
            not_run: [].into(),
        }
    }

    fn known(scenario: &str, fact: &str) -> KnownDifference {
        KnownDifference {
            between: ["localstack".to_owned(), "embedded".to_owned()],
            scenario: scenario.to_owned(),
            fact: fact.to_owned(),
            reason: "because".to_owned(),
            as_aws: "embedded".to_owned(),
        }
    }

    #[test]
    fn what_is_the_same_is_counted_and_what_is_not_is_told() {
        let left = run("embedded", "a", &[("row 1", "x"), ("row 2", "y")]);
        let right = run("localstack", "a", &[("row 1", "x"), ("row 3", "z")]);
        let comparison = compare(&left, &right, &Known::default());
        assert_eq!((comparison.scenarios, comparison.same), (1, 1));
        let facts: Vec<_> = comparison
            .unexplained
            .iter()
            .map(|found| {
                (
                    found.fact.as_str(),
                    found.left.is_some(),
                    found.right.is_some(),
                )
            })
            .collect();
        assert_eq!(facts, [("row 2", true, false), ("row 3", false, true)]);
    }

    #[test]
    fn a_known_difference_is_told_apart_and_one_that_is_gone_as_well() {
        let left = run("embedded", "a", &[("call 1", "403")]);
        let right = run("localstack", "a", &[("call 1", "200")]);
        let known = Known::from(vec![known("*", "call *"), known("b", "row *")]);
        let comparison = compare(&left, &right, &known);
        assert!(comparison.unexplained.is_empty());
        assert_eq!(comparison.explained.len(), 1);
        assert_eq!(comparison.explained[0].seen.len(), 1);
        assert_eq!(comparison.not_seen.len(), 1);
    }

    #[test]
    fn another_pair_of_targets_has_differences_of_its_own() {
        let left = run("embedded", "a", &[("call 1", "403")]);
        let right = run("aws", "a", &[("call 1", "200")]);
        let comparison = compare(&left, &right, &Known::from(vec![known("*", "*")]));
        assert_eq!(comparison.unexplained.len(), 1);
        assert!(comparison.not_seen.is_empty());
    }

    #[test]
    fn a_scenario_that_one_target_cannot_run_is_not_compared() {
        let left = run("embedded", "a", &[("row 1", "x")]);
        let mut right = run("localstack", "b", &[]);
        right.not_run = [("a".to_owned(), "changes a role".to_owned())].into();
        let comparison = compare(&left, &right, &Known::default());
        assert_eq!(comparison.scenarios, 0);
        let reasons: Vec<&str> = comparison
            .not_compared
            .iter()
            .map(|(_, reason)| reason.as_str())
            .collect();
        assert_eq!(
            reasons,
            [
                "not run on localstack: changes a role",
                "not run on embedded: nothing was seen of it"
            ]
        );
    }
}
