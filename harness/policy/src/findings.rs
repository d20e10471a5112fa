//! Needed and granted, never used, missing.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use zipster_iam::{Decision, Grounds, PolicyKind, Request};
use zipster_names::{Arn, FunctionName, RoleName};

use crate::document::Document;
use crate::grants::{Grant, Grants, RoleGrants};
use crate::names::Names;
use crate::recording::{Call, Maker, Recording};

/// What a run needed, beside what the stack grants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// How many scenarios ran.
    pub scenarios: usize,
    /// Those that failed: what they would have gone on to do was not seen.
    pub failed: Vec<String>,
    /// Execution roles, in the order of their names.
    pub roles: Vec<RoleFindings>,
    /// Roles that made calls, and that no function of the stack runs with.
    pub strangers: BTreeSet<String>,
}

/// The same of one execution role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoleFindings {
    /// The role.
    pub role: RoleName,
    /// The functions that run with it.
    pub functions: Vec<FunctionName>,
    /// What was needed, in the order of resources and actions.
    pub needed: Vec<Need>,
    /// What the stack grants and nobody was seen to use, in the order of its policies.
    pub never_used: Vec<Unused>,
    /// What the stack grants and is used for less, in the order of its policies.
    pub wider: Vec<Wider>,
    /// Attached policies whose text is not known: what they grant counts as missing.
    pub unknown_policies: Vec<Arn>,
    /// How many calls were denied when they were made, though the stack as it is written grants
    /// them: a scenario had altered it.
    pub denied_elsewhere: u64,
    /// The smallest policy that would have done; `None` if nothing was needed of one.
    pub policy: Option<Document>,
}

/// An action on a resource that was needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Need {
    /// Such as `s3:GetObject`.
    pub action: String,
    /// As a policy names it.
    pub resource: String,
    /// Whether the stack grants it.
    pub verdict: Verdict,
    /// The statement that allows or denies it, or what is missing.
    pub reason: String,
    /// Who asked.
    pub made_by: BTreeSet<Maker>,
    /// Unless it is granted, one of the resources that it was asked for on.
    pub example: Option<String>,
    /// The scenarios in which it was asked for.
    pub scenarios: BTreeSet<String>,
}

/// Whether the stack grants what was needed, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// A policy of the role does.
    Granted,
    /// The resource's own policy does, with no need of the role's.
    GrantedByResource,
    /// A statement denies it.
    Denied,
    /// Nothing grants it.
    Missing,
}

/// A grant that nobody was seen to use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unused {
    /// The action as it is written.
    pub action: String,
    /// The resource as it is written.
    pub resource: String,
    /// The policy and its statement.
    pub statement: String,
}

/// A grant of more than it was used for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wider {
    /// The action as it is written.
    pub action: String,
    /// The resource as it is written.
    pub resource: String,
    /// The policy and its statement.
    pub statement: String,
    /// What it was used for.
    pub used_for: BTreeSet<Use>,
}

/// An action on a resource, as a policy names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Use {
    /// Such as `s3:GetObject`.
    pub action: String,
    /// The resource.
    pub resource: String,
}

impl Findings {
    /// Whether the stack grants all that was needed.
    #[must_use]
    pub fn is_covered(&self) -> bool {
        let mut needs = self.roles.iter().flat_map(|role| &role.needed);
        self.strangers.is_empty() && needs.all(|need| need.verdict <= Verdict::GrantedByResource)
    }
}

/// Puts what was needed beside what is granted.
#[must_use]
pub fn compare(recording: &Recording, grants: &Grants, names: &Names) -> Findings {
    let failed = recording.scenarios.iter().filter(|(_, passed)| !**passed);
    let is_known = |call: &&Call| grants.roles.iter().any(|role| role.role == call.role);
    let strangers = recording.calls.iter().filter(|call| !is_known(call));
    Findings {
        scenarios: recording.scenarios.len(),
        failed: failed.map(|(name, _)| name.clone()).collect(),
        roles: grants
            .roles
            .iter()
            .map(|role| {
                let calls = recording.calls.iter().filter(|call| call.role == role.role);
                let calls: Vec<Judged<'_>> = calls
                    .map(|call| Judged::of(call, role, grants, names))
                    .collect();
                of_role(role, &calls)
            })
            .collect(),
        strangers: strangers.map(|call| call.role.to_string()).collect(),
    }
}

