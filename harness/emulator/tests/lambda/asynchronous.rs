//! Invocations whose caller does not wait.

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{DestinationConfig, InvocationType, OnFailure, OnSuccess};
use serde_json::{Value, json};
use zipster_emulator::journal::Event;

use crate::support::{ARN, Meeting, World};

async fn send(world: &World, event: &Value) {
    let output = world
        .lambda
        .invoke()
        .function_name("the-function")
        .invocation_type(InvocationType::Event)
        .payload(Blob::new(event.to_string()))
        .send()
        .await
        .unwrap();
    assert_eq!(output.status_code(), 202);
    assert!(
        output
            .payload()
            .is_none_or(|payload| payload.as_ref().is_empty())
    );
}

/// Another function, which gets the records of the first; its ARN.
async fn destination(world: &World) -> String {
    world.function("the-record").send().await.unwrap();
    ARN.replace("the-function", "the-record")
}

#[tokio::test]
async fn an_event_is_accepted_at_once_and_run_later() {
    let world = World::start().await;
    let meeting = Meeting::new().await;
    send(&world, &meeting.event()).await;
    drop(meeting.guest().await);
    world.emulator.settled().await;
    insta::assert_debug_snapshot!(world.story(), @r#"
    [
        "invocation of function:the-function queued",
        "environment of function:the-function started (pid #)",
        "function:the-function invoked (cold, attempt #)",
        "function:the-function succeeded after # ms",
    ]
    "#);
}

#[tokio::test]
async fn a_failing_event_is_tried_three_times_and_then_reported() {
    let world = World::hurried().await;
    let failed = OnFailure::builder()
        .destination(destination(&world).await)
        .build();
    world
        .lambda
        .put_function_event_invoke_config()
        .function_name("the-function")
        .destination_config(DestinationConfig::builder().on_failure(failed).build())
        .send()
        .await
        .unwrap();
    send(&world, &json!({ "do": "fail", "file": "a.csv" })).await;
    world.emulator.settled().await;
    insta::assert_debug_snapshot!(world.story(), @r#"
    [
        "invocation of function:the-function queued",
        "environment of function:the-function started (pid #)",
        "function:the-function invoked (cold, attempt #)",
        "function:the-function failed with Unlucky: the cards were against it after # ms",
        "function:the-function will be retried after # ms",
        "function:the-function invoked (warm, attempt #)",
        "function:the-function failed with Unlucky: the cards were against it after # ms",
        "function:the-function will be retried after # ms",
        "function:the-function invoked (warm, attempt #)",
        "function:the-function failed with Unlucky: the cards were against it after # ms",
        "invocation of function:the-record queued",
        "delivered to function:the-record",
        "environment of function:the-record started (pid #)",
        "function:the-record invoked (cold, attempt #)",
        "function:the-record succeeded after # ms",
    ]
    "#);
    let identifiers = world.events(|event| match event {
        Event::InvocationStarted {
            request_id,
            function,
            ..
        } if function == ARN => Some(request_id.clone()),
        _ => None,
    });
    assert_eq!(identifiers.len(), 3);
    assert!(identifiers.iter().all(|id| *id == identifiers[0]));
}

#[tokio::test]
async fn a_success_can_be_reported_too() {
    let world = World::start().await;
    let succeeded = OnSuccess::builder()
        .destination(destination(&world).await)
        .build();
    world
        .lambda
        .put_function_event_invoke_config()
        .function_name("the-function")
        .destination_config(DestinationConfig::builder().on_success(succeeded).build())
        .send()
        .await
        .unwrap();
    send(&world, &json!({ "file": "a.csv" })).await;
    world.emulator.settled().await;
    let started = world.events(|event| match event {
        Event::InvocationStarted { function, .. } => Some(function.clone()),
        _ => None,
    });
    assert_eq!(started, [ARN, &ARN.replace("the-function", "the-record")]);
}

#[tokio::test]
async fn events_wait_for_room_in_their_order() {
    let world = World::start().await;
    world
        .lambda
        .put_function_concurrency()
        .function_name("the-function")
        .reserved_concurrent_executions(1)
        .send()
        .await
        .unwrap();
    let meeting = Meeting::new().await;
    send(&world, &meeting.event()).await;
    let guest = meeting.guest().await;
    for number in 0..3 {
        send(&world, &json!({ "do": number.to_string() })).await;
    }
    drop(guest);
    let hurried = world
        .lambda
        .put_function_event_invoke_config()
        .function_name("the-function")
        .maximum_retry_attempts(0);
    hurried.send().await.unwrap();
    world.emulator.settled().await;
    let ended = world.events(|event| match event {
        Event::InvocationEnded { outcome, .. } => Some(outcome.to_string()),
        _ => None,
    });
    assert_eq!(
        ended,
        [
            "succeeded",
            "failed with UnknownOrder: 0",
            "failed with UnknownOrder: 1",
            "failed with UnknownOrder: 2",
        ]
    );
    assert_eq!(world.processes().len(), 1);
}

#[tokio::test]
async fn without_any_concurrency_an_event_is_given_up_at_once() {
    let world = World::start().await;
    let failed = OnFailure::builder()
        .destination(destination(&world).await)
        .build();
    world
        .lambda
        .put_function_event_invoke_config()
        .function_name("the-function")
        .destination_config(DestinationConfig::builder().on_failure(failed).build())
        .send()
        .await
        .unwrap();
    world
        .lambda
        .put_function_concurrency()
        .function_name("the-function")
        .reserved_concurrent_executions(0)
        .send()
        .await
        .unwrap();
    send(&world, &json!({})).await;
    world.emulator.settled().await;
    insta::assert_debug_snapshot!(world.story(), @r#"
    [
        "invocation of function:the-function queued",
        "function:the-function was throttled after # ms",
        "invocation of function:the-record queued",
        "delivered to function:the-record",
        "environment of function:the-record started (pid #)",
        "function:the-record invoked (cold, attempt #)",
        "function:the-record succeeded after # ms",
    ]
    "#);
}

#[tokio::test]
async fn a_deleted_function_drops_its_events() {
    let world = World::start().await;
    // The first attempt fails, and the second is a minute away.
    send(&world, &json!({ "do": "fail" })).await;
    world
        .until(|event| matches!(event, Event::RetryScheduled { .. }))
        .await;
    world
        .lambda
        .delete_function()
        .function_name("the-function")
        .send()
        .await
        .unwrap();
    world.emulator.settled().await;
}
