//! Removing what scenarios leave on a stack that stays: objects in all their versions, and rows.

use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use zipster_database::Database;

use crate::clients::Clients;
use crate::error::chain;
use crate::keys::KeySpace;
use crate::{Outputs, TargetError};

/// Removes every object and every row that came from a key in `keys`.
///
/// # Errors
/// The first thing that could not be removed; the others are tried all the same.
pub(crate) async fn remove(
    clients: &Clients,
    outputs: &Outputs,
    database: &Database,
    keys: &KeySpace,
) -> Result<(), TargetError> {
    let mut first = None;
    for bucket in [
        &outputs.input_bucket,
        &outputs.load_bucket,
        &outputs.error_bucket,
    ] {
        if let Err(error) = empty(clients, bucket, keys.prefix()).await {
            first.get_or_insert(error);
        }
    }
    if let Err(error) = zipster_database::forget(database.pool(), keys.prefix()).await {
        first.get_or_insert(error.into());
    }
    first.map_or(Ok(()), Err)
}

/// Removes all versions of all objects below a prefix.
pub(crate) async fn empty(
    clients: &Clients,
    bucket: &str,
    prefix: &str,
) -> Result<(), TargetError> {
    let failed = |what: &str, reason: String| TargetError::Call {
        what: format!("{what} {bucket}/{prefix}"),
        reason,
    };
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
            return Ok(());
        }
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
