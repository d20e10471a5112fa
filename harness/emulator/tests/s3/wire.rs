//! What cannot be seen through the SDK: bytes on the wire.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use zipster_emulator::clock::{Clock, SystemClock, Wait};

use crate::support::{BUCKET, World, code};

/// Sends a request as it is and returns all that comes back until the connection ends.
async fn send(world: &World, request: &str) -> String {
    let address = world.emulator.endpoint();
    let mut stream = TcpStream::connect(address.strip_prefix("http://").unwrap())
        .await
        .unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    // A server that gives up on a broken request may also cut the connection.
    let _ = stream.read_to_string(&mut answer).await;
    answer
}

/// Path and query of a presigned URL, and its host.
fn split(uri: &str) -> (String, String) {
    let rest = uri.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    (host.to_owned(), format!("/{path}"))
}

fn presigning() -> PresigningConfig {
    PresigningConfig::expires_in(Duration::from_secs(60)).unwrap()
}

#[tokio::test]
async fn a_presigned_url_is_all_it_takes() {
    let world = World::start().await;
    world.put("k", "hello").await;
    let get = world.s3.get_object().bucket(BUCKET).key("k");
    let presigned = get.presigned(presigning()).await.unwrap();
    let (host, path) = split(presigned.uri());
    let request =
        |path: &str| format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    let answer = send(&world, &request(&path)).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nhello"), "{answer}");
    let answer = send(&world, &request(&path.replace("Expires=60", "Expires=61"))).await;
    assert!(answer.contains("<Code>SignatureDoesNotMatch</Code>"));
    let answer = send(&world, &request("/the-bucket/k")).await;
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    assert!(answer.contains("<Code>AccessDenied</Code>"), "{answer}");
}

#[tokio::test]
async fn a_half_sent_body_never_becomes_an_object() {
    let world = World::start().await;
    let put = world.s3.put_object().bucket(BUCKET).key("k");
    let presigned = put.presigned(presigning()).await.unwrap();
    let (host, path) = split(presigned.uri());
    let half = format!(
        "PUT {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 100\r\n\
         Connection: close\r\n\r\nhalf of it"
    );
    let answer = send(&world, &half).await;
    assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
    world.emulator.settled().await;
    let head = world.s3.head_object().bucket(BUCKET).key("k").send().await;
    assert_eq!(code(head), "404 NotFound");
}

