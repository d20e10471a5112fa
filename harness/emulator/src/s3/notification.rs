//! Who is told about changes in a bucket, and telling them.
//!
//! Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html>.
//! Not supported: EventBridge, and events of features that are not supported.

use s3s::dto::{
    Event as EventName, FilterRule, FilterRuleName, GetBucketNotificationConfigurationInput,
    GetBucketNotificationConfigurationOutput, LambdaFunctionConfiguration,
    NotificationConfigurationFilter, PutBucketNotificationConfigurationInput,
    PutBucketNotificationConfigurationOutput, QueueConfiguration, S3KeyFilter, TopicConfiguration,
};
use zipster_names::{AccountId, Arn, BucketName, ObjectKey, Region};

use super::access::Shared;
use super::api::Call;
use super::error::Failure;
use super::event::{self, Change, EventKind};
use super::store::{Bucket, Moment};
use super::track::Caller;
use super::versions::Version;
use crate::courier::{Delivery, Refused};
use crate::identity::ServiceSource;
use crate::journal::Event;
use crate::message::MessageAttributes;

/// The subject of S3's messages to topics.
const SUBJECT: &str = "Amazon S3 Notification";

/// The ETag in events of delete markers: the MD5 of no bytes.
const ETAG_OF_NOTHING: &str = "d41d8cd98f00b204e9800998ecf8427e";

/// A bucket's rules.
#[derive(Debug, Clone, Default)]
pub(super) struct Notification {
    rules: Vec<Rule>,
}

/// Tells one destination about some events of some objects.
#[derive(Debug, Clone)]
struct Rule {
    id: String,
    destination: Arn,
    events: Vec<Pattern>,
    prefix: Option<String>,
    suffix: Option<String>,
}

/// An event type of a configuration, such as `s3:ObjectCreated:*`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern(String);

impl Pattern {
    fn parse(text: &str) -> Result<Self, Failure> {
        let pattern = Self(text.to_owned());
        if EventKind::ALL.iter().any(|kind| pattern.matches(*kind)) {
            return Ok(pattern);
        }
        // Event types that exist, but whose events never happen here.
        const NEVER: [&str; 4] = [
            "s3:ObjectCreated:Post",
            "s3:LifecycleExpiration:",
            "s3:ObjectRestore:",
            "s3:Replication:",
        ];
        if NEVER.iter().any(|event| text.starts_with(event)) {
            return Err(Failure::unsupported(format!("the event type {text}")));
        }
        Err(Failure::InvalidArgument(format!(
            "The event '{text}' is not supported for notifications"
        )))
    }

    fn matches(&self, kind: EventKind) -> bool {
        let Some(name) = self.0.strip_prefix("s3:") else {
            return false;
        };
        match name.strip_suffix('*') {
            Some(group) => group.ends_with(':') && kind.name().starts_with(group),
            None => name == kind.name(),
        }
    }
}

impl Rule {
    fn concerns(&self, kind: EventKind, key: &str) -> bool {
        self.events.iter().any(|pattern| pattern.matches(kind))
            && key.starts_with(self.prefix())
            && key.ends_with(self.suffix())
    }

    fn prefix(&self) -> &str {
        self.prefix.as_deref().unwrap_or_default()
    }

    fn suffix(&self) -> &str {
        self.suffix.as_deref().unwrap_or_default()
    }

    /// Whether one event could be for both.
    fn overlaps(&self, other: &Self) -> bool {
        let (a, b) = (self, other);
        let events = EventKind::ALL.iter().any(|kind| {
            a.events.iter().any(|pattern| pattern.matches(*kind))
                && b.events.iter().any(|pattern| pattern.matches(*kind))
        });
        let prefixes = a.prefix().starts_with(b.prefix()) || b.prefix().starts_with(a.prefix());
        let suffixes = a.suffix().ends_with(b.suffix()) || b.suffix().ends_with(a.suffix());
        events && prefixes && suffixes
    }

