//! Buckets.

use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, BucketLocationConstraint,
    BucketVersioningStatus, CreateBucketConfiguration, Event, ExpirationStatus, FilterRule,
    FilterRuleName, LambdaFunctionConfiguration, LifecycleExpiration, LifecycleRule,
    LifecycleRuleAndOperator, LifecycleRuleFilter, NoncurrentVersionExpiration,
    NotificationConfiguration, NotificationConfigurationFilter, ObjectOwnership, OwnershipControls,
    OwnershipControlsRule, PublicAccessBlockConfiguration, QueueConfiguration, S3KeyFilter,
    ServerSideEncryption, ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration,
    ServerSideEncryptionRule, TopicConfiguration, VersioningConfiguration,
};
use zipster_stack::resources::{
    Bucket, BucketEncryption, BucketEvent, BucketLifecycle, BucketNotification,
    BucketOwnershipControls, BucketPolicy, BucketPublicAccessBlock, BucketVersioning,
    EncryptionAlgorithm, LifecycleFilter, NotificationTarget, VersioningStatus,
};

use super::{Deployer, Refusal};

/// The region whose buckets are created without a location constraint.
const REGION_WITHOUT_CONSTRAINT: &str = "us-east-1";

impl Deployer<'_> {
    pub(super) async fn bucket(&self, bucket: &Bucket) -> Result<(), Refusal> {
        let region = self.stack.region.as_str();
        let location = (region != REGION_WITHOUT_CONSTRAINT).then(|| {
            CreateBucketConfiguration::builder()
                .location_constraint(BucketLocationConstraint::from(region))
                .build()
        });
        let created = self
            .clients
            .s3
            .create_bucket()
            .bucket(bucket.name.as_str())
            .set_create_bucket_configuration(location)
            .send()
            .await
            .map_err(Refusal::of("CreateBucket"));
        match created {
            Err(refusal) if !self.may_exist(&refusal) => Err(refusal),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    pub(super) async fn bucket_notification(
        &self,
        notification: &BucketNotification,
    ) -> Result<(), Refusal> {
        const OPERATION: &str = "PutBucketNotificationConfiguration";
        let mut configuration = NotificationConfiguration::builder();
        for target in &notification.functions {
            configuration = configuration.lambda_function_configurations(
                LambdaFunctionConfiguration::builder()
                    .set_id(target.id.clone())
                    .lambda_function_arn(target.destination.as_str())
                    .set_events(Some(events(target)))
                    .set_filter(filter(target))
                    .build()
                    .map_err(Refusal::unbuilt(OPERATION))?,
            );
        }
        for target in &notification.queues {
            configuration = configuration.queue_configurations(
                QueueConfiguration::builder()
                    .set_id(target.id.clone())
                    .queue_arn(target.destination.as_str())
                    .set_events(Some(events(target)))
                    .set_filter(filter(target))
                    .build()
                    .map_err(Refusal::unbuilt(OPERATION))?,
            );
        }
        for target in &notification.topics {
            configuration = configuration.topic_configurations(
                TopicConfiguration::builder()
                    .set_id(target.id.clone())
                    .topic_arn(target.destination.as_str())
                    .set_events(Some(events(target)))
                    .set_filter(filter(target))
                    .build()
                    .map_err(Refusal::unbuilt(OPERATION))?,
            );
        }
        self.clients
            .s3
            .put_bucket_notification_configuration()
            .bucket(notification.bucket.as_str())
            .notification_configuration(configuration.build())
            .send()
            .await
            .map_err(Refusal::of(OPERATION))?;
        Ok(())
    }

    pub(super) async fn bucket_versioning(
        &self,
        versioning: &BucketVersioning,
    ) -> Result<(), Refusal> {
        let status = match versioning.status {
            VersioningStatus::Enabled => BucketVersioningStatus::Enabled,
            VersioningStatus::Suspended => BucketVersioningStatus::Suspended,
            // A bucket begins so; AWS has no way to ask for it.
            VersioningStatus::Disabled => return Ok(()),
        };
        self.clients
            .s3
            .put_bucket_versioning()
            .bucket(versioning.bucket.as_str())
            .versioning_configuration(VersioningConfiguration::builder().status(status).build())
            .send()
            .await
            .map_err(Refusal::of("PutBucketVersioning"))?;
        Ok(())
    }

    pub(super) async fn bucket_public_access_block(
        &self,
        block: &BucketPublicAccessBlock,
    ) -> Result<(), Refusal> {
        let configuration = PublicAccessBlockConfiguration::builder()
            .block_public_acls(block.block_public_acls)
            .block_public_policy(block.block_public_policy)
            .ignore_public_acls(block.ignore_public_acls)
            .restrict_public_buckets(block.restrict_public_buckets)
            .build();
        self.clients
            .s3
            .put_public_access_block()
            .bucket(block.bucket.as_str())
            .public_access_block_configuration(configuration)
            .send()
            .await
            .map_err(Refusal::of("PutPublicAccessBlock"))?;
        Ok(())
    }

    pub(super) async fn bucket_encryption(
        &self,
        encryption: &BucketEncryption,
    ) -> Result<(), Refusal> {
        const OPERATION: &str = "PutBucketEncryption";
        let mut rules = Vec::new();
        for rule in &encryption.rules {
            let by_default = match rule.algorithm {
                None => None,
                Some(algorithm) => Some(
                    ServerSideEncryptionByDefault::builder()
                        .sse_algorithm(match algorithm {
                            EncryptionAlgorithm::Aes256 => ServerSideEncryption::Aes256,
                            EncryptionAlgorithm::AwsKms => ServerSideEncryption::AwsKms,
                            EncryptionAlgorithm::AwsKmsDsse => ServerSideEncryption::AwsKmsDsse,
                        })
                        .set_kms_master_key_id(rule.kms_key.clone())
                        .build()
                        .map_err(Refusal::unbuilt(OPERATION))?,
                ),
            };
            rules.push(
                ServerSideEncryptionRule::builder()
                    .set_apply_server_side_encryption_by_default(by_default)
                    .bucket_key_enabled(rule.bucket_key_enabled)
                    .build(),
            );
        }
        let configuration = ServerSideEncryptionConfiguration::builder()
            .set_rules(Some(rules))
            .build()
            .map_err(Refusal::unbuilt(OPERATION))?;
        self.clients
            .s3
            .put_bucket_encryption()
            .bucket(encryption.bucket.as_str())
            .server_side_encryption_configuration(configuration)
            .send()
            .await
            .map_err(Refusal::of(OPERATION))?;
        Ok(())
    }

    pub(super) async fn bucket_lifecycle(
        &self,
        lifecycle: &BucketLifecycle,
    ) -> Result<(), Refusal> {
        const OPERATION: &str = "PutBucketLifecycleConfiguration";
        let mut rules = Vec::new();
        for rule in &lifecycle.rules {
            let marker = rule.expired_object_delete_marker.then_some(true);
            let expiration = (rule.expiration_days.is_some() || marker.is_some()).then(|| {
                LifecycleExpiration::builder()
                    .set_days(rule.expiration_days.map(days_of))
                    .set_expired_object_delete_marker(marker)
                    .build()
            });
            let noncurrent = rule.noncurrent_expiration_days.map(|days| {
                NoncurrentVersionExpiration::builder()
                    .noncurrent_days(days_of(days))
                    .build()
            });
            let abort = rule.abort_incomplete_multipart_upload_days.map(|days| {
                AbortIncompleteMultipartUpload::builder()
                    .days_after_initiation(days_of(days))
                    .build()
            });
            let status = if rule.enabled {
                ExpirationStatus::Enabled
            } else {
                ExpirationStatus::Disabled
            };
            rules.push(
                LifecycleRule::builder()
                    .id(&rule.id)
                    .status(status)
                    .filter(lifecycle_filter(&rule.filter))
                    .set_expiration(expiration)
                    .set_noncurrent_version_expiration(noncurrent)
                    .set_abort_incomplete_multipart_upload(abort)
                    .build()
                    .map_err(Refusal::unbuilt(OPERATION))?,
            );
        }
        let configuration = BucketLifecycleConfiguration::builder()
            .set_rules(Some(rules))
            .build()
            .map_err(Refusal::unbuilt(OPERATION))?;
        self.clients
            .s3
            .put_bucket_lifecycle_configuration()
            .bucket(lifecycle.bucket.as_str())
            .lifecycle_configuration(configuration)
            .send()
            .await
            .map_err(Refusal::of(OPERATION))?;
        Ok(())
    }

    pub(super) async fn bucket_policy(&self, policy: &BucketPolicy) -> Result<(), Refusal> {
        self.clients
            .s3
            .put_bucket_policy()
            .bucket(policy.bucket.as_str())
            .policy(policy.policy.as_str())
            .send()
            .await
            .map_err(Refusal::of("PutBucketPolicy"))?;
        Ok(())
    }

    pub(super) async fn bucket_ownership_controls(
        &self,
        controls: &BucketOwnershipControls,
    ) -> Result<(), Refusal> {
        const OPERATION: &str = "PutBucketOwnershipControls";
        use zipster_stack::resources::ObjectOwnership as Declared;
        let ownership = match controls.ownership {
            Declared::BucketOwnerEnforced => ObjectOwnership::BucketOwnerEnforced,
            Declared::BucketOwnerPreferred => ObjectOwnership::BucketOwnerPreferred,
            Declared::ObjectWriter => ObjectOwnership::ObjectWriter,
        };
        let rule = OwnershipControlsRule::builder()
            .object_ownership(ownership)
            .build()
            .map_err(Refusal::unbuilt(OPERATION))?;
        let configuration = OwnershipControls::builder()
            .rules(rule)
            .build()
            .map_err(Refusal::unbuilt(OPERATION))?;
        self.clients
            .s3
            .put_bucket_ownership_controls()
            .bucket(controls.bucket.as_str())
            .ownership_controls(configuration)
            .send()
            .await
            .map_err(Refusal::of(OPERATION))?;
        Ok(())
    }
}

fn events(target: &NotificationTarget) -> Vec<Event> {
    target
        .events
        .iter()
        .map(BucketEvent::as_str)
        .map(Event::from)
        .collect()
}

fn filter(target: &NotificationTarget) -> Option<NotificationConfigurationFilter> {
    let rule = |name: FilterRuleName, value: &Option<String>| {
        value
            .as_ref()
            .map(|value| FilterRule::builder().name(name).value(value).build())
    };
    let rules: Vec<FilterRule> = [
        rule(FilterRuleName::Prefix, &target.prefix),
        rule(FilterRuleName::Suffix, &target.suffix),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!rules.is_empty()).then(|| {
        NotificationConfigurationFilter::builder()
            .key(S3KeyFilter::builder().set_filter_rules(Some(rules)).build())
            .build()
    })
}

/// One condition stands alone; several are joined by `And`, as the API demands.
fn lifecycle_filter(filter: &LifecycleFilter) -> LifecycleRuleFilter {
    let bytes = |size: Option<u64>| size.map(|size| i64::try_from(size).unwrap_or(i64::MAX));
    let (greater, less) = (
        bytes(filter.size_greater_than),
        bytes(filter.size_less_than),
    );
    let conditions = [filter.prefix.is_some(), greater.is_some(), less.is_some()];
    if conditions.iter().filter(|given| **given).count() > 1 {
        let all = LifecycleRuleAndOperator::builder()
            .set_prefix(filter.prefix.clone())
            .set_object_size_greater_than(greater)
            .set_object_size_less_than(less)
            .build();
        return LifecycleRuleFilter::builder().and(all).build();
    }
    let everything = conditions == [false; 3];
    LifecycleRuleFilter::builder()
        .set_prefix(filter.prefix.clone().or(everything.then(String::new)))
        .set_object_size_greater_than(greater)
        .set_object_size_less_than(less)
        .build()
}

fn days_of(days: u64) -> i32 {
    i32::try_from(days).unwrap_or(i32::MAX)
}
