//! The REST API: which request is which operation, and how parameters come in and answers go out.
//!
//! Follows <https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html>.

use std::collections::HashMap;
use std::sync::Arc;

use http::{HeaderValue, Method, StatusCode, header};
use percent_encoding::percent_decode_str;
use s3s::Body;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::function::Function;
use super::reference::Reference;
use super::validate::{invalid, unsupported};
use super::{Lambda, event_config, policy};
use crate::front::{Answer, ApiError, Call};

/// What the service does, in the words of the API reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Adds a statement to a function's policy.
    AddPermission,
    /// Lets a queue feed a function.
    CreateEventSourceMapping,
    /// Makes a function.
    CreateFunction,
    /// Lets a queue feed a function no longer.
    DeleteEventSourceMapping,
    /// Deletes a function.
    DeleteFunction,
    /// Sets nothing aside for a function any more.
    DeleteFunctionConcurrency,
    /// Forgets the settings for asynchronous events.
    DeleteFunctionEventInvokeConfig,
    /// Shows how a queue feeds a function.
    GetEventSourceMapping,
    /// Shows a function, its code and its tags.
    GetFunction,
    /// Shows what is set aside for a function.
    GetFunctionConcurrency,
    /// Shows a function's settings.
    GetFunctionConfiguration,
    /// Shows the settings for asynchronous events.
    GetFunctionEventInvokeConfig,
    /// Shows a function's policy.
    GetPolicy,
    /// Runs a function.
    Invoke,
    /// Lists which queues feed which functions.
    ListEventSourceMappings,
    /// Lists functions.
    ListFunctions,
    /// Shows a function's tags.
    ListTags,
    /// Sets concurrency aside for a function.
    PutFunctionConcurrency,
    /// Replaces the settings for asynchronous events.
    PutFunctionEventInvokeConfig,
    /// Removes a statement from a function's policy.
    RemovePermission,
    /// Adds tags to a function.
    TagResource,
    /// Removes tags from a function.
    UntagResource,
    /// Changes how a queue feeds a function.
    UpdateEventSourceMapping,
    /// Replaces a function's code.
    UpdateFunctionCode,
    /// Changes a function's settings.
    UpdateFunctionConfiguration,
    /// Changes the settings for asynchronous events.
    UpdateFunctionEventInvokeConfig,
}

/// One operation's place in the API.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The operation.
    pub operation: Operation,
    /// Its API name.
    pub name: &'static str,
    /// HTTP method.
    pub method: &'static str,
    /// The path; `{}` stands for one segment.
    pub path: &'static str,
}

const fn route(
    operation: Operation,
    name: &'static str,
    method: &'static str,
    path: &'static str,
) -> Route {
    Route {
        operation,
        name,
        method,
        path,
    }
}

const FUNCTIONS: &str = "/2015-03-31/functions";
const FUNCTION: &str = "/2015-03-31/functions/{}";
const CONFIGURATION: &str = "/2015-03-31/functions/{}/configuration";
const CODE: &str = "/2015-03-31/functions/{}/code";
const INVOCATIONS: &str = "/2015-03-31/functions/{}/invocations";
const POLICY: &str = "/2015-03-31/functions/{}/policy";
const STATEMENT: &str = "/2015-03-31/functions/{}/policy/{}";
const CONCURRENCY: &str = "/2017-10-31/functions/{}/concurrency";
const CONCURRENCY_READ: &str = "/2019-09-30/functions/{}/concurrency";
const EVENT_CONFIG: &str = "/2019-09-25/functions/{}/event-invoke-config";
const MAPPINGS: &str = "/2015-03-31/event-source-mappings";
const MAPPING: &str = "/2015-03-31/event-source-mappings/{}";
const TAGS: &str = "/2017-03-31/tags/{}";

