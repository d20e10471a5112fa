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
use super::environment::{self, Finished, Invocation, Job, Spec};
use super::function::Function;
use super::pool::{Lease, Throttled};
use super::queue::QueuedEvent;
use super::reference::Reference;
use super::trace::Trace;
use super::validate::{Violations, not_found};
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
        let found = self.find(reference);
        let policy = found.as_ref().ok().and_then(|function| {
            let state = function.state();
            state.policy.document()
        });
        self.authorize(
            call,
            "lambda:InvokeFunction",
            reference,
            &[],
            policy.as_deref(),
        )?;
        let function = found?;
        let header = |name: &str| call.headers.get(name).and_then(|value| value.to_str().ok());
        let kind = invocation_type(header("x-amz-invocation-type"), header("x-amz-log-type"))?;
        let payload = payload(&call.body, kind)?;
        let client_context = header("x-amz-client-context")
            .map(client_context)
            .transpose()?;
        let trace_id = header("x-amzn-trace-id").map(str::to_owned);
        match kind {
            InvocationType::DryRun => Ok(empty(StatusCode::NO_CONTENT, &call.request_id)),
            InvocationType::Event => {
                let event = QueuedEvent {
                    request_id: call.request_id.clone(),
                    payload,
                    client_context,
                    trace_id,
                };
                function
                    .queue
                    .accept(&self.core, &function, event, call.entry, &call.pending);
                Ok(empty(StatusCode::ACCEPTED, &call.request_id))
            }
            InvocationType::RequestResponse => {
                let invocation = Invocation {
                    request_id: call.request_id.clone(),
                    payload,
                    client_context,
                    trace_id: new_trace_id(&self.core, &function, trace_id.as_deref()),
                    invoked_arn: reference.arn(),
                    cause: call.entry,
                    attempt: 1,
                };
                let lease = self.lease_or_refuse(&function, &invocation).await?;
                let finished = run(
                    &self.core,
                    &function,
                    invocation,
                    lease,
                    call.pending.clone(),
                )
                .await
                .ok_or_else(|| ApiError::internal("the emulator is stopping"))?;
                let with_log = header("x-amz-log-type") == Some("Tail");
                Ok(answer(call, finished, with_log))
            }
        }
    }

    async fn lease_or_refuse(
        &self,
        function: &Arc<Function>,
        invocation: &Invocation,
    ) -> Result<Lease, ApiError> {
        let reserved = || function.state().reserved_concurrency;
        // Refreshed first: a program that has changed makes the idle environments outdated.
        function.version(&self.core);
        let now = self.core.clock.now();
        function
            .pool
            .lease_or_throttle(now, reserved)
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
    function: &Arc<Function>,
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
        let spec = Spec {
            key: function.key.clone(),
            arn: function.arn.to_string(),
            version: function.version(core),
        };
        environment::start(core, Arc::new(spec), job);
    }
    finished.await.ok()
}

/// The header that tells an invocation's traces apart: the caller's, completed, or a new one.
pub(super) fn new_trace_id(core: &Core, function: &Function, header: Option<&str>) -> String {
    let active = function.state().version.configuration.is_traced();
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

fn answer(call: &Call, finished: Finished, with_log: bool) -> Answer {
    let mut answer = empty(StatusCode::OK, &call.request_id);
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

fn empty(status: StatusCode, request_id: &str) -> Answer {
    let mut answer = http::Response::new(Body::empty());
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    if status != StatusCode::ACCEPTED {
        headers.insert(
            HeaderName::from_static("x-amz-executed-version"),
            HeaderValue::from_static("$LATEST"),
        );
    }
    answer
}

impl Lambda {
    /// The function that a reference names.
    pub(super) fn find(&self, reference: &Reference) -> Result<Arc<Function>, ApiError> {
        let missing = || not_found(format!("Function not found: {}", reference.arn()));
        if !reference.is_latest() {
            return Err(missing());
        }
        self.functions()
            .get(&reference.key)
            .cloned()
            .ok_or_else(missing)
    }
}
