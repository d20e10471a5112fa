//! Simple Storage Service, on the protocol of the `s3s` crate over a store of our own.

use std::sync::Arc;

use http::request::Parts;
use hyper::body::Incoming;

use crate::core::Core;
use crate::front::{Answer, ApiError, CallContext, ServiceName};

/// The service.
#[derive(Debug)]
pub struct S3 {
    #[expect(dead_code, reason = "the store follows")]
    core: Arc<Core>,
}

impl S3 {
    /// No buckets yet.
    #[must_use]
    pub fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Answers one request.
    pub async fn respond(&self, _parts: Parts, _body: Incoming, context: CallContext) -> Answer {
        ApiError::unsupported(ServiceName::S3, "any operation")
            .render(ServiceName::S3, &context.request_id)
    }
}
