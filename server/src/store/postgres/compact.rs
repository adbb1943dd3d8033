//! Adding up what writers append: outcomes into sums, counts and sketches into buckets. Writers only ever
//! insert, so they never wait for this, nor it for them.

use std::collections::BTreeMap;

use sqlx::{PgConnection, PgPool, Row as _, postgres::PgRow};

use super::{PgTimestamp, store_error, write::column};
use crate::{
    clock,
    store::{
        Compacted, StoreResult,
        rollup::{
            CountDelta, Entry, MINUTES_KEPT, Size, delta,
            fold::{Change, Fold, Key, Sketches, days_of},
            minute_of,
        },
    },
};

/// One node at a time adds up; another finds the lock taken and leaves it to that one. The number is
/// this job's name among advisory locks.
pub(super) const LOCK: i64 = 7_305_804_403;

/// Deltas of one step, and bytes of those of sketches: some tens of milliseconds of work.
const OUTCOMES_MAX: i64 = 5_000;
const COUNTS_MAX: i64 = 20_000;
const SKETCHES_MAX: i64 = 4_000;
const SKETCHES_BYTES_MAX: i64 = 2_000_000;

const OUTCOMES: &str = "\
    WITH taken AS ( \
        DELETE FROM outcome_deltas WHERE ctid = ANY (ARRAY(SELECT ctid FROM outcome_deltas LIMIT $1)) \
        RETURNING project_id, hour, outcome, reason, count \
    ), added AS ( \
        INSERT INTO outcome_sums AS sums (project_id, hour, outcome, reason, count) \
        SELECT project_id, hour, outcome, reason, sum(count) FROM taken GROUP BY 1, 2, 3, 4 \
        ON CONFLICT (project_id, hour, outcome, reason) DO UPDATE SET count = sums.count + excluded.count \
    ) \
    SELECT count(*) FROM taken";

/// Counts by minute are added up here; the buckets get them from what is returned.
const COUNTS: &str = "\
    WITH taken AS ( \
        DELETE FROM rollup_deltas WHERE ctid = ANY (ARRAY(SELECT ctid FROM rollup_deltas LIMIT $1)) \
        RETURNING project_id, event, minute, count \
    ), sums AS ( \
        SELECT project_id, event, minute, sum(count)::bigint AS count, count(*) AS taken FROM taken GROUP BY 1, 2, 3 \
    ), added AS ( \
        INSERT INTO rollup_sums AS sums (project_id, event, minute, count) \
        SELECT project_id, event, minute, count FROM sums \
        ON CONFLICT (project_id, minute, event) DO UPDATE SET count = sums.count + excluded.count \
    ) \
    SELECT project_id, event, minute, count, taken FROM sums";

/// Many small ones or a few large ones: what a step costs beside reading them is writing the buckets, whose
/// number hardly depends on theirs.
const SKETCHES: &str = "\
    DELETE FROM sketch_deltas WHERE ctid = ANY (ARRAY( \
        SELECT ctid FROM ( \
            SELECT ctid, row_number() OVER so_far AS number, sum(bytes) OVER so_far AS bytes \
            FROM (SELECT ctid, octet_length(content) AS bytes FROM sketch_deltas LIMIT $1) AS waiting \
            WINDOW so_far AS (ROWS UNBOUNDED PRECEDING) \
        ) AS measured WHERE number = 1 OR bytes <= $2)) \
    RETURNING project_id, content";

const READ: &str = "\
    SELECT project_id, minutes, event, start_minute, user_sketch, session_sketch FROM rollup_buckets \
    JOIN unnest($1::integer[], $2::integer[], $3::text[], $4::bigint[]) \
         AS wanted (project_id, minutes, event, start_minute) \
         USING (project_id, minutes, event, start_minute)";

