//! The evaluated arguments of one block, asked for by name and type.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use sha2::Digest;
use zipster_names::{AccountId, Arn, NameError, Partition, Region};

use crate::diagnostic::{Diagnostic, Diagnostics, did_you_mean};
use crate::resources::PolicyDocument;
use crate::source::Span;
use crate::value::{Kind as ValueKind, Value, json};
use crate::{Address, Text};

/// What went wrong is among the diagnostics already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reported;

/// Whose stack it is.
#[derive(Clone)]
pub(crate) struct Context {
    pub account: AccountId,
    pub region: Region,
    pub partition: Partition,
    /// The ARNs of secrets that are there, by their names.
    pub secrets: BTreeMap<String, Arn>,
}

/// An evaluated body: only what is set, and nothing that is null.
pub(crate) struct EvaluatedBody {
    pub span: Span,
    pub attributes: BTreeMap<&'static str, (Value, Span)>,
    pub blocks: BTreeMap<&'static str, Vec<EvaluatedBody>>,
}

/// An argument that a local stack does without.
pub(crate) struct Noted {
    pub attribute: String,
    pub span: Span,
    pub reason: &'static str,
}

/// The arguments of a block, and where to report what is wrong with them.
pub(crate) struct Fields<'a> {
    pub body: &'a EvaluatedBody,
    pub context: &'a Context,
    pub address: &'a Address,
    pub diagnostics: &'a mut Diagnostics,
}

