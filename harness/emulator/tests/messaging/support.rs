//! An emulator and clients for it, and a browser that follows links.

use aws_credential_types::Credentials;
use aws_sdk_sns::config::{BehaviorVersion, Region as SdkRegion};
use aws_sdk_sns::types::MessageAttributeValue;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::Builder;
use zipster_emulator::identity::Credentials as Key;
use zipster_emulator::journal::{Entry, Event};
use zipster_emulator::sns::{InboxKind, InboxMessage};
use zipster_emulator::{Emulator, Settings};
use zipster_names::{AccountId, Region};

pub const ACCOUNT: &str = "123456789012";

pub struct World {
    pub emulator: Emulator,
    pub sns: aws_sdk_sns::Client,
    pub sqs: aws_sdk_sqs::Client,
}

impl World {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::new(
            AccountId::parse(ACCOUNT).unwrap(),
            Region::parse("us-east-1").unwrap(),
        );
        change(&mut settings);
        let emulator = Emulator::start(settings).await.unwrap();
        Self {
            sns: sns(&emulator, "us-east-1"),
            sqs: sqs(&emulator, "us-east-1"),
            emulator,
        }
    }

    pub async fn topic(&self, name: &str) -> String {
        let made = self.sns.create_topic().name(name).send().await.unwrap();
        made.topic_arn.unwrap()
    }

    /// A queue that lets everybody send; its URL and ARN.
    pub async fn open_queue(&self, name: &str) -> (String, String) {
        let policy = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
            "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}]}"#;
        let made = self
            .sqs
            .create_queue()
            .queue_name(name)
            .attributes(aws_sdk_sqs::types::QueueAttributeName::Policy, policy)
            .send()
            .await
            .unwrap();
        let url = made.queue_url.unwrap();
        (url, format!("arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"))
    }

    /// Subscribes an address and follows the link in the mail that asks.
    pub async fn confirmed_mailbox(&self, topic: &str, address: &str) -> String {
        self.sns
            .subscribe()
            .topic_arn(topic)
            .protocol("email")
            .endpoint(address)
            .send()
            .await
            .unwrap();
        let mail = self.mail(address).pop().unwrap();
        assert_eq!(mail.kind, InboxKind::Confirmation);
        let (status, _) = self.browse(&mail.confirm_link.unwrap()).await;
        assert_eq!(status, 200);
        let list = self.sns.list_subscriptions().send().await.unwrap();
        let subscription = list
            .subscriptions()
            .iter()
            .find(|subscription| subscription.endpoint() == Some(address));
        subscription.unwrap().subscription_arn().unwrap().to_owned()
    }

    /// How many messages wait, are delayed, and are in flight.
    pub async fn counts(&self, url: &str) -> [u64; 3] {
        use aws_sdk_sqs::types::QueueAttributeName;
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesDelayed,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let read = self
            .sqs
            .get_queue_attributes()
            .queue_url(url)
            .attribute_names(QueueAttributeName::All)
            .send()
            .await
            .unwrap();
        let attributes = read.attributes().unwrap();
        names.map(|name| attributes[&name].parse().unwrap())
    }

    pub fn mail(&self, address: &str) -> Vec<InboxMessage> {
        self.emulator.services().sns.inbox_of(address)
    }

    /// A GET without a signature, as a browser sends it: status and body.
    pub async fn browse(&self, url: &str) -> (u16, String) {
        crate::verify::get(url).await
    }

    /// What the journal says about the events that `wanted` picks, one line each.
    pub fn story(&self, wanted: impl Fn(&Event) -> bool) -> Vec<String> {
        let entries: Vec<Entry> = self.emulator.journal().snapshot();
        entries
            .iter()
            .filter(|entry| wanted(&entry.event))
            .map(|entry| entry.event.to_string())
            .collect()
    }
}

pub fn sns(emulator: &Emulator, region: &str) -> aws_sdk_sns::Client {
    sns_with(emulator, region, emulator.administrator())
}

pub fn sns_with(emulator: &Emulator, region: &str, key: &Key) -> aws_sdk_sns::Client {
    let config = aws_sdk_sns::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(SdkRegion::new(region.to_owned()))
        .endpoint_url(emulator.endpoint())
        .credentials_provider(credentials(key))
        .http_client(Builder::new().build_http())
        .build();
    aws_sdk_sns::Client::from_conf(config)
}

pub fn sqs(emulator: &Emulator, region: &str) -> aws_sdk_sqs::Client {
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(SdkRegion::new(region.to_owned()))
        .endpoint_url(emulator.endpoint())
        .credentials_provider(administrator(emulator))
        .http_client(Builder::new().build_http())
        .build();
    aws_sdk_sqs::Client::from_conf(config)
}

fn administrator(emulator: &Emulator) -> Credentials {
    credentials(emulator.administrator())
}

fn credentials(key: &Key) -> Credentials {
    Credentials::new(
        &key.access_key_id,
        key.expose_secret(),
        key.session_token.clone(),
        None,
        "test",
    )
}

pub fn attribute(data_type: &str, value: &str) -> MessageAttributeValue {
    MessageAttributeValue::builder()
        .data_type(data_type)
        .string_value(value)
        .build()
        .unwrap()
}

/// The error that AWS's client sees: `Code: message`.
#[track_caller]
pub fn refusal<T: std::fmt::Debug, E>(result: Result<T, SdkError<E>>) -> String
where
    E: ProvideErrorMetadata + std::fmt::Debug,
{
    let error = result.unwrap_err();
    let error = error.as_service_error().unwrap();
    format!(
        "{}: {}",
        error.code().unwrap_or_default(),
        error.message().unwrap_or_default()
    )
}
