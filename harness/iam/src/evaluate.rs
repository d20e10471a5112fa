//! From policies and a request to a decision.
//!
//! 1. A statement that denies wins, wherever it is.
//! 2. Within an account, the identity policies or the resource policy must allow. A resource policy
//!    that names only the account (`arn:aws:iam::...:root`) leaves it to the identity policies.
//! 3. Across accounts, both must allow.
//! 4. The permissions boundary of the role or user and the session policies must allow too, unless
//!    a resource policy of the same account names the user or the session itself, or everyone.
//!    What it gives to a role is limited by both.
//! 5. Services and strangers have no policies of their own: the resource policy must allow. The
//!    root user needs no policy in their own account.
//! 6. A role is assumed if its trust policy allows; where that names the account only, or another
//!    account's principal, the identity policies must allow as well.
//!
//! Follows <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>
//! and <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>.

use std::sync::Arc;

use crate::condition::{Condition, Verdict};
use crate::decision::{Considered, Decision, Evaluation, Grounds, Outcome, StatementRef, Through};
use crate::pattern::{self, Reach};
use crate::policy::{
    self, ActionPattern, Clause, Effect, Policy, PolicyKind, PrincipalPattern, Statement,
};
use crate::request::{Action, ContextKeys, Principal, Request};
use crate::variables::{Template, Unresolved};

/// A policy and what it is called; cheap to clone.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedPolicy {
    /// For people: the policy's name, or that of what it is attached to.
    pub name: String,
    /// The document.
    pub policy: Arc<Policy>,
}

impl NamedPolicy {
    /// `policy`, called `name`.
    #[must_use]
    pub fn new(name: impl Into<String>, policy: impl Into<Arc<Policy>>) -> Self {
        Self {
            name: name.into(),
            policy: policy.into(),
        }
    }
}

/// The policies that apply to a request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Policies<'a> {
    /// Those of the caller's role or user, inline and attached.
    pub identity: &'a [NamedPolicy],
    /// That of the resource, or the trust policy of a role to assume.
    pub resource: Option<&'a NamedPolicy>,
    /// What limits the caller's role or user, if anything does.
    pub boundary: Option<&'a NamedPolicy>,
    /// Those given along when the caller's session began; any of them may allow. `None` means that
    /// the session is not limited, an empty list that it may do nothing.
    pub session: Option<&'a [NamedPolicy]>,
}

/// Decides on a request.
#[must_use]
pub fn evaluate(request: &Request, policies: &Policies<'_>) -> Evaluation {
    let findings = Findings::of(request, policies, PolicyKind::Resource);
    findings.conclude(|findings| {
        let own = findings.own_account_allows(request);
        if request.principal.account().is_none() {
            return allowed(findings.resource()).ok_or(PolicyKind::Resource);
        }
        if request.is_within_account() {
            let limits = findings.limits_allow();
            if let (Some(by), Ok(())) = (&own, limits) {
                return Ok(by.clone());
            }
            return match findings.resource() {
                Some(found) if found.through.is_direct() => Ok(found.grounds()),
                Some(found) if found.through == Through::Role => limits.map(|()| found.grounds()),
                Some(_) | None => Err(match (own, limits) {
                    (Some(_), Err(limit)) => limit,
                    (None, _) | (_, Ok(())) => PolicyKind::Identity,
                }),
            };
        }
        let by = findings.across_accounts(own)?;
        findings.resource().ok_or(PolicyKind::Resource)?;
        Ok(by)
    })
}

/// Decides whether the request's principal may assume a role: the action is `sts:AssumeRole` or a
/// relative, the resource is the role, and [`Policies::resource`] its trust policy.
///
/// AWS lets no root user assume a role, whatever the policies say; that is left to STS.
#[must_use]
pub fn evaluate_trust(request: &Request, policies: &Policies<'_>) -> Evaluation {
    let findings = Findings::of(request, policies, PolicyKind::Trust);
    findings.conclude(|findings| {
        let trust = findings.resource().ok_or(PolicyKind::Trust)?;
        let limits = findings.limits_allow();
        let names_caller =
            trust.through.is_direct() || (trust.through == Through::Role && limits.is_ok());
        if request.principal.account().is_none() || (request.is_within_account() && names_caller) {
            return Ok(trust.grounds());
        }
        if trust.through == Through::Role && request.is_within_account() {
            return limits.map(|()| trust.grounds());
        }
        let own = findings.own_account_allows(request);
        findings.across_accounts(own)
    })
}

