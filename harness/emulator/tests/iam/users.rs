//! Users, their keys, and what they may do with them.

use aws_credential_types::Credentials;
use aws_sdk_iam::types::{StatusType, Tag};

use crate::support::{TRUST, World, code, element, refusal, statement};

/// A world with the user `carlos` and a key of theirs.
async fn world() -> (World, Credentials) {
    let world = World::start().await;
    let tag = Tag::builder().key("team").value("data").build().unwrap();
    let user = world.iam.create_user().user_name("carlos").path("/staff/");
    user.tags(tag).send().await.unwrap();
    let key = key(&world).await;
    (world, key)
}

async fn key(world: &World) -> Credentials {
    let made = world.iam.create_access_key().user_name("carlos").send();
    let key = made.await.unwrap().access_key.unwrap();
    Credentials::new(key.access_key_id, key.secret_access_key, None, None, "test")
}

async fn permit(world: &World, document: &str) {
    let put = world.iam.put_user_policy().user_name("carlos");
    let put = put.policy_name("own").policy_document(document);
    put.send().await.unwrap();
}

#[tokio::test]
async fn a_user_is_made_read_listed_and_deleted() {
    let world = World::start().await;
    for (name, path) in [("ana", "/"), ("bo", "/staff/"), ("cy", "/staff/")] {
        let user = world.iam.create_user().user_name(name).path(path);
        let user = user.send().await.unwrap().user.unwrap();
        assert!(user.user_id().starts_with("AIDA"));
    }
    let again = world.iam.create_user().user_name("ANA").send().await;
    assert_eq!(
        refusal(again),
        "EntityAlreadyExists: User with name ANA already exists."
    );
    let user = world.iam.get_user().user_name("bo").send().await.unwrap();
    let user = user.user.unwrap();
    assert_eq!(user.arn(), "arn:aws:iam::123456789012:user/staff/bo");
    let first = world.iam.list_users().path_prefix("/staff/").max_items(1);
    let first = first.send().await.unwrap();
    assert!(first.is_truncated());
    assert_eq!(first.users()[0].user_name(), "bo");
    let rest = world.iam.list_users().path_prefix("/staff/");
    let rest = rest.marker(first.marker().unwrap()).send().await.unwrap();
    assert_eq!(rest.users()[0].user_name(), "cy");
    world
        .iam
        .delete_user()
        .user_name("bo")
        .send()
        .await
        .unwrap();
    let gone = world.iam.get_user().user_name("bo").send().await;
    assert_eq!(
        refusal(gone),
        "NoSuchEntity: The user with name bo cannot be found."
    );
    let root = world.iam.get_user().send().await.unwrap().user.unwrap();
    assert_eq!(root.arn(), "arn:aws:iam::123456789012:root");
    world.role("load").await;
    let role = world.iam_as("load").get_user().send().await;
    assert_eq!(
        refusal(role),
        "ValidationError: Must specify userName when calling with non-User credentials"
    );
}

