//! A function's execution environments: which is free, and how many may be busy.
//!
//! AWS gives an account 1000 concurrent executions to share; a developer's machine has fewer
//! cores, so a function has at most [`MOST_LOCALLY`] environments at work here. What AWS would
//! run beyond that waits for a free one; only a function's own reserved concurrency throttles.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use time::OffsetDateTime;
use tokio::sync::{Notify, mpsc};

use super::invocation::Job;

/// How many environments of one function work at the same time.
pub(super) const MOST_LOCALLY: usize = 10;

/// The environments of one function.
#[derive(Debug)]
pub(super) struct Pool {
    inner: Mutex<Inner>,
    freed: Notify,
}

#[derive(Debug)]
struct Inner {
    /// The versions that may run; environments with another one are not kept.
    admitted: BTreeSet<u64>,
    /// Frozen, the one that was used last at the end: it comes first.
    idle: Vec<Handle>,
    busy: usize,
}

/// The way to an environment.
#[derive(Debug, Clone)]
pub(super) struct Handle {
    pub(super) jobs: mpsc::Sender<Job>,
    /// Of the function, when the environment was started.
    pub(super) version: u64,
    /// From then on it takes no more invocations, since its credentials end.
    pub(super) until: OffsetDateTime,
}

/// The right to run one invocation. Dropped, it lets the next one in.
#[derive(Debug)]
pub(super) struct Lease {
    pool: Arc<Pool>,
    /// A free environment, or none: then a new one is to be started.
    pub(super) handle: Option<Handle>,
}

/// What an invocation asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Demand {
    /// The version that is to run.
    pub(super) version: u64,
    /// The function's reserved concurrency, which its versions share.
    pub(super) reserved: Option<u32>,
}

/// The function's reserved concurrency is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Throttled;

impl Pool {
    /// No environment yet; `version` may run.
    pub(super) fn new(version: u64) -> Self {
        Self {
            inner: Mutex::new(Inner {
                admitted: BTreeSet::from([version]),
                idle: Vec::new(),
                busy: 0,
            }),
            freed: Notify::new(),
        }
    }

    /// A lease at once, or the reason why there is none: [`Throttled`], or `None` if one has to
    /// wait for [`MOST_LOCALLY`].
    fn try_lease(
        self: &Arc<Self>,
        now: OffsetDateTime,
        demand: Demand,
    ) -> Result<Option<Lease>, Throttled> {
        let mut inner = self.inner();
        let reserved = demand.reserved;
        if reserved.is_some_and(|reserved| inner.busy >= reserved as usize) {
            return Err(Throttled);
        }
        if inner.busy >= MOST_LOCALLY {
            return Ok(None);
        }
        inner.busy += 1;
        let usable = |handle: &Handle| !handle.jobs.is_closed() && handle.until > now;
        inner.idle.retain(usable);
        let at = inner
            .idle
            .iter()
            .rposition(|handle| handle.version == demand.version);
        Ok(Some(Lease {
            pool: Arc::clone(self),
            handle: at.map(|at| inner.idle.remove(at)),
        }))
    }

    /// A lease for a caller who waits for the answer.
    pub(super) async fn lease_or_throttle(
        self: &Arc<Self>,
        now: OffsetDateTime,
        demand: impl Fn() -> Demand,
    ) -> Result<Lease, Throttled> {
        loop {
            let freed = self.freed.notified();
            tokio::pin!(freed);
            // Registered before looking: what becomes free in between still wakes us.
            freed.as_mut().enable();
            if let Some(lease) = self.try_lease(now, demand())? {
                return Ok(lease);
            }
            freed.await;
        }
    }

    /// A lease for an event, which waits as long as it takes; throttled only if nothing at all
    /// may run.
    pub(super) async fn lease(
        self: &Arc<Self>,
        now: OffsetDateTime,
        demand: impl Fn() -> Demand,
    ) -> Result<Lease, Throttled> {
        loop {
            let freed = self.freed.notified();
            tokio::pin!(freed);
            freed.as_mut().enable();
            let demand = demand();
            match self.try_lease(now, demand) {
                Ok(Some(lease)) => return Ok(lease),
                Err(Throttled) if demand.reserved == Some(0) => return Err(Throttled),
                Ok(None) | Err(Throttled) => freed.await,
            }
        }
    }

    /// Lets a version run.
    pub(super) fn admit(&self, version: u64) {
        self.inner().admitted.insert(version);
    }

    /// Lets the idle environments of a version end; busy ones end after their invocation.
    pub(super) fn retire(&self, version: u64) {
        let retired: Vec<Handle> = {
            let mut inner = self.inner();
            inner.admitted.remove(&version);
            let old = |handle: &mut Handle| handle.version == version;
            inner.idle.extract_if(.., old).collect()
        };
        drop(retired);
    }

