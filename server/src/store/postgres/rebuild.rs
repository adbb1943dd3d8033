//! Rollups of an hour, or a day, made again. Folding waits meanwhile, so that what is written in place of the
//! buckets holds all that they held; writers do not wait, as what they append later stays for the next fold.

use futures_util::TryStreamExt as _;
use sqlx::{Connection as _, PgConnection, PgPool, Postgres, Row as _, Transaction};
use uuid::Uuid;

use super::{
    PgTimestamp,
    compact::{self, minutes},
    partitions::run,
    store_error,
    write::column,
};
use crate::{
    clock,
    store::{
        StoreResult,
        rollup::{
            CountDelta, MINUTES_KEPT, Size,
            delta::{hash_session, hash_user},
            minute_of, moment_of,
            recount::{Counted, PartRow, Recount, combine},
        },
    },
};

const EVENTS: &str = "\
    SELECT event, timestamp, user_id, session_id FROM telemetry_events \
    WHERE project_id = $1 AND timestamp >= $2 AND timestamp < $3";

const SUMS: &str = "\
    INSERT INTO rollup_sums (project_id, event, minute, count) \
    SELECT $1, event, minute, count FROM unnest($2::text[], $3::timestamptz[], $4::bigint[]) AS new (event, minute, count)";

const PARTS: &str = "\
    SELECT event, count, last_minute, user_sketch, session_sketch FROM rollup_buckets \
    WHERE project_id = $1 AND minutes = $2 AND start_minute >= $3 AND start_minute < $4";

/// Makes an hour again; returns how many events it has.
pub(super) async fn hour(pool: &PgPool, project_id: i32, start: i64) -> StoreResult<u64> {
    let mut connection = alone(pool).await?;
    let mut transaction = snapshot(&mut connection).await?;
    let end = start + Size::Hour.minutes();
    let mut recount = Recount::new(project_id);
    let mut rows = sqlx::query(EVENTS)
        .bind(project_id)
        .bind(PgTimestamp(moment_of(start)))
        .bind(PgTimestamp(moment_of(end)))
        .fetch(&mut *transaction);
    while let Some(row) = rows.try_next().await.map_err(store_error)? {
        let read = || -> sqlx::Result<_> {
            Ok(Counted {
                event: row.try_get(0)?,
                minute: minute_of(row.try_get::<PgTimestamp, _>(1)?.0),
                user: row.try_get::<Option<Uuid>, _>(2)?.map(hash_user),
                session: row.try_get::<Option<&str>, _>(3)?.map(hash_session),
            })
        };
        recount.add(&read().map_err(store_error)?);
    }
    drop(rows);
    let events = recount.events;
    let (counts, buckets) = recount.finish(minute_of(clock::now()) - MINUTES_KEPT)?;
    for table in [
        "DELETE FROM rollup_deltas WHERE project_id = $1 AND minute >= $2 AND minute < $3",
        "DELETE FROM rollup_sums WHERE project_id = $1 AND minute >= $2 AND minute < $3",
    ] {
        let query = sqlx::query(table)
            .bind(project_id)
            .bind(PgTimestamp(moment_of(start)))
            .bind(PgTimestamp(moment_of(end)));
        query.execute(&mut *transaction).await.map_err(store_error)?;
    }
    sqlx::query(SUMS)
        .bind(project_id)
        .bind(column(&counts, |delta: &CountDelta| delta.event.as_str()))
        .bind(column(&counts, |delta| PgTimestamp(moment_of(delta.minute))))
        .bind(column(&counts, |delta| delta.count))
        .execute(&mut *transaction)
        .await
        .map_err(store_error)?;
    for size in [Size::Minute, Size::Quarter] {
        remove(&mut transaction, project_id, size, start, end).await?;
    }
    compact::write(&mut transaction, &buckets).await?;
    // Also where there is nothing to write any more.
    compact::renew(&mut transaction, &[(project_id, Size::Day.floor(start))]).await?;
    longer(&mut transaction, project_id, Size::Hour, start).await?;
    transaction.commit().await.map_err(store_error)?;
    connection.close().await.map_err(store_error)?;
    Ok(events)
}

/// Makes a day again from its hours.
pub(super) async fn day(pool: &PgPool, project_id: i32, start: i64) -> StoreResult<()> {
    let mut connection = alone(pool).await?;
    let mut transaction = snapshot(&mut connection).await?;
    longer(&mut transaction, project_id, Size::Day, start).await?;
    transaction.commit().await.map_err(store_error)?;
    connection.close().await.map_err(store_error)
}

/// A connection of its own that keeps folding away, until it is closed, come what may.
async fn alone(pool: &PgPool) -> StoreResult<PgConnection> {
    let mut connection = pool.acquire().await.map_err(store_error)?.detach();
    run(&mut connection, "SET statement_timeout = 0").await?;
    run(&mut connection, "SET idle_in_transaction_session_timeout = 0").await?;
    // Before the transaction, whose snapshot must be younger than the last fold.
    sqlx::query("SELECT pg_advisory_lock($1)")
        .bind(compact::LOCK)
        .execute(&mut connection)
        .await
        .map_err(store_error)?;
    Ok(connection)
}

async fn snapshot(connection: &mut PgConnection) -> StoreResult<Transaction<'_, Postgres>> {
    connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ").await.map_err(store_error)
}

async fn remove(
    connection: &mut PgConnection,
    project_id: i32,
    size: Size,
    start: i64,
    end: i64,
) -> StoreResult<()> {
    let sql = "DELETE FROM rollup_buckets \
         WHERE project_id = $1 AND minutes = $2 AND start_minute >= $3 AND start_minute < $4";
    let query = sqlx::query(sql).bind(project_id).bind(minutes(size)).bind(start).bind(end);
    query.execute(connection).await.map_err(store_error)?;
    Ok(())
}

/// The buckets of `size` that begin at `start`, from the shorter ones.
async fn longer(connection: &mut PgConnection, project_id: i32, size: Size, start: i64) -> StoreResult<()> {
    let Some(shorter) = size.next_shorter() else { return Ok(()) };
    let end = start + size.minutes();
    let rows: Vec<PartRow> = sqlx::query_as(PARTS)
        .bind(project_id)
        .bind(minutes(shorter))
        .bind(start)
        .bind(end)
        .fetch_all(&mut *connection)
        .await
        .map_err(store_error)?;
    let buckets = combine(project_id, size, start, rows.into_iter().map(Into::into))?;
    remove(connection, project_id, size, start, end).await?;
    compact::write(connection, &buckets).await
}
