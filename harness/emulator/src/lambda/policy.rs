//! A function's own policy: which services and accounts may invoke it.
//!
//! Follows <https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html>. Versions
//! and aliases have policies of their own. Left out: function URLs.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use zipster_names::{AccountId, Arn};

use super::function::LATEST;
use super::validate::{Violations, conflict, invalid, not_found, nothing_else, unsupported};
use super::versions::Target;
use crate::front::ApiError;
use crate::random::Random;

/// The largest policy, in bytes.
const LARGEST: usize = 20_480;

/// The statements of one function.
#[derive(Debug, Default)]
pub(super) struct Policy {
    statements: Vec<(String, Value)>,
    revision: String,
}

/// `AddPermission`'s parameters.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Permission {
    statement_id: String,
    action: String,
    principal: String,
    source_arn: Option<String>,
    source_account: Option<String>,
    event_source_token: Option<String>,
    #[serde(rename = "PrincipalOrgID")]
    principal_org_id: Option<String>,
    revision_id: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl Permission {
    /// Whom it is for, as the request says.
    pub(super) fn principal(&self) -> &str {
        &self.principal
    }

    fn check(&self) -> Result<(), ApiError> {
        nothing_else(&self.rest)?;
        let plain = |text: &str| {
            !text.is_empty()
                && text
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        };
        let action = self.action == "*"
            || self.action.strip_prefix("lambda:").is_some_and(|name| {
                name == "*" || !name.is_empty() && name.chars().all(|c| c.is_ascii_alphabetic())
            });
        let mut violations = Violations::default();
        violations.length("statementId", Some(&self.statement_id), 100);
        violations.pattern(
            "statementId",
            &self.statement_id,
            plain(&self.statement_id),
            "([a-zA-Z0-9-_]+)",
        );
        violations.pattern(
            "action",
            &self.action,
            action,
            "(lambda:[*]|lambda:[a-zA-Z]+|[*])",
        );
        if let Some(source) = &self.source_arn {
            let looks = source.starts_with("arn:") && source.splitn(6, ':').count() == 6;
            let pattern = r"arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)";
            violations.pattern("sourceArn", source, looks, pattern);
        }
        if let Some(account) = &self.source_account {
            let number = AccountId::parse(account).is_ok();
            violations.pattern("sourceAccount", account, number, r"\d{12}");
        }
        violations.finish()
    }

    /// The statement as AWS writes it.
    ///
    /// # Errors
    /// What cannot be carried out: callers belong to no organization here, so that a statement
    /// about one would never match.
    fn statement(&self, function: &Arn, resource: &str) -> Result<Value, ApiError> {
        if self.principal_org_id.is_some() {
            return Err(unsupported("PrincipalOrgID (there are no organizations)"));
        }
        let mut statement = json!({
            "Sid": self.statement_id,
            "Effect": "Allow",
            "Principal": self.principal_element(function)?,
            "Action": self.action,
            "Resource": resource,
        });
        let mut equals = Map::new();
        if let Some(account) = &self.source_account {
            equals.insert("AWS:SourceAccount".to_owned(), json!(account));
        }
        if let Some(token) = &self.event_source_token {
            equals.insert("lambda:EventSourceToken".to_owned(), json!(token));
        }
        let mut condition = Map::new();
        if !equals.is_empty() {
            condition.insert("StringEquals".to_owned(), Value::Object(equals));
        }
        if let Some(source) = &self.source_arn {
            condition.insert("ArnLike".to_owned(), json!({ "AWS:SourceArn": source }));
        }
        if !condition.is_empty() {
            statement["Condition"] = Value::Object(condition);
        }
        Ok(statement)
    }

    fn principal_element(&self, function: &Arn) -> Result<Value, ApiError> {
        let principal = self.principal.as_str();
        if principal == "*" {
            Ok(json!("*"))
        } else if AccountId::parse(principal).is_ok() {
            let partition = function.partition();
            Ok(json!({ "AWS": format!("arn:{partition}:iam::{principal}:root") }))
        } else if Arn::parse(principal).is_ok_and(|arn| ["iam", "sts"].contains(&arn.service())) {
            Ok(json!({ "AWS": principal }))
        } else if principal.ends_with(".amazonaws.com") {
            Ok(json!({ "Service": principal }))
        } else {
            Err(invalid(
                "The provided principal was invalid. Please check the principal and try again.",
            ))
        }
    }
}

impl Policy {
    /// The policy as JSON; `None` without statements.
    pub(super) fn document(&self) -> Option<String> {
        let statements: Vec<&Value> = self.statements.iter().map(|(_, value)| value).collect();
        (!statements.is_empty()).then(|| {
            json!({ "Version": "2012-10-17", "Id": "default", "Statement": statements }).to_string()
        })
    }

    fn check_revision(&self, given: Option<&str>) -> Result<(), ApiError> {
        match given {
            Some(given) if given != self.revision => Err(ApiError::new(
                StatusCode::PRECONDITION_FAILED,
                "PreconditionFailedException",
                "The Revision Id provided does not match the latest Revision Id. Call the \
                 GetPolicy API to retrieve the latest Revision Id",
            )),
            Some(_) | None => Ok(()),
        }
    }

