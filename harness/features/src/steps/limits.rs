//! What Lambda holds functions to: time, memory, how many run at once, and the freeze.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_lambda::types::Environment;
use cucumber::{given, then};
use zipster_targets::pipeline::{Event, Outcome};

use super::Function;
use crate::world::PipelineWorld;

/// How soon a process stands still that was told to stop, on a machine with much to do.
const STOPS_WITHIN: Duration = Duration::from_secs(10);

#[given(expr = "{function} has a timeout of {int} second(s)")]
async fn timeout(
    world: &mut PipelineWorld,
    function: Function,
    seconds: i32,
) -> Result<(), String> {
    world
        .pipeline()
        .clients()
        .lambda
        .update_function_configuration()
        .function_name(function.name(world))
        .timeout(seconds)
        .send()
        .await
        .map(|_| ())
        .map_err(|error| format!("{error:?}"))
}

#[given(expr = "{function} may run {int} event(s) at a time")]
async fn concurrency(
    world: &mut PipelineWorld,
    function: Function,
    events: i32,
) -> Result<(), String> {
    let name = function.name(world);
    let lambda = world.pipeline().clients().lambda.clone();
    let before = lambda
        .get_function_concurrency()
        .function_name(&name)
        .send()
        .await
        .map_err(|error| format!("{error:?}"))?;
    let before = before.reserved_concurrent_executions();
    world
        .concurrency_before
        .entry(name.clone())
        .or_insert(before);
    lambda
        .put_function_concurrency()
        .function_name(name)
        .reserved_concurrent_executions(events)
        .send()
        .await
        .map(|_| ())
        .map_err(|error| format!("{error:?}"))
}

#[given(
    regex = r"^the program of (transform|load) is replaced by one that (hangs|takes memory without end)$"
)]
async fn unruly(
    world: &mut PipelineWorld,
    function: Function,
    manner: String,
) -> Result<(), String> {
    let name = function.name(world);
    let program = world
        .unruly
        .as_ref()
        .ok_or("the misbehaving program was not built")?;
    // The convention for a local program that runs in place: a folder with a bootstrap.
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    std::os::unix::fs::symlink(program, folder.path().join("bootstrap"))
        .map_err(|error| error.to_string())?;
    let lambda = &world.pipeline().clients().lambda;
    lambda
        .update_function_code()
        .function_name(&name)
        .s3_bucket("hot-reload")
        .s3_key(folder.path().display().to_string())
        .send()
        .await
        .map_err(|error| format!("{error:?}"))?;
    world.folders.push(folder);
    let manner = match manner.as_str() {
        "hangs" => "hanging",
        _ => "greedy",
    };
    let variables = HashMap::from([("UNRULY".to_owned(), manner.to_owned())]);
    world
        .pipeline()
        .clients()
        .lambda
        .update_function_configuration()
        .function_name(&name)
        .environment(
            Environment::builder()
                .set_variables(Some(variables))
                .build(),
        )
        .send()
        .await
        .map(|_| ())
        .map_err(|error| format!("{error:?}"))
}

#[given(expr = "{function} has {int} MB of memory")]
async fn memory(world: &mut PipelineWorld, function: Function, size: i32) -> Result<(), String> {
    world
        .pipeline()
        .clients()
        .lambda
        .update_function_configuration()
        .function_name(function.name(world))
        .memory_size(size)
        .send()
        .await
        .map(|_| ())
        .map_err(|error| format!("{error:?}"))
}

#[then(expr = "{function} was stopped for taking too long {int} time(s)")]
fn timed_out(world: &mut PipelineWorld, function: Function, times: usize) -> Result<(), String> {
    let endings = endings(world, function)?;
    let seen = endings
        .iter()
        .filter(|outcome| matches!(outcome, Outcome::TimedOut))
        .count();
    if seen == times {
        Ok(())
    } else {
        Err(format!("its invocations ended as {endings:?}"))
    }
}

#[then(expr = "the log of {function} says {string}")]
fn log_says(world: &mut PipelineWorld, function: Function, text: String) -> Result<(), String> {
    let name = function.name(world);
    let lines: Vec<String> = events(world)?
        .into_iter()
        .filter_map(|event| {
            let Event::LogLine { function, line, .. } = event else {
                return None;
            };
            is_of(&function, &name).then_some(line)
        })
        .collect();
    if lines.iter().any(|line| line.contains(&text)) {
        Ok(())
    } else {
        Err(format!("the log is\n{}", lines.join("\n")))
    }
}

#[then(expr = "{function} never had two events at once")]
fn one_at_a_time(world: &mut PipelineWorld, function: Function) -> Result<(), String> {
    let name = function.name(world);
    let (mut running, mut most) = (0_u32, 0_u32);
    for event in events(world)? {
        if let Event::InvocationStarted { function, .. } = &event
            && is_of(function, &name)
        {
            running += 1;
            most = most.max(running);
        }
        if let Event::InvocationEnded {
            function, outcome, ..
        } = &event
            && is_of(function, &name)
            && *outcome != Outcome::Throttled
        {
            running -= 1;
        }
    }
    match most {
        1 => Ok(()),
        0 => Err("it had none".to_owned()),
        most => Err(format!("it had {most} at once")),
    }
}

#[then(expr = "the processes of {function} stand still")]
async fn frozen(world: &mut PipelineWorld, function: Function) -> Result<(), String> {
    let name = function.name(world);
    let mut alive: Vec<(String, u32)> = Vec::new();
    for event in events(world)? {
        if let Event::EnvironmentStarted {
            function,
            log_stream,
            pid,
        } = &event
            && is_of(function, &name)
        {
            alive.push((log_stream.clone(), *pid));
        }
        if let Event::EnvironmentEnded { log_stream, .. } = &event {
            alive.retain(|(stream, _)| stream != log_stream);
        }
    }
    if alive.is_empty() {
        return Err("it has no process".to_owned());
    }
    for (_, pid) in alive {
        tokio::time::timeout(STOPS_WITHIN, stopped(pid))
            .await
            .map_err(|_| format!("process {pid} still runs after {STOPS_WITHIN:?}"))??;
    }
    Ok(())
}

/// The system stops a process when it is next about to run, which is soon, but not at once.
async fn stopped(pid: u32) -> Result<(), String> {
    loop {
        // proc(5): the state follows the name, which stands in parentheses. `T` is stopped.
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))
            .map_err(|error| format!("the state of process {pid} cannot be read: {error}"))?;
        let state = stat
            .rsplit_once(") ")
            .and_then(|(_, rest)| rest.chars().next());
        if state == Some('T') {
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
}

fn endings(world: &PipelineWorld, function: Function) -> Result<Vec<Outcome>, String> {
    let name = function.name(world);
    let events = events(world)?;
    let outcomes = events
        .into_iter()
        .filter_map(|event| {
            let Event::InvocationEnded {
                function, outcome, ..
            } = event
            else {
                return None;
            };
            is_of(&function, &name).then_some(outcome)
        })
        .collect();
    Ok(outcomes)
}

fn events(world: &PipelineWorld) -> Result<Vec<Event>, String> {
    let entries = world.emulator()?.journal().snapshot();
    Ok(entries.into_iter().map(|entry| entry.event).collect())
}

/// Whether an ARN is that of the function called `name`, of any version.
fn is_of(arn: &str, name: &str) -> bool {
    arn.split(':').nth(6) == Some(name)
}
