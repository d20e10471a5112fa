//! Filter criteria: which messages a function is invoked for.
//!
//! Follows <https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html> and
//! <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html>.

use serde_json::{Map, Value};

/// A pattern: conditions on fields, all of which must hold.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pattern(Vec<Condition>);

#[derive(Debug, Clone, PartialEq)]
enum Condition {
    /// One of the rules holds for the field.
    Field(String, Vec<Rule>),
    /// A pattern holds for what is below the field.
    Below(String, Pattern),
    /// `$or`: one of the patterns holds.
    Or(Vec<Pattern>),
}

#[derive(Debug, Clone, PartialEq)]
enum Rule {
    Equals(Value),
    EqualsIgnoreCase(String),
    Prefix(String),
    Suffix(String),
    AnythingBut(Vec<Value>),
    AnythingButPrefix(String),
    Exists(bool),
    Numeric(Vec<(Comparison, f64)>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
}

impl Pattern {
    /// `None` if the text is no pattern.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let Value::Object(fields) = serde_json::from_str(text).ok()? else {
            return None;
        };
        Self::of(&fields)
    }

    fn of(fields: &Map<String, Value>) -> Option<Self> {
        let conditions = fields.iter().map(|(name, value)| match value {
            Value::Array(patterns) if name == "$or" => {
                let patterns = patterns.iter();
                let patterns: Option<Vec<Self>> = patterns
                    .map(|pattern| Self::of(pattern.as_object()?))
                    .collect();
                Some(Condition::Or(patterns.filter(|all| all.len() > 1)?))
            }
            Value::Array(rules) => {
                let rules: Option<Vec<Rule>> = rules.iter().map(Rule::of).collect();
                let rules = rules.filter(|rules| !rules.is_empty())?;
                Some(Condition::Field(name.clone(), rules))
            }
            Value::Object(below) => Some(Condition::Below(name.clone(), Self::of(below)?)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        });
        let conditions: Option<Vec<Condition>> = conditions.collect();
        Some(Self(conditions.filter(|all| !all.is_empty())?))
    }

    /// Whether it holds for a message, as the function would get it. A body is taken apart if the
    /// pattern looks into it; a body that is not JSON then matches nothing, and neither does JSON
    /// if the pattern expects plain text.
    pub(crate) fn matches_record(&self, record: &Value) -> bool {
        let looks_into = |condition: &Condition| match condition {
            Condition::Below(name, _) => name == "body",
            Condition::Field(..) | Condition::Or(_) => false,
        };
        let names_body = |condition: &Condition| match condition {
            Condition::Field(name, _) => name == "body",
            Condition::Below(..) | Condition::Or(_) => false,
        };
        let text = record["body"].as_str().unwrap_or_default();
        let body: Option<Value> = serde_json::from_str(text).ok().filter(Value::is_object);
        if self.0.iter().any(names_body) && body.is_some() {
            return false;
        }
        if !self.0.iter().any(looks_into) {
            return self.holds(record);
        }
        let Some(body) = body else { return false };
        let mut opened = record.clone();
        opened["body"] = body;
        self.holds(&opened)
    }

    fn holds(&self, value: &Value) -> bool {
        self.0.iter().all(|condition| match condition {
            Condition::Field(name, rules) => {
                let field = value.get(name);
                rules.iter().any(|rule| rule.holds(field))
            }
            Condition::Below(name, pattern) => {
                pattern.holds(value.get(name).unwrap_or(&Value::Null))
            }
            Condition::Or(patterns) => patterns.iter().any(|pattern| pattern.holds(value)),
        })
    }
}

