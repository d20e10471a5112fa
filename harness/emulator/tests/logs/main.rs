//! CloudWatch Logs as the official SDK sees it, over HTTP against a running emulator.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod events;
mod filter;
mod groups;
mod live_tail;
mod support;
