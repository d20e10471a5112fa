//! The decision about a call: may this caller do this to that?
//!
//! Every operation of every service asks here before it acts. The rules are those of the crate
//! `zipster_iam`; this file gathers what they need: who the caller is, which policies apply, and
//! under which circumstances the call is made.

use std::sync::Arc;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use zipster_iam::{
    Action, ContextKeys, Decision, Evaluation, NamedPolicy, Policies, PolicyKind, Request,
    Resource, denial, evaluate, evaluate_trust,
};
use zipster_names::{AccountId, Arn, IamPath, RoleName};

use super::actions;
use super::directory::{Role, User};
use super::grants::Grants;
use super::reason::reason;
use crate::core::Core;
use crate::courier::Delivery;
use crate::identity::{Identity, Principal, ServiceSource};
use crate::journal::{EntryId, Event};

/// What is to be decided.
#[derive(Debug)]
pub struct Authorization<'a> {
    /// The call's journal entry.
    pub cause: EntryId,
    /// IAM action, such as `sns:Publish`.
    pub action: &'a str,
    /// The resource's ARN, or `*` for operations without one.
    pub resource: &'a str,
    /// Condition keys that the service sets, such as `s3:prefix`, with their values. A key that
    /// comes several times has several values. `aws:ResourceAccount` says whose the resource is
    /// where its ARN does not.
    pub context: &'a [(&'a str, String)],
    /// The resource's own policy, if it has one, as JSON.
    pub resource_policy: Option<&'a str>,
}

/// A refusal, in AWS's words. Each service answers it with its own code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Denied {
    /// `User: ... is not authorized to perform: ... on resource: ... because ...`.
    pub message: String,
}

/// The operations on a bucket's policy that its account's root user may do whatever the policy
/// says, so that nobody is locked out.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html>.
const ALWAYS_FOR_ROOT: [&str; 3] = [
    "s3:GetBucketPolicy",
    "s3:PutBucketPolicy",
    "s3:DeleteBucketPolicy",
];

/// A call on its way to a decision.
struct Asked<'a> {
    cause: EntryId,
    call: Request,
    /// The caller's role, if it does not exist any more.
    deleted: Option<&'a RoleName>,
}

impl Core {
    /// Decides a client's or function's call, and writes the decision into the journal.
    ///
    /// # Errors
    /// [`Denied`] if no policy allows it or one denies it.
    pub fn authorize(
        &self,
        identity: &Identity,
        request: &Authorization<'_>,
    ) -> Result<(), Denied> {
        if let Some((service, operation)) = self.journal.operation(request.cause)
            && !actions::may_ask(service, &operation, request.action)
        {
            let holder = self.holder(&identity.principal);
            let asked = self.asked_by(identity, holder.as_ref(), request);
            let reason = format!(
                "the emulator's table of permissions has no {} for {service} {operation}",
                request.action
            );
            return self.conclude(&asked, unseen(PolicyKind::Identity), reason);
        }
        self.authorize_as(identity, request)
    }

    /// The same, for what a service does with a role, which no operation's entry lists: a delivery,
    /// or receiving from a queue for a function.
    ///
    /// # Errors
    /// [`Denied`] if no policy allows it or one denies it.
    pub fn authorize_as(
        &self,
        identity: &Identity,
        request: &Authorization<'_>,
    ) -> Result<(), Denied> {
        let holder = self.holder(&identity.principal);
        let session = self.iam.session_policies(&identity.access_key_id);
        let asked = self.asked_by(identity, holder.as_ref(), request);
        let is_root = matches!(identity.principal, Principal::Root { .. });
        let exempt =
            is_root && asked.call.is_within_account() && ALWAYS_FOR_ROOT.contains(&request.action);
        let resource_policy = request.resource_policy.filter(|_| !exempt);
        let policies = Policies {
            identity: identity_policies(holder.as_ref()),
            boundary: boundary(holder.as_ref()),
            session: session.as_deref(),
            resource: None,
        };
        self.decide(&asked, policies, resource_policy)
    }