/// Signs a put whose body comes in chunks with a trailer, and sends it with this body.
async fn put_chunks(world: &World, body: &str) -> String {
    let endpoint = world.emulator.endpoint();
    let key = world.emulator.administrator();
    let identity = aws_credential_types::Credentials::new(
        &key.access_key_id,
        key.expose_secret(),
        None,
        None,
        "test",
    )
    .into();
    let mut settings = SigningSettings::default();
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("s3")
        .time(SystemClock::real_time().now().into())
        .settings(settings)
        .build()
        .unwrap()
        .into();
    let headers = [
        ("content-encoding", "aws-chunked"),
        ("x-amz-decoded-content-length", "9"),
        ("x-amz-trailer", "x-amz-checksum-crc32"),
    ];
    let uri = format!("{endpoint}/{BUCKET}/k");
    let signable = SignableRequest::new(
        "PUT",
        &uri,
        headers.into_iter(),
        SignableBody::StreamingUnsignedPayloadTrailer,
    );
    let (signed, _) = sign(signable.unwrap(), &params).unwrap().into_parts();
    let (host, path) = split(&uri);
    let mut request = format!("PUT {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
    for (name, value) in headers.into_iter().chain(signed.headers()) {
        request += &format!("{name}: {value}\r\n");
    }
    request += &format!("content-length: {}\r\n\r\n{body}", body.len());
    send(world, &request).await
}

#[tokio::test]
async fn a_trailer_is_checked_and_must_be_there() {
    let world = World::start().await;
    let cases = [
        (
            "x-amz-checksum-crc32:AAAAAA==\r\n",
            "<Code>BadDigest</Code>",
        ),
        ("", "<Code>MalformedTrailerError</Code>"),
        ("x-amz-check", "<Code>MalformedTrailerError</Code>"),
        ("x-amz-checksum-crc32:y/Q5Jg==\r\n", "HTTP/1.1 200"),
    ];
    for (trailer, expected) in cases {
        let head = world.s3.head_object().bucket(BUCKET).key("k").send().await;
        assert_eq!(code(head), "404 NotFound", "before {expected}");
        let body = format!("9\r\n123456789\r\n0\r\n{trailer}\r\n");
        let answer = put_chunks(&world, &body).await;
        assert!(answer.contains(expected), "{answer}");
    }
    assert_eq!(world.get("k").await, b"123456789");
}

/// As AWS names it: the chunk at which it is noticed, and the size of the one before.
#[tokio::test]
async fn a_chunk_that_is_not_the_last_has_eight_kilobytes() {
    let world = World::start().await;
    let body = "4\r\n1234\r\n5\r\n56789\r\n0\r\nx-amz-checksum-crc32:y/Q5Jg==\r\n\r\n";
    let answer = put_chunks(&world, body).await;
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    for expected in [
        "<Code>InvalidChunkSizeError</Code>",
        "<Message>Only the last chunk is allowed to have a size less than 8192 bytes</Message>",
        "<Chunk>2</Chunk><BadChunkSize>4</BadChunkSize>",
    ] {
        assert!(answer.contains(expected), "{answer}");
    }
    let head = world.s3.head_object().bucket(BUCKET).key("k").send().await;
    assert_eq!(code(head), "404 NotFound");
}

/// The end of a chunk is no end of the body.
#[tokio::test]
async fn a_body_that_ends_after_a_chunk_is_incomplete() {
    let world = World::start().await;
    let answer = put_chunks(&world, "4\r\n1234\r\n").await;
    assert!(answer.contains("<Code>IncompleteBody</Code>"), "{answer}");
}

/// A file is sent in chunks, with its checksum in a trailer.
#[tokio::test]
async fn a_chunked_body_is_verified_against_its_trailer() {
    let world = World::start().await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    let body: Vec<u8> = (0..3_000_000u32).map(|n| (n % 253) as u8).collect();
    std::fs::write(&file, &body).unwrap();
    let put = world.s3.put_object().bucket(BUCKET).key("k");
    let put = put.content_encoding("gzip");
    let put = put
        .body(ByteStream::from_path(&file).await.unwrap())
        .send()
        .await
        .unwrap();
    assert!(put.checksum_crc32().is_some());
    let head = world
        .s3
        .head_object()
        .bucket(BUCKET)
        .key("k")
        .send()
        .await
        .unwrap();
    assert_eq!(head.content_encoding(), Some("gzip"));
    assert_eq!(head.content_length(), Some(3_000_000));
    assert!(world.get("k").await == body);
}

#[tokio::test]
async fn an_error_says_what_it_is_about() {
    let world = World::start().await;
    let get = world.s3.get_object().bucket(BUCKET).key("a<b");
    let presigned = get.presigned(presigning()).await.unwrap();
    let (host, path) = split(presigned.uri());
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    let answer = send(&world, &request).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("server: AmazonS3"), "{head}");
    assert!(head.contains("x-amz-request-id: "), "{head}");
    let (error, _) = body.split_once("<RequestId>").unwrap();
    insta::assert_snapshot!(error, @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>a&lt;b</Key>
    "#);
}

#[tokio::test]
async fn a_bucket_may_be_named_in_the_host() {
    let world = World::start().await;
    world.put("k", "hello").await;
    let port = world
        .emulator
        .endpoint()
        .rsplit_once(':')
        .unwrap()
        .1
        .to_owned();
    let config = World::config(&world.emulator, "us-east-1")
        .endpoint_url(format!("http://localhost:{port}"))
        .force_path_style(false);
    let s3 = Client::from_conf(config.build());
    let get = s3.get_object().bucket(BUCKET).key("k");
    let presigned = get.presigned(presigning()).await.unwrap();
    let (host, path) = split(presigned.uri());
    assert_eq!(host, format!("the-bucket.localhost:{port}"));
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    let answer = send(&world, &request).await;
    assert!(answer.ends_with("hello"), "{answer}");
}

/// The emulator's clock, not the machine's, says when an address expires.
#[tokio::test]
async fn a_presigned_url_lives_by_the_emulators_clock() {
    let clock = Arc::new(Shifted::default());
    let world = World::at(clock.clone()).await;
    world.put("k", "hello").await;
    let get = world.s3.get_object().bucket(BUCKET).key("k");
    let presigned = get.presigned(presigning()).await.unwrap();
    let (host, path) = split(presigned.uri());
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    assert!(send(&world, &request).await.starts_with("HTTP/1.1 200"));
    clock.0.store(61, Ordering::SeqCst);
    let answer = send(&world, &request).await;
    for part in [
        "HTTP/1.1 403",
        "<Code>AccessDenied</Code><Message>Request has expired</Message>",
        "<X-Amz-Expires>60</X-Amz-Expires><Expires>",
        "<ServerTime>",
    ] {
        assert!(answer.contains(part), "{part} is missing: {answer}");
    }
    // A quarter of an hour is forgiven in headers, and no more.
    clock.0.store(14 * 60, Ordering::SeqCst);
    let list = || world.s3.list_buckets().send();
    assert_eq!(code(list().await), "no error");
    clock.0.store(16 * 60, Ordering::SeqCst);
    assert_eq!(code(list().await), "403 RequestTimeTooSkewed");
}

/// So that whoever signs by hand can compare.
#[tokio::test]
async fn a_wrong_signature_is_told_what_was_to_be_signed() {
    let world = World::start().await;
    let get = world.s3.get_object().bucket(BUCKET).key("k");
    let presigned = get.presigned(presigning()).await.unwrap();
    let (host, path) = split(presigned.uri());
    let path = path.replace("/k?", "/other?");
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    let answer = send(&world, &request).await;
    assert!(answer.contains("<Code>SignatureDoesNotMatch</Code>"));
    let shown = answer.split_once("<CanonicalRequest>").unwrap().1;
    assert!(
        shown.starts_with(&format!("GET\n/{BUCKET}/other\n")),
        "{answer}"
    );
    assert!(answer.contains("<StringToSign>AWS4-HMAC-SHA256\n"));
    let version_2 = "GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: AWS AKID:c2lnbmF0dXJl\r\nConnection: close\r\n\r\n";
    let answer = send(&world, version_2).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(answer.contains("Please use AWS4-HMAC-SHA256."), "{answer}");
}

/// Another account has other buckets, and gets at these only where their policy says so.
#[tokio::test]
async fn accounts_do_not_see_each_other() {
    let world = World::start().await;
    world.put("k", "hello").await;
    let account = zipster_names::AccountId::parse("210987654321").unwrap();
    let key = world.emulator.administrator_of(account);
    let config = World::config(&world.emulator, "us-east-1");
    let key = aws_credential_types::Credentials::new(
        key.access_key_id.clone(),
        key.expose_secret(),
        None,
        None,
        "test",
    );
    let other = Client::from_conf(config.credentials_provider(key).build());
    let listed = other.list_buckets().send().await.unwrap();
    assert!(listed.buckets().is_empty());
    let get = || other.get_object().bucket(BUCKET).key("k").send();
    assert_eq!(code(get().await), "403 AccessDenied");
    assert_eq!(
        code(other.create_bucket().bucket(BUCKET).send().await),
        "409 BucketAlreadyExists"
    );
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"210987654321"}},
        "Action":"s3:GetObject","Resource":"arn:aws:s3:::{BUCKET}/*"}}]}}"#
    );
    let put = world.s3.put_bucket_policy().bucket(BUCKET).policy(policy);
    put.send().await.unwrap();
    assert_eq!(code(get().await), "no error");
}

