//! Subscribing, confirming and unsubscribing.

use std::time::Duration;

use time::OffsetDateTime;
use zipster_names::Arn;

use super::envelope::QuestionKind;
use super::state::{Confirmation, PAGE, Protocol, Subscription, SubscriptionSettings};
use super::topics::{answer, decode_token, done, topic_arn};
use super::{Sns, error, post};
use crate::front::query::Params;
use crate::front::{Answer, ApiError, Call, ServiceName, Xml};

/// How long a confirmation link works.
const TOKEN_LIFE: Duration = Duration::from_secs(48 * 60 * 60);

impl Sns {
    /// Subscribing an endpoint again gives the subscription that it has.
    ///
    /// Follows <https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html>.
    pub(super) fn subscribe(&self, call: &Call, params: &Params) -> Result<Answer, ApiError> {
        let topic = topic_arn(call, params, "TopicArn")?;
        let protocol = protocol(params.require("Protocol")?)?;
        let endpoint = params.get("Endpoint").unwrap_or_default();
        check_endpoint(protocol, endpoint)?;
        let policy = self.policy_of(topic.as_str());
        self.authorize_with(
            call,
            "sns:Subscribe",
            topic.as_str(),
            policy.as_deref(),
            &[
                ("sns:Endpoint", endpoint.to_owned()),
                ("sns:Protocol", protocol.as_str().to_owned()),
            ],
        )?;
        let mut settings = SubscriptionSettings::default();
        let attributes = params.map("Attributes.entry");
        let reason = "Attributes Reason: ";
        // The scope first: it decides which policies are valid.
        if let Some(scope) = attributes.get("FilterPolicyScope") {
            settings.set(protocol, "FilterPolicyScope", scope, reason)?;
        }
        for (name, value) in &attributes {
            settings.set(protocol, name, value, reason)?;
        }
        let mut state = self.state();
        if !state.topics.contains_key(topic.as_str()) {
            return Err(error::no_topic());
        }
        let existing = state
            .subscriptions_of(topic.as_str())
            .find(|other| other.protocol == protocol && other.endpoint == endpoint)
            .cloned();
        let subscription = match existing {
            Some(existing) if !attributes.is_empty() && existing.settings != settings => {
                return Err(error::invalid(
                    "Attributes Reason: Subscription already exists with different attributes",
                ));
            }
            Some(existing) if existing.is_confirmed() => existing,
            // Asked again for an unconfirmed endpoint, AWS sends the mail again, with a new token.
            Some(existing) => {
                let renewed = Subscription {
                    confirmation: self.confirmation(protocol),
                    ..existing
                };
                state
                    .subscriptions
                    .insert(renewed.arn.clone(), renewed.clone());
                renewed
            }
            None if settings.filter.is_some() && !state.has_room_for_filter(&topic) => {
                return Err(error::too_many_filters());
            }
            None => {
                let subscription = Subscription {
                    arn: format!("{topic}:{}", self.core.random.uuid()),
                    topic: topic.clone(),
                    owner: call.identity.principal.account().clone(),
                    principal: call.identity.principal.arn(),
                    protocol,
                    endpoint: endpoint.to_owned(),
                    confirmation: self.confirmation(protocol),
                    settings,
                    sequence: 0,
                };
                state.insert(subscription.clone());
                subscription
            }
        };
        let (display_name, version) = state
            .topics
            .get(topic.as_str())
            .map(|topic| (topic.display_name.clone(), topic.signature_version()))
            .unwrap_or_default();
        drop(state);
        match &subscription.confirmation {
            Confirmation::Pending { token, .. } if protocol.is_http() => {
                let cause = (call.entry, &call.pending);
                self.post_question(QuestionKind::Confirm, &subscription, token, cause);
            }
            Confirmation::Pending { token, .. } => {
                self.ask_for_confirmation(call.entry, &subscription, token, &display_name, version);
            }
            Confirmation::Given { .. } => {}
        }
        let shown =
            if subscription.is_confirmed() || params.get("ReturnSubscriptionArn") == Some("true") {
                &subscription.arn
            } else {
                "pending confirmation"
            };
        Ok(answer(call, |xml| xml.text("SubscriptionArn", shown)))
    }

    fn confirmation(&self, protocol: Protocol) -> Confirmation {
        if protocol.needs_confirmation() {
            let (token, until) = self.token();
            Confirmation::Pending { token, until }
        } else {
            Confirmation::Given {
                token: None,
                authenticated: true,
                authenticate_on_unsubscribe: false,
            }
        }
    }

    /// A new token, and until when it confirms.
    pub(super) fn token(&self) -> (String, OffsetDateTime) {
        let token = hex::encode(self.core.random.bytes::<128>());
        (token, self.core.clock.now() + TOKEN_LIFE)
    }

