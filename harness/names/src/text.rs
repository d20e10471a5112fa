//! What all names share: each is its text, in every comparison and on every wire.

/// Gives a type with `parse` and `as_str` the traits of a piece of text.
///
/// Equality, order and hash are those of the text, so that `Borrow<str>` holds and a map keyed by
/// names can be asked with a `&str`.
macro_rules! is_its_text {
    ($name:ident) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_tuple(stringify!($name))
                    .field(&self.as_str())
                    .finish()
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::NameError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = $crate::NameError;

            fn try_from(text: &str) -> Result<Self, Self::Error> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::NameError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.as_str().to_owned()
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                self.as_str()
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.as_str() == other.as_str()
            }
        }

        impl Eq for $name {}

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.as_str() == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.as_str() == *other
            }
        }

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Ord for $name {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                self.as_str().cmp(other.as_str())
            }
        }

        impl std::hash::Hash for $name {
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                self.as_str().hash(state);
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

/// A name that is checked text and nothing else: `checked(text)` is `Err(rule)` if it breaks one.
macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $page:literal, $check:path) => {
        $(#[$doc])*
        ///
        #[doc = concat!("Follows <", $page, ">.")]
        #[derive(Clone)]
        pub struct $name(String);

        impl $name {
            /// Checks `text` and takes it as it is.
            ///
            /// # Errors
            /// If `text` breaks a rule of the page above; the error names the rule.
            pub fn parse(text: &str) -> Result<Self, $crate::NameError> {
                match $check(text) {
                    Ok(()) => Ok(Self(text.to_owned())),
                    Err(rule) => Err($crate::NameError::new($kind, $page, text, rule)),
                }
            }

            /// The text as it was parsed.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        $crate::text::is_its_text!($name);
    };
}

pub(crate) use {checked_text, is_its_text};

/// A rule for text of `min..=max` ASCII characters, each allowed by `allowed`.
pub(crate) fn characters(
    text: &str,
    min: usize,
    max: usize,
    what: &str,
    allowed: impl Fn(char) -> bool,
) -> Result<(), String> {
    let length = text.chars().count();
    if length < min || length > max {
        return Err(format!(
            "it must have {min} to {max} characters, not {length}"
        ));
    }
    match text.chars().find(|&c| !allowed(c)) {
        Some(c) => Err(format!("it may only have {what}, not {c:?}")),
        None => Ok(()),
    }
}

/// Letters, digits, `-` and `_`: what Lambda, SNS and SQS allow.
pub(crate) fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

#[cfg(test)]
pub(crate) mod tests {
    /// Runs `parse` and compares with what is expected: the text itself, or the rule it breaks.
    #[track_caller]
    pub(crate) fn check<T: AsRef<str>>(
        parse: impl Fn(&str) -> Result<T, crate::NameError>,
        text: &str,
        rule: Option<&str>,
    ) {
        match (parse(text), rule) {
            (Ok(name), None) => assert_eq!(name.as_ref(), text),
            (Err(error), Some(rule)) => {
                assert_eq!(error.rule(), rule, "for {text:?}");
                assert_eq!(error.value(), text);
                assert!(error.page().starts_with("https://docs.aws.amazon.com/"));
            }
            (Ok(_), Some(rule)) => panic!("{text:?} was accepted, although {rule}"),
            (Err(error), None) => panic!("{error}"),
        }
    }
}
