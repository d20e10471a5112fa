//! Life as a Lambda function: start-up, invocations, the log.
//!
//! A function brings a [`Handler`], which deals with one new object. What every function needs
//! around it is here: the event is read, each record handled and its failure announced, the
//! invocation ended before Lambda ends it, and Lambda told what happened.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::{Value, json};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::event::{self, Created, Event, Record};
use crate::failure::Failure;
use crate::notice::{About, Announcer, Function, Publisher, Status};

/// Set by Lambda, and by whatever stands in for it: where the Runtime API listens.
pub const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";

/// The time kept back from an invocation's limit, to say that it ran out.
const RESERVE: Duration = Duration::from_millis(1500);

/// What a function does with one new object.
pub trait Handler: Send + Sync {
    /// Deals with `created`, telling `announcer` of every step.
    ///
    /// It must be possible to call this again for the same object at any point of a previous call,
    /// as S3 delivers events more than once and Lambda tries a failed one again.
    ///
    /// # Errors
    /// [`Failure`] if the object could not be dealt with. The caller announces it.
    fn created(
        &self,
        created: &Created,
        announcer: &mut Announcer<'_>,
    ) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// A function that is ready for invocations.
#[derive(Debug)]
pub struct Service<H> {
    /// Its name and steps.
    pub function: Function,
    /// Where it announces them.
    pub publisher: Publisher,
    /// What it does.
    pub handler: H,
}

/// Whether this process was started by Lambda, and not by a person.
pub fn is_lambda(lookup: &dyn Fn(&str) -> Option<String>) -> bool {
    lookup(RUNTIME_API).is_some_and(|address| !address.is_empty())
}

/// Writes the log to standard output, one JSON object a line, as CloudWatch Logs wants it. Every
/// line of an invocation has its request id.
///
/// `AWS_LAMBDA_LOG_LEVEL`, else `RUST_LOG`, sets the level; it is `info` otherwise.
pub fn log_as_json(lookup: &dyn Fn(&str) -> Option<String>) {
    let wanted = lookup("AWS_LAMBDA_LOG_LEVEL").or_else(|| lookup("RUST_LOG"));
    let filter = wanted.map_or_else(|| EnvFilter::new("info"), EnvFilter::new);
    let installed = log(filter, std::io::stdout).try_init();
    if installed.is_err() {
        tracing::debug!("a log was set up before");
    }
}

/// The log, of what `filter` lets through, to where `writer` says.
fn log<W>(filter: EnvFilter, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_target(false)
        .with_writer(writer)
        .with_filter(filter_fn(|metadata| !repeats_a_failure(metadata)));
    tracing_subscriber::registry().with(filter).with(lines)
}

/// Whether this is the line in which `lambda_runtime` says how a handler failed. [`serve`] has
/// said so before, in words. A panic, which is said in the same place with the field `error`, is
/// said by nobody else.
fn repeats_a_failure(metadata: &Metadata<'_>) -> bool {
    metadata.target() == "lambda_runtime::layers::panic"
        && metadata.is_event()
        && metadata.fields().field("error").is_none()
}

/// Serves invocations until Lambda ends the process.
///
/// A function that could not be set up serves too: it answers every invocation with the reason.
/// Leaving instead would hide the reason behind Lambda's `Runtime.ExitError`.
///
/// # Errors
/// If the Runtime API cannot be spoken to.
pub async fn serve<H: Handler>(
    service: Result<Service<H>, Failure>,
) -> Result<(), lambda_runtime::Error> {
    if let Err(failure) = &service {
        tracing::error!(error_type = failure.error_type(), "{}", failure.explained());
    }
    let service = &service;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        let LambdaEvent { payload, context } = event;
        let limit = time_left(context.deadline);
        match service {
            Ok(service) => service.invoke(&payload, &context.request_id, limit).await,
            Err(failure) => Err(again(failure)),
        }
        .inspect_err(|failure| {
            tracing::error!(error_type = failure.error_type(), "{}", failure.explained());
        })
        .map_err(Diagnostic::from)
    }))
    .await
}

