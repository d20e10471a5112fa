//! Waiting for a deployed pipeline by what it announces.
//!
//! An emulator knows when nothing is left to happen. A deployed pipeline is known by its notices
//! alone: each file that was sent has to come to an end in `transform`, and in `load` if there is
//! something to load, and every step up to the end has to be heard of, since topics keep no order.
//!
//! An event may be delivered twice, and then a function says twice that it came to an end. So ends
//! are not counted by key: each notice names the upload that it is about, and so does the answer to
//! whoever uploaded.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::notices::Notice;

/// How many times each function tries an event: once, and the retries of its settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attempts {
    pub transform: usize,
    pub load: usize,
}

/// One upload of a key, by what S3 calls it: the id of its version, if the bucket keeps versions, and
/// its entity tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Upload {
    version_id: Option<String>,
    etag: Option<String>,
}

impl Upload {
    /// What `PutObject` answered with.
    pub fn new(version_id: Option<&str>, etag: Option<&str>) -> Self {
        Self {
            version_id: version_id.map(str::to_owned),
            etag: etag.map(|tag| tag.trim_matches('"').to_owned()),
        }
    }

    /// Whether a notice means it by this name. Some services leave versions out of their events.
    fn is_called(&self, name: &str) -> bool {
        let names = [&self.version_id, &self.etag];
        names.into_iter().flatten().any(|own| own == name)
    }

    /// Whether an event is about it. Uploads of the same bytes have the same entity tag, so that it
    /// only counts where the event names no version.
    fn is_in(&self, event: &str) -> bool {
        let name = match &self.version_id {
            Some(version_id) if event.contains("\"versionId\"") => Some(version_id),
            _ => self.etag.as_ref(),
        };
        name.is_some_and(|name| event.contains(name))
    }
}

/// What was sent, and what was heard of it.
#[derive(Debug)]
pub(crate) struct Watch {
    attempts: Attempts,
    /// The uploads of each key, the newest last. Without versions, one that is sent again is the
    /// same upload, and there twice.
    sent: BTreeMap<String, Vec<Upload>>,
    /// The events of each function and key that lie among the dead letters.
    buried: BTreeMap<(&'static str, String), Vec<String>>,
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

    /// A file was sent.
    pub fn sent(&mut self, key: &str, upload: Upload) {
        self.sent.entry(key.to_owned()).or_default().push(upload);
    }

    /// The keys that were sent.
    pub fn keys(&self) -> Vec<String> {
        self.sent.keys().cloned().collect()
    }

    /// These events of a key were found among a function's dead letters: a function that cannot run
    /// cannot say so.
    pub fn found_dead(&mut self, function: &'static str, key: &str, letters: Vec<String>) {
        let buried = self.buried.entry((function, key.to_owned())).or_default();
        // A look at a queue need not show everything that lies there.
        if letters.len() > buried.len() {
            *buried = letters;
        }
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
        for (key, uploads) in &self.sent {
            for (index, upload) in uploads.iter().enumerate() {
                if uploads[..index].contains(upload) {
                    continue;
                }
                let sent = uploads.iter().filter(|other| *other == upload).count();
                let transform = self.of("transform", key, upload);
                let ended = transform.ended(self.attempts.transform);
                if ended < sent {
                    missing.push(transform.describe(key, ended, sent));
                    continue;
                }
                missing.extend(transform.steps_missing(key));
                let to_load = transform.succeeded.min(sent);
                let load = self.of("load", key, upload);
                let mut ended = load.ended_itself(self.attempts.load);
                // Its load file may have been replaced by that of a later upload, or by a second
                // one of its own, which is then to be waited for.
                let mut later = uploads[index..].iter().filter(|other| *other != upload);
                if later.any(|later| self.of("load", key, later).succeeded > 0) {
                    ended += load.superseded;
                }
                if ended < to_load {
                    missing.push(load.describe(key, ended, to_load));
                    continue;
                }
                missing.extend(load.steps_missing(key));
            }
        }
        missing
    }

    fn of(&self, function: &'static str, key: &str, upload: &Upload) -> Account {
        // Of which upload an event of `load` is, the object knows and the event does not: what
        // failed before the object was read, or found another one, may be of any.
        let may_be_of_any = function == "load";
        let mut account = Account {
            function,
            ..Account::default()
        };
        if let Some(letters) = self.buried.get(&(function, key.to_owned())) {
            let ours = letters
                .iter()
                .filter(|letter| may_be_of_any || upload.is_in(letter));
            account.buried = ours.count();
        }
        for notice in &self.heard {
            if notice.attribute("function") != function || notice.attribute("key") != key {
                continue;
            }
            let name = notice.attribute("upload");
            if !(upload.is_called(name) || may_be_of_any && name.is_empty()) {
                continue;
            }
            let step: u32 = notice.attribute("step").parse().unwrap_or(0);
            match notice.attribute("status") {
                "superseded" => account.superseded += 1,
                "failed" => {
                    let request = notice.attribute("request_id").to_owned();
                    *account.failed.entry(request).or_default() += 1;
                }
                "skipped" => account.skipped += 1,
                done => {
                    *account.steps.entry(step).or_default() += 1;
                    if done == "succeeded" {
                        account.succeeded += 1;
                        account.last_step = account.last_step.max(step);
                    }
                }
            }
        }
        account
    }
}

/// What one function said of one upload.
#[derive(Debug, Default)]
struct Account {
    function: &'static str,
    succeeded: usize,
    superseded: usize,
    skipped: usize,
    /// How often each request failed: a retry is the same request, a second delivery another one.
    failed: BTreeMap<String, usize>,
    buried: usize,
    last_step: u32,
    /// How often each step was announced as done.
    steps: BTreeMap<u32, usize>,
}

impl Account {
    /// How many events have come to an end. One that was left to a newer version of the object
    /// has, too; one that found nothing to do is a second delivery, and no end of its own.
    fn ended(&self, attempts: usize) -> usize {
        self.ended_itself(attempts) + self.superseded
    }

