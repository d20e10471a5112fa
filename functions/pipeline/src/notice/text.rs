//! The words of a notice.

use super::{Notice, Status};

/// SNS takes subjects of less than 100 characters.
const SUBJECT_LIMIT: usize = 99;
/// The body's limit in bytes: a message may have 256 KiB, its attributes included.
const BODY_LIMIT: usize = 64 * 1024;

pub(super) fn subject(notice: &Notice) -> String {
    let Notice {
        function,
        about,
        number,
        status,
        step,
    } = notice;
    let (name, steps) = (function.name, function.steps);
    let what = match status {
        Status::Failed => format!("[zipster] {name} FAILED at {number} of {steps}:"),
        Status::Started
        | Status::Progress
        | Status::Succeeded
        | Status::Skipped
        | Status::Superseded => {
            format!("[zipster] {name} {number} of {steps}: {}", step.headline)
        }
    };
    let what = shortened_end(&ascii(&what), SUBJECT_LIMIT);
    let left = SUBJECT_LIMIT - what.len();
    let key = shortened_start(&ascii(&about.key), left.saturating_sub(1));
    format!("{what} {key}").trim_end().to_owned()
}

pub(super) fn body(notice: &Notice) -> String {
    let Notice {
        function,
        about,
        number,
        status: _,
        step,
    } = notice;
    let mut body = format!("Step {number} of {}: {}.\n", function.steps, step.headline);
    for sentence in &step.details {
        body.push_str(&format!("\n{sentence}\n"));
    }
    body.push('\n');
    let counts = step.counts.iter().map(|(count, value)| {
        let name = count.as_str().replace('_', " ");
        (name, value.to_string())
    });
    let about = [
        ("function", function.name),
        ("bucket", &about.bucket),
        ("key", &about.key),
        ("request", &about.request_id),
    ];
    let about = about
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    for (name, value) in counts.chain(about) {
        // A key may hold line breaks; a line of the table must not.
        let value: String = value.chars().map(visible).collect();
        body.push_str(&format!("{:<16} {value}\n", format!("{name}:")));
    }
    let body = sendable(&body);
    match body.len() {
        0..=BODY_LIMIT => body,
        _ => {
            let cut = body.floor_char_boundary(BODY_LIMIT);
            format!("{}...\n", &body[..cut])
        }
    }
}

/// `text` without the characters that no message of SNS may have.
///
/// Messages reach queues and feeds as XML and JSON; XML has no spelling for these.
pub(super) fn sendable(text: &str) -> String {
    let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
    let replaced = |c| if allowed(c) { c } else { '\u{FFFD}' };
    text.chars().map(replaced).collect()
}

fn visible(c: char) -> char {
    if c.is_control() { '\u{FFFD}' } else { c }
}

fn ascii(text: &str) -> String {
    let replaced = |c: char| if matches!(c, ' '..='~') { c } else { '?' };
    text.chars().map(replaced).collect()
}

/// The end of a key says more than its start.
fn shortened_start(text: &str, limit: usize) -> String {
    match text.len() {
        length if length <= limit => text.to_owned(),
        _ if limit <= 3 => String::new(),
        length => format!("...{}", &text[length - (limit - 3)..]),
    }
}

fn shortened_end(text: &str, limit: usize) -> String {
    match text.len() {
        length if length <= limit => text.to_owned(),
        _ => format!("{}...", &text[..limit - 3]),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{About, Count, Function, Step};
    use super::*;

    fn notice(status: Status, key: &str, step: Step) -> Notice {
        Notice {
            function: Function {
                name: "transform",
                steps: 5,
            },
            about: About {
                bucket: "zipster-input-123456789012".to_owned(),
                key: key.to_owned(),
                request_id: "6bc28136-xmpl-4365-b021-0ce6b2e64ab0".to_owned(),
                upload: String::new(),
            },
            number: 2,
            status,
            step,
        }
    }

    #[track_caller]
    fn subject_of(key: &str, expected: &str) {
        let subject = notice(Status::Progress, key, Step::new("normalised")).subject();
        assert_eq!(subject, expected);
        assert!(subject.len() < 100 && subject.bytes().all(|b| (b' '..=b'~').contains(&b)));
    }

    #[test]
    fn a_subject_fits_and_is_ascii() {
        subject_of("a.csv", "[zipster] transform 2 of 5: normalised a.csv");
        subject_of(
            "zürich\n📮.csv",
            "[zipster] transform 2 of 5: normalised z?rich??.csv",
        );
        subject_of("", "[zipster] transform 2 of 5: normalised");
        let fits = "x".repeat(60);
        subject_of(
            &fits,
            &format!("[zipster] transform 2 of 5: normalised {fits}"),
        );
        subject_of(
            &format!("{}/2026/zipcodes.csv", "folder".repeat(100)),
            "[zipster] transform 2 of 5: normalised \
             ...derfolderfolderfolderfolderfolderfolder/2026/zipcodes.csv",
        );
        let wordy = notice(Status::Progress, "a.csv", Step::new("w".repeat(200)));
        assert_eq!(wordy.subject().len(), 99);
    }

    #[test]
    fn a_failure_is_seen_in_the_subject() {
        let failed = notice(Status::Failed, "a.csv", Step::new("failed"));
        assert_eq!(
            failed.subject(),
            "[zipster] transform FAILED at 2 of 5: a.csv"
        );
    }

    #[test]
    fn a_body_reads_well() {
        let step = Step::new("normalised")
            .count(Count::RowsRead, 30)
            .count(Count::RowsAccepted, 28)
            .count(Count::RowsRejected, 2)
            .detail("2 rows were rejected; the error file says why.");
        insta::assert_snapshot!(notice(Status::Progress, "in/a b.csv", step).body(), @r"
        Step 2 of 5: normalised.

        2 rows were rejected; the error file says why.

        rows read:       30
        rows accepted:   28
        rows rejected:   2
        function:        transform
        bucket:          zipster-input-123456789012
        key:             in/a b.csv
        request:         6bc28136-xmpl-4365-b021-0ce6b2e64ab0
        ");
    }

    #[test]
    fn what_sns_cannot_carry_is_replaced() {
        let odd = notice(Status::Progress, "a\u{1}b\nc", Step::new("normalised"));
        assert!(
            odd.body()
                .contains("key:             a\u{FFFD}b\u{FFFD}c\n")
        );
        assert_eq!(
            sendable("a\u{0}\u{1F}\u{FFFE}\u{FFFF}b\tc\u{7F}📮"),
            "a\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}b\tc\u{7F}📮"
        );
    }

    #[test]
    fn a_body_has_a_limit() {
        let long = Step::new("failed").detail("é".repeat(100_000));
        let body = notice(Status::Failed, "a.csv", long).body();
        assert!(body.len() < 65 * 1024 && body.ends_with("é...\n"));
    }
}
