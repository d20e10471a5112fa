//! What is wrong with a configuration, where, and what to do about it.

use std::fmt;
use std::ops::Range;

use crate::Place;
use crate::source::{Span, floor};

/// Whether a problem keeps the stack from being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// There is no stack.
    Error,
    /// There is one, but something about it deserves a look.
    Warning,
}

/// One problem. `Display` shows it with its line of source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    severity: Severity,
    message: String,
    at: Option<Excerpt>,
    hint: Option<String>,
}

/// A place with its line, to point at.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Excerpt {
    place: Place,
    line: String,
    /// How many characters to underline, at least one.
    width: usize,
}

impl Diagnostic {
    pub(crate) fn error(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            message: message.into(),
            at: None,
            hint: None,
        }
    }

    pub(crate) fn warning(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(message)
        }
    }

    pub(crate) fn at(mut self, span: &Span) -> Self {
        let text = &span.source.text;
        let Range { start, end } = span.range;
        let start = floor(text, start);
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let end = floor(text, end).clamp(start, line_end);
        let width = text[start..end].trim_end().chars().count().max(1);
        self.at = Some(Excerpt {
            place: span.place(),
            line: text[line_start..line_end].trim_end().to_owned(),
            width,
        });
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whether it keeps the stack from being read.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// What is wrong, in one lower-case sentence.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where, unless it is about what no file says.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        self.at.as_ref().map(|excerpt| &excerpt.place)
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{severity}: {}", self.message)?;
        if let Some(Excerpt { place, line, width }) = &self.at {
            let number = place.line.to_string();
            // A tab stays one, so that the caret stands below what it points at.
            let indent: String = line
                .chars()
                .chain(std::iter::repeat(' '))
                .take(place.column - 1)
                .map(|c| if c == '\t' { '\t' } else { ' ' })
                .collect();
            let gutter = " ".repeat(number.len());
            write!(
                f,
                "\n{gutter}--> {place}\n{number} | {line}\n{gutter} | {indent}{}",
                "^".repeat(*width)
            )?;
        }
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

/// The problems found so far.
#[derive(Default)]
pub(crate) struct Diagnostics {
    found: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Adds a problem, unless the very same was found before: one block may be evaluated many
    /// times, for its instances.
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        if !self.found.contains(&diagnostic) {
            self.found.push(diagnostic);
        }
    }

    pub(crate) fn extend(&mut self, other: Self) {
        for diagnostic in other.found {
            self.push(diagnostic);
        }
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.found
            .iter()
            .any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// All problems, by file, line and column; those without a place come first.
    pub(crate) fn into_sorted(self) -> Vec<Diagnostic> {
        let mut found = self.found;
        found.sort_by(|a, b| a.place().cmp(&b.place()));
        found
    }
}

/// The one of `known` that `name` was probably meant to be.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let far = (name.chars().count() / 3).max(1) + 1;
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= far)
        .min()
        .map(|(_, candidate)| candidate)
}

/// A hint that names the nearest of `known`, or all of them if they are few.
pub(crate) fn did_you_mean<'a>(
    name: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<String> {
    if let Some(nearest) = nearest(name, known.clone()) {
        return Some(format!("did you mean `{nearest}`?"));
    }
    let all: Vec<&str> = known.into_iter().collect();
    match all.as_slice() {
        [] => None,
        few if few.len() <= 12 => Some(format!("there are: {}", few.join(", "))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Source;
    use std::sync::Arc;

    fn span(text: &str, of: &str) -> Span {
        let start = text.find(of).unwrap();
        let source = Arc::new(Source::new("terraform/lambda.tf", text));
        Span::new(&source, start..start + of.len())
    }

    #[test]
    fn a_problem_shows_where_it_is_and_what_to_do() {
        let text = "\n\n\n\n\n\n\n\n\n\n\n\n\n  policy = templatefile(\"role.json\", {})\n";
        let diagnostic =
            Diagnostic::error("cannot evaluate `templatefile`: function not supported")
                .at(&span(text, "templatefile"))
                .hint("write the policy with jsonencode(...)");
        insta::assert_snapshot!(diagnostic, @r#"
        error: cannot evaluate `templatefile`: function not supported
          --> terraform/lambda.tf:14:12
        14 |   policy = templatefile("role.json", {})
           |            ^^^^^^^^^^^^
        hint: write the policy with jsonencode(...)
        "#);
    }

    #[test]
    fn carets_stand_below_what_they_point_at() {
        let diagnostic = Diagnostic::warning("x").at(&span("\tü = ö + y", "ö + y"));
        assert_eq!(
            diagnostic.to_string(),
            "warning: x\n --> terraform/lambda.tf:1:6\n1 | \tü = ö + y\n  | \t    ^^^^^"
        );
        // More than one line: the first is underlined.
        let diagnostic = Diagnostic::error("x").at(&span("a = {\n}", "{\n}"));
        assert!(diagnostic.to_string().ends_with("|     ^"));
        // The end of a file is a place, too.
        let source = Arc::new(Source::new("a.tf", "a"));
        let diagnostic = Diagnostic::error("x").at(&Span::new(&source, 1..1));
        assert!(diagnostic.to_string().ends_with("1 | a\n  |  ^"));
    }

    #[test]
    fn the_nearest_name_is_near() {
        let known = ["bucket", "key", "queue"];
        for (typed, meant) in [
            ("buckte", Some("bucket")),
            ("Queue", Some("queue")),
            ("keys", Some("key")),
            ("function", None),
        ] {
            assert_eq!(nearest(typed, known), meant, "for {typed}");
        }
    }
}
