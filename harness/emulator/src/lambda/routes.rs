//! Which request is which operation.
//!
//! Follows <https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html>.

use http::Method;
use percent_encoding::percent_decode_str;

/// What the service does, in the words of the API reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Adds a statement to a function's policy.
    AddPermission,
    /// Names a version.
    CreateAlias,
    /// Lets a queue feed a function.
    CreateEventSourceMapping,
    /// Makes a function.
    CreateFunction,
    /// Forgets the name of a version.
    DeleteAlias,
    /// Lets a queue feed a function no longer.
    DeleteEventSourceMapping,
    /// Deletes a function.
    DeleteFunction,
    /// Sets nothing aside for a function any more.
    DeleteFunctionConcurrency,
    /// Forgets the settings for asynchronous events.
    DeleteFunctionEventInvokeConfig,
    /// Shows an account's limits, and what is used of them.
    GetAccountSettings,
    /// Shows what a name stands for.
    GetAlias,
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
    /// Lists the names of a function's versions.
    ListAliases,
    ListFunctionEventInvokeConfigs,
    /// Lists which queues feed which functions.
    ListEventSourceMappings,
    /// Lists functions.
    ListFunctions,
    /// Shows a function's tags.
    ListTags,
    /// Lists a function's versions.
    ListVersionsByFunction,
    /// Keeps code and settings as a version.
    PublishVersion,
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
    /// Lets a name stand for another version.
    UpdateAlias,
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
const ACCOUNT_SETTINGS: &str = "/2016-08-19/account-settings";
const ALIASES: &str = "/2015-03-31/functions/{}/aliases";
const ALIAS: &str = "/2015-03-31/functions/{}/aliases/{}";
const CODE: &str = "/2015-03-31/functions/{}/code";
const INVOCATIONS: &str = "/2015-03-31/functions/{}/invocations";
const POLICY: &str = "/2015-03-31/functions/{}/policy";
const STATEMENT: &str = "/2015-03-31/functions/{}/policy/{}";
const CONCURRENCY: &str = "/2017-10-31/functions/{}/concurrency";
const CONCURRENCY_READ: &str = "/2019-09-30/functions/{}/concurrency";
const EVENT_CONFIG: &str = "/2019-09-25/functions/{}/event-invoke-config";
const EVENT_CONFIGS: &str = "/2019-09-25/functions/{}/event-invoke-config/list";
const MAPPINGS: &str = "/2015-03-31/event-source-mappings";
const MAPPING: &str = "/2015-03-31/event-source-mappings/{}";
const VERSIONS: &str = "/2015-03-31/functions/{}/versions";
const TAGS: &str = "/2017-03-31/tags/{}";

/// All operations that are supported; a request that matches none is refused.
pub const OPERATIONS: &[Route] = {
    use Operation as O;
    &[
        route(O::AddPermission, "AddPermission", "POST", POLICY),
        route(O::CreateAlias, "CreateAlias", "POST", ALIASES),
        route(
            O::CreateEventSourceMapping,
            "CreateEventSourceMapping",
            "POST",
            MAPPINGS,
        ),
        route(O::CreateFunction, "CreateFunction", "POST", FUNCTIONS),
        route(O::DeleteAlias, "DeleteAlias", "DELETE", ALIAS),
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
            O::GetAccountSettings,
            "GetAccountSettings",
            "GET",
            ACCOUNT_SETTINGS,
        ),
        route(O::GetAlias, "GetAlias", "GET", ALIAS),
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
        route(O::ListAliases, "ListAliases", "GET", ALIASES),
        route(
            O::ListFunctionEventInvokeConfigs,
            "ListFunctionEventInvokeConfigs",
            "GET",
            EVENT_CONFIGS,
        ),
        route(
            O::ListEventSourceMappings,
            "ListEventSourceMappings",
            "GET",
            MAPPINGS,
        ),
        route(O::ListFunctions, "ListFunctions", "GET", FUNCTIONS),
        route(O::ListTags, "ListTags", "GET", TAGS),
        route(
            O::ListVersionsByFunction,
            "ListVersionsByFunction",
            "GET",
            VERSIONS,
        ),
        route(O::PublishVersion, "PublishVersion", "POST", VERSIONS),
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
        route(O::UpdateAlias, "UpdateAlias", "PUT", ALIAS),
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
pub(super) fn find(method: &Method, path: &str) -> Option<(&'static Route, Vec<String>)> {
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
        check(
            post,
            "/2015-03-31/functions/load/versions",
            Some(("PublishVersion", load)),
        );
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