    /// The same for all versions.
    pub(super) fn close(&self) {
        let retired = {
            let mut inner = self.inner();
            inner.admitted.clear();
            std::mem::take(&mut inner.idle)
        };
        drop(retired);
    }

    /// Has those who wait look again: a limit has changed.
    pub(super) fn reconsider(&self) {
        self.freed.notify_waiters();
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    /// Gives the environment back: it is frozen and waits for the next invocation.
    pub(super) fn give_back(mut self) {
        if let Some(handle) = self.handle.take() {
            let mut inner = self.pool.inner();
            if inner.admitted.contains(&handle.version) {
                inner.idle.push(handle);
            }
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.pool.inner().busy -= 1;
        self.pool.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-23 16:00 UTC);

    fn handle(version: u64) -> (Handle, mpsc::Receiver<Job>) {
        let (jobs, receiver) = mpsc::channel(1);
        let until = NOW + time::Duration::HOUR;
        let handle = Handle {
            jobs,
            version,
            until,
        };
        (handle, receiver)
    }

    fn lease(pool: &Arc<Pool>, reserved: Option<u32>) -> Result<Option<Lease>, Throttled> {
        let version = 1;
        pool.try_lease(NOW, Demand { version, reserved })
    }

    #[test]
    fn the_environment_that_was_used_last_comes_first() {
        let pool = Arc::new(Pool::new(1));
        let (first, _first) = handle(1);
        let (second, _second) = handle(1);
        let mut leases: Vec<Lease> = (0..2)
            .map(|_| lease(&pool, None).unwrap().unwrap())
            .collect();
        for handle in [&second, &first] {
            let mut lease = leases.pop().unwrap();
            lease.handle = Some(handle.clone());
            lease.give_back();
        }
        let taken = lease(&pool, None).unwrap().unwrap().handle.take().unwrap();
        assert!(taken.jobs.same_channel(&first.jobs));
    }

    #[test]
    fn an_environment_that_ended_or_is_outdated_is_not_used() {
        let pool = Arc::new(Pool::new(1));
        let (ended, receiver) = handle(1);
        let mut one = lease(&pool, None).unwrap().unwrap();
        one.handle = Some(ended);
        one.give_back();
        drop(receiver);
        assert!(lease(&pool, None).unwrap().unwrap().handle.is_none());

        let (old, _old) = handle(1);
        let mut one = lease(&pool, None).unwrap().unwrap();
        one.handle = Some(old);
        pool.retire(1);
        one.give_back();
        assert!(lease(&pool, None).unwrap().unwrap().handle.is_none());

        pool.admit(1);
        let (expired, _expired) = handle(1);
        let mut one = lease(&pool, None).unwrap().unwrap();
        one.handle = Some(expired);
        one.give_back();
        let later = NOW + time::Duration::HOUR;
        let demand = Demand {
            version: 1,
            reserved: None,
        };
        let lease = pool.try_lease(later, demand).unwrap().unwrap();
        assert!(lease.handle.is_none());
    }

    #[test]
    fn each_version_has_environments_of_its_own() {
        let pool = Arc::new(Pool::new(1));
        pool.admit(2);
        let (first, _first) = handle(1);
        let mut one = lease(&pool, None).unwrap().unwrap();
        one.handle = Some(first);
        one.give_back();
        let other = Demand {
            version: 2,
            reserved: None,
        };
        let other = pool.try_lease(NOW, other).unwrap().unwrap();
        assert!(other.handle.is_none());
        // The second's end does not end the first's.
        pool.retire(2);
        assert!(lease(&pool, None).unwrap().unwrap().handle.is_some());
    }

    #[test]
    fn reserved_concurrency_throttles_and_the_local_limit_waits() {
        let pool = Arc::new(Pool::new(1));
        assert_eq!(lease(&pool, Some(0)).unwrap_err(), Throttled);
        let one = lease(&pool, Some(1)).unwrap().unwrap();
        assert_eq!(lease(&pool, Some(1)).unwrap_err(), Throttled);
        drop(one);
        let mut all: Vec<Lease> = (0..MOST_LOCALLY)
            .map(|_| lease(&pool, None).unwrap().unwrap())
            .collect();
        assert!(lease(&pool, None).unwrap().is_none());
        let mut waiting = Box::pin(pool.lease(NOW, || Demand {
            version: 1,
            reserved: None,
        }));
        assert!(waiting.as_mut().now_or_never().is_none());
        all.pop();
        assert!(waiting.as_mut().now_or_never().is_some());
    }
}
