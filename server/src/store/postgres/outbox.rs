//! Writing down what is to be sent on, in the transaction that stores it.

use super::{store_error, write::column};
use crate::store::{StoreResult, outbox::Entry};

/// Writes the rows of the outbox; a statement only where there are some.
pub(super) async fn enqueue(connection: &mut sqlx::PgConnection, entries: &[Entry]) -> StoreResult<()> {
    if entries.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO forward_outbox (destination, event_id, project_id, enqueued_at_ms, due_at_ms) \
         SELECT destination, event_id, project_id, at_ms, at_ms \
         FROM unnest($1::text[], $2::uuid[], $3::integer[], $4::bigint[]) \
              AS new (destination, event_id, project_id, at_ms) \
         ON CONFLICT DO NOTHING",
    )
    .bind(column(entries, |entry| entry.destination))
    .bind(column(entries, |entry| entry.event_id))
    .bind(column(entries, |entry| entry.project_id))
    .bind(column(entries, |entry| entry.enqueued_at.unix_ms()))
    .execute(connection)
    .await
    .map_err(store_error)?;
    Ok(())
}
