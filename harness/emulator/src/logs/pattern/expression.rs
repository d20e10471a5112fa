//! Conditions that are joined: `&&` binds closer than `||`, and parentheses closer than both.

use super::PatternError;
use super::condition::name;
use super::lexer::{Token, Tokens};

/// The most regular expressions of one pattern.
pub(super) const MOST_REGULAR: usize = 2;

/// Conditions, or one that stands alone.
#[derive(Debug)]
pub(super) enum Expression<C> {
    One(C),
    All(Vec<Self>),
    Any(Vec<Self>),
}

impl<C> Expression<C> {
    /// Reads an expression whose conditions `one` reads.
    pub(super) fn parse(
        tokens: &mut Tokens,
        one: &mut impl FnMut(&mut Tokens) -> Result<C, PatternError>,
    ) -> Result<Self, PatternError> {
        let mut any = vec![Self::all(tokens, one)?];
        while tokens.take(&Token::Or) {
            any.push(Self::all(tokens, one)?);
        }
        Ok(joined(any, Self::Any))
    }

    fn all(
        tokens: &mut Tokens,
        one: &mut impl FnMut(&mut Tokens) -> Result<C, PatternError>,
    ) -> Result<Self, PatternError> {
        let mut all = vec![Self::part(tokens, one)?];
        while tokens.take(&Token::And) {
            all.push(Self::part(tokens, one)?);
        }
        Ok(joined(all, Self::All))
    }

    fn part(
        tokens: &mut Tokens,
        one: &mut impl FnMut(&mut Tokens) -> Result<C, PatternError>,
    ) -> Result<Self, PatternError> {
        if !tokens.take(&Token::Open) {
            return one(tokens).map(Self::One);
        }
        let inner = Self::parse(tokens, one)?;
        match tokens.next() {
            Some(Token::Close) => Ok(inner),
            other => Err(PatternError::syntax(format!(
                "')' is expected, not {}",
                name(other.as_ref())
            ))),
        }
    }

    /// Whether it is true if `holds` says so of its conditions.
    pub(super) fn holds(&self, holds: &impl Fn(&C) -> bool) -> bool {
        match self {
            Self::One(condition) => holds(condition),
            Self::All(parts) => parts.iter().all(|part| part.holds(holds)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(holds)),
        }
    }

    /// How many of its conditions are such.
    pub(super) fn count(&self, such: &impl Fn(&C) -> bool) -> usize {
        match self {
            Self::One(condition) => usize::from(such(condition)),
            Self::All(parts) | Self::Any(parts) => parts.iter().map(|part| part.count(such)).sum(),
        }
    }
}

/// Refuses more regular expressions than a pattern may have.
pub(super) fn check_regular(count: usize) -> Result<(), PatternError> {
    if count > MOST_REGULAR {
        return Err(PatternError::syntax(format!(
            "it has {count} regular expressions, and may have {MOST_REGULAR}"
        )));
    }
    Ok(())
}

fn joined<C>(
    mut parts: Vec<Expression<C>>,
    join: impl FnOnce(Vec<Expression<C>>) -> Expression<C>,
) -> Expression<C> {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            join(parts)
        }
    }
}
