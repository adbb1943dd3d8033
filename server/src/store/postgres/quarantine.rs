//! Adding to the quarantine, in the transaction of the flush that refuses.

use super::{store_error, write::column};
use crate::store::{
    Mark, StoreResult,
    quarantine::{BYTES_MAX, QuarantineRow, ROWS_MAX},
};

/// Counts those that are known and adds those that are new, as long as they fit. In the order of the
/// index, so that two transactions with the same refusals cannot deadlock; always after the events, for
/// the same reason. Only if this very transaction has set the flush's mark: otherwise the flush was
/// written before.
const KEEP: &str = "\
    WITH new AS ( \
        SELECT * FROM unnest($3::text[], $4::integer[], $5::bytea[], $6::text[], $7::text[], $8::text[], \
                             $9::text[], $10::text[], $11::text[], $12::bigint[], $13::bigint[], $14::bigint[], \
                             $15::bigint[]) \
             AS new (id, project_id, hash, code, field, source, event, context, user_id, bytes, \
                     first_seen_ms, last_seen_ms, count) \
        WHERE EXISTS (SELECT FROM flush_marks \
                      WHERE writer = $1 AND flush = $2 AND xmin = pg_current_xact_id()::xid) \
    ), used AS ( \
        SELECT project_id, count(*) AS rows, sum(bytes) AS bytes FROM quarantine \
        WHERE project_id = ANY ($4) GROUP BY project_id \
    ), looked_up AS ( \
        SELECT new.*, EXISTS ( \
            SELECT FROM quarantine AS old \
            WHERE old.project_id = new.project_id AND old.hash = new.hash AND old.replayed_at_ms IS NULL \
        ) AS known FROM new \
    ), added_up AS ( \
        SELECT looked_up.*, \
               coalesce(used.rows, 0) + count(*) FILTER (WHERE NOT known) OVER running AS rows_then, \
               coalesce(used.bytes, 0) + coalesce(sum(looked_up.bytes) FILTER (WHERE NOT known) OVER running, 0) \
                   AS bytes_then \
        FROM looked_up LEFT JOIN used USING (project_id) \
        WINDOW running AS (PARTITION BY project_id ORDER BY hash ROWS UNBOUNDED PRECEDING) \
    ) \
    INSERT INTO quarantine AS kept (id, project_id, hash, code, field, source, event, context, user_id, bytes, \
                                    first_seen_ms, last_seen_ms, count) \
    SELECT id, project_id, hash, code, field, source, event, context, user_id, bytes, first_seen_ms, \
           last_seen_ms, count \
    FROM added_up WHERE known OR (rows_then <= $16 AND bytes_then <= $17) \
    ORDER BY project_id, hash \
    ON CONFLICT (project_id, hash) WHERE replayed_at_ms IS NULL DO UPDATE \
        SET count = kept.count + excluded.count, \
            last_seen_ms = greatest(kept.last_seen_ms, excluded.last_seen_ms)";

/// Keeps `refused`; returns how many were left out because the quarantine is full.
pub(super) async fn keep(
    connection: &mut sqlx::PgConnection,
    mark: Mark,
    refused: &[QuarantineRow],
) -> StoreResult<u64> {
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let done = sqlx::query(KEEP)
        .bind(mark.writer)
        .bind(mark.flush)
        .bind(column(refused, |row| row.id.to_string()))
        .bind(column(refused, |row| row.project_id))
        .bind(column(refused, |row| &row.hash[..]))
        .bind(column(refused, |row| &*row.code))
        .bind(column(refused, |row| row.field.as_str()))
        .bind(column(refused, |row| row.source.as_str()))
        .bind(column(refused, |row| row.event.as_str()))
        .bind(column(refused, |row| &*row.context))
        .bind(column(refused, |row| row.user_id.map(|id| id.to_string())))
        .bind(column(refused, |row| number(row.bytes() as u64)))
        .bind(column(refused, |row| row.first_seen.unix_ms()))
        .bind(column(refused, |row| row.last_seen.unix_ms()))
        .bind(column(refused, |row| number(row.count)))
        .bind(ROWS_MAX)
        .bind(BYTES_MAX)
        .execute(connection)
        .await
        .map_err(store_error)?;
    Ok((refused.len() as u64).saturating_sub(done.rows_affected()))
}