    /// Follows <https://docs.aws.amazon.com/sns/latest/api/API_ConfirmSubscription.html>.
    pub(super) fn confirm_subscription(
        &self,
        call: &Call,
        params: &Params,
    ) -> Result<Answer, ApiError> {
        let topic = topic_arn(call, params, "TopicArn")?;
        self.authorize_on_topic(call, "sns:ConfirmSubscription", &topic)?;
        let token = params.get("Token").unwrap_or_default();
        let only_signed = params.get("AuthenticateOnUnsubscribe") == Some("true");
        let subscription = self.confirm(topic.as_str(), token, true, only_signed)?;
        Ok(answer(call, |xml| {
            xml.text("SubscriptionArn", &subscription.arn);
        }))
    }

    /// Confirms the subscription that `token` was sent for. Doing it again changes nothing.
    pub(super) fn confirm(
        &self,
        topic: &str,
        token: &str,
        authenticated: bool,
        authenticate_on_unsubscribe: bool,
    ) -> Result<Subscription, ApiError> {
        if token.len() != 256 || !token.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(ApiError::bad_request("InvalidParameter", "Invalid token"));
        }
        let now = self.core.clock.now();
        let mut state = self.state();
        state.revive(topic, token);
        let subscription = state
            .subscriptions
            .values_mut()
            .filter(|subscription| subscription.topic == topic)
            .find(|subscription| match &subscription.confirmation {
                Confirmation::Pending { token: asked, .. } => asked == token,
                Confirmation::Given { token: given, .. } => given.as_deref() == Some(token),
            })
            .ok_or_else(|| error::invalid("Token"))?;
        if let Confirmation::Pending { until, .. } = &subscription.confirmation {
            if *until < now {
                return Err(ApiError::bad_request("InvalidParameter", "Invalid token"));
            }
            subscription.confirmation = Confirmation::Given {
                token: Some(token.to_owned()),
                authenticated,
                authenticate_on_unsubscribe,
            };
        }
        Ok(subscription.clone())
    }

    /// A subscription that does not exist is no error.
    ///
    /// Follows <https://docs.aws.amazon.com/sns/latest/api/API_Unsubscribe.html>.
    pub(super) fn unsubscribe(&self, call: &Call, params: &Params) -> Result<Answer, ApiError> {
        let arn = subscription_arn(params)?;
        self.authorize(call, "sns:Unsubscribe", "*", None)?;
        let known = self.state().subscriptions.get(&arn).cloned();
        if let Some(subscription) = known {
            self.check_owner(call, &subscription)?;
            self.state().remove(&arn);
        }
        Ok(done(call))
    }

    /// Follows <https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptions.html>.
    pub(super) fn list_subscriptions(
        &self,
        call: &Call,
        params: &Params,
    ) -> Result<Answer, ApiError> {
        self.authorize(call, "sns:ListSubscriptions", "*", None)?;
        let account = call.identity.principal.account();
        self.list(call, params, |subscription| {
            subscription.owner == *account && subscription.topic.region() == Some(&call.region)
        })
    }

    /// Follows <https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptionsByTopic.html>.
    pub(super) fn list_subscriptions_by_topic(
        &self,
        call: &Call,
        params: &Params,
    ) -> Result<Answer, ApiError> {
        let topic = topic_arn(call, params, "TopicArn")?;
        self.authorize_on_topic(call, "sns:ListSubscriptionsByTopic", &topic)?;
        if !self.state().topics.contains_key(topic.as_str()) {
            return Err(error::no_topic());
        }
        self.list(call, params, |subscription| subscription.topic == topic)
    }

    fn list(
        &self,
        call: &Call,
        params: &Params,
        wanted: impl Fn(&Subscription) -> bool,
    ) -> Result<Answer, ApiError> {
        let after: u64 = match params.get("NextToken") {
            None => 0,
            Some(token) => decode_token(token)?
                .parse()
                .map_err(|_| error::invalid("NextToken"))?,
        };
        let state = self.state();
        let mut all = state
            .subscriptions
            .values()
            .filter(|subscription| subscription.sequence > after && wanted(subscription));
        let page: Vec<&Subscription> = all.by_ref().take(PAGE).collect();
        let more = all.next().is_some();
        Ok(answer(call, |xml| {
            xml.open("Subscriptions");
            for subscription in &page {
                list_entry(xml, subscription);
            }
            xml.close("Subscriptions");
            if let (true, Some(last)) = (more, page.last()) {
                xml.text("NextToken", &hex::encode(last.sequence.to_string()));
            }
        }))
    }

    /// Subscriptions are no resources of IAM's, so another account is kept out here.
    pub(super) fn check_owner(
        &self,
        call: &Call,
        subscription: &Subscription,
    ) -> Result<(), ApiError> {
        let account = call.identity.principal.account();
        if subscription.owner == *account || subscription.topic.account() == Some(account) {
            return Ok(());
        }
        Err(ApiError::new(
            http::StatusCode::FORBIDDEN,
            "AuthorizationError",
            format!(
                "User: {} is not authorized to perform: SNS:{} on resource: {}",
                call.identity.principal.arn(),
                call.operation,
                subscription.arn
            ),
        ))
    }
}

