//! The part of a bucket that belongs to one pipeline.
//!
//! An emulator of one's own has buckets of one's own. On a deployed stack several runs share the
//! buckets, so the keys of each run, and of each scenario in it, begin with words of their own.
//! Scenarios speak of `zips.csv` in either case.

use rand::RngExt as _;
use time::OffsetDateTime;
use time::macros::format_description;

/// What all keys of all runs begin with.
pub(crate) const FOLDER: &str = "zipster-test";

/// A name that sorts by time and is nobody else's.
pub(crate) fn run_name() -> String {
    let format = format_description!("[year][month][day]t[hour][minute][second]z");
    let now = OffsetDateTime::now_utc()
        .format(format)
        .unwrap_or_else(|_| "run".to_owned());
    format!("{now}-{:08x}", rand::rng().random::<u32>())
}

/// A prefix of keys; empty where the buckets are nobody else's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeySpace {
    prefix: String,
}

impl KeySpace {
    /// All keys.
    #[must_use]
    pub fn whole() -> Self {
        Self::default()
    }

    /// The keys below `folder`, which needs no slash at its end.
    #[must_use]
    pub fn below(folder: &str) -> Self {
        Self {
            prefix: format!("{}/", folder.trim_end_matches('/')),
        }
    }

    /// What all its keys begin with.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The object key of what a scenario calls `name`.
    #[must_use]
    pub fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// What a scenario calls the object with this key; `None` if the key is somebody else's.
    #[must_use]
    pub fn name<'a>(&self, key: &'a str) -> Option<&'a str> {
        key.strip_prefix(self.prefix.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::KeySpace;

    #[test]
    fn names_become_keys_and_back() {
        let space = KeySpace::below("zipster-test/1");
        assert_eq!(space.key("south/a b.csv"), "zipster-test/1/south/a b.csv");
        assert_eq!(
            space.name("zipster-test/1/south/a b.csv"),
            Some("south/a b.csv")
        );
        assert_eq!(space.name("zipster-test/12/a.csv"), None);
        let whole = KeySpace::whole();
        assert_eq!(whole.key("a.csv"), "a.csv");
        assert_eq!(whole.name("a.csv"), Some("a.csv"));
    }
}
