//! Operations on the access keys of users.
//!
//! Left out: keys of an account's root user, which [`crate::Emulator::administrator_of`] makes.

use super::authorize::iso_8601;
use super::grants::Entity;
use super::parameters::{Page, require};
use super::users::named_or_caller;
use super::{Iam, answer, done, error, render};
use crate::front::query::Params;
use crate::front::{Answer, ApiError, Call};
use crate::identity::AccessKey;

/// How many access keys a user may have.
const MOST_KEYS: usize = 2;

impl Iam {
    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html>.
    pub(super) fn create_access_key(
        &self,
        call: &Call,
        params: &Params,
    ) -> Result<Answer, ApiError> {
        let entity = Entity::User(named_or_caller(call, params)?);
        self.allow_on(call, &entity, &[])?;
        let user = self.existing_user(call, &entity)?;
        let store = &self.core.credentials;
        let now = self.core.clock.now();
        let made = store.issue_key(&self.core.random, user.principal(), now, MOST_KEYS);
        let credentials = made.ok_or_else(|| {
            error::limit(format!(
                "Cannot exceed quota for AccessKeysPerUser: {MOST_KEYS}"
            ))
        })?;
        Ok(answer(call, |xml| {
            xml.open("AccessKey");
            xml.text("UserName", user.name.as_str());
            xml.text("AccessKeyId", &credentials.access_key_id);
            xml.text("Status", "Active");
            xml.text("SecretAccessKey", credentials.expose_secret());
            xml.text("CreateDate", &iso_8601(now));
            xml.close("AccessKey");
        }))
    }

    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccessKeys.html>.
    pub(super) fn list_access_keys(
        &self,
        call: &Call,
        params: &Params,
    ) -> Result<Answer, ApiError> {
        let entity = Entity::User(named_or_caller(call, params)?);
        self.allow_on(call, &entity, &[])?;
        let user = self.existing_user(call, &entity)?;
        let keys = self.core.credentials.keys_of(&user.principal());
        let page = Page::of(params, keys, |key| &key.id)?;
        Ok(answer(call, |xml| {
            render::list(xml, "AccessKeyMetadata", &page.items, |xml, key| {
                let AccessKey {
                    id,
                    active,
                    created,
                } = key;
                xml.open("member");
                xml.text("UserName", user.name.as_str());
                xml.text("AccessKeyId", id);
                xml.text("Status", if *active { "Active" } else { "Inactive" });
                xml.text("CreateDate", &iso_8601(*created));
                xml.close("member");
            });
            render::page(xml, &page);
        }))
    }

    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccessKey.html>.
    pub(super) fn update_access_key(
        &self,
        call: &Call,
        params: &Params,
    ) -> Result<Answer, ApiError> {
        let entity = Entity::User(named_or_caller(call, params)?);
        let id = require(params, "AccessKeyId", "accessKeyId")?;
        let active = match require(params, "Status", "status")? {
            "Active" => true,
            "Inactive" => false,
            other => {
                let rule = "satisfy enum value set: [Active, Inactive, Expired]";
                return Err(error::constraint(other, "status", rule));
            }
        };
        self.allow_on(call, &entity, &[])?;
        let user = self.existing_user(call, &entity)?;
        let store = &self.core.credentials;
        if store.set_active(&user.principal(), id, active) {
            Ok(done(call))
        } else {
            Err(no_key(id))
        }
    }

    /// Follows <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteAccessKey.html>.
    pub(super) fn delete_access_key(
        &self,
        call: &Call,
        params: &Params,
    ) -> Result<Answer, ApiError> {
        let entity = Entity::User(named_or_caller(call, params)?);
        let id = require(params, "AccessKeyId", "accessKeyId")?;
        self.allow_on(call, &entity, &[])?;
        let user = self.existing_user(call, &entity)?;
        if self.core.credentials.delete_key(&user.principal(), id) {
            Ok(done(call))
        } else {
            Err(no_key(id))
        }
    }
}

fn no_key(id: &str) -> ApiError {
    error::no_such(format!("The Access Key with id {id} cannot be found."))
}
