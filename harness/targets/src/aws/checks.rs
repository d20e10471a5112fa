//! Whether what is deployed is what was built here.

use aws_sdk_lambda::types::{LastUpdateStatus, State};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::clients::Clients;
use crate::error::chain;
use crate::watch::Attempts;
use crate::{Outputs, Project, TargetError};

/// Lambda's default: <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>.
const RETRIES: i32 = 2;

/// Looks at both functions: they are ready, and their code is that of the packages in
/// `target/lambda`. Returns how often each tries an event.
///
/// # Errors
/// [`TargetError::NotUsable`] with all that is wrong.
pub(super) async fn functions(
    clients: &Clients,
    outputs: &Outputs,
    project: &Project,
) -> Result<Attempts, TargetError> {
    let mut problems = Vec::new();
    let mut attempts = [0; 2];
    let binaries = ["transform", "load"];
    for ((name, binary), attempts) in outputs.functions().iter().zip(binaries).zip(&mut attempts) {
        match function(clients, name, binary, project).await {
            Ok(found) => *attempts = found,
            Err(problem) => problems.push(problem),
        }
    }
    let [transform, load] = attempts;
    if problems.is_empty() {
        Ok(Attempts { transform, load })
    } else {
        Err(TargetError::NotUsable(problems))
    }
}

async fn function(
    clients: &Clients,
    name: &str,
    binary: &str,
    project: &Project,
) -> Result<usize, String> {
    let deployed = clients
        .lambda
        .get_function_configuration()
        .function_name(name)
        .send()
        .await
        .map_err(|error| format!("the function {name} cannot be read: {}", chain(&error)))?;
    match (deployed.state(), deployed.last_update_status()) {
        (
            Some(State::Active | State::Inactive) | None,
            Some(LastUpdateStatus::Successful) | None,
        ) => {}
        (state, update) => {
            return Err(format!(
                "the function {name} is not ready: {state:?}, last update {update:?}"
            ));
        }
    }
    let package = project.package(binary);
    let bytes = tokio::fs::read(&package).await.map_err(|error| {
        format!(
            "{} cannot be read ({error}), so the deployed code cannot be compared; build it with \
             `cargo zipster package`",
            package.display()
        )
    })?;
    let built = STANDARD.encode(Sha256::digest(&bytes));
    let running = deployed.code_sha256().unwrap_or_default();
    if running != built {
        return Err(format!(
            "{name} runs other code (SHA-256 {running}) than {} holds ({built}); run \
             `cargo zipster package` and `terraform apply`",
            package.display()
        ));
    }
    let retries = clients
        .lambda
        .get_function_event_invoke_config()
        .function_name(name)
        .send()
        .await;
    let retries = match retries {
        Ok(config) => config.maximum_retry_attempts().unwrap_or(RETRIES),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|error| error.is_resource_not_found_exception()) =>
        {
            RETRIES
        }
        Err(error) => {
            return Err(format!(
                "the retries of {name} cannot be read: {}",
                chain(&error)
            ));
        }
    };
    Ok(1 + usize::try_from(retries).unwrap_or(0))
}
