//! Erasing a person's events: the receipts, and the steps in which it is done. Each step is short, and is
//! committed together with what the receipt says of it, so that a server that is killed goes on where it was.
//!
//! An event is found by the keyed id of its user. Events are looked through by ranges of their own ids, which
//! are ranges of time, so that PostgreSQL reads one day's partition at a time.

use pharos_model::{EventId, Timestamp};
use uuid::Uuid;

use super::{
    DAY_MS, Store, StoreError, StoreResult, random_id,
    sql::{Cell, Step, Value},
};

/// Events removed by one step: some milliseconds during which SQLite's writer waits.
const STEP_EVENTS: usize = 500;

/// No id of ours is older: what lies before it, or ahead of the clocks, is looked through in one piece.
const FIRST_DAY_MS: i64 = 1_577_836_800_000; // 2020-01-01
const AHEAD_MS: i64 = 2 * DAY_MS;

/// A receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// Its name.
    pub id: String,
    /// Whose events.
    pub project_id: i32,
    /// The person's keyed ids; none once they were forgotten.
    pub user_ids: Vec<Uuid>,
    /// Events removed from the table.
    pub events: i64,
    /// Refused events removed from the quarantine.
    pub quarantined: i64,
    /// Events that were kept out of the table when a spool was drained.
    pub spooled: i64,
    /// What was received until then is removed.
    pub requested_at: Timestamp,
    /// When the last was removed; what still waits in a spool is removed as it is drained.
    pub finished_at: Option<Timestamp>,
    /// Where to go on.
    done_below: Option<Uuid>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, CAST(project_id AS bigint), user_ids, events, quarantined, spooled, requested_at_ms, \
             finished_at_ms, done_below FROM erasures ",
            $rest
        )
    };
}

/// Ids of events of one user, in a range of ids.
const FIND: [&str; 2] = [
    "SELECT CAST(id AS text) FROM telemetry_events \
     WHERE id >= CAST($1 AS uuid) AND id < CAST($2 AS uuid) AND user_id = CAST($3 AS uuid) AND project_id = $4 LIMIT $5",
    "SELECT id FROM telemetry_events WHERE id >= $1 AND id < $2 AND user_id = $3 AND project_id = $4 LIMIT $5",
];

/// The same range again, so that PostgreSQL looks at one partition only.
const REMOVE: [&str; 2] = [
    "DELETE FROM telemetry_events WHERE id >= CAST($1 AS uuid) AND id < CAST($2 AS uuid) \
     AND id = ANY (ARRAY(SELECT CAST(value AS uuid) FROM jsonb_array_elements_text(CAST($3 AS jsonb)) AS value))",
    "DELETE FROM telemetry_events WHERE id >= $1 AND id < $2 AND id IN (SELECT value FROM json_each($3))",
];

const FIRST_ID: [&str; 2] = [
    "SELECT CAST(id AS text) FROM telemetry_events WHERE id >= CAST($1 AS uuid) ORDER BY id LIMIT 1",
    "SELECT id FROM telemetry_events WHERE id >= $1 ORDER BY id LIMIT 1",
];