    /// How many events have come to an end that is not left to another. One that was given up is
    /// announced, or found among the dead letters, or both.
    fn ended_itself(&self, attempts: usize) -> usize {
        let failed = self.failed.values();
        let given_up = failed.filter(|times| **times >= attempts).count();
        self.succeeded + self.buried.max(given_up)
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
        for (times, what) in [
            (self.failed.values().sum(), "failed"),
            (self.superseded, "superseded"),
            (self.skipped, "skipped"),
        ] {
            if times > 0 {
                let _ = write!(text, ", {what} {times} time(s)");
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ATTEMPTS: Attempts = Attempts {
        transform: 3,
        load: 3,
    };

    fn upload(name: &str) -> Upload {
        Upload::new(Some(name), Some("\"etag\""))
    }

    /// `function step status key upload request_id`, the last of which may be missing.
    fn notice(text: &str) -> Notice {
        let words: Vec<&str> = text.split(' ').collect();
        let names = ["function", "step", "status", "key", "upload", "request_id"];
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
        let letter =
            |name: &str| format!(r#"{{"key":"a.csv","eTag":"etag","versionId":"{name}"}}"#);
        let mut watch = Watch::new(ATTEMPTS);
        watch.sent("a.csv", upload("v1"));
        watch.found_dead("transform", "a.csv", Vec::new());
        assert_eq!(watch.missing().len(), 1);
        watch.found_dead("transform", "a.csv", vec![letter("v1")]);
        assert!(watch.missing().is_empty());
        watch.sent("a.csv", upload("v2"));
        assert_eq!(watch.missing().len(), 1);
        watch.found_dead("transform", "a.csv", vec![letter("v1"), letter("v1")]);
        assert_eq!(watch.missing().len(), 1, "the first one's event came twice");
        watch.found_dead("transform", "a.csv", ["v1", "v1", "v2"].map(letter).into());
        assert!(watch.missing().is_empty());
    }

    #[track_caller]
    fn check(sent: &[&str], heard: &[&str], missing: &[&str]) {
        let mut watch = Watch::new(ATTEMPTS);
        for name in sent {
            watch.sent("a", upload(name));
        }
        watch.hear(heard.iter().map(|text| notice(text)));
        assert_eq!(watch.missing(), missing);
    }

    const TRANSFORM: [&str; 3] = [
        "transform 1 started a v1",
        "transform 2 progress a v1",
        "transform 3 succeeded a v1",
    ];
    const LOAD: [&str; 2] = ["load 1 started a v1", "load 2 succeeded a v1"];
    const TRANSFORM_2: [&str; 2] = ["transform 1 started a v2", "transform 2 succeeded a v2"];
    const LOAD_2: [&str; 2] = ["load 1 started a v2", "load 2 succeeded a v2"];

    #[test]
    fn a_file_has_to_come_to_its_end_in_both_functions() {
        check(&[], &[], &[]);
        check(
            &["v1"],
            &[],
            &["the end of transform for a; heard so far: nothing"],
        );
        check(
            &["v1"],
            &TRANSFORM[..2],
            &["the end of transform for a; heard so far: steps 1, 2"],
        );
        check(
            &["v1"],
            &TRANSFORM,
            &["the end of load for a; heard so far: nothing"],
        );
        check(&["v1"], &[&TRANSFORM[..], &LOAD[..]].concat(), &[]);
    }

    #[test]
    fn an_end_that_overtakes_a_step_is_not_the_end_of_waiting() {
        check(
            &["v1"],
            &[&TRANSFORM[1..], &LOAD[..]].concat(),
            &["step 1 of transform for a"],
        );
    }

    #[test]
    fn a_failure_is_the_end_once_every_attempt_has_failed() {
        let failed = ["transform 2 failed a v1"; 3];
        check(
            &["v1"],
            &failed[..2],
            &["the end of transform for a; heard so far: nothing, failed 2 time(s)"],
        );
        check(&["v1"], &failed, &[]);
        check(
            &["v1"],
            &[&failed[..1], &TRANSFORM[..], &LOAD[..]].concat(),
            &[],
        );
        // Two deliveries, neither of which was given up.
        let once = "transform 2 failed a v1 r1";
        let again = "transform 2 failed a v1 r2";
        check(
            &["v1"],
            &[once, again, once, again],
            &["the end of transform for a; heard so far: nothing, failed 4 time(s)"],
        );
        check(&["v1"], &[once, again, once, again, once], &[]);
        // The load file could not even be opened.
        let failed = ["load 1 failed a"; 3];
        check(&["v1"], &[&TRANSFORM[..], &failed[..]].concat(), &[]);
    }

    #[test]
    fn each_upload_of_a_key_has_an_end_of_its_own() {
        let once = [&TRANSFORM[..], &LOAD[..]].concat();
        let waiting = ["the end of transform for a; heard so far: nothing"];
        check(&["v1", "v2"], &once, &waiting);
        // The first one's event came twice.
        check(&["v1", "v2"], &[&once[..], &once[..]].concat(), &waiting);
        let failed_twice = ["transform 2 failed a v1"; 6];
        check(&["v1", "v2"], &failed_twice, &waiting);
        let twice = [&once[..], &TRANSFORM_2[..], &LOAD_2[..]].concat();
        check(&["v1", "v2"], &twice, &[]);
        let left = ["transform 1 superseded a v1"];
        check(
            &["v1", "v2"],
            &[&left[..], &TRANSFORM_2[..], &LOAD_2[..]].concat(),
            &[],
        );
    }

    #[test]
    fn without_versions_an_upload_that_is_repeated_ends_twice() {
        let once: Vec<String> = [&TRANSFORM[..], &LOAD[..]]
            .concat()
            .iter()
            .map(|text| text.replace("v1", "etag"))
            .collect();
        let mut watch = Watch::new(ATTEMPTS);
        for _ in 0..2 {
            watch.sent("a", Upload::new(None, Some("\"etag\"")));
        }
        watch.hear(once.iter().map(|text| notice(text)));
        assert_eq!(
            watch.missing(),
            ["the end of transform for a (1 of 2); heard so far: steps 1, 2, 3"]
        );
        watch.hear(once.iter().map(|text| notice(text)));
        assert!(watch.missing().is_empty());
    }

    #[test]
    fn who_leaves_it_to_a_newer_load_file_is_not_the_last() {
        let superseded = ["load 1 superseded a"];
        let waiting = ["the end of load for a; heard so far: nothing, superseded 1 time(s)"];
        // Its event came twice, and so there were two load files.
        let left = [&TRANSFORM[..], &superseded[..]].concat();
        check(&["v1"], &left, &waiting);
        check(&["v1"], &[&left[..], &LOAD[..]].concat(), &[]);
        // The load file of a second upload replaced the first one's.
        let both = [&left[..], &TRANSFORM_2[..]].concat();
        check(&["v1", "v2"], &both, &[waiting[0], waiting[0]]);
        check(&["v1", "v2"], &[&both[..], &LOAD_2[..]].concat(), &[]);
    }

    #[test]
    fn a_second_delivery_that_found_nothing_to_do_is_no_end() {
        check(
            &["v1"],
            &["transform 1 skipped a v1"],
            &["the end of transform for a; heard so far: nothing, skipped 1 time(s)"],
        );
    }
}
