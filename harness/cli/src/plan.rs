//! `zipster plan`: the stack as read, with nothing built, started or asked of AWS.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;
use zipster_stack::{Address, Resource, Stack};
use zipster_targets::plan::{self, Variables};

use crate::args::{PlanFormat, PlanSettings, Target};
use crate::exit::{Exit, Failure};
use crate::stage::find_project;
use crate::variables;

/// How many attributes a line of the tree has room for.
const CHIEF: usize = 4;

/// What `up` says of this, unless the command line says otherwise.
const OF_UP: (&str, &str) = ("notification_emails", "[\"you@example.com\"]");

/// What a local target gives a stack that takes a database.
const DATABASE_URL: &str = "mysql://localhost/zipster";

/// Shows the stack.
///
/// # Errors
/// [`Failure`] if `terraform/` has mistakes, each with its place.
pub fn plan(settings: PlanSettings) -> Result<Exit, Failure> {
    let project = find_project()?;
    let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let of_target = match settings.target {
        Target::Embedded => vec![pair(OF_UP)],
        Target::LocalStack => vec![pair(OF_UP), pair(("database", "existing"))],
        Target::Aws => Vec::new(),
    };
    let variables = Variables {
        environment: variables::of_environment(),
        of_target,
        database_url: match settings.target {
            Target::Embedded | Target::LocalStack => Some(DATABASE_URL.to_owned()),
            Target::Aws => None,
        },
        options: settings.variables.0,
    };
    let (stack, warnings) = plan::read(&project, &variables)?;
    for warning in warnings {
        anstream::eprintln!("{warning}");
    }
    let format = if settings.json {
        PlanFormat::Json
    } else {
        settings.format
    };
    let text = match format {
        PlanFormat::Tree => tree(&stack)?,
        PlanFormat::Mermaid => mermaid(&stack),
        PlanFormat::Dot => dot(&stack),
        PlanFormat::Json => json(&stack)?.to_string() + "\n",
    };
    anstream::print!("{text}");
    Ok(Exit::Done)
}

fn json(it: &impl serde::Serialize) -> Result<Value, Failure> {
    serde_json::to_value(it).map_err(|error| Failure::new(Exit::Failed, error.to_string()))
}

/// The modules with their resources, in the order in which they are made.
fn modules(stack: &Stack) -> BTreeMap<String, Vec<(usize, &Resource)>> {
    let mut modules: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for (index, resource) in stack.order().enumerate() {
        let module = module_of(&resource.address);
        modules.entry(module).or_default().push((index, resource));
    }
    modules
}

/// `module.a["x"].module.b`; nothing for the root module.
fn module_of(address: &Address) -> String {
    let steps: Vec<String> = address
        .module
        .iter()
        .map(|step| {
            let key = step.key.as_ref().map(ToString::to_string);
            format!("module.{}{}", step.name, key.unwrap_or_default())
        })
        .collect();
    steps.join(".")
}

/// The address as it reads within its module.
fn within_module(address: &Address) -> String {
    let mut address = address.clone();
    address.module.clear();
    address.to_string()
}

fn tree(stack: &Stack) -> Result<String, Failure> {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{} resources in {}, account {}",
        stack.resources.len(),
        stack.region,
        stack.account
    );
    for (module, resources) in modules(stack) {
        let name = if module.is_empty() {
            "root"
        } else {
            module.as_str()
        };
        let _ = writeln!(text, "\n{name}");
        let last = resources.len().saturating_sub(1);
        for (at, (_, resource)) in resources.iter().enumerate() {
            let branch = if at == last { "└─" } else { "├─" };
            let _ = writeln!(
                text,
                "{branch} {}{}",
                within_module(&resource.address),
                attributes(&json(&resource.kind)?)
            );
        }
    }
    if !stack.not_emulated.is_empty() {
        let _ = writeln!(text, "\nnot emulated");
        for left_out in &stack.not_emulated {
            let attribute = left_out.attribute.as_ref();
            let attribute = attribute.map(|name| format!(".{name}")).unwrap_or_default();
            let _ = writeln!(
                text,
                "- {}{attribute}: {} ({})",
                left_out.address, left_out.reason, left_out.place
            );
        }
    }
    Ok(text)
}

/// The first few plain attributes, what it is called before the others.
fn attributes(kind: &Value) -> String {
    let Some(fields) = kind
        .as_object()
        .and_then(|kind| kind.values().next())
        .and_then(Value::as_object)
    else {
        return String::new();
    };
    let rank = |name: &str| match name {
        "name" => 0,
        "bucket" | "function" | "topic" | "protocol" | "endpoint" | "filter_policy" => 1,
        "timeout_s" | "memory_mb" | "message_retention_s" => 1,
        "description" | "ephemeral_storage_mb" | "filter_policy_scope" | "queue_url" => 3,
        _ => 2,
    };
    let mut plain: Vec<(&String, String)> = fields
        .iter()
        .filter_map(|(name, value)| match value {
            // Policies are too long for a line, and an ARN says no more than the name.
            Value::String(text) => {
                let short = !text.is_empty() && text.len() <= 100;
                let short = short && (name == "filter_policy" || !text.starts_with('{'));
                (short && name != "arn" && name != "id").then(|| (name, text.clone()))
            }
            Value::Number(number) if number.as_u64() == Some(0) => None,
            Value::Number(number) => Some((name, number.to_string())),
            Value::Bool(true) => Some((name, "true".to_owned())),
            Value::Bool(false) | Value::Null | Value::Array(_) | Value::Object(_) => None,
        })
        .collect();
    plain.sort_by_key(|(name, _)| rank(name));
    plain.truncate(CHIEF);
    let mut text = String::new();
    for (name, value) in plain {
        let _ = write!(text, "  {name}={value}");
    }
    text
}