    fn filter(&self) -> Option<NotificationConfigurationFilter> {
        let rule = |name: &'static str, value: &Option<String>| {
            value.as_ref().map(|value| FilterRule {
                name: Some(FilterRuleName::from_static(name)),
                value: Some(value.clone()),
            })
        };
        let rules: Vec<FilterRule> = [rule("Prefix", &self.prefix), rule("Suffix", &self.suffix)]
            .into_iter()
            .flatten()
            .collect();
        (!rules.is_empty()).then_some(NotificationConfigurationFilter {
            key: Some(S3KeyFilter {
                filter_rules: Some(rules),
            }),
        })
    }

    fn event_names(&self) -> Vec<EventName> {
        self.events
            .iter()
            .map(|pattern| EventName::from(pattern.0.clone()))
            .collect()
    }
}

/// A rule as a configuration has it, whatever its destination.
struct Draft<'a> {
    service: &'static str,
    id: Option<String>,
    arn: &'a str,
    events: &'a [EventName],
    filter: Option<&'a NotificationConfigurationFilter>,
}

impl Draft<'_> {
    fn parse(self, shared: &Shared, bucket: &Bucket) -> Result<Rule, Failure> {
        let destination = Arn::parse(self.arn)
            .ok()
            .filter(|arn| arn.service() == self.service)
            .filter(|arn| !arn.resource().ends_with(".fifo"))
            .ok_or_else(|| Failure::InvalidArgument("The ARN could not be parsed".to_owned()))?;
        if destination.region() != Some(&bucket.region) {
            return Err(Failure::InvalidArgument(
                "The notification destination service region is not valid for the bucket location constraint"
                    .to_owned(),
            ));
        }
        if self.events.is_empty() {
            return Err(Failure::MalformedXml);
        }
        let (prefix, suffix) = parse_filter(self.filter)?;
        Ok(Rule {
            id: self.id.unwrap_or_else(|| shared.core.random.uuid()),
            destination,
            events: self
                .events
                .iter()
                .map(|event| Pattern::parse(event.as_ref()))
                .collect::<Result<_, _>>()?,
            prefix,
            suffix,
        })
    }
}

type PrefixAndSuffix = (Option<String>, Option<String>);

fn parse_filter(
    filter: Option<&NotificationConfigurationFilter>,
) -> Result<PrefixAndSuffix, Failure> {
    let (mut prefix, mut suffix) = (None, None);
    let rules = filter
        .and_then(|filter| filter.key.as_ref()?.filter_rules.as_deref())
        .unwrap_or_default();
    for rule in rules {
        let name = rule.name.as_ref().map_or("", FilterRuleName::as_str);
        let place = match name.to_ascii_lowercase().as_str() {
            "prefix" => &mut prefix,
            "suffix" => &mut suffix,
            _ => {
                return Err(Failure::InvalidArgument(
                    "filter rule name must be either prefix or suffix".to_owned(),
                ));
            }
        };
        let value = rule.value.clone().unwrap_or_default();
        if place.replace(value).is_some() {
            return Err(Failure::InvalidArgument(format!(
                "Cannot specify more than one {} rule in a filter.",
                name.to_ascii_lowercase()
            )));
        }
    }
    Ok((prefix, suffix))
}

fn check_together(rules: &[Rule]) -> Result<(), Failure> {
    for (at, rule) in rules.iter().enumerate() {
        for other in &rules[..at] {
            if rule.id == other.id {
                return Err(Failure::InvalidArgument(
                    "Same ID used for multiple configurations. IDs must be unique.".to_owned(),
                ));
            }
            if rule.overlaps(other) {
                let filtered = [rule, other]
                    .iter()
                    .any(|rule| rule.prefix.is_some() || rule.suffix.is_some());
                let message = if filtered {
                    "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are overlapping for the same event type."
                } else {
                    "Configurations overlap. Configurations on the same bucket cannot share a common event type."
                };
                return Err(Failure::InvalidArgument(message.to_owned()));
            }
        }
    }
    Ok(())
}

