//! What IAM knows: the roles, users and managed policies of every account.
//!
//! Roles are shared with whoever decides about a call ([`Directory::role`] is a pointer, not a
//! copy), and each carries the list of all policies that apply to it, so that a decision copies
//! and parses nothing.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use time::OffsetDateTime;
use zipster_iam::{NamedPolicy, Policy, PolicyKind};
use zipster_names::{AccountId, Arn, IamPath, PolicyName, RoleName, UserName};

use super::error;
use super::grants::{self, Entity, Grants};
use super::parsed::ParsedPolicies;
use crate::front::{ApiError, ServiceName};
use crate::identity::Principal;

/// Roles, users and policies of all accounts, and what they limit sessions to.
#[derive(Debug, Default)]
pub struct Directory {
    accounts: Mutex<HashMap<AccountId, Account>>,
    /// Session policies, by the access key of the session. Sessions without any are not here.
    sessions: Mutex<HashMap<String, Arc<[NamedPolicy]>>>,
    /// Policies of buckets, topics, queues and functions, which their services keep as text.
    pub(super) resource_policies: ParsedPolicies,
}

impl Directory {
    /// The role of this name, whatever its path.
    #[must_use]
    pub fn role(&self, account: &AccountId, name: &RoleName) -> Option<Arc<Role>> {
        self.accounts().get(account)?.roles.get(name).cloned()
    }

    /// The user of this name, whatever its path.
    #[must_use]
    pub fn user(&self, account: &AccountId, name: &UserName) -> Option<Arc<User>> {
        self.accounts().get(account)?.users.get(name).cloned()
    }

    /// The user of this ARN; its path must be the user's.
    #[must_use]
    pub fn user_by_arn(&self, arn: &Arn) -> Option<Arc<User>> {
        let name = UserName::parse(arn.resource().rsplit('/').next()?).ok()?;
        let user = self.user(arn.account()?, &name)?;
        (user.arn == *arn).then_some(user)
    }

    /// The role of this ARN; its path must be the role's.
    #[must_use]
    pub fn role_by_arn(&self, arn: &Arn) -> Option<Arc<Role>> {
        let name = arn.resource().rsplit('/').next()?;
        let account = arn.account()?;
        let role = self.accounts().get(account)?.roles.get(name).cloned()?;
        (role.arn == *arn).then_some(role)
    }

    /// The identifier that tells a caller from all others, past ones of the same name included,
    /// as in `GetCallerIdentity` and `aws:userid`; `None` if its role does not exist any more.
    #[must_use]
    pub fn unique_id(&self, principal: &Principal) -> Option<String> {
        match principal {
            Principal::Root { account } => Some(account.to_string()),
            Principal::User { account, name, .. } => Some(self.user(account, name)?.id.clone()),
            Principal::AssumedRole {
                account,
                role,
                session,
            } => {
                let role = self.role(account, role)?;
                Some(format!("{}:{session}", role.id))
            }
        }
    }

    /// Works on an account, which begins empty.
    pub(super) fn with<R>(&self, id: &AccountId, work: impl FnOnce(&mut Account) -> R) -> R {
        let mut accounts = self.accounts();
        match accounts.get_mut(id) {
            Some(account) => work(account),
            None => work(accounts.entry(id.clone()).or_default()),
        }
    }

    /// What the session of an access key is limited to; `None` if it is not.
    pub(super) fn session_policies(&self, access_key_id: &str) -> Option<Arc<[NamedPolicy]>> {
        self.sessions().get(access_key_id).cloned()
    }

    /// From now on, the session of an access key is limited to what these policies allow.
    pub(super) fn limit_session(&self, access_key_id: &str, policies: Vec<NamedPolicy>) {
        self.sessions()
            .insert(access_key_id.to_owned(), policies.into());
    }

    /// Forgets the limits of sessions that have ended.
    pub(super) fn forget_sessions(&self, access_key_ids: &[String]) {
        let mut sessions = self.sessions();
        for id in access_key_ids {
            sessions.remove(id);
        }
    }