impl Fields<'_> {
    /// The fields of the only block of a kind, if it is there.
    pub(crate) fn block(&mut self, name: &str) -> Option<Fields<'_>> {
        let body = self.body.blocks.get(name)?.first()?;
        Some(Fields {
            body,
            context: self.context,
            address: self.address,
            diagnostics: self.diagnostics,
        })
    }

    /// Reads every block of a kind.
    pub(crate) fn each<T>(
        &mut self,
        name: &str,
        read: impl Fn(&mut Fields<'_>) -> Result<T, Reported>,
    ) -> Result<Vec<T>, Reported> {
        let bodies = self.body.blocks.get(name).map_or(&[][..], Vec::as_slice);
        let mut all = Ok(Vec::new());
        for body in bodies {
            let mut fields = Fields {
                body,
                context: self.context,
                address: self.address,
                diagnostics: self.diagnostics,
            };
            match (read(&mut fields), &mut all) {
                (Ok(one), Ok(all)) => all.push(one),
                (Ok(_), Err(_)) => {}
                (Err(reported), _) => all = Err(reported),
            }
        }
        all
    }

    /// The place of an argument, or of the block if it is not there.
    pub(crate) fn span(&self, name: &str) -> &Span {
        self.body
            .attributes
            .get(name)
            .map_or(&self.body.span, |(_, span)| span)
    }

    pub(crate) fn fail(&mut self, name: &str, message: impl Into<String>) -> Reported {
        let problem = Diagnostic::error(message).at(self.span(name));
        self.diagnostics.push(problem);
        Reported
    }

    pub(crate) fn fail_with(
        &mut self,
        name: &str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Reported {
        let problem = Diagnostic::error(message).at(self.span(name)).hint(hint);
        self.diagnostics.push(problem);
        Reported
    }

    fn missing(&mut self, name: &str) -> Reported {
        let message = format!("`{}` has no `{name}`", self.address);
        self.fail(name, message)
    }

    /// An argument whose value has to be known here and now.
    fn known(&mut self, name: &str) -> Result<Option<&Value>, Reported> {
        let Some((value, span)) = self.body.attributes.get(name) else {
            return Ok(None);
        };
        if value.has_broken() {
            return Err(Reported);
        }
        if value.has_unknown() {
            let problem = Diagnostic::error(format!("`{name}` is known only after apply"))
                .at(span)
                .hint("a local stack needs it now: give it a value that does not wait for AWS");
            self.diagnostics.push(problem);
            return Err(Reported);
        }
        Ok(Some(value))
    }

    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, Reported> {
        let value = self.known(name)?;
        Ok(value.and_then(|value| value.as_str().map(str::to_owned)))
    }

    pub(crate) fn required_text(&mut self, name: &str) -> Result<String, Reported> {
        match self.text(name)? {
            Some(text) => Ok(text),
            None => Err(self.missing(name)),
        }
    }

    /// Text that must not be shown, and may be known only after apply.
    pub(crate) fn secret_text(&mut self, name: &str) -> Result<Option<Text>, Reported> {
        let Some((value, _)) = self.body.attributes.get(name) else {
            return Err(self.missing(name));
        };
        if value.has_broken() {
            return Err(Reported);
        }
        Ok(value.as_str().map(Text::sensitive))
    }

    pub(crate) fn flag(&mut self, name: &str, default: bool) -> Result<bool, Reported> {
        let value = self.known(name)?;
        Ok(value.and_then(Value::as_bool).unwrap_or(default))
    }

    /// A whole number in a range.
    pub(crate) fn whole(
        &mut self,
        name: &str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<u64>, Reported> {
        let Some(number) = self.known(name)?.and_then(Value::as_number).cloned() else {
            return Ok(None);
        };
        match number.to_u64() {
            Some(whole) if range.contains(&whole) => Ok(Some(whole)),
            _ => Err(self.fail(
                name,
                format!(
                    "`{name}` must be a whole number from {} to {}, not {number}",
                    range.start(),
                    range.end()
                ),
            )),
        }
    }

    /// A name of AWS's, which has rules.
    pub(crate) fn name<T: FromStr<Err = NameError>>(
        &mut self,
        name: &str,
    ) -> Result<Option<T>, Reported> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        match text.parse() {
            Ok(parsed) => Ok(Some(parsed)),
            Err(error) => Err(self.bad_name(name, &error)),
        }
    }

    pub(crate) fn bad_name(&mut self, name: &str, error: &NameError) -> Reported {
        self.fail_with(
            name,
            format!("{:?} is not {}", error.value(), error.kind()),
            format!("{} (see {})", error.rule(), error.page()),
        )
    }

    pub(crate) fn required_name<T: FromStr<Err = NameError>>(
        &mut self,
        name: &str,
    ) -> Result<T, Reported> {
        match self.name(name)? {
            Some(parsed) => Ok(parsed),
            None => Err(self.missing(name)),
        }
    }

    /// What the resource is called: its name, or its prefix and a suffix, or a name made up.
    ///
    /// AWS's provider makes the suffix from the time; here it comes from the address, so that it
    /// is the same every time.
    pub(crate) fn own_name<T: FromStr<Err = NameError>>(
        &mut self,
        name: &str,
        prefix: &str,
    ) -> Result<T, Reported> {
        let chosen = self.name(name)?;
        let prefix_value = self.text(prefix)?;
        if let Some(chosen) = chosen {
            if prefix_value.is_some() {
                return Err(self.fail(prefix, format!("`{prefix}` conflicts with `{name}`")));
            }
            return Ok(chosen);
        }
        let start = prefix_value.unwrap_or_else(|| "terraform-".to_owned());
        let made_up = format!("{start}{}", suffix(self.address));
        match made_up.parse() {
            Ok(parsed) => Ok(parsed),
            Err(error) => Err(self.bad_name(prefix, &error)),
        }
    }

    /// One of a closed set of words.
    pub(crate) fn choice<T: Copy>(
        &mut self,
        name: &str,
        words: &[(&str, T)],
    ) -> Result<Option<T>, Reported> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        self.chosen(name, &text, words).map(Some)
    }

    pub(crate) fn chosen<T: Copy>(
        &mut self,
        name: &str,
        text: &str,
        words: &[(&str, T)],
    ) -> Result<T, Reported> {
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Ok(*value);
        }
        let mut problem =
            Diagnostic::error(format!("`{name}` cannot be {text:?}")).at(self.span(name));
        if let Some(hint) = did_you_mean(text, words.iter().map(|(word, _)| *word)) {
            problem = problem.hint(hint);
        }
        self.diagnostics.push(problem);
        Err(Reported)
    }

    pub(crate) fn required_choice<T: Copy>(
        &mut self,
        name: &str,
        words: &[(&str, T)],
    ) -> Result<T, Reported> {
        match self.choice(name, words)? {
            Some(value) => Ok(value),
            None => Err(self.missing(name)),
        }
    }

    /// The elements of a list or set of strings.
    pub(crate) fn texts(&mut self, name: &str) -> Result<Vec<String>, Reported> {
        let elements = self.known(name)?.and_then(Value::as_elements);
        Ok(elements
            .unwrap_or(&[])
            .iter()
            .filter_map(|element| element.as_str().map(str::to_owned))
            .collect())
    }

    /// A map whose values may be secret, and may be known only after apply.
    pub(crate) fn entries(&mut self, name: &str) -> Result<Vec<(String, Option<Text>)>, Reported> {
        let Some((value, span)) = self.body.attributes.get(name) else {
            return Ok(Vec::new());
        };
        if value.has_broken() {
            return Err(Reported);
        }
        let Some(entries) = value.as_entries() else {
            let problem = Diagnostic::error(format!("`{name}` is known only after apply")).at(span);
            self.diagnostics.push(problem);
            return Err(Reported);
        };
        Ok(entries
            .iter()
            .filter(|(_, entry)| !entry.is_null())
            .map(|(key, entry)| {
                let text = entry.as_str().map(|text| {
                    if value.sensitive || entry.sensitive {
                        Text::sensitive(text)
                    } else {
                        Text::plain(text)
                    }
                });
                (key.clone(), text)
            })
            .collect())
    }

    /// JSON text that has to be an object.
    pub(crate) fn json(&mut self, name: &str) -> Result<Option<(String, Value)>, Reported> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        if text.is_empty() {
            return Ok(None);
        }
        match json::decode(&text) {
            Ok(value) if matches!(value.kind, ValueKind::Object(_)) => Ok(Some((text, value))),
            Ok(_) => Err(self.fail(name, format!("`{name}` must be a JSON object"))),
            Err(problem) => Err(self.fail(name, format!("`{name}` is not JSON: {problem}"))),
        }
    }

    pub(crate) fn policy(&mut self, name: &str) -> Result<Option<PolicyDocument>, Reported> {
        Ok(self.json(name)?.map(|(text, _)| PolicyDocument(text)))
    }

    pub(crate) fn required_policy(&mut self, name: &str) -> Result<PolicyDocument, Reported> {
        match self.policy(name)? {
            Some(policy) => Ok(policy),
            None => Err(self.missing(name)),
        }
    }
}

/// 26 digits made from an address, as long as those that the provider makes from the time.
pub(crate) fn suffix(address: &Address) -> String {
    let digest = sha2::Sha256::digest(address.to_string().as_bytes());
    digest
        .iter()
        .take(26)
        .map(|byte| char::from(b'0' + byte % 10))
        .collect()
}

/// Hexadecimal digits made from an address, at most 64.
pub(crate) fn digits(address: &Address, count: usize) -> String {
    let digest = sha2::Sha256::digest(address.to_string().as_bytes());
    let mut digits = hex::encode(digest);
    digits.truncate(count);
    digits
}

/// A computed attribute that is text.
pub(crate) fn known(name: &'static str, value: impl Display) -> (&'static str, Value) {
    (name, value.to_string().into())
}
