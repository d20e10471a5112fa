//! Roles, their tags and their inline policies.

use aws_sdk_iam::types::Tag;

use crate::support::{ACCOUNT, TRUST, World, decoded, refusal, statement};

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build().unwrap()
}

#[tokio::test]
async fn a_role_is_made_read_changed_and_deleted() {
    let world = World::start().await;
    let iam = &world.iam;
    let made = iam
        .create_role()
        .role_name("load")
        .path("/pipeline/")
        .description("writes rows")
        .assume_role_policy_document(TRUST)
        .tags(tag("team", "data"))
        .send()
        .await
        .unwrap()
        .role
        .unwrap();
    assert_eq!(
        made.arn(),
        format!("arn:aws:iam::{ACCOUNT}:role/pipeline/load")
    );
    assert!(made.role_id().starts_with("AROA") && made.role_id().len() == 21);
    assert_eq!(made.max_session_duration(), Some(3600));

    iam.update_role()
        .role_name("load")
        .max_session_duration(7200)
        .send()
        .await
        .unwrap();
    let trust = TRUST.replace("lambda", "ec2");
    iam.update_assume_role_policy()
        .role_name("load")
        .policy_document(&trust)
        .send()
        .await
        .unwrap();
    let read = iam.get_role().role_name("load").send().await.unwrap();
    let read = read.role.unwrap();
    assert_eq!(read.role_id(), made.role_id());
    assert_eq!(read.create_date(), made.create_date());
    assert_eq!(read.description(), Some("writes rows"));
    assert_eq!(read.max_session_duration(), Some(7200));
    let document = read.assume_role_policy_document().unwrap();
    assert!(document.starts_with("%7B%22Version%22%3A%222012-10-17%22"));
    assert_eq!(decoded(document), trust);
    assert_eq!(read.tags(), [tag("team", "data")]);

    iam.delete_role().role_name("load").send().await.unwrap();
    let gone = iam.get_role().role_name("load").send().await;
    assert_eq!(
        refusal(gone),
        "NoSuchEntity: The role with name load cannot be found."
    );
}

