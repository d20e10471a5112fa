//! What a value means that is given to a variable from outside, and which of several counts.
//!
//! `variables.json` has what Terraform does with a text; `.ci/terraform_variables.py` puts each line of
//! it to Terraform. The other expectations are what Terraform 1.11.4 did, in November 2026.
//!
//! Follows <https://developer.hashicorp.com/terraform/language/values/variables>.

#![expect(
    clippy::unwrap_used,
    reason = "what a test needs to be there fails the test if it is not"
)]

mod common;

use common::{inputs, shown};
use serde_json::Value;
use zipster_stack::{Diagnostic, Inputs, Output, Severity, Source, read};

const DECLARED: &str = r#"
    variable "none" { default = "default" }
    variable "string" {
      type    = string
      default = "default"
    }
    variable "number" {
      type    = number
      default = -1
    }
    variable "list" {
      type    = list(string)
      default = []
    }
    output "none" { value = jsonencode(var.none) }
    output "string" { value = jsonencode(var.string) }
    output "number" { value = jsonencode(var.number) }
    output "list" { value = jsonencode(var.list) }
"#;

/// The value of an output, or all that is wrong.
fn output(name: &str, inputs: &Inputs<'_>) -> Result<(String, Vec<Diagnostic>), String> {
    let (stack, diagnostics) = read(vec![Source::new("main.tf", DECLARED)], inputs);
    let Some(stack) = stack else {
        assert!(diagnostics.iter().any(|d| d.severity() == Severity::Error));
        return Err(shown(&diagnostics));
    };
    let Output::Text(text) = &stack.outputs[name] else {
        panic!("{name} is {:?}", stack.outputs[name]);
    };
    Ok((text.expose().to_owned(), diagnostics))
}

#[track_caller]
fn value(name: &str, inputs: &Inputs<'_>) -> String {
    let (value, diagnostics) = output(name, inputs).unwrap();
    assert!(diagnostics.is_empty(), "{}", shown(&diagnostics));
    value
}

/// A line of `variables.json`.
struct Case {
    /// The variable's type; `None` if it declares none.
    ty: Option<String>,
    text: String,
    /// What Terraform makes of the text; `None` if it refuses it.
    value: Option<Value>,
}

fn cases() -> Vec<Case> {
    let cases: Value = serde_json::from_str(include_str!("variables.json")).unwrap();
    let case = |case: &Value| Case {
        ty: case["type"].as_str().map(str::to_owned),
        text: case["text"].as_str().unwrap().to_owned(),
        value: case.get("value").cloned(),
    };
    cases.as_array().unwrap().iter().map(case).collect()
}

#[test]
fn text_means_what_it_means_to_terraform() {
    for Case { ty, text, value } in cases() {
        let ty = ty.map(|ty| format!("type = {ty}")).unwrap_or_default();
        let declared = format!(
            "variable \"x\" {{\n  {ty}\n}}\noutput \"x\" {{\n  value = jsonencode(var.x)\n}}\n"
        );
        // The same rule, wherever the text is from.
        for inputs in [
            inputs().with_variable("x", &text),
            inputs().with_variable_option("x", &text),
        ] {
            let source = Source::new("main.tf", declared.as_str());
            let (stack, diagnostics) = read(vec![source], &inputs);
            let problems = shown(&diagnostics);
            let read = stack.map(|stack| {
                let json = stack.output("x").unwrap();
                serde_json::from_str::<Value>(json).unwrap()
            });
            assert_eq!(read, value, "{ty} {text:?}: {problems}");
            let told = problems.contains("the value given for variable `x`");
            assert_eq!(told, value.is_none(), "{ty} {text:?}: {problems}");
        }
    }
}

