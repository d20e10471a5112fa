//! Values of expressions, with the two things that Terraform's have beyond JSON's: some are not
//! known yet, and some must not be shown.

pub(crate) mod convert;
pub(crate) mod json;
mod number;
mod types;

use std::collections::BTreeMap;
use std::fmt;

pub(crate) use number::Number;
pub(crate) use types::{Attribute, Type, unify};

/// A value.
#[derive(Clone, PartialEq)]
pub(crate) struct Value {
    pub kind: Kind,
    /// Whether it came from something marked sensitive.
    pub sensitive: bool,
}

/// What a value is.
#[derive(Clone, PartialEq)]
pub(crate) enum Kind {
    Null,
    /// Only AWS will know it; its type may be known already.
    Unknown(Type),
    /// It could not be evaluated, and that has been reported: nothing made of it is reported again.
    Broken,
    Bool(bool),
    Number(Number),
    String(String),
    /// Elements of one type, the given one.
    List(Type, Vec<Value>),
    /// The same without duplicates, in order.
    Set(Type, Vec<Value>),
    Tuple(Vec<Value>),
    Map(Type, BTreeMap<String, Value>),
    Object(BTreeMap<String, Value>),
    /// An object of which only these attributes are known: a resource that only AWS could make.
    Open(BTreeMap<String, Value>),
}

impl From<Kind> for Value {
    fn from(kind: Kind) -> Self {
        Self {
            kind,
            sensitive: false,
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Kind::Bool(value).into()
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Kind::String(value.to_owned()).into()
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Kind::String(value).into()
    }
}

impl From<Number> for Value {
    fn from(value: Number) -> Self {
        Kind::Number(value).into()
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Number::from(value).into()
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Number::from(value).into()
    }
}

impl Value {
    pub(crate) fn null() -> Self {
        Kind::Null.into()
    }

    pub(crate) fn broken() -> Self {
        Kind::Broken.into()
    }

    pub(crate) fn unknown(ty: Type) -> Self {
        Kind::Unknown(ty).into()
    }

    pub(crate) fn tuple(elements: Vec<Self>) -> Self {
        Kind::Tuple(elements).into()
    }

    pub(crate) fn object(attributes: BTreeMap<String, Self>) -> Self {
        Kind::Object(attributes).into()
    }

    pub(crate) fn strings(elements: impl IntoIterator<Item = String>) -> Self {
        let elements = elements.into_iter().map(Self::from).collect();
        Kind::List(Type::String, elements).into()
    }

    /// A set: sorted, and each element once.
    pub(crate) fn set(ty: Type, mut elements: Vec<Self>) -> Self {
        elements.sort_by(Self::order);
        elements.dedup_by(|a, b| a.kind == b.kind);
        Kind::Set(ty, elements).into()
    }

    /// The same value, sensitive also if `sensitive`.
    pub(crate) fn marked(mut self, sensitive: bool) -> Self {
        self.sensitive |= sensitive;
        self
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null)
    }

    pub(crate) fn is_broken(&self) -> bool {
        matches!(self.kind, Kind::Broken)
    }

