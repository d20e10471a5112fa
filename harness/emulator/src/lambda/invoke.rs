//! `Invoke`, and the way of one invocation to an environment.
//!
//! Follows <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use s3s::Body;
use tokio::sync::{mpsc, oneshot};

use super::Lambda;
use super::environment;
use super::invocation::{Finished, Invocation, Job, Spec};
use super::pool::{Lease, Throttled};
use super::queue::{self, QueuedEvent};
use super::reference::Reference;
use super::trace::Trace;
use super::validate::Violations;
use super::versions::Target;
use crate::core::Core;
use crate::front::{Answer, ApiError, Call};
use crate::journal::{Event, Outcome, Pending};

/// The largest event for a caller who waits, in bytes
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const LARGEST_SYNCHRONOUS: usize = 6_291_456;

/// The largest event for the queue, in bytes.
const LARGEST_ASYNCHRONOUS: usize = 1_048_576;

/// The largest client context, in bytes of its base64 form.
const LARGEST_CLIENT_CONTEXT: usize = 3583;

/// When a caller who was throttled may come again, in seconds.
const RETRY_AFTER: u32 = 1;

/// What the caller wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InvocationType {
    RequestResponse,
    Event,
    DryRun,
}

impl Lambda {
    /// Runs a function, and answers with what it answers.
    pub(super) async fn invoke(
        &self,
        call: &Call,
        reference: &Reference,
    ) -> Result<Answer, ApiError> {
        let found = self.draw(reference);
        let policy = found.as_ref().ok().and_then(Target::policy);
        self.authorize(
            call,
            "lambda:InvokeFunction",
            reference,
            &[],
            policy.as_deref(),
        )?;
        let target = found?;
        let header = |name: &str| call.headers.get(name).and_then(|value| value.to_str().ok());
        let kind = invocation_type(header("x-amz-invocation-type"), header("x-amz-log-type"))?;
        let payload = payload(&call.body, kind)?;
        let client_context = header("x-amz-client-context")
            .map(client_context)
            .transpose()?;
        let trace_id = header("x-amzn-trace-id").map(str::to_owned);
        match kind {
            InvocationType::DryRun => {
                let version = target.current().name();
                Ok(empty(StatusCode::NO_CONTENT, call, Some(&version)))
            }
            InvocationType::Event => {
                let event = QueuedEvent {
                    request_id: call.request_id.clone(),
                    payload,
                    client_context,
                    trace_id,
                };
                queue::accept(&self.core, target, event, call.entry, &call.pending);
                Ok(empty(StatusCode::ACCEPTED, call, None))
            }
            InvocationType::RequestResponse => {
                let invocation = Invocation {
                    request_id: call.request_id.clone(),
                    payload,
                    client_context,
                    trace_id: new_trace_id(&self.core, &target, trace_id.as_deref()),
                    invoked_arn: reference.arn(),
                    cause: call.entry,
                    attempt: 1,
                };
                let lease = self.lease_or_refuse(&target, &invocation).await?;
                let pending = call.pending.clone();
                let finished = run(&self.core, &target, invocation, lease, pending)
                    .await
                    .ok_or_else(|| ApiError::internal("the emulator is stopping"))?;
                let with_log = header("x-amz-log-type") == Some("Tail");
                let version = target.current().name();
                Ok(answer(call, finished, &version, with_log))
            }
        }
    }

    async fn lease_or_refuse(
        &self,
        target: &Target,
        invocation: &Invocation,
    ) -> Result<Lease, ApiError> {
        let function = &target.function;
        let now = self.core.clock.now();
        function
            .pool
            .lease_or_throttle(now, || target.demand(&self.core))
            .await
            .map_err(|Throttled| {
                self.core.journal.record(
                    Some(invocation.cause),
                    Event::InvocationEnded {
                        function: function.arn.to_string(),
                        request_id: invocation.request_id.clone(),
                        outcome: Outcome::Throttled,
                        duration_ms: 0,
                    },
                );
                throttled()
            })
    }
}

/// 429: the function has reached its reserved concurrency. What is not reserved never throttles
/// here but waits; see `pool`.
fn throttled() -> ApiError {
    let error = ApiError::new(
        StatusCode::TOO_MANY_REQUESTS,
        "TooManyRequestsException",
        "Rate Exceeded.",
    );
    ApiError {
        retry_after: Some(RETRY_AFTER),
        ..error.with(
            "Reason",
            "ReservedFunctionConcurrentInvocationLimitExceeded",
        )
    }
}

