//! The journal of causes and effects.
//!
//! Every call, delivery, invocation and log line is an [`Entry`] that names the entry that caused
//! it. The journal is also the emulator's only notion of "still going on": whoever queues work
//! holds a [`Pending`] until the work is done, and hands a clone to what the work causes before
//! letting go of its own, so [`Journal::settled`] never answers in a gap between cause and effect.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use time::OffsetDateTime;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Notify, broadcast};

use crate::clock::Clock;

mod event;

pub use event::{Event, Outcome};

/// How many entries a slow subscriber may fall behind before it misses some.
const SUBSCRIBER_BACKLOG: usize = 16_384;

/// The number of an entry, counted from 1 in the order of writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct EntryId(u64);

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// One thing that happened.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// Its number.
    pub id: EntryId,
    /// When it was written, UTC.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// The entry that made it happen; `None` for what came from outside.
    pub cause: Option<EntryId>,
    /// What happened.
    pub event: Event,
}

/// The emulator's memory of what happened, shared by all services. Clones are the same journal.
#[derive(Debug, Clone)]
pub struct Journal {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    clock: Arc<dyn Clock>,
    entries: Mutex<Vec<Entry>>,
    pending: AtomicUsize,
    idle: Notify,
    subscribers: broadcast::Sender<Entry>,
}

