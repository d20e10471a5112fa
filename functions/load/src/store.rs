//! Writing the rows of one load file, in one transaction, together with the ledger.
//!
//! Loads are one at a time: each holds a named lock of the server while it writes. Two loads at
//! once would mostly wait for each other's rows, and, where their files are sorted differently,
//! deadlock; the lock turns that into a queue. Nothing depends on it: the ledger and the versions
//! keep the table right whoever writes, and a deadlock with somebody else's statement is tried
//! again by [`crate::Database::load`].
//!
//! Reading and writing overlap: while the server works on one statement, the rows of the next are
//! read. Memory is that of a few statements.

use pipeline::source_version::SourceVersion;
use sqlx::mysql::{MySqlConnection, MySqlRow};
use sqlx::{AssertSqlSafe, Connection, Row};
use tokio::sync::mpsc;
use zipcodes::ZipCode;
use zipcodes::load_file::Reader;

use crate::error::{DatabaseError, DatabaseErrorKind, LoadError, number, server_number};
use crate::source::Source;

/// Rows of one statement. More are slower: the server's work for one statement grows faster than
/// its rows.
const ROWS: usize = 500;
/// Bytes of one statement's values, unless a single row has more.
const BYTES: usize = 4 * 1024 * 1024;
/// What a statement needs of the server's largest packet beside its values: its text, which has
/// some 12 kB for [`ROWS`] rows, is another packet.
const FRAME: usize = 4 * 1024;
/// Statements that may wait, read but not written.
const WAITING: usize = 4;
/// A chunk of the source is parsed in pieces of this size, so that a large one does not become as
/// many rows in memory.
const PIECE: usize = 64 * 1024;
/// Seconds to wait for other loads. A function that has less time than that says so by itself.
const QUEUE: u32 = 900;

const LOCK: &str = "CONCAT('zipster load ', LEFT(SHA2(DATABASE(), 256), 32))";

/// A load as the ledger knows it. Bucket, key and identity together are unique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The bucket of the load file; empty for a file that was loaded from the command line.
    pub bucket: String,
    /// The key of the load file, decoded.
    pub object_key: String,
    /// What tells this upload of the key from every other: the identity of its event, at most 64
    /// characters of ASCII.
    pub identity: String,
    /// The entity tag of the load file; empty if it has none.
    pub etag: String,
    /// The version that every row of the file has.
    pub version: SourceVersion,
}

/// What a load did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// Whether it was this load or an earlier one of the same entry.
    pub outcome: Outcome,
    /// The load's number in the ledger.
    pub load_id: u64,
    /// Rows in the load file.
    pub rows_read: u64,
    /// Rows that the table had from this load when it was done.
    pub rows_stored: u64,
}

/// Who wrote the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// This load did.
    Now,
    /// The ledger has this entry already, and nothing was changed.
    Before,
}

impl Loaded {
    /// Rows that gave way: to a newer version in the table, or to a later row of the same file.
    pub fn rows_superseded(&self) -> u64 {
        self.rows_read.saturating_sub(self.rows_stored)
    }
}

/// Writes all rows of `source` and the ledger's `entry` in one transaction, or changes nothing if
/// the ledger has the entry.
///
/// A row replaces the one with the same zip code if that one's version is not newer than
/// `entry.version`; of two rows with the same zip code in the file, the later one stays.
///
/// After an error the connection is fit for nothing but being closed.
///
/// # Errors
/// [`LoadError`]; the transaction is rolled back then.
pub async fn load_rows<S: Source>(
    connection: &mut MySqlConnection,
    entry: &Entry,
    source: &mut S,
) -> Result<Loaded, LoadError<S::Error>> {
    let packet = queue_up(connection).await?;
    let loaded = load_alone(connection, entry, source, packet).await;
    match &loaded {
        Ok(_) => leave_queue(connection).await?,
        // Its own error would hide the one that matters, and closing the connection does the same.
        Err(_) => drop(leave_queue(connection).await),
    }
    loaded
}

