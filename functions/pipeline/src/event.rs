//! What S3 tells a function: objects were created.
//!
//! The JSON is read field by field instead of by a derived structure, so that an error names the
//! field that is wrong, and so that a field nobody needs can never fail an event.
//!
//! Follows <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>.

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::names::{BucketName, ETag, EncodedKey, ObjectKey};
use crate::source_version::{EventIdentity, Sequencer, SourceVersion, VersionError};

/// A longer version id would not fit into a load file's metadata. S3's have 32 characters; 1,024 is
/// the most that it promises to stay below.
const UPLOAD_ROOM: usize = 128;

/// Why the payload of an invocation is not an S3 event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// There is neither a list of records nor the mark of a test event.
    #[error(
        "the event has no list `Records`; this function is meant to be called by an S3 notification"
    )]
    NoRecords,
    /// The list of records is empty, so that nothing says what to do.
    #[error("the event's list `Records` is empty")]
    Empty,
    /// A field is missing or not what S3 sends.
    #[error("`Records[{record}].{field}` {problem}")]
    Field {
        /// Which record, counted from 0.
        record: usize,
        /// The path of the field in the record, with points.
        field: &'static str,
        /// What is wrong, as it reads after the field's name.
        problem: String,
    },
}

/// One invocation's event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// `s3:TestEvent`, which S3 sends once when a notification is configured. It asks for nothing.
    Test {
        /// The bucket that the notification was configured on, if the event names it.
        bucket: Option<String>,
    },
    /// What happened, in the order of the event.
    Records(Vec<Record>),
}

/// One thing that happened in a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// An object was created (put, posted, copied or completed from parts).
    Created(Created),
    /// Something that the functions do not act upon.
    Other {
        /// The event's name, such as `ObjectRemoved:Delete`.
        event_name: String,
        /// The bucket, as far as the record names it.
        bucket: String,
        /// The key, still encoded, as far as the record names it.
        key: String,
    },
}

/// An object was created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// The bucket that it is in.
    pub bucket: BucketName,
    /// Its key, decoded.
    pub key: ObjectKey,
    /// The entity tag of what was created.
    pub etag: ETag,
    /// The version that was created, on a bucket with versioning.
    pub version_id: Option<String>,
    /// Orders the changes of one key.
    pub sequencer: Sequencer,
    /// When S3 finished the request, to the millisecond.
    pub event_time: OffsetDateTime,
    /// The object's size in bytes.
    pub size: Option<u64>,
}

impl Created {
    /// The version of the input that this event announces, see [`SourceVersion::new`].
    ///
    /// # Errors
    /// [`VersionError::Time`] if the object's time is not between 1970 and 2286.
    pub fn source_version(
        &self,
        last_modified: Option<OffsetDateTime>,
    ) -> Result<SourceVersion, VersionError> {
        SourceVersion::new(self.event_time, last_modified, &self.sequencer)
    }

    /// What tells this upload of the key from every other, for whoever uploaded it: the id of its
    /// version or, on a bucket without versioning, its entity tag. `PutObject` answers with both.
    pub fn upload(&self) -> &str {
        match &self.version_id {
            Some(version) if version.len() <= UPLOAD_ROOM => version,
            _ => self.etag.as_str(),
        }
    }

    /// What makes this event recognisable when it is delivered again.
    ///
    /// # Errors
    /// [`VersionError::Time`] never happens for an event that [`parse`] returned.
    pub fn identity(&self) -> Result<EventIdentity, VersionError> {
        EventIdentity::new(self.event_time, &self.sequencer)
    }
}

/// Reads the payload of an invocation.
///
/// # Errors
/// [`EventError`] names the first field that is missing or malformed. Nothing of the event is
/// returned then: a record that cannot be read must not be lost behind others that can.
pub fn parse(payload: &Value) -> Result<Event, EventError> {
    if let Some("s3:TestEvent") = payload.get("Event").and_then(Value::as_str) {
        let bucket = payload.get("Bucket").and_then(Value::as_str);
        return Ok(Event::Test {
            bucket: bucket.map(str::to_owned),
        });
    }
    let records = payload
        .get("Records")
        .and_then(Value::as_array)
        .ok_or(EventError::NoRecords)?;
    if records.is_empty() {
        return Err(EventError::Empty);
    }
    let records = records
        .iter()
        .enumerate()
        .map(|(index, value)| Fields { index, value }.record());
    Ok(Event::Records(records.collect::<Result<_, _>>()?))
}