    /// Decides whether a service may deliver to a resource on behalf of `source`: the resource's
    /// policy must allow the service's principal.
    ///
    /// # Errors
    /// [`Denied`] if the resource's policy does not allow it.
    pub fn authorize_service(
        &self,
        source: &ServiceSource,
        request: &Authorization<'_>,
    ) -> Result<(), Denied> {
        let asked = self.asked_by_service(source, request);
        self.decide(&asked, Policies::default(), request.resource_policy)
    }

    /// Decides whether a delivery may enter its destination: by the permissions of the role that
    /// it is sent with, or, sent by a service in its own name, by the destination's policy.
    ///
    /// # Errors
    /// [`Denied`] if it may not.
    pub fn authorize_delivery(
        &self,
        delivery: &Delivery,
        request: &Authorization<'_>,
    ) -> Result<(), Denied> {
        match &delivery.role {
            Some(role) => self.authorize_as(role, request),
            None => self.authorize_service(&delivery.from, request),
        }
    }

    /// Decides whether a service may act as a role on behalf of `source`, as Lambda does for a
    /// function: there must be such a role, and its trust policy must allow the service.
    ///
    /// # Errors
    /// [`Denied`] if there is no such role or it does not trust the service.
    pub fn authorize_service_role(
        &self,
        source: &ServiceSource,
        role: &Arn,
        cause: EntryId,
    ) -> Result<(), Denied> {
        let asked = self.asked_by_service(source, &assumption(cause, role, &[]));
        let role = self.iam.role_by_arn(role);
        self.decide_trust(&asked, Policies::default(), role.as_deref())
    }

    /// Decides whether a caller may assume a role, which may not exist.
    pub(super) fn authorize_assume_role(
        &self,
        identity: &Identity,
        role: (&Arn, Option<&Role>),
        context: &[(&str, String)],
        cause: EntryId,
    ) -> Result<(), Denied> {
        let (arn, role) = role;
        let own = self.holder(&identity.principal);
        let session = self.iam.session_policies(&identity.access_key_id);
        let request = assumption(cause, arn, context);
        let asked = self.asked_by(identity, own.as_ref(), &request);
        let policies = Policies {
            identity: identity_policies(own.as_ref()),
            boundary: boundary(own.as_ref()),
            session: session.as_deref(),
            resource: None,
        };
        self.decide_trust(&asked, policies, role)
    }

    /// Whose policies a caller has, unless it was deleted.
    fn holder(&self, principal: &Principal) -> Option<Holder> {
        match principal {
            Principal::Root { .. } => None,
            Principal::User { account, name, .. } => self.iam.user(account, name).map(Holder::User),
            Principal::AssumedRole { account, role, .. } => {
                self.iam.role(account, role).map(Holder::Role)
            }
        }
    }

    fn decide(
        &self,
        asked: &Asked<'_>,
        policies: Policies<'_>,
        resource_policy: Option<&str>,
    ) -> Result<(), Denied> {
        let parsed = resource_policy.map(|text| self.iam.resource_policies.get(text));
        let resource_policy = match parsed.transpose() {
            Ok(policy) => policy.map(|policy| NamedPolicy::new(policy_name(&asked.call), policy)),
            // It could have denied, so nobody can say that the call is allowed.
            Err(errors) => {
                let reason = format!("the resource's policy cannot be read: {errors}");
                return self.conclude(asked, unseen(PolicyKind::Resource), reason);
            }
        };
        let policies = Policies {
            resource: resource_policy.as_ref(),
            ..policies
        };
        let evaluation = evaluate(&asked.call, &policies);
        self.conclude_with(asked, evaluation)
    }

    fn decide_trust(
        &self,
        asked: &Asked<'_>,
        policies: Policies<'_>,
        role: Option<&Role>,
    ) -> Result<(), Denied> {
        let Some(role) = role else {
            let reason = "there is no such role".to_owned();
            return self.conclude(asked, unseen(PolicyKind::Trust), reason);
        };
        let trust = role.trust.named(role.name.as_str());
        let policies = Policies {
            resource: Some(&trust),
            ..policies
        };
        let evaluation = evaluate_trust(&asked.call, &policies);
        self.conclude_with(asked, evaluation)
    }

    fn conclude_with(&self, asked: &Asked<'_>, evaluation: Evaluation) -> Result<(), Denied> {
        let reason = reason(&evaluation, asked.deleted);
        self.conclude(asked, evaluation, reason)
    }

