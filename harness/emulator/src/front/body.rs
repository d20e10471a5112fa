//! Bodies as they come and go: a request's has to keep coming, an answer's end is noticed.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};

use super::connection::Phases;
use super::limits::largest_body;
use super::{ApiError, Protocol, ServiceName};
use crate::clock::{Clock, Wait};

/// A request's body, still on the wire. It ends with an error if nothing comes for too long.
pub struct RequestBody {
    inner: Incoming,
    clock: Arc<dyn Clock>,
    limit: Duration,
    // A wait cannot be shared between threads, a body must be. It is never locked.
    wait: Mutex<Option<Wait>>,
    stalled: Stalled,
}

impl std::fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestBody")
            .field("inner", &self.inner)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// Whether a body stopped coming; known to whoever answers, however the body is read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stalled(Arc<AtomicBool>);

impl Stalled {
    /// Whether it did.
    pub(crate) fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Why a request's body ended early.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// What came is not what HTTP has there, or the connection is gone.
    #[error(transparent)]
    Broken(#[from] hyper::Error),
    /// Nothing came for this long.
    #[error("nothing came for {} s", .0.as_secs_f64())]
    Stalled(Duration),
}

impl RequestBody {
    pub(super) fn new(inner: Incoming, clock: Arc<dyn Clock>, limit: Duration) -> Self {
        Self {
            inner,
            clock,
            limit,
            wait: Mutex::default(),
            stalled: Stalled::default(),
        }
    }

    /// Tells, also after the body is gone, whether it stopped coming.
    pub(crate) fn stalled(&self) -> Stalled {
        self.stalled.clone()
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        let wait = this.wait.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(context) {
            *wait = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(BodyError::from)));
        }
        let wait = wait.get_or_insert_with(|| this.clock.limit(this.limit));
        std::task::ready!(wait.as_mut().poll(context));
        this.stalled.0.store(true, Ordering::Release);
        Poll::Ready(Some(Err(BodyError::Stalled(this.limit))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The whole body of a request to a service other than S3.
pub(super) async fn read(body: RequestBody, service: ServiceName) -> Result<Bytes, ApiError> {
    let (largest, stalled) = (largest_body(service), body.stalled());
    if body.size_hint().lower() > largest as u64 {
        return Err(too_large(service, largest));
    }
    match Limited::new(body, largest).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large(service, largest)),
        Err(_) if stalled.get() => Err(ApiError::new(
            StatusCode::REQUEST_TIMEOUT,
            if is_json(service) {
                "RequestTimeoutException"
            } else {
                "RequestTimeout"
            },
            STALLED,
        )),
        Err(error) => Err(ApiError::bad_request(
            "BadRequest",
            format!("An error occurred when parsing the HTTP request: {error}"),
        )),
    }
}

/// What S3 says of a body that stops coming.
pub(crate) const STALLED: &str = "Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.";

fn too_large(service: ServiceName, largest: usize) -> ApiError {
    let (code, message) = if service == ServiceName::Lambda {
        (
            "RequestEntityTooLargeException",
            format!("Request must be smaller than {largest} bytes"),
        )
    } else if is_json(service) {
        (
            "RequestEntityTooLargeException",
            format!("HTTP content length exceeded {largest} bytes."),
        )
    } else {
        (
            "RequestEntityTooLarge",
            format!("HTTP content length exceeded {largest} bytes."),
        )
    };
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, code, message)
}

fn is_json(service: ServiceName) -> bool {
    match service.protocol() {
        Protocol::Json10 | Protocol::Json11 | Protocol::RestJson => true,
        Protocol::Query | Protocol::RestXml => false,
    }
}

/// An answer's body. Once it has been handed over, the connection waits for its next request.
pub(super) struct AnswerBody {
    inner: s3s::Body,
    phases: Phases,
}

impl AnswerBody {
    pub(super) fn new(inner: s3s::Body, phases: Phases) -> Self {
        Self { inner, phases }
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        self.phases.answered();
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.inner).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
