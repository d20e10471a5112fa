//! Published versions, and what a qualifier stands for.
//!
//! A version keeps code and settings as they were when it was published; it shares the reserved
//! concurrency, the queue of events and the environments' pool with its function. Differs from AWS:
//! a version whose code is run in place runs the program as it lies there, which may change.
//!
//! Follows <https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html>.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Lambda;
use super::alias::{self, Alias};
use super::configure::{check_revision, page};
use super::event_config::EventConfig;
use super::function::{Configuration, Function, LATEST, Version};
use super::pool::Demand;
use super::reference::Reference;
use super::validate::{Violations, conflict, invalid, not_found, nothing_else};
use crate::core::Core;
use crate::front::ApiError;

/// What a request names: a function, or one of its versions.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) function: Arc<Function>,
    /// As the request has it.
    pub(super) qualifier: Option<String>,
    /// `None`: `$LATEST`, as it is when it runs.
    published: Option<Arc<Version>>,
}

impl Target {
    /// What runs next, also if a local program has changed.
    pub(super) fn version(&self, core: &Core) -> Arc<Version> {
        match &self.published {
            Some(version) => Arc::clone(version),
            None => self.function.version(core),
        }
    }

    /// Code and settings as they are known.
    pub(super) fn current(&self) -> Arc<Version> {
        match &self.published {
            Some(version) => Arc::clone(version),
            None => Arc::clone(&self.function.state().version),
        }
    }

    /// What an invocation needs of the pool.
    pub(super) fn demand(&self, core: &Core) -> Demand {
        Demand {
            // Refreshed first: a program that has changed makes the idle environments outdated.
            version: self.version(core).number,
            reserved: self.function.state().reserved_concurrency,
        }
    }

    /// The ARN that the request stands for.
    pub(super) fn arn(&self) -> String {
        match &self.qualifier {
            Some(qualifier) => self.function.qualified_arn(qualifier),
            None => self.function.arn.to_string(),
        }
    }

    /// The ARN, with `$LATEST` if the request has no qualifier.
    pub(super) fn qualified_arn(&self) -> String {
        self.function.qualified_arn(&self.subject())
    }

    /// Under what a policy and the settings for events are kept: the qualifier.
    pub(super) fn subject(&self) -> String {
        self.qualifier.clone().unwrap_or_else(|| LATEST.to_owned())
    }

    /// The policy, as JSON.
    pub(super) fn policy(&self) -> Option<String> {
        let state = self.function.state();
        state.policies.get(&self.subject())?.document()
    }

    /// The settings for asynchronous events.
    pub(super) fn event_config(&self) -> Option<EventConfig> {
        let state = self.function.state();
        state.event_configs.get(&self.subject()).cloned()
    }

    /// The answer of `GetFunctionConfiguration`.
    pub(super) fn describe(&self) -> Value {
        self.current()
            .describe(&self.function, self.qualifier.as_deref())
    }
}

/// `PublishVersion`'s parameters.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PublishRequest {
    #[serde(rename = "CodeSha256")]
    code_sha256: Option<String>,
    description: Option<String>,
    revision_id: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl PublishRequest {
    fn check(&self) -> Result<(), ApiError> {
        nothing_else(&self.rest)?;
        let mut violations = Violations::default();
        violations.length("description", self.description.as_deref(), 256);
        violations.finish()
    }

    /// Whether `latest` is what the caller means.
    fn allows(&self, latest: &Version) -> Result<(), ApiError> {
        check_revision(latest, self.revision_id.as_deref())?;
        let current = &latest.code.sha256;
        match &self.code_sha256 {
            Some(given) if given != current => Err(invalid(format!(
                "CodeSHA256 ({given}) is different from current CodeSHA256 in $LATEST ({current}). \
                 Please try again with the CodeSHA256 in $LATEST."
            ))),
            Some(_) | None => Ok(()),
        }
    }
}

/// Publishes `$LATEST`; if it is as it was the last time, that version is the answer.
///
/// Follows <https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html>.
pub(super) fn publish(
    core: &Core,
    function: &Function,
    request: &PublishRequest,
) -> Result<Arc<Version>, ApiError> {
    request.check()?;
    // A local program may have changed.
    function.version(core);
    let mut state = function.state();
    let latest = Arc::clone(&state.version);
    request.allows(&latest)?;
    let unchanged = state
        .origin
        .as_ref()
        .is_some_and(|origin| origin.is_as(&latest));
    if unchanged && let Some(last) = state.published.get(&state.last_published) {
        return Ok(Arc::clone(last));
    }
    state.last_published += 1;
    state.last_number += 1;
    let description = request.description.clone();
    let version = Arc::new(Version {
        number: state.last_number,
        published: Some(state.last_published),
        configuration: Configuration {
            description: description.unwrap_or_else(|| latest.configuration.description.clone()),
            ..latest.configuration.clone()
        },
        code: Arc::clone(&latest.code),
        stamp: latest.stamp,
        modified: core.clock.now(),
        revision: core.random.uuid(),
    });
    let published = state.last_published;
    state.published.insert(published, Arc::clone(&version));
    state.origin = Some(latest);
    function.pool.admit(version.number);
    Ok(version)
}

