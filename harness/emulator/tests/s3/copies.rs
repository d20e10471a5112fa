//! Copies.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{MetadataDirective, TaggingDirective};

use crate::support::{BUCKET, World, code};

async fn with_source() -> World {
    let world = World::start().await;
    let body = ByteStream::from_static(b"source");
    let put = world.s3.put_object().bucket(BUCKET).key("a b/ü");
    let put = put.content_type("text/csv").metadata("n", "1");
    put.tagging("t=1").body(body).send().await.unwrap();
    world
}

const SOURCE: &str = "the-bucket/a%20b/%C3%BC";

#[tokio::test]
async fn a_copy_has_the_bytes_metadata_and_tags_of_its_source() {
    let world = with_source().await;
    let copy = world.s3.copy_object().bucket(BUCKET).key("copy");
    let copy = copy.copy_source(SOURCE).send().await.unwrap();
    let head = world.s3.head_object().bucket(BUCKET).key("copy");
    let head = head.send().await.unwrap();
    assert_eq!(head.content_type(), Some("text/csv"));
    assert_eq!(head.metadata().unwrap()["n"], "1");
    assert_eq!(head.e_tag(), copy.copy_object_result().unwrap().e_tag());
    assert_eq!(world.get("copy").await, b"source");
    let tags = world.s3.get_object_tagging().bucket(BUCKET).key("copy");
    assert_eq!(tags.send().await.unwrap().tag_set()[0].key(), "t");
}

#[tokio::test]
async fn metadata_and_tags_can_be_replaced() {
    let world = with_source().await;
    let copy = world.s3.copy_object().bucket(BUCKET).key("copy");
    copy.copy_source(SOURCE)
        .metadata_directive(MetadataDirective::Replace)
        .tagging_directive(TaggingDirective::Replace)
        .metadata("n", "2")
        .send()
        .await
        .unwrap();
    let head = world.s3.head_object().bucket(BUCKET).key("copy");
    let head = head.send().await.unwrap();
    assert_eq!(head.metadata().unwrap()["n"], "2");
    assert_eq!(head.content_type(), Some("binary/octet-stream"));
    let tags = world.s3.get_object_tagging().bucket(BUCKET).key("copy");
    assert_eq!(tags.send().await.unwrap().tag_set(), []);
}

#[tokio::test]
async fn what_cannot_be_copied_is_refused() {
    let world = with_source().await;
    let copy = |key: &str, source: &str| {
        let copy = world.s3.copy_object().bucket(BUCKET).key(key);
        copy.copy_source(source)
    };
    let to_itself = copy("a b/ü", SOURCE).send().await;
    assert_eq!(code(to_itself), "400 InvalidRequest");
    let missing = copy("k", "the-bucket/missing").send().await;
    assert_eq!(code(missing), "404 NoSuchKey");
    let elsewhere = copy("k", "no-such-bucket/k").send().await;
    assert_eq!(code(elsewhere), "404 NoSuchBucket");
    let changed = copy("k", SOURCE).copy_source_if_match("\"x\"").send().await;
    assert_eq!(code(changed), "412 PreconditionFailed");
}
