//! The ways in which a request can name a function.
//!
//! Follows <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>: a name, an ARN, or the
//! ARN from the account on, each with or without a qualifier.

use zipster_names::{AccountId, FunctionName, Region};

use super::function::{Key, LATEST};
use super::validate::{Violations, not_found};
use crate::front::ApiError;

/// A function as a request names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) key: Key,
    /// A version or an alias.
    pub(super) qualifier: Option<String>,
}

impl Reference {
    /// Reads `text`, for a caller of `account` in `region`; a qualifier may be in the text or
    /// beside it.
    pub(super) fn parse(
        text: &str,
        beside: Option<&str>,
        account: &AccountId,
        region: &Region,
    ) -> Result<Self, ApiError> {
        let fields: Vec<&str> = text.split(':').collect();
        let (place, owner, rest) = match fields.as_slice() {
            ["arn", _, "lambda", place, owner, "function", rest @ ..] => {
                (Some(*place), Some(*owner), rest)
            }
            [owner, "function", rest @ ..] => (None, Some(*owner), rest),
            ["function", rest @ ..] if !rest.is_empty() => (None, None, rest),
            rest => (None, None, rest),
        };
        let (name, within) = match rest {
            [name] => (*name, None),
            [name, qualifier] => (*name, Some(*qualifier)),
            _ => return Err(malformed(text)),
        };
        let name = FunctionName::parse(name).map_err(|_| malformed(text))?;
        let account = match owner {
            Some(owner) => AccountId::parse(owner).map_err(|_| malformed(text))?,
            None => account.clone(),
        };
        if let Some(place) = place
            && place != region.as_str()
        {
            return Err(not_found(format!(
                "Functions from '{place}' are not reachable in this region ('{region}')"
            )));
        }
        if let (Some(within), Some(beside)) = (within, beside)
            && within != beside
        {
            return Err(super::validate::invalid(
                "The derived qualifier from the function name does not match the specified \
                 qualifier.",
            ));
        }
        Ok(Self {
            key: Key {
                account,
                region: region.clone(),
                name,
            },
            qualifier: within.or(beside).map(str::to_owned),
        })
    }

    /// Whether it names what can be changed.
    pub(super) fn is_latest(&self) -> bool {
        self.qualifier
            .as_deref()
            .is_none_or(|qualifier| qualifier == LATEST)
    }

    /// The ARN, with the qualifier if there is one.
    pub(super) fn arn(&self) -> String {
        let arn = self.key.arn();
        match &self.qualifier {
            Some(qualifier) => format!("{arn}:{qualifier}"),
            None => arn.to_string(),
        }
    }
}

fn malformed(text: &str) -> ApiError {
    let mut violations = Violations::default();
    violations.pattern(
        "functionName",
        text,
        false,
        r"(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?",
    );
    match violations.finish() {
        Err(error) => error,
        Ok(()) => not_found(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, beside: Option<&str>) -> Result<Reference, ApiError> {
        let account = AccountId::parse("123456789012").unwrap();
        let region = Region::parse("eu-central-1").unwrap();
        Reference::parse(text, beside, &account, &region)
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(parse(text, None).unwrap().arn(), expected);
    }

    #[test]
    fn a_function_can_be_named_in_many_ways() {
        let arn = "arn:aws:lambda:eu-central-1:123456789012:function:load";
        check("load", arn);
        check("function:load", arn);
        check("123456789012:function:load", arn);
        check(arn, arn);
        let latest = format!("{arn}:$LATEST");
        check("load:$LATEST", &latest);
        check(&latest, &latest);
        let other = "arn:aws:lambda:eu-central-1:999999999999:function:load";
        check("999999999999:function:load", other);
        assert!(parse(&latest, Some("$LATEST")).unwrap().is_latest());
        assert!(!parse("load", Some("7")).unwrap().is_latest());
    }

    #[track_caller]
    fn check_refused(text: &str, beside: Option<&str>, code: &str, message: &str) {
        let error = parse(text, beside).unwrap_err();
        assert_eq!(error.code, code);
        assert!(error.message.contains(message), "{}", error.message);
    }

    #[test]
    fn what_names_no_function_is_refused() {
        check_refused(
            "a b",
            None,
            "ValidationException",
            "'a b' at 'functionName'",
        );
        check_refused("a:b:c:d", None, "ValidationException", "functionName");
        check_refused(
            "arn:aws:lambda:us-east-1:123456789012:function:load",
            None,
            "ResourceNotFoundException",
            "Functions from 'us-east-1' are not reachable in this region ('eu-central-1')",
        );
        check_refused(
            "load:1",
            Some("2"),
            "InvalidParameterValueException",
            "does not match the specified qualifier",
        );
    }
}
