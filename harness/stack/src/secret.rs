//! Text that does not print itself.

use std::fmt;

use serde::{Serialize, Serializer};

/// What stands in for a sensitive value wherever it would be printed.
const PLACEHOLDER: &str = "(sensitive value)";

/// Text that may be secret: it came from a variable, output or function marked `sensitive`.
///
/// `Debug` and serialisation show a placeholder for a secret one; reading it takes
/// [`Text::expose`].
#[derive(Clone, PartialEq, Eq)]
pub struct Text {
    value: String,
    sensitive: bool,
}

impl Text {
    /// Text that anyone may see.
    #[must_use]
    pub fn plain(value: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            sensitive: false,
        }
    }

    /// Text that must not be shown.
    #[must_use]
    pub fn sensitive(value: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            sensitive: true,
        }
    }

    /// The text itself, for handing it to what needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.value
    }

    /// Whether it must not be shown.
    #[must_use]
    pub fn is_sensitive(&self) -> bool {
        self.sensitive
    }

    fn shown(&self) -> &str {
        if self.sensitive {
            PLACEHOLDER
        } else {
            &self.value
        }
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.shown(), f)
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.shown())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_a_placeholder() {
        let secret = Text::sensitive("hunter2");
        assert_eq!(format!("{secret:?}"), "\"(sensitive value)\"");
        assert_eq!(
            serde_json::to_string(&secret).unwrap(),
            "\"(sensitive value)\""
        );
        assert_eq!(secret.expose(), "hunter2");
        assert_eq!(format!("{:?}", Text::plain("a")), "\"a\"");
    }
}
