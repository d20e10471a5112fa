//! Operations on users: make, show, list and delete them.

use std::sync::Arc;

use zipster_names::{Arn, IamPath, UserName};

use super::directory::User;
use super::grants::{Entity, Grants};
use super::parameters::{self, Page, tags, user_name};
use super::render::{self, Detail};
use super::tags::request_tags;
use super::{Iam, answer, boundaries, done, error};
use crate::front::query::Params;
use crate::front::{Answer, ApiError, Call};
use crate::identity::Principal;

impl Iam {
    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html>.
    pub(super) fn create_user(&self, call: &Call, params: &Params) -> Result<Answer, ApiError> {
        let name = user_name(params)?;
        let path = parameters::path(params)?;
        let tags = tags(params)?;
        let account = call.identity.principal.account();
        let arn = Arn::user(self.core.region.partition(), account, &path, &name);
        let boundary = boundaries::parameter(params)?;
        let mut context = request_tags(&tags);
        context.extend(boundaries::asked(boundary.as_ref()));
        self.allow(call, "iam:CreateUser", arn.as_str(), &context)?;
        if !tags.is_empty() {
            self.allow(call, "iam:TagUser", arn.as_str(), &context)?;
        }
        let user = User {
            path,
            name,
            id: self.unique_id("AIDA"),
            arn,
            created: self.core.clock.now(),
            tags,
            grants: Grants {
                boundary,
                ..Grants::default()
            },
        };
        let user = self.core.iam.with(account, |state| state.add_user(user))?;
        Ok(answer(call, |xml| {
            render::user(xml, "User", &user, Detail::Full);
        }))
    }

    /// Shows a user; one that names nobody shows who calls.
    ///
    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUser.html>.
    ///
    /// Differs from AWS: when the account was made is not told of its root user, but the present.
    pub(super) fn get_user(&self, call: &Call, params: &Params) -> Result<Answer, ApiError> {
        if let (None, Principal::Root { account }) =
            (params.get("UserName"), &call.identity.principal)
        {
            let arn = call.identity.principal.arn();
            self.allow(call, "iam:GetUser", &arn, &[])?;
            let now = self.core.clock.now();
            return Ok(answer(call, |xml| {
                render::root(xml, account.as_str(), &arn, now);
            }));
        }
        let entity = Entity::User(named_or_caller(call, params)?);
        self.allow_on(call, &entity, &[])?;
        let user = self.existing_user(call, &entity)?;
        Ok(answer(call, |xml| {
            render::user(xml, "User", &user, Detail::Full);
        }))
    }

    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html>.
    pub(super) fn list_users(&self, call: &Call, params: &Params) -> Result<Answer, ApiError> {
        let prefix = params.get("PathPrefix").unwrap_or("/");
        let account = call.identity.principal.account();
        let partition = self.core.region.partition();
        let all = format!("arn:{partition}:iam::{account}:user{prefix}");
        self.allow(call, "iam:ListUsers", &all, &[])?;
        let users = self.core.iam.with(account, |state| {
            let below = state
                .users()
                .filter(|user| user.path.as_str().starts_with(prefix));
            below.cloned().collect::<Vec<_>>()
        });
        let page = Page::of(params, users, |user| user.name.as_str())?;
        Ok(answer(call, |xml| {
            render::list(xml, "Users", &page.items, |xml, user| {
                render::user(xml, "member", user, Detail::Listed);
            });
            render::page(xml, &page);
        }))
    }

    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html>.
    pub(super) fn delete_user(&self, call: &Call, params: &Params) -> Result<Answer, ApiError> {
        let entity = Entity::user(params)?;
        self.allow_on(call, &entity, &[])?;
        let user = self.existing_user(call, &entity)?;
        if !self.core.credentials.keys_of(&user.principal()).is_empty() {
            return Err(error::delete_conflict(
                "Cannot delete entity, must delete access keys first.",
            ));
        }
        let account = call.identity.principal.account();
        self.core
            .iam
            .with(account, |state| state.remove_user(&user.name))?;
        self.core.credentials.revoke_all(&user.principal());
        Ok(done(call))
    }

    /// `NoSuchEntity` if there is no such user in the caller's account.
    pub(super) fn existing_user(
        &self,
        call: &Call,
        entity: &Entity,
    ) -> Result<Arc<User>, ApiError> {
        let account = call.identity.principal.account();
        let found = match entity {
            Entity::User(name) => self.core.iam.user(account, name),
            Entity::Role(_) => None,
        };
        found.ok_or_else(|| entity.missing())
    }

    /// Asks whether the caller may do what the call says with a role or user. One that does not
    /// exist is asked about as if it had no path: who may not see them does not learn which there
    /// are.
    pub(super) fn allow_on(
        &self,
        call: &Call,
        entity: &Entity,
        context: &[(String, String)],
    ) -> Result<(), ApiError> {
        let action = format!("iam:{}", call.operation);
        let name = match entity {
            Entity::Role(name) => return self.allow_on_role(call, &action, name, context),
            Entity::User(name) => name,
        };
        let account = call.identity.principal.account();
        let mut context = context.to_vec();
        let arn = match self.core.iam.user(account, name) {
            Some(user) => {
                for (key, value) in &user.tags {
                    context.push((format!("aws:ResourceTag/{key}"), value.clone()));
                    context.push((format!("iam:ResourceTag/{key}"), value.clone()));
                }
                context.extend(boundaries::existing(&call.operation, &user.grants));
                user.arn.clone()
            }
            None => Arn::user(
                self.core.region.partition(),
                account,
                &IamPath::default(),
                name,
            ),
        };
        self.allow(call, &action, arn.as_str(), &context)
    }

    /// The policies of a role or user of the caller's account; `NoSuchEntity` if there is none.
    pub(super) fn grants(&self, call: &Call, entity: &Entity) -> Result<Grants, ApiError> {
        let account = call.identity.principal.account();
        self.core
            .iam
            .with(account, |state| state.grants(entity).cloned())
    }
}

/// `UserName`, or the user who calls.
pub(super) fn named_or_caller(call: &Call, params: &Params) -> Result<UserName, ApiError> {
    match (params.get("UserName"), &call.identity.principal) {
        (Some(_), _) => user_name(params),
        (None, Principal::User { name, .. }) => Ok(name.clone()),
        (None, Principal::Root { .. } | Principal::AssumedRole { .. }) => Err(error::invalid(
            "Must specify userName when calling with non-User credentials",
        )),
    }
}
