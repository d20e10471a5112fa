//! Decisions, as the services ask for them.

use std::collections::BTreeMap;

use zipster_iam::PolicyKind;
use zipster_names::{AccountId, Arn, IamPath, PolicyName, RoleName};

use super::directory::{Document, Role};
use super::grants::{Entity, Grants};
use super::{Authorization, Denied};
use crate::core::Core;
use crate::identity::{Identity, Principal, Sender};
use crate::journal::{EntryId, Event};

mod callers;
mod circumstances;
mod journal;
mod services;

const ACCOUNT: &str = "123456789012";
const OTHER: &str = "210987654321";
const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:notices";
const ROLE: &str = "arn:aws:iam::123456789012:role/pipeline/load";
const TRUSTS_LAMBDA: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
    "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}"#;

fn account(id: &str) -> AccountId {
    AccountId::parse(id).unwrap()
}

/// Adds the role `load` with these inline policies, each named after its place.
fn add_role(core: &Core, trust: &str, inline: &[&str]) {
    let (path, name) = (
        IamPath::parse("/pipeline/").unwrap(),
        RoleName::parse("load").unwrap(),
    );
    let role = Role {
        path,
        name: name.clone(),
        id: "AROAEXAMPLE".to_owned(),
        arn: Arn::parse(ROLE).unwrap(),
        created: core.clock.now(),
        description: None,
        max_session_s: 3600,
        tags: BTreeMap::from([("team".to_owned(), "data".to_owned())]),
        trust: Document::parse(trust, PolicyKind::Trust).unwrap(),
        grants: Grants::default(),
    };
    core.iam.with(&account(ACCOUNT), |state| {
        state.add_role(role).unwrap();
        for (index, text) in inline.iter().enumerate() {
            let named = PolicyName::parse(&format!("p{}", index + 1)).unwrap();
            let document = Document::parse(text, PolicyKind::Identity).unwrap();
            let put = state.change_grants(&Entity::Role(name.clone()), |grants| {
                grants.inline.insert(named, document);
                Ok(())
            });
            put.unwrap();
        }
    });
}

fn root(id: &str) -> Identity {
    Identity {
        principal: Principal::Root {
            account: account(id),
        },
        access_key_id: "AKIAROOT".to_owned(),
        execution: None,
        issued: None,
        sender: Sender::default(),
    }
}

fn session() -> Identity {
    Identity {
        principal: Principal::AssumedRole {
            account: account(ACCOUNT),
            role: RoleName::parse("load").unwrap(),
            session: "zipster-load".to_owned(),
        },
        access_key_id: "ASIASESSION".to_owned(),
        execution: None,
        issued: None,
        sender: Sender::default(),
    }
}

fn cause(core: &Core) -> EntryId {
    let description = "the cause".to_owned();
    core.journal.record(None, Event::Fault { description })
}

/// What the journal's last entry says, which must be a decision.
#[track_caller]
fn last_reason(core: &Core) -> String {
    let event = core.journal.snapshot().pop().unwrap().event;
    let Event::Decision {
        allowed, reason, ..
    } = event
    else {
        panic!("no decision: {event}");
    };
    format!("{}: {reason}", if allowed { "allowed" } else { "denied" })
}

/// Asks for `action` on `resource` and compares the refusal and the journal's reason.
#[track_caller]
fn check(
    core: &Core,
    identity: &Identity,
    (action, resource): (&str, &str),
    resource_policy: Option<&str>,
    refusal: Option<&str>,
    reason: &str,
) {
    let request = Authorization {
        cause: cause(core),
        action,
        resource,
        context: &[],
        resource_policy,
    };
    let decided = core.authorize(identity, &request);
    let message = decided.err().map(|Denied { message }| message);
    assert_eq!(message.as_deref(), refusal);
    assert_eq!(last_reason(core), reason);
}

fn policy(effect: &str, principal: &str, action: &str, resource: &str, condition: &str) -> String {
    format!(
        r#"{{"Version": "2012-10-17", "Statement": [{{"Sid": "S", "Effect": "{effect}" {principal},
            "Action": "{action}", "Resource": "{resource}" {condition}}}]}}"#
    )
}
