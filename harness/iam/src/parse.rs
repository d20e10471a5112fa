//! From the text of a policy document to a sound [`Policy`], with all that is wrong found at once.

use zipster_names::{AccountId, Arn};

use crate::condition::Condition;
use crate::error::{Fault, Place, PolicyError, PolicyErrors};
use crate::json::Json;
use crate::operator::{self, Operator};
use crate::pattern;
use crate::policy::{
    ActionPattern, Clause, Effect, Policy, PolicyKind, PrincipalPattern, Statement, Version,
};
use crate::variables::{Template, Wildcards};

const POLICY_ELEMENTS: [&str; 3] = ["Version", "Id", "Statement"];
const STATEMENT_ELEMENTS: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];
const STRINGS: &str = "a string or a list of strings";

pub(crate) fn policy(text: &str, kind: PolicyKind) -> Result<Policy, PolicyErrors> {
    let mut parser = Parser {
        kind,
        version: Version::V2008,
        at: Place::default(),
        errors: Vec::new(),
    };
    let policy = parser.document(text);
    match (policy, PolicyErrors::new(parser.errors)) {
        (Some(policy), None) => Ok(policy),
        (_, Some(errors)) => Err(errors),
        (None, None) => unreachable!("whoever gives up a document says why"),
    }
}

/// The entries of an object.
type Entries = [(String, Json)];

/// An element and its opposite.
type Pair = (&'static str, &'static str);

/// Methods return `None` once they have reported why.
struct Parser {
    kind: PolicyKind,
    version: Version,
    at: Place,
    errors: Vec<PolicyError>,
}

impl Parser {
    fn fail(&mut self, element: &str, fault: Fault) {
        let element = (!element.is_empty()).then(|| element.to_owned());
        let at = Place {
            element,
            ..self.at.clone()
        };
        self.errors.push(PolicyError { at, fault });
    }

    fn wrong_type(&mut self, element: &str, expected: &'static str, found: &Json) {
        let found = found.what();
        self.fail(element, Fault::WrongType { expected, found });
    }

    fn document(&mut self, text: &str) -> Option<Policy> {
        let json: Json = match serde_json::from_str(text) {
            Ok(json) => json,
            Err(error) => {
                self.fail("", Fault::NotJson(error.to_string()));
                return None;
            }
        };
        let Json::Object(entries) = &json else {
            self.wrong_type("", "an object", &json);
            return None;
        };
        self.known_elements(entries, &POLICY_ELEMENTS);
        if let Some(version) = self.word(entries, "Version") {
            match version {
                "2008-10-17" => {}
                "2012-10-17" => self.version = Version::V2012,
                _ => self.fail(
                    "Version",
                    Fault::NotOneOf {
                        value: version.to_owned(),
                        known: "2012-10-17, 2008-10-17",
                    },
                ),
            }
        }
        let id = self.word(entries, "Id").map(str::to_owned);
        let statements = self.statements(entries)?;
        Some(Policy {
            kind: self.kind,
            version: self.version,
            id,
            statements,
        })
    }

    fn statements(&mut self, entries: &Entries) -> Option<Vec<Statement>> {
        let list = match get(entries, "Statement") {
            Some(one @ Json::Object(_)) => std::slice::from_ref(one),
            Some(Json::List(list)) if !list.is_empty() => list,
            Some(Json::List(_)) => {
                let element = "Statement";
                self.fail(element, Fault::Empty { element });
                return None;
            }
            Some(other) => {
                self.wrong_type("Statement", "an object or a list of objects", other);
                return None;
            }
            None => {
                self.fail("", Fault::Missing("Statement"));
                return None;
            }
        };
        let mut statements = Vec::new();
        let mut sids = Vec::new();
        for (index, json) in list.iter().enumerate() {
            self.at = Place {
                statement: Some(index),
                ..Place::default()
            };
            statements.extend(self.statement(json));
            if let Some(sid) = self.at.sid.clone() {
                if sids.contains(&sid) {
                    self.fail("Sid", Fault::SidTaken);
                }
                sids.push(sid);
            }
        }
        self.at = Place::default();
        Some(statements)
    }

    fn statement(&mut self, json: &Json) -> Option<Statement> {
        let Json::Object(entries) = json else {
            self.wrong_type("", "an object", json);
            return None;
        };
        if let Some(Json::Text(sid)) = get(entries, "Sid")
            && !sid.is_empty()
        {
            self.at.sid = Some(sid.clone());
        }
        self.known_elements(entries, &STATEMENT_ELEMENTS);
        let sid = self.sid(entries);
        let effect = self.effect(entries);
        let principal = self.principal(entries, effect);
        let action = self.action(entries);
        let resource = self.resource(entries);
        let conditions = self.conditions(entries);
        Some(Statement {
            sid,
            effect: effect?,
            principal: principal?,
            action: action?,
            resource: resource?,
            conditions: conditions?,
        })
    }

