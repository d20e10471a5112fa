//! From JSON to a checked policy.

use std::net::IpAddr;

use serde_json::{Map, Value};

use super::{
    Bound, Clause, Field, LARGEST_NUMBER, LARGEST_POLICY, MOST_COMBINATIONS, MOST_KEYS, Network,
    Pattern, PolicyError, Range, Scope,
};

/// Parses a whole policy.
pub(super) fn policy(text: &str, scope: Scope) -> Result<Clause, PolicyError> {
    if text.len() > LARGEST_POLICY {
        return Err(fail(format!(
            "Filter policy can not be larger than {LARGEST_POLICY} bytes"
        )));
    }
    let policy: Value = serde_json::from_str(text).map_err(|_| fail("failed to parse JSON."))?;
    let Value::Object(policy) = policy else {
        return Err(fail("Filter is not an object"));
    };
    let clause = clause(&policy, scope)?;
    if policy.len() > MOST_KEYS {
        return Err(fail(format!(
            "Filter policy can not have more than {MOST_KEYS} keys"
        )));
    }
    if combinations(&clause, 1) > MOST_COMBINATIONS {
        return Err(fail("Filter policy is too complex"));
    }
    Ok(clause)
}

/// How many combinations of values a clause asks for: values of a nested key count as often as
/// they are deep, alternatives of `$or` add up.
fn combinations(clause: &Clause, depth: u64) -> u64 {
    let fields = clause.fields.iter().map(|(_, field)| match field {
        Field::Leaf(patterns) => (patterns.len() as u64).saturating_mul(depth),
        Field::Nested(clause) => combinations(clause, depth + 1),
    });
    let alternatives = clause.any_of.iter().map(|alternatives| {
        alternatives
            .iter()
            .map(|clause| combinations(clause, depth))
            .fold(0, u64::saturating_add)
    });
    fields.chain(alternatives).fold(1, u64::saturating_mul)
}

fn clause(object: &Map<String, Value>, scope: Scope) -> Result<Clause, PolicyError> {
    let mut clause = Clause::default();
    for (key, value) in object {
        match value {
            Value::Array(alternatives) if key == "$or" => {
                clause.any_of.push(any_of(alternatives, scope)?);
            }
            Value::Array(values) if values.is_empty() => {
                return Err(fail("Empty arrays are not allowed"));
            }
            Value::Array(values) => {
                let patterns = values.iter().map(pattern).collect::<Result<_, _>>()?;
                clause.fields.push((key.clone(), Field::Leaf(patterns)));
            }
            Value::Object(nested) if nested.is_empty() => {
                return Err(fail("Empty objects are not allowed"));
            }
            Value::Object(nested) => {
                let nested = self::clause(nested, scope)?;
                if scope == Scope::MessageAttributes {
                    return Err(PolicyError(
                        "Filter policy scope MessageAttributes does not support nested filter \
                         policy"
                            .to_owned(),
                    ));
                }
                clause.fields.push((key.clone(), Field::Nested(nested)));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                return Err(fail(format!("\"{key}\" must be an object or an array")));
            }
        }
    }
    Ok(clause)
}

fn any_of(alternatives: &[Value], scope: Scope) -> Result<Vec<Clause>, PolicyError> {
    if alternatives.len() < 2 {
        return Err(fail("\"$or\" must be an array of at least 2 objects"));
    }
    alternatives
        .iter()
        .map(|alternative| match alternative {
            Value::Object(object) if !object.is_empty() => clause(object, scope),
            Value::Object(_)
            | Value::Array(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_) => Err(fail("\"$or\" must be an array of at least 2 objects")),
        })
        .collect()
}

fn pattern(value: &Value) -> Result<Pattern, PolicyError> {
    let operators = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            return Ok(Pattern::Exactly(value.clone()));
        }
        Value::Array(_) => {
            return Err(fail(
                "Match value must be String, number, true, false, or null",
            ));
        }
        Value::Object(operators) => operators,
    };
    let (name, value) = only_one(operators)?;
    match name {
        "prefix" => Ok(Pattern::Prefix(string(name, value)?)),
        "suffix" => Ok(Pattern::Suffix(string(name, value)?)),
        "equals-ignore-case" => Ok(Pattern::EqualsIgnoreCase(string(name, value)?)),
        "wildcard" => wildcard(&string(name, value)?),
        "cidr" => Ok(Pattern::Cidr(network(&string(name, value)?)?)),
        "numeric" => match value {
            Value::Array(terms) => Ok(Pattern::Numeric(range(terms)?)),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_) => Err(fail("Value of numeric must be an array.")),
        },
        "exists" => value
            .as_bool()
            .map(Pattern::Exists)
            .ok_or_else(|| fail("exists match pattern must be either true or false.")),
        "anything-but" => anything_but(value),
        unknown => Err(fail(format!("Unrecognized match type {unknown}"))),
    }
}

fn anything_but(value: &Value) -> Result<Pattern, PolicyError> {
    let patterns = match value {
        Value::String(_) | Value::Number(_) => vec![Pattern::Exactly(value.clone())],
        Value::Array(values) => values_of_one_type(values)?,
        Value::Object(operators) => {
            let (name, value) = only_one(operators)?;
            let one = |value: &Value| {
                let text = string(name, value)?;
                match name {
                    "prefix" => Ok(Pattern::Prefix(text)),
                    "suffix" => Ok(Pattern::Suffix(text)),
                    "equals-ignore-case" => Ok(Pattern::EqualsIgnoreCase(text)),
                    "wildcard" => wildcard(&text),
                    unknown => Err(fail(format!("Unsupported anything-but pattern: {unknown}"))),
                }
            };
            match value.as_array() {
                Some(values) if !values.is_empty() => {
                    values.iter().map(one).collect::<Result<_, _>>()?
                }
                Some(_) | None => vec![one(value)?],
            }
        }
        Value::Null | Value::Bool(_) => {
            return Err(fail(
                "Value of anything-but must be an array or single string/number value.",
            ));
        }
    };
    Ok(Pattern::AnythingBut(patterns))
}

