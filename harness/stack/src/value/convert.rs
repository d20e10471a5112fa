//! Converting values to a type, the way Terraform does wherever it knows which one it wants.

use std::collections::BTreeMap;

use super::{Attribute, Kind, Number, Type, Value, unify};

/// Why a value cannot become one of a type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ConvertError {
    /// Where in the value, such as `.a[0]`; empty for the value itself.
    pub path: String,
    pub message: String,
}

impl ConvertError {
    fn new(message: impl Into<String>) -> Self {
        Self {
            path: String::new(),
            message: message.into(),
        }
    }

    fn inside(mut self, step: &str) -> Self {
        self.path.insert_str(0, step);
        self
    }
}

impl std::fmt::Display for ConvertError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.path, self.message)
        }
    }
}

/// `value` as one of type `ty`.
pub(crate) fn convert(value: &Value, ty: &Type) -> Result<Value, ConvertError> {
    match convert_kind(value, ty) {
        Ok(converted) => Ok(converted.marked(value.sensitive)),
        // What is wrong with it has been reported already.
        Err(_) if value.has_broken() => Ok(Value::broken()),
        Err(error) => Err(error),
    }
}

fn convert_kind(value: &Value, ty: &Type) -> Result<Value, ConvertError> {
    match (&value.kind, ty) {
        (_, Type::Any) => Ok(value.clone()),
        (Kind::Null, _) => Ok(Value::null()),
        (Kind::Broken, _) => Ok(Value::broken()),
        (Kind::Unknown(from), _) => unknown(from, ty),
        (Kind::Open(_), _) => unknown(&Type::Object(BTreeMap::new()), ty),
        (_, Type::Bool | Type::Number | Type::String) => primitive(value, ty),
        (_, Type::List(element)) => {
            let elements = value.as_elements().ok_or_else(|| mismatch(value, ty))?;
            let (element, elements) = all(by_index(elements), element)?;
            Ok(Kind::List(element, elements).into())
        }
        (_, Type::Set(element)) => {
            let elements = value.as_elements().ok_or_else(|| mismatch(value, ty))?;
            let (element, elements) = all(by_index(elements), element)?;
            Ok(Value::set(element, elements))
        }
        (_, Type::Map(element)) => {
            let entries = value.as_entries().ok_or_else(|| mismatch(value, ty))?;
            let by_key = entries
                .iter()
                .map(|(key, value)| (format!("[\"{key}\"]"), value));
            let (element, values) = all(by_key, element)?;
            let map = entries.keys().cloned().zip(values).collect();
            Ok(Kind::Map(element, map).into())
        }
        (_, Type::Tuple(types)) => tuple(value, ty, types),
        (_, Type::Object(attributes)) => object(value, ty, attributes),
    }
}

fn mismatch(value: &Value, ty: &Type) -> ConvertError {
    required(ty, &value.friendly())
}

fn required(ty: &Type, found: &str) -> ConvertError {
    let wanted = ty.friendly();
    let article = if wanted.starts_with(['a', 'o']) {
        "an"
    } else {
        "a"
    };
    ConvertError::new(format!("{article} {wanted} is required, not {found}"))
}

/// Something not known yet can become whatever its type can.
fn unknown(from: &Type, to: &Type) -> Result<Value, ConvertError> {
    let impossible = match (from, to) {
        (Type::Any, _) => false,
        (Type::Bool | Type::Number | Type::String, Type::Bool | Type::Number | Type::String) => {
            matches!(
                (from, to),
                (Type::Bool, Type::Number) | (Type::Number, Type::Bool)
            )
        }
        (Type::Bool | Type::Number | Type::String, _)
        | (_, Type::Bool | Type::Number | Type::String) => true,
        (Type::Map(_) | Type::Object(_), Type::Map(_) | Type::Object(_)) => false,
        (Type::Map(_) | Type::Object(_), _) | (_, Type::Map(_) | Type::Object(_)) => true,
        _ => false,
    };
    if impossible {
        Err(required(to, &from.friendly()))
    } else {
        Ok(Value::unknown(to.clone()))
    }
}

fn primitive(value: &Value, ty: &Type) -> Result<Value, ConvertError> {
    match (&value.kind, ty) {
        (Kind::Bool(_), Type::Bool)
        | (Kind::Number(_), Type::Number)
        | (Kind::String(_), Type::String) => Ok(value.clone()),
        (Kind::Bool(value), Type::String) => Ok(value.to_string().into()),
        (Kind::Number(value), Type::String) => Ok(value.to_string().into()),
        (Kind::String(text), Type::Number) => match Number::parse(text) {
            Some(number) => Ok(number.into()),
            None => Err(ConvertError::new("a number is required")),
        },
        (Kind::String(text), Type::Bool) => match text.as_str() {
            "true" | "1" => Ok(true.into()),
            "false" | "0" => Ok(false.into()),
            _ => Err(ConvertError::new(
                "a bool is required: true or false, in lower case",
            )),
        },
        _ => Err(mismatch(value, ty)),
    }
}

