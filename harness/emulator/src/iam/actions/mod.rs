//! Which permissions each operation of each service asks for: the one table that decisions, their
//! warnings and `docs/operations.md` are made from.
//!
//! `authorize` holds every call to it: a service that asks for a permission that is not
//! in its operation's entry is refused, whatever the policies say, so an entry that is missing
//! shows at the first call. An operation without an entry does not even compile.
//!
//! To add an operation, write its entry into the service's table; to add a service, a table and
//! an arm of [`permissions`].
//!
//! Follows <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>.

use std::borrow::Cow;

use zipster_iam::Action;

use crate::front::ServiceName;

mod administration;
mod lambda;
mod logs;
mod messaging;
mod s3;
mod secrets;

/// A permission that an operation asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permission {
    /// The IAM action, such as `s3:GetObject`.
    pub action: &'static str,
    /// The form of the resource, without its partition, region and account; `*` for operations
    /// without one.
    pub resource: &'static str,
    /// The condition keys that the emulator sets besides [`GLOBAL_KEYS`].
    pub keys: &'static [&'static str],
    /// When it is asked for, unless that is always.
    pub when: Option<&'static str>,
}

/// An operation and what it asks for, which may be nothing.
#[derive(Debug, Clone, Copy)]
struct Entry {
    operation: &'static str,
    permissions: &'static [Permission],
}

/// What is always asked for.
const fn on(
    resource: &'static str,
    action: &'static str,
    keys: &'static [&'static str],
) -> Permission {
    Permission {
        action,
        resource,
        keys,
        when: None,
    }
}

impl Permission {
    /// The same, asked for under this circumstance only.
    const fn when(self, circumstance: &'static str) -> Self {
        Self {
            when: Some(circumstance),
            ..self
        }
    }
}

const fn entry(operation: &'static str, permissions: &'static [Permission]) -> Entry {
    Entry {
        operation,
        permissions,
    }
}

/// Whether a table has an operation, at compile time.
const fn has(table: &[Entry], operation: &str) -> bool {
    let mut at = 0;
    while at < table.len() {
        if is_same(table[at].operation, operation) {
            return true;
        }
        at += 1;
    }
    false
}

const fn is_same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}

fn find(table: &'static [Entry], operation: &str) -> Option<&'static [Permission]> {
    table
        .iter()
        .find(|entry| entry.operation == operation)
        .map(|entry| entry.permissions)
}

/// What an operation of a service asks for; `None` if it has no entry.
#[must_use]
pub fn permissions(service: ServiceName, operation: &str) -> Option<Cow<'static, [Permission]>> {
    match service {
        ServiceName::S3 => s3::permissions(operation).map(Cow::Owned),
        ServiceName::Sns => find(messaging::SNS, operation).map(Cow::Borrowed),
        ServiceName::Sqs => find(messaging::SQS, operation).map(Cow::Borrowed),
        ServiceName::Lambda => find(lambda::LAMBDA, operation).map(Cow::Borrowed),
        ServiceName::Iam => find(administration::IAM, operation).map(Cow::Borrowed),
        ServiceName::Sts => find(administration::STS, operation).map(Cow::Borrowed),
        ServiceName::Logs => find(logs::LOGS, operation).map(Cow::Borrowed),
        ServiceName::SecretsManager => find(secrets::SECRETS, operation).map(Cow::Borrowed),
    }
}

/// Whether an operation's entry has the permission. What is no operation of a service here, such
/// as a delivery between services, has no entry to be held to.
pub(super) fn may_ask(service: &str, operation: &str, action: &str) -> bool {
    let Some(service) = ServiceName::from_signing_name(service) else {
        return true;
    };
    permissions(service, operation)
        .is_some_and(|permissions| permissions.iter().any(|asked| asked.action == action))
}