/// Replaces a bucket's rules.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html>.
pub(super) async fn put_bucket_notification_configuration(
    shared: &Shared,
    call: Call<PutBucketNotificationConfigurationInput>,
) -> Result<PutBucketNotificationConfigurationOutput, Failure> {
    let input = call.input;
    let configuration = input.notification_configuration;
    if configuration.event_bridge_configuration.is_some() {
        return Err(Failure::unsupported("EventBridge as a destination"));
    }
    let functions = configuration
        .lambda_function_configurations
        .unwrap_or_default();
    let topics = configuration.topic_configurations.unwrap_or_default();
    let queues = configuration.queue_configurations.unwrap_or_default();
    let functions = functions.iter().map(|rule| Draft {
        service: "lambda",
        id: rule.id.clone(),
        arn: &rule.lambda_function_arn,
        events: &rule.events,
        filter: rule.filter.as_ref(),
    });
    let topics = topics.iter().map(|rule| Draft {
        service: "sns",
        id: rule.id.clone(),
        arn: &rule.topic_arn,
        events: &rule.events,
        filter: rule.filter.as_ref(),
    });
    let queues = queues.iter().map(|rule| Draft {
        service: "sqs",
        id: rule.id.clone(),
        arn: &rule.queue_arn,
        events: &rule.events,
        filter: rule.filter.as_ref(),
    });
    let drafts = functions.chain(topics).chain(queues);
    let caller = &call.caller;
    let (rules, place) = shared.store.bucket(&input.bucket, |bucket| {
        let rules = drafts
            .map(|draft| draft.parse(shared, bucket))
            .collect::<Result<Vec<_>, _>>()?;
        check_together(&rules)?;
        Ok((rules, Place::of(bucket)))
    })??;
    // Without the store's lock: other services are asked, which have locks of their own.
    if !input.skip_destination_validation.unwrap_or_default() {
        let refused = place.refused(shared, caller, &rules);
        if !refused.is_empty() {
            call.track.explain(refused);
            return Err(Failure::InvalidArgument(
                "Unable to validate the following destination configurations".to_owned(),
            ));
        }
    }
    shared.store.bucket(&input.bucket, |bucket| {
        bucket.notification = Notification { rules };
        // Functions get no test event.
        for rule in &bucket.notification.rules {
            if rule.destination.service() != "lambda" {
                let body = event::test_event(&bucket.name, caller, shared.core.clock.now());
                place.send(shared, caller, rule, caller.entry, body);
            }
        }
    })?;
    Ok(PutBucketNotificationConfigurationOutput::default())
}

/// Says what a bucket's rules are.
///
/// Follows <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketNotificationConfiguration.html>.
pub(super) async fn get_bucket_notification_configuration(
    shared: &Shared,
    call: Call<GetBucketNotificationConfigurationInput>,
) -> Result<GetBucketNotificationConfigurationOutput, Failure> {
    let rules = shared.store.bucket(&call.input.bucket, |bucket| {
        bucket.notification.rules.clone()
    })?;
    let mut output = GetBucketNotificationConfigurationOutput::default();
    for rule in rules {
        let (id, arn) = (Some(rule.id.clone()), rule.destination.to_string());
        let (events, filter) = (rule.event_names(), rule.filter());
        match rule.destination.service() {
            "lambda" => output
                .lambda_function_configurations
                .get_or_insert_default()
                .push(LambdaFunctionConfiguration {
                    events,
                    filter,
                    id,
                    lambda_function_arn: arn,
                }),
            "sns" => output
                .topic_configurations
                .get_or_insert_default()
                .push(TopicConfiguration {
                    events,
                    filter,
                    id,
                    topic_arn: arn,
                }),
            _ => output
                .queue_configurations
                .get_or_insert_default()
                .push(QueueConfiguration {
                    events,
                    filter,
                    id,
                    queue_arn: arn,
                }),
        }
    }
    Ok(output)
}

/// The bucket that a change happens in.
struct Place {
    name: BucketName,
    owner: AccountId,
    region: Region,
}

