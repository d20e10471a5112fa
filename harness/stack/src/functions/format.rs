//! `format` and `formatlist`.
//!
//! Follows <https://developer.hashicorp.com/terraform/language/functions/format>.

use super::{Args, Failure, Function, Returns};
use crate::value::convert::convert;
use crate::value::{Number, Type, Value, json};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("format", 1, None, Returns::String, |args| {
        let pattern = args.string(0)?;
        format(&pattern, args.rest(1)).map(Value::from)
    }),
    Function::new("formatlist", 1, None, Returns::Strings, format_list),
];

fn format_list(args: &Args<'_>) -> Result<Value, Failure> {
    let pattern = args.string(0)?;
    let values = args.rest(1);
    let mut length = None;
    for (at, value) in values.iter().enumerate() {
        let Some(elements) = value.as_elements() else {
            continue;
        };
        match length {
            Some(length) if length != elements.len() => {
                return Err(Failure::at(
                    at + 1,
                    format!("it has {} elements, and others {length}", elements.len()),
                ));
            }
            _ => length = Some(elements.len()),
        }
    }
    let mut formatted = Vec::new();
    for round in 0..length.unwrap_or(1) {
        let row: Vec<Value> = values
            .iter()
            .map(|value| match value.as_elements() {
                Some(elements) => elements[round].clone(),
                None => value.clone(),
            })
            .collect();
        formatted.push(format(&pattern, &row)?);
    }
    Ok(Value::strings(formatted))
}

/// What stands between `%` and the letter.
#[derive(Default)]
struct Verb {
    minus: bool,
    plus: bool,
    space: bool,
    zero: bool,
    sharp: bool,
    width: Option<usize>,
    precision: Option<usize>,
    /// Which value, counted from 1.
    index: Option<usize>,
}

/// Wider than this, padding is refused: nobody means it.
const WIDEST: usize = 10_000;

fn format(pattern: &str, values: &[Value]) -> Result<String, Failure> {
    let mut out = String::new();
    let mut rest = pattern;
    let mut next = 0;
    let mut highest = 0;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let start = rest;
        let mut verb = Verb::default();
        loop {
            match rest.chars().next() {
                Some('-') => verb.minus = true,
                Some('+') => verb.plus = true,
                Some(' ') => verb.space = true,
                Some('0') => verb.zero = true,
                Some('#') => verb.sharp = true,
                _ => break,
            }
            rest = &rest[1..];
        }
        verb.width = number(&mut rest)?;
        if let Some(after) = rest.strip_prefix('.') {
            rest = after;
            verb.precision = Some(number(&mut rest)?.unwrap_or(0));
        }
        if let Some(after) = rest.strip_prefix('[') {
            rest = after;
            verb.index = number(&mut rest)?;
            rest = rest
                .strip_prefix(']')
                .ok_or_else(|| Failure::at(0, "a `[` in the format is not closed"))?;
        }
        let Some(letter) = rest.chars().next() else {
            return Err(Failure::at(0, "the format ends after a `%`"));
        };
        rest = &rest[letter.len_utf8()..];
        let shown = &start[..start.len() - rest.len()];
        if letter == '%' {
            out.push('%');
            continue;
        }
        let index = verb.index.unwrap_or(next + 1);
        next = index;
        highest = highest.max(index);
        let Some(value) = index.checked_sub(1).and_then(|at| values.get(at)) else {
            return Err(Failure::new(format!(
                "`%{shown}` asks for value {index}, and there are {}",
                values.len()
            )));
        };
        let text = verb
            .render(letter, value)
            .map_err(|problem| Failure::at(index, format!("`%{shown}`: {problem}")))?;
        out.push_str(&text);
    }
    out.push_str(rest);
    if highest < values.len() {
        return Err(Failure::at(
            highest + 1,
            format!(
                "the format uses {highest} values, and there are {}",
                values.len()
            ),
        ));
    }
    Ok(out)
}

fn number(rest: &mut &str) -> Result<Option<usize>, Failure> {
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    let (digits, after) = rest.split_at(end);
    *rest = after;
    if digits.is_empty() {
        return Ok(None);
    }
    match digits.parse() {
        Ok(number) if number <= WIDEST => Ok(Some(number)),
        _ => Err(Failure::at(
            0,
            format!("{digits} is too large for a format"),
        )),
    }
}

impl Verb {
    fn render(&self, letter: char, value: &Value) -> Result<String, String> {
        match letter {
            'v' => Ok(self.any(value)),
            's' => Ok(self.pad(&self.cut(&text(value)?))),
            'q' => {
                let mut quoted = String::new();
                json::write_string(&text(value)?, &mut quoted);
                Ok(self.pad(&quoted))
            }
            't' => {
                let value = known(value, &Type::Bool)?;
                let truth = value.as_bool().ok_or("a bool is required")?;
                Ok(self.pad(&truth.to_string()))
            }
            'd' | 'b' | 'o' | 'x' | 'X' => {
                let number = numeric(value)?;
                let whole = integer(&number, letter)?;
                Ok(self.signed(&whole, number.is_negative()))
            }
            'e' | 'E' | 'f' | 'F' | 'g' | 'G' => {
                let number = numeric(value)?;
                let shown = self.float(letter, &number.abs());
                Ok(self.signed(&shown, number.is_negative()))
            }
            _ => Err("there is no such verb".to_owned()),
        }
    }

