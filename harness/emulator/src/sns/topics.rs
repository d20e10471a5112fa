//! Operations on topics: create, delete, list, attributes and tags.

use std::collections::BTreeMap;

use serde_json::Value;
use zipster_names::{Arn, TopicName};

use super::access::{check_policy, default_policy};
use super::signing::SignatureVersion;
use super::state::{PAGE, Topic, is_at};
use super::{Sns, error, retries};
use crate::front::query::{self, Params};
use crate::front::{Answer, ApiError, Call, ServiceName};
use crate::iam::tags::{borrowed, request_tags, tag_keys};

/// How many tags a topic may have.
const MOST_TAGS: usize = 50;

/// How an attribute of a topic is treated.
enum Attribute {
    DisplayName,
    Policy,
    DeliveryPolicy,
    SignatureVersion,
    /// Kept if it has the value that changes nothing.
    Only(&'static str),
    Unsupported,
    Unknown,
}

impl Attribute {
    fn of(name: &str) -> Self {
        match name {
            "DisplayName" => Self::DisplayName,
            "Policy" => Self::Policy,
            "DeliveryPolicy" => Self::DeliveryPolicy,
            "TracingConfig" => Self::Only("PassThrough"),
            "SignatureVersion" => Self::SignatureVersion,
            "FifoTopic" | "ContentBasedDeduplication" => Self::Only("false"),
            "KmsMasterKeyId" | "ArchivePolicy" | "FifoThroughputScope" => Self::Unsupported,
            name if name.ends_with("FeedbackRoleArn") || name.ends_with("FeedbackSampleRate") => {
                Self::Unsupported
            }
            _ => Self::Unknown,
        }
    }
}

impl Sns {
    /// Follows <https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html>.
    pub(super) fn create_topic(&self, call: &Call, params: &Params) -> Result<Answer, ApiError> {
        let name = params.require("Name")?;
        let name = TopicName::parse(name).map_err(|_| error::invalid("Topic Name"))?;
        let account = call.identity.principal.account();
        let arn = Arn::topic(&call.region, account, &name);
        let tags = tags(params)?;
        let (resource, context) = (arn.as_str(), request_tags(&tags));
        let context = borrowed(&context);
        self.authorize_with(call, "sns:CreateTopic", resource, None, &context)?;
        if !tags.is_empty() {
            self.authorize_with(call, "sns:TagResource", resource, None, &context)?;
        }
        if name.is_fifo() {
            return Err(ApiError::unsupported(ServiceName::Sns, "a FIFO topic"));
        }
        let mut topic = Topic {
            policy: default_policy(&arn, account),
            arn: arn.clone(),
            owner: account.clone(),
            display_name: String::new(),
            kept: BTreeMap::new(),
            tags,
            deleted: 0,
        };
        for (name, value) in params.map("Attributes.entry") {
            set_attribute(&mut topic, &name, &value, "Attributes Reason: ")?;
        }
        let mut state = self.state();
        match state.topics.get(arn.as_str()) {
            None => {
                state.topics.insert(arn.as_str().to_owned(), topic);
            }
            Some(existing) if !topic.tags.is_empty() && existing.tags != topic.tags => {
                return Err(error::invalid(
                    "Tags Reason: Topic already exists with different tags",
                ));
            }
            Some(existing) => {
                let asked = params.map("Attributes.entry");
                let differs = asked
                    .iter()
                    .any(|(name, value)| !has_attribute(existing, name, value));
                if differs {
                    return Err(error::invalid(
                        "Attributes Reason: Topic already exists with different attributes",
                    ));
                }
            }
        }
        drop(state);
        Ok(answer(call, |xml| xml.text("TopicArn", arn.as_str())))
    }

    /// Deletes the topic and its subscriptions. A topic that does not exist is no error.
    ///
    /// Follows <https://docs.aws.amazon.com/sns/latest/api/API_DeleteTopic.html>.
    pub(super) fn delete_topic(&self, call: &Call, params: &Params) -> Result<Answer, ApiError> {
        let arn = topic_arn(call, params, "TopicArn")?;
        self.authorize_on_topic(call, "sns:DeleteTopic", &arn)?;
        self.state().remove_topic(arn.as_str());
        Ok(done(call))
    }

    /// Follows <https://docs.aws.amazon.com/sns/latest/api/API_ListTopics.html>.
    pub(super) fn list_topics(&self, call: &Call, params: &Params) -> Result<Answer, ApiError> {
        self.authorize(call, "sns:ListTopics", "*", None)?;
        let after = params.get("NextToken").map(decode_token).transpose()?;
        let state = self.state();
        let account = call.identity.principal.account();
        let mut arns = state
            .topics
            .values()
            .filter(|topic| is_at(&topic.arn, account, &call.region))
            .map(|topic| topic.arn.as_str())
            .filter(|arn| after.as_deref().is_none_or(|after| *arn > after));
        let page: Vec<&str> = arns.by_ref().take(PAGE).collect();
        let more = arns.next().is_some();
        Ok(answer(call, |xml| {
            xml.open("Topics");
            for arn in &page {
                xml.open("member");
                xml.text("TopicArn", arn);
                xml.close("member");
            }
            xml.close("Topics");
            if let (true, Some(last)) = (more, page.last()) {
                xml.text("NextToken", &hex::encode(last));
            }
        }))
    }

