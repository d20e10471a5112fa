//! Operations of STS: who am I, and a role's credentials for whoever its trust policy trusts.

use time::Duration;
use zipster_iam::{NamedPolicy, PolicyKind};
use zipster_names::{AccountId, Arn, RoleName, SessionName};

use super::authorize::iso_8601;
use super::directory::{Document, Role};
use super::parameters::{self, number, require};
use super::{Iam, error};
use crate::front::query::{self, Params};
use crate::front::{Answer, ApiError, Call, ServiceName, Xml};
use crate::identity::{Credentials, Principal};

/// The limits of `DurationSeconds`; a role may have a lower one.
const DURATION_LIMITS_S: (u32, u32) = (900, 43_200);

/// How long a session lasts whose request does not say.
const USUAL_DURATION_S: u32 = 3600;

/// The limits of `DurationSeconds` of `GetSessionToken`.
const TOKEN_LIMITS_S: (u32, u32) = (900, 129_600);

/// How long a user's session lasts whose request does not say.
const USUAL_TOKEN_S: u32 = 43_200;

/// How long a session may last that another session of a role began.
const LONGEST_CHAINED_S: u32 = 3600;

/// The longest session policy.
const LONGEST_POLICY: usize = 2048;

/// How many managed policies may limit a session.
const MOST_POLICIES: usize = 10;

impl Iam {
    /// Never refused: whoever can sign may know who they are.
    ///
    /// Follows <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>.
    pub(super) fn get_caller_identity(&self, call: &Call) -> Result<Answer, ApiError> {
        let principal = &call.identity.principal;
        let id = self.core.iam.unique_id(principal);
        let id = id.ok_or_else(|| {
            // A function's credentials outlive a role that Lambda found at the start.
            error::access_denied("The security token included in the request is invalid.")
        })?;
        Ok(answer(call, |xml| {
            xml.text("Arn", &principal.arn());
            xml.text("UserId", &id);
            xml.text("Account", principal.account().as_str());
        }))
    }

    /// Follows <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>.
    ///
    /// Differs from AWS: managed policies that limit a session are those of the moment when it
    /// begins.
    pub(super) fn assume_role(&self, call: &Call, params: &Params) -> Result<Answer, ApiError> {
        let text = require(params, "RoleArn", "roleArn")?;
        let arn = role_arn(text)?;
        let session = session_name(params)?;
        let duration = number(
            params,
            "DurationSeconds",
            "durationSeconds",
            DURATION_LIMITS_S,
        )?;
        let duration = duration.unwrap_or(USUAL_DURATION_S);
        let identity = &call.identity;
        match identity.principal {
            Principal::Root { .. } => {
                return Err(error::access_denied(
                    "Roles may not be assumed by root accounts.",
                ));
            }
            Principal::User { .. } | Principal::AssumedRole { .. } => {}
        }
        let found = self.core.iam.role_by_arn(&arn);
        let context = conditions(params, &session);
        self.core
            .authorize_assume_role(identity, (&arn, found.as_deref()), &context, call.entry)
            .map_err(error::denied)?;
        let Some(role) = found else {
            return Err(ApiError::internal("a role that does not exist was allowed"));
        };
        check_duration(duration, &role, &identity.principal)?;
        let owner = arn.account().unwrap_or(identity.principal.account());
        let limits = self.session_policies(params, owner)?;
        let principal = Principal::AssumedRole {
            account: owner.clone(),
            role: role.name.clone(),
            session: session.to_string(),
        };
        let now = self.core.clock.now();
        let expires = now + Duration::seconds(duration.into());
        let credentials = self.core.credentials.issue_session(
            &self.core.random,
            principal.clone(),
            // What a function does in another role is still an effect of its invocation.
            identity.execution.clone(),
            (now, expires),
        );
        if let Some(limits) = limits {
            let id = &credentials.access_key_id;
            self.core.iam.limit_session(id, limits);
        }
        Ok(answer(call, |xml| {
            render_credentials(xml, &credentials);
            xml.open("AssumedRoleUser");
            xml.text("AssumedRoleId", &format!("{}:{session}", role.id));
            xml.text("Arn", &principal.arn());
            xml.close("AssumedRoleUser");
            if let Some(policy) = params.get("Policy") {
                let percent = (policy.len() * 100).div_ceil(LONGEST_POLICY);
                xml.text("PackedPolicySize", &percent.to_string());
            }
        }))
    }