/// Lists `$LATEST` and the published versions.
///
/// Follows <https://docs.aws.amazon.com/lambda/latest/api/API_ListVersionsByFunction.html>.
pub(super) fn list_versions(
    function: &Function,
    marker: Option<&str>,
    most: Option<&str>,
) -> Result<Value, ApiError> {
    let most = page(most)?;
    // `$LATEST` is the version before the first.
    let after = match marker.map(str::parse::<u64>) {
        None => None,
        Some(Ok(after)) => Some(after),
        Some(Err(_)) => return Err(invalid("The marker is not one of this operation's.")),
    };
    let versions: Vec<Arc<Version>> = {
        let state = function.state();
        let all = [&state.version].into_iter().chain(state.published.values());
        all.filter(|version| after.is_none_or(|after| version.published.unwrap_or(0) > after))
            .cloned()
            .collect()
    };
    let mut answer = json!({
        "Versions": versions
            .iter()
            .take(most)
            .map(|version| version.describe(function, Some(&version.name())))
            .collect::<Vec<_>>(),
    });
    if versions.len() > most
        && let Some(last) = most.checked_sub(1).and_then(|last| versions.get(last))
    {
        answer["NextMarker"] = json!(last.published.unwrap_or(0).to_string());
    }
    Ok(answer)
}

/// Deletes a published version, with its policy and its settings for events.
pub(super) fn delete_version(function: &Function, qualifier: &str) -> Result<(), ApiError> {
    if qualifier == LATEST {
        return Err(invalid(
            "$LATEST version cannot be deleted without deleting the function.",
        ));
    }
    let number: u64 = qualifier
        .parse()
        .map_err(|_| invalid("Deletion of aliases is not currently supported."))?;
    let mut state = function.state();
    let aliases = state.aliases.iter();
    let aliases: Vec<&str> = aliases
        .filter(|(_, alias)| alias.mentions(qualifier))
        .map(|(name, _)| name.as_str())
        .collect();
    if !aliases.is_empty() {
        return Err(conflict(format!(
            "Unable to delete version because the following aliases reference it: [{}]",
            aliases.join(", ")
        )));
    }
    let version = state.published.remove(&number);
    let version = version.ok_or_else(|| missing(&function.qualified_arn(qualifier)))?;
    state.policies.remove(qualifier);
    state.event_configs.remove(qualifier);
    function.pool.retire(version.number);
    Ok(())
}

/// 404: there is no such function or version.
pub(super) fn missing(arn: &str) -> ApiError {
    not_found(format!("Function not found: {arn}"))
}

impl Lambda {
    /// The function that a reference names, to be changed: a version cannot be.
    pub(super) fn find(&self, reference: &Reference) -> Result<Arc<Function>, ApiError> {
        if !reference.is_latest() {
            return Err(missing(&reference.arn()));
        }
        self.any(reference)
    }

    /// What a reference names, to be shown: an alias stands for its first version.
    pub(super) fn resolve(&self, reference: &Reference) -> Result<Target, ApiError> {
        self.target(reference, Alias::version, alias::unknown)
    }

    /// What a reference names, to be run: an alias may stand for another version each time.
    pub(super) fn draw(&self, reference: &Reference) -> Result<Target, ApiError> {
        self.target(reference, |alias| alias.draw(&self.core.random), missing)
    }

    fn target(
        &self,
        reference: &Reference,
        choose: impl Fn(&Alias) -> &str,
        no_alias: impl Fn(&str) -> ApiError,
    ) -> Result<Target, ApiError> {
        let function = self.any(reference)?;
        let published = match reference.qualifier.as_deref() {
            None | Some(LATEST) => None,
            Some(qualifier) => {
                let state = function.state();
                let version = if qualifier.parse::<u64>().is_ok() {
                    qualifier
                } else {
                    let alias = state.aliases.get(qualifier);
                    choose(alias.ok_or_else(|| no_alias(&reference.arn()))?)
                };
                if version == LATEST {
                    None
                } else {
                    let number: Option<u64> = version.parse().ok();
                    let version = number.and_then(|number| state.published.get(&number));
                    let version = version.ok_or_else(|| missing(&reference.arn()))?;
                    Some(Arc::clone(version))
                }
            }
        };
        Ok(Target {
            function,
            qualifier: reference.qualifier.clone(),
            published,
        })
    }

    /// The function, whatever the qualifier.
    pub(super) fn any(&self, reference: &Reference) -> Result<Arc<Function>, ApiError> {
        let function = self.functions().get(&reference.key).cloned();
        function.ok_or_else(|| missing(&reference.arn()))
    }
}
