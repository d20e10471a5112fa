//! What is in the database: for a test to assert and for a person to read.

use serde::Serialize;
use sqlx::mysql::MySqlRow;
use sqlx::{FromRow, MySqlPool, Row};

use crate::Error;

/// A zip code as the database has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ZipCodeRow {
    /// Five digits.
    pub zipcode: String,
    /// `STANDARD`, `PO BOX` or `UNIQUE`.
    pub zipcode_type: String,
    /// In capitals.
    pub city: String,
    /// Two letters.
    pub state: String,
    /// `PRIMARY`.
    pub location_type: String,
    /// Degrees north, with two decimals.
    pub latitude: String,
    /// Degrees east, with two decimals.
    pub longitude: String,
    /// Such as `NA-US-CT-EASTON`.
    pub location: String,
    /// Whether the postal service gave it up.
    pub decommissioned: bool,
    /// Orders the versions of a row, bytewise; empty for a row that came with the schema.
    pub source_version: String,
    /// The load that wrote the row; none for a row that came with the schema.
    pub load_id: Option<u64>,
}

impl FromRow<'_, MySqlRow> for ZipCodeRow {
    fn from_row(row: &MySqlRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            zipcode: row.try_get("zipcode")?,
            zipcode_type: row.try_get("zipcode_type")?,
            city: row.try_get("city")?,
            state: row.try_get("state")?,
            location_type: row.try_get("location_type")?,
            latitude: row.try_get("latitude")?,
            longitude: row.try_get("longitude")?,
            location: row.try_get("location")?,
            decommissioned: row.try_get("decommissioned")?,
            source_version: row.try_get("source_version")?,
            load_id: row.try_get("load_id")?,
        })
    }
}

/// A row of the ledger: a load file whose rows are in the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoadRow {
    /// In the order of loading, not without gaps.
    pub id: u64,
    /// The load file's bucket.
    pub bucket: String,
    /// The load file's key, decoded.
    pub object_key: String,
    /// The event's identity.
    pub sequencer: String,
    /// The load file's entity tag.
    pub etag: String,
    /// Of the input that the load file was made from.
    pub source_version: String,
    /// Rows of the load file.
    pub rows_read: u64,
    /// Those that were not older than what the database had.
    pub rows_stored: u64,
}

impl FromRow<'_, MySqlRow> for LoadRow {
    fn from_row(row: &MySqlRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            bucket: row.try_get("bucket")?,
            object_key: row.try_get("object_key")?,
            sequencer: row.try_get("sequencer")?,
            etag: row.try_get("etag")?,
            source_version: row.try_get("source_version")?,
            rows_read: row.try_get("rows_read")?,
            rows_stored: row.try_get("rows_stored")?,
        })
    }
}

/// How many zip codes there are.
///
/// # Errors
/// [`Error::Query`] if the database cannot be asked.
pub async fn count_zip_codes(pool: &MySqlPool) -> Result<u64, Error> {
    let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM zip_codes")
        .fetch_one(pool)
        .await
        .map_err(Error::query("count the zip codes"))?;
    Ok(u64::try_from(count).expect("a count is not negative"))
}

/// One zip code, if the database has it.
///
/// # Errors
/// [`Error::Query`] if the database cannot be asked.
pub async fn row(pool: &MySqlPool, zipcode: &str) -> Result<Option<ZipCodeRow>, Error> {
    sqlx::query_as(
        "SELECT zipcode, zipcode_type, city, state, location_type, \
         CAST(latitude AS CHAR) AS latitude, CAST(longitude AS CHAR) AS longitude, \
         location, decommissioned, source_version, load_id \
         FROM zip_codes WHERE zipcode = ?",
    )
    .bind(zipcode)
    .fetch_optional(pool)
    .await
    .map_err(Error::query(format!("read zip code {zipcode}")))
}

/// The zip codes that came from load files whose key begins with `prefix`, in their order.
///
/// # Errors
/// [`Error::Query`] if the database cannot be asked.
pub async fn loaded(pool: &MySqlPool, prefix: &str) -> Result<Vec<ZipCodeRow>, Error> {
    sqlx::query_as(
        "SELECT zipcode, zipcode_type, city, state, location_type, \
         CAST(latitude AS CHAR) AS latitude, CAST(longitude AS CHAR) AS longitude, \
         location, decommissioned, zip_codes.source_version, load_id \
         FROM zip_codes JOIN loads ON loads.id = zip_codes.load_id \
         WHERE LEFT(object_key, ?) = CAST(? AS BINARY) ORDER BY zipcode",
    )
    .bind(prefix.len() as u64)
    .bind(prefix)
    .fetch_all(pool)
    .await
    .map_err(Error::query("read the zip codes that were loaded"))
}

/// The ledger, in the order of loading.
///
/// # Errors
/// [`Error::Query`] if the database cannot be asked.
pub async fn loads(pool: &MySqlPool) -> Result<Vec<LoadRow>, Error> {
    sqlx::query_as(
        "SELECT id, bucket, CONVERT(object_key USING utf8mb4) AS object_key, sequencer, etag, \
         source_version, rows_read, rows_stored FROM loads ORDER BY id",
    )
    .fetch_all(pool)
    .await
    .map_err(Error::query("read the ledger of loads"))
}

/// How many rows of the ledger are of other load files than those whose key begins with `prefix`.
///
/// # Errors
/// [`Error::Query`] if the database cannot be asked.
pub async fn count_other_loads(pool: &MySqlPool, prefix: &str) -> Result<u64, Error> {
    let count: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM loads WHERE LEFT(object_key, ?) <> CAST(? AS BINARY)",
    )
    .bind(prefix.len() as u64)
    .bind(prefix)
    .fetch_one(pool)
    .await
    .map_err(Error::query("count the loads"))?;
    Ok(u64::try_from(count).expect("a count is not negative"))
}

/// Removes what was loaded from files whose key begins with `prefix`: the rows that are theirs now,
/// and their rows of the ledger, in one transaction. Says how many loads there were.
///
/// # Errors
/// [`Error::Query`] if the database refuses; then everything is as before.
pub async fn forget(pool: &MySqlPool, prefix: &str) -> Result<u64, Error> {
    let failed = || Error::query(format!("remove what was loaded from {prefix:?}"));
    let mut transaction = pool.begin().await.map_err(failed())?;
    let mut loads = 0;
    for statement in [
        "DELETE FROM zip_codes WHERE load_id IN \
         (SELECT id FROM loads WHERE LEFT(object_key, ?) = CAST(? AS BINARY))",
        "DELETE FROM loads WHERE LEFT(object_key, ?) = CAST(? AS BINARY)",
    ] {
        let deleted = sqlx::query(statement)
            .bind(prefix.len() as u64)
            .bind(prefix)
            .execute(&mut *transaction)
            .await
            .map_err(failed())?;
        // The ledger's statement is the last one.
        loads = deleted.rows_affected();
    }
    transaction.commit().await.map_err(failed())?;
    Ok(loads)
}
