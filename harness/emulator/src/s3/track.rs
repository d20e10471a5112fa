//! One request on its way: what is known of it, and of who made it.

use std::sync::{Arc, Mutex, PoisonError};

use s3s::S3Request;
use zipster_names::{AccountId, Region};

use super::error::Failure;
use super::signature::PresignedAt;
use crate::fault::CallFault;
use crate::front::CallContext;
use crate::identity::{Execution, Identity};
use crate::journal::{EntryId, Pending};

/// One request, from its arrival to its answer.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) context: CallContext,
    /// S3's second request identifier, `x-amz-id-2`.
    pub(super) host_id: String,
    /// The region that the request is signed for, which is that of the endpoint it was sent to.
    pub(super) region: Option<String>,
    /// If its address was presigned, when.
    pub(super) presigned: Option<PresignedAt>,
    seen: Mutex<Option<Seen>>,
    details: Mutex<Vec<(String, String)>>,
}

/// What is known of a request once its caller and operation are.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) entry: EntryId,
    pub(super) fault: Option<CallFault>,
    pub(super) execution: Option<Arc<Execution>>,
}

impl Track {
    pub(super) fn new(
        context: CallContext,
        host_id: String,
        region: Option<String>,
        presigned: Option<PresignedAt>,
    ) -> Self {
        Self {
            presigned,
            context,
            host_id,
            region,
            seen: Mutex::new(None),
            details: Mutex::default(),
        }
    }

    /// What is known, if the request got that far.
    pub(super) fn seen(&self) -> Option<Seen> {
        self.lock().clone()
    }

    /// Adds elements to the error that the operation is about to answer with; `s3s` has no place
    /// for them.
    pub(super) fn explain(&self, details: Vec<(String, String)>) {
        *self.details.lock().unwrap_or_else(PoisonError::into_inner) = details;
    }

    /// What [`Self::explain`] was given.
    pub(super) fn details(&self) -> Vec<(String, String)> {
        let details = self.details.lock();
        details.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on, this is known.
    pub(super) fn see(&self, seen: Seen) {
        *self.lock() = Some(seen);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An allowed call, as the operations see it.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) identity: Identity,
    /// The call's journal entry: the cause of what it does.
    pub(super) entry: EntryId,
    /// Held until the answer is sent; cloned for what the call leaves behind.
    pub(super) pending: Pending,
    pub(super) request_id: String,
    pub(super) host_id: String,
    /// The caller as events name it, such as `AROA...:session`.
    pub(super) unique_id: String,
    /// The region that the request was signed for.
    pub(super) region: Option<Region>,
}

impl Caller {
    /// The caller of a request that passed [`super::access::Gate`].
    pub(super) fn of<T>(request: &S3Request<T>) -> Result<Self, Failure> {
        let mut caller: Self = request.extensions.get().cloned().ok_or(Failure::Internal)?;
        caller.region = match &request.region {
            None => None,
            Some(region) => Region::parse(region.as_str()).ok(),
        };
        Ok(caller)
    }

    /// The caller's account.
    pub(super) fn account(&self) -> &AccountId {
        self.identity.principal.account()
    }
}
