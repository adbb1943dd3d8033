//! The outbox: which events are still to be sent on, and what became of the others. Rows are written in
//! the event's own transaction by each backend; everything after that is here. Knows destinations by name
//! only.
//!
//! A row is changed only by the node that holds it: taking it sets `due_at_ms` to the end of a lease, and
//! nobody else touches it before. A node that dies leaves it to expire.

use std::collections::HashSet;

use pharos_model::Timestamp;
use uuid::Uuid;

use super::{
    Row, Store, StoreResult,
    sql::{Cell, Value},
};
use crate::forward::{Outgoing, Rules};

/// Given-up rows and forgotten ones removed at a time.
const EXPIRE_ROWS: i64 = 1000;

/// A row to be written with its event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) destination: &'static str,
    pub(super) event_id: Uuid,
    pub(super) project_id: i32,
    pub(super) enqueued_at: Timestamp,
}

/// What the destinations take of `rows`. Of rows with the same id the first is the one that is stored.
pub(super) fn entries(rules: &Rules, rows: &[Row]) -> Vec<Entry> {
    if rules.is_empty() {
        return Vec::new();
    }
    let mut seen = HashSet::new();
    let mut entries = Vec::new();
    for row in rows.iter().filter(|row| seen.insert(row.id.as_uuid())) {
        entries.extend(rules.taking(row).map(|destination| Entry {
            destination,
            event_id: row.id.as_uuid(),
            project_id: row.project_id,
            enqueued_at: row.created_at,
        }));
    }
    entries
}

/// Leaves those of events that were new.
pub(super) fn retain_new(entries: &mut Vec<Entry>, written: &[Uuid]) {
    let written: HashSet<&Uuid> = written.iter().collect();
    entries.retain(|entry| written.contains(&entry.event_id));
}

/// A batch that is to be tried again.
#[derive(Debug, Clone)]
pub struct Due {
    /// Its name.
    pub batch: String,
    /// Events in it.
    pub events: i64,
    /// How often it was tried.
    pub attempts: u32,
    /// Whether a node died, or was cut off, while it was on its way: it may have arrived.
    pub uncertain: bool,
    project_id: i32,
}

/// What is known of a destination.
#[derive(Debug, Clone, Default)]
pub struct ForwarderState {
    /// Which.
    pub destination: String,
    /// Events that wait.
    pub pending: i64,
    /// Since when the first of them waits.
    pub oldest_pending_at: Option<Timestamp>,
    /// Events sent.
    pub sent: i64,
    /// Events given up.
    pub failed: i64,
    /// Events sent again although they may have arrived.
    pub uncertain: i64,
    /// When the last was sent.
    pub last_sent_at: Option<Timestamp>,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// Given-up events that are still kept, by reason.
    pub failed_by_reason: Vec<(String, i64)>,
}

const TAKE: [&str; 2] = [
    "UPDATE forward_outbox SET state = 1, batch = $2, due_at_ms = $3 \
     WHERE destination = $1 AND event_id IN ( \
         SELECT event_id FROM forward_outbox \
         WHERE destination = $1 AND state IN (0, 1) AND due_at_ms <= $4 \
         ORDER BY due_at_ms, event_id LIMIT $5 FOR UPDATE SKIP LOCKED)",
    "UPDATE forward_outbox SET state = 1, batch = $2, due_at_ms = $3 \
     WHERE destination = $1 AND event_id IN ( \
         SELECT event_id FROM forward_outbox \
         WHERE destination = $1 AND state IN (0, 1) AND due_at_ms <= $4 \
         ORDER BY due_at_ms, event_id LIMIT $5)",
];

const DUE: &str = "SELECT batch, CAST(max(project_id) AS bigint), count(*), CAST(max(state) AS bigint), \
         CAST(max(attempts) AS bigint) \
     FROM forward_outbox WHERE destination = $1 AND state IN (2, 3) AND due_at_ms <= $2 \
     GROUP BY batch ORDER BY min(due_at_ms) LIMIT $3";

const RETAKE: &str = "UPDATE forward_outbox SET state = 3, due_at_ms = $3 \
     WHERE destination = $1 AND batch = $2 AND state IN (2, 3) AND due_at_ms <= $4";

