//! Names in IAM and STS.

use crate::text::{characters, checked_text};

checked_text!(
    /// The name of an IAM role, without its path.
    RoleName,
    "a role name",
    "https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html",
    role_rules
);

checked_text!(
    /// The name of an IAM user, without its path.
    UserName,
    "a user name",
    "https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html",
    role_rules
);

checked_text!(
    /// The name of an IAM policy, managed or inline, without its path.
    PolicyName,
    "a policy name",
    "https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html",
    policy_rules
);

checked_text!(
    /// The name that tells the sessions of one role apart.
    SessionName,
    "a role session name",
    "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html",
    session_rules
);

checked_text!(
    /// The path of a role or policy: `/`, or `/division/team/`.
    IamPath,
    "an IAM path",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html",
    path_rules
);

const WHAT: &str = "letters, digits, and any of + = , . @ _ -";

fn is_friendly(c: char) -> bool {
    c.is_ascii_alphanumeric() || "+=,.@_-".contains(c)
}

fn role_rules(text: &str) -> Result<(), String> {
    characters(text, 1, 64, WHAT, is_friendly)
}

fn policy_rules(text: &str) -> Result<(), String> {
    characters(text, 1, 128, WHAT, is_friendly)
}

fn session_rules(text: &str) -> Result<(), String> {
    characters(text, 2, 64, WHAT, is_friendly)
}

fn path_rules(text: &str) -> Result<(), String> {
    characters(text, 1, 512, "visible ASCII characters", |c| {
        c.is_ascii_graphic()
    })?;
    if text.starts_with('/') && text.ends_with('/') {
        Ok(())
    } else {
        Err("it must begin and end with /".to_owned())
    }
}

impl Default for IamPath {
    /// The path of whatever names none: `/`.
    fn default() -> Self {
        Self("/".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::tests::check;

    #[test]
    fn iam_names_follow_the_rules_of_aws() {
        let slash = Some("it may only have letters, digits, and any of + = , . @ _ -, not '/'");
        for (text, rule) in [
            ("zipster-load", None),
            ("a+b=c,d.e@f_g", None),
            ("a/b", slash),
        ] {
            check(RoleName::parse, text, rule);
            check(UserName::parse, text, rule);
            check(PolicyName::parse, text, rule);
            check(SessionName::parse, text, rule);
        }
        check(
            RoleName::parse,
            &"r".repeat(65),
            Some("it must have 1 to 64 characters, not 65"),
        );
        check(PolicyName::parse, &"p".repeat(128), None);
        check(
            PolicyName::parse,
            &"p".repeat(129),
            Some("it must have 1 to 128 characters, not 129"),
        );
        check(
            SessionName::parse,
            "s",
            Some("it must have 2 to 64 characters, not 1"),
        );
    }

    #[test]
    fn a_path_is_between_slashes() {
        let slashes = Some("it must begin and end with /");
        let cases = [
            ("/", None),
            ("/division/team/", None),
            ("/service-role/", None),
            ("division/", slashes),
            ("/division", slashes),
            ("", Some("it must have 1 to 512 characters, not 0")),
            (
                "/a b/",
                Some("it may only have visible ASCII characters, not ' '"),
            ),
        ];
        for (text, rule) in cases {
            check(IamPath::parse, text, rule);
        }
        assert_eq!(IamPath::default(), "/");
    }
}
