//! Events as they come.

use std::time::Duration;

use aws_sdk_cloudwatchlogs::error::ProvideErrorMetadata;
use aws_sdk_cloudwatchlogs::operation::start_live_tail::StartLiveTailOutput;
use aws_sdk_cloudwatchlogs::operation::start_live_tail::builders::StartLiveTailFluentBuilder;
use aws_sdk_cloudwatchlogs::types::error::StartLiveTailResponseStreamError;
use aws_sdk_cloudwatchlogs::types::{
    LiveTailSessionUpdate, LogGroupClass, StartLiveTailResponseStream,
};
use time::OffsetDateTime;
use zipster_emulator::clock::{Clock, SystemClock, Wait};

use crate::support::{GROUP, World};

fn tail(world: &World) -> StartLiveTailFluentBuilder {
    let tail = world.logs.start_live_tail();
    tail.log_group_identifiers(GROUP)
}

/// The next message of a session that goes on.
async fn next(session: &mut StartLiveTailOutput) -> StartLiveTailResponseStream {
    session.response_stream.recv().await.unwrap().unwrap()
}

async fn update(session: &mut StartLiveTailOutput) -> LiveTailSessionUpdate {
    let message = next(session).await;
    let StartLiveTailResponseStream::SessionUpdate(update) = message else {
        panic!("{message:?}");
    };
    update
}

/// The next `count` events, each as its stream and its message.
async fn told(session: &mut StartLiveTailOutput, count: usize) -> Vec<String> {
    let mut told = Vec::new();
    while told.len() < count {
        for event in update(session).await.session_results() {
            let (stream, message) = (event.log_stream_name(), event.message());
            told.push(format!("{} {}", stream.unwrap(), message.unwrap()));
        }
    }
    told
}

/// The machine's clock, on which a second is a hundredth, and three hours are a tenth of a second.
#[derive(Debug)]
struct Fast;

impl Clock for Fast {
    fn now(&self) -> OffsetDateTime {
        SystemClock::real_time().now()
    }

    fn pause(&self, length: Duration) -> Wait {
        SystemClock::real_time().pause(length)
    }

    fn limit(&self, length: Duration) -> Wait {
        let length = match length.as_secs() {
            1 => Duration::from_millis(10),
            10_800 => Duration::from_millis(100),
            _ => length,
        };
        SystemClock::real_time().limit(length)
    }
}

#[tokio::test]
async fn what_comes_is_told_and_what_was_there_is_not() {
    let world = World::with_streams(&["a", "b"]).await;
    let now = world.now();
    world.put("a", &[(now, "before")]).await;
    let mut session = tail(&world).send().await.unwrap();
    let StartLiveTailResponseStream::SessionStart(start) = next(&mut session).await else {
        panic!("it does not begin with its start");
    };
    assert_eq!(start.log_group_identifiers(), [GROUP]);
    assert!(start.request_id().is_some() && start.session_id().is_some());
    // There is an update each second, also about nothing.
    let nothing = update(&mut session).await;
    assert!(nothing.session_results().is_empty());

    world
        .put("b", &[(now + 2, "two"), (now + 3, "three")])
        .await;
    // A latecomer is told of as well.
    world.put("a", &[(now - 1000, "one")]).await;
    // They may come in two updates.
    let mut three = told(&mut session, 3).await;
    three.sort_unstable();
    assert_eq!(three, ["a one", "b three", "b two"]);
    world.put("a", &[(now + 4, "four")]).await;
    let mut last = update(&mut session).await;
    while last.session_results().is_empty() {
        last = update(&mut session).await;
    }
    let [event] = last.session_results() else {
        panic!("{last:?}");
    };
    assert_eq!(event.log_group_identifier(), Some("123456789012:app"));
    assert_eq!(event.timestamp(), Some(now + 4));
    assert!(event.ingestion_time().is_some());
    assert!(!last.session_metadata().unwrap().sampled());
}

