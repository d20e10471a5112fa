//! Decisions about callers: root users and sessions of roles.

use time::Duration;

use super::*;

const NO_IDENTITY_POLICY: &str = "User: arn:aws:sts::123456789012:assumed-role/load/zipster-load \
    is not authorized to perform: SNS:Publish on resource: \
    arn:aws:sns:us-east-1:123456789012:notices because no identity-based policy allows the \
    SNS:Publish action";

#[test]
fn root_needs_no_policy_but_heeds_the_resources_denial() {
    let core = Core::idle();
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
    let core = Core::idle();
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
    let bare = Core::idle();
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

    let core = Core::idle();
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
    let core = Core::idle();
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
    let core = Core::idle();
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
    let core = Core::idle();
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

#[test]
fn a_session_policy_limits_its_session_only() {
    let core = Core::idle();
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
fn the_end_of_a_role_is_the_end_of_its_sessions() {
    let core = Core::idle();
    let expires = core.clock.now() + Duration::HOUR;
    let principal = session().principal;
    let issue = |principal: Principal| {
        let issued = core.credentials.issue_session(
            &core.random,
            principal,
            None,
            (core.clock.now(), expires),
        );
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
