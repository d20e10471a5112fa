//! What an account may have, and what it has.

use aws_sdk_lambda::operation::get_account_settings::GetAccountSettingsOutput;

use crate::support::World;

async fn settings(world: &World) -> GetAccountSettingsOutput {
    let settings = world.lambda.get_account_settings().send();
    settings.await.unwrap()
}

#[tokio::test]
async fn what_functions_reserve_is_not_left_for_the_others() {
    let world = World::start().await;
    world.function("another").send().await.unwrap();
    let limit = settings(&world).await.account_limit.unwrap();
    assert_eq!(limit.concurrent_executions(), 1000);
    assert_eq!(limit.unreserved_concurrent_executions(), Some(1000));
    assert_eq!(limit.code_size_zipped(), 52_428_800);
    assert_eq!(limit.code_size_unzipped(), 262_144_000);
    for (name, reserved) in [("the-function", 30), ("another", 4)] {
        world
            .lambda
            .put_function_concurrency()
            .function_name(name)
            .reserved_concurrent_executions(reserved)
            .send()
            .await
            .unwrap();
    }
    let limit = settings(&world).await.account_limit.unwrap();
    assert_eq!(limit.concurrent_executions(), 1000);
    assert_eq!(limit.unreserved_concurrent_executions(), Some(966));
}

#[tokio::test]
async fn an_account_uses_what_its_functions_are() {
    let world = World::empty().await;
    let usage = settings(&world).await.account_usage.unwrap();
    assert_eq!((usage.function_count(), usage.total_code_size()), (0, 0));
    let one = world.function("one").send().await.unwrap();
    world.function("two").send().await.unwrap();
    let usage = settings(&world).await.account_usage.unwrap();
    assert_eq!(usage.function_count(), 2);
    assert_eq!(usage.total_code_size(), 2 * one.code_size());
}
