//! Time, injected.
//!
//! Services read the time and wait only through a [`Clock`], so that a test or a hurried
//! developer can shorten AWS's long waits (a minute before the first asynchronous retry) without
//! any service knowing.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use time::OffsetDateTime;

/// A wait that ends after some time.
pub type Wait = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where the emulator's time comes from.
pub trait Clock: Debug + Send + Sync + 'static {
    /// The present, in UTC.
    fn now(&self) -> OffsetDateTime;

    /// A wait that AWS itself imposes between two steps: retry back-off, a visibility timeout, a
    /// batching window. A clock may shorten it.
    fn pause(&self, length: Duration) -> Wait;

    /// A limit on somebody else's work: a function's timeout, a long poll. Never shortened, since
    /// the work takes the time that it takes.
    fn limit(&self, length: Duration) -> Wait;
}

/// The machine's clock, with pauses divided by a factor.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    hurry: u32,
}

impl SystemClock {
    /// Pauses take as long as on AWS.
    #[must_use]
    pub fn real_time() -> Self {
        Self { hurry: 1 }
    }

    /// Pauses are `factor` times shorter than on AWS; `0` counts as `1`.
    #[must_use]
    pub fn hurried(factor: u32) -> Self {
        Self {
            hurry: factor.max(1),
        }
    }
}

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that everybody else asks"
    )]
    fn now(&self) -> OffsetDateTime {
        std::time::SystemTime::now().into()
    }

    fn pause(&self, length: Duration) -> Wait {
        self.limit(length / self.hurry)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that everybody else asks"
    )]
    fn limit(&self, length: Duration) -> Wait {
        Box::pin(tokio::time::sleep(length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hurried_clock_shortens_pauses_but_not_limits() {
        let clock = SystemClock::hurried(60_000);
        let minute = Duration::from_secs(60);
        let mut limit = clock.limit(minute);
        tokio::select! {
            () = clock.pause(minute) => {}
            () = &mut limit => panic!("the limit was shortened as well"),
        }
    }
}