/// A call with what the stack says of it.
struct Judged<'a> {
    call: &'a Call,
    /// None if its action is none.
    request: Option<Request>,
    pattern: String,
    verdict: Verdict,
    reason: String,
}

impl<'a> Judged<'a> {
    fn of(call: &'a Call, role: &RoleGrants, grants: &Grants, names: &Names) -> Self {
        let (request, (verdict, reason)) = match grants.request(role, call) {
            Ok(request) => {
                let evaluation = grants.decide(role, &request);
                (Some(request), judge(&evaluation.decision))
            }
            Err(error) => (None, (Verdict::Missing, error.to_string())),
        };
        Self {
            call,
            request,
            pattern: names.pattern(&call.resource),
            verdict,
            reason,
        }
    }
}

fn judge(decision: &Decision) -> (Verdict, String) {
    match decision {
        Decision::Allow {
            by: Grounds::Statement(by),
        } => match by.kind {
            PolicyKind::Resource => (Verdict::GrantedByResource, by.to_string()),
            PolicyKind::Identity
            | PolicyKind::Boundary
            | PolicyKind::Session
            | PolicyKind::Trust => (Verdict::Granted, by.to_string()),
        },
        Decision::Allow {
            by: Grounds::AccountRoot,
        } => (Verdict::Granted, "the account's root user".to_owned()),
        Decision::ExplicitDeny { by } => (Verdict::Denied, by.to_string()),
        Decision::ImplicitDeny { missing } => (Verdict::Missing, format!("no {missing} allows it")),
    }
}

