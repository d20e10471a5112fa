//! Lists, maps and objects.

use std::collections::BTreeMap;

use unicode_segmentation::UnicodeSegmentation;

use super::{Args, Failure, Function, Returns};
use crate::value::convert::convert;
use crate::value::{Kind, Type, Value, unify};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of("alltrue", 1, Returns::Bool, |args| {
        truths(args).map(|all| all.iter().all(|truth| *truth).into())
    }),
    Function::of("anytrue", 1, Returns::Bool, |args| {
        truths(args).map(|all| all.iter().any(|truth| *truth).into())
    }),
    Function::of("chunklist", 2, Returns::Any, chunklist).with_unknown_elements(),
    Function::new("coalesce", 1, None, Returns::Any, coalesce),
    Function::new("coalescelist", 1, None, Returns::Any, coalescelist).with_unknown_elements(),
    Function::of("compact", 1, Returns::Strings, compact),
    Function::new("concat", 1, None, Returns::Any, concat).with_unknown_elements(),
    Function::of("contains", 2, Returns::Bool, |args| {
        let wanted = args.any(1);
        let found = elements(args, 0)?
            .iter()
            .any(|element| element.equals(wanted) == Some(true));
        Ok(found.into())
    }),
    Function::of("distinct", 1, Returns::Any, distinct),
    Function::of("element", 2, Returns::Any, element).with_unknown_elements(),
    Function::of("flatten", 1, Returns::Any, flatten).with_unknown_elements(),
    Function::of("index", 2, Returns::Number, index),
    Function::of("keys", 1, Returns::Any, keys).with_unknown_elements(),
    Function::of("length", 1, Returns::Number, |args| {
        // Secrets inside a collection do not make their number one.
        length(args).map(|length| length.marked(args.any(0).sensitive))
    })
    .with_unknown_elements()
    .with_own_marks(),
    Function::new("lookup", 2, Some(3), Returns::Any, lookup).with_unknown_elements(),
    Function::of("matchkeys", 3, Returns::Any, matchkeys),
    Function::new("merge", 0, None, Returns::Any, merge).with_unknown_elements(),
    Function::of("one", 1, Returns::Any, one).with_unknown_elements(),
    Function::of("reverse", 1, Returns::Any, reverse).with_unknown_elements(),
    Function::of("slice", 3, Returns::Any, slice).with_unknown_elements(),
    Function::of("sort", 1, Returns::Strings, |args| {
        let mut strings = args.strings(0)?;
        strings.sort();
        Ok(Value::strings(strings))
    }),
    Function::of("transpose", 1, Returns::Any, transpose),
    Function::of("values", 1, Returns::Any, values).with_unknown_elements(),
    Function::of("zipmap", 2, Returns::Any, zipmap).with_unknown_elements(),
];

fn elements<'a>(args: &Args<'a>, at: usize) -> Result<&'a [Value], Failure> {
    let value = args.any(at);
    value
        .as_elements()
        .ok_or_else(|| Failure::at(at, format!("a list is required, not {}", value.friendly())))
}

fn entries<'a>(args: &Args<'a>, at: usize) -> Result<&'a BTreeMap<String, Value>, Failure> {
    let value = args.any(at);
    value.as_entries().ok_or_else(|| {
        Failure::at(
            at,
            format!("a map or object is required, not {}", value.friendly()),
        )
    })
}

/// The elements as a list of one type.
fn list(args: &Args<'_>, at: usize) -> Result<(Type, Vec<Value>), Failure> {
    let list = args.of_type(at, &Type::list(Type::Any))?;
    if let Kind::List(ty, elements) = list.kind {
        Ok((ty, elements))
    } else {
        Err(Failure::at(at, "a list is required"))
    }
}

/// The elements in a list if `like` is one of one type, else in a tuple.
fn like(like: &Value, elements: Vec<Value>) -> Value {
    if let Kind::List(ty, _) | Kind::Set(ty, _) = &like.kind {
        Kind::List(ty.clone(), elements).into()
    } else {
        Value::tuple(elements)
    }
}

fn truths(args: &Args<'_>) -> Result<Vec<bool>, Failure> {
    let value = args.of_type(0, &Type::list(Type::Bool))?;
    let elements = value.as_elements().unwrap_or(&[]);
    // Null counts as false.
    Ok(elements.iter().map(|e| e.as_bool() == Some(true)).collect())
}

fn chunklist(args: &Args<'_>) -> Result<Value, Failure> {
    let (ty, elements) = list(args, 0)?;
    let size = usize::try_from(args.whole(1)?)
        .map_err(|_| Failure::at(1, "the size must not be negative"))?;
    let size = if size == 0 {
        elements.len().max(1)
    } else {
        size
    };
    let chunks = elements
        .chunks(size)
        .map(|chunk| Kind::List(ty.clone(), chunk.to_vec()).into())
        .collect();
    Ok(Kind::List(Type::list(ty), chunks).into())
}

