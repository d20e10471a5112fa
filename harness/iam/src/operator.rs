//! The names of condition operators.
//!
//! Follows <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>.

/// An operator, taken apart: `ForAnyValue:StringNotLikeIfExists`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operator {
    pub(crate) set: SetOperator,
    pub(crate) test: Test,
    pub(crate) if_exists: bool,
}

/// How the several values of a context key count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SetOperator {
    /// No prefix.
    None,
    /// `ForAnyValue:`
    Any,
    /// `ForAllValues:`
    All,
}

/// What is compared, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Test {
    Text(TextMatch, Sense),
    Number(Comparison, Sense),
    Date(Comparison, Sense),
    Bool,
    Binary,
    Address(Sense),
    Arn(Sense),
    Null,
}

/// Whether a match is wanted or unwanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sense {
    Wanted,
    Unwanted,
}

/// When two texts are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextMatch {
    Exact,
    IgnoringCase,
    Wildcards,
}

/// How the request's value stands to the policy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    pub(crate) fn holds<T: Ord>(self, theirs: &T, ours: &T) -> bool {
        match self {
            Self::Equal => theirs == ours,
            Self::Less => theirs < ours,
            Self::LessOrEqual => theirs <= ours,
            Self::Greater => theirs > ours,
            Self::GreaterOrEqual => theirs >= ours,
        }
    }
}

use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
use Sense::{Unwanted, Wanted};
use TextMatch::{Exact, IgnoringCase, Wildcards};

const TESTS: [(&str, Test); 27] = [
    ("StringEquals", Test::Text(Exact, Wanted)),
    ("StringNotEquals", Test::Text(Exact, Unwanted)),
    ("StringEqualsIgnoreCase", Test::Text(IgnoringCase, Wanted)),
    (
        "StringNotEqualsIgnoreCase",
        Test::Text(IgnoringCase, Unwanted),
    ),
    ("StringLike", Test::Text(Wildcards, Wanted)),
    ("StringNotLike", Test::Text(Wildcards, Unwanted)),
    ("NumericEquals", Test::Number(Equal, Wanted)),
    ("NumericNotEquals", Test::Number(Equal, Unwanted)),
    ("NumericLessThan", Test::Number(Less, Wanted)),
    ("NumericLessThanEquals", Test::Number(LessOrEqual, Wanted)),
    ("NumericGreaterThan", Test::Number(Greater, Wanted)),
    (
        "NumericGreaterThanEquals",
        Test::Number(GreaterOrEqual, Wanted),
    ),
    ("DateEquals", Test::Date(Equal, Wanted)),
    ("DateNotEquals", Test::Date(Equal, Unwanted)),
    ("DateLessThan", Test::Date(Less, Wanted)),
    ("DateLessThanEquals", Test::Date(LessOrEqual, Wanted)),
    ("DateGreaterThan", Test::Date(Greater, Wanted)),
    ("DateGreaterThanEquals", Test::Date(GreaterOrEqual, Wanted)),
    ("Bool", Test::Bool),
    ("BinaryEquals", Test::Binary),
    ("IpAddress", Test::Address(Wanted)),
    ("NotIpAddress", Test::Address(Unwanted)),
    // The two spellings behave the same: wildcards work in both.
    ("ArnEquals", Test::Arn(Wanted)),
    ("ArnLike", Test::Arn(Wanted)),
    ("ArnNotEquals", Test::Arn(Unwanted)),
    ("ArnNotLike", Test::Arn(Unwanted)),
    ("Null", Test::Null),
];

impl Operator {
    /// Reads an operator's name, in AWS's spelling.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (set, rest) = if let Some(rest) = name.strip_prefix("ForAnyValue:") {
            (SetOperator::Any, rest)
        } else if let Some(rest) = name.strip_prefix("ForAllValues:") {
            (SetOperator::All, rest)
        } else {
            (SetOperator::None, name)
        };
        let (test, if_exists) = match rest.strip_suffix("IfExists") {
            Some(test) => (test, true),
            None => (rest, false),
        };
        let (_, test) = *TESTS.iter().find(|(known, _)| *known == test)?;
        // Whether a key is there at all is neither optional nor a question about each value.
        if test == Test::Null && (if_exists || set != SetOperator::None) {
            return None;
        }
        Some(Self {
            set,
            test,
            if_exists,
        })
    }
}

/// The operator that `name` would be in the right case.
pub(crate) fn nearest(name: &str) -> Option<&'static str> {
    TESTS
        .iter()
        .map(|(known, _)| *known)
        .find(|known| known.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefix_and_suffix_are_taken_off() {
        let operator = |set, test, if_exists| {
            Some(Operator {
                set,
                test,
                if_exists,
            })
        };
        let equals = Test::Text(Exact, Wanted);
        let not_like = Test::Text(Wildcards, Unwanted);
        let cases = [
            ("StringEquals", operator(SetOperator::None, equals, false)),
            (
                "StringEqualsIfExists",
                operator(SetOperator::None, equals, true),
            ),
            (
                "ForAnyValue:StringNotLike",
                operator(SetOperator::Any, not_like, false),
            ),
            (
                "ForAllValues:StringNotLikeIfExists",
                operator(SetOperator::All, not_like, true),
            ),
            ("Null", operator(SetOperator::None, Test::Null, false)),
            ("NullIfExists", None),
            ("ForAnyValue:Null", None),
            ("stringequals", None),
            ("StringMatches", None),
            ("ForSomeValues:StringEquals", None),
            ("", None),
        ];
        for (name, expected) in cases {
            assert_eq!(Operator::parse(name), expected, "{name}");
        }
        assert_eq!(nearest("ipaddress"), Some("IpAddress"));
        assert_eq!(nearest("StringMatches"), None);
    }

    #[test]
    fn every_operator_is_known_with_and_without_if_exists() {
        for (name, test) in TESTS {
            assert_eq!(
                Operator::parse(name).map(|operator| operator.test),
                Some(test)
            );
            let optional = Operator::parse(&format!("{name}IfExists"));
            assert_eq!(optional.is_some(), test != Test::Null, "{name}");
        }
    }
}
