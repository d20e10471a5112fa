//! Simple Notification Service: topics, subscriptions, messages, and the inbox that stands in for
//! mailboxes and phones.
//!
//! The rooms: `operations` is the table of what is supported, `topics` and `subscriptions` are the
//! operations on what there is, `permissions` what changes a topic's policy bit by bit, `settings`
//! the attributes of subscriptions, `publish` what a message must look like, `deliver` where it goes, `envelope` how it looks there, `signing`
//! what is under it, `filter` who wants it, `post` and `retries` how it gets to HTTP endpoints,
//! `inbox`, `mailbox`, `eml` and `links` what a reader of mail sees.
//!
//! Deliberately absent, and refused by name: FIFO topics, mobile push and Firehose
//! subscriptions, encryption, delivery status logs, data protection policies. There is no SMS
//! sandbox.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::core::Core;

mod access;
mod attributes;
mod deliver;
mod eml;
mod envelope;
mod error;
pub(crate) mod filter;
mod inbox;
mod links;
mod mailbox;
mod operations;
mod permissions;
mod post;
mod publish;
mod retries;
mod settings;
mod signing;
mod state;
mod subscriptions;
mod topics;

pub use inbox::{InboxKind, InboxMessage};
pub use mailbox::INBOX_PATH;
pub use operations::{OPERATIONS, Operation};

use signing::Signer;
use state::State;

/// The service.
#[derive(Debug)]
pub struct Sns {
    core: Arc<Core>,
    state: Mutex<State>,
    inbox: Mutex<Vec<InboxMessage>>,
    signer: Signer,
}

impl Sns {
    /// Nothing in it yet.
    #[must_use]
    pub fn new(core: Arc<Core>) -> Arc<Self> {
        Arc::new(Self {
            core,
            state: Mutex::default(),
            inbox: Mutex::default(),
            signer: Signer::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn inbox_lock(&self) -> MutexGuard<'_, Vec<InboxMessage>> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
