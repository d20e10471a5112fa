//! What would be decided, without doing it.

use zipster_iam::{
    Action, ContextKeys, Decision, Evaluation, NamedPolicy, Outcome, Policies, PolicyKind,
    Principal, Request, Resource, evaluate,
};

use super::directory::Document;
use super::grants::Grants;
use zipster_names::Arn;

use super::parameters::{self, Page, require, values};
use super::{Iam, answer, error, render};
use crate::front::query::Params;
use crate::front::{Answer, ApiError, Call, Xml};

/// One action on one resource, and what would be decided.
struct Simulated {
    /// The action and the resource, which tell it from the others.
    key: String,
    action: String,
    resource: String,
    evaluation: Evaluation,
    missing: Vec<String>,
}

/// Whose policies are asked.
struct Source {
    principal: Principal,
    grants: Grants,
}

impl Iam {
    /// What a role's or user's own policies decide on each action and resource, under the circumstances
    /// that the request gives and no others.
    ///
    /// Follows
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>.
    pub(super) fn simulate_principal_policy(
        &self,
        call: &Call,
        params: &Params,
    ) -> Result<Answer, ApiError> {
        let source = require(params, "PolicySourceArn", "policySourceArn")?;
        let arn = parameters::arn(source)?;
        self.allow(call, "iam:SimulatePrincipalPolicy", source, &[])?;
        let source = self.source(call, &arn)?;
        let mut policies = source.grants.effective.to_vec();
        for (index, text) in values(params, "PolicyInputList").iter().enumerate() {
            let document = Document::parse(text, PolicyKind::Identity)?;
            let name = format!("PolicyInputList.{}", index + 1);
            policies.push(document.named(&name));
        }
        let actions = values(params, "ActionNames");
        if actions.is_empty() {
            let rule = "have length greater than or equal to 1";
            return Err(error::constraint("[]", "actionNames", rule));
        }
        let mut resources = values(params, "ResourceArns");
        if resources.is_empty() {
            resources.push("*".to_owned());
        }
        let context = context(params)?;
        let mut all = Vec::new();
        for name in &actions {
            let action = Action::parse(name)
                .map_err(|_| error::input(format!("Invalid action in policy: {name}")))?;
            for resource in &resources {
                all.push(self.simulate(
                    call,
                    &source,
                    &policies,
                    action.clone(),
                    resource,
                    &context,
                ));
            }
        }
        let page = Page::of(params, all, |simulated| &simulated.key)?;
        Ok(answer(call, |xml| {
            render::list(xml, "EvaluationResults", &page.items, write);
            render::page(xml, &page);
        }))
    }

    /// The role or user of the caller's account that an ARN names.
    fn source(&self, call: &Call, arn: &Arn) -> Result<Source, ApiError> {
        let account = call.identity.principal.account();
        let is_own = arn.account() == Some(account);
        let role = self.core.iam.role_by_arn(arn).filter(|_| is_own);
        let user = self.core.iam.user_by_arn(arn).filter(|_| is_own);
        match (role, user) {
            (Some(role), _) => Ok(Source {
                principal: Principal::AssumedRole {
                    account: account.clone(),
                    path: role.path.clone(),
                    role: role.name.clone(),
                    session: "simulation".to_owned(),
                },
                grants: role.grants.clone(),
            }),
            (None, Some(user)) => Ok(Source {
                principal: Principal::User {
                    account: account.clone(),
                    path: user.path.clone(),
                    name: user.name.to_string(),
                },
                grants: user.grants.clone(),
            }),
            (None, None) => Err(error::no_such(format!(
                "The principal {arn} cannot be found."
            ))),
        }
    }

    fn simulate(
        &self,
        call: &Call,
        source: &Source,
        policies: &[NamedPolicy],
        action: Action,
        resource: &str,
        context: &ContextKeys,
    ) -> Simulated {
        let account = call.identity.principal.account();
        let name = action.to_string();
        let mut request = Request::new(
            source.principal.clone(),
            action,
            Resource::new(resource, account.clone()),
        )
        .with_context(context.clone());
        request.partition = self.core.region.partition();
        let policies = Policies {
            identity: policies,
            boundary: source.grants.limit.as_ref(),
            ..Policies::default()
        };
        let evaluation = evaluate(&request, &policies);
        let known = request.all_context();
        let mut missing: Vec<String> = evaluation
            .trace
            .iter()
            .filter_map(|seen| match &seen.outcome {
                Outcome::ConditionNotMet { key, .. } => Some(key),
                Outcome::VariableMissing { variable } => Some(variable),
                Outcome::Matches { .. }
                | Outcome::OtherPrincipal
                | Outcome::OtherAction
                | Outcome::OtherResource => None,
            })
            .filter(|key| known.get(key).is_empty())
            .cloned()
            .collect();
        missing.sort();
        missing.dedup();
        Simulated {
            key: format!("{name} {resource}"),
            action: name,
            resource: resource.to_owned(),
            evaluation,
            missing,
        }
    }
}

/// `ContextEntries`.
fn context(params: &Params) -> Result<ContextKeys, ApiError> {
    let mut context = ContextKeys::new();
    for entry in params.list("ContextEntries.member") {
        let key = require(&entry, "ContextKeyName", "contextKeyName")?;
        context = context.with_all(key, values(&entry, "ContextKeyValues"));
    }
    Ok(context)
}

/// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html>.
fn write(xml: &mut Xml, simulated: &Simulated) {
    let decision = match simulated.evaluation.decision {
        Decision::Allow { .. } => "allowed",
        Decision::ExplicitDeny { .. } => "explicitDeny",
        Decision::ImplicitDeny { .. } => "implicitDeny",
    };
    let matched = simulated
        .evaluation
        .trace
        .iter()
        .filter(|seen| matches!(seen.outcome, Outcome::Matches { .. }));
    xml.open("member");
    xml.text("EvalActionName", &simulated.action);
    xml.text("EvalResourceName", &simulated.resource);
    xml.text("EvalDecision", decision);
    render::list(xml, "MatchedStatements", matched, |xml, seen| {
        xml.open("member");
        xml.text("SourcePolicyId", &seen.statement.policy);
        xml.text("SourcePolicyType", "IAM Policy");
        xml.close("member");
    });
    render::list(
        xml,
        "MissingContextValues",
        &simulated.missing,
        |xml, key| {
            xml.text("member", key);
        },
    );
    xml.close("member");
}
