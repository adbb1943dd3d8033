//! SQLite: one writing connection, a few reading ones, and the statements that only it understands.
//! Nothing to install and nothing to set up; made for one node and a modest load.

mod deeds;
mod log;
mod outbox;
mod rebuild;
mod rollups;
mod write;

use std::{path::Path, str::FromStr as _, time::Duration};

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use pharos_model::Timestamp;
use sqlx::{
    ConnectOptions, Connection as _, Row as _, SqlitePool, TypeInfo, ValueRef,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous},
};
use uuid::Uuid;

use self::{log::Log, write::Prepared};
use super::{
    Compacted, Flush, OutcomeRange, OutcomeSum, Recent, RedactionSum, Store, StoreError, StoreResult,
    StoredEvent, migrations,
    outbox::{entries, retain_new},
    quarantine::{self, NotKept, QuarantineRow},
    rollup::{BucketSketches, Names, Numbers, Span},
    sql::{Cell, Deed, Dialect, Sql, Step, Value, bind_values},
    within,
};
use crate::{config::Limits, forward::Rules, ingest::heavy};

/// Rows removed at a time by retention: a few milliseconds during which the writer waits.
const EXPIRE_ROWS: i64 = 1000;

/// Pages that the writer remembers, in KiB. What is being written to in the indexes should be among them.
const WRITER_CACHE_KIB: i64 = 32 * 1024;

/// Of a file that is made now. A row costs a sixth less with this than with SQLite's 4 KiB: half as many pages
/// to split, to sum up and to write. Larger ones gain no more.
const PAGE_BYTES: u32 = 8192;

pub(super) struct SqliteStore {
    /// SQLite has one writer at a time. One connection makes the others wait here, in turn, rather
    /// than poll the file's lock.
    writer: SqlitePool,
    log: Log,
    readers: SqlitePool,
    lock_path: std::path::PathBuf,
    timeout: Duration,
    not_kept: NotKept,
    forwarding: Rules,
}

impl SqliteStore {
    pub(super) async fn open(path: &Path, limits: &Limits, forwarding: Rules) -> StoreResult<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .page_size(PAGE_BYTES)
            // Readers do not block the writer, nor the writer readers; a commit is one append.
            .journal_mode(SqliteJournalMode::Wal)
            // A commit is not on the disk when it returns: `Log` sees to that, before anything is acknowledged.
            .synchronous(SqliteSynchronous::Normal)
            // Another process (`pharos keys`, a person with sqlite3) may hold the lock for a moment.
            .busy_timeout(limits.store_timeout)
            // Off by default, for the sake of very old files.
            .foreign_keys(true)
            .disable_statement_logging();
        // Opened now, not at first use: it creates the file, and a wrong path stops the start.
        let writer = one_writer()
            .acquire_timeout(limits.store_timeout)
            .connect_with(
                options
                    .clone()
                    .pragma("cache_size", format!("-{WRITER_CACHE_KIB}"))
                    .pragma("wal_autocheckpoint", log::CHECKPOINT_PAGES.to_string()),
            )
            .await
            .map_err(store_error)?;
        let log = Log::of(path, options.clone(), writer.clone())
            .map_err(|error| StoreError::Unavailable(format!("{}: {error}", path.display())))?;
        let readers = SqlitePoolOptions::new()
            .max_connections(limits.store_connections)
            .acquire_timeout(limits.store_timeout)
            // Two threads sort what a question of millions of rows groups.
            .connect_lazy_with(options.read_only(true).pragma("threads", "2"));
        let timeout = limits.store_timeout + Duration::from_millis(500);
        let lock_path = path.with_extension("lock");
        Ok(Self { writer, log, readers, lock_path, timeout, not_kept: NotKept::default(), forwarding })
    }
}

/// A pool of one connection for writing. After a full disk SQLite ends the transaction itself, and the
/// connection takes it to be open still: such a one is closed, and another opened in its place.
pub(super) fn one_writer() -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(1)
        // Which asks SQLite whether it is still there.
        .test_before_acquire(false)
        .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
}

#[async_trait]
impl Store for SqliteStore {
    /// One transaction after the other, but while one is on its way to the disk the next is written.
    fn writers(&self) -> usize {
        2
    }

    async fn migrate(&self) -> StoreResult<()> {
        let unavailable = |error: std::io::Error| StoreError::Unavailable(format!("migrating: {error}"));
        // sqlx takes no lock of its own on SQLite. This one is let go when the file is closed.
        let path = self.lock_path.clone();
        let lock = tokio::task::spawn_blocking(move || {
            let file = std::fs::File::create(path)?;
            file.lock()?;
            Ok(file)
        });
        let _lock = lock.await.map_err(std::io::Error::other).flatten().map_err(unavailable)?;
        let done = migrations::sqlite().run(&self.writer).await;
        done.map_err(migrations::migrate_error)
    }

