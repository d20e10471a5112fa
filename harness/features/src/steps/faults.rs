//! Mishaps that the emulator arranges.

use std::time::Duration;

use cucumber::given;
use zipster_targets::pipeline::{CallFault, DeliveryFault, FaultPlan, FaultRule, Moment};

use super::Function;
use crate::world::PipelineWorld;

/// Longer than any load of a scenario takes, before the hurry of the scenario's clock.
const A_WHILE: Duration = Duration::from_secs(30 * 60);

fn arm(world: &PipelineWorld, when: Moment, after: u32, times: u32) {
    let rules = vec![FaultRule { when, after, times }];
    world.pipeline().arm(FaultPlan { rules });
}

fn to(world: &PipelineWorld, function: Function) -> String {
    let outputs = world.pipeline().outputs();
    let name = match function {
        Function::Transform => &outputs.transform_function,
        Function::Load => &outputs.load_function,
    };
    format!("function:{name}")
}

#[given(expr = "events for {function} are delivered twice")]
fn twice(world: &mut PipelineWorld, function: Function) {
    let moment = Moment::Delivery {
        to: to(world, function),
        fault: DeliveryFault::Twice,
    };
    arm(world, moment, 0, u32::MAX);
}

#[given(expr = "the next event for {function} is held back")]
fn held_back(world: &mut PipelineWorld, function: Function) {
    let moment = Moment::Delivery {
        to: to(world, function),
        fault: DeliveryFault::Late(A_WHILE),
    };
    arm(world, moment, 0, 1);
}

#[given(regex = r"^(transform|load) is killed (before|after) it announces step (\d+)$")]
fn killed(
    world: &mut PipelineWorld,
    function: Function,
    moment: String,
    number: u32,
) -> Result<(), String> {
    let outputs = world.pipeline().outputs();
    let name = match function {
        Function::Transform => &outputs.transform_function,
        Function::Load => &outputs.load_function,
    };
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
    arm(world, moment, number - 1, 1);
    Ok(())
}

#[given(regex = r"^(s3|sns) answers (\w+) with 503 the next (\d+) times$")]
fn unavailable(world: &mut PipelineWorld, service: String, operation: String, times: u32) {
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
    arm(world, moment, 0, times);
}
