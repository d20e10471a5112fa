//! Events that come from other services, and records that go to them.

use std::collections::BTreeMap;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{
    DeadLetterConfig, DestinationConfig, InvocationType, OnFailure, Runtime,
};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::put_bucket_notification_configuration::PutBucketNotificationConfigurationError;
use aws_sdk_s3::types::{Event as S3Event, LambdaFunctionConfiguration, NotificationConfiguration};
use aws_sdk_sqs::types::Message;
use serde_json::{Value, json};
use zipster_emulator::courier::Refused;
use zipster_emulator::journal::Event;
use zipster_names::{AccountId, Arn};

use crate::support::{ACCOUNT, ARN, World};

/// Lets S3 invoke the function for `bucket`.
async fn permit(world: &World, bucket: &str) {
    world
        .lambda
        .add_permission()
        .function_name("the-function")
        .statement_id("bucket")
        .action("lambda:InvokeFunction")
        .principal("s3.amazonaws.com")
        .source_arn(format!("arn:aws:s3:::{bucket}"))
        .source_account(ACCOUNT)
        .send()
        .await
        .unwrap();
}

/// Makes a bucket that sends its events to the function.
async fn notify(world: &World, bucket: &str) -> aws_sdk_s3::Client {
    try_to_notify(world, bucket).await.unwrap();
    crate::support::s3(&world.emulator)
}

/// Makes a bucket, and configures it to send its events to the function.
async fn try_to_notify(
    world: &World,
    bucket: &str,
) -> Result<(), SdkError<PutBucketNotificationConfigurationError>> {
    let s3 = crate::support::s3(&world.emulator);
    let place = aws_sdk_s3::types::CreateBucketConfiguration::builder()
        .location_constraint(aws_sdk_s3::types::BucketLocationConstraint::EuCentral1)
        .build();
    s3.create_bucket()
        .bucket(bucket)
        .create_bucket_configuration(place)
        .send()
        .await
        .unwrap();
    let function = LambdaFunctionConfiguration::builder()
        .lambda_function_arn(ARN)
        .events(S3Event::S3ObjectCreated)
        .build()
        .unwrap();
    s3.put_bucket_notification_configuration()
        .bucket(bucket)
        .notification_configuration(
            NotificationConfiguration::builder()
                .lambda_function_configurations(function)
                .build(),
        )
        .send()
        .await?;
    Ok(())
}

