//! The deployed stack's database: where it is, and whether the scenarios may use it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use url::Url;
use zipster_database::{DatabaseUrl, Server};

use super::credentials::Caller;
use crate::error::chain;
use crate::{Project, TargetError};

pub(super) const NO_NAME: &str = "the database's URL names no database";

/// What RDS and our own instance keep in the secret.
#[derive(Deserialize)]
struct Secret {
    username: String,
    password: String,
}

/// The database's URL, from the outputs and the secret that they name.
///
/// # Errors
/// [`TargetError::NotUsable`] saying what is missing.
pub(super) async fn url(outputs: &str, caller: &Caller) -> Result<DatabaseUrl, TargetError> {
    let unusable = |problem: String| TargetError::NotUsable(vec![problem]);
    let place = Place::of(outputs).map_err(unusable)?;
    let secret = aws_sdk_secretsmanager::Client::new(&caller.config)
        .get_secret_value()
        .secret_id(&place.secret_arn)
        .send()
        .await
        .map_err(|error| {
            unusable(format!(
                "the database's secret {} cannot be read: {}",
                place.secret_arn,
                chain(&error)
            ))
        })?;
    let secret: Secret = serde_json::from_str(secret.secret_string().unwrap_or_default())
        // What it holds is not shown: it is a secret.
        .map_err(|_| {
            unusable(format!(
                "the secret {} does not hold a username and a password in JSON",
                place.secret_arn
            ))
        })?;
    let text = place
        .url(&secret)
        .ok_or_else(|| unusable(format!("{} is no host's name", place.host)))?;
    DatabaseUrl::parse(&text).map_err(|error| unusable(error.to_string()))
}

struct Place {
    host: String,
    port: u16,
    name: String,
    secret_arn: String,
}

impl Place {
    fn of(outputs: &str) -> Result<Self, String> {
        let outputs: BTreeMap<String, Value> =
            serde_json::from_str(outputs).map_err(|error| error.to_string())?;
        let text = |name: &str| {
            outputs
                .get(name)
                .and_then(|output| output["value"].as_str())
                .map(str::to_owned)
                .ok_or_else(|| {
                    format!(
                        "there is no output {name}; say where the database is with \
                         --database-url mysql://user:password@host:port/database"
                    )
                })
        };
        let port = &outputs.get("database_port").unwrap_or(&Value::Null)["value"];
        Ok(Self {
            host: text("database_host")?,
            port: port
                .as_u64()
                .and_then(|port| u16::try_from(port).ok())
                .unwrap_or(3306),
            name: text("database_name")?,
            secret_arn: text("database_secret_arn")?,
        })
    }

    fn url(&self, secret: &Secret) -> Option<String> {
        let mut url = Url::parse("mysql://localhost").ok()?;
        url.set_host(Some(&self.host)).ok()?;
        url.set_port(Some(self.port)).ok()?;
        url.set_username(&secret.username).ok()?;
        url.set_password(Some(&secret.password)).ok()?;
        url.set_path(&self.name);
        Some(url.into())
    }
}

/// Applies the migrations, and makes sure that nobody's data is at risk: the scenarios overwrite
/// zip codes and remove them again.
///
/// # Errors
/// [`TargetError::NotUsable`] if others have loaded files, [`TargetError::Database`] if the
/// database cannot be used.
pub(super) async fn prepare(
    server: &Server,
    project: &Project,
    folder: &str,
) -> Result<(), TargetError> {
    let database = server
        .own_database()?
        .ok_or_else(|| TargetError::NotUsable(vec![NO_NAME.to_owned()]))?;
    let prepared = async {
        database.migrate(&project.migrations()).await?;
        zipster_database::count_other_loads(database.pool(), &format!("{folder}/")).await
    }
    .await;
    database.drop().await?;
    match prepared? {
        0 => Ok(()),
        loads => Err(TargetError::NotUsable(vec![format!(
            "its database holds the rows of {loads} load(s) that no test has made; the scenarios \
             overwrite zip codes and remove them afterwards, so they need a deployment of their own"
        )])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_may_hold_any_character() {
        let outputs = r#"{
            "database_host": {"value": "db.example.com"}, "database_port": {"value": 3307},
            "database_name": {"value": "zipster"}, "database_secret_arn": {"value": "arn"}
        }"#;
        let secret = Secret {
            username: "admin".to_owned(),
            password: "p@ss/w:rd#?".to_owned(),
        };
        let url = Place::of(outputs).unwrap().url(&secret).unwrap();
        assert_eq!(
            url,
            "mysql://admin:p%40ss%2Fw%3Ard%23%3F@db.example.com:3307/zipster"
        );
    }

    #[test]
    fn outputs_without_a_database_say_what_to_do() {
        let problem = Place::of("{}").err().unwrap();
        assert!(problem.contains("--database-url"), "{problem}");
    }
}