/// The condition keys that are set for every call, as far as they apply to the caller; those that
/// end in a stroke are families.
pub const GLOBAL_KEYS: &[&str] = &[
    "aws:CurrentTime",
    "aws:EpochTime",
    "aws:MultiFactorAuthPresent",
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalIsAWSService",
    "aws:PrincipalServiceName",
    "aws:PrincipalTag/",
    "aws:PrincipalType",
    "aws:Referer",
    "aws:RequestedRegion",
    "aws:ResourceAccount",
    "aws:SecureTransport",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceIp",
    "aws:TokenIssueTime",
    "aws:UserAgent",
    "aws:ViaAWSService",
    "aws:userid",
    "aws:username",
    "lambda:SourceFunctionArn",
];

/// Keys that AWS would not set for the calls that are made here either: there are no
/// organizations, networks of one's own, federated users or devices for a second factor, and no
/// service calls another in a caller's name.
const ABSENT_ON_AWS_TOO: &[&str] = &[
    "aws:CalledVia",
    "aws:CalledViaFirst",
    "aws:CalledViaLast",
    "aws:FederatedProvider",
    "aws:MultiFactorAuthAge",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:ResourceOrgID",
    "aws:ResourceOrgPaths",
    "aws:SourceIdentity",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
    "aws:SourceOwner",
    "aws:SourceVpc",
    "aws:SourceVpce",
    "aws:VpcSourceIp",
];

/// Whether the absence of a condition key says something about the call. If not, it only says that
/// the emulator never sets the key.
pub(super) fn sets(action: &Action, key: &str) -> bool {
    let is_key = |known: &&str| match known.strip_suffix('/') {
        Some(family) => key
            .split_once('/')
            .is_some_and(|(of, _)| of.eq_ignore_ascii_case(family)),
        None => known.eq_ignore_ascii_case(key),
    };
    if GLOBAL_KEYS.iter().any(is_key) || ABSENT_ON_AWS_TOO.iter().any(is_key) {
        return true;
    }
    let action = action.to_string();
    let is_set =
        |permission: &Permission| permission.action == action && permission.keys.iter().any(is_key);
    let tables = [
        messaging::SNS,
        messaging::SQS,
        lambda::LAMBDA,
        logs::LOGS,
        secrets::SECRETS,
        administration::IAM,
        administration::STS,
    ];
    tables
        .into_iter()
        .flatten()
        .flat_map(|entry| entry.permissions)
        .any(is_set)
        || s3::all().any(|permission| is_set(&permission))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(action: &str, key: &str, expected: bool) {
        let action = Action::parse(action).unwrap();
        assert_eq!(sets(&action, key), expected, "{action} {key}");
    }

    #[test]
    fn keys_that_are_never_set_are_known() {
        check("s3:GetObject", "aws:securetransport", true);
        check("s3:GetObject", "aws:PrincipalTag/team", true);
        check("s3:GetObject", "aws:SourceVpce", true);
        check("s3:GetObject", "aws:UserAgent", true);
        check("s3:GetObject", "aws:CalledByRobots", false);
        check("s3:GetObject", "s3:ExistingObjectTag/team", true);
        check("s3:PutObject", "s3:ExistingObjectTag/team", false);
        check("s3:PutObject", "s3:RequestObjectTagKeys", true);
        check("lambda:AddPermission", "lambda:Principal", true);
        check("s3:ListBucket", "s3:prefix", true);
        check("s3:GetObject", "s3:prefix", false);
        check("iam:PassRole", "iam:PassedToService", true);
        check("iam:PassRole", "iam:AssociatedResourceArn", false);
        check("sns:Subscribe", "sns:Protocol", true);
        check("sns:Publish", "sns:Protocol", false);
    }

    #[test]
    fn what_an_entry_does_not_have_may_not_be_asked_for() {
        assert!(may_ask("lambda", "CreateFunction", "iam:PassRole"));
        assert!(!may_ask("lambda", "Invoke", "iam:PassRole"));
        assert!(!may_ask("sqs", "NoSuchOperation", "sqs:SendMessage"));
        assert!(may_ask("s3", "CopyObject", "s3:GetObject"));
        assert!(!may_ask("s3", "PutObject", "s3:DeleteObject"));
    }
}
