//! Topics and subscriptions: what there is, and how it is found.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use time::OffsetDateTime;
use zipster_names::{AccountId, Arn, Region};

use super::filter::{FilterPolicy, Scope};
use super::retries::DeliveryPolicy;
use super::signing::SignatureVersion;

/// Entries of a list per page, as on AWS.
pub(super) const PAGE: usize = 100;

/// The most subscriptions of a topic that have a filter policy.
const MOST_FILTERS_OF_TOPIC: usize = 200;

/// The same of all topics of an account in a region.
const MOST_FILTERS_OF_ACCOUNT: usize = 10_000;

/// Everything of all accounts and regions, by ARN.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) topics: BTreeMap<String, Topic>,
    /// In the order of subscribing, which is the order of delivery.
    pub(super) subscriptions: IndexMap<String, Subscription>,
    /// Subscriptions that a link has ended, by the token that brings each back.
    ended: BTreeMap<String, Subscription>,
    last_sequence: u64,
}

/// A topic.
#[derive(Debug, Clone)]
pub(super) struct Topic {
    pub(super) arn: Arn,
    pub(super) owner: AccountId,
    pub(super) display_name: String,
    /// The access policy, as JSON.
    pub(super) policy: String,
    /// Attributes that are kept as they were set, since nothing here depends on them.
    pub(super) kept: BTreeMap<String, String>,
    pub(super) tags: BTreeMap<String, String>,
    /// How many subscriptions were deleted.
    pub(super) deleted: u64,
}

/// Where a subscription's messages go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Email,
    EmailJson,
    Sms,
    Sqs,
    Lambda,
    Http,
    Https,
}

impl Protocol {
    /// The protocols of the API that are supported.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "email" => Some(Self::Email),
            "email-json" => Some(Self::EmailJson),
            "sms" => Some(Self::Sms),
            "sqs" => Some(Self::Sqs),
            "lambda" => Some(Self::Lambda),
            "http" => Some(Self::Http),
            "https" => Some(Self::Https),
            _ => None,
        }
    }

    /// Its name in the API.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::EmailJson => "email-json",
            Self::Sms => "sms",
            Self::Sqs => "sqs",
            Self::Lambda => "lambda",
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// Whether messages are posted.
    pub(super) fn is_http(self) -> bool {
        matches!(self, Self::Http | Self::Https)
    }

    /// Whether the endpoint's owner must confirm before anything is sent.
    pub(super) fn needs_confirmation(self) -> bool {
        match self {
            Self::Email | Self::EmailJson | Self::Http | Self::Https => true,
            Self::Sms | Self::Sqs | Self::Lambda => false,
        }
    }
}

/// A subscription.
#[derive(Debug, Clone)]
pub(super) struct Subscription {
    pub(super) arn: String,
    pub(super) topic: Arn,
    pub(super) owner: AccountId,
    /// The ARN of who subscribed.
    pub(super) principal: String,
    pub(super) protocol: Protocol,
    pub(super) endpoint: String,
    pub(super) confirmation: Confirmation,
    pub(super) settings: SubscriptionSettings,
    /// Counted from 1 in the order of subscribing.
    pub(super) sequence: u64,
}

/// Whether the endpoint's owner agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Confirmation {
    /// Not yet; messages are not sent.
    Pending {
        token: String,
        /// After this moment the token no longer confirms.
        until: OffsetDateTime,
    },
    /// Yes, or it was not needed.
    Given {
        /// The token that it was given with, which may be presented again.
        token: Option<String>,
        /// Whether a signed request confirmed or subscribed, rather than a link in a mail.
        authenticated: bool,
        /// Whether only signed requests may unsubscribe.
        authenticate_on_unsubscribe: bool,
    },
}

/// What `SetSubscriptionAttributes` sets.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct SubscriptionSettings {
    pub(super) filter: Option<FilterPolicy>,
    pub(super) scope: Scope,
    pub(super) raw: bool,
    pub(super) redrive: Option<Redrive>,
    /// As it was set; it concerns HTTP endpoints only.
    pub(super) delivery_policy: Option<String>,
}

/// A redrive policy.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Redrive {
    /// As it was set.
    pub(super) text: String,
    /// The queue that takes what the endpoint did not.
    pub(super) dead_letters: Arn,
}

