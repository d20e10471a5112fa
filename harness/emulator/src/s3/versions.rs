//! The versions of objects.
//!
//! A key has its versions in the order of their making, and the newest says what the key stands
//! for: an object, or, if it is a delete marker, nothing. A bucket that never was versioned has one
//! version of each key, `null`, and does not speak of it.
//!
//! Follows <https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html>.

use std::ops::Bound;
use std::sync::Arc;

use time::OffsetDateTime;
use zipster_names::ObjectKey;

use super::access::Shared;
use super::error::Failure;
use super::event::EventKind;
use super::notification::announce;
use super::store::{Bucket, Moment, Object};
use super::track::Caller;
use crate::random::Random;

/// The identifier of versions that were made while their bucket was not versioned.
const NULL: &str = "null";

const ID_LENGTH: usize = 32;

const ID_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._";

/// Whether a bucket keeps the versions of its objects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Versioning {
    /// It never did.
    #[default]
    Never,
    Enabled,
    /// It did, and still has what it kept.
    Suspended,
}

/// What tells a key's versions apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum VersionId {
    /// Made without versioning; a key has at most one of these.
    Null,
    Made(String),
}

impl VersionId {
    /// An identifier that a client gives; whether there is such a version is another question.
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        let well_formed =
            text.len() == ID_LENGTH && text.bytes().all(|byte| ID_ALPHABET.contains(&byte));
        match text {
            NULL => Ok(Self::Null),
            made if well_formed => Ok(Self::Made(made.to_owned())),
            _ => Err(Failure::InvalidVersion),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        self.made().unwrap_or(NULL)
    }

    /// The identifier if one was made, which is what the answers to writes tell.
    pub(super) fn made(&self) -> Option<&str> {
        match self {
            Self::Null => None,
            Self::Made(id) => Some(id),
        }
    }
}

/// What a delete leaves in a bucket that keeps versions.
#[derive(Debug, Clone)]
pub(super) struct Marker {
    pub(super) version: VersionId,
    /// To the millisecond.
    pub(super) made: OffsetDateTime,
}

/// A version of a key.
#[derive(Debug, Clone)]
pub(super) enum Version {
    Object(Arc<Object>),
    Marker(Marker),
}

impl Version {
    pub(super) fn id(&self) -> &VersionId {
        match self {
            Self::Object(object) => &object.version,
            Self::Marker(marker) => &marker.version,
        }
    }

    pub(super) fn object(&self) -> Option<&Arc<Object>> {
        match self {
            Self::Object(object) => Some(object),
            Self::Marker(_) => None,
        }
    }
}

impl Bucket {
    /// The identifier of a version that is about to be made.
    pub(super) fn next_version(&self, random: &Random) -> VersionId {
        match self.versioning {
            Versioning::Enabled => VersionId::Made(random.text(ID_ALPHABET, ID_LENGTH)),
            Versioning::Never | Versioning::Suspended => VersionId::Null,
        }
    }

    /// An identifier as reads and events tell it: not at all where there never were versions.
    pub(super) fn shown(&self, id: &VersionId) -> Option<String> {
        (self.versioning != Versioning::Never).then(|| id.as_str().to_owned())
    }

    /// The object that a key stands for.
    pub(super) fn object(&self, key: &str) -> Option<&Object> {
        let newest = self.versions.get(key)?.last()?;
        newest.object().map(|object| &**object)
    }

    /// A key's version, or its newest if none is named.
    pub(super) fn version(&self, key: &str, id: Option<&VersionId>) -> Option<&Version> {
        let versions = self.versions.get(key)?;
        match id {
            None => versions.last(),
            Some(id) => versions.iter().find(|version| version.id() == id),
        }
    }

    /// A key's version, to be changed.
    pub(super) fn version_mut(&mut self, key: &str, id: &VersionId) -> Option<&mut Version> {
        let versions = self.versions.get_mut(key)?;
        versions.iter_mut().find(|version| version.id() == id)
    }

