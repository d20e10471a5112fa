//! The Runtime API: what a function's process calls to get its next event and to answer it.
//!
//! Each process has a listener of its own, so the address alone says who calls. Requests become
//! [`Request`]s for the environment, which holds all state and gives the verdicts; this file only
//! knows the wire.
//!
//! Follows <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>. Left out: the
//! Extensions, Logs and Telemetry APIs, which answer that they are not supported, and response
//! streaming to the caller (a streamed response is collected).

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::core::Core;

/// The largest response, in bytes: 6 MB and a little
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const LARGEST_RESPONSE: usize = 6_291_556;

/// An event for the process, and what it has to know about it.
#[derive(Debug, Clone)]
pub(super) struct Handed {
    pub(super) request_id: String,
    /// Unix milliseconds.
    pub(super) deadline_ms: i64,
    pub(super) function_arn: String,
    pub(super) trace_id: String,
    /// The caller's own, decoded.
    pub(super) client_context: Option<String>,
    pub(super) payload: Bytes,
}

/// An error that a function or Lambda reports, with the JSON that the caller gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FunctionError {
    pub(super) error_type: String,
    pub(super) message: String,
    pub(super) payload: Bytes,
}

impl FunctionError {
    /// An error in Lambda's own words.
    pub(super) fn new(error_type: &str, message: String) -> Self {
        let payload = json!({ "errorType": error_type, "errorMessage": message });
        Self {
            error_type: error_type.to_owned(),
            message,
            payload: payload.to_string().into(),
        }
    }

    /// What a runtime reports: its body goes to the caller as it is. Its kind is the one that the
    /// caller reads, and only without one the header's, which some runtimes fill with a constant.
    fn reported(header: Option<&str>, payload: Bytes) -> Self {
        let body: serde_json::Value = serde_json::from_slice(&payload).unwrap_or_default();
        let field = |name: &str| body.get(name).and_then(|value| value.as_str());
        Self {
            error_type: field("errorType")
                .or(header)
                .unwrap_or("Runtime.Unknown")
                .to_owned(),
            message: field("errorMessage").unwrap_or_default().to_owned(),
            payload,
        }
    }
}

/// Why the environment refuses a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The request does not fit what the process did before.
    InvalidStateTransition,
    /// The answer is for another invocation.
    InvalidRequestId,
}

/// What the process asks for.
#[derive(Debug)]
pub(super) enum Request {
    /// The next event; the environment keeps the sender until there is one.
    Next(oneshot::Sender<Result<Handed, Refusal>>),
    /// The end of an invocation.
    Answer {
        request_id: String,
        result: Result<Bytes, FunctionError>,
        reply: oneshot::Sender<Result<(), Refusal>>,
    },
    /// The process could not prepare itself.
    InitError {
        error: FunctionError,
        reply: oneshot::Sender<Result<(), Refusal>>,
    },
}

/// The listener of one process; its connections end when this is dropped.
#[derive(Debug)]
pub(super) struct RuntimeApi {
    /// For `AWS_LAMBDA_RUNTIME_API`.
    pub(super) address: SocketAddr,
    requests: mpsc::Receiver<Request>,
    _stop: DropGuard,
}

impl RuntimeApi {
    /// Starts listening on a loopback port of the system's choice.
    pub(super) async fn start(core: &Arc<Core>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (sender, requests) = mpsc::channel(8);
        let stop = core.shutdown.child_token();
        core.tasks
            .spawn(run(Arc::clone(core), listener, sender, stop.clone()));
        Ok(Self {
            address,
            requests,
            _stop: stop.drop_guard(),
        })
    }

    /// The process's next request.
    pub(super) async fn request(&mut self) -> Request {
        match self.requests.recv().await {
            Some(request) => request,
            // Only when the emulator stops.
            None => std::future::pending().await,
        }
    }
}

async fn run(
    core: Arc<Core>,
    listener: TcpListener,
    requests: mpsc::Sender<Request>,
    stop: CancellationToken,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        match accepted {
            Ok((stream, _)) => {
                core.tasks
                    .spawn(serve(stream, requests.clone(), stop.clone()));
            }
            Err(error) => tracing::warn!(%error, "cannot accept a function's connection"),
        }
    }
}