    async fn ping(&self) -> StoreResult<()> {
        self.select("SELECT 1", &[]).await.map(drop)
    }

    async fn write(&self, flush: Flush<'_>) -> StoreResult<Vec<Uuid>> {
        within(self.timeout, async {
            let prepared = Prepared::of(&flush);
            let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(store_error)?;
            let written = prepared.write(&mut transaction).await.map_err(store_error)?;
            let Some(written) = written else {
                drop(transaction);
                // It may have been given up while it was waiting for the disk.
                self.log.sync().await?;
                return Ok(Vec::new());
            };
            let mut to_forward = entries(&self.forwarding, flush.rows);
            retain_new(&mut to_forward, &written);
            outbox::enqueue(&mut transaction, &to_forward).await.map_err(store_error)?;
            let not_kept = keep(&mut transaction, flush.quarantine).await.map_err(store_error)?;
            transaction.commit().await.map_err(store_error)?;
            self.log.sync().await?;
            self.log.grew(flush.rows.len());
            self.not_kept.add(not_kept);
            Ok(written)
        })
        .await
    }

    async fn recent(&self, recent: &Recent) -> StoreResult<Vec<StoredEvent>> {
        // Left to itself SQLite reads the whole table and sorts it, for ten rows of ten million.
        let query = sqlx::query(
            "SELECT id, event, timestamp, properties, user_id, session_id, source, seq, context, created_at \
             FROM telemetry_events INDEXED BY telemetry_events_by_receipt \
             WHERE project_id = $1 AND ($2 IS NULL OR event = $2) AND ($3 IS NULL OR session_id = $3) \
             AND ($5 IS NULL OR user_id IN ($5, $6)) ORDER BY created_at DESC, id DESC LIMIT $4",
        )
        .bind(recent.project_id)
        .bind(recent.event.as_deref())
        .bind(recent.session_id.as_deref())
        .bind(recent.limit)
        .bind(recent.user_ids.first().map(ToString::to_string))
        .bind(recent.user_ids.last().map(ToString::to_string));
        let rows =
            within(self.timeout, async { query.fetch_all(&self.readers).await.map_err(store_error) }).await?;
        rows.iter().map(|row| read_event(row).map_err(store_error)).collect()
    }

    async fn outcomes(&self, range: &OutcomeRange) -> StoreResult<Vec<OutcomeSum>> {
        let sql = "SELECT hour, outcome, reason, sum(count) FROM outcomes \
             WHERE project_id = $1 AND hour >= $2 AND hour < $3 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3";
        let sums = self.read_ledger(sql, range).await?.into_iter();
        Ok(sums.map(|(hour, outcome, reason, count)| OutcomeSum { hour, outcome, reason, count }).collect())
    }

    async fn redactions(&self, range: &OutcomeRange) -> StoreResult<Vec<RedactionSum>> {
        let sql = "SELECT hour, side, kind, sum(count) FROM redactions \
             WHERE project_id = $1 AND hour >= $2 AND hour < $3 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3";
        let sums = self.read_ledger(sql, range).await?.into_iter();
        Ok(sums.map(|(hour, side, kind, count)| RedactionSum { hour, side, kind, count }).collect())
    }

    async fn compact(&self) -> StoreResult<Compacted> {
        within(self.timeout, rollups::compact(&self.writer)).await
    }

    async fn rollup_numbers(
        &self,
        project_id: i32,
        parts: &[(Span, Names)],
        version: i64,
    ) -> StoreResult<Numbers> {
        within(self.timeout, rollups::numbers(&self.readers, project_id, parts, version)).await
    }

    async fn rollup_sketches(
        &self,
        project_id: i32,
        spans: &[Span],
        names: &Names,
        sessions: bool,
    ) -> StoreResult<Vec<BucketSketches>> {
        within(self.timeout, rollups::sketches(&self.readers, project_id, spans, names, sessions)).await
    }

    async fn rebuild_hour(&self, project_id: i32, start: i64) -> StoreResult<u64> {
        rebuild::hour(&self.writer, project_id, start).await
    }

    async fn rebuild_day(&self, project_id: i32, start: i64) -> StoreResult<()> {
        rebuild::day(&self.writer, project_id, start).await
    }

    async fn forget_marks(&self, cutoff: Timestamp) -> StoreResult<()> {
        let query = sqlx::query("DELETE FROM flush_marks WHERE written_at < $1").bind(cutoff.to_string());
        within(self.timeout, async { query.execute(&self.writer).await.map_err(store_error) }).await?;
        Ok(())
    }

