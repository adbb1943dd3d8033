//! How many events there were in a range of time, from the rollups: exact, and cheap for any table.

use pharos_model::Timestamp;

use super::{
    Store, StoreResult,
    sql::{Dialect, Value},
};

const FIRST: [&str; 2] = [
    "SELECT CAST(extract(epoch FROM min(minute)) * 1000 AS bigint) FROM rollups WHERE project_id = $1",
    "SELECT CAST(strftime('%s', min(minute)) AS integer) * 1000 FROM rollups WHERE project_id = $1",
];

const IN_RANGE: [&str; 2] = [
    "SELECT CAST(coalesce(sum(count), 0) AS bigint) FROM rollups WHERE project_id = $1 \
     AND minute >= CAST($2 AS timestamptz) AND minute < CAST($3 AS timestamptz) AND ($4 = '' OR event = $4)",
    "SELECT coalesce(sum(count), 0) FROM rollups WHERE project_id = $1 \
     AND minute >= $2 AND minute < $3 AND ($4 = '' OR event = $4)",
];

const BY_SLICE: [&str; 2] = [
    "SELECT CAST(extract(epoch FROM minute) AS bigint) * 1000 / $4 * $4 AS slice, CAST(sum(count) AS bigint) \
     FROM rollups WHERE project_id = $1 AND minute >= CAST($2 AS timestamptz) AND minute < CAST($3 AS timestamptz) \
     GROUP BY 1 ORDER BY 1",
    "SELECT CAST(strftime('%s', minute) AS integer) * 1000 / $4 * $4 AS slice, sum(count) \
     FROM rollups WHERE project_id = $1 AND minute >= $2 AND minute < $3 GROUP BY 1 ORDER BY 1",
];

impl dyn Store + '_ {
    /// The minute of the project's first event, by the events' own time.
    pub async fn first_event_at(&self, project_id: i32) -> StoreResult<Option<Timestamp>> {
        let rows = self.select(self.pick(FIRST), &[Value::Int(project_id.into())]).await?;
        let first = rows.first().map_or(0, |row| row[0].int());
        Ok((first != 0).then(|| Timestamp::from_unix_ms(first)))
    }

    /// Events whose own time, cut to the minute, lies in the range; of one name, or of all.
    pub async fn count_events(
        &self,
        project_id: i32,
        event: Option<&str>,
        start: Timestamp,
        end: Timestamp,
    ) -> StoreResult<i64> {
        let (start, end) = (start.to_string(), end.to_string());
        let values = [
            Value::Int(project_id.into()),
            Value::Text(&start),
            Value::Text(&end),
            Value::Text(event.unwrap_or_default()),
        ];
        Ok(self.select(self.pick(IN_RANGE), &values).await?.first().map_or(0, |row| row[0].int()))
    }

    /// Events of the slices of `slice_ms` in the range, those without any left out: starts and counts.
    pub async fn count_by_slice(
        &self,
        project_id: i32,
        start: Timestamp,
        end: Timestamp,
        slice_ms: i64,
    ) -> StoreResult<Vec<(Timestamp, i64)>> {
        let (start, end) = (start.to_string(), end.to_string());
        let values =
            [Value::Int(project_id.into()), Value::Text(&start), Value::Text(&end), Value::Int(slice_ms)];
        let rows = self.select(self.pick(BY_SLICE), &values).await?;
        Ok(rows.iter().map(|row| (Timestamp::from_unix_ms(row[0].int()), row[1].int())).collect())
    }

    /// The statement for this database, of those for PostgreSQL and SQLite.
    pub(super) fn pick(&self, [postgres, sqlite]: [&'static str; 2]) -> &'static str {
        match self.dialect() {
            Dialect::Postgres => postgres,
            Dialect::Sqlite => sqlite,
        }
    }
}
