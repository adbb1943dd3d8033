//! PostgreSQL: pools, errors and the statements that only it understands.

mod compact;
mod copy;
mod indexes;
mod outbox;
mod partitions;
mod quarantine;
mod rebuild;
mod rollups;
mod timestamp;
mod write;

use std::{collections::HashSet, time::Duration};

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use pharos_model::Timestamp;
use sqlx::{
    Column, ConnectOptions, Connection as _, PgConnection, PgPool, PgTransaction, Row as _, TypeInfo,
    postgres::{PgConnectOptions, PgPoolOptions, PgRow},
};
use uuid::Uuid;

use self::{
    copy::{Copied, Wariness},
    timestamp::PgTimestamp,
};
use super::{
    Compacted, Flush, OutcomeRange, OutcomeSum, Recent, RedactionSum, Store, StoreError, StoreResult,
    StoredEvent, migrations,
    outbox::{entries, retain_new},
    quarantine::NotKept,
    rollup::{BucketSketches, Names, Numbers, Span},
    sql::{Cell, Deed, Dialect, Sql, Step, Value, bind_values},
    within,
};
use crate::{config::Limits, forward::Rules};

/// Transactions side by side: one fills while the other waits for its disk flush. More only make
/// smaller groups.
const WRITERS: u32 = 3;

/// The same few statements over and over: their plans depend neither on values nor on how full the tables
/// were when they were made. A table that was empty then would be read from end to end for ever.
const WRITERS_SETTINGS: [(&str, &str); 4] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
];

/// Questions count who is who in memory, of some hundred thousand, rather than on the disk; compiling them takes
/// longer than it saves. Handing a row from one process to another is taken to be cheaper than by default (0.1):
/// a breakdown of some hundred thousand rows is then read by two, and takes four fifths of the time.
const OTHERS_SETTINGS: [(&str, &str); 3] =
    [("work_mem", "32MB"), ("jit", "off"), ("parallel_tuple_cost", "0.001")];

/// How long an unused connection is taken to be alive without asking.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

pub(super) struct PostgresStore {
    /// Used by the writers alone, so that no reader can keep them waiting for a connection.
    writers: PgPool,
    others: PgPool,
    timeout: Duration,
    not_kept: NotKept,
    forwarding: Rules,
    wariness: Wariness,
}

impl PostgresStore {
    pub(super) fn open(url: &str, limits: &Limits, forwarding: Rules) -> StoreResult<Self> {
        let timeout_ms = limits.store_timeout.as_millis().to_string();
        let options: PgConnectOptions = url.parse().map_err(store_error)?;
        let options = options
            .application_name("pharos")
            // The server gives up first; the client's own timeout is for a server that says nothing.
            .options([
                ("statement_timeout", timeout_ms.as_str()),
                ("idle_in_transaction_session_timeout", timeout_ms.as_str()),
            ])
            .disable_statement_logging();
        let pool = |connections_max, options: PgConnectOptions| {
            PgPoolOptions::new()
                .max_connections(connections_max)
                .acquire_timeout(limits.store_timeout)
                // Instead of before every use: one that was used a moment ago is there.
                .test_before_acquire(false)
                .before_acquire(|connection, meta| {
                    Box::pin(async move {
                        if meta.idle_for > TRUSTED_FOR {
                            connection.ping().await?;
                        }
                        Ok(true)
                    })
                })
                .connect_lazy_with(options)
        };
        Ok(Self {
            writers: pool(WRITERS, options.clone().options(WRITERS_SETTINGS)),
            others: pool(limits.store_connections, options.options(OTHERS_SETTINGS)),
            // A moment longer than the server's.
            timeout: limits.store_timeout + Duration::from_millis(500),
            not_kept: NotKept::default(),
            forwarding,
            wariness: Wariness::default(),
        })
    }
}

#[async_trait]
impl Store for PostgresStore {
    fn writers(&self) -> usize {
        WRITERS as usize
    }

    async fn migrate(&self) -> StoreResult<()> {
        // Takes an advisory lock, so that nodes starting at once migrate one after the other.
        let mut connection = self.others.acquire().await.map_err(store_error)?;
        sqlx::query("SET statement_timeout = 0").execute(&mut *connection).await.map_err(store_error)?;
        let done = migrations::postgres().run_direct(None, &mut *connection, false).await;
        // Its settings, and after a failure its lock, must not come back to the pool.
        connection.close().await.map_err(store_error)?;
        done.map_err(migrations::migrate_error)
    }

    async fn ping(&self) -> StoreResult<()> {
        self.select("SELECT 1::bigint", &[]).await.map(drop)
    }