fn values_of_one_type(values: &[Value]) -> Result<Vec<Pattern>, PolicyError> {
    if values.is_empty() {
        return Err(fail("Empty arrays are not allowed"));
    }
    if !values
        .iter()
        .all(|value| value.is_string() || value.is_number())
    {
        return Err(fail(
            "Inside anything but list, start|null|boolean is not supported.",
        ));
    }
    if !values.iter().all(Value::is_string) && !values.iter().all(Value::is_number) {
        return Err(fail(
            "Inside anything but list, either all values are number or string, mixed type is not \
             supported",
        ));
    }
    Ok(values.iter().cloned().map(Pattern::Exactly).collect())
}

fn only_one(operators: &Map<String, Value>) -> Result<(&str, &Value), PolicyError> {
    let mut all = operators.iter();
    match (all.next(), all.next()) {
        (Some((name, value)), None) => Ok((name, value)),
        (Some(_), Some(_)) => Err(fail("Only one key allowed in match expression")),
        (None, _) => Err(fail("Empty objects are not allowed")),
    }
}

fn string(operator: &str, value: &Value) -> Result<String, PolicyError> {
    value
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| fail(format!("{operator} match pattern must be a string")))
}

fn wildcard(text: &str) -> Result<Pattern, PolicyError> {
    let mut characters = text.chars().enumerate().peekable();
    while let Some((position, character)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        match (character, next) {
            ('\\', Some('*' | '\\')) => {
                characters.next();
            }
            ('\\', _) => {
                return Err(fail(format!("Invalid escape character at pos {position}")));
            }
            ('*', Some('*')) => {
                return Err(fail(format!(
                    "Consecutive wildcard characters at pos {position}"
                )));
            }
            _ => {}
        }
    }
    Ok(Pattern::Wildcard(text.to_owned()))
}

fn network(text: &str) -> Result<Network, PolicyError> {
    let (address, bits) = text
        .split_once('/')
        .ok_or_else(|| fail("Malformed CIDR, one '/' required"))?;
    let address: IpAddr = address
        .parse()
        .map_err(|_| fail(format!("Nonstandard IP address: {address}")))?;
    let bits: u32 = bits
        .parse()
        .map_err(|_| fail("Malformed CIDR, mask bits must be an integer"))?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    if bits > most {
        return Err(fail("Malformed CIDR, too many mask bits"));
    }
    Ok(Network { address, bits })
}

/// `["=", 1]`, `[">", 1]`, `["<=", 2]` or `[">=", 1, "<", 2]`.
fn range(terms: &[Value]) -> Result<Range, PolicyError> {
    let operator = match terms.first() {
        Some(Value::String(operator)) => operator.as_str(),
        Some(other) => return Err(fail(format!("Invalid member in numeric match: {other}"))),
        None => return Err(fail("Invalid member in numeric match: ]")),
    };
    if !["=", "<", "<=", ">", ">="].contains(&operator) {
        return Err(fail(format!(
            "Unrecognized numeric range operator: {operator}"
        )));
    }
    let bound = bound(operator, terms.get(1))?;
    let range = match operator {
        "=" => Range {
            bottom: Some(bound),
            top: Some(bound),
        },
        "<" | "<=" => Range {
            bottom: None,
            top: Some(bound),
        },
        _ => Range {
            bottom: Some(bound),
            top: upper(bound, &terms[2..])?,
        },
    };
    if !operator.starts_with('>') && terms.len() > 2 {
        return Err(fail("Too many elements in numeric expression"));
    }
    Ok(range)
}

/// What follows `">", 1` in a range.
fn upper(bottom: Bound, terms: &[Value]) -> Result<Option<Bound>, PolicyError> {
    let operator = match terms.first() {
        None => return Ok(None),
        Some(Value::String(operator)) => operator.as_str(),
        Some(other) => return Err(fail(format!("Bad value in numeric range: {other}"))),
    };
    if operator != "<" && operator != "<=" {
        return Err(fail(format!("Bad numeric range operator: {operator}")));
    }
    let top = bound(operator, terms.get(1))?;
    if bottom.value >= top.value {
        return Err(fail("Bottom must be less than top"));
    }
    if terms.len() > 2 {
        return Err(fail("Too many terms in numeric range expression"));
    }
    Ok(Some(top))
}

fn bound(operator: &str, value: Option<&Value>) -> Result<Bound, PolicyError> {
    let value = value.and_then(Value::as_f64).ok_or_else(|| {
        let shown = if operator == "=" { "equals" } else { operator };
        fail(format!("Value of {shown} must be numeric"))
    })?;
    if value.abs() > LARGEST_NUMBER {
        return Err(fail(format!(
            "Value must be between -{LARGEST_NUMBER} and {LARGEST_NUMBER}, inclusive"
        )));
    }
    Ok(Bound {
        value,
        included: operator.ends_with('='),
    })
}

fn fail(what: impl AsRef<str>) -> PolicyError {
    PolicyError(format!("FilterPolicy: {}", what.as_ref()))
}
