//! Wildcards: `*` for any run of characters, `?` for one.

/// A piece of a pattern, after variables were filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token {
    /// This character and no other.
    Char(char),
    /// `?`
    One,
    /// `*`
    Any,
}

/// How far a wildcard reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Over any character.
    Everything,
    /// As in the `Resource` element: in the first five fields of an ARN a wildcard stops at the
    /// colon, except a `*` that ends its field, which may run on past it.
    ArnFields,
}

/// How many colons come before an ARN's last field.
const COLONS: usize = 5;

/// Reads `*` and `?` as wildcards, everything else as itself.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    text.chars().map(token).collect()
}

/// The token that an unescaped character stands for.
pub(crate) fn token(c: char) -> Token {
    match c {
        '*' => Token::Any,
        '?' => Token::One,
        _ => Token::Char(c),
    }
}

/// Whether the whole of `text` fits the pattern.
///
/// Time is at most proportional to the pattern's length times the text's, whatever the pattern.
pub(crate) fn matches(pattern: &[Token], text: &str, reach: Reach) -> bool {
    let mut text = text.chars();
    let mut pattern = pattern;
    let mut colons = 0;
    // Most patterns are plain text up to their end, or nearly.
    while let [Token::Char(c), rest @ ..] = pattern {
        if text.next() != Some(*c) {
            return false;
        }
        colons += usize::from(*c == ':');
        pattern = rest;
    }
    matches_rest(pattern, &text.collect::<Vec<_>>(), reach, colons)
}

fn matches_rest(pattern: &[Token], text: &[char], reach: Reach, mut colons: usize) -> bool {
    // `here[n]`: the tokens so far can match the first `n` characters.
    let mut here = vec![false; text.len() + 1];
    let mut next = here.clone();
    here[0] = true;
    for (at, token) in pattern.iter().enumerate() {
        let stops_at_colon = reach == Reach::ArnFields && colons < COLONS;
        next.fill(false);
        match *token {
            Token::Char(c) => {
                for (n, &found) in text.iter().enumerate() {
                    next[n + 1] = here[n] && found == c;
                }
                colons += usize::from(c == ':');
            }
            Token::One => {
                for (n, &found) in text.iter().enumerate() {
                    next[n + 1] = here[n] && !(stops_at_colon && found == ':');
                }
            }
            Token::Any => {
                let ends_its_field = matches!(pattern.get(at + 1), None | Some(Token::Char(':')));
                let stops = stops_at_colon && !ends_its_field;
                let mut open = false;
                for n in 0..=text.len() {
                    open |= here[n];
                    next[n] = open;
                    if stops && text.get(n) == Some(&':') {
                        open = false;
                    }
                }
            }
        }
        std::mem::swap(&mut here, &mut next);
    }
    here[text.len()]
}

