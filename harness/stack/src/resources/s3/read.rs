//! What the blocks about buckets may say, and how they become structs.

use zipster_names::{Arn, BucketName};

use super::{
    Bucket, BucketEncryption, BucketEvent, BucketLifecycle, BucketNotification,
    BucketOwnershipControls, BucketPolicy, BucketPublicAccessBlock, BucketVersioning,
    EncryptionAlgorithm, EncryptionRule, LifecycleFilter, LifecycleRule, NotificationTarget,
    ObjectOwnership, VersioningStatus,
};
use crate::resources::Kind;
use crate::schema::{
    ARN, AttributeSchema, Fields, ID, NO_ENCRYPTION, REGION, Read, Reported, ResourceType, Shape,
    TAGS, TAGS_ALL, TIMEOUTS, block, blocks, body, computed, ignored_block, known, optional,
    refused_block, required, settled,
};

const OWN_RESOURCE: &str = "declare it in a resource of its own, such as aws_s3_bucket_versioning";
const NO_OWNER_CHECK: AttributeSchema = optional("expected_bucket_owner", Shape::Text)
    .ignored("all buckets of a local stack are in one account");

pub(crate) const BUCKET: ResourceType = ResourceType {
    name: "aws_s3_bucket",
    body: body(
        &[
            settled("bucket", Shape::Text),
            settled("bucket_prefix", Shape::Text),
            optional("force_destroy", Shape::Bool).bool(false),
            settled("object_lock_enabled", Shape::Bool)
                .bool(false)
                .refused("a local bucket locks no objects"),
            settled("bucket_namespace", Shape::Text)
                .text("global")
                .refused("a local stack has one namespace of buckets"),
            settled("acceleration_status", Shape::Text)
                .ignored("there is nothing to accelerate locally"),
            settled("request_payer", Shape::Text).ignored("nobody pays for a local stack"),
            settled("acl", Shape::Text).refused("a local stack has no ACLs: use policies"),
            settled("policy", Shape::Text).refused("use aws_s3_bucket_policy"),
            computed("bucket_domain_name", Shape::Text),
            computed("bucket_region", Shape::Text),
            computed("bucket_regional_domain_name", Shape::Text),
            computed("hosted_zone_id", Shape::Text),
            computed("website_domain", Shape::Text),
            computed("website_endpoint", Shape::Text),
            ARN,
            ID,
            REGION,
            TAGS,
            TAGS_ALL,
        ],
        &[
            refused_block("cors_rule", "a local bucket has no CORS rules"),
            refused_block("grant", "a local stack has no ACLs: use policies"),
            refused_block("lifecycle_rule", OWN_RESOURCE),
            refused_block("logging", "a local bucket writes no access logs"),
            refused_block(
                "object_lock_configuration",
                "a local bucket locks no objects",
            ),
            refused_block(
                "replication_configuration",
                "a local bucket is not replicated",
            ),
            refused_block("server_side_encryption_configuration", OWN_RESOURCE),
            refused_block("versioning", OWN_RESOURCE),
            refused_block("website", "a local bucket is no website"),
            TIMEOUTS,
        ],
    ),
    read: |fields| {
        let name = fields.own_name::<BucketName>("bucket", "bucket_prefix");
        let force_destroy = fields.flag("force_destroy", false);
        let name = name?;
        let context = fields.context;
        let arn = Arn::bucket(context.partition, &name);
        let suffix = context.partition.dns_suffix();
        Ok(Read {
            computed: vec![
                known("bucket", &name),
                known("id", &name),
                known("arn", &arn),
                known("bucket_domain_name", format!("{name}.s3.{suffix}")),
                known("bucket_region", &context.region),
                known(
                    "bucket_regional_domain_name",
                    format!("{name}.s3.{}.{suffix}", context.region),
                ),
            ],
            kind: Kind::Bucket(Bucket {
                name,
                arn,
                force_destroy: force_destroy?,
            }),
        })
    },
};

const EVENTS: AttributeSchema = required("events", Shape::TextSet);
const PREFIX: AttributeSchema = optional("filter_prefix", Shape::Text);
const SUFFIX: AttributeSchema = optional("filter_suffix", Shape::Text);
const OWN_ID: AttributeSchema = settled("id", Shape::Text);

