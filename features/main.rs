//! Runs the features in this folder on the embedded target: `cargo test --test features`.
//!
//! This file lies beside the snapshots so that `cargo insta review` finds them.

use std::path::Path;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    zipster_features::run(Path::new(env!("CARGO_BIN_EXE_unruly"))).await
}
