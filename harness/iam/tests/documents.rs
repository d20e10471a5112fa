//! Which policy documents are understood, and what is said of the others.

use zipster_iam::{Effect, Policy, PolicyKind, Version};

use PolicyKind::{Identity, Resource, Session, Trust};

/// A document of one statement.
fn one(statement: &str) -> String {
    format!(r#"{{"Version": "2012-10-17", "Statement": {{{statement}}}}}"#)
}

#[track_caller]
fn accepts(kind: PolicyKind, document: &str) -> Policy {
    match Policy::parse(document, kind) {
        Ok(policy) => policy,
        Err(errors) => panic!("{document}\n{errors}"),
    }
}

/// Checks what is said of a document: our words, and what IAM would say.
#[track_caller]
fn refuses(kind: PolicyKind, document: &str, expected: &str, aws: &str) {
    match Policy::parse(document, kind) {
        Ok(_) => panic!("accepted: {document}"),
        Err(errors) => {
            assert_eq!(errors.to_string(), expected, "{document}");
            assert_eq!(errors.aws_message(), aws, "{document}");
        }
    }
}

#[test]
fn a_document_is_read_into_its_parts() {
    let policy = accepts(
        Identity,
        r#"{
            "Version": "2012-10-17",
            "Id": "pipeline",
            "Statement": [
                {"Sid": "ReadInput", "Effect": "Allow", "Action": "s3:GetObject",
                 "Resource": "arn:aws:s3:::input/*"},
                {"Sid": "", "Effect": "Deny", "NotAction": ["s3:*", "sns:Publish"],
                 "NotResource": ["arn:aws:s3:::*"],
                 "Condition": {"Bool": {"aws:SecureTransport": false},
                               "NumericLessThan": {"s3:max-keys": 10}}}
            ]
        }"#,
    );
    assert_eq!(policy.kind(), Identity);
    assert_eq!(policy.version(), Version::V2012);
    assert_eq!(policy.id(), Some("pipeline"));
    let [read, rest] = policy.statements() else {
        panic!("two statements")
    };
    assert_eq!(
        (read.sid(), read.effect()),
        (Some("ReadInput"), Effect::Allow)
    );
    assert_eq!((rest.sid(), rest.effect()), (None, Effect::Deny));
    let conditions: Vec<_> = rest
        .conditions()
        .iter()
        .map(|condition| (condition.operator(), condition.key()))
        .collect();
    assert_eq!(
        conditions,
        [
            ("Bool", "aws:SecureTransport"),
            ("NumericLessThan", "s3:max-keys")
        ]
    );
}

#[test]
fn a_document_without_version_is_of_the_older_language() {
    let policy = accepts(
        Identity,
        r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#,
    );
    assert_eq!(policy.version(), Version::V2008);
}

#[test]
fn principals_come_in_many_forms() {
    let forms = [
        r#""*""#,
        r#"{"AWS": "*"}"#,
        r#"{"AWS": "123456789012"}"#,
        r#"{"AWS": ["arn:aws:iam::123456789012:root", "arn:aws:iam::123456789012:user/a/b"]}"#,
        r#"{"AWS": "arn:aws:iam::123456789012:role/service-role/r"}"#,
        r#"{"AWS": "arn:aws:sts::123456789012:assumed-role/r/s"}"#,
        r#"{"Service": ["s3.amazonaws.com", "logs.eu-west-1.amazonaws.com"]}"#,
        r#"{"Federated": "cognito-identity.amazonaws.com"}"#,
        r#"{"CanonicalUser": "79a59df900b949e55d96a1e698fb", "Service": "sns.amazonaws.com"}"#,
    ];
    for form in forms {
        accepts(
            Trust,
            &one(&format!(
                r#""Effect": "Allow", "Principal": {form}, "Action": "sts:AssumeRole""#
            )),
        );
    }
}

