//! Operations on functions.

use std::io::Write as _;

use aws_sdk_lambda::error::ProvideErrorMetadata as _;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{FunctionCode, Runtime};

use crate::support::{ACCOUNT, ARN, REGION, ROLE, World, refusal};

#[tokio::test]
async fn a_function_is_shown_as_it_was_made() {
    let world = World::empty().await;
    let made = world
        .function("the-function")
        .description("Loads.")
        .timeout(900)
        .memory_size(512)
        .tags("team", "zip")
        .send()
        .await
        .unwrap();
    assert_eq!(made.function_arn(), Some(ARN));
    assert_eq!(made.state().unwrap().as_str(), "Active");
    let shown = world
        .lambda
        .get_function()
        .function_name(ARN)
        .send()
        .await
        .unwrap();
    let configuration = shown.configuration().unwrap();
    assert_eq!(configuration.description(), Some("Loads."));
    assert_eq!(configuration.role(), Some(ROLE));
    assert_eq!(configuration.timeout(), Some(900));
    assert_eq!(configuration.memory_size(), Some(512));
    assert_eq!(configuration.revision_id(), made.revision_id());
    assert_eq!(configuration.code_sha256(), made.code_sha256());
    assert_eq!(shown.tags().unwrap()["team"], "zip");
    let configuration = world
        .lambda
        .get_function_configuration()
        .function_name("the-function")
        .send()
        .await
        .unwrap();
    assert_eq!(configuration.ephemeral_storage().unwrap().size(), 512);
    let runtime = configuration.runtime_version_config().unwrap();
    let runtime = runtime.runtime_version_arn().unwrap();
    let (place, version) = runtime.rsplit_once(':').unwrap();
    assert_eq!(place, format!("arn:aws:lambda:{REGION}::runtime"));
    assert_eq!(version.len(), 64);
}

