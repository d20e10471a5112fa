//! The official SDK's clients for one endpoint and one set of credentials.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::tls;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

/// Where AWS, or what stands in for it, is, and who calls.
#[derive(Debug, Clone)]
pub struct Access {
    /// The emulator's address; `None` for AWS itself.
    pub endpoint: Option<String>,
    /// Such as `us-east-1`.
    pub region: String,
    /// Who calls.
    pub credentials: SharedCredentialsProvider,
}

/// Credentials that do not end.
#[must_use]
pub fn keys(access_key_id: &str, secret_access_key: &str) -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(Credentials::new(
        access_key_id,
        secret_access_key,
        None,
        None,
        "zipster",
    ))
}

/// One client per service, over one connection pool.
#[derive(Debug, Clone)]
pub struct Clients {
    /// Simple Storage Service.
    pub s3: aws_sdk_s3::Client,
    /// Simple Notification Service.
    pub sns: aws_sdk_sns::Client,
    /// Simple Queue Service.
    pub sqs: aws_sdk_sqs::Client,
    /// Lambda.
    pub lambda: aws_sdk_lambda::Client,
    /// Identity and Access Management.
    pub iam: aws_sdk_iam::Client,
    /// CloudWatch Logs.
    pub logs: aws_sdk_cloudwatchlogs::Client,
    /// Secrets Manager.
    pub secrets: aws_sdk_secretsmanager::Client,
    /// Security Token Service.
    pub sts: aws_sdk_sts::Client,
}

macro_rules! client {
    ($sdk:ident, $access:expr, $http:expr $(, $setting:ident($value:expr))*) => {{
        let mut config = $sdk::Config::builder()
            .behavior_version($sdk::config::BehaviorVersion::latest())
            .region($sdk::config::Region::new($access.region.clone()))
            .credentials_provider($access.credentials.clone())
            .http_client($http.clone())
            $(.$setting($value))*;
        config.set_endpoint_url($access.endpoint.clone());
        $sdk::Client::from_conf(config.build())
    }};
}

impl Clients {
    /// Clients that call `access`.
    #[must_use]
    pub fn new(access: &Access) -> Self {
        let is_plain = access
            .endpoint
            .as_ref()
            .is_some_and(|endpoint| endpoint.starts_with("http://"));
        let http = http_client(is_plain);
        // A stand-in has one host name; AWS gives each bucket its own.
        let path_style = access.endpoint.is_some();
        Self {
            s3: client!(aws_sdk_s3, access, http, force_path_style(path_style)),
            sns: client!(aws_sdk_sns, access, http),
            sqs: client!(aws_sdk_sqs, access, http),
            lambda: client!(aws_sdk_lambda, access, http),
            iam: client!(aws_sdk_iam, access, http),
            logs: client!(aws_sdk_cloudwatchlogs, access, http),
            secrets: client!(aws_sdk_secretsmanager, access, http),
            sts: client!(aws_sdk_sts, access, http),
        }
    }
}

/// What carries the SDK's requests; with `plain` there is no TLS.
pub(crate) fn http_client(plain: bool) -> SharedHttpClient {
    let builder = aws_smithy_http_client::Builder::new();
    if plain {
        // Without TLS the certificates of the system need not be read: in a debug build that was a
        // quarter of the time that all scenarios take.
        builder.build_http()
    } else {
        let ring = tls::rustls_provider::CryptoMode::Ring;
        builder
            .tls_provider(tls::Provider::Rustls(ring))
            .build_https()
    }
}