/// All operations that are supported; a request that matches none is refused.
pub const OPERATIONS: &[Route] = {
    use Operation as O;
    &[
        route(O::AddPermission, "AddPermission", "POST", POLICY),
        route(
            O::CreateEventSourceMapping,
            "CreateEventSourceMapping",
            "POST",
            MAPPINGS,
        ),
        route(O::CreateFunction, "CreateFunction", "POST", FUNCTIONS),
        route(
            O::DeleteEventSourceMapping,
            "DeleteEventSourceMapping",
            "DELETE",
            MAPPING,
        ),
        route(O::DeleteFunction, "DeleteFunction", "DELETE", FUNCTION),
        route(
            O::DeleteFunctionConcurrency,
            "DeleteFunctionConcurrency",
            "DELETE",
            CONCURRENCY,
        ),
        route(
            O::DeleteFunctionEventInvokeConfig,
            "DeleteFunctionEventInvokeConfig",
            "DELETE",
            EVENT_CONFIG,
        ),
        route(
            O::GetEventSourceMapping,
            "GetEventSourceMapping",
            "GET",
            MAPPING,
        ),
        route(O::GetFunction, "GetFunction", "GET", FUNCTION),
        route(
            O::GetFunctionConcurrency,
            "GetFunctionConcurrency",
            "GET",
            CONCURRENCY_READ,
        ),
        route(
            O::GetFunctionConfiguration,
            "GetFunctionConfiguration",
            "GET",
            CONFIGURATION,
        ),
        route(
            O::GetFunctionEventInvokeConfig,
            "GetFunctionEventInvokeConfig",
            "GET",
            EVENT_CONFIG,
        ),
        route(O::GetPolicy, "GetPolicy", "GET", POLICY),
        route(O::Invoke, "Invoke", "POST", INVOCATIONS),
        route(
            O::ListEventSourceMappings,
            "ListEventSourceMappings",
            "GET",
            MAPPINGS,
        ),
        route(O::ListFunctions, "ListFunctions", "GET", FUNCTIONS),
        route(O::ListTags, "ListTags", "GET", TAGS),
        route(
            O::PutFunctionConcurrency,
            "PutFunctionConcurrency",
            "PUT",
            CONCURRENCY,
        ),
        route(
            O::PutFunctionEventInvokeConfig,
            "PutFunctionEventInvokeConfig",
            "PUT",
            EVENT_CONFIG,
        ),
        route(O::RemovePermission, "RemovePermission", "DELETE", STATEMENT),
        route(O::TagResource, "TagResource", "POST", TAGS),
        route(O::UntagResource, "UntagResource", "DELETE", TAGS),
        route(
            O::UpdateEventSourceMapping,
            "UpdateEventSourceMapping",
            "PUT",
            MAPPING,
        ),
        route(O::UpdateFunctionCode, "UpdateFunctionCode", "PUT", CODE),
        route(
            O::UpdateFunctionConfiguration,
            "UpdateFunctionConfiguration",
            "PUT",
            CONFIGURATION,
        ),
        route(
            O::UpdateFunctionEventInvokeConfig,
            "UpdateFunctionEventInvokeConfig",
            "POST",
            EVENT_CONFIG,
        ),
    ]
};

/// The operation that a REST request names, as its API name.
#[must_use]
pub fn operation(method: &Method, path: &str) -> Option<&'static str> {
    find(method, path).map(|(route, _)| route.name)
}

/// The route of a request, and the decoded segments that its path leaves open.
fn find(method: &Method, path: &str) -> Option<(&'static Route, Vec<String>)> {
    OPERATIONS
        .iter()
        .filter(|route| route.method == method.as_str())
        .find_map(|route| Some((route, segments(route.path, path)?)))
}

fn segments(pattern: &str, path: &str) -> Option<Vec<String>> {
    // Some clients write a slash at the end.
    let path = path.strip_suffix('/').unwrap_or(path);
    let (wanted, given) = (pattern.split('/'), path.split('/'));
    if wanted.clone().count() != given.clone().count() {
        return None;
    }
    let mut open = Vec::new();
    for (wanted, given) in wanted.zip(given) {
        if wanted == "{}" && !given.is_empty() {
            open.push(percent_decode_str(given).decode_utf8_lossy().into_owned());
        } else if wanted != given {
            return None;
        }
    }
    Some(open)
}

