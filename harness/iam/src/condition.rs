//! One line of a `Condition` element: operator, context key, values.
//!
//! The values of a condition are alternatives; the conditions of a statement must all hold. With an
//! unwanted match (`...Not...`) it is the other way round: none of the values may match. A key that
//! the request lacks fails a wanted match and passes an unwanted one, unless `IfExists`,
//! `ForAllValues:` or `ForAnyValue:` say otherwise.
//!
//! AWS leaves open what an operator without `ForAnyValue:` or `ForAllValues:` makes of a key with
//! several values; here one of them must match (or, for an unwanted match, none).
//!
//! Follows <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html>.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rust_decimal::Decimal;
use time::OffsetDateTime;

use crate::operand::{self, Network};
use crate::operator::{Comparison, Operator, Sense, SetOperator, Test, TextMatch};
use crate::pattern::{self, Reach, Token};
use crate::policy::Version;
use crate::request::ContextKeys;
use crate::variables::{Template, Unresolved, Wildcards};

/// A condition of a statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    name: String,
    key: String,
    set: SetOperator,
    if_exists: bool,
    sense: Sense,
    values: Vec<Operand>,
}

/// A value in the policy, and how the request's value is compared with it.
#[derive(Debug, Clone, PartialEq)]
enum Operand {
    Text(TextMatch, Template),
    Arn(Template),
    Number(Comparison, Decimal),
    Date(Comparison, OffsetDateTime),
    Bool(Template),
    Binary(Vec<u8>),
    Address(Network),
    /// Whether the key should be missing.
    Null(bool),
}

/// What came of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Met,
    NotMet,
    /// It needs a variable that has no value.
    Unresolved(Unresolved),
}

impl Condition {
    /// Reads the values of a condition. The error is the offending value and what it should be.
    pub(crate) fn parse(
        name: &str,
        operator: Operator,
        key: &str,
        values: &[String],
        version: Version,
    ) -> Result<Self, (String, &'static str)> {
        let values = values
            .iter()
            .map(|value| {
                Operand::parse(operator.test, value, version).map_err(|rule| (value.clone(), rule))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            name: name.to_owned(),
            key: key.to_owned(),
            set: operator.set,
            if_exists: operator.if_exists,
            sense: sense(operator.test),
            values,
        })
    }

    /// The operator as the policy spells it, prefix and suffix included.
    #[must_use]
    pub fn operator(&self) -> &str {
        &self.name
    }

    /// The context key as the policy spells it.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Tests the condition against a request's context.
    pub(crate) fn test(&self, context: &ContextKeys) -> Verdict {
        let found = context.get(&self.key);
        if let [Operand::Null(_), ..] = self.values.as_slice() {
            let wanted = Operand::Null(found.is_empty());
            return met(self.values.contains(&wanted));
        }
        // An empty string is no value where sets are compared.
        let is_empty = match self.set {
            SetOperator::None => found.is_empty(),
            SetOperator::Any | SetOperator::All => found.iter().all(String::is_empty),
        };
        if found.is_empty() && self.if_exists {
            return Verdict::Met;
        }
        if is_empty {
            return met(match self.set {
                SetOperator::None => self.sense == Sense::Unwanted,
                SetOperator::Any => false,
                SetOperator::All => true,
            });
        }
        let mut unresolved = None;
        let mut hits = 0;
        for value in found {
            let mut matched = false;
            for operand in &self.values {
                match operand.matches(value, context) {
                    Ok(matches) => matched |= matches,
                    Err(missing) => unresolved = Some(missing),
                }
            }
            hits += usize::from(matched == (self.sense == Sense::Wanted));
        }
        let holds = match (self.set, self.sense) {
            (SetOperator::None, Sense::Wanted) | (SetOperator::Any, _) => hits > 0,
            (SetOperator::None, Sense::Unwanted) | (SetOperator::All, _) => hits == found.len(),
        };
        match unresolved {
            // Without the variable's value nobody can say that nothing matches.
            Some(missing) if !holds || self.sense == Sense::Unwanted => {
                Verdict::Unresolved(missing)
            }
            Some(_) | None => met(holds),
        }
    }
}

fn met(holds: bool) -> Verdict {
    if holds { Verdict::Met } else { Verdict::NotMet }
}

fn sense(test: Test) -> Sense {
    match test {
        Test::Text(_, sense)
        | Test::Number(_, sense)
        | Test::Date(_, sense)
        | Test::Address(sense)
        | Test::Arn(sense) => sense,
        Test::Bool | Test::Binary | Test::Null => Sense::Wanted,
    }
}

