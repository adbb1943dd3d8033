//! Rollups: what a flush appends, folding it into buckets, and reading them.

use std::collections::BTreeMap;

use pharos_model::Timestamp;
use sqlx::{Row as _, SqliteConnection, SqlitePool, sqlite::SqliteRow};

use super::{damaged, store_error};
use crate::{
    clock,
    store::{
        Compacted, StoreResult,
        rollup::{
            BucketNumbers, BucketSketches, CountDelta, Entry, MINUTES_KEPT, Names, Numbers, Span, Waiting,
            delta,
            fold::{Change, Fold, Key, Sketches, Written, days_of},
            minute_of, moment_of,
        },
    },
};

/// Deltas of one step, during which writers wait, and bytes of those of sketches: some tens of milliseconds.
const COUNTS_MAX: i64 = 20_000;
const SKETCHES_MAX: i64 = 4_000;
const SKETCHES_BYTES_MAX: i64 = 2_000_000;

const COUNTS: &str = "\
    DELETE FROM rollup_deltas WHERE rowid IN (SELECT rowid FROM rollup_deltas LIMIT $1) \
    RETURNING project_id, event, minute, count";
/// Many small ones or a few large ones: what a step costs beside reading them is writing the buckets, whose
/// number hardly depends on theirs.
const SKETCHES: &str = "\
    DELETE FROM sketch_deltas WHERE rowid IN ( \
        SELECT rowid FROM ( \
            SELECT rowid, row_number() OVER so_far AS number, sum(bytes) OVER so_far AS bytes \
            FROM (SELECT rowid, length(content) AS bytes FROM sketch_deltas LIMIT $1) \
            WINDOW so_far AS (ORDER BY rowid) \
        ) WHERE number = 1 OR bytes <= $2) \
    RETURNING project_id, content";

/// An empty sketch means that the one there stays.
const WRITE: &str = "\
    INSERT INTO rollup_buckets AS buckets \
        (project_id, minutes, event, start_minute, count, last_minute, users, sessions, user_sketch, \
         session_sketch) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
    ON CONFLICT (project_id, minutes, event, start_minute) DO UPDATE SET \
        count = buckets.count + excluded.count, \
        last_minute = max(buckets.last_minute, excluded.last_minute), \
        users = iif(excluded.user_sketch = x'', buckets.users, excluded.users), \
        sessions = iif(excluded.session_sketch = x'', buckets.sessions, excluded.sessions), \
        user_sketch = iif(excluded.user_sketch = x'', buckets.user_sketch, excluded.user_sketch), \
        session_sketch = iif(excluded.session_sketch = x'', buckets.session_sketch, excluded.session_sketch)";

