//! JSON as `jsonencode` writes it and `jsondecode` reads it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Range;

use super::{Kind, Number, Value};

/// The value as JSON text: keys sorted, and `<`, `>` and `&` escaped as Terraform does.
///
/// What is not known must have been sorted out before: it is written as null.
pub(crate) fn encode(value: &Value) -> String {
    let mut text = String::new();
    write_value(value, &mut text);
    text
}

fn write_value(value: &Value, out: &mut String) {
    match &value.kind {
        Kind::Null | Kind::Unknown(_) | Kind::Open(_) | Kind::Broken => out.push_str("null"),
        Kind::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Kind::Number(number) => out.push_str(&number.to_string()),
        Kind::String(text) => write_string(text, out),
        Kind::List(_, elements) | Kind::Set(_, elements) | Kind::Tuple(elements) => {
            out.push('[');
            for (at, element) in elements.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_value(element, out);
            }
            out.push(']');
        }
        Kind::Map(_, entries) | Kind::Object(entries) => {
            out.push('{');
            for (at, (key, value)) in entries.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_string(key, out);
                out.push(':');
                write_value(value, out);
            }
            out.push('}');
        }
    }
}

/// A JSON string.
pub(crate) fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}

/// How deep JSON may be nested; beyond, it is refused instead of running out of stack.
const MAX_DEPTH: usize = 200;

/// Reads JSON text: arrays become tuples, objects become objects.
pub(crate) fn decode(text: &str) -> Result<Value, String> {
    let mut parser = Parser { rest: text, text };
    let value = parser.value(0)?;
    parser.space();
    if parser.rest.is_empty() {
        Ok(value)
    } else {
        Err(parser.problem("something follows the value"))
    }
}

/// One member of an object, with the bytes where its key and its value stand.
pub(crate) struct Member {
    pub key: String,
    pub key_at: Range<usize>,
    pub value: Value,
    pub value_at: Range<usize>,
}

/// Reads JSON text that has to be an object, as its members in their order, the same key as often
/// as it stands there.
///
/// # Errors
/// What is wrong, and at which byte.
pub(crate) fn members(text: &str) -> Result<Vec<Member>, (String, usize)> {
    let mut parser = Parser { rest: text, text };
    parser.members().map_err(|problem| {
        let problem = match problem.rsplit_once(" at byte ") {
            Some((problem, _)) => problem.to_owned(),
            None => problem,
        };
        (problem, parser.at())
    })
}