/// The failure of the start, for one more invocation.
fn again(failure: &Failure) -> Failure {
    Failure::own(failure.error_type(), failure.to_string(), failure.hint())
}

/// How long the invocation with this deadline (Unix milliseconds) may work; `None` for as long as it
/// likes, which is how a deadline that passed before the invocation began is read. Some stand-ins
/// for Lambda send such a one.
#[expect(
    clippy::disallowed_methods,
    reason = "Lambda gives the deadline as a time of day, and an outer clock is not to be had here"
)]
fn time_left(deadline_ms: u64) -> Option<Duration> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    let left = Duration::from_millis(deadline_ms).checked_sub(now)?;
    // A function with a very short timeout keeps half of it for its work.
    Some(left.saturating_sub(RESERVE.min(left / 2)))
}

impl<H: Handler> Service<H> {
    /// Answers one invocation: `payload` is the event, `limit` how long it may take, if
    /// that is known.
    ///
    /// Every record is dealt with, also after one that failed: they are independent, and an event
    /// that is tried again does no harm to those that were done. The answer lists what became of
    /// each; nobody reads it in an asynchronous invocation, but the log and a test event show it.
    ///
    /// # Errors
    /// [`Failure`] if the event cannot be read, or if any of its records failed. Each failure was
    /// announced.
    pub async fn invoke(
        &self,
        payload: &Value,
        request_id: &str,
        limit: Option<Duration>,
    ) -> Result<Value, Failure> {
        let end = limit.map(|limit| tokio::time::Instant::now() + limit);
        let records = match event::parse(payload) {
            Ok(Event::Test { bucket }) => {
                tracing::info!(bucket, "S3 tested the notification");
                return Ok(json!({ "test_event": true }));
            }
            Ok(Event::Records(records)) => records,
            Err(error) => {
                let failure = Failure::from(error);
                let about = About {
                    request_id: request_id.to_owned(),
                    ..About::default()
                };
                self.announcer(about).failed(&failure).await;
                return Err(failure);
            }
        };
        let (mut answers, mut failures) = (Vec::new(), Vec::new());
        for record in &records {
            match record {
                Record::Created(created) => match self.created(created, request_id, end).await {
                    Ok(answer) => answers.push(answer),
                    Err(failure) => failures.push(failure),
                },
                Record::Other {
                    event_name,
                    bucket,
                    key,
                } => {
                    tracing::warn!(
                        event_name,
                        bucket,
                        key,
                        "the function does not act upon this event; narrow the notification"
                    );
                    answers.push(json!({
                        "bucket": bucket, "key": key, "status": "ignored", "event": event_name,
                    }));
                }
            }
        }
        let failed = failures.len();
        match (failures.into_iter().next(), records.len()) {
            (None, _) => Ok(json!({ "records": answers })),
            (Some(failure), 1) => Err(failure),
            (Some(first), records) => Err(Failure::Several {
                failed,
                records,
                first: Box::new(first),
            }),
        }
    }

    async fn created(
        &self,
        created: &Created,
        request_id: &str,
        end: Option<tokio::time::Instant>,
    ) -> Result<Value, Failure> {
        let mut announcer = self.announcer(About {
            bucket: created.bucket.as_str().to_owned(),
            key: created.key.as_str().to_owned(),
            request_id: request_id.to_owned(),
            upload: String::new(),
        });
        let work = self.handler.created(created, &mut announcer);
        // What is dropped at the end of the time is in a state that the next attempt can deal with.
        let done = match end {
            Some(end) => tokio::time::timeout_at(end, work).await,
            None => Ok(work.await),
        };
        if let Err(failure) = done.unwrap_or(Err(Failure::OutOfTime)) {
            announcer.failed(&failure).await;
            return Err(failure);
        }
        let notice = announcer.last();
        let counts = notice.map(|notice| {
            let counts = notice.counts().iter();
            let counts = counts.map(|(count, value)| (count.as_str().to_owned(), json!(value)));
            Value::Object(counts.collect())
        });
        Ok(json!({
            "bucket": created.bucket.as_str(),
            "key": created.key.as_str(),
            "status": notice.map(|notice| Status::as_str(notice.status())),
            "counts": counts,
        }))
    }

