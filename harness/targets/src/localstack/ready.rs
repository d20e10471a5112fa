//! Waiting until something answers as AWS does.

use std::time::Duration;

use aws_sdk_s3::config::retry::RetryConfig;

use super::containers::Containers;
use crate::TargetError;
use crate::clients::Clients;
use crate::error::chain;

/// How long the services of a container that was just started may take to answer.
const LIMIT: Duration = Duration::from_secs(120);

/// How long those that run already may take.
const RUNNING_LIMIT: Duration = Duration::from_secs(10);

/// How often they are asked.
const LOOKS: Duration = Duration::from_millis(100);

/// Returns once S3 answers. A container that ends meanwhile ends the waiting.
///
/// # Errors
/// [`TargetError::Unavailable`] with what was heard instead.
pub(super) async fn ready(
    clients: &Clients,
    endpoint: &str,
    containers: Option<&Containers>,
) -> Result<(), TargetError> {
    let mut heard = String::new();
    let waiting = async {
        let mut looks = tokio::time::interval(LOOKS);
        loop {
            looks.tick().await;
            // Asked again by ourselves, at once: the SDK waits longer from time to time.
            let asked = clients
                .s3
                .list_buckets()
                .customize()
                .config_override(
                    aws_sdk_s3::config::Builder::new().retry_config(RetryConfig::disabled()),
                )
                .send()
                .await;
            match asked {
                Ok(_) => return Ok(()),
                Err(error) => heard = chain(&error),
            }
            if let Some(containers) = containers {
                containers.alive().await?;
            }
        }
    };
    let limit = match containers {
        Some(_) => LIMIT,
        None => RUNNING_LIMIT,
    };
    match tokio::time::timeout(limit, waiting).await {
        Ok(answered) => answered,
        Err(_) => Err(TargetError::Unavailable(format!(
            "nothing answers as S3 does at {endpoint} within {} s: {heard}",
            limit.as_secs()
        ))),
    }
}
