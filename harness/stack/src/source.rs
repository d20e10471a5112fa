//! Texts that were read, and places in them.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A file's path and text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The path, as diagnostics show it.
    pub path: String,
    /// What the file holds.
    pub text: String,
}

impl Source {
    /// A file that was read from `path`.
    #[must_use]
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
        }
    }
}

/// Some bytes of a source.
#[derive(Clone)]
pub(crate) struct Span {
    pub source: Arc<Source>,
    pub range: Range<usize>,
}

impl Span {
    pub(crate) fn new(source: &Arc<Source>, range: Range<usize>) -> Self {
        Self {
            source: Arc::clone(source),
            range,
        }
    }

    /// The text that the span covers.
    pub(crate) fn text(&self) -> &str {
        self.source.text.get(self.range.clone()).unwrap_or("")
    }

    pub(crate) fn place(&self) -> Place {
        let text = &self.source.text;
        let start = floor(text, self.range.start);
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        Place {
            path: self.source.path.clone(),
            line: text[..start].matches('\n').count() + 1,
            column: text[line_start..start].chars().count() + 1,
        }
    }
}

/// The nearest character boundary at or before `at`.
pub(crate) fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// A line and column of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct Place {
    /// The file's path, as it came in its [`Source`].
    pub path: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.path, self.line, self.column)
    }
}