    /// Writes the decision down and puts it into words.
    fn conclude(
        &self,
        asked: &Asked<'_>,
        evaluation: Evaluation,
        reason: String,
    ) -> Result<(), Denied> {
        let call = &asked.call;
        let denied = denial::message(call, &evaluation.decision);
        let absent = evaluation.absent_keys.iter();
        let unset_keys = absent
            .filter(|key| !actions::sets(&call.action, key))
            .cloned()
            .collect();
        self.journal.record(
            Some(asked.cause),
            Event::Decision {
                caller: call.principal.arn(call.partition),
                action: call.action.to_string(),
                resource: call.resource.name.clone(),
                allowed: denied.is_none(),
                reason,
                evaluation: Arc::new(evaluation),
                context: Arc::new(call.all_context()),
                unset_keys,
            },
        );
        denied.map_or(Ok(()), |message| Err(Denied { message }))
    }

    /// The call of a client or function, as policies see it.
    fn asked_by<'a>(
        &self,
        identity: &'a Identity,
        holder: Option<&Holder>,
        request: &Authorization<'_>,
    ) -> Asked<'a> {
        let mut context = self.circumstances(request);
        // Everybody is on this machine.
        context.insert("aws:SourceIp", "127.0.0.1");
        context.insert("aws:ViaAWSService", "false");
        if let Some(agent) = &identity.sender.user_agent {
            context.insert("aws:UserAgent", agent);
        }
        if let Some(referer) = &identity.sender.referer {
            context.insert("aws:Referer", referer);
        }
        if let Some(execution) = &identity.execution {
            context.insert("lambda:SourceFunctionArn", &execution.arn);
        }
        if let Some(issued) = identity.issued {
            context.insert("aws:TokenIssueTime", iso_8601(issued));
            // Nobody here has a device for a second factor; of lasting keys it is not told at all.
            context.insert("aws:MultiFactorAuthPresent", "false");
        }
        let mut deleted = None;
        let principal = &identity.principal;
        let mut path = IamPath::default();
        let tags = match holder {
            None => {
                if let Principal::AssumedRole { role, .. } = principal {
                    deleted = Some(role);
                }
                None
            }
            Some(Holder::User(user)) => {
                context.insert("aws:userid", &user.id);
                Some(&user.tags)
            }
            Some(Holder::Role(role)) => {
                if let Principal::AssumedRole { session, .. } = principal {
                    context.insert("aws:userid", format!("{}:{session}", role.id));
                }
                path = role.path.clone();
                Some(&role.tags)
            }
        };
        for (key, value) in tags.into_iter().flatten() {
            context.insert(&format!("aws:PrincipalTag/{key}"), value);
        }
        let call = self.request(caller(principal, path), principal.account(), request);
        Asked {
            cause: request.cause,
            call: call.with_context(context),
            deleted,
        }
    }

    /// The call of a service, as policies see it.
    fn asked_by_service(
        &self,
        source: &ServiceSource,
        request: &Authorization<'_>,
    ) -> Asked<'static> {
        let mut context = self.circumstances(request);
        context.insert("aws:SourceArn", source.arn.as_str());
        context.insert("aws:SourceAccount", source.account.as_str());
        let service = zipster_iam::Principal::Service(source.service.to_owned());
        let call = self.request(service, &source.account, request);
        Asked {
            cause: request.cause,
            call: call.with_context(context),
            deleted: None,
        }
    }

    fn request(
        &self,
        caller: zipster_iam::Principal,
        account: &AccountId,
        request: &Authorization<'_>,
    ) -> Request {
        let (service, name) = request
            .action
            .split_once(':')
            .unwrap_or(("", request.action));
        let resource = match (service, request.resource) {
            // What policies about the account's buckets as a whole name.
            ("s3", "*") => "arn:aws:s3:::*",
            (_, resource) => resource,
        };
        let owner = owner(request).unwrap_or_else(|| account.clone());
        let mut call = Request::new(
            caller,
            Action::new(service, name),
            Resource::new(resource, owner),
        );
        call.partition = self.region.partition();
        call
    }

    /// What services say of a call, and what is true of all.
    fn circumstances(&self, request: &Authorization<'_>) -> ContextKeys {
        let now = self.clock.now();
        let is_plain = self.plain_http.is_told();
        let mut context = ContextKeys::new()
            .with("aws:CurrentTime", iso_8601(now))
            .with("aws:EpochTime", now.unix_timestamp().to_string())
            .with("aws:SecureTransport", (!is_plain).to_string())
            .with("aws:RequestedRegion", self.region_of(request.resource));
        if request.action.starts_with("s3:") && !is_plain {
            // In agreement with `aws:SecureTransport`.
            context.insert("s3:TlsVersion", "1.3");
        }
        for (index, (key, value)) in request.context.iter().enumerate() {
            let is_same = |(other, _): &&(&str, String)| other.eq_ignore_ascii_case(key);
            let earlier = request.context[..index].iter().filter(is_same);
            let mut values: Vec<&str> = earlier.map(|(_, value)| value.as_str()).collect();
            if values.is_empty() {
                context.insert(key, value);
            } else {
                values.push(value);
                context = context.with_all(key, values);
            }
        }
        context
    }

    /// The region that a call is for, as far as its resource tells.
    fn region_of(&self, resource: &str) -> String {
        match resource.split(':').nth(3) {
            Some(region) if !region.is_empty() => region.to_owned(),
            // IAM's endpoint is there, wherever the caller is.
            _ if resource.split(':').nth(2) == Some("iam") => "us-east-1".to_owned(),
            _ => self.region.to_string(),
        }
    }
}

