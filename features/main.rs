//! Runs the features in this folder: `cargo test --test features` on the embedded target, or
//! `cargo zipster test --target aws` on what `terraform apply` has made.
//!
//! This file lies beside the snapshots so that `cargo insta review` finds them.

use std::path::PathBuf;
use std::process::ExitCode;

use zipster_features::RunSettings;

#[tokio::main]
async fn main() -> ExitCode {
    let unruly = PathBuf::from(env!("CARGO_BIN_EXE_unruly"));
    match RunSettings::from_variables(|name| std::env::var_os(name), unruly) {
        Ok(settings) => zipster_features::run(settings).await,
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::from(2)
        }
    }
}
