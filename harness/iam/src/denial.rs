//! What AWS tells whoever was refused.
//!
//! The sentence is IAM's; services print it with small differences, or keep it to themselves. The
//! forms below are those of messages that AWS was seen to send.
//!
//! Follows <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html> and
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html>.

use crate::decision::Decision;
use crate::policy::PolicyKind;
use crate::request::{Action, Request};

/// The message for a refused request, in the manner of the action's service; `None` if it was
/// allowed.
#[must_use]
pub fn message(request: &Request, decision: &Decision) -> Option<String> {
    let service = Service::of(&request.action);
    let action = service.spell(&request.action);
    let reason = match decision {
        Decision::Allow { .. } => return None,
        Decision::ExplicitDeny { by } => {
            Some(format!("with an explicit deny in {}", article(by.kind)))
        }
        Decision::ImplicitDeny { .. } if service == Service::Sts => None,
        Decision::ImplicitDeny { missing } => {
            Some(format!("because no {missing} allows the {action} action"))
        }
    };
    // S3 explains itself to the bucket's own account only.
    if service == Service::S3 && !request.is_within_account() {
        return Some("Access Denied".to_owned());
    }
    let caller = request.principal.arn(request.partition);
    let mut message = format!("User: {caller} is not authorized to perform: {action}");
    match (service, request.resource.name.as_str()) {
        // Who lists buckets is told nothing about a resource.
        (Service::S3, "*" | "arn:aws:s3:::*") => {}
        (Service::S3, name) => message.push_str(&format!(" on resource: \"{name}\"")),
        (Service::Lambda, name) => message.push_str(&format!(" on resource: {name}")),
        (Service::Sns | Service::Sqs | Service::Sts | Service::Other, "*") => {}
        (Service::Sns | Service::Sqs | Service::Sts | Service::Other, name) => {
            message.push_str(&format!(" on resource: {name}"));
        }
    }
    if let Some(reason) = reason {
        message.push(' ');
        message.push_str(&reason);
    }
    Some(message)
}

/// The services with manners of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Service {
    S3,
    Sns,
    Sqs,
    Lambda,
    Sts,
    Other,
}

impl Service {
    fn of(action: &Action) -> Self {
        match action.service().to_ascii_lowercase().as_str() {
            "s3" => Self::S3,
            "sns" => Self::Sns,
            "sqs" => Self::Sqs,
            "lambda" => Self::Lambda,
            "sts" => Self::Sts,
            _ => Self::Other,
        }
    }

    /// SNS shouts its prefix, SQS whispers the whole action.
    fn spell(self, action: &Action) -> String {
        match self {
            Self::Sns => format!("SNS:{}", action.name()),
            Self::Sqs => action.to_string().to_ascii_lowercase(),
            Self::S3 | Self::Lambda | Self::Sts | Self::Other => action.to_string(),
        }
    }
}

fn article(kind: PolicyKind) -> String {
    match kind {
        PolicyKind::Identity => format!("an {kind}"),
        PolicyKind::Boundary | PolicyKind::Session | PolicyKind::Resource => format!("a {kind}"),
        PolicyKind::Trust => format!("the {kind}"),
    }
}

#[cfg(test)]
mod tests {
    use zipster_names::{AccountId, IamPath, RoleName};

    use super::*;
    use crate::decision::{Grounds, StatementRef};
    use crate::request::{Principal, Resource};

    const OURS: &str = "123456789012";

    fn account(id: &str) -> AccountId {
        AccountId::parse(id).unwrap()
    }

    fn role() -> Principal {
        Principal::AssumedRole {
            account: account(OURS),
            path: IamPath::default(),
            role: RoleName::parse("r").unwrap(),
            session: "s".to_owned(),
        }
    }

    fn missing(missing: PolicyKind) -> Decision {
        Decision::ImplicitDeny { missing }
    }

    fn denied(kind: PolicyKind) -> Decision {
        Decision::ExplicitDeny {
            by: StatementRef {
                kind,
                policy: "p".to_owned(),
                index: 0,
                sid: None,
            },
        }
    }

    #[track_caller]
    fn check(
        principal: Principal,
        action: &str,
        (resource, owner): (&str, &str),
        decision: &Decision,
        expected: &str,
    ) {
        let resource = Resource::new(resource, account(owner));
        let request = Request::new(principal, Action::parse(action).unwrap(), resource);
        assert_eq!(message(&request, decision).as_deref(), Some(expected));
    }

