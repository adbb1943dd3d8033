//! Rollups of an hour, or a day, made again. Writers and folding wait for each step, of which there is one for
//! every quarter of an hour.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use pharos_model::Timestamp;
use sqlx::{Row as _, SqliteConnection, SqlitePool};
use tokio::time::Instant;
use uuid::Uuid;

use super::{damaged, rollups, store_error};
use crate::{
    clock,
    store::{
        StoreResult,
        rollup::{
            MINUTES_KEPT, Size,
            delta::{hash_session, hash_user},
            minute_of, moment_of,
            recount::{Counted, PartRow, Recount, combine},
        },
    },
};

/// After a step the writers get as long as it took, at least so long: who waits for the file's lock looks for it
/// every few milliseconds.
const PAUSE_MIN: Duration = Duration::from_millis(2);

/// There is an index on name and time only: each name that there is, then its events of that time.
const EVENTS: &str = "\
    WITH RECURSIVE names (event) AS ( \
        SELECT min(event) FROM telemetry_events \
        UNION ALL \
        SELECT (SELECT min(event) FROM telemetry_events WHERE event > names.event) FROM names \
        WHERE names.event IS NOT NULL \
    ) \
    SELECT telemetry_events.event, timestamp, user_id, session_id \
    FROM names CROSS JOIN telemetry_events ON telemetry_events.event = names.event \
    WHERE timestamp >= $2 AND timestamp < $3 AND project_id = $1";

const PARTS: &str = "\
    SELECT event, count, last_minute, user_sketch, session_sketch FROM rollup_buckets \
    WHERE project_id = $1 AND minutes = $2 AND start_minute >= $3 AND start_minute < $4";

/// Makes an hour again; returns how many events it has.
pub(super) async fn hour(writer: &SqlitePool, project_id: i32, start: i64) -> StoreResult<u64> {
    let mut events = 0;
    let step = usize::try_from(Size::Quarter.minutes()).unwrap_or(1);
    for quarter in (start..start + Size::Hour.minutes()).step_by(step) {
        let began = Instant::now();
        events += quarter_of(writer, project_id, quarter).await?;
        tokio::time::sleep(began.elapsed().max(PAUSE_MIN)).await;
    }
    longer(writer, project_id, Size::Hour, start).await?;
    Ok(events)
}

/// Makes a day again from its hours.
pub(super) async fn day(writer: &SqlitePool, project_id: i32, start: i64) -> StoreResult<()> {
    longer(writer, project_id, Size::Day, start).await
}

async fn quarter_of(writer: &SqlitePool, project_id: i32, start: i64) -> StoreResult<u64> {
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await.map_err(store_error)?;
    let end = start + Size::Quarter.minutes();
    let recount = count(&mut transaction, project_id, start, end).await.map_err(store_error)?;
    let events = recount.events;
    let (counts, buckets) = recount.finish(minute_of(clock::now()) - MINUTES_KEPT)?;
    let (from, to) = (moment_of(start).to_string(), moment_of(end).to_string());
    for table in [
        "DELETE FROM rollup_deltas WHERE project_id = $1 AND minute >= $2 AND minute < $3",
        "DELETE FROM rollup_sums WHERE project_id = $1 AND minute >= $2 AND minute < $3",
    ] {
        let query = sqlx::query(table).bind(project_id).bind(&from).bind(&to);
        query.execute(&mut *transaction).await.map_err(store_error)?;
    }
    rollups::add_minutes(&mut transaction, &counts).await.map_err(store_error)?;
    for size in [Size::Minute, Size::Quarter] {
        remove(&mut transaction, project_id, size, start, end).await.map_err(store_error)?;
    }
    rollups::write(&mut transaction, &buckets).await.map_err(store_error)?;
    // Also where there is nothing to write any more.
    rollups::renew(&mut transaction, project_id, Size::Day.floor(start)).await.map_err(store_error)?;
    transaction.commit().await.map_err(store_error)?;
    Ok(events)
}

async fn count(
    connection: &mut SqliteConnection,
    project_id: i32,
    start: i64,
    end: i64,
) -> sqlx::Result<Recount> {
    let mut recount = Recount::new(project_id);
    let mut rows = sqlx::query(EVENTS)
        .bind(project_id)
        .bind(moment_of(start).to_string())
        .bind(moment_of(end).to_string())
        .fetch(connection);
    while let Some(row) = rows.try_next().await? {
        let time = Timestamp::parse_rfc3339(row.try_get(1)?).ok_or_else(|| damaged("timestamp"))?;
        let user = row.try_get::<Option<&str>, _>(2)?.map(Uuid::try_parse).transpose();
        recount.add(&Counted {
            event: row.try_get(0)?,
            minute: minute_of(time),
            user: user.map_err(|_| damaged("user_id"))?.map(hash_user),
            session: row.try_get::<Option<&str>, _>(3)?.map(hash_session),
        });
    }
    Ok(recount)
}

async fn remove(
    connection: &mut SqliteConnection,
    project_id: i32,
    size: Size,
    start: i64,
    end: i64,
) -> sqlx::Result<()> {
    let sql = "DELETE FROM rollup_buckets \
         WHERE project_id = $1 AND minutes = $2 AND start_minute >= $3 AND start_minute < $4";
    sqlx::query(sql).bind(project_id).bind(size.minutes()).bind(start).bind(end).execute(connection).await?;
    Ok(())
}

/// The buckets of `size` that begin at `start`, from the shorter ones.
async fn longer(writer: &SqlitePool, project_id: i32, size: Size, start: i64) -> StoreResult<()> {
    let Some(shorter) = size.next_shorter() else { return Ok(()) };
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await.map_err(store_error)?;
    let end = start + size.minutes();
    let rows: Vec<PartRow> = sqlx::query_as(PARTS)
        .bind(project_id)
        .bind(shorter.minutes())
        .bind(start)
        .bind(end)
        .fetch_all(&mut *transaction)
        .await
        .map_err(store_error)?;
    let buckets = combine(project_id, size, start, rows.into_iter().map(Into::into))?;
    remove(&mut transaction, project_id, size, start, end).await.map_err(store_error)?;
    rollups::write(&mut transaction, &buckets).await.map_err(store_error)?;
    transaction.commit().await.map_err(store_error)
}