    fn announcer(&self, about: About) -> Announcer<'_> {
        Announcer::new(&self.publisher, self.function, about)
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use crate::names::TopicArn;
    use crate::notice::{Count, Step};
    use crate::scripted::{Asked, Script, clients, published, refusal};

    use super::*;

    /// Two steps; what becomes of the second depends on the key.
    struct Fickle;

    impl Handler for Fickle {
        async fn created(
            &self,
            created: &Created,
            announcer: &mut Announcer<'_>,
        ) -> Result<(), Failure> {
            let counted = |step: Step| step.count(Count::RowsRead, 7);
            announcer.step(counted(Step::new("taken"))).await?;
            match created.key.as_str() {
                "bad" => Err(Failure::own("Spoiled", "the object is bad", "send another")),
                "old" => announcer.superseded("A newer one is there.").await,
                "slow" => std::future::pending().await,
                _ => announcer.step(counted(Step::new("finished"))).await,
            }
        }
    }

    async fn invoke(
        payload: &Value,
        respond: impl Fn(&Asked) -> crate::scripted::Answer + Send + Sync + 'static,
    ) -> (Result<Value, Failure>, Script) {
        let (clients, script) = clients(respond);
        let topic = TopicArn::parse("arn:aws:sns:eu-central-1:123456789012:zipster-x").unwrap();
        let service = Service {
            function: Function {
                name: "example",
                steps: 2,
            },
            publisher: Publisher::new(clients.sns, topic),
            handler: Fickle,
        };
        let is_slow = payload["Records"][0]["s3"]["object"]["key"] == "slow";
        let limit = is_slow.then_some(Duration::from_millis(50));
        (service.invoke(payload, "r-1", limit).await, script)
    }

    fn event(keys: &[&str]) -> Value {
        let record = |key: &&str| {
            json!({
                "eventSource": "aws:s3",
                "eventName": "ObjectCreated:Put",
                "eventTime": "2026-11-23T16:00:00.123Z",
                "s3": { "bucket": { "name": "input" }, "object": { "key": key, "eTag": "0" } },
            })
        };
        json!({ "Records": keys.iter().map(record).collect::<Vec<_>>() })
    }

    /// Subjects and statuses of what was published.
    fn told(script: &Script) -> Vec<String> {
        let asked = script.asked();
        let told = asked.iter().map(|asked| {
            let subject = asked.field("Subject").unwrap();
            let status = asked.attribute("status").unwrap();
            let step = asked.attribute("step").unwrap();
            let short = subject.trim_start_matches("[zipster] example ");
            format!("{status} {step}: {short}")
        });
        told.collect()
    }

    #[tokio::test]
    async fn every_step_is_announced_with_attributes() {
        let (answer, script) = invoke(&event(&["a%2Bb"]), |_| published()).await;
        assert_eq!(
            told(&script),
            [
                "started 1: 1 of 2: taken a+b",
                "succeeded 2: 2 of 2: finished a+b"
            ]
        );
        let first = &script.asked()[0];
        for (name, value) in [
            ("function", "example"),
            ("key", "a+b"),
            ("request_id", "r-1"),
            ("rows_read", "7"),
        ] {
            assert_eq!(first.attribute(name).as_deref(), Some(value), "{name}");
        }
        assert_eq!(
            answer.unwrap(),
            json!({ "records": [
                { "bucket": "input", "key": "a+b", "status": "succeeded", "counts": { "rows_read": 7 } },
            ]})
        );
    }

