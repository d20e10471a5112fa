//! How scenarios ended, for programs that read JUnit's XML.
//!
//! Follows <https://github.com/testmoapp/junitxml>: a suite for each feature, a case for each scenario;
//! what does not run on the target is skipped, with the reason.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use cucumber::event::ScenarioFinished;
use cucumber::gherkin::{Feature, Scenario};
use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

/// A scenario: its feature, and its line there, since the examples of an outline share a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    feature: String,
    line: usize,
    scenario: String,
}

impl Name {
    pub fn of(feature: &Feature, scenario: &Scenario) -> Self {
        Self {
            feature: feature.name.clone(),
            line: scenario.position.line,
            scenario: scenario.name.clone(),
        }
    }

    /// The scenario, and its line.
    pub fn with_line(&self) -> String {
        format!("{} (line {})", self.scenario, self.line)
    }
}

/// What became of a scenario.
#[derive(Debug)]
enum Outcome {
    /// It began then, and has not ended.
    Running(Instant),
    Ended {
        after: Option<Duration>,
        /// What failed, if anything did.
        failure: Option<String>,
    },
    NotRun(String),
}

/// The results of a run.
#[derive(Debug)]
pub(crate) struct Results {
    target: &'static str,
    begun: Instant,
    outcomes: BTreeMap<Name, Outcome>,
}

impl Results {
    /// Of a run on this target that begins now.
    pub fn of(target: &'static str) -> Self {
        Self {
            target,
            begun: Instant::now(),
            outcomes: BTreeMap::new(),
        }
    }

    /// A scenario begins.
    pub fn began(&mut self, name: Name) {
        self.outcomes.insert(name, Outcome::Running(Instant::now()));
    }

    /// A scenario has ended, or failed after its last step.
    pub fn ended(&mut self, name: Name, failure: Option<String>) {
        let after = match self.outcomes.get(&name) {
            Some(Outcome::Running(begun)) => Some(begun.elapsed()),
            Some(Outcome::Ended { after, .. }) => *after,
            Some(Outcome::NotRun(_)) | None => None,
        };
        self.outcomes
            .insert(name, Outcome::Ended { after, failure });
    }

    /// A scenario does not run, for this reason.
    pub fn not_run(&mut self, name: Name, reason: String) {
        self.outcomes.insert(name, Outcome::NotRun(reason));
    }

    /// The scenarios that do not run, with the reasons.
    pub fn all_not_run(&self) -> impl Iterator<Item = (&str, &str)> {
        let outcomes = self.outcomes.iter();
        outcomes.filter_map(|(name, outcome)| match outcome {
            Outcome::NotRun(reason) => Some((name.scenario.as_str(), reason.as_str())),
            Outcome::Running(_) | Outcome::Ended { .. } => None,
        })
    }

    /// The XML. If the run has failed and no scenario says so, a case of its own does: a feature that
    /// cannot be read has no scenarios.
    pub fn to_junit(&self, run_failed: bool) -> String {
        let mut suites: BTreeMap<&str, TestSuite> = BTreeMap::new();
        let mut nobody_failed = true;
        for (name, outcome) in &self.outcomes {
            let (status, time) = match outcome {
                Outcome::Ended {
                    after,
                    failure: None,
                } => (TestCaseStatus::success(), *after),
                Outcome::Ended {
                    after,
                    failure: Some(failure),
                } => (failed(failure), *after),
                Outcome::Running(begun) => {
                    let failure = "it began, and its end was not seen";
                    (failed(failure), Some(begun.elapsed()))
                }
                Outcome::NotRun(reason) => {
                    let mut status = TestCaseStatus::skipped();
                    status.set_message(reason.as_str());
                    (status, None)
                }
            };
            nobody_failed &= !matches!(status, TestCaseStatus::NonSuccess { .. });
            let mut case = TestCase::new(name.with_line(), status);
            case.set_classname(name.feature.as_str());
            if let Some(time) = time {
                case.set_time(time);
            }
            let suite = suites.entry(&name.feature);
            suite
                .or_insert_with(|| self.suite(&name.feature))
                .add_test_case(case);
        }
        let mut report = Report::new("zipster");
        report.set_time(self.begun.elapsed());
        report.add_test_suites(suites.into_values());
        if run_failed && nobody_failed {
            let failure = "the run failed outside of scenarios; its output says how";
            let mut suite = self.suite("the run itself");
            suite.add_test_case(TestCase::new("all features can be run", failed(failure)));
            report.add_test_suite(suite);
        }
        report
            .to_string()
            .expect("texts are XML, without what it cannot hold")
    }

