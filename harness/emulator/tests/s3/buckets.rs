//! Buckets.

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};

use crate::support::{BUCKET, World, code};

#[tokio::test]
async fn a_bucket_is_made_found_listed_and_removed() {
    let world = World::start().await;
    world.put("k", "v").await;
    let head = world.s3.head_bucket().bucket(BUCKET).send().await.unwrap();
    assert_eq!(head.bucket_region(), Some("us-east-1"));
    let buckets = world.s3.list_buckets().send().await.unwrap().buckets;
    assert_eq!(buckets.unwrap()[0].name(), Some(BUCKET));
    let delete = || world.s3.delete_bucket().bucket(BUCKET).send();
    assert_eq!(code(delete().await), "409 BucketNotEmpty");
    let object = world.s3.delete_object().bucket(BUCKET).key("k");
    object.send().await.unwrap();
    assert_eq!(code(delete().await), "no error");
    assert_eq!(code(delete().await), "404 NoSuchBucket");
    let head = world.s3.head_bucket().bucket(BUCKET).send().await;
    assert_eq!(code(head), "404 NotFound");
}

#[tokio::test]
async fn outside_of_us_east_1_a_bucket_needs_a_location() {
    let world = World::empty().await;
    let config = World::config(&world.emulator, "eu-central-1").build();
    let s3 = Client::from_conf(config);
    let create = || s3.create_bucket().bucket("the-eu-bucket");
    assert_eq!(
        code(create().send().await),
        "400 IllegalLocationConstraintException"
    );
    let location = CreateBucketConfiguration::builder()
        .location_constraint(BucketLocationConstraint::EuCentral1)
        .build();
    let with_location = || {
        create()
            .create_bucket_configuration(location.clone())
            .send()
    };
    assert_eq!(code(with_location().await), "no error");
    assert_eq!(code(with_location().await), "409 BucketAlreadyOwnedByYou");
    let location = s3
        .get_bucket_location()
        .bucket("the-eu-bucket")
        .send()
        .await;
    assert_eq!(
        location.unwrap().location_constraint(),
        Some(&BucketLocationConstraint::EuCentral1)
    );
}