/// Converts all elements of a collection, and says of which type they are then.
///
/// Where `any` is asked for, that is what they have in common.
fn all<'a>(
    values: impl Iterator<Item = (String, &'a Value)> + Clone,
    wanted: &Type,
) -> Result<(Type, Vec<Value>), ConvertError> {
    let target = if *wanted == Type::Any {
        let types: Vec<Type> = values.clone().map(|(_, value)| value.ty()).collect();
        unify(&types).ok_or_else(|| ConvertError::new("all elements must have the same type"))?
    } else {
        wanted.clone()
    };
    let mut converted = Vec::new();
    for (step, value) in values {
        converted.push(convert(value, &target).map_err(|error| error.inside(&step))?);
    }
    let element = if target.has_any() {
        let types: Vec<Type> = converted.iter().map(Value::ty).collect();
        unify(&types).unwrap_or(Type::Any)
    } else {
        target.concrete()
    };
    Ok((element, converted))
}

fn by_index(elements: &[Value]) -> impl Iterator<Item = (String, &Value)> + Clone {
    elements
        .iter()
        .enumerate()
        .map(|(at, element)| (format!("[{at}]"), element))
}

fn tuple(value: &Value, ty: &Type, types: &[Type]) -> Result<Value, ConvertError> {
    let Kind::Tuple(elements) = &value.kind else {
        return Err(mismatch(value, ty));
    };
    if elements.len() != types.len() {
        return Err(ConvertError::new(format!(
            "a tuple of {} elements is required, not of {}",
            types.len(),
            elements.len()
        )));
    }
    let mut converted = Vec::new();
    for (at, (element, ty)) in elements.iter().zip(types).enumerate() {
        converted.push(convert(element, ty).map_err(|e| e.inside(&format!("[{at}]")))?);
    }
    Ok(Value::tuple(converted))
}

fn object(
    value: &Value,
    ty: &Type,
    attributes: &BTreeMap<String, Attribute>,
) -> Result<Value, ConvertError> {
    let entries = value.as_entries().ok_or_else(|| mismatch(value, ty))?;
    let mut converted = BTreeMap::new();
    let mut missing = Vec::new();
    for (name, attribute) in attributes {
        let default = attribute.default.as_ref();
        let value = match entries.get(name) {
            Some(value) if value.is_null() && default.is_some() => default,
            Some(value) => Some(value),
            None => default,
        };
        match value {
            Some(value) => {
                let value =
                    convert(value, &attribute.ty).map_err(|e| e.inside(&format!(".{name}")))?;
                converted.insert(name.clone(), value);
            }
            None if attribute.optional => {
                converted.insert(name.clone(), Value::null());
            }
            None => missing.push(format!("`{name}`")),
        }
    }
    match missing.as_slice() {
        [] => Ok(Value::object(converted)),
        [one] => Err(ConvertError::new(format!("attribute {one} is required"))),
        many => Err(ConvertError::new(format!(
            "attributes {} are required",
            many.join(", ")
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &Value, ty: &Type, expected: Result<&str, &str>) {
        let converted = convert(value, ty);
        let shown = converted
            .as_ref()
            .map(|value| format!("{value:?} {}", value.ty()))
            .map_err(ToString::to_string);
        assert_eq!(shown, expected.map(str::to_owned).map_err(str::to_owned));
    }

    #[test]
    fn values_become_what_is_asked_for() {
        let one = Value::from(1u64);
        let text = Value::from("x");
        let mixed = Value::tuple(vec![one.clone(), text.clone(), Value::null()]);
        let any = Type::list(Type::Any);
        check(&one, &Type::String, Ok("\"1\" string"));
        check(&Value::from("1"), &Type::Number, Ok("1 number"));
        check(&Value::from("1"), &Type::Bool, Ok("true bool"));
        check(&text, &Type::Number, Err("a number is required"));
        check(&one, &Type::Bool, Err("a bool is required, not number"));
        check(&Value::null(), &Type::Bool, Ok("null any"));
        check(&mixed, &any, Ok("[\"1\", \"x\", null] list(string)"));
        check(
            &mixed,
            &Type::list(Type::Number),
            Err("[1]: a number is required"),
        );
        check(&text, &any, Err("a list of any is required, not string"));
        check(
            &Value::tuple(vec![text.clone(), Value::from("a"), text]),
            &Type::set(Type::String),
            Ok("[\"a\", \"x\"] set(string)"),
        );
        check(&Value::tuple(vec![]), &any, Ok("[] list(any)"));
    }

    #[test]
    fn defaults_fill_what_is_absent_or_null() {
        let optional = |ty, default: Option<Value>| Attribute {
            ty,
            optional: true,
            default,
        };
        let ty = Type::Object(BTreeMap::from([
            ("a".to_owned(), Attribute::required(Type::String)),
            ("b".to_owned(), optional(Type::Number, None)),
            (
                "c".to_owned(),
                optional(Type::Number, Some(Value::from("7"))),
            ),
        ]));
        let object = |entries: &[(&str, Value)]| {
            let entries = entries.iter().cloned().map(|(k, v)| (k.to_owned(), v));
            Value::object(entries.collect())
        };
        check(
            &object(&[
                ("a", Value::from(1u64)),
                ("c", Value::null()),
                ("d", true.into()),
            ]),
            &ty,
            Ok("{\"a\": \"1\", \"b\": null, \"c\": 7} object({a = string, b = any, c = number})"),
        );
        check(&object(&[]), &ty, Err("attribute `a` is required"));
        // In a list, too, and the list's own type has no `optional` left in it.
        check(
            &Value::tuple(vec![object(&[("a", "x".into()), ("b", Value::from(2u64))])]),
            &Type::list(ty),
            Ok(
                "[{\"a\": \"x\", \"b\": 2, \"c\": 7}] list(object({a = string, b = number, c = number}))",
            ),
        );
    }
}
