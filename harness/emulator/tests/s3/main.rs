//! S3 as the official SDK sees it.

#![expect(
    clippy::unwrap_used,
    reason = "what a test sets up and asks for must be there; if not, it has failed"
)]

mod support;

mod buckets;
mod calls;
mod copies;
mod listing;
mod multipart;
mod notifications;
mod objects;
mod settings;
mod versions;
mod wire;