impl Topic {
    /// How it wants HTTP endpoints to be treated.
    pub(super) fn delivery_policy(&self) -> Option<&str> {
        self.kept.get("DeliveryPolicy").map(String::as_str)
    }

    /// How its messages are signed.
    pub(super) fn signature_version(&self) -> SignatureVersion {
        self.kept
            .get("SignatureVersion")
            .and_then(|version| SignatureVersion::parse(version))
            .unwrap_or_default()
    }
}

impl Subscription {
    /// How its endpoint is treated, if that is one of HTTP; `topic` is the policy of its topic.
    pub(super) fn delivery_policy(&self, topic: Option<&str>) -> DeliveryPolicy {
        DeliveryPolicy::of(topic, self.settings.delivery_policy.as_deref())
    }

    /// Whether messages are sent.
    pub(super) fn is_confirmed(&self) -> bool {
        matches!(self.confirmation, Confirmation::Given { .. })
    }
}

impl State {
    /// The topic's subscriptions, in the order of subscribing.
    pub(super) fn subscriptions_of<'a>(
        &'a self,
        topic: &'a str,
    ) -> impl Iterator<Item = &'a Subscription> {
        self.subscriptions
            .values()
            .filter(move |subscription| subscription.topic == topic)
    }

    /// Whether one more subscription of `topic` may have a filter policy.
    pub(super) fn has_room_for_filter(&self, topic: &Arn) -> bool {
        let filtered = || {
            self.subscriptions
                .values()
                .filter(|subscription| subscription.settings.filter.is_some())
                .map(|subscription| &subscription.topic)
        };
        let beside =
            |other: &Arn| other.account() == topic.account() && other.region() == topic.region();
        filtered().filter(|other| *other == topic).count() < MOST_FILTERS_OF_TOPIC
            && filtered().filter(|other| beside(other)).count() < MOST_FILTERS_OF_ACCOUNT
    }

    /// Keeps a subscription, as the last one.
    pub(super) fn insert(&mut self, mut subscription: Subscription) {
        self.last_sequence += 1;
        subscription.sequence = self.last_sequence;
        self.subscriptions
            .insert(subscription.arn.clone(), subscription);
    }

    /// Forgets a subscription.
    pub(super) fn remove(&mut self, arn: &str) {
        if let Some(subscription) = self.subscriptions.shift_remove(arn)
            && let Some(topic) = self.topics.get_mut(subscription.topic.as_str())
        {
            topic.deleted += 1;
        }
    }

    /// Keeps what is needed to bring back a subscription that was removed.
    pub(super) fn keep_ended(&mut self, token: String, until: OffsetDateTime, arn: &str) {
        if let Some(subscription) = self.subscriptions.get(arn) {
            let confirmation = Confirmation::Pending {
                token: token.clone(),
                until,
            };
            let ended = Subscription {
                confirmation,
                ..subscription.clone()
            };
            self.ended.insert(token, ended);
        }
    }

    /// Brings back, to be confirmed, the subscription of `topic` that was ended with this token.
    pub(super) fn revive(&mut self, topic: &str, token: &str) {
        let known = self.ended.get(token);
        if known.is_none_or(|ended| ended.topic != topic) || !self.topics.contains_key(topic) {
            return;
        }
        let ended = self.ended.remove(token);
        // Whoever subscribed anew in the meantime does not get everything twice.
        if let Some(ended) = ended.filter(|ended| {
            !self
                .subscriptions_of(topic)
                .any(|other| other.protocol == ended.protocol && other.endpoint == ended.endpoint)
        }) {
            self.insert(ended);
        }
    }

    /// Forgets a topic and its subscriptions.
    pub(super) fn remove_topic(&mut self, arn: &str) {
        self.topics.remove(arn);
        let gone: BTreeSet<String> = self
            .subscriptions_of(arn)
            .map(|subscription| subscription.arn.clone())
            .collect();
        self.subscriptions.retain(|arn, _| !gone.contains(arn));
        self.ended.retain(|_, ended| ended.topic != arn);
    }
}

/// Whether an ARN is of this account and region.
pub(super) fn is_at(arn: &Arn, account: &AccountId, region: &Region) -> bool {
    arn.account() == Some(account) && arn.region() == Some(region)
}
