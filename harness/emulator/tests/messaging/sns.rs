//! Topics and publishing.

use std::collections::HashMap;

use aws_sdk_sns::error::ProvideErrorMetadata;
use aws_sdk_sns::types::{PublishBatchRequestEntry, Tag};
use zipster_emulator::journal::Event;

use crate::support::{ACCOUNT, World, attribute, sns};

#[tokio::test]
async fn a_confirmed_mailbox_gets_what_is_published() {
    let world = World::new().await;
    let topic = world.topic("zipster-load").await;
    world
        .sns
        .set_topic_attributes()
        .topic_arn(&topic)
        .attribute_name("DisplayName")
        .attribute_value("Zipster")
        .send()
        .await
        .unwrap();
    let subscription = world.confirmed_mailbox(&topic, "ops@example.com").await;
    let published = world
        .sns
        .publish()
        .topic_arn(&topic)
        .subject("[zipster] load 1 of 3")
        .message("Step 1 of 3: took the load file")
        .message_attributes("step", attribute("Number", "1"))
        .send()
        .await
        .unwrap();

    let mail = world.mail("ops@example.com").pop().unwrap();
    assert_eq!(mail.subject.as_deref(), Some("[zipster] load 1 of 3"));
    assert_eq!(
        mail.sender.as_deref(),
        Some("Zipster <no-reply@sns.amazonaws.com>")
    );
    assert_eq!(mail.message_id, published.message_id);
    assert_eq!(mail.topic.as_deref(), Some(topic.as_str()));
    assert!(mail.attributes.contains_key("step"));
    let body = mail
        .body
        .replace(&world.emulator.endpoint(), "<endpoint>")
        .replace(&subscription, "<subscription>");
    insta::assert_snapshot!(body, @"
    Step 1 of 3: took the load file

    --
    If you wish to stop receiving notifications from this topic, please click or visit the link below to unsubscribe:
    <endpoint>/?Action=Unsubscribe&SubscriptionArn=<subscription>

    Please do not reply directly to this email. If you have any questions or comments regarding this email, please contact us at https://aws.amazon.com/support
    ");
    let story = world.story(|event| {
        matches!(
            event,
            Event::MessagePublished { .. } | Event::InboxReceived { .. }
        )
    });
    assert_eq!(
        story,
        [
            "email to ops@example.com: AWS Notification - Subscription Confirmation",
            "published to zipster-load: [zipster] load 1 of 3",
            "email to ops@example.com: [zipster] load 1 of 3",
        ]
    );
}

#[tokio::test]
async fn the_inbox_can_be_read_over_http() {
    let world = World::new().await;
    let topic = world.topic("news").await;
    for number in ["+14155550101", "+14155550102"] {
        world
            .sns
            .subscribe()
            .topic_arn(&topic)
            .protocol("sms")
            .endpoint(number)
            .send()
            .await
            .unwrap();
    }
    world
        .sns
        .publish()
        .topic_arn(&topic)
        .message("done")
        .message_attributes("key", attribute("String", "a b.csv"))
        .send()
        .await
        .unwrap();
    let url = format!(
        "{}/_zipster/inbox?endpoint=%2B14155550102",
        world.emulator.endpoint()
    );
    let (status, body) = world.browse(&url).await;
    assert_eq!(status, 200);
    insta::assert_json_snapshot!(
        serde_json::from_str::<serde_json::Value>(&body).unwrap(),
        {
            ".messages[].received" => "<time>",
            ".messages[].cause" => "<entry>",
        },
        @r#"
    {
      "messages": [
        {
          "attributes": {
            "key": {
              "Type": "String",
              "Value": "a b.csv"
            }
          },
          "body": "done",
          "cause": "<entry>",
          "confirm_link": null,
          "endpoint": "+14155550102",
          "id": 2,
          "kind": "notification",
          "message_id": null,
          "protocol": "sms",
          "received": "<time>",
          "sender": null,
          "subject": null,
          "topic": "arn:aws:sns:us-east-1:123456789012:news",
          "unsubscribe_link": null
        }
      ]
    }
    "#
    );
}

#[tokio::test]
async fn a_text_message_can_go_to_a_phone_without_a_topic() {
    let world = World::new().await;
    world
        .sns
        .publish()
        .phone_number("+14155550103")
        .message("hello")
        .send()
        .await
        .unwrap();
    let sms = world.mail("+14155550103");
    assert_eq!((sms.len(), sms[0].body.as_str()), (1, "hello"));
    assert_eq!(sms[0].topic, None);
}

#[tokio::test]
async fn creating_a_topic_again_gives_the_same_topic() {
    let world = World::new().await;
    let tag = |value: &str| Tag::builder().key("stage").value(value).build().unwrap();
    let create = || world.sns.create_topic().name("again");
    let first = create().tags(tag("test")).send().await.unwrap().topic_arn;
    assert_eq!(
        first.as_deref(),
        Some("arn:aws:sns:us-east-1:123456789012:again")
    );
    assert_eq!(create().send().await.unwrap().topic_arn, first);
    let error = create().tags(tag("live")).send().await.unwrap_err();
    assert_eq!(
        error.message(),
        Some("Invalid parameter: Tags Reason: Topic already exists with different tags")
    );
    let error = create()
        .attributes("DisplayName", "Other")
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        error.message(),
        Some(
            "Invalid parameter: Attributes Reason: Topic already exists with different attributes"
        )
    );
}

