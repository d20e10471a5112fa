//! Runs the features: a target for all of them, a pipeline for each scenario.

use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use cucumber::World as _;
use cucumber::event::ScenarioFinished;
use cucumber::writer::Stats as _;
use futures::FutureExt;
use tokio::signal::unix::{Signal, SignalKind, signal};
use zipster_policy::Recording;
use zipster_targets::{Pipeline, Project, Report, TargetError};

use crate::arguments;
use crate::observe::{self, Observer};
use crate::results::{self, Name, Results};
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
    if let Some(path) = &settings.junit {
        results::check_place(path).map_err(|problem| {
            TargetError::Unavailable(format!("the results cannot be written: {problem}"))
        })?;
    }
    let report = Report::new(|progress| eprintln!("{progress}"));
    let mut interrupt = Interrupt::install();
    let begun = Instant::now();
    let Some(target) = Target::start(&settings, project, report, interrupt.wait()).await? else {
        return Ok(Ending::Interrupted);
    };
    let start = begun.elapsed();
    let target = Arc::new(target);
    let kind = settings.target;
    let not_run: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
    let stage = Arc::clone(&target);
    let witness = Arc::clone(&target);
    let observer: Option<Arc<Mutex<Observer>>> = settings
        .observations
        .is_some()
        .then(|| Arc::new(Mutex::new(Observer::of(kind.as_str()))));
    let notes = observer.clone();
    let recording: Option<Arc<Mutex<Recording>>> = settings.decisions.is_some().then(Arc::default);
    let record = recording.clone();
    let results = Arc::new(Mutex::new(Results::of(kind.as_str())));
    let (begins, ends) = (Arc::clone(&results), Arc::clone(&results));
    let mut cucumber = PipelineWorld::cucumber()
        .before(move |feature, _, scenario, world| {
            let target = Arc::clone(&stage);
            let name = Name::new(&feature.name, &scenario.name, scenario.position.line);
            lock(&begins).began(name);
            let name = scenario.name.clone();
            world.unruly = Some(settings.unruly.clone());
            async move {
                let (pipeline, zip_codes) = set_up(&target, &name).await;
                world.enter(&name, pipeline, zip_codes);
            }
            .boxed_local()
        })
        .after(move |feature, _, scenario, finished, world| {
            let target = Arc::clone(&witness);
            let of = Name::new(&feature.name, &scenario.name, scenario.position.line);
            let failure = results::failure(finished);
            let results = Arc::clone(&ends);
            let notes = notes.clone();
            let record = record.clone();
            async move {
                let passed = matches!(finished, ScenarioFinished::StepPassed);
                if !passed && let Some(evidence) = target.evidence().await {
                    eprintln!("\nIn {:?}:\n{evidence}", scenario.name);
                }
                let name = format!("{} (line {})", scenario.name, scenario.position.line);
                let Some(world) = world else {
                    lock(&results).ended(of, failure);
                    if let Some(record) = &record {
                        lock(record).note(name, passed, []);
                    }
                    return;
                };
                if let Some(notes) = &notes {
                    observe(name.clone(), passed, world, notes).await;
                }
                let seen = record.as_ref().and(world.witness());
                leave(&scenario.name, passed, world).await;
                if let (Some(record), Some(witness)) = (&record, seen) {
                    lock(record).note(name.clone(), passed, witness.calls(&name));
                }
                // Who panics before this has not come to an end, and so has failed.
                lock(&results).ended(of, failure);
            }
            .boxed_local()
        })
        .fail_on_skipped()
        .with_cli(arguments::from_cargo(std::env::args()));
    if let Some(at_once) = target.concurrency() {
        cucumber = cucumber.max_concurrent_scenarios(at_once);
    }
    let excluded = Arc::clone(&not_run);
    let excluding = observer.clone();
    let skips = Arc::clone(&results);
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
        let mut excluded = excluded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(observer) = &excluding {
            let name = format!("{} (line {})", scenario.name, scenario.position.line);
            lock(observer).not_run(name, reason.clone());
        }
        let of = Name::new(&feature.name, &scenario.name, scenario.position.line);
        lock(&skips).not_run(of, reason.clone());
        excluded.push((scenario.name.clone(), reason));
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
    tell_not_run(
        kind.as_str(),
        &not_run.lock().unwrap_or_else(PoisonError::into_inner),
    );
    // Scenarios fail one after another when what they run on is gone: that is no test's result.
    let alive = match ending {
        Ending::Failed => target.alive().await,
        Ending::Passed | Ending::Interrupted => Ok(()),
    };
    let noted = match (&settings.observations, &observer, &ending) {
        (Some(path), Some(observer), Ending::Passed | Ending::Failed) if alive.is_ok() => {
            lock(observer).times(start, begun.elapsed().saturating_sub(start));
            write_down(&target, observer, path).await
        }
        _ => Ok(()),
    };
    let told = match (&settings.junit, &ending) {
        (Some(path), Ending::Passed | Ending::Failed) if alive.is_ok() => {
            let failed = matches!(ending, Ending::Failed);
            write(path, &lock(&results).to_junit(failed))
        }
        _ => Ok(()),
    };
    let recorded = match (&settings.decisions, &recording, &ending) {
        (Some(path), Some(recording), Ending::Passed | Ending::Failed) => {
            write(path, &lock(recording).to_json())
        }
        _ => Ok(()),
    };
    // The hooks' clones are gone with the run, so this is the last owner.
    let stopped = match Arc::into_inner(target) {
        Some(target) => target.stop().await,
        None => Ok(()),
    };
    alive?;
    noted?;
    told?;
    recorded?;
    stopped?;
    Ok(ending)
}

/// Makes the wrong calls, last of all, since what one target refuses another may do; then writes
/// down what was seen.
async fn write_down(
    target: &Target,
    observer: &Mutex<Observer>,
    path: &Path,
) -> Result<(), TargetError> {
    let pipeline = target.pipeline("probes").await?;
    let facts = observe::probes(&pipeline).await;
    pipeline.stop().await?;
    lock(observer).note_probes(facts);
    write(path, &lock(observer).to_json())
}

fn write(path: &Path, json: &str) -> Result<(), TargetError> {
    std::fs::write(path, json).map_err(|error| {
        TargetError::Unavailable(format!("cannot write {}: {error}", path.display()))
    })
}

/// Writes down what is there at the end of a scenario.
///
/// # Panics
/// If it cannot be looked at: the scenario fails with the reason.
async fn observe(name: String, passed: bool, world: &mut PipelineWorld, notes: &Mutex<Observer>) {
    let Some(began) = world.began else { return };
    match observe::scenario(world, passed, began).await {
        Ok(facts) => lock(notes).note(name, facts),
        Err(error) => panic!("what is there at the end cannot be seen: {error}"),
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
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

/// What did not run is said, with the reason: it has neither passed nor failed.
fn tell_not_run(target: &str, not_run: &[(String, String)]) {
    if not_run.is_empty() {
        return;
    }
    println!(
        "[Not run on {target}]\n{} scenarios need what it does not have:",
        not_run.len()
    );
    for (scenario, reason) in not_run {
        println!("  {scenario}: {reason}");
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
