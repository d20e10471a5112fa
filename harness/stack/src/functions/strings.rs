//! Strings.

use regex::Regex;
use unicode_segmentation::UnicodeSegmentation;

use super::{Args, Failure, Function, Returns};
use crate::value::{Kind, Type, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of("chomp", 1, Returns::String, |args| {
        Ok(args.string(0)?.trim_end_matches(['\r', '\n']).into())
    }),
    Function::of("endswith", 2, Returns::Bool, |args| {
        Ok(args.string(0)?.ends_with(&args.string(1)?).into())
    }),
    Function::of("indent", 2, Returns::String, indent),
    Function::new("join", 2, None, Returns::String, join),
    Function::of("lower", 1, Returns::String, |args| {
        Ok(args
            .string(0)?
            .chars()
            .map(simple_lower)
            .collect::<String>()
            .into())
    }),
    Function::of("regex", 2, Returns::Any, regex),
    Function::of("regexall", 2, Returns::Any, regex_all),
    Function::of("replace", 3, Returns::String, replace),
    Function::of("split", 2, Returns::Strings, split),
    Function::of("startswith", 2, Returns::Bool, |args| {
        Ok(args.string(0)?.starts_with(&args.string(1)?).into())
    }),
    Function::of("strcontains", 2, Returns::Bool, |args| {
        Ok(args.string(0)?.contains(&args.string(1)?).into())
    }),
    Function::of("strrev", 1, Returns::String, |args| {
        Ok(args
            .string(0)?
            .graphemes(true)
            .rev()
            .collect::<String>()
            .into())
    }),
    Function::of("substr", 3, Returns::String, substr),
    Function::of("title", 1, Returns::String, title),
    Function::of("trim", 2, Returns::String, |args| {
        let set: Vec<char> = args.string(1)?.chars().collect();
        Ok(args.string(0)?.trim_matches(set.as_slice()).into())
    }),
    Function::of("trimprefix", 2, Returns::String, |args| {
        let text = args.string(0)?;
        Ok(text.strip_prefix(&args.string(1)?).unwrap_or(&text).into())
    }),
    Function::of("trimspace", 1, Returns::String, |args| {
        Ok(args.string(0)?.trim().into())
    }),
    Function::of("trimsuffix", 2, Returns::String, |args| {
        let text = args.string(0)?;
        Ok(text.strip_suffix(&args.string(1)?).unwrap_or(&text).into())
    }),
    Function::of("upper", 1, Returns::String, |args| {
        Ok(args
            .string(0)?
            .chars()
            .map(simple_upper)
            .collect::<String>()
            .into())
    }),
];

/// One character for one, as Go has it: `ß` has no capital.
fn simple_upper(c: char) -> char {
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

fn simple_lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

fn indent(args: &Args<'_>) -> Result<Value, Failure> {
    let spaces = usize::try_from(args.whole(0)?)
        .map_err(|_| Failure::at(0, "the number of spaces must not be negative"))?;
    let separator = format!("\n{}", " ".repeat(spaces));
    Ok(args.string(1)?.replace('\n', &separator).into())
}

fn join(args: &Args<'_>) -> Result<Value, Failure> {
    let separator = args.string(0)?;
    let mut parts = Vec::new();
    for at in 1..args.len() {
        parts.extend(args.strings(at)?);
    }
    Ok(parts.join(&separator).into())
}

fn compile(args: &Args<'_>, at: usize, pattern: &str) -> Result<Regex, Failure> {
    let _ = args;
    Regex::new(pattern).map_err(|error| {
        let problem = error.to_string();
        let last = problem.lines().last().unwrap_or_default();
        let reason = last.trim_start_matches("error: ").to_owned();
        Failure::at(
            at,
            format!("the pattern is no regular expression: {reason}"),
        )
    })
}

/// What a match means: its text, or what its groups caught, by number or by name.
fn captured(pattern: &Regex, found: &regex::Captures<'_>) -> Value {
    let text = |at: usize| match found.get(at) {
        Some(part) => Value::from(part.as_str()),
        None => Value::null(),
    };
    if pattern.captures_len() == 1 {
        return text(0);
    }
    let names: Vec<&str> = pattern.capture_names().flatten().collect();
    if names.is_empty() {
        return Value::tuple((1..pattern.captures_len()).map(text).collect());
    }
    let named = pattern
        .capture_names()
        .enumerate()
        .filter_map(|(at, name)| Some((name?.to_owned(), text(at))));
    Value::object(named.collect())
}

fn regex(args: &Args<'_>) -> Result<Value, Failure> {
    let pattern = compile(args, 0, &args.string(0)?)?;
    let text = args.string(1)?;
    match pattern.captures(&text) {
        Some(found) => Ok(captured(&pattern, &found)),
        None => Err(Failure::at(
            1,
            "the pattern does not match any part of the string",
        )),
    }
}

fn regex_all(args: &Args<'_>) -> Result<Value, Failure> {
    let pattern = compile(args, 0, &args.string(0)?)?;
    let text = args.string(1)?;
    let found: Vec<Value> = pattern
        .captures_iter(&text)
        .map(|found| captured(&pattern, &found))
        .collect();
    let ty = found.first().map_or(Type::String, Value::ty);
    Ok(Kind::List(ty, found).into())
}

fn replace(args: &Args<'_>) -> Result<Value, Failure> {
    let (text, find, with) = (args.string(0)?, args.string(1)?, args.string(2)?);
    let pattern = find
        .strip_prefix('/')
        .and_then(|rest| rest.strip_suffix('/'))
        .filter(|pattern| !pattern.is_empty());
    match pattern {
        Some(pattern) => {
            let pattern = compile(args, 1, pattern)?;
            Ok(pattern
                .replace_all(&text, with.as_str())
                .into_owned()
                .into())
        }
        None => Ok(text.replace(&find, &with).into()),
    }
}

fn split(args: &Args<'_>) -> Result<Value, Failure> {
    let (separator, text) = (args.string(0)?, args.string(1)?);
    if separator.is_empty() {
        return Ok(Value::strings(text.graphemes(true).map(str::to_owned)));
    }
    Ok(Value::strings(text.split(&separator).map(str::to_owned)))
}

fn substr(args: &Args<'_>) -> Result<Value, Failure> {
    let text = args.string(0)?;
    let characters: Vec<&str> = text.graphemes(true).collect();
    let (offset, length) = (args.whole(1)?, args.whole(2)?);
    let start = match usize::try_from(offset) {
        Ok(start) => start.min(characters.len()),
        // A negative offset counts from the end.
        Err(_) => characters
            .len()
            .saturating_sub(usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX)),
    };
    let rest = &characters[start..];
    let taken = match usize::try_from(length) {
        Ok(length) => &rest[..length.min(rest.len())],
        // A negative length means the rest.
        Err(_) => rest,
    };
    Ok(taken.concat().into())
}

fn title(args: &Args<'_>) -> Result<Value, Failure> {
    let mut text = String::new();
    let mut begins = true;
    for c in args.string(0)?.chars() {
        text.push(if begins { simple_upper(c) } else { c });
        begins = !(c.is_alphanumeric() || c == '_' || c == '\'');
    }
    Ok(text.into())
}
