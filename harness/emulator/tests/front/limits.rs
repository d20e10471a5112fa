//! Clients that take their time.

use crate::support::{BUCKET, HEAD, IDLE, STALL, World, call};

const LIST: &str = "GET /?list HTTP/1.1\r\nHost: localhost\r\n\r\n";

#[tokio::test]
async fn half_a_head_does_not_hold_a_connection_for_ever() {
    let world = World::start().await;
    let mut silent = world.connect().await;
    let mut slow = world.send("GET / HTTP/1.1\r\nHost: loc").await;
    world.others_are_served().await;
    world.clock.pass(HEAD);
    assert_eq!(silent.rest().await, "");
    assert_eq!(slow.rest().await, "");
}

#[tokio::test]
async fn a_connection_may_rest_between_requests_but_not_for_ever() {
    let world = World::start().await;
    let mut peer = world.send(LIST).await;
    peer.until("</Error>").await;
    // The time for a head is not that for a rest.
    world.clock.pass(HEAD);
    world.clock.pass(STALL);
    peer.write(LIST).await;
    let second = peer.until("</Error>").await;
    assert!(second.contains("<Code>AccessDenied</Code>"), "{second}");
    world.clock.pass(IDLE);
    assert_eq!(peer.rest().await, "");
}

#[tokio::test]
async fn a_body_that_stops_half_way_is_a_timeout_in_the_services_words() {
    let world = World::start().await;
    let put = world.put("k", 100).await;
    let mut to_s3 = world.send(put + "half of it").await;
    let mut to_sqs = world.send(call("sqs", "Content-Length: 9") + "{").await;
    let mut to_sns = world.send(call("sns", "Content-Length: 9") + "A").await;
    world.others_are_served().await;
    world.clock.pass(STALL);
    let answer = to_s3.rest().await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    for part in [
        "<Code>RequestTimeout</Code>",
        "<Message>Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.</Message>",
        "connection: close",
    ] {
        assert!(answer.contains(part), "{part} is missing: {answer}");
    }
    let answer = to_sqs.rest().await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(
        answer.contains(r#""__type":"RequestTimeoutException""#),
        "{answer}"
    );
    let answer = to_sns.rest().await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("<Code>RequestTimeout</Code>"), "{answer}");
    world.emulator.settled().await;
    assert!(!world.has_object("k").await);
}

#[tokio::test]
async fn an_answer_that_nobody_reads_is_given_up() {
    const LARGE: usize = 16 << 20;
    let world = World::start().await;
    let put = world.s3.put_object().bucket(BUCKET).key("large");
    put.body(vec![b'x'; LARGE].into()).send().await.unwrap();
    let get = world.get("large").await;
    // From now on, no write may wait.
    world.clock.pass(STALL);
    let mut peer = world.connect_narrow().await;
    peer.write(get).await;
    world.others_are_served().await;
    world.emulator.settled().await;
    let answer = peer.rest().await;
    assert!(answer.len() < LARGE, "{} bytes came", answer.len());
}

#[tokio::test]
async fn who_comes_when_there_is_no_room_waits() {
    let world = World::with_connections(3).await;
    // One is the SDK's; it is idle, and makes way for the third of these.
    let first = world.send("GET /").await;
    let _second = world.send("GET /").await;
    let mut third = world.send(LIST).await;
    third.until("</Error>").await;
    // The third rests, so that the fourth has its place.
    let mut fourth = world.send("GET /").await;
    assert_eq!(third.rest().await, "");
    // Nobody rests: the fourth is in the middle of a head, so that the fifth waits for the first.
    let mut fifth = world.send(LIST).await;
    drop(first);
    fifth.until("</Error>").await;
    fourth.write("?list HTTP/1.1\r\nHost: x\r\n\r\n").await;
    fourth.until("</Error>").await;
}

#[tokio::test]
async fn stopping_waits_for_no_client() {
    let world = World::start().await;
    let mut clients = Vec::new();
    let put = world.put("k", 100).await;
    for bytes in [
        String::new(),
        "GET / HTTP/1.1\r\nHos".to_owned(),
        put + "half of it",
        call("sqs", "Transfer-Encoding: chunked") + "5\r\n{",
        LIST.to_owned(),
    ] {
        clients.push(world.send(bytes).await);
    }
    world.others_are_served().await;
    world.emulator.stop().await.unwrap();
    for mut client in clients {
        client.rest().await;
    }
}