#[tokio::test]
async fn a_session_can_be_about_some_streams_and_some_messages() {
    let world = World::at(Fast).await;
    world.add_streams(&["a1", "a2", "b"]).await;
    let named = tail(&world).log_stream_names("b");
    let mut named = named.send().await.unwrap();
    let prefixed = tail(&world).log_stream_name_prefixes("a");
    let prefixed = prefixed.log_event_filter_pattern("ERROR");
    let mut prefixed = prefixed.send().await.unwrap();
    next(&mut named).await;
    let StartLiveTailResponseStream::SessionStart(start) = next(&mut prefixed).await else {
        panic!("it does not begin with its start");
    };
    assert_eq!(start.log_stream_name_prefixes(), ["a"]);
    assert_eq!(start.log_event_filter_pattern(), Some("ERROR"));
    let now = world.now();
    world
        .put("a1", &[(now, "ERROR 1"), (now + 1, "INFO 2")])
        .await;
    world.put("b", &[(now + 2, "ERROR 3")]).await;
    world.put("a2", &[(now + 3, "ERROR 4")]).await;
    assert_eq!(told(&mut named, 1).await, ["b ERROR 3"]);
    assert_eq!(told(&mut prefixed, 2).await, ["a1 ERROR 1", "a2 ERROR 4"]);
}

#[tokio::test]
async fn of_many_events_a_sample_is_told() {
    let world = World::with_streams(&["a"]).await;
    let mut session = tail(&world).send().await.unwrap();
    next(&mut session).await;
    let now = world.now();
    let messages: Vec<String> = (0..1200).map(|number| number.to_string()).collect();
    let events: Vec<(i64, &str)> = messages.iter().map(|text| (now, text.as_str())).collect();
    world.put("a", &events).await;
    let mut last = update(&mut session).await;
    while last.session_results().is_empty() {
        last = update(&mut session).await;
    }
    assert!(last.session_metadata().unwrap().sampled());
    assert_eq!(last.session_results().len(), 500);
}

#[tokio::test]
async fn a_session_ends_after_three_hours() {
    let world = World::at(Fast).await;
    world.add_streams(&[]).await;
    let mut session = tail(&world).send().await.unwrap();
    let ended = loop {
        match session.response_stream.recv().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("it ended without a word"),
            Err(error) => break error.into_service_error(),
        }
    };
    assert!(
        matches!(
            ended,
            StartLiveTailResponseStreamError::SessionTimeoutException(_)
        ),
        "{ended:?}"
    );
}

#[tokio::test]
async fn a_session_does_not_keep_the_emulator_from_stopping() {
    let World { logs, emulator } = World::with_streams(&["a"]).await;
    let tail = logs.start_live_tail().log_group_identifiers(GROUP);
    let mut session = tail.send().await.unwrap();
    next(&mut session).await;
    emulator.settled().await;
    emulator.stop().await.unwrap();
    while let Ok(Some(_)) = session.response_stream.recv().await {}
}

#[tokio::test]
async fn what_cannot_be_tailed_is_refused() {
    let world = World::with_streams(&["a"]).await;
    let create = world.logs.create_log_group().log_group_name("rare");
    let create = create.log_group_class(LogGroupClass::InfrequentAccess);
    create.send().await.unwrap();
    let start = || world.logs.start_live_tail();
    let arn = |name: &str| GROUP.replace("app", name);
    let many = (0..11).fold(start(), |tail, number| {
        tail.log_group_identifiers(arn(&format!("g{number}")))
    });
    let cases = [
        (
            start().set_log_group_identifiers(Some(Vec::new())),
            "InvalidParameterException: 1 validation error detected: Value '[]' at \
             'logGroupIdentifiers' failed to satisfy constraint: Member must have length greater \
             than or equal to 1",
        ),
        (
            many,
            "InvalidParameterException: 1 validation error detected: Value '[...]' at \
             'logGroupIdentifiers' failed to satisfy constraint: Member must have length less \
             than or equal to 10",
        ),
        (
            start().log_group_identifiers("app"),
            "InvalidParameterException: The value of logGroupIdentifiers is not the ARN of a log \
             group: app",
        ),
        (
            start().log_group_identifiers(arn("nothing")),
            "ResourceNotFoundException: The specified log group does not exist.",
        ),
        (
            start().log_group_identifiers(arn("rare")),
            "InvalidOperationException: Live Tail is only supported for log groups of the Standard \
             log class.",
        ),
        (
            tail(&world)
                .log_stream_names("a")
                .log_stream_name_prefixes("a"),
            "InvalidParameterException: You must specify either logStreamNames or \
             logStreamNamePrefixes, but not both.",
        ),
        (
            tail(&world)
                .log_group_identifiers(arn("rare"))
                .log_stream_names("a"),
            "InvalidParameterException: logStreamNames and logStreamNamePrefixes can be specified \
             only if logGroupIdentifiers has one log group.",
        ),
    ];
    for (tail, expected) in cases {
        let error = tail.send().await.unwrap_err().into_service_error();
        let seen = format!("{}: {}", error.code().unwrap(), error.message().unwrap());
        assert_eq!(seen, expected);
    }
}
