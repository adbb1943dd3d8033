//! Reading rollups.

use sqlx::{PgPool, Row as _, postgres::PgRow};

use super::{PgTimestamp, compact::minutes, store_error};
use crate::store::{
    StoreResult,
    rollup::{BucketNumbers, BucketSketches, CountDelta, Names, Numbers, Span, delta, minute_of},
};

/// One snapshot for all of it: a fold that commits meanwhile moves counts from the deltas to the buckets.
pub(super) async fn numbers(pool: &PgPool, project_id: i32, parts: &[(Span, Names)]) -> StoreResult<Numbers> {
    let mut snapshot =
        pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map_err(store_error)?;
    let mut numbers = Numbers::default();
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
    let counts: Vec<(String, PgTimestamp, i64)> =
        sqlx::query_as("SELECT event, minute, count FROM rollup_deltas WHERE project_id = $1")
            .bind(project_id)
            .fetch_all(&mut *snapshot)
            .await
            .map_err(store_error)?;
    let delta = |(event, minute, count): (String, PgTimestamp, i64)| CountDelta {
        project_id,
        event,
        minute: minute_of(minute.0),
        count,
    };
    numbers.counts = counts.into_iter().map(delta).collect();
    let contents: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT content FROM sketch_deltas WHERE project_id = $1")
            .bind(project_id)
            .fetch_all(&mut *snapshot)
            .await
            .map_err(store_error)?;
    snapshot.commit().await.map_err(store_error)?;
    for content in contents {
        numbers.entries.append(&mut delta::unpack(project_id, &content)?);
    }
    Ok(numbers)
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
