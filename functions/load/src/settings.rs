//! The settings of the load function.

use std::fmt;
use std::str::FromStr;

use pipeline::names::TopicArn;
use pipeline::settings::{AwsSettings, Environment, SettingsError};
use sqlx::ConnectOptions;
use sqlx::mysql::MySqlConnectOptions;
use url::Url;

/// What the load function needs from its environment.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How to reach AWS.
    pub aws: AwsSettings,
    /// Where the rows go.
    pub database: DatabaseSettings,
    /// `TOPIC_ARN`: where the steps are announced.
    pub topic: TopicArn,
}

impl Settings {
    /// Reads the environment.
    ///
    /// # Errors
    /// [`SettingsError`] lists every variable that is missing or wrong.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut environment = Environment::new(lookup);
        let aws = AwsSettings::read(&mut environment);
        let database = DatabaseSettings::read(&mut environment);
        let topic = environment.required("TOPIC_ARN", TopicArn::parse);
        match (aws, database, topic) {
            (Some(aws), Some(database), Some(topic)) => Ok(Settings {
                aws,
                database,
                topic,
            }),
            _ => Err(environment.into_error()),
        }
    }
}

/// Where the database is, and how to come by the password.
#[derive(Clone, Debug)]
pub enum DatabaseSettings {
    /// `DATABASE_URL` says it all.
    Url(Box<DatabaseUrl>),
    /// User and password are in a secret.
    Secret(DatabaseHost),
}

/// A database whose user and password are in AWS Secrets Manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseHost {
    /// `DATABASE_HOST`.
    pub host: String,
    /// `DATABASE_PORT`, 3306 if it is not set.
    pub port: u16,
    /// `DATABASE_NAME`.
    pub name: String,
    /// `DATABASE_SECRET_ARN`: a secret as RDS keeps it, a JSON object with `username` and `password`.
    pub secret_arn: String,
}

impl DatabaseSettings {
    /// `DATABASE_URL`, or host, name and secret if there is a `DATABASE_HOST`.
    fn read(environment: &mut Environment<'_>) -> Option<Self> {
        let text = |text: &str| Ok::<_, std::convert::Infallible>(text.to_owned());
        let Some(host) = environment.optional("DATABASE_HOST", text) else {
            let url = environment.required("DATABASE_URL", DatabaseUrl::parse);
            return url.map(Box::new).map(DatabaseSettings::Url);
        };
        let fine = environment.is_fine();
        environment.optional("DATABASE_URL", |_| {
            Err::<(), _>("is set, and so is `DATABASE_HOST`: which is the database?")
        });
        let port = environment.optional("DATABASE_PORT", |text| {
            let port = text.parse().ok().filter(|port| *port != 0);
            port.ok_or("is not a port, a number from 1 to 65535")
        });
        let name = environment.required("DATABASE_NAME", text);
        let secret_arn = environment.required("DATABASE_SECRET_ARN", text);
        if fine && !environment.is_fine() {
            return None;
        }
        Some(DatabaseSettings::Secret(DatabaseHost {
            host,
            port: port.unwrap_or(3306),
            name: name?,
            secret_arn: secret_arn?,
        }))
    }
}

/// Why a text is not the address of a database. Never shows the text, which holds a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not the address of a database: {0}; expected mysql://USER:PASSWORD@HOST:PORT/DATABASE")]
pub struct DatabaseUrlError(String);

/// The address of a database, with the password in it. Shown without.
#[derive(Clone)]
pub struct DatabaseUrl {
    options: MySqlConnectOptions,
    shown: String,
}

impl DatabaseUrl {
    /// Takes `mysql://USER:PASSWORD@HOST:PORT/DATABASE`. What is special in a URL is percent-encoded
    /// in user and password. `?socket=PATH` names a Unix socket, `?ssl-mode=VERIFY_IDENTITY` and
    /// `?ssl-ca=FILE` ask for more than the encryption that is used wherever the server has it.
    ///
    /// # Errors
    /// [`DatabaseUrlError`] says what is missing.
    pub fn parse(text: &str) -> Result<Self, DatabaseUrlError> {
        let wrong = |what: &str| DatabaseUrlError(what.to_owned());
        let url = Url::parse(text).map_err(|error| DatabaseUrlError(error.to_string()))?;
        if !matches!(url.scheme(), "mysql" | "mariadb") {
            return Err(wrong("its scheme is not `mysql`"));
        }
        let has_socket = url.query_pairs().any(|(name, _)| name == "socket");
        if url.host_str().is_none_or(str::is_empty) && !has_socket {
            return Err(wrong("it names no host"));
        }
        if url.username().is_empty() {
            return Err(wrong("it names no user"));
        }
        if url.path().trim_matches('/').is_empty() {
            return Err(wrong("it names no database"));
        }
        let options = MySqlConnectOptions::from_url(&url)
            // The error quotes what it cannot read, which may be the password.
            .map_err(|_| wrong("a part of it is not UTF-8, or a parameter has an unknown value"))?
            // A statement of five hundred rows helps nobody in a log.
            .disable_statement_logging();
        let user = url.username();
        let host = url.host_str().unwrap_or("localhost");
        let port = url.port().unwrap_or(3306);
        let shown = format!("mysql://{user}@{host}:{port}{}", url.path());
        Ok(DatabaseUrl { options, shown })
    }

