//! IAM and STS as the official SDK and signed requests see them, over HTTP against a running
//! emulator.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod boundaries;
mod conditions;
mod policies;
mod roles;
mod simulation;
mod sts;
mod support;
mod users;
mod wire;