/// The events of a batch as far as they are there still.
const READ: [&str; 2] = [
    "SELECT CAST(o.event_id AS text), CAST(o.project_id AS bigint), o.enqueued_at_ms, e.event, \
         to_char(e.timestamp AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), \
         CAST(e.properties AS text), CAST(e.user_id AS text), e.session_id, e.source, CAST(e.seq AS bigint), \
         CAST(e.context AS text), to_char(e.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') \
     FROM forward_outbox AS o LEFT JOIN telemetry_events AS e ON e.id = o.event_id \
     WHERE o.destination = $1 AND o.batch = $2 ORDER BY o.enqueued_at_ms, o.event_id",
    "SELECT o.event_id, o.project_id, o.enqueued_at_ms, e.event, e.timestamp, e.properties, \
         e.user_id, e.session_id, e.source, e.seq, e.context, e.created_at \
     FROM forward_outbox AS o LEFT JOIN telemetry_events AS e ON e.id = o.event_id \
     WHERE o.destination = $1 AND o.batch = $2 ORDER BY o.enqueued_at_ms, o.event_id",
];

const SENDING: [&str; 2] = [
    "UPDATE forward_outbox AS o SET state = 2, batch = it ->> 1, attempts = attempts + 1, due_at_ms = $2 \
     FROM json_array_elements(CAST($3 AS json)) AS it \
     WHERE o.destination = $1 AND o.event_id = CAST(it ->> 0 AS uuid)",
    "UPDATE forward_outbox AS o SET state = 2, batch = json_extract(it.value, '$[1]'), \
         attempts = attempts + 1, due_at_ms = $2 \
     FROM json_each($3) AS it WHERE o.destination = $1 AND o.event_id = json_extract(it.value, '$[0]')",
];

const SENT: &str = "DELETE FROM forward_outbox WHERE destination = $1 AND batch = $2";

const WAIT: &str = "UPDATE forward_outbox SET state = 3, due_at_ms = $3, reason = $4 \
     WHERE destination = $1 AND batch = $2";

const GIVE_UP_BATCH: &str = "UPDATE forward_outbox SET state = 4, batch = '', reason = $3 \
     WHERE destination = $1 AND batch = $2";

const GIVE_UP: [&str; 2] = [
    "UPDATE forward_outbox SET state = 4, batch = '', reason = $3 \
     WHERE destination = $1 AND event_id = CAST($2 AS uuid) AND state <> 4",
    "UPDATE forward_outbox SET state = 4, batch = '', reason = $3 \
     WHERE destination = $1 AND event_id = $2 AND state <> 4",
];

const GONE: [&str; 2] = [
    "DELETE FROM forward_outbox WHERE destination = $1 AND event_id = CAST($2 AS uuid)",
    "DELETE FROM forward_outbox WHERE destination = $1 AND event_id = $2",
];

const RELEASE: &str = "UPDATE forward_outbox SET state = 0, batch = '', due_at_ms = $3 \
     WHERE destination = $1 AND batch = $2 AND state = 1";

const ADD_UP: &str = "INSERT INTO forward_totals AS totals \
         (destination, project_id, sent, failed, uncertain, last_sent_at_ms, last_error) \
     VALUES ($1, $2, $3, $4, $5, CASE WHEN $6 > 0 THEN $6 END, CASE WHEN $7 <> '' THEN $7 END) \
     ON CONFLICT (destination, project_id) DO UPDATE SET sent = totals.sent + excluded.sent, \
         failed = totals.failed + excluded.failed, uncertain = totals.uncertain + excluded.uncertain, \
         last_sent_at_ms = coalesce(excluded.last_sent_at_ms, totals.last_sent_at_ms), \
         last_error = coalesce(excluded.last_error, totals.last_error)";

/// What is added to a destination's totals.
#[derive(Default)]
struct Sums<'a> {
    sent: i64,
    failed: i64,
    uncertain: i64,
    sent_at_ms: i64,
    error: &'a str,
}

/// One destination's part of the outbox.
pub struct Outbox<'a> {
    store: &'a dyn Store,
    destination: &'a str,
}

impl<'a> Outbox<'a> {
    /// The part that belongs to `destination`.
    pub fn new(store: &'a dyn Store, destination: &'a str) -> Self {
        Self { store, destination }
    }

    /// Takes events that are in no batch yet, oldest first, until `lease_end`; their name is `claim`.
    pub async fn take(
        &self,
        claim: &str,
        now: Timestamp,
        lease_end: Timestamp,
        events_max: usize,
    ) -> StoreResult<u64> {
        let values = [
            Value::Text(self.destination),
            Value::Text(claim),
            Value::Int(lease_end.unix_ms()),
            Value::Int(now.unix_ms()),
            Value::Int(i64::try_from(events_max).unwrap_or(i64::MAX)),
        ];
        self.store.execute(&[(self.store.pick(TAKE), &values)]).await
    }