/// A sketch that is not given stays: PostgreSQL then does not write it again.
const WRITE: &str = "\
    INSERT INTO rollup_buckets AS buckets \
        (project_id, minutes, event, start_minute, count, last_minute, users, sessions, user_sketch, \
         session_sketch) \
    SELECT project_id, minutes, event, start_minute, count, last_minute, coalesce(users, 0), \
           coalesce(sessions, 0), coalesce(user_sketch, ''), coalesce(session_sketch, '') \
    FROM unnest($1::integer[], $2::integer[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], \
                $7::bigint[], $8::bigint[], $9::bytea[], $10::bytea[]) \
         AS new (project_id, minutes, event, start_minute, count, last_minute, users, sessions, user_sketch, \
                 session_sketch) \
    ON CONFLICT (project_id, minutes, event, start_minute) DO UPDATE SET \
        count = buckets.count + excluded.count, \
        last_minute = greatest(buckets.last_minute, excluded.last_minute), \
        users = CASE WHEN excluded.user_sketch = '' THEN buckets.users ELSE excluded.users END, \
        sessions = CASE WHEN excluded.session_sketch = '' THEN buckets.sessions ELSE excluded.sessions END, \
        user_sketch = CASE WHEN excluded.user_sketch = '' THEN buckets.user_sketch ELSE excluded.user_sketch END, \
        session_sketch = \
            CASE WHEN excluded.session_sketch = '' THEN buckets.session_sketch ELSE excluded.session_sketch END";

const RENEW: &str = "\
    INSERT INTO rollup_versions (project_id, day, version) \
    SELECT project_id, day, (SELECT coalesce(max(version), 0) + 1 FROM rollup_versions) \
    FROM unnest($1::integer[], $2::bigint[]) AS changed (project_id, day) \
    ON CONFLICT (project_id, day) DO UPDATE SET version = excluded.version";

const OLD_MINUTES: &str = "DELETE FROM rollup_buckets WHERE minutes = 1 AND start_minute < $1";

/// Adds up some of what is there.
pub(super) async fn step(pool: &PgPool) -> StoreResult<Compacted> {
    let mut transaction = pool.begin().await.map_err(store_error)?;
    let ours: bool = sqlx::query_scalar("SELECT pg_try_advisory_xact_lock($1)")
        .bind(LOCK)
        .fetch_one(&mut *transaction)
        .await
        .map_err(store_error)?;
    if !ours {
        return Ok(Compacted::Done);
    }
    let outcomes: i64 = sqlx::query_scalar(OUTCOMES)
        .bind(OUTCOMES_MAX)
        .fetch_one(&mut *transaction)
        .await
        .map_err(store_error)?;
    let (counts, counts_taken) = take_counts(&mut transaction).await?;
    let (entries, entries_left) = take_entries(&mut transaction).await?;
    if !counts.is_empty() || !entries.is_empty() {
        let minutes_from = minute_of(clock::now()) - MINUTES_KEPT;
        let mut fold = Fold::default();
        fold.add(&counts, &entries, minutes_from);
        let before = read(&mut transaction, &fold).await?;
        write(&mut transaction, &fold.changes(&before)?).await?;
        sqlx::query(OLD_MINUTES).bind(minutes_from).execute(&mut *transaction).await.map_err(store_error)?;
    }
    transaction.commit().await.map_err(store_error)?;
    let left = outcomes >= OUTCOMES_MAX || counts_taken >= COUNTS_MAX || entries_left;
    Ok(if left { Compacted::More } else { Compacted::Done })
}

async fn take_counts(connection: &mut PgConnection) -> StoreResult<(Vec<CountDelta>, i64)> {
    let rows: Vec<(i32, String, PgTimestamp, i64, i64)> =
        sqlx::query_as(COUNTS).bind(COUNTS_MAX).fetch_all(connection).await.map_err(store_error)?;
    let taken = rows.iter().map(|(.., taken)| taken).sum();
    let delta = |(project_id, event, minute, count, _): (i32, String, PgTimestamp, i64, i64)| CountDelta {
        project_id,
        event,
        minute: minute_of(minute.0),
        count,
    };
    Ok((rows.into_iter().map(delta).collect(), taken))
}

