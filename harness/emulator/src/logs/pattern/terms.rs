//! Terms that a message has or lacks: `ERROR "an exact phrase" -Debug`, `?ERROR ?WARN`.

use super::PatternError;
use super::lexer::quoted;

/// The terms of a pattern.
#[derive(Debug, Default)]
pub(super) struct Terms {
    /// All of these.
    required: Vec<String>,
    /// None of these.
    excluded: Vec<String>,
    /// Any of these; as on AWS they count for nothing beside terms of other kinds.
    optional: Vec<String>,
}

impl Terms {
    pub(super) fn parse(text: &str) -> Result<Self, PatternError> {
        let mut terms = Self::default();
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let (list, start) = match first {
                '-' => (&mut terms.excluded, rest[1..].trim_start()),
                '?' => (&mut terms.optional, &rest[1..]),
                _ => (&mut terms.required, rest),
            };
            let (term, after) = term(start, first)?;
            list.push(term);
            rest = after.trim_start();
        }
        Ok(terms)
    }

    pub(super) fn matches(&self, message: &str) -> bool {
        let has = |term: &String| message.contains(term.as_str());
        if self.required.is_empty() && self.excluded.is_empty() {
            return self.optional.is_empty() || self.optional.iter().any(has);
        }
        self.required.iter().all(has) && !self.excluded.iter().any(has)
    }
}

/// The term at the beginning of `text`, and what comes after it. `sign` is what is wrong if there
/// is none.
fn term(text: &str, sign: char) -> Result<(String, &str), PatternError> {
    if text.starts_with('"') {
        let (term, after) = quoted(text)?;
        if term.is_empty() {
            return Err(PatternError::Characters("\"\"".to_owned()));
        }
        return Ok((term, after));
    }
    let end = text
        .find(|c: char| c.is_whitespace() || c == '"')
        .unwrap_or(text.len());
    let (word, after) = text.split_at(end);
    if word.is_empty() {
        return Err(PatternError::Characters(sign.to_string()));
    }
    let is_wrong = |c: &char| !c.is_ascii_alphanumeric() && *c != '_';
    let wrong: String = word
        .chars()
        .skip_while(|c| !is_wrong(c))
        .take_while(is_wrong)
        .collect();
    if !wrong.is_empty() {
        return Err(PatternError::Characters(wrong));
    }
    Ok((word.to_owned(), after))
}
