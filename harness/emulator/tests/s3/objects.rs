//! Objects: what goes in comes out, and nothing else.

use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode, Delete, ObjectIdentifier};

use crate::support::{BUCKET, World, code};

#[tokio::test]
async fn a_put_object_comes_back_with_its_etag_type_and_metadata() {
    let world = World::start().await;
    let put = world
        .s3
        .put_object()
        .bucket(BUCKET)
        .key("in/ü b+c.csv")
        .content_type("text/csv")
        .cache_control("no-store")
        .metadata("source-version", "17-A")
        .metadata("city", "Zürich")
        .body(ByteStream::from_static(b"hello"))
        .send()
        .await
        .unwrap();
    assert_eq!(put.e_tag(), Some("\"5d41402abc4b2a76b9719d911017c592\""));
    let get = world
        .s3
        .get_object()
        .bucket(BUCKET)
        .key("in/ü b+c.csv")
        .send()
        .await
        .unwrap();
    assert_eq!(get.e_tag(), put.e_tag());
    assert_eq!(get.content_type(), Some("text/csv"));
    assert_eq!(get.cache_control(), Some("no-store"));
    assert_eq!(get.content_length(), Some(5));
    assert_eq!(get.metadata().unwrap()["source-version"], "17-A");
    // S3 answers what is not ASCII in the way of RFC 2047.
    assert_eq!(get.metadata().unwrap()["city"], "=?UTF-8?B?WsO8cmljaA==?=");
    assert_eq!(get.server_side_encryption().unwrap().as_str(), "AES256");
    assert_eq!(get.body.collect().await.unwrap().to_vec(), b"hello");
    let head = world.s3.head_object().bucket(BUCKET).key("in/ü b+c.csv");
    assert_eq!(head.send().await.unwrap().content_length(), Some(5));
}

#[tokio::test]
async fn a_large_body_goes_through_a_file_and_comes_back_whole() {
    let world = World::start().await;
    let body: Vec<u8> = (0..5_000_000u32).map(|n| (n % 251) as u8).collect();
    world.put("large", body.clone()).await;
    assert!(world.get("large").await == body);
    let range = world
        .s3
        .get_object()
        .bucket(BUCKET)
        .key("large")
        .range("bytes=4999990-")
        .send()
        .await
        .unwrap();
    assert_eq!(range.content_range(), Some("bytes 4999990-4999999/5000000"));
    assert_eq!(
        range.body.collect().await.unwrap().to_vec(),
        body[4_999_990..]
    );
}

#[tokio::test]
async fn an_object_may_be_empty() {
    let world = World::start().await;
    let etag = world.put("k", "").await;
    assert_eq!(etag, "\"d41d8cd98f00b204e9800998ecf8427e\"");
    assert_eq!(world.get("k").await, b"");
    let range = world.s3.get_object().bucket(BUCKET).key("k");
    assert_eq!(
        code(range.range("bytes=0-").send().await),
        "416 InvalidRange"
    );
}

#[tokio::test]
async fn a_range_is_cut_to_the_object_or_refused_behind_it() {
    let world = World::start().await;
    world.put("k", "0123456789").await;
    let cases = [
        ("bytes=0-3", "0123"),
        ("bytes=4-99", "456789"),
        ("bytes=-2", "89"),
        ("bytes=9-", "9"),
    ];
    for (range, expected) in cases {
        let get = world.s3.get_object().bucket(BUCKET).key("k").range(range);
        let body = get.send().await.unwrap().body.collect().await.unwrap();
        assert_eq!(body.to_vec(), expected.as_bytes(), "{range}");
    }
    let behind = world.s3.get_object().bucket(BUCKET).key("k");
    assert_eq!(
        code(behind.range("bytes=10-").send().await),
        "416 InvalidRange"
    );
}

#[tokio::test]
async fn every_checksum_algorithm_is_verified_and_returned() {
    let world = World::start().await;
    for algorithm in [
        ChecksumAlgorithm::Crc32,
        ChecksumAlgorithm::Crc32C,
        ChecksumAlgorithm::Crc64Nvme,
        ChecksumAlgorithm::Sha1,
        ChecksumAlgorithm::Sha256,
    ] {
        let put = world
            .s3
            .put_object()
            .bucket(BUCKET)
            .key(algorithm.as_str())
            .checksum_algorithm(algorithm.clone())
            .body(ByteStream::from_static(b"123456789"))
            .send()
            .await
            .unwrap();
        // The SDK verifies the body against the checksum that it gets here.
        let get = world
            .s3
            .get_object()
            .bucket(BUCKET)
            .key(algorithm.as_str())
            .checksum_mode(ChecksumMode::Enabled)
            .send()
            .await
            .unwrap();
        assert_eq!(get.checksum_crc32(), put.checksum_crc32());
        assert_eq!(get.checksum_crc32_c(), put.checksum_crc32_c());
        assert_eq!(get.checksum_crc64_nvme(), put.checksum_crc64_nvme());
        assert_eq!(get.checksum_sha1(), put.checksum_sha1());
        assert_eq!(get.checksum_sha256(), put.checksum_sha256());
        assert_eq!(get.body.collect().await.unwrap().to_vec(), b"123456789");
    }
}

