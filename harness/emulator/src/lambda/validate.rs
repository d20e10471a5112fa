//! What AWS checks before it makes or changes a function, in its words.
//!
//! Follows <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html>.

use std::collections::BTreeMap;
use std::fmt::Display;

use http::StatusCode;
use serde_json::Value;
use zipster_names::{AccountId, Arn, RoleName};

use crate::front::{ApiError, ServiceName};

/// The runtimes that run here: those whose functions are programs of their own, and Python's.
const RUNTIMES: [&str; 8] = [
    "provided.al2023",
    "provided.al2",
    "python3.14",
    "python3.13",
    "python3.12",
    "python3.11",
    "python3.10",
    "python3.9",
];

/// The beginnings of the names of AWS's other runtimes.
const OTHER_RUNTIMES: [&str; 7] = [
    "nodejs", "python", "java", "dotnet", "ruby", "go1", "provided",
];

/// Environment variables that only Lambda sets
/// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>).
const RESERVED_VARIABLES: [&str; 18] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
];

/// The most that names and values of environment variables may take, as JSON, in bytes.
const LARGEST_ENVIRONMENT: usize = 4096;

/// 400 `InvalidParameterValueException`.
pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::bad_request("InvalidParameterValueException", message)
}

/// 404 `ResourceNotFoundException`.
pub(super) fn not_found(message: impl Into<String>) -> ApiError {
    ApiError::new(
        StatusCode::NOT_FOUND,
        "ResourceNotFoundException",
        message.into(),
    )
}

/// 409 `ResourceConflictException`.
pub(super) fn conflict(message: impl Into<String>) -> ApiError {
    ApiError::new(
        StatusCode::CONFLICT,
        "ResourceConflictException",
        message.into(),
    )
}

/// What AWS has and the emulator has not.
pub(super) fn unsupported(what: &str) -> ApiError {
    ApiError::unsupported(ServiceName::Lambda, what)
}

/// Refuses the parameters that nobody asked about: what is not supported is not ignored.
pub(super) fn nothing_else(rest: &serde_json::Map<String, Value>) -> Result<(), ApiError> {
    match rest.iter().find(|(_, value)| !value.is_null()) {
        Some((name, _)) => Err(unsupported(&format!("the parameter {name}"))),
        None => Ok(()),
    }
}

/// Collects what is wrong with a request, so that the caller learns all of it at once.
#[derive(Debug, Default)]
pub(super) struct Violations(Vec<String>);

impl Violations {
    fn add(&mut self, name: &str, value: impl Display, constraint: &str) {
        self.0.push(violation(name, value, constraint));
    }

    /// The value, if there is one, lies between `least` and `most`.
    pub(super) fn range(&mut self, name: &str, value: Option<i64>, least: i64, most: i64) {
        match value {
            Some(value) if value < least => self.add(
                name,
                value,
                &format!("have value greater than or equal to {least}"),
            ),
            Some(value) if value > most => self.add(
                name,
                value,
                &format!("have value less than or equal to {most}"),
            ),
            Some(_) | None => {}
        }
    }

    /// The text, if there is one, has at most so many characters.
    pub(super) fn length(&mut self, name: &str, value: Option<&str>, most: usize) {
        if let Some(value) = value
            && value.chars().count() > most
        {
            let constraint = format!("have length less than or equal to {most}");
            self.add(name, value, &constraint);
        }
    }

    /// The text, if there is one, is one of these.
    pub(super) fn one_of(&mut self, name: &str, value: Option<&str>, allowed: &[&str]) {
        if let Some(value) = value
            && !allowed.contains(&value)
        {
            let constraint = format!("satisfy enum value set: [{}]", allowed.join(", "));
            self.add(name, value, &constraint);
        }
    }

    /// `matches`, or the value does not satisfy the pattern.
    pub(super) fn pattern(&mut self, name: &str, value: &str, matches: bool, pattern: &str) {
        if !matches {
            let constraint = format!("satisfy regular expression pattern: {pattern}");
            self.add(name, value, &constraint);
        }
    }

    /// Something is wrong with what is in a map.
    pub(super) fn of_map(&mut self, name: &str, value: &str, constraint: &str) {
        self.0.push(format!(
            "Value '{value}' at '{name}' failed to satisfy constraint: {constraint}"
        ));
    }

    /// 400 `ValidationException` with everything that was found.
    pub(super) fn finish(self) -> Result<(), ApiError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(validation(&self.0))
        }
    }
}

fn violation(name: &str, value: impl Display, constraint: &str) -> String {
    format!("Value '{value}' at '{name}' failed to satisfy constraint: Member must {constraint}")
}

fn validation(violations: &[String]) -> ApiError {
    let count = violations.len();
    let errors = if count == 1 { "error" } else { "errors" };
    ApiError::bad_request(
        "ValidationException",
        format!(
            "{count} validation {errors} detected: {}",
            violations.join("; ")
        ),
    )
}

/// A role that functions run as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ExecutionRole {
    pub(super) arn: Arn,
    pub(super) account: AccountId,
    pub(super) name: RoleName,
}

impl ExecutionRole {
    /// Reads a role's ARN, whatever its path.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let arn = Arn::parse(text).ok()?;
        let name = arn.resource().strip_prefix("role/")?.rsplit('/').next()?;
        Some(Self {
            account: arn.account().filter(|_| arn.service() == "iam")?.clone(),
            name: RoleName::parse(name).ok()?,
            arn,
        })
    }
}