    pub(crate) fn options(&self) -> &MySqlConnectOptions {
        &self.options
    }
}

impl fmt::Display for DatabaseHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mysql://{}:{}/{}", self.host, self.port, self.name)
    }
}

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        DatabaseUrl::parse(text)
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({})", self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        let check = |text: &str, shown: &str| {
            let url = DatabaseUrl::parse(text).unwrap();
            assert_eq!(url.to_string(), shown);
            assert_eq!(format!("{url:?}"), format!("DatabaseUrl({shown})"));
        };
        check(
            "mysql://zip:s3cret@db:3307/zipster",
            "mysql://zip@db:3307/zipster",
        );
        check(
            "mysql://zip:p%40ss%2F@db/zipster",
            "mysql://zip@db:3306/zipster",
        );
        check(
            "mysql://zip@db/zipster?ssl-mode=REQUIRED",
            "mysql://zip@db:3306/zipster",
        );
        check(
            "mysql://zip:s3cret@localhost/z?socket=/run/s.sock",
            "mysql://zip@localhost:3306/z",
        );
    }

    #[test]
    fn an_address_that_cannot_be_used_is_explained_without_its_password() {
        let check = |text: &str, what: &str| {
            let error = DatabaseUrl::parse(text).unwrap_err();
            assert_eq!(error.0, what, "{text}");
            assert!(!error.to_string().contains("s3cret"), "{error}");
        };
        check("", "relative URL without a base");
        check("db", "relative URL without a base");
        check("postgres://zip:s3cret@db/z", "its scheme is not `mysql`");
        check("mysql://zip:s3cret@db", "it names no database");
        check("mysql://zip:s3cret@db/", "it names no database");
        check("mysql://db/zipster", "it names no user");
        check("mysql:///zipster", "it names no host");
        check("mysql://zip:s3cret@db:port/zipster", "invalid port number");
        let parts = "a part of it is not UTF-8, or a parameter has an unknown value";
        check("mysql://zip:s3cret%FF@db/zipster", parts);
        check("mysql://zip:s3cret@db/zipster?ssl-mode=s3cret", parts);
    }

    #[test]
    fn all_that_is_missing_is_named_at_once() {
        let error = Settings::read(&|name| (name == "DATABASE_URL").then(|| "db".to_owned()));
        assert_eq!(
            error.unwrap_err().to_string(),
            "cannot read the settings from the environment: `AWS_REGION` is not set; \
             `AWS_ACCESS_KEY_ID` is not set; `AWS_SECRET_ACCESS_KEY` is not set; `DATABASE_URL` is \
             not the address of a database: relative URL without a base; expected \
             mysql://USER:PASSWORD@HOST:PORT/DATABASE; `TOPIC_ARN` is not set"
        );
    }

    fn database(variables: &[(&str, &str)]) -> Result<String, String> {
        let lookup = |name: &str| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let mut environment = Environment::new(&lookup);
        match DatabaseSettings::read(&mut environment) {
            Some(DatabaseSettings::Url(url)) => Ok(url.to_string()),
            Some(DatabaseSettings::Secret(host)) => Ok(format!("{host} {}", host.secret_arn)),
            None => Err(environment.into_error().to_string()),
        }
    }

    #[test]
    fn the_database_is_a_url_or_a_host_with_a_secret() {
        let url = ("DATABASE_URL", "mysql://zip:s3cret@db/zipster");
        let host = ("DATABASE_HOST", "db.example.com");
        let name = ("DATABASE_NAME", "zipster");
        let secret = ("DATABASE_SECRET_ARN", "arn:aws:secretsmanager:::secret:a");
        let check = |variables: &[(&str, &str)], expected: Result<&str, &str>| {
            let expected = expected
                .map(str::to_owned)
                .map_err(|what| format!("cannot read the settings from the environment: {what}"));
            assert_eq!(database(variables), expected);
        };
        check(&[url], Ok("mysql://zip@db:3306/zipster"));
        check(
            &[host, name, secret],
            Ok("mysql://db.example.com:3306/zipster arn:aws:secretsmanager:::secret:a"),
        );
        check(
            &[host, name, secret, ("DATABASE_PORT", "3307")],
            Ok("mysql://db.example.com:3307/zipster arn:aws:secretsmanager:::secret:a"),
        );
        check(&[name, secret], Err("`DATABASE_URL` is not set"));
        check(
            &[host, ("DATABASE_PORT", "0")],
            Err(
                "`DATABASE_PORT` is not a port, a number from 1 to 65535; `DATABASE_NAME` is not \
                 set; `DATABASE_SECRET_ARN` is not set",
            ),
        );
        check(
            &[url, host, name, secret],
            Err("`DATABASE_URL` is set, and so is `DATABASE_HOST`: which is the database?"),
        );
    }
}
