//! Runs the features: a target for all of them, a pipeline for each scenario.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use cucumber::World as _;
use cucumber::event::ScenarioFinished;
use cucumber::writer::Stats as _;
use futures::FutureExt;
use zipster_targets::{
    Embedded, EmbeddedSettings, FunctionSource, Pipeline, PipelineSettings, Project, Report,
};

use crate::arguments;
use crate::world::PipelineWorld;

/// AWS waits a minute before the first retry of an asynchronous invocation; here it is 30 ms.
const HURRY: u32 = 2_000;

/// Runs `features/*.feature` on the embedded target; what happens is told on stderr and stdout.
///
/// Returns failure if a scenario failed, was skipped for lack of a step, or could not be set up.
///
/// `unruly` is the program `unruly` of this package: a function that misbehaves.
pub async fn run(unruly: &Path) -> ExitCode {
    match run_embedded(unruly).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            let mut cause = std::error::Error::source(&error);
            while let Some(error) = cause {
                eprintln!("  because: {error}");
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

async fn run_embedded(unruly: &Path) -> Result<bool, zipster_targets::TargetError> {
    let project = Project::find(Path::new(env!("CARGO_MANIFEST_DIR")))?;
    let features = project.root().join("features");
    let report = Report::new(|progress| eprintln!("{progress}"));
    let settings = EmbeddedSettings {
        project,
        database: zipster_database::Settings::from_variables(|name| std::env::var_os(name))?,
        functions: FunctionSource::Cargo,
    };
    let target = Arc::new(Embedded::start(settings, report).await?);
    let stage = Arc::clone(&target);
    let unruly = unruly.to_path_buf();
    let summary = PipelineWorld::cucumber()
        .before(move |_, _, scenario, world| {
            let target = Arc::clone(&stage);
            let name = scenario.name.clone();
            world.unruly = Some(unruly.clone());
            async move {
                let (pipeline, zip_codes) = set_up(&target, &name).await;
                world.enter(&name, pipeline, zip_codes);
            }
            .boxed_local()
        })
        .after(|_, _, scenario, finished, world| {
            async move {
                let Some(world) = world else { return };
                let keys: Vec<String> = world.files.keys().cloned().collect();
                let listener = world.listener.take();
                let Some(pipeline) = world.leave() else {
                    return;
                };
                if !matches!(finished, ScenarioFinished::StepPassed) {
                    tell_stories(&scenario.name, &keys, &pipeline);
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
            .boxed_local()
        })
        .fail_on_skipped()
        .with_cli(arguments::from_cargo(std::env::args()))
        .run(features)
        .await;
    let passed = !summary.execution_has_failed();
    // The hooks' clones are gone with the run, so this is the last owner.
    if let Some(target) = Arc::into_inner(target) {
        target.stop().await?;
    }
    Ok(passed)
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
async fn set_up(target: &Embedded, scenario: &str) -> (Pipeline, u64) {
    let settings = PipelineSettings {
        label: scenario.to_owned(),
        hurry: HURRY,
        email: Some("reader@example.com".to_owned()),
        ..PipelineSettings::default()
    };
    let pipeline = match target.pipeline(settings).await {
        Ok(pipeline) => pipeline,
        Err(error) => panic!("cannot set up a pipeline for {scenario:?}: {error}"),
    };
    match zipster_database::count_zip_codes(pipeline.database().pool()).await {
        Ok(count) => (pipeline, count),
        Err(error) => panic!("cannot count zip codes for {scenario:?}: {error}"),
    }
}
