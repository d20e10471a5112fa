//! The attributes of a subscription.

use std::collections::BTreeMap;

use serde_json::Value;
use zipster_names::Arn;

use super::filter::{FilterPolicy, Scope};
use super::state::{Confirmation, Protocol, Redrive, SubscriptionSettings, Topic};
use super::subscriptions::subscription_arn;
use super::topics::{answer, done, map};
use super::{Sns, error, retries};
use crate::front::query::Params;
use crate::front::{Answer, ApiError, Call, ServiceName};

impl Sns {
    /// Follows <https://docs.aws.amazon.com/sns/latest/api/API_GetSubscriptionAttributes.html>.
    pub(super) fn get_subscription_attributes(
        &self,
        call: &Call,
        params: &Params,
    ) -> Result<Answer, ApiError> {
        let arn = subscription_arn(params)?;
        self.authorize(call, "sns:GetSubscriptionAttributes", "*", None)?;
        let subscription = self
            .state()
            .subscriptions
            .get(&arn)
            .cloned()
            .ok_or_else(error::no_subscription)?;
        self.check_owner(call, &subscription)?;
        let authenticated = matches!(
            subscription.confirmation,
            Confirmation::Given {
                authenticated: true,
                ..
            }
        );
        let settings = &subscription.settings;
        let mut attributes: BTreeMap<String, String> = [
            ("SubscriptionArn", subscription.arn.clone()),
            ("TopicArn", subscription.topic.to_string()),
            ("Owner", subscription.owner.to_string()),
            ("Protocol", subscription.protocol.as_str().to_owned()),
            ("Endpoint", subscription.endpoint.clone()),
            ("SubscriptionPrincipal", subscription.principal.clone()),
            ("ConfirmationWasAuthenticated", authenticated.to_string()),
            (
                "PendingConfirmation",
                (!subscription.is_confirmed()).to_string(),
            ),
            ("RawMessageDelivery", settings.raw.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let mut also = |name: &str, value: Option<&str>| {
            if let Some(value) = value {
                attributes.insert(name.to_owned(), value.to_owned());
            }
        };
        also(
            "FilterPolicy",
            settings.filter.as_ref().map(FilterPolicy::text),
        );
        also(
            "FilterPolicyScope",
            settings.filter.as_ref().map(|_| settings.scope.as_str()),
        );
        also(
            "RedrivePolicy",
            settings.redrive.as_ref().map(|r| r.text.as_str()),
        );
        also("DeliveryPolicy", settings.delivery_policy.as_deref());
        let effective = subscription.protocol.is_http().then(|| {
            let topic = self
                .state()
                .topics
                .get(subscription.topic.as_str())
                .cloned();
            let of_topic = topic.as_ref().and_then(Topic::delivery_policy);
            subscription.delivery_policy(of_topic).as_subscription()
        });
        also("EffectiveDeliveryPolicy", effective.as_deref());
        Ok(answer(call, |xml| map(xml, "Attributes", &attributes)))
    }

    /// Follows <https://docs.aws.amazon.com/sns/latest/api/API_SetSubscriptionAttributes.html>.
    pub(super) fn set_subscription_attributes(
        &self,
        call: &Call,
        params: &Params,
    ) -> Result<Answer, ApiError> {
        let arn = subscription_arn(params)?;
        let name = params.require("AttributeName")?;
        let value = params.get("AttributeValue").unwrap_or_default();
        self.authorize(call, "sns:SetSubscriptionAttributes", "*", None)?;
        let subscription = self
            .state()
            .subscriptions
            .get(&arn)
            .cloned()
            .ok_or_else(error::no_subscription)?;
        self.check_owner(call, &subscription)?;
        let mut settings = subscription.settings;
        let filtered = settings.filter.is_some();
        settings.set(subscription.protocol, name, value, "")?;
        let mut state = self.state();
        let one_more = settings.filter.is_some() && !filtered;
        if one_more && !state.has_room_for_filter(&subscription.topic) {
            return Err(error::too_many_filters());
        }
        if let Some(subscription) = state.subscriptions.get_mut(&arn) {
            subscription.settings = settings;
        }
        Ok(done(call))
    }
}

impl SubscriptionSettings {
    /// Sets one attribute; `reason` goes before its name in an error, and differs by operation.
    pub(super) fn set(
        &mut self,
        protocol: Protocol,
        name: &str,
        value: &str,
        reason: &str,
    ) -> Result<(), ApiError> {
        let wrong = |what: String| error::invalid(format!("{reason}{what}"));
        match name {
            "FilterPolicy" => self.filter = filter(value, self.scope, reason)?,
            "FilterPolicyScope" => {
                let scope = Scope::parse(value).ok_or_else(|| {
                    wrong(format!(
                        "FilterPolicyScope: Invalid value [{value}]. Please use either MessageBody \
                         or MessageAttributes"
                    ))
                })?;
                // A policy that is there must be valid in its new scope, too.
                let text = self.filter.as_ref().map(FilterPolicy::text).unwrap_or("");
                self.filter = filter(text, scope, reason)?;
                self.scope = scope;
            }
            "RawMessageDelivery" => {
                let raw = match value.to_ascii_lowercase().as_str() {
                    "true" => true,
                    "false" => false,
                    _ => {
                        return Err(wrong(format!(
                            "RawMessageDelivery: Invalid value [{value}]. Must be true or false."
                        )));
                    }
                };
                if raw && protocol != Protocol::Sqs && !protocol.is_http() {
                    return Err(wrong(format!(
                        "RawMessageDelivery: Delivery protocol [{}] does not support raw message \
                         delivery.",
                        protocol.as_str()
                    )));
                }
                self.raw = raw;
            }
            "RedrivePolicy" if value.is_empty() => self.redrive = None,
            "RedrivePolicy" => self.redrive = Some(redrive(value, reason)?),
            "DeliveryPolicy" if value.is_empty() => self.delivery_policy = None,
            "DeliveryPolicy" => {
                retries::check_subscription(value)
                    .map_err(|reason| wrong(format!("DeliveryPolicy: {reason}")))?;
                self.delivery_policy = Some(value.to_owned());
            }
            "SubscriptionRoleArn" | "ReplayPolicy" => {
                return Err(ApiError::unsupported(
                    ServiceName::Sns,
                    &format!("the subscription attribute {name}"),
                ));
            }
            _ => return Err(wrong("AttributeName".to_owned())),
        }
        Ok(())
    }
}

fn filter(text: &str, scope: Scope, reason: &str) -> Result<Option<FilterPolicy>, ApiError> {
    FilterPolicy::parse(text, scope).map_err(|error| error::invalid(format!("{reason}{error}")))
}

fn redrive(text: &str, reason: &str) -> Result<Redrive, ApiError> {
    let wrong = |what: &str| error::invalid(format!("{reason}RedrivePolicy: {what}"));
    let policy: Value = serde_json::from_str(text).map_err(|_| wrong("failed to parse JSON."))?;
    let target = policy
        .get("deadLetterTargetArn")
        .and_then(Value::as_str)
        .and_then(|target| Arn::parse(target).ok())
        .filter(|target| target.service() == "sqs")
        .ok_or_else(|| wrong("deadLetterTargetArn is an invalid arn"))?;
    Ok(Redrive {
        text: text.to_owned(),
        dead_letters: target,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(protocol: Protocol, name: &str, value: &str, expected: Option<&str>) {
        let refused = SubscriptionSettings::default()
            .set(protocol, name, value, "")
            .err();
        assert_eq!(
            refused.map(|error| error.message).as_deref(),
            expected,
            "{name}={value}"
        );
    }

    #[test]
    fn attributes_are_checked_when_they_are_set() {
        let sqs = Protocol::Sqs;
        check(sqs, "RawMessageDelivery", "true", None);
        check(
            sqs,
            "RawMessageDelivery",
            "test-ValUe",
            Some(
                "Invalid parameter: RawMessageDelivery: Invalid value [test-ValUe]. Must be true \
                 or false.",
            ),
        );
        check(
            Protocol::Lambda,
            "RawMessageDelivery",
            "true",
            Some(
                "Invalid parameter: RawMessageDelivery: Delivery protocol [lambda] does not \
                 support raw message delivery.",
            ),
        );
        check(sqs, "FilterPolicy", r#"{"status": ["failed"]}"#, None);
        check(
            sqs,
            "FilterPolicy",
            "{invalidjson}",
            Some("Invalid parameter: FilterPolicy: failed to parse JSON."),
        );
        check(
            sqs,
            "FilterPolicyScope",
            "RandomValue",
            Some(
                "Invalid parameter: FilterPolicyScope: Invalid value [RandomValue]. Please use \
                 either MessageBody or MessageAttributes",
            ),
        );
        check(
            sqs,
            "RedrivePolicy",
            r#"{"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:dead"}"#,
            None,
        );
        check(
            sqs,
            "RedrivePolicy",
            r#"{"deadLetterTargetArn": "fake-arn"}"#,
            Some("Invalid parameter: RedrivePolicy: deadLetterTargetArn is an invalid arn"),
        );
        check(sqs, "fake", "x", Some("Invalid parameter: AttributeName"));
    }

    #[test]
    fn a_nested_policy_keeps_its_scope() {
        let mut settings = SubscriptionSettings::default();
        let sqs = Protocol::Sqs;
        settings
            .set(sqs, "FilterPolicyScope", "MessageBody", "")
            .unwrap();
        settings
            .set(sqs, "FilterPolicy", r#"{"a": {"b": ["c"]}}"#, "")
            .unwrap();
        let error = settings
            .set(sqs, "FilterPolicyScope", "MessageAttributes", "")
            .unwrap_err();
        assert_eq!(
            error.message,
            "Invalid parameter: Filter policy scope MessageAttributes does not support nested \
             filter policy"
        );
        assert_eq!(settings.scope, Scope::MessageBody);
    }
}
