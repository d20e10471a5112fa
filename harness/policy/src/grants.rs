//! What a stack allows its functions' roles, taken apart: one action on one resource at a time.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use zipster_iam::{
    Action, ActionError, ContextKeys, Evaluation, NamedPolicy, Policies, Policy, PolicyErrors,
    PolicyKind, Principal, Request, Resource, evaluate,
};
use zipster_names::{AccountId, Arn, FunctionName, IamPath, Partition, RoleName};
use zipster_stack::Stack;

use crate::recording::Call;

/// What a stack allows.
#[derive(Debug)]
pub struct Grants {
    account: AccountId,
    partition: Partition,
    /// The execution roles, in the order of their names.
    pub roles: Vec<RoleGrants>,
    /// The policies of buckets, topics and queues, by ARN.
    of_resources: BTreeMap<String, NamedPolicy>,
}

/// What one execution role may do.
#[derive(Debug)]
pub struct RoleGrants {
    /// The role.
    pub role: RoleName,
    path: IamPath,
    /// The functions that run with it.
    pub functions: Vec<FunctionName>,
    policies: Vec<NamedPolicy>,
    /// What limits them.
    boundary: Option<NamedPolicy>,
    /// What they allow, in the order of policies and statements.
    pub allowed: Vec<Grant>,
    /// Managed policies of AWS's that are attached, and whose text is not known.
    pub unknown: Vec<Arn>,
}

/// One action on one resource, as a statement allows it.
#[derive(Debug)]
pub struct Grant {
    /// The policy and the statement, for people.
    pub statement: String,
    /// The action as it is written, perhaps with wildcards; of a `NotAction` all of it.
    pub action: String,
    /// The resource as it is written; of a `NotResource` all of it.
    pub resource: String,
    /// A policy of this grant alone.
    alone: NamedPolicy,
}

/// A policy of the stack that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the policy {policy} is not one: {errors}")]
pub struct GrantsError {
    policy: String,
    errors: PolicyErrors,
}

impl Grants {
    /// What `stack` allows. `managed` knows the text of managed policies that are not the stack's
    /// own, which AWS provides.
    ///
    /// # Errors
    /// [`GrantsError`] naming a policy that IAM would refuse.
    pub fn of(
        stack: &Stack,
        managed: impl Fn(&Arn) -> Option<String>,
    ) -> Result<Self, GrantsError> {
        let mut roles = Vec::new();
        for role in stack.roles() {
            let functions: Vec<FunctionName> = stack
                .functions()
                .filter(|function| function.role == role.arn)
                .map(|function| function.name.clone())
                .collect();
            if functions.is_empty() {
                continue;
            }
            let mut found = RoleGrants {
                role: role.name.clone(),
                path: role.path.clone(),
                functions,
                policies: Vec::new(),
                boundary: None,
                allowed: Vec::new(),
                unknown: Vec::new(),
            };
            for inline in &role.inline_policies {
                found.add(inline.name.as_str(), inline.policy.as_str())?;
            }
            for inline in stack.role_policies().filter(|it| it.role == role.name) {
                found.add(inline.name.as_str(), inline.policy.as_str())?;
            }
            let attachments = stack.role_policy_attachments();
            let attached = attachments.filter(|it| it.role == role.name);
            for arn in attached.map(|it| &it.policy).chain(&role.managed_policies) {
                match stack.policies().find(|policy| policy.arn == *arn) {
                    Some(own) => found.add(own.name.as_str(), own.policy.as_str())?,
                    None => match managed(arn) {
                        Some(text) => found.add(arn.as_str(), &text)?,
                        None => found.unknown.push(arn.clone()),
                    },
                }
            }
            if let Some(arn) = &role.permissions_boundary {
                let own = stack.policies().find(|policy| policy.arn == *arn);
                let text = own.map(|policy| policy.policy.as_str().to_owned());
                match text.or_else(|| managed(arn)) {
                    Some(text) => {
                        found.boundary = Some(named(arn.as_str(), &text, PolicyKind::Boundary)?);
                    }
                    None => found.unknown.push(arn.clone()),
                }
            }
            roles.push(found);
        }
        roles.sort_by(|a, b| a.role.as_str().cmp(b.role.as_str()));
        Ok(Self {
            account: stack.account.clone(),
            partition: stack.partition,
            roles,
            of_resources: of_resources(stack)?,
        })
    }

