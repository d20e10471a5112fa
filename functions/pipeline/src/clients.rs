//! The clients of S3 and SNS, made by hand from [`AwsSettings`].
//!
//! Lambda hands a function its region and credentials in the environment, so the machinery that
//! looks for them in profiles, metadata services and single sign-on is left out: it would be most
//! of the binary and some of every cold start.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{BehaviorVersion, Region, SharedHttpClient};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_types::SdkConfig;

use crate::settings::AwsSettings;

/// How long a connection may take to open.
const CONNECT: Duration = Duration::from_secs(3);
/// How long an answer's first byte, or a request's next progress, may take.
const READ: Duration = Duration::from_secs(20);
/// Attempts of one call, the first included.
const ATTEMPTS: u32 = 4;

/// The clients that a function needs. Clones share connections.
#[derive(Clone, Debug)]
pub struct Clients {
    /// Amazon S3.
    pub s3: aws_sdk_s3::Client,
    /// Amazon SNS.
    pub sns: aws_sdk_sns::Client,
    /// What the clients have in common, for a client of another service.
    pub common: SdkConfig,
}

impl Clients {
    /// Clients over one pool of connections. Nothing is connected yet.
    ///
    /// Calls are tried up to four times, with the SDK's standard retries: throttling, server errors
    /// and broken connections are worth another attempt, refusals are not. An operation has no
    /// limit of its own, because a part of a large object may rightly take long; Lambda's timeout
    /// is the limit.
    pub fn new(settings: &AwsSettings) -> Self {
        let endpoints = [
            &settings.s3_endpoint,
            &settings.sns_endpoint,
            &settings.secrets_manager_endpoint,
        ];
        let plain = |url: &url::Url| url.scheme() == "http";
        let client = if endpoints.iter().all(|url| url.as_ref().is_some_and(plain)) {
            // Without TLS the certificates of the system need not be read.
            Builder::new().build_http()
        } else {
            Builder::new()
                .tls_provider(Provider::Rustls(CryptoMode::Ring))
                .build_https()
        };
        Clients::with_http_client(settings, client)
    }

    /// The same clients over an HTTP client of the caller's.
    pub fn with_http_client(settings: &AwsSettings, client: SharedHttpClient) -> Self {
        let credentials = Credentials::new(
            &settings.access_key_id,
            settings.secret_access_key.expose(),
            settings
                .session_token
                .as_ref()
                .map(|token| token.expose().to_owned()),
            None,
            "environment",
        );
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .read_timeout(READ)
            .build();
        let common = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .http_client(client)
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .region(Region::new(settings.region.clone()))
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .timeout_config(timeouts)
            .build();
        let mut s3 = aws_sdk_s3::config::Builder::from(&common);
        if let Some(endpoint) = &settings.s3_endpoint {
            s3 = s3.endpoint_url(endpoint.as_str()).force_path_style(true);
        }
        let mut sns = aws_sdk_sns::config::Builder::from(&common);
        if let Some(endpoint) = &settings.sns_endpoint {
            sns = sns.endpoint_url(endpoint.as_str());
        }
        Clients {
            s3: aws_sdk_s3::Client::from_conf(s3.build()),
            sns: aws_sdk_sns::Client::from_conf(sns.build()),
            common,
        }
    }
}