fn allowed(found: Option<Found>) -> Option<Grounds> {
    found.map(|found| found.grounds())
}

/// A statement that matches.
#[derive(Debug, Clone)]
struct Found {
    statement: StatementRef,
    through: Through,
}

impl Found {
    fn grounds(&self) -> Grounds {
        Grounds::Statement(self.statement.clone())
    }
}

/// What came of looking at every statement.
struct Findings {
    trace: Vec<Considered>,
    absent_keys: Vec<String>,
    /// How the policy in the resource's place is called.
    resource_kind: PolicyKind,
    is_bounded: bool,
    is_session_limited: bool,
}

impl Findings {
    fn of(request: &Request, policies: &Policies<'_>, resource_kind: PolicyKind) -> Self {
        let context = request.all_context();
        let mut trace = Vec::new();
        let mut absent_keys: Vec<String> = Vec::new();
        let mut look = |kind, named: &NamedPolicy| {
            for (index, statement) in named.policy.statements().iter().enumerate() {
                let outcome = outcome(statement, kind, request, &context);
                if outcome.got_to_conditions() {
                    for key in statement.conditions().iter().map(Condition::key) {
                        let is_known = absent_keys.iter().any(|k| k.eq_ignore_ascii_case(key));
                        if !is_known && context.get(key).is_empty() {
                            absent_keys.push(key.to_owned());
                        }
                    }
                }
                trace.push(Considered {
                    statement: StatementRef {
                        kind,
                        policy: named.name.clone(),
                        index,
                        sid: statement.sid().map(str::to_owned),
                    },
                    effect: statement.effect(),
                    outcome,
                });
            }
        };
        for named in policies.identity {
            look(PolicyKind::Identity, named);
        }
        if let Some(named) = policies.boundary {
            look(PolicyKind::Boundary, named);
        }
        for named in policies.session.unwrap_or_default() {
            look(PolicyKind::Session, named);
        }
        if let Some(named) = policies.resource {
            look(resource_kind, named);
        }
        Self {
            trace,
            absent_keys,
            resource_kind,
            is_bounded: policies.boundary.is_some(),
            is_session_limited: policies.session.is_some(),
        }
    }

    /// An explicit deny, or else what `rules` say.
    fn conclude(self, rules: impl FnOnce(&Self) -> Result<Grounds, PolicyKind>) -> Evaluation {
        let denies = |seen: &&Considered| {
            seen.effect == Effect::Deny && matches!(seen.outcome, Outcome::Matches { .. })
        };
        let decision = match self.trace.iter().find(denies) {
            Some(deny) => Decision::ExplicitDeny {
                by: deny.statement.clone(),
            },
            None => match rules(&self) {
                Ok(by) => Decision::Allow { by },
                Err(missing) => Decision::ImplicitDeny { missing },
            },
        };
        Evaluation {
            decision,
            trace: self.trace,
            absent_keys: self.absent_keys,
        }
    }

    /// The statement of this kind that allows, and names the caller most closely.
    fn allow(&self, kind: PolicyKind) -> Option<Found> {
        let mut best: Option<Found> = None;
        for seen in &self.trace {
            if let Outcome::Matches { through } = seen.outcome
                && seen.effect == Effect::Allow
                && seen.statement.kind == kind
                && best.as_ref().is_none_or(|best| best.through < through)
            {
                best = Some(Found {
                    statement: seen.statement.clone(),
                    through,
                });
            }
        }
        best
    }

    fn resource(&self) -> Option<Found> {
        self.allow(self.resource_kind)
    }

    /// Whether what limits the caller allows; if not, the kind of policy that does not.
    fn limits_allow(&self) -> Result<(), PolicyKind> {
        if self.is_bounded && self.allow(PolicyKind::Boundary).is_none() {
            return Err(PolicyKind::Boundary);
        }
        if self.is_session_limited && self.allow(PolicyKind::Session).is_none() {
            return Err(PolicyKind::Session);
        }
        Ok(())
    }

    /// What the caller's own account gives them, limits aside.
    fn own_account_allows(&self, request: &Request) -> Option<Grounds> {
        match request.principal {
            Principal::Root { .. } => Some(Grounds::AccountRoot),
            Principal::AssumedRole { .. } | Principal::User { .. } => {
                allowed(self.allow(PolicyKind::Identity))
            }
            Principal::Service(_) | Principal::Anonymous => None,
        }
    }

