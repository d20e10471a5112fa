//! The database's user and password, from AWS Secrets Manager.
//!
//! They are asked for whenever a connection is made and not kept: a password that was rotated in
//! between is found by the next attempt, and connections are kept for as long as the process is warm.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::Builder;
use pipeline::call::CallError;
use pipeline::clients::Clients;
use pipeline::settings::AwsSettings;
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
    let (user, password) = user_and_password(&text).ok_or_else(|| {
        let what = format!("{arn} is not a JSON object with the texts `username` and `password`");
        DatabaseError::secret(doing(), what)
    })?;
    Ok(MySqlConnectOptions::new()
        .host(&host.host)
        .port(host.port)
        .database(&host.name)
        .username(&user)
        .password(&password)
        // A statement of five hundred rows helps nobody in a log.
        .disable_statement_logging())
}

fn user_and_password(text: &str) -> Option<(String, String)> {
    let secret: serde_json::Value = serde_json::from_str(text).ok()?;
    let field = |name: &str| {
        let value = secret.get(name)?.as_str()?;
        (!value.is_empty()).then(|| value.to_owned())
    };
    Some((field("username")?, field("password")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_a_user_and_a_password() {
        let found = user_and_password(r#"{"username":"zip","password":"p\"/@","port":3306}"#);
        assert_eq!(found, Some(("zip".to_owned(), "p\"/@".to_owned())));
        for not_one in [
            "",
            "s3cret",
            "[]",
            r#"{"username":"zip"}"#,
            r#"{"username":"zip","password":""}"#,
            r#"{"username":"zip","password":7}"#,
        ] {
            assert_eq!(user_and_password(not_one), None, "{not_one}");
        }
    }
}
