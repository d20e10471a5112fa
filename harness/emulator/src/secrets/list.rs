//! `ListSecrets`, with its filters.

use serde::Deserialize;
use serde_json::{Value, json};

use super::state::Secret;
use super::{Secrets, error};
use crate::front::json::{answer, input as read};
use crate::front::{Answer, ApiError, Call, ServiceName};

/// How many items one answer has at most, and without being asked.
const MOST: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListSecrets {
    #[serde(default)]
    include_planned_deletion: bool,
    max_results: Option<i64>,
    next_token: Option<String>,
    #[serde(default)]
    filters: Vec<Filter>,
    sort_order: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    key: Option<String>,
    values: Option<Vec<String>>,
}

impl Secrets {
    /// Follows <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html>.
    pub(super) fn list_secrets(&self, call: &Call) -> Result<Answer, ApiError> {
        let asked: ListSecrets = read(call)?;
        let limit = limit(asked.max_results)?;
        let ascending = match asked.sort_order.as_deref() {
            None | Some("desc") => false,
            Some("asc") => true,
            Some(other) => {
                let rule = "satisfy enum value set: [asc, desc]";
                return Err(error::constraint(other, "sortOrder", rule));
            }
        };
        for filter in &asked.filters {
            filter.check()?;
        }
        self.authorize(call, "secretsmanager:ListSecrets", "*", &[], None)?;
        let state = self.state();
        let own = super::state::arn(&self.core, call, "");
        let mut secrets: Vec<&Secret> = state
            .secrets
            .values()
            .filter(|secret| secret.arn.starts_with(&own))
            .filter(|secret| asked.include_planned_deletion || secret.deletion.is_none())
            .filter(|secret| asked.filters.iter().all(|filter| filter.picks(secret)))
            .collect();
        secrets.sort_by(|one, other| one.created.total_cmp(&other.created));
        if !ascending {
            secrets.reverse();
        }
        let token = asked.next_token.as_deref();
        let (secrets, next) = page(secrets, token, limit, |secret| &secret.arn)?;
        let described: Vec<Value> = secrets
            .into_iter()
            .map(|secret| secret.describe("SecretVersionsToStages"))
            .collect();
        let mut result = json!({ "SecretList": described });
        if let Some(next) = next {
            result["NextToken"] = next.into();
        }
        Ok(answer(call, &result))
    }
}

impl Filter {
    fn check(&self) -> Result<(), ApiError> {
        let key = self
            .key
            .as_deref()
            .ok_or_else(|| error::missing("filters.key"))?;
        match key {
            "name" | "description" | "tag-key" | "tag-value" | "all" => {}
            "primary-region" | "owning-service" => {
                return Err(ApiError::unsupported(
                    ServiceName::SecretsManager,
                    &format!("the filter {key} of ListSecrets"),
                ));
            }
            other => {
                let rule = "satisfy enum value set: [description, name, tag-key, tag-value, \
                            primary-region, owning-service, all]";
                return Err(error::constraint(other, "filters.key", rule));
            }
        }
        let count = self.values.as_ref().map_or(0, Vec::len);
        if !(1..=10).contains(&count) {
            let rule = "have length between 1 and 10";
            return Err(error::constraint(count, "filters.values", rule));
        }
        Ok(())
    }

    /// Whether one of the values fits; one that begins with `!` excludes.
    fn picks(&self, secret: &Secret) -> bool {
        let values = self.values.iter().flatten();
        let (excluded, wanted): (Vec<&String>, Vec<&String>) =
            values.partition(|value| value.starts_with('!'));
        !excluded.iter().any(|value| self.fits(secret, &value[1..]))
            && (wanted.is_empty() || wanted.iter().any(|value| self.fits(secret, value)))
    }

    fn fits(&self, secret: &Secret, value: &str) -> bool {
        let lower = value.to_lowercase();
        let description = secret.description.as_deref().unwrap_or_default();
        match self.key.as_deref().unwrap_or_default() {
            "name" => secret.name.starts_with(value),
            "description" => description.to_lowercase().starts_with(&lower),
            "tag-key" => secret.tags.keys().any(|key| key.starts_with(value)),
            "tag-value" => secret.tags.values().any(|other| other.starts_with(value)),
            _ => {
                let tags = secret.tags.iter().flat_map(|(key, value)| [key, value]);
                let texts = tags
                    .map(String::as_str)
                    .chain([secret.name.as_str(), description]);
                texts
                    .map(str::to_lowercase)
                    .any(|text| text.contains(&lower))
            }
        }
    }
}

/// `MaxResults`.
pub(super) fn limit(limit: Option<i64>) -> Result<usize, ApiError> {
    let Some(limit) = limit else { return Ok(MOST) };
    match usize::try_from(limit) {
        Ok(limit @ 1..=MOST) => Ok(limit),
        Ok(_) | Err(_) => {
            let rule = format!("have value between 1 and {MOST}");
            Err(error::constraint(limit, "maxResults", rule))
        }
    }
}

/// What one answer has room for, and the token for the rest: the last item's name.
pub(super) fn page<T>(
    mut items: Vec<T>,
    token: Option<&str>,
    limit: usize,
    name: impl Fn(&T) -> &str,
) -> Result<(Vec<T>, Option<String>), ApiError> {
    if let Some(token) = token {
        let bad = || ApiError::bad_request("InvalidNextTokenException", "Invalid NextToken.");
        let after = hex::decode(token).map_err(|_| bad())?;
        let last = items.iter().position(|item| name(item).as_bytes() == after);
        items.drain(..=last.ok_or_else(bad)?);
    }
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items
        .last()
        .filter(|_| more)
        .map(|last| hex::encode(name(last)));
    Ok((items, next))
}
