//! Tags as condition keys: those that a resource has, and those that a request asks for.
//!
//! Follows <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html>.

use std::collections::BTreeMap;

/// Condition keys and their values.
pub type TagContext = Vec<(String, String)>;

/// The tags that the resource has.
#[must_use]
pub fn resource_tags<'a>(tags: impl IntoIterator<Item = (&'a String, &'a String)>) -> TagContext {
    tags.into_iter()
        .map(|(key, value)| (format!("aws:ResourceTag/{key}"), value.clone()))
        .collect()
}

/// The tags that a request asks for.
#[must_use]
pub fn request_tags(tags: &BTreeMap<String, String>) -> TagContext {
    tags.iter()
        .flat_map(|(key, value)| {
            let tag = (format!("aws:RequestTag/{key}"), value.clone());
            [tag, tag_key(key)]
        })
        .collect()
}

/// The keys of tags that a request is about.
#[must_use]
pub fn tag_keys<'a>(keys: impl IntoIterator<Item = &'a String>) -> TagContext {
    keys.into_iter().map(|key| tag_key(key)).collect()
}

/// The same keys, as decisions take them.
#[must_use]
pub fn borrowed(context: &[(String, String)]) -> Vec<(&str, String)> {
    context
        .iter()
        .map(|(key, value)| (key.as_str(), value.clone()))
        .collect()
}

fn tag_key(key: &str) -> (String, String) {
    ("aws:TagKeys".to_owned(), key.to_owned())
}
