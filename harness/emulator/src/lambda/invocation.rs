//! What goes to an execution environment, and what comes back.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::function::{Key, Version};
use super::pool::Lease;
use super::runtime_api::FunctionError;
use crate::journal::{EntryId, Pending};

/// What an environment runs.
#[derive(Debug)]
pub(super) struct Spec {
    pub(super) key: Key,
    pub(super) arn: String,
    pub(super) version: Arc<Version>,
}

/// One attempt to run the function.
#[derive(Debug, Clone)]
pub(super) struct Invocation {
    pub(super) request_id: String,
    pub(super) payload: Bytes,
    pub(super) client_context: Option<String>,
    pub(super) trace_id: String,
    /// The ARN that the caller used.
    pub(super) invoked_arn: String,
    /// The journal entry that made it necessary.
    pub(super) cause: EntryId,
    /// Counted from 1.
    pub(super) attempt: u32,
}

/// An invocation on its way to an environment.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) invocation: Invocation,
    pub(super) lease: Lease,
    pub(super) reply: oneshot::Sender<Finished>,
    /// Held until the invocation has ended.
    pub(super) pending: Pending,
}

/// How an attempt ended.
#[derive(Debug, Clone)]
pub(super) struct Finished {
    /// What the caller gets.
    pub(super) payload: Bytes,
    /// Why it is an error, if it is one.
    pub(super) error: Option<FunctionError>,
    /// The last 4 KB of the log.
    pub(super) tail: String,
    /// The entry of its end.
    pub(super) entry: EntryId,
}