async fn serve(stream: TcpStream, requests: mpsc::Sender<Request>, stop: CancellationToken) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let service = service_fn(move |request: http::Request<Incoming>| {
        let requests = requests.clone();
        async move { Ok::<_, Infallible>(respond(&requests, request).await) }
    });
    let connection =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        ended = connection => {
            if let Err(error) = ended {
                tracing::debug!(%error, "a function's connection ended early");
            }
        }
        () = stop.cancelled() => {}
    }
}

type Response = http::Response<Full<Bytes>>;

async fn respond(requests: &mpsc::Sender<Request>, request: http::Request<Incoming>) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match (&parts.method, segments.as_slice()) {
        (&Method::GET, ["2018-06-01", "runtime", "invocation", "next"]) => next(requests).await,
        (&Method::POST, ["2018-06-01", "runtime", "invocation", id, "response"]) => {
            let (result, verdict) = match read(body).await {
                Ok(body) => (body.result(), None),
                Err(ReadError::TooLarge) => (Err(too_large()), Some(too_large_for_runtime())),
                Err(ReadError::Broken(error)) => return unreadable(&error),
            };
            let answered = answer(requests, id, result).await;
            verdict.unwrap_or(answered)
        }
        (&Method::POST, ["2018-06-01", "runtime", "invocation", id, "error"]) => {
            match read(body).await {
                Ok(body) => {
                    let error = body.error(&parts.headers);
                    answer(requests, id, Err(error)).await
                }
                Err(ReadError::TooLarge) => too_large_for_runtime(),
                Err(ReadError::Broken(error)) => unreadable(&error),
            }
        }
        (&Method::POST, ["2018-06-01", "runtime", "init", "error"]) => match read(body).await {
            Ok(body) => {
                let error = body.error(&parts.headers);
                let (reply, verdict) = oneshot::channel();
                ask(requests, Request::InitError { error, reply }, verdict).await
            }
            Err(ReadError::TooLarge) => too_large_for_runtime(),
            Err(ReadError::Broken(error)) => unreadable(&error),
        },
        (_, ["2020-01-01" | "2020-08-15" | "2022-07-01", ..]) => failure(
            StatusCode::NOT_IMPLEMENTED,
            "NotImplemented",
            "the Extensions, Logs and Telemetry APIs are not supported by this emulator",
        ),
        _ => failure(
            StatusCode::NOT_FOUND,
            "NotFound",
            &format!("the Runtime API has no {} {path}", parts.method),
        ),
    }
}

async fn next(requests: &mpsc::Sender<Request>) -> Response {
    let (reply, handed) = oneshot::channel();
    if requests.send(Request::Next(reply)).await.is_err() {
        return gone();
    }
    match handed.await {
        Ok(Ok(handed)) => handed.respond(),
        Ok(Err(refusal)) => refusal.respond(),
        Err(_) => gone(),
    }
}

async fn answer(
    requests: &mpsc::Sender<Request>,
    request_id: &str,
    result: Result<Bytes, FunctionError>,
) -> Response {
    let (reply, verdict) = oneshot::channel();
    let request = Request::Answer {
        request_id: request_id.to_owned(),
        result,
        reply,
    };
    ask(requests, request, verdict).await
}

async fn ask(
    requests: &mpsc::Sender<Request>,
    request: Request,
    verdict: oneshot::Receiver<Result<(), Refusal>>,
) -> Response {
    if requests.send(request).await.is_err() {
        return gone();
    }
    match verdict.await {
        Ok(Ok(())) => respond_json(StatusCode::ACCEPTED, &json!({ "status": "OK" })),
        Ok(Err(refusal)) => refusal.respond(),
        Err(_) => gone(),
    }
}

