//! Runs the features: a target for all of them, a pipeline for each scenario.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use cucumber::World as _;
use cucumber::event::ScenarioFinished;
use cucumber::writer::Stats as _;
use futures::FutureExt;
use tokio::signal::unix::{Signal, SignalKind, signal};
use zipster_targets::{Pipeline, Project, Report, TargetError};

use crate::arguments;
use crate::records::Records;
use crate::results::Name;
use crate::settings::RunSettings;
use crate::target::Target;
use crate::world::PipelineWorld;

/// The target could not be had: nothing was tested.
const UNAVAILABLE: u8 = 4;

/// As shells have it for SIGINT.
const INTERRUPTED: u8 = 130;

/// How a run ended.
enum Ending {
    Passed,
    Failed,
    Interrupted,
}

/// Runs `features/*.feature` on the target that the settings name; what happens is told on stderr
/// and stdout.
///
/// Ends with 1 if a scenario failed or was skipped for lack of a step, with 4 if the target could
/// not be had, with 130 after Ctrl-C, when everything was removed.
pub async fn run(settings: RunSettings) -> ExitCode {
    match run_on_target(settings).await {
        Ok(Ending::Passed) => ExitCode::SUCCESS,
        Ok(Ending::Failed) => ExitCode::FAILURE,
        Ok(Ending::Interrupted) => INTERRUPTED.into(),
        Err(error) => {
            eprintln!("error: {error}");
            let mut cause = std::error::Error::source(&error);
            while let Some(error) = cause {
                eprintln!("  because: {error}");
                cause = error.source();
            }
            UNAVAILABLE.into()
        }
    }
}

async fn run_on_target(settings: RunSettings) -> Result<Ending, TargetError> {
    let mut project = Project::find(Path::new(env!("CARGO_MANIFEST_DIR")))?;
    let features = project.root().join("features");
    if let Some(folder) = &settings.terraform {
        project = project.with_terraform(folder)?;
    }
    let records = Arc::new(Records::of(&settings)?);
    let report = Report::new(|progress| eprintln!("{progress}"));
    let mut interrupt = Interrupt::install();
    let begun = Instant::now();
    let Some(target) = Target::start(&settings, project, report, interrupt.wait()).await? else {
        return Ok(Ending::Interrupted);
    };
    let start = begun.elapsed();
    let target = Arc::new(target);
    let kind = settings.target;
    let stage = Arc::clone(&target);
    let witness = Arc::clone(&target);
    let (begins, ends) = (Arc::clone(&records), Arc::clone(&records));
    let unruly = settings.unruly.clone();
    let mut cucumber = PipelineWorld::cucumber()
        .before(move |feature, _, scenario, world| {
            let target = Arc::clone(&stage);
            begins.began(Name::of(feature, scenario));
            let name = scenario.name.clone();
            world.unruly = Some(unruly.clone());
            async move {
                let (pipeline, zip_codes) = set_up(&target, &name).await;
                world.enter(&name, pipeline, zip_codes);
            }
            .boxed_local()
        })
        .after(move |feature, _, scenario, finished, world| {
            let target = Arc::clone(&witness);
            let records = Arc::clone(&ends);
            let name = Name::of(feature, scenario);
            async move {
                let passed = matches!(finished, ScenarioFinished::StepPassed);
                if !passed && let Some(evidence) = target.evidence().await {
                    eprintln!("\nIn {:?}:\n{evidence}", scenario.name);
                }
                let mut witness = None;
                if let Some(world) = world {
                    records.look(&name, passed, world).await;
                    witness = records.witness(world);
                    leave(&scenario.name, passed, world).await;
                }
                records.ended(name, finished, witness);
            }
            .boxed_local()
        })
        .fail_on_skipped()
        .with_cli(arguments::from_cargo(std::env::args()));
    if let Some(at_once) = target.concurrency() {
        cucumber = cucumber.max_concurrent_scenarios(at_once);
    }
    let excluding = Arc::clone(&records);
    let scenarios = cucumber.filter_run(features, move |feature, rule, scenario| {
        let tags = feature
            .tags
            .iter()
            .chain(rule.iter().flat_map(|rule| &rule.tags))
            .chain(&scenario.tags)
            .map(String::as_str);
        let Some(reason) = kind.excludes(tags) else {
            return true;
        };
        excluding.not_run(Name::of(feature, scenario), reason);
        false
    });
    let ending = tokio::select! {
        summary = scenarios => match summary.execution_has_failed() {
            false => Ending::Passed,
            true => Ending::Failed,
        },
        () = interrupt.wait() => {
            eprintln!("\ninterrupted; removing what this run has made");
            Ending::Interrupted
        }
    };
    records.tell_not_run();
    // Scenarios fail one after another when what they run on is gone: that is no test's result.
    let alive = match ending {
        Ending::Failed => target.alive().await,
        Ending::Passed | Ending::Interrupted => Ok(()),
    };
    let written = match ending {
        Ending::Passed | Ending::Failed if alive.is_ok() => {
            let failed = matches!(ending, Ending::Failed);
            let times = (start, begun.elapsed().saturating_sub(start));
            records.write(&settings, &target, failed, times).await
        }
        Ending::Passed | Ending::Failed | Ending::Interrupted => Ok(()),
    };
    // The hooks' clones are gone with the run, so this is the last owner.
    let stopped = match Arc::into_inner(target) {
        Some(target) => target.stop().await,
        None => Ok(()),
    };
    alive?;
    written?;
    stopped?;
    Ok(ending)
}

