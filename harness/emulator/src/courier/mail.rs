//! Emails on their way to an SMTP server, for people who want to read them with a mail program.
//!
//! The inbox has each of them in any case: a server that is not there delays and loses nothing.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lettre::address::Envelope;
use lettre::transport::smtp::Error as SmtpError;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use url::Url;

use crate::core::Core;
use crate::journal::{EntryId, Event, Pending};

/// How long the server may take for one attempt.
const PATIENCE: Duration = Duration::from_secs(30);

/// The pauses before further attempts, before any hurry of the clock.
const RETRIES: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(10),
    Duration::from_secs(60),
];

/// An SMTP server that the emulator's emails are handed on to.
#[derive(Clone)]
pub struct Relay {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    /// Without user and password.
    shown: String,
}

/// Why a text does not name an SMTP server. The text itself may hold a password, and is left out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "is no address of an SMTP server: {0}; expected smtp://host:port, smtps://host:port, or \
     smtp://user:password@host:port?tls=required"
)]
pub struct RelayError(String);

impl Relay {
    /// Takes `smtp://host:port`, `smtps://host:port` for TLS from the start, or `?tls=required` for
    /// STARTTLS, with `user:password@` before the host.
    ///
    /// # Errors
    /// [`RelayError`] saying what is wrong.
    pub fn parse(text: &str) -> Result<Self, RelayError> {
        let mut url = Url::parse(text).map_err(|error| RelayError(error.to_string()))?;
        if !matches!(url.scheme(), "smtp" | "smtps") {
            return Err(RelayError(format!("its scheme is `{}`", url.scheme())));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(RelayError("it names no host".to_owned()));
        }
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(text)
            .map_err(|error| RelayError(error.to_string()))?
            .timeout(Some(PATIENCE))
            .build();
        // A URL with a host has room for them.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        Ok(Self {
            transport,
            shown: url.to_string(),
        })
    }
}

impl fmt::Display for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Relay({self})")
    }
}

/// A mail for the relay.
#[derive(Debug, Clone)]
pub struct MailDelivery {
    /// The server.
    pub relay: Relay,
    /// Who it is from.
    pub from: String,
    /// Who it is for.
    pub to: String,
    /// The whole mail, headers included.
    pub mail: Bytes,
    /// The journal entry that made it necessary.
    pub cause: EntryId,
    /// Held until the server has answered for the last time.
    pub pending: Pending,
}

/// Hands the mail over, tries again, gives up; each is written into the journal.
pub(super) async fn deliver(core: Arc<Core>, delivery: MailDelivery) {
    let destination = delivery.relay.to_string();
    let cause = Some(delivery.cause);
    let mut retries = RETRIES.iter();
    let reason = loop {
        let (reason, passing) = match attempt(&delivery).await {
            Ok(()) => {
                core.journal.record(cause, Event::Delivered { destination });
                return;
            }
            Err(failure) => failure,
        };
        let Some(pause) = retries.next().filter(|_| passing) else {
            break reason;
        };
        core.journal.record(
            cause,
            Event::DeliveryRetried {
                destination: destination.clone(),
                reason,
                delay_ms: u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
            },
        );
        core.clock.pause(*pause).await;
    };
    core.journal.record(
        cause,
        Event::DeliveryFailed {
            destination,
            reason,
        },
    );
}

/// One attempt; why it failed, and whether another may not.
async fn attempt(delivery: &MailDelivery) -> Result<(), (String, bool)> {
    let address = |text: &str| {
        text.parse::<Address>()
            .map_err(|error| (format!("{text}: {error}"), false))
    };
    let envelope = Envelope::new(Some(address(&delivery.from)?), vec![address(&delivery.to)?])
        .map_err(|error| (error.to_string(), false))?;
    let sent = delivery.relay.transport.send_raw(&envelope, &delivery.mail);
    let refused = |error: SmtpError| {
        let passing = !error.is_permanent();
        (reason(&error), passing)
    };
    sent.await.map(|_| ()).map_err(refused)
}

/// The error and what is behind it.
fn reason(error: &dyn std::error::Error) -> String {
    let mut reason = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let text = error.to_string();
        if !reason.contains(&text) {
            reason = format!("{reason}: {text}");
        }
        source = error.source();
    }
    reason
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_smtp_server_is_a_url_and_shown_without_its_password() {
        let relay = Relay::parse("smtp://me:s3cret@localhost:1025").unwrap();
        assert_eq!(relay.to_string(), "smtp://localhost:1025");
        assert_eq!(format!("{relay:?}"), "Relay(smtp://localhost:1025)");
        for (text, why) in [
            ("localhost:25", "its scheme is `localhost`"),
            ("http://localhost", "its scheme is `http`"),
            ("smtp://", "it names no host"),
            ("smtp://h?tls=maybe", "tls"),
        ] {
            let error = Relay::parse(text).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
