//! Whether one statement is about a request, and what is told of it.

use crate::*;

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
        ..Setup::default()
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
