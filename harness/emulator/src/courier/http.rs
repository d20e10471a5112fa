//! Deliveries to HTTP endpoints: one request after the other, until the endpoint takes the message
//! or the sender's patience is at an end.
//!
//! Deliberately absent: redirects (AWS takes them for failures, too) and kept connections.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use url::Url;

use super::Delivery;
use crate::core::Core;
use crate::journal::{EntryId, Event, Pending};

/// How long an endpoint may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// As much of an answer is read, in bytes; what it says does not matter.
const LARGEST_ANSWER: usize = 64 * 1024;

/// A message for an HTTP endpoint.
#[derive(Debug, Clone)]
pub struct HttpDelivery {
    /// Where to, with the scheme `http` or `https`.
    pub url: Url,
    /// The headers of the request, but for `Host` and the length of the body.
    pub headers: HeaderMap,
    /// What is posted.
    pub body: Bytes,
    /// The pause before each retry, before any hurry of the clock.
    pub retries: Vec<Duration>,
    /// What goes to the dead-letter queue if the endpoint does not take the message.
    pub dead_letter: Option<Delivery>,
    /// The journal entry that made it necessary.
    pub cause: EntryId,
    /// Held until the endpoint has answered for the last time.
    pub pending: Pending,
}

/// Why a message was not taken.
#[derive(Debug, PartialEq, Eq)]
struct Failure {
    reason: String,
    /// Whether it is worth another try.
    passing: bool,
}

impl Failure {
    /// Of the network, or of a server that does not speak HTTP.
    fn passing(reason: &impl ToString) -> Self {
        Self {
            reason: reason.to_string(),
            passing: true,
        }
    }

    /// Of a server that answered: what is its own fault, or too much at once, may pass.
    fn of(status: StatusCode) -> Option<Self> {
        (!status.is_success()).then(|| Self {
            reason: format!("it answered {status}"),
            passing: status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS,
        })
    }
}

/// Delivers, tries again, gives up; each is written into the journal.
pub(super) async fn deliver(core: Arc<Core>, delivery: HttpDelivery) {
    let destination = delivery.url.to_string();
    let cause = Some(delivery.cause);
    let mut retries = delivery.retries.iter();
    let failure = loop {
        let failure = match attempt(&core, &delivery).await {
            Ok(()) => {
                core.journal.record(cause, Event::Delivered { destination });
                return;
            }
            Err(failure) => failure,
        };
        let Some(pause) = retries.next().filter(|_| failure.passing) else {
            break failure;
        };
        core.journal.record(
            cause,
            Event::DeliveryRetried {
                destination: destination.clone(),
                reason: failure.reason,
                delay_ms: u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
            },
        );
        core.clock.pause(*pause).await;
    };
    let failed = core.journal.record(
        cause,
        Event::DeliveryFailed {
            destination,
            reason: failure.reason,
        },
    );
    if let Some(dead_letter) = delivery.dead_letter {
        core.post.send(Delivery {
            cause: failed,
            ..dead_letter
        });
    }
}

async fn attempt(core: &Core, delivery: &HttpDelivery) -> Result<(), Failure> {
    tokio::select! {
        status = request(core, delivery) => Failure::of(status?).map_or(Ok(()), Err),
        () = core.clock.limit(PATIENCE) => {
            let reason = format!("no answer within {} seconds", PATIENCE.as_secs());
            Err(Failure::passing(&reason))
        }
    }
}

/// One request on a connection of its own.
async fn request(core: &Core, delivery: &HttpDelivery) -> Result<StatusCode, Failure> {
    let url = &delivery.url;
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or(80);
    // An address of version 6 stands in brackets in URLs, but not elsewhere.
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let stream = connect(name, port).await?;
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let authority = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let mut request = Request::post(target)
        .header(header::HOST, authority)
        .body(Full::new(delivery.body.clone()))
        .map_err(|error| Failure::passing(&error))?;
    request.headers_mut().extend(delivery.headers.clone());
    if url.scheme() == "https" {
        let stream = core.trust.connect(name, stream).await;
        exchange(stream.map_err(|error| Failure::passing(&error))?, request).await
    } else {
        exchange(stream, request).await
    }
}

/// Only to this machine: a stack that is tried out here may name the pagers and chats of real people.
async fn connect(name: &str, port: u16) -> Result<TcpStream, Failure> {
    let addresses = tokio::net::lookup_host((name, port))
        .await
        .map_err(|error| Failure::passing(&error))?;
    let here: Vec<SocketAddr> = addresses
        .filter(|address| address.ip().is_loopback())
        .collect();
    if here.is_empty() {
        return Err(Failure {
            reason: format!("{name} is not on this machine, and nothing is sent out of it"),
            passing: false,
        });
    }
    TcpStream::connect(here.as_slice())
        .await
        .map_err(|error| Failure::passing(&error))
}

/// Sends the request over a connection of which this is the only one.
async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    request: Request<Full<Bytes>>,
) -> Result<StatusCode, Failure> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| Failure::passing(&error))?;
    let exchange = async move {
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        // Read, so that the server can finish; a body that breaks off changes nothing.
        let _ = Limited::new(answer.into_body(), LARGEST_ANSWER)
            .collect()
            .await;
        Ok::<_, hyper::Error>(status)
    };
    tokio::pin!(exchange, connection);
    let status = tokio::select! {
        status = &mut exchange => status,
        // Without the connection, the exchange has what it needs, or ends with an error.
        _ = &mut connection => exchange.await,
    };
    status.map_err(|error| Failure::passing(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nothing_is_sent_out_of_this_machine() {
        let failure = connect("192.0.2.1", 80).await.unwrap_err();
        assert!(!failure.passing);
        assert!(
            failure.reason.contains("not on this machine"),
            "{failure:?}"
        );
    }

    #[test]
    fn servers_errors_and_throttling_may_pass() {
        let passing = |status: u16| {
            let failure = Failure::of(StatusCode::from_u16(status).unwrap());
            failure.map(|failure| failure.passing)
        };
        for taken in [200, 204, 299] {
            assert_eq!(passing(taken), None);
        }
        for retried in [429, 500, 503, 599] {
            assert_eq!(passing(retried), Some(true));
        }
        for permanent in [301, 307, 400, 403, 404, 410] {
            assert_eq!(passing(permanent), Some(false));
        }
    }
}
