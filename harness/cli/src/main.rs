//! The `zipster` command: the pipeline on this machine, by hand.
//!
//! Arguments become one settings value each ([`args`]), a command does its work and returns an
//! [`exit::Exit`]; data goes to stdout, talk to stderr.

use std::process::ExitCode;

use clap::Parser;

mod args;
mod exit;
mod interrupt;
mod run;
mod search;
mod session;
mod stage;
mod style;
mod up;

use args::{Cli, Command};

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Command::Up(settings) => up::up(settings).await,
        Command::Run(settings) => run::run(settings).await,
        Command::Search(settings) => search::search(settings).await,
    };
    match result {
        Ok(exit) => exit.into(),
        Err(failure) => {
            failure.print();
            failure.exit.into()
        }
    }
}