    async fn write(&self, flush: Flush<'_>) -> StoreResult<Vec<Uuid>> {
        let mut connection =
            within(self.timeout, async { self.writers.acquire().await.map_err(store_error) }).await?;
        let written = within(self.timeout, self.write_on(&mut connection, flush)).await;
        if matches!(written, Err(StoreError::Unavailable(_) | StoreError::Forbidden(_))) {
            // An answer may still be on its way: nothing else may be sent down this connection.
            connection.close_on_drop();
        }
        written
    }

    async fn recent(&self, recent: &Recent) -> StoreResult<Vec<StoredEvent>> {
        within(self.timeout, self.read_recent(recent)).await
    }

    async fn outcomes(&self, range: &OutcomeRange) -> StoreResult<Vec<OutcomeSum>> {
        let sql = "SELECT hour, outcome, reason, sum(count)::bigint FROM outcomes \
             WHERE project_id = $1 AND hour >= $2 AND hour < $3 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3";
        let sums = self.read_ledger(sql, range).await?.into_iter();
        Ok(sums.map(|(hour, outcome, reason, count)| OutcomeSum { hour, outcome, reason, count }).collect())
    }

    async fn redactions(&self, range: &OutcomeRange) -> StoreResult<Vec<RedactionSum>> {
        let sql = "SELECT hour, side, kind, sum(count)::bigint FROM redactions \
             WHERE project_id = $1 AND hour >= $2 AND hour < $3 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3";
        let sums = self.read_ledger(sql, range).await?.into_iter();
        Ok(sums.map(|(hour, side, kind, count)| RedactionSum { hour, side, kind, count }).collect())
    }

    async fn compact(&self) -> StoreResult<Compacted> {
        within(self.timeout, compact::step(&self.others)).await
    }

    async fn rollup_numbers(
        &self,
        project_id: i32,
        parts: &[(Span, Names)],
        version: i64,
    ) -> StoreResult<Numbers> {
        within(self.timeout, rollups::numbers(&self.others, project_id, parts, version)).await
    }

    async fn rollup_sketches(
        &self,
        project_id: i32,
        spans: &[Span],
        names: &Names,
        sessions: bool,
    ) -> StoreResult<Vec<BucketSketches>> {
        within(self.timeout, rollups::sketches(&self.others, project_id, spans, names, sessions)).await
    }

    async fn rebuild_hour(&self, project_id: i32, start: i64) -> StoreResult<u64> {
        rebuild::hour(&self.others, project_id, start).await
    }

    async fn rebuild_day(&self, project_id: i32, start: i64) -> StoreResult<()> {
        rebuild::day(&self.others, project_id, start).await
    }

    async fn forget_marks(&self, cutoff: Timestamp) -> StoreResult<()> {
        let query = sqlx::query("DELETE FROM flush_marks WHERE written_at < $1").bind(PgTimestamp(cutoff));
        within(self.timeout, async { query.execute(&self.others).await.map_err(store_error) }).await?;
        Ok(())
    }

    async fn make_room(&self, now: Timestamp) -> StoreResult<usize> {
        partitions::create_ahead(&self.others, now).await
    }

    async fn tend_indexes(&self, now: Timestamp) -> StoreResult<u64> {
        within(self.timeout, indexes::summarize(&self.others, now)).await?;
        indexes::build_one(&self.others, now).await
    }

    async fn expire(&self, cutoff: Timestamp) -> StoreResult<u64> {
        partitions::expire(&self.others, cutoff).await
    }

    async fn close(&self) {
        self.writers.close().await;
        self.others.close().await;
    }
}

const RECENT: &str = "\
    SELECT id, event, timestamp, properties::text, user_id, session_id, source, seq, context::text, created_at \
    FROM telemetry_events \
    WHERE project_id = $1 AND ($2::text IS NULL OR event = $2) AND ($3::text IS NULL OR session_id = $3) \
      AND created_at >= $4 AND ($6::uuid[] IS NULL OR user_id = ANY ($6)) \
    ORDER BY created_at DESC, id DESC LIMIT $5";

/// How far back the search for recent events goes, in steps: the index on `created_at` knows only block
/// ranges, so that a short look back is cheap and "the newest 100 of all" is not.
const LOOK_BACK_MS: [i64; 4] = [10_000, 10 * 60_000, 24 * 3_600_000, i64::MAX];