pub(crate) const BUCKET_NOTIFICATION: ResourceType = ResourceType {
    name: "aws_s3_bucket_notification",
    body: body(
        &[
            required("bucket", Shape::Text),
            optional("eventbridge", Shape::Bool)
                .bool(false)
                .refused("a local stack has no EventBridge"),
            ID,
            REGION,
        ],
        &[
            blocks(
                "lambda_function",
                body(
                    &[
                        EVENTS,
                        PREFIX,
                        SUFFIX,
                        OWN_ID,
                        required("lambda_function_arn", Shape::Text),
                    ],
                    &[],
                ),
            ),
            blocks(
                "queue",
                body(
                    &[
                        EVENTS,
                        PREFIX,
                        SUFFIX,
                        OWN_ID,
                        required("queue_arn", Shape::Text),
                    ],
                    &[],
                ),
            ),
            blocks(
                "topic",
                body(
                    &[
                        EVENTS,
                        PREFIX,
                        SUFFIX,
                        OWN_ID,
                        required("topic_arn", Shape::Text),
                    ],
                    &[],
                ),
            ),
        ],
    ),
    read: |fields| {
        let bucket = fields.required_name::<BucketName>("bucket");
        let functions = targets(fields, "lambda_function", "lambda_function_arn");
        let queues = targets(fields, "queue", "queue_arn");
        let topics = targets(fields, "topic", "topic_arn");
        let bucket = bucket?;
        Ok(Read {
            computed: vec![known("id", &bucket)],
            kind: Kind::BucketNotification(BucketNotification {
                bucket,
                functions: functions?,
                queues: queues?,
                topics: topics?,
            }),
        })
    },
};

fn targets(
    fields: &mut Fields<'_>,
    block: &str,
    arn: &str,
) -> Result<Vec<NotificationTarget>, Reported> {
    fields.each(block, |fields| {
        let id = fields.text("id");
        let destination = fields.required_name::<Arn>(arn);
        let words = BucketEvent::ALL.map(|event| (event.as_str(), event));
        let mut events = Ok(Vec::new());
        for text in fields.texts("events")? {
            match (fields.chosen("events", &text, &words), &mut events) {
                (Ok(event), Ok(events)) => events.push(event),
                (Ok(_), Err(_)) => {}
                (Err(reported), _) => events = Err(reported),
            }
        }
        let prefix = fields.text("filter_prefix");
        let suffix = fields.text("filter_suffix");
        Ok(NotificationTarget {
            id: id?,
            destination: destination?,
            events: events?,
            prefix: prefix?,
            suffix: suffix?,
        })
    })
}

pub(crate) const BUCKET_VERSIONING: ResourceType = ResourceType {
    name: "aws_s3_bucket_versioning",
    body: body(
        &[
            required("bucket", Shape::Text),
            NO_OWNER_CHECK,
            optional("mfa", Shape::Text).refused("a local stack knows no MFA devices"),
            ID,
            REGION,
        ],
        &[block(
            "versioning_configuration",
            body(
                &[
                    required("status", Shape::Text),
                    settled("mfa_delete", Shape::Text)
                        .text("Disabled")
                        .refused("a local stack knows no MFA devices"),
                ],
                &[],
            ),
        )
        .at_least_one()],
    ),
    read: |fields| {
        let bucket = fields.required_name::<BucketName>("bucket");
        let status = match fields.block("versioning_configuration") {
            Some(mut block) => block.required_choice(
                "status",
                &[
                    ("Enabled", VersioningStatus::Enabled),
                    ("Suspended", VersioningStatus::Suspended),
                    ("Disabled", VersioningStatus::Disabled),
                ],
            ),
            // That the block is missing has been reported.
            None => Err(Reported),
        };
        let bucket = bucket?;
        Ok(Read {
            computed: vec![known("id", &bucket)],
            kind: Kind::BucketVersioning(BucketVersioning {
                bucket,
                status: status?,
            }),
        })
    },
};

pub(crate) const BUCKET_PUBLIC_ACCESS_BLOCK: ResourceType = ResourceType {
    name: "aws_s3_bucket_public_access_block",
    body: body(
        &[
            required("bucket", Shape::Text),
            optional("block_public_acls", Shape::Bool).bool(false),
            optional("block_public_policy", Shape::Bool).bool(false),
            optional("ignore_public_acls", Shape::Bool).bool(false),
            optional("restrict_public_buckets", Shape::Bool).bool(false),
            optional("skip_destroy", Shape::Bool)
                .bool(false)
                .ignored("a local stack keeps nothing when it ends"),
            ID,
            REGION,
        ],
        &[],
    ),
    read: |fields| {
        let bucket = fields.required_name::<BucketName>("bucket");
        let block_public_acls = fields.flag("block_public_acls", false);
        let block_public_policy = fields.flag("block_public_policy", false);
        let ignore_public_acls = fields.flag("ignore_public_acls", false);
        let restrict_public_buckets = fields.flag("restrict_public_buckets", false);
        let bucket = bucket?;
        Ok(Read {
            computed: vec![known("id", &bucket)],
            kind: Kind::BucketPublicAccessBlock(BucketPublicAccessBlock {
                bucket,
                block_public_acls: block_public_acls?,
                block_public_policy: block_public_policy?,
                ignore_public_acls: ignore_public_acls?,
                restrict_public_buckets: restrict_public_buckets?,
            }),
        })
    },
};

