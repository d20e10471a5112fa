//! Managed policies, their versions, and the roles that have them.

use aws_sdk_iam::types::{PolicyScopeType, Tag};

use crate::support::{ACCOUNT, World, decoded, refusal, statement};

#[tokio::test]
async fn a_policy_is_made_read_listed_and_deleted() {
    let world = World::start().await;
    let iam = &world.iam;
    let document = statement("Allow", "s3:GetObject", "*");
    let arn = world.policy("read", document.clone()).await;
    assert_eq!(arn, format!("arn:aws:iam::{ACCOUNT}:policy/read"));
    let get = || iam.get_policy().policy_arn(&arn).send();
    let read = get().await.unwrap().policy.unwrap();
    assert!(read.policy_id().unwrap().starts_with("ANPA"));
    assert_eq!(read.default_version_id(), Some("v1"));
    assert_eq!(read.attachment_count(), Some(0));
    let version = iam.get_policy_version().policy_arn(&arn).version_id("v1");
    let version = version.send().await.unwrap().policy_version.unwrap();
    assert_eq!(decoded(version.document().unwrap()), document);
    assert!(version.is_default_version());

    let list = |scope| iam.list_policies().scope(scope).send();
    let own = list(PolicyScopeType::Local).await.unwrap();
    assert_eq!(own.policies().len(), 1);
    let aws = list(PolicyScopeType::Aws).await.unwrap();
    let names = aws.policies().iter().map(|policy| policy.policy_name());
    assert!(names.flatten().any(|name| name == "AdministratorAccess"));

    let again = iam.create_policy().policy_name("READ");
    assert_eq!(
        refusal(again.policy_document(document).send().await),
        "EntityAlreadyExists: A policy called READ already exists. Duplicate names are not allowed."
    );
    iam.delete_policy().policy_arn(&arn).send().await.unwrap();
    assert_eq!(
        refusal(get().await),
        format!("NoSuchEntity: Policy {arn} was not found.")
    );
}

#[tokio::test]
async fn versions_are_numbered_chosen_and_deleted() {
    let world = World::start().await;
    let iam = &world.iam;
    let arn = world.policy("p", statement("Allow", "s3:*", "*")).await;
    let add = |default: bool| {
        let version = iam.create_policy_version().policy_arn(&arn);
        version
            .policy_document(statement("Allow", "sns:*", "*"))
            .set_as_default(default)
            .send()
    };
    let remove = |version: &str| {
        let delete = iam.delete_policy_version().policy_arn(&arn);
        delete.version_id(version).send()
    };
    let choose = |version: &str| {
        let choose = iam.set_default_policy_version().policy_arn(&arn);
        choose.version_id(version).send()
    };
    for number in 2..=5 {
        let made = add(number == 2).await.unwrap().policy_version.unwrap();
        assert_eq!(made.version_id(), Some(&*format!("v{number}")));
        assert_eq!(made.is_default_version(), number == 2);
    }
    assert_eq!(
        refusal(add(false).await),
        "LimitExceeded: A managed policy can have up to 5 versions. Before you create a new \
         version, you must delete an existing version."
    );
    assert_eq!(
        refusal(remove("v2").await),
        "DeleteConflict: Cannot delete the default version of a policy."
    );
    remove("v5").await.unwrap();
    let next = add(false).await.unwrap().policy_version.unwrap();
    assert_eq!(next.version_id(), Some("v6"));
    choose("v1").await.unwrap();
    assert_eq!(
        refusal(choose("v5").await),
        format!("NoSuchEntity: Policy {arn} version v5 does not exist or is not attachable.")
    );
    assert_eq!(
        refusal(choose("5").await),
        "ValidationError: 1 validation error detected: Value '5' at 'versionId' failed to satisfy \
         constraint: Member must satisfy regular expression pattern: \
         v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?"
    );
    let list = iam.list_policy_versions().policy_arn(&arn).send().await;
    let list: Vec<_> = list
        .unwrap()
        .versions()
        .iter()
        .map(|v| (v.version_id().unwrap().to_owned(), v.is_default_version()))
        .collect();
    let expected = [
        ("v6", false),
        ("v4", false),
        ("v3", false),
        ("v2", false),
        ("v1", true),
    ];
    assert_eq!(list, expected.map(|(id, default)| (id.to_owned(), default)));
    let delete = iam.delete_policy().policy_arn(&arn).send().await;
    assert!(refusal(delete).starts_with("DeleteConflict: This policy has more than one version."));
}