/// The entries, and whether there may be more.
async fn take_entries(connection: &mut PgConnection) -> StoreResult<(Vec<Entry>, bool)> {
    let rows: Vec<(i32, Vec<u8>)> = sqlx::query_as(SKETCHES)
        .bind(SKETCHES_MAX)
        .bind(SKETCHES_BYTES_MAX)
        .fetch_all(connection)
        .await
        .map_err(store_error)?;
    let mut entries = Vec::new();
    for (project_id, content) in &rows {
        entries.append(&mut delta::unpack(*project_id, content)?);
    }
    let bytes = rows.iter().map(|(_, content)| content.len() as i64).sum::<i64>();
    // The one that did not fit any more may have been large.
    Ok((entries, rows.len() as i64 >= SKETCHES_MAX || bytes > SKETCHES_BYTES_MAX / 2))
}

async fn read(connection: &mut PgConnection, fold: &Fold) -> StoreResult<BTreeMap<Key, Sketches>> {
    let keys: Vec<&Key> = fold.keys().collect();
    let rows: Vec<PgRow> = sqlx::query(READ)
        .bind(column(&keys, |key| key.project_id))
        .bind(column(&keys, |key| minutes(key.size)))
        .bind(column(&keys, |key| key.event.as_str()))
        .bind(column(&keys, |key| key.start))
        .fetch_all(connection)
        .await
        .map_err(store_error)?;
    let size_of = |length: i32| keys.iter().map(|key| key.size).find(|&size| minutes(size) == length);
    let read = |row: &PgRow| -> sqlx::Result<Option<(Key, Sketches)>> {
        let Some(size) = size_of(row.try_get(1)?) else { return Ok(None) };
        let key = Key { project_id: row.try_get(0)?, size, event: row.try_get(2)?, start: row.try_get(3)? };
        Ok(Some((key, (row.try_get(4)?, row.try_get(5)?))))
    };
    rows.iter().filter_map(|row| read(row).transpose()).collect::<sqlx::Result<_>>().map_err(store_error)
}

/// Writes buckets.
pub(super) async fn write(connection: &mut PgConnection, changes: &[Change]) -> StoreResult<()> {
    sqlx::query(WRITE)
        .bind(column(changes, |change| change.key.project_id))
        .bind(column(changes, |change| minutes(change.key.size)))
        .bind(column(changes, |change| change.key.event.as_str()))
        .bind(column(changes, |change| change.key.start))
        .bind(column(changes, |change| change.count))
        .bind(column(changes, |change| change.last_minute))
        .bind(column(changes, |change| change.users.as_ref().map(|written| written.estimate)))
        .bind(column(changes, |change| change.sessions.as_ref().map(|written| written.estimate)))
        .bind(column(changes, |change| change.users.as_ref().map(|written| written.bytes.as_slice())))
        .bind(column(changes, |change| change.sessions.as_ref().map(|written| written.bytes.as_slice())))
        .execute(&mut *connection)
        .await
        .map_err(store_error)?;
    renew(connection, &days_of(changes).into_iter().collect::<Vec<_>>()).await
}

/// Gives the buckets of days a new version, by which those who keep their numbers know that they changed. Only
/// who holds [`LOCK`] does.
pub(super) async fn renew(connection: &mut PgConnection, days: &[(i32, i64)]) -> StoreResult<()> {
    sqlx::query(RENEW)
        .bind(column(days, |day| day.0))
        .bind(column(days, |day| day.1))
        .execute(connection)
        .await
        .map_err(store_error)?;
    Ok(())
}

/// The column `minutes`.
pub(super) fn minutes(size: Size) -> i32 {
    i32::try_from(size.minutes()).unwrap_or(i32::MAX)
}
