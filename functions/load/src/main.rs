//! The `load` function: under Lambda it serves invocations, otherwise it is a command.

use std::process::ExitCode;

use pipeline::runtime;

#[tokio::main]
async fn main() -> ExitCode {
    let lookup = |name: &str| std::env::var(name).ok();
    if !runtime::is_lambda(&lookup) {
        return load::command::main().await;
    }
    runtime::log_as_json(&lookup);
    match runtime::serve(load::handler::service(&lookup)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: cannot speak to the Runtime API: {error}");
            ExitCode::FAILURE
        }
    }
}
