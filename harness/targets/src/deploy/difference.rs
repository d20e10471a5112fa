//! Brings a stack that was made to what its configuration says now, as `terraform apply` does.
//!
//! What is new is made, what has changed is brought up to date where its service lets it be and
//! replaced where it does not, and what is no longer declared is removed, the last made first.

use std::collections::HashMap;

use zipster_stack::{Address, Kind, Resource, Stack};

use super::{Deployer, Executables, Leniency, Refusal, adjust, detach, waves};
use crate::TargetError;
use crate::clients::Clients;
use crate::progress::Report;

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
                Some(old) if old.kind == resource.kind => {}
                Some(old) => {
                    difference.changed.push(resource.address.clone());
                    if identity(&old.kind) != identity(&resource.kind) {
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

/// Makes `old`, which is there, into `new`.
///
/// # Errors
/// [`TargetError::Deploy`] naming the first resource that was refused; what was done before stays,
/// and doing it again does no harm.
pub async fn apply(
    clients: &Clients,
    old: &Stack,
    new: &Stack,
    code: &Executables,
    report: &Report,
) -> Result<Difference, TargetError> {
    let difference = Difference::between(old, new);
    let before = by_address(old);
    let deployer = Deployer {
        clients,
        stack: new,
        code,
        leniency: Leniency {
            update_existing: true,
            go_without: false,
        },
        report,
    };
    // A subscription of the same endpoint stands in the way of another.
    for address in &difference.replaced {
        if let Some(old) = before.get(address)
            && matches!(old.kind, Kind::TopicSubscription(_))
        {
            told(old, detach::detach(clients, &old.kind).await)?;
        }
    }
    for resource in waves(new).into_iter().flatten() {
        let old = before.get(&resource.address);
        if old.is_some_and(|old| old.kind == resource.kind) {
            continue;
        }
        deployer.make(resource).await?;
        if let Some(old) = old
            && !difference.replaced.contains(&resource.address)
        {
            told(
                resource,
                adjust::adjust(clients, &old.kind, &resource.kind).await,
            )?;
        }
    }
    for resource in old.order().rev() {
        let gone = difference.removed.contains(&resource.address)
            || difference.replaced.contains(&resource.address);
        if gone {
            told(resource, detach::take_away(clients, old, resource).await)?;
        }
    }
    Ok(difference)
}

/// What was not there counts as removed.
fn told(resource: &Resource, result: Result<(), Refusal>) -> Result<(), TargetError> {
    match result {
        Err(refusal) if !refusal.is_missing() => Err(TargetError::Deploy {
            what: format!("{} ({})", resource.address, refusal.operation),
            reason: refusal.reason,
        }),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn by_address(stack: &Stack) -> HashMap<&Address, &Resource> {
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
