//! Writing a flush. Each statement is a trip to the thread that runs SQLite and back, which costs as much
//! as ten rows: so there are few, of many rows each, and none that returns a row for each row.

use std::{collections::HashMap, str::FromStr as _, sync::Arc};

use pharos_model::Timestamp;
use sqlx::{AssertSqlSafe, SqlSafeStr, SqliteConnection};
use uuid::Uuid;

use super::rollups;
use crate::{
    clock,
    store::{Flush, Mark, Row, counted::Counted},
};

/// Rows of one INSERT: powers of two, so that a group of any size is made of few statements, each of
/// which stays prepared. 512 rows of eleven values are well under SQLite's 32,766.
const ROWS_MAX: usize = 512;

/// Writes rows, counts and the mark into the open transaction, and returns the ids that were new; `None`
/// if a flush of this mark was written before.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    flush: &Flush<'_>,
) -> sqlx::Result<Option<Vec<Uuid>>> {
    if !set_mark(connection, flush.mark).await? {
        return Ok(None);
    }
    let new = insert_all(connection, flush.rows).await?;
    count(connection, flush, &new).await?;
    Ok(Some(new))
}

/// False if a flush of this mark was written before.
async fn set_mark(connection: &mut SqliteConnection, mark: Mark) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "INSERT INTO flush_marks AS marks (writer, flush, written_at) VALUES ($1, $2, $3) \
         ON CONFLICT (writer) DO UPDATE SET flush = excluded.flush, written_at = excluded.written_at \
         WHERE marks.flush <> excluded.flush",
    )
    .bind(mark.writer.to_string())
    .bind(mark.flush.to_string())
    .bind(clock::now().to_string())
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Inserts the rows whose ids are new and returns those ids. Nearly always they all are; which ones were,
/// if not, is told by their row numbers, higher than any there was before.
async fn insert_all(connection: &mut SqliteConnection, rows: &[Row]) -> sqlx::Result<Vec<Uuid>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let before: i64 = sqlx::query_scalar("SELECT coalesce(max(rowid), 0) FROM telemetry_events")
        .fetch_one(&mut *connection)
        .await?;
    let (mut rest, mut inserted) = (rows, 0);
    while !rest.is_empty() {
        let (part, after) = rest.split_at(1 << rest.len().min(ROWS_MAX).ilog2());
        inserted += insert(connection, part).await?;
        rest = after;
    }
    if inserted == rows.len() as u64 {
        return Ok(rows.iter().map(|row| row.id.as_uuid()).collect());
    }
    let ids: Vec<String> = sqlx::query_scalar("SELECT id FROM telemetry_events WHERE rowid > $1")
        .bind(before)
        .fetch_all(connection)
        .await?;
    ids.iter().map(|id| Uuid::from_str(id).map_err(|error| sqlx::Error::Decode(error.into()))).collect()
}

/// How many of the rows were new.
async fn insert(connection: &mut SqliteConnection, rows: &[Row]) -> sqlx::Result<u64> {
    let mut query = sqlx::query(insert_sql(rows.len()));
    // What rows share is shared by what is bound, too: each text would be two allocations of its own.
    let mut events: HashMap<&str, Arc<str>> = HashMap::new();
    let mut received: Option<(Timestamp, Arc<str>)> = None;
    for row in rows {
        let event = events.entry(&row.event).or_insert_with(|| Arc::from(row.event.as_str()));
        let (_, created_at) = match &received {
            Some(received) if received.0 == row.created_at => received,
            _ => received.insert((row.created_at, Arc::from(row.created_at.to_string()))),
        };
        query = query
            .bind(row.id.to_string())
            .bind(row.project_id)
            .bind(event.clone())
            .bind(row.timestamp.to_string())
            .bind(row.properties.as_str())
            .bind(row.user_id.map(|id| id.to_string()))
            .bind(row.session_id.as_deref())
            .bind(row.source.as_str())
            .bind(row.seq)
            .bind(row.context.clone())
            .bind(created_at.clone());
    }
    Ok(query.execute(connection).await?.rows_affected())
}

fn insert_sql(rows: usize) -> impl SqlSafeStr {
    let values = vec!["(?,?,?,?,?,?,?,?,?,?,?)"; rows].join(",");
    AssertSqlSafe(format!(
        "INSERT INTO telemetry_events (id, project_id, event, timestamp, properties, user_id, session_id, \
         source, seq, context, created_at) VALUES {values} ON CONFLICT (id) DO NOTHING"
    ))
}

/// Adds the flush to the ledger, of which one writer can change the sums themselves, and appends to the
/// rollups, which fold it in later.
async fn count(connection: &mut SqliteConnection, flush: &Flush<'_>, written: &[Uuid]) -> sqlx::Result<()> {
    let Counted { outcomes, minutes } = Counted::of(flush, written);
    for count in &outcomes {
        sqlx::query(
            "INSERT INTO outcome_sums (project_id, hour, outcome, reason, count) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (project_id, hour, outcome, reason) DO UPDATE SET count = count + excluded.count",
        )
        .bind(count.project_id)
        .bind(count.hour.to_string())
        .bind(&*count.outcome)
        .bind(&*count.reason)
        .bind(i64::try_from(count.count).unwrap_or(i64::MAX))
        .execute(&mut *connection)
        .await?;
    }
    rollups::append(connection, &minutes, flush.rows).await
}