impl Place {
    fn of(bucket: &Bucket) -> Self {
        Self {
            name: bucket.name.clone(),
            owner: bucket.owner.clone(),
            region: bucket.region.clone(),
        }
    }

    /// On whose behalf S3 sends.
    fn source(&self) -> ServiceSource {
        ServiceSource {
            service: "s3.amazonaws.com",
            arn: Arn::bucket(self.region.partition(), &self.name),
            account: self.owner.clone(),
        }
    }

    /// The destinations that would not take what S3 sends, as elements of the error.
    fn refused(&self, shared: &Shared, caller: &Caller, rules: &[Rule]) -> Vec<(String, String)> {
        let destinations = &shared.core.destinations;
        let source = self.source();
        rules
            .iter()
            .map(|rule| &rule.destination)
            .filter_map(|to| {
                let refused = destinations.may_deliver(to, &source, caller.entry).err()?;
                Some((to, why(to, &refused)))
            })
            .zip(1..)
            .flat_map(|((to, why), number)| {
                [
                    (format!("ArgumentName{number}"), format!("{to}, null")),
                    (format!("ArgumentValue{number}"), why),
                ]
            })
            .collect()
    }

    fn send(
        &self,
        shared: &Shared,
        caller: &Caller,
        rule: &Rule,
        cause: crate::journal::EntryId,
        body: bytes::Bytes,
    ) {
        shared.core.post.send(Delivery {
            to: rule.destination.clone(),
            from: self.source(),
            body,
            subject: (rule.destination.service() == "sns").then(|| SUBJECT.to_owned()),
            role: None,
            attributes: MessageAttributes::default(),
            dead_letters: None,
            cause,
            pending: caller.pending.clone(),
        });
    }
}

/// Why a destination cannot be one, in S3's words.
fn why(to: &Arn, refused: &Refused) -> String {
    match (refused, to.service()) {
        (Refused::Missing(_), "lambda") => "The destination Lambda does not exist".to_owned(),
        (Refused::Missing(_), "sns") => "The destination topic does not exist".to_owned(),
        (Refused::Missing(_), _) => "The destination queue does not exist".to_owned(),
        (Refused::Denied(_), "lambda") => format!("Not authorized to invoke function [{to}]"),
        (Refused::Denied(_), service) => {
            let what = if service == "sns" { "topic" } else { "queue" };
            format!(
                "Permissions on the destination {what} do not allow S3 to publish notifications from this bucket"
            )
        }
    }
}

/// Tells everybody concerned about a change that has just been made to a version. Called under the
/// store's lock, so that events are sent in the order of the changes.
pub(super) fn announce(
    shared: &Shared,
    caller: &Caller,
    bucket: &Bucket,
    kind: EventKind,
    key: &ObjectKey,
    version: &Version,
    moment: Moment,
) {
    let mut rules = bucket
        .notification
        .rules
        .iter()
        .filter(|rule| rule.concerns(kind, key.as_str()))
        .peekable();
    if rules.peek().is_none() {
        return;
    }
    let (size, etag) = match (version, kind) {
        (_, EventKind::RemovedByDelete) => (None, None),
        (Version::Object(object), _) => (Some(object.content.length()), Some(object.etag.clone())),
        (Version::Marker(_), _) => (None, Some(ETAG_OF_NOTHING.to_owned())),
    };
    let change = Change {
        kind,
        time: moment.time,
        region: &bucket.region,
        bucket: &bucket.name,
        owner: &bucket.owner,
        key: key.encode(),
        size,
        etag,
        version_id: bucket.shown(version.id()),
        sequencer: moment.sequencer(),
    };
    let place = Place::of(bucket);
    for rule in rules {
        let entry = shared.core.journal.record(
            Some(caller.entry),
            Event::BucketNotification {
                event_name: kind.name().to_owned(),
                bucket: bucket.name.to_string(),
                key: key.to_string(),
                destination: rule.destination.to_string(),
            },
        );
        let body = event::notification(&change, caller, &rule.id);
        place.send(shared, caller, rule, entry, body);
    }
}
