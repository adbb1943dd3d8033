//! Daily partitions of `telemetry_events`, made ahead and dropped whole.
//!
//! A day is a range of ids, as ids begin with their time. Ids of other days (a page that was offline for
//! long, a clock set wrong, a UUID of another version) go to the default partition. Every command is a
//! statement of its own, which Citus requires.

use pharos_model::{EventId, Timestamp};
use sqlx::{AssertSqlSafe, PgConnection, PgPool};
use uuid::Uuid;

use super::{PgTimestamp, store_error};
use crate::store::{DAY_MS, StoreResult};

pub(super) const DEFAULT: &str = "telemetry_events_other";
const PREFIX: &str = "telemetry_events_";

/// Days made ahead. A week of them lets a broken task be noticed long before events go astray.
const DAYS_AHEAD: i64 = 7;

/// One node at a time changes partitions. The number is this job's name among advisory locks.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7305804402)";

/// Changing partitions locks the table for a moment; if that moment does not come soon, it must not
/// hold up those who write meanwhile. The task tries again later.
const LOCK_TIMEOUT: &str = "SET LOCAL lock_timeout = '2s'";

/// Rows removed from the default partition at a time.
const EXPIRE_ROWS: i64 = 5000;

/// A day's partition.
pub(super) struct Day {
    pub(super) start: Timestamp,
}

impl Day {
    pub(super) fn containing(moment: Timestamp) -> Self {
        Self { start: Timestamp::from_unix_ms(moment.unix_ms().div_euclid(DAY_MS) * DAY_MS) }
    }

    pub(super) fn plus(&self, days: i64) -> Self {
        Self { start: Timestamp::from_unix_ms(self.start.unix_ms() + days * DAY_MS) }
    }

    /// `telemetry_events_20261123`
    pub(super) fn table(&self) -> String {
        let date = self.start.to_string();
        format!("{PREFIX}{}{}{}", &date[..4], &date[5..7], &date[8..10])
    }

    pub(super) fn from_table(table: &str) -> Option<Self> {
        let date = table.strip_prefix(PREFIX)?;
        if date.len() != 8 || !date.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let text = format!("{}-{}-{}T00:00:00Z", &date[..4], &date[4..6], &date[6..]);
        Timestamp::parse_rfc3339(&text).map(|start| Self { start })
    }

    /// The lowest id of the day: its first millisecond, then zeros.
    fn lowest_id(&self) -> Uuid {
        let first = EventId::v7(self.start.unix_ms(), [0; 10]).as_uuid().as_u128();
        // Version and variant are cleared, so that ids of other versions sort into their day as well.
        Uuid::from_u128(first >> 80 << 80)
    }
}

/// Makes the partitions from yesterday to a week ahead that are missing, and the default one.
pub(super) async fn create_ahead(pool: &PgPool, now: Timestamp) -> StoreResult<usize> {
    let mut created = 0;
    let existing = names(pool).await?;
    if !existing.iter().any(|name| name == DEFAULT) {
        let mut transaction = pool.begin().await.map_err(store_error)?;
        run(&mut transaction, LOCK).await?;
        let sql = format!("CREATE TABLE IF NOT EXISTS {DEFAULT} PARTITION OF telemetry_events DEFAULT");
        run(&mut transaction, sql).await?;
        transaction.commit().await.map_err(store_error)?;
        created += 1;
    }
    let today = Day::containing(now);
    for day in (-1..=DAYS_AHEAD).map(|days| today.plus(days)) {
        if !existing.contains(&day.table()) && create(pool, &day).await? {
            created += 1;
        }
    }
    Ok(created)
}

