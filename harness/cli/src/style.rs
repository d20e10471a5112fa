//! Colours, which `anstream` leaves out where they are not wanted. Words carry the meaning.

use anstyle::{AnsiColor, Style};

/// Something failed.
pub const ERROR: Style = AnsiColor::Red.on_default().bold();
/// Something went well.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// Headings and names.
pub const STRONG: Style = Style::new().bold();
/// What is there for completeness.
pub const QUIET: Style = Style::new().dimmed();

/// `12345678` as `12,345,678`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::thousands;

    #[test]
    fn thousands_are_set_apart() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
        ];
        for (number, text) in cases {
            assert_eq!(thousands(number), text);
        }
    }
}