impl PostgresStore {
    async fn write_on(&self, connection: &mut PgConnection, flush: Flush<'_>) -> StoreResult<Vec<Uuid>> {
        if flush.rows.len() >= copy::ROWS_MIN
            && let Some(written) = self.write_by_copy(connection, flush).await?
        {
            return Ok(written);
        }
        let to_forward = entries(&self.forwarding, flush.rows);
        if flush.quarantine.is_empty() && to_forward.is_empty() {
            return write::write(connection, flush).await;
        }
        let mut transaction = connection.begin().await.map_err(store_error)?;
        let written = write::write(&mut transaction, flush).await?;
        self.finish(transaction, flush, &written).await?;
        Ok(written)
    }

    /// `None`: nothing was written, because ids are stored already, even after looking for them: another
    /// node stores them at this moment.
    async fn write_by_copy(
        &self,
        connection: &mut PgConnection,
        flush: Flush<'_>,
    ) -> StoreResult<Option<Vec<Uuid>>> {
        let mut known = HashSet::new();
        let mut looks = self.wariness.next();
        loop {
            if looks {
                known = copy::known(connection, &flush).await?;
                if !known.is_empty() {
                    self.wariness.alarm();
                }
            }
            let mut transaction = connection.begin().await.map_err(store_error)?;
            match copy::write(&mut transaction, &flush, &known).await? {
                Copied::New(written) => {
                    self.finish(transaction, flush, &written).await?;
                    return Ok(Some(written));
                }
                Copied::KnownId => transaction.rollback().await.map_err(store_error)?,
            }
            self.wariness.alarm();
            if looks {
                return Ok(None);
            }
            looks = true;
        }
    }

    /// What belongs into the transaction beside the rows, and its commit.
    async fn finish(
        &self,
        mut transaction: PgTransaction<'_>,
        flush: Flush<'_>,
        written: &[Uuid],
    ) -> StoreResult<()> {
        let mut to_forward = entries(&self.forwarding, flush.rows);
        retain_new(&mut to_forward, written);
        outbox::enqueue(&mut transaction, &to_forward).await?;
        let mut not_kept = 0;
        if !flush.quarantine.is_empty() {
            not_kept = quarantine::keep(&mut transaction, flush.mark, flush.quarantine).await?;
        }
        transaction.commit().await.map_err(store_error)?;
        self.not_kept.add(not_kept);
        Ok(())
    }

    /// Hour, two words and a sum.
    async fn read_ledger(
        &self,
        sql: &'static str,
        range: &OutcomeRange,
    ) -> StoreResult<Vec<(Timestamp, String, String, i64)>> {
        let query = sqlx::query(sql)
            .bind(range.project_id)
            .bind(PgTimestamp(range.start))
            .bind(PgTimestamp(range.end));
        let rows =
            within(self.timeout, async { query.fetch_all(&self.others).await.map_err(store_error) }).await?;
        let sum = |row: &PgRow| {
            Ok((row.try_get::<PgTimestamp, _>(0)?.0, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?))
        };
        rows.iter().map(sum).collect::<sqlx::Result<_>>().map_err(store_error)
    }

    async fn read_recent(&self, recent: &Recent) -> StoreResult<Vec<StoredEvent>> {
        // The row with the highest id was received about last: the look back starts from there, which
        // keeps a table that has been quiet for long as fast as a busy one.
        let newest: Option<PgTimestamp> =
            sqlx::query_scalar("SELECT created_at FROM telemetry_events ORDER BY id DESC LIMIT 1")
                .fetch_optional(&self.others)
                .await
                .map_err(store_error)?;
        let Some(PgTimestamp(newest)) = newest else { return Ok(Vec::new()) };

        // A session's rows are few, and found by its own indexes.
        let steps = if recent.session_id.is_some() { &LOOK_BACK_MS[3..] } else { &LOOK_BACK_MS[..] };
        let mut rows = Vec::new();
        for &look_back_ms in steps {
            let since = Timestamp::from_unix_ms(newest.unix_ms().saturating_sub(look_back_ms));
            rows = sqlx::query(RECENT)
                .bind(recent.project_id)
                .bind(recent.event.as_deref())
                .bind(recent.session_id.as_deref())
                .bind(PgTimestamp(since))
                .bind(i64::from(recent.limit))
                .bind(Some(recent.user_ids.as_slice()).filter(|ids| !ids.is_empty()))
                .fetch_all(&self.others)
                .await
                .map_err(store_error)?;
            if rows.len() >= recent.limit as usize {
                break;
            }
        }
        rows.iter().map(|row| read_event(row).map_err(store_error)).collect()
    }
}

fn read_event(row: &PgRow) -> sqlx::Result<StoredEvent> {
    Ok(StoredEvent {
        id: row.try_get(0)?,
        event: row.try_get(1)?,
        timestamp: row.try_get::<PgTimestamp, _>(2)?.0,
        properties: row.try_get(3)?,
        user_id: row.try_get(4)?,
        session_id: row.try_get(5)?,
        source: row.try_get(6)?,
        seq: row.try_get(7)?,
        context: row.try_get(8)?,
        created_at: row.try_get::<PgTimestamp, _>(9)?.0,
    })
}

