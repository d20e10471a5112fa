//! Simple Notification Service: topics, subscriptions, messages, and the inbox that stands in for
//! mailboxes and phones.
//!
//! The rooms: `topics` and `subscriptions` are the operations on what there is, `settings`
//! the attributes of subscriptions, `publish` what a message must look like, `deliver` where
//! it goes, `envelope` how it looks there, `filter` who wants it, `inbox` and `links` what
//! a reader of mail sees.
//!
//! Deliberately absent: FIFO topics, HTTP, mobile push and Firehose subscriptions, encryption,
//! delivery status logs, data protection policies, signatures (see `envelope`), and the limits
//! of the SMS sandbox. Each is refused by name.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::core::Core;
use crate::front::query::Params;
use crate::front::{Answer, ApiError, Call, ServiceName};

mod access;
mod attributes;
mod deliver;
mod envelope;
mod error;
mod filter;
mod inbox;
mod links;
mod publish;
mod settings;
mod state;
mod subscriptions;
mod topics;

pub use inbox::{INBOX_PATH, InboxKind, InboxMessage};

use state::State;

/// The operations that are supported, by API name.
pub const OPERATIONS: &[&str] = &[
    "ConfirmSubscription",
    "CreateTopic",
    "DeleteTopic",
    "GetSubscriptionAttributes",
    "GetTopicAttributes",
    "ListSubscriptions",
    "ListSubscriptionsByTopic",
    "ListTagsForResource",
    "ListTopics",
    "Publish",
    "PublishBatch",
    "SetSubscriptionAttributes",
    "SetTopicAttributes",
    "Subscribe",
    "TagResource",
    "Unsubscribe",
    "UntagResource",
];

/// The service.
#[derive(Debug)]
pub struct Sns {
    core: Arc<Core>,
    state: Mutex<State>,
    inbox: Mutex<Vec<InboxMessage>>,
}

impl Sns {
    /// Nothing in it yet.
    #[must_use]
    pub fn new(core: Arc<Core>) -> Arc<Self> {
        Arc::new(Self {
            core,
            state: Mutex::default(),
            inbox: Mutex::default(),
        })
    }

    /// Carries out a call.
    ///
    /// # Errors
    /// The operation's own, or that it is not supported.
    pub async fn handle(self: &Arc<Self>, call: &Call) -> Result<Answer, ApiError> {
        let params = Params::parse(call.uri.query(), &call.body);
        match call.operation.as_str() {
            "ConfirmSubscription" => self.confirm_subscription(call, &params),
            "CreateTopic" => self.create_topic(call, &params),
            "DeleteTopic" => self.delete_topic(call, &params),
            "GetSubscriptionAttributes" => self.get_subscription_attributes(call, &params),
            "GetTopicAttributes" => self.get_topic_attributes(call, &params),
            "ListSubscriptions" => self.list_subscriptions(call, &params),
            "ListSubscriptionsByTopic" => self.list_subscriptions_by_topic(call, &params),
            "ListTagsForResource" => self.list_tags_for_resource(call, &params),
            "ListTopics" => self.list_topics(call, &params),
            "Publish" => self.publish(call, &params),
            "PublishBatch" => self.publish_batch(call, &params),
            "SetSubscriptionAttributes" => self.set_subscription_attributes(call, &params),
            "SetTopicAttributes" => self.set_topic_attributes(call, &params),
            "Subscribe" => self.subscribe(call, &params),
            "TagResource" => self.tag_resource(call, &params),
            "Unsubscribe" => self.unsubscribe(call, &params),
            "UntagResource" => self.untag_resource(call, &params),
            other => Err(ApiError::unsupported(ServiceName::Sns, other)),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn inbox_lock(&self) -> MutexGuard<'_, Vec<InboxMessage>> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
