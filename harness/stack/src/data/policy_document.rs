//! `aws_iam_policy_document`: a policy written as blocks, rendered the way the provider does.
//!
//! Follows <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document>.

use std::collections::BTreeMap;

use super::{Answer, DataSource};
use crate::schema::{
    EvaluatedBody, Fields, ID, Reported, Shape, blocks, body, computed, optional, required,
};
use crate::value::{Type, Value, json};

pub(super) const POLICY_DOCUMENT: DataSource = DataSource {
    name: "aws_iam_policy_document",
    body: body(
        &[
            optional("version", Shape::Text),
            optional("policy_id", Shape::Text),
            optional("source_policy_documents", Shape::TextList),
            optional("override_policy_documents", Shape::TextList),
            optional("source_json", Shape::Text).refused("use source_policy_documents"),
            optional("override_json", Shape::Text).refused("use override_policy_documents"),
            computed("json", Shape::Text),
            computed("minified_json", Shape::Text),
            ID,
        ],
        &[blocks(
            "statement",
            body(
                &[
                    optional("sid", Shape::Text),
                    optional("effect", Shape::Text),
                    optional("actions", Shape::TextSet),
                    optional("not_actions", Shape::TextSet),
                    optional("resources", Shape::TextSet),
                    optional("not_resources", Shape::TextSet),
                ],
                &[
                    blocks("principals", PRINCIPALS),
                    blocks("not_principals", PRINCIPALS),
                    blocks(
                        "condition",
                        body(
                            &[
                                required("test", Shape::Text),
                                required("variable", Shape::Text),
                                required("values", Shape::TextList),
                            ],
                            &[],
                        ),
                    ),
                ],
            ),
        )],
    ),
    answer,
};

const PRINCIPALS: crate::schema::BodySchema = body(
    &[
        required("type", Shape::Text),
        required("identifiers", Shape::TextSet),
    ],
    &[],
);

/// A document in the order of its parts.
struct Document {
    version: String,
    id: Option<String>,
    statements: Vec<Statement>,
}

