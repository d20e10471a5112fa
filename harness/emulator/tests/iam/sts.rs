//! Who somebody is, and whom a role lets in.

use aws_credential_types::Credentials;

use crate::support::{ACCOUNT, TRUST, World, element, refusal, statement};

const TARGET: &str = "arn:aws:iam::123456789012:role/target";

/// A world with a role `load` that may assume, and a role `target`.
async fn world(trust: &str) -> World {
    let world = World::start().await;
    world.role("load").await;
    world.allow("load", "sts:AssumeRole", "*").await;
    let target = world.iam.create_role().role_name("target");
    let target = target.assume_role_policy_document(trust);
    target.send().await.unwrap();
    world
}

async fn assume(world: &World, by: &Credentials, more: &[(&str, &str)]) -> (u16, String) {
    let mut form = vec![
        ("Action", "AssumeRole"),
        ("Version", "2011-06-15"),
        ("RoleArn", TARGET),
        ("RoleSessionName", "s2"),
    ];
    for (name, value) in more {
        form.retain(|(other, _)| other != name);
        form.push((name, value));
    }
    world.post("sts", by, &form).await
}

/// The credentials in an answer of `AssumeRole`.
#[track_caller]
fn credentials(body: &str) -> Credentials {
    Credentials::new(
        element(body, "AccessKeyId"),
        element(body, "SecretAccessKey"),
        Some(element(body, "SessionToken").to_owned()),
        None,
        "test",
    )
}

async fn who_is(world: &World, credentials: &Credentials) -> (String, String, String) {
    let form = [("Action", "GetCallerIdentity"), ("Version", "2011-06-15")];
    let (status, body) = world.post("sts", credentials, &form).await;
    assert_eq!(status, 200, "{body}");
    let get = |name| element(&body, name).to_owned();
    (get("Arn"), get("UserId"), get("Account"))
}

#[tokio::test]
async fn everybody_may_know_who_they_are() {
    let world = world(TRUST).await;
    let (arn, id, account) = who_is(&world, &world.administrator()).await;
    assert_eq!(arn, "arn:aws:iam::123456789012:root");
    assert_eq!((id.as_str(), account.as_str()), (ACCOUNT, ACCOUNT));

    let (arn, id, _) = who_is(&world, &world.session_of("target")).await;
    assert_eq!(arn, "arn:aws:sts::123456789012:assumed-role/target/s1");
    let role = world.iam.get_role().role_name("target").send().await;
    let role = role.unwrap().role.unwrap();
    assert_eq!(id, format!("{}:s1", role.role_id()));
}

#[tokio::test]
async fn a_role_can_be_assumed_by_whom_it_trusts() {
    let world = world(TRUST).await;
    world.allow("target", "iam:ListRoles", "*").await;
    let by = world.session_of("load");
    let (status, body) = assume(&world, &by, &[("DurationSeconds", "900")]).await;
    assert_eq!(status, 200, "{body}");
    let assumed = "arn:aws:sts::123456789012:assumed-role/target/s2";
    assert_eq!(element(&body, "Arn"), assumed);
    let (arn, id, _) = who_is(&world, &credentials(&body)).await;
    assert_eq!(
        (arn.as_str(), id.as_str()),
        (assumed, element(&body, "AssumedRoleId"))
    );
    let list = [("Action", "ListRoles"), ("Version", "2010-05-08")];
    let (status, _) = world.post("iam", &credentials(&body), &list).await;
    assert_eq!(status, 200);
}

/// Asks for `target` with the session of `by`, and compares status, code and message.
#[track_caller]
fn check(answer: &(u16, String), status: u16, code: &str, message: &str) {
    let (answered, body) = answer;
    assert_eq!(*answered, status, "{body}");
    assert_eq!(element(body, "Code"), code);
    let text = element(body, "Message").replace("&apos;", "'");
    assert_eq!(text, message);
}

#[tokio::test]
async fn nobody_else_assumes_it() {
    let world = world(&TRUST.replace("root", "role/other")).await;
    let root = assume(&world, &world.administrator(), &[]).await;
    check(
        &root,
        403,
        "AccessDenied",
        "Roles may not be assumed by root accounts.",
    );
    let by = world.session_of("load");
    let refused = |role: &str| {
        format!(
            "User: arn:aws:sts::123456789012:assumed-role/load/s1 is not authorized to perform: \
             sts:AssumeRole on resource: {role}"
        )
    };
    let untrusted = assume(&world, &by, &[]).await;
    check(&untrusted, 403, "AccessDenied", &refused(TARGET));
    let missing = format!("{TARGET}-2");
    let answer = assume(&world, &by, &[("RoleArn", &missing)]).await;
    check(&answer, 403, "AccessDenied", &refused(&missing));
}

