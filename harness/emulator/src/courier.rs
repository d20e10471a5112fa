//! Events on their way from one service to another.
//!
//! A service that has something for another posts a [`Delivery`] and goes on; the courier hands
//! deliveries over one by one, in the order of posting, unless a fault plan says otherwise. It is
//! the only place that knows all services, so that they need not know each other. For the same
//! reason a service that wants to know beforehand whether a destination would take its events asks
//! here, and so does one that writes a log or reads an object; see [`Destinations`]. What goes to an
//! HTTP endpoint is carried by a task of its own, since it may take long; see [`HttpDelivery`].

use std::sync::{Arc, OnceLock, Weak};

use bytes::Bytes;
use time::OffsetDateTime;
use tokio::sync::mpsc;
use zipster_names::{AccountId, Arn, LogGroupName, Region};

use crate::core::Core;
use crate::emulator::Services;
use crate::fault::DeliveryFault;
use crate::identity::{Identity, ServiceSource};
use crate::journal::{EntryId, Event, Pending};
use crate::message::MessageAttributes;
use crate::sqs::Sqs;

mod http;
mod mail;
mod trust;

pub use http::HttpDelivery;
pub use mail::{MailDelivery, Relay, RelayError};
pub use trust::{Certificate, NotACertificate, Trust};

/// An event for a function, a topic or a queue.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The function's, topic's or queue's ARN.
    pub to: Arn,
    /// On whose behalf.
    pub from: ServiceSource,
    /// The session whose permissions decide instead of the service's own, when the sender acts
    /// with a role's authority: Lambda sends to destinations as the function's execution role.
    pub role: Option<Identity>,
    /// The event: for a function its payload, for a topic or queue the message's body.
    pub body: Bytes,
    /// The message's subject, for a topic.
    pub subject: Option<String>,
    /// The message's attributes, for a topic or a queue; most senders have none.
    pub attributes: MessageAttributes,
    /// The queue that takes the event if its destination does not: a subscription's redrive
    /// policy.
    pub dead_letters: Option<Arn>,
    /// The journal entry that made it necessary.
    pub cause: EntryId,
    /// Held until the destination has taken over.
    pub pending: Pending,
}

/// What the journal says of a delivery that a fault plan has held back.
pub const HELD_BACK: &str = "held back";

/// Where services leave deliveries.
#[derive(Debug, Clone)]
pub struct Post {
    queue: mpsc::UnboundedSender<Parcel>,
}

/// What the courier carries.
#[derive(Debug, Clone)]
pub enum Parcel {
    /// To another service.
    Event(Box<Delivery>),
    /// To an endpoint outside.
    Http(Box<HttpDelivery>),
    /// To a server for mail outside.
    Mail(Box<MailDelivery>),
}

impl From<Delivery> for Parcel {
    fn from(delivery: Delivery) -> Self {
        Self::Event(Box::new(delivery))
    }
}

impl From<HttpDelivery> for Parcel {
    fn from(delivery: HttpDelivery) -> Self {
        Self::Http(Box::new(delivery))
    }
}

impl From<MailDelivery> for Parcel {
    fn from(delivery: MailDelivery) -> Self {
        Self::Mail(Box::new(delivery))
    }
}

impl Parcel {
    /// An ARN, a URL or an address.
    fn destination(&self) -> &str {
        match self {
            Self::Event(delivery) => delivery.to.as_str(),
            Self::Http(delivery) => delivery.url.as_str(),
            Self::Mail(delivery) => &delivery.to,
        }
    }

    fn cause(&self) -> EntryId {
        match self {
            Self::Event(delivery) => delivery.cause,
            Self::Http(delivery) => delivery.cause,
            Self::Mail(delivery) => delivery.cause,
        }
    }
}

impl Post {
    /// The way in, and the way out that [`run`] drains.
    #[must_use]
    pub fn new() -> (Self, mpsc::UnboundedReceiver<Parcel>) {
        let (queue, drain) = mpsc::unbounded_channel();
        (Self { queue }, drain)
    }

    /// Leaves a delivery. After the emulator has stopped this does nothing: nobody waits for it.
    pub fn send(&self, delivery: impl Into<Parcel>) {
        let _ = self.queue.send(delivery.into());
    }
}

/// Why a destination would not take the events of a service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no such function, topic or queue.
    #[error("{0}")]
    Missing(String),
    /// Its policy does not let the service in.
    #[error("{0}")]
    Denied(String),
}

