//! The database's user and password, from AWS Secrets Manager.
//!
//! They are asked for whenever a connection is made and not kept: a password that was rotated in
//! between is found by the next attempt, and connections are kept for as long as the process is warm.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::Builder;
use pipeline::call::CallError;
use pipeline::clients::Clients;
use pipeline::settings::AwsSettings;
use serde::Deserialize;
use sqlx::ConnectOptions;
use sqlx::mysql::MySqlConnectOptions;

use crate::error::DatabaseError;
use crate::settings::DatabaseHost;

/// A client of Secrets Manager, with the connections of the others.
pub fn client(settings: &AwsSettings, clients: &Clients) -> Client {
    let mut config = Builder::from(&clients.common);
    if let Some(endpoint) = &settings.secrets_manager_endpoint {
        config = config.endpoint_url(endpoint.as_str());
    }
    Client::from_conf(config.build())
}

/// How to connect to the database at `host`, with the user and the password of its secret.
///
/// # Errors
/// [`DatabaseError`] if the secret cannot be had, or is none of a database. Never shows the secret.
///
/// Follows <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html>.
pub(crate) async fn options(
    client: &Client,
    host: &DatabaseHost,
) -> Result<MySqlConnectOptions, DatabaseError> {
    let doing = || format!("connect to {host}");
    let arn = host.secret_arn.as_str();
    let answer = client.get_secret_value().secret_id(arn).send().await;
    let answer = answer.map_err(|error| {
        let action = "secretsmanager:GetSecretValue";
        DatabaseError::secret(
            doing(),
            CallError::new("read", arn, action, error).to_string(),
        )
    })?;
    let text = answer.secret_string.unwrap_or_default();
    let secret = Secret::read(&text).ok_or_else(|| {
        let what = format!("{arn} is not a JSON object with the texts `username` and `password`");
        DatabaseError::secret(doing(), what)
    })?;
    Ok(secret.options(host))
}

/// What a database's secret holds. RDS writes user and password, and nothing else; secrets that
/// people or rotation functions write also say where the database is.
///
/// Follows <https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html>.
#[derive(Deserialize)]
struct Secret {
    username: String,
    password: String,
    host: Option<String>,
    port: Option<u16>,
    dbname: Option<String>,
}

impl Secret {
    fn read(text: &str) -> Option<Self> {
        let secret: Self = serde_json::from_str(text).ok()?;
        (!secret.username.is_empty()).then_some(secret)
    }

    /// Where the secret says nothing, the database is at `host`.
    fn options(&self, host: &DatabaseHost) -> MySqlConnectOptions {
        MySqlConnectOptions::new()
            .host(self.host.as_deref().unwrap_or(&host.host))
            .port(self.port.unwrap_or(host.port))
            .database(self.dbname.as_deref().unwrap_or(&host.name))
            .username(&self.username)
            .password(&self.password)
            // A statement of five hundred rows helps nobody in a log.
            .disable_statement_logging()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> DatabaseHost {
        DatabaseHost {
            host: "db.example.com".to_owned(),
            port: 3307,
            name: "zipster".to_owned(),
            secret_arn: "arn".to_owned(),
        }
    }

    #[test]
    fn a_secret_has_a_user_and_a_password() {
        let secret = Secret::read(r#"{"username":"zip","password":"p\"/@"}"#).unwrap();
        assert_eq!(
            (secret.username.as_str(), secret.password.as_str()),
            ("zip", "p\"/@")
        );
        let options = secret.options(&host());
        assert_eq!(options.get_host(), "db.example.com");
        assert_eq!(options.get_port(), 3307);
        assert_eq!(options.get_database(), Some("zipster"));
        for not_one in [
            "",
            "s3cret",
            "[]",
            r#"{"username":"zip"}"#,
            r#"{"username":"","password":"p"}"#,
            r#"{"username":"zip","password":7}"#,
        ] {
            assert!(Secret::read(not_one).is_none(), "{not_one}");
        }
    }

    #[test]
    fn a_secret_may_say_where_the_database_is() {
        let text = r#"{"engine":"mysql","username":"zip","password":"","host":"other","port":3308,"dbname":"zips"}"#;
        let options = Secret::read(text).unwrap().options(&host());
        assert_eq!(options.get_host(), "other");
        assert_eq!(options.get_port(), 3308);
        assert_eq!(options.get_database(), Some("zips"));
    }
}
