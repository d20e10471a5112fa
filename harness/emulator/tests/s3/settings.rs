//! What can be set for a bucket.

use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, ExpirationStatus, LifecycleExpiration, LifecycleRule,
    LifecycleRuleFilter, PublicAccessBlockConfiguration, Tag, Tagging,
};

use crate::support::{BUCKET, World, code};

#[tokio::test]
async fn a_new_bucket_is_private_and_encrypted_and_has_nothing_else() {
    let world = World::start().await;
    let s3 = &world.s3;
    let block = s3
        .get_public_access_block()
        .bucket(BUCKET)
        .send()
        .await
        .unwrap();
    let block = block.public_access_block_configuration().unwrap();
    assert_eq!(block.block_public_policy(), Some(true));
    let encryption = s3
        .get_bucket_encryption()
        .bucket(BUCKET)
        .send()
        .await
        .unwrap();
    let rules = encryption
        .server_side_encryption_configuration
        .unwrap()
        .rules;
    let default = rules[0].apply_server_side_encryption_by_default().unwrap();
    assert_eq!(default.sse_algorithm().as_str(), "AES256");
    let ownership = s3.get_bucket_ownership_controls().bucket(BUCKET).send();
    let rules = ownership.await.unwrap().ownership_controls.unwrap().rules;
    assert_eq!(rules[0].object_ownership().as_str(), "BucketOwnerEnforced");
    let acl = s3.get_bucket_acl().bucket(BUCKET).send().await.unwrap();
    assert_eq!(acl.grants().len(), 1);
    let versioning = s3
        .get_bucket_versioning()
        .bucket(BUCKET)
        .send()
        .await
        .unwrap();
    assert_eq!(versioning.status(), None);
    let absent = [
        code(s3.get_bucket_tagging().bucket(BUCKET).send().await),
        code(s3.get_bucket_policy().bucket(BUCKET).send().await),
        code(
            s3.get_bucket_lifecycle_configuration()
                .bucket(BUCKET)
                .send()
                .await,
        ),
        code(s3.get_bucket_cors().bucket(BUCKET).send().await),
        code(s3.get_bucket_website().bucket(BUCKET).send().await),
        code(s3.get_bucket_replication().bucket(BUCKET).send().await),
        code(
            s3.get_object_lock_configuration()
                .bucket(BUCKET)
                .send()
                .await,
        ),
    ];
    assert_eq!(
        absent,
        [
            "404 NoSuchTagSet",
            "404 NoSuchBucketPolicy",
            "404 NoSuchLifecycleConfiguration",
            "404 NoSuchCORSConfiguration",
            "404 NoSuchWebsiteConfiguration",
            "404 ReplicationConfigurationNotFoundError",
            "404 ObjectLockConfigurationNotFoundError",
        ]
    );
}

#[tokio::test]
async fn settings_are_kept_and_given_back() {
    let world = World::start().await;
    let s3 = &world.s3;
    let tag = Tag::builder()
        .key("project")
        .value("zipster")
        .build()
        .unwrap();
    let tagging = Tagging::builder().tag_set(tag.clone()).build().unwrap();
    s3.put_bucket_tagging()
        .bucket(BUCKET)
        .tagging(tagging)
        .send()
        .await
        .unwrap();
    let tags = s3.get_bucket_tagging().bucket(BUCKET).send().await.unwrap();
    assert_eq!(tags.tag_set(), [tag]);

    let block = PublicAccessBlockConfiguration::builder()
        .block_public_acls(true)
        .build();
    let put = s3.put_public_access_block().bucket(BUCKET);
    put.public_access_block_configuration(block)
        .send()
        .await
        .unwrap();
    let block = s3
        .get_public_access_block()
        .bucket(BUCKET)
        .send()
        .await
        .unwrap();
    let block = block.public_access_block_configuration.unwrap();
    assert_eq!(block.block_public_acls(), Some(true));
    assert_eq!(block.block_public_policy(), Some(false));
    s3.delete_public_access_block()
        .bucket(BUCKET)
        .send()
        .await
        .unwrap();
    let block = s3.get_public_access_block().bucket(BUCKET).send().await;
    assert_eq!(code(block), "404 NoSuchPublicAccessBlockConfiguration");

    let rule = LifecycleRule::builder()
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix("").build())
        .expiration(LifecycleExpiration::builder().days(30).build())
        .build()
        .unwrap();
    let rules = BucketLifecycleConfiguration::builder()
        .rules(rule)
        .build()
        .unwrap();
    let put = s3.put_bucket_lifecycle_configuration().bucket(BUCKET);
    put.lifecycle_configuration(rules).send().await.unwrap();
    let rules = s3
        .get_bucket_lifecycle_configuration()
        .bucket(BUCKET)
        .send();
    let rules = rules.await.unwrap();
    assert_eq!(rules.rules()[0].expiration().unwrap().days(), Some(30));
    assert!(rules.rules()[0].id().is_some());
}

#[tokio::test]
async fn a_bucket_policy_must_be_one() {
    let world = World::start().await;
    let put = |policy: &str| {
        let put = world.s3.put_bucket_policy().bucket(BUCKET);
        put.policy(policy).send()
    };
    for malformed in [
        "{",
        "[]",
        r#"{"Version": "2012-10-17"}"#,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Perhaps","Principal":"*","Action":"s3:GetObject","Resource":"*"}]}"#,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*","Condition":{"Resembles":{"s3:prefix":"a"}}}]}"#,
    ] {
        assert_eq!(
            code(put(malformed).await),
            "400 MalformedPolicy",
            "{malformed}"
        );
    }
    let kept = world.s3.get_bucket_policy().bucket(BUCKET).send().await;
    assert_eq!(code(kept), "404 NoSuchBucketPolicy");
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::the-bucket/*"}]}"#;
    assert_eq!(code(put(policy).await), "no error");
    let kept = world.s3.get_bucket_policy().bucket(BUCKET).send().await;
    assert_eq!(kept.unwrap().policy(), Some(policy));
}
