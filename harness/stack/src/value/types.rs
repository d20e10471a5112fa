//! Types, as `type = ...` writes them and as values have them.

use std::collections::BTreeMap;
use std::fmt;

use super::Value;

/// A type, or in a variable's declaration a constraint.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Type {
    /// Any type; as the type of a value, one that is not known yet.
    Any,
    Bool,
    Number,
    String,
    List(Box<Type>),
    Set(Box<Type>),
    Map(Box<Type>),
    Tuple(Vec<Type>),
    Object(BTreeMap<String, Attribute>),
}

/// An attribute of an object type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Attribute {
    pub ty: Type,
    /// Whether it may be absent; it is null or `default` then.
    pub optional: bool,
    pub default: Option<Value>,
}

impl Attribute {
    pub(crate) fn required(ty: Type) -> Self {
        Self {
            ty,
            optional: false,
            default: None,
        }
    }
}

impl Type {
    pub(crate) fn list(of: Self) -> Self {
        Self::List(Box::new(of))
    }

    pub(crate) fn set(of: Self) -> Self {
        Self::Set(Box::new(of))
    }

    pub(crate) fn map(of: Self) -> Self {
        Self::Map(Box::new(of))
    }

    /// Whether it leaves anything open.
    pub(crate) fn has_any(&self) -> bool {
        match self {
            Self::Any => true,
            Self::Bool | Self::Number | Self::String => false,
            Self::List(element) | Self::Set(element) | Self::Map(element) => element.has_any(),
            Self::Tuple(elements) => elements.iter().any(Self::has_any),
            Self::Object(attributes) => attributes.values().any(|a| a.ty.has_any()),
        }
    }

    /// The type of values that were converted to it: nothing is optional any more.
    pub(crate) fn concrete(&self) -> Self {
        match self {
            Self::Any | Self::Bool | Self::Number | Self::String => self.clone(),
            Self::List(element) => Self::list(element.concrete()),
            Self::Set(element) => Self::set(element.concrete()),
            Self::Map(element) => Self::map(element.concrete()),
            Self::Tuple(elements) => Self::Tuple(elements.iter().map(Self::concrete).collect()),
            Self::Object(attributes) => Self::Object(
                attributes
                    .iter()
                    .map(|(name, a)| (name.clone(), Attribute::required(a.ty.concrete())))
                    .collect(),
            ),
        }
    }

    /// What to call a value of it in a message.
    pub(crate) fn friendly(&self) -> String {
        let of = |what: &str, of: &Self| format!("{what} of {}", of.friendly());
        match self {
            Self::Any => "any".to_owned(),
            Self::Bool => "bool".to_owned(),
            Self::Number => "number".to_owned(),
            Self::String => "string".to_owned(),
            Self::List(element) => of("list", element),
            Self::Set(element) => of("set", element),
            Self::Map(element) => of("map", element),
            Self::Tuple(_) => "tuple".to_owned(),
            Self::Object(_) => "object".to_owned(),
        }
    }
}

impl fmt::Display for Type {
    /// As a configuration would write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Bool => f.write_str("bool"),
            Self::Number => f.write_str("number"),
            Self::String => f.write_str("string"),
            Self::List(element) => write!(f, "list({element})"),
            Self::Set(element) => write!(f, "set({element})"),
            Self::Map(element) => write!(f, "map({element})"),
            Self::Tuple(elements) => {
                let elements: Vec<String> = elements.iter().map(Self::to_string).collect();
                write!(f, "tuple([{}])", elements.join(", "))
            }
            Self::Object(attributes) => {
                let attributes: Vec<String> = attributes
                    .iter()
                    .map(|(name, attribute)| {
                        if attribute.optional {
                            format!("{name} = optional({})", attribute.ty)
                        } else {
                            format!("{name} = {}", attribute.ty)
                        }
                    })
                    .collect();
                write!(f, "object({{{}}})", attributes.join(", "))
            }
        }
    }
}

/// The one type that values of all these types can be converted to, if there is one.
///
/// `Any` stands for null and for what is not known yet: it goes with everything.
pub(crate) fn unify<'a>(types: impl IntoIterator<Item = &'a Type>) -> Option<Type> {
    let mut known: Vec<&Type> = Vec::new();
    for ty in types {
        if *ty != Type::Any && !known.contains(&ty) {
            known.push(ty);
        }
    }
    match known.as_slice() {
        [] => return Some(Type::Any),
        [one] => return Some((*one).clone()),
        _ => {}
    }
    let all = |test: fn(&Type) -> bool| known.iter().all(|ty| test(ty));
    if all(|ty| matches!(ty, Type::Bool | Type::Number | Type::String)) {
        // Numbers and bools both become strings, but only if a string is asked for.
        return known.contains(&&Type::String).then_some(Type::String);
    }
    if all(|ty| matches!(ty, Type::Object(_))) {
        return unify_objects(&known);
    }
    if all(|ty| matches!(ty, Type::Object(_) | Type::Map(_))) {
        return Some(Type::map(unify(&elements(&known))?));
    }
    if all(|ty| matches!(ty, Type::Tuple(_))) {
        return unify_tuples(&known);
    }
    if all(|ty| matches!(ty, Type::Tuple(_) | Type::List(_))) {
        return Some(Type::list(unify(&elements(&known))?));
    }
    if all(|ty| matches!(ty, Type::Tuple(_) | Type::List(_) | Type::Set(_))) {
        return Some(Type::set(unify(&elements(&known))?));
    }
    None
}

fn unify_objects(types: &[&Type]) -> Option<Type> {
    let objects: Vec<&BTreeMap<String, Attribute>> = types
        .iter()
        .filter_map(|ty| {
            if let Type::Object(attributes) = ty {
                Some(attributes)
            } else {
                None
            }
        })
        .collect();
    let first = objects.first()?;
    if objects.iter().all(|object| object.keys().eq(first.keys())) {
        let mut attributes = BTreeMap::new();
        for name in first.keys() {
            let ty = unify(objects.iter().map(|object| &object[name].ty))?;
            attributes.insert(name.clone(), Attribute::required(ty));
        }
        return Some(Type::Object(attributes));
    }
    Some(Type::map(unify(&elements(types))?))
}

fn unify_tuples(types: &[&Type]) -> Option<Type> {
    let tuples: Vec<&Vec<Type>> = types
        .iter()
        .filter_map(|ty| {
            if let Type::Tuple(elements) = ty {
                Some(elements)
            } else {
                None
            }
        })
        .collect();
    let first = tuples.first()?;
    if tuples.iter().all(|tuple| tuple.len() == first.len()) {
        let unified: Option<Vec<Type>> = (0..first.len())
            .map(|at| unify(tuples.iter().map(|tuple| &tuple[at])))
            .collect();
        return unified.map(Type::Tuple);
    }
    Some(Type::list(unify(&elements(types))?))
}

/// The types of all that values of these types hold.
fn elements(types: &[&Type]) -> Vec<Type> {
    let mut all = Vec::new();
    for ty in types {
        match ty {
            Type::List(element) | Type::Set(element) | Type::Map(element) => {
                all.push((**element).clone());
            }
            Type::Tuple(elements) => all.extend(elements.iter().cloned()),
            Type::Object(attributes) => all.extend(attributes.values().map(|a| a.ty.clone())),
            Type::Any | Type::Bool | Type::Number | Type::String => {}
        }
    }
    all
}