impl dyn Store + '_ {
    /// Notes that the events of a person, known by these ids, are to be removed.
    pub async fn request_erasure(
        &self,
        project_id: i32,
        user_ids: &[Uuid],
        now: Timestamp,
    ) -> StoreResult<String> {
        let id = random_id().to_string();
        let sql = "INSERT INTO erasures (id, project_id, user_ids, requested_at_ms) VALUES ($1, $2, $3, $4)";
        let user_ids = write_ids(user_ids);
        let values = [
            Value::Text(&id),
            Value::Int(project_id.into()),
            Value::Text(&user_ids),
            Value::Int(now.unix_ms()),
        ];
        self.execute(&[(sql, &values)]).await?;
        Ok(id)
    }

    /// The receipt of a project's erasure.
    pub async fn erasure(&self, project_id: i32, id: &str) -> StoreResult<Option<Erasure>> {
        let values = [Value::Int(project_id.into()), Value::Text(id)];
        let rows = self.select(select!("WHERE project_id = $1 AND id = $2"), &values).await?;
        rows.first().map(|row| read(row)).transpose()
    }

    /// Erasures that are not finished, the oldest first.
    pub async fn erasures_to_do(&self) -> StoreResult<Vec<Erasure>> {
        let rows =
            self.select(select!("WHERE finished_at_ms IS NULL ORDER BY requested_at_ms, id"), &[]).await?;
        rows.iter().map(|row| read(row)).collect()
    }

    /// Erasures whose persons are not forgotten: what a spool holds of them is not to be written.
    pub async fn erasures_remembered(&self) -> StoreResult<Vec<Erasure>> {
        let rows = self.select(select!("WHERE user_ids <> '[]' ORDER BY id"), &[]).await?;
        rows.iter().map(|row| read(row)).collect()
    }

    /// Does one step of an erasure; `false` when it is finished. One node at a time does this, see
    /// `take_lease`.
    pub async fn erase_some(&self, erasure: &Erasure, now: Timestamp) -> StoreResult<bool> {
        let id = Value::Text(&erasure.id);
        let below = erasure.done_below.unwrap_or(Uuid::nil());
        if erasure.done_below.is_none() {
            self.erase_quarantined(erasure).await?;
        }
        if below == Uuid::max() {
            let sql = "UPDATE erasures SET finished_at_ms = $2 WHERE id = $1 AND finished_at_ms IS NULL";
            self.execute(&[(sql, &[id, Value::Int(now.unix_ms())])]).await?;
            return Ok(false);
        }
        let end = self.end_of_range(below, now).await?;
        let (from, to) = (below.to_string(), end.to_string());
        let mut left = false;
        for user_id in &erasure.user_ids {
            left |= self.erase_range(erasure, (&from, &to), *user_id).await? == STEP_EVENTS;
        }
        if !left {
            let sql = "UPDATE erasures SET done_below = $2 WHERE id = $1";
            self.execute(&[(sql, &[id, Value::Text(&to)])]).await?;
        }
        Ok(true)
    }

    /// Removes some events of one user. Returns how many it found.
    async fn erase_range(
        &self,
        erasure: &Erasure,
        (from, to): (&str, &str),
        user_id: Uuid,
    ) -> StoreResult<usize> {
        let user_id = user_id.to_string();
        let values = [
            Value::Text(from),
            Value::Text(to),
            Value::Text(&user_id),
            Value::Int(erasure.project_id.into()),
            Value::Int(STEP_EVENTS as i64),
        ];
        let rows = self.select(self.pick(FIND), &values).await?;
        let ids: Vec<&str> = rows.iter().filter_map(|row| row.first()).map(Cell::text).collect();
        if ids.is_empty() {
            return Ok(0);
        }
        // Ids are written by databases: there is nothing in them to escape.
        let list = format!("[\"{}\"]", ids.join("\",\""));
        let count = "UPDATE erasures SET events = events + $2 WHERE id = $1";
        let removed = i64::try_from(ids.len()).unwrap_or(i64::MAX);
        self.execute(&[
            (count, &[Value::Text(&erasure.id), Value::Int(removed)]),
            (self.pick(REMOVE), &[Value::Text(from), Value::Text(to), Value::Text(&list)]),
        ])
        .await?;
        Ok(ids.len())
    }

    /// The quarantine of a project is small: all at once.
    async fn erase_quarantined(&self, erasure: &Erasure) -> StoreResult<()> {
        let count = "UPDATE erasures SET quarantined = quarantined + \
             (SELECT count(*) FROM quarantine WHERE project_id = $2 AND user_id = $3) WHERE id = $1";
        let remove = "DELETE FROM quarantine WHERE project_id = $1 AND user_id = $2";
        let project_id = Value::Int(erasure.project_id.into());
        for user_id in &erasure.user_ids {
            let user_id = user_id.to_string();
            let user_id = Value::Text(&user_id);
            let steps: [Step<'_>; 2] =
                [(count, &[Value::Text(&erasure.id), project_id, user_id]), (remove, &[project_id, user_id])];
            self.execute(&steps).await?;
        }
        Ok(())
    }

    /// Where a range of ids that begins at `from` ends: with the day, at most.
    async fn end_of_range(&self, from: Uuid, now: Timestamp) -> StoreResult<Uuid> {
        let first = lowest_id(FIRST_DAY_MS);
        if from < first {
            return Ok(first);
        }
        let last = lowest_id(now.unix_ms() + AHEAD_MS);
        // Days of which nothing is stored are passed over.
        let next = self.select(self.pick(FIRST_ID), &[Value::Text(&from.to_string())]).await?;
        let next = next.first().and_then(|row| row.first()).and_then(|id| Uuid::parse_str(id.text()).ok());
        match next {
            Some(next) if next < last => Ok(lowest_id((unix_ms(next).div_euclid(DAY_MS) + 1) * DAY_MS)),
            _ => Ok(Uuid::max()),
        }
    }

    /// Notes how many events of an erasure were kept out as a spool was drained.
    pub async fn erased_from_spool(&self, id: &str, events: u64) -> StoreResult<()> {
        let sql = "UPDATE erasures SET spooled = spooled + $2 WHERE id = $1";
        let events = i64::try_from(events).unwrap_or(i64::MAX);
        self.execute(&[(sql, &[Value::Text(id), Value::Int(events)])]).await?;
        Ok(())
    }

    /// Forgets of whom the events were that were erased before `cutoff`. The receipts stay.
    pub async fn forget_erased(&self, cutoff: Timestamp) -> StoreResult<()> {
        let sql = "UPDATE erasures SET user_ids = '[]' WHERE finished_at_ms < $1 AND user_ids <> '[]'";
        self.execute(&[(sql, &[Value::Int(cutoff.unix_ms())])]).await?;
        Ok(())
    }
}