    fn add(
        &mut self,
        permission: &Permission,
        function: &Arn,
        resource: &str,
        random: &Random,
    ) -> Result<Value, ApiError> {
        self.check_revision(permission.revision_id.as_deref())?;
        let id = &permission.statement_id;
        if self.statements.iter().any(|(sid, _)| sid == id) {
            return Err(conflict(format!(
                "The statement id ({id}) provided already exists. Please provide a new statement \
                 id, or remove the existing statement."
            )));
        }
        let statement = permission.statement(function, resource)?;
        self.statements.push((id.clone(), statement.clone()));
        let size = self.document().map_or(0, |document| document.len());
        if size > LARGEST {
            self.statements.pop();
            return Err(ApiError::bad_request(
                "PolicyLengthExceededException",
                format!("The final policy size ({size}) is bigger than the limit ({LARGEST})."),
            ));
        }
        self.revision = random.uuid();
        Ok(statement)
    }

    fn remove(
        &mut self,
        id: &str,
        revision: Option<&str>,
        random: &Random,
    ) -> Result<(), ApiError> {
        if self.statements.is_empty() {
            return Err(not_found(
                "No policy is associated with the given resource.",
            ));
        }
        self.check_revision(revision)?;
        let before = self.statements.len();
        self.statements.retain(|(sid, _)| sid != id);
        if self.statements.len() == before {
            return Err(not_found(format!(
                "Statement {id} is not found in resource policy."
            )));
        }
        self.revision = random.uuid();
        Ok(())
    }
}

/// Adds a statement, and answers with it.
pub(super) fn add_permission(
    target: &Target,
    permission: &Permission,
    random: &Random,
) -> Result<Value, ApiError> {
    latest_has_none(target)?;
    permission.check()?;
    let function = &target.function;
    let mut state = function.state();
    let policy = state.policies.entry(target.subject()).or_default();
    let statement = policy.add(permission, &function.arn, &target.arn(), random)?;
    Ok(json!({ "Statement": statement.to_string() }))
}

/// Removes a statement.
pub(super) fn remove_permission(
    target: &Target,
    id: &str,
    revision: Option<&str>,
    random: &Random,
) -> Result<(), ApiError> {
    latest_has_none(target)?;
    let mut state = target.function.state();
    let policy = state.policies.entry(target.subject()).or_default();
    policy.remove(id, revision, random)
}

/// Answers with the whole policy.
pub(super) fn get_policy(target: &Target) -> Result<Value, ApiError> {
    latest_has_none(target)?;
    let state = target.function.state();
    let policy = state.policies.get(&target.subject());
    let (policy, document) = policy
        .and_then(|policy| Some((policy, policy.document()?)))
        .ok_or_else(|| not_found("The resource you requested does not exist."))?;
    Ok(json!({ "Policy": document, "RevisionId": policy.revision }))
}

fn latest_has_none(target: &Target) -> Result<(), ApiError> {
    match target.qualifier.as_deref() {
        Some(LATEST) => Err(invalid(
            "We currently do not support adding policies for $LATEST.",
        )),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permission(parameters: Value) -> Permission {
        serde_json::from_value(parameters).unwrap()
    }

    fn function() -> Arn {
        Arn::parse("arn:aws:lambda:eu-central-1:123456789012:function:load").unwrap()
    }

    #[test]
    fn a_permission_becomes_the_statement_that_aws_writes() {
        let mut policy = Policy::default();
        let permission = permission(json!({
            "StatementId": "bucket",
            "Action": "lambda:InvokeFunction",
            "Principal": "s3.amazonaws.com",
            "SourceArn": "arn:aws:s3:::input",
            "SourceAccount": "123456789012",
        }));
        permission.check().unwrap();
        policy
            .add(
                &permission,
                &function(),
                function().as_str(),
                &Random::new(1),
            )
            .unwrap();
        let document: Value = serde_json::from_str(&policy.document().unwrap()).unwrap();
        assert_eq!(
            document,
            json!({
                "Version": "2012-10-17",
                "Id": "default",
                "Statement": [{
                    "Sid": "bucket",
                    "Effect": "Allow",
                    "Principal": { "Service": "s3.amazonaws.com" },
                    "Action": "lambda:InvokeFunction",
                    "Resource": "arn:aws:lambda:eu-central-1:123456789012:function:load",
                    "Condition": {
                        "StringEquals": { "AWS:SourceAccount": "123456789012" },
                        "ArnLike": { "AWS:SourceArn": "arn:aws:s3:::input" },
                    },
                }],
            })
        );
        let again = policy
            .add(
                &permission,
                &function(),
                function().as_str(),
                &Random::new(2),
            )
            .unwrap_err();
        assert_eq!(again.code, "ResourceConflictException");
        policy.remove("bucket", None, &Random::new(3)).unwrap();
        assert_eq!(policy.document(), None);
    }

    #[track_caller]
    fn check_principal(principal: &str, expected: Option<&Value>) {
        let permission = permission(json!({
            "StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": principal,
        }));
        assert_eq!(
            permission.principal_element(&function()).ok().as_ref(),
            expected
        );
    }

    #[test]
    fn principals_are_services_accounts_and_roles() {
        let root = json!({ "AWS": "arn:aws:iam::123456789012:root" });
        check_principal("123456789012", Some(&root));
        let role = "arn:aws:iam::123456789012:role/load";
        check_principal(role, Some(&json!({ "AWS": role })));
        check_principal("*", Some(&json!("*")));
        let service = json!({ "Service": "sns.amazonaws.com" });
        check_principal("sns.amazonaws.com", Some(&service));
        check_principal("me", None);
    }

    #[test]
    fn a_parameter_that_nobody_knows_is_refused_by_name() {
        let permission = permission(json!({
            "StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "*",
            "FunctionUrlAuthType": "NONE",
        }));
        let error = permission.check().unwrap_err();
        assert!(error.message.contains("the parameter FunctionUrlAuthType"));
    }
}
