//! Permissions boundaries: what a role or user may do at most.

use aws_credential_types::Credentials;

use crate::support::{World, client, code, refusal, statement};

#[tokio::test]
async fn a_role_may_do_what_both_its_policies_and_its_boundary_allow() {
    let world = World::start().await;
    world.role("load").await;
    world.allow("load", "iam:*", "*").await;
    let iam = world.iam_as("load");
    let own = world
        .policy("limit", statement("Allow", "iam:ListRoles", "*"))
        .await;
    let put = world.iam.put_role_permissions_boundary();
    let put = put.role_name("load").permissions_boundary(&own);
    put.send().await.unwrap();
    let role = world.iam.get_role().role_name("load").send().await.unwrap();
    let boundary = role.role.unwrap().permissions_boundary.unwrap();
    assert_eq!(boundary.permissions_boundary_arn(), Some(own.as_str()));
    let policy = world.iam.get_policy().policy_arn(&own).send().await;
    let policy = policy.unwrap().policy.unwrap();
    assert_eq!(policy.permissions_boundary_usage_count(), Some(1));
    assert_eq!(policy.attachment_count(), Some(0));

    assert_eq!(code(iam.list_roles().send().await), None);
    let get = async || iam.get_role().role_name("load").send().await;
    assert_eq!(
        refusal(get().await),
        "AccessDenied: User: arn:aws:sts::123456789012:assumed-role/load/s1 is not authorized to \
         perform: iam:GetRole on resource: arn:aws:iam::123456789012:role/load because no \
         permissions boundary allows the iam:GetRole action"
    );
    let used = world.iam.delete_policy().policy_arn(&own).send().await;
    assert_eq!(code(used).as_deref(), Some("DeleteConflict"));
    // The boundary is the policy's version in force.
    let version = world.iam.create_policy_version().policy_arn(&own);
    let version = version.policy_document(statement("Deny", "iam:ListRoles", "*"));
    version.set_as_default(true).send().await.unwrap();
    let refused = refusal(iam.list_roles().send().await);
    let deny = "with an explicit deny in a permissions boundary";
    assert!(refused.ends_with(deny), "{refused}");
    let delete = world.iam.delete_role_permissions_boundary();
    delete.role_name("load").send().await.unwrap();
    assert_eq!(code(get().await), None);
    let missing = world.iam.put_role_permissions_boundary().role_name("load");
    let missing = missing
        .permissions_boundary(format!("{own}-2"))
        .send()
        .await;
    assert_eq!(
        refusal(missing),
        "NoSuchEntity: Scope ARN: arn:aws:iam::123456789012:policy/limit-2 does not exist or is \
         not attachable."
    );
}

#[tokio::test]
async fn a_boundary_limits_users_and_is_no_permission() {
    let world = World::start().await;
    let own = world
        .policy("limit", statement("Allow", "iam:List*", "*"))
        .await;
    let user = world.iam.create_user().user_name("carlos");
    let user = user.permissions_boundary(&own).send().await.unwrap();
    assert!(user.user.unwrap().permissions_boundary.is_some());
    let key = world.iam.create_access_key().user_name("carlos").send();
    let key = key.await.unwrap().access_key.unwrap();
    let key = Credentials::new(key.access_key_id, key.secret_access_key, None, None, "test");
    let iam = client(&world.emulator, key);
    let refused = refusal(iam.list_users().send().await);
    assert!(refused.contains("no identity-based policy"), "{refused}");
    let put = world
        .iam
        .put_user_policy()
        .user_name("carlos")
        .policy_name("all");
    let put = put.policy_document(statement("Allow", "*", "*"));
    put.send().await.unwrap();
    assert_eq!(code(iam.list_users().send().await), None);
    let refused = refusal(iam.get_user().send().await);
    assert!(refused.contains("no permissions boundary"), "{refused}");
    let ask = world.iam.simulate_principal_policy();
    let ask = ask.policy_source_arn("arn:aws:iam::123456789012:user/carlos");
    let ask = ask
        .action_names("iam:ListUsers")
        .action_names("iam:GetUser");
    let decisions: Vec<String> = ask
        .send()
        .await
        .unwrap()
        .evaluation_results()
        .iter()
        .map(|result| result.eval_decision().as_str().to_owned())
        .collect();
    assert_eq!(decisions, ["allowed", "implicitDeny"]);
    let remove = world.iam.delete_user_permissions_boundary();
    remove.user_name("carlos").send().await.unwrap();
    assert_eq!(code(iam.get_user().send().await), None);
    let again = world
        .iam
        .put_user_permissions_boundary()
        .user_name("carlos");
    again.permissions_boundary(&own).send().await.unwrap();
    assert!(code(iam.get_user().send().await).is_some());
}

#[tokio::test]
async fn who_makes_roles_can_be_made_to_limit_them() {
    let world = World::start().await;
    let own = world.policy("limit", statement("Allow", "s3:*", "*")).await;
    world.role("maker").await;
    let condition = format!(r#"{{"StringEquals":{{"iam:PermissionsBoundary":"{own}"}}}}"#);
    let document = statement("Allow", "iam:*", "*")
        .replace(r#""*"}"#, &format!(r#""*","Condition":{condition}}}"#));
    let put = world.iam.put_role_policy().role_name("maker");
    let put = put.policy_name("p").policy_document(document);
    put.send().await.unwrap();
    let iam = world.iam_as("maker");
    let make = |name: &str| {
        let role = iam.create_role().role_name(name);
        role.assume_role_policy_document(crate::support::TRUST)
    };
    let denied = Some("AccessDenied");
    assert_eq!(code(make("free").send().await).as_deref(), denied);
    let bounded = make("bounded").permissions_boundary(&own).send().await;
    assert_eq!(code(bounded), None);
    let put = |role: &str| {
        let put = iam.put_role_policy().role_name(role).policy_name("p");
        put.policy_document(statement("Allow", "*", "*"))
    };
    assert_eq!(code(put("bounded").send().await), None);
    assert_eq!(code(put("maker").send().await).as_deref(), denied);
}
