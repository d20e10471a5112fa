//! Policy documents: read, shown and asked. None is too much, and a denial beats whatever else is
//! said.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use zipster_iam::{
    Action, ContextKeys, NamedPolicy, Policies, Policy, PolicyKind, Principal, Request, Resource,
    evaluate, evaluate_trust,
};
use zipster_names::AccountId;

static ACCOUNT: LazyLock<AccountId> =
    LazyLock::new(|| AccountId::parse("123456789012").expect("twelve digits"));

fn named(text: &str, kind: PolicyKind) -> NamedPolicy {
    NamedPolicy::new("ours", Policy::parse(text, kind).expect("ours is right"))
}

static REQUESTS: LazyLock<Vec<Request>> = LazyLock::new(|| {
    let user = Principal::Root {
        account: AccountId::parse("210987654321").expect("twelve digits"),
    };
    let principals = [
        user,
        Principal::Service("s3.amazonaws.com".to_owned()),
        Principal::Anonymous,
    ];
    let cases = [
        ("s3:GetObject", "arn:aws:s3:::bucket/a/key"),
        (
            "sqs:SendMessage",
            "arn:aws:sqs:us-east-1:123456789012:queue",
        ),
        ("sts:AssumeRole", "arn:aws:iam::123456789012:role/r"),
    ];
    let context = ContextKeys::new()
        .with("aws:SourceIp", "10.1.2.3")
        .with("aws:CurrentTime", "2026-11-29T07:00:00Z")
        .with("aws:SecureTransport", "false")
        .with("s3:max-keys", "7")
        .with_all("aws:TagKeys", ["a", "b"]);
    let mut requests = Vec::new();
    for principal in principals {
        for (action, resource) in cases {
            let action = Action::parse(action).expect("ours is right");
            let resource = Resource::new(resource, ACCOUNT.clone());
            let request = Request::new(principal.clone(), action, resource);
            requests.push(request.with_context(context.clone()));
        }
    }
    requests
});

static DENY: LazyLock<NamedPolicy> = LazyLock::new(|| {
    let text =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#;
    named(text, PolicyKind::Identity)
});

static ALLOW: LazyLock<NamedPolicy> = LazyLock::new(|| {
    let text =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    named(text, PolicyKind::Identity)
});

fuzz_target!(|text: &str| {
    for kind in [
        PolicyKind::Identity,
        PolicyKind::Boundary,
        PolicyKind::Session,
        PolicyKind::Resource,
        PolicyKind::Trust,
    ] {
        match Policy::parse(text, kind) {
            Err(errors) => {
                // What is said of it is made of it.
                let _ = (errors.to_string(), errors.aws_message());
                errors
                    .iter()
                    .for_each(|error| drop(error.fault.aws_message()));
            }
            Ok(policy) => {
                same_again(text, &policy);
                ask(&NamedPolicy::new("the document", policy), kind);
            }
        }
    }
});

/// However the same document is written down, it is the same policy.
fn same_again(text: &str, policy: &Policy) {
    let value: serde_json::Value = serde_json::from_str(text).expect("a policy is JSON");
    // Both have their members in the order of their names, which the document need not have.
    let [wide, narrow] = [format!("{value:#}"), value.to_string()]
        .map(|text| Policy::parse(&text, policy.kind()).expect("the same document is a policy"));
    assert_eq!(wide, narrow);
    assert_eq!(policy.statements().len(), wide.statements().len());
    assert_eq!((policy.id(), policy.version()), (wide.id(), wide.version()));
}

fn ask(document: &NamedPolicy, kind: PolicyKind) {
    for request in REQUESTS.iter() {
        let both = |other: &NamedPolicy| [document.clone(), other.clone()];
        let is_allowed = |ours: &NamedPolicy| {
            let identity = if kind == PolicyKind::Identity {
                both(ours).to_vec()
            } else {
                vec![ours.clone()]
            };
            let session = [document.clone()];
            let policies = Policies {
                identity: &identity,
                resource: matches!(kind, PolicyKind::Resource | PolicyKind::Trust)
                    .then_some(document),
                boundary: (kind == PolicyKind::Boundary).then_some(document),
                session: (kind == PolicyKind::Session).then_some(&session[..]),
            };
            let evaluation = if kind == PolicyKind::Trust {
                evaluate_trust(request, &policies)
            } else {
                evaluate(request, &policies)
            };
            let _ = zipster_iam::denial::message(request, &evaluation.decision);
            evaluation.is_allowed()
        };
        // Services and the anonymous have no policies of their own.
        if request.principal.account().is_some() {
            assert!(!is_allowed(&DENY), "a denial does not win: {request:?}");
        }
        is_allowed(&ALLOW);
    }
}
