//! The calls that functions' roles made in a scenario, out of the emulator's journal.

use std::collections::{BTreeSet, HashMap};

use zipster_policy::{Call, Maker};
use zipster_targets::Pipeline;
use zipster_targets::pipeline::{Entry, EntryId, Event, Journal};
use zipster_targets::plan;

/// A scenario's journal, and the functions whose calls are looked for in it.
#[derive(Debug)]
pub(crate) struct Witness {
    journal: Journal,
    functions: BTreeSet<String>,
    /// The secret of the stack's own database, which has another name in each scenario.
    secret: Option<String>,
}

impl Witness {
    /// `None` where there is no emulator that keeps a journal.
    pub fn of(pipeline: &Pipeline) -> Option<Self> {
        let stack = pipeline.stack()?;
        let functions = stack.functions();
        Some(Self {
            secret: stack.output("database_secret_arn").map(str::to_owned),
            journal: pipeline.emulator()?.journal().clone(),
            functions: functions
                .map(|function| function.name.to_string())
                .collect(),
        })
    }

    /// All calls so far: once the emulator has stopped, all that there will be.
    pub fn calls(&self, scenario: &str) -> Vec<Call> {
        let entries = self.journal.snapshot();
        let by_id: HashMap<EntryId, &Event> = entries
            .iter()
            .map(|entry| (entry.id, &entry.event))
            .collect();
        let calls = entries
            .iter()
            .filter_map(|entry| call(entry, &by_id, scenario));
        calls
            .filter(|call| self.functions.contains(&call.session))
            .map(|mut call| {
                if Some(&call.resource) == self.secret.as_ref() {
                    call.resource = plan::future_secret();
                }
                call
            })
            .collect()
    }
}

/// What an entry says of a call that was made with a role, if it is about one.
fn call(entry: &Entry, by_id: &HashMap<EntryId, &Event>, scenario: &str) -> Option<Call> {
    let Event::Decision {
        caller,
        action,
        resource,
        allowed,
        reason,
        context,
        ..
    } = &entry.event
    else {
        return None;
    };
    let (role, session) = caller.split_once(":assumed-role/")?.1.split_once('/')?;
    // A function's code calls an operation. What a service does with a role it does without.
    let cause = entry.cause.and_then(|cause| by_id.get(&cause));
    let maker = match cause {
        Some(Event::ApiCall { .. }) => Maker::Function,
        Some(_) | None => Maker::Service,
    };
    let context = context.iter();
    Some(Call {
        role: role.parse().ok()?,
        session: session.to_owned(),
        maker,
        action: action.clone(),
        resource: resource.clone(),
        context: context
            .map(|(key, values)| (key.to_owned(), values.to_vec()))
            .collect(),
        allowed: *allowed,
        reason: reason.clone(),
        times: 1,
        scenarios: BTreeSet::from([scenario.to_owned()]),
    })
}