/// The lowest id of a millisecond: its time, then zeros, so that ids of other versions sort into it too.
fn lowest_id(unix_ms: i64) -> Uuid {
    let first = EventId::v7(unix_ms, [0; 10]).as_uuid().as_u128();
    Uuid::from_u128(first >> 80 << 80)
}

fn unix_ms(id: Uuid) -> i64 {
    i64::try_from(id.as_u128() >> 80).unwrap_or(i64::MAX)
}

fn write_ids(ids: &[Uuid]) -> String {
    let ids: Vec<_> = ids.iter().map(|id| format!("\"{id}\"")).collect();
    format!("[{}]", ids.join(","))
}

fn read(row: &[Cell]) -> StoreResult<Erasure> {
    let broken = || StoreError::BadData("table erasures holds a row that is damaged".to_owned());
    let read = |row: &[Cell]| {
        let [id, project_id, user_ids, events, quarantined, spooled, requested_at, finished_at, done_below] =
            row
        else {
            return None;
        };
        let user_ids: Vec<String> = serde_json::from_str(user_ids.text()).ok()?;
        let user_ids = user_ids.iter().map(|id| Uuid::parse_str(id).ok()).collect::<Option<_>>()?;
        Some(Erasure {
            id: id.text().to_owned(),
            project_id: project_id.int().try_into().ok()?,
            user_ids,
            events: events.int(),
            quarantined: quarantined.int(),
            spooled: spooled.int(),
            requested_at: Timestamp::from_unix_ms(requested_at.int()),
            finished_at: (*finished_at != Cell::Null).then(|| Timestamp::from_unix_ms(finished_at.int())),
            done_below: Uuid::parse_str(done_below.text()).ok(),
        })
    };
    read(row).ok_or_else(broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_its_millisecond() {
        let id = EventId::v7(1_795_463_708_120, [0xff; 10]).as_uuid();
        assert_eq!(unix_ms(id), 1_795_463_708_120);
        assert!(lowest_id(1_795_463_708_120) < id && id < lowest_id(1_795_463_708_121));
    }
}
