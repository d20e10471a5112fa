//! Whose policies must allow: within an account, across accounts, in a session, of a role.

use crate::*;

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
            ..Setup::default()
        };
        setup.check(&get(role_of(OURS)), expected);
    }
    // Across accounts it limits in any case.
    for (session, expected) in [(ALLOW, "allow identity 1"), (other, "missing session")] {
        let setup = Setup {
            identity: &[ALLOW],
            session: Some(&[session]),
            resource: &[&to_all],
            ..Setup::default()
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

#[test]
fn a_boundary_limits_what_a_role_or_user_may_do() {
    let to_role = allow_to(r#"{"AWS": "arn:aws:iam::123456789012:role/r"}"#);
    let to_session = allow_to(r#"{"AWS": "arn:aws:sts::123456789012:assumed-role/r/s"}"#);
    let to_user = allow_to(r#"{"AWS": "arn:aws:iam::123456789012:user/carlos"}"#);
    let to_account = allow_to(r#"{"AWS": "123456789012"}"#);
    let other = r#""Effect": "Allow", "Action": "sns:*", "Resource": "*""#;
    let cases: &[(Principal, [&[&str]; 3], &str)] = &[
        (user(), [&[ALLOW], &[ALLOW], &[]], "allow identity 1"),
        // A boundary gives nothing, and both must allow.
        (user(), [&[], &[ALLOW], &[]], "missing identity"),
        (user(), [&[ALLOW], &[other], &[]], "missing permissions"),
        (
            user(),
            [&[ALLOW], &[ALLOW, DENY], &[]],
            "deny permissions 2",
        ),
        // What a resource's policy gives to a user or a session is not limited; to a role, it is.
        (user(), [&[], &[other], &[&to_user]], "allow resource 1"),
        (user(), [&[], &[DENY], &[&to_user]], "deny permissions 1"),
        (
            user(),
            [&[ALLOW], &[other], &[&to_account]],
            "missing permissions",
        ),
        (
            role_of(OURS),
            [&[], &[other], &[&to_session]],
            "allow resource 1",
        ),
        (
            role_of(OURS),
            [&[], &[other], &[&to_role]],
            "missing permissions",
        ),
        (
            role_of(OURS),
            [&[], &[ALLOW], &[&to_role]],
            "allow resource 1",
        ),
    ];
    for (caller, [identity, boundary, resource], expected) in cases {
        let setup = Setup {
            identity,
            boundary: Some(boundary),
            resource,
            ..Setup::default()
        };
        setup.check(&get(caller.clone()), expected);
    }
    // Boundary and session policy limit together, and across accounts in any case.
    let to_all = allow_to(r#""*""#);
    for (boundary, session, expected) in [
        (ALLOW, ALLOW, "allow identity 1"),
        (other, ALLOW, "missing permissions"),
        (ALLOW, other, "missing session"),
    ] {
        for account in [OURS, THEIRS] {
            let resource: &[&str] = if account == THEIRS { &[&to_all] } else { &[] };
            let setup = Setup {
                identity: &[ALLOW],
                boundary: Some(&[boundary]),
                session: Some(&[session]),
                resource,
            };
            setup.check(&get(role_of(account)), expected);
        }
    }
}

#[test]
fn a_bounded_role_assumes_what_its_boundary_allows() {
    let trust = r#""Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": "arn:aws:iam::123456789012:role/r"}"#;
    let assume = r#""Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*""#;
    for (boundary, expected) in [(assume, "allow role 1"), (ALLOW, "missing permissions")] {
        let setup = Setup {
            boundary: Some(&[boundary]),
            resource: &[trust],
            ..Setup::default()
        };
        let arn = "arn:aws:iam::123456789012:role/target";
        setup.check(&request(role_of(OURS), "sts:AssumeRole", arn), expected);
    }
}