async fn load_alone<S: Source>(
    connection: &mut MySqlConnection,
    entry: &Entry,
    source: &mut S,
    packet: usize,
) -> Result<Loaded, LoadError<S::Error>> {
    let failed = |doing: &'static str| move |error| DatabaseError::new(doing, error);
    let mut transaction = connection
        .begin()
        .await
        .map_err(failed("begin a transaction"))?;
    // The ledger comes first: its unique key makes the same entry wait for this transaction.
    let Some(load_id) = enter(&mut transaction, entry).await? else {
        let before = look_up(&mut transaction, entry).await?;
        transaction
            .rollback()
            .await
            .map_err(failed("end a transaction"))?;
        return Ok(before);
    };
    let (batches, received) = mpsc::channel(WAITING);
    let written = async {
        let written = write_batches(&mut transaction, received, load_id, &entry.version).await;
        written.map_err(LoadError::Database)
    };
    let (rows_read, ()) = tokio::try_join!(read_batches(source, batches, packet), written)?;
    let rows_stored = close(&mut transaction, load_id, rows_read).await?;
    transaction
        .commit()
        .await
        .map_err(failed("commit the rows"))?;
    Ok(Loaded {
        outcome: Outcome::Now,
        load_id,
        rows_read,
        rows_stored,
    })
}

/// Waits for other loads. Returns the size of the largest packet that the server takes.
async fn queue_up(connection: &mut MySqlConnection) -> Result<usize, DatabaseError> {
    let doing = "wait for other loads";
    let sql = format!("SELECT GET_LOCK({LOCK}, {QUEUE}), CAST(@@max_allowed_packet AS SIGNED)");
    let answer: (Option<i64>, i64) = sqlx::query_as(AssertSqlSafe(sql))
        .fetch_one(connection)
        .await
        .map_err(|error| DatabaseError::new(doing, error))?;
    match answer {
        (Some(1), packet) => Ok(usize::try_from(packet).unwrap_or_default()),
        _ => Err(DatabaseError {
            doing: doing.to_owned(),
            kind: DatabaseErrorKind::Queue(format!("waited for {QUEUE} seconds")),
        }),
    }
}

async fn leave_queue(connection: &mut MySqlConnection) -> Result<(), DatabaseError> {
    let sql = format!("DO RELEASE_LOCK({LOCK})");
    sqlx::query(AssertSqlSafe(sql))
        .execute(connection)
        .await
        .map_err(|error| DatabaseError::new("let other loads go on", error))?;
    Ok(())
}

/// Enters a load into the ledger; `None` if it is there already.
async fn enter(
    transaction: &mut MySqlConnection,
    entry: &Entry,
) -> Result<Option<u64>, DatabaseError> {
    let sql = "INSERT INTO loads \
               (bucket, object_key, sequencer, etag, source_version, rows_read, rows_stored) \
               VALUES (?, ?, ?, ?, ?, 0, 0)";
    let entered = sqlx::query(sql)
        .bind(&entry.bucket)
        .bind(entry.object_key.as_bytes())
        .bind(&entry.identity)
        .bind(&entry.etag)
        .bind(entry.version.as_str())
        .execute(transaction)
        .await;
    match entered {
        Ok(entered) => Ok(Some(entered.last_insert_id())),
        Err(error) if server_number(&error) == Some(number::DUPLICATE) => Ok(None),
        Err(error) => Err(DatabaseError::new("enter the load into the ledger", error)),
    }
}

/// The load that the ledger has under this entry.
async fn look_up(
    transaction: &mut MySqlConnection,
    entry: &Entry,
) -> Result<Loaded, DatabaseError> {
    let sql = "SELECT id, rows_read, rows_stored FROM loads \
               WHERE bucket = ? AND object_key = ? AND sequencer = ?";
    let found = async {
        let row: MySqlRow = sqlx::query(sql)
            .bind(&entry.bucket)
            .bind(entry.object_key.as_bytes())
            .bind(&entry.identity)
            .fetch_one(transaction)
            .await?;
        Ok(Loaded {
            outcome: Outcome::Before,
            load_id: row.try_get(0)?,
            rows_read: row.try_get(1)?,
            rows_stored: row.try_get(2)?,
        })
    };
    let found: Result<_, sqlx::Error> = found.await;
    found.map_err(|error| DatabaseError::new("look the load up in the ledger", error))
}