    /// Batches that are to be tried again.
    pub async fn due(&self, now: Timestamp, batches_max: i64) -> StoreResult<Vec<Due>> {
        let values = [Value::Text(self.destination), Value::Int(now.unix_ms()), Value::Int(batches_max)];
        let rows = self.store.select(DUE, &values).await?;
        let due = |row: &Vec<Cell>| Due {
            batch: row[0].text().to_owned(),
            project_id: number(&row[1]),
            events: row[2].int(),
            // Another state than the largest is not possible: a batch changes as a whole.
            uncertain: row[3].int() == 2,
            attempts: u32::try_from(row[4].int()).unwrap_or(u32::MAX),
        };
        Ok(rows.iter().map(due).collect())
    }

    /// Takes such a batch until `lease_end`; `false` if another node was faster.
    pub async fn retake(&self, due: &Due, now: Timestamp, lease_end: Timestamp) -> StoreResult<bool> {
        let values = [
            Value::Text(self.destination),
            Value::Text(&due.batch),
            Value::Int(lease_end.unix_ms()),
            Value::Int(now.unix_ms()),
        ];
        if !due.uncertain {
            return Ok(self.store.execute(&[(RETAKE, &values)]).await? > 0);
        }
        let sums = Sums { uncertain: due.events, ..Sums::default() };
        Ok(self.store.execute(&[(RETAKE, &values), (ADD_UP, &self.sums(due.project_id, &sums))]).await? > 0)
    }

    /// The events of a batch or claim, oldest first. Those that are stored no more, because they were
    /// erased or are past their time, are taken out.
    pub async fn read(&self, batch: &str) -> StoreResult<Vec<Outgoing>> {
        let values = [Value::Text(self.destination), Value::Text(batch)];
        let rows = self.store.select(self.store.pick(READ), &values).await?;
        let mut events = Vec::with_capacity(rows.len());
        for row in &rows {
            match outgoing(row) {
                Some(event) => events.push(event),
                None => {
                    let values = [Value::Text(self.destination), Value::Text(row[0].text())];
                    self.store.execute(&[(self.store.pick(GONE), &values)]).await?;
                }
            }
        }
        Ok(events)
    }

    /// Writes down that these events are on their way, each in its batch: after this a node that dies has
    /// perhaps sent them.
    pub async fn sending(&self, events: &[(&str, &str)], lease_end: Timestamp) -> StoreResult<()> {
        let events = serde_json::to_string(events).expect("strings are JSON");
        let values = [Value::Text(self.destination), Value::Int(lease_end.unix_ms()), Value::Text(&events)];
        self.store.execute(&[(self.store.pick(SENDING), &values)]).await.map(drop)
    }

    /// A batch of `events` has arrived.
    pub async fn sent(&self, batch: &str, project_id: i32, events: usize, now: Timestamp) -> StoreResult<()> {
        let values = [Value::Text(self.destination), Value::Text(batch)];
        let sums = Sums { sent: count(events), sent_at_ms: now.unix_ms(), ..Sums::default() };
        self.add_up((SENT, &values), project_id, &sums).await
    }

    /// A batch of `events` is to be tried again at `due_at`, because of `error`; if `uncertain` it may have
    /// arrived.
    pub async fn wait(
        &self,
        batch: &str,
        project_id: i32,
        due_at: Timestamp,
        error: &str,
        uncertain_events: usize,
    ) -> StoreResult<()> {
        let values = [
            Value::Text(self.destination),
            Value::Text(batch),
            Value::Int(due_at.unix_ms()),
            Value::Text(error),
        ];
        let sums = Sums { uncertain: count(uncertain_events), error, ..Sums::default() };
        self.add_up((WAIT, &values), project_id, &sums).await
    }

    /// A batch of `events` is given up for `reason`.
    pub async fn give_up_batch(
        &self,
        batch: &str,
        project_id: i32,
        events: usize,
        reason: &str,
    ) -> StoreResult<()> {
        let values = [Value::Text(self.destination), Value::Text(batch), Value::Text(reason)];
        let sums = Sums { failed: count(events), error: reason, ..Sums::default() };
        self.add_up((GIVE_UP_BATCH, &values), project_id, &sums).await
    }

    /// An event is given up for `reason`.
    pub async fn give_up(&self, event_id: &str, project_id: i32, reason: &str) -> StoreResult<()> {
        let values = [Value::Text(self.destination), Value::Text(event_id), Value::Text(reason)];
        let sums = Sums { failed: 1, error: reason, ..Sums::default() };
        self.add_up((self.store.pick(GIVE_UP), &values), project_id, &sums).await
    }

    /// Gives back what was taken under the name of `claim` and did not get as far as a batch.
    pub async fn release(&self, claim: &str, now: Timestamp) -> StoreResult<()> {
        let values = [Value::Text(self.destination), Value::Text(claim), Value::Int(now.unix_ms())];
        self.store.execute(&[(RELEASE, &values)]).await.map(drop)
    }