    fn accounts(&self) -> MutexGuard<'_, HashMap<AccountId, Account>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<String, Arc<[NamedPolicy]>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one account has.
#[derive(Debug, Default)]
pub(super) struct Account {
    roles: BTreeMap<RoleName, Arc<Role>>,
    users: BTreeMap<UserName, Arc<User>>,
    /// By ARN.
    policies: BTreeMap<Arn, ManagedPolicy>,
}

impl Account {
    /// All roles, by name.
    pub(super) fn roles(&self) -> impl Iterator<Item = &Arc<Role>> {
        self.roles.values()
    }

    /// `NoSuchEntity` if there is no such role.
    pub(super) fn role(&self, name: &RoleName) -> Result<&Arc<Role>, ApiError> {
        self.roles.get(name).ok_or_else(|| error::no_role(name))
    }

    /// Adds a role. Names are unique whatever their case.
    pub(super) fn add_role(&mut self, role: Role) -> Result<Arc<Role>, ApiError> {
        let is_taken = |other: &RoleName| other.as_str().eq_ignore_ascii_case(role.name.as_str());
        if self.roles.keys().any(is_taken) {
            return Err(error::role_exists(&role.name));
        }
        let mut role = role;
        if let Some(boundary) = &role.grants.boundary {
            self.check_boundary(boundary)?;
        }
        role.grants.refresh(&self.policies);
        let role = Arc::new(role);
        self.roles.insert(role.name.clone(), Arc::clone(&role));
        Ok(role)
    }

    /// Changes a role; the change must not fail half-way.
    pub(super) fn change_role(
        &mut self,
        name: &RoleName,
        change: impl FnOnce(&mut Role) -> Result<(), ApiError>,
    ) -> Result<(), ApiError> {
        let role = self
            .roles
            .get_mut(name)
            .ok_or_else(|| error::no_role(name))?;
        let role = Arc::make_mut(role);
        change(role)
    }

    /// All users, by name.
    pub(super) fn users(&self) -> impl Iterator<Item = &Arc<User>> {
        self.users.values()
    }

    /// Adds a user. Names are unique whatever their case.
    pub(super) fn add_user(&mut self, user: User) -> Result<Arc<User>, ApiError> {
        let is_taken = |other: &UserName| other.as_str().eq_ignore_ascii_case(user.name.as_str());
        if self.users.keys().any(is_taken) {
            return Err(error::user_exists(&user.name));
        }
        let mut user = user;
        if let Some(boundary) = &user.grants.boundary {
            self.check_boundary(boundary)?;
        }
        user.grants.refresh(&self.policies);
        let user = Arc::new(user);
        self.users.insert(user.name.clone(), Arc::clone(&user));
        Ok(user)
    }

    /// Removes a user without policies.
    pub(super) fn remove_user(&mut self, name: &UserName) -> Result<(), ApiError> {
        self.grants(&Entity::User(name.clone()))?.check_none()?;
        self.users.remove(name);
        Ok(())
    }

    /// The policies of a role or user; `NoSuchEntity` if there is none.
    pub(super) fn grants(&self, entity: &Entity) -> Result<&Grants, ApiError> {
        let grants = match entity {
            Entity::Role(name) => self.roles.get(name).map(|role| &role.grants),
            Entity::User(name) => self.users.get(name).map(|user| &user.grants),
        };
        grants.ok_or_else(|| entity.missing())
    }

    /// Changes the policies of a role or user; the change must not fail half-way.
    pub(super) fn change_grants(
        &mut self,
        entity: &Entity,
        change: impl FnOnce(&mut Grants) -> Result<(), ApiError>,
    ) -> Result<(), ApiError> {
        let grants = match entity {
            Entity::Role(name) => {
                let role = self.roles.get_mut(name);
                role.map(|role| &mut Arc::make_mut(role).grants)
            }
            Entity::User(name) => {
                let user = self.users.get_mut(name);
                user.map(|user| &mut Arc::make_mut(user).grants)
            }
        };
        let grants = grants.ok_or_else(|| entity.missing())?;
        change(grants)?;
        grants.refresh(&self.policies);
        Ok(())
    }