pub(crate) const BUCKET_ENCRYPTION: ResourceType = ResourceType {
    name: "aws_s3_bucket_server_side_encryption_configuration",
    body: body(
        &[required("bucket", Shape::Text), NO_OWNER_CHECK, ID, REGION],
        &[blocks(
            "rule",
            body(
                &[
                    settled("bucket_key_enabled", Shape::Bool),
                    settled("blocked_encryption_types", Shape::TextList).ignored(NO_ENCRYPTION),
                ],
                &[block(
                    "apply_server_side_encryption_by_default",
                    body(
                        &[
                            required("sse_algorithm", Shape::Text),
                            settled("kms_master_key_id", Shape::Text),
                        ],
                        &[],
                    ),
                )],
            ),
        )
        .at_least_one()],
    ),
    read: |fields| {
        let bucket = fields.required_name::<BucketName>("bucket");
        let rules = fields.each("rule", encryption_rule);
        let bucket = bucket?;
        Ok(Read {
            computed: vec![known("id", &bucket)],
            kind: Kind::BucketEncryption(BucketEncryption {
                bucket,
                rules: rules?,
            }),
        })
    },
};

fn encryption_rule(fields: &mut Fields<'_>) -> Result<EncryptionRule, Reported> {
    let bucket_key_enabled = fields.flag("bucket_key_enabled", false);
    let (algorithm, kms_key) = match fields.block("apply_server_side_encryption_by_default") {
        Some(mut block) => {
            let algorithm = block.required_choice(
                "sse_algorithm",
                &[
                    ("AES256", EncryptionAlgorithm::Aes256),
                    ("aws:kms", EncryptionAlgorithm::AwsKms),
                    ("aws:kms:dsse", EncryptionAlgorithm::AwsKmsDsse),
                ],
            );
            (algorithm.map(Some), block.text("kms_master_key_id"))
        }
        None => (Ok(None), Ok(None)),
    };
    Ok(EncryptionRule {
        algorithm: algorithm?,
        kms_key: kms_key?,
        bucket_key_enabled: bucket_key_enabled?,
    })
}

const DAYS_ONLY: &str = "local objects expire after days: set the days";
const NO_CLASSES: &str = "a local bucket has one storage class";
const ANY_SIZE: &str = "local objects are never moved, whatever their size";

pub(crate) const BUCKET_LIFECYCLE: ResourceType = ResourceType {
    name: "aws_s3_bucket_lifecycle_configuration",
    body: body(
        &[
            required("bucket", Shape::Text),
            NO_OWNER_CHECK,
            settled("transition_default_minimum_object_size", Shape::Text).ignored(ANY_SIZE),
            ID,
            REGION,
        ],
        &[
            blocks(
                "rule",
                body(
                    &[
                        required("id", Shape::Text),
                        required("status", Shape::Text),
                        settled("prefix", Shape::Text),
                    ],
                    &[
                        block(
                            "abort_incomplete_multipart_upload",
                            body(&[optional("days_after_initiation", Shape::Number)], &[]),
                        ),
                        block(
                            "expiration",
                            body(
                                &[
                                    settled("days", Shape::Number),
                                    optional("date", Shape::Text).refused(DAYS_ONLY),
                                    settled("expired_object_delete_marker", Shape::Bool)
                                        .bool(false),
                                ],
                                &[],
                            ),
                        ),
                        block(
                            "filter",
                            body(
                                FILTER,
                                &[
                                    block("and", body(FILTER_AND, &[])),
                                    refused_block("tag", NO_TAGS),
                                ],
                            ),
                        ),
                        block(
                            "noncurrent_version_expiration",
                            body(
                                &[
                                    required("noncurrent_days", Shape::Number),
                                    optional("newer_noncurrent_versions", Shape::Number)
                                        .refused(DAYS_ONLY),
                                ],
                                &[],
                            ),
                        ),
                        ignored_block("noncurrent_version_transition", NO_CLASSES),
                        ignored_block("transition", NO_CLASSES),
                    ],
                ),
            ),
            TIMEOUTS,
        ],
    ),
    read: |fields| {
        let bucket = fields.required_name::<BucketName>("bucket");
        let rules = fields.each("rule", lifecycle_rule);
        let bucket = bucket?;
        Ok(Read {
            computed: vec![known("id", &bucket)],
            kind: Kind::BucketLifecycle(BucketLifecycle {
                bucket,
                rules: rules?,
            }),
        })
    },
};

