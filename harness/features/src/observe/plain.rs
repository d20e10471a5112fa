//! Texts without what differs from run to run, and from account to account.

use regex::Regex;
use serde_json::Value;
use zipster_targets::Pipeline;

/// How texts of one pipeline are made comparable with those of another.
#[derive(Debug)]
pub(super) struct Plain {
    /// Plain texts and what they are replaced by, in this order.
    words: Vec<(String, &'static str)>,
    source_version: Regex,
    forms: Vec<(Regex, &'static str)>,
}

/// The order of S3's events, in a source's version: looked for first, since it may look like others.
const SOURCE_VERSION: &str = r"\b\d{13}-[0-9A-F]{16,}\b";

/// What differs from run to run by its form.
const FORMS: [(&str, &str); 7] = [
    // Request identifiers, and others of the same form.
    (
        r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "<id>",
    ),
    (r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z", "<time>"),
    (
        r"Root=[0-9a-f-]+;Parent=[0-9a-f]+;Sampled=[01](;Lineage=[0-9a-f:]+)?",
        "<trace>",
    ),
    // What a REPORT line measures.
    (r"\d+(\.\d+)? ms", "<n> ms"),
    (r"Max Memory Used: \d+ MB", "Max Memory Used: <n> MB"),
    // An upload's name: the id of a version, or an entity tag.
    (
        r"(?m)^(x-amz-meta-source-)?upload: \S+$",
        "${1}upload: <upload>",
    ),
    // A cold start or a warm one.
    (r"\tInit Duration: <n> ms", ""),
];

impl Plain {
    /// For what is said of one pipeline.
    ///
    /// # Panics
    /// Never: the forms are fixed.
    pub fn of(pipeline: &Pipeline) -> Self {
        let outputs = pipeline.outputs();
        let mut words = Vec::new();
        let prefix = pipeline.keys().prefix();
        if !prefix.is_empty() {
            words.push((prefix.to_owned(), ""));
            // As in a URL's query.
            words.push((prefix.replace('/', "%2F"), ""));
        }
        if let Some(project) = outputs.transform_function.strip_suffix("-transform") {
            words.push((format!("{project}-"), "<project>-"));
        }
        words.push((outputs.account_id.clone(), "<account>"));
        Self {
            words,
            source_version: Regex::new(SOURCE_VERSION).expect("a fixed form"),
            forms: FORMS
                .iter()
                .map(|(form, name)| (Regex::new(form).expect("a fixed form"), *name))
                .collect(),
        }
    }

    /// A text without what differs.
    pub fn text(&self, text: &str) -> String {
        let mut text = self
            .source_version
            .replace_all(text, "<version>")
            .into_owned();
        for (word, name) in &self.words {
            text = text.replace(word, name);
        }
        for (form, name) in &self.forms {
            text = form.replace_all(&text, *name).into_owned();
        }
        text
    }

    /// A line of a log; `None` for one that only tells of a cold start.
    pub fn log_line(&self, line: &str) -> Option<String> {
        let line = line.trim_end();
        if line.starts_with("INIT_START") {
            return None;
        }
        // The order of members is nobody's business.
        let line = match serde_json::from_str::<Value>(line) {
            Ok(value) => value.to_string(),
            Err(_) => line.to_owned(),
        };
        Some(self.text(&line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain() -> Plain {
        Plain {
            words: vec![
                ("scenario-4/".to_owned(), ""),
                ("zipster-1a2b-".to_owned(), "<project>-"),
                ("000000000000".to_owned(), "<account>"),
            ],
            source_version: Regex::new(SOURCE_VERSION).unwrap(),
            forms: FORMS
                .iter()
                .map(|(form, name)| (Regex::new(form).unwrap(), *name))
                .collect(),
        }
    }

    #[test]
    fn what_differs_from_run_to_run_is_taken_out() {
        let cases = [
            ("took scenario-4/a.csv", "took a.csv"),
            (
                "s3://zipster-1a2b-input-000000000000/scenario-4/a.csv",
                "s3://<project>-input-<account>/a.csv",
            ),
            (
                "source-version: 1795907656767-0055AED6DCD90281E500000000000000",
                "source-version: <version>",
            ),
            (
                "steps: 5\nupload: 3HL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY\n",
                "steps: 5\nupload: <upload>\n",
            ),
            (
                "START RequestId: 54175062-836b-4cbf-8e78-444a77f27773 Version: $LATEST",
                "START RequestId: <id> Version: $LATEST",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(plain().text(text), expected);
        }
    }

    #[test]
    fn a_report_is_the_same_after_a_cold_start_and_a_warm_one() {
        let report = |init: &str| {
            format!(
                "REPORT RequestId: 54175062-836b-4cbf-8e78-444a77f27773\tDuration: 38.71 ms\t\
                 Billed Duration: 39 ms\tMemory Size: 512 MB\tMax Memory Used: 61 MB{init}\t\n"
            )
        };
        let warm = plain().log_line(&report(""));
        let cold = plain().log_line(&report("\tInit Duration: 12.3 ms"));
        assert_eq!(warm, cold);
        assert!(warm.is_some_and(|line| line.contains("Memory Size: 512 MB")));
        assert_eq!(plain().log_line("INIT_START Runtime Version: x"), None);
    }
}