    async fn add_up(
        &self,
        step: (&'static str, &[Value<'_>]),
        project_id: i32,
        sums: &Sums<'_>,
    ) -> StoreResult<()> {
        self.store.execute(&[step, (ADD_UP, &self.sums(project_id, sums))]).await.map(drop)
    }

    fn sums<'s>(&'s self, project_id: i32, sums: &Sums<'s>) -> [Value<'s>; 7] {
        [
            Value::Text(self.destination),
            Value::Int(project_id.into()),
            Value::Int(sums.sent),
            Value::Int(sums.failed),
            Value::Int(sums.uncertain),
            Value::Int(sums.sent_at_ms),
            Value::Text(sums.error),
        ]
    }
}

impl dyn Store + '_ {
    /// What is known of every destination that a project's events went or are to go to, by name; of all
    /// projects together if none is given.
    pub async fn forwarders(&self, project_id: Option<i32>) -> StoreResult<Vec<ForwarderState>> {
        const WAITING: &str = "SELECT destination, CASE WHEN state = 4 THEN reason ELSE '' END, \
                 CAST(max(CASE WHEN state = 4 THEN 1 ELSE 0 END) AS bigint), count(*), min(enqueued_at_ms) \
             FROM forward_outbox WHERE project_id = $1 OR $1 = 0 GROUP BY 1, 2 ORDER BY 1, 2";
        const TOTALS: &str = "SELECT destination, CAST(sum(sent) AS bigint), CAST(sum(failed) AS bigint), \
                 CAST(sum(uncertain) AS bigint), max(last_sent_at_ms), max(last_error) \
             FROM forward_totals WHERE project_id = $1 OR $1 = 0 GROUP BY 1 ORDER BY 1";
        let project = [Value::Int(project_id.unwrap_or(0).into())];
        let mut states: Vec<ForwarderState> = Vec::new();
        for row in self.select(TOTALS, &project).await? {
            states.push(ForwarderState {
                destination: row[0].text().to_owned(),
                sent: row[1].int(),
                failed: row[2].int(),
                uncertain: row[3].int(),
                last_sent_at: moment(&row[4]),
                last_error: text(&row[5]),
                ..ForwarderState::default()
            });
        }
        for row in self.select(WAITING, &project).await? {
            let name = row[0].text();
            let index = states.iter().position(|state| state.destination == name).unwrap_or_else(|| {
                states.push(ForwarderState { destination: name.to_owned(), ..ForwarderState::default() });
                states.len() - 1
            });
            let state = &mut states[index];
            if row[2].int() == 1 {
                state.failed_by_reason.push((row[1].text().to_owned(), row[3].int()));
            } else {
                (state.pending, state.oldest_pending_at) = (row[3].int(), moment(&row[4]));
            }
        }
        states.sort_by(|a, b| a.destination.cmp(&b.destination));
        Ok(states)
    }

    /// Removes some of the outbox's rows that were written before `cutoff`, given up or forgotten; 0 means
    /// that there are no more.
    pub async fn expire_outbox(&self, cutoff: Timestamp) -> StoreResult<u64> {
        let sql = "DELETE FROM forward_outbox WHERE event_id IN \
             (SELECT event_id FROM forward_outbox WHERE enqueued_at_ms < $1 LIMIT $2) AND enqueued_at_ms < $1";
        self.execute(&[(sql, &[Value::Int(cutoff.unix_ms()), Value::Int(EXPIRE_ROWS)])]).await
    }
}

fn outgoing(row: &[Cell]) -> Option<Outgoing> {
    Some(Outgoing {
        id: row[0].text().to_owned(),
        project_id: number(&row[1]),
        enqueued_at: Timestamp::from_unix_ms(row[2].int()),
        event: text(&row[3])?,
        timestamp: Timestamp::parse_rfc3339(row[4].text())?,
        properties: row[5].text().to_owned(),
        user_id: text(&row[6]),
        session_id: text(&row[7]),
        source: row[8].text().to_owned(),
        seq: if let Cell::Int(seq) = row[9] { Some(seq) } else { None },
        context: row[10].text().to_owned(),
        created_at: Timestamp::parse_rfc3339(row[11].text())?,
    })
}

fn number(cell: &Cell) -> i32 {
    i32::try_from(cell.int()).unwrap_or_default()
}

fn text(cell: &Cell) -> Option<String> {
    if let Cell::Text(text) = cell { Some(text.clone()) } else { None }
}

fn moment(cell: &Cell) -> Option<Timestamp> {
    if let Cell::Int(unix_ms) = cell { Some(Timestamp::from_unix_ms(*unix_ms)) } else { None }
}

fn count(events: usize) -> i64 {
    i64::try_from(events).unwrap_or(i64::MAX)
}
