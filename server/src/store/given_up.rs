//! What was given up is kept aside in the outbox: events that a destination does not take, with the reason, for
//! a person to look at and, once the cause is gone, to send after all.

use pharos_model::Timestamp;

use super::{Store, StoreResult, sql::Value};

/// An event that was given up.
#[derive(Debug, Clone)]
pub struct GivenUp {
    /// What it was to be sent to.
    pub destination: String,
    /// Its id.
    pub event_id: String,
    /// Its name; none if it is stored no more.
    pub event: Option<String>,
    /// When it happened, as RFC 3339.
    pub timestamp: Option<String>,
    /// Why.
    pub reason: String,
    /// Since when it waited.
    pub enqueued_at: Timestamp,
}

const LIST: [&str; 2] = [
    "SELECT o.destination, CAST(o.event_id AS text), e.event, \
         to_char(e.timestamp AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), o.reason, o.enqueued_at_ms \
     FROM forward_outbox AS o LEFT JOIN telemetry_events AS e ON e.id = o.event_id \
     WHERE o.project_id = $1 AND o.state = 4 ORDER BY o.enqueued_at_ms DESC, o.event_id LIMIT $2",
    "SELECT o.destination, o.event_id, e.event, e.timestamp, o.reason, o.enqueued_at_ms \
     FROM forward_outbox AS o LEFT JOIN telemetry_events AS e ON e.id = o.event_id \
     WHERE o.project_id = $1 AND o.state = 4 ORDER BY o.enqueued_at_ms DESC, o.event_id LIMIT $2",
];

/// Whom it was given up by is how many it was given up for: they are counted as failed no more.
const RECOUNT: &str = "UPDATE forward_totals SET failed = failed - \
         (SELECT count(*) FROM forward_outbox AS o \
          WHERE o.destination = $1 AND o.project_id = $2 AND o.state = 4 AND (o.reason = $3 OR $3 = '')) \
     WHERE destination = $1 AND project_id = $2";

const RETRY: &str = "UPDATE forward_outbox SET state = 0, batch = '', attempts = 0, reason = '', due_at_ms = $4, \
         enqueued_at_ms = $4 \
     WHERE destination = $1 AND project_id = $2 AND state = 4 AND (reason = $3 OR $3 = '')";

impl dyn Store + '_ {
    /// A project's events that were given up, those that waited last first.
    pub async fn given_up(&self, project_id: i32, limit: u32) -> StoreResult<Vec<GivenUp>> {
        let values = [Value::Int(project_id.into()), Value::Int(limit.into())];
        let rows = self.select(self.pick(LIST), &values).await?;
        let given_up = |row: &Vec<super::sql::Cell>| GivenUp {
            destination: row[0].text().to_owned(),
            event_id: row[1].text().to_owned(),
            event: Some(row[2].text().to_owned()).filter(|name| !name.is_empty()),
            timestamp: Some(row[3].text().to_owned()).filter(|at| !at.is_empty()),
            reason: row[4].text().to_owned(),
            enqueued_at: Timestamp::from_unix_ms(row[5].int()),
        };
        Ok(rows.iter().map(given_up).collect())
    }

    /// Lets a destination's events that were given up wait anew, for one reason or for any. Returns whether
    /// there can be any.
    pub async fn retry_given_up(
        &self,
        destination: &str,
        project_id: i32,
        reason: Option<&str>,
        now: Timestamp,
    ) -> StoreResult<bool> {
        let (destination, project_id) = (Value::Text(destination), Value::Int(project_id.into()));
        let reason = Value::Text(reason.unwrap_or_default());
        // What was given up was counted, so where there is nothing to recount there is nothing to retry.
        let recount = [destination, project_id, reason];
        let retry = [destination, project_id, reason, Value::Int(now.unix_ms())];
        Ok(self.execute(&[(RECOUNT, &recount), (RETRY, &retry)]).await? > 0)
    }
}