#[test]
fn sids_of_resource_policies_are_free_those_of_iam_are_not() {
    let statement = r#""Sid": "Allow S3 (events)", "Effect": "Allow", "Action": "sqs:*","#;
    accepts(
        Resource,
        &one(&format!(r#"{statement} "Principal": "*", "Resource": "*""#)),
    );
    refuses(
        Identity,
        &one(&format!(r#"{statement} "Resource": "*""#)),
        r#"statement 1 (Allow S3 (events)), Sid: "Allow S3 (events)" has characters other than letters and digits"#,
        "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular \
         expression [0-9A-Za-z]*",
    );
}

#[test]
fn each_kind_of_policy_has_its_elements() {
    let allow = r#""Effect": "Allow", "Action": "sts:AssumeRole""#;
    let resource = r#""Resource": "*""#;
    let principal = r#""Principal": "*""#;
    accepts(Identity, &one(&format!("{allow}, {resource}")));
    accepts(Session, &one(&format!("{allow}, {resource}")));
    accepts(Resource, &one(&format!("{allow}, {resource}, {principal}")));
    accepts(Trust, &one(&format!("{allow}, {principal}")));
    refuses(
        Identity,
        &one(&format!("{allow}, {resource}, {principal}")),
        "statement 1, Principal: an identity-based policy has no such element",
        "Policy document should not specify a principal.",
    );
    refuses(
        Session,
        &one(&format!(r#"{allow}, {resource}, "NotPrincipal": "*""#)),
        "statement 1, NotPrincipal: a session policy has no such element",
        "Policy document should not specify a principal.",
    );
    refuses(
        Resource,
        &one(&format!("{allow}, {resource}")),
        "statement 1: Principal is missing",
        "Syntax errors in policy.",
    );
    refuses(
        Trust,
        &one(&format!("{allow}, {principal}, {resource}")),
        "statement 1, Resource: a role trust policy has no such element",
        "Has prohibited field Resource",
    );
    refuses(
        Trust,
        &one(r#""Effect": "Deny", "NotPrincipal": {"AWS": "*"}, "Action": "sts:AssumeRole""#),
        "statement 1, NotPrincipal: a role trust policy has no such element",
        "Has prohibited field NotPrincipal",
    );
    refuses(
        Trust,
        &one(r#""Effect": "Allow", "Principal": "*", "Action": "*""#),
        r#"statement 1, Action: "*" is not an action of sts, and a role trust policy has no others"#,
        "AssumeRole policy may only specify STS AssumeRole actions.",
    );
    refuses(
        Identity,
        &one(allow),
        "statement 1: Resource or NotResource is missing",
        "Policy statement must contain resources.",
    );
    refuses(
        Identity,
        &one(&format!(r#""Effect": "Allow", "Action": [], {resource}"#)),
        "statement 1, Action: has no values",
        "Policy statement must contain actions.",
    );
}

#[test]
fn mistakes_are_named_with_their_place() {
    let syntax = "Syntax errors in policy.";
    let vendor = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
    let allow = r#""Effect": "Allow", "Resource": "*", "Action": "s3:*""#;
    let cases = [
        (
            "{".to_owned(),
            "policy: not JSON: EOF while parsing an object at line 1 column 1",
            syntax,
        ),
        (
            "[]".to_owned(),
            "policy: expected an object, found a list",
            syntax,
        ),
        ("{}".to_owned(), "policy: Statement is missing", syntax),
        (
            r#"{"Version": "2012-10-18", "Statement": []}"#.to_owned(),
            "policy, Version: \"2012-10-18\" is not one of 2012-10-17, 2008-10-17; \
             policy, Statement: has no values",
            syntax,
        ),
        (
            one(&format!(r#"{allow}, "Resources": "*""#)),
            "statement 1, Resources: unknown element",
            syntax,
        ),
        (
            one(&format!(r#"{allow}, "Effect": "Deny""#)),
            "statement 1, Effect: appears more than once",
            syntax,
        ),
        (
            one(&format!(r#"{allow}, "NotAction": "s3:*""#)),
            "statement 1: Action and NotAction exclude each other",
            syntax,
        ),
        (
            one(r#""Effect": "allow", "Resource": "*", "Action": "s3:*""#),
            "statement 1, Effect: \"allow\" is not one of Allow, Deny",
            syntax,
        ),
        (
            one(r#""Effect": "Allow", "Resource": ["*", 7], "Action": "s3:*""#),
            "statement 1, Resource: expected a string or a list of strings, found a number",
            syntax,
        ),
        (
            one(r#""Effect": "Allow", "Resource": "*", "Action": "GetObject""#),
            "statement 1, Action: \"GetObject\" does not name its service: write it like s3:GetObject",
            vendor,
        ),
        (
            one(r#""Effect": "Allow", "Resource": "*", "Action": "s*:GetObject""#),
            "statement 1, Action: \"s*:GetObject\" does not begin with the name of a service",
            syntax,
        ),
        (
            one(r#""Effect": "Allow", "Resource": "*", "Action": "s3:Get:Object""#),
            "statement 1, Action: \"s3:Get:Object\" has more than one colon",
            syntax,
        ),
        (
            one(r#""Effect": "Allow", "Resource": "my-bucket", "Action": "s3:*""#),
            "statement 1, Resource: \"my-bucket\" is neither an ARN nor \"*\"",
            "Resource my-bucket must be in ARN format or \"*\".",
        ),
        (
            one(r#""Effect": "Allow", "Resource": "arn:aws:s3:my-bucket", "Action": "s3:*""#),
            "statement 1, Resource: \"arn:aws:s3:my-bucket\" is neither an ARN nor \"*\"",
            "Resource arn:aws:s3:my-bucket must be in ARN format or \"*\".",
        ),
        (
            one(
                r#""Effect": "Allow", "Resource": "arn:aws:sqs:*:${aws:PrincipalAccount}:q", "Action": "s3:*""#,
            ),
            "statement 1, Resource: \"arn:aws:sqs:*:${aws:PrincipalAccount}:q\" has a variable \
             before the fifth colon",
            syntax,
        ),
        (
            one(&format!(
                r#"{allow}, "Condition": {{"stringlike": {{"s3:prefix": "a"}}}}"#
            )),
            "statement 1, Condition.stringlike: unknown condition operator, did you mean StringLike?",
            "Invalid Condition type : stringlike.",
        ),
        (
            one(&format!(
                r#"{allow}, "Condition": {{"NullIfExists": {{"s3:prefix": "a"}}}}"#
            )),
            "statement 1, Condition.NullIfExists: unknown condition operator",
            "Invalid Condition type : NullIfExists.",
        ),
        (
            one(&format!(
                r#"{allow}, "Condition": {{"StringLike": {{"prefix": "a"}}}}"#
            )),
            "statement 1, Condition.StringLike.prefix: \"prefix\" does not name its service: \
             write it like aws:username",
            vendor,
        ),
        (
            one(&format!(
                r#"{allow}, "Condition": {{"StringLike": {{"s3:prefix": "a", "s3:prefix": "b"}}}}"#
            )),
            "statement 1, Condition.StringLike.s3:prefix: appears more than once",
            syntax,
        ),
        (
            one(&format!(
                r#"{allow}, "Condition": {{"NumericEquals": {{"s3:max-keys": "ten"}}}}"#
            )),
            "statement 1, Condition.NumericEquals.s3:max-keys: \"ten\" is not a number",
            syntax,
        ),
    ];
    for (document, expected, aws) in cases {
        refuses(Identity, &document, expected, aws);
    }
}

#[test]
fn principals_that_cannot_be_are_refused() {
    let cases = [
        (
            r#""123456789012""#,
            r#"statement 1, Principal: "123456789012" is not "*": other principals are written like {"AWS": "..."}"#,
        ),
        (
            r#"{"AWS": "arn:aws:iam::123456789012:role/zip*"}"#,
            r#"statement 1, Principal.AWS: "arn:aws:iam::123456789012:role/zip*" is neither "*" nor a whole name: principals have no wildcards"#,
        ),
        (
            r#"{"AWS": "arn:aws:s3:::bucket"}"#,
            r#"statement 1, Principal.AWS: "arn:aws:s3:::bucket" is not a principal: its ARN has no account"#,
        ),
        (
            r#"{"AWS": "arn:aws:iam::123456789012:group/admins"}"#,
            r#"statement 1, Principal.AWS: "arn:aws:iam::123456789012:group/admins" is not the ARN of an account, role, user or session"#,
        ),
        (
            r#"{"Service": "lambda"}"#,
            r#"statement 1, Principal.Service: "lambda" is not a service: write it like s3.amazonaws.com"#,
        ),
        (
            r#"{"Aws": "*"}"#,
            "statement 1, Principal.Aws: unknown element",
        ),
        ("{}", "statement 1, Principal: has no values"),
        (
            r#"["*"]"#,
            r#"statement 1, Principal: expected "*" or an object, found a list"#,
        ),
    ];
    for (principal, expected) in cases {
        let document = one(&format!(
            r#""Effect": "Allow", "Principal": {principal}, "Action": "s3:*", "Resource": "*""#
        ));
        let errors = Policy::parse(&document, Resource).expect_err(principal);
        assert_eq!(errors.to_string(), expected);
    }
    refuses(
        Resource,
        &one(
            r#""Effect": "Allow", "NotPrincipal": {"AWS": "123456789012"}, "Action": "s3:*", "Resource": "*""#,
        ),
        "statement 1, NotPrincipal: NotPrincipal can only deny: it would allow everyone else in \
         the world",
        "Syntax errors in policy.",
    );
}

#[test]
fn everything_wrong_is_said_at_once_and_with_the_sid() {
    insta::assert_snapshot!(
        Policy::parse(
            r#"{
                "Version": "2012-10-17",
                "Statement": [
                    {"Sid": "Read", "Effect": "Allow", "Action": ["GetObject", "s3:ListBucket"],
                     "Resource": "input"},
                    {"Sid": "Write", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"},
                    {"Sid": "Write", "Effect": "Maybe", "Action": "s3:PutObject"},
                    {"Sid": "Write", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "*",
                     "Condition": {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "home"]}}},
                    {"Sid": "Write", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}
                ]
            }"#,
            Identity,
        )
        .expect_err("many mistakes")
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n"),
        @r#"
    statement 1 (Read), Action: "GetObject" does not name its service: write it like s3:GetObject
    statement 1 (Read), Resource: "input" is neither an ARN nor "*"
    statement 3 (Write), Effect: "Maybe" is not one of Allow, Deny
    statement 3 (Write): Resource or NotResource is missing
    statement 3 (Write), Sid: another statement has this Sid too
    statement 4 (Write), Condition.IpAddress.aws:SourceIp: "home" is no address or range of addresses: write it like 203.0.113.0/24
    statement 4 (Write), Sid: another statement has this Sid too
    statement 5 (Write), Sid: another statement has this Sid too
    "#
    );
}