#[tokio::test]
async fn functions_are_listed_by_name_and_page() {
    let world = World::empty().await;
    for name in ["b", "c", "a"] {
        world.function(name).send().await.unwrap();
    }
    let page = world
        .lambda
        .list_functions()
        .max_items(2)
        .send()
        .await
        .unwrap();
    let names = |page: &aws_sdk_lambda::operation::list_functions::ListFunctionsOutput| {
        page.functions()
            .iter()
            .map(|function| function.function_name().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&page), ["a", "b"]);
    let rest = world
        .lambda
        .list_functions()
        .marker(page.next_marker().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(names(&rest), ["c"]);
    assert_eq!(rest.next_marker(), None);
}

#[tokio::test]
async fn a_name_can_be_used_once_and_again_after_a_delete() {
    let world = World::start().await;
    assert_eq!(
        refusal(world.function("the-function").send().await),
        "ResourceConflictException: Function already exist: the-function"
    );
    let delete = || world.lambda.delete_function().function_name("the-function");
    delete().send().await.unwrap();
    let missing = format!("ResourceNotFoundException: Function not found: {ARN}");
    assert_eq!(refusal(delete().send().await), missing);
    let invoke = world.lambda.invoke().function_name("the-function");
    assert_eq!(refusal(invoke.send().await), missing);
    world.function("the-function").send().await.unwrap();
}

#[tokio::test]
async fn what_aws_refuses_is_refused() {
    let world = World::empty().await;
    let function = || world.function("the-function");
    assert_eq!(
        refusal(function().timeout(901).memory_size(1).send().await),
        "ValidationException: 2 validation errors detected: Value '901' at 'timeout' failed to \
         satisfy constraint: Member must have value less than or equal to 900; Value '1' at \
         'memorySize' failed to satisfy constraint: Member must have value greater than or equal \
         to 128"
    );
    let foreign = ROLE.replace(ACCOUNT, "999999999999");
    assert_eq!(
        refusal(function().role(foreign).send().await),
        "AccessDeniedException: Cross-account pass role is not allowed."
    );
    let unknown = ROLE.replace("the-role", "nobodys");
    assert_eq!(
        refusal(function().role(unknown).send().await),
        "InvalidParameterValueException: The role defined for the function cannot be assumed by \
         Lambda."
    );
    let nothing = FunctionCode::builder().build();
    assert_eq!(
        refusal(function().code(nothing).send().await),
        "InvalidParameterValueException: Please provide a source for function code."
    );
}

#[tokio::test]
async fn what_the_emulator_cannot_do_is_refused_by_name() {
    let world = World::empty().await;
    let function = || world.function("the-function");
    let unsupported =
        |what: &str| format!("NotImplemented: lambda: {what} is not supported by this emulator");
    let node = Runtime::from("nodejs22.x");
    assert_eq!(
        refusal(function().runtime(node).send().await),
        unsupported("the runtime nodejs22.x")
    );
    assert_eq!(
        refusal(function().layers("arn:aws:lambda:x").send().await),
        unsupported("the parameter Layers")
    );
    let image = FunctionCode::builder().image_uri("x").build();
    assert_eq!(
        refusal(function().code(image).send().await),
        unsupported("ImageUri")
    );
    world.function("permitted").send().await.unwrap();
    let organisation = world
        .lambda
        .add_permission()
        .function_name("permitted")
        .statement_id("all-of-us")
        .action("lambda:InvokeFunction")
        .principal("*")
        .principal_org_id("o-a1b2c3d4e5")
        .send();
    assert_eq!(
        refusal(organisation.await),
        unsupported("PrincipalOrgID (there are no organizations)")
    );
}

#[tokio::test]
async fn settings_for_events_are_kept_changed_and_forgotten() {
    let world = World::start().await;
    let lambda = &world.lambda;
    let get = || {
        lambda
            .get_function_event_invoke_config()
            .function_name("the-function")
            .send()
    };
    let none = format!(
        "ResourceNotFoundException: The function {ARN}:$LATEST doesn't have an EventInvokeConfig"
    );
    assert_eq!(refusal(get().await), none);
    lambda
        .put_function_event_invoke_config()
        .function_name("the-function")
        .maximum_retry_attempts(1)
        .send()
        .await
        .unwrap();
    lambda
        .update_function_event_invoke_config()
        .function_name("the-function")
        .maximum_event_age_in_seconds(60)
        .send()
        .await
        .unwrap();
    let config = get().await.unwrap();
    assert_eq!(config.maximum_retry_attempts(), Some(1));
    assert_eq!(config.maximum_event_age_in_seconds(), Some(60));
    let arn = format!("{ARN}:$LATEST");
    assert_eq!(config.function_arn(), Some(arn.as_str()));
    assert!(config.last_modified().unwrap().secs() > 1_700_000_000);
    let bad = lambda
        .put_function_event_invoke_config()
        .function_name("the-function")
        .maximum_retry_attempts(3)
        .send();
    assert!(refusal(bad.await).starts_with("ValidationException: 1 validation error detected"));
    lambda
        .delete_function_event_invoke_config()
        .function_name("the-function")
        .send()
        .await
        .unwrap();
    assert_eq!(refusal(get().await), none);
}

#[tokio::test]
async fn a_policy_grows_and_shrinks_by_statements() {
    let world = World::start().await;
    let lambda = &world.lambda;
    let get = || lambda.get_policy().function_name("the-function").send();
    let none = "ResourceNotFoundException: The resource you requested does not exist.";
    assert_eq!(refusal(get().await), none);
    let added = lambda
        .add_permission()
        .function_name("the-function")
        .statement_id("bucket")
        .action("lambda:InvokeFunction")
        .principal("s3.amazonaws.com")
        .source_arn("arn:aws:s3:::input")
        .source_account(ACCOUNT)
        .send()
        .await
        .unwrap();
    let policy = get().await.unwrap();
    let statement = added.statement().unwrap();
    assert!(policy.policy().unwrap().contains(statement), "{policy:?}");
    lambda
        .remove_permission()
        .function_name("the-function")
        .statement_id("bucket")
        .send()
        .await
        .unwrap();
    assert_eq!(refusal(get().await), none);
}

#[tokio::test]
async fn of_two_changes_to_one_revision_only_one_is_made() {
    let world = World::start().await;
    let revision = world
        .lambda
        .get_function_configuration()
        .function_name("the-function")
        .send()
        .await
        .unwrap()
        .revision_id
        .unwrap();
    let change = || {
        world
            .lambda
            .update_function_code()
            .function_name("the-function")
            .revision_id(&revision)
            .zip_file(Blob::new(package()))
            .send()
    };
    let answers = futures::future::join_all((0..8).map(|_| change())).await;
    let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!(made.len(), 1);
    for refused in refused {
        let error = refused.unwrap_err();
        assert_eq!(error.code(), Some("PreconditionFailedException"));
    }
}

#[tokio::test]
async fn functions_share_what_an_account_can_reserve() {
    let world = World::empty().await;
    for name in ["one", "other"] {
        world.function(name).send().await.unwrap();
    }
    let reserve = |name: &'static str, number: i32| {
        world
            .lambda
            .put_function_concurrency()
            .function_name(name)
            .reserved_concurrent_executions(number)
            .send()
    };
    reserve("one", 900).await.unwrap();
    // A function's own reservation is replaced, not added to.
    reserve("one", 500).await.unwrap();
    assert_eq!(
        refusal(reserve("other", 401).await),
        "InvalidParameterValueException: Specified ReservedConcurrentExecutions for function decreases account's \
         UnreservedConcurrentExecution below its minimum value of [100]."
    );
    reserve("other", 400).await.unwrap();
}

/// A package that is never run.
fn package() -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().unix_permissions(0o755);
    zip.start_file("bootstrap", options).unwrap();
    zip.write_all(&[0; 100_000]).unwrap();
    zip.finish().unwrap().into_inner()
}
