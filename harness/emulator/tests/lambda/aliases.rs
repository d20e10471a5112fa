//! Names for versions.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::AliasRoutingConfiguration;
use serde_json::json;
use zipster_emulator::journal::Event;

use crate::function::package;
use crate::support::{ARN, World, iam, refusal, session};

/// `the-function` with the versions `1` and `2`, and `live`, which is the first.
async fn live() -> World {
    let world = World::hurried().await;
    world.publish().await;
    world.update(package("two")).await;
    world.publish().await;
    let create = world.lambda.create_alias().function_name("the-function");
    let create = create.name("live").function_version("1");
    create.send().await.unwrap();
    world
}

fn weight(version: &str, weight: f64) -> AliasRoutingConfiguration {
    let routing = AliasRoutingConfiguration::builder();
    routing.additional_version_weights(version, weight).build()
}

#[tokio::test]
async fn an_alias_runs_the_version_that_it_names() {
    let world = live().await;
    let alias = format!("{ARN}:live");
    let (executed, context) = world
        .invoke_qualified("live", json!({ "do": "context" }))
        .await;
    assert_eq!(executed, "1");
    assert_eq!(context["arn"], alias);
    let update = world.lambda.update_alias().function_name("the-function");
    let update = update.name("live").function_version("2");
    let updated = update.description("the second").send().await.unwrap();
    assert_eq!(updated.alias_arn(), Some(alias.as_str()));
    let environment = json!({ "do": "environment" });
    let (executed, environment) = world.invoke_qualified("live", environment).await;
    assert_eq!(executed, "2");
    assert_eq!(environment["STAGE"], "two");
    assert_eq!(environment["AWS_LAMBDA_FUNCTION_VERSION"], "2");
    let shown = world.lambda.get_function().function_name(&alias);
    let shown = shown.send().await.unwrap().configuration.unwrap();
    assert_eq!(shown.version(), Some("2"));
    assert_eq!(shown.function_arn(), Some(alias.as_str()));
    let shown = world.lambda.get_alias().function_name("the-function");
    let shown = shown.name("live").send().await.unwrap();
    assert_eq!(shown.function_version(), Some("2"));
    assert_eq!(shown.description(), Some("the second"));
    assert_eq!(shown.revision_id(), updated.revision_id());
}

#[tokio::test]
async fn an_alias_shares_its_invocations_between_two_versions() {
    let world = live().await;
    let shares = async |routing: AliasRoutingConfiguration| {
        let update = world.lambda.update_alias().function_name("the-function");
        let update = update.name("live").routing_config(routing);
        update.send().await.unwrap();
        let mut shares = BTreeMap::new();
        for _ in 0..40 {
            let (executed, _) = world.invoke_qualified("live", json!({})).await;
            *shares.entry(executed).or_insert(0) += 1;
        }
        shares
    };
    let half = shares(weight("2", 0.5)).await;
    assert!((8..=32).contains(&half["1"]), "{half:?}");
    assert_eq!(half["1"] + half["2"], 40);
    let all = shares(weight("2", 1.0)).await;
    assert_eq!(all, BTreeMap::from([("2".to_owned(), 40)]));
    let none = AliasRoutingConfiguration::builder();
    let none = none.set_additional_version_weights(Some(HashMap::new()));
    let none = shares(none.build()).await;
    assert_eq!(none, BTreeMap::from([("1".to_owned(), 40)]));
}

#[tokio::test]
async fn what_cannot_be_named_is_refused() {
    let world = live().await;
    let create = |name: &str, version: &str, routing: Option<AliasRoutingConfiguration>| {
        let create = world.lambda.create_alias().function_name("the-function");
        let create = create.name(name).function_version(version);
        create.set_routing_config(routing).send()
    };
    let invalid = |message: &str| format!("InvalidParameterValueException: {message}");
    assert_eq!(
        refusal(create("live", "2", None).await),
        format!("ResourceConflictException: Alias already exists: {ARN}:live")
    );
    assert_eq!(
        refusal(create("next", "7", None).await),
        format!("ResourceNotFoundException: Function not found: {ARN}:7")
    );
    assert_eq!(
        refusal(create("7", "1", None).await),
        "ValidationException: 1 validation error detected: Value '7' at 'name' failed to satisfy \
         constraint: Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)"
    );
    assert_eq!(
        refusal(create("next", "1", Some(weight("1", 0.5))).await),
        invalid(
            "Invalid function version 1. Function version 1 is already included in routing \
             configuration."
        )
    );
    assert_eq!(
        refusal(create("next", "$LATEST", Some(weight("1", 0.5))).await),
        invalid("$LATEST is not supported for an alias pointing to more than 1 version")
    );
    let two = AliasRoutingConfiguration::builder()
        .additional_version_weights("1", 0.1)
        .additional_version_weights("2", 0.1)
        .build();
    assert_eq!(
        refusal(create("next", "1", Some(two)).await),
        invalid("Number of items in AdditionalVersionWeights cannot be greater than 1")
    );
    let much = refusal(create("next", "1", Some(weight("2", 1.5))).await);
    assert!(
        much.contains("Member must have value less than or equal to 1.0"),
        "{much}"
    );
    let missing = |alias: &str| format!("ResourceNotFoundException: {alias}: {ARN}:next");
    let get = world.lambda.get_alias().function_name("the-function");
    assert_eq!(
        refusal(get.name("next").send().await),
        missing("Cannot find alias arn")
    );
    let update = world.lambda.update_alias().function_name("the-function");
    assert_eq!(
        refusal(update.name("next").send().await),
        missing("Alias not found")
    );
    let invoke = world.lambda.invoke().function_name("the-function");
    assert_eq!(
        refusal(invoke.qualifier("next").send().await),
        missing("Function not found")
    );
    let stale = world.lambda.update_alias().function_name("the-function");
    let stale = stale.name("live").revision_id("stale").send();
    assert!(refusal(stale.await).starts_with("PreconditionFailedException: "));
}

