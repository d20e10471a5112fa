//! Clients that send what is no request, or two for one.

use crate::support::{World, call};

/// Sends this and expects an answer with this status and text, and then the connection's end.
async fn refused(world: &World, bytes: impl AsRef<[u8]>, status: &str, part: &str) {
    let mut peer = world.send(bytes).await;
    let answer = peer.rest().await;
    let start = format!("HTTP/1.1 {status}");
    assert!(answer.starts_with(&start), "{status}: {answer:?}");
    assert!(answer.contains(part), "{part}: {answer}");
    world.others_are_served().await;
}

#[tokio::test]
async fn what_is_no_request_is_answered_as_such() {
    let world = World::start().await;
    // A TLS client's first bytes: TLS is not spoken here.
    let hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n";
    refused(&world, hello, "400", "").await;
    refused(&world, "\0\u{1}\u{2}garbage\r\n\r\n", "400", "").await;
    refused(&world, "GET / HTTP/9.9\r\n\r\n", "400", "").await;
    let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(70_000));
    refused(&world, long, "431", "").await;
    let two_lengths = "PUT /b/k HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n";
    refused(&world, two_lengths, "400", "").await;
}

#[tokio::test]
async fn a_head_has_a_size_and_a_number_of_headers() {
    let world = World::start().await;
    let with = |headers: String| {
        format!("GET /the-bucket HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n")
    };
    refused(
        &world,
        with(format!("X: {}\r\n", "x".repeat(80_000))),
        "431",
        "",
    )
    .await;
    refused(&world, with("X: x\r\n".repeat(513)), "431", "").await;
    // Metadata of one letter each, more than a hundred.
    refused(&world, with("X: x\r\n".repeat(500)), "403", "AccessDenied").await;
    refused(
        &world,
        with(format!("X: {}\r\n", "x".repeat(8_200))),
        "400",
        "<Code>RequestHeaderSectionTooLarge</Code><Message>Your request header section exceeds the maximum allowed size.</Message>",
    )
    .await;
}

#[tokio::test]
async fn a_body_has_a_size_that_depends_on_the_service() {
    let world = World::start().await;
    let length = "Content-Length: 9000000";
    let exceeded = "HTTP content length exceeded 8388608 bytes.";
    refused(&world, call("sqs", length), "413", exceeded).await;
    let exceeded = "HTTP content length exceeded 1662976 bytes.";
    refused(&world, call("sns", length), "413", exceeded).await;
    let smaller = "Request must be smaller than 70167211 bytes";
    let length = "Content-Length: 70167212";
    refused(&world, call("lambda", length), "413", smaller).await;
}

#[tokio::test]
async fn a_chunk_has_a_size() {
    let world = World::start().await;
    for body in ["zz\r\n{}\r\n0\r\n\r\n", "ffffffffffffffffff\r\n", "-1\r\n"] {
        let request = call("sqs", "Transfer-Encoding: chunked") + body;
        refused(&world, request, "400", "BadRequest").await;
    }
}

#[tokio::test]
async fn two_requests_in_a_row_have_two_answers_in_a_row() {
    let world = World::start().await;
    let first = "GET /first HTTP/1.1\r\nHost: x\r\n\r\n";
    let second = "GET /second HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let mut peer = world.send(format!("{first}{second}")).await;
    let answer = peer.rest().await;
    let (first, second) = (answer.find("/first<"), answer.find("/second<"));
    assert!(first.is_some() && first < second, "{answer}");
}

/// Whether the first ends where `Content-Length` says or where its chunks end, the second is not
/// carried out.
#[tokio::test]
async fn a_request_within_a_request_is_not_carried_out() {
    let world = World::start().await;
    for lengths in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Transfer-Encoding: chunked",
    ] {
        let put = world.put("smuggled", 0).await;
        let mut peer = world.send(call("sqs", lengths) + "0\r\n\r\n" + &put).await;
        let answer = peer.rest().await;
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
        assert!(!world.has_object("smuggled").await, "{lengths}");
    }
}

/// Found by fuzzing: a date that is none, in a header that is no text.
#[tokio::test]
async fn an_authorization_that_is_no_text_is_nobodys() {
    let world = World::start().await;
    let headers: [&[u8]; 2] = [
        b"Authorization: AWS4-HM\xf2 Credential=A/4052!258/us-east-1/sqs/aws4_request",
        b"Authorization: AWS4-HMAC-SHA256 Credential=A\r\nAuthorization: Basic eDp5",
    ];
    for header in headers {
        let mut request = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n".to_vec();
        request.extend_from_slice(header);
        request.extend_from_slice(b"\r\n\r\n");
        refused(&world, request, "400", "Unsupported Authorization Type").await;
    }
}

/// What nobody thought of is an error of that request, and of no other.
#[tokio::test]
async fn a_panic_is_an_answer() {
    let world = World::start().await;
    world.clock.break_once();
    let request = call("sqs", "Content-Length: 2") + "{}";
    let mut peer = world.send(request.clone()).await;
    let answer = peer.until("}").await;
    assert!(answer.starts_with("HTTP/1.1 500"), "{answer}");
    assert!(answer.contains(r#""__type":"InternalFailure""#), "{answer}");
    world.others_are_served().await;
    // The same connection is as good as before.
    peer.write(request).await;
    let answer = peer.until("}").await;
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
}
