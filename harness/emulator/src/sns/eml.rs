//! A mail of the inbox as a file that mail programs open.
//!
//! Follows RFC 5322 for the headers, RFC 2047 for what is not ASCII in them, and RFC 2045 for the
//! body: as it is where mail could carry it, otherwise base64.

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use time::format_description::well_known::Rfc2822;

use super::inbox::InboxMessage;

/// The longest line of a body, in bytes without its end.
const LONGEST_LINE: usize = 998;

/// How many bytes of base64 stand in a line.
const BASE64_LINE: usize = 76;

/// How many bytes of text go into one encoded word, whose length is limited to 75.
const WORD: usize = 42;

/// The mail with this number; lines end in CR LF.
pub(super) fn eml(number: usize, mail: &InboxMessage) -> String {
    let sender = mail.sender.as_deref().unwrap_or_default();
    let date = mail.received.format(&Rfc2822).unwrap_or_default();
    let id = mail.message_id.as_deref().unwrap_or("confirmation");
    let subject = encoded(mail.subject.as_deref().unwrap_or_default());
    let (encoding, body) = body(&mail.body);
    format!(
        "From: {}\r\nTo: {}\r\nSubject: {subject}\r\nDate: {date}\r\n\
         Message-ID: <{id}.{number}@sns.amazonaws.com>\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: {encoding}\r\n\
         \r\n{body}",
        mailbox(sender),
        mail.endpoint,
    )
}

/// `name <address>` with the name as RFC 5322 wants it: quoted if there is anything odd in it.
fn mailbox(sender: &str) -> String {
    let Some((name, address)) = sender.rsplit_once(" <") else {
        return sender.to_owned();
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || " !#$%&'*+-/=?^_`{|}~".contains(c);
    let printable = |c: char| c == ' ' || c.is_ascii_graphic();
    let name = if name.chars().all(plain) {
        name.to_owned()
    } else if name.chars().all(printable) {
        format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        encoded(name)
    };
    format!("{name} <{address}")
}

/// Text of a header: as it is, or in encoded words on lines of their own.
fn encoded(text: &str) -> String {
    if text.chars().all(|c| c == ' ' || c.is_ascii_graphic()) {
        return text.to_owned();
    }
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    for character in text.chars() {
        if word.len() + character.len_utf8() > WORD {
            words.push(std::mem::take(&mut word));
        }
        word.push(character);
    }
    words.push(word);
    let words: Vec<String> = words
        .iter()
        .map(|word| format!("=?UTF-8?B?{}?=", STANDARD.encode(word)))
        .collect();
    words.join("\r\n ")
}

/// The transfer encoding, and the body in it.
fn body(text: &str) -> (&'static str, String) {
    let lines: Vec<&str> = text.split('\n').map(|l| l.trim_end_matches('\r')).collect();
    let whole = lines.join("\r\n");
    let fits = lines
        .iter()
        .all(|line| line.len() <= LONGEST_LINE && !line.contains(['\r', '\0']));
    if fits {
        let encoding = if whole.is_ascii() { "7bit" } else { "8bit" };
        return (encoding, whole);
    }
    let mut body = String::new();
    let code = STANDARD.encode(whole);
    for line in code.as_bytes().chunks(BASE64_LINE) {
        // Base64 is ASCII.
        let _ = write!(body, "{}\r\n", String::from_utf8_lossy(line));
    }
    ("base64", body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_or_encoded_where_they_have_to_be() {
        for (sender, expected) in [
            ("AWS Notifications <a@b.c>", "AWS Notifications <a@b.c>"),
            ("Zips, Inc. <a@b.c>", "\"Zips, Inc.\" <a@b.c>"),
            ("The \"zips\" <a@b.c>", "\"The \\\"zips\\\"\" <a@b.c>"),
            ("Größe <a@b.c>", "=?UTF-8?B?R3LDtsOfZQ==?= <a@b.c>"),
        ] {
            assert_eq!(mailbox(sender), expected);
        }
        let long = encoded(&"ö".repeat(50));
        assert_eq!(long.lines().count(), 3);
        assert!(long.lines().all(|line| line.len() <= 76), "{long}");
    }

    #[test]
    fn a_body_is_left_as_it_is_unless_mail_could_not_carry_it() {
        assert_eq!(body("a\nb\r\n"), ("7bit", "a\r\nb\r\n".to_owned()));
        assert_eq!(body("größer"), ("8bit", "größer".to_owned()));
        let (encoding, long) = body(&"x".repeat(LONGEST_LINE + 1));
        assert_eq!(encoding, "base64");
        assert!(long.lines().all(|line| line.len() <= BASE64_LINE));
        assert_eq!(body("a\rb").0, "base64");
    }
}
