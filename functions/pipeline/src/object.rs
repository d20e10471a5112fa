//! Objects as streams: read in chunks, written in parts, deleted on a condition.
//!
//! Memory is bounded whatever the object's size: a reader holds one chunk as it came from the
//! network, a writer one part. Left out: ranges, resuming a broken download (the event is tried
//! again instead), and writing parts in parallel.

mod delete;
mod read;
mod write;

pub use delete::{Deletion, delete_if_unchanged};
pub use read::{Object, open};
pub use write::{ObjectWriter, PART_SIZE, Written};

use crate::names::{BucketName, ObjectKey};

/// An object's place, as it is shown: `s3://bucket/key`.
fn address(bucket: &BucketName, key: &ObjectKey) -> String {
    // A key may hold line breaks and worse; a message is one line.
    format!("s3://{bucket}/{}", key.as_str().escape_debug())
}