    async fn make_room(&self, _now: Timestamp) -> StoreResult<usize> {
        Ok(0)
    }

    async fn tend_indexes(&self, _now: Timestamp) -> StoreResult<u64> {
        Ok(0)
    }

    async fn expire(&self, cutoff: Timestamp) -> StoreResult<u64> {
        let query = sqlx::query(
            "DELETE FROM telemetry_events WHERE rowid IN \
             (SELECT rowid FROM telemetry_events WHERE created_at < $1 LIMIT $2)",
        )
        .bind(cutoff.to_string())
        .bind(EXPIRE_ROWS);
        let done = within(self.timeout, async { query.execute(&self.writer).await.map_err(store_error) });
        Ok(done.await?.rows_affected())
    }

    async fn close(&self) {
        self.log.close().await;
        self.readers.close().await;
        // Last, so that it can fold the write-ahead log into the file.
        self.writer.close().await;
    }
}

impl SqliteStore {
    /// Hour, two words and a sum.
    async fn read_ledger(
        &self,
        sql: &'static str,
        range: &OutcomeRange,
    ) -> StoreResult<Vec<(Timestamp, String, String, i64)>> {
        let query =
            sqlx::query(sql).bind(range.project_id).bind(range.start.to_string()).bind(range.end.to_string());
        let rows =
            within(self.timeout, async { query.fetch_all(&self.readers).await.map_err(store_error) }).await?;
        let sum = |row: &SqliteRow| {
            let hour = Timestamp::parse_rfc3339(row.try_get(0)?).ok_or_else(|| damaged("hour"))?;
            Ok((hour, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?))
        };
        rows.iter().map(sum).collect::<sqlx::Result<_>>().map_err(store_error)
    }
}

