//! Each kind of resource as Terraform writes its values: the provider's names, blocks as lists.
//!
//! The structs are taken apart without `..`, so that a field added to one does not compile until it
//! is compared as well.

use serde_json::{Map, Value, json};
use zipster_stack::Kind;
use zipster_stack::resources::{
    Bucket, BucketEncryption, BucketLifecycle, BucketNotification, BucketOwnershipControls,
    BucketPolicy, BucketPublicAccessBlock, BucketVersioning, EncryptionRule, EnvironmentValue,
    EventSourceMapping, Function, FunctionEventInvokeConfig, FunctionPermission, InlinePolicy,
    LifecycleFilter, LifecycleRule, LogGroup, NotificationTarget, Policy, Queue, QueuePolicy,
    RedrivePolicy, Role, RolePolicy, RolePolicyAttachment, Secret, SecretVersion, Topic,
    TopicPolicy, TopicSubscription,
};

/// What stands for a value that only AWS will know.
pub fn known_after_apply() -> Value {
    json!({ "known after apply": true })
}

/// The resource type and the values.
pub fn of(kind: &Kind) -> (&'static str, Map<String, Value>) {
    let (name, values) = match kind {
        Kind::Bucket(it) => ("aws_s3_bucket", bucket(it)),
        Kind::BucketNotification(it) => ("aws_s3_bucket_notification", bucket_notification(it)),
        Kind::BucketVersioning(it) => ("aws_s3_bucket_versioning", bucket_versioning(it)),
        Kind::BucketPublicAccessBlock(it) => {
            ("aws_s3_bucket_public_access_block", public_access_block(it))
        }
        Kind::BucketEncryption(it) => (
            "aws_s3_bucket_server_side_encryption_configuration",
            bucket_encryption(it),
        ),
        Kind::BucketLifecycle(it) => (
            "aws_s3_bucket_lifecycle_configuration",
            bucket_lifecycle(it),
        ),
        Kind::BucketPolicy(it) => ("aws_s3_bucket_policy", bucket_policy(it)),
        Kind::BucketOwnershipControls(it) => {
            ("aws_s3_bucket_ownership_controls", ownership_controls(it))
        }
        Kind::Topic(it) => ("aws_sns_topic", topic(it)),
        Kind::TopicPolicy(it) => ("aws_sns_topic_policy", topic_policy(it)),
        Kind::TopicSubscription(it) => ("aws_sns_topic_subscription", topic_subscription(it)),
        Kind::Queue(it) => ("aws_sqs_queue", queue(it)),
        Kind::QueuePolicy(it) => ("aws_sqs_queue_policy", queue_policy(it)),
        Kind::Function(it) => ("aws_lambda_function", function(it)),
        Kind::FunctionPermission(it) => ("aws_lambda_permission", function_permission(it)),
        Kind::FunctionEventInvokeConfig(it) => {
            ("aws_lambda_function_event_invoke_config", event_invoke(it))
        }
        Kind::EventSourceMapping(it) => {
            ("aws_lambda_event_source_mapping", event_source_mapping(it))
        }
        Kind::Role(it) => ("aws_iam_role", role(it)),
        Kind::RolePolicy(it) => ("aws_iam_role_policy", role_policy(it)),
        Kind::Policy(it) => ("aws_iam_policy", policy(it)),
        Kind::RolePolicyAttachment(it) => ("aws_iam_role_policy_attachment", attachment(it)),
        Kind::LogGroup(it) => ("aws_cloudwatch_log_group", log_group(it)),
        Kind::Secret(it) => ("aws_secretsmanager_secret", secret(it)),
        Kind::SecretVersion(it) => ("aws_secretsmanager_secret_version", secret_version(it)),
    };
    // They are objects, all of them.
    (name, values.as_object().cloned().unwrap_or_default())
}

