//! Filter patterns: which log events somebody wants to see.
//!
//! A pattern is of one of four kinds, by its first character: `{` asks about the members of a JSON
//! object (`json`), `[` about the words of a line (`fields`), `%` is a regular expression, and
//! anything else is terms that a line has or lacks (`terms`). The first two are built of conditions
//! (`condition`) joined by `&&`, `||` and parentheses (`expression`), read by one `lexer`.
//!
//! Everything here is a function of its arguments.
//!
//! Follows <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>
//! and, where it says nothing, what others have seen AWS answer.

use std::collections::BTreeMap;

mod condition;
mod expression;
mod fields;
mod json;
mod lexer;
mod regular;
mod terms;

#[cfg(test)]
mod tests;

use fields::Fields;
use json::JsonPattern;
use regular::RegularExpression;
use terms::Terms;

/// A pattern that was understood.
#[derive(Debug)]
pub(crate) struct Pattern(Kind);

#[derive(Debug)]
enum Kind {
    Terms(Terms),
    RegularExpression(RegularExpression),
    Json(JsonPattern),
    Fields(Fields),
}

/// Why a pattern is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PatternError {
    #[error("Invalid character(s) in term '{0}'")]
    Characters(String),
    #[error("If a filter pattern starts with '{0}' it must end with '{1}'")]
    Unclosed(char, char),
    #[error("Invalid filter pattern: {0}")]
    Syntax(String),
}

impl PatternError {
    fn syntax(what: impl Into<String>) -> Self {
        Self::Syntax(what.into())
    }
}

impl Pattern {
    /// Reads a pattern; nothing at all matches everything.
    pub(crate) fn parse(text: &str) -> Result<Self, PatternError> {
        let text = text.trim();
        let kind = match text.chars().next() {
            Some('{') => Kind::Json(JsonPattern::parse(inside(text, '{', '}')?)?),
            Some('[') => Kind::Fields(Fields::parse(inside(text, '[', ']')?)?),
            Some('%') => {
                let expression = inside(text, '%', '%')?;
                Kind::RegularExpression(RegularExpression::parse(expression)?)
            }
            Some(_) | None => Kind::Terms(Terms::parse(text)?),
        };
        Ok(Self(kind))
    }

    /// Whether an event's message is one of those that are wanted.
    pub(crate) fn matches(&self, message: &str) -> bool {
        match &self.0 {
            Kind::Terms(terms) => terms.matches(message),
            Kind::RegularExpression(expression) => expression.matches(message),
            Kind::Json(pattern) => pattern.matches(message),
            Kind::Fields(fields) => fields.values(message).is_some(),
        }
    }

    /// The same, with the words that the pattern names, by `$` and their names or numbers. Other
    /// kinds of patterns name none.
    pub(crate) fn extract(&self, message: &str) -> Option<BTreeMap<String, String>> {
        match &self.0 {
            Kind::Fields(fields) => fields.values(message),
            Kind::Terms(_) | Kind::RegularExpression(_) | Kind::Json(_) => {
                self.matches(message).then(BTreeMap::new)
            }
        }
    }
}

/// What stands between a pattern's first and last character.
fn inside(text: &str, open: char, close: char) -> Result<&str, PatternError> {
    text.strip_prefix(open)
        .and_then(|rest| rest.strip_suffix(close))
        .ok_or(PatternError::Unclosed(open, close))
}