/// The parameters of one request that are not in its body.
struct Parameters {
    path: Vec<String>,
    query: HashMap<String, String>,
    /// All values of `tagKeys`.
    tag_keys: Vec<String>,
}

impl Parameters {
    fn of(call: &Call, path: Vec<String>) -> Self {
        let pairs = || url::form_urlencoded::parse(call.uri.query().unwrap_or_default().as_bytes());
        Self {
            path,
            query: pairs().into_owned().collect(),
            tag_keys: pairs()
                .filter(|(name, _)| name == "tagKeys")
                .map(|(_, value)| value.into_owned())
                .collect(),
        }
    }

    fn segment(&self, index: usize) -> &str {
        self.path.get(index).map_or("", String::as_str)
    }

    fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    fn qualifier(&self) -> Option<&str> {
        self.query("Qualifier")
    }
}

/// A call whose operation and function are known.
struct Request<'a> {
    lambda: &'a Lambda,
    call: &'a Call,
    parameters: Parameters,
}

impl Request<'_> {
    /// The function that the path names, with the qualifier from the query.
    fn reference(&self) -> Result<Reference, ApiError> {
        self.lambda.reference(
            self.call,
            self.parameters.segment(0),
            self.parameters.qualifier(),
        )
    }

    /// The function, if the caller may do this to it.
    fn function(&self, action: &str) -> Result<Arc<Function>, ApiError> {
        let reference = self.reference()?;
        self.lambda
            .authorize(self.call, action, &reference, &[], None)?;
        self.lambda.find(&reference)
    }

    fn body<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        body(&self.call.body)
    }
}

impl Lambda {
    /// Carries out a call.
    ///
    /// # Errors
    /// The operation's own, or that it is not supported.
    pub async fn handle(self: &Arc<Self>, call: &Call) -> Result<Answer, ApiError> {
        let Some((route, path)) = find(&call.method, call.uri.path()) else {
            return Err(unsupported(&call.operation));
        };
        let request = Request {
            lambda: self,
            call,
            parameters: Parameters::of(call, path),
        };
        if route.operation == Operation::Invoke {
            let reference = request.reference()?;
            return self.invoke(call, &reference).await;
        }
        let (status, body) = self.administer(route.operation, &request).await?;
        Ok(respond(status, &body, &call.request_id))
    }