/// Adds to the quarantine what is new and fits, and counts what is known. Returns how many it left out.
async fn keep(connection: &mut sqlx::SqliteConnection, refused: &[QuarantineRow]) -> sqlx::Result<u64> {
    let mut not_kept = 0;
    let mut used: Option<(i32, i64, i64)> = None;
    for row in refused {
        let known = sqlx::query(
            "UPDATE quarantine SET count = count + $3, last_seen_ms = max(last_seen_ms, $4) \
             WHERE project_id = $1 AND hash = $2 AND replayed_at_ms IS NULL",
        )
        .bind(row.project_id)
        .bind(&row.hash[..])
        .bind(i64::try_from(row.count).unwrap_or(i64::MAX))
        .bind(row.last_seen.unix_ms())
        .execute(&mut *connection)
        .await?;
        if known.rows_affected() > 0 {
            continue;
        }
        let (rows, bytes) = match used {
            Some((project_id, rows, bytes)) if project_id == row.project_id => (rows, bytes),
            _ => {
                sqlx::query_as(
                    "SELECT count(*), coalesce(sum(bytes), 0) FROM quarantine WHERE project_id = $1",
                )
                .bind(row.project_id)
                .fetch_one(&mut *connection)
                .await?
            }
        };
        let row_bytes = i64::try_from(row.bytes()).unwrap_or(i64::MAX);
        let fits = rows < quarantine::ROWS_MAX && bytes.saturating_add(row_bytes) <= quarantine::BYTES_MAX;
        used = Some((row.project_id, rows + i64::from(fits), bytes + if fits { row_bytes } else { 0 }));
        if !fits {
            not_kept += 1;
            continue;
        }
        sqlx::query(
            "INSERT INTO quarantine (id, project_id, hash, code, field, source, event, context, user_id, bytes, \
             first_seen_ms, last_seen_ms, count) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        )
        .bind(row.id.to_string())
        .bind(row.project_id)
        .bind(&row.hash[..])
        .bind(&*row.code)
        .bind(row.field.as_str())
        .bind(row.source.as_str())
        .bind(row.event.as_str())
        .bind(&*row.context)
        .bind(row.user_id.map(|id| id.to_string()))
        .bind(row_bytes)
        .bind(row.first_seen.unix_ms())
        .bind(row.last_seen.unix_ms())
        .bind(i64::try_from(row.count).unwrap_or(i64::MAX))
        .execute(&mut *connection)
        .await?;
    }
    Ok(not_kept)
}

fn read_event(row: &SqliteRow) -> sqlx::Result<StoredEvent> {
    let time = |index: usize, column: &str| {
        Timestamp::parse_rfc3339(row.try_get(index)?).ok_or_else(|| damaged(column))
    };
    let uuid = |text: &str, column: &str| Uuid::from_str(text).map_err(|_| damaged(column));
    Ok(StoredEvent {
        id: uuid(row.try_get(0)?, "id")?,
        event: row.try_get(1)?,
        timestamp: time(2, "timestamp")?,
        properties: row.try_get(3)?,
        user_id: row.try_get::<Option<&str>, _>(4)?.map(|text| uuid(text, "user_id")).transpose()?,
        session_id: row.try_get(5)?,
        source: row.try_get(6)?,
        seq: row.try_get(7)?,
        context: row.try_get(8)?,
        created_at: time(9, "created_at")?,
    })
}

fn damaged(column: &str) -> sqlx::Error {
    sqlx::Error::Decode(format!("column {column} is damaged").into())
}

#[async_trait]
impl Sql for SqliteStore {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    async fn execute(&self, steps: &[Step<'_>]) -> StoreResult<u64> {
        within(self.timeout, async {
            let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(store_error)?;
            let mut changed_first = 0;
            for (number, &(sql, values)) in steps.iter().enumerate() {
                let done = bind_values!(sqlx::query(sql), values, text_of).execute(&mut *transaction).await;
                let changed = done.map_err(store_error)?.rows_affected();
                if number == 0 {
                    changed_first = changed;
                    if changed == 0 {
                        break;
                    }
                }
            }
            transaction.commit().await.map_err(store_error)?;
            self.log.sync().await?;
            Ok(changed_first)
        })
        .await
    }

    async fn select(&self, sql: &'static str, values: &[Value<'_>]) -> StoreResult<Vec<Vec<Cell>>> {
        within(self.timeout, async {
            let rows = bind_values!(sqlx::query(sql), values, text_of).fetch_all(&self.readers).await;
            let rows = rows.map_err(store_error)?;
            read_cells(&rows)
        })
        .await
    }

    async fn select_slowly(&self, sql: &'static str, values: &[Value<'_>]) -> StoreResult<Vec<Vec<Cell>>> {
        let rows = bind_values!(sqlx::query(sql), values, text_of).fetch_all(&self.readers).await;
        let rows = rows.map_err(store_error)?;
        read_cells(&rows)
    }

    async fn select_deeds(&self, sql: &'static str, values: &[Value<'_>]) -> StoreResult<Vec<Deed>> {
        within(self.timeout, async {
            let query = bind_values!(sqlx::query(sql), values, text_of);
            let row = query.fetch_one(&self.readers).await.map_err(store_error)?;
            let list = |column: usize| row.try_get::<&str, _>(column).map_err(store_error);
            let (who, at, step) = (list(0)?, list(1)?, list(2)?);
            heavy(who.len() + at.len() + step.len(), || deeds::read(who, at, step))
        })
        .await
    }

    async fn select_each(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
        each: &mut (dyn for<'r> FnMut(&'r str, i64, i64) -> bool + Send),
    ) -> StoreResult<()> {
        within(self.timeout, async {
            let mut rows = bind_values!(sqlx::query(sql), values, text_of).fetch(&self.readers);
            while let Some(row) = rows.try_next().await.map_err(store_error)? {
                let read = || Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
                let (text, first, second) = read().map_err(store_error)?;
                if !each(text, first, second) {
                    break;
                }
            }
            Ok(())
        })
        .await
    }
}

fn text_of(moment: Timestamp) -> String {
    moment.to_string()
}

fn read_cells(rows: &[SqliteRow]) -> StoreResult<Vec<Vec<Cell>>> {
    let cells = |row: &SqliteRow| (0..row.len()).map(|column| read_cell(row, column)).collect();
    rows.iter().map(cells).collect::<sqlx::Result<_>>().map_err(store_error)
}

fn read_cell(row: &SqliteRow, column: usize) -> sqlx::Result<Cell> {
    let value = row.try_get_raw(column)?;
    if value.is_null() {
        return Ok(Cell::Null);
    }
    Ok(match value.type_info().name() {
        "INTEGER" => Cell::Int(row.try_get(column)?),
        "BLOB" => Cell::Bytes(row.try_get(column)?),
        _ => Cell::Text(row.try_get(column)?),
    })
}

/// A broken constraint (19), a value too large (18) or of the wrong type (20) is the data's fault;
/// everything else may pass.
fn store_error(error: sqlx::Error) -> StoreError {
    let code = error.as_database_error().and_then(|error| error.code());
    // Extended codes keep the primary one in their low byte.
    match code.as_ref().and_then(|code| code.parse::<u32>().ok()).map(|code| code & 0xff) {
        Some(18..=20) => StoreError::BadData(format!("SQLite code {}", code.unwrap_or_default())),
        _ => StoreError::Unavailable(error.to_string()),
    }
}
