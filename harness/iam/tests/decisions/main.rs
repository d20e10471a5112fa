//! Tables of decisions: these policies, this request, this answer.

use zipster_iam::{
    Action, ContextKeys, Decision, Evaluation, Grounds, NamedPolicy, Policies, Policy, PolicyKind,
    Principal, Request, Resource, evaluate, evaluate_trust,
};
use zipster_names::{AccountId, IamPath, RoleName};

mod callers;
mod statements;

const OURS: &str = "123456789012";
const THEIRS: &str = "222222222222";
const OBJECT: &str = "arn:aws:s3:::input/a.csv";

fn account(id: &str) -> AccountId {
    AccountId::parse(id).expect("an account")
}

/// The session `s` of the role `r`.
fn role_of(id: &str) -> Principal {
    Principal::AssumedRole {
        account: account(id),
        path: IamPath::default(),
        role: RoleName::parse("r").expect("a role"),
        session: "s".to_owned(),
    }
}

fn user() -> Principal {
    Principal::User {
        account: account(OURS),
        path: IamPath::default(),
        name: "carlos".to_owned(),
    }
}

fn root(id: &str) -> Principal {
    Principal::Root {
        account: account(id),
    }
}

fn service(name: &str) -> Principal {
    Principal::Service(name.to_owned())
}

/// A policy with these statements, without their braces.
fn policy(name: &str, kind: PolicyKind, statements: &[&str]) -> NamedPolicy {
    let statements: Vec<String> = statements.iter().map(|s| format!("{{{s}}}")).collect();
    let statements = statements.join(", ");
    let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#);
    match Policy::parse(&text, kind) {
        Ok(policy) => NamedPolicy::new(name, policy),
        Err(errors) => panic!("{text}\n{errors}"),
    }
}

/// `allow identity 1`, `deny resource 2`, `missing identity`, `allow root`.
fn short(evaluation: &Evaluation) -> String {
    let kind = |kind: PolicyKind| kind.as_str().split([' ', '-']).next().unwrap_or_default();
    match &evaluation.decision {
        Decision::Allow {
            by: Grounds::AccountRoot,
        } => "allow root".to_owned(),
        Decision::Allow {
            by: Grounds::Statement(by),
        } => format!("allow {} {}", kind(by.kind), by.index + 1),
        Decision::ExplicitDeny { by } => format!("deny {} {}", kind(by.kind), by.index + 1),
        Decision::ImplicitDeny { missing } => format!("missing {}", kind(*missing)),
    }
}

/// What applies to a request; statements are without their braces.
#[derive(Default)]
struct Setup<'a> {
    identity: &'a [&'a str],
    boundary: Option<&'a [&'a str]>,
    session: Option<&'a [&'a str]>,
    resource: &'a [&'a str],
}

impl Setup<'_> {
    fn decide(&self, request: &Request) -> Evaluation {
        let identity = (!self.identity.is_empty())
            .then(|| policy("identity", PolicyKind::Identity, self.identity));
        let session = self.session.map(|statements| {
            (!statements.is_empty())
                .then(|| policy("session", PolicyKind::Session, statements))
                .into_iter()
                .collect::<Vec<_>>()
        });
        let boundary = self
            .boundary
            .map(|statements| policy("boundary", PolicyKind::Boundary, statements));
        let is_trust = request.action.service() == "sts";
        let kind = if is_trust {
            PolicyKind::Trust
        } else {
            PolicyKind::Resource
        };
        let resource = (!self.resource.is_empty()).then(|| policy("resource", kind, self.resource));
        let policies = Policies {
            identity: identity.as_slice(),
            boundary: boundary.as_ref(),
            session: session.as_deref(),
            resource: resource.as_ref(),
        };
        if is_trust {
            evaluate_trust(request, &policies)
        } else {
            evaluate(request, &policies)
        }
    }

    #[track_caller]
    fn check(&self, request: &Request, expected: &str) {
        let evaluation = self.decide(request);
        let trace: Vec<String> = evaluation.trace.iter().map(ToString::to_string).collect();
        assert_eq!(short(&evaluation), expected, "{}", trace.join("\n"));
    }
}

/// A request for a resource of [`OURS`].
fn request(principal: Principal, action: &str, resource: &str) -> Request {
    Request::new(
        principal,
        Action::parse(action).expect("an action"),
        Resource::new(resource, account(OURS)),
    )
}

fn get(principal: Principal) -> Request {
    request(principal, "s3:GetObject", OBJECT)
}

const ALLOW: &str =
    r#""Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::input/*""#;
const DENY: &str = r#""Effect": "Deny", "Action": "s3:*", "Resource": "*""#;

/// [`ALLOW`] for principals.
fn allow_to(principal: &str) -> String {
    format!(r#"{ALLOW}, "Principal": {principal}"#)
}

/// [`DENY`] for principals.
fn deny_to(principal: &str) -> String {
    format!(r#"{DENY}, "Principal": {principal}"#)
}