/// Gives an invocation to the lease's environment, or to a new one, and waits for its end.
/// `None` if the emulator stops first.
pub(super) async fn run(
    core: &Arc<Core>,
    target: &Target,
    invocation: Invocation,
    lease: Lease,
    pending: Pending,
) -> Option<Finished> {
    let (reply, finished) = oneshot::channel();
    let jobs = lease.handle.as_ref().map(|handle| handle.jobs.clone());
    let job = Job {
        invocation,
        lease,
        reply,
        pending,
    };
    let left = match jobs {
        Some(jobs) => match jobs.try_send(job) {
            Ok(()) => None,
            // It has just ended.
            Err(mpsc::error::TrySendError::Closed(job) | mpsc::error::TrySendError::Full(job)) => {
                Some(job)
            }
        },
        None => Some(job),
    };
    if let Some(job) = left {
        let function = &target.function;
        let spec = Spec {
            key: function.key.clone(),
            arn: function.arn.to_string(),
            version: target.version(core),
        };
        environment::start(core, Arc::new(spec), job);
    }
    finished.await.ok()
}

/// The header that tells an invocation's traces apart: the caller's, completed, or a new one.
pub(super) fn new_trace_id(core: &Core, target: &Target, header: Option<&str>) -> String {
    let active = target.current().configuration.is_traced();
    Trace::new(header, active, core.clock.now(), &core.random).to_string()
}

fn invocation_type(kind: Option<&str>, log: Option<&str>) -> Result<InvocationType, ApiError> {
    let mut violations = Violations::default();
    violations.one_of(
        "invocationType",
        kind,
        &["Event", "RequestResponse", "DryRun"],
    );
    violations.one_of("logType", log, &["None", "Tail"]);
    violations.finish()?;
    Ok(match kind {
        Some("Event") => InvocationType::Event,
        Some("DryRun") => InvocationType::DryRun,
        Some(_) | None => InvocationType::RequestResponse,
    })
}

/// The event: JSON, and `{}` if the caller gave none.
fn payload(body: &Bytes, kind: InvocationType) -> Result<Bytes, ApiError> {
    let (limit, name) = match kind {
        InvocationType::Event => (LARGEST_ASYNCHRONOUS, "Event"),
        InvocationType::RequestResponse => (LARGEST_SYNCHRONOUS, "RequestResponse"),
        InvocationType::DryRun => (LARGEST_SYNCHRONOUS, "DryRun"),
    };
    if body.len() > limit {
        return Err(ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestTooLargeException",
            format!(
                "{} byte payload is too large for the {name} invocation type (limit {limit} bytes)",
                body.len()
            ),
        ));
    }
    if body.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    match serde_json::from_slice::<serde::de::IgnoredAny>(body) {
        Ok(_) => Ok(body.clone()),
        Err(error) => Err(ApiError::bad_request(
            "InvalidRequestContentException",
            format!("Could not parse request body into json: {error}"),
        )),
    }
}

fn client_context(encoded: &str) -> Result<String, ApiError> {
    let refuse = |message: &str| ApiError::bad_request("InvalidRequestContentException", message);
    if encoded.len() > LARGEST_CLIENT_CONTEXT {
        return Err(refuse("Client context must be no larger than 3583 bytes."));
    }
    BASE64_STANDARD
        .decode(encoded)
        .ok()
        .filter(|text| serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok())
        .and_then(|text| String::from_utf8(text).ok())
        .ok_or_else(|| refuse("Client context must be a valid Base64-encoded JSON object."))
}

fn answer(call: &Call, finished: Finished, version: &str, with_log: bool) -> Answer {
    let mut answer = empty(StatusCode::OK, call, Some(version));
    *answer.body_mut() = Body::from(finished.payload);
    let headers = answer.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    if finished.error.is_some() {
        headers.insert(
            HeaderName::from_static("x-amz-function-error"),
            HeaderValue::from_static("Unhandled"),
        );
    }
    let log = BASE64_STANDARD.encode(finished.tail);
    if with_log && let Ok(log) = HeaderValue::try_from(log) {
        headers.insert(HeaderName::from_static("x-amz-log-result"), log);
    }
    answer
}

/// An answer without a body; `version` is what has run, or would have.
fn empty(status: StatusCode, call: &Call, version: Option<&str>) -> Answer {
    let mut answer = http::Response::new(Body::empty());
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&call.request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    if let Some(version) = version.and_then(|version| HeaderValue::from_str(version).ok()) {
        headers.insert(HeaderName::from_static("x-amz-executed-version"), version);
    }
    answer
}
