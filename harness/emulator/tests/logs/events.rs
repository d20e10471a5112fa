//! Events, written and read.

use aws_sdk_cloudwatchlogs::error::ProvideErrorMetadata;
use aws_sdk_cloudwatchlogs::operation::get_log_events::GetLogEventsOutput;

use crate::support::{World, input};

const HOUR: i64 = 60 * 60 * 1000;
const DAY: i64 = 24 * HOUR;

fn messages(answer: &GetLogEventsOutput) -> Vec<&str> {
    let events = answer.events().iter();
    events.map(|event| event.message().unwrap()).collect()
}

#[tokio::test]
async fn a_stream_is_read_forwards_until_the_token_stays_the_same() {
    let world = World::with_streams(&["s"]).await;
    let now = world.now();
    world
        .put("s", &[(now - 30, "1"), (now - 20, "2"), (now - 20, "3")])
        .await;
    let get = || {
        let get = world.logs.get_log_events().log_group_name("app");
        get.log_stream_name("s").start_from_head(true).limit(2)
    };
    let first = get().send().await.unwrap();
    assert_eq!(messages(&first), ["1", "2"]);
    let token = first.next_forward_token().unwrap();
    let second = get().next_token(token).send().await.unwrap();
    assert_eq!(messages(&second), ["3"]);
    let token = second.next_forward_token().unwrap();
    let third = get().next_token(token).send().await.unwrap();
    assert!(third.events().is_empty());
    assert_eq!(third.next_forward_token(), Some(token));
    // What comes later is found with the same token, and the way back begins at the end.
    world.put("s", &[(now - 10, "4")]).await;
    let fourth = get().next_token(token).send().await.unwrap();
    assert_eq!(messages(&fourth), ["4"]);
    let back = get().next_token(third.next_backward_token().unwrap());
    assert_eq!(messages(&back.send().await.unwrap()), ["2", "3"]);
    let error = get().next_token("f/1/s").send().await.unwrap_err();
    assert_eq!(error.message(), Some("The specified nextToken is invalid."));
}

#[tokio::test]
async fn a_stream_is_read_backwards_from_its_end() {
    let world = World::with_streams(&["s"]).await;
    let now = world.now();
    world
        .put("s", &[(now - 30, "1"), (now - 20, "2"), (now - 10, "3")])
        .await;
    let get = || {
        let get = world.logs.get_log_events().log_group_name("app");
        get.log_stream_name("s").limit(2)
    };
    let last = get().send().await.unwrap();
    assert_eq!(messages(&last), ["2", "3"]);
    let before = get().next_token(last.next_backward_token().unwrap());
    let before = before.send().await.unwrap();
    assert_eq!(messages(&before), ["1"]);
    let token = before.next_backward_token().unwrap();
    let nothing = get().next_token(token).send().await.unwrap();
    assert!(nothing.events().is_empty());
    assert_eq!(nothing.next_backward_token(), Some(token));
    let window = get().start_time(now - 30).end_time(now - 20);
    assert_eq!(messages(&window.send().await.unwrap()), ["1"]);
}

#[tokio::test]
async fn a_follower_of_an_empty_stream_sees_its_first_event() {
    let world = World::with_streams(&["s"]).await;
    let get = || {
        let get = world.logs.get_log_events().log_group_name("app");
        get.log_stream_name("s")
    };
    let nothing = get().send().await.unwrap();
    world.put("s", &[(world.now(), "first")]).await;
    let next = get().next_token(nothing.next_forward_token().unwrap());
    assert_eq!(messages(&next.send().await.unwrap()), ["first"]);
}

#[tokio::test]
async fn events_that_are_too_old_or_too_new_are_left_out_and_said() {
    let world = World::with_streams(&["s"]).await;
    let now = world.now();
    let put = |events: &[(i64, &str)]| {
        let put = world.logs.put_log_events().log_group_name("app");
        let put = put.log_stream_name("s");
        put.set_log_events(Some(input(events))).send()
    };
    let old = put(&[
        (now - 14 * DAY - HOUR, "old"),
        (now - 14 * DAY + HOUR, "kept"),
    ]);
    let rejected = old.await.unwrap().rejected_log_events_info.unwrap();
    assert_eq!(rejected.too_old_log_event_end_index(), Some(1));
    assert_eq!(rejected.too_new_log_event_start_index(), None);
    let new = put(&[(now, "kept"), (now + 3 * HOUR, "new")])
        .await
        .unwrap();
    assert!(new.next_sequence_token().is_some());
    let rejected = new.rejected_log_events_info.unwrap();
    assert_eq!(rejected.too_new_log_event_start_index(), Some(1));
    let retain = world.logs.put_retention_policy().log_group_name("app");
    retain.retention_in_days(3).send().await.unwrap();
    let expired = put(&[
        (now - 3 * DAY - HOUR, "expired"),
        (now - 3 * DAY + HOUR, "kept"),
    ]);
    let rejected = expired.await.unwrap().rejected_log_events_info.unwrap();
    assert_eq!(rejected.expired_log_event_end_index(), Some(1));
    let get = world.logs.get_log_events().log_group_name("app");
    let got = get.log_stream_name("s").send().await.unwrap();
    assert_eq!(messages(&got), ["kept", "kept"]);
}

#[tokio::test]
async fn a_batch_that_breaks_the_rules_is_refused_as_a_whole() {
    let world = World::with_streams(&["s"]).await;
    let now = world.now();
    let put = |stream: &str, events: &[(i64, &str)]| {
        let put = world.logs.put_log_events().log_group_name("app");
        let put = put.log_stream_name(stream);
        put.set_log_events(Some(input(events))).send()
    };
    let long = "x".repeat(700_000);
    for (events, words) in [
        (
            vec![(now, "b"), (now - 1, "a")],
            "must be in chronological order",
        ),
        (
            vec![(now - DAY - 1, "a"), (now, "b")],
            "cannot span more than 24 hours",
        ),
        (
            vec![(now, long.as_str()), (now, &long)],
            "Upload too large: 1400052 bytes exceeds limit of 1048576",
        ),
        (vec![(now, "")], "logEvents.1.member.message"),
    ] {
        let error = put("s", &events).await.unwrap_err();
        assert_eq!(error.code(), Some("InvalidParameterException"));
        assert!(error.message().unwrap().contains(words), "{error:?}");
    }
    let error = put("missing", &[(now, "a")]).await.unwrap_err();
    assert_eq!(
        error.message(),
        Some("The specified log stream does not exist.")
    );
    let get = world.logs.get_log_events().log_group_name("app");
    let got = get.log_stream_name("s").send().await.unwrap();
    assert!(got.events().is_empty());
}