    /// Removes a role without policies.
    pub(super) fn remove_role(&mut self, name: &RoleName) -> Result<(), ApiError> {
        self.role(name)?.grants.check_none()?;
        self.roles.remove(name);
        Ok(())
    }

    /// The account's own managed policies, by ARN.
    pub(super) fn own_policies(&self) -> impl Iterator<Item = &ManagedPolicy> {
        self.policies.values()
    }

    /// A managed policy, the account's own or one that AWS provides.
    pub(super) fn policy(&self, arn: &Arn) -> Option<&ManagedPolicy> {
        grants::find(&self.policies, arn)
    }

    /// Adds a managed policy.
    pub(super) fn add_policy(&mut self, policy: ManagedPolicy) -> Result<(), ApiError> {
        let name = policy.name.as_str();
        let is_taken = |other: &ManagedPolicy| other.name.as_str().eq_ignore_ascii_case(name);
        if self.policies.values().any(is_taken) {
            return Err(error::policy_exists(name));
        }
        self.policies.insert(policy.arn.clone(), policy);
        Ok(())
    }

    /// Changes one of the account's managed policies, and with it what the roles and users that
    /// have it may do; the change must not fail half-way.
    pub(super) fn change_policy<R>(
        &mut self,
        arn: &Arn,
        change: impl FnOnce(&mut ManagedPolicy) -> Result<R, ApiError>,
    ) -> Result<R, ApiError> {
        let policy = self
            .policies
            .get_mut(arn)
            .ok_or_else(|| error::no_policy(arn))?;
        let result = change(policy)?;
        for role in self.roles.values_mut() {
            if role.grants.uses(arn) {
                Arc::make_mut(role).grants.refresh(&self.policies);
            }
        }
        for user in self.users.values_mut() {
            if user.grants.uses(arn) {
                Arc::make_mut(user).grants.refresh(&self.policies);
            }
        }
        Ok(result)
    }

    /// Removes a managed policy that is attached to nothing and has one version.
    pub(super) fn remove_policy(&mut self, arn: &Arn) -> Result<(), ApiError> {
        let policy = self
            .policies
            .get(arn)
            .ok_or_else(|| error::no_policy(arn))?;
        if !self.attachments(arn).is_empty() {
            return Err(error::delete_conflict(
                "Cannot delete a policy attached to entities.",
            ));
        }
        if policy.versions.len() > 1 {
            return Err(error::delete_conflict(
                "This policy has more than one version. Before you delete a policy, you must \
                 delete the policy's versions. The default version is deleted with the policy.",
            ));
        }
        self.policies.remove(arn);
        Ok(())
    }

    /// How many roles and users have a managed policy attached, and how many are limited by it.
    pub(super) fn usage(&self, arn: &Arn) -> Usage {
        let roles = self.roles.values().map(|role| &role.grants);
        let all = roles.chain(self.users.values().map(|user| &user.grants));
        let mut usage = Usage::default();
        for grants in all {
            usage.attached += usize::from(grants.attached.contains(arn));
            usage.boundaries += usize::from(grants.boundary.as_ref() == Some(arn));
        }
        usage
    }

    /// `NoSuchEntity` unless a managed policy can be a permissions boundary.
    pub(super) fn check_boundary(&self, arn: &Arn) -> Result<(), ApiError> {
        if self.policy(arn).is_some() {
            return Ok(());
        }
        Err(if arn.is_owned_by_aws() {
            let what = format!("the AWS managed policy {arn}");
            ApiError::unsupported(ServiceName::Iam, &what)
        } else {
            error::no_boundary(arn)
        })
    }