/// Ctrl-C and its like. Installed once: a signal that comes between two waits is not lost.
struct Interrupt {
    signals: Option<(Signal, Signal)>,
}

impl Interrupt {
    /// A system that refuses leaves Ctrl-C as it was: it ends the process.
    fn install() -> Self {
        let interrupt = signal(SignalKind::interrupt());
        let terminate = signal(SignalKind::terminate());
        Self {
            signals: interrupt.ok().zip(terminate.ok()),
        }
    }

    /// Returns when the process is asked to end.
    async fn wait(&mut self) {
        let Some((interrupt, terminate)) = &mut self.signals else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}

/// # Panics
/// If something could not be removed: the scenario fails with the reason.
async fn leave(scenario: &str, passed: bool, world: &mut PipelineWorld) {
    let keys: Vec<String> = world.files.keys().cloned().collect();
    let listener = world.listener.take();
    let restored = world.restore().await;
    let Some(pipeline) = world.leave() else {
        return;
    };
    if !passed {
        tell_stories(scenario, &keys, &pipeline);
    }
    if let Err(error) = restored {
        panic!("a function was not given back its settings: {error}");
    }
    if let Some(listener) = listener
        && let Err(error) = listener.close().await
    {
        panic!("the listener's queue was not removed: {error}");
    }
    if let Err(error) = pipeline.stop().await {
        panic!("the pipeline did not end well: {error}");
    }
}

/// What happened to each file of a scenario that failed.
fn tell_stories(scenario: &str, keys: &[String], pipeline: &Pipeline) {
    for key in keys {
        eprintln!(
            "\nWhat happened to {key:?} in {scenario:?}:\n{}",
            pipeline.story(Some(key))
        );
    }
}

/// # Panics
/// If the pipeline cannot be set up: the scenario fails with the reason.
async fn set_up(target: &Target, scenario: &str) -> (Pipeline, u64) {
    let pipeline = match target.pipeline(scenario).await {
        Ok(pipeline) => pipeline,
        Err(error) => panic!("cannot set up a pipeline for {scenario:?}: {error}"),
    };
    match zipster_database::count_zip_codes(pipeline.database().pool()).await {
        Ok(count) => (pipeline, count),
        Err(error) => panic!("cannot count zip codes for {scenario:?}: {error}"),
    }
}
