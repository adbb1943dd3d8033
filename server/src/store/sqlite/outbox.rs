//! Writing down what is to be sent on, in the transaction that stores it.

use sqlx::SqliteConnection;

use crate::store::outbox::Entry;

/// Writes the rows of the outbox: one statement, and only where there are some.
pub(super) async fn enqueue(connection: &mut SqliteConnection, entries: &[Entry]) -> sqlx::Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let entry = |entry: &Entry| {
        let at_ms = entry.enqueued_at.unix_ms();
        (entry.destination, entry.event_id.to_string(), entry.project_id, at_ms)
    };
    let entries: Vec<_> = entries.iter().map(entry).collect();
    let entries = serde_json::to_string(&entries).expect("strings and numbers are JSON");
    sqlx::query(
        "INSERT INTO forward_outbox (destination, event_id, project_id, enqueued_at_ms, due_at_ms) \
         SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'), \
                json_extract(value, '$[3]'), json_extract(value, '$[3]') \
         FROM json_each($1) WHERE true ON CONFLICT DO NOTHING",
    )
    .bind(entries)
    .execute(connection)
    .await?;
    Ok(())
}