    /// Credentials with an end for a user, or for an account's root user; what they may do is not
    /// less, but for IAM and STS themselves. It takes no permission.
    ///
    /// Follows <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html>.
    pub(super) fn get_session_token(
        &self,
        call: &Call,
        params: &Params,
    ) -> Result<Answer, ApiError> {
        let identity = &call.identity;
        let is_role = matches!(identity.principal, Principal::AssumedRole { .. });
        if is_role || identity.issued.is_some() {
            return Err(error::access_denied(
                "Cannot call GetSessionToken with session credentials",
            ));
        }
        let asked = number(params, "DurationSeconds", "durationSeconds", TOKEN_LIMITS_S)?;
        let duration = match identity.principal {
            // Those of a root user last an hour at most, whatever is asked for.
            Principal::Root { .. } => asked.unwrap_or(USUAL_DURATION_S).min(USUAL_DURATION_S),
            Principal::User { .. } | Principal::AssumedRole { .. } => {
                asked.unwrap_or(USUAL_TOKEN_S)
            }
        };
        let now = self.core.clock.now();
        let credentials = self.core.credentials.issue_session(
            &self.core.random,
            identity.principal.clone(),
            identity.execution.clone(),
            (now, now + Duration::seconds(duration.into())),
        );
        Ok(answer(call, |xml| render_credentials(xml, &credentials)))
    }

    /// A session of a role as if it had been assumed, whatever its trust policy says; `None` if
    /// there is no such role. For asking what a role may do, which AWS offers no API for.
    #[must_use]
    pub fn open_session(
        &self,
        account: &AccountId,
        role: &RoleName,
        session: &SessionName,
    ) -> Option<Credentials> {
        let role = self.core.iam.role(account, role)?;
        let principal = Principal::AssumedRole {
            account: account.clone(),
            role: role.name.clone(),
            session: session.to_string(),
        };
        let now = self.core.clock.now();
        let expires = now + Duration::seconds(USUAL_DURATION_S.into());
        let random = &self.core.random;
        let credentials = &self.core.credentials;
        Some(credentials.issue_session(random, principal, None, (now, expires)))
    }

    /// `Policy` and `PolicyArns`; `None` if there are neither, and the session is not limited.
    fn session_policies(
        &self,
        params: &Params,
        account: &AccountId,
    ) -> Result<Option<Vec<NamedPolicy>>, ApiError> {
        let mut policies = Vec::new();
        if let Some(text) = params.get("Policy") {
            if text.chars().count() > LONGEST_POLICY {
                let rule = format!("have length less than or equal to {LONGEST_POLICY}");
                return Err(error::constraint(text, "policy", rule));
            }
            let document = Document::parse(text, PolicyKind::Session)?;
            policies.push(document.named("of the session"));
        }
        let arns = params.list("PolicyArns.member");
        if arns.len() > MOST_POLICIES {
            let rule = format!("have length less than or equal to {MOST_POLICIES}");
            return Err(error::constraint(arns.len(), "policyArns", rule));
        }
        for member in arns {
            let arn = parameters::arn(require(&member, "arn", "policyArns.member.arn")?)?;
            let found = self.core.iam.with(account, |state| {
                let policy = state.policy(&arn)?;
                let document = &policy.default_version().document;
                Some(document.named(policy.name.as_str()))
            });
            let missing = || error::invalid(format!("Policy {arn} does not exist."));
            policies.push(found.ok_or_else(missing)?);
        }
        Ok((!policies.is_empty()).then_some(policies))
    }
}

fn answer(call: &Call, result: impl FnOnce(&mut Xml)) -> Answer {
    query::answer(ServiceName::Sts, &call.operation, &call.request_id, result)
}

fn role_arn(text: &str) -> Result<Arn, ApiError> {
    let arn = Arn::parse(text).ok().filter(|arn| {
        let is_role = arn.service() == "iam" && arn.resource().starts_with("role/");
        is_role && arn.account().is_some()
    });
    arn.ok_or_else(|| error::invalid(format!("{text} is invalid")))
}

fn session_name(params: &Params) -> Result<SessionName, ApiError> {
    let text = require(params, "RoleSessionName", "roleSessionName")?;
    SessionName::parse(text).map_err(|_| {
        let rule = match text.chars().count() {
            0..2 => "have length greater than or equal to 2",
            65.. => "have length less than or equal to 64",
            _ => r"satisfy regular expression pattern: [\w+=,.@-]*",
        };
        error::constraint(text, "roleSessionName", rule)
    })
}

/// What trust policies may have conditions on.
fn conditions(params: &Params, session: &SessionName) -> Vec<(&'static str, String)> {
    let mut context = vec![("sts:RoleSessionName", session.to_string())];
    if let Some(id) = params.get("ExternalId") {
        context.push(("sts:ExternalId", id.to_owned()));
    }
    context
}

fn check_duration(duration: u32, role: &Role, caller: &Principal) -> Result<(), ApiError> {
    if duration > role.max_session_s {
        return Err(error::invalid(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    if duration > LONGEST_CHAINED_S && matches!(caller, Principal::AssumedRole { .. }) {
        return Err(error::invalid(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by \
             role chaining.",
        ));
    }
    Ok(())
}

fn render_credentials(xml: &mut Xml, credentials: &Credentials) {
    xml.open("Credentials");
    xml.text("AccessKeyId", &credentials.access_key_id);
    xml.text("SecretAccessKey", credentials.expose_secret());
    if let Some(token) = &credentials.session_token {
        xml.text("SessionToken", token);
    }
    if let Some(expires) = credentials.expires {
        xml.text("Expiration", &iso_8601(expires));
    }
    xml.close("Credentials");
}