    fn suite(&self, name: &str) -> TestSuite {
        let mut suite = TestSuite::new(name);
        suite.add_property(Property::new("target", self.target));
        suite
    }
}

fn failed(failure: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_message(failure.lines().next().unwrap_or_default());
    status.set_description(failure);
    status
}

/// What failed in a scenario, if anything did.
pub(crate) fn failure(finished: &ScenarioFinished) -> Option<String> {
    match finished {
        ScenarioFinished::StepPassed => None,
        ScenarioFinished::BeforeHookFailed(panic) => Some(format!(
            "it could not begin: {}",
            panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("for no reason that is known")
        )),
        ScenarioFinished::StepSkipped => Some("a step is not known".to_owned()),
        ScenarioFinished::StepFailed(_, location, error) => Some(match location {
            Some(at) => format!("{error} ({}:{})", at.path, at.line),
            None => error.to_string(),
        }),
    }
}

/// Whether a file can be written there, as far as that can be known before.
///
/// # Errors
/// What keeps it from being written.
pub(crate) fn check_place(path: &Path) -> Result<(), String> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    if path.is_dir() {
        return Err(format!("{} is a folder", path.display()));
    }
    if !folder.is_dir() {
        return Err(format!("there is no folder {}", folder.display()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(feature: &str, scenario: &str, line: usize) -> Name {
        Name {
            feature: feature.to_owned(),
            line,
            scenario: scenario.to_owned(),
        }
    }

    #[test]
    fn each_scenario_is_a_case_with_what_became_of_it() {
        let mut results = Results::of("aws");
        let name = |scenario, line| name("Files & rows", scenario, line);
        results.ended(name("passes", 3), None);
        results.ended(
            name("fails", 9),
            Some("1 < 2\nand \u{1b}[31mred".to_owned()),
        );
        results.not_run(name("needs more", 20), "reads the journal".to_owned());
        let xml = without_times(&results.to_junit(true));
        insta::assert_snapshot!(xml, @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="zipster" tests="3" skipped="1" failures="1" errors="0">
            <testsuite name="Files &amp; rows" tests="3" skipped="1" errors="0" failures="1">
                <properties>
                    <property name="target" value="aws"/>
                </properties>
                <testcase name="passes (line 3)" classname="Files &amp; rows"/>
                <testcase name="fails (line 9)" classname="Files &amp; rows">
                    <failure message="1 &lt; 2">1 &lt; 2
        and red</failure>
                </testcase>
                <testcase name="needs more (line 20)" classname="Files &amp; rows">
                    <skipped message="reads the journal"/>
                </testcase>
            </testsuite>
        </testsuites>
        "#);
    }

    #[test]
    fn a_run_that_fails_outside_of_scenarios_has_a_failure() {
        let results = Results::of("embedded");
        assert!(!results.to_junit(false).contains("<failure"));
        assert!(results.to_junit(true).contains("<failure"));
    }

    #[test]
    fn a_scenario_that_fails_after_its_last_step_has_failed() {
        let mut results = Results::of("embedded");
        let name = name("f", "s", 1);
        results.began(name.clone());
        let unfinished = results.to_junit(true);
        assert!(unfinished.contains("its end was not seen"), "{unfinished}");
        results.ended(name, None);
        assert!(!results.to_junit(false).contains("<failure"));
    }

    fn without_times(xml: &str) -> String {
        let time = regex::Regex::new(r#" time="[^"]*""#).unwrap();
        time.replace_all(xml, "").into_owned()
    }
}
