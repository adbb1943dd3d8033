//! A flush as text in the spool. A later version must read what an earlier one wrote: fields may be added
//! here with a default, none may go or change.

use std::sync::Arc;

use pharos_model::{EventId, Source, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    outcome::OutcomeCount,
    store::{Flush, QuarantineRow, Row},
};

#[derive(Serialize, Deserialize)]
struct Content {
    rows: Vec<StoredRow>,
    outcomes: Vec<StoredOutcome>,
    #[serde(default)]
    quarantine: Vec<StoredRefusal>,
}

#[derive(Serialize, Deserialize)]
struct StoredRow {
    id: String,
    project_id: i32,
    event: String,
    timestamp_ms: i64,
    properties: String,
    user_id: Option<String>,
    session_id: Option<String>,
    from_server: bool,
    seq: Option<i32>,
    context: String,
    created_at_ms: i64,
}

#[derive(Serialize, Deserialize)]
struct StoredOutcome {
    project_id: i32,
    hour_ms: i64,
    outcome: String,
    reason: String,
    count: u64,
}

#[derive(Serialize, Deserialize)]
struct StoredRefusal {
    id: String,
    project_id: i32,
    hash: [u8; 16],
    code: String,
    field: String,
    from_server: bool,
    event: String,
    context: String,
    user_id: Option<String>,
    first_seen_ms: i64,
    last_seen_ms: i64,
    count: u64,
}

/// The flush as text, without its mark.
pub(super) fn write(flush: &Flush<'_>) -> String {
    let outcome = |count: &OutcomeCount| StoredOutcome {
        project_id: count.project_id,
        hour_ms: count.hour.unix_ms(),
        outcome: count.outcome.to_string(),
        reason: count.reason.to_string(),
        count: count.count,
    };
    let content = Content {
        rows: flush.rows.iter().map(StoredRow::of).collect(),
        outcomes: flush.outcomes.iter().map(outcome).collect(),
        quarantine: flush.quarantine.iter().map(StoredRefusal::of).collect(),
    };
    serde_json::to_string(&content).expect("strings and numbers are always JSON")
}

/// The rows, outcomes and refusals of a flush; `None` if `text` is not one.
pub(super) fn read(text: &str) -> Option<(Vec<Row>, Vec<OutcomeCount>, Vec<QuarantineRow>)> {
    let content: Content = serde_json::from_str(text).ok()?;
    let outcome = |stored: StoredOutcome| OutcomeCount {
        project_id: stored.project_id,
        hour: Timestamp::from_unix_ms(stored.hour_ms),
        outcome: stored.outcome.into(),
        reason: stored.reason.into(),
        count: stored.count,
    };
    let rows = content.rows.into_iter().map(StoredRow::into_row).collect::<Option<_>>()?;
    let refusals = content.quarantine.into_iter().map(StoredRefusal::into_row).collect::<Option<_>>()?;
    Some((rows, content.outcomes.into_iter().map(outcome).collect(), refusals))
}

impl StoredRow {
    fn of(row: &Row) -> Self {
        Self {
            id: row.id.to_string(),
            project_id: row.project_id,
            event: row.event.clone(),
            timestamp_ms: row.timestamp.unix_ms(),
            properties: row.properties.clone(),
            user_id: row.user_id.map(|id| id.to_string()),
            session_id: row.session_id.clone(),
            from_server: row.source == Source::Server,
            seq: row.seq,
            context: row.context.to_string(),
            created_at_ms: row.created_at.unix_ms(),
        }
    }

    fn into_row(self) -> Option<Row> {
        let user_id = self.user_id.map(|id| Uuid::parse_str(&id)).transpose().ok()?;
        Some(Row {
            id: EventId::parse(&self.id)?,
            project_id: self.project_id,
            event: self.event,
            timestamp: Timestamp::from_unix_ms(self.timestamp_ms),
            properties: self.properties,
            user_id,
            session_id: self.session_id,
            source: if self.from_server { Source::Server } else { Source::Client },
            seq: self.seq,
            context: Arc::from(self.context),
            created_at: Timestamp::from_unix_ms(self.created_at_ms),
        })
    }
}

impl StoredRefusal {
    fn of(row: &QuarantineRow) -> Self {
        Self {
            id: row.id.to_string(),
            project_id: row.project_id,
            hash: row.hash,
            code: row.code.to_string(),
            field: row.field.clone(),
            from_server: row.source == Source::Server,
            event: row.event.clone(),
            context: row.context.to_string(),
            user_id: row.user_id.map(|id| id.to_string()),
            first_seen_ms: row.first_seen.unix_ms(),
            last_seen_ms: row.last_seen.unix_ms(),
            count: row.count,
        }
    }

    fn into_row(self) -> Option<QuarantineRow> {
        let user_id = self.user_id.map(|id| Uuid::parse_str(&id)).transpose().ok()?;
        Some(QuarantineRow {
            id: Uuid::parse_str(&self.id).ok()?,
            project_id: self.project_id,
            hash: self.hash,
            code: self.code.into(),
            field: self.field,
            source: if self.from_server { Source::Server } else { Source::Client },
            event: self.event,
            context: Arc::from(self.context),
            user_id,
            first_seen: Timestamp::from_unix_ms(self.first_seen_ms),
            last_seen: Timestamp::from_unix_ms(self.last_seen_ms),
            count: self.count,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Mark, quarantine::Origin};

    #[test]
    fn what_is_kept_of_refused_events_comes_back() {
        let origin = Origin {
            project_id: 7,
            source: Source::Server,
            context: r#"{"os":"Linux"}"#.into(),
            user_id: Some(Uuid::from_u128(42)),
            received_at: Timestamp::from_unix_ms(1_795_463_708_120),
        };
        let event = r#"{"event":"Sign-Up"}"#.to_owned();
        let kept = QuarantineRow::new("wrong_type", "event".to_owned(), event, "content", origin);
        let flush =
            Flush { mark: Mark::new(), rows: &[], outcomes: &[], quarantine: std::slice::from_ref(&kept) };
        let (_, _, read) = read(&write(&flush)).unwrap();
        assert_eq!(format!("{read:?}"), format!("{:?}", [kept]));
    }

    #[test]
    fn a_flush_of_a_version_without_a_quarantine_is_read() {
        assert!(read(r#"{"rows":[],"outcomes":[]}"#).unwrap().2.is_empty());
    }
}
