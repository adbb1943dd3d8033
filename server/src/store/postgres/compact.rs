//! Adding up the counts that writers append. Writers only ever insert, so they never wait for this, nor
//! it for them.

use sqlx::PgPool;

use super::store_error;
use crate::store::StoreResult;

/// One node at a time adds up; another finds the lock taken and leaves it to that one. The number is
/// this job's name among advisory locks.
const LOCK: &str = "SELECT pg_try_advisory_xact_lock(7305804403)";

/// Deltas of one step: a few milliseconds of work.
const OUTCOMES: &str = "\
    WITH taken AS ( \
        DELETE FROM outcome_deltas WHERE ctid = ANY (ARRAY(SELECT ctid FROM outcome_deltas LIMIT 5000)) \
        RETURNING project_id, hour, outcome, reason, count \
    ), added AS ( \
        INSERT INTO outcome_sums AS sums (project_id, hour, outcome, reason, count) \
        SELECT project_id, hour, outcome, reason, sum(count) FROM taken GROUP BY 1, 2, 3, 4 \
        ON CONFLICT (project_id, hour, outcome, reason) DO UPDATE SET count = sums.count + excluded.count \
    ) \
    SELECT count(*) FROM taken";

const ROLLUPS: &str = "\
    WITH taken AS ( \
        DELETE FROM rollup_deltas WHERE ctid = ANY (ARRAY(SELECT ctid FROM rollup_deltas LIMIT 5000)) \
        RETURNING project_id, event, minute, count \
    ), added AS ( \
        INSERT INTO rollup_sums AS sums (project_id, event, minute, count) \
        SELECT project_id, event, minute, sum(count) FROM taken GROUP BY 1, 2, 3 \
        ON CONFLICT (project_id, minute, event) DO UPDATE SET count = sums.count + excluded.count \
    ) \
    SELECT count(*) FROM taken";

/// Adds up some of what is there; returns how many deltas that were.
pub(super) async fn step(pool: &PgPool) -> StoreResult<u64> {
    let mut transaction = pool.begin().await.map_err(store_error)?;
    let ours: bool = sqlx::query_scalar(LOCK).fetch_one(&mut *transaction).await.map_err(store_error)?;
    if !ours {
        return Ok(0);
    }
    let mut taken = 0;
    for sql in [OUTCOMES, ROLLUPS] {
        let count: i64 = sqlx::query_scalar(sql).fetch_one(&mut *transaction).await.map_err(store_error)?;
        taken += count.unsigned_abs();
    }
    transaction.commit().await.map_err(store_error)?;
    Ok(taken)
}