    fn any(&self, value: &Value) -> String {
        if self.sharp {
            return self.pad(&json::encode(value));
        }
        if let Some(text) = value.as_str() {
            return self.pad(&self.cut(text));
        }
        match value.as_number() {
            Some(number) => self.signed(&number.abs().to_string(), number.is_negative()),
            None => self.pad(&json::encode(value)),
        }
    }

    fn cut(&self, text: &str) -> String {
        match self.precision {
            Some(precision) => text.chars().take(precision).collect(),
            None => text.to_owned(),
        }
    }

    fn float(&self, letter: char, number: &Number) -> String {
        let value = number.to_f64();
        let precision = self.precision;
        match letter {
            'f' | 'F' => format!("{value:.*}", precision.unwrap_or(6)),
            'e' | 'E' => exponential(value, precision.unwrap_or(6), letter),
            _ => general(value, precision, if letter == 'g' { 'e' } else { 'E' }),
        }
    }

    /// With its sign, and padded by zeros behind it or spaces before it.
    fn signed(&self, magnitude: &str, negative: bool) -> String {
        let sign = if negative {
            "-"
        } else if self.plus {
            "+"
        } else if self.space {
            " "
        } else {
            ""
        };
        let width = self.width.unwrap_or(0);
        if self.zero && !self.minus {
            let zeros = width.saturating_sub(sign.len() + magnitude.len());
            return format!("{sign}{}{magnitude}", "0".repeat(zeros));
        }
        self.pad(&format!("{sign}{magnitude}"))
    }

    fn pad(&self, text: &str) -> String {
        let missing = self.width.unwrap_or(0).saturating_sub(text.chars().count());
        let fill = " ".repeat(missing);
        if self.minus {
            format!("{text}{fill}")
        } else {
            format!("{fill}{text}")
        }
    }
}

fn known(value: &Value, ty: &Type) -> Result<Value, String> {
    if value.is_null() {
        return Err("null cannot be formatted".to_owned());
    }
    convert(value, ty).map_err(|error| error.to_string())
}

fn text(value: &Value) -> Result<String, String> {
    let value = known(value, &Type::String)?;
    value
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| "a string is required".to_owned())
}

fn numeric(value: &Value) -> Result<Number, String> {
    let value = known(value, &Type::Number)?;
    value
        .as_number()
        .cloned()
        .ok_or_else(|| "a number is required".to_owned())
}

/// The digits of an integer, without its sign.
fn integer(number: &Number, letter: char) -> Result<String, String> {
    if !number.is_integer() {
        return Err("a whole number is required".to_owned());
    }
    if letter == 'd' {
        return Ok(number.abs().to_string());
    }
    let value = number
        .abs()
        .to_u64()
        .ok_or("the number is too large for this verb")?;
    Ok(match letter {
        'b' => format!("{value:b}"),
        'o' => format!("{value:o}"),
        'X' => format!("{value:X}"),
        _ => format!("{value:x}"),
    })
}

/// `1.5e+03`: Go writes a sign and at least two digits.
fn exponential(value: f64, precision: usize, letter: char) -> String {
    let shown = format!("{value:.precision$e}");
    let (mantissa, exponent) = shown.split_once('e').unwrap_or((&shown, "0"));
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    format!("{mantissa}{letter}{sign}{digits:0>2}")
}

/// `%g`: the shorter of the two ways, with as many digits as are needed.
fn general(value: f64, precision: Option<usize>, letter: char) -> String {
    let significant = precision.map(|p| p.max(1));
    let shortest = match significant {
        Some(digits) => format!("{value:.*e}", digits - 1),
        None => format!("{value:e}"),
    };
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let mantissa = if mantissa.contains('.') {
        mantissa.trim_end_matches('0').trim_end_matches('.')
    } else {
        mantissa
    };
    let exponent: i64 = exponent.parse().unwrap_or(0);
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).count();
    // Without a precision Go compares with 21 in `%v`, and with the digits there are in `%g`.
    let limit = match significant {
        Some(digits) => digits,
        None => digits.max(6),
    };
    if exponent < -4 || exponent >= i64::try_from(limit).unwrap_or(i64::MAX) {
        let (sign, exponent) = if exponent < 0 {
            ('-', -exponent)
        } else {
            ('+', exponent)
        };
        return format!("{mantissa}{letter}{sign}{exponent:0>2}");
    }
    let places = usize::try_from(digits as i64 - 1 - exponent).unwrap_or(0);
    format!("{value:.places$}")
}