/// Makes a day's partition: a table of its own first, then what the default partition holds of that
/// day moves over, then it is attached. So neither step fails for rows that came too early.
async fn create(pool: &PgPool, day: &Day) -> StoreResult<bool> {
    let (table, from, to) = (day.table(), day.lowest_id(), day.plus(1).lowest_id());
    let mut transaction = pool.begin().await.map_err(store_error)?;
    run(&mut transaction, LOCK).await?;
    run(&mut transaction, LOCK_TIMEOUT).await?;
    let missing: bool = sqlx::query_scalar("SELECT to_regclass($1) IS NULL")
        .bind(&table)
        .fetch_one(&mut *transaction)
        .await
        .map_err(store_error)?;
    if !missing {
        return Ok(false);
    }
    run(&mut transaction, format!("CREATE TABLE {table} (LIKE telemetry_events INCLUDING DEFAULTS)")).await?;
    run(
        &mut transaction,
        format!(
            "WITH moved AS (DELETE FROM {DEFAULT} WHERE id >= '{from}' AND id < '{to}' RETURNING *) \
             INSERT INTO {table} SELECT * FROM moved"
        ),
    )
    .await?;
    run(
        &mut transaction,
        format!(
            "ALTER TABLE telemetry_events ATTACH PARTITION {table} FOR VALUES FROM ('{from}') TO ('{to}')"
        ),
    )
    .await?;
    transaction.commit().await.map_err(store_error)?;
    Ok(true)
}

/// Drops one partition that ended before `cutoff`, or else removes some old rows of the default one.
pub(super) async fn expire(pool: &PgPool, cutoff: Timestamp) -> StoreResult<u64> {
    let ended = |name: &String| Day::from_table(name).is_some_and(|day| day.plus(1).start <= cutoff);
    if let Some(table) = names(pool).await?.into_iter().find(ended) {
        let mut transaction = pool.begin().await.map_err(store_error)?;
        run(&mut transaction, LOCK).await?;
        run(&mut transaction, LOCK_TIMEOUT).await?;
        run(&mut transaction, format!("DROP TABLE IF EXISTS {table}")).await?;
        transaction.commit().await.map_err(store_error)?;
        return Ok(1);
    }
    let sql = format!(
        "DELETE FROM {DEFAULT} WHERE ctid = ANY (ARRAY( \
           SELECT ctid FROM {DEFAULT} WHERE created_at < $1 LIMIT {EXPIRE_ROWS}))"
    );
    let done = sqlx::query(AssertSqlSafe(sql)).bind(PgTimestamp(cutoff)).execute(pool).await;
    Ok(done.map_err(store_error)?.rows_affected())
}

/// The partitions, in the order of their names.
pub(super) async fn names(pool: &PgPool) -> StoreResult<Vec<String>> {
    sqlx::query_scalar(
        "SELECT relname::text FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid \
         WHERE inhparent = 'telemetry_events'::regclass ORDER BY relname",
    )
    .fetch_all(pool)
    .await
    .map_err(store_error)
}

/// Runs one command. Names in it are made of digits, ids of hex digits: nothing comes from outside.
pub(super) async fn run(connection: &mut PgConnection, sql: impl Into<String>) -> StoreResult<()> {
    sqlx::query(AssertSqlSafe(sql.into())).execute(connection).await.map_err(store_error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_a_range_of_ids() {
        let moment = Timestamp::parse_rfc3339("2026-11-23T19:55:08Z").unwrap();
        let day = Day::containing(moment);
        assert_eq!(day.table(), "telemetry_events_20261123");
        assert_eq!(Day::from_table(&day.table()).unwrap().start, day.start);
        let id = EventId::v7(moment.unix_ms(), [0xff; 10]).as_uuid();
        assert!(day.lowest_id() <= id && id < day.plus(1).lowest_id());
        let first = EventId::v7(day.start.unix_ms(), [0; 10]).as_uuid();
        assert!(day.lowest_id() <= first && day.plus(-1).lowest_id() < day.lowest_id());
    }

    #[test]
    fn other_tables_are_not_days() {
        for name in ["telemetry_events_other", "telemetry_events_2026112", "telemetry_events_20261341", "x"] {
            assert!(Day::from_table(name).is_none(), "{name}");
        }
    }
}