    /// Makes a version the newest of its key. Returns the one whose place it takes, which has the
    /// same identifier: nothing else goes.
    pub(super) fn keep(&mut self, key: &ObjectKey, version: Version) -> Option<Version> {
        let replaced = self.take(key, version.id());
        let versions = self.versions.entry(key.clone()).or_default();
        versions.push(version);
        replaced
    }

    /// Removes a version for good.
    pub(super) fn take(&mut self, key: &ObjectKey, id: &VersionId) -> Option<Version> {
        let versions = self.versions.get_mut(key)?;
        let at = versions.iter().position(|version| version.id() == id)?;
        let taken = versions.remove(at);
        if versions.is_empty() {
            self.versions.remove(key);
        }
        Some(taken)
    }

    /// The keys that begin with `prefix` and lie behind `after`, in their order, with their
    /// versions.
    pub(super) fn versions_after<'a>(
        &'a self,
        prefix: &'a str,
        after: Bound<&str>,
    ) -> impl Iterator<Item = (&'a ObjectKey, &'a [Version])> {
        let start = match after {
            Bound::Excluded(after) if after >= prefix => Bound::Excluded(after),
            Bound::Included(after) if after >= prefix => Bound::Included(after),
            Bound::Included(_) | Bound::Excluded(_) | Bound::Unbounded => Bound::Included(prefix),
        };
        self.versions
            .range::<str, _>((start, Bound::Unbounded))
            .take_while(move |(key, _)| key.as_str().starts_with(prefix))
            .map(|(key, versions)| (key, versions.as_slice()))
    }

    /// The same for the objects that keys stand for.
    pub(super) fn objects_after<'a>(
        &'a self,
        prefix: &'a str,
        after: Bound<&str>,
    ) -> impl Iterator<Item = (&'a ObjectKey, &'a Arc<Object>)> {
        self.versions_after(prefix, after)
            .filter_map(|(key, versions)| Some((key, versions.last()?.object()?)))
    }
}

impl Shared {
    /// Makes an object the newest version of its key, and tells everybody concerned. What it
    /// replaces is returned so that it can go once the store's lock is released: removing a large
    /// file takes its time.
    pub(super) fn put(
        &self,
        caller: &Caller,
        bucket: &mut Bucket,
        kind: EventKind,
        key: &ObjectKey,
        object: Object,
        moment: Moment,
    ) -> (Arc<Object>, Option<Version>) {
        let object = Arc::new(object);
        let version = Version::Object(Arc::clone(&object));
        let replaced = bucket.keep(key, version.clone());
        announce(self, caller, bucket, kind, key, &version, moment);
        (object, replaced)
    }
}

/// An object that was asked for.
pub(super) struct Found {
    pub(super) object: Arc<Object>,
    /// As answers tell it.
    pub(super) version_id: Option<String>,
}

/// An object, or AWS's answer when there is none: only who may list a bucket is told that a key
/// does not exist.
pub(super) fn find(
    shared: &Shared,
    caller: &Caller,
    bucket: &str,
    key: &str,
    version: Option<&str>,
) -> Result<Found, Failure> {
    let id = version.map(VersionId::parse).transpose()?;
    let found = shared.store.bucket(bucket, |bucket| {
        let found = bucket.version(key, id.as_ref())?;
        Some((found.clone(), bucket.shown(found.id())))
    })?;
    let absent = match (found, id) {
        (Some((Version::Object(object), version_id)), _) => {
            return Ok(Found { object, version_id });
        }
        (Some((Version::Marker(marker), _)), Some(_)) => {
            return Err(Failure::IsDeleteMarker(marker));
        }
        (Some((Version::Marker(marker), _)), None) => Failure::Deleted(marker),
        (None, Some(_)) => Failure::NoSuchVersion,
        (None, None) => Failure::NoSuchKey,
    };
    let prefix = [("s3:prefix", key.to_owned())];
    shared.authorize(caller, "s3:ListBucket", bucket, None, &prefix)?;
    Err(absent)
}
