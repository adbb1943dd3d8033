//! Indexes that are cheaper made later: block ranges are summed up once they are full, and days that are
//! over get the B-trees that would cost a writer as much as the table itself. Never holds up writers.

use std::collections::HashSet;

use pharos_model::Timestamp;
use sqlx::{Connection as _, PgConnection, PgPool};

use super::{
    partitions::{DEFAULT, Day, names, run},
    store_error,
};
use crate::store::StoreResult;

/// By whom a day's events are asked for: an index's suffix and what it holds.
const FINISHED: [(&str, &str); 2] = [
    ("by_user", "(user_id) WHERE user_id IS NOT NULL"),
    ("by_session", "(session_id) WHERE session_id IS NOT NULL"),
];

/// Most events of a day have come this long after its end.
const GRACE_MS: i64 = 3_600_000;

/// One node at a time builds. The number is this job's name among advisory locks.
const LOCK: &str = "SELECT pg_try_advisory_lock(7305804404)";
const UNLOCK: &str = "SELECT pg_advisory_unlock(7305804404)";

/// A day of a hundred million events takes minutes.
const BUILD_TIMEOUT: &str = "SET statement_timeout = '1h'";

/// Less than a second: after that PostgreSQL would end a vacuum that is in the way.
const SUMMARIZE_LOCK_TIMEOUT: &str = "SET LOCAL lock_timeout = '500ms'";

const SUMMARIZE: &str = "\
    SELECT sum(brin_summarize_new_values(pg_index.indexrelid)) \
    FROM pg_index JOIN pg_class ON pg_class.oid = pg_index.indexrelid JOIN pg_am ON pg_am.oid = pg_class.relam \
    WHERE pg_am.amname = 'brin' AND pg_index.indrelid = to_regclass($1)";

/// Sums up the block ranges that were filled since the last time, in the partitions that fill.
pub(super) async fn summarize(pool: &PgPool, now: Timestamp) -> StoreResult<()> {
    let today = Day::containing(now);
    let tables = [today.plus(-1).table(), today.table(), DEFAULT.to_owned()];
    for table in tables {
        let mut transaction = pool.begin().await.map_err(store_error)?;
        run(&mut transaction, SUMMARIZE_LOCK_TIMEOUT).await?;
        sqlx::query(SUMMARIZE).bind(&table).execute(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
    }
    Ok(())
}

/// Builds one index that the partition of a day that is over lacks, the latest day first. Returns how
/// many it built: none when none is missing, or another node is building.
pub(super) async fn build_one(pool: &PgPool, now: Timestamp) -> StoreResult<u64> {
    let Some((table, suffix, columns)) = missing(pool, now).await? else { return Ok(0) };
    let mut connection = pool.acquire().await.map_err(store_error)?.detach();
    let built = build(&mut connection, &table, suffix, columns).await;
    // Its timeout, and after a failure its lock, must not come back to the pool.
    let closed = connection.close().await.map_err(store_error);
    built.and_then(|built| closed.map(|()| built))
}

async fn missing(pool: &PgPool, now: Timestamp) -> StoreResult<Option<(String, &'static str, &'static str)>> {
    let valid: HashSet<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_inherits JOIN pg_index ON indrelid = inhrelid \
         JOIN pg_class ON pg_class.oid = indexrelid \
         WHERE inhparent = 'telemetry_events'::regclass AND indisvalid",
    )
    .fetch_all(pool)
    .await
    .map_err(store_error)?
    .into_iter()
    .collect();
    let is_over = |name: &String| {
        let day = Day::from_table(name);
        day.is_some_and(|day| day.plus(1).start.unix_ms() + GRACE_MS <= now.unix_ms())
    };
    let over = names(pool).await?.into_iter().rev().filter(is_over);
    let wanted = over.flat_map(|table| FINISHED.map(|(suffix, columns)| (table.clone(), suffix, columns)));
    Ok(wanted.into_iter().find(|(table, suffix, _)| !valid.contains(&format!("{table}_{suffix}"))))
}

/// Concurrently, which keeps the partition open for those who write late, and cannot be undone as a
/// whole: what an attempt that broke off left behind is removed first.
async fn build(connection: &mut PgConnection, table: &str, suffix: &str, columns: &str) -> StoreResult<u64> {
    let ours: bool = sqlx::query_scalar(LOCK).fetch_one(&mut *connection).await.map_err(store_error)?;
    if !ours {
        return Ok(0);
    }
    run(connection, BUILD_TIMEOUT).await?;
    run(connection, format!("DROP INDEX CONCURRENTLY IF EXISTS {table}_{suffix}")).await?;
    run(connection, format!("CREATE INDEX CONCURRENTLY {table}_{suffix} ON {table} {columns}")).await?;
    run(connection, UNLOCK).await?;
    Ok(1)
}
