//! Notices, subscribers and dead letters.

use std::collections::{BTreeMap, BTreeSet};

use cucumber::gherkin::Step;
use cucumber::then;
use zipster_targets::notices::Notice;
use zipster_targets::pipeline::InboxKind;

use super::{Function, rows_of};
use crate::world::PipelineWorld;

/// The notices of `function` about `key`, in the order of arrival.
async fn about(
    world: &mut PipelineWorld,
    function: Function,
    key: &str,
) -> Result<Vec<Notice>, String> {
    let notices = world.all_notices().await?;
    Ok(notices
        .iter()
        .filter(|notice| {
            notice.attribute("function") == function.as_str() && notice.attribute("key") == key
        })
        .cloned()
        .collect())
}

#[then(expr = "{function} announced these steps for {string}")]
async fn announced_steps(
    world: &mut PipelineWorld,
    step: &Step,
    function: Function,
    key: String,
) -> Result<(), String> {
    let mut notices = about(world, function, &key).await?;
    // SNS keeps no order; the steps are numbered.
    notices.sort_by_key(|notice| notice.attribute("step").parse::<u32>().unwrap_or(u32::MAX));
    let expected = rows_of(step)?;
    let mut seen: Vec<Vec<(&str, &str)>> = notices
        .iter()
        .zip(expected.iter().chain(std::iter::repeat(&expected[0])))
        .map(|(notice, row)| {
            row.iter()
                .map(|(column, _)| (*column, notice.attribute(column)))
                .collect()
        })
        .collect();
    if world.pipeline().may_repeat_events() {
        // What a second delivery repeats, or finds done, says nothing new.
        seen.retain(|row| expected.contains(row) || !is_of_a_repetition(row));
        seen.sort_by_key(|row| expected.iter().position(|expected| expected == row));
        seen.dedup();
    }
    if seen == expected {
        Ok(())
    } else {
        Err(format!("announced were {seen:#?}"))
    }
}

/// Whether a step is of an event whose work had been done before it came.
fn is_of_a_repetition(row: &[(&str, &str)]) -> bool {
    row.contains(&("status", "skipped")) || row.contains(&("status", "superseded"))
}

#[then(expr = "{function} announced {string} for {string} {int} time(s)")]
async fn announced_times(
    world: &mut PipelineWorld,
    function: Function,
    status: String,
    key: String,
    times: usize,
) -> Result<(), String> {
    let notices = about(world, function, &key).await?;
    let mut by_request: BTreeMap<&str, usize> = BTreeMap::new();
    for notice in &notices {
        if notice.attribute("status") == status {
            *by_request
                .entry(notice.attribute("request_id"))
                .or_default() += 1;
        }
    }
    let most = by_request.values().max().copied().unwrap_or(0);
    // A retry is the same request, a second delivery is another one; what stands in for Lambda may
    // give retries a request of their own.
    let seen = if world.pipeline().may_repeat_events() && most > 1 {
        most
    } else {
        by_request.values().sum()
    };
    if seen == times {
        Ok(())
    } else {
        Err(format!("{status:?} was announced {seen} times"))
    }
}

#[then(
    expr = "{function} announced {string} for {string} at least once, or found nothing left to do"
)]
async fn announced_or_nothing_to_do(
    world: &mut PipelineWorld,
    function: Function,
    status: String,
    key: String,
) -> Result<(), String> {
    let notices = about(world, function, &key).await?;
    let ended = notices
        .iter()
        .map(|notice| notice.attribute("status"))
        .any(|seen| seen == status || seen == "skipped");
    if ended {
        Ok(())
    } else {
        Err(format!("neither {status:?} nor \"skipped\" was announced"))
    }
}

#[then(expr = "transform and load announced the same {int} upload(s) of {string}")]
async fn announced_uploads(
    world: &mut PipelineWorld,
    count: usize,
    key: String,
) -> Result<(), String> {
    let mut uploads: Vec<BTreeSet<String>> = Vec::new();
    for function in [Function::Transform, Function::Load] {
        let notices = about(world, function, &key).await?;
        let ended = notices
            .iter()
            .filter(|notice| notice.attribute("status") == "succeeded");
        let names = ended.map(|notice| notice.attribute("upload").to_owned());
        uploads.push(names.filter(|name| !name.is_empty()).collect());
    }
    if uploads[0] == uploads[1] && uploads[0].len() == count {
        Ok(())
    } else {
        Err(format!(
            "transform and load announced the ends of {uploads:?}"
        ))
    }
}

#[then(expr = "the subscriber by email got these subjects about {string}")]
fn subjects_by_email(world: &mut PipelineWorld, step: &Step, key: String) -> Result<(), String> {
    let table = step.table.as_ref().ok_or("the step needs a table")?;
    let expected: Vec<String> = table
        .rows
        .iter()
        .map(|row| row.concat().trim().to_owned())
        .collect();
    let inbox = world
        .pipeline()
        .inbox()
        .map_err(|error| error.to_string())?;
    let subjects: Vec<String> = inbox
        .into_iter()
        .filter(|mail| mail.kind == InboxKind::Notification)
        .filter_map(|mail| mail.subject)
        .collect();
    let mut seen: Vec<&String> = subjects
        .iter()
        .filter(|subject| subject.contains(&key))
        .collect();
    let matches = seen.len() == expected.len()
        && expected.iter().all(|start| {
            seen.iter()
                .position(|subject| subject.starts_with(start.as_str()))
                .map(|index| seen.remove(index))
                .is_some()
        });
    if matches {
        Ok(())
    } else {
        Err(format!("the subjects in the inbox are {subjects:#?}"))
    }
}

#[then(expr = "the dead letters of {function} hold the event of {string}")]
async fn dead_letters(
    world: &mut PipelineWorld,
    function: Function,
    key: String,
) -> Result<(), String> {
    let (found, letters) = world
        .pipeline()
        .dead_letter_of(function.into(), &key)
        .await
        .map_err(|error| error.to_string())?;
    if found {
        Ok(())
    } else {
        Err(format!("the dead letters are {letters:#?}"))
    }
}
