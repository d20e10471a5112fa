//! Uploads in parts.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, ChecksumMode, ChecksumType, CompletedMultipartUpload, CompletedPart,
};

use crate::support::{BUCKET, World, code};

const MIB: usize = 1 << 20;

struct Upload<'a> {
    world: &'a World,
    id: String,
}

impl<'a> Upload<'a> {
    async fn begin(world: &'a World) -> Self {
        let create = world.s3.create_multipart_upload().bucket(BUCKET).key("k");
        let created = create.metadata("n", "1").send().await.unwrap();
        let id = created.upload_id.unwrap();
        Self { world, id }
    }

    async fn part(&self, number: i32, body: Vec<u8>) -> CompletedPart {
        let upload = self.world.s3.upload_part().bucket(BUCKET).key("k");
        let upload = upload.upload_id(&self.id).part_number(number);
        let part = upload.body(ByteStream::from(body)).send().await.unwrap();
        CompletedPart::builder()
            .part_number(number)
            .e_tag(part.e_tag.unwrap())
            .build()
    }

    async fn complete(&self, parts: &[CompletedPart]) -> String {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts.to_vec()));
        let complete = self.world.s3.complete_multipart_upload();
        let complete = complete.bucket(BUCKET).key("k").upload_id(&self.id);
        match complete.multipart_upload(parts.build()).send().await {
            Ok(done) => done.e_tag.unwrap(),
            error => code(error),
        }
    }
}

#[tokio::test]
async fn parts_become_one_object_with_a_composite_etag() {
    let world = World::start().await;
    let upload = Upload::begin(&world).await;
    // Out of order, and the second one twice.
    let second = vec![2; MIB];
    upload.part(2, vec![9; MIB]).await;
    let parts = [
        upload.part(1, vec![1; 5 * MIB]).await,
        upload.part(2, second.clone()).await,
    ];
    let listed = world.s3.list_parts().bucket(BUCKET).key("k");
    let listed = listed.upload_id(&upload.id).send().await.unwrap();
    assert_eq!(listed.parts()[1].size(), Some(1_048_576));
    let uploads = world.s3.list_multipart_uploads().bucket(BUCKET);
    assert_eq!(uploads.send().await.unwrap().uploads()[0].key(), Some("k"));
    // md5(md5(part 1) + md5(part 2)).
    assert_eq!(
        upload.complete(&parts).await,
        "\"0aef005c52ac42ae9b022a950899c5a0-2\""
    );
    let body = world.get("k").await;
    assert!(body == [vec![1; 5 * MIB], second].concat());
    let head = world
        .s3
        .head_object()
        .bucket(BUCKET)
        .key("k")
        .part_number(2);
    let head = head.send().await.unwrap();
    assert_eq!(head.parts_count(), Some(2));
    assert_eq!(head.content_length(), Some(1_048_576));
    assert_eq!(head.metadata().unwrap()["n"], "1");
    assert_eq!(upload.complete(&parts).await, "404 NoSuchUpload");
}

#[tokio::test]
async fn a_completion_that_does_not_fit_the_parts_is_refused() {
    let world = World::start().await;
    let upload = Upload::begin(&world).await;
    let one = upload.part(1, vec![1; MIB]).await;
    let two = upload.part(2, vec![2; MIB]).await;
    let cases = [
        (vec![], "400 MalformedXML"),
        (vec![two.clone(), one.clone()], "400 InvalidPartOrder"),
        (vec![one.clone(), two.clone()], "400 EntityTooSmall"),
        (
            vec![CompletedPart::builder().part_number(1).e_tag("x").build()],
            "400 InvalidPart",
        ),
        (
            vec![CompletedPart::builder().part_number(3).e_tag("x").build()],
            "400 InvalidPart",
        ),
    ];
    for (parts, expected) in cases {
        assert_eq!(upload.complete(&parts).await, expected);
    }
    let missing = world.s3.head_object().bucket(BUCKET).key("k").send().await;
    assert_eq!(code(missing), "404 NotFound");
    let abort = world.s3.abort_multipart_upload().bucket(BUCKET).key("k");
    abort.upload_id(&upload.id).send().await.unwrap();
    assert_eq!(upload.complete(&[one]).await, "404 NoSuchUpload");
}

