//! Waiting for a deployed pipeline by what it announces.
//!
//! An emulator knows when nothing is left to happen. A deployed pipeline is known by its notices
//! alone: each file that was sent has to come to an end in `transform`, and in `load` if there is
//! something to load, and every step up to the end has to be heard of, since topics keep no order.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::notices::Notice;

/// How many times each function tries an event: once, and the retries of its settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attempts {
    pub transform: usize,
    pub load: usize,
}

/// What was sent, and what was heard of it.
#[derive(Debug)]
pub(crate) struct Watch {
    attempts: Attempts,
    /// How often each key was sent.
    sent: BTreeMap<String, usize>,
    /// How many events of each function and key lie among the dead letters.
    buried: BTreeMap<(&'static str, String), usize>,
    heard: Vec<Notice>,
    /// How many of those somebody has been given.
    given: usize,
}

impl Watch {
    pub fn new(attempts: Attempts) -> Self {
        Self {
            attempts,
            sent: BTreeMap::new(),
            buried: BTreeMap::new(),
            heard: Vec::new(),
            given: 0,
        }
    }

    /// A file is about to be sent.
    pub fn send(&mut self, key: &str) {
        *self.sent.entry(key.to_owned()).or_default() += 1;
    }

    /// The keys that were sent.
    pub fn keys(&self) -> Vec<String> {
        self.sent.keys().cloned().collect()
    }

    /// So many events of a key were found among a function's dead letters: a function that cannot
    /// run cannot say so.
    pub fn found_dead(&mut self, function: &'static str, key: &str, letters: usize) {
        let buried = self.buried.entry((function, key.to_owned())).or_default();
        *buried = letters.max(*buried);
    }

    /// Notices have arrived.
    pub fn hear(&mut self, notices: impl IntoIterator<Item = Notice>) {
        self.heard.extend(notices);
    }

    /// What was heard since this was asked last.
    pub fn news(&mut self) -> Vec<Notice> {
        let news = self.heard[self.given..].to_vec();
        self.given = self.heard.len();
        news
    }

    /// What was heard, in the order of arrival.
    pub fn story(&self, key: Option<&str>) -> String {
        let mut story = String::new();
        for notice in &self.heard {
            if key.is_none_or(|key| notice.attribute("key") == key) {
                let status = notice.attribute("status");
                let _ = writeln!(story, "{status:<10} {}", notice.subject);
                if status == "failed" {
                    for line in notice.body.lines() {
                        let _ = writeln!(story, "{:10} {line}", "");
                    }
                }
            }
        }
        if story.is_empty() {
            story.push_str("(nothing was announced)\n");
        }
        story
    }

    /// What has yet to be heard, a line each; nothing if every file has come to its end.
    pub fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        for (key, sent) in &self.sent {
            let transform = self.of("transform", key);
            let ended = transform.ended(self.attempts.transform);
            if ended < *sent || transform.is_left_to_another() {
                missing.push(transform.describe(key, ended, *sent));
                continue;
            }
            missing.extend(transform.steps_missing(key));
            let load = self.of("load", key);
            let ended = load.ended(self.attempts.load);
            if ended < transform.succeeded || load.is_left_to_another() {
                missing.push(load.describe(key, ended, transform.succeeded));
                continue;
            }
            missing.extend(load.steps_missing(key));
        }
        missing
    }

    fn of(&self, function: &'static str, key: &str) -> Account {
        let buried = self.buried.get(&(function, key.to_owned()));
        let mut account = Account {
            function,
            buried: buried.copied().unwrap_or(0),
            ..Account::default()
        };
        for notice in &self.heard {
            if notice.attribute("function") != function || notice.attribute("key") != key {
                continue;
            }
            let step: u32 = notice.attribute("step").parse().unwrap_or(0);
            let status = notice.attribute("status");
            match status {
                "succeeded" => {
                    account.succeeded += 1;
                    account.last_step = account.last_step.max(step);
                }
                "superseded" => account.superseded += 1,
                "failed" => account.failed += 1,
                _ => {}
            }
            if status != "failed" {
                *account.steps.entry(step).or_default() += 1;
            }
        }
        account
    }
}

/// What one function said of one key.
#[derive(Debug, Default)]
struct Account {
    function: &'static str,
    succeeded: usize,
    superseded: usize,
    failed: usize,
    buried: usize,
    last_step: u32,
    /// How often each step was announced.
    steps: BTreeMap<u32, usize>,
}

impl Account {
    /// How many events have come to an end. One that was left to a newer version of the object
    /// has, too; one that found nothing to do is a second delivery, and no end of its own. One that
    /// was given up is announced, or found among the dead letters, or both.
    fn ended(&self, attempts: usize) -> usize {
        let given_up = self.buried.max(self.failed / attempts.max(1));
        self.succeeded + self.superseded + given_up
    }

    /// Whether all that was heard of ends is that newer versions of the object are others' to do: one
    /// of them is the newest, and its end is yet to come. A file that was sent once has newer
    /// versions of its load file if its event came twice.
    fn is_left_to_another(&self) -> bool {
        self.superseded > 0 && self.succeeded == 0 && self.failed == 0 && self.buried == 0
    }

