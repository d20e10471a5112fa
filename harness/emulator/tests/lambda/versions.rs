//! Published versions.

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_s3::types::{LambdaFunctionConfiguration, NotificationConfiguration};
use serde_json::json;
use zipster_emulator::journal::Event;

use crate::function::package;
use crate::support::{ACCOUNT, ARN, Meeting, World, refusal, s3};

/// `the-function`, made of `package("one")`.
async fn packaged() -> World {
    let world = World::empty().await;
    let code = aws_sdk_lambda::types::FunctionCode::builder();
    let code = code.zip_file(Blob::new(package("one"))).build();
    let function = world.function("the-function").code(code);
    function.send().await.unwrap();
    world
}

#[tokio::test]
async fn a_version_keeps_code_and_settings() {
    let world = packaged().await;
    assert_eq!(world.publish().await, "1");
    world.update(package("two")).await;
    let settings = world.lambda.update_function_configuration();
    let settings = settings.function_name("the-function").memory_size(512);
    settings.send().await.unwrap();
    assert_eq!(world.publish().await, "2");
    for (qualifier, stage, memory) in [
        ("1", "one", "128"),
        ("2", "two", "512"),
        ("1", "one", "128"),
    ] {
        let environment = json!({ "do": "environment" });
        let (executed, answer) = world.invoke_qualified(qualifier, environment).await;
        assert_eq!(executed, qualifier);
        assert_eq!(answer["STAGE"], stage);
        assert_eq!(answer["AWS_LAMBDA_FUNCTION_VERSION"], qualifier);
        assert_eq!(answer["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], memory);
        let stream = answer["AWS_LAMBDA_LOG_STREAM_NAME"].as_str().unwrap();
        assert!(stream.contains(&format!("[{qualifier}]")), "{stream}");
        let shown = world.lambda.get_function_configuration();
        let shown = shown.function_name("the-function").qualifier(qualifier);
        let shown = shown.send().await.unwrap();
        assert_eq!(shown.version(), Some(qualifier));
        assert_eq!(shown.memory_size().unwrap().to_string(), memory);
        let arn = format!("{ARN}:{qualifier}");
        assert_eq!(shown.function_arn(), Some(arn.as_str()));
    }
    // One environment for each, used again.
    assert_eq!(world.processes().len(), 2);
    let log = world.log();
    let started = log.iter().filter(|line| line.ends_with("Version: 1"));
    assert_eq!(started.count(), 2);
}

#[tokio::test]
async fn a_qualifier_may_stand_in_the_arn() {
    let world = packaged().await;
    world.publish().await;
    let arn = format!("{ARN}:1");
    let invoke = world.lambda.invoke().function_name(&arn);
    let invoke = invoke.payload(Blob::new(r#"{"do": "context"}"#));
    let output = invoke.send().await.unwrap();
    assert_eq!(output.executed_version(), Some("1"));
    let answer: serde_json::Value =
        serde_json::from_slice(output.payload().unwrap().as_ref()).unwrap();
    assert_eq!(answer["arn"], arn);
    let shown = world.lambda.get_function().function_name(&arn);
    let shown = shown.send().await.unwrap().configuration.unwrap();
    assert_eq!(shown.version(), Some("1"));
}

#[tokio::test]
async fn nothing_new_is_no_new_version() {
    let world = packaged().await;
    assert_eq!(world.publish().await, "1");
    let again = world.lambda.publish_version().function_name("the-function");
    let again = again.description("not heard").send().await.unwrap();
    assert_eq!(again.version(), Some("1"));
    assert_eq!(again.description(), Some(""));
    // The same code once more is no change either.
    world.update(package("one")).await;
    assert_eq!(world.publish().await, "1");
    world.update(package("two")).await;
    assert_eq!(world.publish().await, "2");
}

#[tokio::test]
async fn only_what_the_caller_means_is_published() {
    let world = packaged().await;
    let before = world.lambda.get_function_configuration();
    let before = before.function_name("the-function").send().await.unwrap();
    let after = world.update(package("two")).await;
    let publish = || world.lambda.publish_version().function_name("the-function");
    let (old, new) = (before.code_sha256().unwrap(), after.code_sha256().unwrap());
    assert_eq!(
        refusal(publish().code_sha256(old).send().await),
        format!(
            "InvalidParameterValueException: CodeSHA256 ({old}) is different from current CodeSHA256 \
             in $LATEST ({new}). Please try again with the CodeSHA256 in $LATEST."
        )
    );
    let stale = publish().revision_id(before.revision_id().unwrap());
    assert!(refusal(stale.send().await).starts_with("PreconditionFailedException: "));
    let published = publish()
        .code_sha256(new)
        .revision_id(after.revision_id().unwrap())
        .description("the second")
        .send()
        .await
        .unwrap();
    assert_eq!(published.version(), Some("1"));
    assert_eq!(published.description(), Some("the second"));
    assert_ne!(published.revision_id(), after.revision_id());
    let latest = world.lambda.get_function_configuration();
    let latest = latest.function_name("the-function").send().await.unwrap();
    assert_eq!(latest.description(), Some(""));
}

#[tokio::test]
async fn a_version_can_be_published_with_its_code() {
    let world = World::empty().await;
    let made = world.function("the-function").publish(true).send().await;
    let made = made.unwrap();
    assert_eq!(made.version(), Some("1"));
    assert_eq!(made.function_arn(), Some(ARN));
    let update = world.lambda.update_function_code();
    let update = update.function_name("the-function").publish(true);
    let update = update.zip_file(Blob::new(package("two")));
    let updated = update.send().await.unwrap();
    assert_eq!(updated.version(), Some("2"));
    let arn = format!("{ARN}:2");
    assert_eq!(updated.function_arn(), Some(arn.as_str()));
}

#[tokio::test]
async fn versions_are_listed_and_deleted() {
    let world = packaged().await;
    for stage in ["two", "three"] {
        world.publish().await;
        world.update(package(stage)).await;
    }
    let list = async |marker: Option<String>| {
        let list = world.lambda.list_versions_by_function();
        let list = list.function_name("the-function").max_items(2);
        let page = list.set_marker(marker).send().await.unwrap();
        let versions = page.versions().iter();
        let versions: Vec<String> = versions
            .map(|version| version.function_arn().unwrap().replace(ARN, ""))
            .collect();
        (versions, page.next_marker)
    };
    let (first, marker) = list(None).await;
    assert_eq!(first, [":$LATEST", ":1"]);
    assert!(marker.is_some());
    assert_eq!(list(marker).await, (vec![":2".to_owned()], None));
    let delete = |qualifier: &str| {
        let delete = world.lambda.delete_function();
        let delete = delete.function_name("the-function");
        delete.qualifier(qualifier).send()
    };
    delete("2").await.unwrap();
    let missing = format!("ResourceNotFoundException: Function not found: {ARN}:2");
    assert_eq!(refusal(delete("2").await), missing);
    let invoke = world.lambda.invoke().function_name("the-function");
    assert_eq!(refusal(invoke.qualifier("2").send().await), missing);
    assert_eq!(
        refusal(delete("$LATEST").await),
        "InvalidParameterValueException: $LATEST version cannot be deleted without deleting the \
         function."
    );
    // Its number is not used again.
    assert_eq!(world.publish().await, "3");
}

#[tokio::test]
async fn the_versions_of_all_functions_are_listed_with_them() {
    let world = packaged().await;
    world.publish().await;
    world.function("another").send().await.unwrap();
    let mut listed = Vec::new();
    let mut marker = None;
    loop {
        let list = world.lambda.list_functions();
        let list = list.function_version("ALL".into()).max_items(2);
        let page = list.set_marker(marker).send().await.unwrap();
        let arns = page.functions().iter();
        listed.extend(arns.map(|one| one.function_arn().unwrap().to_owned()));
        marker = page.next_marker;
        if marker.is_none() {
            break;
        }
    }
    let another = ARN.replace("the-function", "another");
    let expected = [
        format!("{another}:$LATEST"),
        format!("{ARN}:$LATEST"),
        format!("{ARN}:1"),
    ];
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn versions_share_the_reserved_concurrency() {
    let world = World::start().await;
    let meeting = Meeting::new().await;
    world.publish().await;
    let reserve = world.lambda.put_function_concurrency();
    let reserve = reserve.function_name("the-function");
    let reserve = reserve.reserved_concurrent_executions(1).send();
    reserve.await.unwrap();
    let (_, refused) = tokio::join!(world.invoke_qualified("1", meeting.event()), async {
        let guest = meeting.guest().await;
        let second = world.lambda.invoke().function_name("the-function").send();
        let refused = refusal(second.await);
        drop(guest);
        refused
    });
    assert_eq!(refused, "TooManyRequestsException: Rate Exceeded.");
}

/// What the function allows is not allowed for a version, and the other way round.
#[tokio::test]
async fn a_bucket_tells_the_version_that_lets_it() {
    let world = packaged().await;
    world.publish().await;
    world.update(package("two")).await;
    let s3 = s3(&world.emulator);
    let place = aws_sdk_s3::types::CreateBucketConfiguration::builder()
        .location_constraint("eu-central-1".into())
        .build();
    let bucket = s3.create_bucket().bucket("input");
    let bucket = bucket.create_bucket_configuration(place);
    bucket.send().await.unwrap();
    let allow = |qualifier: Option<&str>| {
        let allow = world.lambda.add_permission().function_name("the-function");
        let allow = allow.set_qualifier(qualifier.map(str::to_owned));
        let allow = allow.statement_id("bucket").principal("s3.amazonaws.com");
        let allow = allow
            .action("lambda:InvokeFunction")
            .source_account(ACCOUNT);
        allow.source_arn("arn:aws:s3:::input").send()
    };
    let notify = || {
        let function = LambdaFunctionConfiguration::builder()
            .lambda_function_arn(format!("{ARN}:1"))
            .events("s3:ObjectCreated:*".into())
            .build()
            .unwrap();
        let functions = NotificationConfiguration::builder();
        let functions = functions.lambda_function_configurations(function).build();
        let put = s3.put_bucket_notification_configuration().bucket("input");
        put.notification_configuration(functions).send()
    };
    allow(None).await.unwrap();
    let refused = notify().await.unwrap_err().into_service_error();
    assert_eq!(refused.meta().code(), Some("InvalidArgument"));
    let statement = allow(Some("1")).await.unwrap().statement.unwrap();
    assert!(statement.contains(&format!("\"{ARN}:1\"")), "{statement}");
    notify().await.unwrap();
    let put = s3.put_object().bucket("input").key("a.csv");
    put.body(b"a".to_vec().into()).send().await.unwrap();
    world.emulator.settled().await;
    let log = world.log();
    assert!(
        log.iter().any(|line| line.ends_with("Version: 1")),
        "{log:?}"
    );
    let outcomes = world.events(|event| match event {
        Event::InvocationEnded { outcome, .. } => Some(outcome.to_string()),
        _ => None,
    });
    assert_eq!(outcomes, ["succeeded"]);
}

#[tokio::test]
async fn settings_for_events_are_those_of_the_version() {
    let world = World::hurried().await;
    world.publish().await;
    let put = world.lambda.put_function_event_invoke_config();
    let put = put.function_name("the-function").qualifier("1");
    let put = put.maximum_retry_attempts(0).send().await.unwrap();
    let arn = format!("{ARN}:1");
    assert_eq!(put.function_arn(), Some(arn.as_str()));
    let attempts = async |qualifier: &str| {
        let before = world.events(started).len();
        let invoke = world.lambda.invoke().function_name("the-function");
        let invoke = invoke.qualifier(qualifier).invocation_type("Event".into());
        let invoke = invoke.payload(Blob::new(r#"{"do": "fail"}"#));
        invoke.send().await.unwrap();
        world.emulator.settled().await;
        world.events(started).len() - before
    };
    assert_eq!(attempts("1").await, 1);
    assert_eq!(attempts("$LATEST").await, 3);
}

fn started(event: &Event) -> Option<()> {
    matches!(event, Event::InvocationStarted { .. }).then_some(())
}
