//! AWS account ids.

use crate::text::checked_text;

checked_text!(
    /// An AWS account's id: 12 digits, leading zeros included.
    AccountId,
    "an account id",
    "https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-identifiers.html",
    twelve_digits
);

fn twelve_digits(text: &str) -> Result<(), String> {
    if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
        Ok(())
    } else {
        Err("it must have exactly 12 digits".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_id_has_twelve_digits() {
        let rule = Some("it must have exactly 12 digits");
        let cases = [
            ("123456789012", None),
            ("000000000000", None),
            ("", rule),
            ("12345678901", rule),
            ("1234567890123", rule),
            ("12345678901a", rule),
            ("١٢٣٤٥٦", rule),
            (" 23456789012", rule),
        ];
        for (text, rule) in cases {
            crate::text::tests::check(AccountId::parse, text, rule);
        }
    }
}
