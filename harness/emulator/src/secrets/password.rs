//! `GetRandomPassword`.

use serde::Deserialize;
use serde_json::json;

use super::{Secrets, error};
use crate::front::json::{answer, input as read};
use crate::front::{Answer, ApiError, Call};

/// The longest password.
const LONGEST: i64 = 4096;

const LOWERCASE: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPERCASE: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const NUMBERS: &str = "0123456789";
const PUNCTUATION: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetRandomPassword {
    password_length: Option<i64>,
    #[serde(default)]
    exclude_characters: String,
    #[serde(default)]
    exclude_numbers: bool,
    #[serde(default)]
    exclude_punctuation: bool,
    #[serde(default)]
    exclude_uppercase: bool,
    #[serde(default)]
    exclude_lowercase: bool,
    #[serde(default)]
    include_space: bool,
    require_each_included_type: Option<bool>,
}

impl Secrets {
    /// Follows <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html>.
    pub(super) fn get_random_password(&self, call: &Call) -> Result<Answer, ApiError> {
        let asked: GetRandomPassword = read(call)?;
        let length = asked.password_length.unwrap_or(32);
        if !(1..=LONGEST).contains(&length) {
            let rule = format!("have value between 1 and {LONGEST}");
            return Err(error::constraint(length, "passwordLength", rule));
        }
        let length = usize::try_from(length).unwrap_or_default();
        let kinds = asked.kinds();
        if kinds.is_empty() {
            return Err(error::parameter(
                "The password length is too short or all characters are excluded.",
            ));
        }
        let each = asked.require_each_included_type.unwrap_or(true);
        if each && kinds.len() > length {
            return Err(error::parameter(format!(
                "The password length must be at least {} to have a character of each included \
                 type.",
                kinds.len()
            )));
        }
        self.authorize(call, "secretsmanager:GetRandomPassword", "*", &[], None)?;
        let random = &self.core.random;
        let mut password: Vec<char> = Vec::with_capacity(length);
        if each {
            for kind in &kinds {
                password.extend(random.text(kind, 1).chars());
            }
        }
        let all = kinds.concat();
        password.extend(random.text(&all, length - password.len()).chars());
        // Those of each type came first; now anybody may.
        for last in (1..password.len()).rev() {
            let other = random.below(last as u64 + 1);
            password.swap(last, usize::try_from(other).unwrap_or(last));
        }
        let password: String = password.into_iter().collect();
        Ok(answer(call, &json!({ "RandomPassword": password })))
    }
}

impl GetRandomPassword {
    /// The characters of each type that is included.
    fn kinds(&self) -> Vec<Vec<u8>> {
        [
            (LOWERCASE, !self.exclude_lowercase),
            (UPPERCASE, !self.exclude_uppercase),
            (NUMBERS, !self.exclude_numbers),
            (PUNCTUATION, !self.exclude_punctuation),
            (" ", self.include_space),
        ]
        .into_iter()
        .filter(|(_, included)| *included)
        .map(|(kind, _)| {
            let kept = kind.bytes();
            kept.filter(|byte| !self.exclude_characters.contains(char::from(*byte)))
                .collect::<Vec<u8>>()
        })
        .filter(|kind| !kind.is_empty())
        .collect()
    }
}
