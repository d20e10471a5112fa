//! Bucket names.

use crate::text::{characters, checked_text};

checked_text!(
    /// The name of a general purpose S3 bucket.
    BucketName,
    "a bucket name",
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html",
    rules
);

const RESERVED_PREFIXES: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
const RESERVED_SUFFIXES: [&str; 5] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

fn rules(text: &str) -> Result<(), String> {
    characters(
        text,
        3,
        63,
        "lower-case letters, digits, hyphens and dots",
        |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.',
    )?;
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    if !edge(text.chars().next()) || !edge(text.chars().last()) {
        return Err("it must begin and end with a letter or digit".to_owned());
    }
    if text.contains("..") {
        return Err("it must not have two dots side by side".to_owned());
    }
    if text.parse::<std::net::Ipv4Addr>().is_ok() {
        return Err("it must not look like an IP address".to_owned());
    }
    if let Some(prefix) = RESERVED_PREFIXES.iter().find(|p| text.starts_with(**p)) {
        return Err(format!("names that begin with {prefix} are reserved"));
    }
    if let Some(suffix) = RESERVED_SUFFIXES.iter().find(|s| text.ends_with(**s)) {
        return Err(format!("names that end with {suffix} are reserved"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_names_follow_the_rules_of_aws() {
        let edge = Some("it must begin and end with a letter or digit");
        let cases = [
            ("abc", None),
            ("zipster-input-123456789012", None),
            ("my.example.bucket", None),
            ("1-2-3", None),
            ("192.168.5.4.5", None),
            (&"a".repeat(63), None),
            ("", Some("it must have 3 to 63 characters, not 0")),
            ("ab", Some("it must have 3 to 63 characters, not 2")),
            (
                &"a".repeat(64),
                Some("it must have 3 to 63 characters, not 64"),
            ),
            (
                "Abc",
                Some("it may only have lower-case letters, digits, hyphens and dots, not 'A'"),
            ),
            (
                "a_b",
                Some("it may only have lower-case letters, digits, hyphens and dots, not '_'"),
            ),
            (
                "bücket",
                Some("it may only have lower-case letters, digits, hyphens and dots, not 'ü'"),
            ),
            ("-abc", edge),
            ("abc-", edge),
            (".abc", edge),
            ("abc.", edge),
            ("a..b", Some("it must not have two dots side by side")),
            ("192.168.5.4", Some("it must not look like an IP address")),
            (
                "xn--bucket",
                Some("names that begin with xn-- are reserved"),
            ),
            (
                "sthree-bucket",
                Some("names that begin with sthree- are reserved"),
            ),
            (
                "amzn-s3-demo-bucket",
                Some("names that begin with amzn-s3-demo- are reserved"),
            ),
            (
                "abc-s3alias",
                Some("names that end with -s3alias are reserved"),
            ),
            (
                "abc--ol-s3",
                Some("names that end with --ol-s3 are reserved"),
            ),
            ("abc.mrap", Some("names that end with .mrap are reserved")),
            ("abc--x-s3", Some("names that end with --x-s3 are reserved")),
            (
                "abc--table-s3",
                Some("names that end with --table-s3 are reserved"),
            ),
        ];
        for (text, rule) in cases {
            crate::text::tests::check(BucketName::parse, text, rule);
        }
    }

    #[test]
    fn an_error_names_the_value_the_rule_and_the_page() {
        assert_eq!(
            BucketName::parse("a..b").unwrap_err().to_string(),
            "\"a..b\" is not a bucket name: it must not have two dots side by side (see \
             https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html)"
        );
    }

    #[test]
    fn json_holds_the_text_and_is_checked_on_the_way_in() {
        let name: BucketName = serde_json::from_str(r#""my-bucket""#).unwrap();
        assert_eq!(serde_json::to_string(&name).unwrap(), r#""my-bucket""#);
        // An escape means that the text cannot be borrowed from the input.
        let name: BucketName = serde_json::from_str(r#""my\u002dbucket""#).unwrap();
        assert_eq!(name, "my-bucket");
        let error = serde_json::from_str::<BucketName>(r#""My-Bucket""#).unwrap_err();
        assert!(error.to_string().contains("is not a bucket name"));
    }
}