/// Whether each of an ARN's six fields fits the pattern's field, as the `Arn...` conditions want.
pub(crate) fn matches_arn(pattern: &[Token], arn: &str) -> bool {
    let fields = pattern.splitn(COLONS + 1, |token| *token == Token::Char(':'));
    let found: Vec<&str> = arn.splitn(COLONS + 1, ':').collect();
    let fields: Vec<&[Token]> = fields.collect();
    found.len() == COLONS + 1
        && fields.len() == found.len()
        && fields
            .iter()
            .zip(found)
            .all(|(field, text)| matches(field, text, Reach::Everything))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, text: &str, reach: Reach, expected: bool) {
        assert_eq!(
            matches(&tokens(pattern), text, reach),
            expected,
            "{pattern} and {text}"
        );
    }

    #[test]
    fn wildcards_match_runs_and_single_characters() {
        let cases = [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "anything/at:all", true),
            ("?", "", false),
            ("?", "é", true),
            ("?", "ab", false),
            ("a*c", "abbbc", true),
            ("a*c", "abbb", false),
            ("a*b*c", "a-b-b-c-c", true),
            ("**", "x", true),
            ("Get*", "get", false),
            (
                "*aaaaaaaaaaaaaab",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                false,
            ),
        ];
        for (pattern, text, expected) in cases {
            check(pattern, text, Reach::Everything, expected);
        }
    }

    /// The definition of a match, in as few words as possible.
    fn by_definition(pattern: &[Token], text: &[char]) -> bool {
        match (pattern, text) {
            ([], text) => text.is_empty(),
            ([Token::Any, rest @ ..], text) => {
                (0..=text.len()).any(|n| by_definition(rest, &text[n..]))
            }
            ([Token::One, rest @ ..], [_, text @ ..]) => by_definition(rest, text),
            ([Token::Char(c), rest @ ..], [d, text @ ..]) => c == d && by_definition(rest, text),
            ([Token::One | Token::Char(_), ..], []) => false,
        }
    }

    #[test]
    fn matching_agrees_with_its_definition() {
        let words = |letters: &str, length: u32| -> Vec<String> {
            let letters: Vec<char> = letters.chars().collect();
            (0..letters.len().pow(length))
                .map(|mut n| {
                    let word = (0..length).map(|_| {
                        let letter = letters[n % letters.len()];
                        n /= letters.len();
                        letter
                    });
                    word.collect()
                })
                .collect()
        };
        for pattern in (0..=4).flat_map(|length| words("ab*?", length)) {
            let pattern = tokens(&pattern);
            for text in (0..=5).flat_map(|length| words("ab", length)) {
                let chars: Vec<char> = text.chars().collect();
                assert_eq!(
                    matches(&pattern, &text, Reach::Everything),
                    by_definition(&pattern, &chars),
                    "{pattern:?} and {text}"
                );
            }
        }
    }

    #[test]
    fn a_resource_pattern_minds_the_colons() {
        let cases = [
            ("arn:aws:s3:::b/*", "arn:aws:s3:::b/k", true),
            ("arn:aws:s3:::b/*", "arn:aws:s3:::b", false),
            ("arn:aws:s3:::b/*", "arn:aws:s3:::b/a/b:c/d", true),
            ("arn:aws:s3:::b/*.csv", "arn:aws:s3:::b/a:b.csv", true),
            ("arn:aws:s3:::b/*.csv", "arn:aws:s3:::b/a:b.txt", false),
            ("arn:aws:sqs:*:1:q", "arn:aws:sqs:eu-west-1:1:q", true),
            ("arn:aws:sqs:eu-*-1:1:q", "arn:aws:sqs:eu-west-1:1:q", true),
            // A `*` that ends its field may go on past the colon, one in the middle may not.
            ("arn:aws:sqs:*", "arn:aws:sqs:eu-west-1:1:q", true),
            ("arn:aws:sqs:e*:q", "arn:aws:sqs:eu-west-1:1:q", true),
            ("arn:aws:sqs:e*x:q", "arn:aws:sqs:e:1x:q", false),
            ("arn:aws:sqs:e?1:1:q", "arn:aws:sqs:e:1:1:q", false),
            (
                "arn:aws:logs:*:*:*",
                "arn:aws:logs:r:1:log-group:/a:log-stream:s",
                true,
            ),
            ("arn:aws:s3:::B/*", "arn:aws:s3:::b/k", false),
        ];
        for (pattern, text, expected) in cases {
            check(pattern, text, Reach::ArnFields, expected);
        }
    }

    #[test]
    fn arn_conditions_compare_field_by_field() {
        let cases = [
            ("arn:aws:s3:::b", "arn:aws:s3:::b", true),
            ("arn:aws:s3:*:*:b", "arn:aws:s3:::b", true),
            ("arn:aws:s3:*", "arn:aws:s3:::b", false),
            ("arn:aws:sqs:*:1:*", "arn:aws:sqs:eu-west-1:1:a:b", true),
            ("arn:*:1:q", "arn:aws:sqs:eu-west-1:1:q", false),
            ("*", "arn:aws:s3:::b", false),
            ("arn:aws:s3:::b", "b", false),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(
                matches_arn(&tokens(pattern), text),
                expected,
                "{pattern} and {text}"
            );
        }
    }
}
