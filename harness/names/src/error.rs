//! What is wrong with a name.

/// Text that is not the name it was taken for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} is not {kind}: {rule} (see {page})")]
pub struct NameError {
    kind: &'static str,
    value: String,
    rule: String,
    page: &'static str,
}

impl NameError {
    pub(crate) fn new(
        kind: &'static str,
        page: &'static str,
        value: &str,
        rule: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            value: value.to_owned(),
            rule: rule.into(),
            page,
        }
    }

    /// What the text should have been, with its article: `a bucket name`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// The text as it came.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The rule that it breaks.
    #[must_use]
    pub fn rule(&self) -> &str {
        &self.rule
    }

    /// AWS's page that states the rule.
    #[must_use]
    pub fn page(&self) -> &'static str {
        self.page
    }
}