impl Operand {
    fn parse(test: Test, value: &str, version: Version) -> Result<Self, &'static str> {
        Ok(match test {
            Test::Text(how, _) => {
                let wildcards = match how {
                    TextMatch::Wildcards => Wildcards::Yes,
                    TextMatch::Exact | TextMatch::IgnoringCase => Wildcards::No,
                };
                Self::Text(how, Template::parse(value, wildcards, version)?)
            }
            Test::Arn(_) => {
                let template = Template::parse(value, Wildcards::Yes, version)?;
                if template.is_constant() && value.splitn(6, ':').count() < 6 {
                    return Err("is not an ARN: it needs six fields between colons");
                }
                Self::Arn(template)
            }
            Test::Number(how, _) => {
                Self::Number(how, operand::number(value).ok_or("is not a number")?)
            }
            Test::Date(how, _) => Self::Date(
                how,
                operand::date(value)
                    .ok_or("is not a date: write it like 2026-11-30T23:59:00Z, or in seconds")?,
            ),
            Test::Bool => {
                let template = Template::parse(value, Wildcards::No, version)?;
                if template.is_constant() && operand::boolean(value).is_none() {
                    return Err("is neither true nor false");
                }
                Self::Bool(template)
            }
            Test::Binary => Self::Binary(STANDARD.decode(value).map_err(|_| "is not base 64")?),
            Test::Address(_) => Self::Address(
                Network::parse(value)
                    .ok_or("is no address or range of addresses: write it like 203.0.113.0/24")?,
            ),
            Test::Null => Self::Null(operand::boolean(value).ok_or("is neither true nor false")?),
        })
    }

    /// Whether the request's value matches; one of the wrong type does not.
    fn matches(&self, theirs: &str, context: &ContextKeys) -> Result<bool, Unresolved> {
        Ok(match self {
            Self::Text(how, template) => {
                let pattern = template.tokens(context)?;
                match how {
                    TextMatch::Exact | TextMatch::Wildcards => {
                        pattern::matches(&pattern, theirs, Reach::Everything)
                    }
                    TextMatch::IgnoringCase => {
                        plain(&pattern).to_lowercase() == theirs.to_lowercase()
                    }
                }
            }
            Self::Arn(template) => pattern::matches_arn(&template.tokens(context)?, theirs),
            Self::Number(how, ours) => {
                operand::number(theirs).is_some_and(|theirs| how.holds(&theirs, ours))
            }
            Self::Date(how, ours) => {
                operand::date(theirs).is_some_and(|theirs| how.holds(&theirs, ours))
            }
            Self::Bool(template) => {
                let ours = operand::boolean(&plain(&template.tokens(context)?));
                ours.is_some() && ours == operand::boolean(theirs)
            }
            Self::Binary(ours) => theirs.as_bytes() == ours,
            Self::Address(network) => theirs
                .parse::<IpAddr>()
                .is_ok_and(|address| network.contains(address)),
            // Asked of the key as a whole, in `Condition::test`.
            Self::Null(missing) => !missing,
        })
    }
}