    /// Decides on a request by the stack's own policies, whatever was decided when it was made.
    pub(crate) fn decide(&self, role: &RoleGrants, request: &Request) -> Evaluation {
        let policies = Policies {
            identity: &role.policies,
            resource: self.policy_of(&request.resource.name),
            boundary: role.boundary.as_ref(),
            session: None,
        };
        evaluate(request, &policies)
    }

    /// A call as policies see it.
    ///
    /// # Errors
    /// If its action is none.
    pub(crate) fn request(&self, role: &RoleGrants, call: &Call) -> Result<Request, ActionError> {
        let mut context = ContextKeys::new();
        for (key, values) in &call.context {
            context = context.with_all(key, values.iter().map(String::as_str));
        }
        let owner = context.get("aws:ResourceAccount").first();
        let owner = owner.and_then(|owner| AccountId::parse(owner).ok());
        let principal = Principal::AssumedRole {
            account: self.account.clone(),
            path: role.path.clone(),
            role: role.role.clone(),
            session: call.session.clone(),
        };
        let owner = owner.unwrap_or_else(|| self.account.clone());
        let resource = Resource::new(&call.resource, owner);
        let mut request = Request::new(principal, Action::parse(&call.action)?, resource);
        request.partition = self.partition;
        Ok(request.with_context(context))
    }

    /// The policy of the resource that a call is about; objects have that of their bucket.
    fn policy_of(&self, resource: &str) -> Option<&NamedPolicy> {
        let bucket = resource.split_once('/').map(|(bucket, _)| bucket);
        let bucket = bucket.filter(|arn| arn.split(':').nth(2) == Some("s3"));
        self.of_resources.get(bucket.unwrap_or(resource))
    }
}

impl Grant {
    /// Whether it allows a request on its own.
    pub(crate) fn covers(&self, request: &Request) -> bool {
        let policies = Policies {
            identity: std::slice::from_ref(&self.alone),
            ..Policies::default()
        };
        evaluate(request, &policies).is_allowed()
    }
}

impl RoleGrants {
    fn add(&mut self, name: &str, text: &str) -> Result<(), GrantsError> {
        let whole = named(name, text, PolicyKind::Identity)?;
        self.policies.push(whole.clone());
        let document: Value = serde_json::from_str(text).unwrap_or_default();
        for (index, statement) in list(&document["Statement"]).into_iter().enumerate() {
            if statement["Effect"] != "Allow" {
                continue;
            }
            let sid = whole.policy.statements().get(index).and_then(|it| it.sid());
            let place = match sid {
                Some(sid) => format!("{name}, {sid}"),
                None => format!("{name}, statement {}", index + 1),
            };
            for (action_key, action) in parts(statement, "Action") {
                for (resource_key, resource) in parts(statement, "Resource") {
                    let mut alone = statement.clone();
                    alone[action_key] = action.clone();
                    alone[resource_key] = resource.clone();
                    let version = document.get("Version").cloned();
                    let version = version.unwrap_or_else(|| json!("2008-10-17"));
                    let alone = json!({"Version": version, "Statement": [alone]}).to_string();
                    self.allowed.push(Grant {
                        statement: place.clone(),
                        action: shown(action_key, &action),
                        resource: shown(resource_key, &resource),
                        alone: named(name, &alone, PolicyKind::Identity)?,
                    });
                }
            }
        }
        Ok(())
    }
}

