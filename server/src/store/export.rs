//! Pages of stored events in the order of their time: each a query of its own, so that however long the
//! reading takes, no transaction is held open.

use pharos_model::Timestamp;
use uuid::Uuid;

use super::{
    Store, StoreError, StoreResult, StoredEvent,
    sql::{Cell, Value, any_name},
};

/// Where a page begins and ends.
#[derive(Debug, Clone)]
pub struct Page<'a> {
    /// Only this project's.
    pub project_id: i32,
    /// Only events of this name.
    pub event: Option<&'a str>,
    /// After the event of this time and id.
    pub after: (Timestamp, Uuid),
    /// Before this time.
    pub end: Timestamp,
    /// At most this many.
    pub limit: u32,
}

const PAGE: [&str; 2] = [
    "SELECT CAST(id AS text), CAST(event AS text), CAST(extract(epoch FROM timestamp) * 1000 AS bigint), \
            CAST(properties AS text), CAST(user_id AS text), CAST(session_id AS text), CAST(source AS text), \
            CAST(seq AS bigint), CAST(context AS text), CAST(extract(epoch FROM created_at) * 1000 AS bigint) \
     FROM telemetry_events \
     WHERE project_id = $1 AND timestamp >= $2 AND timestamp < $3 \
       AND (timestamp, id) > ($2, CAST($4 AS uuid)) AND ($5 = '' OR event = $5) \
     ORDER BY timestamp, id LIMIT $6",
    concat!(
        "SELECT id, event, timestamp, properties, user_id, session_id, source, seq, context, created_at \
         FROM telemetry_events \
         WHERE project_id = $1 AND timestamp >= $2 AND timestamp < $3 AND (timestamp, id) > ($2, $4) AND ",
        any_name!("$5"),
        " ORDER BY timestamp, id LIMIT $6"
    ),
];

impl dyn Store + '_ {
    /// The events of a page, in the order of time, then id.
    pub async fn events_page(&self, page: &Page<'_>) -> StoreResult<Vec<StoredEvent>> {
        let after_id = page.after.1.to_string();
        let values = [
            Value::Int(page.project_id.into()),
            Value::Time(page.after.0),
            Value::Time(page.end),
            Value::Text(&after_id),
            Value::Text(page.event.unwrap_or_default()),
            Value::Int(page.limit.into()),
        ];
        let rows = self.select(self.pick(PAGE), &values).await?;
        let damaged =
            || StoreError::BadData("table telemetry_events holds a row that is no event".to_owned());
        rows.iter().map(|row| read_event(row).ok_or_else(damaged)).collect()
    }
}

fn read_event(row: &[Cell]) -> Option<StoredEvent> {
    let text = |column: usize| row[column].text().to_owned();
    let optional = |column: usize| (row[column] != Cell::Null).then(|| text(column));
    Some(StoredEvent {
        id: row[0].text().parse().ok()?,
        event: text(1),
        timestamp: moment(&row[2])?,
        properties: text(3),
        user_id: optional(4).map(|id| id.parse()).transpose().ok()?,
        session_id: optional(5),
        source: text(6),
        seq: if row[7] == Cell::Null { None } else { i32::try_from(row[7].int()).ok() },
        context: text(8),
        created_at: moment(&row[9])?,
    })
}

fn moment(cell: &Cell) -> Option<Timestamp> {
    match cell {
        Cell::Int(ms) => Some(Timestamp::from_unix_ms(*ms)),
        cell => Timestamp::parse_rfc3339(cell.text()),
    }
}