const NO_TAGS: &str = "local lifecycle rules do not look at tags";
const FILTER: &[AttributeSchema] = &[
    settled("prefix", Shape::Text),
    settled("object_size_greater_than", Shape::Number),
    settled("object_size_less_than", Shape::Number),
];
const FILTER_AND: &[AttributeSchema] = &[
    settled("prefix", Shape::Text),
    settled("object_size_greater_than", Shape::Number),
    settled("object_size_less_than", Shape::Number),
    optional("tags", Shape::TextMap).refused(NO_TAGS),
];

/// As many days as there can be: some 2.8 million years.
const ANY_DAYS: std::ops::RangeInclusive<u64> = 1..=1_000_000_000;

fn lifecycle_rule(fields: &mut Fields<'_>) -> Result<LifecycleRule, Reported> {
    let id = fields.required_text("id");
    let enabled = fields.required_choice("status", &[("Enabled", true), ("Disabled", false)]);
    let prefix = fields.text("prefix");
    let filter = match fields.block("filter") {
        Some(mut block) => lifecycle_filter(&mut block),
        None => Ok(LifecycleFilter::default()),
    };
    let mut days = |block: &str, name: &str| match fields.block(block) {
        Some(mut block) => block.whole(name, ANY_DAYS),
        None => Ok(None),
    };
    let expiration_days = days("expiration", "days");
    let expired_object_delete_marker = match fields.block("expiration") {
        Some(mut block) => block.flag("expired_object_delete_marker", false),
        None => Ok(false),
    };
    let mut days = |block: &str, name: &str| match fields.block(block) {
        Some(mut block) => block.whole(name, ANY_DAYS),
        None => Ok(None),
    };
    let noncurrent_expiration_days = days("noncurrent_version_expiration", "noncurrent_days");
    let abort_days = days("abort_incomplete_multipart_upload", "days_after_initiation");
    let mut filter = filter?;
    filter.prefix = filter.prefix.or(prefix?);
    Ok(LifecycleRule {
        id: id?,
        enabled: enabled?,
        filter,
        expiration_days: expiration_days?,
        expired_object_delete_marker: expired_object_delete_marker?,
        noncurrent_expiration_days: noncurrent_expiration_days?,
        abort_incomplete_multipart_upload_days: abort_days?,
    })
}

fn lifecycle_filter(fields: &mut Fields<'_>) -> Result<LifecycleFilter, Reported> {
    let inner = match fields.block("and") {
        Some(mut and) => Some(lifecycle_filter(&mut and)?),
        None => None,
    };
    let prefix = fields.text("prefix");
    let size_greater_than = fields.whole("object_size_greater_than", 0..=u64::MAX);
    let size_less_than = fields.whole("object_size_less_than", 0..=u64::MAX);
    let own = LifecycleFilter {
        prefix: prefix?,
        size_greater_than: size_greater_than?,
        size_less_than: size_less_than?,
    };
    Ok(inner.unwrap_or(own))
}

pub(crate) const BUCKET_POLICY: ResourceType = ResourceType {
    name: "aws_s3_bucket_policy",
    body: body(
        &[
            required("bucket", Shape::Text),
            required("policy", Shape::Text),
            ID,
            REGION,
        ],
        &[],
    ),
    read: |fields| {
        let bucket = fields.required_name::<BucketName>("bucket");
        let policy = fields.required_policy("policy");
        let bucket = bucket?;
        Ok(Read {
            computed: vec![known("id", &bucket)],
            kind: Kind::BucketPolicy(BucketPolicy {
                bucket,
                policy: policy?,
            }),
        })
    },
};

pub(crate) const BUCKET_OWNERSHIP_CONTROLS: ResourceType = ResourceType {
    name: "aws_s3_bucket_ownership_controls",
    body: body(
        &[required("bucket", Shape::Text), ID, REGION],
        &[block(
            "rule",
            body(&[required("object_ownership", Shape::Text)], &[]),
        )
        .at_least_one()],
    ),
    read: |fields| {
        let bucket = fields.required_name::<BucketName>("bucket");
        let ownership = match fields.block("rule") {
            Some(mut rule) => rule.required_choice(
                "object_ownership",
                &[
                    ("BucketOwnerEnforced", ObjectOwnership::BucketOwnerEnforced),
                    (
                        "BucketOwnerPreferred",
                        ObjectOwnership::BucketOwnerPreferred,
                    ),
                    ("ObjectWriter", ObjectOwnership::ObjectWriter),
                ],
            ),
            // That the block is missing has been reported.
            None => Err(Reported),
        };
        let bucket = bucket?;
        Ok(Read {
            computed: vec![known("id", &bucket)],
            kind: Kind::BucketOwnershipControls(BucketOwnershipControls {
                bucket,
                ownership: ownership?,
            }),
        })
    },
};