/// A log stream that a service writes with a role's authority.
#[derive(Debug, Clone)]
pub struct LogStream {
    /// Whose it is.
    pub account: AccountId,
    /// Where it is.
    pub region: Region,
    /// Its group.
    pub group: LogGroupName,
    /// Its own name.
    pub name: String,
    /// The session whose permissions decide.
    pub role: Identity,
}

impl LogStream {
    /// The group's ARN, without `:*`.
    #[must_use]
    pub fn group_arn(&self) -> Arn {
        Arn::log_group(&self.region, &self.account, &self.group)
    }
}

/// What becomes an event in a log stream.
#[derive(Debug, Clone)]
pub struct LogLine {
    /// When it was written.
    pub at: OffsetDateTime,
    /// The event's text.
    pub text: String,
}

/// An object that a service reads with its caller's authority.
#[derive(Debug)]
pub struct ObjectRequest {
    /// Who asks the service.
    pub identity: Identity,
    /// The caller's call.
    pub cause: EntryId,
    /// Held by the call.
    pub pending: Pending,
    /// Where the bucket has to be.
    pub region: Region,
    /// The bucket's name, as the caller gives it.
    pub bucket: String,
    /// The object's key.
    pub key: String,
    /// The object's version; `None`: the newest.
    pub version: Option<String>,
    /// How many bytes the service takes at most.
    pub most: u64,
}

/// Why an object cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The caller may not read it.
    #[error("{0}")]
    Denied(String),
    /// S3's answer is another error.
    #[error("{code}: {message}")]
    Refused {
        /// S3's code, such as `NoSuchKey`.
        code: String,
        /// S3's words.
        message: String,
    },
    /// It has more bytes than the service takes.
    #[error("the object is too large")]
    TooLarge,
}

/// The destinations of all services, to be asked before anything is sent to them.
///
/// The services own what is shared among them, so this knows them only as long as they are there.
#[derive(Debug, Default)]
pub struct Destinations {
    services: OnceLock<Weak<Services>>,
}

impl Destinations {
    /// Makes the services known, once they all exist.
    pub(crate) fn open(&self, services: &Arc<Services>) {
        let _ = self.services.set(Arc::downgrade(services));
    }

    /// The queues, as sources of events.
    pub(crate) fn queues(&self) -> Option<Arc<Sqs>> {
        let services = self.services.get().and_then(Weak::upgrade)?;
        Some(Arc::clone(&services.sqs))
    }

    /// Whether a destination exists and its policy lets `source` deliver to it. `cause` is the
    /// call that configures it.
    ///
    /// # Errors
    /// Why not.
    pub fn may_deliver(
        &self,
        to: &Arn,
        source: &ServiceSource,
        cause: EntryId,
    ) -> Result<(), Refused> {
        let services = self.services.get().and_then(Weak::upgrade);
        let services =
            services.ok_or_else(|| Refused::Missing("the emulator has stopped".to_owned()))?;
        match to.service() {
            "lambda" => services.lambda.may_deliver(to, source, cause),
            "sns" => services.sns.may_deliver(to, source, cause),
            "sqs" => services.sqs.may_deliver(to, source, cause),
            other => Err(Refused::Missing(format!(
                "no deliveries to {other} are supported"
            ))),
        }
    }
}

impl Destinations {
    /// Makes sure that there is such a log stream, and that its role may write to it. `cause` is
    /// what made the first line necessary.
    ///
    /// # Errors
    /// Why there is none, or what the role does not allow.
    pub fn open_log(&self, stream: &LogStream, cause: EntryId) -> Result<(), Refused> {
        let services = self.services.get().and_then(Weak::upgrade);
        let services =
            services.ok_or_else(|| Refused::Missing("the emulator has stopped".to_owned()))?;
        services.logs.open(stream, cause)
    }

    /// Writes lines to a stream that was opened, and says whether it is still there.
    #[must_use]
    pub fn write_log(&self, stream: &LogStream, lines: &[LogLine]) -> bool {
        let services = self.services.get().and_then(Weak::upgrade);
        services.is_some_and(|services| services.logs.write(stream, lines))
    }
}

impl Destinations {
    /// Reads an object for a service that is no part of S3.
    ///
    /// # Errors
    /// Why it cannot be had.
    pub async fn read_object(&self, wanted: &ObjectRequest) -> Result<Bytes, Unreadable> {
        let services = self.services.get().and_then(Weak::upgrade);
        let services = services.ok_or_else(|| Unreadable::Refused {
            code: "ServiceUnavailable".to_owned(),
            message: "the emulator has stopped".to_owned(),
        })?;
        services.s3.lend(wanted).await
    }
}