    #[test]
    fn each_service_words_it_in_its_own_way() {
        let object = ("arn:aws:s3:::b/k", OURS);
        check(
            role(),
            "s3:GetObject",
            object,
            &missing(PolicyKind::Identity),
            "User: arn:aws:sts::123456789012:assumed-role/r/s is not authorized to perform: \
             s3:GetObject on resource: \"arn:aws:s3:::b/k\" because no identity-based policy \
             allows the s3:GetObject action",
        );
        check(
            role(),
            "s3:PutObject",
            object,
            &denied(PolicyKind::Resource),
            "User: arn:aws:sts::123456789012:assumed-role/r/s is not authorized to perform: \
             s3:PutObject on resource: \"arn:aws:s3:::b/k\" with an explicit deny in a \
             resource-based policy",
        );
        check(
            role(),
            "s3:ListAllMyBuckets",
            ("arn:aws:s3:::*", OURS),
            &missing(PolicyKind::Identity),
            "User: arn:aws:sts::123456789012:assumed-role/r/s is not authorized to perform: \
             s3:ListAllMyBuckets because no identity-based policy allows the s3:ListAllMyBuckets \
             action",
        );
        check(
            role(),
            "sns:Publish",
            ("arn:aws:sns:eu-west-1:123456789012:t", OURS),
            &missing(PolicyKind::Identity),
            "User: arn:aws:sts::123456789012:assumed-role/r/s is not authorized to perform: \
             SNS:Publish on resource: arn:aws:sns:eu-west-1:123456789012:t because no \
             identity-based policy allows the SNS:Publish action",
        );
        check(
            role(),
            "sqs:SendMessage",
            ("arn:aws:sqs:eu-west-1:222222222222:q", "222222222222"),
            &missing(PolicyKind::Resource),
            "User: arn:aws:sts::123456789012:assumed-role/r/s is not authorized to perform: \
             sqs:sendmessage on resource: arn:aws:sqs:eu-west-1:222222222222:q because no \
             resource-based policy allows the sqs:sendmessage action",
        );
        check(
            Principal::Service("sns.amazonaws.com".to_owned()),
            "lambda:InvokeFunction",
            ("arn:aws:lambda:eu-west-1:123456789012:function:f", OURS),
            &missing(PolicyKind::Resource),
            "User: sns.amazonaws.com is not authorized to perform: lambda:InvokeFunction on \
             resource: arn:aws:lambda:eu-west-1:123456789012:function:f because no \
             resource-based policy allows the lambda:InvokeFunction action",
        );
        check(
            role(),
            "lambda:ListFunctions",
            ("*", OURS),
            &denied(PolicyKind::Identity),
            "User: arn:aws:sts::123456789012:assumed-role/r/s is not authorized to perform: \
             lambda:ListFunctions on resource: * with an explicit deny in an identity-based policy",
        );
        check(
            role(),
            "secretsmanager:ListSecrets",
            ("*", OURS),
            &missing(PolicyKind::Session),
            "User: arn:aws:sts::123456789012:assumed-role/r/s is not authorized to perform: \
             secretsmanager:ListSecrets because no session policy allows the \
             secretsmanager:ListSecrets action",
        );
    }

    #[test]
    fn a_boundary_is_named_as_aws_does() {
        let object = ("arn:aws:s3:::b/k", OURS);
        check(
            role(),
            "s3:GetObject",
            object,
            &missing(PolicyKind::Boundary),
            "User: arn:aws:sts::123456789012:assumed-role/r/s is not authorized to perform: \
             s3:GetObject on resource: \"arn:aws:s3:::b/k\" because no permissions boundary allows \
             the s3:GetObject action",
        );
        check(
            role(),
            "s3:GetObject",
            object,
            &denied(PolicyKind::Boundary),
            "User: arn:aws:sts::123456789012:assumed-role/r/s is not authorized to perform: \
             s3:GetObject on resource: \"arn:aws:s3:::b/k\" with an explicit deny in a permissions \
             boundary",
        );
    }

    #[test]
    fn sts_gives_no_reason_unless_a_statement_denies() {
        let role_arn = ("arn:aws:iam::123456789012:role/other", OURS);
        check(
            role(),
            "sts:AssumeRole",
            role_arn,
            &missing(PolicyKind::Trust),
            "User: arn:aws:sts::123456789012:assumed-role/r/s is not authorized to perform: \
             sts:AssumeRole on resource: arn:aws:iam::123456789012:role/other",
        );
        check(
            role(),
            "sts:AssumeRole",
            role_arn,
            &denied(PolicyKind::Trust),
            "User: arn:aws:sts::123456789012:assumed-role/r/s is not authorized to perform: \
             sts:AssumeRole on resource: arn:aws:iam::123456789012:role/other with an explicit \
             deny in the role trust policy",
        );
    }

    #[test]
    fn s3_tells_strangers_nothing() {
        let object = ("arn:aws:s3:::b/k", OURS);
        let nobody = Principal::Anonymous;
        let decision = missing(PolicyKind::Resource);
        check(nobody, "s3:GetObject", object, &decision, "Access Denied");
        let theirs = ("arn:aws:s3:::b/k", "222222222222");
        check(role(), "s3:GetObject", theirs, &decision, "Access Denied");
    }

    #[test]
    fn whoever_is_allowed_gets_no_message() {
        let resource = Resource::new("*", account(OURS));
        let request = Request::new(role(), Action::new("s3", "GetObject"), resource);
        let allow = Decision::Allow {
            by: Grounds::AccountRoot,
        };
        assert_eq!(message(&request, &allow), None);
    }
}
