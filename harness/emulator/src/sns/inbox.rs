//! The inbox: where emails and text messages end up, since none leaves this machine.
//!
//! In-process it is [`Sns::inbox`]; over HTTP see `mailbox`.

use serde::{Serialize, Serializer};
use serde_json::json;
use time::OffsetDateTime;

use super::deliver::shown;
use super::eml::eml;
use super::envelope::{Letterhead, Question, QuestionKind, invitation};
use super::mailbox::is_mail;
use super::publish::Message;
use super::signing::SignatureVersion;
use super::state::{Protocol, Subscription};
use super::{Sns, links};
use crate::courier::MailDelivery;
use crate::journal::{EntryId, Event};
use crate::message::MessageAttributes;

/// The subject of a mail whose message has none.
const DEFAULT_SUBJECT: &str = "AWS Notification Message";

/// Who a mail is from when the topic has no display name.
const DEFAULT_SENDER: &str = "AWS Notifications";

/// What a mail or text message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InboxKind {
    /// A message of a topic, or a text message sent to the phone itself.
    Notification,
    /// The question whether the address's owner wants to subscribe.
    Confirmation,
}

impl InboxKind {
    /// The kind with this name in the inbox's JSON.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "notification" => Some(Self::Notification),
            "confirmation" => Some(Self::Confirmation),
            _ => None,
        }
    }
}

/// An email or a text message, as its reader sees it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InboxMessage {
    /// What it is for.
    pub kind: InboxKind,
    /// `email`, `email-json` or `sms`.
    pub protocol: &'static str,
    /// The address or phone number.
    pub endpoint: String,
    /// Who it is from, for mail.
    pub sender: Option<String>,
    /// The subject, for mail.
    pub subject: Option<String>,
    /// The whole text, with the links that AWS adds.
    pub body: String,
    /// The ARN of the topic; `None` for a text message sent to the phone itself.
    pub topic: Option<String>,
    /// The identifier that the publisher got; `None` where there was no publisher.
    pub message_id: Option<String>,
    /// The message's attributes. AWS does not show them to readers; tests want them.
    #[serde(serialize_with = "attributes_as_json")]
    pub attributes: MessageAttributes,
    /// Follow it with a plain GET to confirm the subscription.
    pub confirm_link: Option<String>,
    /// Follow it with a plain GET to end the subscription.
    pub unsubscribe_link: Option<String>,
    /// When it was sent, UTC.
    #[serde(with = "time::serde::rfc3339")]
    pub received: OffsetDateTime,
    /// The journal entry that caused it: a publication, or the call that subscribed.
    pub cause: EntryId,
}

impl InboxMessage {
    /// A topic's message as mail.
    pub(super) fn notice(
        message: &Message,
        subscription: &Subscription,
        sender: &str,
        endpoint: &str,
        cause: EntryId,
    ) -> Self {
        let unsubscribe = links::unsubscribe(endpoint, &subscription.arn);
        let text = message.body.to(subscription.protocol);
        Self {
            kind: InboxKind::Notification,
            protocol: subscription.protocol.as_str(),
            endpoint: subscription.endpoint.clone(),
            sender: Some(from(sender)),
            subject: Some(
                message
                    .subject
                    .clone()
                    .unwrap_or_else(|| DEFAULT_SUBJECT.to_owned()),
            ),
            body: format!(
                "{text}\n\n--\nIf you wish to stop receiving notifications from this topic, please \
                 click or visit the link below to unsubscribe:\n{unsubscribe}\n\nPlease do not \
                 reply directly to this email. If you have any questions or comments regarding \
                 this email, please contact us at https://aws.amazon.com/support\n"
            ),
            topic: Some(message.topic.to_string()),
            message_id: Some(message.id.clone()),
            attributes: message.attributes.clone(),
            confirm_link: None,
            unsubscribe_link: Some(unsubscribe),
            received: message.published,
            cause,
        }
    }

    /// A text message.
    pub(super) fn text_message(
        number: &str,
        topic: Option<String>,
        text: String,
        attributes: MessageAttributes,
        at: OffsetDateTime,
        cause: EntryId,
    ) -> Self {
        Self {
            kind: InboxKind::Notification,
            protocol: Protocol::Sms.as_str(),
            endpoint: number.to_owned(),
            sender: None,
            subject: None,
            body: text,
            topic,
            message_id: None,
            attributes,
            confirm_link: None,
            unsubscribe_link: None,
            received: at,
            cause,
        }
    }
}

