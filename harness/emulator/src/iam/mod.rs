//! IAM and STS: roles, policies, sessions, and the decision about every call.

use std::sync::Arc;

use crate::core::Core;
use crate::front::{Answer, ApiError, Call, ServiceName};

mod authorize;

pub use authorize::{Authorization, Denied};

/// Roles and policies of all accounts.
#[derive(Debug, Default)]
pub struct Directory {}

/// The service.
#[derive(Debug)]
pub struct Iam {
    #[expect(dead_code, reason = "the operations follow")]
    core: Arc<Core>,
}

impl Iam {
    /// The operations on `core`'s directory.
    #[must_use]
    pub fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Carries out a call of IAM or STS.
    ///
    /// # Errors
    /// The operation's own, or that it is not supported.
    pub fn handle(&self, service: ServiceName, call: &Call) -> Result<Answer, ApiError> {
        Err(ApiError::unsupported(service, &call.operation))
    }
}
