//! What the function is told by the environment that Terraform sets.

use pipeline::names::{BucketName, TopicArn};
use pipeline::settings::{AwsSettings, Environment, SettingsError};

/// The settings of the transform function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How to reach AWS.
    pub aws: AwsSettings,
    /// `LOAD_BUCKET`: where load files go.
    pub load_bucket: BucketName,
    /// `ERROR_BUCKET`: where error files go.
    pub error_bucket: BucketName,
    /// `TOPIC_ARN`: where the steps are announced.
    pub topic: TopicArn,
}

impl Settings {
    /// Reads the settings from `lookup`, which is `|name| std::env::var(name).ok()` in a program.
    ///
    /// # Errors
    /// [`SettingsError`] with everything that is missing or wrong.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut environment = Environment::new(lookup);
        let aws = AwsSettings::read(&mut environment);
        let load_bucket = environment.required("LOAD_BUCKET", BucketName::parse);
        let error_bucket = environment.required("ERROR_BUCKET", BucketName::parse);
        let topic = environment.required("TOPIC_ARN", TopicArn::parse);
        match (aws, load_bucket, error_bucket, topic) {
            (Some(aws), Some(load_bucket), Some(error_bucket), Some(topic)) => Ok(Settings {
                aws,
                load_bucket,
                error_bucket,
                topic,
            }),
            _ => Err(environment.into_error()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        Settings::read(&|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    const AWS: [(&str, &str); 3] = [
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ];

    #[test]
    fn everything_is_read() {
        let topic = "arn:aws:sns:eu-central-1:123456789012:zipster-transform";
        let ours = [
            ("LOAD_BUCKET", "zipster-load"),
            ("ERROR_BUCKET", "zipster-errors"),
            ("TOPIC_ARN", topic),
        ];
        let settings = read(&[&AWS[..], &ours].concat()).unwrap();
        assert_eq!(settings.load_bucket.as_str(), "zipster-load");
        assert_eq!(settings.error_bucket.as_str(), "zipster-errors");
        assert_eq!(settings.topic.as_str(), topic);
    }

    #[test]
    fn all_problems_are_reported_at_once() {
        let error = read(&[AWS[0], AWS[1], ("LOAD_BUCKET", "No Bucket")]).unwrap_err();
        let variables: Vec<_> = error.problems.iter().map(|p| p.variable).collect();
        assert_eq!(
            variables,
            [
                "AWS_SECRET_ACCESS_KEY",
                "LOAD_BUCKET",
                "ERROR_BUCKET",
                "TOPIC_ARN"
            ]
        );
    }
}
