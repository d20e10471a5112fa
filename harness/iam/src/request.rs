//! Who wants to do what to which resource, under which circumstances.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use zipster_names::{AccountId, IamPath, Partition, RoleName};

/// One call, as the policies see it.
///
/// Follows <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-reqcontext.html>.
#[derive(Debug, Clone)]
pub struct Request {
    /// Who calls.
    pub principal: Principal,
    /// What they want to do.
    pub action: Action,
    /// What they want to do it to.
    pub resource: Resource,
    /// Under which circumstances; keys that follow from the other fields need not be here.
    pub context: ContextKeys,
    /// Where accounts and resources live; it shows in ARNs.
    pub partition: Partition,
}

impl Request {
    /// A request without particular circumstances, in the partition `aws`.
    #[must_use]
    pub fn new(principal: Principal, action: Action, resource: Resource) -> Self {
        Self {
            principal,
            action,
            resource,
            context: ContextKeys::new(),
            partition: Partition::Aws,
        }
    }

    /// The same request under these circumstances.
    #[must_use]
    pub fn with_context(mut self, context: ContextKeys) -> Self {
        self.context = context;
        self
    }

    /// Whether caller and resource belong to one account.
    #[must_use]
    pub fn is_within_account(&self) -> bool {
        self.principal.account() == Some(&self.resource.owner)
    }

    /// The context keys, with those that follow from principal and resource: `aws:PrincipalArn`,
    /// `aws:PrincipalAccount`, `aws:PrincipalType`, `aws:username`, `aws:PrincipalIsAWSService`,
    /// `aws:PrincipalServiceName` and `aws:ResourceAccount`. A key given explicitly stands.
    ///
    /// Not among them: `aws:userid` of users and roles, whose unique ids only IAM knows.
    #[must_use]
    pub fn all_context(&self) -> ContextKeys {
        let mut all = ContextKeys::new().with("aws:ResourceAccount", self.resource.owner.as_str());
        if let Some(account) = self.principal.account() {
            all.insert("aws:PrincipalAccount", account.as_str());
            all.insert("aws:PrincipalIsAWSService", "false");
        }
        match &self.principal {
            Principal::Root { account } => {
                all.insert("aws:PrincipalType", "Account");
                all.insert("aws:PrincipalArn", self.principal.arn(self.partition));
                all.insert("aws:userid", account.as_str());
            }
            Principal::AssumedRole {
                account,
                path,
                role,
                ..
            } => {
                all.insert("aws:PrincipalType", "AssumedRole");
                let partition = self.partition;
                let arn = format!("arn:{partition}:iam::{account}:role{path}{role}");
                all.insert("aws:PrincipalArn", arn);
            }
            Principal::User { name, .. } => {
                all.insert("aws:PrincipalType", "User");
                all.insert("aws:PrincipalArn", self.principal.arn(self.partition));
                all.insert("aws:username", name);
            }
            Principal::Service(service) => {
                all.insert("aws:PrincipalIsAWSService", "true");
                all.insert("aws:PrincipalServiceName", service);
            }
            Principal::Anonymous => {
                all.insert("aws:PrincipalType", "Anonymous");
                all.insert("aws:PrincipalAccount", "anonymous");
            }
        }
        all.values.extend(
            self.context
                .values
                .iter()
                .map(|(k, v)| (k.clone(), v.clone())),
        );
        all
    }
}

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Principal {
    /// An account's own administrator.
    Root {
        /// The account.
        account: AccountId,
    },
    /// A session of a role, such as a running function.
    AssumedRole {
        /// The role's account.
        account: AccountId,
        /// The role's path.
        path: IamPath,
        /// The role.
        role: RoleName,
        /// The session's name; a function's is the function's name.
        session: String,
    },
    /// An IAM user.
    User {
        /// The user's account.
        account: AccountId,
        /// The user's path.
        path: IamPath,
        /// The user's name, without the path.
        name: String,
    },
    /// An AWS service that acts for itself, such as `s3.amazonaws.com`.
    Service(String),
    /// Nobody in particular: the request was not signed.
    Anonymous,
}

impl Principal {
    /// The account that the caller belongs to; services and strangers have none.
    #[must_use]
    pub fn account(&self) -> Option<&AccountId> {
        match self {
            Self::Root { account }
            | Self::AssumedRole { account, .. }
            | Self::User { account, .. } => Some(account),
            Self::Service(_) | Self::Anonymous => None,
        }
    }

    /// What AWS calls the caller: an ARN, the service's name, or `anonymous`.
    #[must_use]
    pub fn arn(&self, partition: Partition) -> String {
        match self {
            Self::Root { account } => format!("arn:{partition}:iam::{account}:root"),
            Self::AssumedRole {
                account,
                role,
                session,
                ..
            } => format!("arn:{partition}:sts::{account}:assumed-role/{role}/{session}"),
            Self::User {
                account,
                path,
                name,
            } => format!("arn:{partition}:iam::{account}:user{path}{name}"),
            Self::Service(service) => service.clone(),
            Self::Anonymous => "anonymous".to_owned(),
        }
    }
}

