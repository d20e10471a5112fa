//! Tables of decisions: these policies, this request, this answer.

use zipster_iam::{
    Action, ContextKeys, Decision, Evaluation, Grounds, NamedPolicy, Policies, Policy, PolicyKind,
    Principal, Request, Resource, evaluate, evaluate_trust,
};
use zipster_names::{AccountId, IamPath, RoleName};

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
        let is_trust = request.action.service() == "sts";
        let kind = if is_trust {
            PolicyKind::Trust
        } else {
            PolicyKind::Resource
        };
        let resource = (!self.resource.is_empty()).then(|| policy("resource", kind, self.resource));
        let policies = Policies {
            identity: identity.as_slice(),
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

#[test]
fn within_an_account_either_policy_is_enough_and_a_deny_is_too_much() {
    let allow_role = allow_to(r#"{"AWS": "arn:aws:iam::123456789012:role/r"}"#);
    let deny_role = deny_to(r#"{"AWS": "arn:aws:iam::123456789012:role/r"}"#);
    let allow_role = allow_role.as_str();
    let deny_role = deny_role.as_str();
    let cases: &[(&[&str], &[&str], &str)] = &[
        (&[], &[], "missing identity"),
        (&[ALLOW], &[], "allow identity 1"),
        (&[], &[allow_role], "allow resource 1"),
        (&[ALLOW], &[allow_role], "allow identity 1"),
        (&[ALLOW, DENY], &[], "deny identity 2"),
        (&[DENY, ALLOW], &[allow_role], "deny identity 1"),
        (&[ALLOW], &[allow_role, deny_role], "deny resource 2"),
        (&[DENY], &[deny_role], "deny identity 1"),
    ];
    for &(identity, resource, expected) in cases {
        let setup = Setup {
            identity,
            resource,
            ..Setup::default()
        };
        setup.check(&get(role_of(OURS)), expected);
    }
}

#[test]
fn a_resource_policy_means_whom_it_names() {
    let carlos = r#"{"AWS": "arn:aws:iam::123456789012:user/carlos"}"#;
    let role = r#"{"AWS": "arn:aws:iam::123456789012:role/r"}"#;
    let session = r#"{"AWS": "arn:aws:sts::123456789012:assumed-role/r/s"}"#;
    let other_session = r#"{"AWS": "arn:aws:sts::123456789012:assumed-role/r/t"}"#;
    let service_role = r#"{"AWS": "arn:aws:iam::123456789012:role/service-role/r"}"#;
    let ours = r#"{"AWS": "123456789012"}"#;
    let our_root = r#"{"AWS": "arn:aws:iam::123456789012:root"}"#;
    let s3 = r#"{"Service": "s3.amazonaws.com"}"#;
    let cases = [
        (r#""*""#, role_of(OURS), "allow resource 1"),
        (r#"{"AWS": "*"}"#, user(), "allow resource 1"),
        (r#""*""#, Principal::Anonymous, "allow resource 1"),
        (r#""*""#, service("s3.amazonaws.com"), "allow resource 1"),
        (carlos, user(), "allow resource 1"),
        (carlos, role_of(OURS), "missing identity"),
        (role, role_of(OURS), "allow resource 1"),
        (service_role, role_of(OURS), "missing identity"),
        (session, role_of(OURS), "allow resource 1"),
        (other_session, role_of(OURS), "missing identity"),
        // The account's name leaves it to the account, that is to its identity policies.
        (ours, role_of(OURS), "missing identity"),
        (our_root, user(), "missing identity"),
        (our_root, Principal::Anonymous, "missing resource"),
        (s3, service("s3.amazonaws.com"), "allow resource 1"),
        (s3, service("sns.amazonaws.com"), "missing resource"),
        (s3, role_of(OURS), "missing identity"),
        (
            r#"{"Federated": "graph.facebook.com"}"#,
            user(),
            "missing identity",
        ),
    ];
    for (principal, caller, expected) in cases {
        let allow = allow_to(principal);
        let setup = Setup {
            resource: &[&allow],
            ..Setup::default()
        };
        setup.check(&get(caller), expected);
    }
}

#[test]
fn of_several_statements_the_one_that_names_the_caller_most_closely_counts() {
    let to_account = allow_to(r#"{"AWS": "123456789012"}"#);
    let to_role = allow_to(r#"{"AWS": "arn:aws:iam::123456789012:role/r"}"#);
    let to_session = allow_to(r#"{"AWS": "arn:aws:sts::123456789012:assumed-role/r/s"}"#);
    let setup = Setup {
        resource: &[&to_account, &to_role],
        ..Setup::default()
    };
    setup.check(&get(role_of(OURS)), "allow resource 2");
    let setup = Setup {
        session: Some(&[]),
        resource: &[&to_account, &to_role, &to_session],
        ..Setup::default()
    };
    setup.check(&get(role_of(OURS)), "allow resource 3");
}

#[test]
fn a_deny_for_the_account_is_for_everyone_in_it() {
    let deny = deny_to(r#"{"AWS": "123456789012"}"#);
    let allow_all = allow_to(r#""*""#);
    let setup = Setup {
        identity: &[ALLOW],
        resource: &[&deny, &allow_all],
        ..Setup::default()
    };
    setup.check(&get(role_of(OURS)), "deny resource 1");
    setup.check(&get(user()), "deny resource 1");
    setup.check(&get(root(OURS)), "deny resource 1");
    setup.check(&get(Principal::Anonymous), "allow resource 2");
}

#[test]
fn not_principal_excepts_who_is_named_from_the_account_down() {
    let all_three = format!(
        r#"{DENY}, "NotPrincipal": {{"AWS": ["123456789012", "arn:aws:iam::123456789012:role/r",
            "arn:aws:sts::123456789012:assumed-role/r/s"]}}"#
    );
    let only_role =
        format!(r#"{DENY}, "NotPrincipal": {{"AWS": "arn:aws:iam::123456789012:role/r"}}"#);
    let only_s3 = format!(r#"{DENY}, "NotPrincipal": {{"Service": "s3.amazonaws.com"}}"#);
    let allow_all = allow_to(r#""*""#);
    let cases = [
        (&all_three, role_of(OURS), "allow identity 1"),
        (&all_three, user(), "deny resource 1"),
        (&all_three, root(OURS), "allow root"),
        (&only_role, role_of(OURS), "deny resource 1"),
        (&only_s3, service("s3.amazonaws.com"), "allow resource 2"),
        (&only_s3, Principal::Anonymous, "deny resource 1"),
    ];
    for (deny, caller, expected) in cases {
        let identity: &[&str] = if caller.account().is_some() {
            &[ALLOW]
        } else {
            &[]
        };
        let setup = Setup {
            identity,
            resource: &[deny, &allow_all],
            ..Setup::default()
        };
        setup.check(&get(caller), expected);
    }
}

#[test]
fn across_accounts_both_must_allow() {
    let to_role = allow_to(r#"{"AWS": "arn:aws:iam::222222222222:role/r"}"#);
    let to_account = allow_to(r#"{"AWS": "222222222222"}"#);
    let to_all = allow_to(r#""*""#);
    let cases: &[(&[&str], &[&str], &str)] = &[
        (&[], &[], "missing identity"),
        (&[ALLOW], &[], "missing resource"),
        (&[], &[&to_role], "missing identity"),
        (&[], &[&to_all], "missing identity"),
        (&[ALLOW], &[&to_role], "allow identity 1"),
        (&[ALLOW], &[&to_account], "allow identity 1"),
        (&[ALLOW], &[&to_all], "allow identity 1"),
        (&[ALLOW, DENY], &[&to_all], "deny identity 2"),
    ];
    for &(identity, resource, expected) in cases {
        let setup = Setup {
            identity,
            resource,
            ..Setup::default()
        };
        setup.check(&get(role_of(THEIRS)), expected);
    }
    let setup = Setup {
        resource: &[&to_account],
        ..Setup::default()
    };
    setup.check(&get(root(THEIRS)), "allow root");
    Setup::default().check(&get(root(THEIRS)), "missing resource");
    Setup::default().check(&get(root(OURS)), "allow root");
}

#[test]
fn a_session_policy_limits_the_session() {
    let to_role = allow_to(r#"{"AWS": "arn:aws:iam::123456789012:role/r"}"#);
    let to_session = allow_to(r#"{"AWS": "arn:aws:sts::123456789012:assumed-role/r/s"}"#);
    let to_all = allow_to(r#""*""#);
    let other = r#""Effect": "Allow", "Action": "sns:*", "Resource": "*""#;
    let cases: &[([&[&str]; 3], &str)] = &[
        ([&[ALLOW], &[ALLOW], &[]], "allow identity 1"),
        ([&[ALLOW], &[other], &[]], "missing session"),
        ([&[ALLOW], &[], &[]], "missing session"),
        ([&[], &[ALLOW], &[]], "missing identity"),
        ([&[ALLOW], &[ALLOW, DENY], &[]], "deny session 2"),
        // Named as a role, the caller is still limited; named as this session or as anyone, not.
        ([&[], &[ALLOW], &[&to_role]], "allow resource 1"),
        ([&[], &[other], &[&to_role]], "missing session"),
        ([&[], &[other], &[&to_session]], "allow resource 1"),
        ([&[], &[other], &[&to_all]], "allow resource 1"),
    ];
    for &([identity, session, resource], expected) in cases {
        let setup = Setup {
            identity,
            session: Some(session),
            resource,
        };
        setup.check(&get(role_of(OURS)), expected);
    }
    // Across accounts it limits in any case.
    for (session, expected) in [(ALLOW, "allow identity 1"), (other, "missing session")] {
        let setup = Setup {
            identity: &[ALLOW],
            session: Some(&[session]),
            resource: &[&to_all],
        };
        setup.check(&get(role_of(THEIRS)), expected);
    }
}

#[test]
fn a_role_is_assumed_by_those_it_trusts() {
    let trust = |principal: &str| {
        format!(r#""Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {principal}"#)
    };
    let may_assume = r#""Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::*:role/target""#;
    let lambda = trust(r#"{"Service": "lambda.amazonaws.com"}"#);
    let role = trust(r#"{"AWS": "arn:aws:iam::123456789012:role/r"}"#);
    let ours = trust(r#"{"AWS": "123456789012"}"#);
    let theirs = trust(r#"{"AWS": "222222222222"}"#);
    let their_role = trust(r#"{"AWS": "arn:aws:iam::222222222222:role/r"}"#);
    let cases: &[(&str, Principal, &[&str], &str)] = &[
        (
            &lambda,
            service("lambda.amazonaws.com"),
            &[],
            "allow role 1",
        ),
        (&lambda, service("s3.amazonaws.com"), &[], "missing role"),
        (&lambda, role_of(OURS), &[may_assume], "missing role"),
        (&role, role_of(OURS), &[], "allow role 1"),
        (&role, user(), &[may_assume], "missing role"),
        (&ours, role_of(OURS), &[], "missing identity"),
        (&ours, role_of(OURS), &[may_assume], "allow identity 1"),
        (&theirs, role_of(THEIRS), &[], "missing identity"),
        (&theirs, role_of(THEIRS), &[may_assume], "allow identity 1"),
        (&their_role, role_of(THEIRS), &[], "missing identity"),
        (
            &their_role,
            role_of(THEIRS),
            &[may_assume],
            "allow identity 1",
        ),
    ];
    for (trust, caller, identity, expected) in cases {
        let setup = Setup {
            identity,
            resource: &[trust],
            ..Setup::default()
        };
        let arn = "arn:aws:iam::123456789012:role/target";
        setup.check(&request(caller.clone(), "sts:AssumeRole", arn), expected);
    }
    // A session policy that does not allow it stands in the way of a role, though it is trusted.
    let session = trust(r#"{"AWS": "arn:aws:sts::123456789012:assumed-role/r/s"}"#);
    for (trust, expected) in [(&role, "missing session"), (&session, "allow role 1")] {
        let setup = Setup {
            session: Some(&[ALLOW]),
            resource: &[trust],
            ..Setup::default()
        };
        let arn = "arn:aws:iam::123456789012:role/target";
        setup.check(&request(role_of(OURS), "sts:AssumeRole", arn), expected);
    }
}

/// Decides on one statement of an identity policy.
#[track_caller]
fn identity(statement: &str, request: &Request, expected: &str) {
    let setup = Setup {
        identity: &[statement],
        ..Setup::default()
    };
    setup.check(request, expected);
}

#[test]
fn actions_ignore_case_and_resources_do_not() {
    let cases = [
        (r#""Action": "S3:getobject", "Resource": "*""#, true),
        (r#""Action": "s3:Get*", "Resource": "*""#, true),
        (r#""Action": "s3:?etObject", "Resource": "*""#, true),
        (r#""Action": "s3:Get", "Resource": "*""#, false),
        (r#""Action": "*", "Resource": "*""#, true),
        (r#""Action": "*:*", "Resource": "*""#, true),
        (
            r#""Action": ["sns:*", "s3:*Object"], "Resource": "*""#,
            true,
        ),
        (r#""NotAction": "s3:Put*", "Resource": "*""#, true),
        (
            r#""NotAction": ["s3:Put*", "s3:Get*"], "Resource": "*""#,
            false,
        ),
        (
            r#""Action": "*", "Resource": "arn:aws:s3:::Input/*""#,
            false,
        ),
        (r#""Action": "*", "Resource": "arn:aws:s3:::input""#, false),
        (r#""Action": "*", "Resource": "arn:aws:s3:::in*""#, true),
        (
            r#""Action": "*", "Resource": "arn:aws:s3:::input/?.csv""#,
            true,
        ),
        (
            r#""Action": "*", "Resource": "arn:*:s3:*:*:input/a.csv""#,
            true,
        ),
        (r#""Action": "*", "Resource": "arn:aws:s3:*""#, true),
        (
            r#""Action": "*", "NotResource": "arn:aws:s3:::load/*""#,
            true,
        ),
        (
            r#""Action": "*", "NotResource": ["arn:aws:s3:::load/*", "arn:aws:s3:::input/*"]"#,
            false,
        ),
    ];
    for (rest, allowed) in cases {
        let statement = format!(r#""Effect": "Allow", {rest}"#);
        let expected = if allowed {
            "allow identity 1"
        } else {
            "missing identity"
        };
        identity(&statement, &get(user()), expected);
    }
}

#[test]
fn things_without_an_arn_are_covered_by_the_star_alone() {
    let publish = |resource| request(user(), "sns:Publish", resource);
    let star = r#""Effect": "Allow", "Action": "sns:Publish", "Resource": "*""#;
    let topics = r#""Effect": "Allow", "Action": "sns:Publish", "Resource": "arn:aws:sns:*:*:*""#;
    identity(star, &publish("+15550100"), "allow identity 1");
    identity(star, &publish("*"), "allow identity 1");
    identity(topics, &publish("+15550100"), "missing identity");
    identity(topics, &publish("*"), "missing identity");
}

#[test]
fn variables_come_from_the_request() {
    let home = r#""Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::input/${aws:username}/*""#;
    let object = |key: &str| format!("arn:aws:s3:::input/{key}");
    let read = |who, key| request(who, "s3:GetObject", &object(key));
    identity(home, &read(user(), "carlos/a"), "allow identity 1");
    identity(home, &read(user(), "maria/a"), "missing identity");
    identity(home, &read(role_of(OURS), "carlos/a"), "missing identity");
    identity(
        r#""Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::input/${aws:PrincipalTag/team, 'nobody'}/*""#,
        &read(role_of(OURS), "nobody/a"),
        "allow identity 1",
    );
    // Without the variable's value the statement does not apply, whatever it excludes.
    let deny =
        r#""Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::input/${aws:username}/*""#;
    let everything = r#""Effect": "Allow", "Action": "*", "Resource": "*""#;
    let setup = Setup {
        identity: &[deny, everything],
        ..Setup::default()
    };
    setup.check(&read(user(), "carlos/a"), "allow identity 2");
    setup.check(&read(user(), "maria/a"), "deny identity 1");
    setup.check(&read(role_of(OURS), "maria/a"), "allow identity 2");
}

#[test]
fn all_conditions_must_hold() {
    let statement = r#""Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage", "Resource": "*", "Condition": {
            "ArnLike": {"aws:SourceArn": "arn:aws:s3:*:*:input"},
            "StringEquals": {"aws:SourceAccount": ["123456789012", "999999999999"]}}"#;
    let setup = Setup {
        resource: &[statement],
        ..Setup::default()
    };
    let cases = [
        (Some("arn:aws:s3:::input"), Some(OURS), "allow resource 1"),
        (Some("arn:aws:s3:::other"), Some(OURS), "missing resource"),
        (Some("arn:aws:s3:::input"), Some(THEIRS), "missing resource"),
        (Some("arn:aws:s3:::input"), None, "missing resource"),
        (None, None, "missing resource"),
    ];
    for (source, owner, expected) in cases {
        let mut context = ContextKeys::new();
        if let Some(source) = source {
            context.insert("AWS:sourcearn", source);
        }
        if let Some(owner) = owner {
            context.insert("aws:SourceAccount", owner);
        }
        let queue = "arn:aws:sqs:eu-west-1:123456789012:q";
        let request =
            request(service("s3.amazonaws.com"), "sqs:SendMessage", queue).with_context(context);
        setup.check(&request, expected);
    }
}

#[test]
fn a_caller_is_known_by_conditions_on_their_role() {
    let allow = r#""Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*",
        "Condition": {"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/r"}}"#;
    let setup = Setup {
        resource: &[allow],
        ..Setup::default()
    };
    setup.check(&get(role_of(OURS)), "allow resource 1");
    setup.check(&get(user()), "missing identity");
    setup.check(&get(Principal::Anonymous), "missing resource");
}

#[test]
fn the_trace_tells_of_every_statement() {
    let statements = [
        r#""Sid": "Publish", "Effect": "Allow", "Action": "sns:Publish", "Resource": "*""#,
        r#""Sid": "Load", "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::load/*""#,
        r#""Sid": "Secure", "Effect": "Deny", "Action": "s3:*", "Resource": "*",
           "Condition": {"Bool": {"aws:SecureTransport": "false"}}"#,
        r#""Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::${aws:username}/*""#,
    ];
    let to_account = allow_to(r#"{"AWS": "123456789012"}"#);
    let to_s3 = allow_to(r#"{"Service": "s3.amazonaws.com"}"#);
    let setup = Setup {
        identity: &statements,
        session: Some(&[ALLOW]),
        resource: &[&to_account, &to_s3],
    };
    let evaluation = setup.decide(&get(role_of(OURS)));
    assert_eq!(short(&evaluation), "missing identity");
    let trace: Vec<String> = evaluation.trace.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(trace.join("\n"), @r"
    Allow by statement 1 of identity-based policy identity (Publish): is about other actions
    Allow by statement 2 of identity-based policy identity (Load): is about other resources
    Deny by statement 3 of identity-based policy identity (Secure): its condition Bool aws:SecureTransport does not hold
    Allow by statement 4 of identity-based policy identity: its variable aws:username has no value in this request
    Allow by statement 1 of session policy session: matches the caller
    Allow by statement 1 of resource-based policy resource: matches the caller's account, and leaves the rest to its own policies
    Allow by statement 2 of resource-based policy resource: is about other principals
    ");
    insta::assert_json_snapshot!(evaluation.trace[2], @r#"
    {
      "statement": {
        "kind": "identity",
        "policy": "identity",
        "index": 2,
        "sid": "Secure"
      },
      "effect": "Deny",
      "outcome": {
        "ConditionNotMet": {
          "operator": "Bool",
          "key": "aws:SecureTransport"
        }
      }
    }
    "#);
    insta::assert_json_snapshot!(evaluation.decision, @r#"
    {
      "ImplicitDeny": {
        "missing": "identity"
      }
    }
    "#);
}
