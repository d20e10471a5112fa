//! What is asked of one value: an operator and what stands on its right.

use super::PatternError;
use super::lexer::{Token, Tokens};
use super::regular::RegularExpression;

/// How a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A value of an event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Value<'a> {
    /// As it is written.
    pub(super) text: &'a str,
    /// As a number, if it is one.
    pub(super) number: Option<f64>,
}

/// A question about a value.
#[derive(Debug)]
pub(super) enum Condition {
    /// Like a text, or not.
    Like { is: bool, text: Text },
    /// Matched by a regular expression, or not.
    Matched {
        is: bool,
        expression: RegularExpression,
    },
    /// A number in a range.
    Number { operator: Operator, number: f64 },
}

/// A text that may have anything in the place of an asterisk at its beginning or its end.
#[derive(Debug)]
pub(super) struct Text {
    text: String,
    open_start: bool,
    open_end: bool,
    /// What it is as a number, if it was written without quotes and asterisks.
    number: Option<f64>,
}

impl Condition {
    /// Reads an operator and what it compares with.
    pub(super) fn parse(tokens: &mut Tokens) -> Result<Self, PatternError> {
        let operator = match tokens.next() {
            Some(Token::Operator(operator)) => operator,
            other => {
                return Err(PatternError::syntax(format!(
                    "an operator is expected, not {}",
                    name(other.as_ref())
                )));
            }
        };
        let operand = tokens.next();
        let is = match operator {
            Operator::Equal => true,
            Operator::NotEqual => false,
            Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual => return Self::number(operator, operand),
        };
        match operand {
            Some(Token::Word(word)) => {
                let is_allowed = |c: char| c.is_ascii_alphanumeric() || "_-.*+".contains(c);
                if let Some(wrong) = word.chars().find(|c| !is_allowed(*c)) {
                    return Err(PatternError::Characters(wrong.to_string()));
                }
                let mut text = Text::new(&word);
                text.number = number(&word);
                Ok(Self::Like { is, text })
            }
            Some(Token::Quoted(text)) => Ok(Self::Like {
                is,
                text: Text::new(&text),
            }),
            Some(Token::Regular(expression)) => Ok(Self::Matched {
                is,
                expression: RegularExpression::parse(&expression)?,
            }),
            other => Err(PatternError::syntax(format!(
                "a value is expected, not {}",
                name(other.as_ref())
            ))),
        }
    }

    fn number(operator: Operator, operand: Option<Token>) -> Result<Self, PatternError> {
        match operand {
            Some(Token::Word(word)) => match number(&word) {
                Some(number) => Ok(Self::Number { operator, number }),
                None => Err(PatternError::Characters(format!("\"{word}\""))),
            },
            Some(Token::Quoted(text)) => Err(PatternError::Characters(format!("\"{text}\""))),
            other => Err(PatternError::syntax(format!(
                "a number is expected, not {}",
                name(other.as_ref())
            ))),
        }
    }

    /// Whether it has a regular expression, of which a pattern may have two.
    pub(super) fn is_regular(&self) -> bool {
        matches!(self, Self::Matched { .. })
    }

    /// Whether it is true of a value.
    pub(super) fn holds(&self, value: Value<'_>) -> bool {
        match self {
            Self::Like { is, text } => text.is_like(value) == *is,
            Self::Matched { is, expression } => expression.matches(value.text) == *is,
            Self::Number { operator, number } => value.number.is_some_and(|value| match operator {
                Operator::Less => value < *number,
                Operator::LessOrEqual => value <= *number,
                Operator::Greater => value > *number,
                Operator::GreaterOrEqual => value >= *number,
                Operator::Equal | Operator::NotEqual => false,
            }),
        }
    }
}

impl Text {
    fn new(text: &str) -> Self {
        let (text, open_start) = match text.strip_prefix('*') {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let (text, open_end) = match text.strip_suffix('*') {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        Self {
            text: text.to_owned(),
            open_start,
            open_end,
            number: None,
        }
    }

    fn is_like(&self, value: Value<'_>) -> bool {
        if let (Some(wanted), Some(number)) = (self.number, value.number) {
            #[expect(clippy::float_cmp, reason = "numbers that are written alike are equal")]
            return wanted == number;
        }
        match (self.open_start, self.open_end) {
            (false, false) => value.text == self.text,
            (false, true) => value.text.starts_with(&self.text),
            (true, false) => value.text.ends_with(&self.text),
            (true, true) => value.text.contains(&self.text),
        }
    }
}

/// A number as patterns write it: signed, with a point, with an exponent.
pub(super) fn number(text: &str) -> Option<f64> {
    let is_part = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
    // Without the look at its characters `inf` and `nan` would be numbers.
    let looks_right = text.contains(|c: char| c.is_ascii_digit()) && text.chars().all(is_part);
    looks_right.then(|| text.parse().ok()).flatten()
}

/// What a message calls a token.
pub(super) fn name(token: Option<&Token>) -> String {
    match token {
        None => "the end".to_owned(),
        Some(Token::Word(word)) => format!("'{word}'"),
        Some(Token::Quoted(text)) => format!("\"{text}\""),
        Some(Token::Regular(expression)) => format!("%{expression}%"),
        Some(Token::Operator(operator)) => match operator {
            Operator::Equal => "'='",
            Operator::NotEqual => "'!='",
            Operator::Less => "'<'",
            Operator::LessOrEqual => "'<='",
            Operator::Greater => "'>'",
            Operator::GreaterOrEqual => "'>='",
        }
        .to_owned(),
        Some(Token::And) => "'&&'".to_owned(),
        Some(Token::Or) => "'||'".to_owned(),
        Some(Token::Open) => "'('".to_owned(),
        Some(Token::Close) => "')'".to_owned(),
        Some(Token::Comma) => "','".to_owned(),
    }
}