#[test]
fn text_in_json_is_no_template() {
    let given = |text: &str| {
        let file = Source::new("terraform/a.tfvars.json", text);
        inputs().with_variable_file(file)
    };
    for (name, json, expected) in [
        ("none", r#""${upper(\"a\")}""#, r#""${upper(\"a\")}""#),
        ("none", r#""$${x}""#, r#""$${x}""#),
        ("none", r#"{"${1+1}":1}"#, r#"{"${1+1}":1}"#),
        (
            "none",
            r#"[1,{"a":"x"},true,null]"#,
            r#"[1,{"a":"x"},true,null]"#,
        ),
        ("list", r#"["${1+1}",2]"#, r#"["${1+1}","2"]"#),
        ("list", "null", "null"),
        ("number", r#""7""#, "7"),
        ("string", r#""\u00fc""#, r#""ü""#),
    ] {
        let text = format!(r#"{{"//": "a comment", "{name}": {json}}}"#);
        assert_eq!(value(name, &given(&text)), expected, "{text}");
    }
    let problems = |text: &str| output("string", &given(text)).unwrap_err();
    insta::assert_snapshot!(problems("{\n  \"string\": }"), @r#"
    error: cannot read this: a JSON value is expected
     --> terraform/a.tfvars.json:2:13
    2 |   "string": }
      |             ^
    "#);
    insta::assert_snapshot!(problems("[\"string\"]"), @r#"
    error: cannot read this: a JSON object is expected
     --> terraform/a.tfvars.json:1:1
    1 | ["string"]
      | ^
    "#);
    insta::assert_snapshot!(problems("{\n  \"string\": \"a\",\n  \"string\": \"b\"\n}"), @r#"
    error: `string` is set twice
     --> terraform/a.tfvars.json:3:3
    3 |   "string": "b"
      |   ^^^^^^^^
    hint: the other one is at terraform/a.tfvars.json:2:3
    "#);
    insta::assert_snapshot!(problems("{\n  \"number\": \"many\"\n}"), @r#"
    error: the value given for variable `number`: a number is required
     --> terraform/a.tfvars.json:2:13
    2 |   "number": "many"
      |             ^^^^^^
    hint: it has the type number
    "#);
}

#[test]
fn of_several_values_the_last_counts_whatever_it_is_from() {
    let hcl = |text: &str| Source::new("some.tfvars", format!("string = \"{text}\""));
    let json = |text: &str| Source::new("some.tfvars.json", format!(r#"{{"string":"{text}"}}"#));
    let string = |inputs: Inputs<'_>| value("string", &inputs);
    let environment = inputs().with_variable("string", "environment");
    assert_eq!(string(inputs()), r#""default""#);
    assert_eq!(string(environment.clone()), r#""environment""#);
    let with_file = environment.with_variable_file(hcl("file"));
    assert_eq!(string(with_file.clone()), r#""file""#);
    let with_json = with_file.with_variable_file(json("json"));
    assert_eq!(string(with_json.clone()), r#""json""#);
    let with_option = with_json.with_variable_option("string", "option");
    assert_eq!(string(with_option.clone()), r#""option""#);
    let with_later_file = with_option.with_variable_file(hcl("later"));
    assert_eq!(string(with_later_file), r#""later""#);
}

#[test]
fn what_is_not_declared_is_for_others_noted_or_a_mistake() {
    assert_eq!(
        value("string", &inputs().with_variable("strin", "[1")),
        r#""default""#
    );
    let file = Source::new("some.tfvars", "strin = 1");
    let (_, warnings) = output("string", &inputs().with_variable_file(file)).unwrap();
    insta::assert_snapshot!(shown(&warnings), @r"
    warning: there is no variable `strin` to set
     --> some.tfvars:1:1
    1 | strin = 1
      | ^^^^^
    hint: did you mean `string`?
    ");
    let option = inputs().with_variable_option("strin", "x");
    insta::assert_snapshot!(output("string", &option).unwrap_err(), @r"
    error: there is no variable `strin` to set
    hint: did you mean `string`?
    ");
}

#[test]
fn a_file_says_each_value_once_and_calls_nothing() {
    let problems = |text: &str| {
        let file = Source::new("some.tfvars", text);
        output("string", &inputs().with_variable_file(file)).unwrap_err()
    };
    insta::assert_snapshot!(problems("string = \"a\"\nstring = \"b\""), @r#"
    error: cannot read this: invalid attribute; expected unique attribute key; found redefined attribute
     --> some.tfvars:2:1
    2 | string = "b"
      | ^
    "#);
    insta::assert_snapshot!(problems("string = upper(\"a\")"), @r#"
    error: `upper` cannot be called here
     --> some.tfvars:1:10
    1 | string = upper("a")
      |          ^^^^^
    hint: values and defaults of variables stand for themselves: use a local
    "#);
    insta::assert_snapshot!(problems("string {}"), @r"
    error: a variable file has values only, and no blocks
     --> some.tfvars:1:1
    1 | string {}
      | ^^^^^^
    ");
    let text = r#"none = [for x in [1, 2] : "${x + 1}${true ? 1 : 2}"]"#;
    let file = Source::new("some.tfvars", text);
    assert_eq!(
        value("none", &inputs().with_variable_file(file)),
        r#"["21","31"]"#
    );
}
