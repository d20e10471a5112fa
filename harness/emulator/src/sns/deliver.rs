//! From one message to everybody who subscribed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use zipster_names::Arn;

use super::Sns;
use super::envelope::{Letterhead, lambda_event, notification};
use super::inbox::InboxMessage;
use super::publish::Message;
use super::state::{Protocol, Subscription};
use crate::courier::Delivery;
use crate::identity::ServiceSource;
use crate::journal::{EntryId, Event, Pending};
use crate::message::{AttributeValue, MessageAttribute, MessageAttributes};

impl Sns {
    /// Writes the publication into the journal and sends the message to each confirmed
    /// subscription that wants it, in the order of subscribing. Emails and text messages have
    /// arrived when this returns; functions, queues and HTTP endpoints get
    /// theirs through the courier.
    pub(super) fn fan_out(&self, message: &Message, cause: EntryId, pending: &Pending) {
        let published = self.core.journal.record(
            Some(cause),
            Event::MessagePublished {
                topic: message.topic.to_string(),
                message_id: message.id.clone(),
                subject: message.subject.clone(),
            },
        );
        let (subscriptions, sender, version, policy) = {
            let state = self.state();
            let Some(topic) = state.topics.get(message.topic.as_str()) else {
                return;
            };
            let confirmed: Vec<Subscription> = state
                .subscriptions_of(message.topic.as_str())
                .filter(|subscription| subscription.is_confirmed())
                .cloned()
                .collect();
            (
                confirmed,
                topic.display_name.clone(),
                topic.signature_version(),
                topic.delivery_policy().map(str::to_owned),
            )
        };
        let endpoint = self.core.endpoint();
        let letterhead = Letterhead {
            signer: &self.signer,
            version,
            endpoint: &endpoint,
        };
        for subscription in &subscriptions {
            let text = message.body.to(subscription.protocol);
            let settings = &subscription.settings;
            let wanted = settings
                .filter
                .as_ref()
                .is_none_or(|filter| filter.matches(settings.scope, text, &message.attributes));
            if wanted && subscription.protocol.is_http() {
                let cause = (published, pending);
                self.post_notification(message, subscription, policy.as_deref(), letterhead, cause);
            } else if wanted {
                self.send(
                    message,
                    subscription,
                    &sender,
                    letterhead,
                    published,
                    pending,
                );
            } else {
                self.core.journal.record(
                    Some(published),
                    Event::MessageFiltered {
                        subscription: subscription.arn.clone(),
                    },
                );
            }
        }
    }

    fn send(
        &self,
        message: &Message,
        subscription: &Subscription,
        sender: &str,
        letterhead: Letterhead<'_>,
        published: EntryId,
        pending: &Pending,
    ) {
        let endpoint = letterhead.endpoint;
        let text = message.body.to(subscription.protocol);
        match subscription.protocol {
            Protocol::Email => {
                let mail = InboxMessage::notice(message, subscription, sender, endpoint, published);
                self.receive(published, mail);
            }
            Protocol::EmailJson => {
                let body = notification(message, text, subscription, letterhead);
                let mail = InboxMessage {
                    body,
                    ..InboxMessage::notice(message, subscription, sender, endpoint, published)
                };
                self.receive(published, mail);
            }
            Protocol::Sms => {
                let text = if sender.is_empty() {
                    text.to_owned()
                } else {
                    format!("{sender}> {text}")
                };
                let sms = InboxMessage::text_message(
                    &subscription.endpoint,
                    Some(message.topic.to_string()),
                    text,
                    message.attributes.clone(),
                    message.published,
                    published,
                );
                self.receive(published, sms);
            }
            Protocol::Lambda => {
                let event = lambda_event(message, text, subscription, letterhead);
                self.post(message, subscription, event, None, published, pending);
            }
            Protocol::Sqs if subscription.settings.raw => {
                let attributes = Some(message.attributes.clone());
                let body = text.to_owned();
                self.post(message, subscription, body, attributes, published, pending);
            }
            // HTTP endpoints have a way of their own: see `post`.
            Protocol::Http | Protocol::Https => {}
            Protocol::Sqs => {
                let body = notification(message, text, subscription, letterhead);
                self.post(message, subscription, body, None, published, pending);
            }
        }
    }

    fn post(
        &self,
        message: &Message,
        subscription: &Subscription,
        body: String,
        attributes: Option<MessageAttributes>,
        published: EntryId,
        pending: &Pending,
    ) {
        let (Ok(to), Some(owner)) = (Arn::parse(&subscription.endpoint), message.topic.account())
        else {
            // Subscribing checked both.
            return;
        };
        self.core.post.send(Delivery {
            to,
            from: ServiceSource {
                service: "sns.amazonaws.com",
                arn: message.topic.clone(),
                account: owner.clone(),
            },
            role: None,
            body: Bytes::from(body),
            subject: None,
            attributes: attributes.unwrap_or_default(),
            dead_letters: subscription
                .settings
                .redrive
                .as_ref()
                .map(|redrive| redrive.dead_letters.clone()),
            cause: published,
            pending: pending.clone(),
        });
    }
}

/// An attribute's value as JSON envelopes show it: binary as base64.
pub(super) fn shown(attribute: &MessageAttribute) -> String {
    match &attribute.value {
        AttributeValue::Text(text) => text.clone(),
        AttributeValue::Binary(bytes) => STANDARD.encode(bytes),
    }
}
