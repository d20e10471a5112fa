//! The `zipster` command: the pipeline on this machine, by hand.
//!
//! Arguments become one settings value each ([`args`]), a command does its work and returns an
//! [`exit::Exit`]; data goes to stdout, talk to stderr.

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

mod args;
mod error_file;
mod exit;
mod interrupt;
mod logs;
mod package;
mod parity;
mod plan;
mod policy;
mod run;
mod search;
mod session;
mod stage;
mod style;
mod test;
mod up;
mod variables;
mod watch;

use args::{Cli, Command};

#[tokio::main]
async fn main() -> ExitCode {
    log_to_stderr();
    let cli = Cli::parse();
    let result = match cli.command {
        Command::Up(settings) => up::up(settings).await,
        Command::Run(settings) => run::run(settings).await,
        Command::Logs(settings) => logs::logs(settings).await,
        Command::Search(settings) => search::search(settings).await,
        Command::Plan(settings) => plan::plan(settings),
        Command::Package(settings) => package::package(settings).await,
        Command::Parity(settings) => parity::parity(settings).await,
        Command::Policy(settings) => policy::policy(settings).await,
        Command::Test(settings) => test::test(settings).await,
    };
    match result {
        Ok(exit) => exit.into(),
        Err(failure) => {
            failure.print();
            failure.exit.into()
        }
    }
}

/// What the parts below log: warnings, or what `ZIPSTER_LOG` asks for (such as `debug`, or
/// `zipster_emulator=trace`).
fn log_to_stderr() {
    let filter = EnvFilter::try_from_env("ZIPSTER_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
}
