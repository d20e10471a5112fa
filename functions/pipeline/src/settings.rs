//! The environment of a function, read once into typed settings.
//!
//! The environment comes in as a function from name to value, so that a test passes a table. All
//! problems are collected before anything is reported: whoever fixes a deployment wants to know of
//! both missing variables, not of the first.

use std::fmt;

use url::Url;

/// One variable that is missing or wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The variable's name.
    pub variable: &'static str,
    /// What is wrong, as it reads after the name. Never a secret's value.
    pub what: String,
}

/// Everything that is wrong with the environment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct SettingsError {
    /// At least one problem, in the order in which the variables were read.
    pub problems: Vec<Problem>,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot read the settings from the environment: ")?;
        for (index, Problem { variable, what }) in self.problems.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}`{variable}` {what}")?;
        }
        Ok(())
    }
}

/// Reads variables and remembers what was wrong with them.
///
/// ```
/// use pipeline::names::{BucketName, TopicArn};
/// use pipeline::settings::Environment;
///
/// let lookup = |name: &str| (name == "LOAD_BUCKET").then(|| "zipster-load".to_owned());
/// let mut environment = Environment::new(&lookup);
/// let bucket = environment.required("LOAD_BUCKET", BucketName::parse);
/// let topic = environment.required("TOPIC_ARN", TopicArn::parse);
/// assert!(bucket.is_some() && topic.is_none());
/// assert_eq!(
///     environment.into_error().to_string(),
///     "cannot read the settings from the environment: `TOPIC_ARN` is not set",
/// );
/// ```
pub struct Environment<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<Problem>,
}

impl<'a> Environment<'a> {
    /// Reads from `lookup`, which is `|name| std::env::var(name).ok()` in a program.
    pub fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Environment {
            lookup,
            problems: Vec::new(),
        }
    }

    /// A variable that must be set; `None` once a problem with it was noted.
    pub fn required<T, E: fmt::Display>(
        &mut self,
        variable: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        match self.value(variable) {
            Some(value) => self.parsed(variable, &value, parse),
            None => {
                self.note(variable, "is not set");
                None
            }
        }
    }

    /// A variable that may be absent; `None` if it is, or once a problem with it was noted.
    pub fn optional<T, E: fmt::Display>(
        &mut self,
        variable: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let value = self.value(variable)?;
        self.parsed(variable, &value, parse)
    }

    /// Whether nothing was wrong so far.
    pub fn is_fine(&self) -> bool {
        self.problems.is_empty()
    }

    /// What was wrong.
    pub fn into_error(self) -> SettingsError {
        SettingsError {
            problems: self.problems,
        }
    }

    /// Set to nothing means not set, as everywhere in AWS's own tools.
    fn value(&self, variable: &str) -> Option<String> {
        (self.lookup)(variable).filter(|value| !value.is_empty())
    }

    fn parsed<T, E: fmt::Display>(
        &mut self,
        variable: &'static str,
        value: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        match parse(value) {
            Ok(parsed) => Some(parsed),
            Err(problem) => {
                self.note(variable, &problem.to_string());
                None
            }
        }
    }

    fn note(&mut self, variable: &'static str, what: &str) {
        self.problems.push(Problem {
            variable,
            what: what.to_owned(),
        });
    }
}

/// A value that never shows itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides `value`.
    pub fn new(value: impl Into<String>) -> Self {
        Secret(value.into())
    }

    /// The value itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// How to reach AWS and as whom: the variables that Lambda itself sets, and the endpoints that
/// stand in for AWS elsewhere.
///
/// Follows <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsSettings {
    /// `AWS_REGION`.
    pub region: String,
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: Secret,
    /// `AWS_SESSION_TOKEN`.
    pub session_token: Option<Secret>,
    /// `AWS_ENDPOINT_URL_S3`, else `AWS_ENDPOINT_URL`. S3 is addressed path-style when it is set.
    pub s3_endpoint: Option<Url>,
    /// `AWS_ENDPOINT_URL_SNS`, else `AWS_ENDPOINT_URL`.
    pub sns_endpoint: Option<Url>,
    /// `AWS_ENDPOINT_URL_SECRETS_MANAGER`, else `AWS_ENDPOINT_URL`.
    pub secrets_manager_endpoint: Option<Url>,
}

