//! The managed policies that AWS provides: those that a stack with functions, buckets and queues
//! is likely to attach.
//!
//! AWS has more than a thousand. One that is not here is refused by name when somebody attaches
//! it, rather than attached without effect.
//!
//! Differs from AWS: creation dates and identifiers.
//! Follows <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html>.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::json;
use time::OffsetDateTime;
use time::macros::datetime;
use zipster_iam::PolicyKind;
use zipster_names::{Arn, IamPath, PolicyName};

use super::directory::{Document, ManagedPolicy, PolicyVersion};

/// A policy of AWS's: one statement that allows actions on everything.
struct Provided {
    path: &'static str,
    name: &'static str,
    version: u32,
    sid: Option<&'static str>,
    actions: &'static [&'static str],
}

const TABLE: &[Provided] = &[
    Provided {
        path: "/",
        name: "AdministratorAccess",
        version: 1,
        sid: None,
        actions: &["*"],
    },
    Provided {
        path: "/",
        name: "AmazonS3FullAccess",
        version: 2,
        sid: None,
        actions: &["s3:*", "s3-object-lambda:*"],
    },
    Provided {
        path: "/",
        name: "AmazonS3ReadOnlyAccess",
        version: 3,
        sid: None,
        actions: &[
            "s3:Get*",
            "s3:List*",
            "s3:Describe*",
            "s3-object-lambda:Get*",
            "s3-object-lambda:List*",
        ],
    },
    Provided {
        path: "/",
        name: "AmazonSQSFullAccess",
        version: 1,
        sid: None,
        actions: &["sqs:*"],
    },
    Provided {
        path: "/",
        name: "AmazonSQSReadOnlyAccess",
        version: 4,
        sid: Some("AmazonSQSReadOnlyAccess"),
        actions: &[
            "sqs:GetQueueAttributes",
            "sqs:GetQueueUrl",
            "sqs:ListDeadLetterSourceQueues",
            "sqs:ListQueues",
            "sqs:ListMessageMoveTasks",
            "sqs:ListQueueTags",
        ],
    },
    Provided {
        path: "/service-role/",
        name: "AWSLambdaBasicExecutionRole",
        version: 1,
        sid: None,
        actions: &[
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
        ],
    },
    Provided {
        path: "/service-role/",
        name: "AWSLambdaRole",
        version: 1,
        sid: None,
        actions: &["lambda:InvokeFunction"],
    },
    Provided {
        path: "/service-role/",
        name: "AWSLambdaSQSQueueExecutionRole",
        version: 1,
        sid: None,
        actions: &[
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
        ],
    },
    Provided {
        path: "/service-role/",
        name: "AWSLambdaVPCAccessExecutionRole",
        version: 3,
        sid: Some("AWSLambdaVPCAccessExecutionPermissions"),
        actions: &[
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
            "ec2:CreateNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:DeleteNetworkInterface",
            "ec2:AssignPrivateIpAddresses",
            "ec2:UnassignPrivateIpAddresses",
        ],
    },
];

/// When AWS began to have managed policies.
const CREATED: OffsetDateTime = datetime!(2015-02-06 18:40:00 UTC);

static POLICIES: LazyLock<Vec<ManagedPolicy>> =
    LazyLock::new(|| TABLE.iter().map(ManagedPolicy::from).collect());

/// All of them.
pub(super) fn all() -> &'static [ManagedPolicy] {
    &POLICIES
}

/// What a managed policy of AWS's says, if it is one of those that are known here.
#[must_use]
pub fn provided_policy(arn: &Arn) -> Option<&'static str> {
    find(arn).map(|policy| policy.default_version().document.text.as_str())
}

/// The one of this ARN.
pub(super) fn find(arn: &Arn) -> Option<&'static ManagedPolicy> {
    POLICIES.iter().find(|policy| policy.arn == *arn)
}

impl From<&Provided> for ManagedPolicy {
    fn from(provided: &Provided) -> Self {
        let sound = "the table's entries are sound, which a test shows";
        let mut statement = json!({
            "Effect": "Allow",
            "Action": provided.actions,
            "Resource": "*",
        });
        if let Some(sid) = provided.sid {
            statement["Sid"] = json!(sid);
        }
        let text = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
        let arn = format!("arn:aws:iam::aws:policy{}{}", provided.path, provided.name);
        Self {
            path: IamPath::parse(provided.path).expect(sound),
            name: PolicyName::parse(provided.name).expect(sound),
            id: id(provided.name),
            arn: Arn::parse(&arn).expect(sound),
            created: CREATED,
            updated: CREATED,
            description: None,
            tags: BTreeMap::new(),
            versions: vec![PolicyVersion {
                number: provided.version,
                document: Document::parse(&text, PolicyKind::Identity).expect(sound),
                created: CREATED,
            }],
            default: provided.version,
            made: provided.version,
        }
    }
}

/// An identifier that is always the same for the same name.
fn id(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphabetic);
    let letters: String = letters.chain(std::iter::repeat('A')).take(17).collect();
    format!("ANPA{}", letters.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_sound_and_found_by_its_arn() {
        for policy in all() {
            let found = find(&policy.arn).unwrap();
            assert_eq!(found.name, policy.name);
            assert_eq!(found.default_version().number, policy.default);
            assert!(provided_policy(&policy.arn).unwrap().contains("Allow"));
        }
        assert_eq!(all().len(), TABLE.len());
        let unknown = Arn::parse("arn:aws:iam::aws:policy/PowerUserAccess").unwrap();
        assert!(find(&unknown).is_none());
    }
}
