//! Who calls, and whether it is who the outputs speak of.

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};

use crate::clients::http_client;
use crate::error::chain;
use crate::{Outputs, TargetError};

/// The caller, as the SDK's usual chain finds it: environment, profile, SSO, process, instance.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub credentials: SharedCredentialsProvider,
    /// `AWS_ENDPOINT_URL`, for what stands in for AWS.
    pub endpoint: Option<String>,
    /// With the outputs' region.
    pub config: aws_config::SdkConfig,
}

/// Finds credentials, and makes sure that they belong to the account of the outputs: the scenarios
/// never run against another.
///
/// # Errors
/// [`TargetError::NotUsable`] saying what is missing or wrong.
pub(super) async fn load(outputs: &Outputs) -> Result<Caller, TargetError> {
    let unusable = |problem: String| TargetError::NotUsable(vec![problem]);
    let endpoint = std::env::var("AWS_ENDPOINT_URL").ok();
    let plain = endpoint
        .as_ref()
        .is_some_and(|endpoint| endpoint.starts_with("http://"));
    let configured = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client(plain))
        .load()
        .await;
    if let Some(region) = configured.region()
        && region.as_ref() != outputs.region
    {
        return Err(unusable(format!(
            "the stack is in {}, and this environment is set to {region}; set AWS_REGION={}",
            outputs.region, outputs.region
        )));
    }
    let Some(credentials) = configured.credentials_provider() else {
        return Err(unusable(NO_CREDENTIALS.to_owned()));
    };
    credentials
        .provide_credentials()
        .await
        .map_err(|error| unusable(format!("{NO_CREDENTIALS} ({})", chain(&error))))?;
    let config = configured
        .into_builder()
        .region(Region::new(outputs.region.clone()))
        .build();
    let identity = aws_sdk_sts::Client::new(&config)
        .get_caller_identity()
        .send()
        .await
        .map_err(|error| unusable(format!("AWS does not know who calls: {}", chain(&error))))?;
    let account = identity.account().unwrap_or_default();
    if account != outputs.account_id {
        return Err(unusable(format!(
            "the outputs are of account {}, and the credentials are those of {} in account \
             {account}; nothing was called there",
            outputs.account_id,
            identity.arn().unwrap_or_default()
        )));
    }
    Ok(Caller {
        credentials,
        endpoint,
        config,
    })
}

const NO_CREDENTIALS: &str = "there are no AWS credentials; set AWS_PROFILE, or run `aws configure` \
                              or `aws sso login` first. `cargo test` needs none: it runs the same \
                              scenarios on this machine";