/// Arrows, from what has to be there first, by the resources' numbers.
fn arrows(stack: &Stack) -> Vec<(usize, usize)> {
    let numbers: BTreeMap<&Address, usize> = stack
        .order()
        .enumerate()
        .map(|(number, resource)| (&resource.address, number))
        .collect();
    let mut arrows = Vec::new();
    for (number, resource) in stack.order().enumerate() {
        let first = resource.depends_on.iter();
        arrows.extend(first.filter_map(|address| Some((*numbers.get(address)?, number))));
    }
    arrows
}

fn mermaid(stack: &Stack) -> String {
    let mut text = "flowchart LR\n".to_owned();
    for (group, (module, resources)) in modules(stack).into_iter().enumerate() {
        let inner = !module.is_empty();
        if inner {
            let _ = writeln!(text, "  subgraph m{group}[\"{}\"]", in_mermaid(&module));
        }
        for (number, resource) in resources {
            let name = within_module(&resource.address);
            let _ = writeln!(text, "    r{number}[\"{}\"]", in_mermaid(&name));
        }
        if inner {
            text.push_str("  end\n");
        }
    }
    for (from, to) in arrows(stack) {
        let _ = writeln!(text, "  r{from} --> r{to}");
    }
    text
}

/// An address as the text of a node. Mermaid has escapes of its own, so those of the address go;
/// that of a line break stays, since a node's text is one line.
fn in_mermaid(address: &str) -> String {
    let mut text = String::new();
    let mut characters = address.chars().peekable();
    while let Some(character) = characters.next() {
        let escaped = match character {
            '\\' => characters.next_if(|next| matches!(next, '"' | '\\')),
            _ => None,
        };
        match escaped.unwrap_or(character) {
            '"' => text.push_str("#quot;"),
            '#' => text.push_str("#35;"),
            '<' => text.push_str("#lt;"),
            '>' => text.push_str("#gt;"),
            '&' => text.push_str("#amp;"),
            other => text.push(other),
        }
    }
    text
}

fn dot(stack: &Stack) -> String {
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    let mut text = "digraph stack {\n  rankdir=LR;\n  node [shape=box];\n".to_owned();
    for (group, (module, resources)) in modules(stack).into_iter().enumerate() {
        let inner = !module.is_empty();
        if inner {
            let _ = writeln!(text, "  subgraph cluster_{group} {{");
            let _ = writeln!(text, "    label=\"{}\";", quoted(&module));
        }
        for (number, resource) in resources {
            let name = within_module(&resource.address);
            let _ = writeln!(text, "    r{number} [label=\"{}\"];", quoted(&name));
        }
        if inner {
            text.push_str("  }\n");
        }
    }
    for (from, to) in arrows(stack) {
        let _ = writeln!(text, "  r{from} -> r{to};");
    }
    text.push_str("}\n");
    text
}

#[cfg(test)]
mod tests {
    use zipster_stack::{Inputs, Source, read};

    use super::*;

    fn stack() -> Stack {
        let text = r#"
resource "aws_sns_topic" "steps" {
  for_each = toset(["a\"b"])
  name     = "steps"
}
resource "aws_sqs_queue" "letters" {
  name = "letters"
}
resource "aws_sns_topic_subscription" "letters" {
  topic_arn = aws_sns_topic.steps["a\"b"].arn
  protocol  = "sqs"
  endpoint  = aws_sqs_queue.letters.arn
}
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}
"#;
        let inputs = Inputs::new(
            "123456789012".parse().unwrap(),
            "us-east-1".parse().unwrap(),
        );
        read(vec![Source::new("terraform/main.tf", text)], &inputs)
            .0
            .unwrap()
    }

    #[test]
    fn a_stack_is_shown_as_a_tree() {
        insta::assert_snapshot!(tree(&stack()).unwrap());
    }

    #[test]
    fn what_means_something_to_mermaid_is_written_in_its_own_escapes() {
        let shown = |key: &str| {
            let key = zipster_stack::InstanceKey::Name(key.to_owned());
            in_mermaid(&key.to_string())
        };
        assert_eq!(shown("a"), "[#quot;a#quot;]");
        assert_eq!(shown("a\"b"), "[#quot;a#quot;b#quot;]");
        assert_eq!(shown("a\\"), "[#quot;a\\#quot;]");
        assert_eq!(shown("a\nb"), "[#quot;a\\nb#quot;]");
        assert_eq!(
            shown("#1; <b> & c"),
            "[#quot;#35;1; #lt;b#gt; #amp; c#quot;]"
        );
        // Every node of the picture.
        assert!(mermaid(&stack()).contains("r0[\"aws_sns_topic.steps[#quot;a#quot;b#quot;]\"]"));
    }

    #[test]
    fn a_stack_is_shown_as_pictures() {
        insta::assert_snapshot!(format!("{}\n{}", mermaid(&stack()), dot(&stack())));
    }
}
