//! On a real server, as whoever uses this crate sees it.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod database;
mod migrations;
mod server;
mod support;