/// Appends what a flush counted and who was there.
pub(super) async fn append(
    connection: &mut SqliteConnection,
    counts: &BTreeMap<(i32, &str, i64), i64>,
    sketches: &[(i32, Vec<u8>)],
) -> sqlx::Result<()> {
    let counts: Vec<_> = counts
        .iter()
        .map(|(&(project_id, event, minute), &count)| {
            (project_id, event, moment_of(minute).to_string(), count)
        })
        .collect();
    if !counts.is_empty() {
        let counts = serde_json::to_string(&counts).map_err(|error| sqlx::Error::Encode(error.into()))?;
        sqlx::query(
            "INSERT OR FAIL INTO rollup_deltas (project_id, event, minute, count) \
             SELECT value->>0, value->>1, value->>2, value->>3 FROM json_each($1)",
        )
        .bind(counts)
        .execute(&mut *connection)
        .await?;
    }
    for (project_id, content) in sketches {
        sqlx::query("INSERT INTO sketch_deltas (project_id, content) VALUES ($1, $2)")
            .bind(project_id)
            .bind(content.as_slice())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Folds some of what was appended into minutes and buckets.
pub(super) async fn compact(writer: &SqlitePool) -> StoreResult<Compacted> {
    if !any_deltas(writer).await.map_err(store_error)? {
        return Ok(Compacted::Done);
    }
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await.map_err(store_error)?;
    let (counts, counts_taken) = take_counts(&mut transaction).await.map_err(store_error)?;
    let contents: Vec<(i32, Vec<u8>)> = sqlx::query_as(SKETCHES)
        .bind(SKETCHES_MAX)
        .bind(SKETCHES_BYTES_MAX)
        .fetch_all(&mut *transaction)
        .await
        .map_err(store_error)?;
    let mut entries: Vec<Entry> = Vec::new();
    for (project_id, content) in &contents {
        entries.append(&mut delta::unpack(*project_id, content)?);
    }
    add_minutes(&mut transaction, &counts).await.map_err(store_error)?;
    let minutes_from = minute_of(clock::now()) - MINUTES_KEPT;
    let mut fold = Fold::default();
    fold.add(&counts, &entries, minutes_from);
    let before = read(&mut transaction, &fold).await.map_err(store_error)?;
    write(&mut transaction, &fold.changes(&before)?).await.map_err(store_error)?;
    sqlx::query("DELETE FROM rollup_buckets WHERE minutes = 1 AND start_minute < $1")
        .bind(minutes_from)
        .execute(&mut *transaction)
        .await
        .map_err(store_error)?;
    transaction.commit().await.map_err(store_error)?;
    let bytes = contents.iter().map(|(_, content)| content.len() as i64).sum::<i64>();
    let left = counts_taken >= COUNTS_MAX
        || contents.len() as i64 >= SKETCHES_MAX
        // The one that did not fit any more may have been large.
        || bytes > SKETCHES_BYTES_MAX / 2;
    Ok(if left { Compacted::More } else { Compacted::Done })
}

/// Counts added up by name and minute, and how many that were.
async fn take_counts(connection: &mut SqliteConnection) -> sqlx::Result<(Vec<CountDelta>, i64)> {
    let rows = sqlx::query(COUNTS).bind(COUNTS_MAX).fetch_all(connection).await?;
    let mut sums: BTreeMap<(i32, String, i64), i64> = BTreeMap::new();
    for row in &rows {
        let CountDelta { project_id, event, minute, count } = read_delta(row)?;
        *sums.entry((project_id, event, minute)).or_default() += count;
    }
    let counts = sums
        .into_iter()
        .map(|((project_id, event, minute), count)| CountDelta { project_id, event, minute, count })
        .collect();
    Ok((counts, rows.len() as i64))
}

/// Asked first, so that an idle server writes nothing.
async fn any_deltas(pool: &SqlitePool) -> sqlx::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM rollup_deltas) OR EXISTS (SELECT 1 FROM sketch_deltas)";
    sqlx::query_scalar(sql).fetch_one(pool).await
}

/// Adds to the counts by minute.
pub(super) async fn add_minutes(
    connection: &mut SqliteConnection,
    counts: &[CountDelta],
) -> sqlx::Result<()> {
    for CountDelta { project_id, event, minute, count } in counts {
        sqlx::query(
            "INSERT INTO rollup_sums (project_id, event, minute, count) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (project_id, minute, event) DO UPDATE SET count = count + excluded.count",
        )
        .bind(project_id)
        .bind(event)
        .bind(moment_of(*minute).to_string())
        .bind(count)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

async fn read(connection: &mut SqliteConnection, fold: &Fold) -> sqlx::Result<BTreeMap<Key, Sketches>> {
    let mut before = BTreeMap::new();
    for key in fold.keys() {
        let row: Option<Sketches> = sqlx::query_as(
            "SELECT user_sketch, session_sketch FROM rollup_buckets \
             WHERE project_id = $1 AND minutes = $2 AND event = $3 AND start_minute = $4",
        )
        .bind(key.project_id)
        .bind(key.size.minutes())
        .bind(key.event.as_str())
        .bind(key.start)
        .fetch_optional(&mut *connection)
        .await?;
        before.extend(row.map(|sketches| (key.clone(), sketches)));
    }
    Ok(before)
}

/// Writes buckets.
pub(super) async fn write(connection: &mut SqliteConnection, changes: &[Change]) -> sqlx::Result<()> {
    for Change { key, count, last_minute, users, sessions } in changes {
        let estimate = |written: &Option<Written>| written.as_ref().map_or(0, |written| written.estimate);
        sqlx::query(WRITE)
            .bind(key.project_id)
            .bind(key.size.minutes())
            .bind(key.event.as_str())
            .bind(key.start)
            .bind(count)
            .bind(last_minute)
            .bind(estimate(users))
            .bind(estimate(sessions))
            .bind(users.as_ref().map_or(&[][..], |written| &written.bytes))
            .bind(sessions.as_ref().map_or(&[][..], |written| &written.bytes))
            .execute(&mut *connection)
            .await?;
    }
    for (project_id, day) in days_of(changes) {
        renew(connection, project_id, day).await?;
    }
    Ok(())
}

/// Gives a day's buckets a new version, by which those who keep their numbers know that they changed.
pub(super) async fn renew(connection: &mut SqliteConnection, project_id: i32, day: i64) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO rollup_versions (project_id, day, version) \
         VALUES ($1, $2, (SELECT coalesce(max(version), 0) + 1 FROM rollup_versions)) \
         ON CONFLICT (project_id, day) DO UPDATE SET version = excluded.version",
    )
    .bind(project_id)
    .bind(day)
    .execute(connection)
    .await?;
    Ok(())
}

