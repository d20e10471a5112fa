//! A mapping: which queue feeds which function, and how.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use zipster_names::Arn;

use super::filter::Pattern;
use crate::lambda::pool::MOST_LOCALLY;
use crate::lambda::reference::Reference;

/// A mapping.
#[derive(Debug)]
pub(super) struct Mapping {
    /// Its UUID.
    pub(super) id: String,
    /// The queue.
    pub(super) source: Arn,
    pub(super) function: Reference,
    inner: Mutex<Inner>,
    /// Told when settings have changed.
    pub(super) changed: Notify,
    pub(super) deleted: CancellationToken,
}

#[derive(Debug)]
struct Inner {
    settings: Settings,
    state: State,
    modified: OffsetDateTime,
    tags: BTreeMap<String, String>,
    /// As many permits as batches may be at work.
    room: Arc<Semaphore>,
}

/// What can be changed about a mapping.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Settings {
    pub(super) enabled: bool,
    pub(super) batch_size: usize,
    pub(super) window: Duration,
    /// `ReportBatchItemFailures`.
    pub(super) partial: bool,
    /// Patterns, as they were given and as they are understood; none: everything is wanted.
    pub(super) filters: Vec<(String, Pattern)>,
    pub(super) most_concurrent: Option<usize>,
}

/// Where a mapping is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Creating,
    Enabling,
    Enabled,
    Disabling,
    Disabled,
    Updating,
    Deleting,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "Creating",
            Self::Enabling => "Enabling",
            Self::Enabled => "Enabled",
            Self::Disabling => "Disabling",
            Self::Disabled => "Disabled",
            Self::Updating => "Updating",
            Self::Deleting => "Deleting",
        }
    }
}

impl Mapping {
    /// A mapping whose poller has not begun.
    pub(super) fn new(
        id: String,
        source: Arn,
        function: Reference,
        settings: Settings,
        tags: BTreeMap<String, String>,
        now: OffsetDateTime,
    ) -> Arc<Self> {
        let room = room(&settings);
        Arc::new(Self {
            id,
            source,
            function,
            inner: Mutex::new(Inner {
                settings,
                state: State::Creating,
                modified: now,
                tags,
                room,
            }),
            changed: Notify::new(),
            deleted: CancellationToken::new(),
        })
    }

    /// Its ARN.
    pub(super) fn arn(&self) -> String {
        let key = &self.function.key;
        let partition = self.source.partition();
        format!(
            "arn:{partition}:lambda:{}:{}:event-source-mapping:{}",
            key.region, key.account, self.id
        )
    }

    /// The settings as they are now, which the poller takes over.
    pub(super) fn settle(&self) -> Settings {
        let mut inner = self.inner();
        inner.state = if inner.settings.enabled {
            State::Enabled
        } else {
            State::Disabled
        };
        inner.settings.clone()
    }

    /// The settings as they were asked for.
    pub(super) fn settings(&self) -> Settings {
        self.inner().settings.clone()
    }

    /// Changes settings; the poller takes them over.
    pub(super) fn change(&self, settings: Settings, now: OffsetDateTime) {
        let mut inner = self.inner();
        inner.state = match (inner.settings.enabled, settings.enabled) {
            (false, true) => State::Enabling,
            (true, false) => State::Disabling,
            (true, true) | (false, false) => State::Updating,
        };
        if inner.settings.most_concurrent != settings.most_concurrent {
            inner.room = room(&settings);
        }
        inner.settings = settings;
        inner.modified = now;
    }

    /// Ends it.
    pub(super) fn delete(&self) {
        self.inner().state = State::Deleting;
        self.deleted.cancel();
    }

    /// Where batches at work take their permits.
    pub(super) fn room(&self) -> Arc<Semaphore> {
        Arc::clone(&self.inner().room)
    }

    /// Does something with its tags.
    pub(super) fn tags<T>(&self, work: impl FnOnce(&mut BTreeMap<String, String>) -> T) -> T {
        work(&mut self.inner().tags)
    }

    /// The answer of all operations on a mapping.
    ///
    /// Follows <https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html>.
    pub(super) fn describe(&self) -> Value {
        let inner = self.inner();
        let settings = &inner.settings;
        let mut shown = Map::new();
        let mut show = |name: &str, value: Value| shown.insert(name.to_owned(), value);
        show("UUID", self.id.clone().into());
        show("EventSourceMappingArn", self.arn().into());
        show("EventSourceArn", self.source.to_string().into());
        show("FunctionArn", self.function.arn().into());
        show("State", inner.state.as_str().into());
        show("StateTransitionReason", "USER_INITIATED".into());
        #[expect(
            clippy::cast_precision_loss,
            reason = "AWS shows seconds as a floating-point number"
        )]
        let modified = (inner.modified.unix_timestamp_nanos() / 1_000_000) as f64 / 1_000.0;
        show("LastModified", json!(modified));
        show("BatchSize", settings.batch_size.into());
        let window = settings.window.as_secs();
        show("MaximumBatchingWindowInSeconds", window.into());
        let responses: &[&str] = if settings.partial {
            &["ReportBatchItemFailures"]
        } else {
            &[]
        };
        show("FunctionResponseTypes", responses.into());
        if !settings.filters.is_empty() {
            let filters = settings.filters.iter();
            let filters: Value = filters
                .map(|(text, _)| json!({ "Pattern": text }))
                .collect();
            show("FilterCriteria", json!({ "Filters": filters }));
        }
        if let Some(most) = settings.most_concurrent {
            show("ScalingConfig", json!({ "MaximumConcurrency": most }));
        }
        Value::Object(shown)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A machine has fewer cores than AWS.
fn room(settings: &Settings) -> Arc<Semaphore> {
    let most = settings.most_concurrent.unwrap_or(MOST_LOCALLY);
    Arc::new(Semaphore::new(most.min(MOST_LOCALLY)))
}