    fn known_elements(&mut self, entries: &Entries, known: &[&str]) {
        for (name, _) in entries {
            if !known.contains(&name.as_str()) {
                self.fail(name, Fault::UnknownElement);
            }
        }
        self.no_repeats("", entries);
    }

    fn no_repeats(&mut self, prefix: &str, entries: &Entries) {
        for (index, (name, _)) in entries.iter().enumerate() {
            if entries[..index].iter().any(|(earlier, _)| earlier == name) {
                self.fail(&format!("{prefix}{name}"), Fault::Repeated);
            }
        }
    }

    /// A string that may be missing.
    fn word<'a>(&mut self, entries: &'a Entries, element: &str) -> Option<&'a str> {
        let json = get(entries, element)?;
        if let Json::Text(word) = json {
            return Some(word);
        }
        self.wrong_type(element, "a string", json);
        None
    }

    fn sid(&mut self, entries: &Entries) -> Option<String> {
        let sid = self.word(entries, "Sid")?;
        // Services with policies of their own take more than IAM does.
        let is_plain = sid.bytes().all(|b| b.is_ascii_alphanumeric());
        if self.kind != PolicyKind::Resource && !is_plain {
            self.fail("Sid", Fault::Sid(sid.to_owned()));
        }
        Some(sid.to_owned())
    }

    fn effect(&mut self, entries: &Entries) -> Option<Effect> {
        if get(entries, "Effect").is_none() {
            self.fail("", Fault::Missing("Effect"));
        }
        match self.word(entries, "Effect")? {
            "Allow" => Some(Effect::Allow),
            "Deny" => Some(Effect::Deny),
            other => {
                let value = other.to_owned();
                let known = "Allow, Deny";
                self.fail("Effect", Fault::NotOneOf { value, known });
                None
            }
        }
    }

    /// Whichever of the two elements is there; the outer `None` says that both are.
    fn either<'a>(
        &mut self,
        entries: &'a Entries,
        (name, opposite): Pair,
    ) -> Option<Option<(&'static str, &'a Json)>> {
        match (get(entries, name), get(entries, opposite)) {
            (Some(_), Some(_)) => {
                self.fail("", Fault::Exclusive(name, opposite));
                None
            }
            (Some(json), None) => Some(Some((name, json))),
            (None, Some(json)) => Some(Some((opposite, json))),
            (None, None) => Some(None),
        }
    }

    /// A string, or a list of strings that has at least one.
    fn texts(&mut self, place: &str, element: &'static str, json: &Json) -> Option<Vec<String>> {
        let list = if let Json::List(list) = json {
            list.as_slice()
        } else {
            std::slice::from_ref(json)
        };
        if list.is_empty() {
            self.fail(place, Fault::Empty { element });
            return None;
        }
        let mut texts = Vec::new();
        for item in list {
            match item {
                Json::Text(text) => texts.push(text.clone()),
                // `"aws:SecureTransport": false` and `"s3:max-keys": 10` are understood.
                Json::Bool(value) if element == "Condition" => texts.push(value.to_string()),
                Json::Number(digits) if element == "Condition" => texts.push(digits.clone()),
                Json::Null | Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Object(_) => {
                    self.wrong_type(place, STRINGS, item);
                    return None;
                }
            }
        }
        Some(texts)
    }

    /// All patterns of an element, or none of them if one cannot be read.
    fn each<T>(
        &mut self,
        element: &'static str,
        json: &Json,
        read: impl Fn(&Self, &str) -> Result<T, Fault>,
    ) -> Option<Clause<T>> {
        let mut patterns = Vec::new();
        let texts = self.texts(element, element, json)?;
        for text in &texts {
            match read(self, text) {
                Ok(pattern) => patterns.push(pattern),
                Err(fault) => self.fail(element, fault),
            }
        }
        (patterns.len() == texts.len()).then(|| clause(element, patterns))
    }

    fn action(&mut self, entries: &Entries) -> Option<Clause<ActionPattern>> {
        let Some((element, json)) = self.either(entries, ("Action", "NotAction"))? else {
            self.fail("", Fault::Missing("Action or NotAction"));
            return None;
        };
        self.each(element, json, |parser, text| {
            let pattern = action(text)?;
            let is_sts = pattern.service.as_deref() == Some("sts");
            if parser.kind == PolicyKind::Trust && !is_sts {
                return Err(Fault::TrustAction(text.to_owned()));
            }
            Ok(pattern)
        })
    }

    fn resource(&mut self, entries: &Entries) -> Option<Option<Clause<Template>>> {
        let found = self.either(entries, ("Resource", "NotResource"))?;
        match (found, self.kind) {
            (Some((element, _)), PolicyKind::Trust) => {
                let kind = self.kind;
                self.fail(element, Fault::Prohibited { element, kind });
                None
            }
            (None, PolicyKind::Trust) => Some(None),
            (
                None,
                PolicyKind::Identity
                | PolicyKind::Boundary
                | PolicyKind::Session
                | PolicyKind::Resource,
            ) => {
                self.fail("", Fault::Missing("Resource or NotResource"));
                None
            }
            (Some((element, json)), _) => self
                .each(element, json, |parser, text| resource(text, parser.version))
                .map(Some),
        }
    }

    fn principal(
        &mut self,
        entries: &Entries,
        effect: Option<Effect>,
    ) -> Option<Option<Clause<PrincipalPattern>>> {
        let kind = self.kind;
        let found = self.either(entries, ("Principal", "NotPrincipal"))?;
        let names_principals = match kind {
            PolicyKind::Identity | PolicyKind::Boundary | PolicyKind::Session => false,
            PolicyKind::Resource | PolicyKind::Trust => true,
        };
        let (element, json) = match (found, names_principals) {
            (None, false) => return Some(None),
            (None, true) => {
                self.fail("", Fault::Missing("Principal"));
                return None;
            }
            (Some((element, _)), false) => {
                self.fail(element, Fault::Prohibited { element, kind });
                return None;
            }
            (Some(found), true) => found,
        };
        if element == "NotPrincipal" && kind == PolicyKind::Trust {
            self.fail(element, Fault::Prohibited { element, kind });
            return None;
        }
        if element == "NotPrincipal" && effect == Some(Effect::Allow) {
            self.fail(element, Fault::AllowNotPrincipal);
            return None;
        }
        let patterns = match json {
            Json::Text(star) if star == "*" => vec![PrincipalPattern::Everyone],
            Json::Text(other) => {
                let value = other.clone();
                let rule = "is not \"*\": other principals are written like {\"AWS\": \"...\"}";
                let rule = rule.to_owned();
                self.fail(element, Fault::Principal { value, rule });
                return None;
            }
            Json::Object(types) if types.is_empty() => {
                self.fail(element, Fault::Empty { element });
                return None;
            }
            Json::Object(types) => {
                self.no_repeats(&format!("{element}."), types);
                self.principals(element, types)?
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::List(_) => {
                self.wrong_type(element, "\"*\" or an object", json);
                return None;
            }
        };
        Some(Some(clause(element, patterns)))
    }

    fn principals(
        &mut self,
        element: &'static str,
        types: &Entries,
    ) -> Option<Vec<PrincipalPattern>> {
        let mut patterns = Vec::new();
        let mut sound = true;
        for (name, json) in types {
            let place = format!("{element}.{name}");
            let read: fn(&str) -> Result<PrincipalPattern, String> = match name.as_str() {
                "AWS" => aws_principal,
                "Service" => service_principal,
                "Federated" => |_| Ok(PrincipalPattern::Federated),
                "CanonicalUser" => |_| Ok(PrincipalPattern::CanonicalUser),
                _ => {
                    self.fail(&place, Fault::UnknownElement);
                    sound = false;
                    continue;
                }
            };
            let Some(texts) = self.texts(&place, element, json) else {
                sound = false;
                continue;
            };
            for value in texts {
                match read(&value) {
                    Ok(pattern) => patterns.push(pattern),
                    Err(rule) => {
                        self.fail(&place, Fault::Principal { value, rule });
                        sound = false;
                    }
                }
            }
        }
        sound.then_some(patterns)
    }

    fn conditions(&mut self, entries: &Entries) -> Option<Vec<Condition>> {
        let Some(json) = get(entries, "Condition") else {
            return Some(Vec::new());
        };
        let Json::Object(operators) = json else {
            self.wrong_type("Condition", "an object", json);
            return None;
        };
        self.no_repeats("Condition.", operators);
        let mut conditions = Vec::new();
        let before = self.errors.len();
        for (name, json) in operators {
            let place = format!("Condition.{name}");
            let Some(operator) = Operator::parse(name) else {
                let nearest = operator::nearest(name);
                let name = name.clone();
                self.fail(&place, Fault::UnknownOperator { name, nearest });
                continue;
            };
            let Json::Object(keys) = json else {
                self.wrong_type(&place, "an object", json);
                continue;
            };
            self.no_repeats(&format!("{place}."), keys);
            for (key, json) in keys {
                conditions.extend(self.condition(name, operator, key, json));
            }
        }
        (self.errors.len() == before).then_some(conditions)
    }

    fn condition(
        &mut self,
        name: &str,
        operator: Operator,
        key: &str,
        json: &Json,
    ) -> Option<Condition> {
        let place = format!("Condition.{name}.{key}");
        if !key.contains(':') {
            self.fail(&place, Fault::ConditionKey(key.to_owned()));
            return None;
        }
        let values = self.texts(&place, "Condition", json)?;
        match Condition::parse(name, operator, key, &values, self.version) {
            Ok(condition) => Some(condition),
            Err((value, rule)) => {
                self.fail(&place, Fault::ConditionValue { value, rule });
                None
            }
        }
    }
}

