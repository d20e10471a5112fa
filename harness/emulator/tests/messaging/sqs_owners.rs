//! What a queue's owner does: permissions, dead letters on their way back, names of deleted queues.

use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};
use zipster_emulator::clock::SystemClock;

use crate::support::{World, refusal};

#[tokio::test]
async fn permissions_become_statements_of_the_policy() {
    let world = World::new().await;
    let made = world.sqs.create_queue().queue_name("shared").send().await;
    let url = made.unwrap().queue_url.unwrap();
    let add = |label: &str, action: &str| {
        world
            .sqs
            .add_permission()
            .queue_url(&url)
            .label(label)
            .aws_account_ids("210987654321")
            .actions(action)
            .send()
    };
    let policy = || async {
        let read = world.sqs.get_queue_attributes().queue_url(&url);
        let read = read.attribute_names(QueueAttributeName::Policy);
        let attributes = read.send().await.unwrap().attributes;
        attributes.map(|mut all| all.remove(&QueueAttributeName::Policy).unwrap())
    };
    add("partner", "SendMessage").await.unwrap();
    insta::assert_snapshot!(policy().await.unwrap(), @r#"{"Id":"arn:aws:sqs:us-east-1:123456789012:shared/SQSDefaultPolicy","Statement":[{"Action":"SQS:SendMessage","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::210987654321:root"},"Resource":"arn:aws:sqs:us-east-1:123456789012:shared","Sid":"partner"}],"Version":"2008-10-17"}"#);
    assert_eq!(
        refusal(add("partner", "SendMessage").await),
        "InvalidParameterValue: Value partner for parameter Label is invalid. Reason: Already \
         exists."
    );
    assert_eq!(
        refusal(add("owner", "DeleteQueue").await),
        "InvalidParameterValue: Value SQS:DeleteQueue for parameter ActionName is invalid. \
         Reason: Only the queue owner is allowed to invoke this action."
    );
    let remove = || {
        let remove = world.sqs.remove_permission().queue_url(&url);
        remove.label("partner").send()
    };
    remove().await.unwrap();
    assert_eq!(policy().await, None);
    assert_eq!(
        refusal(remove().await),
        "InvalidParameterValue: Value partner for parameter Label is invalid. Reason: can't find \
         label on existing policy."
    );
}

/// A queue whose dead letters lie in another: URLs and ARNs of both, the dead letters' first.
async fn with_dead_letters(world: &World, bodies: &[&str]) -> [(String, String); 2] {
    let dead = world.open_queue("dead").await;
    let jobs = world.open_queue("jobs").await;
    let policy = format!(
        r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":1}}"#,
        dead.1
    );
    let set = world.sqs.set_queue_attributes().queue_url(&jobs.0);
    set.attributes(QueueAttributeName::RedrivePolicy, policy)
        .send()
        .await
        .unwrap();
    for body in bodies {
        let send = world.sqs.send_message().queue_url(&jobs.0);
        send.message_body(*body).send().await.unwrap();
    }
    for _ in 0..2 {
        let receive = world.sqs.receive_message().queue_url(&jobs.0);
        let receive = receive.max_number_of_messages(10).visibility_timeout(0);
        receive.send().await.unwrap();
    }
    assert_eq!(world.counts(&dead.0).await[0], bodies.len() as u64);
    [dead, jobs]
}

#[tokio::test]
async fn dead_letters_go_back_to_where_they_came_from() {
    let world = World::new().await;
    let [(dead_url, dead), (jobs_url, _)] = with_dead_letters(&world, &["1", "2"]).await;
    let start = world.sqs.start_message_move_task().source_arn(&dead);
    let handle = start.send().await.unwrap().task_handle.unwrap();
    world.emulator.settled().await;
    assert_eq!(world.counts(&dead_url).await, [0, 0, 0]);
    let received = world
        .sqs
        .receive_message()
        .queue_url(&jobs_url)
        .message_system_attribute_names(MessageSystemAttributeName::All)
        .send()
        .await
        .unwrap();
    let message = &received.messages()[0];
    assert_eq!(message.body(), Some("1"));
    // It is a new message.
    let system = message.attributes().unwrap();
    assert_eq!(
        system[&MessageSystemAttributeName::ApproximateReceiveCount],
        "1"
    );
    assert!(!system.contains_key(&MessageSystemAttributeName::DeadLetterQueueSourceArn));
    let list = world.sqs.list_message_move_tasks().source_arn(&dead);
    let list = list.send().await.unwrap();
    let task = &list.results()[0];
    assert_eq!(task.status(), Some("COMPLETED"));
    assert_eq!(task.approximate_number_of_messages_moved(), 2);
    assert_eq!(task.approximate_number_of_messages_to_move(), Some(2));
    assert_eq!(task.task_handle(), None);
    let cancel = world.sqs.cancel_message_move_task().task_handle(handle);
    assert_eq!(
        refusal(cancel.send().await),
        "ResourceNotFoundException: Task does not exist."
    );
}

#[tokio::test]
async fn a_slow_move_can_be_cancelled_and_is_the_only_one() {
    let world = World::new().await;
    let bodies = ["1", "2", "3"];
    let [(_, dead), (_, jobs)] = with_dead_letters(&world, &bodies).await;
    let start = || {
        let start = world.sqs.start_message_move_task().source_arn(&dead);
        start.max_number_of_messages_per_second(1).send()
    };
    let handle = start().await.unwrap().task_handle.unwrap();
    assert_eq!(
        refusal(start().await),
        "InvalidParameterValue: There is already a task running. Only one active task is allowed \
         for a source queue arn at a given time."
    );
    let cancel = world.sqs.cancel_message_move_task().task_handle(handle);
    cancel.send().await.unwrap();
    world.emulator.settled().await;
    let list = world.sqs.list_message_move_tasks().source_arn(&dead);
    let list = list.send().await.unwrap();
    assert_eq!(list.results()[0].status(), Some("CANCELLED"));
    // A queue that is nobody's dead-letter queue has nothing to move back.
    let wrong = world.sqs.start_message_move_task().source_arn(jobs);
    assert_eq!(
        refusal(wrong.send().await),
        "InvalidParameterValue: Source queue must be configured as a Dead Letter Queue."
    );
}

#[tokio::test]
async fn a_dead_letter_that_nobody_gave_up_cannot_go_back() {
    let world = World::new().await;
    let [(dead_url, dead), _] = with_dead_letters(&world, &[]).await;
    let send = world.sqs.send_message().queue_url(&dead_url);
    send.message_body("stray").send().await.unwrap();
    let start = world.sqs.start_message_move_task().source_arn(&dead);
    start.send().await.unwrap();
    world.emulator.settled().await;
    let list = world.sqs.list_message_move_tasks().source_arn(&dead);
    let list = list.send().await.unwrap();
    let task = &list.results()[0];
    assert_eq!(task.status(), Some("FAILED"));
    assert_eq!(
        task.failure_reason(),
        Some("CouldNotDetermineMessageSource")
    );
    assert_eq!(world.counts(&dead_url).await, [1, 0, 0]);
}

#[tokio::test]
async fn the_name_of_a_deleted_queue_rests_for_a_minute_of_the_clock() {
    let world = World::with(|settings| {
        settings.clock = std::sync::Arc::new(SystemClock::hurried(600));
    })
    .await;
    let (url, _) = world.open_queue("again").await;
    let delete = world.sqs.delete_queue().queue_url(&url);
    delete.send().await.unwrap();
    let create = || world.sqs.create_queue().queue_name("again").send();
    let mut error = create().await.unwrap_err().into_service_error();
    assert!(error.is_queue_deleted_recently());
    while let Err(refused) = create().await {
        error = refused.into_service_error();
        assert!(error.is_queue_deleted_recently());
    }
}

#[tokio::test]
async fn only_a_message_in_flight_can_be_hidden_and_not_for_longer_than_12_hours() {
    let world = World::new().await;
    let (url, _) = world.open_queue("hidden").await;
    let send = world.sqs.send_message().queue_url(&url);
    send.message_body("m").send().await.unwrap();
    let receive = world.sqs.receive_message().queue_url(&url);
    let received = receive.visibility_timeout(0).send().await.unwrap();
    let handle = received.messages()[0].receipt_handle().unwrap();
    let hide = |handle: &str, seconds: i32| {
        let hide = world.sqs.change_message_visibility().queue_url(&url);
        hide.receipt_handle(handle)
            .visibility_timeout(seconds)
            .send()
    };
    assert_eq!(
        refusal(hide(handle, 10).await),
        "AWS.SimpleQueueService.MessageNotInflight: The message referred to is not in flight."
    );
    let received = world.sqs.receive_message().queue_url(&url);
    let received = received.send().await.unwrap();
    let handle = received.messages()[0].receipt_handle().unwrap();
    assert_eq!(
        refusal(hide(handle, 43_201).await),
        "InvalidParameterValue: Value 43201 for parameter VisibilityTimeout is invalid. Reason: \
         VisibilityTimeout must be an integer between 0 and 43200"
    );
    hide(handle, 43_199).await.unwrap();
}
