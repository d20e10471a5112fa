//! What is different between two readings of a configuration.

use std::collections::HashMap;

use zipster_stack::{Address, Kind, Resource, Stack};

/// What is different between two readings of a configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// Declared now and not before.
    pub added: Vec<Address>,
    /// Declared otherwise than before.
    pub changed: Vec<Address>,
    /// Of these, what becomes another resource: it is made anew, and the old one removed.
    pub replaced: Vec<Address>,
    /// Declared before and not now.
    pub removed: Vec<Address>,
}

impl Difference {
    /// What leads from `old` to `new`.
    #[must_use]
    pub fn between(old: &Stack, new: &Stack) -> Self {
        let before = by_address(old);
        let now = by_address(new);
        let mut difference = Self::default();
        for resource in new.order() {
            match before.get(&resource.address) {
                None => difference.added.push(resource.address.clone()),
                Some(old) if is_as_declared(old, resource) => {}
                Some(old) => {
                    difference.changed.push(resource.address.clone());
                    if !is_same(&old.kind, &resource.kind) {
                        difference.replaced.push(resource.address.clone());
                    }
                }
            }
        }
        difference.removed = old
            .order()
            .rev()
            .filter(|resource| !now.contains_key(&resource.address))
            .map(|resource| resource.address.clone())
            .collect();
        difference
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

/// Whether what is there is as it is declared.
pub(super) fn is_as_declared(there: &Resource, declared: &Resource) -> bool {
    there.kind == declared.kind && there.tags == declared.tags
}

/// Whether both are the same resource to its service, whatever the configuration calls it.
pub(super) fn is_same(one: &Kind, other: &Kind) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other) && identity(one) == identity(other)
}

pub(super) fn by_address(stack: &Stack) -> HashMap<&Address, &Resource> {
    stack
        .resources
        .iter()
        .map(|resource| (&resource.address, resource))
        .collect()
}

/// What makes it the same resource to its service: with another one of these Terraform replaces it.
fn identity(kind: &Kind) -> String {
    match kind {
        Kind::Bucket(it) => it.name.to_string(),
        Kind::BucketNotification(it) => it.bucket.to_string(),
        Kind::BucketVersioning(it) => it.bucket.to_string(),
        Kind::BucketPublicAccessBlock(it) => it.bucket.to_string(),
        Kind::BucketEncryption(it) => it.bucket.to_string(),
        Kind::BucketLifecycle(it) => it.bucket.to_string(),
        Kind::BucketPolicy(it) => it.bucket.to_string(),
        Kind::BucketOwnershipControls(it) => it.bucket.to_string(),
        Kind::Topic(it) => it.name.to_string(),
        Kind::TopicPolicy(it) => it.topic.to_string(),
        // SNS has no operation that changes all of it.
        Kind::TopicSubscription(it) => format!("{it:?}"),
        Kind::Queue(it) => it.name.to_string(),
        Kind::QueuePolicy(it) => it.queue.to_string(),
        Kind::Function(it) => it.name.to_string(),
        Kind::FunctionPermission(it) => {
            format!("{}:{:?} {}", it.function, it.qualifier, it.statement_id)
        }
        Kind::FunctionEventInvokeConfig(it) => format!("{}:{:?}", it.function, it.qualifier),
        Kind::EventSourceMapping(it) => {
            format!("{} {}:{:?}", it.source, it.function, it.qualifier)
        }
        Kind::Role(it) => format!("{}{}", it.path, it.name),
        Kind::RolePolicy(it) => format!("{} {}", it.role, it.name),
        Kind::Policy(it) => format!("{}{}", it.path, it.name),
        Kind::RolePolicyAttachment(it) => format!("{} {}", it.role, it.policy),
        Kind::LogGroup(it) => it.name.to_string(),
        Kind::Secret(it) => it.name.to_string(),
        Kind::SecretVersion(it) => it.secret.clone(),
    }
}

#[cfg(test)]
mod tests {
    use zipster_names::{AccountId, Region};
    use zipster_stack::{Inputs, Source};

    use super::*;

    fn stack(text: &str) -> Stack {
        let inputs = Inputs::new(
            AccountId::parse("123456789012").unwrap(),
            Region::parse("us-east-1").unwrap(),
        );
        let (stack, diagnostics) = zipster_stack::read(vec![Source::new("main.tf", text)], &inputs);
        stack.unwrap_or_else(|| panic!("{diagnostics:?}"))
    }

    #[track_caller]
    fn check(old: &str, new: &str, expected: &[&str]) {
        let difference = Difference::between(&stack(old), &stack(new));
        let each = |sign: &str, addresses: &[Address]| -> Vec<String> {
            let each = addresses.iter().map(|address| format!("{sign} {address}"));
            each.collect()
        };
        let found = [
            each("+", &difference.added),
            each("~", &difference.changed),
            each("-/+", &difference.replaced),
            each("-", &difference.removed),
        ];
        assert_eq!(found.concat(), expected);
        assert_eq!(difference.is_empty(), expected.is_empty());
    }

    #[test]
    fn resources_are_added_changed_replaced_and_removed() {
        let queue = |name: &str, delay: u32| {
            format!(
                "resource \"aws_sqs_queue\" \"q\" {{\n  name = \"{name}\"\n  delay_seconds = {delay}\n}}\n"
            )
        };
        let topic = "resource \"aws_sns_topic\" \"t\" {\n  name = \"t\"\n}\n";
        check(&queue("a", 0), &queue("a", 0), &[]);
        check(&queue("a", 0), &queue("a", 5), &["~ aws_sqs_queue.q"]);
        check(
            &queue("a", 0),
            &queue("b", 0),
            &["~ aws_sqs_queue.q", "-/+ aws_sqs_queue.q"],
        );
        check(
            &queue("a", 0),
            topic,
            &["+ aws_sns_topic.t", "- aws_sqs_queue.q"],
        );
    }

    #[test]
    fn a_subscription_is_replaced_whatever_changes() {
        let with = |filter: &str| {
            format!(
                "resource \"aws_sns_topic\" \"t\" {{\n  name = \"t\"\n}}\n\
                 resource \"aws_sns_topic_subscription\" \"s\" {{\n  topic_arn = aws_sns_topic.t.arn\n  \
                 protocol = \"email\"\n  endpoint = \"a@example.com\"\n  {filter}\n}}\n"
            )
        };
        check(
            &with(""),
            &with("filter_policy = jsonencode({ step = [\"1\"] })"),
            &[
                "~ aws_sns_topic_subscription.s",
                "-/+ aws_sns_topic_subscription.s",
            ],
        );
    }
}