fn get<'a>(entries: &'a Entries, name: &str) -> Option<&'a Json> {
    entries
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, json)| json)
}

fn clause<T>(element: &str, patterns: Vec<T>) -> Clause<T> {
    if element.starts_with("Not") {
        Clause::IsNot(patterns)
    } else {
        Clause::Is(patterns)
    }
}

fn action(text: &str) -> Result<ActionPattern, Fault> {
    let broken = |rule| {
        Err(Fault::Action {
            value: text.to_owned(),
            rule,
        })
    };
    let lower = text.to_ascii_lowercase();
    let (service, name) = match lower.split_once(':') {
        _ if lower == "*" => (None, "*"),
        Some(("*", "*")) => (None, "*"),
        Some((service, name)) => (Some(service), name),
        None => return Err(Fault::NoService(text.to_owned())),
    };
    let is_service = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b"*?_-".contains(&b);
    if service.is_some_and(|service| service.is_empty() || !service.bytes().all(is_service)) {
        return broken("does not begin with the name of a service");
    }
    if name.contains(':') {
        return broken("has more than one colon");
    }
    if name.is_empty() || !name.bytes().all(is_name) {
        return broken("is not a service, a colon and the name of an action");
    }
    Ok(ActionPattern {
        service: service.map(str::to_owned),
        name: pattern::tokens(name),
    })
}

