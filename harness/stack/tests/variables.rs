//! What a value means that is given to a variable from outside, and which of several counts.
//!
//! Every expectation is what Terraform does: each case was run by Terraform 1.11.4 and 1.15.5, with
//! `terraform apply -var`, `TF_VAR_...` and variable files, in November 2026.
//!
//! Follows <https://developer.hashicorp.com/terraform/language/values/variables>.

#![expect(
    clippy::unwrap_used,
    reason = "what a test needs to be there fails the test if it is not"
)]

mod common;

use common::{inputs, shown};
use zipster_stack::{Diagnostic, Inputs, Output, Severity, Source, read};

const EVERY_TYPE: &str = r#"
    variable "none" { default = "default" }
    variable "any" {
      type    = any
      default = "default"
    }
    variable "string" {
      type    = string
      default = "default"
    }
    variable "number" {
      type    = number
      default = -1
    }
    variable "bool" {
      type    = bool
      default = null
    }
    variable "list" {
      type    = list(string)
      default = []
    }
    variable "list_of_any" {
      type    = list(any)
      default = []
    }
    variable "set" {
      type    = set(string)
      default = []
    }
    variable "map" {
      type    = map(string)
      default = {}
    }
    variable "tuple" {
      type    = tuple([string, number])
      default = ["", 0]
    }
    variable "object" {
      type    = object({ a = string, b = optional(number, 7) })
      default = { a = "default" }
    }
    output "none" { value = jsonencode(var.none) }
    output "any" { value = jsonencode(var.any) }
    output "string" { value = jsonencode(var.string) }
    output "number" { value = jsonencode(var.number) }
    output "bool" { value = jsonencode(var.bool) }
    output "list" { value = jsonencode(var.list) }
    output "list_of_any" { value = jsonencode(var.list_of_any) }
    output "set" { value = jsonencode(var.set) }
    output "map" { value = jsonencode(var.map) }
    output "tuple" { value = jsonencode(var.tuple) }
    output "object" { value = jsonencode(var.object) }
"#;

/// The value of an output, or all that is wrong.
fn output(name: &str, inputs: &Inputs<'_>) -> Result<(String, Vec<Diagnostic>), String> {
    let (stack, diagnostics) = read(vec![Source::new("main.tf", EVERY_TYPE)], inputs);
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

#[test]
fn text_means_what_the_type_says() {
    // The variable, the text that it is given, and its value as JSON, or nothing where it is refused.
    let cases = [
        // Without a type, the text itself.
        ("none", "[1,2]", r#""[1,2]""#),
        ("none", "5", r#""5""#),
        ("none", "true", r#""true""#),
        ("none", "null", r#""null""#),
        ("none", "{a=1}", r#""{a=1}""#),
        ("none", r#""q""#, r#""\"q\"""#),
        ("none", "plain text", r#""plain text""#),
        ("none", "${x}", r#""${x}""#),
        ("none", "", r#""""#),
        // `any` is a type, so the text is an expression.
        ("any", "[1,2]", "[1,2]"),
        ("any", "5", "5"),
        ("any", "true", "true"),
        ("any", "null", "null"),
        ("any", "{a=1}", r#"{"a":1}"#),
        ("any", r#""q""#, r#""q""#),
        ("any", "plain text", ""),
        ("any", "plain", ""),
        ("any", "${x}", ""),
        ("any", "", ""),
        // Text, numbers and truth stand for themselves: no quotes, no escapes, no null.
        ("string", "[1,2]", r#""[1,2]""#),
        ("string", "null", r#""null""#),
        ("string", r#""q""#, r#""\"q\"""#),
        ("string", "${x}", r#""${x}""#),
        ("string", " sp ", r#"" sp ""#),
        ("string", "", r#""""#),
        ("number", "5", "5"),
        ("number", "1.50", "1.5"),
        ("number", "1e3", "1000"),
        ("number", r#""5""#, ""),
        ("number", "x", ""),
        ("number", "", ""),
        ("number", "null", ""),
        ("number", "0x10", ""),
        ("number", " 5 ", ""),
        ("bool", "true", "true"),
        ("bool", "1", "true"),
        ("bool", "0", "false"),
        ("bool", "True", ""),
        ("bool", r#""true""#, ""),
        ("bool", "yes", ""),
        ("bool", "", ""),
        ("bool", "null", ""),
        // All else is written as in a file, and converted.
        ("list", r#"[1,"b"]"#, r#"["1","b"]"#),
        ("list", r#"["a",]"#, r#"["a"]"#),
        ("list", "null", "null"),
        ("list", "a,b", ""),
        ("list", "a", ""),
        ("list", "", ""),
        ("list", "[", ""),
        ("list", r#""a""#, ""),
        ("list", r#"[upper("a")]"#, ""),
        ("list", r#"toset(["a"])"#, ""),
        ("list", "var.string", ""),
        ("list_of_any", r#"[1,"b"]"#, r#"["1","b"]"#),
        ("list_of_any", "[]", "[]"),
        ("set", r#"["b","a","b"]"#, r#"["a","b"]"#),
        ("map", "{a=1}", r#"{"a":"1"}"#),
        ("map", r#"{"a": "b"}"#, r#"{"a":"b"}"#),
        ("map", "[]", ""),
        ("tuple", r#"["x","5"]"#, r#"["x",5]"#),
        ("tuple", r#"["x"]"#, ""),
        ("object", "{a=1}", r#"{"a":"1","b":7}"#),
        ("object", r#"{a="x",b="3",c=1}"#, r#"{"a":"x","b":3}"#),
        ("object", "{a=null}", r#"{"a":null,"b":7}"#),
        ("object", "{}", ""),
    ];
    for (name, text, expected) in cases {
        // The same rule, wherever the text is from.
        for inputs in [
            inputs().with_variable(name, text),
            inputs().with_variable_option(name, text),
        ] {
            match (output(name, &inputs), expected) {
                (Ok((value, _)), expected) => assert_eq!(value, expected, "{name}={text}"),
                (Err(problems), "") => assert!(
                    problems.contains(&format!("the value given for variable `{name}`")),
                    "{name}={text}: {problems}"
                ),
                (Err(problems), _) => panic!("{name}={text}: {problems}"),
            }
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
