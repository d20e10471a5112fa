//! How long, how much and how many: what one client may ask of the front, so that others are served.
//!
//! AWS does not document most of these. The numbers are those that its answers have been seen with
//! where there are any, and otherwise far beyond what an honest client needs.

use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit};

use super::{Protocol, ServiceName};

/// What one client may ask of the front. All times are limits on somebody else's work
/// ([`crate::clock::Clock::limit`]), so that no clock shortens them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once. Whoever comes later waits: for the longest idle connection, which is
    /// closed for its sake, or for the end of another.
    pub connections: usize,
    /// From a request's first byte (of a connection's first request: from its acceptance) to the
    /// end of its head. After that the connection is closed.
    pub head: Duration,
    /// From an answer to the next request's first byte. After that the connection is closed.
    pub idle: Duration,
    /// Without a byte of a request's body, or without a byte of an answer taken. A body that stalls is
    /// answered with `RequestTimeout`, an answer that nobody reads is given up.
    pub stall: Duration,
}

/// As many files as a process may have open where nobody says how many.
const FILES: u64 = 1024;

impl Default for Limits {
    /// S3 closes what has been idle for some 20 seconds; a client of the other services may keep a
    /// connection for a minute. Three of four files that the process may open can be connections;
    /// the rest is for objects and functions.
    fn default() -> Self {
        let files = getrlimit(Resource::RLIMIT_NOFILE).map_or(FILES, |(soft, _)| soft);
        let connections = usize::try_from(files / 4 * 3).unwrap_or(usize::MAX);
        Self {
            connections: connections.clamp(16, 4096),
            head: Duration::from_secs(20),
            idle: Duration::from_secs(60),
            stall: Duration::from_secs(20),
        }
    }
}

/// A request's line and headers, in bytes. `hyper` answers 431 beyond it.
pub(super) const LARGEST_HEAD: usize = 64 * 1024;

/// The number of a request's headers: as many of S3's metadata as fit into the bytes that S3 takes.
pub(super) const MOST_HEADERS: usize = 512;

/// S3's limit for the headers and the query of a request, in bytes.
pub(crate) const LARGEST_S3_HEAD: usize = 8192;

/// Lambda's limit for a direct upload: a 50 MB zip in base64 in JSON
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const LARGEST_FOR_LAMBDA: usize = 70_167_211;

/// What the query services say: `HTTP content length exceeded 1662976 bytes.`
const LARGEST_FORM: usize = 1_662_976;

/// A megabyte of messages or log events with every character escaped, and what stands around them.
const LARGEST_JSON: usize = 8 * 1024 * 1024;

/// The largest body of a request to a service, in bytes; S3 has limits of its own.
pub(super) fn largest_body(service: ServiceName) -> usize {
    match service.protocol() {
        Protocol::Query => LARGEST_FORM,
        Protocol::Json10 | Protocol::Json11 => LARGEST_JSON,
        Protocol::RestJson | Protocol::RestXml => LARGEST_FOR_LAMBDA,
    }
}