/// A record being read, which knows its place for the sake of errors.
struct Fields<'a> {
    index: usize,
    value: &'a Value,
}

impl Fields<'_> {
    fn record(&self) -> Result<Record, EventError> {
        let source = self.text("eventSource")?;
        if source != "aws:s3" {
            return Err(self.error("eventSource", format!("is `{source}`, expected `aws:s3`")));
        }
        let event_name = self.text("eventName")?;
        // In a notification the name has no `s3:` in front, in its configuration it has.
        let short = event_name.strip_prefix("s3:").unwrap_or(event_name);
        if !short.starts_with("ObjectCreated:") {
            let some = |field| self.optional(field).ok().flatten().unwrap_or_default();
            return Ok(Record::Other {
                event_name: event_name.to_owned(),
                bucket: some("s3.bucket.name").to_owned(),
                key: some("s3.object.key").to_owned(),
            });
        }
        Ok(Record::Created(Created {
            bucket: self.parsed("s3.bucket.name", BucketName::parse)?,
            key: self.parsed("s3.object.key", |key| EncodedKey::new(key).decode())?,
            etag: self.parsed("s3.object.eTag", ETag::parse)?,
            // `null` is how a bucket whose versioning was suspended names its versions.
            version_id: self
                .optional("s3.object.versionId")?
                .filter(|version| !version.is_empty() && *version != "null")
                .map(str::to_owned),
            sequencer: match self.optional("s3.object.sequencer")? {
                Some(_) => self.parsed("s3.object.sequencer", Sequencer::parse)?,
                None => Sequencer::default(),
            },
            event_time: self.event_time()?,
            size: self.size()?,
        }))
    }

    fn event_time(&self) -> Result<OffsetDateTime, EventError> {
        let time = self.parsed("eventTime", |text| OffsetDateTime::parse(text, &Rfc3339))?;
        // A time that cannot be put in order is refused here, so that nothing later has to.
        EventIdentity::new(time, &Sequencer::default())
            .map_err(|error| self.error("eventTime", error.to_string()))?;
        Ok(time)
    }

    fn size(&self) -> Result<Option<u64>, EventError> {
        let field = "s3.object.size";
        match self.find(field) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_u64() {
                Some(size) => Ok(Some(size)),
                None => Err(self.error(field, format!("is {value}, not a number of bytes"))),
            },
        }
    }

    fn parsed<T, E: std::fmt::Display>(
        &self,
        field: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, EventError> {
        let text = self.text(field)?;
        parse(text).map_err(|error| self.error(field, format!("(`{text}`) {error}")))
    }

    fn text(&self, field: &'static str) -> Result<&str, EventError> {
        self.optional(field)?
            .ok_or_else(|| self.error(field, "is missing".to_owned()))
    }

    fn optional(&self, field: &'static str) -> Result<Option<&str>, EventError> {
        match self.find(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.error(field, format!("is {other}, not a string"))),
        }
    }

    fn find(&self, field: &str) -> Option<&Value> {
        field
            .split('.')
            .try_fold(self.value, |value, name| value.get(name))
    }

    fn error(&self, field: &'static str, problem: String) -> EventError {
        EventError::Field {
            record: self.index,
            field,
            problem,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    fn record(key: &str) -> Value {
        json!({
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": "eu-central-1",
            "eventTime": "2026-11-23T16:00:00.123Z",
            "eventName": "ObjectCreated:Put",
            "userIdentity": { "principalId": "AWS:AIDAEXAMPLE" },
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": "transform",
                "bucket": { "name": "input", "arn": "arn:aws:s3:::input" },
                "object": {
                    "key": key,
                    "size": 1024,
                    "eTag": "d41d8cd98f00b204e9800998ecf8427e",
                    "sequencer": "0055aed6dcd90281e5"
                }
            }
        })
    }

    fn edited(edit: impl FnOnce(&mut Value)) -> Value {
        let mut record = record("zipcodes.csv");
        edit(&mut record);
        json!({ "Records": [record] })
    }

    #[track_caller]
    fn refused(payload: &Value, message: &str) {
        assert_eq!(parse(payload).unwrap_err().to_string(), message);
    }

    #[test]
    fn several_records_in_their_order() {
        let mut versioned = record("b%2Bc.csv");
        versioned["s3"]["object"]["versionId"] = json!("096fKKXTRTtl3on89fVO.nfljtsv6qko");
        versioned["eventName"] = json!("ObjectCreated:CompleteMultipartUpload");
        let payload = json!({ "Records": [record("a+b.csv"), versioned] });
        let Event::Records(records) = parse(&payload).unwrap() else {
            panic!("these are records");
        };
        let first = Created {
            bucket: BucketName::parse("input").unwrap(),
            key: EncodedKey::new("a+b.csv").decode().unwrap(),
            etag: ETag::parse("d41d8cd98f00b204e9800998ecf8427e").unwrap(),
            version_id: None,
            sequencer: Sequencer::parse("0055AED6DCD90281E5").unwrap(),
            event_time: datetime!(2026-11-23 16:00:00.123 UTC),
            size: Some(1024),
        };
        let second = Created {
            key: EncodedKey::new("b%2Bc.csv").decode().unwrap(),
            version_id: Some("096fKKXTRTtl3on89fVO.nfljtsv6qko".to_owned()),
            ..first.clone()
        };
        assert_eq!(first.key.as_str(), "a b.csv");
        assert_eq!(second.key.as_str(), "b+c.csv");
        assert_eq!(records, [Record::Created(first), Record::Created(second)]);
    }

    #[test]
    fn a_test_event_asks_for_nothing() {
        let payload = json!({
            "Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2026-11-23T16:00:00.000Z",
            "Bucket": "input", "RequestId": "5582815E1AEA5ADF", "HostId": "8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR"
        });
        let bucket = Some("input".to_owned());
        assert_eq!(parse(&payload), Ok(Event::Test { bucket }));
    }

    #[test]
    fn other_events_are_told_apart() {
        let payload = edited(|record| record["eventName"] = json!("ObjectRemoved:Delete"));
        let other = Record::Other {
            event_name: "ObjectRemoved:Delete".to_owned(),
            bucket: "input".to_owned(),
            key: "zipcodes.csv".to_owned(),
        };
        assert_eq!(parse(&payload), Ok(Event::Records(vec![other])));
    }

    #[test]
    fn what_s3_may_leave_out_may_be_absent() {
        let payload = edited(|record| {
            record["s3"]["object"] = json!({ "key": "k", "eTag": "e", "versionId": null });
        });
        let Event::Records(records) = parse(&payload).unwrap() else {
            panic!("these are records");
        };
        let [Record::Created(created)] = records.as_slice() else {
            panic!("one object was created");
        };
        assert_eq!((created.size, created.version_id.as_deref()), (None, None));
        assert_eq!(created.sequencer.as_str(), "");
    }

    #[test]
    fn an_error_names_the_field() {
        let missing = "the event has no list `Records`; this function is meant to be called by an S3 notification";
        refused(&json!({}), missing);
        refused(&json!("zipcodes.csv"), missing);
        refused(&json!({ "Records": {} }), missing);
        refused(
            &json!({ "Records": [] }),
            "the event's list `Records` is empty",
        );
        refused(
            &json!({ "Records": [record("a"), {}] }),
            "`Records[1].eventSource` is missing",
        );
        refused(
            &edited(|record| record["eventSource"] = json!("aws:sqs")),
            "`Records[0].eventSource` is `aws:sqs`, expected `aws:s3`",
        );
        refused(
            &edited(|record| record["s3"]["object"]["key"] = json!(7)),
            "`Records[0].s3.object.key` is 7, not a string",
        );
        refused(
            &edited(|record| record["s3"]["object"]["key"] = json!("100%")),
            "`Records[0].s3.object.key` (`100%`) has a '%' that is not followed by two hexadecimal digits at byte 3",
        );
        refused(
            &edited(|record| record["s3"]["object"]["eTag"] = json!(null)),
            "`Records[0].s3.object.eTag` is missing",
        );
        refused(
            &edited(|record| record["s3"]["object"]["size"] = json!(-1)),
            "`Records[0].s3.object.size` is -1, not a number of bytes",
        );
        refused(
            &edited(|record| record["s3"]["object"]["sequencer"] = json!("0-1")),
            "`Records[0].s3.object.sequencer` (`0-1`) has other characters than letters and digits",
        );
        refused(
            &edited(|record| record["eventTime"] = json!("1969-07-20T20:17:40Z")),
            "`Records[0].eventTime` is not between the years 1970 and 2286",
        );
        refused(
            &edited(|record| record["s3"]["bucket"] = json!(null)),
            "`Records[0].s3.bucket.name` is missing",
        );
    }
}