#[tokio::test]
async fn topics_have_attributes_and_tags() {
    let world = World::new().await;
    let topic = world.topic("attributed").await;
    world
        .confirmed_mailbox(&topic, "confirmed@example.com")
        .await;
    world
        .sns
        .subscribe()
        .topic_arn(&topic)
        .protocol("email")
        .endpoint("pending@example.com")
        .send()
        .await
        .unwrap();
    let attributes = world
        .sns
        .get_topic_attributes()
        .topic_arn(&topic)
        .send()
        .await
        .unwrap()
        .attributes
        .unwrap();
    let shown = |name: &str| attributes.get(name).map(String::as_str);
    assert_eq!(shown("TopicArn"), Some(topic.as_str()));
    assert_eq!(shown("Owner"), Some(ACCOUNT));
    assert_eq!(shown("DisplayName"), Some(""));
    assert_eq!(shown("SubscriptionsConfirmed"), Some("1"));
    assert_eq!(shown("SubscriptionsPending"), Some("1"));
    assert!(shown("Policy").unwrap().contains("__default_statement_ID"));

    let tag = Tag::builder().key("team").value("zips").build().unwrap();
    let tagging = world.sns.tag_resource().resource_arn(&topic).tags(tag);
    tagging.send().await.unwrap();
    let tags = || world.sns.list_tags_for_resource().resource_arn(&topic);
    assert_eq!(tags().send().await.unwrap().tags()[0].value(), "zips");
    let untag = world.sns.untag_resource().resource_arn(&topic);
    untag.tag_keys("team").send().await.unwrap();
    assert!(tags().send().await.unwrap().tags().is_empty());
}

#[tokio::test]
async fn lists_come_in_pages_of_a_hundred() {
    let world = World::new().await;
    for number in 0..101 {
        world.topic(&format!("topic-{number:03}")).await;
    }
    let first = world.sns.list_topics().send().await.unwrap();
    assert_eq!(first.topics().len(), 100);
    let token = first.next_token.unwrap();
    let second = world.sns.list_topics().next_token(token).send().await;
    let second = second.unwrap();
    assert_eq!(
        second.topics()[0].topic_arn(),
        Some("arn:aws:sns:us-east-1:123456789012:topic-100")
    );
    assert_eq!(second.next_token, None);
}

#[tokio::test]
async fn regions_do_not_see_each_other() {
    let world = World::new().await;
    let topic = world.topic("here").await;
    let elsewhere = sns(&world.emulator, "eu-central-1");
    let list = elsewhere.list_topics().send().await.unwrap();
    assert!(list.topics().is_empty());
    let publish = elsewhere.publish().topic_arn(&topic).message("m");
    let error = publish.send().await.unwrap_err();
    assert_eq!(error.message(), Some("Invalid parameter: TopicArn"));
}

