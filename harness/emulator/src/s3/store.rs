//! Buckets and objects: what is kept, and the one lock around it.
//!
//! Bodies are received and read outside of the lock; an operation takes it to look something up
//! or to change it in one go, so every operation is atomic and none sees half of another.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use s3s::dto;
use time::OffsetDateTime;
use zipster_names::{AccountId, BucketName, ObjectKey, Region};

use super::checksum::Checksum;
use super::content::Content;
use super::error::Failure;
use super::multipart::Upload;
use super::notification::Notification;
use super::versions::{Version, VersionId, Versioning};

/// All buckets, of all accounts: their names are one namespace.
#[derive(Debug, Default)]
pub(super) struct Store {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    buckets: BTreeMap<BucketName, Bucket>,
    last_sequence: u64,
}

/// A bucket.
#[derive(Debug)]
pub(super) struct Bucket {
    pub(super) name: BucketName,
    pub(super) owner: AccountId,
    pub(super) region: Region,
    pub(super) created: OffsetDateTime,
    pub(super) versioning: Versioning,
    /// The versions of each key, the newest last; see [`super::versions`].
    pub(super) versions: BTreeMap<ObjectKey, Vec<Version>>,
    /// Unfinished uploads, by their identifiers.
    pub(super) uploads: BTreeMap<String, Upload>,
    pub(super) notification: Notification,
    pub(super) settings: Settings,
}

/// What can be set for a bucket; see [`super::settings`].
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) tags: Vec<dto::Tag>,
    pub(super) encryption: dto::ServerSideEncryptionConfiguration,
    pub(super) lifecycle: Option<Vec<dto::LifecycleRule>>,
    pub(super) ownership: Option<dto::OwnershipControls>,
    pub(super) public_access_block: Option<dto::PublicAccessBlockConfiguration>,
    /// The policy, as JSON; decisions are made with it.
    pub(super) policy: Option<String>,
}

/// An object. It never changes: a new one takes its place.
#[derive(Debug, Clone)]
pub(super) struct Object {
    pub(super) version: VersionId,
    pub(super) content: Content,
    /// Without quotes.
    pub(super) etag: String,
    /// To the millisecond.
    pub(super) last_modified: OffsetDateTime,
    pub(super) headers: Headers,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) tags: Vec<dto::Tag>,
    pub(super) checksum: Checksum,
    /// The lengths of the parts that it was uploaded in; empty for others.
    pub(super) parts: Vec<u64>,
}

/// The headers that S3 keeps with an object and returns with it.
#[derive(Debug, Clone, Default)]
pub(super) struct Headers {
    pub(super) content_type: Option<String>,
    pub(super) cache_control: Option<String>,
    pub(super) content_disposition: Option<String>,
    pub(super) content_encoding: Option<String>,
    pub(super) content_language: Option<String>,
    pub(super) expires: Option<dto::Timestamp>,
}

/// The moment of a change: when, and its place in the order of all changes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// To the millisecond.
    pub(super) time: OffsetDateTime,
    sequence: u64,
}

impl Moment {
    /// A text that is larger than that of every earlier change: hexadecimal, of one length.
    pub(super) fn sequencer(self) -> String {
        format!("00{:016X}", self.sequence)
    }
}

impl Store {
    /// Works with a bucket.
    pub(super) fn bucket<R>(
        &self,
        name: &str,
        work: impl FnOnce(&mut Bucket) -> R,
    ) -> Result<R, Failure> {
        let mut state = self.lock();
        let bucket = state.buckets.get_mut(name).ok_or(Failure::NoSuchBucket)?;
        Ok(work(bucket))
    }

    /// Changes a bucket at `now`.
    pub(super) fn change<R>(
        &self,
        name: &str,
        now: OffsetDateTime,
        work: impl FnOnce(&mut Bucket, Moment) -> Result<R, Failure>,
    ) -> Result<R, Failure> {
        let mut state = self.lock();
        let state = &mut *state;
        let bucket = state.buckets.get_mut(name).ok_or(Failure::NoSuchBucket)?;
        // Seconds in the upper half and fractions in the lower, as S3's own seem to have it. Never
        // the same twice, and never less than before, whatever the clock does.
        let fraction = (u64::from(now.nanosecond()) << 32) / 1_000_000_000;
        let seconds = u64::try_from(now.unix_timestamp()).unwrap_or_default();
        state.last_sequence = (seconds << 32 | fraction).max(state.last_sequence + 1);
        let moment = Moment {
            time: to_milliseconds(now),
            sequence: state.last_sequence,
        };
        work(bucket, moment)
    }

    /// Works with all buckets.
    pub(super) fn all<R>(&self, work: impl FnOnce(&mut BTreeMap<BucketName, Bucket>) -> R) -> R {
        work(&mut self.lock().buckets)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bucket {
    /// An empty bucket.
    pub(super) fn new(
        name: BucketName,
        owner: AccountId,
        region: Region,
        created: OffsetDateTime,
    ) -> Self {
        Self {
            name,
            owner,
            region,
            created: to_milliseconds(created),
            versioning: Versioning::default(),
            versions: BTreeMap::new(),
            uploads: BTreeMap::new(),
            notification: Notification::default(),
            settings: Settings::new(),
        }
    }
}

/// S3 keeps milliseconds.
pub(super) fn to_milliseconds(time: OffsetDateTime) -> OffsetDateTime {
    time.replace_millisecond(time.millisecond()).unwrap_or(time)
}
