//! The REST API: how parameters come in and answers go out, and what is done in between.
//!
//! Follows <https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html>.

use std::collections::HashMap;
use std::sync::Arc;

use http::{HeaderValue, StatusCode, header};
use s3s::Body;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::function::Function;
use super::policy::Permission;
use super::reference::Reference;
use super::routes::{self, Operation};
use super::validate::{invalid, unsupported};
use super::versions::{self, Target};
use super::{Lambda, alias, event_config, policy};
use crate::front::{Answer, ApiError, Call};
use crate::iam::tags::{borrowed, request_tags, tag_keys};

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

    /// The function or version, if the caller may do this to it.
    fn target(&self, action: &str) -> Result<Target, ApiError> {
        self.target_with(action, &[])
    }

    /// The same, with what policies may have conditions on.
    fn target_with(&self, action: &str, context: &[(&str, String)]) -> Result<Target, ApiError> {
        let reference = self.reference()?;
        self.lambda
            .authorize(self.call, action, &reference, context, None)?;
        self.lambda.resolve(&reference)
    }

    /// The function, if the caller may change its tags so.
    fn to_tag(&self, action: &str, tags: &[(String, String)]) -> Result<Arc<Function>, ApiError> {
        let reference = self.reference()?;
        self.lambda
            .authorize(self.call, action, &reference, &borrowed(tags), None)?;
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
        let Some((route, path)) = routes::find(&call.method, call.uri.path()) else {
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
        let function = |action| request.function(action);
        let target = |action| request.target(action);
        let page = || (parameters.query("Marker"), parameters.query("MaxItems"));
        let now = self.core.clock.now();
        let ok = |answer: Value| Ok((StatusCode::OK, answer));
        let nothing = Ok((StatusCode::NO_CONTENT, Value::Null));
        match operation {
            Operation::CreateFunction => {
                let answer = self.create_function(request.call, request.body()?).await?;
                Ok((StatusCode::CREATED, answer))
            }
            Operation::GetFunction => ok(Self::get_function(&target("lambda:GetFunction")?)),
            Operation::GetFunctionConfiguration => {
                ok(target("lambda:GetFunctionConfiguration")?.describe())
            }
            Operation::ListFunctions => {
                let query = |name: &str| parameters.query(name).map(str::to_owned);
                ok(self.list_functions(request.call, &query)?)
            }
            Operation::PublishVersion => {
                let function = function("lambda:PublishVersion")?;
                let version = versions::publish(&self.core, &function, &request.body()?)?;
                let answer = version.describe(&function, Some(&version.name()));
                Ok((StatusCode::CREATED, answer))
            }
            Operation::ListVersionsByFunction => {
                let function = function("lambda:ListVersionsByFunction")?;
                let (marker, most) = page();
                ok(versions::list_versions(&function, marker, most)?)
            }
            Operation::GetAccountSettings => ok(self.get_account_settings(request.call)?),
            Operation::UpdateFunctionCode => {
                let function = function("lambda:UpdateFunctionCode")?;
                ok(self
                    .update_function_code(request.call, &function, request.body()?)
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
                let permission: Permission = request.body()?;
                let context = [("lambda:Principal", permission.principal().to_owned())];
                let target = request.target_with("lambda:AddPermission", &context)?;
                let random = &self.core.random;
                let answer = policy::add_permission(&target, &permission, random)?;
                Ok((StatusCode::CREATED, answer))
            }
            Operation::RemovePermission => {
                let target = target("lambda:RemovePermission")?;
                policy::remove_permission(
                    &target,
                    parameters.segment(1),
                    parameters.query("RevisionId"),
                    &self.core.random,
                )?;
                nothing
            }
            Operation::GetPolicy => ok(policy::get_policy(&target("lambda:GetPolicy")?)?),
            Operation::PutFunctionEventInvokeConfig => {
                let target = target("lambda:PutFunctionEventInvokeConfig")?;
                ok(event_config::put(&target, request.body()?, now)?)
            }
            Operation::UpdateFunctionEventInvokeConfig => {
                let target = target("lambda:UpdateFunctionEventInvokeConfig")?;
                ok(event_config::update(&target, request.body()?, now)?)
            }
            Operation::GetFunctionEventInvokeConfig => {
                let target = target("lambda:GetFunctionEventInvokeConfig")?;
                ok(event_config::get(&target)?)
            }
            Operation::DeleteFunctionEventInvokeConfig => {
                let target = target("lambda:DeleteFunctionEventInvokeConfig")?;
                event_config::delete(&target)?;
                nothing
            }
            Operation::ListFunctionEventInvokeConfigs => {
                let function = function("lambda:ListFunctionEventInvokeConfigs")?;
                let (marker, most) = page();
                ok(event_config::list(&function, marker, most)?)
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
            Operation::CreateAlias => {
                let function = function("lambda:CreateAlias")?;
                let answer = alias::create(&function, request.body()?, &self.core.random)?;
                Ok((StatusCode::CREATED, answer))
            }
            Operation::GetAlias => {
                let function = function("lambda:GetAlias")?;
                ok(alias::get(&function, parameters.segment(1))?)
            }
            Operation::UpdateAlias => {
                let function = function("lambda:UpdateAlias")?;
                let (name, random) = (parameters.segment(1), &self.core.random);
                ok(alias::update(&function, name, request.body()?, random)?)
            }
            Operation::DeleteAlias => {
                let function = function("lambda:DeleteAlias")?;
                alias::delete(&function, parameters.segment(1));
                nothing
            }
            Operation::ListAliases => {
                let function = function("lambda:ListAliases")?;
                let ((marker, most), version) = (page(), parameters.query("FunctionVersion"));
                ok(alias::list(&function, version, marker, most)?)
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
                let TagRequest { tags } = request.body()?;
                let function = request.to_tag("lambda:TagResource", &request_tags(&tags))?;
                function.state().tags.extend(tags);
                nothing
            }
            Operation::UntagResource => {
                let keys = &parameters.tag_keys;
                let function = request.to_tag("lambda:UntagResource", &tag_keys(keys))?;
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