impl Journal {
    /// An empty journal whose entries carry `clock`'s time.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let (subscribers, _) = broadcast::channel(SUBSCRIBER_BACKLOG);
        Self {
            shared: Arc::new(Shared {
                clock,
                entries: Mutex::new(Vec::new()),
                pending: AtomicUsize::new(0),
                idle: Notify::new(),
                subscribers,
            }),
        }
    }

    /// Writes an entry and returns its number, to be given as cause to what follows from it.
    pub fn record(&self, cause: Option<EntryId>, event: Event) -> EntryId {
        let mut entries = self.entries();
        let entry = Entry {
            id: EntryId(entries.len() as u64 + 1),
            at: self.shared.clock.now(),
            cause,
            event,
        };
        let id = entry.id;
        entries.push(entry.clone());
        // Sent under the lock, so that subscribers see entries in their order. Nobody listening
        // is not an error.
        let _ = self.shared.subscribers.send(entry);
        id
    }

    /// All entries so far.
    #[must_use]
    pub fn snapshot(&self) -> Vec<Entry> {
        self.entries().clone()
    }

    /// The service and operation of the call that an entry is about.
    pub(crate) fn operation(&self, entry: EntryId) -> Option<(&'static str, String)> {
        let at = usize::try_from(entry.0).ok()?.checked_sub(1)?;
        let entries = self.entries();
        let Event::ApiCall {
            service, operation, ..
        } = &entries.get(at)?.event
        else {
            return None;
        };
        Some((service, operation.clone()))
    }

    /// The entries for which `starts` holds, and everything that they caused, in order.
    ///
    /// With "concerns this object key" as `starts` this is the story of one file.
    #[must_use]
    pub fn story(&self, starts: impl Fn(&Event) -> bool) -> Vec<Entry> {
        let entries = self.entries();
        let mut told: HashSet<EntryId> = HashSet::new();
        let mut story = Vec::new();
        for entry in entries.iter() {
            let caused = entry.cause.is_some_and(|cause| told.contains(&cause));
            if caused || starts(&entry.event) {
                told.insert(entry.id);
                story.push(entry.clone());
            }
        }
        story
    }

    /// Entries from now on, as they are written.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Entry> {
        self.shared.subscribers.subscribe()
    }

    /// The first entry for which `matches` holds, once there is one. It may be there already.
    pub async fn until(&self, matches: impl Fn(&Event) -> bool) -> Entry {
        // Listening begins before looking back, so nothing falls between the two.
        let mut entries = self.subscribe();
        let found = |entry: &&Entry| matches(&entry.event);
        if let Some(entry) = self.entries().iter().find(found) {
            return entry.clone();
        }
        loop {
            match entries.recv().await {
                Ok(entry) if matches(&entry.event) => return entry,
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => {
                    // What was missed is in the journal all the same.
                    if let Some(entry) = self.entries().iter().find(found) {
                        return entry.clone();
                    }
                }
                // The journal itself holds a sender, so this does not end.
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }

    /// Announces that some work is going on until the returned guard and its clones are dropped.
    #[must_use]
    pub fn pending(&self) -> Pending {
        self.shared.pending.fetch_add(1, Ordering::SeqCst);
        Pending {
            shared: Arc::clone(&self.shared),
        }
    }

    /// Returns once nothing is going on: no request, no queued delivery, no invocation, no retry.
    pub async fn settled(&self) {
        loop {
            let idle = self.shared.idle.notified();
            tokio::pin!(idle);
            // Registered before the count is read: a drop in between still wakes us.
            idle.as_mut().enable();
            if self.shared.pending.load(Ordering::SeqCst) == 0 {
                return;
            }
            idle.await;
        }
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, Vec<Entry>> {
        self.shared
            .entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Work in progress. Dropping the last guard lets [`Journal::settled`] return.
#[derive(Debug)]
pub struct Pending {
    shared: Arc<Shared>,
}

impl Clone for Pending {
    fn clone(&self) -> Self {
        self.shared.pending.fetch_add(1, Ordering::SeqCst);
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl Pending {
    /// Waits without counting as work: a long poll for something that may never come.
    pub async fn set_aside<T>(&self, wait: impl Future<Output = T>) -> T {
        /// Counts again when the wait is over, or given up.
        struct Back<'a>(&'a Shared);
        impl Drop for Back<'_> {
            fn drop(&mut self) {
                self.0.pending.fetch_add(1, Ordering::SeqCst);
            }
        }
        let _back = Back(&self.shared);
        self.shared.leave();
        wait.await
    }
}

impl Shared {
    /// One piece of work less.
    fn leave(&self) {
        if self.pending.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.idle.notify_waiters();
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.shared.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use futures::FutureExt;

    fn journal() -> Journal {
        Journal::new(Arc::new(SystemClock::real_time()))
    }

    fn fault(text: &str) -> Event {
        Event::Fault {
            description: text.to_owned(),
        }
    }

    #[test]
    fn a_story_is_the_start_and_all_that_follows_from_it() {
        let journal = journal();
        let a = journal.record(None, fault("a"));
        journal.record(None, fault("other"));
        let b = journal.record(Some(a), fault("b"));
        journal.record(Some(b), fault("c"));
        let story = journal
            .story(|event| matches!(event, Event::Fault { description } if description == "a"));
        let told: Vec<_> = story.iter().map(|entry| entry.event.to_string()).collect();
        assert_eq!(told, ["FAULT a", "FAULT b", "FAULT c"]);
    }

    #[tokio::test]
    async fn work_that_is_set_aside_does_not_count_until_its_wait_is_over() {
        let journal = journal();
        let work = journal.pending();
        let mut wait = Box::pin(work.set_aside(std::future::pending::<()>()));
        assert!(wait.as_mut().now_or_never().is_none());
        assert!(journal.settled().now_or_never().is_some());
        drop(wait);
        assert!(journal.settled().now_or_never().is_none());
        work.set_aside(std::future::ready(())).await;
        assert!(journal.settled().now_or_never().is_none());
        drop(work);
        assert!(journal.settled().now_or_never().is_some());
    }

    #[tokio::test]
    async fn until_finds_what_is_there_and_waits_for_what_is_not() {
        let journal = journal();
        journal.record(None, fault("a"));
        let is = |text: &'static str| move |event: &Event| matches!(event, Event::Fault { description } if description == text);
        assert!(journal.until(is("a")).now_or_never().is_some());
        let waiting = journal.until(is("b"));
        tokio::pin!(waiting);
        assert!(waiting.as_mut().now_or_never().is_none());
        journal.record(None, fault("b"));
        assert!(waiting.now_or_never().is_some());
    }

    #[tokio::test]
    async fn settled_waits_for_the_last_guard() {
        let journal = journal();
        assert!(journal.settled().now_or_never().is_some());
        let cause = journal.pending();
        let effect = cause.clone();
        drop(cause);
        assert!(journal.settled().now_or_never().is_none());
        drop(effect);
        assert!(journal.settled().now_or_never().is_some());
    }
}
