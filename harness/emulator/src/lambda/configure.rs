//! Making, changing, showing and deleting functions.
//!
//! Follows <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html> and its
//! sisters. Left out and refused by name: images, layers, file systems and
//! code signing.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use zipster_names::{Arn, FunctionName};

use super::Lambda;
use super::code::{Code, CodeRequest};
use super::function::{Configuration, Function, Key, SERVICE, Version};
use super::reference::Reference;
use super::settings::{Ground, Settings};
use super::validate::{Violations, conflict, invalid, nothing_else, unsupported};
use super::versions::{self, PublishRequest, Target};
use crate::front::{ApiError, Call};
use crate::iam::Authorization;
use crate::iam::tags::{borrowed, request_tags};

/// How many functions one page of a list has at most.
const PAGE: usize = 50;

/// `CreateFunction`'s parameters.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateRequest {
    function_name: String,
    code: CodeRequest,
    architectures: Option<Vec<String>>,
    package_type: Option<String>,
    publish: Option<bool>,
    tags: Option<BTreeMap<String, String>>,
    #[serde(flatten)]
    settings: Settings,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// `UpdateFunctionConfiguration`'s parameters.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateConfigurationRequest {
    revision_id: Option<String>,
    #[serde(flatten)]
    settings: Settings,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// `UpdateFunctionCode`'s parameters.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateCodeRequest {
    architectures: Option<Vec<String>>,
    revision_id: Option<String>,
    publish: Option<bool>,
    dry_run: Option<bool>,
    #[serde(flatten)]
    code: CodeRequest,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl Lambda {
    /// Makes a function, which is active at once.
    pub(super) async fn create_function(
        &self,
        call: &Call,
        request: CreateRequest,
    ) -> Result<Value, ApiError> {
        let reference = self.reference(call, &request.function_name, None)?;
        let tags = request.tags.unwrap_or_default();
        let context = request_tags(&tags);
        let context = borrowed(&context);
        self.authorize(call, "lambda:CreateFunction", &reference, &context, None)?;
        if !tags.is_empty() {
            self.authorize(call, "lambda:TagResource", &reference, &context, None)?;
        }
        nothing_else(&request.rest)?;
        if request
            .package_type
            .as_deref()
            .is_some_and(|kind| kind != "Zip")
        {
            return Err(unsupported("PackageType Image"));
        }
        let key = reference.key;
        let mut configuration = request.settings.over(&Ground {
            account: &key.account,
            function: &key.name,
            before: None,
        })?;
        set_architecture(&mut configuration, request.architectures.as_deref())?;
        self.pass_role(call, &key, &configuration.role.arn)?;
        let exists = |name: &FunctionName| conflict(format!("Function already exist: {name}"));
        if self.functions().contains_key(&key) {
            return Err(exists(&key.name));
        }
        let code = Code::take(&self.core, call, request.code).await?;
        let mut functions = self.functions();
        // Another request may have been faster while the archive was unpacked.
        if functions.contains_key(&key) {
            return Err(exists(&key.name));
        }
        let function = Function::new(&self.core, key.clone(), configuration, code, tags);
        let version = if request.publish == Some(true) {
            versions::publish(&self.core, &function, &PublishRequest::default())?
        } else {
            Arc::clone(&function.state().version)
        };
        // The ARN is the function's, also beside the number of a version.
        let answer = version.describe(&function, None);
        functions.insert(key, function);
        Ok(answer)
    }

    /// Shows a function with its code and tags.
    ///
    /// Differs from AWS: the code's location is a folder or file of this machine.
    pub(super) fn get_function(target: &Target) -> Value {
        let place = target.current().code.program();
        let mut answer = json!({
            "Configuration": target.describe(),
            "Code": {
                "RepositoryType": "Local",
                "Location": format!("file://{}", place.display()),
            },
        });
        let state = target.function.state();
        if !state.tags.is_empty() {
            answer["Tags"] = json!(state.tags);
        }
        if let Some(reserved) = state.reserved_concurrency {
            answer["Concurrency"] = json!({ "ReservedConcurrentExecutions": reserved });
        }
        answer
    }

    /// Lists the caller's functions in the call's region, by name; with `FunctionVersion` `ALL`,
    /// their versions too.
    pub(super) fn list_functions(
        &self,
        call: &Call,
        query: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Value, ApiError> {
        let request = Authorization {
            cause: call.entry,
            action: "lambda:ListFunctions",
            resource: "*",
            context: &[],
            resource_policy: None,
        };
        self.core
            .authorize(&call.identity, &request)
            .map_err(|denied| super::denied(&denied))?;
        let (marker, version) = (query("Marker"), query("FunctionVersion"));
        let mut violations = Violations::default();
        violations.one_of("functionVersion", version.as_deref(), &["ALL"]);
        violations.finish()?;
        let most = page(query("MaxItems").as_deref())?;
        let account = call.identity.principal.account();
        let functions = self.functions();
        let mut listed = functions
            .values()
            .filter(|function| {
                function.key.account == *account && function.key.region == call.region
            })
            .flat_map(|function| {
                let state = function.state();
                let latest = Arc::clone(&state.version);
                let published = state.published.values().filter(|_| version.is_some());
                let versions: Vec<_> = [latest].into_iter().chain(published.cloned()).collect();
                versions.into_iter().map(move |version| (function, version))
            })
            // A marker is a function's name, and its version's number if there are versions.
            .skip_while(|(function, version)| {
                marker.as_deref().is_some_and(|marker| {
                    let (name, number) = marker.split_once(':').unwrap_or((marker, "0"));
                    let number = number.parse().unwrap_or(0);
                    (function.key.name.as_str(), version.published.unwrap_or(0)) <= (name, number)
                })
            })
            .peekable();
        let mut page = Vec::new();
        let mut last = None;
        for (function, one) in listed.by_ref().take(most) {
            let name = one.name();
            page.push(one.describe(function, version.as_ref().map(|_| name.as_str())));
            let number = one.published.map(|number| format!(":{number}"));
            last = Some(format!(
                "{}{}",
                function.key.name,
                number.unwrap_or_default()
            ));
        }
        let mut answer = json!({ "Functions": page });
        if listed.peek().is_some() {
            answer["NextMarker"] = json!(last);
        }
        Ok(answer)
    }

    /// Replaces a function's code.
    pub(super) async fn update_function_code(
        &self,
        call: &Call,
        function: &Arc<Function>,
        request: UpdateCodeRequest,
    ) -> Result<Value, ApiError> {
        nothing_else(&request.rest)?;
        // Once before the code is taken, which may be long, and again for what is there then.
        check_revision(&function.state().version, request.revision_id.as_deref())?;
        let code = Arc::new(Code::take(&self.core, call, request.code).await?);
        loop {
            let before = Arc::clone(&function.state().version);
            check_revision(&before, request.revision_id.as_deref())?;
            let mut configuration = before.configuration.clone();
            set_architecture(&mut configuration, request.architectures.as_deref())?;
            if request.dry_run == Some(true) {
                return Ok(before.describe(function, None));
            }
            let replaced = function.replace(&self.core, &before, configuration, &code);
            if let Some(version) = replaced {
                if request.publish != Some(true) {
                    return Ok(version.describe(function, None));
                }
                let version = versions::publish(&self.core, function, &PublishRequest::default())?;
                return Ok(version.describe(function, Some(&version.name())));
            }
        }
    }

    /// Replaces the settings that the request has.
    pub(super) fn update_function_configuration(
        &self,
        call: &Call,
        function: &Arc<Function>,
        request: &UpdateConfigurationRequest,
    ) -> Result<Value, ApiError> {
        nothing_else(&request.rest)?;
        loop {
            let before = Arc::clone(&function.state().version);
            check_revision(&before, request.revision_id.as_deref())?;
            let configuration = request.settings.clone().over(&Ground {
                account: &function.key.account,
                function: &function.key.name,
                before: Some(&before.configuration),
            })?;
            if configuration.role != before.configuration.role {
                self.pass_role(call, &function.key, &configuration.role.arn)?;
            }
            let replaced = function.replace(&self.core, &before, configuration, &before.code);
            if let Some(version) = replaced {
                return Ok(version.describe(function, None));
            }
        }
    }

    /// Deletes a function, or one of its versions. Events that wait for the function are dropped;
    /// invocations that run end by themselves.
    pub(super) fn delete_function(&self, reference: &Reference) -> Result<(), ApiError> {
        if let Some(qualifier) = &reference.qualifier {
            return versions::delete_version(&*self.any(reference)?, qualifier);
        }
        let function = self.find(reference)?;
        self.functions().remove(&reference.key);
        function.delete();
        Ok(())
    }

    /// The caller must be allowed to give the role to a function, and the role must trust Lambda.
    fn pass_role(&self, call: &Call, function: &Key, role: &Arn) -> Result<(), ApiError> {
        let request = Authorization {
            cause: call.entry,
            action: "iam:PassRole",
            resource: role.as_str(),
            context: &[("iam:PassedToService", SERVICE.to_owned())],
            resource_policy: None,
        };
        self.core
            .authorize(&call.identity, &request)
            .map_err(|denied| super::denied(&denied))?;
        self.core
            .authorize_service_role(&function.source(), role, call.entry)
            .map_err(|_| invalid("The role defined for the function cannot be assumed by Lambda."))
    }
}

/// How many items a page of a list has.
pub(super) fn page(most: Option<&str>) -> Result<usize, ApiError> {
    page_of(most, 10_000)
}

/// How many items a page of a list has that may be asked for `longest`.
pub(super) fn page_of(most: Option<&str>, longest: i64) -> Result<usize, ApiError> {
    match most.map(str::parse::<i64>) {
        None => Ok(PAGE),
        Some(Ok(most)) => {
            let mut violations = Violations::default();
            violations.range("maxItems", Some(most), 1, longest);
            violations.finish()?;
            Ok(usize::try_from(most).unwrap_or(PAGE).min(PAGE))
        }
        Some(Err(_)) => Err(invalid("MaxItems is not a number.")),
    }
}

fn set_architecture(
    configuration: &mut Configuration,
    architectures: Option<&[String]>,
) -> Result<(), ApiError> {
    let Some(architectures) = architectures else {
        return Ok(());
    };
    let [architecture] = architectures else {
        return Err(invalid("Architectures must have exactly one item."));
    };
    let mut violations = Violations::default();
    violations.one_of("architectures", Some(architecture), &["x86_64", "arm64"]);
    violations.finish()?;
    configuration.architecture.clone_from(architecture);
    Ok(())
}

pub(super) fn check_revision(current: &Version, given: Option<&str>) -> Result<(), ApiError> {
    revision(&current.revision, given)
}

/// What is to be changed is what the caller has seen.
pub(super) fn revision(current: &str, given: Option<&str>) -> Result<(), ApiError> {
    match given {
        Some(given) if given != current => Err(ApiError::new(
            StatusCode::PRECONDITION_FAILED,
            "PreconditionFailedException",
            "The Revision Id provided does not match the latest Revision Id. Call the \
             GetFunction/GetAlias API to retrieve the latest Revision Id",
        )),
        Some(_) | None => Ok(()),
    }
}
