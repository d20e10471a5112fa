//! Events searched by patterns, times and streams.

use aws_sdk_cloudwatchlogs::error::ProvideErrorMetadata;
use aws_sdk_cloudwatchlogs::operation::filter_log_events::FilterLogEventsOutput;
use aws_sdk_cloudwatchlogs::operation::filter_log_events::builders::FilterLogEventsFluentBuilder;

use crate::support::{GROUP, World};

fn search(world: &World) -> FilterLogEventsFluentBuilder {
    world.logs.filter_log_events().log_group_name("app")
}

/// Each event as its stream and its message.
fn found(answer: &FilterLogEventsOutput) -> Vec<String> {
    let events = answer.events().iter();
    events
        .map(|event| {
            let (stream, message) = (event.log_stream_name(), event.message());
            format!("{} {}", stream.unwrap(), message.unwrap())
        })
        .collect()
}

/// A group with three streams whose events alternate.
async fn world() -> (World, i64) {
    let world = World::with_streams(&["a1", "a2", "b"]).await;
    let start = world.now() - 1000;
    world
        .put("a1", &[(start, "ERROR one"), (start + 30, "INFO four")])
        .await;
    world
        .put(
            "b",
            &[(start + 10, "ERROR two"), (start + 40, "ERROR five")],
        )
        .await;
    world.put("a2", &[(start + 20, r#"{"code": 3}"#)]).await;
    (world, start)
}

#[tokio::test]
async fn events_of_all_streams_come_in_the_order_of_their_times() {
    let (world, start) = world().await;
    let all = search(&world).send().await.unwrap();
    let everything = [
        "a1 ERROR one",
        "b ERROR two",
        r#"a2 {"code": 3}"#,
        "a1 INFO four",
        "b ERROR five",
    ];
    assert_eq!(found(&all), everything);
    assert_eq!(all.next_token(), None);
    let first = &all.events()[0];
    assert_eq!(first.timestamp(), Some(start));
    assert!(first.ingestion_time().is_some());
    assert_eq!(first.event_id().map(str::len), Some(56));
    let by_arn = world.logs.filter_log_events().log_group_identifier(GROUP);
    assert_eq!(found(&by_arn.send().await.unwrap()), everything);
}

#[tokio::test]
async fn a_search_is_narrowed_by_pattern_time_and_stream() {
    let (world, start) = world().await;
    let errors = search(&world).filter_pattern("ERROR -five");
    assert_eq!(
        found(&errors.send().await.unwrap()),
        ["a1 ERROR one", "b ERROR two"]
    );
    let json = search(&world).filter_pattern("{ $.code > 2 }");
    assert_eq!(found(&json.send().await.unwrap()), [r#"a2 {"code": 3}"#]);
    // Both ends belong to it, unlike with `GetLogEvents`.
    let times = search(&world).start_time(start + 10).end_time(start + 30);
    let times = found(&times.send().await.unwrap());
    assert_eq!(times, ["b ERROR two", r#"a2 {"code": 3}"#, "a1 INFO four"]);
    let prefix = search(&world)
        .log_stream_name_prefix("a")
        .filter_pattern("?four ?code");
    let prefix = found(&prefix.send().await.unwrap());
    assert_eq!(prefix, [r#"a2 {"code": 3}"#, "a1 INFO four"]);
    let named = search(&world).log_stream_names("b").log_stream_names("a2");
    let named = found(&named.send().await.unwrap());
    assert_eq!(named, ["b ERROR two", r#"a2 {"code": 3}"#, "b ERROR five"]);
}

#[tokio::test]
async fn a_search_goes_on_with_its_token() {
    let (world, start) = world().await;
    let errors = || search(&world).filter_pattern("ERROR").limit(2);
    let first = errors().send().await.unwrap();
    assert_eq!(found(&first), ["a1 ERROR one", "b ERROR two"]);
    let token = first.next_token().unwrap();
    // What comes in between is found if it lies behind the token.
    world.put("a2", &[(start + 35, "ERROR more")]).await;
    let second = errors().next_token(token).send().await.unwrap();
    assert_eq!(found(&second), ["a2 ERROR more", "b ERROR five"]);
    assert_eq!(second.next_token(), None);
    let error = errors().next_token("invalid-token").send().await;
    let error = error.unwrap_err();
    assert_eq!(error.message(), Some("The specified nextToken is invalid."));
}

#[tokio::test]
async fn an_answer_has_no_more_than_a_megabyte() {
    let world = World::with_streams(&["s"]).await;
    let long = "x".repeat(400 * 1024);
    for index in 0..4 {
        world.put("s", &[(world.now() + index, &long)]).await;
    }
    let pages: Vec<_> = search(&world)
        .into_paginator()
        .send()
        .collect::<Result<Vec<_>, _>>()
        .await
        .unwrap();
    let sizes: Vec<usize> = pages.iter().map(|page| page.events().len()).collect();
    assert_eq!(sizes, [2, 2]);
}

#[tokio::test]
async fn what_cannot_be_searched_is_refused() {
    let (world, _) = world().await;
    let mut told = Vec::new();
    for request in [
        search(&world).filter_pattern("a (b"),
        search(&world).filter_pattern("{ $.a > x }"),
        search(&world).filter_pattern("[a, b"),
        search(&world).log_stream_names("c"),
        search(&world)
            .log_stream_names("b")
            .log_stream_name_prefix("b"),
        search(&world).limit(10_001),
        world.logs.filter_log_events().log_group_name("other"),
    ] {
        let error = request.send().await.unwrap_err();
        told.push(format!(
            "{}: {}",
            error.code().unwrap(),
            error.message().unwrap()
        ));
    }
    insta::assert_snapshot!(told.join("\n"), @r#"
    InvalidParameterException: Invalid character(s) in term '('
    InvalidParameterException: Invalid character(s) in term '"x"'
    InvalidParameterException: If a filter pattern starts with '[' it must end with ']'
    ResourceNotFoundException: The specified log stream does not exist.
    InvalidParameterException: You must specify either logStreamNames or logStreamNamePrefix, but not both.
    InvalidParameterException: 1 validation error detected: Value '10001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000
    ResourceNotFoundException: The specified log group does not exist.
    "#);
}

#[tokio::test]
async fn a_pattern_is_tried_on_messages() {
    let world = World::new().await;
    let test = world.logs.test_metric_filter();
    let test = test.filter_pattern("[..., status = 4*, bytes]");
    let test = test
        .log_event_messages(r#"127.0.0.1 "GET /a b" 200 1"#)
        .log_event_messages(r#"127.0.0.1 "GET /a b" 404 2"#);
    let answer = test.send().await.unwrap();
    let [matched] = answer.matches() else {
        panic!("one matches, but {answer:?}")
    };
    assert_eq!(matched.event_number(), 2);
    let message = matched.event_message().unwrap();
    assert_eq!(message, r#"127.0.0.1 "GET /a b" 404 2"#);
    let mut values: Vec<_> = matched.extracted_values().unwrap().iter().collect();
    values.sort();
    insta::assert_debug_snapshot!(values, @r#"
    [
        (
            "$1",
            "127.0.0.1",
        ),
        (
            "$2",
            "GET /a b",
        ),
        (
            "$bytes",
            "2",
        ),
        (
            "$status",
            "404",
        ),
    ]
    "#);
    let wrong = world.logs.test_metric_filter().filter_pattern("{ $.a }");
    let wrong = wrong.log_event_messages("x").send().await.unwrap_err();
    assert_eq!(wrong.code(), Some("InvalidParameterException"));
    assert!(
        wrong
            .message()
            .unwrap()
            .starts_with("Invalid filter pattern: ")
    );
}
