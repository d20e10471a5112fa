//! Values as Python would print them.
//!
//! Bytes that are not UTF-8 are shown one by one as Python shows them in a string that it decoded
//! with `surrogateescape`: `\udcff` for the byte FF. That cannot be mistaken for a character that
//! the file does contain, and keeps the error file itself UTF-8.
//!
//! Which characters are printable depends on the edition of Unicode: on ours, which is that of the
//! Rust standard library, not on that of any particular Python. They agree on all characters that
//! both know; one assigned since is shown by the newer one and escaped by the older.

use std::io::Write;

/// Appends the values as Python's `repr` shows a list of strings: `['06883', 'O\'FALLON']`.
pub(crate) fn write_list<'a>(values: impl IntoIterator<Item = &'a [u8]>, out: &mut Vec<u8>) {
    out.push(b'[');
    for (i, value) in values.into_iter().enumerate() {
        if i > 0 {
            out.extend_from_slice(b", ");
        }
        write_string(value, out);
    }
    out.push(b']');
}

/// Appends a value as Python's `repr` shows a string.
pub(crate) fn write_string(value: &[u8], out: &mut Vec<u8>) {
    let quote = if value.contains(&b'\'') && !value.contains(&b'"') {
        '"'
    } else {
        '\''
    };
    out.push(quote as u8);
    // Most values hold nothing that is not shown as it is.
    if value
        .iter()
        .all(|b| matches!(b, b' '..=b'~' if !b"'\"\\".contains(b)))
    {
        out.extend_from_slice(value);
    } else {
        for chunk in value.utf8_chunks() {
            for c in chunk.valid().chars() {
                write_char(c, quote, out);
            }
            write_invalid(chunk.invalid(), out);
        }
    }
    out.push(quote as u8);
}

/// Appends a value as it is, except for bytes that are not UTF-8.
pub(crate) fn write_raw(value: &[u8], out: &mut Vec<u8>) {
    for chunk in value.utf8_chunks() {
        out.extend_from_slice(chunk.valid().as_bytes());
        write_invalid(chunk.invalid(), out);
    }
}

fn write_char(c: char, quote: char, out: &mut Vec<u8>) {
    match c {
        '\n' => out.extend_from_slice(br"\n"),
        '\r' => out.extend_from_slice(br"\r"),
        '\t' => out.extend_from_slice(br"\t"),
        '\\' => out.extend_from_slice(br"\\"),
        c if c == quote => out.extend_from_slice(&[b'\\', c as u8]),
        ' '..='~' => out.push(c as u8),
        c if is_printable(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        c => match u32::from(c) {
            code @ ..=0xff => append(out, format_args!(r"\x{code:02x}")),
            code @ ..=0xffff => append(out, format_args!(r"\u{code:04x}")),
            code => append(out, format_args!(r"\U{code:08x}")),
        },
    }
}

fn write_invalid(bytes: &[u8], out: &mut Vec<u8>) {
    for byte in bytes {
        append(out, format_args!(r"\udc{byte:02x}"));
    }
}

/// Whether Python prints `c`, which is neither ASCII nor a space: all characters but those of the
/// categories "other" and "separator".
fn is_printable(c: char) -> bool {
    // `str::escape_debug` goes by the same definition, but also escapes a combining character where
    // nothing precedes it to combine with. So something does.
    let mut buffer = [b'a', 0, 0, 0, 0];
    let length = c.encode_utf8(&mut buffer[1..]).len();
    std::str::from_utf8(&buffer[..=length]).is_ok_and(|text| text.escape_debug().count() == 2)
}

fn append(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text)
        .expect("writing to a vector does not fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: impl AsRef<[u8]>, expected: &str) {
        let mut out = Vec::new();
        write_string(value.as_ref(), &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    /// Expectations are what CPython 3.11 prints.
    #[test]
    fn strings_read_as_in_python() {
        check("", "''");
        check("WESTON", "'WESTON'");
        check("O'FALLON", r#""O'FALLON""#);
        check(r#"THE "CITY""#, r#"'THE "CITY"'"#);
        check(r#"O'FALLON "CITY""#, r#"'O\'FALLON "CITY"'"#);
        check("'\"", r#"'\'"'"#);
        check(r"A\B", r"'A\\B'");
        check("A\tB\r\nC", r"'A\tB\r\nC'");
        check(
            "\0\x07\x08\x0b\x0c\x1b\x1f",
            r"'\x00\x07\x08\x0b\x0c\x1b\x1f'",
        );
        check(" ~\x7f", r"' ~\x7f'");
    }

    #[test]
    fn characters_beyond_ascii_are_shown_if_they_print() {
        check("CAÑON – 東京 𝔸 😀", "'CAÑON – 東京 𝔸 😀'");
        check("A\u{301}", "'A\u{301}'"); // a combining accent, after a letter
        check("\u{301}", "'\u{301}'"); // and with nothing before it
        check("\u{80}\u{9f}\u{a0}\u{ad}\u{ff}", r"'\x80\x9f\xa0\xadÿ'");
        check(
            "\u{200b}\u{2028}\u{3000}\u{e000}\u{feff}\u{ffff}",
            r"'\u200b\u2028\u3000\ue000\ufeff\uffff'",
        );
        check(
            "\u{e0001}\u{f0000}\u{10ffff}",
            r"'\U000e0001\U000f0000\U0010ffff'",
        );
    }

    #[test]
    fn bytes_that_are_not_utf8_are_shown_one_by_one() {
        check(b"CA\xd1ON", r"'CA\udcd1ON'");
        check(b"\xff\xfe", r"'\udcff\udcfe'");
        check(b"\xe2\x82", r"'\udce2\udc82'"); // a character cut off
        check(b"\xed\xa0\x80", r"'\udced\udca0\udc80'"); // half a surrogate pair
        check(b"'\xff", "\"'\\udcff\"");
    }

    #[test]
    fn raw_values_are_left_alone_as_far_as_they_are_text() {
        let mut out = Vec::new();
        write_raw(b"O'F\\A\n\0\xc3\x91\xff", &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "O'F\\A\n\0Ñ\\udcff");
    }

    #[test]
    fn lists_read_as_in_python() {
        let mut out = Vec::new();
        write_list([], &mut out);
        write_list([&b""[..]], &mut out);
        write_list([&b"A"[..], b"O'B", b"\n"], &mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            r#"[]['']['A', "O'B", '\n']"#
        );
    }
}