/// The question whether somebody may assume a role.
fn assumption<'a>(
    cause: EntryId,
    role: &'a Arn,
    context: &'a [(&'a str, String)],
) -> Authorization<'a> {
    Authorization {
        cause,
        action: "sts:AssumeRole",
        resource: role.as_str(),
        context,
        resource_policy: None,
    }
}

/// A refusal before any statement was looked at.
fn unseen(missing: PolicyKind) -> Evaluation {
    Evaluation {
        decision: Decision::ImplicitDeny { missing },
        trace: Vec::new(),
        absent_keys: Vec::new(),
    }
}

/// Whose policies a caller has.
enum Holder {
    Role(Arc<Role>),
    User(Arc<User>),
}

impl Holder {
    fn grants(&self) -> &Grants {
        match self {
            Self::Role(role) => &role.grants,
            Self::User(user) => &user.grants,
        }
    }
}

fn identity_policies(holder: Option<&Holder>) -> &[NamedPolicy] {
    holder.map_or(&[], |holder| &holder.grants().effective)
}

fn boundary(holder: Option<&Holder>) -> Option<&NamedPolicy> {
    holder?.grants().limit.as_ref()
}

/// The caller with the path of its role, which policies name and callers do not show.
fn caller(principal: &Principal, path: IamPath) -> zipster_iam::Principal {
    match principal {
        Principal::User {
            account,
            path,
            name,
        } => zipster_iam::Principal::User {
            account: account.clone(),
            path: path.clone(),
            name: name.to_string(),
        },
        Principal::Root { account } => zipster_iam::Principal::Root {
            account: account.clone(),
        },
        Principal::AssumedRole {
            account,
            role: name,
            session,
        } => zipster_iam::Principal::AssumedRole {
            account: account.clone(),
            path,
            role: name.clone(),
            session: session.clone(),
        },
    }
}

/// Whose the resource is, if the service or the ARN says so.
fn owner(request: &Authorization<'_>) -> Option<AccountId> {
    let said = request
        .context
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case("aws:ResourceAccount"))
        .map(|(_, account)| account.as_str());
    let account = said.or_else(|| request.resource.split(':').nth(4))?;
    AccountId::parse(account).ok()
}

/// What the journal calls a resource's policy: after the bucket, topic, queue or function.
fn policy_name(call: &Request) -> String {
    let name = &call.resource.name;
    let resource = name.splitn(6, ':').nth(5).unwrap_or(name);
    match (call.action.service(), resource.split_once('/')) {
        ("s3", Some((bucket, _key))) => format!("of {bucket}"),
        _ => format!("of {resource}"),
    }
}

/// `2026-11-23T16:43:40Z`.
pub(super) fn iso_8601(time: OffsetDateTime) -> String {
    time.replace_nanosecond(0)
        .unwrap_or(time)
        .format(&Rfc3339)
        .expect("the clock's years have four digits")
}
