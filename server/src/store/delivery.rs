//! What the numbers of the sessions' events tell: how many were made and how many are stored, added up by
//! slices of ten minutes. How a slice is judged is told in `query::delivery`.

use pharos_model::Timestamp;

use super::{
    Store, StoreResult,
    sql::{Cell, Value, any_name},
};

/// Milliseconds of a slice. Short, so that what a busy server derives anew each minute stays small.
pub const SLICE_MS: i64 = 600_000;

/// Sessions written by one statement.
const SESSIONS_AT_ONCE: usize = 500;

/// What is known of ten minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    /// Their start.
    pub start: Timestamp,
    /// Events that the rollups counted when it was added up.
    pub counted: i64,
}

/// What the numbers of an hour's events tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HourOfDelivery {
    /// Its start.
    pub hour: Timestamp,
    /// Numbered events that were made.
    pub expected: i64,
    /// Those of them that are stored.
    pub arrived: i64,
}

const SESSIONS: [&str; 2] = [
    "SELECT session_id, CAST(max(seq) AS bigint), count(DISTINCT seq) FROM telemetry_events \
     WHERE project_id = $1 AND timestamp >= $2 AND timestamp < $3 \
       AND session_id IS NOT NULL AND seq IS NOT NULL GROUP BY session_id",
    concat!(
        "SELECT session_id, max(seq), count(DISTINCT seq) FROM telemetry_events \
         WHERE project_id = $1 AND timestamp >= $2 AND timestamp < $3 \
           AND session_id IS NOT NULL AND seq IS NOT NULL AND ",
        any_name!("''"),
        " GROUP BY session_id"
    ),
];

/// What an earlier pass wrote is replaced; what this one wrote, of another part of the slice, is added to.
const KEEP_SESSIONS: [&str; 2] = [
    "INSERT INTO delivery_sessions AS kept (project_id, session_id, slice_ms, derivation, last_seq, count) \
     SELECT $1, it ->> 0, $2, $3, CAST(it ->> 1 AS bigint), CAST(it ->> 2 AS bigint) \
     FROM json_array_elements(CAST($4 AS json)) AS it \
     ON CONFLICT (project_id, session_id, slice_ms) DO UPDATE SET derivation = excluded.derivation, \
       last_seq = CASE WHEN kept.derivation = excluded.derivation \
           THEN greatest(kept.last_seq, excluded.last_seq) ELSE excluded.last_seq END, \
       count = CASE WHEN kept.derivation = excluded.derivation THEN kept.count ELSE 0 END + excluded.count",
    "INSERT INTO delivery_sessions AS kept (project_id, session_id, slice_ms, derivation, last_seq, count) \
     SELECT $1, json_extract(value, '$[0]'), $2, $3, json_extract(value, '$[1]'), json_extract(value, '$[2]') \
     FROM json_each($4) WHERE true \
     ON CONFLICT (project_id, session_id, slice_ms) DO UPDATE SET derivation = excluded.derivation, \
       last_seq = CASE WHEN kept.derivation = excluded.derivation \
           THEN max(kept.last_seq, excluded.last_seq) ELSE excluded.last_seq END, \
       count = CASE WHEN kept.derivation = excluded.derivation THEN kept.count ELSE 0 END + excluded.count",
];

/// A session is expected to have made what lies between the last number known of it before the slice and the
/// last one in it, and at least what arrived.
const ADD_UP: &str = "\
    SELECT CAST(coalesce(sum(CASE WHEN made > count THEN made ELSE count END), 0) AS bigint), \
           CAST(coalesce(sum(count), 0) AS bigint) \
    FROM (SELECT now.count AS count, now.last_seq - coalesce( \
              (SELECT max(before.last_seq) FROM delivery_sessions AS before \
               WHERE before.project_id = now.project_id AND before.session_id = now.session_id \
                 AND before.slice_ms < now.slice_ms), -1) AS made \
          FROM delivery_sessions AS now WHERE now.project_id = $1 AND now.slice_ms = $2) AS sessions";

const KEEP_SUMS: &str = "\
    INSERT INTO delivery_slices (project_id, slice_ms, expected, arrived, counted) VALUES ($1, $2, $3, $4, $5) \
    ON CONFLICT (project_id, slice_ms) DO UPDATE \
    SET expected = excluded.expected, arrived = excluded.arrived, counted = excluded.counted";

/// A part of a slice, of which a pass reads the events at once.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// The start of the slice.
    pub slice: Timestamp,
    /// From when, inclusive.
    pub start: Timestamp,
    /// Until when, exclusive.
    pub end: Timestamp,
    /// The pass: any number that no other has.
    pub derivation: i64,
}