async fn put(s3: &aws_sdk_s3::Client, bucket: &str) {
    s3.put_object()
        .bucket(bucket)
        .key("a b.csv")
        .body(b"x".to_vec().into())
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn an_upload_invokes_the_function_that_lets_it() {
    let world = World::start().await;
    permit(&world, "input").await;
    let s3 = notify(&world, "input").await;
    put(&s3, "input").await;
    world.emulator.settled().await;
    insta::assert_debug_snapshot!(world.story(), @r#"
    [
        "ObjectCreated:Put input/a b.csv -> function:the-function",
        "invocation of function:the-function queued",
        "delivered to function:the-function",
        "environment of function:the-function started (pid #)",
        "function:the-function invoked (cold, attempt #)",
        "function:the-function succeeded after # ms",
    ]
    "#);
    // All of it is one story that begins with the upload.
    let journal = world.emulator.journal();
    let story = journal.story(
        |event| matches!(event, Event::ApiCall { operation, .. } if operation == "PutObject"),
    );
    let ended = story
        .iter()
        .any(|entry| matches!(entry.event, Event::InvocationEnded { .. }));
    assert!(ended);
}

#[tokio::test]
async fn an_upload_does_not_invoke_a_function_that_lets_another_bucket() {
    let world = World::start().await;
    permit(&world, "input").await;
    let s3 = notify(&world, "input").await;
    world
        .lambda
        .remove_permission()
        .function_name("the-function")
        .statement_id("bucket")
        .send()
        .await
        .unwrap();
    permit(&world, "another").await;
    put(&s3, "input").await;
    world.emulator.settled().await;
    let failed = world.events(|event| match event {
        Event::DeliveryFailed { destination, .. } => Some(destination.clone()),
        _ => None,
    });
    assert_eq!(failed, [ARN]);
    assert!(world.processes().is_empty());
}

#[tokio::test]
async fn a_bucket_cannot_be_told_to_invoke_a_function_that_does_not_let_it() {
    let world = World::start().await;
    permit(&world, "another").await;
    let error = try_to_notify(&world, "input").await.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (
            Some("InvalidArgument"),
            Some("Unable to validate the following destination configurations")
        )
    );
    let body = error.raw_response().unwrap().body().bytes().unwrap();
    let body = std::str::from_utf8(body).unwrap();
    let details = format!(
        "<ArgumentName1>{ARN}, null</ArgumentName1>\
         <ArgumentValue1>Not authorized to invoke function [{ARN}]</ArgumentValue1>"
    );
    assert!(body.contains(&details), "{body}");
}

#[tokio::test]
async fn a_service_can_ask_beforehand_whether_it_may_invoke_a_function() {
    let world = World::start().await;
    permit(&world, "input").await;
    let lambda = &world.emulator.services().lambda;
    let cause = world.entries()[0].id;
    let may = |function: &str, bucket: &str| {
        let source = zipster_emulator::identity::ServiceSource {
            service: "s3.amazonaws.com",
            arn: Arn::parse(&format!("arn:aws:s3:::{bucket}")).unwrap(),
            account: AccountId::parse(ACCOUNT).unwrap(),
        };
        lambda.may_deliver(&Arn::parse(function).unwrap(), &source, cause)
    };
    assert_eq!(may(ARN, "input"), Ok(()));
    assert!(matches!(may(ARN, "another"), Err(Refused::Denied(_))));
    let unknown = ARN.replace("the-function", "nobodys");
    assert_eq!(
        may(&unknown, "input"),
        Err(Refused::Missing(format!("Function not found: {unknown}")))
    );
}

/// A queue, its URL and its ARN.
async fn queue(world: &World, name: &str) -> (aws_sdk_sqs::Client, String, String) {
    let sqs = crate::support::sqs(&world.emulator);
    let made = sqs.create_queue().queue_name(name).send().await.unwrap();
    let arn = format!("arn:aws:sqs:eu-central-1:{ACCOUNT}:{name}");
    (sqs, made.queue_url.unwrap(), arn)
}

async fn receive(sqs: &aws_sdk_sqs::Client, url: &str) -> Vec<Message> {
    let received = sqs
        .receive_message()
        .queue_url(url)
        .message_attribute_names("All")
        .max_number_of_messages(10)
        .send()
        .await
        .unwrap();
    received.messages.unwrap_or_default()
}

/// Lets the role of all functions send to queues.
async fn let_role_send(world: &World) {
    let policy = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*",
    } });
    crate::support::iam(&world.emulator)
        .put_role_policy()
        .role_name("the-role")
        .policy_name("queues")
        .policy_document(policy.to_string())
        .send()
        .await
        .unwrap();
}

/// Has failures reported to `queue`.
async fn report_to(world: &World, queue: &str) {
    let failed = OnFailure::builder().destination(queue).build();
    world
        .lambda
        .put_function_event_invoke_config()
        .function_name("the-function")
        .destination_config(DestinationConfig::builder().on_failure(failed).build())
        .send()
        .await
        .unwrap();
}