#[tokio::test]
async fn a_body_that_breaks_its_promise_becomes_no_object() {
    let world = World::start().await;
    let put = || {
        let body = ByteStream::from_static(b"123456789");
        world.s3.put_object().bucket(BUCKET).key("k").body(body)
    };
    assert_eq!(
        code(put().content_md5("AAAAAAAAAAAAAAAAAAAAAA==").send().await),
        "400 BadDigest"
    );
    assert_eq!(
        code(put().content_md5("short").send().await),
        "400 InvalidDigest"
    );
    assert_eq!(
        code(put().checksum_crc32("AAAAAA==").send().await),
        "400 BadDigest"
    );
    let head = world.s3.head_object().bucket(BUCKET).key("k").send().await;
    assert_eq!(code(head), "404 NotFound");
}

#[tokio::test]
async fn reads_have_conditions() {
    let world = World::start().await;
    let etag = world.put("k", "v").await;
    let get = || world.s3.get_object().bucket(BUCKET).key("k");
    assert_eq!(code(get().if_match(&etag).send().await), "no error");
    assert_eq!(
        code(get().if_match("\"other\"").send().await),
        "412 PreconditionFailed"
    );
    assert_eq!(code(get().if_none_match(&etag).send().await), "304 -");
    let (past, future) = (DateTime::from_secs(1), DateTime::from_secs(4_000_000_000));
    assert_eq!(code(get().if_modified_since(past).send().await), "no error");
    assert_eq!(code(get().if_modified_since(future).send().await), "304 -");
    assert_eq!(
        code(get().if_unmodified_since(past).send().await),
        "412 PreconditionFailed"
    );
}

#[tokio::test]
async fn writes_and_deletes_have_conditions() {
    let world = World::start().await;
    let put = || {
        let body = ByteStream::from_static(b"new");
        world.s3.put_object().bucket(BUCKET).key("k").body(body)
    };
    let delete = || world.s3.delete_object().bucket(BUCKET).key("k");
    assert_eq!(code(put().if_match("\"x\"").send().await), "404 NoSuchKey");
    assert_eq!(
        code(delete().if_match("\"x\"").send().await),
        "404 NoSuchKey"
    );
    assert_eq!(code(put().if_none_match("*").send().await), "no error");
    assert_eq!(
        code(put().if_none_match("*").send().await),
        "412 PreconditionFailed"
    );
    let etag = world.put("k", "old").await;
    assert_eq!(
        code(delete().if_match("\"x\"").send().await),
        "412 PreconditionFailed"
    );
    assert_eq!(code(put().if_match(&etag).send().await), "no error");
    assert_eq!(
        code(delete().if_match(&etag).send().await),
        "412 PreconditionFailed"
    );
    assert_eq!(world.get("k").await, b"new");
}

#[tokio::test]
async fn a_deleted_object_is_gone_and_deleting_it_again_is_no_error() {
    let world = World::start().await;
    world.put("k", "v").await;
    let delete = || world.s3.delete_object().bucket(BUCKET).key("k").send();
    assert_eq!(code(delete().await), "no error");
    assert_eq!(code(delete().await), "no error");
    let get = world.s3.get_object().bucket(BUCKET).key("k").send().await;
    assert_eq!(code(get), "404 NoSuchKey");
}

#[tokio::test]
async fn many_objects_are_deleted_at_once() {
    let world = World::start().await;
    let etag = world.put("a", "1").await;
    world.put("b", "2").await;
    let object = |key: &str, etag: &str| {
        ObjectIdentifier::builder()
            .key(key)
            .e_tag(etag)
            .build()
            .unwrap()
    };
    let delete = Delete::builder()
        .objects(object("a", &etag))
        .objects(object("b", &etag))
        .build()
        .unwrap();
    let answer = world
        .s3
        .delete_objects()
        .bucket(BUCKET)
        .delete(delete)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.deleted()[0].key(), Some("a"));
    assert_eq!(answer.errors()[0].key(), Some("b"));
    assert_eq!(answer.errors()[0].code(), Some("PreconditionFailed"));
}

#[tokio::test]
async fn objects_have_tags() {
    let world = World::start().await;
    let body = ByteStream::from_static(b"v");
    let put = world.s3.put_object().bucket(BUCKET).key("k").body(body);
    put.tagging("team=maps&state=new%20york")
        .send()
        .await
        .unwrap();
    let get = || world.s3.get_object_tagging().bucket(BUCKET).key("k").send();
    let tags = get().await.unwrap().tag_set;
    assert_eq!(tags[1].value(), "new york");
    let delete = world.s3.delete_object_tagging().bucket(BUCKET).key("k");
    delete.send().await.unwrap();
    assert_eq!(get().await.unwrap().tag_set, []);
}

#[tokio::test]
async fn what_is_not_supported_is_refused_by_name() {
    let world = World::start().await;
    let acl = world
        .s3
        .get_object_acl()
        .bucket(BUCKET)
        .key("k")
        .send()
        .await;
    assert_eq!(code(acl), "501 NotImplemented");
    let body = ByteStream::from_static(b"v");
    let put = world.s3.put_object().bucket(BUCKET).key("k").body(body);
    let error = put
        .website_redirect_location("/x")
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        error.into_service_error().meta().message(),
        Some("s3: the header x-amz-website-redirect-location is not supported by this emulator")
    );
}