impl dyn Store + '_ {
    /// Derives from the events of a part how far sessions had come.
    pub async fn derive_delivery(&self, project_id: i32, part: Part) -> StoreResult<()> {
        let range = [Value::Int(project_id.into()), Value::Time(part.start), Value::Time(part.end)];
        let sessions = self.select(self.pick(SESSIONS), &range).await?;
        for sessions in sessions.chunks(SESSIONS_AT_ONCE) {
            let sessions: Vec<_> =
                sessions.iter().map(|row| (row[0].text(), row[1].int(), row[2].int())).collect();
            let sessions = serde_json::to_string(&sessions).expect("strings and numbers are JSON");
            let values = [
                Value::Int(project_id.into()),
                Value::Int(part.slice.unix_ms()),
                Value::Int(part.derivation),
                Value::Text(&sessions),
            ];
            self.execute(&[(self.pick(KEEP_SESSIONS), &values)]).await?;
        }
        Ok(())
    }

    /// Adds a slice up, of which all parts are derived; or again, after an earlier one of the same sessions has
    /// changed.
    pub async fn add_up_delivery(&self, project_id: i32, slice: Slice) -> StoreResult<()> {
        let project_and_slice = [Value::Int(project_id.into()), Value::Int(slice.start.unix_ms())];
        // Apart from writing the sums: on SQLite whoever writes has everybody wait who wants to.
        let rows = self.select(ADD_UP, &project_and_slice).await?;
        let Some(sums) = rows.first() else { return Ok(()) };
        let [project_id, slice_ms] = project_and_slice;
        let values = [
            project_id,
            slice_ms,
            Value::Int(sums[0].int()),
            Value::Int(sums[1].int()),
            Value::Int(slice.counted),
        ];
        self.execute(&[(KEEP_SUMS, &values)]).await.map(drop)
    }

    /// The slices added up so far, oldest first.
    pub async fn delivery_slices(
        &self,
        project_id: i32,
        start: Timestamp,
        end: Timestamp,
    ) -> StoreResult<Vec<Slice>> {
        let values = [Value::Int(project_id.into()), Value::Int(start.unix_ms()), Value::Int(end.unix_ms())];
        let sql = "SELECT slice_ms, counted FROM delivery_slices \
             WHERE project_id = $1 AND slice_ms >= $2 AND slice_ms < $3 ORDER BY 1";
        let rows = self.select(sql, &values).await?;
        let slice =
            |row: &Vec<Cell>| Slice { start: Timestamp::from_unix_ms(row[0].int()), counted: row[1].int() };
        Ok(rows.iter().map(slice).collect())
    }

    /// The hours of a range that have numbered events, oldest first.
    pub async fn delivery(
        &self,
        project_id: i32,
        start: Timestamp,
        end: Timestamp,
    ) -> StoreResult<Vec<HourOfDelivery>> {
        let values = [Value::Int(project_id.into()), Value::Int(start.unix_ms()), Value::Int(end.unix_ms())];
        let sql = "SELECT slice_ms / 3600000 * 3600000, CAST(sum(expected) AS bigint), CAST(sum(arrived) AS bigint) \
             FROM delivery_slices WHERE project_id = $1 AND slice_ms >= $2 AND slice_ms < $3 \
             GROUP BY 1 HAVING sum(expected) > 0 ORDER BY 1";
        let rows = self.select(sql, &values).await?;
        let hour = |row: &Vec<Cell>| HourOfDelivery {
            hour: Timestamp::from_unix_ms(row[0].int()),
            expected: row[1].int(),
            arrived: row[2].int(),
        };
        Ok(rows.iter().map(hour).collect())
    }

    /// Events that SDKs said, in the hours of a range, they had given up: reasons and counts, by reason.
    pub async fn dropped(
        &self,
        project_id: i32,
        start: Timestamp,
        end: Timestamp,
    ) -> StoreResult<Vec<(String, i64)>> {
        const DROPPED: [&str; 2] = [
            "SELECT reason, CAST(sum(count) AS bigint) FROM dropped_events WHERE project_id = $1 \
             AND hour >= $2 AND hour < $3 GROUP BY 1 ORDER BY 1",
            "SELECT reason, sum(count) FROM dropped_events WHERE project_id = $1 \
             AND hour >= $2 AND hour < $3 GROUP BY 1 ORDER BY 1",
        ];
        let values = [Value::Int(project_id.into()), Value::Time(start), Value::Time(end)];
        let rows = self.select(self.pick(DROPPED), &values).await?;
        Ok(rows.iter().map(|row| (row[0].text().to_owned(), row[1].int())).collect())
    }

    /// Forgets how far sessions had come before `cutoff`; the sums stay.
    pub async fn forget_delivery_sessions(&self, cutoff: Timestamp) -> StoreResult<u64> {
        let sql = "DELETE FROM delivery_sessions WHERE slice_ms IN \
             (SELECT DISTINCT slice_ms FROM delivery_sessions WHERE slice_ms < $1 ORDER BY slice_ms LIMIT 10)";
        self.execute(&[(sql, &[Value::Int(cutoff.unix_ms())])]).await
    }
}