fn coalesce(args: &Args<'_>) -> Result<Value, Failure> {
    let values = args.rest(0);
    let types: Vec<Type> = values.iter().map(Value::ty).collect();
    let ty = unify(&types).ok_or_else(|| Failure::new("all arguments must have the same type"))?;
    values
        .iter()
        .filter_map(|value| convert(value, &ty).ok())
        .find(|value| !value.is_null() && value.as_str() != Some(""))
        .ok_or_else(|| Failure::new("all arguments are null or empty strings"))
}

fn coalescelist(args: &Args<'_>) -> Result<Value, Failure> {
    for (at, value) in args.rest(0).iter().enumerate() {
        if value.is_null() {
            continue;
        }
        if !elements(args, at)?.is_empty() {
            return Ok(value.clone());
        }
    }
    Err(Failure::new("all arguments are empty"))
}

fn compact(args: &Args<'_>) -> Result<Value, Failure> {
    let value = args.of_type(0, &Type::list(Type::String))?;
    let elements = value.as_elements().unwrap_or(&[]);
    let kept = elements
        .iter()
        .filter(|e| !matches!(e.as_str(), None | Some("")));
    Ok(Kind::List(Type::String, kept.cloned().collect()).into())
}

fn concat(args: &Args<'_>) -> Result<Value, Failure> {
    let values = args.rest(0);
    let mut all = Vec::new();
    for (at, value) in values.iter().enumerate() {
        let (Kind::List(_, elements) | Kind::Tuple(elements)) = &value.kind else {
            let message = format!("a list is required, not {}", value.friendly());
            return Err(Failure::at(at, message));
        };
        all.extend(elements.clone());
    }
    let types: Vec<Type> = values
        .iter()
        .filter_map(|value| {
            if let Kind::List(ty, _) = &value.kind {
                Some(ty.clone())
            } else {
                None
            }
        })
        .collect();
    if types.len() < values.len() {
        return Ok(Value::tuple(all));
    }
    match unify(&types) {
        Some(ty) => {
            let converted = all.iter().map(|value| convert(value, &ty)).collect();
            let converted: Vec<Value> =
                Result::map_err(converted, |error: crate::value::convert::ConvertError| {
                    Failure::new(error.to_string())
                })?;
            Ok(Kind::List(ty, converted).into())
        }
        None => Ok(Value::tuple(all)),
    }
}

fn distinct(args: &Args<'_>) -> Result<Value, Failure> {
    let (ty, elements) = list(args, 0)?;
    let mut kept: Vec<Value> = Vec::new();
    for element in elements {
        if !kept
            .iter()
            .any(|other| other.equals(&element) == Some(true))
        {
            kept.push(element);
        }
    }
    Ok(Kind::List(ty, kept).into())
}

fn element(args: &Args<'_>) -> Result<Value, Failure> {
    let value = args.any(0);
    if matches!(value.kind, Kind::Set(..)) {
        return Err(Failure::at(0, "the elements of a set have no index"));
    }
    let elements = elements(args, 0)?;
    let count = i64::try_from(elements.len()).unwrap_or(i64::MAX);
    if count == 0 {
        return Err(Failure::at(0, "an empty list has no elements"));
    }
    // Beyond the end it begins again.
    let at = args.whole(1)?.rem_euclid(count);
    let at = usize::try_from(at).unwrap_or(0);
    Ok(elements[at].clone())
}

fn flatten(args: &Args<'_>) -> Result<Value, Failure> {
    fn into(values: &[Value], sensitive: bool, flat: &mut Vec<Value>) -> bool {
        let mut known = true;
        for value in values {
            let sensitive = sensitive || value.sensitive;
            match value.as_elements() {
                Some(inner) => known &= into(inner, sensitive, flat),
                // It may turn out to be a list.
                None if matches!(value.ty(), Type::Any | Type::List(_) | Type::Set(_))
                    && value.is_unknown() =>
                {
                    known = false;
                }
                None => flat.push(value.clone().marked(sensitive)),
            }
        }
        known
    }
    let mut flat = Vec::new();
    if into(elements(args, 0)?, false, &mut flat) {
        Ok(Value::tuple(flat))
    } else {
        Ok(Value::unknown(Type::Any))
    }
}

fn index(args: &Args<'_>) -> Result<Value, Failure> {
    let wanted = args.any(1);
    elements(args, 0)?
        .iter()
        .position(|element| element.equals(wanted) == Some(true))
        .map(Value::from)
        .ok_or_else(|| Failure::at(1, "the list has no such element"))
}

fn keys(args: &Args<'_>) -> Result<Value, Failure> {
    let keys = entries(args, 0)?.keys().cloned();
    Ok(if matches!(args.any(0).kind, Kind::Map(..)) {
        Value::strings(keys)
    } else {
        Value::tuple(keys.map(Value::from).collect())
    })
}

fn values(args: &Args<'_>) -> Result<Value, Failure> {
    let values = entries(args, 0)?.values().cloned().collect();
    Ok(if let Kind::Map(ty, _) = &args.any(0).kind {
        Kind::List(ty.clone(), values).into()
    } else {
        Value::tuple(values)
    })
}

