//! PostgreSQL: pools, errors and the statements that only it understands.

mod compact;
mod copy;
mod flush;
mod indexes;
mod outbox;
mod partitions;
mod quarantine;
mod rebuild;
mod recent;
mod rollups;
mod sql;
mod timestamp;
mod write;

use std::time::Duration;

use async_trait::async_trait;
use pharos_model::Timestamp;
use sqlx::{
    ConnectOptions as _, Connection as _, PgPool, Row as _,
    postgres::{PgConnectOptions, PgPoolOptions, PgRow},
};
use uuid::Uuid;

use self::{copy::Wariness, timestamp::PgTimestamp};
use super::{
    Compacted, Flush, OutcomeRange, OutcomeSum, Recent, RedactionSum, Store, StoreError, StoreResult,
    StoredEvent, migrations,
    quarantine::NotKept,
    rollup::{BucketSketches, Names, Numbers, Span},
    sql::Sql as _,
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

impl PostgresStore {
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
