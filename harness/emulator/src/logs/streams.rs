//! Log streams.

use serde::Deserialize;
use serde_json::{Value, json};

use super::state::Stream;
use super::{Logs, error, input};
use crate::front::json::{answer, done, input as read};
use crate::front::{Answer, ApiError, Call};

/// How many streams one answer describes at most.
const MOST_DESCRIBED: usize = 50;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    log_group_name: Option<String>,
    log_stream_name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DescribeLogStreams {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name_prefix: Option<String>,
    order_by: Option<String>,
    #[serde(default)]
    descending: bool,
    next_token: Option<String>,
    limit: Option<i64>,
}

impl Logs {
    /// Follows <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogStream.html>.
    pub(super) fn create_log_stream(&self, call: &Call) -> Result<Answer, ApiError> {
        let asked: Named = read(call)?;
        let group = input::group(call, asked.log_group_name.as_deref())?;
        let stream = input::stream_name(asked.log_stream_name.as_deref())?;
        self.authorize_on(call, "logs:CreateLogStream", &group, stream)?;
        let now = self.now();
        self.core.logs.lock().create_stream(&group, stream, now)?;
        Ok(done(call))
    }

    /// Follows <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteLogStream.html>.
    pub(super) fn delete_log_stream(&self, call: &Call) -> Result<Answer, ApiError> {
        let asked: Named = read(call)?;
        let group = input::group(call, asked.log_group_name.as_deref())?;
        let stream = input::stream_name(asked.log_stream_name.as_deref())?;
        self.authorize_on(call, "logs:DeleteLogStream", &group, stream)?;
        let now = self.now();
        let removed = self
            .core
            .logs
            .lock()
            .group(&group, now)?
            .streams
            .remove(stream);
        removed.ok_or_else(error::no_stream)?;
        Ok(done(call))
    }

    /// Follows <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogStreams.html>.
    /// Differs from AWS: what was written is described at once, not an hour later.
    pub(super) fn describe_log_streams(&self, call: &Call) -> Result<Answer, ApiError> {
        let asked: DescribeLogStreams = read(call)?;
        let group = input::group_or_identifier(
            call,
            asked.log_group_name.as_deref(),
            asked.log_group_identifier.as_deref(),
        )?;
        let limit = input::limit(asked.limit, MOST_DESCRIBED)?;
        let prefix = asked.log_stream_name_prefix.as_deref();
        if let Some(prefix) = prefix {
            input::check_stream(prefix, "logStreamNamePrefix")?;
        }
        let by_time = match asked.order_by.as_deref() {
            None | Some("LogStreamName") => false,
            Some("LastEventTime") if prefix.is_some() => {
                return Err(error::invalid(
                    "Cannot order by LastEventTime with a logStreamNamePrefix.",
                ));
            }
            Some("LastEventTime") => true,
            Some(other) => {
                let rule = "satisfy enum value set: [LogStreamName, LastEventTime]";
                return Err(error::constraint(other, "orderBy", rule));
            }
        };
        self.authorize_on(call, "logs:DescribeLogStreams", &group, "")?;
        let now = self.now();
        let mut state = self.core.logs.lock();
        let found = state.group(&group, now)?;
        let mut streams: Vec<&Stream> = found
            .streams
            .values()
            .filter(|stream| prefix.is_none_or(|prefix| stream.name.starts_with(prefix)))
            .collect();
        if by_time {
            streams.sort_by_key(|stream| last(stream));
        }
        if asked.descending {
            streams.reverse();
        }
        let token = asked.next_token.as_deref();
        let (streams, next) = input::page(streams, token, limit, |stream| stream.name.as_str())?;
        let described: Vec<Value> = streams
            .into_iter()
            .map(|stream| describe(&group, stream))
            .collect();
        let mut result = json!({ "logStreams": described });
        if let Some(next) = next {
            result["nextToken"] = next.into();
        }
        Ok(answer(call, &result))
    }
}

/// When its last event happened.
fn last(stream: &Stream) -> Option<i64> {
    stream.events.last().map(|event| event.place.timestamp)
}

fn describe(group: &str, stream: &Stream) -> Value {
    let mut described = json!({
        "logStreamName": stream.name,
        "creationTime": stream.created,
        "arn": super::stream_arn(group, &stream.name),
        // AWS does not count the bytes of single streams any more.
        "storedBytes": 0,
    });
    if let (Some(first), Some(last)) = (stream.events.first(), last(stream)) {
        described["firstEventTimestamp"] = first.place.timestamp.into();
        described["lastEventTimestamp"] = last.into();
    }
    if let Some(ingested) = stream.ingested {
        described["lastIngestionTime"] = ingested.into();
        described["uploadSequenceToken"] = super::put::SEQUENCE_TOKEN.into();
    }
    described
}