/// One statement, hence one snapshot: a fold that commits meanwhile moves counts from the deltas to the buckets,
/// and gives days new versions.
const WAITING: &str = "\
    SELECT 1, NULL, day, version, NULL FROM rollup_versions WHERE project_id = $1 AND version > $2 \
    UNION ALL \
    SELECT 2, event, CAST(strftime('%s', minute) AS integer) / 60, sum(count), NULL \
    FROM rollup_deltas WHERE project_id = $1 GROUP BY event, minute \
    UNION ALL \
    SELECT 3, NULL, 0, 0, content FROM sketch_deltas WHERE project_id = $1";

pub(super) async fn numbers(
    readers: &SqlitePool,
    project_id: i32,
    parts: &[(Span, Names)],
    version: i64,
) -> StoreResult<Numbers> {
    if parts.is_empty() {
        let mut connection = readers.acquire().await.map_err(store_error)?;
        return waiting(&mut connection, project_id, version).await;
    }
    let mut snapshot = readers.begin().await.map_err(store_error)?;
    let mut numbers = waiting(&mut snapshot, project_id, version).await?;
    for (span, names) in parts {
        let rows = sqlx::query(names.numbers_sql())
            .bind(project_id)
            .bind(span.size.minutes())
            .bind(span.start)
            .bind(span.end)
            .bind(names.event())
            .fetch_all(&mut *snapshot)
            .await
            .map_err(store_error)?;
        let rows: sqlx::Result<_> = rows.iter().map(read_numbers).collect();
        numbers.parts.push(rows.map_err(store_error)?);
    }
    snapshot.commit().await.map_err(store_error)?;
    Ok(numbers)
}

async fn waiting(connection: &mut SqliteConnection, project_id: i32, version: i64) -> StoreResult<Numbers> {
    let rows = sqlx::query(WAITING).bind(project_id).bind(version).fetch_all(connection).await;
    let mut numbers = Numbers::default();
    for row in &rows.map_err(store_error)? {
        numbers.add(project_id, read_waiting(row).map_err(store_error)?)?;
    }
    Ok(numbers)
}

fn read_waiting(row: &SqliteRow) -> sqlx::Result<Waiting<'_>> {
    Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?, row.try_get(4)?))
}

pub(super) async fn sketches(
    readers: &SqlitePool,
    project_id: i32,
    spans: &[Span],
    names: &Names,
    sessions: bool,
) -> StoreResult<Vec<BucketSketches>> {
    let mut found = Vec::new();
    for span in spans {
        let rows: Vec<(String, Vec<u8>, Vec<u8>)> = sqlx::query_as(names.sketches_sql())
            .bind(project_id)
            .bind(span.size.minutes())
            .bind(span.start)
            .bind(span.end)
            .bind(names.event())
            .bind(sessions)
            .fetch_all(readers)
            .await
            .map_err(store_error)?;
        found.extend(rows.into_iter().map(|(event, users, sessions)| BucketSketches {
            event,
            users,
            sessions,
        }));
    }
    Ok(found)
}

fn read_delta(row: &SqliteRow) -> sqlx::Result<CountDelta> {
    let minute = Timestamp::parse_rfc3339(row.try_get(2)?).ok_or_else(|| damaged("minute"))?;
    Ok(CountDelta {
        project_id: row.try_get(0)?,
        event: row.try_get(1)?,
        minute: minute_of(minute),
        count: row.try_get(3)?,
    })
}

fn read_numbers(row: &SqliteRow) -> sqlx::Result<BucketNumbers> {
    Ok(BucketNumbers {
        event: row.try_get(0)?,
        start: row.try_get(1)?,
        count: row.try_get(2)?,
        last_minute: row.try_get(3)?,
        users: row.try_get(4)?,
        sessions: row.try_get(5)?,
    })
}