    fn across_accounts(&self, own: Option<Grounds>) -> Result<Grounds, PolicyKind> {
        let by = own.ok_or(PolicyKind::Identity)?;
        self.limits_allow()?;
        Ok(by)
    }
}

fn outcome(
    statement: &Statement,
    kind: PolicyKind,
    request: &Request,
    context: &ContextKeys,
) -> Outcome {
    let through = match kind {
        PolicyKind::Identity | PolicyKind::Boundary | PolicyKind::Session => {
            Some(Through::Attachment)
        }
        PolicyKind::Resource | PolicyKind::Trust => {
            through(statement.principal.as_ref(), &request.principal)
        }
    };
    let Some(through) = through else {
        return Outcome::OtherPrincipal;
    };
    if !is_about_action(&statement.action, &request.action) {
        return Outcome::OtherAction;
    }
    match is_about_resource(statement.resource.as_ref(), &request.resource.name, context) {
        Ok(true) => {}
        Ok(false) => return Outcome::OtherResource,
        Err(unresolved) => {
            return Outcome::VariableMissing {
                variable: unresolved.key,
            };
        }
    }
    for condition in statement.conditions() {
        match condition.test(context) {
            Verdict::Met => {}
            Verdict::NotMet => {
                return Outcome::ConditionNotMet {
                    operator: condition.operator().to_owned(),
                    key: condition.key().to_owned(),
                };
            }
            Verdict::Unresolved(unresolved) => {
                return Outcome::VariableMissing {
                    variable: unresolved.key,
                };
            }
        }
    }
    Outcome::Matches { through }
}

/// The closest way in which the caller is meant, if any.
fn through(clause: Option<&Clause<PrincipalPattern>>, caller: &Principal) -> Option<Through> {
    let names = policy::known_as(caller);
    match clause? {
        Clause::Is(patterns) => patterns
            .iter()
            .filter(|&pattern| *pattern == PrincipalPattern::Everyone || names.contains(pattern))
            .filter_map(as_whom)
            .max(),
        // AWS compares the account, then the role, then the session: all must be excepted.
        Clause::IsNot(patterns) => {
            let is_excepted = patterns.contains(&PrincipalPattern::Everyone)
                || (!names.is_empty() && names.iter().all(|name| patterns.contains(name)));
            (!is_excepted).then_some(Through::NotExcepted)
        }
    }
}

fn as_whom(pattern: &PrincipalPattern) -> Option<Through> {
    match pattern {
        PrincipalPattern::Everyone => Some(Through::Everyone),
        PrincipalPattern::Account(_) => Some(Through::Account),
        PrincipalPattern::User(..) => Some(Through::User),
        PrincipalPattern::Role(..) => Some(Through::Role),
        PrincipalPattern::Session(..) => Some(Through::Session),
        PrincipalPattern::Service(_) => Some(Through::Service),
        PrincipalPattern::Federated | PrincipalPattern::CanonicalUser => None,
    }
}

fn is_about_action(clause: &Clause<ActionPattern>, action: &Action) -> bool {
    let service = action.service().to_ascii_lowercase();
    let name = action.name().to_ascii_lowercase();
    let fits = |pattern: &ActionPattern| {
        pattern
            .service
            .as_ref()
            .is_none_or(|wanted| *wanted == service)
            && pattern::matches(&pattern.name, &name, Reach::Everything)
    };
    match clause {
        Clause::Is(patterns) => patterns.iter().any(fits),
        Clause::IsNot(patterns) => !patterns.iter().any(fits),
    }
}

/// Whether a statement is about a resource. One that cannot be told without a missing variable is
/// skipped among several `Resource`s, and undoes the statement among `NotResource`s.
fn is_about_resource(
    clause: Option<&Clause<Template>>,
    resource: &str,
    context: &ContextKeys,
) -> Result<bool, Unresolved> {
    let (patterns, wanted) = match clause {
        // A trust policy's resource is the role that it belongs to.
        None => return Ok(true),
        Some(Clause::Is(patterns)) => (patterns, true),
        Some(Clause::IsNot(patterns)) => (patterns, false),
    };
    let mut unresolved = None;
    for template in patterns {
        match template.tokens(context) {
            Ok(tokens) if pattern::matches(&tokens, resource, Reach::ArnFields) => {
                return Ok(wanted);
            }
            Ok(_) => {}
            Err(missing) => unresolved = Some(missing),
        }
    }
    unresolved.map_or(Ok(!wanted), Err)
}
