//! Sets.

use super::{Args, Failure, Function, Returns};
use crate::value::convert::convert;
use crate::value::{Kind, Type, Value, unify};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("setintersection", 1, None, Returns::Any, |args| {
        combine(args, |all| {
            let (first, others) = all.split_first()?;
            let common = first
                .iter()
                .filter(|element| others.iter().all(|set| has(set, element)));
            Some(common.cloned().collect())
        })
    }),
    Function::new("setproduct", 2, None, Returns::Any, product).with_unknown_elements(),
    Function::of("setsubtract", 2, Returns::Any, |args| {
        combine(args, |all| {
            let (first, others) = all.split_first()?;
            let left = first
                .iter()
                .filter(|element| !others.iter().any(|set| has(set, element)));
            Some(left.cloned().collect())
        })
    }),
    Function::new("setunion", 1, None, Returns::Any, |args| {
        combine(args, |all| Some(all.concat()))
    }),
];

fn has(set: &[Value], element: &Value) -> bool {
    set.iter().any(|other| other.equals(element) == Some(true))
}

fn combine(
    args: &Args<'_>,
    compute: impl Fn(&[Vec<Value>]) -> Option<Vec<Value>>,
) -> Result<Value, Failure> {
    let mut sets = Vec::new();
    let mut types = Vec::new();
    for at in 0..args.len() {
        let set = args.of_type(at, &Type::set(Type::Any))?;
        if let Kind::Set(ty, elements) = set.kind {
            types.push(ty);
            sets.push(elements);
        }
    }
    let element =
        unify(&types).ok_or_else(|| Failure::new("the elements of all sets must have one type"))?;
    for set in &mut sets {
        for value in set {
            *value = convert(value, &element).map_err(|error| Failure::new(error.to_string()))?;
        }
    }
    Ok(Value::set(element, compute(&sets).unwrap_or_default()))
}

/// All combinations of an element of each; a list, unless one of the arguments is a set.
fn product(args: &Args<'_>) -> Result<Value, Failure> {
    let mut combinations = vec![Vec::new()];
    let mut is_set = false;
    let mut types = Vec::new();
    for at in 0..args.len() {
        let value = args.any(at);
        let Some(elements) = value.as_elements() else {
            return Err(Failure::at(
                at,
                format!("a list or set is required, not {}", value.friendly()),
            ));
        };
        is_set |= matches!(value.kind, Kind::Set(..));
        let list = args.of_type(at, &Type::list(Type::Any))?;
        let elements = list.as_elements().unwrap_or(elements);
        let own: Vec<Type> = elements.iter().map(Value::ty).collect();
        types.push(unify(&own).unwrap_or(Type::Any));
        combinations = combinations
            .iter()
            .flat_map(|start: &Vec<Value>| {
                elements.iter().map(move |element| {
                    let mut combination = start.clone();
                    combination.push(element.clone());
                    combination
                })
            })
            .collect();
    }
    let ty = Type::Tuple(types);
    let combinations = combinations.into_iter().map(Value::tuple).collect();
    Ok(if is_set {
        Value::set(ty, combinations)
    } else {
        Kind::List(ty, combinations).into()
    })
}