/// The values of an element one by one; those of its opposite together, since only together they
/// mean what they say.
fn parts<'a>(statement: &'a Value, element: &'a str) -> Vec<(&'static str, Value)> {
    let (is, is_not) = match element {
        "Action" => ("Action", "NotAction"),
        _ => ("Resource", "NotResource"),
    };
    match (statement.get(is), statement.get(is_not)) {
        (Some(values), _) => list(values)
            .into_iter()
            .map(|value| (is, value.clone()))
            .collect(),
        (None, Some(values)) => vec![(is_not, values.clone())],
        (None, None) => Vec::new(),
    }
}

fn shown(element: &str, value: &Value) -> String {
    let texts: Vec<&str> = list(value).into_iter().filter_map(Value::as_str).collect();
    let text = texts.join(", ");
    if element.starts_with("Not") {
        format!("all but {text}")
    } else {
        text
    }
}

/// What IAM takes for a list: one, or several.
fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(values) => values.iter().collect(),
        Value::Null => Vec::new(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => vec![value],
    }
}

fn named(name: &str, text: &str, kind: PolicyKind) -> Result<NamedPolicy, GrantsError> {
    match Policy::parse(text, kind) {
        Ok(policy) => Ok(NamedPolicy::new(name, policy)),
        Err(errors) => Err(GrantsError {
            policy: name.to_owned(),
            errors,
        }),
    }
}