#[tokio::test]
async fn policies_are_attached_listed_and_detached() {
    let world = World::start().await;
    let iam = &world.iam;
    world.role("load").await;
    let arn = world.policy("p", statement("Allow", "s3:*", "*")).await;
    let attach = |arn: &str| {
        let attach = iam.attach_role_policy().role_name("load");
        attach.policy_arn(arn).send()
    };
    // Attaching twice is attaching once.
    attach(&arn).await.unwrap();
    attach(&arn).await.unwrap();
    attach("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
        .await
        .unwrap();
    let list = iam.list_attached_role_policies().role_name("load").send();
    let list: Vec<_> = list
        .await
        .unwrap()
        .attached_policies()
        .iter()
        .map(|policy| policy.policy_name().unwrap().to_owned())
        .collect();
    assert_eq!(list, ["p", "AmazonS3ReadOnlyAccess"]);
    let entities = iam.list_entities_for_policy().policy_arn(&arn).send().await;
    let entities = entities.unwrap();
    assert_eq!(entities.policy_roles()[0].role_name(), Some("load"));
    let read = iam.get_policy().policy_arn(&arn).send().await.unwrap();
    assert_eq!(read.policy.unwrap().attachment_count(), Some(1));

    let delete = iam.delete_policy().policy_arn(&arn).send().await;
    assert_eq!(
        refusal(delete),
        "DeleteConflict: Cannot delete a policy attached to entities."
    );
    let missing = format!("arn:aws:iam::{ACCOUNT}:policy/missing");
    assert_eq!(
        refusal(attach(&missing).await),
        format!("NoSuchEntity: Policy {missing} does not exist or is not attachable.")
    );
    assert_eq!(
        refusal(attach("arn:aws:iam::aws:policy/PowerUserAccess").await),
        "NotImplemented: iam: the AWS managed policy arn:aws:iam::aws:policy/PowerUserAccess is \
         not supported by this emulator"
    );
    let detach = || {
        let detach = iam.detach_role_policy().role_name("load");
        detach.policy_arn(&arn).send()
    };
    detach().await.unwrap();
    assert_eq!(
        refusal(detach().await),
        format!("NoSuchEntity: Policy {arn} was not found.")
    );
}

#[tokio::test]
async fn what_a_role_may_do_follows_its_policies_at_once() {
    let world = World::start().await;
    let iam = &world.iam;
    world.role("load").await;
    let as_role = world.iam_as("load");
    let allowed = async || as_role.list_roles().send().await.is_ok();
    assert!(!allowed().await);

    let list = statement("Allow", "iam:ListRoles", "*");
    let arn = world.policy("p", list).await;
    let attach = iam.attach_role_policy().role_name("load");
    attach.policy_arn(&arn).send().await.unwrap();
    assert!(allowed().await);

    let other = iam.create_policy_version().policy_arn(&arn);
    other
        .policy_document(statement("Allow", "s3:*", "*"))
        .set_as_default(true)
        .send()
        .await
        .unwrap();
    assert!(!allowed().await);
    let back = iam.set_default_policy_version().policy_arn(&arn);
    back.version_id("v1").send().await.unwrap();
    assert!(allowed().await);

    world.allow("load", "iam:*", "*").await;
    let detach = iam.detach_role_policy().role_name("load");
    detach.policy_arn(&arn).send().await.unwrap();
    assert!(allowed().await);
    let remove = iam.delete_role_policy().role_name("load");
    remove.policy_name("allow").send().await.unwrap();
    assert!(!allowed().await);
}

#[tokio::test]
async fn a_policy_has_tags_that_policies_can_ask_for() {
    let world = World::start().await;
    let iam = &world.iam;
    let arn = world.policy("p", statement("Allow", "s3:*", "*")).await;
    let tag = async |key: &str, value: &str| {
        let tag = Tag::builder().key(key).value(value).build().unwrap();
        let call = iam.tag_policy().policy_arn(&arn).tags(tag);
        call.send().await.unwrap();
    };
    let tags = async || -> Vec<String> {
        let list = iam.list_policy_tags().policy_arn(&arn).send().await;
        let listed = list.unwrap();
        let tags = listed.tags().iter();
        tags.map(|tag| format!("{}={}", tag.key(), tag.value()))
            .collect()
    };
    tag("Team", "web").await;
    tag("more", "").await;
    // Another spelling is the same key.
    tag("team", "data").await;
    assert_eq!(tags().await, ["more=", "team=data"]);

    world.role("load").await;
    let condition = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:UntagPolicy",
        "Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"data",
        "aws:TagKeys":"more"}}}}"#;
    let put = iam.put_role_policy().role_name("load").policy_name("p");
    put.policy_document(condition).send().await.unwrap();
    let role = world.iam_as("load");
    let untag = async |key: &str| {
        let untag = role.untag_policy().policy_arn(&arn).tag_keys(key);
        untag.send().await
    };
    let refused = refusal(untag("team").await);
    assert!(refused.starts_with("AccessDenied: "), "{refused}");
    untag("more").await.unwrap();
    assert_eq!(tags().await, ["team=data"]);
    iam.untag_policy()
        .policy_arn(&arn)
        .tag_keys("TEAM")
        .send()
        .await
        .unwrap();
    assert_eq!(tags().await, [""; 0]);
    // What its tags allowed is refused without them.
    assert!(untag("more").await.is_err());
}
