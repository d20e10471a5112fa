//! A function's execution environments: which is free, and how many may be busy.
//!
//! AWS gives an account 1000 concurrent executions to share; a developer's machine has fewer
//! cores, so a function has at most [`MOST_LOCALLY`] environments at work here. What AWS would
//! run beyond that waits for a free one; only a function's own reserved concurrency throttles.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use time::OffsetDateTime;
use tokio::sync::{Notify, mpsc};

use super::environment::Job;

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
    /// The version that runs now; environments with an older one are not kept.
    version: u64,
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

/// The function's reserved concurrency is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Throttled;

impl Pool {
    /// No environment yet.
    pub(super) fn new(version: u64) -> Self {
        Self {
            inner: Mutex::new(Inner {
                version,
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
        reserved: Option<u32>,
    ) -> Result<Option<Lease>, Throttled> {
        let mut inner = self.inner();
        if reserved.is_some_and(|reserved| inner.busy >= reserved as usize) {
            return Err(Throttled);
        }
        if inner.busy >= MOST_LOCALLY {
            return Ok(None);
        }
        inner.busy += 1;
        let usable = |handle: &Handle| !handle.jobs.is_closed() && handle.until > now;
        let mut handle = inner.idle.pop();
        while handle.as_ref().is_some_and(|handle| !usable(handle)) {
            handle = inner.idle.pop();
        }
        Ok(Some(Lease {
            pool: Arc::clone(self),
            handle,
        }))
    }

    /// A lease for a caller who waits for the answer.
    pub(super) async fn lease_or_throttle(
        self: &Arc<Self>,
        now: OffsetDateTime,
        reserved: impl Fn() -> Option<u32>,
    ) -> Result<Lease, Throttled> {
        loop {
            let freed = self.freed.notified();
            tokio::pin!(freed);
            // Registered before looking: what becomes free in between still wakes us.
            freed.as_mut().enable();
            if let Some(lease) = self.try_lease(now, reserved())? {
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
        reserved: impl Fn() -> Option<u32>,
    ) -> Result<Lease, Throttled> {
        loop {
            let freed = self.freed.notified();
            tokio::pin!(freed);
            freed.as_mut().enable();
            let reserved = reserved();
            match self.try_lease(now, reserved) {
                Ok(Some(lease)) => return Ok(lease),
                Err(Throttled) if reserved == Some(0) => return Err(Throttled),
                Ok(None) | Err(Throttled) => freed.await,
            }
        }
    }

    /// Lets the idle environments end; busy ones end after their invocation, if their version is
    /// older than this.
    pub(super) fn retire(&self, version: u64) {
        let retired = {
            let mut inner = self.inner();
            inner.version = version;
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
            if handle.version >= inner.version {
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
        pool.try_lease(NOW, reserved)
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
        pool.retire(2);
        one.give_back();
        assert!(lease(&pool, None).unwrap().unwrap().handle.is_none());

        let (expired, _expired) = handle(2);
        let mut one = lease(&pool, None).unwrap().unwrap();
        one.handle = Some(expired);
        one.give_back();
        let later = NOW + time::Duration::HOUR;
        let lease = pool.try_lease(later, None).unwrap().unwrap();
        assert!(lease.handle.is_none());
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
        let mut waiting = Box::pin(pool.lease(NOW, || None));
        assert!(waiting.as_mut().now_or_never().is_none());
        all.pop();
        assert!(waiting.as_mut().now_or_never().is_some());
    }
}