#[tokio::test]
async fn a_part_can_be_copied_from_an_object() {
    let world = World::start().await;
    world.put("source", "0123456789").await;
    let upload = Upload::begin(&world).await;
    let copy = || {
        let copy = world.s3.upload_part_copy().bucket(BUCKET).key("k");
        let copy = copy.upload_id(&upload.id).part_number(1);
        copy.copy_source("the-bucket/source")
    };
    let outside = copy().copy_source_range("bytes=5-10").send().await;
    assert_eq!(code(outside), "400 InvalidArgument");
    let copied = copy().copy_source_range("bytes=2-5").send().await.unwrap();
    let etag = copied.copy_part_result.unwrap().e_tag.unwrap();
    let part = CompletedPart::builder().part_number(1).e_tag(etag).build();
    upload.complete(&[part]).await;
    assert_eq!(world.get("k").await, b"2345");
    // A copy of what came in parts is one piece with a plain ETag.
    let copy = world.s3.copy_object().bucket(BUCKET).key("copy");
    let copy = copy.copy_source("the-bucket/k").send().await.unwrap();
    assert_eq!(
        copy.copy_object_result().unwrap().e_tag(),
        Some("\"81b073de9370ea873f548e31b8adc081\"")
    );
}

#[tokio::test]
async fn the_checksum_of_the_whole_comes_from_those_of_the_parts() {
    let world = World::start().await;
    for (algorithm, kind) in [
        (ChecksumAlgorithm::Crc32, ChecksumType::FullObject),
        (ChecksumAlgorithm::Crc64Nvme, ChecksumType::FullObject),
        (ChecksumAlgorithm::Crc32C, ChecksumType::Composite),
        (ChecksumAlgorithm::Sha256, ChecksumType::Composite),
    ] {
        let create = world.s3.create_multipart_upload().bucket(BUCKET).key("k");
        let create = create.checksum_algorithm(algorithm.clone());
        let created = create.checksum_type(kind.clone()).send().await.unwrap();
        let id = created.upload_id.unwrap();
        let mut parts = Vec::new();
        for (number, body) in [(1, vec![1; 5 * MIB]), (2, vec![2; 99])] {
            let upload = world.s3.upload_part().bucket(BUCKET).key("k");
            let upload = upload.upload_id(&id).part_number(number);
            let upload = upload.checksum_algorithm(algorithm.clone());
            let part = upload.body(ByteStream::from(body)).send().await.unwrap();
            let named = CompletedPart::builder()
                .part_number(number)
                .e_tag(part.e_tag.unwrap())
                .set_checksum_crc32(part.checksum_crc32)
                .set_checksum_crc32_c(part.checksum_crc32_c)
                .set_checksum_crc64_nvme(part.checksum_crc64_nvme)
                .set_checksum_sha256(part.checksum_sha256);
            parts.push(named.build());
        }
        let complete = world.s3.complete_multipart_upload();
        let complete = complete.bucket(BUCKET).key("k").upload_id(&id);
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts));
        let done = complete
            .multipart_upload(parts.build())
            .send()
            .await
            .unwrap();
        assert_eq!(done.checksum_type(), Some(&kind));
        // The SDK verifies the body against a checksum of the full object.
        let get = world.s3.get_object().bucket(BUCKET).key("k");
        let get = get.checksum_mode(ChecksumMode::Enabled).send().await;
        let get = get.unwrap();
        assert_eq!(get.checksum_type(), Some(&kind));
        assert_eq!(get.checksum_sha256(), done.checksum_sha256());
        assert_eq!(
            get.body.collect().await.unwrap().to_vec().len(),
            5 * MIB + 99
        );
    }
}
