//! Simple Notification Service.

use std::sync::Arc;

use crate::core::Core;
use crate::courier::Delivery;
use crate::front::{Answer, ApiError, Call, ServiceName};

/// The service.
#[derive(Debug)]
pub struct Sns {
    #[expect(dead_code, reason = "the state follows")]
    core: Arc<Core>,
}

impl Sns {
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
        Err(ApiError::unsupported(ServiceName::Sns, &call.operation))
    }

    /// Takes over an event that another service sends.
    ///
    /// # Errors
    /// Why it was not taken, for the journal.
    pub fn accept_event(self: &Arc<Self>, delivery: Delivery) -> Result<(), String> {
        Err(format!("{} does not exist", delivery.to))
    }

    /// Whether an unsigned request is one of the links in a notice (confirm, unsubscribe).
    #[must_use]
    pub fn is_public_link(&self, _uri: &http::Uri) -> bool {
        false
    }

    /// Follows such a link.
    #[must_use]
    pub fn follow_link(&self, _uri: &http::Uri, request_id: &str) -> Answer {
        ApiError::unsupported(ServiceName::Sns, "the link").render(ServiceName::Sns, request_id)
    }
}
