//! Groups, streams, tags, retention.

use aws_sdk_cloudwatchlogs::error::ProvideErrorMetadata;
use aws_sdk_cloudwatchlogs::types::OrderBy;

use crate::support::{GROUP, World};

#[tokio::test]
async fn groups_are_made_described_page_by_page_and_deleted() {
    let world = World::new().await;
    for name in ["b", "/aws/lambda/x", "a"] {
        let create = world.logs.create_log_group().log_group_name(name);
        create.send().await.unwrap();
    }
    let again = world.logs.create_log_group().log_group_name("a");
    let error = again.send().await.unwrap_err().into_service_error();
    assert!(error.is_resource_already_exists_exception());
    assert_eq!(
        error.message(),
        Some("The specified log group already exists")
    );

    let describe = || world.logs.describe_log_groups();
    let mut pages = describe().into_paginator().page_size(2).send();
    let mut names = Vec::new();
    let mut count = 0;
    while let Some(page) = pages.next().await {
        count += 1;
        for group in page.unwrap().log_groups() {
            names.push(group.log_group_name().unwrap().to_owned());
        }
    }
    assert_eq!(
        (count, names),
        (2, vec!["/aws/lambda/x".into(), "a".into(), "b".into()])
    );

    let lambda = describe().log_group_name_prefix("/aws/lambda/");
    let found = lambda.send().await.unwrap();
    let arn = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/x";
    assert_eq!(found.log_groups().len(), 1);
    assert_eq!(found.log_groups()[0].log_group_arn(), Some(arn));
    assert_eq!(
        found.log_groups()[0].arn(),
        Some(format!("{arn}:*").as_str())
    );
    let found = describe()
        .log_group_name_pattern("lambda")
        .send()
        .await
        .unwrap();
    assert_eq!(found.log_groups().len(), 1);
    let both = describe()
        .log_group_name_pattern("a")
        .log_group_name_prefix("a");
    let error = both.send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidParameterException"));

    let delete = || world.logs.delete_log_group().log_group_name("a").send();
    delete().await.unwrap();
    let error = delete().await.unwrap_err().into_service_error();
    assert!(error.is_resource_not_found_exception());
    assert_eq!(
        error.message(),
        Some("The specified log group does not exist.")
    );
    let create = world.logs.create_log_group().log_group_name("a:b");
    let error = create.send().await.unwrap_err();
    assert_eq!(
        error.message(),
        Some(
            r"1 validation error detected: Value 'a:b' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+"
        )
    );
}

#[tokio::test]
async fn what_is_older_than_the_retention_is_gone() {
    let world = World::with_streams(&["s"]).await;
    let hour = 60 * 60 * 1000;
    let now = world.now();
    world
        .put("s", &[(now - 25 * hour, "one"), (now - 23 * hour, "two")])
        .await;
    let retain = |days| {
        let put = world.logs.put_retention_policy().log_group_name("app");
        put.retention_in_days(days).send()
    };
    let count = || async {
        let get = world.logs.get_log_events().log_group_name("app");
        get.log_stream_name("s")
            .send()
            .await
            .unwrap()
            .events()
            .len()
    };
    let error = retain(2).await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidParameterException"));
    assert_eq!(count().await, 2);
    retain(1).await.unwrap();
    assert_eq!(count().await, 1);
    let described = world.logs.describe_log_groups().send().await.unwrap();
    assert_eq!(described.log_groups()[0].retention_in_days(), Some(1));
    let delete = world.logs.delete_retention_policy().log_group_name("app");
    delete.send().await.unwrap();
    let described = world.logs.describe_log_groups().send().await.unwrap();
    assert_eq!(described.log_groups()[0].retention_in_days(), None);
    assert_eq!(described.log_groups()[0].stored_bytes(), Some(3 + 26));
}

#[tokio::test]
async fn streams_are_described_by_name_or_by_their_last_event() {
    let world = World::with_streams(&["b", "a", "c"]).await;
    let now = world.now();
    world.put("a", &[(now - 1, "x")]).await;
    world.put("c", &[(now - 5, "x"), (now - 3, "y")]).await;
    let describe = || world.logs.describe_log_streams().log_group_name("app");
    let names = |answer: aws_sdk_cloudwatchlogs::operation::describe_log_streams::DescribeLogStreamsOutput| -> Vec<String> {
        let streams = answer.log_streams().iter();
        streams.map(|stream| stream.log_stream_name().unwrap().to_owned()).collect()
    };
    assert_eq!(names(describe().send().await.unwrap()), ["a", "b", "c"]);
    let by_time = || describe().order_by(OrderBy::LastEventTime).descending(true);
    let described = by_time().send().await.unwrap();
    let c = &described.log_streams()[1];
    assert_eq!(c.first_event_timestamp(), Some(now - 5));
    assert_eq!(c.last_event_timestamp(), Some(now - 3));
    assert_eq!(c.arn(), Some(format!("{GROUP}:log-stream:c").as_str()));
    assert_eq!(names(described), ["a", "c", "b"]);
    let first = by_time().limit(2).send().await.unwrap();
    let rest = by_time().next_token(first.next_token().unwrap());
    assert_eq!(names(rest.send().await.unwrap()), ["b"]);
    let error = by_time()
        .log_stream_name_prefix("a")
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        error.message(),
        Some("Cannot order by LastEventTime with a logStreamNamePrefix.")
    );
    let prefixed = describe().log_stream_name_prefix("b").send().await.unwrap();
    assert_eq!(names(prefixed), ["b"]);

    let delete = world.logs.delete_log_stream().log_group_name("app");
    delete.log_stream_name("b").send().await.unwrap();
    let by_arn = world
        .logs
        .describe_log_streams()
        .log_group_identifier(GROUP);
    assert_eq!(names(by_arn.send().await.unwrap()), ["a", "c"]);
}

#[tokio::test]
async fn tags_by_arn_and_by_name_are_the_same_tags() {
    let world = World::with_streams(&[]).await;
    let tag = world.logs.tag_resource().resource_arn(GROUP);
    tag.tags("team", "blue").send().await.unwrap();
    #[expect(deprecated, reason = "older clients use it")]
    let tag = world.logs.tag_log_group().log_group_name("app");
    tag.tags("env", "test").send().await.unwrap();
    let untag = world.logs.untag_resource().resource_arn(GROUP);
    untag.tag_keys("team").send().await.unwrap();
    let list = world.logs.list_tags_for_resource().resource_arn(GROUP);
    let tags = list.send().await.unwrap().tags.unwrap();
    assert_eq!(tags.len(), 1);
    assert_eq!(tags["env"], "test");
    let tag = world.logs.tag_resource().resource_arn(GROUP);
    let error = tag.tags("aws:x", "y").send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidParameterException"));
}

#[tokio::test]
async fn what_would_change_behaviour_and_is_not_there_is_refused_by_name() {
    let world = World::new().await;
    let create = world.logs.create_log_group().log_group_name("a");
    let error = create.kms_key_id("key").send().await.unwrap_err();
    assert!(
        error
            .message()
            .unwrap()
            .contains("the parameter kmsKeyId of CreateLogGroup")
    );
    let create = world.logs.create_log_group().log_group_name("a");
    let error = create
        .deletion_protection_enabled(true)
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("NotImplemented"));
    let error = world.logs.describe_queries().send().await.unwrap_err();
    assert!(
        error
            .message()
            .unwrap()
            .contains("DescribeQueries is not supported")
    );
    assert!(
        world
            .logs
            .describe_log_groups()
            .send()
            .await
            .unwrap()
            .log_groups()
            .is_empty()
    );
}
