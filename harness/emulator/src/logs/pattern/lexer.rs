//! The words of patterns that have a grammar.

use super::PatternError;
use super::condition::Operator;

/// A word.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// Without quotes: a name, a selector, a number, text.
    Word(String),
    /// Between double quotes, which are gone.
    Quoted(String),
    /// Between percent signs, which are gone.
    Regular(String),
    Operator(Operator),
    And,
    Or,
    Open,
    Close,
    Comma,
}

/// Tokens, one after the other.
#[derive(Debug)]
pub(super) struct Tokens {
    tokens: Vec<Token>,
    at: usize,
}

impl Tokens {
    /// The tokens of `text`. Words have letters, digits and `_-.*+`, and what `more` adds.
    pub(super) fn of(text: &str, more: &str) -> Result<Self, PatternError> {
        let mut tokens = Vec::new();
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let (token, after) = match first {
                '"' => {
                    let (text, after) = quoted(rest)?;
                    (Token::Quoted(text), after)
                }
                '%' => {
                    let (expression, after) = rest[1..]
                        .split_once('%')
                        .ok_or_else(|| PatternError::Characters("%".to_owned()))?;
                    (Token::Regular(expression.to_owned()), after)
                }
                _ => sign(rest)
                    .or_else(|| word(rest, more))
                    .ok_or_else(|| PatternError::Characters(first.to_string()))?,
            };
            tokens.push(token);
            rest = after.trim_start();
        }
        Ok(Self { tokens, at: 0 })
    }

    /// Takes the next token.
    pub(super) fn next(&mut self) -> Option<Token> {
        let token = self.peek(0).cloned();
        self.at += 1;
        token
    }

    /// The token after the next `ahead` tokens.
    pub(super) fn peek(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.at + ahead)
    }

    /// Takes the next token if it is this one.
    pub(super) fn take(&mut self, token: &Token) -> bool {
        let is_next = self.peek(0) == Some(token);
        self.at += usize::from(is_next);
        is_next
    }

    /// Takes the next token if it is this word.
    pub(super) fn take_word(&mut self, word: &str) -> bool {
        self.take(&Token::Word(word.to_owned()))
    }
}

/// The text between the quotes at the beginning of `text`, and what comes after them. A backslash
/// before a quote or another backslash is none.
pub(super) fn quoted(text: &str) -> Result<(String, &str), PatternError> {
    let mut inner = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return Ok((inner, &text[at + 1..])),
            '\\' => match characters.next() {
                Some((_, c @ ('"' | '\\'))) => inner.push(c),
                Some((_, other)) => inner.extend(['\\', other]),
                None => break,
            },
            other => inner.push(other),
        }
    }
    Err(PatternError::syntax("a quotation mark is not closed"))
}

/// The sign at the beginning of `text`; longer ones come first.
fn sign(text: &str) -> Option<(Token, &str)> {
    const SIGNS: [(&str, Token); 11] = [
        ("&&", Token::And),
        ("||", Token::Or),
        ("!=", Token::Operator(Operator::NotEqual)),
        ("<=", Token::Operator(Operator::LessOrEqual)),
        (">=", Token::Operator(Operator::GreaterOrEqual)),
        ("=", Token::Operator(Operator::Equal)),
        ("<", Token::Operator(Operator::Less)),
        (">", Token::Operator(Operator::Greater)),
        ("(", Token::Open),
        (")", Token::Close),
        (",", Token::Comma),
    ];
    SIGNS
        .into_iter()
        .find_map(|(sign, token)| Some((token, text.strip_prefix(sign)?)))
}

/// The word at the beginning of `text`.
fn word<'a>(text: &'a str, more: &str) -> Option<(Token, &'a str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_-.*+".contains(c) || more.contains(c);
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    let (word, after) = text.split_at(end);
    (end > 0).then(|| (Token::Word(word.to_owned()), after))
}
