//! Mishaps that the emulator arranges.

use cucumber::{given, then, when};
use zipster_targets::pipeline::{
    CallFault, DeliveryFault, Event, FaultPlan, FaultRule, HELD_BACK, Moment,
};

use super::Function;
use crate::world::PipelineWorld;

fn arm(world: &PipelineWorld, when: Moment, after: u32, times: u32) -> Result<(), String> {
    let rules = vec![FaultRule { when, after, times }];
    world
        .pipeline()
        .arm(FaultPlan { rules })
        .map_err(|error| error.to_string())
}

fn to(world: &PipelineWorld, function: Function) -> String {
    format!("function:{}", function.name(world))
}

#[given(expr = "events for {function} are delivered twice")]
fn twice(world: &mut PipelineWorld, function: Function) -> Result<(), String> {
    let moment = Moment::Delivery {
        to: to(world, function),
        fault: DeliveryFault::Twice,
    };
    arm(world, moment, 0, u32::MAX)
}

#[given(expr = "the next event for {function} is held back")]
fn held_back(world: &mut PipelineWorld, function: Function) -> Result<(), String> {
    let moment = Moment::Delivery {
        to: to(world, function),
        fault: DeliveryFault::Held,
    };
    arm(world, moment, 0, 1)
}

#[when(expr = "{string} is sent to the input bucket and its load is held back")]
async fn send_and_hold(world: &mut PipelineWorld, key: String) -> Result<(), String> {
    put(world, &key).await?;
    world
        .pipeline()
        .until(|event| {
            matches!(event, Event::Fault { description } if description.ends_with(HELD_BACK))
        })
        .await
        .map_err(|error| error.to_string())
}

#[when(expr = "{string} is sent to the input bucket and loaded meanwhile")]
async fn send_and_load(world: &mut PipelineWorld, key: String) -> Result<(), String> {
    put(world, &key).await?;
    world
        .pipeline()
        .until(|event| {
            matches!(event, Event::MessagePublished { subject: Some(subject), .. }
                if subject.starts_with("[zipster] load 3 of 3") && subject.ends_with(&key))
        })
        .await
        .map_err(|error| error.to_string())
}

#[when("the event that was held back is delivered")]
async fn deliver(world: &mut PipelineWorld) -> Result<(), String> {
    let pipeline = world.pipeline();
    pipeline.release().map_err(|error| error.to_string())?;
    pipeline.settled().await.map_err(|error| error.to_string())
}

async fn put(world: &PipelineWorld, key: &str) -> Result<(), String> {
    let text = world.file(key)?;
    world
        .pipeline()
        .put_input(key, text.into_bytes())
        .await
        .map_err(|error| error.to_string())
}

#[given(regex = r"^(transform|load) is killed (before|after) it announces step (\d+)$")]
fn killed(
    world: &mut PipelineWorld,
    function: Function,
    moment: String,
    number: u32,
) -> Result<(), String> {
    let name = function.name(world);
    let fault = match moment.as_str() {
        "before" => CallFault::KillBefore,
        _ => CallFault::KillAfter,
    };
    let by = name.parse().map_err(|error| format!("{error}"))?;
    let moment = Moment::Call {
        service: "sns",
        operation: "Publish".to_owned(),
        by: Some(by),
        fault,
    };
    arm(world, moment, number - 1, 1)
}

#[given(regex = r"^(transform|load) gets no answer to its next (\w+)$")]
fn silent(world: &mut PipelineWorld, function: Function, operation: String) -> Result<(), String> {
    let by = function
        .name(world)
        .parse()
        .map_err(|error| format!("{error}"))?;
    let moment = Moment::Call {
        service: "s3",
        operation,
        by: Some(by),
        fault: CallFault::Silent,
    };
    arm(world, moment, 0, 1)
}

#[given(regex = r"^(s3|sns) answers (\w+) with 503 the next (\d+) times$")]
fn unavailable(
    world: &mut PipelineWorld,
    service: String,
    operation: String,
    times: u32,
) -> Result<(), String> {
    let service = match service.as_str() {
        "s3" => "s3",
        _ => "sns",
    };
    let moment = Moment::Call {
        service,
        operation,
        by: None,
        fault: CallFault::Unavailable,
    };
    arm(world, moment, 0, times)
}

#[then("the mishap has struck")]
fn has_struck(world: &mut PipelineWorld) -> Result<(), String> {
    let struck = world
        .emulator()?
        .journal()
        .snapshot()
        .iter()
        .any(|entry| matches!(entry.event, Event::Fault { .. }));
    if struck {
        Ok(())
    } else {
        Err("nothing went wrong, so nothing was shown".to_owned())
    }
}
