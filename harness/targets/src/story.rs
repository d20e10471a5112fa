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
        | Event::MessagePublished { .. }
        | Event::MessageFiltered { .. }
        | Event::InboxReceived { .. }
        | Event::MessageQueued { .. }
        | Event::InvocationQueued { .. }
        | Event::EnvironmentStarted { .. }
        | Event::EnvironmentEnded { .. }
        | Event::InvocationStarted { .. }
        | Event::InvocationEnded { .. }
        | Event::RetryScheduled { .. }
        | Event::LogLine { .. }
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