#[async_trait]
impl Sql for PostgresStore {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    async fn execute(&self, steps: &[Step<'_>]) -> StoreResult<u64> {
        within(self.timeout, async {
            let mut transaction = self.others.begin().await.map_err(store_error)?;
            let mut changed_first = 0;
            for (number, &(sql, values)) in steps.iter().enumerate() {
                let done =
                    bind_values!(sqlx::query(sql), values, PgTimestamp).execute(&mut *transaction).await;
                let changed = done.map_err(store_error)?.rows_affected();
                if number == 0 {
                    changed_first = changed;
                    if changed == 0 {
                        break;
                    }
                }
            }
            transaction.commit().await.map_err(store_error)?;
            Ok(changed_first)
        })
        .await
    }

    async fn select(&self, sql: &'static str, values: &[Value<'_>]) -> StoreResult<Vec<Vec<Cell>>> {
        within(self.timeout, async {
            let rows = bind_values!(sqlx::query(sql), values, PgTimestamp).fetch_all(&self.others).await;
            let rows = rows.map_err(store_error)?;
            let cells = |row: &PgRow| (0..row.len()).map(|column| read_cell(row, column)).collect();
            rows.iter().map(cells).collect::<sqlx::Result<_>>().map_err(store_error)
        })
        .await
    }

    async fn select_slowly(&self, sql: &'static str, values: &[Value<'_>]) -> StoreResult<Vec<Vec<Cell>>> {
        let mut transaction = self.others.begin().await.map_err(store_error)?;
        partitions::run(&mut transaction, "SET LOCAL statement_timeout = 0").await?;
        let rows = bind_values!(sqlx::query(sql), values, PgTimestamp).fetch_all(&mut *transaction).await;
        let rows = rows.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        let cells = |row: &PgRow| (0..row.len()).map(|column| read_cell(row, column)).collect();
        rows.iter().map(cells).collect::<sqlx::Result<_>>().map_err(store_error)
    }

    async fn select_deeds(&self, sql: &'static str, values: &[Value<'_>]) -> StoreResult<Vec<Deed>> {
        within(self.timeout, async {
            let query = bind_values!(sqlx::query(sql), values, PgTimestamp);
            let row = query.fetch_one(&self.others).await.map_err(store_error)?;
            let list = |column: usize| -> StoreResult<Vec<i64>> {
                Ok(row.try_get::<Option<Vec<i64>>, _>(column).map_err(store_error)?.unwrap_or_default())
            };
            let deeds = list(0)?.into_iter().zip(list(1)?).zip(list(2)?);
            let deed = |((who, at_ms), step): ((i64, i64), i64)| Deed {
                who: who.cast_unsigned(),
                at_ms,
                step: usize::try_from(step).unwrap_or(0),
            };
            Ok(deeds.map(deed).collect())
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
            let mut rows = bind_values!(sqlx::query(sql), values, PgTimestamp).fetch(&self.others);
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

fn read_cell(row: &PgRow, column: usize) -> sqlx::Result<Cell> {
    Ok(match row.column(column).type_info().name() {
        "INT8" => row.try_get::<Option<i64>, _>(column)?.map(Cell::Int),
        "BYTEA" => row.try_get::<Option<Vec<u8>>, _>(column)?.map(Cell::Bytes),
        _ => row.try_get::<Option<String>, _>(column)?.map(Cell::Text),
    }
    .unwrap_or(Cell::Null))
}

/// SQLSTATE classes 22 (data exception) and 23 (integrity constraint violation) are the data's fault,
/// and so is what cannot be sent at all; 28 (authorization) and 3D (catalog name) are the operator's;
/// everything else may pass.
fn store_error(error: sqlx::Error) -> StoreError {
    let code = error.as_database_error().and_then(|error| error.code());
    match (&error, code) {
        (sqlx::Error::Encode(_), _) => StoreError::BadData(error.to_string()),
        (_, Some(code)) if code.starts_with("22") || code.starts_with("23") => {
            // The message itself may quote the value.
            StoreError::BadData(format!("SQLSTATE {code}"))
        }
        (_, Some(code)) if code.starts_with("28") || code.starts_with("3D") => {
            StoreError::Forbidden(format!("SQLSTATE {code}: {error}"))
        }
        (_, Some(code)) => StoreError::Unavailable(format!("SQLSTATE {code}: {error}")),
        (_, None) => StoreError::Unavailable(error.to_string()),
    }
}
