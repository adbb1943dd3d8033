//! The newest events.

use pharos_model::Timestamp;
use sqlx::{Row as _, postgres::PgRow};

use super::{PgTimestamp, PostgresStore, store_error};
use crate::store::{Recent, StoreResult, StoredEvent};

const RECENT: &str = "\
    SELECT id, event, timestamp, properties::text, user_id, session_id, source, seq, context::text, created_at \
    FROM telemetry_events \
    WHERE project_id = $1 AND ($2::text IS NULL OR event = $2) AND ($3::text IS NULL OR session_id = $3) \
      AND created_at >= $4 AND ($6::uuid[] IS NULL OR user_id = ANY ($6)) \
    ORDER BY created_at DESC, id DESC LIMIT $5";

/// How far back the search for recent events goes, in steps: the index on `created_at` knows only block
/// ranges, so that a short look back is cheap and "the newest 100 of all" is not.
const LOOK_BACK_MS: [i64; 4] = [10_000, 10 * 60_000, 24 * 3_600_000, i64::MAX];

impl PostgresStore {
    pub(super) async fn read_recent(&self, recent: &Recent) -> StoreResult<Vec<StoredEvent>> {
        // The row with the highest id was received about last: the look back starts from there, which
        // keeps a table that has been quiet for long as fast as a busy one.
        let newest: Option<PgTimestamp> =
            sqlx::query_scalar("SELECT created_at FROM telemetry_events ORDER BY id DESC LIMIT 1")
                .fetch_optional(&self.others)
                .await
                .map_err(store_error)?;
        let Some(PgTimestamp(newest)) = newest else { return Ok(Vec::new()) };

        // A session's rows are few, and found by its own indexes.
        let steps = if recent.session_id.is_some() { &LOOK_BACK_MS[3..] } else { &LOOK_BACK_MS[..] };
        let mut rows = Vec::new();
        for &look_back_ms in steps {
            let since = Timestamp::from_unix_ms(newest.unix_ms().saturating_sub(look_back_ms));
            rows = sqlx::query(RECENT)
                .bind(recent.project_id)
                .bind(recent.event.as_deref())
                .bind(recent.session_id.as_deref())
                .bind(PgTimestamp(since))
                .bind(i64::from(recent.limit))
                .bind(Some(recent.user_ids.as_slice()).filter(|ids| !ids.is_empty()))
                .fetch_all(&self.others)
                .await
                .map_err(store_error)?;
            if rows.len() >= recent.limit as usize {
                break;
            }
        }
        rows.iter().map(|row| read_event(row).map_err(store_error)).collect()
    }
}

fn read_event(row: &PgRow) -> sqlx::Result<StoredEvent> {
    Ok(StoredEvent {
        id: row.try_get(0)?,
        event: row.try_get(1)?,
        timestamp: row.try_get::<PgTimestamp, _>(2)?.0,
        properties: row.try_get(3)?,
        user_id: row.try_get(4)?,
        session_id: row.try_get(5)?,
        source: row.try_get(6)?,
        seq: row.try_get(7)?,
        context: row.try_get(8)?,
        created_at: row.try_get::<PgTimestamp, _>(9)?.0,
    })
}
