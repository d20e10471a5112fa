//! What the machine lets the emulator hold functions to: found out once, when it starts, and said
//! in the journal.

use std::fmt;

use super::cgroup::Home;
use super::memory;
use super::python::Interpreters;
use crate::journal::{Event, Journal};

/// Which of Lambda's limits hold here, and by what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Guarantees {
    /// `MemorySize`.
    pub memory: MemoryLimit,
}

/// What a function's memory is limited by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemoryLimit {
    /// By the kernel, in a control group, besides being watched.
    Kernel,
    /// The processes are looked at all the time and killed when they hold too much.
    Watched,
    /// By nothing: the system does not tell what a process holds.
    Off,
}

impl Guarantees {
    /// One line each, for people.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        vec![
            format!("memory limit: {}", self.memory),
            // The same on every machine.
            "limit of temporary files: on, in the folder that TMPDIR names, by looking 4 times a \
             second; /tmp is this machine's own and has none"
                .to_owned(),
        ]
    }
}

impl fmt::Display for MemoryLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kernel => "on, by a control group of each function's own",
            Self::Watched => {
                "on, by looking every 10 ms (no control group with the memory controller can be \
                 made here)"
            }
            Self::Off => "OFF: this system does not tell what a process holds",
        })
    }
}

/// The means behind the guarantees; none unless they were looked for.
#[derive(Debug, Default)]
pub struct Means {
    /// Where groups of processes are made.
    pub(super) cgroups: Option<Home>,
    /// What runs functions in Python.
    pub(super) interpreters: Interpreters,
    /// Whether the system tells what a process holds.
    pub(super) memory_is_told: bool,
}

impl Means {
    /// Tries out what works. `name` tells this emulator from others at the same time. Waits for
    /// short-lived processes.
    #[must_use]
    pub fn find(name: &str) -> Self {
        Self {
            cgroups: Home::find(name),
            interpreters: Interpreters::default(),
            memory_is_told: memory::is_told(),
        }
    }

    /// What follows from them.
    #[must_use]
    pub fn guarantees(&self) -> Guarantees {
        let memory = match (&self.cgroups, self.memory_is_told) {
            (Some(_), _) => MemoryLimit::Kernel,
            (None, true) => MemoryLimit::Watched,
            (None, false) => MemoryLimit::Off,
        };
        Guarantees { memory }
    }

    /// Writes down what holds and what does not.
    pub fn say(&self, journal: &Journal) {
        for line in self.guarantees().lines() {
            journal.record(None, Event::Guarantee { line });
        }
    }
}
