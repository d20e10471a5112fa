//! Connections: accepted while there is room, and ended when they ask for too much patience.
//!
//! `hyper` speaks HTTP on a connection; here it is known what the connection is waiting for, and for
//! how long it may.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpListener;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};

use super::body::{AnswerBody, RequestBody};
use super::limits::{LARGEST_HEAD, Limits, MOST_HEADERS};
use super::respond;
use crate::clock::{Clock, Wait};
use crate::core::Core;
use crate::emulator::Services;

/// Between two attempts to accept, when the system has no more files to give.
const BREATH: Duration = Duration::from_millis(50);

/// Serves connections until the emulator stops, then until each has ended.
pub async fn run(core: Arc<Core>, services: Arc<Services>, listener: TcpListener) {
    let room = Room::new(core.limits.connections);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = core.shutdown.cancelled() => return,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                room.crowded.notify_one();
                tokio::select! {
                    () = core.clock.limit(BREATH) => continue,
                    () = core.shutdown.cancelled() => return,
                }
            }
        };
        let place = tokio::select! {
            place = room.place() => place,
            () = core.shutdown.cancelled() => return,
        };
        // Small answers must not wait for more to send.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
        let crowded = Arc::clone(&room.crowded);
        let connection = serve(Arc::clone(&core), Arc::clone(&services), stream, crowded);
        core.tasks.spawn(async move {
            connection.await;
            drop(place);
        });
    }
}

/// Room for so many connections at once.
struct Room {
    places: Arc<Semaphore>,
    /// Somebody waits for a place.
    crowded: Arc<Notify>,
}

impl Room {
    fn new(places: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))),
            crowded: Arc::default(),
        }
    }

    /// A place, free until it is dropped; an idle connection makes way if there is none.
    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Some(place);
        }
        self.crowded.notify_one();
        // The semaphore is never closed.
        Arc::clone(&self.places).acquire_owned().await.ok()
    }
}

/// One connection, until the client leaves or tries the emulator's patience, or the emulator stops.
pub(crate) async fn serve(
    core: Arc<Core>,
    services: Arc<Services>,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    crowded: Arc<Notify>,
) {
    let (clock, shutdown) = (Arc::clone(&core.clock), core.shutdown.clone());
    let limits = core.limits.clone();
    let phases = Phases::default();
    let stream = Watched {
        stream,
        phases: phases.clone(),
        clock: Arc::clone(&clock),
        stall: limits.stall,
        wait: None,
    };
    let of_requests = phases.clone();
    let service = service_fn(move |request: http::Request<Incoming>| {
        let (core, services) = (Arc::clone(&core), Arc::clone(&services));
        let phases = of_requests.clone();
        phases.requested();
        let request =
            request.map(|body| RequestBody::new(body, Arc::clone(&core.clock), core.limits.stall));
        async move {
            let answer = respond(&core, &services, request).await;
            Ok::<_, Infallible>(answer.map(|body| AnswerBody::new(body, phases)))
        }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        // `Phases` tell an idle connection from one that takes its time with a head.
        .header_read_timeout(None)
        .max_header_size(LARGEST_HEAD)
        .max_headers(MOST_HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended early");
                }
                return;
            }
            // Requests in progress are given up: whoever stops the emulator no longer wants them.
            () = shutdown.cancelled() => return,
            lapse = phases.lapse(&*clock, &limits, &crowded) => match lapse {
                Lapse::Head => {
                    tracing::debug!("a request's head did not come to its end");
                    return;
                }
                // What was answered is still sent.
                Lapse::Idle => connection.as_mut().graceful_shutdown(),
            },
        }
    }
}

/// What a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The head of a request.
    Head,
    /// A request has come and is being answered. Bodies have limits of their own.
    Busy,
    /// The next request, of which nothing has come.
    Idle,
    /// Its end.
    Leaving,
}

/// What a connection waits for, and how it changes.
#[derive(Debug, Clone)]
pub(super) struct Phases(watch::Sender<Phase>);

impl Default for Phases {
    /// A connection that was just accepted is for a request.
    fn default() -> Self {
        Self(watch::Sender::new(Phase::Head))
    }
}

/// The end of patience.
enum Lapse {
    Head,
    Idle,
}

impl Phases {
    fn enter(&self, next: Phase, from: impl FnOnce(Phase) -> bool) {
        self.0.send_if_modified(|phase| {
            let enters = from(*phase);
            if enters {
                *phase = next;
            }
            enters
        });
    }

    /// Bytes have come.
    fn read(&self) {
        self.enter(Phase::Head, |phase| phase == Phase::Idle);
    }

    /// A request's head is whole.
    fn requested(&self) {
        self.enter(Phase::Busy, |_| true);
    }

    /// The answer has been handed over.
    pub(super) fn answered(&self) {
        self.enter(Phase::Idle, |phase| phase == Phase::Busy);
    }

    /// Returns when the connection has been waiting for too long, or for the next request while
    /// others wait for its place.
    async fn lapse(&self, clock: &dyn Clock, limits: &Limits, crowded: &Notify) -> Lapse {
        let mut phases = self.0.subscribe();
        loop {
            let phase = *phases.borrow_and_update();
            let wait = async {
                match phase {
                    Phase::Head => {
                        clock.limit(limits.head).await;
                        Lapse::Head
                    }
                    Phase::Idle => {
                        tokio::select! {
                            () = clock.limit(limits.idle) => {}
                            () = crowded.notified() => {}
                        }
                        Lapse::Idle
                    }
                    Phase::Busy | Phase::Leaving => std::future::pending().await,
                }
            };
            tokio::select! {
                // The sender is ours, so there is always another change to wait for.
                _ = phases.changed() => {}
                lapse = wait => {
                    self.enter(Phase::Leaving, |now| now == phase);
                    return lapse;
                }
            }
        }
    }
}

/// A stream that tells when bytes have come, and gives up when its peer takes none.
struct Watched<S> {
    stream: S,
    phases: Phases,
    clock: Arc<dyn Clock>,
    stall: Duration,
    wait: Option<Wait>,
}

impl<S: AsyncWrite + Unpin> Watched<S> {
    /// One attempt to write, which may not be in vain for too long.
    fn attempt<T>(
        &mut self,
        context: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let written = write(Pin::new(&mut self.stream), context);
        if written.is_ready() {
            self.wait = None;
            return written;
        }
        let (clock, stall) = (&self.clock, self.stall);
        let wait = self.wait.get_or_insert_with(|| clock.limit(stall));
        ready!(wait.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            self.phases.read();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.attempt(context, |stream, context| stream.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.attempt(context, |stream, context| {
            stream.poll_write_vectored(context, slices)
        })
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.attempt(context, |stream, context| stream.poll_flush(context))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.attempt(context, |stream, context| stream.poll_shutdown(context))
    }
}
