//! Lambda as the official SDK sees it, over HTTP against a running emulator, with functions that
//! are real processes on the real runtime.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "tests pick few events out of many"
)]

mod account;
mod aliases;
mod asynchronous;
mod configuration;
mod environments;
mod event_shapes;
mod event_sources;
mod function;
mod invocations;
mod limits;
mod logs;
mod notifications;
mod services;
mod stored_code;
mod support;
#[path = "../messaging/verify.rs"]
mod verify;
mod versions;
