//! The functions' logs, as CloudWatch Logs has them.

use cucumber::then;

use super::Function;
use crate::world::PipelineWorld;

/// The log group of a function, as Lambda knows it.
async fn group_of(world: &PipelineWorld, function: Function) -> Result<String, String> {
    let name = function.name(world);
    let configuration = world
        .pipeline()
        .clients()
        .lambda
        .get_function_configuration()
        .function_name(&name)
        .send()
        .await
        .map_err(|error| format!("{error:?}"))?;
    let group = configuration
        .logging_config()
        .and_then(|config| config.log_group());
    Ok(group.map_or_else(|| format!("/aws/lambda/{name}"), str::to_owned))
}

#[then(expr = "the log of {function} is kept for a limited time")]
async fn kept_for_a_limited_time(
    world: &mut PipelineWorld,
    function: Function,
) -> Result<(), String> {
    let name = group_of(world, function).await?;
    let logs = &world.pipeline().clients().logs;
    let groups = logs
        .describe_log_groups()
        .log_group_name_prefix(&name)
        .send()
        .await
        .map_err(|error| format!("{error:?}"))?;
    let group = groups
        .log_groups()
        .iter()
        .find(|group| group.log_group_name() == Some(name.as_str()))
        .ok_or_else(|| format!("there is no log group {name}"))?;
    match group.retention_in_days() {
        Some(_) => Ok(()),
        None => Err(format!("{name} keeps its events for ever")),
    }
}
