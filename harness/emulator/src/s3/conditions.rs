//! Preconditions of reads and writes.
//!
//! Follows <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html>.

use s3s::dto::{ETagCondition, Timestamp};
use time::OffsetDateTime;

use super::error::Failure;
use super::store::Object;

/// The conditions of a read, or on the source of a copy.
#[derive(Debug, Default)]
pub(super) struct ReadConditions {
    pub(super) if_match: Option<ETagCondition>,
    pub(super) if_none_match: Option<ETagCondition>,
    pub(super) if_modified_since: Option<Timestamp>,
    pub(super) if_unmodified_since: Option<Timestamp>,
}

impl ReadConditions {
    /// Whether an object may be read.
    ///
    /// An ETag decides before a time does, as RFC 9110 has it. Times are compared by the second,
    /// since that is all that the headers carry.
    pub(super) fn check(&self, object: &Object) -> Result<(), Failure> {
        let modified = object.last_modified.unix_timestamp();
        let seconds = |time: &Timestamp| OffsetDateTime::from(time.clone()).unix_timestamp();
        match (&self.if_match, &self.if_unmodified_since) {
            (Some(condition), _) if !matches(condition, &object.etag) => {
                return Err(Failure::PreconditionFailed);
            }
            (None, Some(time)) if modified > seconds(time) => {
                return Err(Failure::PreconditionFailed);
            }
            _ => {}
        }
        let unchanged = match (&self.if_none_match, &self.if_modified_since) {
            (Some(condition), _) => matches(condition, &object.etag),
            (None, Some(time)) => modified <= seconds(time),
            (None, None) => false,
        };
        if unchanged {
            return Err(Failure::NotModified {
                etag: object.etag.clone(),
            });
        }
        Ok(())
    }

    /// The same for the source of a copy, for which "not modified" is no answer.
    pub(super) fn check_source(&self, object: &Object) -> Result<(), Failure> {
        match self.check(object) {
            Err(Failure::NotModified { .. }) => Err(Failure::PreconditionFailed),
            result => result,
        }
    }
}

/// Whether a write may take the place of `existing`.
pub(super) fn check_write(
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
    existing: Option<&Object>,
) -> Result<(), Failure> {
    match (if_none_match, existing) {
        (Some(ETagCondition::Any), Some(_)) => return Err(Failure::PreconditionFailed),
        (Some(ETagCondition::ETag(_)), _) => {
            return Err(Failure::unsupported(
                "If-None-Match with an ETag on a write",
            ));
        }
        (Some(ETagCondition::Any), None) | (None, _) => {}
    }
    check_match(if_match, existing)
}

/// `If-Match` on a write or a delete.
pub(super) fn check_match(
    if_match: Option<&ETagCondition>,
    existing: Option<&Object>,
) -> Result<(), Failure> {
    match (if_match, existing) {
        (None, _) => Ok(()),
        (Some(_), None) => Err(Failure::NoSuchKey),
        (Some(condition), Some(object)) if matches(condition, &object.etag) => Ok(()),
        (Some(_), Some(_)) => Err(Failure::PreconditionFailed),
    }
}

fn matches(condition: &ETagCondition, etag: &str) -> bool {
    match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(expected) => expected.value() == etag,
    }
}
