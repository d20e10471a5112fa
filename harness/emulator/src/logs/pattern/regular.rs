//! Regular expressions, between percent signs.

use regex::bytes::{Regex, RegexBuilder};

use super::PatternError;

/// What an expression may have besides letters and digits.
const ALLOWED: &str = r":_#=@/;,-^$?[]{}|\*+.";

/// A regular expression, which matches anywhere in a text. It knows ASCII alone.
#[derive(Debug)]
pub(super) struct RegularExpression(Regex);

impl RegularExpression {
    /// Reads what stands between the percent signs.
    pub(super) fn parse(text: &str) -> Result<Self, PatternError> {
        if text.is_empty() {
            return Err(PatternError::Characters("%%".to_owned()));
        }
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || ALLOWED.contains(c);
        if let Some(wrong) = text.chars().find(|c| !is_allowed(*c)) {
            return Err(PatternError::Characters(wrong.to_string()));
        }
        let built = RegexBuilder::new(text).unicode(false).build();
        let built = built.map_err(|error| {
            let why = error.to_string();
            let last = why.lines().last().unwrap_or_default();
            let why = last.trim_start_matches("error: ");
            PatternError::syntax(format!("the regular expression %{text}%: {why}"))
        });
        built.map(Self)
    }

    /// Whether it matches a part of the text. The line's own end is none.
    pub(super) fn matches(&self, text: &str) -> bool {
        let line = text.strip_suffix('\n').unwrap_or(text);
        self.0.is_match(line.as_bytes())
    }
}
