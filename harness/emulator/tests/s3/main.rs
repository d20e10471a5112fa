//! S3 as the official SDK sees it.

mod support;

mod buckets;
mod notifications;
mod objects;
