//! Amazon Resource Names.

use std::ops::Range;

use crate::text::is_its_text;
use crate::{
    AccountId, BucketName, FunctionName, IamPath, LogGroupName, NameError, ObjectKey, Partition,
    PolicyName, QueueName, Region, RoleName, SecretName, SessionName, TopicName, UserName,
};

const PAGE: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html";

/// An ARN: `arn:partition:service:region:account:resource`.
///
/// Region and account may be empty (S3 has neither), and AWS's own policies have the account
/// `aws`. What the resource means is the service's business: [`Arn::resource`] is the rest of the
/// text, colons included.
///
/// Follows <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>.
#[derive(Clone)]
pub struct Arn {
    text: String,
    partition: Partition,
    service: Range<usize>,
    region: Option<Region>,
    owner: Owner,
    resource: usize,
}

/// Whose the resource is.
#[derive(Clone)]
enum Owner {
    Unnamed,
    Account(AccountId),
    Aws,
}

impl Arn {
    /// Takes an ARN apart.
    ///
    /// # Errors
    /// If a field is missing, or is not what it should be; the error says which.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let broken = |rule: String| NameError::new("an ARN", PAGE, text, rule);
        let fields: Vec<&str> = text.splitn(6, ':').collect();
        let &["arn", partition, service, region, account, resource] = fields.as_slice() else {
            return Err(broken(
                "it must look like arn:partition:service:region:account:resource".to_owned(),
            ));
        };
        let field = |name: &str, error: &NameError| broken(format!("its {name}: {}", error.rule()));
        let service_at = "arn:".len() + partition.len() + 1;
        let partition = Partition::parse(partition).map_err(|error| field("partition", &error))?;
        if service.is_empty()
            || !service
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        {
            return Err(broken(
                "its service must have lower-case letters, digits and hyphens".to_owned(),
            ));
        }
        let region = match region {
            "" => None,
            code => Some(Region::parse(code).map_err(|error| field("region", &error))?),
        };
        let owner = match account {
            "" => Owner::Unnamed,
            "aws" => Owner::Aws,
            id => Owner::Account(AccountId::parse(id).map_err(|error| field("account", &error))?),
        };
        if resource.is_empty() {
            return Err(broken("its resource must not be empty".to_owned()));
        }
        Ok(Self {
            service: service_at..service_at + service.len(),
            resource: text.len() - resource.len(),
            text: text.to_owned(),
            partition,
            region,
            owner,
        })
    }

    /// The whole ARN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The second field.
    #[must_use]
    pub fn partition(&self) -> Partition {
        self.partition
    }

    /// The third field, such as `sqs`.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.text[self.service.clone()]
    }

    /// The fourth field, unless empty.
    #[must_use]
    pub fn region(&self) -> Option<&Region> {
        self.region.as_ref()
    }

    /// The fifth field, unless it is empty or names AWS itself.
    #[must_use]
    pub fn account(&self) -> Option<&AccountId> {
        match &self.owner {
            Owner::Account(account) => Some(account),
            Owner::Unnamed | Owner::Aws => None,
        }
    }

    /// Whether the resource is AWS's own, such as a managed policy.
    #[must_use]
    pub fn is_owned_by_aws(&self) -> bool {
        matches!(self.owner, Owner::Aws)
    }

    /// All after the fifth colon.
    #[must_use]
    pub fn resource(&self) -> &str {
        &self.text[self.resource..]
    }

    /// An S3 bucket's.
    #[must_use]
    pub fn bucket(partition: Partition, bucket: &BucketName) -> Self {
        Self::new(partition, "s3", None, None, bucket.as_str())
    }

    /// An S3 object's.
    #[must_use]
    pub fn object(partition: Partition, bucket: &BucketName, key: &ObjectKey) -> Self {
        Self::new(partition, "s3", None, None, &format!("{bucket}/{key}"))
    }

    /// An SNS topic's.
    #[must_use]
    pub fn topic(region: &Region, account: &AccountId, topic: &TopicName) -> Self {
        Self::regional("sns", region, account, topic.as_str())
    }

    /// An SQS queue's.
    #[must_use]
    pub fn queue(region: &Region, account: &AccountId, queue: &QueueName) -> Self {
        Self::regional("sqs", region, account, queue.as_str())
    }

    /// A Lambda function's, without a qualifier.
    #[must_use]
    pub fn function(region: &Region, account: &AccountId, function: &FunctionName) -> Self {
        Self::regional("lambda", region, account, &format!("function:{function}"))
    }

    /// A CloudWatch Logs log group's, without the `:*` that some of its actions want.
    #[must_use]
    pub fn log_group(region: &Region, account: &AccountId, group: &LogGroupName) -> Self {
        Self::regional("logs", region, account, &format!("log-group:{group}"))
    }

    /// An IAM role's.
    #[must_use]
    pub fn role(
        partition: Partition,
        account: &AccountId,
        path: &IamPath,
        role: &RoleName,
    ) -> Self {
        let resource = format!("role{path}{role}");
        Self::new(partition, "iam", None, Some(account), &resource)
    }

    /// An IAM user's.
    #[must_use]
    pub fn user(
        partition: Partition,
        account: &AccountId,
        path: &IamPath,
        user: &UserName,
    ) -> Self {
        let resource = format!("user{path}{user}");
        Self::new(partition, "iam", None, Some(account), &resource)
    }

    /// A managed policy's that belongs to an account.
    #[must_use]
    pub fn policy(
        partition: Partition,
        account: &AccountId,
        path: &IamPath,
        policy: &PolicyName,
    ) -> Self {
        let resource = format!("policy{path}{policy}");
        Self::new(partition, "iam", None, Some(account), &resource)
    }

    /// That of a secret, whose last six characters are chance.
    #[must_use]
    pub fn secret(region: &Region, account: &AccountId, secret: &SecretName, chance: &str) -> Self {
        let resource = format!("secret:{secret}-{chance}");
        Self::regional("secretsmanager", region, account, &resource)
    }

    /// That of a session of a role, which leaves the role's path out.
    #[must_use]
    pub fn assumed_role(
        partition: Partition,
        account: &AccountId,
        role: &RoleName,
        session: &SessionName,
    ) -> Self {
        let resource = format!("assumed-role/{role}/{session}");
        Self::new(partition, "sts", None, Some(account), &resource)
    }

    fn regional(service: &str, region: &Region, account: &AccountId, resource: &str) -> Self {
        let partition = region.partition();
        Self::new(partition, service, Some(region), Some(account), resource)
    }

    fn new(
        partition: Partition,
        service: &str,
        region: Option<&Region>,
        account: Option<&AccountId>,
        resource: &str,
    ) -> Self {
        let head = format!("arn:{partition}:");
        let region_text = region.map_or("", Region::as_str);
        let account_text = account.map_or("", AccountId::as_str);
        let text = format!("{head}{service}:{region_text}:{account_text}:{resource}");
        Self {
            partition,
            service: head.len()..head.len() + service.len(),
            region: region.cloned(),
            owner: account.map_or(Owner::Unnamed, |account| Owner::Account(account.clone())),
            resource: text.len() - resource.len(),
            text,
        }
    }
}

