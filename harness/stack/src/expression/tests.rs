//! Expressions as Terraform itself evaluated them.
//!
//! `recorded/expressions.jsonl` holds what Terraform 1.15.5 said, one expression a line: its type
//! and value, or its error. It is recorded again, not edited.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value as Json;

use super::{Evaluator, Names, NoNames};
use crate::diagnostic::Severity;
use crate::value::{Kind, Type, Value, json};
use crate::{NoFiles, Source};

struct Locals(BTreeMap<String, Value>);

impl Names for Locals {
    fn resolve(&self, root: &str, attributes: &[&str]) -> Option<(Value, usize)> {
        match (root, attributes) {
            ("local", [name, ..]) => Some((self.0.get(*name)?.clone(), 1)),
            _ => None,
        }
    }

    fn roots(&self) -> Vec<String> {
        vec!["local".to_owned()]
    }
}

fn recorded_locals() -> Locals {
    let source = Arc::new(Source::new("locals.tf", include_str!("recorded/locals.tf")));
    let body = hcl_edit::parser::parse_body(&source.text).unwrap();
    let mut locals = BTreeMap::new();
    for block in body.blocks() {
        for attribute in block.body.attributes() {
            let mut evaluator = Evaluator::new(&NoNames, &NoFiles, &source);
            let value = evaluator.evaluate(&attribute.value);
            assert!(!value.is_broken());
            locals.insert(attribute.key.to_string(), value);
        }
    }
    Locals(locals)
}

/// The value, or the messages of what is wrong.
fn evaluate(text: &str, names: &dyn Names) -> Result<Value, String> {
    let source = Arc::new(Source::new("test.tf", text));
    let expression: hcl_edit::expr::Expression = match text.parse() {
        Ok(expression) => expression,
        Err(error) => return Err(error.to_string()),
    };
    let mut evaluator = Evaluator::new(names, &NoFiles, &source);
    let value = evaluator.evaluate(&expression);
    let problems = std::mem::take(&mut evaluator.diagnostics).into_sorted();
    let errors: Vec<&str> = problems
        .iter()
        .filter(|problem| problem.severity() == Severity::Error)
        .map(crate::Diagnostic::message)
        .collect();
    if errors.is_empty() {
        Ok(value)
    } else {
        Err(errors.join("; "))
    }
}

/// A type the way Terraform writes it into its state.
fn type_json(ty: &Type) -> Json {
    match ty {
        Type::Any => "dynamic".into(),
        Type::Bool => "bool".into(),
        Type::Number => "number".into(),
        Type::String => "string".into(),
        Type::List(element) => serde_json::json!(["list", type_json(element)]),
        Type::Set(element) => serde_json::json!(["set", type_json(element)]),
        Type::Map(element) => serde_json::json!(["map", type_json(element)]),
        Type::Tuple(elements) => {
            let elements: Vec<Json> = elements.iter().map(type_json).collect();
            serde_json::json!(["tuple", elements])
        }
        Type::Object(attributes) => {
            let attributes: serde_json::Map<String, Json> = attributes
                .iter()
                .map(|(name, attribute)| (name.clone(), type_json(&attribute.ty)))
                .collect();
            serde_json::json!(["object", attributes])
        }
    }
}

/// Equal, except that our nulls have no type.
fn same_type(ours: &Json, theirs: &Json) -> bool {
    match (ours, theirs) {
        (Json::String(any), _) if any == "dynamic" => true,
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_type(a, b))
        }
        (Json::Object(a), Json::Object(b)) => {
            a.keys().eq(b.keys()) && a.iter().zip(b).all(|((_, a), (_, b))| same_type(a, b))
        }
        _ => ours == theirs,
    }
}

/// Equal, with numbers compared as the 64-bit floats that the recording has.
fn same(ours: &Json, theirs: &Json) -> bool {
    match (ours, theirs) {
        (Json::Number(a), Json::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            (a - b).abs() <= a.abs() * 1e-15
        }
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Json::Object(a), Json::Object(b)) => {
            a.keys().eq(b.keys()) && a.iter().zip(b).all(|((_, a), (_, b))| same(a, b))
        }
        _ => ours == theirs,
    }
}

/// Where we differ from Terraform on purpose: what it computes and we refuse.
const REFUSED: &[&str] = &[
    // Two attributes of one name are a slip.
    "{a=1, a=2}",
    // Infinity is no number to go on with.
    "1 % 0",
    // Functions that are not supported say so.
    "base64gzip(\"a\")",
    "formatdate(\"YYYY-MM-DD\", \"2024-01-02T03:04:05Z\")",
    "textencodebase64(\"hi\", \"UTF-16LE\")",
    "timeadd(\"2024-01-02T03:04:05Z\", \"1h\")",
    "timecmp(\"2024-01-02T03:04:05Z\", \"2024-01-02T03:04:06Z\")",
    "yamldecode(\"a: 1\\nb: [x, y]\\n\")",
    "yamlencode(\"a\")",
    "yamlencode({a=[1,\"x\"],b={c=null}})",
];

/// Where the text differs: Terraform composes what can be one character (Unicode's form NFC).
const DIFFERENT: &[&str] = &["strrev(\"e\\u0301x\")"];

/// Known only after apply here, while Terraform's recording had a clock and chance at hand.
const NOT_KNOWN: &[&str] = &["timestamp() == \"\"", "uuid() == \"\""];

#[test]
fn expressions_mean_what_terraform_says() {
    let locals = recorded_locals();
    let mut wrong = Vec::new();
    let mut refused = BTreeSet::new();
    for line in include_str!("recorded/expressions.jsonl").lines() {
        let recorded: Json = serde_json::from_str(line).unwrap();
        let text = recorded["expr"].as_str().unwrap();
        let ours = evaluate(text, &locals);
        match (&ours, recorded.get("error")) {
            (Err(_), Some(_)) => {}
            (Err(_), None) if REFUSED.contains(&text) => {
                refused.insert(text.to_owned());
            }
            (Ok(value), None) if matches!(value.kind, Kind::Unknown(_)) => {
                if !NOT_KNOWN.contains(&text) {
                    wrong.push(format!("{text}: not known"));
                }
            }
            (Ok(value), None) => {
                let shown: Json = serde_json::from_str(&json::encode(value)).unwrap();
                let same_type = recorded["type"].is_null()
                    || same_type(&type_json(&value.ty()), &recorded["type"]);
                let same = same(&shown, &recorded["value"]) || DIFFERENT.contains(&text);
                if !same_type || !same {
                    wrong.push(format!(
                        "{text}\n   ours: {shown} {}\n theirs: {} {}",
                        type_json(&value.ty()),
                        recorded["value"],
                        recorded["type"]
                    ));
                }
            }
            (Ok(value), Some(error)) => wrong.push(format!("{text}: {value:?}, not {error}")),
            (Err(error), None) => wrong.push(format!("{text}: {error}")),
        }
    }
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert_eq!(
        refused.len(),
        REFUSED.len(),
        "one of the list is not refused any more"
    );
}
