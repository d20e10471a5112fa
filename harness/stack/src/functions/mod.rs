//! Terraform's functions, as far as they are a function of their arguments (and of files).
//!
//! Follows <https://developer.hashicorp.com/terraform/language/functions>.

mod collections;
mod encoding;
mod filesystem;
mod format;
mod network;
mod numbers;
mod sets;
mod strings;
mod types;

use crate::Files;
use crate::value::convert::convert;
use crate::value::{Number, Type, Value};

pub(crate) use filesystem::read_text;

/// What is known about a function without calling it.
pub(crate) struct Function {
    pub name: &'static str,
    /// How many arguments it takes at least.
    pub least: usize,
    /// How many at most, if there is a limit.
    pub most: Option<usize>,
    pub run: fn(&Args<'_>) -> Result<Value, Failure>,
    /// What it answers, should an argument not be known.
    pub returns: Returns,
    /// Whether elements that are not known do not keep it from answering.
    pub looks_inside_unknown: bool,
    /// Whether arguments that are not known do not keep it from answering.
    pub takes_unknown: bool,
    /// Whether it decides itself what is sensitive.
    pub sets_marks: bool,
}

/// The type of a result.
#[derive(Clone, Copy)]
pub(crate) enum Returns {
    Any,
    Bool,
    Number,
    String,
    Strings,
}

impl Returns {
    pub(crate) fn ty(self) -> Type {
        match self {
            Self::Any => Type::Any,
            Self::Bool => Type::Bool,
            Self::Number => Type::Number,
            Self::String => Type::String,
            Self::Strings => Type::list(Type::String),
        }
    }
}

impl Function {
    const fn new(
        name: &'static str,
        least: usize,
        most: Option<usize>,
        returns: Returns,
        run: fn(&Args<'_>) -> Result<Value, Failure>,
    ) -> Self {
        Self {
            name,
            least,
            most,
            run,
            returns,
            looks_inside_unknown: false,
            takes_unknown: false,
            sets_marks: false,
        }
    }

    /// A function of exactly `count` arguments.
    const fn of(
        name: &'static str,
        count: usize,
        returns: Returns,
        run: fn(&Args<'_>) -> Result<Value, Failure>,
    ) -> Self {
        Self::new(name, count, Some(count), returns, run)
    }

    /// Elements that are not known are passed on like others.
    const fn with_unknown_elements(mut self) -> Self {
        self.looks_inside_unknown = true;
        self
    }

    const fn with_unknown(mut self) -> Self {
        self.takes_unknown = true;
        self.looks_inside_unknown = true;
        self
    }

    const fn with_own_marks(mut self) -> Self {
        self.sets_marks = true;
        self
    }

    /// How many arguments it takes, in words.
    pub(crate) fn arity(&self) -> String {
        let arguments = |count: usize| match count {
            0 => "no arguments".to_owned(),
            1 => "one argument".to_owned(),
            _ => format!("{count} arguments"),
        };
        match self.most {
            Some(most) if most == self.least => arguments(most),
            Some(most) => format!("{} to {most} arguments", self.least),
            None => format!("at least {}", arguments(self.least)),
        }
    }
}

fn all() -> impl Iterator<Item = &'static Function> {
    [
        collections::FUNCTIONS,
        encoding::FUNCTIONS,
        filesystem::FUNCTIONS,
        format::FUNCTIONS,
        network::FUNCTIONS,
        numbers::FUNCTIONS,
        sets::FUNCTIONS,
        strings::FUNCTIONS,
        types::FUNCTIONS,
    ]
    .into_iter()
    .flatten()
}

pub(crate) fn find(name: &str) -> Option<&'static Function> {
    all().find(|function| function.name == name)
}

pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    all().map(|function| function.name)
}

/// Terraform's functions that are left out, and what to do instead.
const NOT_SUPPORTED: &[(&str, &str)] = &[
    ("base64gzip", "pass what it would give in as a variable"),
    ("bcrypt", "pass the hash in as a variable"),
    ("ephemeralasnull", "ephemeral values are not read"),
    ("formatdate", "pass the text in as a variable"),
    ("rsadecrypt", "pass the text in as a variable"),
    ("textdecodebase64", "base64decode reads UTF-8"),
    ("textencodebase64", "base64encode writes UTF-8"),
    ("timeadd", "pass the time in as a variable"),
    ("timecmp", "pass the outcome in as a variable"),
    ("yamldecode", "write the text as JSON and use jsondecode"),
    ("yamlencode", "JSON is YAML, too: use jsonencode"),
];

/// For a function of Terraform's that is left out, what to do instead.
pub(crate) fn why_not_supported(name: &str) -> Option<&'static str> {
    NOT_SUPPORTED
        .iter()
        .find(|(left_out, _)| *left_out == name)
        .map(|(_, hint)| *hint)
}

/// Why a call cannot be evaluated.
pub(crate) struct Failure {
    /// The argument that is to blame, counted from 0.
    pub argument: Option<usize>,
    pub message: String,
    pub hint: Option<String>,
}

impl Failure {
    fn new(message: impl Into<String>) -> Self {
        Self {
            argument: None,
            message: message.into(),
            hint: None,
        }
    }

    fn at(argument: usize, message: impl Into<String>) -> Self {
        Self {
            argument: Some(argument),
            ..Self::new(message)
        }
    }
}

/// The arguments of a call, none of them broken and, unless a function asks for it, all known.
pub(crate) struct Args<'a> {
    values: &'a [Value],
    files: &'a dyn Files,
}

impl<'a> Args<'a> {
    pub(crate) fn new(values: &'a [Value], files: &'a dyn Files) -> Self {
        Self { values, files }
    }

    fn len(&self) -> usize {
        self.values.len()
    }

    fn any(&self, at: usize) -> &'a Value {
        &self.values[at]
    }

    fn get(&self, at: usize) -> Option<&'a Value> {
        self.values.get(at)
    }

    /// All from the one at `at`.
    fn rest(&self, at: usize) -> &'a [Value] {
        self.values.get(at..).unwrap_or(&[])
    }

    /// The argument, converted to a type and not null.
    fn of_type(&self, at: usize, ty: &Type) -> Result<Value, Failure> {
        let value =
            convert(&self.values[at], ty).map_err(|error| Failure::at(at, error.to_string()))?;
        if value.is_null() {
            return Err(Failure::at(at, "the argument must not be null"));
        }
        Ok(value)
    }

    fn string(&self, at: usize) -> Result<String, Failure> {
        let value = self.of_type(at, &Type::String)?;
        value
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| Failure::at(at, "a string is required"))
    }

    fn number(&self, at: usize) -> Result<Number, Failure> {
        let value = self.of_type(at, &Type::Number)?;
        value
            .as_number()
            .cloned()
            .ok_or_else(|| Failure::at(at, "a number is required"))
    }

    fn whole(&self, at: usize) -> Result<i64, Failure> {
        self.number(at)?
            .to_i64()
            .ok_or_else(|| Failure::at(at, "a whole number is required"))
    }

    /// The elements of a list of strings, none of them null.
    fn strings(&self, at: usize) -> Result<Vec<String>, Failure> {
        let value = self.of_type(at, &Type::list(Type::String))?;
        let elements = value.as_elements().unwrap_or(&[]);
        let strings: Option<Vec<String>> = elements
            .iter()
            .map(|element| element.as_str().map(str::to_owned))
            .collect();
        strings.ok_or_else(|| Failure::at(at, "none of the elements may be null"))
    }
}