is_its_text!(Arn);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::tests::check;

    #[test]
    fn an_arn_has_six_fields() {
        let shape = Some("it must look like arn:partition:service:region:account:resource");
        let cases = [
            ("arn:aws:s3:::bucket/key:with:colons", None),
            ("arn:aws:iam::aws:policy/ReadOnlyAccess", None),
            ("arn:aws-cn:sqs:cn-north-1:123456789012:q", None),
            ("", shape),
            ("arn", shape),
            ("arn:aws:s3:::", Some("its resource must not be empty")),
            ("arn:aws:s3::", shape),
            ("ARN:aws:s3:::b", shape),
            (
                "arn:AWS:s3:::b",
                Some(
                    "its partition: it must be one of aws, aws-cn, aws-us-gov, aws-iso, \
                     aws-iso-b, aws-iso-e, aws-iso-f, aws-eusc",
                ),
            ),
            (
                "arn:aws::::b",
                Some("its service must have lower-case letters, digits and hyphens"),
            ),
            (
                "arn:aws:sns:mars:123456789012:t",
                Some("its region: it must look like eu-central-1"),
            ),
            (
                "arn:aws:sns:us-east-1:12:t",
                Some("its account: it must have exactly 12 digits"),
            ),
        ];
        for (text, rule) in cases {
            check(Arn::parse, text, rule);
        }
    }

    #[test]
    fn the_fields_can_be_asked_for() {
        let arn = Arn::parse("arn:aws:lambda:eu-west-1:123456789012:function:f:live").unwrap();
        assert_eq!(arn.partition(), "aws");
        assert_eq!(arn.service(), "lambda");
        assert_eq!(arn.region().map(Region::as_str), Some("eu-west-1"));
        assert_eq!(arn.account().map(AccountId::as_str), Some("123456789012"));
        assert_eq!(arn.resource(), "function:f:live");
        assert!(!arn.is_owned_by_aws());

        let managed = Arn::parse("arn:aws:iam::aws:policy/ReadOnlyAccess").unwrap();
        assert!(managed.region().is_none() && managed.account().is_none());
        assert!(managed.is_owned_by_aws());
    }

    #[test]
    fn what_is_built_reads_as_aws_writes_it_and_parses_again() {
        let region = Region::parse("eu-central-1").unwrap();
        let account = AccountId::parse("123456789012").unwrap();
        let bucket = BucketName::parse("zipster-input").unwrap();
        let key = ObjectKey::parse("a b/ü.csv").unwrap();
        let role = RoleName::parse("zipster-load").unwrap();
        let path = IamPath::parse("/service-role/").unwrap();
        let function = FunctionName::parse("zipster-load").unwrap();
        let aws = Partition::Aws;
        let cases = [
            (Arn::bucket(aws, &bucket), "arn:aws:s3:::zipster-input"),
            (
                Arn::object(aws, &bucket, &key),
                "arn:aws:s3:::zipster-input/a b/ü.csv",
            ),
            (
                Arn::topic(&region, &account, &TopicName::parse("t").unwrap()),
                "arn:aws:sns:eu-central-1:123456789012:t",
            ),
            (
                Arn::queue(&region, &account, &QueueName::parse("q").unwrap()),
                "arn:aws:sqs:eu-central-1:123456789012:q",
            ),
            (
                Arn::function(&region, &account, &function),
                "arn:aws:lambda:eu-central-1:123456789012:function:zipster-load",
            ),
            (
                Arn::log_group(&region, &account, &LogGroupName::of_function(&function)),
                "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/zipster-load",
            ),
            (
                Arn::role(aws, &account, &IamPath::default(), &role),
                "arn:aws:iam::123456789012:role/zipster-load",
            ),
            (
                Arn::role(aws, &account, &path, &role),
                "arn:aws:iam::123456789012:role/service-role/zipster-load",
            ),
            (
                Arn::policy(aws, &account, &path, &PolicyName::parse("p").unwrap()),
                "arn:aws:iam::123456789012:policy/service-role/p",
            ),
            (
                Arn::assumed_role(aws, &account, &role, &SessionName::parse("s1").unwrap()),
                "arn:aws:sts::123456789012:assumed-role/zipster-load/s1",
            ),
        ];
        for (built, text) in cases {
            assert_eq!(built, text);
            let parsed = Arn::parse(text).unwrap();
            assert_eq!(parsed.service(), built.service());
            assert_eq!(parsed.resource(), built.resource());
            assert_eq!(parsed.account(), built.account());
            assert_eq!(parsed.region(), built.region());
        }
    }

    #[test]
    fn the_partition_of_a_regional_arn_is_that_of_its_region() {
        let region = Region::parse("cn-north-1").unwrap();
        let account = AccountId::parse("123456789012").unwrap();
        let topic = TopicName::parse("t").unwrap();
        assert_eq!(
            Arn::topic(&region, &account, &topic),
            "arn:aws-cn:sns:cn-north-1:123456789012:t"
        );
    }
}
