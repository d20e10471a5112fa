//! The functions' logs, as CloudWatch Logs has them.

use std::collections::HashSet;
use std::time::Duration;

use cucumber::gherkin::Step;
use cucumber::then;
use serde_json::Value;

use super::{Function, rows_of};
use crate::world::PipelineWorld;

/// How long AWS may take to show what was written.
const LIMIT: Duration = Duration::from_secs(120);

/// How often it is asked.
const LOOKS: Duration = Duration::from_secs(2);

/// The log group of a function, as Lambda knows it.
async fn group_of(world: &PipelineWorld, function: Function) -> Result<String, String> {
    let configuration = function.configuration(world).await?;
    let group = configuration
        .logging_config()
        .and_then(|config| config.log_group());
    Ok(group.map_or_else(
        || format!("/aws/lambda/{}", function.name(world)),
        str::to_owned,
    ))
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

#[then(expr = "the log of {function} has these steps of {string}")]
async fn has_steps(
    world: &mut PipelineWorld,
    step: &Step,
    function: Function,
    key: String,
) -> Result<(), String> {
    let expected = rows_of(step)?;
    let mut looks = tokio::time::interval(LOOKS);
    let mut seen = Vec::new();
    let looking = async {
        loop {
            looks.tick().await;
            seen = steps_of(world, function, &key).await?;
            if world.pipeline().may_repeat_events() {
                // The log has what a second delivery repeats.
                let mut said = HashSet::new();
                seen.retain(|line| {
                    !["skipped", "superseded"].contains(&text_of(&line["status"]).as_str())
                });
                seen.retain(|line| said.insert((text_of(&line["step"]), text_of(&line["status"]))));
            }
            let is_same = seen.len() == expected.len()
                && seen.iter().zip(&expected).all(|(line, row)| {
                    row.iter()
                        .all(|(column, cell)| text_of(&line[*column]) == *cell)
                });
            // What an emulator that is at rest does not have will not come.
            if is_same || world.pipeline().emulator().is_some() {
                return Ok::<bool, String>(is_same);
            }
        }
    };
    match tokio::time::timeout(LIMIT, looking).await {
        Ok(Ok(true)) => Ok(()),
        Ok(Err(error)) => Err(error),
        Ok(Ok(false)) | Err(_) => Err(format!("its lines about {key:?} are {seen:#?}")),
    }
}

#[then(expr = "the log of {function} says nothing of {string}")]
async fn says_nothing(
    world: &mut PipelineWorld,
    function: Function,
    key: String,
) -> Result<(), String> {
    let lines = lines_with(world, function, &key).await?;
    if lines.is_empty() {
        Ok(())
    } else {
        Err(format!("it says:\n{}", lines.join("\n")))
    }
}

/// The announcements of steps about `name`, in their order.
async fn steps_of(
    world: &PipelineWorld,
    function: Function,
    name: &str,
) -> Result<Vec<Value>, String> {
    let key = world.pipeline().keys().key(name);
    let lines = lines_with(world, function, name).await?;
    let mut steps: Vec<Value> = lines
        .iter()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|line: &Value| line["step"].is_u64())
        .filter(|line| {
            line["message"]
                .as_str()
                .is_some_and(|said| ends(said, &key))
        })
        .collect();
    steps.sort_by_key(|line| line["step"].as_u64());
    Ok(steps)
}

/// Whether an announcement ends with an object key, which may have lost its beginning.
fn ends(said: &str, key: &str) -> bool {
    let last = said.rsplit(' ').next().unwrap_or_default();
    last == key
        || last
            .strip_prefix("...")
            .is_some_and(|end| key.ends_with(end))
}

/// The lines that have a text.
async fn lines_with(
    world: &PipelineWorld,
    function: Function,
    text: &str,
) -> Result<Vec<String>, String> {
    let logs = &world.pipeline().clients().logs;
    let pages = logs
        .filter_log_events()
        .log_group_name(group_of(world, function).await?)
        .filter_pattern(format!("{text:?}"))
        .into_paginator()
        .send()
        .collect::<Result<Vec<_>, _>>()
        .await
        .map_err(|error| format!("{error:?}"))?;
    Ok(pages
        .into_iter()
        .flat_map(|page| page.events.unwrap_or_default())
        .filter_map(|event| event.message)
        .collect())
}

/// A JSON value as tables write it.
fn text_of(value: &Value) -> String {
    let text = value.as_str();
    text.map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::ends;

    #[test]
    fn an_announcement_is_known_by_its_key_however_short() {
        let key = "zipster-test/run/3/logged.csv";
        assert!(ends(
            "[zipster] load 3 of 3: done zipster-test/run/3/logged.csv",
            key
        ));
        assert!(ends(
            "[zipster] transform 4 of 5: done ...t/run/3/logged.csv",
            key
        ));
        assert!(!ends(
            "[zipster] load 3 of 3: done zipster-test/run/2/logged.csv",
            key
        ));
        assert!(!ends(
            "[zipster] load 3 of 3: done ...t/run/2/logged.csv",
            key
        ));
    }
}