    #[tokio::test]
    async fn a_record_that_fails_does_not_stop_the_others() {
        let (answer, script) = invoke(&event(&["bad", "old", "good"]), |_| published()).await;
        assert_eq!(
            told(&script),
            [
                "started 1: 1 of 2: taken bad",
                "failed 2: FAILED at 2 of 2: bad",
                "started 1: 1 of 2: taken old",
                "superseded 2: 2 of 2: superseded old",
                "started 1: 1 of 2: taken good",
                "succeeded 2: 2 of 2: finished good",
            ]
        );
        let failure = answer.unwrap_err();
        assert_eq!(failure.error_type(), "Spoiled");
        assert_eq!(
            failure.to_string(),
            "1 of the event's 3 records failed, the first of them: the object is bad"
        );
    }

    #[tokio::test]
    async fn a_failure_that_cannot_be_announced_is_still_the_failure() {
        let respond = |asked: &Asked| match asked.attribute("status").as_deref() {
            Some("failed") => refusal(403, "AuthorizationError"),
            _ => published(),
        };
        let (answer, script) = invoke(&event(&["bad"]), respond).await;
        assert_eq!(told(&script).len(), 2);
        assert_eq!(answer.unwrap_err().error_type(), "Spoiled");
    }

    #[tokio::test]
    async fn a_step_that_cannot_be_announced_is_a_failure() {
        let (answer, _) = invoke(&event(&["good"]), |_| refusal(403, "AuthorizationError")).await;
        let failure = answer.unwrap_err();
        assert_eq!(failure.error_type(), "AccessDenied");
        assert!(failure.hint().contains("sns:Publish"), "{}", failure.hint());
    }

    #[tokio::test]
    async fn running_out_of_time_is_announced_before_lambda_ends_it() {
        let (answer, script) = invoke(&event(&["slow"]), |_| published()).await;
        let told = told(&script);
        let last = told.last().unwrap();
        assert!(last.starts_with("failed"), "{last}");
        assert_eq!(answer.unwrap_err().error_type(), "OutOfTime");
    }

    #[tokio::test]
    async fn an_event_that_cannot_be_read_is_announced() {
        let (answer, script) = invoke(&json!({ "zip": 1 }), |_| published()).await;
        assert_eq!(told(&script), ["failed 1: FAILED at 1 of 2:"]);
        assert_eq!(script.asked()[0].attribute("key"), None);
        assert_eq!(answer.unwrap_err().error_type(), "InvalidEvent");
    }

    #[tokio::test]
    async fn what_is_not_acted_upon_is_reported() {
        let (answer, script) = invoke(&json!({ "Event": "s3:TestEvent" }), |_| published()).await;
        assert_eq!(answer.unwrap(), json!({ "test_event": true }));
        assert!(script.asked().is_empty());

        let mut removed = event(&["a"]);
        removed["Records"][0]["eventName"] = json!("ObjectRemoved:Delete");
        let (answer, _) = invoke(&removed, |_| published()).await;
        let ignored = &answer.unwrap()["records"][0];
        assert_eq!(ignored["status"], "ignored");
        assert_eq!(ignored["event"], "ObjectRemoved:Delete");
    }

    /// A log to look at.
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_failure_is_logged_once() {
        let written = Written::default();
        let writer = written.clone();
        let log = log(EnvFilter::new("info"), move || writer.clone());
        tracing::subscriber::with_default(log, || {
            tracing::error!(error_type = "Spoiled", "the object is bad");
            tracing::error!(target: "lambda_runtime::layers::panic", "Diagnostic {{ .. }}");
            tracing::error!(target: "lambda_runtime::layers::panic", error = "oh", "user handler panicked");
        });
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        let said: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["message"].clone())
            .collect();
        assert_eq!(said, ["the object is bad", "user handler panicked"]);
    }

    #[test]
    fn a_deadline_in_the_past_is_no_deadline() {
        assert_eq!(time_left(600_000), None);
        assert!(time_left(u64::MAX).is_some());
    }
}