#[tokio::test]
async fn what_cannot_be_published_is_refused_in_the_words_of_aws() {
    let world = World::new().await;
    let topic = world.topic("strict").await;
    let publish = || world.sns.publish().topic_arn(&topic);
    let gone = "arn:aws:sns:us-east-1:123456789012:gone";
    let cases = [
        (
            world.sns.publish().topic_arn(gone).message("m"),
            "NotFound",
            "Topic does not exist",
        ),
        (
            world.sns.publish().topic_arn("gone").message("m"),
            "InvalidParameter",
            "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1",
        ),
        (
            publish().message(""),
            "InvalidParameter",
            "Invalid parameter: Empty message",
        ),
        (
            publish().message("m").subject("two\nlines"),
            "InvalidParameter",
            "Invalid parameter: Subject",
        ),
        (
            publish().message("m".repeat(256 * 1024 + 1)),
            "InvalidParameter",
            "Invalid parameter: Message too long",
        ),
        (
            publish()
                .message("m".repeat(256 * 1024))
                .message_attributes("a", attribute("String", "x")),
            "InvalidParameter",
            "Invalid parameter: Message too long",
        ),
        (
            publish()
                .message("m")
                .message_attributes("a", attribute("String", "")),
            "ParameterValueInvalid",
            "The message attribute 'a' must contain non-empty message attribute value for message \
             attribute type 'String'.",
        ),
        (
            publish().message("m").message_group_id("g"),
            "NotImplemented",
            "sns: the parameter MessageGroupId of Publish is not supported by this emulator",
        ),
    ];
    for (call, code, message) in cases {
        let error = call.send().await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Some(code), Some(message)));
    }
    publish()
        .message("m".repeat(256 * 1024))
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn a_batch_is_published_in_order() {
    let world = World::new().await;
    let topic = world.topic("batch").await;
    world.confirmed_mailbox(&topic, "batch@example.com").await;
    let entry = |id: &str, message: &str| {
        PublishBatchRequestEntry::builder()
            .id(id)
            .message(message)
            .message_attributes("n", attribute("Number", "1"))
            .build()
            .unwrap()
    };
    let batch = || world.sns.publish_batch().topic_arn(&topic);
    let published = batch()
        .publish_batch_request_entries(entry("a", "first"))
        .publish_batch_request_entries(entry("b", "second"))
        .send()
        .await
        .unwrap();
    assert!(published.failed().is_empty());
    let by_id: HashMap<_, _> = published
        .successful()
        .iter()
        .map(|done| (done.message_id(), done.id().unwrap()))
        .collect();
    let received: Vec<_> = world.mail("batch@example.com")[1..]
        .iter()
        .map(|mail| by_id[&mail.message_id.as_deref()])
        .collect();
    assert_eq!(received, ["a", "b"]);
    let error = batch()
        .publish_batch_request_entries(entry("a", "first"))
        .publish_batch_request_entries(entry("a", "second"))
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("BatchEntryIdsNotDistinct"));
}

#[tokio::test]
async fn what_is_not_supported_is_refused_by_name() {
    let world = World::new().await;
    let create = || world.sns.create_topic();
    let cases = [
        (create().name("t.fifo"), "sns: a FIFO topic"),
        (
            create()
                .name("t")
                .attributes("KmsMasterKeyId", "alias/aws/sns"),
            "sns: the topic attribute KmsMasterKeyId",
        ),
        (
            create().name("t").attributes("TracingConfig", "Active"),
            "sns: the topic attribute TracingConfig=Active",
        ),
    ];
    for (call, what) in cases {
        let error = call.send().await.unwrap_err();
        let message = format!("{what} is not supported by this emulator");
        assert_eq!(error.message(), Some(message.as_str()));
    }
    let error = world
        .sns
        .list_platform_applications()
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        error.message(),
        Some("sns: ListPlatformApplications is not supported by this emulator")
    );
}
