//! Writing a flush. Each statement is a trip to the thread that runs SQLite and back, which costs as much
//! as ten rows: so there are few, of many rows each, and none that returns a row for each row. What can be made
//! ready without the connection is, while another flush has it.

use std::{collections::HashMap, str::FromStr as _, sync::Arc};

use pharos_model::Timestamp;
use sqlx::{AssertSqlSafe, SqlSafeStr, Sqlite, SqliteConnection, query::Query, sqlite::SqliteArguments};
use uuid::Uuid;

use super::rollups;
use crate::{
    clock,
    store::{Flush, Mark, Row, counted::Counted, rollup::delta},
};

/// Rows of one INSERT: powers of two, so that a group of any size is made of few statements, each of
/// which stays prepared. 512 rows of eleven values are well under SQLite's 32,766.
const ROWS_MAX: usize = 512;

/// A flush, ready to be written.
pub(super) struct Prepared<'f> {
    flush: &'f Flush<'f>,
    inserts: Vec<Query<'f, Sqlite, SqliteArguments>>,
    /// What it adds to the counts if all its ids are new, which they nearly always are.
    counted: Counted<'f>,
    /// Each project's users and sessions.
    sketches: Vec<(i32, Vec<u8>)>,
}

impl<'f> Prepared<'f> {
    pub(super) fn of(flush: &'f Flush<'f>) -> Self {
        let mut rest = flush.rows;
        let mut inserts = Vec::new();
        while !rest.is_empty() {
            let (part, after) = rest.split_at(1 << rest.len().min(ROWS_MAX).ilog2());
            inserts.push(insert(part));
            rest = after;
        }
        let counted = Counted::of(flush, &ids(flush.rows));
        Self { flush, inserts, counted, sketches: delta::pack(flush.rows) }
    }

    /// Writes rows, counts and the mark into the open transaction, and returns the ids that were new; `None`
    /// if a flush of this mark was written before.
    pub(super) async fn write(self, connection: &mut SqliteConnection) -> sqlx::Result<Option<Vec<Uuid>>> {
        if !set_mark(connection, self.flush.mark).await? {
            return Ok(None);
        }
        let new = insert_all(connection, self.flush.rows, self.inserts).await?;
        let all_are_new = new.len() == self.flush.rows.len();
        let counted = if all_are_new { self.counted } else { Counted::of(self.flush, &new) };
        count(connection, &counted).await?;
        rollups::append(connection, &counted.minutes, &self.sketches).await?;
        Ok(Some(new))
    }
}

fn ids(rows: &[Row]) -> Vec<Uuid> {
    rows.iter().map(|row| row.id.as_uuid()).collect()
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

/// Inserts the rows whose ids are new and returns those ids. Which ones were, if not all, is told by their row
/// numbers, higher than any there was before.
async fn insert_all(
    connection: &mut SqliteConnection,
    rows: &[Row],
    inserts: Vec<Query<'_, Sqlite, SqliteArguments>>,
) -> sqlx::Result<Vec<Uuid>> {
    let mut inserted = 0;
    let mut first = None;
    for insert in inserts {
        let done = insert.execute(&mut *connection).await?;
        inserted += done.rows_affected();
        if done.rows_affected() > 0 {
            // Row numbers are given one after the other.
            first.get_or_insert(done.last_insert_rowid() - done.rows_affected().cast_signed() + 1);
        }
    }
    if inserted == rows.len() as u64 {
        return Ok(ids(rows));
    }
    let Some(first) = first else { return Ok(Vec::new()) };
    let ids: Vec<String> = sqlx::query_scalar("SELECT id FROM telemetry_events WHERE rowid >= $1")
        .bind(first)
        .fetch_all(connection)
        .await?;
    ids.iter().map(|id| Uuid::from_str(id).map_err(|error| sqlx::Error::Decode(error.into()))).collect()
}

fn insert(rows: &[Row]) -> Query<'_, Sqlite, SqliteArguments> {
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
    query
}

/// `OR FAIL`, as whatever fails undoes the whole transaction: by default SQLite copies each page that a statement of
/// many rows changes, so that it could undo that statement alone, which took a fifth of the time.
fn insert_sql(rows: usize) -> impl SqlSafeStr {
    let values = vec!["(?,?,?,?,?,?,?,?,?,?,?)"; rows].join(",");
    AssertSqlSafe(format!(
        "INSERT OR FAIL INTO telemetry_events (id, project_id, event, timestamp, properties, user_id, session_id, \
         source, seq, context, created_at) VALUES {values} ON CONFLICT (id) DO NOTHING"
    ))
}

/// Adds to the ledger, of which one writer can change the sums themselves.
async fn count(connection: &mut SqliteConnection, counted: &Counted<'_>) -> sqlx::Result<()> {
    for count in &counted.outcomes {
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
    Ok(())
}
