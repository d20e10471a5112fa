//! An emulator and a client for it.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::config::{BehaviorVersion, Region as SdkRegion};
use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns};
use zipster_emulator::clock::{Clock, SystemClock};
use zipster_emulator::{Emulator, Settings};
use zipster_names::{AccountId, Region};

pub const GROUP: &str = "arn:aws:logs:us-east-1:123456789012:log-group:app";

pub struct World {
    pub emulator: Emulator,
    pub logs: Client,
}

impl World {
    pub async fn new() -> Self {
        Self::start(settings()).await
    }

    /// On a clock of its own.
    pub async fn at(clock: impl Clock) -> Self {
        let mut settings = settings();
        settings.clock = Arc::new(clock);
        Self::start(settings).await
    }

    async fn start(settings: Settings) -> Self {
        let emulator = Emulator::start(settings).await.unwrap();
        Self {
            logs: client(&emulator),
            emulator,
        }
    }

    /// With the group `app` and these streams.
    pub async fn with_streams(streams: &[&str]) -> Self {
        let world = Self::new().await;
        world.add_streams(streams).await;
        world
    }

    /// Makes the group `app` and these streams.
    pub async fn add_streams(&self, streams: &[&str]) {
        let group = self.logs.create_log_group().log_group_name("app");
        group.send().await.unwrap();
        for stream in streams {
            let create = self.logs.create_log_stream().log_group_name("app");
            create.log_stream_name(*stream).send().await.unwrap();
        }
    }

    /// Unix milliseconds.
    pub fn now(&self) -> i64 {
        let now = SystemClock::real_time().now();
        i64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap()
    }

    pub async fn put(&self, stream: &str, events: &[(i64, &str)]) {
        let put = self.logs.put_log_events().log_group_name("app");
        let put = put.log_stream_name(stream);
        let put = put.set_log_events(Some(input(events)));
        let answer = put.send().await.unwrap();
        assert!(answer.rejected_log_events_info.is_none());
    }
}

pub fn input(events: &[(i64, &str)]) -> Vec<InputLogEvent> {
    let event = |(timestamp, message): &(i64, &str)| {
        let event = InputLogEvent::builder().timestamp(*timestamp);
        event.message(*message).build().unwrap()
    };
    events.iter().map(event).collect()
}

fn settings() -> Settings {
    Settings::new(
        AccountId::parse("123456789012").unwrap(),
        Region::parse("us-east-1").unwrap(),
    )
}

fn client(emulator: &Emulator) -> Client {
    let key = emulator.administrator();
    let credentials = Credentials::new(
        &key.access_key_id,
        key.expose_secret(),
        key.session_token.clone(),
        None,
        "test",
    );
    let config = aws_sdk_cloudwatchlogs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(SdkRegion::new("us-east-1"))
        .endpoint_url(emulator.endpoint())
        .credentials_provider(credentials)
        .http_client(
            Builder::new()
                .tls_provider(Provider::Rustls(CryptoMode::Ring))
                .build_with_resolver(Here),
        )
        .build();
    Client::from_conf(config)
}

/// Every name is this machine's: for live tail, clients put `stream-` before the endpoint's host.
#[derive(Debug, Clone)]
struct Here;

impl ResolveDns for Here {
    fn resolve_dns<'a>(&'a self, _name: &'a str) -> DnsFuture<'a> {
        DnsFuture::ready(Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]))
    }
}
