//! The `transform` function, as Lambda or as a person starts it.

use std::process::ExitCode;

use pipeline::clients::Clients;
use pipeline::failure::Failure;
use pipeline::notice::Publisher;
use pipeline::runtime::{Service, is_lambda, log_as_json, serve};
use transform::handler::{FUNCTION, Transformer};
use transform::settings::Settings;

fn main() -> ExitCode {
    let lookup = |name: &str| std::env::var(name).ok();
    if !is_lambda(&lookup) {
        return transform::cli::main();
    }
    log_as_json(&lookup);
    // One invocation at a time, and that one mostly waits: one thread is all it takes.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let served = match runtime {
        Ok(runtime) => runtime.block_on(serve(service(&lookup))),
        Err(error) => Err(error.into()),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the function cannot be served");
            ExitCode::FAILURE
        }
    }
}

fn service(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Service<Transformer>, Failure> {
    let settings = Settings::read(lookup)?;
    let clients = Clients::new(&settings.aws);
    Ok(Service {
        function: FUNCTION,
        publisher: Publisher::new(clients.sns.clone(), settings.topic),
        handler: Transformer {
            clients,
            load_bucket: settings.load_bucket,
            error_bucket: settings.error_bucket,
        },
    })
}
