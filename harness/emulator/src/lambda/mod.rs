//! Lambda.

use std::sync::Arc;

use crate::core::Core;
use crate::courier::Delivery;
use crate::front::{Answer, ApiError, Call, ServiceName};

/// The service.
#[derive(Debug)]
pub struct Lambda {
    #[expect(dead_code, reason = "the state follows")]
    core: Arc<Core>,
}

impl Lambda {
    /// Nothing in it yet.
    #[must_use]
    pub fn new(core: Arc<Core>) -> Arc<Self> {
        Arc::new(Self { core })
    }

    /// Carries out a call.
    ///
    /// # Errors
    /// The operation's own, or that it is not supported.
    pub async fn handle(self: &Arc<Self>, call: &Call) -> Result<Answer, ApiError> {
        Err(ApiError::unsupported(ServiceName::Lambda, &call.operation))
    }

    /// Takes over an event that another service sends.
    ///
    /// # Errors
    /// Why it was not taken, for the journal.
    pub fn accept_event(self: &Arc<Self>, delivery: Delivery) -> Result<(), String> {
        Err(format!("{} does not exist", delivery.to))
    }
}

/// The operation that a REST request names, as its API name.
#[must_use]
pub fn operation(_method: &http::Method, _path: &str) -> Option<&'static str> {
    None
}