    /// The steps before an end that have not been heard of yet.
    fn steps_missing(&self, key: &str) -> Vec<String> {
        (1..self.last_step)
            .filter(|step| self.steps.get(step).copied().unwrap_or(0) < self.succeeded)
            .map(|step| format!("step {step} of {} for {key}", self.function))
            .collect()
    }

    fn describe(&self, key: &str, ended: usize, sent: usize) -> String {
        let mut text = format!("the end of {} for {key}", self.function);
        if sent > 1 {
            let _ = write!(text, " ({ended} of {sent})");
        }
        let steps: Vec<String> = self.steps.keys().map(u32::to_string).collect();
        let heard = match steps.as_slice() {
            [] => "nothing".to_owned(),
            [step] => format!("step {step}"),
            steps => format!("steps {}", steps.join(", ")),
        };
        let _ = write!(text, "; heard so far: {heard}");
        if self.failed > 0 {
            let _ = write!(text, ", failed {} time(s)", self.failed);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(text: &str) -> Notice {
        let words: Vec<&str> = text.split(' ').collect();
        let names = ["function", "step", "status", "key"];
        Notice {
            topic: String::new(),
            subject: String::new(),
            body: String::new(),
            attributes: names
                .iter()
                .zip(words)
                .map(|(name, word)| ((*name).to_owned(), word.to_owned()))
                .collect(),
        }
    }

    #[test]
    fn a_dead_letter_is_the_end_of_an_event_that_nobody_announced() {
        let mut watch = Watch::new(Attempts {
            transform: 3,
            load: 3,
        });
        watch.send("a.csv");
        watch.found_dead("transform", "a.csv", 0);
        assert_eq!(watch.missing().len(), 1);
        watch.found_dead("transform", "a.csv", 1);
        assert!(watch.missing().is_empty());
        watch.send("a.csv");
        assert_eq!(watch.missing().len(), 1);
    }

    #[track_caller]
    fn check(sent: &[&str], heard: &[&str], missing: &[&str]) {
        let mut watch = Watch::new(Attempts {
            transform: 3,
            load: 3,
        });
        sent.iter().for_each(|key| watch.send(key));
        watch.hear(heard.iter().map(|text| notice(text)));
        assert_eq!(watch.missing(), missing);
    }

    const TRANSFORM: [&str; 3] = [
        "transform 1 started a",
        "transform 2 progress a",
        "transform 3 succeeded a",
    ];
    const LOAD: [&str; 2] = ["load 1 started a", "load 2 succeeded a"];

    #[test]
    fn a_file_has_to_come_to_its_end_in_both_functions() {
        check(&[], &[], &[]);
        check(
            &["a"],
            &[],
            &["the end of transform for a; heard so far: nothing"],
        );
        check(
            &["a"],
            &TRANSFORM[..2],
            &["the end of transform for a; heard so far: steps 1, 2"],
        );
        check(
            &["a"],
            &TRANSFORM,
            &["the end of load for a; heard so far: nothing"],
        );
        check(&["a"], &[&TRANSFORM[..], &LOAD[..]].concat(), &[]);
    }

    #[test]
    fn an_end_that_overtakes_a_step_is_not_the_end_of_waiting() {
        check(
            &["a"],
            &[&TRANSFORM[1..], &LOAD[..]].concat(),
            &["step 1 of transform for a"],
        );
    }

    #[test]
    fn a_failure_is_the_end_once_every_attempt_has_failed() {
        let failed = ["transform 2 failed a"; 3];
        check(
            &["a"],
            &failed[..2],
            &["the end of transform for a; heard so far: nothing, failed 2 time(s)"],
        );
        check(&["a"], &failed, &[]);
        check(
            &["a"],
            &[&failed[..1], &TRANSFORM[..], &LOAD[..]].concat(),
            &[],
        );
    }

    #[test]
    fn a_key_that_was_sent_twice_ends_twice() {
        let once = [&TRANSFORM[..], &LOAD[..]].concat();
        check(
            &["a", "a"],
            &once,
            &["the end of transform for a (1 of 2); heard so far: steps 1, 2, 3"],
        );
        check(&["a", "a"], &[&once[..], &once[..]].concat(), &[]);
        check(
            &["a", "a"],
            &[&once[..], &["transform 1 superseded a"][..]].concat(),
            &[],
        );
    }

    #[test]
    fn who_leaves_it_to_a_newer_version_is_not_the_last() {
        let superseded = ["load 1 superseded a"];
        check(
            &["a"],
            &[&TRANSFORM[..], &superseded[..]].concat(),
            &["the end of load for a; heard so far: step 1"],
        );
        let once = [&TRANSFORM[..], &superseded[..], &LOAD[..]].concat();
        check(&["a"], &once, &[]);
    }

    #[test]
    fn a_second_delivery_that_found_nothing_to_do_is_no_end() {
        check(
            &["a"],
            &["transform 1 skipped a"],
            &["the end of transform for a; heard so far: step 1"],
        );
    }
}
