//! The smallest policy, as a document that IAM takes.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// A policy document.
///
/// Follows <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Document {
    version: &'static str,
    /// In the order of their resources.
    pub statement: Vec<Statement>,
}

/// A statement that allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Statement {
    effect: &'static str,
    /// Sorted.
    pub action: Vec<String>,
    /// Sorted.
    pub resource: Vec<String>,
}

impl Document {
    /// The policy that allows these pairs of action and resource and nothing else; `None` if there
    /// are none, since a policy has at least one statement.
    ///
    /// Each resource stands in one statement, and resources that the same is done to share theirs.
    #[must_use]
    pub fn allowing<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<Self> {
        let mut actions_on: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (action, resource) in pairs {
            actions_on.entry(resource).or_default().insert(action);
        }
        let mut statements: Vec<(BTreeSet<&str>, Vec<&str>)> = Vec::new();
        for (resource, actions) in actions_on {
            match statements.iter_mut().find(|(same, _)| *same == actions) {
                Some((_, resources)) => resources.push(resource),
                None => statements.push((actions, vec![resource])),
            }
        }
        let owned = |text: &str| text.to_owned();
        let statement: Vec<Statement> = statements
            .into_iter()
            .map(|(actions, resources)| Statement {
                effect: "Allow",
                action: actions.into_iter().map(owned).collect(),
                resource: resources.into_iter().map(owned).collect(),
            })
            .collect();
        (!statement.is_empty()).then_some(Self {
            version: "2012-10-17",
            statement,
        })
    }

    /// As JSON, for people too.
    ///
    /// # Panics
    /// Never: texts are JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("texts are JSON")
    }
}

#[cfg(test)]
mod tests {
    use zipster_iam::{Policy, PolicyKind};

    use super::*;

    #[test]
    fn a_resource_stands_in_one_statement_and_shares_it_with_its_like() {
        let pairs = [
            ("s3:PutObject", "arn:aws:s3:::errors/*"),
            ("sns:Publish", "arn:aws:sns:us-east-1:123456789012:t"),
            ("s3:GetObject", "arn:aws:s3:::input/*"),
            ("s3:DeleteObject", "arn:aws:s3:::input/*"),
            ("s3:PutObject", "arn:aws:s3:::load/*"),
            ("s3:GetObject", "arn:aws:s3:::input/*"),
        ];
        let document = Document::allowing(pairs).unwrap();
        let seen: Vec<String> = document
            .statement
            .iter()
            .map(|statement| {
                format!(
                    "{} on {}",
                    statement.action.join("+"),
                    statement.resource.join("+")
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                "s3:PutObject on arn:aws:s3:::errors/*+arn:aws:s3:::load/*",
                "s3:DeleteObject+s3:GetObject on arn:aws:s3:::input/*",
                "sns:Publish on arn:aws:sns:us-east-1:123456789012:t",
            ]
        );
        let mut reversed = pairs;
        reversed.reverse();
        assert_eq!(Document::allowing(reversed).unwrap(), document);
        Policy::parse(&document.to_json(), PolicyKind::Identity).unwrap();
    }

    #[test]
    fn there_is_no_policy_of_nothing() {
        assert_eq!(Document::allowing([]), None);
    }
}