/// The address in `name <address>`.
fn address_of(sender: &str) -> &str {
    let address = sender.rsplit_once('<').map_or(sender, |(_, rest)| rest);
    address.trim_end_matches('>')
}

impl Sns {
    /// All emails and text messages so far, oldest first.
    #[must_use]
    pub fn inbox(&self) -> Vec<InboxMessage> {
        self.inbox_lock().clone()
    }

    /// Those to one address or phone number, oldest first.
    #[must_use]
    pub fn inbox_of(&self, endpoint: &str) -> Vec<InboxMessage> {
        self.inbox_lock()
            .iter()
            .filter(|message| message.endpoint == endpoint)
            .cloned()
            .collect()
    }

    /// Puts a message into the inbox.
    pub(super) fn receive(&self, cause: EntryId, message: InboxMessage) {
        let event = Event::InboxReceived {
            protocol: message.protocol.to_owned(),
            endpoint: message.endpoint.clone(),
            subject: message.subject.clone(),
        };
        let relay = self.core.relay.clone();
        // Whoever reads the journal's entry finds the message.
        let relayed = {
            let mut inbox = self.inbox_lock();
            let relayed = relay
                .filter(|_| is_mail(&message))
                .map(|relay| (relay, eml(inbox.len() + 1, &message)));
            inbox.push(message.clone());
            relayed
        };
        let received = self.core.journal.record(Some(cause), event);
        if let Some((relay, mail)) = relayed {
            self.core.post.send(MailDelivery {
                relay,
                from: address_of(message.sender.as_deref().unwrap_or_default()).to_owned(),
                to: message.endpoint,
                mail: mail.into(),
                cause: received,
                pending: self.core.journal.pending(),
            });
        }
    }

    /// Sends the mail that asks whether somebody wants to subscribe.
    pub(super) fn ask_for_confirmation(
        &self,
        cause: EntryId,
        subscription: &Subscription,
        token: &str,
        display_name: &str,
        version: SignatureVersion,
    ) {
        let endpoint = self.core.endpoint();
        let now = self.core.clock.now();
        let topic = subscription.topic.as_str();
        let confirm = links::confirm(&endpoint, topic, token);
        let body = match subscription.protocol {
            Protocol::EmailJson => {
                let id = self.core.random.uuid();
                let letterhead = Letterhead {
                    signer: &self.signer,
                    version,
                    endpoint: &endpoint,
                };
                let question = Question {
                    kind: QuestionKind::Confirm,
                    id: &id,
                    token,
                    link: &confirm,
                    at: now,
                };
                invitation(subscription, question, letterhead)
            }
            Protocol::Email
            | Protocol::Sms
            | Protocol::Sqs
            | Protocol::Lambda
            | Protocol::Http
            | Protocol::Https => {
                format!(
                    "You have chosen to subscribe to the topic:\n{topic}\n\nTo confirm this \
                 subscription, click or visit the link below (If this was in error no action is \
                 necessary):\n{confirm}\n\nPlease do not reply directly to this email.\n"
                )
            }
        };
        let mail = InboxMessage {
            kind: InboxKind::Confirmation,
            protocol: subscription.protocol.as_str(),
            endpoint: subscription.endpoint.clone(),
            sender: Some(from(display_name)),
            subject: Some("AWS Notification - Subscription Confirmation".to_owned()),
            body,
            topic: Some(topic.to_owned()),
            message_id: None,
            attributes: MessageAttributes::new(),
            confirm_link: Some(confirm),
            unsubscribe_link: None,
            received: now,
            cause,
        };
        self.receive(cause, mail);
    }
}

fn from(display_name: &str) -> String {
    let name = if display_name.is_empty() {
        DEFAULT_SENDER
    } else {
        display_name
    };
    format!("{name} <no-reply@sns.amazonaws.com>")
}

fn attributes_as_json<S: Serializer>(
    attributes: &MessageAttributes,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(attributes.iter().map(|(name, attribute)| {
        let attribute = json!({"Type": attribute.data_type, "Value": shown(attribute)});
        (name, attribute)
    }))
}
