//! A part of the journal as a story that people read: time, and what caused what.

use std::collections::HashMap;
use std::fmt::Write as _;

use zipster_emulator::journal::{Entry, EntryId, Event};

/// Whether an event speaks of the object key `key`.
#[must_use]
pub fn concerns(event: &Event, key: &str) -> bool {
    match event {
        Event::BucketNotification { key: of, .. } => of == key,
        Event::ApiCall {
            resource: Some(resource),
            ..
        } => resource
            .strip_suffix(key)
            .is_some_and(|bucket| bucket.ends_with('/')),
        Event::ApiCall { .. }
        | Event::ApiAnswer { .. }
        | Event::Decision { .. }
        | Event::Delivered { .. }
        | Event::DeliveryFailed { .. }
        | Event::DeliveryRetried { .. }
        | Event::MessagePublished { .. }
        | Event::MessageFiltered { .. }
        | Event::InboxReceived { .. }
        | Event::MessageQueued { .. }
        | Event::MessageDeduplicated { .. }
        | Event::BatchReceived { .. }
        | Event::PollingFailed { .. }
        | Event::InvocationQueued { .. }
        | Event::EnvironmentStarted { .. }
        | Event::EnvironmentEnded { .. }
        | Event::InvocationStarted { .. }
        | Event::InvocationEnded { .. }
        | Event::RetryScheduled { .. }
        | Event::LogLine { .. }
        | Event::Guarantee { .. }
        | Event::Fault { .. } => false,
    }
}

/// The entries as lines: seconds since the first, indented below their cause. Answers stand
/// behind their calls, and what was allowed is not told.
#[must_use]
pub fn tell(entries: &[Entry]) -> String {
    let Some(first) = entries.first() else {
        return "(nothing)\n".to_owned();
    };
    let answers: HashMap<EntryId, &Event> = entries
        .iter()
        .filter(|entry| matches!(entry.event, Event::ApiAnswer { .. }))
        .filter_map(|entry| Some((entry.cause?, &entry.event)))
        .collect();
    let mut depths: HashMap<EntryId, usize> = HashMap::new();
    let mut story = String::new();
    for entry in entries {
        let depth = entry
            .cause
            .and_then(|cause| depths.get(&cause))
            .map_or(0, |depth| depth + 1);
        depths.insert(entry.id, depth);
        let told_elsewhere = matches!(entry.event, Event::ApiAnswer { .. })
            || matches!(entry.event, Event::Decision { allowed: true, .. });
        if told_elsewhere {
            continue;
        }
        let seconds = (entry.at - first.at).as_seconds_f64();
        let _ = write!(
            story,
            "{seconds:8.3} s {:indent$}{}",
            "",
            entry.event,
            indent = 2 * depth
        );
        if let Some(answer) = answers.get(&entry.id) {
            let _ = write!(story, ": {answer}");
        }
        story.push('\n');
    }
    story
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use zipster_emulator::clock::SystemClock;
    use zipster_emulator::journal::Journal;

    use super::*;

    fn call(resource: &str) -> Event {
        Event::ApiCall {
            service: "s3",
            operation: "PutObject".to_owned(),
            caller: "arn:aws:iam::1:root".to_owned(),
            resource: Some(resource.to_owned()),
        }
    }

    #[test]
    fn a_story_has_answers_behind_calls_and_effects_below_causes() {
        let journal = Journal::new(Arc::new(SystemClock::real_time()));
        let put = journal.record(None, call("bucket/a.csv"));
        journal.record(None, call("bucket/other.csv"));
        journal.record(
            Some(put),
            Event::Delivered {
                destination: "arn:aws:lambda:r:1:function:f".to_owned(),
            },
        );
        journal.record(
            Some(put),
            Event::ApiAnswer {
                status: 200,
                error: None,
                request_id: "r".to_owned(),
            },
        );
        let story = tell(&journal.story(|event| concerns(event, "a.csv")));
        let lines: Vec<&str> = story
            .lines()
            .map(|line| line.split_once(" s ").map_or(line, |(_, text)| text))
            .collect();
        assert_eq!(
            lines,
            [
                "s3 PutObject bucket/a.csv by root: answered 200",
                "  delivered to function:f",
            ]
        );
    }

    #[test]
    fn a_key_is_not_mistaken_for_the_end_of_another() {
        assert!(concerns(&call("bucket/a.csv"), "a.csv"));
        assert!(!concerns(&call("bucket/aa.csv"), "a.csv"));
    }
}
