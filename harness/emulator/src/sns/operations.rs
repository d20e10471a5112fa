//! The operations that are supported, the parameters that each understands, and who carries them
//! out.
//!
//! A parameter that is not in the table is refused by name: what nobody reads could change what
//! the caller thinks has happened.

use super::Sns;
use crate::front::query::Params;
use crate::front::{Answer, ApiError, Call, ServiceName};

/// Carries out a call.
type Run = fn(&Sns, &Call, &Params) -> Result<Answer, ApiError>;

/// An operation.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// The API name.
    pub name: &'static str,
    /// Names of parameters; of lists and maps, what comes before the first dot.
    pub parameters: &'static [&'static str],
    run: Run,
}

const fn operation(name: &'static str, parameters: &'static [&'static str], run: Run) -> Operation {
    Operation {
        name,
        parameters,
        run,
    }
}

/// SNS's operations.
pub const OPERATIONS: &[Operation] = &[
    operation(
        "AddPermission",
        &["TopicArn", "Label", "AWSAccountId", "ActionName"],
        Sns::add_permission,
    ),
    operation(
        "ConfirmSubscription",
        &["TopicArn", "Token", "AuthenticateOnUnsubscribe"],
        Sns::confirm_subscription,
    ),
    operation(
        "CreateTopic",
        &["Name", "Attributes", "Tags"],
        Sns::create_topic,
    ),
    operation("DeleteTopic", &["TopicArn"], Sns::delete_topic),
    operation(
        "GetSubscriptionAttributes",
        &["SubscriptionArn"],
        Sns::get_subscription_attributes,
    ),
    operation(
        "GetTopicAttributes",
        &["TopicArn"],
        Sns::get_topic_attributes,
    ),
    operation("ListSubscriptions", &["NextToken"], Sns::list_subscriptions),
    operation(
        "ListSubscriptionsByTopic",
        &["TopicArn", "NextToken"],
        Sns::list_subscriptions_by_topic,
    ),
    operation(
        "ListTagsForResource",
        &["ResourceArn"],
        Sns::list_tags_for_resource,
    ),
    operation("ListTopics", &["NextToken"], Sns::list_topics),
    operation(
        "Publish",
        &[
            "TopicArn",
            "TargetArn",
            "PhoneNumber",
            "Message",
            "Subject",
            "MessageStructure",
            "MessageAttributes",
        ],
        Sns::publish,
    ),
    operation(
        "PublishBatch",
        &["TopicArn", "PublishBatchRequestEntries"],
        Sns::publish_batch,
    ),
    operation(
        "RemovePermission",
        &["TopicArn", "Label"],
        Sns::remove_permission,
    ),
    operation(
        "SetSubscriptionAttributes",
        &["SubscriptionArn", "AttributeName", "AttributeValue"],
        Sns::set_subscription_attributes,
    ),
    operation(
        "SetTopicAttributes",
        &["TopicArn", "AttributeName", "AttributeValue"],
        Sns::set_topic_attributes,
    ),
    operation(
        "Subscribe",
        &[
            "TopicArn",
            "Protocol",
            "Endpoint",
            "Attributes",
            "ReturnSubscriptionArn",
        ],
        Sns::subscribe,
    ),
    operation("TagResource", &["ResourceArn", "Tags"], Sns::tag_resource),
    operation("Unsubscribe", &["SubscriptionArn"], Sns::unsubscribe),
    operation(
        "UntagResource",
        &["ResourceArn", "TagKeys"],
        Sns::untag_resource,
    ),
];

impl Sns {
    /// Carries out a call.
    ///
    /// # Errors
    /// The operation's own, or that it or one of its parameters is not supported.
    pub fn handle(&self, call: &Call) -> Result<Answer, ApiError> {
        let operation = OPERATIONS
            .iter()
            .find(|operation| operation.name == call.operation)
            .ok_or_else(|| ApiError::unsupported(ServiceName::Sns, &call.operation))?;
        let params = Params::parse(call.uri.query(), &call.body);
        let unknown = params
            .names()
            .map(|name| name.split('.').next().unwrap_or_default())
            .find(|name| {
                // The protocol's own.
                !["Action", "Version"].contains(name) && !operation.parameters.contains(name)
            });
        if let Some(name) = unknown {
            let what = format!("the parameter {name} of {}", operation.name);
            return Err(ApiError::unsupported(ServiceName::Sns, &what));
        }
        (operation.run)(self, call, &params)
    }
}