/// Writes the counts of a load into the ledger; returns how many rows the table has from it.
async fn close(
    transaction: &mut MySqlConnection,
    load_id: u64,
    rows_read: u64,
) -> Result<u64, DatabaseError> {
    let closed = async {
        let stored: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM zip_codes WHERE load_id = ?")
            .bind(load_id)
            .fetch_one(&mut *transaction)
            .await?;
        let stored = u64::try_from(stored).unwrap_or_default();
        sqlx::query("UPDATE loads SET rows_read = ?, rows_stored = ? WHERE id = ?")
            .bind(rows_read)
            .bind(stored)
            .bind(load_id)
            .execute(transaction)
            .await?;
        Ok(stored)
    };
    let closed: Result<_, sqlx::Error> = closed.await;
    closed.map_err(|error| DatabaseError::new("count the rows that were written", error))
}

/// Reads the load file and hands over its rows, a statement's worth at a time. Returns how many.
async fn read_batches<S: Source>(
    source: &mut S,
    batches: mpsc::Sender<Vec<ZipCode>>,
    packet: usize,
) -> Result<u64, LoadError<S::Error>> {
    let mut reader = Reader::new();
    let mut rows = Vec::new();
    let mut batch = Batch::new(packet);
    let mut rows_read = 0;
    loop {
        let chunk = source.next_chunk().await.map_err(LoadError::Source)?;
        let Some(chunk) = chunk else { break };
        for piece in chunk.chunks(PIECE) {
            reader.push(piece, &mut rows)?;
            for row in rows.drain(..) {
                rows_read += 1;
                if let Some(full) = batch.add(row)? {
                    send(&batches, full).await;
                }
            }
        }
    }
    reader.finish(&mut rows)?;
    for row in rows {
        rows_read += 1;
        if let Some(full) = batch.add(row)? {
            send(&batches, full).await;
        }
    }
    if !batch.rows.is_empty() {
        send(&batches, batch.rows).await;
    }
    Ok(rows_read)
}

/// The other side is only ever gone because it failed, and then its error is the one that counts.
async fn send(batches: &mpsc::Sender<Vec<ZipCode>>, batch: Vec<ZipCode>) {
    drop(batches.send(batch).await);
}

/// Rows that are to go into one statement.
#[derive(Debug)]
struct Batch {
    rows: Vec<ZipCode>,
    bytes: usize,
    packet: usize,
}

impl Batch {
    /// An empty one for a server that takes packets of so many bytes.
    fn new(packet: usize) -> Self {
        Batch {
            rows: Vec::with_capacity(ROWS),
            bytes: FRAME,
            packet,
        }
    }

    /// Adds a row. Returns the rows before it if it does not fit beside them.
    fn add(&mut self, row: ZipCode) -> Result<Option<Vec<ZipCode>>, DatabaseError> {
        // City and location have no limit; 128 bytes are more than the rest of a row.
        let size = row.city.len() + row.location.len() + 128;
        if FRAME + size > self.packet {
            // The server would just hang up.
            let ZipCode { zipcode, .. } = row;
            let packet = self.packet;
            return Err(DatabaseError {
                doing: "write the rows".to_owned(),
                kind: DatabaseErrorKind::TooLarge(format!(
                    "that of {zipcode} has {size} bytes, a packet may have {packet}"
                )),
            });
        }
        let is_full = self.rows.len() == ROWS || self.bytes + size > self.packet.min(FRAME + BYTES);
        let full = (is_full && !self.rows.is_empty()).then(|| {
            self.bytes = FRAME;
            std::mem::replace(&mut self.rows, Vec::with_capacity(ROWS))
        });
        self.bytes += size;
        self.rows.push(row);
        Ok(full)
    }
}

async fn write_batches(
    transaction: &mut MySqlConnection,
    mut batches: mpsc::Receiver<Vec<ZipCode>>,
    load_id: u64,
    version: &SourceVersion,
) -> Result<(), DatabaseError> {
    let full = upsert(ROWS);
    while let Some(batch) = batches.recv().await {
        let sql = match batch.len() {
            ROWS => full.clone(),
            rows => upsert(rows),
        };
        // Statements are prepared once; those of odd sizes are not worth remembering.
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(batch.len() == ROWS);
        for row in &batch {
            query = query
                .bind(&row.zipcode)
                .bind(row.zipcode_type.as_str())
                .bind(&row.city)
                .bind(&row.state)
                .bind(row.location_type.as_str())
                .bind(&row.latitude)
                .bind(&row.longitude)
                .bind(&row.location)
                .bind(row.decommissioned)
                .bind(version.as_str())
                .bind(load_id);
        }
        query
            .execute(&mut *transaction)
            .await
            .map_err(|error| DatabaseError::new("write the rows", error))?;
    }
    Ok(())
}

