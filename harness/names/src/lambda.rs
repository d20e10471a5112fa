//! Function names.

use crate::text::{characters, checked_text, is_plain};

checked_text!(
    /// The name of a Lambda function, without account or qualifier.
    FunctionName,
    "a function name",
    "https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html",
    rules
);

fn rules(text: &str) -> Result<(), String> {
    characters(text, 1, 64, "letters, digits, - and _", is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn function_names_are_short_and_plain() {
        let cases = [
            ("zipster-transform", None),
            ("A_1", None),
            (&"f".repeat(64), None),
            ("", Some("it must have 1 to 64 characters, not 0")),
            (
                &"f".repeat(65),
                Some("it must have 1 to 64 characters, not 65"),
            ),
            (
                "a.b",
                Some("it may only have letters, digits, - and _, not '.'"),
            ),
            (
                "a:b",
                Some("it may only have letters, digits, - and _, not ':'"),
            ),
        ];
        for (text, rule) in cases {
            crate::text::tests::check(FunctionName::parse, text, rule);
        }
    }
}