/// The role of a request, of the caller's own account.
pub(super) fn role(text: &str, account: &AccountId) -> Result<ExecutionRole, ApiError> {
    let role = ExecutionRole::parse(text).ok_or_else(|| {
        validation(&[violation(
            "role",
            text,
            r"satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+",
        )])
    })?;
    if role.account != *account {
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "AccessDeniedException",
            "Cross-account pass role is not allowed.",
        ));
    }
    Ok(role)
}

/// A runtime that runs here.
pub(super) fn runtime(name: &str) -> Result<(), ApiError> {
    if RUNTIMES.contains(&name) {
        Ok(())
    } else if OTHER_RUNTIMES.iter().any(|known| name.starts_with(known)) {
        Err(unsupported(&format!("the runtime {name}")))
    } else {
        Err(invalid(format!(
            "Value {name} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [{}] or be a valid ARN",
            RUNTIMES.join(", ")
        )))
    }
}

/// Environment variables that Lambda would take.
pub(super) fn variables(variables: &BTreeMap<String, String>) -> Result<(), ApiError> {
    let mut violations = Violations::default();
    for name in variables.keys() {
        let mut characters = name.chars();
        let plain = characters.next().is_some_and(|c| c.is_ascii_alphabetic())
            && name.len() > 1
            && characters.all(|c| c.is_ascii_alphanumeric() || c == '_');
        // Reserved names are refused below, in other words.
        let plain = plain || RESERVED_VARIABLES.contains(&name.as_str());
        violations.pattern(
            "environment.variables",
            name,
            plain,
            "[a-zA-Z]([a-zA-Z0-9_])+",
        );
    }
    violations.finish()?;
    let reserved: Vec<&str> = variables
        .keys()
        .map(String::as_str)
        .filter(|name| RESERVED_VARIABLES.contains(name))
        .collect();
    if !reserved.is_empty() {
        return Err(invalid(format!(
            "Lambda was unable to configure your environment variables because the environment \
             variables you have provided contains reserved keys that are currently not supported \
             for modification. Reserved keys used in this request: {}",
            reserved.join(", ")
        )));
    }
    let measured = serde_json::json!(variables).to_string();
    if measured.len() > LARGEST_ENVIRONMENT {
        return Err(invalid(format!(
            "Lambda was unable to configure your environment variables because the environment \
             variables you have provided exceeded the 4KB limit. String measured: {measured}"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check<T: std::fmt::Debug>(result: Result<T, ApiError>, expected: &str) {
        let error = result.unwrap_err();
        assert_eq!(format!("{}: {}", error.code, error.message), expected);
    }

    #[test]
    fn all_violations_are_told_at_once() {
        let mut violations = Violations::default();
        violations.range("timeout", Some(901), 1, 900);
        violations.range("memorySize", Some(64), 128, 10_240);
        violations.range("size", None, 1, 2);
        check(
            violations.finish(),
            "ValidationException: 2 validation errors detected: Value '901' at 'timeout' failed \
             to satisfy constraint: Member must have value less than or equal to 900; Value '64' \
             at 'memorySize' failed to satisfy constraint: Member must have value greater than or \
             equal to 128",
        );
    }

    #[test]
    fn a_role_is_known_by_its_name_whatever_its_path() {
        let account = AccountId::parse("123456789012").unwrap();
        let of = |text: &str| role(text, &account);
        let plain = of("arn:aws:iam::123456789012:role/load").unwrap();
        let deep = of("arn:aws:iam::123456789012:role/a/b/load").unwrap();
        assert_eq!((plain.name.as_str(), deep.name.as_str()), ("load", "load"));
        check(
            of("arn:aws:iam::123456789012:user/load"),
            "ValidationException: 1 validation error detected: Value \
             'arn:aws:iam::123456789012:user/load' at 'role' failed to satisfy constraint: Member \
             must satisfy regular expression pattern: \
             arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+",
        );
        check(
            of("arn:aws:iam::210987654321:role/load"),
            "AccessDeniedException: Cross-account pass role is not allowed.",
        );
    }

    #[test]
    fn a_runtime_that_aws_has_is_unsupported_and_any_other_is_invalid() {
        assert!(runtime("provided.al2023").is_ok());
        assert!(runtime("python3.13").is_ok());
        check(
            runtime("nodejs22.x"),
            "NotImplemented: lambda: the runtime nodejs22.x is not supported by this emulator",
        );
        check(
            runtime("cobol"),
            "InvalidParameterValueException: Value cobol at 'runtime' failed to satisfy \
             constraint: Member must satisfy enum value set: [provided.al2023, provided.al2, \
             python3.14, python3.13, python3.12, python3.11, python3.10, python3.9] or be a valid \
             ARN",
        );
    }

    #[test]
    fn variables_are_plain_few_and_not_lambdas_own() {
        let one = |name: &str, value: &str| {
            variables(&BTreeMap::from([(name.to_owned(), value.to_owned())]))
        };
        assert!(one("TOPIC_ARN", "x").is_ok());
        assert!(one("AWS_ENDPOINT_URL", "x").is_ok());
        check(
            one("1A", "x"),
            "ValidationException: 1 validation error detected: Value '1A' at \
             'environment.variables' failed to satisfy constraint: Member must satisfy regular \
             expression pattern: [a-zA-Z]([a-zA-Z0-9_])+",
        );
        check(
            one("_HANDLER", "x"),
            "InvalidParameterValueException: Lambda was unable to configure your environment \
             variables because the environment variables you have provided contains reserved keys \
             that are currently not supported for modification. Reserved keys used in this \
             request: _HANDLER",
        );
        let error = one("BIG", &"x".repeat(4096)).unwrap_err();
        assert!(error.message.contains("exceeded the 4KB limit"));
    }
}
