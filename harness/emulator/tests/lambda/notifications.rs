//! Messages of topics, as functions get them.

use serde_json::Value;

use crate::support::{ACCOUNT, ARN, REGION, World, administrator};
use crate::verify::{NOTIFICATION, verifies};

pub fn sns(world: &World) -> aws_sdk_sns::Client {
    let config = aws_sdk_sns::Config::builder()
        .behavior_version(aws_sdk_sns::config::BehaviorVersion::latest())
        .region(aws_sdk_sns::config::Region::new(REGION))
        .endpoint_url(world.emulator.endpoint())
        .credentials_provider(administrator(&world.emulator))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    aws_sdk_sns::Client::from_conf(config)
}

#[tokio::test]
async fn a_function_can_verify_the_notification_that_it_gets() {
    let world = World::start().await;
    let sns = sns(&world);
    let permit = world.lambda.add_permission().function_name("the-function");
    permit
        .statement_id("topics")
        .action("lambda:InvokeFunction")
        .principal("sns.amazonaws.com")
        .source_account(ACCOUNT)
        .send()
        .await
        .unwrap();
    for version in ["1", "2"] {
        let create = sns.create_topic().name(format!("signed-{version}"));
        let created = create.attributes("SignatureVersion", version).send().await;
        let topic = created.unwrap().topic_arn.unwrap();
        let subscribe = sns.subscribe().topic_arn(&topic).protocol("lambda");
        subscribe.endpoint(ARN).send().await.unwrap();
        for subject in [None, Some("Step 2 of 5")] {
            let publish = sns.publish().topic_arn(&topic);
            publish
                .set_subject(subject.map(str::to_owned))
                .message("two\nlines, \"quoted\", größer")
                .send()
                .await
                .unwrap();
            world.emulator.settled().await;
            let log = world.log();
            let notified = log.iter().rev().find_map(|l| l.strip_prefix("notified "));
            let mut envelope: Value = serde_json::from_str(notified.unwrap()).unwrap();
            assert_eq!(envelope["SignatureVersion"], version);
            assert_eq!(envelope["Subject"].as_str(), subject);
            assert!(verifies(&envelope, NOTIFICATION).await, "{envelope:#}");
            envelope["Message"] = "something else".into();
            assert!(!verifies(&envelope, NOTIFICATION).await);
        }
    }
}
