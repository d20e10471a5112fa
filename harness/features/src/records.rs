//! What a run writes down while its scenarios run, each part if somebody has asked for it: the
//! results, what could be seen, and the calls that roles made.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cucumber::event::ScenarioFinished;
use zipster_policy::Recording;
use zipster_targets::TargetError;

use crate::decisions::Witness;
use crate::observe::{self, Observer};
use crate::results::{self, Name, Results};
use crate::settings::RunSettings;
use crate::target::Target;
use crate::world::PipelineWorld;

/// The records of one run, shared by its scenarios.
#[derive(Debug)]
pub(crate) struct Records {
    target: &'static str,
    results: Mutex<Results>,
    observer: Option<Mutex<Observer>>,
    recording: Option<Mutex<Recording>>,
}

impl Records {
    /// Those that the settings ask for. There are always results.
    ///
    /// # Errors
    /// [`TargetError::Unavailable`] if the results cannot be written where they are wanted.
    pub fn of(settings: &RunSettings) -> Result<Self, TargetError> {
        if let Some(path) = &settings.junit {
            results::check_place(path).map_err(|problem| {
                TargetError::Unavailable(format!("the results cannot be written: {problem}"))
            })?;
        }
        let target = settings.target.as_str();
        let observer = || Mutex::new(Observer::of(target));
        Ok(Self {
            target,
            results: Mutex::new(Results::of(target)),
            observer: settings.observations.is_some().then(observer),
            recording: settings.decisions.is_some().then(Mutex::default),
        })
    }

    /// A scenario begins.
    pub fn began(&self, name: Name) {
        lock(&self.results).began(name);
    }

    /// A scenario does not run, for this reason.
    pub fn not_run(&self, name: Name, reason: String) {
        if let Some(observer) = &self.observer {
            lock(observer).not_run(name.with_line(), reason.clone());
        }
        lock(&self.results).not_run(name, reason);
    }

    /// Writes down what is there after a scenario's last step.
    ///
    /// # Panics
    /// If it cannot be looked at: the scenario fails with the reason.
    pub async fn look(&self, name: &Name, passed: bool, world: &mut PipelineWorld) {
        let (Some(observer), Some(began)) = (&self.observer, world.began) else {
            return;
        };
        match observe::scenario(world, passed, began).await {
            Ok(facts) => lock(observer).note(name.with_line(), facts),
            Err(error) => panic!("what is there at the end cannot be seen: {error}"),
        }
    }

    /// Who will tell what roles did, when the pipeline has come to its end.
    pub fn witness(&self, world: &PipelineWorld) -> Option<Witness> {
        self.recording.as_ref().and(world.witness())
    }

    /// A scenario has come to its end, and left. One that panics before this is called has failed.
    pub fn ended(&self, name: Name, finished: &ScenarioFinished, witness: Option<Witness>) {
        if let Some(recording) = &self.recording {
            let scenario = name.with_line();
            let calls = witness.map(|witness| witness.calls(&scenario));
            let passed = matches!(finished, ScenarioFinished::StepPassed);
            lock(recording).note(scenario, passed, calls.unwrap_or_default());
        }
        lock(&self.results).ended(name, results::failure(finished));
    }

    /// What did not run is said, with the reason: it has neither passed nor failed.
    pub fn tell_not_run(&self) {
        let results = lock(&self.results);
        let not_run: Vec<(&str, &str)> = results.all_not_run().collect();
        if not_run.is_empty() {
            return;
        }
        println!(
            "[Not run on {}]\n{} scenarios need what it does not have:",
            self.target,
            not_run.len()
        );
        for (scenario, reason) in not_run {
            println!("  {scenario}: {reason}");
        }
    }

    /// Writes all that is asked for into its files, after a run that `failed` or not, and took so long
    /// to start and to go through.
    ///
    /// # Errors
    /// The first file that cannot be written; the others are tried all the same.
    pub async fn write(
        &self,
        settings: &RunSettings,
        target: &Target,
        failed: bool,
        (start, scenarios): (Duration, Duration),
    ) -> Result<(), TargetError> {
        let told = settings.junit.as_ref().map_or(Ok(()), |path| {
            write(path, &lock(&self.results).to_junit(failed))
        });
        let observed = match (&settings.observations, &self.observer) {
            (Some(path), Some(observer)) => {
                lock(observer).times(start, scenarios);
                probe(target, observer, path).await
            }
            _ => Ok(()),
        };
        let recorded = match (&settings.decisions, &self.recording) {
            (Some(path), Some(recording)) => write(path, &lock(recording).to_json()),
            _ => Ok(()),
        };
        told.and(observed).and(recorded)
    }
}

/// Makes the wrong calls, last of all, since what one target refuses another may do; then writes
/// down what was seen.
async fn probe(
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

fn write(path: &Path, text: &str) -> Result<(), TargetError> {
    std::fs::write(path, text).map_err(|error| {
        TargetError::Unavailable(format!("cannot write {}: {error}", path.display()))
    })
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