impl AwsSettings {
    /// Reads AWS's variables; `None` once a problem was noted.
    pub fn read(environment: &mut Environment<'_>) -> Option<Self> {
        let region = environment.required("AWS_REGION", text);
        let access_key_id = environment.required("AWS_ACCESS_KEY_ID", text);
        let secret_access_key = environment.required("AWS_SECRET_ACCESS_KEY", secret);
        let session_token = environment.optional("AWS_SESSION_TOKEN", secret);
        let before = environment.problems.len();
        let everywhere = environment.optional("AWS_ENDPOINT_URL", endpoint);
        let s3_endpoint = environment.optional("AWS_ENDPOINT_URL_S3", endpoint);
        let sns_endpoint = environment.optional("AWS_ENDPOINT_URL_SNS", endpoint);
        let secrets_manager_endpoint =
            environment.optional("AWS_ENDPOINT_URL_SECRETS_MANAGER", endpoint);
        if environment.problems.len() > before {
            // Without this, an endpoint that cannot be read would turn into AWS itself.
            return None;
        }
        Some(AwsSettings {
            region: region?,
            access_key_id: access_key_id?,
            secret_access_key: secret_access_key?,
            session_token,
            s3_endpoint: s3_endpoint.or_else(|| everywhere.clone()),
            sns_endpoint: sns_endpoint.or_else(|| everywhere.clone()),
            secrets_manager_endpoint: secrets_manager_endpoint.or(everywhere),
        })
    }
}

fn text(value: &str) -> Result<String, std::convert::Infallible> {
    Ok(value.to_owned())
}

fn secret(value: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(value))
}

fn endpoint(value: &str) -> Result<Url, String> {
    match Url::parse(value) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        Ok(_) => Err(format!("(`{value}`) is not an http or https address")),
        Err(error) => Err(format!("(`{value}`) is not an address: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAMBDA: &[(&str, &str)] = &[
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "very secret"),
        ("AWS_SESSION_TOKEN", "also secret"),
    ];

    fn read(variables: &[(&str, &str)]) -> Result<AwsSettings, String> {
        let lookup = |name: &str| {
            let found = variables
                .iter()
                .rev()
                .find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let mut environment = Environment::new(&lookup);
        let settings = AwsSettings::read(&mut environment);
        assert_eq!(settings.is_some(), environment.is_fine());
        settings.ok_or_else(|| environment.into_error().to_string())
    }

    #[test]
    fn lambda_sets_all_that_is_needed() {
        let settings = read(LAMBDA).unwrap();
        assert_eq!(settings.region, "eu-central-1");
        assert_eq!(settings.secret_access_key.expose(), "very secret");
        assert_eq!((settings.s3_endpoint, settings.sns_endpoint), (None, None));
        assert_eq!(settings.secrets_manager_endpoint, None);
    }

    #[test]
    fn secrets_do_not_show() {
        let shown = format!("{:?}", read(LAMBDA).unwrap());
        assert!(
            shown.contains("ASIAEXAMPLE") && !shown.contains("secret\""),
            "{shown}"
        );
        assert!(!shown.contains("very secret"), "{shown}");
    }

    #[test]
    fn an_endpoint_of_a_service_wins_over_the_one_for_all() {
        let all = ("AWS_ENDPOINT_URL", "http://127.0.0.1:4566");
        let s3 = ("AWS_ENDPOINT_URL_S3", "http://s3.localhost:1");
        let check = |extra: &[(&str, &str)], s3: Option<&str>, sns: Option<&str>| {
            let settings = read(&[LAMBDA, extra].concat()).unwrap();
            assert_eq!(settings.s3_endpoint.as_ref().map(Url::as_str), s3);
            assert_eq!(settings.sns_endpoint.as_ref().map(Url::as_str), sns);
        };
        let (for_all, for_s3) = (
            Some("http://127.0.0.1:4566/"),
            Some("http://s3.localhost:1/"),
        );
        check(&[all], for_all, for_all);
        check(&[s3], for_s3, None);
        check(&[all, s3], for_s3, for_all);
        check(&[("AWS_ENDPOINT_URL", "")], None, None);
    }

    #[test]
    fn all_problems_at_once() {
        assert_eq!(
            read(&[("AWS_REGION", ""), ("AWS_ENDPOINT_URL", "localhost:4566")]).unwrap_err(),
            "cannot read the settings from the environment: `AWS_REGION` is not set; \
             `AWS_ACCESS_KEY_ID` is not set; `AWS_SECRET_ACCESS_KEY` is not set; \
             `AWS_ENDPOINT_URL` (`localhost:4566`) is not an http or https address"
        );
    }
}
