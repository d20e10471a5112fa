//! What S3 tells functions, topics and queues.
//!
//! Follows <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>.

use bytes::Bytes;
use serde::Serialize;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use time::macros::format_description;
use zipster_names::{AccountId, BucketName, EncodedKey, Region};

use super::track::Caller;

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EventKind {
    CreatedByPut,
    CreatedByCopy,
    CreatedByUpload,
    RemovedByDelete,
    RemovedByMarker,
    TaggingPut,
    TaggingDelete,
}

impl EventKind {
    pub(super) const ALL: [Self; 7] = [
        Self::CreatedByPut,
        Self::CreatedByCopy,
        Self::CreatedByUpload,
        Self::RemovedByDelete,
        Self::RemovedByMarker,
        Self::TaggingPut,
        Self::TaggingDelete,
    ];

    /// The name in events; configurations put `s3:` before it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::CreatedByPut => "ObjectCreated:Put",
            Self::CreatedByCopy => "ObjectCreated:Copy",
            Self::CreatedByUpload => "ObjectCreated:CompleteMultipartUpload",
            Self::RemovedByDelete => "ObjectRemoved:Delete",
            Self::RemovedByMarker => "ObjectRemoved:DeleteMarkerCreated",
            Self::TaggingPut => "ObjectTagging:Put",
            Self::TaggingDelete => "ObjectTagging:Delete",
        }
    }
}

/// A change, as its event tells it.
#[derive(Debug)]
pub(super) struct Change<'a> {
    pub(super) kind: EventKind,
    pub(super) time: OffsetDateTime,
    pub(super) region: &'a Region,
    pub(super) bucket: &'a BucketName,
    pub(super) owner: &'a AccountId,
    pub(super) key: EncodedKey,
    /// A removed object has none, nor a delete marker.
    pub(super) size: Option<u64>,
    /// A removed object has none.
    pub(super) etag: Option<String>,
    /// Only in buckets that keep versions, or did.
    pub(super) version_id: Option<String>,
    pub(super) sequencer: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    event_version: &'static str,
    event_source: &'static str,
    aws_region: &'a str,
    event_time: String,
    event_name: &'static str,
    user_identity: PrincipalId,
    request_parameters: RequestParameters,
    response_elements: ResponseElements<'a>,
    s3: S3Part<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PrincipalId {
    principal_id: String,
}

#[derive(Serialize)]
struct RequestParameters {
    #[serde(rename = "sourceIPAddress")]
    source_ip_address: &'static str,
}

#[derive(Serialize)]
struct ResponseElements<'a> {
    #[serde(rename = "x-amz-request-id")]
    request_id: &'a str,
    #[serde(rename = "x-amz-id-2")]
    host_id: &'a str,
}

#[derive(Serialize)]
struct S3Part<'a> {
    #[serde(rename = "s3SchemaVersion")]
    schema_version: &'static str,
    #[serde(rename = "configurationId")]
    configuration_id: &'a str,
    bucket: BucketPart<'a>,
    object: ObjectPart<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BucketPart<'a> {
    name: &'a str,
    owner_identity: PrincipalId,
    arn: String,
}

#[derive(Serialize)]
struct ObjectPart<'a> {
    key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(rename = "eTag", skip_serializing_if = "Option::is_none")]
    etag: Option<&'a str>,
    #[serde(rename = "versionId", skip_serializing_if = "Option::is_none")]
    version_id: Option<&'a str>,
    sequencer: &'a str,
}

#[derive(Serialize)]
struct Records<'a> {
    #[serde(rename = "Records")]
    records: [Record<'a>; 1],
}

/// The event for the rule `configuration`.
pub(super) fn notification(change: &Change<'_>, caller: &Caller, configuration: &str) -> Bytes {
    json(&records(change, caller, configuration))
}