struct Parser<'a> {
    text: &'a str,
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn problem(&self, what: &str) -> String {
        format!("{what} at byte {}", self.at())
    }

    fn at(&self) -> usize {
        self.text.len() - self.rest.len()
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
    }

    fn take(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        if depth > MAX_DEPTH {
            return Err(self.problem("JSON is nested too deeply"));
        }
        self.space();
        match self.rest.chars().next() {
            Some('{') => self.object(depth),
            Some('[') => self.array(depth),
            Some('"') => Ok(self.string()?.into()),
            Some('-' | '0'..='9') => self.number(),
            Some(_) if self.take("true") => Ok(true.into()),
            Some(_) if self.take("false") => Ok(false.into()),
            Some(_) if self.take("null") => Ok(Value::null()),
            Some(_) => Err(self.problem("a JSON value is expected")),
            None => Err("the JSON text ends too early".to_owned()),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, String> {
        self.take("{");
        let mut entries = BTreeMap::new();
        self.space();
        if self.take("}") {
            return Ok(Value::object(entries));
        }
        loop {
            self.space();
            let key = self.string()?;
            self.space();
            if !self.take(":") {
                return Err(self.problem("a colon is expected"));
            }
            let value = self.value(depth + 1)?;
            entries.insert(key, value);
            self.space();
            if self.take("}") {
                return Ok(Value::object(entries));
            }
            if !self.take(",") {
                return Err(self.problem("a comma or closing brace is expected"));
            }
        }
    }

    fn members(&mut self) -> Result<Vec<Member>, String> {
        let mut members = Vec::new();
        self.space();
        if !self.take("{") {
            return Err(self.problem("a JSON object is expected"));
        }
        self.space();
        let mut more = !self.take("}");
        while more {
            self.space();
            let key_starts = self.at();
            let key = self.string()?;
            let key_at = key_starts..self.at();
            self.space();
            if !self.take(":") {
                return Err(self.problem("a colon is expected"));
            }
            self.space();
            let value_starts = self.at();
            let value = self.value(1)?;
            members.push(Member {
                key,
                key_at,
                value,
                value_at: value_starts..self.at(),
            });
            self.space();
            more = !self.take("}");
            if more && !self.take(",") {
                return Err(self.problem("a comma or closing brace is expected"));
            }
        }
        self.space();
        if self.rest.is_empty() {
            Ok(members)
        } else {
            Err(self.problem("something follows the value"))
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, String> {
        self.take("[");
        let mut elements = Vec::new();
        self.space();
        if self.take("]") {
            return Ok(Value::tuple(elements));
        }
        loop {
            elements.push(self.value(depth + 1)?);
            self.space();
            if self.take("]") {
                return Ok(Value::tuple(elements));
            }
            if !self.take(",") {
                return Err(self.problem("a comma or closing bracket is expected"));
            }
        }
    }

    fn number(&mut self) -> Result<Value, String> {
        let end = self
            .rest
            .find(|c: char| !(c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E')))
            .unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(end);
        match Number::parse(text) {
            Some(number) => {
                self.rest = rest;
                Ok(number.into())
            }
            None => Err(self.problem("a number is expected")),
        }
    }

    fn string(&mut self) -> Result<String, String> {
        if !self.take("\"") {
            return Err(self.problem("a string is expected"));
        }
        let mut text = String::new();
        loop {
            let end = self
                .rest
                .find(['"', '\\'])
                .ok_or("the JSON text ends too early")?;
            if self.rest[..end].contains(|c: char| c < ' ') {
                return Err(self.problem("a control character must be escaped"));
            }
            text.push_str(&self.rest[..end]);
            self.rest = &self.rest[end..];
            if self.take("\"") {
                return Ok(text);
            }
            self.take("\\");
            let escape = self
                .rest
                .chars()
                .next()
                .ok_or("the JSON text ends too early")?;
            self.rest = &self.rest[escape.len_utf8()..];
            text.push(match escape {
                '"' | '\\' | '/' => escape,
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'b' => '\u{8}',
                'f' => '\u{c}',
                'u' => self.unicode()?,
                _ => return Err(self.problem("there is no such escape")),
            });
        }
    }

    fn unicode(&mut self) -> Result<char, String> {
        let first = self.hex()?;
        if let Some(c) = char::from_u32(first) {
            return Ok(c);
        }
        // Two escapes make one character beyond the first 65,536; half of a pair is none.
        let before = self.rest;
        if (0xd800..0xdc00).contains(&first) && self.take("\\u") {
            let second = self.hex()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.rest = before;
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hex(&mut self) -> Result<u32, String> {
        let digits = self
            .rest
            .get(..4)
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
            .ok_or_else(|| self.problem("four hexadecimal digits are expected"))?;
        self.rest = &self.rest[4..];
        u32::from_str_radix(digits, 16).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_goes_both_ways() {
        for text in [
            r#"{"a":[1,2.5,-3],"b":null,"c":{"d":true,"e":""}}"#,
            r#""\u003cb\u003e \u0026 \"\\\n\u2028""#,
            r#"[[],{},false,100000000000000000000000000001]"#,
        ] {
            assert_eq!(encode(&decode(text).unwrap()), text);
        }
        assert_eq!(
            decode(r#" "\ud83d\udce6 \u00fc \ud83d \/" "#).unwrap(),
            Value::from("\u{1f4e6} ü \u{fffd} /")
        );
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for (text, problem) in [
            ("", "the JSON text ends too early"),
            ("{", "a string is expected at byte 1"),
            ("[1,]", "a JSON value is expected at byte 3"),
            ("{\"a\" 1}", "a colon is expected at byte 5"),
            ("1 2", "something follows the value at byte 2"),
            ("'a'", "a JSON value is expected at byte 0"),
            ("\"\\x\"", "there is no such escape at byte 3"),
            ("\"\n\"", "a control character must be escaped at byte 1"),
        ] {
            assert_eq!(decode(text).unwrap_err(), problem);
        }
        let deep = "[".repeat(100_000);
        assert!(decode(&deep).unwrap_err().starts_with("JSON is nested"));
    }
}
