//! Decisions, as the services ask for them.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use zipster_iam::PolicyKind;
use zipster_names::{AccountId, Arn, IamPath, PolicyName, Region, RoleName};

use super::directory::{Document, Role};
use super::{Authorization, Denied, Directory};
use crate::clock::SystemClock;
use crate::core::Core;
use crate::courier::{Destinations, Post};
use crate::fault::Faults;
use crate::identity::{CredentialStore, Identity, Principal};
use crate::journal::{EntryId, Event, Journal};
use crate::random::Random;

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

/// A core that listens nowhere.
fn core() -> Core {
    let clock = Arc::new(SystemClock::real_time());
    let (post, _) = Post::new();
    Core {
        account: account(ACCOUNT),
        region: Region::parse("us-east-1").unwrap(),
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        journal: Journal::new(clock.clone()),
        clock,
        random: Random::new(0),
        faults: Faults::default(),
        credentials: CredentialStore::default(),
        iam: Directory::default(),
        logs: crate::logs::LogGroups::default(),
        post,
        destinations: Destinations::default(),
        trust: crate::courier::Trust::default(),
        means: crate::lambda::Means::default(),
        tasks: TaskTracker::new(),
        shutdown: CancellationToken::new(),
        directory: PathBuf::new(),
        limits: crate::front::Limits::default(),
    }
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
        inline: BTreeMap::new(),
        attached: Vec::new(),
        effective: Arc::new([]),
    };
    core.iam.with(&account(ACCOUNT), |state| {
        state.add_role(role).unwrap();
        for (index, text) in inline.iter().enumerate() {
            let named = PolicyName::parse(&format!("p{}", index + 1)).unwrap();
            let document = Document::parse(text, PolicyKind::Identity).unwrap();
            let put = state.change_role(&name, |role| {
                role.inline.insert(named, document);
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

const NO_IDENTITY_POLICY: &str = "User: arn:aws:sts::123456789012:assumed-role/load/zipster-load \
    is not authorized to perform: SNS:Publish on resource: \
    arn:aws:sns:us-east-1:123456789012:notices because no identity-based policy allows the \
    SNS:Publish action";

#[test]
fn root_needs_no_policy_but_heeds_the_resources_denial() {
    let core = core();
    let publish = ("sns:Publish", TOPIC);
    check(
        &core,
        &root(ACCOUNT),
        publish,
        None,
        None,
        "allowed: the account's root user needs no policy",
    );
    let deny = policy("Deny", r#","Principal": "*""#, "sns:*", TOPIC, "");
    check(
        &core,
        &root(ACCOUNT),
        publish,
        Some(&deny),
        Some(
            "User: arn:aws:iam::123456789012:root is not authorized to perform: SNS:Publish on \
             resource: arn:aws:sns:us-east-1:123456789012:notices with an explicit deny in a \
             resource-based policy",
        ),
        "denied: statement 1 of resource-based policy of notices (S) denies it",
    );
    check(
        &core,
        &root(OTHER),
        publish,
        None,
        Some(
            "User: arn:aws:iam::210987654321:root is not authorized to perform: SNS:Publish on \
             resource: arn:aws:sns:us-east-1:123456789012:notices because no resource-based \
             policy allows the SNS:Publish action",
        ),
        "denied: no resource-based policy allows it; there are no statements that allow anything",
    );
}

#[test]
fn nobody_is_locked_out_of_their_own_buckets_policy() {
    let core = core();
    let bucket = "arn:aws:s3:::b";
    let deny = policy("Deny", r#","Principal": "*""#, "s3:*", bucket, "");
    let read = ("s3:ListBucket", bucket);
    check(
        &core,
        &root(ACCOUNT),
        read,
        Some(&deny),
        Some(
            "User: arn:aws:iam::123456789012:root is not authorized to perform: s3:ListBucket on \
             resource: \"arn:aws:s3:::b\" with an explicit deny in a resource-based policy",
        ),
        "denied: statement 1 of resource-based policy of b (S) denies it",
    );
    let repair = ("s3:DeleteBucketPolicy", bucket);
    check(
        &core,
        &root(ACCOUNT),
        repair,
        Some(&deny),
        None,
        "allowed: the account's root user needs no policy",
    );
}

#[test]
fn a_role_may_do_what_its_policies_say_and_nothing_else() {
    let publish = ("sns:Publish", TOPIC);
    let bare = core();
    check(
        &bare,
        &session(),
        publish,
        None,
        Some(NO_IDENTITY_POLICY),
        "denied: no identity-based policy allows it; the role load does not exist",
    );
    add_role(&bare, TRUSTS_LAMBDA, &[]);
    check(
        &bare,
        &session(),
        publish,
        None,
        Some(NO_IDENTITY_POLICY),
        "denied: no identity-based policy allows it; there are no statements that allow anything",
    );

    let core = core();
    let allow = policy("Allow", "", "sns:Publish", TOPIC, "");
    let elsewhere = policy("Allow", "", "sns:Publish", &format!("{TOPIC}-2"), "");
    let reads = policy("Allow", "", "s3:GetObject", "*", "");
    let deny = policy("Deny", "", "sns:Publish", "arn:aws:sns:*:*:*-secret", "");
    add_role(&core, TRUSTS_LAMBDA, &[&elsewhere, &reads, &allow, &deny]);
    check(
        &core,
        &session(),
        publish,
        None,
        None,
        "allowed: statement 1 of identity-based policy p3 (S)",
    );
    check(
        &core,
        &session(),
        ("sns:Subscribe", TOPIC),
        None,
        Some(&NO_IDENTITY_POLICY.replace("Publish", "Subscribe")),
        "denied: no identity-based policy allows it; all 3 statements are about other actions or \
         principals",
    );
    check(
        &core,
        &session(),
        ("sns:Publish", &format!("{TOPIC}-3")),
        None,
        Some(&NO_IDENTITY_POLICY.replace("notices", "notices-3")),
        "denied: no identity-based policy allows it; statement 1 of identity-based policy p1 (S) \
         is about other resources; statement 1 of identity-based policy p3 (S) is about other \
         resources; 1 more is about other actions or principals",
    );
    check(
        &core,
        &session(),
        ("sns:Publish", &format!("{TOPIC}-secret")),
        None,
        Some(
            "User: arn:aws:sts::123456789012:assumed-role/load/zipster-load is not authorized to \
             perform: SNS:Publish on resource: arn:aws:sns:us-east-1:123456789012:notices-secret \
             with an explicit deny in an identity-based policy",
        ),
        "denied: statement 1 of identity-based policy p4 (S) denies it",
    );
}

#[test]
fn within_the_account_the_resources_policy_is_enough() {
    let core = core();
    add_role(&core, TRUSTS_LAMBDA, &[]);
    let names_role = format!(r#","Principal": {{"AWS": "{ROLE}"}}"#);
    let allow = policy("Allow", &names_role, "sns:Publish", TOPIC, "");
    check(
        &core,
        &session(),
        ("sns:Publish", TOPIC),
        Some(&allow),
        None,
        "allowed: statement 1 of resource-based policy of notices (S)",
    );
}

#[test]
fn a_policy_that_cannot_be_read_allows_nobody() {
    let core = core();
    check(
        &core,
        &root(ACCOUNT),
        ("sns:Publish", TOPIC),
        Some("{"),
        Some(
            "User: arn:aws:iam::123456789012:root is not authorized to perform: SNS:Publish on \
             resource: arn:aws:sns:us-east-1:123456789012:notices because no resource-based \
             policy allows the SNS:Publish action",
        ),
        "denied: the resource's policy cannot be read: policy: not JSON: EOF while parsing an \
         object at line 1 column 1",
    );
}

#[test]
fn whose_a_bucket_is_comes_from_s3() {
    let core = core();
    add_role(
        &core,
        TRUSTS_LAMBDA,
        &[&policy("Allow", "", "s3:*", "*", "")],
    );
    let ask = |owner: &str| {
        let request = Authorization {
            cause: cause(&core),
            action: "s3:GetObject",
            resource: "arn:aws:s3:::b/k",
            context: &[("aws:ResourceAccount", owner.to_owned())],
            resource_policy: None,
        };
        core.authorize(&session(), &request).map_err(|e| e.message)
    };
    assert_eq!(ask(ACCOUNT), Ok(()));
    assert_eq!(ask(OTHER), Err("Access Denied".to_owned()));
}

/// Asks whether the statement of a policy with `condition` lets the role's session publish.
#[track_caller]
fn check_condition(condition: &str, context: &[(&str, String)], allowed: bool) {
    let core = core();
    let condition = format!(r#","Condition": {condition}"#);
    let allow = policy("Allow", "", "sns:Publish", "*", &condition);
    add_role(&core, TRUSTS_LAMBDA, &[&allow]);
    let request = Authorization {
        cause: cause(&core),
        action: "sns:Publish",
        resource: TOPIC,
        context,
        resource_policy: None,
    };
    let decided = core.authorize(&session(), &request);
    assert_eq!(decided.is_ok(), allowed, "{}", last_reason(&core));
}

#[test]
fn the_circumstances_of_a_call_can_be_conditions() {
    let equals = |key: &str, value: &str| format!(r#"{{"StringEquals": {{"{key}": "{value}"}}}}"#);
    let cases = [
        (
            r#"{"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}"#.to_owned(),
            true,
        ),
        (
            r#"{"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}"#.to_owned(),
            false,
        ),
        (
            r#"{"Bool": {"aws:SecureTransport": "true"}}"#.to_owned(),
            true,
        ),
        (
            r#"{"Bool": {"aws:ViaAWSService": "false"}}"#.to_owned(),
            true,
        ),
        (
            r#"{"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}"#.to_owned(),
            true,
        ),
        (
            r#"{"NumericGreaterThan": {"aws:EpochTime": "1577836800"}}"#.to_owned(),
            true,
        ),
        (equals("aws:userid", "AROAEXAMPLE:zipster-load"), true),
        (equals("aws:PrincipalTag/team", "data"), true),
        (equals("aws:PrincipalTag/team", "web"), false),
        (equals("aws:PrincipalArn", ROLE), true),
        (equals("aws:RequestedRegion", "us-east-1"), true),
        (equals("aws:RequestedRegion", "eu-west-1"), false),
    ];
    for (condition, allowed) in cases {
        check_condition(&condition, &[], allowed);
    }
    let all = r#"{"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}"#;
    let keys = |keys: &[&str]| -> Vec<(&'static str, String)> {
        keys.iter()
            .map(|key| ("aws:TagKeys", (*key).to_owned()))
            .collect()
    };
    check_condition(all, &keys(&["a", "b"]), true);
    check_condition(all, &keys(&["a", "c"]), false);
    check_condition(all, &keys(&["c", "a", "b"]), false);
}

#[test]
fn the_journal_has_every_statement_that_was_looked_at() {
    let core = core();
    let allow = policy("Allow", "", "sns:Publish", TOPIC, "");
    let reads = policy("Allow", "", "s3:GetObject", "*", "");
    add_role(&core, TRUSTS_LAMBDA, &[&allow, &reads]);
    let request = Authorization {
        cause: cause(&core),
        action: "sns:Publish",
        resource: TOPIC,
        context: &[],
        resource_policy: None,
    };
    core.authorize(&session(), &request).unwrap();
    let entry = core.journal.snapshot().pop().unwrap();
    let written = serde_json::to_value(&entry.event).unwrap();
    let statement = |policy: &str| serde_json::json!({"kind": "identity", "policy": policy, "index": 0, "sid": "S"});
    let expected = serde_json::json!({
        "type": "decision",
        "caller": "arn:aws:sts::123456789012:assumed-role/load/zipster-load",
        "action": "sns:Publish",
        "resource": TOPIC,
        "allowed": true,
        "reason": "statement 1 of identity-based policy p1 (S)",
        "evaluation": {
            "decision": {"Allow": {"by": {"Statement": statement("p1")}}},
            "trace": [
                {
                    "statement": statement("p1"),
                    "effect": "Allow",
                    "outcome": {"Matches": {"through": "Attachment"}},
                },
                {"statement": statement("p2"), "effect": "Allow", "outcome": "OtherAction"},
            ],
            "absent_keys": [],
        },
        "unset_keys": [],
    });
    assert_eq!(written, expected);
}

#[test]
fn a_condition_on_a_key_that_is_never_set_is_pointed_out() {
    let unset = |condition: &str| {
        let core = core();
        let condition = format!(r#","Condition": {condition}"#);
        let allow = policy("Allow", "", "sns:Publish", "*", &condition);
        add_role(&core, TRUSTS_LAMBDA, &[&allow]);
        let request = Authorization {
            cause: cause(&core),
            action: "sns:Publish",
            resource: TOPIC,
            context: &[],
            resource_policy: None,
        };
        let _ = core.authorize(&session(), &request);
        let told = core.journal.snapshot().pop().unwrap().event.to_string();
        told.split_once("WARNING: ")
            .map(|(_, warning)| warning.to_owned())
    };
    assert_eq!(
        unset(r#"{"StringNotEquals": {"aws:UserAgent": "x", "sns:Protocol": "sms"}}"#).as_deref(),
        Some("the emulator never sets aws:UserAgent, sns:Protocol"),
    );
    // AWS would not set it either, so its absence is the truth.
    let network = r#"{"StringEquals": {"aws:SourceVpce": "vpce-1"}}"#;
    assert_eq!(unset(network), None);
    assert_eq!(unset(r#"{"Bool": {"aws:SecureTransport": "false"}}"#), None);
}

#[test]
fn a_permission_that_the_operations_entry_lacks_is_refused() {
    let core = core();
    let call = core.journal.record(
        None,
        Event::ApiCall {
            service: "sns",
            operation: "Publish".to_owned(),
            caller: String::new(),
            resource: None,
        },
    );
    let mut request = Authorization {
        cause: call,
        action: "sns:DeleteTopic",
        resource: TOPIC,
        context: &[],
        resource_policy: None,
    };
    assert!(core.authorize(&root(ACCOUNT), &request).is_err());
    assert_eq!(
        last_reason(&core),
        "denied: the emulator's table of permissions has no sns:DeleteTopic for sns Publish"
    );
    request.action = "sns:Publish";
    assert_eq!(core.authorize(&root(ACCOUNT), &request), Ok(()));
}

#[test]
fn a_session_policy_limits_its_session_only() {
    let core = core();
    let allow = policy("Allow", "", "sns:*", "*", "");
    add_role(&core, TRUSTS_LAMBDA, &[&allow]);
    let limit = policy("Allow", "", "sns:Publish", "*", "");
    let limit = Document::parse(&limit, PolicyKind::Session).unwrap();
    core.iam
        .limit_session("ASIALIMITED", vec![limit.named("of the session")]);
    let limited = Identity {
        access_key_id: "ASIALIMITED".to_owned(),
        ..session()
    };
    let subscribe = ("sns:Subscribe", TOPIC);
    let by_role = "allowed: statement 1 of identity-based policy p1 (S)";
    check(&core, &session(), subscribe, None, None, by_role);
    check(&core, &limited, ("sns:Publish", TOPIC), None, None, by_role);
    check(
        &core,
        &limited,
        subscribe,
        None,
        Some(
            "User: arn:aws:sts::123456789012:assumed-role/load/zipster-load is not authorized to \
             perform: SNS:Subscribe on resource: arn:aws:sns:us-east-1:123456789012:notices \
             because no session policy allows the SNS:Subscribe action",
        ),
        "denied: no session policy allows it; statement 1 of identity-based policy p1 (S) matches \
         the caller; 1 more is about other actions or principals",
    );
}

#[test]
fn a_decision_is_an_effect_of_its_call() {
    let core = core();
    let call = cause(&core);
    let request = Authorization {
        cause: call,
        action: "s3:ListAllMyBuckets",
        resource: "*",
        context: &[],
        resource_policy: None,
    };
    core.authorize(&root(ACCOUNT), &request).unwrap();
    let entry = core.journal.snapshot().pop().unwrap();
    assert_eq!(entry.cause, Some(call));
    assert_eq!(
        entry.event.to_string(),
        "allowed s3:ListAllMyBuckets on arn:aws:s3:::*: the account's root user needs no policy"
    );
}

#[test]
fn the_end_of_a_role_is_the_end_of_its_sessions() {
    let core = core();
    let expires = core.clock.now() + Duration::HOUR;
    let principal = session().principal;
    let issue = |principal: Principal| {
        let issued = core
            .credentials
            .issue_session(&core.random, principal, None, expires);
        issued.access_key_id
    };
    let of_role = issue(principal);
    let of_other = issue(Principal::AssumedRole {
        account: account(ACCOUNT),
        role: RoleName::parse("transform").unwrap(),
        session: "s".to_owned(),
    });
    let load = RoleName::parse("load").unwrap();
    let ended = core.credentials.revoke_sessions(&account(ACCOUNT), &load);
    assert_eq!(ended, std::slice::from_ref(&of_role));
    assert!(core.credentials.find(&of_role).is_none());
    assert!(core.credentials.find(&of_other).is_some());
}
