//! Aliases: names for versions, which may send some of the invocations to a second one.
//!
//! Follows <https://docs.aws.amazon.com/lambda/latest/dg/configuration-aliases.html>.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::configure::{page, revision};
use super::function::{Function, LATEST, State};
use super::validate::{Violations, conflict, invalid, not_found, nothing_else};
use super::versions::missing;
use crate::front::ApiError;
use crate::random::Random;

/// How many numbers can be drawn: those of 32 bits.
const DRAWS: f64 = 4_294_967_296.0;

/// A name for a version.
#[derive(Debug, Clone)]
pub(super) struct Alias {
    /// `$LATEST`, or a published version's number.
    version: String,
    description: String,
    /// How much of all goes to another version: the number, and a part of 1.
    second: Option<(String, f64)>,
    revision: String,
}

/// `CreateAlias`'s parameters.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateAlias {
    name: String,
    function_version: String,
    description: Option<String>,
    routing_config: Option<Routing>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// `UpdateAlias`'s parameters.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateAlias {
    function_version: Option<String>,
    description: Option<String>,
    routing_config: Option<Routing>,
    revision_id: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Routing {
    additional_version_weights: Option<BTreeMap<String, f64>>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl Routing {
    fn check(&self, violations: &mut Violations) -> Result<(), ApiError> {
        const AT: &str = "routingConfig.additionalVersionWeights";
        nothing_else(&self.rest)?;
        for (version, weight) in self.additional_version_weights.iter().flatten() {
            let shown = format!("{{{version}={weight}}}");
            if !is_number(version) {
                violations.of_map(
                    AT,
                    &shown,
                    "Map keys must satisfy constraint: [Member must have length less than or equal \
                     to 1024, Member must have length greater than or equal to 1, Member must \
                     satisfy regular expression pattern: [0-9]+, Member must not be null]",
                );
            }
            if !(0.0..=1.0).contains(weight) {
                violations.of_map(
                    AT,
                    &shown,
                    "Map value must satisfy constraint: [Member must have value less than or equal \
                     to 1.0, Member must have value greater than or equal to 0.0, Member must not \
                     be null]",
                );
            }
        }
        Ok(())
    }

    fn second(self) -> Result<Option<(String, f64)>, ApiError> {
        let mut weights = self
            .additional_version_weights
            .unwrap_or_default()
            .into_iter();
        let second = weights.next();
        if weights.next().is_some() {
            return Err(invalid(
                "Number of items in AdditionalVersionWeights cannot be greater than 1",
            ));
        }
        Ok(second)
    }
}

impl Alias {
    /// The version that runs next: the draw decides if there are two.
    pub(super) fn draw(&self, random: &Random) -> &str {
        match &self.second {
            Some((second, weight)) => {
                let drawn = u32::try_from(random.below(1 << 32)).unwrap_or(0);
                if f64::from(drawn) / DRAWS < *weight {
                    second
                } else {
                    &self.version
                }
            }
            None => &self.version,
        }
    }

    /// The version that it stands for when nothing is run.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// Whether it may send something to the version.
    pub(super) fn mentions(&self, version: &str) -> bool {
        let second = self.second.as_ref().map(|(second, _)| second.as_str());
        self.version == version || second == Some(version)
    }

    /// Whether there are the versions, and they can stand together.
    fn check(&self, function: &Function, state: &State) -> Result<(), ApiError> {
        let known = |version: &str| {
            let number: Option<u64> = version.parse().ok();
            let known = version == LATEST
                || number.is_some_and(|number| state.published.contains_key(&number));
            if known {
                Ok(())
            } else {
                Err(missing(&function.qualified_arn(version)))
            }
        };
        known(&self.version)?;
        let Some((second, _)) = &self.second else {
            return Ok(());
        };
        if self.version == LATEST {
            return Err(invalid(
                "$LATEST is not supported for an alias pointing to more than 1 version",
            ));
        }
        if *second == self.version {
            return Err(invalid(format!(
                "Invalid function version {second}. Function version {second} is already included \
                 in routing configuration."
            )));
        }
        known(second)
    }

    /// Follows <https://docs.aws.amazon.com/lambda/latest/api/API_AliasConfiguration.html>.
    fn describe(&self, function: &Function, name: &str) -> Value {
        let mut answer = json!({
            "AliasArn": function.qualified_arn(name),
            "Name": name,
            "FunctionVersion": self.version,
            "Description": self.description,
            "RevisionId": self.revision,
        });
        if let Some((second, weight)) = &self.second {
            answer["RoutingConfig"] = json!({ "AdditionalVersionWeights": { second: weight } });
        }
        answer
    }
}

/// Follows <https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html>.
pub(super) fn create(
    function: &Function,
    request: CreateAlias,
    random: &Random,
) -> Result<Value, ApiError> {
    nothing_else(&request.rest)?;
    let name = request.name;
    let mut violations = Violations::default();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    violations.pattern(
        "name",
        &name,
        !name.is_empty() && !is_number(&name) && name.chars().all(plain),
        "(?!^[0-9]+$)([a-zA-Z0-9-_]+)",
    );
    violations.length("name", Some(&name), 128);
    check(
        violations,
        Some(&request.function_version),
        request.description.as_deref(),
        request.routing_config.as_ref(),
    )?;
    let alias = Alias {
        version: request.function_version,
        description: request.description.unwrap_or_default(),
        second: request.routing_config.map_or(Ok(None), Routing::second)?,
        revision: random.uuid(),
    };
    let mut state = function.state();
    alias.check(function, &state)?;
    if state.aliases.contains_key(&name) {
        return Err(conflict(format!(
            "Alias already exists: {}",
            function.qualified_arn(&name)
        )));
    }
    let answer = alias.describe(function, &name);
    state.aliases.insert(name, alias);
    Ok(answer)
}

/// Follows <https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html>.
pub(super) fn update(
    function: &Function,
    name: &str,
    request: UpdateAlias,
    random: &Random,
) -> Result<Value, ApiError> {
    nothing_else(&request.rest)?;
    check(
        Violations::default(),
        request.function_version.as_deref(),
        request.description.as_deref(),
        request.routing_config.as_ref(),
    )?;
    let mut state = function.state();
    let before = state.aliases.get(name).ok_or_else(|| {
        let arn = function.qualified_arn(name);
        not_found(format!("Alias not found: {arn}"))
    })?;
    revision(&before.revision, request.revision_id.as_deref())?;
    let alias = Alias {
        version: request
            .function_version
            .unwrap_or_else(|| before.version.clone()),
        description: request
            .description
            .unwrap_or_else(|| before.description.clone()),
        second: match request.routing_config {
            Some(routing) => routing.second()?,
            None => before.second.clone(),
        },
        revision: random.uuid(),
    };
    alias.check(function, &state)?;
    let answer = alias.describe(function, name);
    state.aliases.insert(name.to_owned(), alias);
    Ok(answer)
}

/// Follows <https://docs.aws.amazon.com/lambda/latest/api/API_GetAlias.html>.
pub(super) fn get(function: &Function, name: &str) -> Result<Value, ApiError> {
    let state = function.state();
    let alias = state.aliases.get(name);
    let alias = alias.ok_or_else(|| unknown(&function.qualified_arn(name)))?;
    Ok(alias.describe(function, name))
}

/// Forgets an alias, with its policy and settings for events. That there is none is no mistake.
///
/// Follows <https://docs.aws.amazon.com/lambda/latest/api/API_DeleteAlias.html>.
pub(super) fn delete(function: &Function, name: &str) {
    let mut state = function.state();
    if state.aliases.remove(name).is_some() {
        state.policies.remove(name);
        state.event_configs.remove(name);
    }
}

/// Lists aliases by name, or those of one version.
///
/// Follows <https://docs.aws.amazon.com/lambda/latest/api/API_ListAliases.html>.
pub(super) fn list(
    function: &Function,
    version: Option<&str>,
    marker: Option<&str>,
    most: Option<&str>,
) -> Result<Value, ApiError> {
    let most = page(most)?;
    let state = function.state();
    let mut listed = state
        .aliases
        .iter()
        .filter(|(_, alias)| version.is_none_or(|version| alias.mentions(version)))
        .skip_while(|(name, _)| marker.is_some_and(|marker| name.as_str() <= marker))
        .peekable();
    let (mut aliases, mut last) = (Vec::new(), None);
    for (name, alias) in listed.by_ref().take(most) {
        aliases.push(alias.describe(function, name));
        last = Some(name);
    }
    let mut answer = json!({ "Aliases": aliases });
    if listed.peek().is_some() {
        answer["NextMarker"] = json!(last);
    }
    Ok(answer)
}

/// 404: there is no such alias.
pub(super) fn unknown(arn: &str) -> ApiError {
    not_found(format!("Cannot find alias arn: {arn}"))
}

fn check(
    mut violations: Violations,
    version: Option<&str>,
    description: Option<&str>,
    routing: Option<&Routing>,
) -> Result<(), ApiError> {
    if let Some(version) = version {
        let known = version == LATEST || is_number(version);
        violations.pattern("functionVersion", version, known, r"(\$LATEST|[0-9]+)");
    }
    violations.length("description", description, 256);
    if let Some(routing) = routing {
        routing.check(&mut violations)?;
    }
    violations.finish()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_share(weight: f64, least: usize, most: usize) {
        let alias = Alias {
            version: "1".to_owned(),
            description: String::new(),
            second: Some(("2".to_owned(), weight)),
            revision: String::new(),
        };
        let random = Random::new(1);
        let second = (0..1000).filter(|_| alias.draw(&random) == "2").count();
        assert!((least..=most).contains(&second), "{weight}: {second}");
    }

    #[test]
    fn the_second_version_gets_its_share() {
        check_share(0.0, 0, 0);
        check_share(0.1, 60, 140);
        check_share(0.5, 430, 570);
        check_share(1.0, 1000, 1000);
    }
}