impl Handed {
    fn respond(self) -> Response {
        let mut response = http::Response::new(Full::new(self.payload));
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        let fields = [
            ("lambda-runtime-aws-request-id", Some(self.request_id)),
            (
                "lambda-runtime-deadline-ms",
                Some(self.deadline_ms.to_string()),
            ),
            (
                "lambda-runtime-invoked-function-arn",
                Some(self.function_arn),
            ),
            ("lambda-runtime-trace-id", Some(self.trace_id)),
            ("lambda-runtime-client-context", self.client_context),
        ];
        for (name, value) in fields {
            let value = value.and_then(|value| HeaderValue::try_from(value).ok());
            if let Some(value) = value {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        response
    }
}

impl Refusal {
    fn respond(self) -> Response {
        match self {
            Self::InvalidStateTransition => failure(
                StatusCode::FORBIDDEN,
                "InvalidStateTransition",
                "State transition is not allowed",
            ),
            Self::InvalidRequestId => failure(
                StatusCode::BAD_REQUEST,
                "InvalidRequestID",
                "Invalid request ID",
            ),
        }
    }
}

/// A request's body with its trailers.
struct Collected {
    bytes: Bytes,
    trailers: HeaderMap,
}

enum ReadError {
    TooLarge,
    Broken(hyper::Error),
}

impl Collected {
    /// The response; a streamed one can still turn into an error at its end.
    fn result(self) -> Result<Bytes, FunctionError> {
        let trailer = |name| self.trailers.get(name)?.to_str().ok();
        let Some(error_type) = trailer("lambda-runtime-function-error-type") else {
            return Ok(self.bytes);
        };
        let body = trailer("lambda-runtime-function-error-body")
            .and_then(|body| BASE64_STANDARD.decode(body).ok())
            .unwrap_or_default();
        Err(FunctionError::reported(Some(error_type), body.into()))
    }

    fn error(self, headers: &HeaderMap) -> FunctionError {
        let error_type = headers
            .get("lambda-runtime-function-error-type")
            .and_then(|value| value.to_str().ok());
        FunctionError::reported(error_type, self.bytes)
    }
}

/// Reads to the end even what is too large, so that the process gets to read the answer.
async fn read(mut body: Incoming) -> Result<Collected, ReadError> {
    let mut bytes = BytesMut::new();
    let mut trailers = HeaderMap::new();
    let mut too_large = false;
    while let Some(frame) = body.frame().await {
        match frame.map_err(ReadError::Broken)?.into_data() {
            Ok(_) if too_large => {}
            Ok(data) if bytes.len() + data.len() > LARGEST_RESPONSE => too_large = true,
            Ok(data) => bytes.extend_from_slice(&data),
            Err(frame) => trailers.extend(frame.into_trailers().unwrap_or_default()),
        }
    }
    if too_large {
        return Err(ReadError::TooLarge);
    }
    Ok(Collected {
        bytes: bytes.freeze(),
        trailers,
    })
}

/// What the caller of the function learns about a response that is too large.
fn too_large() -> FunctionError {
    FunctionError::new(
        "Function.ResponseSizeTooLarge",
        format!(
            "Response payload size exceeded maximum allowed payload size ({LARGEST_RESPONSE} bytes)."
        ),
    )
}

/// What the function itself learns about it.
fn too_large_for_runtime() -> Response {
    failure(
        StatusCode::PAYLOAD_TOO_LARGE,
        "RequestEntityTooLarge",
        &format!("Exceeded maximum allowed payload size ({LARGEST_RESPONSE} bytes)."),
    )
}

fn unreadable(error: &hyper::Error) -> Response {
    failure(
        StatusCode::BAD_REQUEST,
        "InvalidRequest",
        &format!("the body could not be read: {error}"),
    )
}

/// For a process whose environment has ended: it is about to be killed.
fn gone() -> Response {
    failure(
        StatusCode::INTERNAL_SERVER_ERROR,
        "Container.Shutdown",
        "the execution environment has ended",
    )
}

fn failure(status: StatusCode, error_type: &str, message: &str) -> Response {
    respond_json(
        status,
        &json!({ "errorType": error_type, "errorMessage": message }),
    )
}

fn respond_json(status: StatusCode, body: &serde_json::Value) -> Response {
    let mut response = http::Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}