    /// Follows <https://docs.aws.amazon.com/sns/latest/api/API_GetTopicAttributes.html>.
    pub(super) fn get_topic_attributes(
        &self,
        call: &Call,
        params: &Params,
    ) -> Result<Answer, ApiError> {
        let arn = topic_arn(call, params, "TopicArn")?;
        self.authorize_on_topic(call, "sns:GetTopicAttributes", &arn)?;
        let state = self.state();
        let topic = state.topics.get(arn.as_str()).ok_or_else(error::no_topic)?;
        let confirmed = state
            .subscriptions_of(arn.as_str())
            .filter(|subscription| subscription.is_confirmed())
            .count();
        let pending = state.subscriptions_of(arn.as_str()).count() - confirmed;
        let mut attributes = topic.kept.clone();
        let effective = attributes
            .get("DeliveryPolicy")
            .cloned()
            .unwrap_or_else(retries::default_of_topics);
        attributes.extend(
            [
                ("TopicArn", arn.as_str().to_owned()),
                ("Owner", topic.owner.to_string()),
                ("DisplayName", topic.display_name.clone()),
                ("Policy", topic.policy.clone()),
                ("EffectiveDeliveryPolicy", effective),
                ("SubscriptionsConfirmed", confirmed.to_string()),
                ("SubscriptionsPending", pending.to_string()),
                ("SubscriptionsDeleted", topic.deleted.to_string()),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        Ok(answer(call, |xml| map(xml, "Attributes", &attributes)))
    }

    /// Follows <https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html>.
    pub(super) fn set_topic_attributes(
        &self,
        call: &Call,
        params: &Params,
    ) -> Result<Answer, ApiError> {
        let arn = topic_arn(call, params, "TopicArn")?;
        let name = params.require("AttributeName")?;
        self.authorize_on_topic(call, "sns:SetTopicAttributes", &arn)?;
        let value = params.get("AttributeValue").unwrap_or_default();
        let mut state = self.state();
        let topic = state
            .topics
            .get_mut(arn.as_str())
            .ok_or_else(error::no_topic)?;
        set_attribute(topic, name, value, "")?;
        Ok(done(call))
    }

    /// Follows <https://docs.aws.amazon.com/sns/latest/api/API_TagResource.html>.
    pub(super) fn tag_resource(&self, call: &Call, params: &Params) -> Result<Answer, ApiError> {
        let arn = topic_arn(call, params, "ResourceArn")?;
        let new = tags(params)?;
        self.authorize_tags(call, "sns:TagResource", &arn, &request_tags(&new))?;
        let mut state = self.state();
        let topic = state
            .topics
            .get_mut(arn.as_str())
            .ok_or_else(error::no_resource)?;
        let mut all = topic.tags.clone();
        all.extend(new);
        if all.len() > MOST_TAGS {
            return Err(ApiError::bad_request(
                "TagLimitExceeded",
                "Could not complete request: tag quota of per resource exceeded",
            ));
        }
        topic.tags = all;
        Ok(answer(call, |_| {}))
    }

    /// Follows <https://docs.aws.amazon.com/sns/latest/api/API_UntagResource.html>.
    pub(super) fn untag_resource(&self, call: &Call, params: &Params) -> Result<Answer, ApiError> {
        let arn = topic_arn(call, params, "ResourceArn")?;
        let keys: Vec<String> = params
            .list("TagKeys.member")
            .iter()
            .map(|key| key.get("").unwrap_or_default().to_owned())
            .collect();
        self.authorize_tags(call, "sns:UntagResource", &arn, &tag_keys(&keys))?;
        let mut state = self.state();
        let topic = state
            .topics
            .get_mut(arn.as_str())
            .ok_or_else(error::no_resource)?;
        for key in &keys {
            topic.tags.remove(key);
        }
        Ok(answer(call, |_| {}))
    }

    /// Follows <https://docs.aws.amazon.com/sns/latest/api/API_ListTagsForResource.html>.
    pub(super) fn list_tags_for_resource(
        &self,
        call: &Call,
        params: &Params,
    ) -> Result<Answer, ApiError> {
        let arn = topic_arn(call, params, "ResourceArn")?;
        self.authorize_on_topic(call, "sns:ListTagsForResource", &arn)?;
        let state = self.state();
        let topic = state
            .topics
            .get(arn.as_str())
            .ok_or_else(error::no_resource)?;
        Ok(answer(call, |xml| {
            xml.open("Tags");
            for (key, value) in &topic.tags {
                xml.open("member");
                xml.text("Key", key);
                xml.text("Value", value);
                xml.close("member");
            }
            xml.close("Tags");
        }))
    }
}

/// The answer to a call, in the query protocol.
pub(super) fn answer(call: &Call, result: impl FnOnce(&mut crate::front::Xml)) -> Answer {
    query::answer(ServiceName::Sns, &call.operation, &call.request_id, result)
}

/// The answer to a call that has no result.
pub(super) fn done(call: &Call) -> Answer {
    query::done(ServiceName::Sns, &call.operation, &call.request_id)
}

/// A map of strings, as `<name><entry><key/><value/></entry>...`.
pub(super) fn map(xml: &mut crate::front::Xml, name: &str, entries: &BTreeMap<String, String>) {
    xml.open(name);
    for (key, value) in entries {
        xml.open("entry");
        xml.text("key", key);
        xml.text("value", value);
        xml.close("entry");
    }
    xml.close(name);
}

/// A topic's ARN among the parameters: of this service and of the region that was called.
pub(super) fn topic_arn(call: &Call, params: &Params, name: &str) -> Result<Arn, ApiError> {
    parse_topic_arn(call, params.get(name).unwrap_or_default(), name)
}

/// See [`topic_arn`].
pub(super) fn parse_topic_arn(call: &Call, text: &str, name: &str) -> Result<Arn, ApiError> {
    let fields = text.split(':').count();
    if fields < 6 {
        return Err(error::invalid(format!(
            "{name} Reason: An ARN must have at least 6 elements, not {fields}"
        )));
    }
    let arn = Arn::parse(text).map_err(|_| error::invalid(name))?;
    let here = arn.service() == "sns" && arn.region() == Some(&call.region);
    if here && arn.account().is_some() && fields == 6 {
        Ok(arn)
    } else {
        Err(error::invalid(name))
    }
}

/// What a `NextToken` says; it is the hexadecimal form of the last entry seen.
pub(super) fn decode_token(token: &str) -> Result<String, ApiError> {
    hex::decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| error::invalid("NextToken"))
}

fn tags(params: &Params) -> Result<BTreeMap<String, String>, ApiError> {
    let mut tags = BTreeMap::new();
    for tag in params.list("Tags.member") {
        let key = tag.get("Key").unwrap_or_default().to_owned();
        let value = tag.get("Value").unwrap_or_default().to_owned();
        if tags.insert(key, value).is_some() {
            return Err(error::invalid("Duplicated keys are not allowed."));
        }
    }
    Ok(tags)
}

/// Sets one attribute; `reason` goes before its name in an error, and differs by operation.
fn set_attribute(topic: &mut Topic, name: &str, value: &str, reason: &str) -> Result<(), ApiError> {
    let wrong = |what: &str| Err(error::invalid(format!("{reason}{what}")));
    match Attribute::of(name) {
        Attribute::DisplayName if value.len() > 100 => wrong("DisplayName"),
        Attribute::DisplayName => {
            topic.display_name = value.to_owned();
            Ok(())
        }
        // Setting an empty policy brings the default back.
        Attribute::Policy if value.is_empty() => {
            topic.policy = default_policy(&topic.arn, &topic.owner);
            Ok(())
        }
        Attribute::Policy => match check_policy(value) {
            Ok(()) => {
                topic.policy = value.to_owned();
                Ok(())
            }
            Err(reason) => wrong(&reason),
        },
        Attribute::DeliveryPolicy if value.is_empty() => {
            topic.kept.remove(name);
            Ok(())
        }
        Attribute::DeliveryPolicy => match retries::check_topic(value) {
            Ok(()) => {
                topic.kept.insert(name.to_owned(), value.to_owned());
                Ok(())
            }
            Err(reason) => wrong(&format!("DeliveryPolicy: {reason}")),
        },
        Attribute::SignatureVersion if SignatureVersion::parse(value).is_none() => {
            wrong("SignatureVersion")
        }
        Attribute::SignatureVersion => {
            topic.kept.insert(name.to_owned(), value.to_owned());
            Ok(())
        }
        Attribute::Only(only) if value == only => {
            // A standard topic does not show that it is no FIFO topic.
            if only != "false" {
                topic.kept.insert(name.to_owned(), value.to_owned());
            }
            Ok(())
        }
        Attribute::Only(_) => Err(ApiError::unsupported(
            ServiceName::Sns,
            &format!("the topic attribute {name}={value}"),
        )),
        Attribute::Unsupported => Err(ApiError::unsupported(
            ServiceName::Sns,
            &format!("the topic attribute {name}"),
        )),
        Attribute::Unknown => wrong("AttributeName"),
    }
}

fn has_attribute(topic: &Topic, name: &str, value: &str) -> bool {
    match Attribute::of(name) {
        Attribute::DisplayName => topic.display_name == value,
        Attribute::Policy => {
            let parsed = |text: &str| serde_json::from_str::<Value>(text).ok();
            parsed(&topic.policy) == parsed(value)
        }
        Attribute::DeliveryPolicy => topic.kept.get(name).is_some_and(|kept| kept == value),
        Attribute::SignatureVersion => topic.signature_version().as_str() == value,
        Attribute::Only(only) => value == only,
        Attribute::Unsupported | Attribute::Unknown => false,
    }
}
