//! Two texts in two columns.

use similar::{DiffOp, TextDiff};

/// The rows of two columns, each `width` characters wide, with a mark between them where they
/// differ: ` ` if a line is the same, `≠` if it is another, `<` or `>` if one side alone has it.
/// Only what differs is shown, with a line around it.
#[must_use]
pub fn side_by_side(left: Option<&str>, right: Option<&str>, width: usize) -> Vec<String> {
    let none = "(there is none)";
    let (left, right) = (left.unwrap_or(none), right.unwrap_or(none));
    let diff = TextDiff::from_lines(left, right);
    let (left, right) = (diff.old_slices(), diff.new_slices());
    let mut rows = Vec::new();
    for (index, group) in diff.grouped_ops(1).iter().enumerate() {
        if index > 0 {
            rows.push(row("...", ' ', "...", width));
        }
        for op in group {
            rows.extend(rows_of(op, left, right, width));
        }
    }
    rows
}

fn rows_of(op: &DiffOp, left: &[&str], right: &[&str], width: usize) -> Vec<String> {
    let (old, new) = (&left[op.old_range()], &right[op.new_range()]);
    let is_same = matches!(op, DiffOp::Equal { .. });
    (0..old.len().max(new.len()))
        .flat_map(|index| {
            let (old, new) = (old.get(index), new.get(index));
            let mark = match (old, new) {
                _ if is_same => ' ',
                (Some(_), Some(_)) => '≠',
                (Some(_), None) => '<',
                (None, _) => '>',
            };
            wrapped(old.copied(), mark, new.copied(), width)
        })
        .collect()
}

/// A long line goes on in the next row.
fn wrapped(left: Option<&str>, mark: char, right: Option<&str>, width: usize) -> Vec<String> {
    let pieces = |text: Option<&str>| -> Vec<String> {
        let characters: Vec<char> = text.unwrap_or_default().trim_end().chars().collect();
        characters
            .chunks(width.max(1))
            .map(|piece| piece.iter().collect())
            .collect()
    };
    let (left, right) = (pieces(left), pieces(right));
    (0..left.len().max(right.len()).max(1))
        .map(|index| {
            let piece = |side: &[String]| side.get(index).cloned().unwrap_or_default();
            row(&piece(&left), mark, &piece(&right), width)
        })
        .collect()
}

fn row(left: &str, mark: char, right: &str, width: usize) -> String {
    let padding = width.saturating_sub(left.chars().count());
    format!("{left}{:padding$} {mark} {right}", "")
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::side_by_side;

    #[test]
    fn only_what_differs_is_shown_with_a_line_around_it() {
        let left = "one\ntwo\nthree\nfour\nfive\n";
        let right = "one\ntwo\nTHREE\nfour\nfive\n";
        let rows = side_by_side(Some(left), Some(right), 8);
        assert_eq!(
            rows,
            ["two        two", "three    ≠ THREE", "four       four"]
        );
    }

    #[test]
    fn a_line_of_one_side_and_a_missing_text_are_marked() {
        assert_eq!(
            side_by_side(Some("a\nb\n"), Some("a\n"), 4),
            ["a      a", "b    <"]
        );
        assert_eq!(side_by_side(None, Some("a"), 16), ["(there is none)  ≠ a"]);
    }

    #[test]
    fn a_long_line_goes_on_below() {
        assert_eq!(
            side_by_side(Some("abcdef"), Some("abcxyz"), 4),
            ["abcd ≠ abcx", "ef   ≠ yz"]
        );
    }
}