    /// Everything but running functions.
    async fn administer(
        self: &Arc<Self>,
        operation: Operation,
        request: &Request<'_>,
    ) -> Result<(StatusCode, Value), ApiError> {
        let parameters = &request.parameters;
        let qualifier = parameters.qualifier();
        let function = |action| request.function(action);
        let now = self.core.clock.now();
        let ok = |answer: Value| Ok((StatusCode::OK, answer));
        let nothing = Ok((StatusCode::NO_CONTENT, Value::Null));
        match operation {
            Operation::CreateFunction => {
                let answer = self.create_function(request.call, request.body()?).await?;
                Ok((StatusCode::CREATED, answer))
            }
            Operation::GetFunction => ok(Self::get_function(&*function("lambda:GetFunction")?)),
            Operation::GetFunctionConfiguration => {
                let function = function("lambda:GetFunctionConfiguration")?;
                let version = Arc::clone(&function.state().version);
                ok(version.describe(&function))
            }
            Operation::ListFunctions => {
                let (marker, most) = (parameters.query("Marker"), parameters.query("MaxItems"));
                ok(self.list_functions(request.call, marker, most)?)
            }
            Operation::UpdateFunctionCode => {
                let function = function("lambda:UpdateFunctionCode")?;
                ok(self
                    .update_function_code(&function, request.body()?)
                    .await?)
            }
            Operation::UpdateFunctionConfiguration => {
                let function = function("lambda:UpdateFunctionConfiguration")?;
                let body = request.body()?;
                ok(self.update_function_configuration(request.call, &function, &body)?)
            }
            Operation::DeleteFunction => {
                let reference = request.reference()?;
                self.authorize(request.call, "lambda:DeleteFunction", &reference, &[], None)?;
                self.delete_function(&reference)?;
                nothing
            }
            Operation::AddPermission => {
                let function = function("lambda:AddPermission")?;
                let permission = request.body()?;
                let random = &self.core.random;
                let answer = policy::add_permission(&function, qualifier, &permission, random)?;
                Ok((StatusCode::CREATED, answer))
            }
            Operation::RemovePermission => {
                let function = function("lambda:RemovePermission")?;
                policy::remove_permission(
                    &function,
                    qualifier,
                    parameters.segment(1),
                    parameters.query("RevisionId"),
                    &self.core.random,
                )?;
                nothing
            }
            Operation::GetPolicy => ok(policy::get_policy(
                &*function("lambda:GetPolicy")?,
                qualifier,
            )?),
            Operation::PutFunctionEventInvokeConfig => {
                let function = function("lambda:PutFunctionEventInvokeConfig")?;
                ok(event_config::put(&function, request.body()?, now)?)
            }
            Operation::UpdateFunctionEventInvokeConfig => {
                let function = function("lambda:UpdateFunctionEventInvokeConfig")?;
                ok(event_config::update(&function, request.body()?, now)?)
            }
            Operation::GetFunctionEventInvokeConfig => {
                let function = function("lambda:GetFunctionEventInvokeConfig")?;
                ok(event_config::get(&function)?)
            }
            Operation::DeleteFunctionEventInvokeConfig => {
                let function = function("lambda:DeleteFunctionEventInvokeConfig")?;
                event_config::delete(&function)?;
                nothing
            }
            Operation::PutFunctionConcurrency => {
                let function = function("lambda:PutFunctionConcurrency")?;
                ok(self.put_concurrency(&function, &request.body()?)?)
            }
            Operation::GetFunctionConcurrency => {
                let function = function("lambda:GetFunctionConcurrency")?;
                ok(event_config::get_concurrency(&function))
            }
            Operation::DeleteFunctionConcurrency => {
                let function = function("lambda:DeleteFunctionConcurrency")?;
                event_config::delete_concurrency(&function);
                nothing
            }
            Operation::CreateEventSourceMapping
            | Operation::GetEventSourceMapping
            | Operation::ListEventSourceMappings
            | Operation::UpdateEventSourceMapping
            | Operation::DeleteEventSourceMapping => self.administer_mappings(operation, request),
            Operation::ListTags | Operation::TagResource | Operation::UntagResource
                if parameters.segment(0).contains(":event-source-mapping:") =>
            {
                self.administer_tags_of_mapping(operation, request)
            }
            Operation::ListTags => {
                let function = function("lambda:ListTags")?;
                let tags = json!(function.state().tags);
                ok(json!({ "Tags": tags }))
            }
            Operation::TagResource => {
                let function = function("lambda:TagResource")?;
                let TagRequest { tags } = request.body()?;
                function.state().tags.extend(tags);
                nothing
            }
            Operation::UntagResource => {
                let function = function("lambda:UntagResource")?;
                let keys = &parameters.tag_keys;
                function.state().tags.retain(|key, _| !keys.contains(key));
                nothing
            }
            Operation::Invoke => Err(ApiError::internal("Invoke is not administration")),
        }
    }

    /// Everything about event source mappings but their tags.
    fn administer_mappings(
        self: &Arc<Self>,
        operation: Operation,
        request: &Request<'_>,
    ) -> Result<(StatusCode, Value), ApiError> {
        let (call, id) = (request.call, request.parameters.segment(0));
        let query = |name: &str| request.parameters.query(name).map(str::to_owned);
        if operation == Operation::CreateEventSourceMapping {
            let answer = self.create_event_source_mapping(call, request.body()?)?;
            Ok((StatusCode::ACCEPTED, answer))
        } else if operation == Operation::UpdateEventSourceMapping {
            let answer = self.update_event_source_mapping(call, id, request.body()?)?;
            Ok((StatusCode::ACCEPTED, answer))
        } else if operation == Operation::DeleteEventSourceMapping {
            let answer = self.delete_event_source_mapping(call, id)?;
            Ok((StatusCode::ACCEPTED, answer))
        } else if operation == Operation::GetEventSourceMapping {
            Ok((StatusCode::OK, self.get_event_source_mapping(call, id)?))
        } else {
            let answer = self.list_event_source_mappings(call, &query)?;
            Ok((StatusCode::OK, answer))
        }
    }