async fn fail(world: &World) {
    world
        .lambda
        .invoke()
        .function_name("the-function")
        .invocation_type(InvocationType::Event)
        .payload(Blob::new(r#"{"do": "fail", "file": "a.csv"}"#))
        .send()
        .await
        .unwrap();
    world.emulator.settled().await;
}

#[tokio::test]
async fn a_failure_is_reported_to_a_queue() {
    let world = World::hurried().await;
    let (sqs, url, arn) = queue(&world, "failures").await;
    let_role_send(&world).await;
    report_to(&world, &arn).await;
    fail(&world).await;
    let messages = receive(&sqs, &url).await;
    let record: Value = serde_json::from_str(messages[0].body().unwrap()).unwrap();
    assert_eq!(messages.len(), 1);
    insta::assert_json_snapshot!(record, {
        ".timestamp" => "<time>",
        ".requestContext.requestId" => "<request-id>",
    }, @r#"
    {
      "requestContext": {
        "approximateInvokeCount": 3,
        "condition": "RetriesExhausted",
        "functionArn": "arn:aws:lambda:eu-central-1:123456789012:function:the-function:$LATEST",
        "requestId": "<request-id>"
      },
      "requestPayload": {
        "do": "fail",
        "file": "a.csv"
      },
      "responseContext": {
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
        "statusCode": 200
      },
      "responsePayload": {
        "errorMessage": "the cards were against it",
        "errorType": "Unlucky"
      },
      "timestamp": "<time>",
      "version": "1.0"
    }
    "#);
}

#[tokio::test]
async fn a_report_says_which_alias_was_meant_and_which_version_has_failed() {
    let world = World::hurried().await;
    let (sqs, url, arn) = queue(&world, "failures").await;
    let_role_send(&world).await;
    world.publish().await;
    let create = world.lambda.create_alias().function_name("the-function");
    let create = create.name("live").function_version("1");
    create.send().await.unwrap();
    let failed = OnFailure::builder().destination(&arn).build();
    let put = world.lambda.put_function_event_invoke_config();
    let put = put.function_name("the-function").qualifier("live");
    put.destination_config(DestinationConfig::builder().on_failure(failed).build())
        .send()
        .await
        .unwrap();
    // The function itself reports nothing.
    fail(&world).await;
    let invoke = world.lambda.invoke().function_name("the-function");
    let invoke = invoke.qualifier("live");
    let invoke = invoke.invocation_type(InvocationType::Event);
    let invoke = invoke.payload(Blob::new(r#"{"do": "fail"}"#));
    invoke.send().await.unwrap();
    world.emulator.settled().await;
    let messages = receive(&sqs, &url).await;
    assert_eq!(messages.len(), 1);
    let record: Value = serde_json::from_str(messages[0].body().unwrap()).unwrap();
    let context = &record["requestContext"];
    assert_eq!(context["functionArn"], format!("{ARN}:live"));
    assert_eq!(record["responseContext"]["executedVersion"], "1");
}

#[tokio::test]
async fn a_role_that_may_not_send_sends_nothing() {
    let world = World::hurried().await;
    let (sqs, url, arn) = queue(&world, "failures").await;
    report_to(&world, &arn).await;
    fail(&world).await;
    assert!(receive(&sqs, &url).await.is_empty());
    let reasons = world.events(|event| match event {
        Event::DeliveryFailed { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    insta::assert_debug_snapshot!(reasons, @r#"
    [
        "User: arn:aws:sts::123456789012:assumed-role/the-role/the-function is not authorized to perform: sqs:sendmessage on resource: arn:aws:sqs:eu-central-1:123456789012:failures because no identity-based policy allows the sqs:sendmessage action",
    ]
    "#);
}

#[tokio::test]
async fn what_failed_for_good_becomes_a_dead_letter() {
    let world = World::hurried().await;
    let (sqs, url, arn) = queue(&world, "dead-letters").await;
    let_role_send(&world).await;
    world
        .lambda
        .update_function_configuration()
        .function_name("the-function")
        .dead_letter_config(DeadLetterConfig::builder().target_arn(arn).build())
        .runtime(Runtime::Providedal2)
        .send()
        .await
        .unwrap();
    fail(&world).await;
    let messages = receive(&sqs, &url).await;
    assert_eq!(messages.len(), 1);
    // The event as it was, with the reason beside it.
    assert_eq!(
        messages[0].body(),
        Some(r#"{"do": "fail", "file": "a.csv"}"#)
    );
    let attributes: BTreeMap<_, _> = messages[0]
        .message_attributes()
        .unwrap()
        .iter()
        .map(|(name, attribute)| (name.as_str(), attribute.string_value().unwrap()))
        .collect();
    assert_eq!(attributes["RequestID"].len(), 36);
    assert_eq!(attributes["ErrorCode"], "200");
    assert_eq!(attributes["ErrorMessage"], "the cards were against it");
}

#[tokio::test]
async fn an_event_that_would_get_too_old_is_not_tried_again() {
    let world = World::hurried().await;
    let (sqs, url, arn) = queue(&world, "failures").await;
    let_role_send(&world).await;
    report_to(&world, &arn).await;
    world
        .lambda
        .update_function_event_invoke_config()
        .function_name("the-function")
        .maximum_event_age_in_seconds(60)
        .send()
        .await
        .unwrap();
    fail(&world).await;
    let messages = receive(&sqs, &url).await;
    let record: Value = serde_json::from_str(messages[0].body().unwrap()).unwrap();
    assert_eq!(record["requestContext"]["condition"], "EventAgeExceeded");
    assert_eq!(record["requestContext"]["approximateInvokeCount"], 1);
}