fn list_entry(xml: &mut Xml, subscription: &Subscription) {
    xml.open("member");
    let arn = if subscription.is_confirmed() {
        &subscription.arn
    } else {
        "PendingConfirmation"
    };
    xml.text("SubscriptionArn", arn);
    xml.text("Owner", subscription.owner.as_str());
    xml.text("Protocol", subscription.protocol.as_str());
    xml.text("Endpoint", &subscription.endpoint);
    xml.text("TopicArn", subscription.topic.as_str());
    xml.close("member");
}

/// The ARN of a subscription among the parameters: a topic's, a colon, an identifier.
pub(super) fn subscription_arn(params: &Params) -> Result<String, ApiError> {
    let text = params.get("SubscriptionArn").unwrap_or_default();
    let fields = text.split(':').count();
    if fields < 6 {
        return Err(error::invalid(format!(
            "SubscriptionArn Reason: An ARN must have at least 6 elements, not {fields}"
        )));
    }
    if fields != 7 || Arn::parse(text).is_err() {
        return Err(error::invalid("SubscriptionArn"));
    }
    Ok(text.to_owned())
}

fn protocol(text: &str) -> Result<Protocol, ApiError> {
    match text {
        "application" | "firehose" => Err(ApiError::unsupported(
            ServiceName::Sns,
            &format!("the protocol {text}"),
        )),
        _ => Protocol::parse(text).ok_or_else(|| {
            error::invalid(format!(
                "Amazon SNS does not support this protocol string: {text}"
            ))
        }),
    }
}

fn check_endpoint(protocol: Protocol, endpoint: &str) -> Result<(), ApiError> {
    let arn = Arn::parse(endpoint).ok();
    let of = |service: &str| arn.as_ref().is_some_and(|arn| arn.service() == service);
    match protocol {
        Protocol::Email | Protocol::EmailJson if !is_address(endpoint) => {
            Err(error::invalid("Email address"))
        }
        Protocol::Sms if !is_phone_number(endpoint) => {
            Err(error::invalid(format!("Invalid SMS endpoint: {endpoint}")))
        }
        Protocol::Sqs if !of("sqs") => Err(error::invalid("SQS endpoint ARN")),
        Protocol::Sqs if endpoint.ends_with(".fifo") => Err(error::invalid(
            "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard \
             SNS topics",
        )),
        Protocol::Lambda if !of("lambda") => Err(error::invalid("Lambda endpoint ARN")),
        Protocol::Http | Protocol::Https => post::parse_endpoint(protocol, endpoint).map(|_| ()),
        Protocol::Email
        | Protocol::EmailJson
        | Protocol::Sms
        | Protocol::Sqs
        | Protocol::Lambda => Ok(()),
    }
}

/// Whether mail could be sent there: something on both sides of an `@`, nothing odd.
fn is_address(text: &str) -> bool {
    text.split_once('@')
        .is_some_and(|(user, host)| !user.is_empty() && host.contains('.') && !host.contains('@'))
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// Whether a text message could be sent there: E.164, such as `+14155550123`; people write it
/// with hyphens and blanks.
pub(super) fn is_phone_number(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    (8..=15).contains(&digits)
        && text
            .strip_prefix('+')
            .unwrap_or(text)
            .chars()
            .all(|c| c.is_ascii_digit() || "-. ()".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(protocol: Protocol, endpoint: &str, expected: Option<&str>) {
        let refused = check_endpoint(protocol, endpoint).err();
        assert_eq!(
            refused.map(|error| error.message).as_deref(),
            expected,
            "{endpoint}"
        );
    }

    #[test]
    fn an_endpoint_must_suit_its_protocol() {
        check(Protocol::Email, "ops@example.com", None);
        check(Protocol::EmailJson, "ops+zips@mail.example.com", None);
        for bad in [
            "",
            "ops",
            "@example.com",
            "a@b",
            "a b@example.com",
            "a@b@c.d",
        ] {
            check(
                Protocol::Email,
                bad,
                Some("Invalid parameter: Email address"),
            );
        }
        check(Protocol::Sms, "+14155550123", None);
        check(Protocol::Sms, "+1 415-555-0123", None);
        check(
            Protocol::Sms,
            "123",
            Some("Invalid parameter: Invalid SMS endpoint: 123"),
        );
        check(Protocol::Sqs, "arn:aws:sqs:us-east-1:123456789012:q", None);
        check(
            Protocol::Sqs,
            "http://127.0.0.1:4566/123456789012/q",
            Some("Invalid parameter: SQS endpoint ARN"),
        );
        check(
            Protocol::Lambda,
            "arn:aws:lambda:us-east-1:123456789012:function:f",
            None,
        );
        check(Protocol::Http, "http://127.0.0.1:8080/news?of=zips", None);
        for bad in [
            "https://example.com",
            "ftp://example.com",
            "example.com",
            "",
        ] {
            check(
                Protocol::Http,
                bad,
                Some("Invalid parameter: Endpoint must match the specified protocol"),
            );
        }
        check(
            Protocol::Http,
            "http://user:password@example.com",
            Some("sns: credentials in an endpoint is not supported by this emulator"),
        );
        check(
            Protocol::Lambda,
            "f",
            Some("Invalid parameter: Lambda endpoint ARN"),
        );
    }
}
