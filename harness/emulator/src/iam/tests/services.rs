//! Decisions about services: deliveries in their own name or a role's, and roles that they act as.

use bytes::Bytes;

use super::*;
use crate::courier::Delivery;
use crate::identity::ServiceSource;

fn bucket_events(bucket: &str) -> ServiceSource {
    ServiceSource {
        service: "s3.amazonaws.com",
        arn: Arn::parse(bucket).unwrap(),
        account: account(ACCOUNT),
    }
}

/// Asks whether S3 may publish for `bucket` to a topic with this policy.
#[track_caller]
fn check_service(bucket: &str, policy: Option<&str>, refusal: Option<&str>, reason: &str) {
    let core = Core::idle();
    let request = Authorization {
        cause: cause(&core),
        action: "sns:Publish",
        resource: TOPIC,
        context: &[],
        resource_policy: policy,
    };
    let decided = core.authorize_service(&bucket_events(bucket), &request);
    let message = decided.err().map(|denied| denied.message);
    assert_eq!(message.as_deref(), refusal);
    assert_eq!(last_reason(&core), reason);
}

#[test]
fn a_service_needs_the_resources_policy() {
    let refusal = "User: s3.amazonaws.com is not authorized to perform: SNS:Publish on resource: \
                   arn:aws:sns:us-east-1:123456789012:notices because no resource-based policy \
                   allows the SNS:Publish action";
    let for_bucket = policy(
        "Allow",
        r#","Principal": {"Service": "s3.amazonaws.com"}"#,
        "sns:Publish",
        TOPIC,
        r#","Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::mine"},
            "StringEquals": {"aws:SourceAccount": "123456789012"}}"#,
    );
    check_service(
        "arn:aws:s3:::mine",
        Some(&for_bucket),
        None,
        "allowed: statement 1 of resource-based policy of notices (S)",
    );
    check_service(
        "arn:aws:s3:::theirs",
        Some(&for_bucket),
        Some(refusal),
        "denied: no resource-based policy allows it; statement 1 of resource-based policy of \
         notices (S) its condition ArnLike aws:SourceArn does not hold",
    );
    check_service(
        "arn:aws:s3:::mine",
        None,
        Some(refusal),
        "denied: no resource-based policy allows it; there are no statements that allow anything",
    );
}

#[test]
fn a_delivery_with_a_role_is_decided_by_the_roles_policies() {
    let core = Core::idle();
    let queue = "arn:aws:sqs:us-east-1:123456789012:dead";
    add_role(
        &core,
        TRUSTS_LAMBDA,
        &[&policy("Allow", "", "sqs:SendMessage", queue, "")],
    );
    let mut delivery = Delivery {
        to: Arn::parse(queue).unwrap(),
        from: bucket_events("arn:aws:s3:::mine"),
        role: Some(session()),
        body: Bytes::new(),
        subject: None,
        attributes: Default::default(),
        dead_letters: None,
        cause: cause(&core),
        pending: core.journal.pending(),
    };
    let request = Authorization {
        cause: delivery.cause,
        action: "sqs:SendMessage",
        resource: queue,
        context: &[],
        resource_policy: None,
    };
    assert_eq!(core.authorize_delivery(&delivery, &request), Ok(()));
    delivery.role = None;
    assert!(core.authorize_delivery(&delivery, &request).is_err());
}

/// Asks whether Lambda may act as `role`, which has this trust policy if it is `load`.
#[track_caller]
fn check_execution_role(trust: &str, role: &str, allowed: bool, reason: &str) {
    let core = Core::idle();
    add_role(&core, trust, &[]);
    let function = ServiceSource {
        service: "lambda.amazonaws.com",
        arn: Arn::parse("arn:aws:lambda:us-east-1:123456789012:function:load").unwrap(),
        account: account(ACCOUNT),
    };
    let role = Arn::parse(role).unwrap();
    let decided = core.authorize_service_role(&function, &role, cause(&core));
    assert_eq!(decided.is_ok(), allowed);
    assert_eq!(last_reason(&core), reason);
}

#[test]
fn lambda_acts_as_roles_that_exist_and_trust_it() {
    let ours = "allowed: statement 1 of role trust policy load";
    check_execution_role(TRUSTS_LAMBDA, ROLE, true, ours);
    let other_service = TRUSTS_LAMBDA.replace("lambda", "ec2");
    check_execution_role(
        &other_service,
        ROLE,
        false,
        "denied: no role trust policy allows it; the only statement is about other actions or \
         principals",
    );
    let missing = "denied: there is no such role";
    for role in ["role/load", "role/pipeline/other"] {
        let arn = format!("arn:aws:iam::{ACCOUNT}:{role}");
        check_execution_role(TRUSTS_LAMBDA, &arn, false, missing);
    }
}