/// Whether the provider tags resources of this kind.
pub fn has_tags(kind: &Kind) -> bool {
    match kind {
        Kind::Bucket(_)
        | Kind::Topic(_)
        | Kind::Queue(_)
        | Kind::Function(_)
        | Kind::EventSourceMapping(_)
        | Kind::Role(_)
        | Kind::Policy(_)
        | Kind::LogGroup(_)
        | Kind::Secret(_) => true,
        Kind::BucketNotification(_)
        | Kind::BucketVersioning(_)
        | Kind::BucketPublicAccessBlock(_)
        | Kind::BucketEncryption(_)
        | Kind::BucketLifecycle(_)
        | Kind::BucketPolicy(_)
        | Kind::BucketOwnershipControls(_)
        | Kind::TopicPolicy(_)
        | Kind::TopicSubscription(_)
        | Kind::QueuePolicy(_)
        | Kind::FunctionPermission(_)
        | Kind::FunctionEventInvokeConfig(_)
        | Kind::RolePolicy(_)
        | Kind::RolePolicyAttachment(_)
        | Kind::SecretVersion(_) => false,
    }
}

fn bucket(it: &Bucket) -> Value {
    let Bucket {
        name,
        arn,
        force_destroy,
    } = it;
    json!({ "bucket": name, "arn": arn, "force_destroy": force_destroy })
}

fn bucket_notification(it: &BucketNotification) -> Value {
    let BucketNotification {
        bucket,
        functions,
        queues,
        topics,
    } = it;
    let targets = |targets: &[NotificationTarget], destination_name: &str| {
        let each = targets.iter().map(|target| {
            let NotificationTarget {
                id,
                destination,
                events,
                prefix,
                suffix,
            } = target;
            let events: Vec<&str> = events.iter().map(|event| event.as_str()).collect();
            json!({
                "id": id,
                destination_name: destination,
                "events": events,
                "filter_prefix": prefix,
                "filter_suffix": suffix,
            })
        });
        each.collect::<Vec<_>>()
    };
    json!({
        "bucket": bucket,
        "lambda_function": targets(functions, "lambda_function_arn"),
        "queue": targets(queues, "queue_arn"),
        "topic": targets(topics, "topic_arn"),
    })
}

fn bucket_versioning(it: &BucketVersioning) -> Value {
    let BucketVersioning { bucket, status } = it;
    json!({ "bucket": bucket, "versioning_configuration": [{ "status": status }] })
}

fn public_access_block(it: &BucketPublicAccessBlock) -> Value {
    let BucketPublicAccessBlock {
        bucket,
        block_public_acls,
        block_public_policy,
        ignore_public_acls,
        restrict_public_buckets,
    } = it;
    json!({
        "bucket": bucket,
        "block_public_acls": block_public_acls,
        "block_public_policy": block_public_policy,
        "ignore_public_acls": ignore_public_acls,
        "restrict_public_buckets": restrict_public_buckets,
    })
}

fn bucket_encryption(it: &BucketEncryption) -> Value {
    let BucketEncryption { bucket, rules } = it;
    let rules = rules.iter().map(|rule| {
        let EncryptionRule {
            algorithm,
            kms_key,
            bucket_key_enabled,
        } = rule;
        json!({
            "apply_server_side_encryption_by_default": [
                { "sse_algorithm": algorithm, "kms_master_key_id": kms_key },
            ],
            "bucket_key_enabled": bucket_key_enabled,
        })
    });
    json!({ "bucket": bucket, "rule": rules.collect::<Vec<_>>() })
}

fn bucket_lifecycle(it: &BucketLifecycle) -> Value {
    let BucketLifecycle { bucket, rules } = it;
    let rules = rules.iter().map(|rule| {
        let LifecycleRule {
            id,
            enabled,
            filter,
            expiration_days,
            expired_object_delete_marker,
            noncurrent_expiration_days,
            abort_incomplete_multipart_upload_days,
        } = rule;
        let LifecycleFilter {
            prefix,
            size_greater_than,
            size_less_than,
        } = filter;
        json!({
            "id": id,
            "status": if *enabled { "Enabled" } else { "Disabled" },
            "filter": [{
                "prefix": prefix,
                "object_size_greater_than": size_greater_than,
                "object_size_less_than": size_less_than,
            }],
            "expiration": [{
                "days": expiration_days,
                "expired_object_delete_marker": expired_object_delete_marker,
            }],
            "noncurrent_version_expiration": [{ "noncurrent_days": noncurrent_expiration_days }],
            "abort_incomplete_multipart_upload": [
                { "days_after_initiation": abort_incomplete_multipart_upload_days },
            ],
        })
    });
    json!({ "bucket": bucket, "rule": rules.collect::<Vec<_>>() })
}

