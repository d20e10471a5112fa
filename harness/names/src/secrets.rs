//! Names of secrets.

use crate::text::{characters, checked_text};

checked_text!(
    /// The name of a secret in Secrets Manager.
    SecretName,
    "a secret's name",
    "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html",
    rules
);

fn rules(text: &str) -> Result<(), String> {
    characters(
        text,
        1,
        512,
        "letters, digits, and any of - / _ + = . @ !",
        |c| c.is_ascii_alphanumeric() || "-/_+=.@!".contains(c),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_names_follow_the_rules_of_aws() {
        let cases = [
            ("zipster/database", None),
            ("rds!db-1", None),
            ("", Some("it must have 1 to 512 characters, not 0")),
            (
                "a b",
                Some("it may only have letters, digits, and any of - / _ + = . @ !, not ' '"),
            ),
        ];
        for (text, rule) in cases {
            crate::text::tests::check(SecretName::parse, text, rule);
        }
    }
}