#[tokio::test]
async fn a_trusted_account_still_decides_which_of_its_roles_may() {
    let world = world(TRUST).await;
    world.allow("load", "s3:*", "*").await;
    let answer = assume(&world, &world.session_of("load"), &[]).await;
    assert_eq!(
        (answer.0, element(&answer.1, "Code")),
        (403, "AccessDenied")
    );
}

#[tokio::test]
async fn a_request_must_be_within_the_limits() {
    let world = world(TRUST).await;
    let by = world.session_of("load");
    let cases = [
        (
            ("DurationSeconds", "899"),
            "1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy \
             constraint: Member must have value greater than or equal to 900",
        ),
        (
            ("DurationSeconds", "3601"),
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ),
        (
            ("RoleSessionName", "s"),
            "1 validation error detected: Value 's' at 'roleSessionName' failed to satisfy \
             constraint: Member must have length greater than or equal to 2",
        ),
        (
            ("RoleSessionName", "a b"),
            "1 validation error detected: Value 'a b' at 'roleSessionName' failed to satisfy \
             constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*",
        ),
        (("RoleArn", "target-of-mine"), "target-of-mine is invalid"),
    ];
    for (parameter, message) in cases {
        let answer = assume(&world, &by, &[parameter]).await;
        check(&answer, 400, "ValidationError", message);
    }
    let longer = world.iam.update_role().role_name("target");
    longer.max_session_duration(43_200).send().await.unwrap();
    let answer = assume(&world, &by, &[("DurationSeconds", "3601")]).await;
    check(
        &answer,
        400,
        "ValidationError",
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role \
         chaining.",
    );
    let answer = assume(&world, &by, &[("Policy", "{}")]).await;
    check(
        &answer,
        400,
        "MalformedPolicyDocument",
        "Syntax errors in policy.",
    );
    let answer = assume(&world, &by, &[("SourceIdentity", "me")]).await;
    check(
        &answer,
        501,
        "NotImplemented",
        "sts: the parameter SourceIdentity of AssumeRole is not supported by this emulator",
    );
}

#[tokio::test]
async fn a_trust_policy_can_ask_for_an_external_id() {
    let condition =
        r#""Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"x"}}}"#;
    let world = world(&TRUST.replace(r#""Action":"sts:AssumeRole"}"#, condition)).await;
    let by = world.session_of("load");
    assert_eq!(assume(&world, &by, &[]).await.0, 403);
    assert_eq!(assume(&world, &by, &[("ExternalId", "y")]).await.0, 403);
    assert_eq!(assume(&world, &by, &[("ExternalId", "x")]).await.0, 200);
}

#[tokio::test]
async fn a_session_policy_limits_what_the_session_may_do() {
    let world = world(TRUST).await;
    world.allow("target", "iam:*", "*").await;
    let by = world.session_of("load");
    let own = world
        .policy("own", statement("Allow", "iam:GetRole", "*"))
        .await;
    let limit = statement("Allow", "iam:ListRoles", "*");
    let limits = [
        ("Policy", limit.as_str()),
        ("PolicyArns.member.1.arn", own.as_str()),
    ];
    let (status, body) = assume(&world, &by, &limits).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(element(&body, "PackedPolicySize"), "5");
    let session = credentials(&body);
    let ask = async |form: &[(&str, &str)]| world.post("iam", &session, form).await;
    assert_eq!(ask(&[("Action", "ListRoles")]).await.0, 200);
    assert_eq!(
        ask(&[("Action", "GetRole"), ("RoleName", "load")]).await.0,
        200
    );
    let (status, body) = ask(&[("Action", "DeleteRole"), ("RoleName", "load")]).await;
    assert_eq!(status, 403);
    assert_eq!(
        element(&body, "Message"),
        "User: arn:aws:sts::123456789012:assumed-role/target/s2 is not authorized to perform: \
         iam:DeleteRole on resource: arn:aws:iam::123456789012:role/load because no session \
         policy allows the iam:DeleteRole action"
    );
}

#[tokio::test]
async fn a_deleted_roles_credentials_are_worth_nothing_even_if_it_is_made_again() {
    let world = World::start().await;
    world.role("load").await;
    let as_role = world.iam_as("load");
    world
        .iam
        .delete_role()
        .role_name("load")
        .send()
        .await
        .unwrap();
    world.role("load").await;
    world.allow("load", "iam:*", "*").await;
    let refused = as_role.list_roles().send().await;
    assert_eq!(
        refusal(refused),
        "InvalidClientTokenId: The security token included in the request is invalid."
    );
}