impl Rule {
    fn of(value: &Value) -> Option<Self> {
        let operators = match value {
            Value::Object(operators) => operators,
            Value::Array(_) => return None,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                return Some(Self::Equals(value.clone()));
            }
        };
        let mut operators = operators.iter();
        let (Some((name, operand)), None) = (operators.next(), operators.next()) else {
            return None;
        };
        let text = || operand.as_str().map(str::to_owned);
        Some(match name.as_str() {
            "prefix" => Self::Prefix(text()?),
            "suffix" => Self::Suffix(text()?),
            "equals-ignore-case" => Self::EqualsIgnoreCase(text()?),
            "exists" => Self::Exists(operand.as_bool()?),
            "numeric" => Self::Numeric(comparisons(operand.as_array()?)?),
            "anything-but" => match operand {
                Value::Array(values) => Self::AnythingBut(values.clone()),
                Value::String(_) | Value::Number(_) => Self::AnythingBut(vec![operand.clone()]),
                Value::Object(inner) => {
                    let prefix = inner.get("prefix").filter(|_| inner.len() == 1)?;
                    Self::AnythingButPrefix(prefix.as_str()?.to_owned())
                }
                Value::Null | Value::Bool(_) => return None,
            },
            _ => return None,
        })
    }

    fn holds(&self, field: Option<&Value>) -> bool {
        if let Self::Exists(wanted) = self {
            // Only leaves exist.
            let leaf = field.is_some_and(|value| !value.is_object());
            return leaf == *wanted;
        }
        match field {
            None => false,
            Some(Value::Array(values)) => values.iter().any(|value| self.holds_for(value)),
            Some(value) => self.holds_for(value),
        }
    }

    fn holds_for(&self, value: &Value) -> bool {
        let text = value.as_str();
        match self {
            Self::Equals(wanted) => same(wanted, value),
            Self::EqualsIgnoreCase(wanted) => {
                text.is_some_and(|text| text.to_lowercase() == wanted.to_lowercase())
            }
            Self::Prefix(prefix) => text.is_some_and(|text| text.starts_with(prefix)),
            Self::Suffix(suffix) => text.is_some_and(|text| text.ends_with(suffix)),
            Self::AnythingBut(values) => !values.iter().any(|other| same(other, value)),
            Self::AnythingButPrefix(prefix) => text.is_some_and(|text| !text.starts_with(prefix)),
            Self::Exists(wanted) => *wanted,
            Self::Numeric(comparisons) => value.as_f64().is_some_and(|number| {
                comparisons
                    .iter()
                    .all(|(comparison, limit)| comparison.holds(number, *limit))
            }),
        }
    }
}

impl Comparison {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "=" => Self::Equal,
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            ">" => Self::More,
            ">=" => Self::MoreOrEqual,
            _ => return None,
        })
    }

    fn holds(self, number: f64, limit: f64) -> bool {
        match self {
            Self::Equal => number.total_cmp(&limit).is_eq(),
            Self::Less => number < limit,
            Self::LessOrEqual => number <= limit,
            Self::More => number > limit,
            Self::MoreOrEqual => number >= limit,
        }
    }
}

/// `["<", 5, ">=", 1]`.
fn comparisons(operand: &[Value]) -> Option<Vec<(Comparison, f64)>> {
    if operand.is_empty() || !operand.len().is_multiple_of(2) {
        return None;
    }
    let pairs = operand.chunks_exact(2);
    pairs
        .map(|pair| Some((Comparison::parse(pair[0].as_str()?)?, pair[1].as_f64()?)))
        .collect()
}

/// Equal as JSON, numbers by their value.
fn same(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one.total_cmp(&other).is_eq(),
        (None, None) => one == other,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(pattern: &Value, body: &str, expected: bool) {
        let parsed = Pattern::parse(&pattern.to_string()).unwrap();
        let record = json!({ "messageId": "1", "body": body });
        assert_eq!(parsed.matches_record(&record), expected, "{pattern} {body}");
    }

    #[test]
    fn a_pattern_looks_into_a_body_of_json() {
        let state = json!({ "body": { "state": ["CT", { "prefix": "N" }] } });
        check(&state, r#"{"state": "CT"}"#, true);
        check(&state, r#"{"state": "NY"}"#, true);
        check(&state, r#"{"state": "TX"}"#, false);
        check(&state, r#"{}"#, false);
        check(&state, "CT", false);
        let plain = json!({ "body": ["CT"] });
        check(&plain, "CT", true);
        check(&plain, r#"{"state": "CT"}"#, false);
        let rows = json!({ "body": { "rows": [{ "numeric": [">", 0, "<=", 5] }] } });
        check(&rows, r#"{"rows": 5.0}"#, true);
        check(&rows, r#"{"rows": 6}"#, false);
        let all = json!({ "body": {
            "kind": [{ "anything-but": ["test", "dry"] }],
            "error": [{ "exists": false }],
            "$or": [{ "a": [null] }, { "b": [{ "equals-ignore-case": "Yes" }] }],
        } });
        check(&all, r#"{"kind": "x", "b": "YES"}"#, true);
        check(&all, r#"{"kind": "x", "a": null}"#, true);
        check(&all, r#"{"kind": "dry", "a": null}"#, false);
        check(&all, r#"{"kind": "x", "a": null, "error": 1}"#, false);
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for text in [
            "[]",
            "{}",
            r#"{"body": "CT"}"#,
            r#"{"body": []}"#,
            r#"{"body": [{"near": "CT"}]}"#,
            r#"{"body": [{"numeric": ["about", 5]}]}"#,
        ] {
            assert_eq!(Pattern::parse(text), None, "{text}");
        }
    }
}