#[tokio::test]
async fn roles_are_refused_as_on_aws() {
    let world = World::start().await;
    world.role("load").await;
    let create = |name: &str, trust: &str| {
        let role = world.iam.create_role().role_name(name);
        role.assume_role_policy_document(trust)
    };
    assert_eq!(
        refusal(create("LOAD", TRUST).send().await),
        "EntityAlreadyExists: Role with name LOAD already exists."
    );
    assert_eq!(
        refusal(create("a/b", TRUST).send().await),
        "ValidationError: The specified value for roleName is invalid. It must contain only \
         alphanumeric characters and/or the following: +=,.@_-"
    );
    assert_eq!(
        refusal(create("r", "{}").send().await),
        "MalformedPolicyDocument: Syntax errors in policy."
    );
    assert_eq!(
        refusal(create("r", "{").send().await),
        "MalformedPolicyDocument: This policy contains invalid Json"
    );
    let with_resource = TRUST.replace(r#""Effect""#, r#""Resource":"*","Effect""#);
    assert_eq!(
        refusal(create("r", &with_resource).send().await),
        "MalformedPolicyDocument: Has prohibited field Resource"
    );
    assert_eq!(
        refusal(create("r", TRUST).path("load").send().await),
        "ValidationError: The specified value for path is invalid. It must begin and end with / \
         and contain only alphanumeric characters and/or / characters."
    );
    assert_eq!(
        refusal(create("r", TRUST).max_session_duration(60).send().await),
        "ValidationError: 1 validation error detected: Value '60' at 'maxSessionDuration' failed \
         to satisfy constraint: Member must have value greater than or equal to 3600"
    );
    let boundary = create("r", TRUST).permissions_boundary("arn:aws:iam::aws:policy/A");
    assert_eq!(
        refusal(boundary.send().await),
        "NotImplemented: iam: the AWS managed policy arn:aws:iam::aws:policy/A is not supported by \
         this emulator"
    );
    let groups = world.iam.list_groups().send().await;
    assert_eq!(
        refusal(groups),
        "NotImplemented: iam: ListGroups is not supported by this emulator"
    );
}

#[tokio::test]
async fn a_role_with_policies_is_not_deleted() {
    let world = World::start().await;
    world.role("load").await;
    world.allow("load", "s3:GetObject", "*").await;
    let arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
    let attach = world.iam.attach_role_policy().role_name("load");
    attach.policy_arn(arn).send().await.unwrap();
    let delete = || world.iam.delete_role().role_name("load").send();

    assert_eq!(
        refusal(delete().await),
        "DeleteConflict: Cannot delete entity, must detach all policies first."
    );
    let detach = world.iam.detach_role_policy().role_name("load");
    detach.policy_arn(arn).send().await.unwrap();
    assert_eq!(
        refusal(delete().await),
        "DeleteConflict: Cannot delete entity, must delete policies first."
    );
    let remove = world.iam.delete_role_policy().role_name("load");
    remove.policy_name("allow").send().await.unwrap();
    delete().await.unwrap();
}

#[tokio::test]
async fn inline_policies_are_put_read_listed_and_deleted() {
    let world = World::start().await;
    world.role("load").await;
    let iam = &world.iam;
    let document = statement("Allow", "s3:GetObject", "arn:aws:s3:::b/ü &+*");
    for name in ["second", "first"] {
        let put = iam.put_role_policy().role_name("load").policy_name(name);
        put.policy_document(&document).send().await.unwrap();
    }
    let list = iam.list_role_policies().role_name("load");
    assert_eq!(
        list.send().await.unwrap().policy_names(),
        ["first", "second"]
    );
    let get = |name: &str| {
        iam.get_role_policy()
            .role_name("load")
            .policy_name(name)
            .send()
    };
    let read = get("first").await.unwrap();
    assert_eq!(decoded(read.policy_document()), document);
    assert_eq!(
        refusal(get("third").await),
        "NoSuchEntity: The role policy with name third cannot be found."
    );
    let put = iam.put_role_policy().role_name("load").policy_name("p");
    assert_eq!(
        refusal(put.policy_document(TRUST).send().await),
        "MalformedPolicyDocument: Policy document should not specify a principal."
    );
    let long = format!("arn:aws:s3:::{}", "k".repeat(10_240));
    let put = iam.put_role_policy().role_name("load").policy_name("p");
    let put = put.policy_document(statement("Allow", "s3:GetObject", &long));
    assert_eq!(
        refusal(put.send().await),
        "LimitExceeded: Maximum policy size of 10240 bytes exceeded for role load"
    );
}

#[tokio::test]
async fn lists_come_in_pages_and_by_path() {
    let world = World::start().await;
    for name in ["a", "b", "c"] {
        world.role(name).await;
    }
    let deep = world.iam.create_role().role_name("d").path("/deep/");
    let deep = deep.assume_role_policy_document(TRUST);
    deep.send().await.unwrap();
    let mut pages = world.iam.list_roles().into_paginator().page_size(3).send();
    let mut seen = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        let names: Vec<_> = page
            .roles()
            .iter()
            .map(|r| r.role_name().to_owned())
            .collect();
        seen.push((names, page.is_truncated()));
    }
    let names = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        seen,
        [(names(&["a", "b", "c"]), true), (names(&["d"]), false)]
    );
    let below = world.iam.list_roles().path_prefix("/deep/");
    assert_eq!(below.send().await.unwrap().roles().len(), 1);
}

#[tokio::test]
async fn tags_are_set_replaced_and_removed() {
    let world = World::start().await;
    world.role("load").await;
    let iam = &world.iam;
    let set = |tags: Vec<Tag>| iam.tag_role().role_name("load").set_tags(Some(tags)).send();
    set(vec![tag("team", "data"), tag("stage", "test")])
        .await
        .unwrap();
    set(vec![tag("Team", "web")]).await.unwrap();
    let list = || iam.list_role_tags().role_name("load").send();
    assert_eq!(
        list().await.unwrap().tags(),
        [tag("Team", "web"), tag("stage", "test")]
    );
    let untag = iam.untag_role().role_name("load").tag_keys("stage");
    untag.send().await.unwrap();
    assert_eq!(list().await.unwrap().tags(), [tag("Team", "web")]);
}

#[tokio::test]
async fn the_operations_themselves_need_permission() {
    let world = World::start().await;
    world.role("load").await;
    let as_role = world.iam_as("load");
    let denied = as_role.get_role().role_name("load").send().await;
    assert_eq!(
        refusal(denied),
        "AccessDenied: User: arn:aws:sts::123456789012:assumed-role/load/s1 is not authorized to \
         perform: iam:GetRole on resource: arn:aws:iam::123456789012:role/load because no \
         identity-based policy allows the iam:GetRole action"
    );
    let own = format!("arn:aws:iam::{ACCOUNT}:role/load");
    world.allow("load", "iam:Get*", &own).await;
    as_role.get_role().role_name("load").send().await.unwrap();
    let other = as_role.get_role().role_name("missing").send().await;
    assert!(refusal(other).starts_with("AccessDenied"));
}