/// The statement for so many rows.
///
/// The assignments are made from left to right, and each sees those before it, so the version that
/// all of them are decided by is assigned last.
fn upsert(rows: usize) -> String {
    const COLUMNS: [&str; 11] = [
        "zipcode",
        "zipcode_type",
        "city",
        "state",
        "location_type",
        "latitude",
        "longitude",
        "location",
        "decommissioned",
        "source_version",
        "load_id",
    ];
    const ASSIGNED: [&str; 10] = [
        "zipcode_type",
        "city",
        "state",
        "location_type",
        "latitude",
        "longitude",
        "location",
        "decommissioned",
        "load_id",
        "source_version",
    ];
    let row = format!("({})", ["?"; COLUMNS.len()].join(","));
    let values = vec![row; rows].join(",");
    let assignments = ASSIGNED.map(|column| {
        format!(
            "{column} = IF(VALUES(source_version) >= source_version, VALUES({column}), {column})"
        )
    });
    format!(
        "INSERT INTO zip_codes ({}) VALUES {values} ON DUPLICATE KEY UPDATE {}",
        COLUMNS.join(", "),
        assignments.join(", "),
    )
}

#[cfg(test)]
mod tests {
    use zipcodes::{LocationType, ZipCodeType};

    use super::*;

    fn row(city: &str) -> ZipCode {
        ZipCode {
            zipcode: "06604".to_owned(),
            zipcode_type: ZipCodeType::Standard,
            city: city.to_owned(),
            state: "CT".to_owned(),
            location_type: LocationType::Primary,
            latitude: "41.18".to_owned(),
            longitude: "-73.19".to_owned(),
            location: "NA-US-CT-BRIDGEPORT".to_owned(),
            decommissioned: false,
        }
    }

    const MEGA: usize = 1024 * 1024;

    /// The sizes of the statements for rows whose cities have these lengths.
    #[track_caller]
    fn batches(cities: &[usize], packet: usize, expected: &[usize]) {
        let mut batch = Batch::new(packet);
        let mut sizes = Vec::new();
        for length in cities {
            let full = batch.add(row(&"X".repeat(*length))).unwrap();
            sizes.extend(full.map(|full| full.len()));
        }
        if !batch.rows.is_empty() {
            sizes.push(batch.rows.len());
        }
        assert_eq!(sizes, expected);
    }

    #[test]
    fn a_statement_has_a_limited_number_of_rows_and_bytes() {
        batches(&[], 16 * MEGA, &[]);
        batches(&[10; 500], 16 * MEGA, &[500]);
        batches(&[10; 501], 16 * MEGA, &[500, 1]);
        batches(&[10; 1250], 16 * MEGA, &[500, 500, 250]);
        batches(&[MEGA; 7], 16 * MEGA, &[3, 3, 1]);
        batches(&[10, 15 * MEGA, 10, 10], 16 * MEGA, &[1, 1, 2]);
        batches(&[15 * MEGA, 15 * MEGA], 16 * MEGA, &[1, 1]);
        batches(&[400; 5], 4 * 1024 + 1200, &[2, 2, 1]);
    }

    #[test]
    fn a_row_that_no_packet_can_carry_is_named() {
        let error = Batch::new(MEGA).add(row(&"X".repeat(MEGA))).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot write the rows: a row is too large for the server: that of 06604 has 1048723 \
             bytes, a packet may have 1048576"
        );
    }

    #[test]
    fn the_version_is_assigned_after_everything_that_depends_on_it() {
        let sql = upsert(2);
        assert!(
            sql.contains("VALUES (?,?,?,?,?,?,?,?,?,?,?),(?,?,?,?,?,?,?,?,?,?,?) ON DUP"),
            "{sql}"
        );
        let last = "source_version = IF(VALUES(source_version) >= source_version, \
                    VALUES(source_version), source_version)";
        assert!(sql.ends_with(last), "{sql}");
        assert!(
            upsert(ROWS).matches('?').count() < 65_536,
            "what the protocol can count"
        );
    }
}
