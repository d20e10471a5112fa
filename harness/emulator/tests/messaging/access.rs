//! What policies forbid.

use aws_sdk_sns::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::QueueAttributeName;
use zipster_names::AccountId;

use crate::support::{World, refusal, sns_with};

#[tokio::test]
async fn a_topic_policy_can_forbid() {
    let world = World::new().await;
    let topic = world.topic("guarded").await;
    let policy = format!(
        r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Deny", "Principal": "*",
            "Action": "sns:Publish", "Resource": "{topic}"}}]}}"#
    );
    let set = |policy: &str| {
        world
            .sns
            .set_topic_attributes()
            .topic_arn(&topic)
            .attribute_name("Policy")
            .attribute_value(policy)
            .send()
    };
    set(&policy).await.unwrap();
    let publish = world.sns.publish().topic_arn(&topic).message("m");
    let error = publish.send().await.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (
            Some("AuthorizationError"),
            Some(
                "User: arn:aws:iam::123456789012:root is not authorized to perform: SNS:Publish on \
                 resource: arn:aws:sns:us-east-1:123456789012:guarded with an explicit deny in a \
                 resource-based policy"
            )
        )
    );
    assert!(
        error
            .into_service_error()
            .is_authorization_error_exception()
    );
    let error = set(r#"{"Version": "2012-10-17"}"#).await.unwrap_err();
    assert!(
        error
            .message()
            .unwrap()
            .starts_with("Invalid parameter: Policy Error: ")
    );
}

#[tokio::test]
async fn a_queue_policy_can_forbid() {
    let world = World::new().await;
    let (url, arn) = world.open_queue("guarded").await;
    let policy = format!(
        r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Deny", "Principal": "*",
            "Action": "sqs:SendMessage", "Resource": "{arn}"}}]}}"#
    );
    let set = world.sqs.set_queue_attributes().queue_url(&url);
    set.attributes(QueueAttributeName::Policy, policy)
        .send()
        .await
        .unwrap();
    let send = world.sqs.send_message().queue_url(&url).message_body("m");
    let error = send.send().await.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (
            Some("AccessDenied"),
            Some(
                "User: arn:aws:iam::123456789012:root is not authorized to perform: \
                 sqs:sendmessage on resource: arn:aws:sqs:us-east-1:123456789012:guarded with an \
                 explicit deny in a resource-based policy"
            )
        )
    );
}

#[tokio::test]
async fn other_services_need_a_policy_that_lets_them() {
    let world = World::new().await;
    let topic = world.topic("closed").await;
    let made = world.sqs.create_queue().queue_name("closed").send().await;
    let services = world.emulator.services();
    assert!(made.is_ok());
    // The policy that a topic is born with is not meant for buckets.
    let refused = services.sns.accept_event(world.event_of_s3(&topic, "{}"));
    assert!(
        refused
            .unwrap_err()
            .contains("is not authorized to perform: SNS:Publish")
    );
    let queue = "arn:aws:sqs:us-east-1:123456789012:closed";
    let refused = services.sqs.accept_event(world.event_of_s3(queue, "{}"));
    assert!(
        refused
            .unwrap_err()
            .contains("is not authorized to perform: sqs:sendmessage")
    );
}

/// A policy that nobody can read is refused where it is set, not where it would decide.
#[tokio::test]
async fn a_malformed_policy_is_refused() {
    let world = World::new().await;
    let topic = world.topic("topic").await;
    let (url, _) = world.open_queue("queue").await;
    for malformed in [
        "{",
        r#"{"Version": "2012-10-17"}"#,
        r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sns:Publish",
            "Resource": "*"}}"#,
        r#"{"Version": "2012-10-17", "Statement": {"Effect": "Perhaps", "Principal": "*",
            "Action": "sns:Publish", "Resource": "*"}}"#,
    ] {
        let set = world.sns.set_topic_attributes().topic_arn(&topic);
        let set = set.attribute_name("Policy").attribute_value(malformed);
        let error = set.send().await.unwrap_err();
        assert_eq!(error.code(), Some("InvalidParameter"), "{malformed}");
        let create = world.sns.create_topic().name("another");
        let create = create.attributes("Policy", malformed);
        let error = create.send().await.unwrap_err();
        assert_eq!(error.code(), Some("InvalidParameter"), "{malformed}");

        let set = world.sqs.set_queue_attributes().queue_url(&url);
        let set = set.attributes(QueueAttributeName::Policy, malformed);
        let error = set.send().await.unwrap_err();
        assert_eq!(error.code(), Some("InvalidAttributeValue"), "{malformed}");
        let create = world.sqs.create_queue().queue_name("another");
        let create = create.attributes(QueueAttributeName::Policy, malformed);
        let error = create.send().await.unwrap_err();
        assert_eq!(error.code(), Some("InvalidAttributeValue"), "{malformed}");
    }
    // What was there before still decides.
    let send = world.sqs.send_message().queue_url(&url).message_body("m");
    assert!(send.send().await.is_ok());
}

#[tokio::test]
async fn permissions_of_a_topic_become_statements_of_its_policy() {
    let world = World::new().await;
    let topic = world.topic("shared").await;
    let add = |label: &str, actions: &[&str]| {
        let add = world.sns.add_permission().topic_arn(&topic).label(label);
        let actions = actions.iter().map(|action| (*action).to_owned()).collect();
        add.aws_account_id("210987654321")
            .set_action_name(Some(actions))
            .send()
    };
    let remove = |label: &str| {
        let remove = world.sns.remove_permission().topic_arn(&topic);
        remove.label(label).send()
    };
    let statements = || async {
        let read = world.sns.get_topic_attributes().topic_arn(&topic);
        let mut attributes = read.send().await.unwrap().attributes.unwrap();
        let policy = attributes.remove("Policy").unwrap();
        let mut policy: serde_json::Value = serde_json::from_str(&policy).unwrap();
        policy["Statement"].take()
    };
    let partner = AccountId::parse("210987654321").unwrap();
    let key = world.emulator.administrator_of(partner);
    let partner = sns_with(&world.emulator, "us-east-1", &key);
    let publish = || partner.publish().topic_arn(&topic).message("m").send();

    assert!(refusal(publish().await).starts_with("AuthorizationError: "));
    add("partner", &["Publish"]).await.unwrap();
    publish().await.unwrap();
    insta::assert_snapshot!(statements().await[1], @r#"{"Action":"SNS:Publish","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::210987654321:root"},"Resource":"arn:aws:sns:us-east-1:123456789012:shared","Sid":"partner"}"#);
    add("readers", &["Subscribe", "GetTopicAttributes"])
        .await
        .unwrap();
    insta::assert_snapshot!(statements().await[2]["Action"], @r#"["SNS:Subscribe","SNS:GetTopicAttributes"]"#);
    assert_eq!(
        refusal(add("partner", &["Publish"]).await),
        "InvalidParameter: Invalid parameter: Statement already exists"
    );
    for action in ["*", "CreateTopic", "publishh"] {
        assert_eq!(
            refusal(add("more", &[action]).await),
            "InvalidParameter: Invalid parameter: Policy statement action out of service scope!"
        );
    }
    remove("partner").await.unwrap();
    assert!(refusal(publish().await).starts_with("AuthorizationError: "));
    // What is not there can be removed again.
    remove("partner").await.unwrap();
    remove("readers").await.unwrap();
    remove("__default_statement_ID").await.unwrap();
    let born_with = statements().await;
    assert_eq!(born_with[0]["Sid"], "__default_statement_ID");
    assert_eq!(born_with.as_array().unwrap().len(), 1);
}
