//! Reading rollups.

use sqlx::{PgConnection, PgPool, Row as _, postgres::PgRow};

use super::{compact::minutes, store_error};
use crate::store::{
    StoreResult,
    rollup::{BucketNumbers, BucketSketches, Names, Numbers, Span, Waiting},
};

/// One statement, hence one snapshot: a fold that commits meanwhile moves counts from the deltas to the buckets,
/// and gives days new versions.
const WAITING: &str = "\
    SELECT 1::bigint, NULL::text, day, version, NULL::bytea FROM rollup_versions \
    WHERE project_id = $1 AND version > $2 \
    UNION ALL \
    SELECT 2, event, CAST(extract(epoch FROM minute) / 60 AS bigint), CAST(sum(count) AS bigint), NULL \
    FROM rollup_deltas WHERE project_id = $1 GROUP BY event, minute \
    UNION ALL \
    SELECT 3, NULL, 0, 0, content FROM sketch_deltas WHERE project_id = $1";

pub(super) async fn numbers(
    pool: &PgPool,
    project_id: i32,
    parts: &[(Span, Names)],
    version: i64,
) -> StoreResult<Numbers> {
    if parts.is_empty() {
        let mut connection = pool.acquire().await.map_err(store_error)?;
        return waiting(&mut connection, project_id, version).await;
    }
    let mut snapshot =
        pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map_err(store_error)?;
    let mut numbers = waiting(&mut snapshot, project_id, version).await?;
    for (span, names) in parts {
        let rows = sqlx::query(names.numbers_sql())
            .bind(project_id)
            .bind(minutes(span.size))
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

async fn waiting(connection: &mut PgConnection, project_id: i32, version: i64) -> StoreResult<Numbers> {
    let rows = sqlx::query(WAITING).bind(project_id).bind(version).fetch_all(connection).await;
    let mut numbers = Numbers::default();
    for row in &rows.map_err(store_error)? {
        numbers.add(project_id, read_waiting(row).map_err(store_error)?)?;
    }
    Ok(numbers)
}

fn read_waiting(row: &PgRow) -> sqlx::Result<Waiting<'_>> {
    Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?, row.try_get(4)?))
}

fn read_numbers(row: &PgRow) -> sqlx::Result<BucketNumbers> {
    Ok(BucketNumbers {
        event: row.try_get(0)?,
        start: row.try_get(1)?,
        count: row.try_get(2)?,
        last_minute: row.try_get(3)?,
        users: row.try_get(4)?,
        sessions: row.try_get(5)?,
    })
}

pub(super) async fn sketches(
    pool: &PgPool,
    project_id: i32,
    spans: &[Span],
    names: &Names,
    sessions: bool,
) -> StoreResult<Vec<BucketSketches>> {
    let mut found = Vec::new();
    for span in spans {
        let rows: Vec<(String, Vec<u8>, Vec<u8>)> = sqlx::query_as(names.sketches_sql())
            .bind(project_id)
            .bind(minutes(span.size))
            .bind(span.start)
            .bind(span.end)
            .bind(names.event())
            .bind(sessions)
            .fetch_all(pool)
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