#[tokio::test]
async fn a_user_may_do_what_their_policies_say() {
    let (world, key) = world().await;
    let form = [("Action", "GetCallerIdentity"), ("Version", "2011-06-15")];
    let (_, body) = world.post("sts", &key, &form).await;
    let arn = "arn:aws:iam::123456789012:user/staff/carlos";
    assert_eq!(element(&body, "Arn"), arn);
    assert!(element(&body, "UserId").starts_with("AIDA"));
    let iam = crate::support::client(&world.emulator, key);
    let list = async || iam.list_roles().send().await;
    assert_eq!(
        refusal(list().await),
        format!(
            "AccessDenied: User: {arn} is not authorized to perform: iam:ListRoles on resource: \
             arn:aws:iam::123456789012:role/ because no identity-based policy allows the \
             iam:ListRoles action"
        )
    );
    permit(&world, &statement("Allow", "iam:ListRoles", "*")).await;
    assert_eq!(code(list().await), None);
    let own = world.policy("deny", statement("Deny", "iam:*", "*")).await;
    let attach = world.iam.attach_user_policy().user_name("carlos");
    attach.policy_arn(&own).send().await.unwrap();
    let refused = refusal(list().await);
    assert!(refused.ends_with("with an explicit deny in an identity-based policy"));
    let listed = world.iam.list_entities_for_policy().policy_arn(&own);
    let listed = listed.send().await.unwrap();
    assert_eq!(listed.policy_users()[0].user_name(), Some("carlos"));
    let attached = world.iam.list_attached_user_policies().user_name("carlos");
    let attached = attached.send().await.unwrap();
    assert_eq!(attached.attached_policies()[0].policy_name(), Some("deny"));
    let used = world.iam.delete_policy().policy_arn(&own).send().await;
    assert_eq!(code(used).as_deref(), Some("DeleteConflict"));
    let detach = world.iam.detach_user_policy().user_name("carlos");
    detach.policy_arn(&own).send().await.unwrap();
    assert_eq!(code(list().await), None);
    // Conditions and variables know the user.
    let conditions = [
        (r#"{"StringEquals":{"aws:username":"carlos"}}"#, true),
        (r#"{"StringEquals":{"aws:PrincipalType":"User"}}"#, true),
        (r#"{"StringEquals":{"aws:PrincipalTag/team":"data"}}"#, true),
        (r#"{"StringLike":{"aws:userid":"AIDA*"}}"#, true),
        (r#"{"Null":{"aws:MultiFactorAuthPresent":"true"}}"#, true),
        (r#"{"StringEquals":{"aws:username":"maria"}}"#, false),
    ];
    for (condition, allowed) in conditions {
        let allow = statement("Allow", "iam:ListRoles", "*");
        let document = allow.replace(r#""*"}"#, &format!(r#""*","Condition":{condition}}}"#));
        permit(&world, &document).await;
        assert_eq!(code(list().await).is_none(), allowed, "{condition}");
    }
}

#[tokio::test]
async fn keys_are_made_switched_off_and_deleted() {
    let (world, first) = world().await;
    permit(&world, &statement("Allow", "iam:*", "*")).await;
    let iam = crate::support::client(&world.emulator, first.clone());
    let second = iam.create_access_key().send().await.unwrap();
    let second = second.access_key.unwrap();
    assert_eq!(second.user_name(), "carlos");
    let third = iam.create_access_key().send().await;
    assert_eq!(
        refusal(third),
        "LimitExceeded: Cannot exceed quota for AccessKeysPerUser: 2"
    );
    let listed = iam.list_access_keys().send().await.unwrap();
    assert_eq!(listed.access_key_metadata().len(), 2);
    let switch = async |status: StatusType| {
        let update = world.iam.update_access_key().user_name("carlos");
        let update = update.access_key_id(first.access_key_id());
        update.status(status).send().await.unwrap();
    };
    switch(StatusType::Inactive).await;
    let unknown = "InvalidClientTokenId: The security token included in the request is invalid.";
    assert_eq!(refusal(iam.list_roles().send().await), unknown);
    let s3 = world.s3(first.clone());
    let refused = code(s3.list_buckets().send().await);
    assert_eq!(refused.as_deref(), Some("InvalidAccessKeyId"));
    switch(StatusType::Active).await;
    assert_eq!(code(iam.list_roles().send().await), None);
    let delete = world.iam.delete_user().user_name("carlos").send().await;
    assert_eq!(
        refusal(delete),
        "DeleteConflict: Cannot delete entity, must delete access keys first."
    );
    for id in [first.access_key_id(), second.access_key_id()] {
        let delete = world.iam.delete_access_key().user_name("carlos");
        delete.access_key_id(id).send().await.unwrap();
    }
    assert_eq!(refusal(iam.list_roles().send().await), unknown);
    let again = world.iam.delete_access_key().user_name("carlos");
    let again = again.access_key_id(first.access_key_id()).send().await;
    assert_eq!(code(again).as_deref(), Some("NoSuchEntity"));
    let delete = world.iam.delete_user().user_name("carlos").send().await;
    assert_eq!(
        refusal(delete),
        "DeleteConflict: Cannot delete entity, must delete policies first."
    );
}

#[tokio::test]
async fn inline_policies_of_a_user_have_a_limit() {
    let (world, _) = world().await;
    permit(&world, &statement("Allow", "iam:ListRoles", "*")).await;
    let get = world.iam.get_user_policy().user_name("carlos");
    let get = get.policy_name("own").send().await.unwrap();
    assert_eq!(get.user_name(), "carlos");
    let names = world.iam.list_user_policies().user_name("carlos");
    assert_eq!(names.send().await.unwrap().policy_names(), ["own"]);
    let long = statement(
        "Allow",
        "iam:ListRoles",
        &format!("arn:aws:iam::*:role/{}", "r".repeat(2000)),
    );
    let put = world.iam.put_user_policy().user_name("carlos");
    let put = put.policy_name("long").policy_document(long).send().await;
    assert_eq!(
        refusal(put),
        "LimitExceeded: Maximum policy size of 2048 bytes exceeded for user carlos"
    );
    let delete = world.iam.delete_user_policy().user_name("carlos");
    delete.policy_name("own").send().await.unwrap();
    let gone = world.iam.get_user_policy().user_name("carlos");
    assert_eq!(
        refusal(gone.policy_name("own").send().await),
        "NoSuchEntity: The user policy with name own cannot be found."
    );
}

#[tokio::test]
async fn a_users_policies_can_be_asked_without_doing_anything() {
    let (world, _) = world().await;
    permit(&world, &statement("Allow", "s3:GetObject", "*")).await;
    let ask = world.iam.simulate_principal_policy();
    let ask = ask.policy_source_arn("arn:aws:iam::123456789012:user/staff/carlos");
    let ask = ask
        .action_names("s3:GetObject")
        .action_names("s3:PutObject");
    let answer = ask.send().await.unwrap();
    let decisions: Vec<_> = answer
        .evaluation_results()
        .iter()
        .map(|result| result.eval_decision().as_str())
        .collect();
    assert_eq!(decisions, ["allowed", "implicitDeny"]);
}

#[tokio::test]
async fn a_users_session_may_do_what_the_user_may_but_for_iam() {
    let (world, key) = world().await;
    permit(&world, &statement("Allow", "*", "*")).await;
    let form = [("Action", "GetSessionToken"), ("DurationSeconds", "900")];
    let (status, body) = world.post("sts", &key, &form).await;
    assert_eq!(status, 200, "{body}");
    let session = Credentials::new(
        element(&body, "AccessKeyId"),
        element(&body, "SecretAccessKey"),
        Some(element(&body, "SessionToken").to_owned()),
        None,
        "test",
    );
    let s3 = world.s3(session.clone());
    assert_eq!(code(s3.list_buckets().send().await), None);
    let iam = crate::support::client(&world.emulator, session.clone());
    let refused = code(iam.list_roles().send().await);
    assert_eq!(refused.as_deref(), Some("InvalidClientTokenId"));
    let (status, body) = world.post("sts", &session, &form).await;
    assert_eq!(status, 403);
    assert_eq!(
        element(&body, "Message"),
        "Cannot call GetSessionToken with session credentials"
    );
    world.role("load").await;
    let (status, _) = world.post("sts", &world.session_of("load"), &form).await;
    assert_eq!(status, 403);
    // The user's end is the session's.
    let delete = world.iam.delete_access_key().user_name("carlos");
    delete
        .access_key_id(key.access_key_id())
        .send()
        .await
        .unwrap();
    let delete = world.iam.delete_user_policy().user_name("carlos");
    delete.policy_name("own").send().await.unwrap();
    world
        .iam
        .delete_user()
        .user_name("carlos")
        .send()
        .await
        .unwrap();
    let refused = code(s3.list_buckets().send().await);
    assert_eq!(refused.as_deref(), Some("InvalidAccessKeyId"));
}

/// The role of one account trusts the other, whose own policies must let the user assume it.
#[tokio::test]
async fn across_accounts_a_role_needs_trust_here_and_permission_there() {
    let world = World::start().await;
    let theirs = zipster_names::AccountId::parse("222222222222").unwrap();
    let administrator = world.emulator.administrator_of(theirs);
    let there = crate::support::sdk_credentials(&administrator);
    let there = crate::support::client(&world.emulator, there);
    there.create_user().user_name("maria").send().await.unwrap();
    let key = there.create_access_key().user_name("maria").send().await;
    let key = key.unwrap().access_key.unwrap();
    let key = Credentials::new(key.access_key_id, key.secret_access_key, None, None, "test");
    let role = world.iam.create_role().role_name("target");
    let trust = TRUST.replace("123456789012:root", "222222222222:root");
    let role = role.assume_role_policy_document(trust);
    role.send().await.unwrap();
    let arn = "arn:aws:iam::123456789012:role/target";
    let assume = async || {
        let form = [
            ("Action", "AssumeRole"),
            ("RoleArn", arn),
            ("RoleSessionName", "s2"),
        ];
        world.post("sts", &key, &form).await
    };
    let (status, body) = assume().await;
    assert_eq!(status, 403);
    assert_eq!(
        element(&body, "Message"),
        format!(
            "User: arn:aws:iam::222222222222:user/maria is not authorized to perform: \
             sts:AssumeRole on resource: {arn}"
        )
    );
    let put = there.put_user_policy().user_name("maria").policy_name("p");
    let put = put.policy_document(statement("Allow", "sts:AssumeRole", arn));
    put.send().await.unwrap();
    let (status, body) = assume().await;
    assert_eq!(status, 200, "{body}");
    let assumed = "arn:aws:sts::123456789012:assumed-role/target/s2";
    assert_eq!(element(&body, "Arn"), assumed);
    let untrusting = world.iam.update_assume_role_policy().role_name("target");
    let untrusting = untrusting.policy_document(TRUST);
    untrusting.send().await.unwrap();
    assert_eq!(assume().await.0, 403);
}

#[tokio::test]
async fn a_user_assumes_a_role_that_trusts_them() {
    let (world, key) = world().await;
    let arn = "arn:aws:iam::123456789012:user/staff/carlos";
    let role = world.iam.create_role().role_name("target");
    let role =
        role.assume_role_policy_document(TRUST.replace("arn:aws:iam::123456789012:root", arn));
    role.max_session_duration(7200).send().await.unwrap();
    let form = [
        ("Action", "AssumeRole"),
        ("RoleArn", "arn:aws:iam::123456789012:role/target"),
        ("RoleSessionName", "s2"),
        // Longer than a chain of roles may last.
        ("DurationSeconds", "7200"),
    ];
    let (status, body) = world.post("sts", &key, &form).await;
    assert_eq!(status, 200, "{body}");
}