fn of_role(role: &RoleGrants, calls: &[Judged<'_>]) -> RoleFindings {
    let needed = needs(calls);
    let in_policy = needed
        .iter()
        .filter(|need| need.verdict != Verdict::GrantedByResource)
        .map(|need| (need.action.as_str(), need.resource.as_str()));
    let policy = Document::allowing(in_policy);
    let mut never_used = Vec::new();
    let mut wider = Vec::new();
    for grant in &role.allowed {
        let used = calls.iter().filter(|judged| {
            let request = judged.request.as_ref();
            request.is_some_and(|request| grant.covers(request))
        });
        let used_for: BTreeSet<Use> = used
            .map(|judged| Use {
                action: judged.call.action.clone(),
                resource: judged.pattern.clone(),
            })
            .collect();
        if used_for.is_empty() {
            never_used.push(Unused {
                action: grant.action.clone(),
                resource: grant.resource.clone(),
                statement: grant.statement.clone(),
            });
        } else if is_wider(grant, &used_for) {
            wider.push(Wider {
                action: grant.action.clone(),
                resource: grant.resource.clone(),
                statement: grant.statement.clone(),
                used_for,
            });
        }
    }
    let altered =
        |judged: &&Judged<'_>| !judged.call.allowed && judged.verdict <= Verdict::GrantedByResource;
    RoleFindings {
        role: role.role.clone(),
        functions: role.functions.clone(),
        needed,
        never_used,
        wider,
        unknown_policies: role.unknown.clone(),
        denied_elsewhere: calls.iter().filter(altered).map(|it| it.call.times).sum(),
        policy,
    }
}

/// Calls of one action on one pattern are one need, whose verdict is the worst of theirs.
fn needs(calls: &[Judged<'_>]) -> Vec<Need> {
    let mut needs: BTreeMap<(&str, &str), Need> = BTreeMap::new();
    for judged in calls {
        let call = judged.call;
        let need = needs
            .entry((&judged.pattern, &call.action))
            .or_insert_with(|| Need {
                action: call.action.clone(),
                resource: judged.pattern.clone(),
                verdict: Verdict::Granted,
                reason: judged.reason.clone(),
                made_by: BTreeSet::new(),
                example: None,
                scenarios: BTreeSet::new(),
            });
        need.made_by.insert(call.maker);
        need.scenarios.extend(call.scenarios.iter().cloned());
        if judged.verdict > need.verdict {
            need.verdict = judged.verdict;
            need.reason.clone_from(&judged.reason);
            let is_granted = judged.verdict <= Verdict::GrantedByResource;
            need.example = (!is_granted).then(|| call.resource.clone());
        }
    }
    needs.into_values().collect()
}

/// Whether a grant allows more than what it was used for: other actions, or resources outside of
/// the patterns.
fn is_wider(grant: &Grant, used_for: &BTreeSet<Use>) -> bool {
    let is_open = |text: &str| text.contains(['*', '?']) || text.starts_with("all but ");
    if is_open(&grant.action) || grant.resource.starts_with("all but ") {
        return true;
    }
    !used_for
        .iter()
        .any(|used| is_within(&grant.resource, &used.resource))
}

/// Whether all that `resource` matches is matched by `pattern`, which is the same text, or ends
/// with its only wildcard.
fn is_within(resource: &str, pattern: &str) -> bool {
    resource == pattern
        || pattern
            .strip_suffix('*')
            .is_some_and(|start| resource.starts_with(start))
}

#[cfg(test)]
mod tests {
    use zipster_iam::Policy;
    use zipster_stack::Stack;

    use super::*;
    use crate::grants::tests::load_with;

    const BUCKETS: &str = r#"
        resource "aws_s3_bucket" "a" { bucket = "aaa" }
        resource "aws_s3_bucket" "b" { bucket = "bbb" }
    "#;

    fn call(action: &str, resource: &str) -> Call {
        Call {
            role: RoleName::parse("load").unwrap(),
            session: "load".to_owned(),
            maker: Maker::Function,
            action: action.to_owned(),
            resource: resource.to_owned(),
            context: BTreeMap::new(),
            allowed: true,
            reason: String::new(),
            times: 1,
            scenarios: BTreeSet::from(["a scenario".to_owned()]),
        }
    }

    fn found(stack: &Stack, calls: &[Call]) -> Findings {
        let mut recording = Recording::default();
        recording.note("a scenario".to_owned(), true, calls.to_vec());
        let grants = Grants::of(stack, |_| None).unwrap();
        compare(&recording, &grants, &Names::of(stack))
    }

    /// One line for each thing that was found of the only role.
    fn shown(findings: &Findings) -> Vec<String> {
        let role = &findings.roles[0];
        let needs = role
            .needed
            .iter()
            .map(|need| format!("{:?} {} on {}", need.verdict, need.action, need.resource));
        let unused = role
            .never_used
            .iter()
            .map(|it| format!("never used {} on {}", it.action, it.resource));
        let wider = role.wider.iter().map(|it| {
            let used: Vec<_> = it
                .used_for
                .iter()
                .map(|used| used.action.as_str())
                .collect();
            format!("wider {} on {}: {}", it.action, it.resource, used.join(" "))
        });
        needs.chain(unused).chain(wider).collect()
    }

    #[track_caller]
    fn check(statements: &str, calls: &[(&str, &str)], expected: &[&str]) {
        let calls: Vec<Call> = calls.iter().map(|(action, on)| call(action, on)).collect();
        let findings = found(&load_with(statements, BUCKETS), &calls);
        assert_eq!(shown(&findings), expected);
        let is_covered = !expected
            .iter()
            .any(|line| line.starts_with("Missing") || line.starts_with("Denied"));
        assert_eq!(findings.is_covered(), is_covered);
    }

    #[test]
    fn needed_granted_and_missing() {
        check(
            r#"{ Effect = "Allow", Action = ["s3:GetObject", "s3:DeleteObject"], Resource = "arn:aws:s3:::aaa/*" }"#,
            &[
                ("s3:GetObject", "arn:aws:s3:::aaa/x"),
                ("s3:GetObject", "arn:aws:s3:::aaa/y"),
                ("s3:PutObject", "arn:aws:s3:::bbb/x"),
            ],
            &[
                "Granted s3:GetObject on arn:aws:s3:::aaa/*",
                "Missing s3:PutObject on arn:aws:s3:::bbb/*",
                "never used s3:DeleteObject on arn:aws:s3:::aaa/*",
            ],
        );
    }

    #[test]
    fn a_grant_of_a_part_of_what_was_needed_leaves_the_rest_missing() {
        check(
            r#"{ Effect = "Allow", Action = "s3:GetObject", Resource = "arn:aws:s3:::aaa/x/*" }"#,
            &[
                ("s3:GetObject", "arn:aws:s3:::aaa/x/1"),
                ("s3:GetObject", "arn:aws:s3:::aaa/y"),
            ],
            &["Missing s3:GetObject on arn:aws:s3:::aaa/*"],
        );
    }

    #[test]
    fn grants_match_as_iam_matches_and_not_as_text() {
        check(
            r#"{ Effect = "Allow", Action = "S3:getobject", Resource = "arn:aws:s3:::aa?/*" }"#,
            &[("s3:GetObject", "arn:aws:s3:::aaa/x")],
            &[
                "Granted s3:GetObject on arn:aws:s3:::aaa/*",
                // `aa?` is more than `aaa`.
                "wider S3:getobject on arn:aws:s3:::aa?/*: s3:GetObject",
            ],
        );
    }

    #[test]
    fn a_grant_of_more_than_it_is_used_for_is_wider() {
        check(
            r#"
            { Effect = "Allow", Action = "s3:*", Resource = "arn:aws:s3:::aaa/*" },
            { Effect = "Allow", Action = "s3:PutObject", Resource = "*" },
            { Effect = "Allow", NotAction = "iam:*", Resource = "arn:aws:s3:::aaa/*" },
            { Effect = "Allow", Action = "s3:ListAllMyBuckets", Resource = "*" },
            "#,
            &[
                ("s3:GetObject", "arn:aws:s3:::aaa/x"),
                ("s3:PutObject", "arn:aws:s3:::bbb/x"),
                ("s3:ListAllMyBuckets", "*"),
            ],
            &[
                "Granted s3:ListAllMyBuckets on *",
                "Granted s3:GetObject on arn:aws:s3:::aaa/*",
                "Granted s3:PutObject on arn:aws:s3:::bbb/*",
                "wider s3:* on arn:aws:s3:::aaa/*: s3:GetObject",
                "wider s3:PutObject on *: s3:PutObject",
                "wider all but iam:* on arn:aws:s3:::aaa/*: s3:GetObject",
            ],
        );
    }

    #[test]
    fn a_statement_that_denies_wins_and_is_named() {
        let statements = r#"
            { Effect = "Allow", Action = "s3:*", Resource = "*" },
            { Sid = "NotThere", Effect = "Deny", Action = "s3:PutObject", Resource = "arn:aws:s3:::bbb/*" },
        "#;
        let calls = [call("s3:PutObject", "arn:aws:s3:::bbb/x")];
        let findings = found(&load_with(statements, BUCKETS), &calls);
        let need = &findings.roles[0].needed[0];
        assert_eq!(need.verdict, Verdict::Denied);
        assert!(need.reason.contains("NotThere"), "{}", need.reason);
        assert_eq!(need.example.as_deref(), Some("arn:aws:s3:::bbb/x"));
        assert!(!findings.is_covered());
    }

    #[test]
    fn conditions_are_decided_with_the_circumstances_of_the_call() {
        let statements = r#"{
            Effect = "Allow", Action = "s3:ListBucket", Resource = "arn:aws:s3:::aaa"
            Condition = { StringLike = { "s3:prefix" = "mine/*" } }
        }"#;
        let stack = load_with(statements, BUCKETS);
        let listing = |prefix: &str| {
            let mut call = call("s3:ListBucket", "arn:aws:s3:::aaa");
            let values = vec![prefix.to_owned()];
            call.context.insert("s3:prefix".to_owned(), values);
            call
        };
        assert!(found(&stack, &[listing("mine/x")]).is_covered());
        assert!(!found(&stack, &[listing("mine/x"), listing("yours/x")]).is_covered());
    }

    #[test]
    fn what_the_resources_own_policy_grants_and_denies_counts() {
        let of_a = |effect: &str| {
            format!(
                r#"{BUCKETS}
                resource "aws_s3_bucket_policy" "a" {{
                  bucket = aws_s3_bucket.a.id
                  policy = jsonencode({{ Version = "2012-10-17", Statement = [{{
                    Effect    = "{effect}"
                    Principal = {{ AWS = aws_iam_role.load.arn }}
                    Action    = "s3:GetObject"
                    Resource  = "arn:aws:s3:::aaa/*"
                  }}] }})
                }}"#
            )
        };
        let own =
            r#"{ Effect = "Allow", Action = "s3:PutObject", Resource = "arn:aws:s3:::aaa/*" }"#;
        let calls = [call("s3:GetObject", "arn:aws:s3:::aaa/x")];
        let findings = found(&load_with(own, &of_a("Allow")), &calls);
        assert_eq!(
            shown(&findings),
            [
                "GrantedByResource s3:GetObject on arn:aws:s3:::aaa/*",
                "never used s3:PutObject on arn:aws:s3:::aaa/*",
            ]
        );
        assert_eq!(findings.roles[0].policy, None);
        assert!(findings.is_covered());
        let both = r#"{ Effect = "Allow", Action = "s3:GetObject", Resource = "*" }"#;
        let findings = found(&load_with(both, &of_a("Deny")), &calls);
        assert_eq!(findings.roles[0].needed[0].verdict, Verdict::Denied);
    }

    #[test]
    fn a_denial_in_a_scenario_that_takes_an_action_out_is_none_of_the_stacks() {
        let own =
            r#"{ Effect = "Allow", Action = "s3:GetObject", Resource = "arn:aws:s3:::aaa/*" }"#;
        let mut denied = call("s3:GetObject", "arn:aws:s3:::aaa/x");
        denied.allowed = false;
        denied.times = 3;
        let findings = found(&load_with(own, BUCKETS), &[denied.clone()]);
        assert!(findings.is_covered());
        assert_eq!(findings.roles[0].denied_elsewhere, 3);
        // And a scenario that adds an action hides no lack.
        let lacking =
            r#"{ Effect = "Allow", Action = "s3:GetObject", Resource = "arn:aws:s3:::bbb/*" }"#;
        denied.allowed = true;
        assert!(!found(&load_with(lacking, BUCKETS), &[denied]).is_covered());
    }

    #[test]
    fn the_policy_allows_what_was_needed_and_is_no_wider() {
        let calls = [
            call("s3:GetObject", "arn:aws:s3:::aaa/x"),
            call("s3:DeleteObject", "arn:aws:s3:::aaa/x"),
            call("s3:PutObject", "arn:aws:s3:::elsewhere/a*b"),
            call(
                "logs:PutLogEvents",
                "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/load:log-stream:2026/[$LATEST]a",
            ),
            call("sns:Publish", "+15555550100"),
        ];
        let nothing = r#"{ Effect = "Allow", Action = "iam:GetRole", Resource = "*" }"#;
        let before = found(&load_with(nothing, BUCKETS), &calls);
        assert!(!before.is_covered());
        let document = before.roles[0].policy.clone().unwrap();
        Policy::parse(&document.to_json(), PolicyKind::Identity).unwrap();
        // As a person would paste it, with Terraform's `$` doubled.
        let statements: Vec<String> = document
            .statement
            .iter()
            .map(|it| {
                let it = serde_json::to_string(it).unwrap();
                it.replace("${", "$${")
            })
            .collect();
        let after = found(&load_with(&statements.join(","), BUCKETS), &calls);
        assert!(after.is_covered());
        assert_eq!(after.roles[0].never_used, []);
        assert_eq!(after.roles[0].wider, []);
        assert_eq!(after.roles[0].policy.as_ref(), Some(&document));
    }

    #[test]
    fn calls_of_a_role_that_the_stack_does_not_have_are_not_covered() {
        let own = r#"{ Effect = "Allow", Action = "s3:*", Resource = "*" }"#;
        let mut stranger = call("s3:GetObject", "arn:aws:s3:::aaa/x");
        stranger.role = RoleName::parse("renamed").unwrap();
        let findings = found(&load_with(own, BUCKETS), &[stranger]);
        assert_eq!(findings.strangers, BTreeSet::from(["renamed".to_owned()]));
        assert!(!findings.is_covered());
    }
}