fn resource(text: &str, version: Version) -> Result<Template, Fault> {
    let broken = |rule| Fault::Variable {
        value: text.to_owned(),
        rule,
    };
    if text != "*" && !text.starts_with("arn:") {
        return Err(Fault::NotAnArn(text.to_owned()));
    }
    let template = Template::parse(text, Wildcards::Yes, version).map_err(broken)?;
    if template.varies_before_resource() {
        return Err(broken("has a variable before the fifth colon"));
    }
    // An ARN is whole, or its last field ends in a `*` that stands for the rest.
    if text != "*" && text.splitn(6, ':').count() < 6 && !text.ends_with('*') {
        return Err(Fault::NotAnArn(text.to_owned()));
    }
    Ok(template)
}

fn aws_principal(text: &str) -> Result<PrincipalPattern, String> {
    if text == "*" {
        return Ok(PrincipalPattern::Everyone);
    }
    if let Ok(account) = AccountId::parse(text) {
        return Ok(PrincipalPattern::Account(account));
    }
    if text.contains(['*', '?', '$']) {
        return Err("is neither \"*\" nor a whole name: principals have no wildcards".to_owned());
    }
    let arn = Arn::parse(text).map_err(|error| format!("is not a principal: {}", error.rule()))?;
    let Some(account) = arn.account().cloned() else {
        return Err("is not a principal: its ARN has no account".to_owned());
    };
    let resource = arn.resource().to_owned();
    match (arn.service(), resource.split('/').next()) {
        ("iam", Some("root")) if resource == "root" => Ok(PrincipalPattern::Account(account)),
        ("iam", Some("user")) => Ok(PrincipalPattern::User(account, resource)),
        ("iam", Some("role")) => Ok(PrincipalPattern::Role(account, resource)),
        ("sts", Some("assumed-role")) => Ok(PrincipalPattern::Session(account, resource)),
        ("sts", Some("federated-user")) => Ok(PrincipalPattern::Federated),
        _ => Err("is not the ARN of an account, role, user or session".to_owned()),
    }
}

fn service_principal(text: &str) -> Result<PrincipalPattern, String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    if text.contains('.') && text.chars().all(is_part) {
        Ok(PrincipalPattern::Service(text.to_ascii_lowercase()))
    } else {
        Err("is not a service: write it like s3.amazonaws.com".to_owned())
    }
}