/// The policies of buckets, topics and queues. A resource of its own has the last word over what
/// the topic's or queue's block says.
fn of_resources(stack: &Stack) -> Result<BTreeMap<String, NamedPolicy>, GrantsError> {
    let mut found: Vec<(&Arn, String, &str)> = Vec::new();
    for topic in stack.topics() {
        let policy = topic.policy.iter();
        found.extend(policy.map(|it| (&topic.arn, format!("of {}", topic.name), it.as_str())));
    }
    for policy in stack.topic_policies() {
        let name = format!("of {}", policy.topic.resource());
        found.push((&policy.topic, name, policy.policy.as_str()));
    }
    for queue in stack.queues() {
        let name = || format!("of {}", queue.name);
        let policy = queue.policy.iter();
        found.extend(policy.map(|it| (&queue.arn, name(), it.as_str())));
        let policy = stack.queue_policies().filter(|it| it.queue == queue.name);
        found.extend(policy.map(|it| (&queue.arn, name(), it.policy.as_str())));
    }
    for bucket in stack.buckets() {
        let policy = stack
            .bucket_policies()
            .filter(|it| it.bucket == bucket.name);
        found.extend(policy.map(|it| {
            let name = format!("of {}", bucket.name);
            (&bucket.arn, name, it.policy.as_str())
        }));
    }
    let policies = found.into_iter().map(|(arn, name, text)| {
        let policy = named(&name, text, PolicyKind::Resource)?;
        Ok((arn.to_string(), policy))
    });
    policies.collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use zipster_stack::{Inputs, Source, read};

    use super::*;

    /// The stack of a configuration.
    #[track_caller]
    pub(crate) fn stack(text: &str) -> Stack {
        let account = AccountId::parse("123456789012").unwrap();
        let inputs = Inputs::new(account, "us-east-1".parse().unwrap());
        let (stack, diagnostics) = read(vec![Source::new("main.tf", text)], &inputs);
        stack.unwrap_or_else(|| panic!("{diagnostics:?}"))
    }

    /// A function `load` with its role, whose policies the rest of the configuration adds.
    pub(crate) const LOAD: &str = r#"
        resource "aws_iam_role" "load" {
          name               = "load"
          assume_role_policy = jsonencode({
            Version   = "2012-10-17"
            Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
          })
        }
        resource "aws_lambda_function" "load" {
          function_name = "load"
          role          = aws_iam_role.load.arn
          runtime       = "provided.al2023"
          handler       = "bootstrap"
          filename      = "load.zip"
        }
    "#;

    /// `LOAD` with an inline policy of these statements, and more.
    pub(crate) fn load_with(statements: &str, more: &str) -> Stack {
        stack(&format!(
            r#"{LOAD}
            resource "aws_iam_role_policy" "load" {{
              name   = "inline"
              role   = aws_iam_role.load.id
              policy = jsonencode({{ Version = "2012-10-17", Statement = [{statements}] }})
            }}
            {more}"#
        ))
    }

    fn none(_: &Arn) -> Option<String> {
        None
    }

    fn shown(stack: &Stack) -> Vec<String> {
        let grants = Grants::of(stack, none).unwrap();
        let grants = grants.roles.iter().flat_map(|role| &role.allowed);
        grants
            .map(|it| format!("{} on {} ({})", it.action, it.resource, it.statement))
            .collect()
    }

    #[test]
    fn statements_are_taken_apart_into_one_action_on_one_resource() {
        let statements = r#"
            { Sid = "Both", Effect = "Allow", Action = ["s3:GetObject", "s3:Put*"], Resource = ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"] },
            { Effect = "Deny", Action = "s3:*", Resource = "*" },
            { Effect = "Allow", NotAction = ["iam:*", "sts:*"], Resource = "*" },
            { Effect = "Allow", Action = "sqs:SendMessage", NotResource = "arn:aws:sqs:*:*:secret" },
        "#;
        assert_eq!(
            shown(&load_with(statements, "")),
            [
                "s3:GetObject on arn:aws:s3:::a/* (inline, Both)",
                "s3:GetObject on arn:aws:s3:::b/* (inline, Both)",
                "s3:Put* on arn:aws:s3:::a/* (inline, Both)",
                "s3:Put* on arn:aws:s3:::b/* (inline, Both)",
                "all but iam:*, sts:* on * (inline, statement 3)",
                "sqs:SendMessage on all but arn:aws:sqs:*:*:secret (inline, statement 4)",
            ]
        );
    }

    #[test]
    fn attached_policies_count_and_those_that_nobody_knows_are_named() {
        let known = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
        let unknown = "arn:aws:iam::aws:policy/PowerUserAccess";
        let stack = stack(&format!(
            r#"{LOAD}
            resource "aws_iam_policy" "own" {{
              name   = "own"
              policy = jsonencode({{ Version = "2012-10-17", Statement = [{{ Effect = "Allow", Action = "sns:Publish", Resource = "*" }}] }})
            }}
            resource "aws_iam_role_policy_attachment" "all" {{
              for_each   = {{ own = aws_iam_policy.own.arn, known = "{known}", unknown = "{unknown}" }}
              role       = aws_iam_role.load.name
              policy_arn = each.value
            }}"#
        ));
        let text =
            r#"{"Statement": {"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"}}"#;
        let grants = Grants::of(&stack, |arn| {
            (arn.as_str() == known).then(|| text.to_owned())
        })
        .unwrap();
        let [role] = &grants.roles[..] else {
            panic!("one role")
        };
        let actions: Vec<&str> = role.allowed.iter().map(|it| it.action.as_str()).collect();
        assert_eq!(actions, ["logs:PutLogEvents", "sns:Publish"]);
        let unknown_ones: Vec<&str> = role.unknown.iter().map(Arn::as_str).collect();
        assert_eq!(unknown_ones, [unknown]);
    }

    #[test]
    fn a_role_that_no_function_runs_with_is_left_out() {
        let stack = stack(&LOAD.replace(
            "aws_iam_role.load.arn",
            "\"arn:aws:iam::123456789012:role/other\"",
        ));
        assert_eq!(shown(&stack), [""; 0]);
    }

    #[test]
    fn what_is_no_policy_is_named() {
        let stack = load_with(r#"{ Effect = "Allow", Action = "nothing" }"#, "");
        let error = Grants::of(&stack, none).unwrap_err().to_string();
        assert!(
            error.starts_with("the policy inline is not one: "),
            "{error}"
        );
    }
}
