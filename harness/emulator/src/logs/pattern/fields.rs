//! Patterns about the words of a line: `[ip, user, ..., status = 5*, bytes > 100]`.
//!
//! A line's words are separated by white space; what stands between quotation marks or square
//! brackets is one word. A line has as many words as the pattern has names, unless `...` stands
//! for those that are left.

use std::collections::BTreeMap;

use super::PatternError;
use super::condition::{self, Condition, Value, name};
use super::expression::{Expression, check_regular};
use super::lexer::{Token, Tokens};

/// The words that a line has.
#[derive(Debug)]
pub(super) struct Fields {
    before: Vec<Field>,
    /// What comes after `...`, if the pattern has one.
    after: Option<Vec<Field>>,
}

/// One word.
#[derive(Debug, Default)]
struct Field {
    /// Some have no name.
    name: Option<String>,
    condition: Option<Expression<Condition>>,
}

impl Fields {
    /// Reads what stands between the brackets.
    pub(super) fn parse(text: &str) -> Result<Self, PatternError> {
        let mut tokens = Tokens::of(text, "")?;
        let mut fields = Self {
            before: Vec::new(),
            after: None,
        };
        loop {
            if tokens.take_word("...") {
                if fields.after.is_some() {
                    return Err(PatternError::syntax("'...' may stand once"));
                }
                fields.after = Some(Vec::new());
            } else {
                let field = Field::parse(&mut tokens)?;
                let list = fields.after.as_mut().unwrap_or(&mut fields.before);
                list.push(field);
            }
            match tokens.next() {
                None => break,
                Some(Token::Comma) => {}
                Some(other) => {
                    return Err(PatternError::syntax(format!(
                        "',' or the end is expected, not {}",
                        name(Some(&other))
                    )));
                }
            }
        }
        let all = fields.before.iter().chain(fields.after.iter().flatten());
        let conditions = all.filter_map(|field| field.condition.as_ref());
        check_regular(
            conditions
                .map(|condition| condition.count(&Condition::is_regular))
                .sum(),
        )?;
        Ok(fields)
    }

    /// The words of a message by their names or numbers, if they are what the pattern asks for.
    pub(super) fn values(&self, message: &str) -> Option<BTreeMap<String, String>> {
        let words = words(message);
        let after = self.after.as_deref().unwrap_or_default();
        let left = words.len().checked_sub(self.before.len() + after.len())?;
        if left > 0 && self.after.is_none() {
            return None;
        }
        let unnamed = Field::default();
        let fields = self
            .before
            .iter()
            .chain(std::iter::repeat_n(&unnamed, left))
            .chain(after);
        let mut values = BTreeMap::new();
        for (index, (field, word)) in fields.zip(words).enumerate() {
            if !field.holds(word) {
                return None;
            }
            let name = match &field.name {
                Some(name) => format!("${name}"),
                None => format!("${}", index + 1),
            };
            values.insert(name, word.to_owned());
        }
        Some(values)
    }
}

impl Field {
    fn parse(tokens: &mut Tokens) -> Result<Self, PatternError> {
        let ends = |token: Option<&Token>| matches!(token, None | Some(Token::Comma));
        if ends(tokens.peek(0)) {
            return Ok(Self::default());
        }
        if let Some(Token::Word(word)) = tokens.peek(0)
            && ends(tokens.peek(1))
        {
            let name = field_name(word)?;
            tokens.next();
            return Ok(Self {
                name: Some(name),
                condition: None,
            });
        }
        let mut named: Option<String> = None;
        let condition = Expression::parse(tokens, &mut |tokens: &mut Tokens| {
            let word = match tokens.next() {
                Some(Token::Word(word)) => field_name(&word)?,
                other => {
                    return Err(PatternError::syntax(format!(
                        "a field's name is expected, not {}",
                        name(other.as_ref())
                    )));
                }
            };
            match &named {
                Some(named) if *named != word => {
                    return Err(PatternError::syntax(format!(
                        "the conditions of the field '{named}' name '{word}'"
                    )));
                }
                Some(_) => {}
                None => named = Some(word),
            }
            Condition::parse(tokens)
        })?;
        Ok(Self {
            name: named,
            condition: Some(condition),
        })
    }

    fn holds(&self, word: &str) -> bool {
        let value = Value {
            text: word,
            number: condition::number(word),
        };
        let condition = self.condition.as_ref();
        condition.is_none_or(|all| all.holds(&|one: &Condition| one.holds(value)))
    }
}

fn field_name(word: &str) -> Result<String, PatternError> {
    match word
        .chars()
        .find(|c| !c.is_ascii_alphanumeric() && *c != '_')
    {
        Some(wrong) => Err(PatternError::Characters(wrong.to_string())),
        None => Ok(word.to_owned()),
    }
}

/// The words of a line.
fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let (word, after) = enclosed(rest).unwrap_or_else(|| {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            rest.split_at(end)
        });
        words.push(word);
        rest = after.trim_start();
    }
    words
}

/// The word at the beginning of `text`, if it stands between quotation marks or brackets.
fn enclosed(text: &str) -> Option<(&str, &str)> {
    let close = match text.chars().next()? {
        '"' => '"',
        '[' => ']',
        _ => return None,
    };
    let (word, after) = text[1..].split_once(close)?;
    let ends = after.is_empty() || after.starts_with(char::is_whitespace);
    ends.then_some((word, after))
}