    fn administer_tags_of_mapping(
        &self,
        operation: Operation,
        request: &Request<'_>,
    ) -> Result<(StatusCode, Value), ApiError> {
        let (call, arn) = (request.call, request.parameters.segment(0));
        let keys = &request.parameters.tag_keys;
        if operation == Operation::TagResource {
            let TagRequest { tags } = request.body()?;
            self.tags_of_mapping(call, "lambda:TagResource", arn, |all| all.extend(tags))?;
            Ok((StatusCode::NO_CONTENT, Value::Null))
        } else if operation == Operation::UntagResource {
            self.tags_of_mapping(call, "lambda:UntagResource", arn, |all| {
                all.retain(|key, _| !keys.contains(key));
            })?;
            Ok((StatusCode::NO_CONTENT, Value::Null))
        } else {
            let tags = self.tags_of_mapping(call, "lambda:ListTags", arn, |all| json!(all))?;
            Ok((StatusCode::OK, json!({ "Tags": tags })))
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TagRequest {
    tags: std::collections::BTreeMap<String, String>,
}

/// Reads a JSON body; a parameter that is missing is named in AWS's way.
fn body<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let text: &[u8] = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(text).map_err(|error| {
        let message = error.to_string();
        match message
            .strip_prefix("missing field `")
            .and_then(|rest| rest.split('`').next())
        {
            Some(name) => invalid(format!("The parameter {name} is missing.")),
            None => ApiError::bad_request(
                "SerializationException",
                format!("Could not parse request body into json: {message}"),
            ),
        }
    })
}

fn respond(status: StatusCode, body: &Value, request_id: &str) -> Answer {
    let body = match body {
        Value::Null => Body::empty(),
        Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => Body::from(body.to_string()),
    };
    let mut answer = http::Response::new(body);
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(method: &Method, path: &str, expected: Option<(&str, &[&str])>) {
        let found = find(method, path);
        let found = found
            .as_ref()
            .map(|(route, open)| (route.name, open.iter().map(String::as_str).collect()));
        let expected = expected.map(|(name, open)| (name, open.to_vec()));
        assert_eq!(found, expected, "{method} {path}");
    }

    #[test]
    fn a_request_is_known_by_its_method_and_path() {
        let (get, post, put) = (&Method::GET, &Method::POST, &Method::PUT);
        check(post, "/2015-03-31/functions", Some(("CreateFunction", &[])));
        check(get, "/2015-03-31/functions/", Some(("ListFunctions", &[])));
        let load: &[&str] = &["load"];
        check(
            get,
            "/2015-03-31/functions/load",
            Some(("GetFunction", load)),
        );
        check(
            post,
            "/2015-03-31/functions/arn%3Aaws%3Alambda%3Ar%3A1%3Afunction%3Aload/invocations",
            Some(("Invoke", &["arn:aws:lambda:r:1:function:load"])),
        );
        check(
            &Method::DELETE,
            "/2015-03-31/functions/load/policy/bucket",
            Some(("RemovePermission", &["load", "bucket"])),
        );
        check(
            put,
            "/2019-09-25/functions/load/event-invoke-config",
            Some(("PutFunctionEventInvokeConfig", load)),
        );
        check(
            put,
            "/2015-03-31/event-source-mappings/some-id",
            Some(("UpdateEventSourceMapping", &["some-id"])),
        );
        check(get, "/2015-03-31/code-signing-configs", None);
        check(post, "/2015-03-31/functions/load/versions", None);
        check(put, "/2015-03-31/functions/load", None);
    }

    #[test]
    fn each_operation_has_one_route_and_its_own_name() {
        let mut names = std::collections::HashSet::new();
        for route in OPERATIONS {
            assert_eq!(route.name, format!("{:?}", route.operation));
            assert!(names.insert(route.name), "{} twice", route.name);
        }
    }
}