/// An operation that policies can allow or deny: `s3:GetObject`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    service: String,
    name: String,
}

/// Text that is not an action.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an action: it must look like s3:GetObject")]
pub struct ActionError {
    text: String,
}

impl Action {
    /// The action of `service` called `name`, in the service's own spelling.
    #[must_use]
    pub fn new(service: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            service: service.into(),
            name: name.into(),
        }
    }

    /// Takes `s3:GetObject` apart.
    ///
    /// # Errors
    /// If there is not exactly one colon, or nothing on a side of it.
    pub fn parse(text: &str) -> Result<Self, ActionError> {
        match text.split_once(':') {
            Some((service, name))
                if !service.is_empty() && !name.is_empty() && !name.contains(':') =>
            {
                Ok(Self::new(service, name))
            }
            _ => Err(ActionError {
                text: text.to_owned(),
            }),
        }
    }

    /// The service's prefix: `s3`.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The operation: `GetObject`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl FromStr for Action {
    type Err = ActionError;

    fn from_str(text: &str) -> Result<Self, ActionError> {
        Self::parse(text)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service, self.name)
    }
}

impl Serialize for Action {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What the caller wants to act on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Resource {
    /// Mostly an ARN; `*` for actions that are about no resource, a phone number for an SMS.
    pub name: String,
    /// The account it belongs to, which S3's ARNs do not tell.
    pub owner: AccountId,
}

impl Resource {
    /// The resource called `name` in the account `owner`.
    #[must_use]
    pub fn new(name: impl Into<String>, owner: AccountId) -> Self {
        Self {
            name: name.into(),
            owner,
        }
    }
}

/// The circumstances of a request: keys, in any case, and their values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ContextKeys {
    /// Keys in lower case.
    values: BTreeMap<String, Vec<String>>,
}

impl ContextKeys {
    /// None.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// These keys and one more, in place of any earlier value.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.insert(key, value);
        self
    }

    /// These keys and one more that has several values.
    #[must_use]
    pub fn with_all<V: Into<String>>(
        mut self,
        key: &str,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        self.values.insert(key.to_ascii_lowercase(), values);
        self
    }

    /// Sets a key, in place of any earlier value.
    pub fn insert(&mut self, key: &str, value: impl Into<String>) {
        self.values
            .insert(key.to_ascii_lowercase(), vec![value.into()]);
    }

    /// All keys, in lower case and in the order of the alphabet, with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        let values = self.values.iter();
        values.map(|(key, values)| (key.as_str(), values.as_slice()))
    }

    /// The values of a key; none if it is missing.
    #[must_use]
    pub fn get(&self, key: &str) -> &[String] {
        self.values
            .get(&key.to_ascii_lowercase())
            .map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> AccountId {
        AccountId::parse("123456789012").unwrap()
    }

    #[track_caller]
    fn check(principal: Principal, arn: &str, role_or_user: Option<&str>) {
        assert_eq!(principal.arn(Partition::Aws), arn);
        let resource = Resource::new("*", account());
        let request = Request::new(principal, Action::new("s3", "GetObject"), resource);
        assert_eq!(
            request
                .all_context()
                .get("AWS:principalarn")
                .first()
                .map(String::as_str),
            role_or_user
        );
    }

    #[test]
    fn principals_have_arns_and_their_role_is_a_context_key() {
        let account = account();
        let service_role = IamPath::parse("/service-role/").unwrap();
        check(
            Principal::Root {
                account: account.clone(),
            },
            "arn:aws:iam::123456789012:root",
            Some("arn:aws:iam::123456789012:root"),
        );
        check(
            Principal::AssumedRole {
                account: account.clone(),
                path: service_role,
                role: RoleName::parse("load").unwrap(),
                session: "zipster-load".to_owned(),
            },
            "arn:aws:sts::123456789012:assumed-role/load/zipster-load",
            Some("arn:aws:iam::123456789012:role/service-role/load"),
        );
        check(
            Principal::User {
                account,
                path: IamPath::default(),
                name: "carlos".to_owned(),
            },
            "arn:aws:iam::123456789012:user/carlos",
            Some("arn:aws:iam::123456789012:user/carlos"),
        );
        check(
            Principal::Service("s3.amazonaws.com".to_owned()),
            "s3.amazonaws.com",
            None,
        );
        check(Principal::Anonymous, "anonymous", None);
    }

    #[test]
    fn a_key_given_explicitly_stands() {
        let mut request = Request::new(
            Principal::Root { account: account() },
            Action::new("s3", "GetObject"),
            Resource::new("*", account()),
        );
        request.context.insert("AWS:PrincipalType", "mine");
        assert_eq!(request.all_context().get("aws:principaltype"), ["mine"]);
        assert_eq!(request.all_context().get("aws:userid"), ["123456789012"]);
    }

    #[test]
    fn an_action_has_one_colon() {
        assert_eq!(
            Action::parse("s3:GetObject"),
            Ok(Action::new("s3", "GetObject"))
        );
        for text in ["", "s3", "s3:", ":GetObject", "s3:Get:Object"] {
            assert!(Action::parse(text).is_err(), "{text}");
        }
    }
}