/// The endpoint of a region knows where the others' buckets are, and sends clients there.
#[tokio::test]
async fn a_bucket_of_another_region_is_elsewhere() {
    let world = World::start().await;
    let config = World::config(&world.emulator, "eu-west-1");
    let west = Client::from_conf(config.build());
    assert_eq!(
        code(west.list_objects_v2().bucket(BUCKET).send().await),
        "301 PermanentRedirect"
    );
    let location = west.get_bucket_location().bucket(BUCKET).send().await;
    let location = location.unwrap();
    assert!(
        location
            .location_constraint()
            .is_none_or(|region| region.as_str().is_empty())
    );
    let listed = west.list_buckets().send().await.unwrap();
    assert_eq!(listed.buckets()[0].bucket_region(), Some("us-east-1"));
    assert_eq!(
        listed.buckets()[0].bucket_arn(),
        Some("arn:aws:s3:::the-bucket")
    );
}

/// A clock that a test moves, in seconds.
#[derive(Debug, Default)]
struct Shifted(AtomicI64);

impl Clock for Shifted {
    fn now(&self) -> time::OffsetDateTime {
        let shift = self.0.load(Ordering::SeqCst);
        SystemClock::real_time().now() + Duration::from_secs(shift.unsigned_abs())
    }

    fn pause(&self, length: Duration) -> Wait {
        SystemClock::real_time().pause(length)
    }

    fn limit(&self, length: Duration) -> Wait {
        SystemClock::real_time().limit(length)
    }
}
