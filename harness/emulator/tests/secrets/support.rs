//! An emulator and clients for it.

use aws_credential_types::Credentials;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::{BehaviorVersion, Region as SdkRegion};
use aws_smithy_http_client::Builder;
use zipster_emulator::{Emulator, Settings};
use zipster_names::{AccountId, Region};

pub struct World {
    pub emulator: Emulator,
    pub secrets: Client,
}

impl World {
    pub async fn new() -> Self {
        let account = AccountId::parse("123456789012").unwrap();
        let region = Region::parse("us-east-1").unwrap();
        let emulator = Emulator::start(Settings::new(account, region))
            .await
            .unwrap();
        let key = emulator.administrator();
        let credentials = Credentials::new(
            &key.access_key_id,
            key.expose_secret(),
            key.session_token.clone(),
            None,
            "test",
        );
        let config = aws_sdk_secretsmanager::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(SdkRegion::new("us-east-1"))
            .endpoint_url(emulator.endpoint())
            .credentials_provider(credentials)
            .http_client(Builder::new().build_http())
            .build();
        Self {
            secrets: Client::from_conf(config),
            emulator,
        }
    }

    /// A secret that holds a text; its ARN.
    pub async fn secret(&self, name: &str, text: &str) -> String {
        let create = self.secrets.create_secret().name(name);
        let made = create.secret_string(text).send().await.unwrap();
        made.arn.unwrap()
    }

    /// What a secret holds, named in any way.
    pub async fn text(&self, id: &str) -> String {
        let get = self.secrets.get_secret_value().secret_id(id);
        get.send().await.unwrap().secret_string.unwrap()
    }
}
