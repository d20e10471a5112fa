//! Removing what scenarios leave on a stack that stays: objects in all their versions, and rows.

use std::time::Duration;

use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use zipster_database::Database;

use crate::clients::Clients;
use crate::error::chain;
use crate::keys::KeySpace;
use crate::{Outputs, TargetError};

/// How often it is looked whether something has come since.
const LOOK: Duration = Duration::from_secs(1);

/// After so many looks in a row that find nothing, nothing more is expected: a function that was at
/// work writes what it has read, and one that begins finds nothing to read.
const QUIET: usize = 5;

/// After so many looks it is given up: something else writes there.
const MOST_LOOKS: usize = 60;

/// Removes every object and every row that came from a key in `keys`, also what functions that were at
/// work write yet: of a run that was interrupted, or of an event that came twice.
///
/// # Errors
/// As [`remove`], or if there is no end to it.
pub(crate) async fn remove_for_good(
    clients: &Clients,
    outputs: &Outputs,
    database: &Database,
    keys: &KeySpace,
) -> Result<(), TargetError> {
    let mut looks = tokio::time::interval(LOOK);
    let mut quiet = 0;
    for _ in 0..MOST_LOOKS {
        looks.tick().await;
        quiet = match remove(clients, outputs, database, keys).await? {
            Found::Something => 0,
            Found::Nothing => quiet + 1,
        };
        if quiet == QUIET {
            return Ok(());
        }
    }
    Err(TargetError::Call {
        what: format!("removing what this run has made below {}", keys.prefix()),
        reason: format!("something new came for {MOST_LOOKS} s"),
    })
}

/// Whether there was something to remove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    Something,
    Nothing,
}

/// Removes every object and every row that came from a key in `keys`, and says whether there was any.
///
/// # Errors
/// The first thing that could not be removed; the others are tried all the same.
pub(crate) async fn remove(
    clients: &Clients,
    outputs: &Outputs,
    database: &Database,
    keys: &KeySpace,
) -> Result<Found, TargetError> {
    let mut first = None;
    let mut found = Found::Nothing;
    for bucket in [
        &outputs.input_bucket,
        &outputs.load_bucket,
        &outputs.error_bucket,
    ] {
        match empty(clients, bucket, keys.prefix()).await {
            Ok(Found::Something) => found = Found::Something,
            Ok(Found::Nothing) => {}
            Err(error) => {
                first.get_or_insert(error);
            }
        }
    }
    match zipster_database::forget(database.pool(), keys.prefix()).await {
        Ok(0) => {}
        Ok(_) => found = Found::Something,
        Err(error) => {
            first.get_or_insert(error.into());
        }
    }
    first.map_or(Ok(found), Err)
}

/// Removes all versions of all objects below a prefix, and says whether there was any.
pub(crate) async fn empty(
    clients: &Clients,
    bucket: &str,
    prefix: &str,
) -> Result<Found, TargetError> {
    let failed = |what: &str, reason: String| TargetError::Call {
        what: format!("{what} {bucket}/{prefix}"),
        reason,
    };
    let mut found = Found::Nothing;
    loop {
        // What was removed is not listed again, so the first page is always the next.
        let page = clients
            .s3
            .list_object_versions()
            .bucket(bucket)
            .prefix(prefix)
            .send()
            .await
            .map_err(|error| failed("ListObjectVersions", chain(&error)))?;
        let versions = page.versions().iter().map(|version| {
            let (key, id) = (version.key(), version.version_id());
            (key, id)
        });
        let markers = page.delete_markers().iter().map(|marker| {
            let (key, id) = (marker.key(), marker.version_id());
            (key, id)
        });
        let objects = versions
            .chain(markers)
            .map(|(key, id)| {
                ObjectIdentifier::builder()
                    .key(key.unwrap_or_default())
                    .set_version_id(id.map(str::to_owned))
                    .build()
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| failed("DeleteObjects", chain(&error)))?;
        if objects.is_empty() {
            return Ok(found);
        }
        found = Found::Something;
        let delete = Delete::builder()
            .set_objects(Some(objects))
            .quiet(true)
            .build()
            .map_err(|error| failed("DeleteObjects", chain(&error)))?;
        let answer = clients
            .s3
            .delete_objects()
            .bucket(bucket)
            .delete(delete)
            .send()
            .await
            .map_err(|error| failed("DeleteObjects", chain(&error)))?;
        if let [first, ..] = answer.errors() {
            let reason = format!(
                "{}: {}",
                first.key().unwrap_or_default(),
                first.message().unwrap_or_default()
            );
            return Err(failed("DeleteObjects", reason));
        }
    }
}