fn bucket_policy(it: &BucketPolicy) -> Value {
    let BucketPolicy { bucket, policy } = it;
    json!({ "bucket": bucket, "policy": policy })
}

fn ownership_controls(it: &BucketOwnershipControls) -> Value {
    let BucketOwnershipControls { bucket, ownership } = it;
    json!({ "bucket": bucket, "rule": [{ "object_ownership": ownership }] })
}

fn topic(it: &Topic) -> Value {
    let Topic {
        name,
        arn,
        display_name,
        content_based_deduplication,
        policy,
    } = it;
    json!({
        "name": name,
        "arn": arn,
        "fifo_topic": name.is_fifo(),
        "display_name": display_name,
        "content_based_deduplication": content_based_deduplication,
        "policy": policy,
    })
}

fn topic_policy(it: &TopicPolicy) -> Value {
    let TopicPolicy { topic, policy } = it;
    json!({ "arn": topic, "policy": policy })
}

fn topic_subscription(it: &TopicSubscription) -> Value {
    let TopicSubscription {
        topic,
        protocol,
        endpoint,
        filter_policy,
        filter_policy_scope,
        raw_message_delivery,
        dead_letter_queue,
    } = it;
    let redrive_policy = dead_letter_queue
        .as_ref()
        .map(|queue| json!({ "deadLetterTargetArn": queue }).to_string());
    json!({
        "topic_arn": topic,
        "protocol": protocol.as_str(),
        "endpoint": endpoint,
        "filter_policy": filter_policy,
        "filter_policy_scope": filter_policy_scope,
        "raw_message_delivery": raw_message_delivery,
        "redrive_policy": redrive_policy,
    })
}

fn queue(it: &Queue) -> Value {
    let Queue {
        name,
        arn,
        url,
        visibility_timeout_s,
        message_retention_s,
        delay_s,
        receive_wait_time_s,
        max_message_bytes,
        content_based_deduplication,
        redrive_policy,
        policy,
    } = it;
    let redrive_policy = redrive_policy.as_ref().map(|redrive_policy| {
        let RedrivePolicy {
            dead_letter_queue,
            max_receive_count,
        } = redrive_policy;
        json!({
            "deadLetterTargetArn": dead_letter_queue,
            "maxReceiveCount": max_receive_count,
        })
        .to_string()
    });
    json!({
        "name": name,
        "arn": arn,
        "url": url,
        "fifo_queue": name.is_fifo(),
        "visibility_timeout_seconds": visibility_timeout_s,
        "message_retention_seconds": message_retention_s,
        "delay_seconds": delay_s,
        "receive_wait_time_seconds": receive_wait_time_s,
        "max_message_size": max_message_bytes,
        "content_based_deduplication": content_based_deduplication,
        "redrive_policy": redrive_policy,
        "policy": policy,
    })
}

fn queue_policy(it: &QueuePolicy) -> Value {
    // The queue's name is the end of its URL.
    let QueuePolicy {
        queue_url,
        queue: _,
        policy,
    } = it;
    json!({ "queue_url": queue_url, "policy": policy })
}

fn function(it: &Function) -> Value {
    let Function {
        name,
        arn,
        role,
        filename,
        source_code_hash,
        runtime,
        handler,
        architecture,
        timeout_s,
        memory_mb,
        ephemeral_storage_mb,
        reserved_concurrency,
        environment,
        dead_letter_target,
        log_group,
        description,
    } = it;
    let variables: Map<String, Value> = environment
        .iter()
        .map(|(name, value)| {
            let value = match value {
                EnvironmentValue::Known(text) => text.expose().into(),
                EnvironmentValue::KnownAfterApply => known_after_apply(),
            };
            (name.clone(), value)
        })
        .collect();
    json!({
        "function_name": name,
        "arn": arn,
        "role": role,
        // Functions from images are refused.
        "package_type": "Zip",
        "filename": filename,
        "source_code_hash": source_code_hash,
        "runtime": runtime,
        "handler": handler,
        "architectures": [architecture.as_str()],
        "timeout": timeout_s,
        "memory_size": memory_mb,
        "ephemeral_storage": [{ "size": ephemeral_storage_mb }],
        // Terraform's way to say that nothing is reserved.
        "reserved_concurrent_executions": reserved_concurrency
            .map_or_else(|| json!(-1), |reserved| json!(reserved)),
        "environment": [{ "variables": variables }],
        "dead_letter_config": [{ "target_arn": dead_letter_target }],
        "logging_config": [{ "log_group": log_group }],
        "description": description,
    })
}