#[tokio::test]
async fn a_version_stays_as_long_as_it_has_a_name() {
    let world = live().await;
    let delete = |qualifier: &str| {
        let delete = world.lambda.delete_function();
        let delete = delete.function_name("the-function");
        delete.qualifier(qualifier).send()
    };
    let update = world.lambda.update_alias().function_name("the-function");
    let update = update.name("live").routing_config(weight("2", 0.1));
    update.send().await.unwrap();
    for version in ["1", "2"] {
        assert_eq!(
            refusal(delete(version).await),
            "ResourceConflictException: Unable to delete version because the following aliases \
             reference it: [live]"
        );
    }
    assert_eq!(
        refusal(delete("live").await),
        "InvalidParameterValueException: Deletion of aliases is not currently supported."
    );
    for _ in 0..2 {
        let delete = world.lambda.delete_alias().function_name("the-function");
        delete.name("live").send().await.unwrap();
    }
    delete("1").await.unwrap();
}

#[tokio::test]
async fn aliases_are_listed_by_name_and_version() {
    let world = live().await;
    for (name, version) in [("beta", "2"), ("old", "1")] {
        let create = world.lambda.create_alias().function_name("the-function");
        let create = create.name(name).function_version(version);
        create.send().await.unwrap();
    }
    let list = async |version: Option<&str>, marker: Option<String>| {
        let list = world.lambda.list_aliases().function_name("the-function");
        let list = list.set_function_version(version.map(str::to_owned));
        let list = list.max_items(2).set_marker(marker);
        let page = list.send().await.unwrap();
        let aliases = page.aliases().iter();
        let names: Vec<_> = aliases
            .map(|alias| alias.name().unwrap().to_owned())
            .collect();
        (names.join(" "), page.next_marker)
    };
    let (first, marker) = list(None, None).await;
    assert_eq!(first, "beta live");
    assert_eq!(list(None, marker).await, ("old".to_owned(), None));
    assert_eq!(list(Some("1"), None).await, ("live old".to_owned(), None));
}

/// A policy can let a caller in by an alias alone.
#[tokio::test]
async fn who_may_invoke_an_alias_may_not_invoke_what_is_behind_it() {
    let world = live().await;
    let session = session(&world).await;
    let policy = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": format!("{ARN}:live"),
    } });
    let put = iam(&world.emulator).put_role_policy().role_name("the-role");
    let put = put.policy_name("functions");
    let put = put.policy_document(policy.to_string());
    put.send().await.unwrap();
    let invoke = |qualifier: Option<&str>| {
        let invoke = session.invoke().function_name("the-function");
        let invoke = invoke.set_qualifier(qualifier.map(str::to_owned));
        invoke.payload(Blob::new("{}")).send()
    };
    invoke(Some("live")).await.unwrap();
    for other in [None, Some("1"), Some("$LATEST")] {
        let refused = refusal(invoke(other).await);
        assert!(refused.starts_with("AccessDeniedException: "), "{refused}");
    }
}

#[tokio::test]
async fn events_for_an_alias_are_tried_as_often_as_its_settings_say() {
    let world = live().await;
    let put = world.lambda.put_function_event_invoke_config();
    let put = put.function_name("the-function").qualifier("live");
    put.maximum_retry_attempts(1).send().await.unwrap();
    let invoke = world.lambda.invoke().function_name("the-function");
    let invoke = invoke.qualifier("live").invocation_type("Event".into());
    let invoke = invoke.payload(Blob::new(r#"{"do": "fail"}"#));
    invoke.send().await.unwrap();
    world.emulator.settled().await;
    let started =
        world.events(|event| matches!(event, Event::InvocationStarted { .. }).then_some(()));
    assert_eq!(started.len(), 2);
    let put = world.lambda.put_function_event_invoke_config();
    let put = put.function_name("the-function").maximum_retry_attempts(0);
    put.send().await.unwrap();
    let list = world.lambda.list_function_event_invoke_configs();
    let listed = list.function_name("the-function").max_items(1);
    let first = listed.clone().send().await.unwrap();
    let second = listed.marker(first.next_marker().unwrap());
    let second = second.send().await.unwrap();
    assert_eq!(second.next_marker(), None);
    let listed = [&first, &second].map(|answer| {
        let [settings] = answer.function_event_invoke_configs() else {
            panic!("{answer:?}");
        };
        (
            settings.function_arn().unwrap().to_owned(),
            settings.maximum_retry_attempts().unwrap(),
        )
    });
    assert_eq!(
        listed,
        [(format!("{ARN}:$LATEST"), 0), (format!("{ARN}:live"), 1)]
    );
    // With the alias go its settings.
    let delete = world.lambda.delete_alias().function_name("the-function");
    delete.name("live").send().await.unwrap();
    let create = world.lambda.create_alias().function_name("the-function");
    let create = create.name("live").function_version("1");
    create.send().await.unwrap();
    let get = world.lambda.get_function_event_invoke_config();
    let get = get.function_name("the-function").qualifier("live").send();
    assert_eq!(
        refusal(get.await),
        format!(
            "ResourceNotFoundException: The function {ARN}:live doesn't have an EventInvokeConfig"
        )
    );
}
