//! The copy of an error file that outlives the stack, and how its beginning is shown.

use std::fs;
use std::io::{self, BufRead as _};
use std::path::Path;

/// How many lines are shown.
const SHOWN_LINES: usize = 12;

/// How many characters of a line are shown: a field may have a megabyte.
const SHOWN_CHARACTERS: usize = 400;

/// Most file systems take names of 255 bytes.
const LONGEST_STEM: usize = 200;

/// The name of the copy for the object `key`, which may be a path and as long as 1024 bytes. The
/// end of a long key is kept: it is what tells files apart.
pub fn name(key: &str) -> String {
    let flat = key.replace(['/', '\\', '\0'], "_");
    let mut start = flat.len().saturating_sub(LONGEST_STEM);
    while !flat.is_char_boundary(start) {
        start += 1;
    }
    format!("{}.txt", &flat[start..])
}

/// The first lines of a file, fit for a terminal, and how many more there are.
///
/// # Errors
/// If it cannot be read.
pub fn beginning(path: &Path) -> io::Result<(Vec<String>, u64)> {
    let mut lines = io::BufReader::new(fs::File::open(path)?).lines();
    let shown = lines
        .by_ref()
        .take(SHOWN_LINES)
        .map(|line| line.map(|line| fit(&line)))
        .collect::<io::Result<Vec<_>>>()?;
    let mut more = 0;
    for line in lines {
        line?;
        more += 1;
    }
    Ok((shown, more))
}

/// A line without what a terminal would obey, cut where it gets too long. Error files quote what
/// somebody sent.
fn fit(line: &str) -> String {
    let mut text = String::new();
    let mut characters = line.chars();
    for character in characters.by_ref().take(SHOWN_CHARACTERS) {
        if character.is_control() {
            text.extend(character.escape_default());
        } else {
            text.push(character);
        }
    }
    let more = characters.count();
    if more > 0 {
        text.push_str(&format!("... ({more} more characters)"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_a_name_that_every_key_can_have() {
        let cases = [
            ("a.csv", "a.csv.txt"),
            ("in/2026/ü +.csv", "in_2026_ü +.csv.txt"),
            ("../../etc/passwd", ".._.._etc_passwd.txt"),
        ];
        for (key, expected) in cases {
            assert_eq!(name(key), expected);
        }
        let long = name(&format!("{}/end.csv", "ü".repeat(500)));
        assert!(long.len() <= LONGEST_STEM + 4, "{}", long.len());
        assert!(long.ends_with("_end.csv.txt"), "{long}");
    }

    #[test]
    fn a_line_is_cut_and_cannot_command_the_terminal() {
        assert_eq!(fit("a\u{1b}[2J'ü"), "a\\u{1b}[2J'ü");
        let long = fit(&"a".repeat(1_000_000));
        let end = "a... (999600 more characters)";
        assert_eq!(long, format!("{}{end}", "a".repeat(399)));
    }
}
