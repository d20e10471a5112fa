//! Policy variables: `${aws:username}`, `${aws:PrincipalTag/team, 'none'}`, and the escapes
//! `${*}`, `${?}`, `${$}`.
//!
//! What a variable stands for is taken literally: a `*` in a user's tag is no wildcard.
//!
//! Follows <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>.

use std::fmt;

use crate::pattern::{self, Token};
use crate::policy::Version;
use crate::request::ContextKeys;

/// Whether `*` and `?` are wildcards in a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wildcards {
    Yes,
    No,
}

/// Text with variables, perhaps with wildcards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    source: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Token(Token),
    Variable {
        key: String,
        default: Option<String>,
    },
}

/// A variable without a value in this request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unresolved {
    /// The context key.
    pub(crate) key: String,
}

impl Template {
    /// Reads a template; in the older version of the language `${` is text like any other.
    ///
    /// The error is the rule that the text breaks.
    pub(crate) fn parse(
        source: &str,
        wildcards: Wildcards,
        version: Version,
    ) -> Result<Self, &'static str> {
        let mut parts = Vec::new();
        let mut rest = source;
        while let Some(c) = rest.chars().next() {
            if version == Version::V2012 && rest.starts_with("${") {
                let inner = &rest[2..];
                let end = inner.find('}').ok_or("has a `${` without its `}`")?;
                parts.push(variable(&inner[..end])?);
                rest = &inner[end + 1..];
                continue;
            }
            parts.push(Part::Token(match wildcards {
                Wildcards::Yes => pattern::token(c),
                Wildcards::No => Token::Char(c),
            }));
            rest = &rest[c.len_utf8()..];
        }
        Ok(Self {
            source: source.to_owned(),
            parts,
        })
    }

    /// The pattern, with every variable's value put in.
    ///
    /// A key that is missing gives its variable's default; without one, and for a key of several
    /// values, there is nothing to put in.
    pub(crate) fn tokens(&self, context: &ContextKeys) -> Result<Vec<Token>, Unresolved> {
        let mut tokens = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            match part {
                Part::Token(token) => tokens.push(*token),
                Part::Variable { key, default } => {
                    let value = match (context.get(key), default) {
                        ([value], _) => value,
                        ([], Some(default)) => default,
                        ([] | [_, _, ..], _) => return Err(Unresolved { key: key.clone() }),
                    };
                    tokens.extend(value.chars().map(Token::Char));
                }
            }
        }
        Ok(tokens)
    }

    /// Whether a variable stands before the fifth colon, where an ARN may have none.
    pub(crate) fn varies_before_resource(&self) -> bool {
        let mut colons = 0;
        for part in &self.parts {
            match part {
                Part::Token(Token::Char(':')) => colons += 1,
                Part::Token(Token::Char(_) | Token::One | Token::Any) => {}
                Part::Variable { .. } if colons < 5 => return true,
                Part::Variable { .. } => {}
            }
        }
        false
    }

    /// Whether the text is the same for every request.
    pub(crate) fn is_constant(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Token(_)))
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

/// Reads what stands between the braces.
fn variable(inner: &str) -> Result<Part, &'static str> {
    match inner {
        "*" => return Ok(Part::Token(Token::Char('*'))),
        "?" => return Ok(Part::Token(Token::Char('?'))),
        "$" => return Ok(Part::Token(Token::Char('$'))),
        _ => {}
    }
    let (key, default) = match inner.split_once(',') {
        None => (inner.trim(), None),
        Some((key, default)) => {
            let default = default.trim();
            let quoted = default
                .strip_prefix('\'')
                .and_then(|rest| rest.strip_suffix('\''))
                .ok_or("has a default value without single quotes")?;
            (key.trim(), Some(quoted.to_owned()))
        }
    };
    if key.is_empty() {
        return Err("has a variable without a name");
    }
    if key
        .chars()
        .any(|c| c.is_whitespace() || "*?${'\"".contains(c))
    {
        return Err("has a variable whose name is not a context key");
    }
    Ok(Part::Variable {
        key: key.to_owned(),
        default,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::{Reach, matches};

    fn context() -> ContextKeys {
        ContextKeys::new()
            .with("aws:username", "carlos*")
            .with_all("aws:TagKeys", ["a", "b"])
    }

    #[track_caller]
    fn check(template: &str, text: &str, expected: Result<bool, &str>) {
        let template = Template::parse(template, Wildcards::Yes, Version::V2012).unwrap();
        let found = template
            .tokens(&context())
            .map(|tokens| matches(&tokens, text, Reach::Everything))
            .map_err(|unresolved| unresolved.key);
        assert_eq!(found, expected.map_err(str::to_owned), "{template}");
    }

    #[test]
    fn variables_are_filled_in_and_taken_literally() {
        check("home/${aws:username}/*", "home/carlos*/x", Ok(true));
        check("home/${AWS:UserName}/*", "home/carlos*/x", Ok(true));
        check("home/${aws:username}/*", "home/carlos-2/x", Ok(false));
        check("${aws:PrincipalTag/team, 'none'}", "none", Ok(true));
        check("${aws:PrincipalTag/team,''}x", "x", Ok(true));
        check("${aws:username, 'none'}", "carlos*", Ok(true));
        check(
            "${aws:PrincipalTag/team}",
            "none",
            Err("aws:PrincipalTag/team"),
        );
        check("${aws:TagKeys}", "a", Err("aws:TagKeys"));
        check("${aws:TagKeys, 'c'}", "c", Err("aws:TagKeys"));
    }

    #[test]
    fn escapes_are_plain_characters() {
        check("a${*}b", "a*b", Ok(true));
        check("a${*}b", "axb", Ok(false));
        check("a${?}b", "a?b", Ok(true));
        check("${$}{aws:username}", "${aws:username}", Ok(true));
        check("$5", "$5", Ok(true));
    }

    #[test]
    fn the_older_language_has_no_variables() {
        let old = Template::parse("${aws:username}", Wildcards::No, Version::V2008).unwrap();
        assert!(old.is_constant());
        let tokens = old.tokens(&context()).unwrap();
        assert!(matches(&tokens, "${aws:username}", Reach::Everything));
    }

    #[test]
    fn broken_variables_are_refused() {
        let cases = [
            ("a${aws:username", "has a `${` without its `}`"),
            ("${}", "has a variable without a name"),
            ("${ , 'x'}", "has a variable without a name"),
            (
                "${aws:username, x}",
                "has a default value without single quotes",
            ),
            (
                "${aws user}",
                "has a variable whose name is not a context key",
            ),
        ];
        for (text, rule) in cases {
            assert_eq!(
                Template::parse(text, Wildcards::Yes, Version::V2012),
                Err(rule),
                "{text}"
            );
        }
    }
}
