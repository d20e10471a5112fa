//! An emulator and a client for it.

use aws_credential_types::Credentials;
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::config::{BehaviorVersion, Region as SdkRegion};
use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use aws_smithy_http_client::Builder;
use zipster_emulator::clock::{Clock, SystemClock};
use zipster_emulator::{Emulator, Settings};
use zipster_names::{AccountId, Region};

pub const GROUP: &str = "arn:aws:logs:us-east-1:123456789012:log-group:app";

pub struct World {
    _emulator: Emulator,
    pub logs: Client,
}

impl World {
    pub async fn new() -> Self {
        let settings = Settings::new(
            AccountId::parse("123456789012").unwrap(),
            Region::parse("us-east-1").unwrap(),
        );
        let emulator = Emulator::start(settings).await.unwrap();
        Self {
            logs: client(&emulator),
            _emulator: emulator,
        }
    }

    /// With the group `app` and these streams.
    pub async fn with_streams(streams: &[&str]) -> Self {
        let world = Self::new().await;
        let group = world.logs.create_log_group().log_group_name("app");
        group.send().await.unwrap();
        for stream in streams {
            let create = world.logs.create_log_stream().log_group_name("app");
            create.log_stream_name(*stream).send().await.unwrap();
        }
        world
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
        .http_client(Builder::new().build_http())
        .build();
    Client::from_conf(config)
}