    /// Whether the value itself is not known, whatever may be inside it.
    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self.kind, Kind::Unknown(_) | Kind::Open(_) | Kind::Broken)
    }

    /// The values directly inside.
    pub(crate) fn children(&self) -> Box<dyn Iterator<Item = &Self> + '_> {
        match &self.kind {
            Kind::List(_, elements) | Kind::Set(_, elements) | Kind::Tuple(elements) => {
                Box::new(elements.iter())
            }
            Kind::Map(_, entries) | Kind::Object(entries) | Kind::Open(entries) => {
                Box::new(entries.values())
            }
            Kind::Null
            | Kind::Unknown(_)
            | Kind::Broken
            | Kind::Bool(_)
            | Kind::Number(_)
            | Kind::String(_) => Box::new(std::iter::empty()),
        }
    }

    /// Whether `test` holds for the value or anything inside it.
    fn any(&self, test: &impl Fn(&Self) -> bool) -> bool {
        test(self) || self.children().any(|child| child.any(test))
    }

    pub(crate) fn has_unknown(&self) -> bool {
        self.any(&Self::is_unknown)
    }

    pub(crate) fn has_broken(&self) -> bool {
        self.any(&Self::is_broken)
    }

    pub(crate) fn has_sensitive(&self) -> bool {
        self.any(&|value| value.sensitive)
    }

    /// The same value with nothing in it marked.
    pub(crate) fn unmarked(&self) -> Self {
        let each = |values: &[Self]| values.iter().map(Self::unmarked).collect();
        let entries = |entries: &BTreeMap<String, Self>| {
            entries
                .iter()
                .map(|(key, value)| (key.clone(), value.unmarked()))
                .collect()
        };
        match &self.kind {
            Kind::List(ty, elements) => Kind::List(ty.clone(), each(elements)),
            Kind::Set(ty, elements) => Kind::Set(ty.clone(), each(elements)),
            Kind::Tuple(elements) => Kind::Tuple(each(elements)),
            Kind::Map(ty, map) => Kind::Map(ty.clone(), entries(map)),
            Kind::Object(map) => Kind::Object(entries(map)),
            Kind::Open(map) => Kind::Open(entries(map)),
            Kind::Null
            | Kind::Unknown(_)
            | Kind::Broken
            | Kind::Bool(_)
            | Kind::Number(_)
            | Kind::String(_) => self.kind.clone(),
        }
        .into()
    }

    pub(crate) fn ty(&self) -> Type {
        match &self.kind {
            Kind::Null | Kind::Broken | Kind::Open(_) => Type::Any,
            Kind::Unknown(ty) => ty.clone(),
            Kind::Bool(_) => Type::Bool,
            Kind::Number(_) => Type::Number,
            Kind::String(_) => Type::String,
            Kind::List(ty, _) => Type::list(ty.clone()),
            Kind::Set(ty, _) => Type::set(ty.clone()),
            Kind::Map(ty, _) => Type::map(ty.clone()),
            Kind::Tuple(elements) => Type::Tuple(elements.iter().map(Self::ty).collect()),
            Kind::Object(attributes) => Type::Object(
                attributes
                    .iter()
                    .map(|(name, value)| (name.clone(), Attribute::required(value.ty())))
                    .collect(),
            ),
        }
    }

    /// What to call it in a message: `null`, or its type.
    pub(crate) fn friendly(&self) -> String {
        if self.is_null() {
            "null".to_owned()
        } else {
            self.ty().friendly()
        }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        if let Kind::String(text) = &self.kind {
            Some(text)
        } else {
            None
        }
    }

    pub(crate) fn as_number(&self) -> Option<&Number> {
        if let Kind::Number(number) = &self.kind {
            Some(number)
        } else {
            None
        }
    }

    pub(crate) fn as_bool(&self) -> Option<bool> {
        if let Kind::Bool(value) = &self.kind {
            Some(*value)
        } else {
            None
        }
    }

    /// The elements of a list, set or tuple.
    pub(crate) fn as_elements(&self) -> Option<&[Self]> {
        if let Kind::List(_, elements) | Kind::Set(_, elements) | Kind::Tuple(elements) = &self.kind
        {
            Some(elements)
        } else {
            None
        }
    }

    /// The entries of a map or object.
    pub(crate) fn as_entries(&self) -> Option<&BTreeMap<String, Self>> {
        if let Kind::Map(_, entries) | Kind::Object(entries) = &self.kind {
            Some(entries)
        } else {
            None
        }
    }

    /// What `for`, `for_each` and `dynamic` go over: keys and values, in order.
    pub(crate) fn iterate(&self) -> Option<Vec<(Self, Self)>> {
        let mark = |value: &Self| value.clone().marked(self.sensitive);
        match &self.kind {
            Kind::List(_, elements) | Kind::Tuple(elements) => Some(
                elements
                    .iter()
                    .enumerate()
                    .map(|(at, element)| (Self::from(at), mark(element)))
                    .collect(),
            ),
            Kind::Set(_, elements) => Some(elements.iter().map(|e| (mark(e), mark(e))).collect()),
            Kind::Map(_, entries) | Kind::Object(entries) => Some(
                entries
                    .iter()
                    .map(|(key, value)| (Self::from(key.as_str()), mark(value)))
                    .collect(),
            ),
            Kind::Null
            | Kind::Unknown(_)
            | Kind::Open(_)
            | Kind::Broken
            | Kind::Bool(_)
            | Kind::Number(_)
            | Kind::String(_) => None,
        }
    }

    /// The order of a set's elements: strings by their bytes, numbers by size.
    fn order(&self, other: &Self) -> std::cmp::Ordering {
        match (&self.kind, &other.kind) {
            (Kind::String(a), Kind::String(b)) => a.cmp(b),
            (Kind::Number(a), Kind::Number(b)) => a.cmp(b),
            (Kind::Bool(a), Kind::Bool(b)) => a.cmp(b),
            _ => format!("{self:?}").cmp(&format!("{other:?}")),
        }
    }

    /// What `==` says: values of different types differ, whatever they could be converted to.
    ///
    /// `None` if it depends on something that is not known.
    pub(crate) fn equals(&self, other: &Self) -> Option<bool> {
        match (&self.kind, &other.kind) {
            _ if self.is_unknown() || other.is_unknown() => None,
            (Kind::List(a, x), Kind::List(b, y)) | (Kind::Set(a, x), Kind::Set(b, y)) => {
                if a != b && !x.is_empty() && !y.is_empty() {
                    return Some(false);
                }
                all_equal(x, y)
            }
            (Kind::Tuple(x), Kind::Tuple(y)) => all_equal(x, y),
            (Kind::Map(_, x), Kind::Map(_, y)) | (Kind::Object(x), Kind::Object(y)) => {
                if !x.keys().eq(y.keys()) {
                    return Some(false);
                }
                let (x, y): (Vec<_>, Vec<_>) =
                    (x.values().cloned().collect(), y.values().cloned().collect());
                all_equal(&x, &y)
            }
            (a, b) => Some(a == b),
        }
    }
}

fn all_equal(a: &[Value], b: &[Value]) -> Option<bool> {
    if a.len() != b.len() {
        return Some(false);
    }
    let mut known = true;
    for (x, y) in a.iter().zip(b) {
        match x.equals(y) {
            Some(true) => {}
            Some(false) => return Some(false),
            None => known = false,
        }
    }
    known.then_some(true)
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.sensitive {
            return f.write_str("(sensitive value)");
        }
        match &self.kind {
            Kind::Null => f.write_str("null"),
            Kind::Unknown(ty) => write!(f, "(known after apply: {ty})"),
            Kind::Broken => f.write_str("(broken)"),
            Kind::Bool(value) => write!(f, "{value}"),
            Kind::Number(value) => write!(f, "{value}"),
            Kind::String(value) => write!(f, "{value:?}"),
            Kind::List(_, elements) | Kind::Set(_, elements) | Kind::Tuple(elements) => {
                f.debug_list().entries(elements).finish()
            }
            Kind::Map(_, entries) | Kind::Object(entries) | Kind::Open(entries) => {
                f.debug_map().entries(entries).finish()
            }
        }
    }
}