    /// What a managed policy is attached to or limits: roles, then users, by name.
    pub(super) fn attachments(&self, arn: &Arn) -> Vec<Attachment> {
        let roles = self.roles.values().filter(|role| role.grants.uses(arn));
        let roles = roles.map(|role| Attachment {
            entity: Entity::Role(role.name.clone()),
            path: role.path.clone(),
            id: role.id.clone(),
        });
        let users = self.users.values().filter(|user| user.grants.uses(arn));
        let users = users.map(|user| Attachment {
            entity: Entity::User(user.name.clone()),
            path: user.path.clone(),
            id: user.id.clone(),
        });
        roles.chain(users).collect()
    }
}

/// A role.
#[derive(Debug, Clone)]
pub struct Role {
    /// Its path.
    pub path: IamPath,
    /// Its name.
    pub name: RoleName,
    /// `AROA...`, never used again.
    pub id: String,
    /// Its ARN.
    pub arn: Arn,
    /// When it was made, UTC.
    pub created: OffsetDateTime,
    pub(super) description: Option<String>,
    /// The longest session, in seconds.
    pub(super) max_session_s: u32,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) trust: Document,
    pub(super) grants: Grants,
}

/// A user.
#[derive(Debug, Clone)]
pub struct User {
    /// Its path.
    pub path: IamPath,
    /// Its name.
    pub name: UserName,
    /// `AIDA...`, never used again.
    pub id: String,
    /// Its ARN.
    pub arn: Arn,
    /// When it was made, UTC.
    pub created: OffsetDateTime,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) grants: Grants,
}

impl User {
    /// The user as a caller.
    pub(super) fn principal(&self) -> Principal {
        Principal::User {
            account: self
                .arn
                .account()
                .expect("a user's ARN has an account")
                .clone(),
            path: self.path.clone(),
            name: self.name.clone(),
        }
    }
}

/// How much a managed policy is used.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Usage {
    pub(super) attached: usize,
    pub(super) boundaries: usize,
}

/// What a managed policy is attached to, or limits.
#[derive(Debug)]
pub(super) struct Attachment {
    pub(super) entity: Entity,
    pub(super) path: IamPath,
    pub(super) id: String,
}

/// A policy document, as it came and as it was understood.
#[derive(Debug, Clone)]
pub(super) struct Document {
    pub(super) text: String,
    pub(super) policy: Arc<Policy>,
}

impl Document {
    /// `MalformedPolicyDocument` in AWS's words if it is not one.
    pub(super) fn parse(text: &str, kind: PolicyKind) -> Result<Self, ApiError> {
        let policy = Policy::parse(text, kind).map_err(|errors| error::malformed(kind, &errors))?;
        Ok(Self {
            text: text.to_owned(),
            policy: Arc::new(policy),
        })
    }

    /// The policy, called `name` where it decides.
    pub(super) fn named(&self, name: &str) -> NamedPolicy {
        NamedPolicy::new(name, Arc::clone(&self.policy))
    }

    /// Its length as quotas count it: white space is free.
    pub(super) fn size(&self) -> usize {
        self.text.chars().filter(|c| !c.is_whitespace()).count()
    }
}

/// A managed policy.
#[derive(Debug, Clone)]
pub(super) struct ManagedPolicy {
    pub(super) path: IamPath,
    pub(super) name: PolicyName,
    /// `ANPA...`, never used again.
    pub(super) id: String,
    pub(super) arn: Arn,
    pub(super) created: OffsetDateTime,
    pub(super) updated: OffsetDateTime,
    pub(super) description: Option<String>,
    pub(super) tags: BTreeMap<String, String>,
    /// Never empty; in the order of making.
    pub(super) versions: Vec<PolicyVersion>,
    /// The number of the version in force.
    pub(super) default: u32,
    /// How many versions were ever made; numbers are not used again.
    pub(super) made: u32,
}

/// One version of a managed policy.
#[derive(Debug, Clone)]
pub(super) struct PolicyVersion {
    /// Counted from 1; `v1` on the wire.
    pub(super) number: u32,
    pub(super) document: Document,
    pub(super) created: OffsetDateTime,
}

impl ManagedPolicy {
    /// The version in force.
    pub(super) fn default_version(&self) -> &PolicyVersion {
        self.version(self.default)
            .or(self.versions.last())
            .expect("the default version is never removed")
    }

    /// The version of this number.
    pub(super) fn version(&self, number: u32) -> Option<&PolicyVersion> {
        self.versions
            .iter()
            .find(|version| version.number == number)
    }
}