/// The text of a pattern without wildcards.
fn plain(pattern: &[Token]) -> String {
    pattern
        .iter()
        .map(|token| match token {
            Token::Char(c) => *c,
            Token::One => '?',
            Token::Any => '*',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MET: Verdict = Verdict::Met;
    const NOT_MET: Verdict = Verdict::NotMet;

    fn unresolved(key: &str) -> Verdict {
        Verdict::Unresolved(Unresolved {
            key: key.to_owned(),
        })
    }

    /// Tests `operator` with `ours` against a key that has the values `theirs`.
    #[track_caller]
    fn check(operator: &str, ours: &[&str], theirs: &[&str], expected: &Verdict) {
        let ours: Vec<String> = ours.iter().map(|&value| value.to_owned()).collect();
        let parsed = Operator::parse(operator).expect("an operator");
        let condition =
            Condition::parse(operator, parsed, "x:Key", &ours, Version::V2012).expect("values");
        let mut context = ContextKeys::new().with("aws:username", "carlos");
        if !theirs.is_empty() {
            context = context.with_all("X:key", theirs.iter().copied());
        }
        assert_eq!(
            condition.test(&context),
            *expected,
            "{operator} {ours:?} against {theirs:?}"
        );
    }

    #[test]
    fn each_operator_compares_in_its_way() {
        let cases: &[(&str, &[&str], &[&str], Verdict)] = &[
            ("StringEquals", &["a"], &["a"], MET),
            ("StringEquals", &["a"], &["A"], NOT_MET),
            ("StringEquals", &["a*"], &["ab"], NOT_MET),
            ("StringEquals", &["a*"], &["a*"], MET),
            ("StringEquals", &["${aws:username}"], &["carlos"], MET),
            ("StringNotEquals", &["a"], &["b"], MET),
            ("StringNotEquals", &["a"], &["a"], NOT_MET),
            ("StringEqualsIgnoreCase", &["aB"], &["Ab"], MET),
            ("StringNotEqualsIgnoreCase", &["aB"], &["Ab"], NOT_MET),
            (
                "StringLike",
                &["home/${aws:username}/*"],
                &["home/carlos/x"],
                MET,
            ),
            ("StringLike", &["a?"], &["abc"], NOT_MET),
            ("StringNotLike", &["a*"], &["abc"], NOT_MET),
            ("StringNotLike", &["a*"], &["b"], MET),
            ("NumericEquals", &["10"], &["10.0"], MET),
            ("NumericNotEquals", &["10"], &["10.0"], NOT_MET),
            ("NumericLessThan", &["10"], &["9.99"], MET),
            ("NumericLessThan", &["10"], &["10"], NOT_MET),
            ("NumericLessThanEquals", &["10"], &["10"], MET),
            ("NumericGreaterThan", &["10"], &["10"], NOT_MET),
            ("NumericGreaterThanEquals", &["10"], &["10"], MET),
            ("NumericEquals", &["10"], &["ten"], NOT_MET),
            (
                "DateEquals",
                &["2026-01-01"],
                &["2026-01-01T01:00:00+01:00"],
                MET,
            ),
            ("DateNotEquals", &["2026-01-01"], &["2026-01-02"], MET),
            (
                "DateLessThan",
                &["2026-01-01T00:00:00Z"],
                &["1700000000"],
                MET,
            ),
            ("DateLessThanEquals", &["1700000000"], &["1700000000"], MET),
            ("DateGreaterThan", &["2026-01-01"], &["2025-12-31"], NOT_MET),
            (
                "DateGreaterThanEquals",
                &["2026-01-01"],
                &["2026-01-01"],
                MET,
            ),
            ("Bool", &["true"], &["true"], MET),
            ("Bool", &["TRUE"], &["false"], NOT_MET),
            (
                "BinaryEquals",
                &["QmluYXJ5VmFsdWVJbkJhc2U2NA=="],
                &["BinaryValueInBase64"],
                MET,
            ),
            ("BinaryEquals", &["QQ=="], &["QQ=="], NOT_MET),
            (
                "IpAddress",
                &["203.0.113.0/24", "2001:db8::/32"],
                &["2001:db8::1"],
                MET,
            ),
            ("IpAddress", &["203.0.113.0/24"], &["198.51.100.1"], NOT_MET),
            ("NotIpAddress", &["203.0.113.0/24"], &["198.51.100.1"], MET),
            ("IpAddress", &["0.0.0.0/0"], &["s3.amazonaws.com"], NOT_MET),
            ("ArnLike", &["arn:aws:s3:*:*:b"], &["arn:aws:s3:::b"], MET),
            (
                "ArnEquals",
                &["arn:aws:s3:*:*:b*"],
                &["arn:aws:s3:::bb"],
                MET,
            ),
            ("ArnEquals", &["arn:aws:s3:::b"], &["b"], NOT_MET),
            (
                "ArnNotLike",
                &["arn:aws:s3:::b"],
                &["arn:aws:s3:::b"],
                NOT_MET,
            ),
            (
                "ArnNotEquals",
                &["arn:aws:s3:::b"],
                &["arn:aws:s3:::c"],
                MET,
            ),
            (
                "ArnLike",
                &["arn:aws:iam::1:user/${aws:username}"],
                &["arn:aws:iam::1:user/carlos"],
                MET,
            ),
        ];
        for (operator, ours, theirs, expected) in cases {
            check(operator, ours, theirs, expected);
        }
    }

    #[test]
    fn values_are_alternatives_and_unwanted_ones_must_all_differ() {
        check("StringEquals", &["a", "b"], &["b"], &MET);
        check("StringEquals", &["a", "b"], &["c"], &NOT_MET);
        check("StringNotEquals", &["a", "b"], &["b"], &NOT_MET);
        check("StringNotEquals", &["a", "b"], &["c"], &MET);
        check("NumericGreaterThan", &["10", "5"], &["7"], &MET);
        check(
            "NotIpAddress",
            &["10.0.0.0/8", "192.168.0.0/16"],
            &["10.1.1.1"],
            &NOT_MET,
        );
    }

    #[test]
    fn a_missing_key_fails_unless_the_operator_says_otherwise() {
        check("StringEquals", &["a"], &[], &NOT_MET);
        check("StringNotEquals", &["a"], &[], &MET);
        check("StringEqualsIfExists", &["a"], &[], &MET);
        check("StringEqualsIfExists", &["a"], &["b"], &NOT_MET);
        check("StringNotEqualsIfExists", &["a"], &[], &MET);
        check("NotIpAddress", &["10.0.0.0/8"], &[], &MET);
        check("NumericNotEquals", &["1"], &[], &MET);
        check("Bool", &["false"], &[], &NOT_MET);
        check("BoolIfExists", &["false"], &[], &MET);
        check("ForAllValues:StringEquals", &["a"], &[], &MET);
        check("ForAnyValue:StringEquals", &["a"], &[], &NOT_MET);
        check("ForAnyValue:StringNotEquals", &["a"], &[], &NOT_MET);
        check("ForAnyValue:StringEqualsIfExists", &["a"], &[], &MET);
    }

    #[test]
    fn null_asks_whether_the_key_is_there() {
        check("Null", &["true"], &[], &MET);
        check("Null", &["true"], &["a"], &NOT_MET);
        check("Null", &["false"], &[], &NOT_MET);
        check("Null", &["false"], &["a"], &MET);
        check("Null", &["false"], &[""], &MET);
        check("Null", &["true", "false"], &[], &MET);
    }

    #[test]
    fn sets_are_compared_value_by_value() {
        let cases: &[(&str, &[&str], Verdict)] = &[
            ("ForAllValues:StringEquals", &["a", "b"], MET),
            ("ForAllValues:StringEquals", &["a", "z"], NOT_MET),
            ("ForAllValues:StringEquals", &[""], MET),
            ("ForAnyValue:StringEquals", &["a", "z"], MET),
            ("ForAnyValue:StringEquals", &["y", "z"], NOT_MET),
            ("ForAnyValue:StringEquals", &[""], NOT_MET),
            ("ForAllValues:StringNotEquals", &["y", "z"], MET),
            ("ForAllValues:StringNotEquals", &["a", "z"], NOT_MET),
            ("ForAnyValue:StringNotEquals", &["a", "z"], MET),
            ("ForAnyValue:StringNotEquals", &["a", "b"], NOT_MET),
            // Without a prefix: one must match, or none.
            ("StringEquals", &["a", "z"], MET),
            ("StringNotEquals", &["a", "z"], NOT_MET),
        ];
        for (operator, theirs, expected) in cases {
            check(operator, &["a", "b"], theirs, expected);
        }
    }

    #[test]
    fn a_variable_without_value_matches_nothing_and_excludes_nothing() {
        let missing = unresolved("aws:PrincipalTag/team");
        let ours = &["${aws:PrincipalTag/team}"];
        check("StringEquals", ours, &["a"], &missing);
        check("StringNotEquals", ours, &["a"], &missing);
        check(
            "StringEquals",
            &["${aws:PrincipalTag/team}", "a"],
            &["a"],
            &MET,
        );
        check(
            "StringEquals",
            &["${aws:PrincipalTag/team, 'a'}"],
            &["a"],
            &MET,
        );
        check("StringEqualsIfExists", ours, &[], &MET);
    }

    #[test]
    fn values_of_the_wrong_type_are_refused() {
        let cases = [
            ("NumericEquals", "ten", "is not a number"),
            ("NumericEquals", "${aws:username}", "is not a number"),
            ("Bool", "yes", "is neither true nor false"),
            ("Null", "", "is neither true nor false"),
            ("BinaryEquals", "?", "is not base 64"),
            (
                "ArnLike",
                "*",
                "is not an ARN: it needs six fields between colons",
            ),
            (
                "DateEquals",
                "soon",
                "is not a date: write it like 2026-11-30T23:59:00Z, or in seconds",
            ),
            (
                "IpAddress",
                "localhost",
                "is no address or range of addresses: write it like 203.0.113.0/24",
            ),
            ("StringEquals", "${", "has a `${` without its `}`"),
        ];
        for (name, value, rule) in cases {
            let operator = Operator::parse(name).unwrap();
            let found =
                Condition::parse(name, operator, "x:Key", &[value.to_owned()], Version::V2012);
            assert_eq!(found, Err((value.to_owned(), rule)), "{name}");
        }
    }
}
