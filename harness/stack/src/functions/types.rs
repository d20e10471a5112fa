//! Conversions between types, and what is sensitive.

use super::{Args, Failure, Function, Returns};
use crate::value::convert::convert;
use crate::value::{Type, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of("issensitive", 1, Returns::Bool, |args| {
        Ok(args.any(0).has_sensitive().into())
    })
    .with_unknown()
    .with_own_marks(),
    Function::of("nonsensitive", 1, Returns::Any, |args| {
        Ok(Value {
            sensitive: false,
            ..args.any(0).clone()
        })
    })
    .with_unknown()
    .with_own_marks(),
    Function::of("sensitive", 1, Returns::Any, |args| {
        Ok(args.any(0).clone().marked(true))
    })
    .with_unknown()
    .with_own_marks(),
    Function::of("plantimestamp", 0, Returns::String, known_after_apply),
    Function::of("timestamp", 0, Returns::String, known_after_apply),
    Function::of("uuid", 0, Returns::String, known_after_apply),
    Function::of("tobool", 1, Returns::Bool, |args| to(args, &Type::Bool)).with_unknown(),
    Function::of("tonumber", 1, Returns::Number, |args| {
        to(args, &Type::Number)
    })
    .with_unknown(),
    Function::of("tostring", 1, Returns::String, |args| {
        to(args, &Type::String)
    })
    .with_unknown(),
    Function::of("tolist", 1, Returns::Any, |args| {
        to(args, &Type::list(Type::Any))
    })
    .with_unknown(),
    Function::of("tomap", 1, Returns::Any, |args| {
        to(args, &Type::map(Type::Any))
    })
    .with_unknown(),
    Function::of("toset", 1, Returns::Any, |args| {
        to(args, &Type::set(Type::Any))
    })
    .with_unknown(),
];

fn to(args: &Args<'_>, ty: &Type) -> Result<Value, Failure> {
    convert(args.any(0), ty).map_err(|error| Failure::at(0, error.to_string()))
}

/// The answer of a function that says something else each time.
fn known_after_apply(_: &Args<'_>) -> Result<Value, Failure> {
    Ok(Value::unknown(Type::String))
}
