//! One emulator and one client for each test.

use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Builder, Region};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use zipster_emulator::clock::{Clock, SystemClock};
use zipster_emulator::journal::Event;
use zipster_emulator::{Emulator, Settings};
use zipster_names::AccountId;

/// An emulator with one bucket, `the-bucket`.
pub struct World {
    pub emulator: Emulator,
    pub s3: Client,
}

pub const BUCKET: &str = "the-bucket";

impl World {
    pub async fn start() -> Self {
        Self::at(Arc::new(SystemClock::real_time())).await
    }

    /// The same, by this clock.
    pub async fn at(clock: Arc<dyn Clock>) -> Self {
        let world = Self::empty_at(clock).await;
        world
            .s3
            .create_bucket()
            .bucket(BUCKET)
            .send()
            .await
            .unwrap();
        world
    }

    /// No buckets.
    pub async fn empty() -> Self {
        Self::empty_at(Arc::new(SystemClock::real_time())).await
    }

    async fn empty_at(clock: Arc<dyn Clock>) -> Self {
        let account = AccountId::parse("123456789012").unwrap();
        let region = zipster_names::Region::parse("us-east-1").unwrap();
        let settings = Settings {
            clock,
            ..Settings::new(account, region)
        };
        let emulator = Emulator::start(settings).await.unwrap();
        let s3 = Client::from_conf(Self::config(&emulator, "us-east-1").build());
        Self { emulator, s3 }
    }

    /// The client's configuration with the administrator's key.
    pub fn config(emulator: &Emulator, region: &'static str) -> Builder {
        Builder::new()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(region))
            .credentials_provider(Self::credentials(emulator))
            .endpoint_url(emulator.endpoint())
            .force_path_style(true)
            .retry_config(RetryConfig::disabled())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
    }

    /// The administrator's.
    pub fn credentials(emulator: &Emulator) -> Credentials {
        let key = emulator.administrator();
        Credentials::new(
            &key.access_key_id,
            key.expose_secret(),
            key.session_token.clone(),
            None,
            "test",
        )
    }

    pub async fn put(&self, key: &str, body: impl Into<Vec<u8>>) -> String {
        let body = ByteStream::from(body.into());
        let put = self.s3.put_object().bucket(BUCKET).key(key).body(body);
        put.send().await.unwrap().e_tag.unwrap()
    }

    pub async fn get(&self, key: &str) -> Vec<u8> {
        let answer = self.s3.get_object().bucket(BUCKET).key(key).send().await;
        let body = answer.unwrap().body.collect().await.unwrap();
        body.into_bytes().to_vec()
    }

    /// The names of the events that `keep` picks, as one line each.
    pub fn journal(&self, keep: impl Fn(&Event) -> bool) -> Vec<String> {
        let entries = self.emulator.journal().snapshot();
        entries
            .iter()
            .filter(|entry| keep(&entry.event))
            .map(|entry| entry.event.to_string())
            .collect()
    }
}

/// The status and code of an error, as `404 NoSuchKey`.
pub fn code<T, E>(result: Result<T, SdkError<E>>) -> String
where
    E: ProvideErrorMetadata + std::fmt::Debug,
{
    let Err(error) = result else {
        return "no error".to_owned();
    };
    let status = error
        .raw_response()
        .map_or(0, |response| response.status().as_u16());
    let code = error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code);
    format!("{status} {}", code.unwrap_or("-"))
}