fn length(args: &Args<'_>) -> Result<Value, Failure> {
    let value = args.any(0);
    if let Some(text) = value.as_str() {
        return Ok(Value::from(text.graphemes(true).count()));
    }
    match (value.as_elements(), value.as_entries()) {
        (Some(elements), _) => Ok(Value::from(elements.len())),
        (_, Some(entries)) => Ok(Value::from(entries.len())),
        (None, None) => Err(Failure::at(
            0,
            format!(
                "a string, list, set or map is required, not {}",
                value.friendly()
            ),
        )),
    }
}

fn lookup(args: &Args<'_>) -> Result<Value, Failure> {
    let key = args.string(1)?;
    if let Some(found) = entries(args, 0)?.get(&key) {
        return Ok(found.clone());
    }
    let Some(default) = args.get(2) else {
        return Err(Failure::at(1, format!("there is no element {key:?}")));
    };
    if let Kind::Map(ty, _) = &args.any(0).kind {
        convert(default, ty).map_err(|error| {
            Failure::at(2, format!("the default must be like the elements: {error}"))
        })
    } else {
        Ok(default.clone())
    }
}

fn matchkeys(args: &Args<'_>) -> Result<Value, Failure> {
    let (ty, values) = list(args, 0)?;
    let (_, keys) = list(args, 1)?;
    let (_, wanted) = list(args, 2)?;
    if values.len() != keys.len() {
        return Err(Failure::at(1, "there must be as many keys as values"));
    }
    let kept = values
        .into_iter()
        .zip(&keys)
        .filter(|(_, key)| wanted.iter().any(|w| w.equals(key) == Some(true)))
        .map(|(value, _)| value)
        .collect();
    Ok(Kind::List(ty, kept).into())
}

fn merge(args: &Args<'_>) -> Result<Value, Failure> {
    let mut merged = BTreeMap::new();
    let mut types = Vec::new();
    let mut maps_only = args.len() > 0;
    for (at, value) in args.rest(0).iter().enumerate() {
        if value.is_null() {
            continue;
        }
        for (key, element) in entries(args, at)? {
            merged.insert(key.clone(), element.clone());
        }
        if let Kind::Map(ty, _) = &value.kind {
            types.push(ty.clone());
        } else {
            maps_only = false;
        }
    }
    match unify(&types) {
        Some(ty) if maps_only && types.iter().all(|own| *own == ty || *own == Type::Any) => {
            Ok(Kind::Map(ty, merged).into())
        }
        _ => Ok(Value::object(merged)),
    }
}

fn one(args: &Args<'_>) -> Result<Value, Failure> {
    match elements(args, 0)? {
        [] => Ok(Value::null()),
        [element] => Ok(element.clone()),
        many => Err(Failure::at(
            0,
            format!("there must be one element or none, not {}", many.len()),
        )),
    }
}

fn reverse(args: &Args<'_>) -> Result<Value, Failure> {
    let reversed = elements(args, 0)?.iter().rev().cloned().collect();
    Ok(like(args.any(0), reversed))
}

fn slice(args: &Args<'_>) -> Result<Value, Failure> {
    let value = args.any(0);
    if matches!(value.kind, Kind::Set(..)) {
        return Err(Failure::at(0, "the elements of a set have no index"));
    }
    let elements = elements(args, 0)?;
    let start = usize::try_from(args.whole(1)?)
        .map_err(|_| Failure::at(1, "the start must not be negative"))?;
    let end = usize::try_from(args.whole(2)?)
        .map_err(|_| Failure::at(2, "the end must not be negative"))?;
    if end > elements.len() {
        let message = format!("the list has {} elements only", elements.len());
        return Err(Failure::at(2, message));
    }
    if start > end {
        return Err(Failure::at(1, "the start must not be after the end"));
    }
    Ok(like(value, elements[start..end].to_vec()))
}

fn transpose(args: &Args<'_>) -> Result<Value, Failure> {
    let map = args.of_type(0, &Type::map(Type::list(Type::String)))?;
    let mut transposed: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (key, values) in map.as_entries().into_iter().flatten() {
        for value in values.as_elements().unwrap_or(&[]) {
            let name = value
                .as_str()
                .ok_or_else(|| Failure::at(0, "none of the elements may be null"))?;
            let keys = transposed.entry(name.to_owned()).or_default();
            keys.push(key.as_str().into());
        }
    }
    let transposed = transposed
        .into_iter()
        .map(|(key, values)| (key, Kind::List(Type::String, values).into()))
        .collect();
    Ok(Kind::Map(Type::list(Type::String), transposed).into())
}

fn zipmap(args: &Args<'_>) -> Result<Value, Failure> {
    let keys = args.strings(0)?;
    let values = elements(args, 1)?;
    if keys.len() != values.len() {
        let message = format!("there are {} keys and {} values", keys.len(), values.len());
        return Err(Failure::new(message));
    }
    let entries = keys.into_iter().zip(values.iter().cloned()).collect();
    Ok(if let Kind::List(ty, _) = &args.any(1).kind {
        Kind::Map(ty.clone(), entries).into()
    } else {
        Value::object(entries)
    })
}