/// Hands over deliveries until the emulator stops.
pub async fn run(
    core: Arc<Core>,
    services: Arc<Services>,
    mut drain: mpsc::UnboundedReceiver<Parcel>,
) {
    loop {
        let delivery = tokio::select! {
            delivery = drain.recv() => delivery,
            () = core.shutdown.cancelled() => None,
        };
        let Some(delivery) = delivery else { return };
        match core.faults.on_delivery(delivery.destination()) {
            None => hand_over(&core, &services, delivery),
            Some(DeliveryFault::Twice) => {
                fault(&core, &delivery, "delivered twice");
                hand_over(&core, &services, delivery.clone());
                hand_over(&core, &services, delivery);
            }
            Some(DeliveryFault::Late(by)) => {
                let pause = core.clock.pause(by);
                hold(&core, &services, delivery, pause);
            }
            Some(DeliveryFault::Disorder(disorder)) => {
                let copies = disorder.copies(&core.random);
                if copies.len() > 1 {
                    fault(&core, &delivery, "delivered twice");
                }
                for late in copies {
                    if late.is_zero() {
                        hand_over(&core, &services, delivery.clone());
                    } else {
                        let pause = core.clock.pause(late);
                        hold(&core, &services, delivery.clone(), pause);
                    }
                }
            }
            Some(DeliveryFault::Held) => {
                let waiting = Arc::clone(&core);
                let released = async move { waiting.faults.released().await };
                hold(&core, &services, delivery, released);
            }
        }
    }
}

/// Hands over later, after `wait`; others go first.
fn hold(
    core: &Arc<Core>,
    services: &Arc<Services>,
    delivery: Parcel,
    wait: impl Future<Output = ()> + Send + 'static,
) {
    fault(core, &delivery, HELD_BACK);
    let (core, services) = (Arc::clone(core), Arc::clone(services));
    let tasks = core.tasks.clone();
    tasks.spawn(async move {
        tokio::select! {
            () = wait => hand_over(&core, &services, delivery),
            () = core.shutdown.cancelled() => {}
        }
    });
}

/// Work that waits for somebody outside, and ends with the emulator.
fn outside(core: &Core, work: impl Future<Output = ()> + Send + 'static) {
    let shutdown = core.shutdown.clone();
    core.tasks.spawn(async move {
        tokio::select! {
            () = work => {}
            () = shutdown.cancelled() => {}
        }
    });
}

/// Gives the event to the service that owns the destination, or sends it out.
fn hand_over(core: &Arc<Core>, services: &Arc<Services>, parcel: Parcel) {
    match parcel {
        Parcel::Event(delivery) => hand_over_event(core, services, *delivery),
        Parcel::Http(delivery) => {
            outside(core, http::deliver(Arc::clone(core), *delivery));
        }
        Parcel::Mail(delivery) => outside(core, mail::deliver(Arc::clone(core), *delivery)),
    }
}

/// Gives the event to the service that owns the destination, and writes down how it went.
fn hand_over_event(core: &Arc<Core>, services: &Arc<Services>, delivery: Delivery) {
    let destination = delivery.to.to_string();
    let cause = delivery.cause;
    let dead_letter = delivery.dead_letters.clone().map(|queue| Delivery {
        to: queue,
        dead_letters: None,
        ..delivery.clone()
    });
    let result = match delivery.to.service() {
        "lambda" => services.lambda.accept_event(delivery),
        "sns" => services.sns.accept_event(delivery),
        "sqs" => services.sqs.accept_event(delivery),
        other => Err(format!("no deliveries to {other} are supported")),
    };
    match result {
        Ok(()) => {
            core.journal
                .record(Some(cause), Event::Delivered { destination });
        }
        Err(reason) => {
            let failure = core.journal.record(
                Some(cause),
                Event::DeliveryFailed {
                    destination,
                    reason,
                },
            );
            if let Some(dead_letter) = dead_letter {
                core.post.send(Delivery {
                    cause: failure,
                    ..dead_letter
                });
            }
        }
    }
}

fn fault(core: &Core, delivery: &Parcel, what: &str) {
    core.journal.record(
        Some(delivery.cause()),
        Event::Fault {
            description: format!("event for {} {what}", delivery.destination()),
        },
    );
}
