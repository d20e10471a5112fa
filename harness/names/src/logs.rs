//! Log group names.

use crate::FunctionName;
use crate::text::{characters, checked_text};

checked_text!(
    /// The name of a CloudWatch Logs log group.
    LogGroupName,
    "a log group name",
    "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html",
    rules
);

fn rules(text: &str) -> Result<(), String> {
    characters(text, 1, 512, "letters, digits, and any of . - _ / #", |c| {
        c.is_ascii_alphanumeric() || ".-_/#".contains(c)
    })?;
    if text.starts_with("aws/") {
        return Err("names that begin with aws/ are reserved".to_owned());
    }
    Ok(())
}

impl LogGroupName {
    /// The log group that Lambda writes to when a function names none: `/aws/lambda/NAME`.
    #[must_use]
    pub fn of_function(function: &FunctionName) -> Self {
        Self(format!("/aws/lambda/{function}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_group_names_follow_the_rules_of_aws() {
        let cases = [
            ("/aws/lambda/zipster-load", None),
            ("a.b#c", None),
            ("", Some("it must have 1 to 512 characters, not 0")),
            ("aws/x", Some("names that begin with aws/ are reserved")),
            (
                "a:b",
                Some("it may only have letters, digits, and any of . - _ / #, not ':'"),
            ),
        ];
        for (text, rule) in cases {
            crate::text::tests::check(LogGroupName::parse, text, rule);
        }
        let function = FunctionName::parse("zipster-load").unwrap();
        assert_eq!(
            LogGroupName::of_function(&function),
            "/aws/lambda/zipster-load"
        );
    }
}