#[derive(Clone)]
struct Statement {
    sid: String,
    /// `Effect` and what follows, in the provider's order.
    fields: Vec<(&'static str, Value)>,
}

const DEFAULT_VERSION: &str = "2012-10-17";
const OLD_VERSION: &str = "2008-10-17";
const FIELDS: [&str; 8] = [
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Principal",
    "NotPrincipal",
    "Condition",
];

fn answer(fields: &mut Fields<'_>) -> Answer {
    let Ok((unknown, sensitive)) = survey(fields.body) else {
        // What is not broken may still be wrong.
        let _ = fields.each("statement", statement);
        return Err(Reported);
    };
    if unknown {
        let json = Value::unknown(Type::String).marked(sensitive);
        return Ok(vec![("json", json.clone()), ("minified_json", json)]);
    }
    let version = fields.choice(
        "version",
        &[
            (DEFAULT_VERSION, DEFAULT_VERSION),
            (OLD_VERSION, OLD_VERSION),
        ],
    );
    let id = fields.text("policy_id");
    let own = fields.each("statement", statement);
    let sources = documents(fields, "source_policy_documents");
    let overrides = documents(fields, "override_policy_documents");
    let own = own?;
    for (at, statement) in own.iter().enumerate() {
        let twice = own[..at].iter().any(|other| other.sid == statement.sid);
        if twice && !statement.sid.is_empty() {
            let message = format!("two statements have the sid {:?}", statement.sid);
            return Err(fields.fail("statement", message));
        }
    }
    let mut document = Document {
        version: String::new(),
        id: None,
        statements: Vec::new(),
    };
    for source in sources? {
        document.merge(source);
    }
    document.merge(Document {
        version: version?.unwrap_or(DEFAULT_VERSION).to_owned(),
        id: id?,
        statements: own,
    });
    for one in overrides? {
        document.merge(one);
    }
    let text = |indent| Value::from(document.render(indent)).marked(sensitive);
    Ok(vec![("json", text(true)), ("minified_json", text(false))])
}

/// Whether anything in a body is not known, and whether anything is sensitive.
fn survey(body: &EvaluatedBody) -> Result<(bool, bool), Reported> {
    let (mut unknown, mut sensitive) = (false, false);
    for (value, _) in body.attributes.values() {
        if value.has_broken() {
            return Err(Reported);
        }
        unknown |= value.has_unknown();
        sensitive |= value.has_sensitive();
    }
    for inner in body.blocks.values().flatten() {
        let (inner_unknown, inner_sensitive) = survey(inner)?;
        unknown |= inner_unknown;
        sensitive |= inner_sensitive;
    }
    Ok((unknown, sensitive))
}

/// One element stands for itself; more are a list, in the provider's order: backwards.
fn one_or_many(mut texts: Vec<String>) -> Value {
    if texts.len() == 1 {
        return texts.remove(0).into();
    }
    texts.sort();
    texts.reverse();
    Value::strings(texts)
}

/// Policy variables are written `&{...}`, because `${...}` is Terraform's own.
fn with_variables(texts: Vec<String>) -> Vec<String> {
    texts
        .into_iter()
        .map(|text| text.replace("&{", "${"))
        .collect()
}

fn statement(fields: &mut Fields<'_>) -> Result<Statement, Reported> {
    let sid = fields.text("sid")?.unwrap_or_default();
    let effect = fields.choice("effect", &[("Allow", "Allow"), ("Deny", "Deny")])?;
    let mut parts: Vec<(&'static str, Value)> = vec![("Effect", effect.unwrap_or("Allow").into())];
    let mut list = |fields: &mut Fields<'_>, name: &str, key: &'static str, variables: bool| {
        let texts = fields.texts(name)?;
        if !texts.is_empty() {
            let texts = if variables {
                with_variables(texts)
            } else {
                texts
            };
            parts.push((key, one_or_many(texts)));
        }
        Ok::<(), Reported>(())
    };
    list(fields, "actions", "Action", false)?;
    list(fields, "not_actions", "NotAction", false)?;
    list(fields, "resources", "Resource", true)?;
    list(fields, "not_resources", "NotResource", true)?;
    for (name, key) in [
        ("principals", "Principal"),
        ("not_principals", "NotPrincipal"),
    ] {
        if let Some(principals) = principals(fields, name)? {
            parts.push((key, principals));
        }
    }
    if let Some(conditions) = conditions(fields)? {
        parts.push(("Condition", conditions));
    }
    Ok(Statement { sid, fields: parts })
}

fn principals(fields: &mut Fields<'_>, name: &str) -> Result<Option<Value>, Reported> {
    let all = fields.each(name, |fields| {
        let ty = fields.required_text("type")?;
        let identifiers = with_variables(fields.texts("identifiers")?);
        Ok((ty, identifiers))
    })?;
    if all.is_empty() {
        return Ok(None);
    }
    if let [(ty, identifiers)] = all.as_slice()
        && ty == "*"
        && identifiers.as_slice() == ["*"]
    {
        return Ok(Some("*".into()));
    }
    let mut by_type: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (ty, identifiers) in all {
        by_type.entry(ty).or_default().extend(identifiers);
    }
    let by_type = by_type
        .into_iter()
        .map(|(ty, identifiers)| (ty, one_or_many(identifiers)));
    Ok(Some(Value::object(by_type.collect())))
}

fn conditions(fields: &mut Fields<'_>) -> Result<Option<Value>, Reported> {
    let all = fields.each("condition", |fields| {
        let test = fields.required_text("test")?;
        let variable = fields.required_text("variable")?;
        let values = with_variables(fields.texts("values")?);
        Ok((test, variable, values))
    })?;
    if all.is_empty() {
        return Ok(None);
    }
    let mut tests: BTreeMap<String, BTreeMap<String, Vec<String>>> = BTreeMap::new();
    for (test, variable, values) in all {
        let variables = tests.entry(test).or_default();
        variables.entry(variable).or_default().extend(values);
    }
    let tests = tests.into_iter().map(|(test, variables)| {
        let variables = variables.into_iter().map(|(variable, mut values)| {
            // The values keep their order.
            let value = if values.len() == 1 {
                Value::from(values.remove(0))
            } else {
                Value::strings(values)
            };
            (variable, value)
        });
        (test, Value::object(variables.collect()))
    });
    Ok(Some(Value::object(tests.collect())))
}

/// Documents given as JSON, for merging.
fn documents(fields: &mut Fields<'_>, name: &str) -> Result<Vec<Document>, Reported> {
    let mut documents = Vec::new();
    for text in fields.texts(name)? {
        if text.is_empty() {
            continue;
        }
        match json::decode(&text).and_then(|value| Document::from_json(&value)) {
            Ok(document) => documents.push(document),
            Err(problem) => {
                let message = format!("an element of `{name}` is no policy: {problem}");
                return Err(fields.fail(name, message));
            }
        }
    }
    Ok(documents)
}

impl Document {
    fn from_json(value: &Value) -> Result<Self, String> {
        let entries = value.as_entries().ok_or("it must be a JSON object")?;
        let text = |name: &str| {
            entries
                .get(name)
                .and_then(|value| value.as_str().map(str::to_owned))
        };
        let statements = match entries.get("Statement") {
            None => Vec::new(),
            Some(value) => match value.as_elements() {
                Some(elements) => elements.to_vec(),
                None => vec![value.clone()],
            },
        };
        Ok(Self {
            version: text("Version").unwrap_or_default(),
            id: text("Id"),
            statements: statements
                .iter()
                .map(Statement::from_json)
                .collect::<Result<_, _>>()?,
        })
    }

    /// Takes `newer` in: its statements replace those with the same sid.
    fn merge(&mut self, newer: Self) {
        if newer.id.is_some() {
            self.id = newer.id;
        }
        if newer.version > self.version {
            self.version = newer.version;
        }
        for statement in newer.statements {
            let same = self
                .statements
                .iter_mut()
                .find(|old| !statement.sid.is_empty() && old.sid == statement.sid);
            match same {
                Some(old) => *old = statement,
                None => self.statements.push(statement),
            }
        }
    }

    fn render(&self, indent: bool) -> String {
        let mut parts = vec![("Version", Part::Value(self.version.as_str().into()))];
        if let Some(id) = &self.id {
            parts.push(("Id", Part::Value(id.as_str().into())));
        }
        if !self.statements.is_empty() {
            let statements = self.statements.iter().map(Statement::part).collect();
            parts.push(("Statement", Part::List(statements)));
        }
        let mut out = String::new();
        Part::Object(parts).write(&mut out, indent.then_some(0));
        out
    }
}

impl Statement {
    fn from_json(value: &Value) -> Result<Self, String> {
        let entries = value.as_entries().ok_or("a statement must be an object")?;
        let sid = entries
            .get("Sid")
            .and_then(|sid| sid.as_str())
            .unwrap_or_default();
        let fields = FIELDS
            .into_iter()
            .filter_map(|name| Some((name, entries.get(name)?.clone())))
            .collect();
        Ok(Self {
            sid: sid.to_owned(),
            fields,
        })
    }

    fn part(&self) -> Part {
        let mut parts = Vec::new();
        if !self.sid.is_empty() {
            parts.push(("Sid", Part::Value(self.sid.as_str().into())));
        }
        let fields = self.fields.iter().cloned();
        parts.extend(fields.map(|(name, value)| (name, Part::Value(value))));
        Part::Object(parts)
    }
}

/// JSON whose objects keep the order of their parts.
enum Part {
    Value(Value),
    List(Vec<Part>),
    Object(Vec<(&'static str, Part)>),
}

impl Part {
    /// Writes it in one line, or indented by `depth` steps of two spaces.
    fn write(&self, out: &mut String, depth: Option<usize>) {
        match self {
            Self::Value(value) => write_value(value, out, depth),
            Self::List(parts) => {
                let items = parts.iter().map(|part| {
                    move |out: &mut String, depth: Option<usize>| part.write(out, depth)
                });
                write_items(out, depth, ('[', ']'), items);
            }
            Self::Object(parts) => {
                let items = parts.iter().map(|(name, part)| {
                    move |out: &mut String, depth: Option<usize>| {
                        write_key(name, out, depth);
                        part.write(out, depth);
                    }
                });
                write_items(out, depth, ('{', '}'), items);
            }
        }
    }
}

fn write_key(name: &str, out: &mut String, depth: Option<usize>) {
    json::write_string(name, out);
    out.push_str(if depth.is_some() { ": " } else { ":" });
}

fn write_value(value: &Value, out: &mut String, depth: Option<usize>) {
    if let Some(entries) = value.as_entries() {
        let items = entries.iter().map(|(name, value)| {
            move |out: &mut String, depth: Option<usize>| {
                write_key(name, out, depth);
                write_value(value, out, depth);
            }
        });
        write_items(out, depth, ('{', '}'), items);
    } else if let Some(elements) = value.as_elements() {
        let items = elements.iter().map(|value| {
            move |out: &mut String, depth: Option<usize>| write_value(value, out, depth)
        });
        write_items(out, depth, ('[', ']'), items);
    } else {
        out.push_str(&json::encode(value));
    }
}

fn write_items(
    out: &mut String,
    depth: Option<usize>,
    (open, close): (char, char),
    items: impl Iterator<Item = impl Fn(&mut String, Option<usize>)>,
) {
    let inner = depth.map(|depth| depth + 1);
    out.push(open);
    let mut empty = true;
    for item in items {
        if !empty {
            out.push(',');
        }
        empty = false;
        new_line(out, inner);
        item(out, inner);
    }
    if !empty {
        new_line(out, depth);
    }
    out.push(close);
}

fn new_line(out: &mut String, depth: Option<usize>) {
    if let Some(depth) = depth {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    }
}
