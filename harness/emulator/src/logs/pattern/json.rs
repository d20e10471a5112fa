//! Patterns about JSON: `{ $.user.id = 1 && $.actions[2] != "DELETE" }`.
//!
//! What is compared is a string or a number: an object, an array, a truth value or null is neither
//! equal to something nor different from it, and neither is what is not there.

use serde_json::Value as Json;

use super::PatternError;
use super::condition::{Condition, Value, name};
use super::expression::{Expression, check_regular};
use super::lexer::{Token, Tokens};

/// What has to be true of an object.
#[derive(Debug)]
pub(super) struct JsonPattern(Expression<Asked>);

/// One question.
#[derive(Debug)]
struct Asked {
    selector: Vec<Step>,
    question: Question,
}

#[derive(Debug)]
enum Question {
    Compare(Condition),
    IsNull,
    Is(bool),
    NotExists,
}

/// One step of a selector.
#[derive(Debug)]
enum Step {
    Member(String),
    Element(usize),
}

impl JsonPattern {
    /// Reads what stands between the braces.
    pub(super) fn parse(text: &str) -> Result<Self, PatternError> {
        let mut tokens = Tokens::of(text, "$[]")?;
        let expression = Expression::parse(&mut tokens, &mut Asked::parse)?;
        if let Some(more) = tokens.next() {
            return Err(PatternError::syntax(format!(
                "'&&', '||' or the end is expected, not {}",
                name(Some(&more))
            )));
        }
        check_regular(expression.count(&|asked: &Asked| match &asked.question {
            Question::Compare(condition) => condition.is_regular(),
            Question::IsNull | Question::Is(_) | Question::NotExists => false,
        }))?;
        Ok(Self(expression))
    }

    pub(super) fn matches(&self, message: &str) -> bool {
        let Ok(json) = serde_json::from_str::<Json>(message) else {
            return false;
        };
        // A number alone is JSON, too, and has nothing to ask for.
        (json.is_object() || json.is_array()) && self.0.holds(&|asked: &Asked| asked.holds(&json))
    }
}

impl Asked {
    fn parse(tokens: &mut Tokens) -> Result<Self, PatternError> {
        let selector = match tokens.next() {
            Some(Token::Word(word)) => selector(&word)?,
            other => {
                return Err(PatternError::syntax(format!(
                    "a property such as $.name is expected, not {}",
                    name(other.as_ref())
                )));
            }
        };
        let question = Question::parse(tokens)?;
        Ok(Self { selector, question })
    }

    fn holds(&self, json: &Json) -> bool {
        let found = self
            .selector
            .iter()
            .try_fold(json, |json, step| match step {
                Step::Member(name) => json.as_object()?.get(name),
                Step::Element(index) => json.as_array()?.get(*index),
            });
        match &self.question {
            Question::IsNull => found.is_some_and(Json::is_null),
            Question::Is(truth) => found.and_then(Json::as_bool) == Some(*truth),
            Question::NotExists => found.is_none(),
            Question::Compare(condition) => match found {
                Some(Json::String(text)) => condition.holds(Value { text, number: None }),
                Some(Json::Number(number)) => condition.holds(Value {
                    text: &number.to_string(),
                    number: number.as_f64(),
                }),
                Some(Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_)) | None => false,
            },
        }
    }
}

impl Question {
    fn parse(tokens: &mut Tokens) -> Result<Self, PatternError> {
        if tokens.take_word("NOT") {
            return match tokens.take_word("EXISTS") {
                true => Ok(Self::NotExists),
                false => Err(PatternError::syntax(format!(
                    "EXISTS is expected after NOT, not {}",
                    name(tokens.peek(0))
                ))),
            };
        }
        if !tokens.take_word("IS") {
            return Condition::parse(tokens).map(Self::Compare);
        }
        if tokens.take_word("NULL") {
            Ok(Self::IsNull)
        } else if tokens.take_word("TRUE") {
            Ok(Self::Is(true))
        } else if tokens.take_word("FALSE") {
            Ok(Self::Is(false))
        } else {
            Err(PatternError::syntax(format!(
                "NULL, TRUE or FALSE is expected after IS, not {}",
                name(tokens.peek(0))
            )))
        }
    }
}

/// Reads a selector: `$.users[0].email`.
fn selector(text: &str) -> Result<Vec<Step>, PatternError> {
    let wrong = || {
        PatternError::syntax(format!(
            "'{text}' is no property; one is written as $.name or $.list[0]"
        ))
    };
    let mut steps = Vec::new();
    let mut rest = text.strip_prefix('$').ok_or_else(wrong)?;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (member, after) = after.split_at(end);
            let is_allowed = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
            if member.is_empty() || !member.chars().all(is_allowed) {
                return Err(wrong());
            }
            steps.push(Step::Member(member.to_owned()));
            rest = after;
        } else {
            let element = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
            let (index, after) = element.ok_or_else(wrong)?;
            steps.push(Step::Element(index.parse().map_err(|_| wrong())?));
            rest = after;
        }
    }
    if steps.is_empty() {
        return Err(wrong());
    }
    Ok(steps)
}
