//! Error files as reviewed snapshots, in `features/snapshots/`.

use std::path::Path;

/// Compares an error file with the one that was reviewed; `cargo insta review` shows and accepts
/// differences.
///
/// # Panics
/// If they differ, or if none was reviewed.
pub fn assert_error_file(scenario: &str, key: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings
        .set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../features/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_description(format!(
        "the error file of {key:?} in the scenario {scenario:?}"
    ));
    settings.bind(|| insta::assert_snapshot!(slug(scenario, key), text));
}

/// A file name: lower case, words joined by `-`.
fn slug(scenario: &str, key: &str) -> String {
    let mut slug = String::new();
    for character in format!("{scenario} {key}").to_lowercase().chars() {
        if character.is_ascii_alphanumeric() {
            slug.push(character);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn a_snapshot_is_named_after_scenario_and_file() {
        assert_eq!(
            slug("Two files at once", "south/hawaii + guam.csv"),
            "two-files-at-once-south-hawaii-guam-csv"
        );
    }
}