fn records<'a>(change: &'a Change<'_>, caller: &'a Caller, configuration: &'a str) -> Records<'a> {
    let partition = change.region.partition();
    Records {
        records: [Record {
            event_version: "2.1",
            event_source: "aws:s3",
            aws_region: change.region.as_str(),
            event_time: format_time(change.time),
            event_name: change.kind.name(),
            user_identity: PrincipalId {
                principal_id: format!("AWS:{}", caller.unique_id),
            },
            request_parameters: RequestParameters {
                source_ip_address: "127.0.0.1",
            },
            response_elements: ResponseElements {
                request_id: &caller.request_id,
                host_id: &caller.host_id,
            },
            s3: S3Part {
                schema_version: "1.0",
                configuration_id: configuration,
                bucket: BucketPart {
                    name: change.bucket.as_str(),
                    owner_identity: PrincipalId {
                        principal_id: short_owner_id(change.owner),
                    },
                    arn: format!("arn:{partition}:s3:::{}", change.bucket),
                },
                object: ObjectPart {
                    key: change.key.as_str(),
                    size: change.size,
                    etag: change.etag.as_deref(),
                    version_id: change.version_id.as_deref(),
                    sequencer: &change.sequencer,
                },
            },
        }],
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct TestEvent<'a> {
    service: &'static str,
    event: &'static str,
    time: String,
    bucket: &'a str,
    request_id: &'a str,
    host_id: &'a str,
}

/// What a topic or queue gets when it is made a destination.
pub(super) fn test_event(bucket: &BucketName, caller: &Caller, time: OffsetDateTime) -> Bytes {
    json(&TestEvent {
        service: "Amazon S3",
        event: "s3:TestEvent",
        time: format_time(time),
        bucket: bucket.as_str(),
        request_id: &caller.request_id,
        host_id: &caller.host_id,
    })
}

fn json(value: &impl Serialize) -> Bytes {
    Bytes::from(serde_json::to_vec(value).expect("structs of texts and numbers always serialise"))
}

/// `2026-11-23T16:22:15.042Z`.
fn format_time(time: OffsetDateTime) -> String {
    let format =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    time.format(&format)
        .expect("a UTC time has all the components of the format")
}

/// The canonical identifier of an account: 64 hexadecimal digits.
pub(super) fn owner_id(account: &AccountId) -> String {
    hex::encode(Sha256::digest(account.as_str()))
}

/// The identifier of a bucket's owner in events, such as `A3NL1KOZZKEXAM`.
fn short_owner_id(account: &AccountId) -> String {
    format!("A{}", token(account.as_str(), 13))
}

/// `length` capital letters and digits that depend on `text` only.
fn token(text: &str, length: usize) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    Sha256::digest(text)
        .iter()
        .take(length)
        .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use time::macros::datetime;
    use zipster_names::{ObjectKey, RoleName};

    use crate::clock::SystemClock;
    use crate::identity::{Identity, Principal, Sender};
    use crate::journal::{Event, Journal};

    fn caller() -> Caller {
        let journal = Journal::new(Arc::new(SystemClock::real_time()));
        let description = "a call".to_owned();
        Caller {
            identity: Identity {
                principal: Principal::AssumedRole {
                    account: AccountId::parse("123456789012").unwrap(),
                    role: RoleName::parse("zipster-transform").unwrap(),
                    session: "zipster-transform".to_owned(),
                },
                access_key_id: "ASIAEXAMPLE".to_owned(),
                execution: None,
                issued: None,
                sender: Sender::default(),
            },
            entry: journal.record(None, Event::Fault { description }),
            pending: journal.pending(),
            request_id: "the-request-id".to_owned(),
            host_id: "the-host-id".to_owned(),
            unique_id: "AROAEXAMPLE:zipster-transform".to_owned(),
            region: None,
        }
    }

    fn event(kind: EventKind, size: Option<u64>, etag: Option<&str>) -> String {
        let change = Change {
            kind,
            time: datetime!(2026-11-23 16:22:15.0424 UTC),
            region: &Region::parse("eu-central-1").unwrap(),
            bucket: &BucketName::parse("zipster-load").unwrap(),
            owner: &AccountId::parse("123456789012").unwrap(),
            key: ObjectKey::parse("in/ü b+c.csv").unwrap().encode(),
            size,
            etag: etag.map(str::to_owned),
            version_id: None,
            sequencer: "006742012F0ADA0E00".to_owned(),
        };
        let caller = caller();
        let [record] = records(&change, &caller, "the-rule").records;
        serde_json::to_string_pretty(&record).unwrap()
    }

    #[test]
    fn an_event_tells_what_happened_as_aws_writes_it() {
        let put = event(EventKind::CreatedByPut, Some(5), Some("5d41402a"));
        insta::assert_snapshot!(put, @r#"
        {
          "eventVersion": "2.1",
          "eventSource": "aws:s3",
          "awsRegion": "eu-central-1",
          "eventTime": "2026-11-23T16:22:15.042Z",
          "eventName": "ObjectCreated:Put",
          "userIdentity": {
            "principalId": "AWS:AROAEXAMPLE:zipster-transform"
          },
          "requestParameters": {
            "sourceIPAddress": "127.0.0.1"
          },
          "responseElements": {
            "x-amz-request-id": "the-request-id",
            "x-amz-id-2": "the-host-id"
          },
          "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "the-rule",
            "bucket": {
              "name": "zipster-load",
              "ownerIdentity": {
                "principalId": "AKTU66AKKSDO4E"
              },
              "arn": "arn:aws:s3:::zipster-load"
            },
            "object": {
              "key": "in/%C3%BC+b%2Bc.csv",
              "size": 5,
              "eTag": "5d41402a",
              "sequencer": "006742012F0ADA0E00"
            }
          }
        }
        "#);
    }

    #[test]
    fn a_removed_object_has_neither_size_nor_etag() {
        let removed = event(EventKind::RemovedByDelete, None, None);
        let value: serde_json::Value = serde_json::from_str(&removed).unwrap();
        insta::assert_snapshot!(value["s3"]["object"], @r#"{"key":"in/%C3%BC+b%2Bc.csv","sequencer":"006742012F0ADA0E00"}"#);
    }
}
