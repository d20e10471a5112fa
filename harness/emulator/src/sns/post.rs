//! What HTTP endpoints get: the question whether they want to subscribe, the messages, and the
//! question whether they meant to leave.
//!
//! Follows <https://docs.aws.amazon.com/sns/latest/dg/sns-http-https-endpoint-as-subscriber.html>
//! and <https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html>.
//! Differs from AWS: addresses of this machine are reached, and no others; user and password in the
//! endpoint are refused by name.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use url::Url;

use super::envelope::{Letterhead, Question, QuestionKind, invitation, notification};
use super::publish::Message;
use super::retries::{CONTENT_TYPE, DeliveryPolicy};
use super::state::{Protocol, Subscription, Topic};
use super::{Sns, error, links};
use crate::courier::{Delivery, HttpDelivery};
use crate::front::{ApiError, ServiceName};
use crate::identity::ServiceSource;
use crate::journal::{EntryId, Pending};
use crate::message::MessageAttributes;

const MESSAGE_TYPE: HeaderName = HeaderName::from_static("x-amz-sns-message-type");
const MESSAGE_ID: HeaderName = HeaderName::from_static("x-amz-sns-message-id");
const TOPIC_ARN: HeaderName = HeaderName::from_static("x-amz-sns-topic-arn");
const SUBSCRIPTION_ARN: HeaderName = HeaderName::from_static("x-amz-sns-subscription-arn");
const RAW: HeaderName = HeaderName::from_static("x-amz-sns-rawdelivery");

/// What AWS calls itself.
const AGENT: HeaderValue = HeaderValue::from_static("Amazon Simple Notification Service Agent");

/// The URL of an endpoint of HTTP or HTTPS.
pub(super) fn parse_endpoint(protocol: Protocol, text: &str) -> Result<Url, ApiError> {
    let url = Url::parse(text)
        .ok()
        .filter(|url| url.scheme() == protocol.as_str() && url.has_host())
        .ok_or_else(|| error::invalid("Endpoint must match the specified protocol"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(ApiError::unsupported(
            ServiceName::Sns,
            "credentials in an endpoint",
        ));
    }
    Ok(url)
}

impl Sns {
    /// Asks the endpoint's owner, who says yes with the token.
    pub(super) fn post_question(
        &self,
        kind: QuestionKind,
        subscription: &Subscription,
        token: &str,
        (cause, pending): (EntryId, &Pending),
    ) {
        let topic = self
            .state()
            .topics
            .get(subscription.topic.as_str())
            .cloned();
        let endpoint = self.core.endpoint();
        let id = self.core.random.uuid();
        let link = links::confirm(&endpoint, subscription.topic.as_str(), token);
        let letterhead = Letterhead {
            signer: &self.signer,
            version: topic
                .as_ref()
                .map(Topic::signature_version)
                .unwrap_or_default(),
            endpoint: &endpoint,
        };
        let question = Question {
            kind,
            id: &id,
            token,
            link: &link,
            at: self.core.clock.now(),
        };
        let body = invitation(subscription, question, letterhead);
        let mut headers = headers(kind.as_str(), &id, subscription, CONTENT_TYPE);
        if kind == QuestionKind::Leave {
            insert(&mut headers, SUBSCRIPTION_ARN, &subscription.arn);
        }
        let policy = subscription.delivery_policy(topic.as_ref().and_then(Topic::delivery_policy));
        self.post_http(subscription, headers, body, &policy, None, cause, pending);
    }

    /// Sends a message; `policy` is the topic's delivery policy.
    pub(super) fn post_notification(
        &self,
        message: &Message,
        subscription: &Subscription,
        policy: Option<&str>,
        letterhead: Letterhead<'_>,
        (cause, pending): (EntryId, &Pending),
    ) {
        let policy = subscription.delivery_policy(policy);
        let text = message.body.to(subscription.protocol);
        let settings = &subscription.settings;
        let mut headers = headers(
            "Notification",
            &message.id,
            subscription,
            policy.content_type(),
        );
        insert(&mut headers, SUBSCRIPTION_ARN, &subscription.arn);
        let (body, attributes) = if settings.raw {
            insert(&mut headers, RAW, "true");
            (text.to_owned(), message.attributes.clone())
        } else {
            let body = notification(message, text, subscription, letterhead);
            (body, MessageAttributes::new())
        };
        let redrive = settings.redrive.as_ref().zip(message.topic.account());
        let dead_letter = redrive.map(|(redrive, owner)| Delivery {
            to: redrive.dead_letters.clone(),
            from: ServiceSource {
                service: "sns.amazonaws.com",
                arn: message.topic.clone(),
                account: owner.clone(),
            },
            role: None,
            body: Bytes::from(body.clone()),
            subject: None,
            attributes,
            dead_letters: None,
            cause,
            pending: pending.clone(),
        });
        self.post_http(
            subscription,
            headers,
            body,
            &policy,
            dead_letter,
            cause,
            pending,
        );
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of a delivery")]
    fn post_http(
        &self,
        subscription: &Subscription,
        headers: HeaderMap,
        body: String,
        policy: &DeliveryPolicy,
        dead_letter: Option<Delivery>,
        cause: EntryId,
        pending: &Pending,
    ) {
        let Ok(url) = parse_endpoint(subscription.protocol, &subscription.endpoint) else {
            // Subscribing checked it.
            return;
        };
        self.core.post.send(HttpDelivery {
            url,
            headers,
            body: Bytes::from(body),
            retries: policy.retries.delays(),
            dead_letter,
            cause,
            pending: pending.clone(),
        });
    }
}

fn headers(kind: &str, id: &str, subscription: &Subscription, content_type: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    insert(&mut headers, MESSAGE_TYPE, kind);
    insert(&mut headers, MESSAGE_ID, id);
    insert(&mut headers, TOPIC_ARN, subscription.topic.as_str());
    insert(&mut headers, header::CONTENT_TYPE, content_type);
    headers.insert(header::USER_AGENT, AGENT);
    headers
}

/// Sets a header. All of them are made of visible ASCII: names, ARNs, and a content type that was
/// checked when it was set.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