fn function_permission(it: &FunctionPermission) -> Value {
    let FunctionPermission {
        function,
        qualifier,
        statement_id,
        action,
        principal,
        source_arn,
        source_account,
    } = it;
    json!({
        "function_name": function,
        "qualifier": qualifier,
        "statement_id": statement_id,
        "action": action,
        "principal": principal,
        "source_arn": source_arn,
        "source_account": source_account,
    })
}

fn event_invoke(it: &FunctionEventInvokeConfig) -> Value {
    let FunctionEventInvokeConfig {
        function,
        qualifier,
        maximum_event_age_s,
        maximum_retry_attempts,
        on_success,
        on_failure,
    } = it;
    json!({
        "function_name": function,
        "qualifier": qualifier,
        "maximum_event_age_in_seconds": maximum_event_age_s,
        "maximum_retry_attempts": maximum_retry_attempts,
        "destination_config": [{
            "on_success": [{ "destination": on_success }],
            "on_failure": [{ "destination": on_failure }],
        }],
    })
}

fn event_source_mapping(it: &EventSourceMapping) -> Value {
    let EventSourceMapping {
        source,
        function,
        qualifier,
        enabled,
        batch_size,
        maximum_batching_window_s,
        filters,
        reports_batch_item_failures,
        maximum_concurrency,
    } = it;
    let qualifier = qualifier.iter().map(|qualifier| format!(":{qualifier}"));
    let filters = filters.iter().map(|pattern| json!({ "pattern": pattern }));
    let responses: &[&str] = match reports_batch_item_failures {
        true => &["ReportBatchItemFailures"],
        false => &[],
    };
    json!({
        "event_source_arn": source,
        "function_name": format!("{function}{}", qualifier.collect::<String>()),
        "enabled": enabled,
        "batch_size": batch_size,
        "maximum_batching_window_in_seconds": maximum_batching_window_s,
        "filter_criteria": [{ "filter": filters.collect::<Vec<_>>() }],
        "function_response_types": responses,
        "scaling_config": [{ "maximum_concurrency": maximum_concurrency }],
    })
}

fn role(it: &Role) -> Value {
    let Role {
        name,
        path,
        arn,
        assume_role_policy,
        max_session_duration_s,
        permissions_boundary,
        inline_policies,
        managed_policies,
    } = it;
    let inline_policies = inline_policies.iter().map(|inline_policy| {
        let InlinePolicy { name, policy } = inline_policy;
        json!({ "name": name, "policy": policy })
    });
    json!({
        "name": name,
        "path": path,
        "arn": arn,
        "assume_role_policy": assume_role_policy,
        "max_session_duration": max_session_duration_s,
        "permissions_boundary": permissions_boundary,
        "inline_policy": inline_policies.collect::<Vec<_>>(),
        "managed_policy_arns": managed_policies,
    })
}

fn role_policy(it: &RolePolicy) -> Value {
    let RolePolicy { name, role, policy } = it;
    json!({ "name": name, "role": role, "policy": policy })
}

fn policy(it: &Policy) -> Value {
    let Policy {
        name,
        path,
        arn,
        policy,
    } = it;
    json!({ "name": name, "path": path, "arn": arn, "policy": policy })
}

fn attachment(it: &RolePolicyAttachment) -> Value {
    let RolePolicyAttachment { role, policy } = it;
    json!({ "role": role, "policy_arn": policy })
}

fn log_group(it: &LogGroup) -> Value {
    let LogGroup {
        name,
        arn,
        retention_days,
    } = it;
    json!({ "name": name, "arn": arn, "retention_in_days": retention_days.unwrap_or(0) })
}

fn secret(it: &Secret) -> Value {
    let Secret {
        name,
        arn,
        description,
        policy,
    } = it;
    json!({ "name": name, "arn": arn, "description": description, "policy": policy })
}

fn secret_version(it: &SecretVersion) -> Value {
    let SecretVersion { secret, value } = it;
    let value = value
        .as_ref()
        .map_or_else(known_after_apply, |text| text.expose().into());
    json!({ "secret_id": secret, "secret_string": value })
}
