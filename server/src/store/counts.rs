//! How many events there were in a range of time, from the rollups: exact, and cheap for any table.

use pharos_model::Timestamp;

use super::{
    Store, StoreResult,
    rollup::{ALL_EVENTS, Size, moment_of},
    sql::{Dialect, Value},
};

const FIRST: [&str; 2] = [
    "SELECT CAST(extract(epoch FROM min(minute)) * 1000 AS bigint) FROM ( \
        SELECT min(minute) AS minute FROM rollup_sums WHERE project_id = $1 \
        UNION ALL SELECT min(minute) FROM rollup_deltas WHERE project_id = $1 \
     ) AS firsts",
    "SELECT CAST(strftime('%s', min(minute)) AS integer) * 1000 FROM ( \
        SELECT min(minute) AS minute FROM rollup_sums WHERE project_id = $1 \
        UNION ALL SELECT min(minute) FROM rollup_deltas WHERE project_id = $1 \
     )",
];

/// Whole hours from their buckets, the minutes before and after them from the sums, the rest from what is not
/// folded yet: weeks are some hundred rows.
const IN_RANGE: [&str; 2] = [
    "SELECT CAST(coalesce(sum(count), 0) AS bigint) FROM ( \
        SELECT count FROM rollup_buckets WHERE project_id = $1 AND minutes = 60 AND event = $4 \
          AND start_minute >= $5 AND start_minute < $6 \
        UNION ALL \
        SELECT count FROM rollup_sums WHERE project_id = $1 AND ($4 = '' OR event = $4) \
          AND minute >= $2 AND minute < $7 \
        UNION ALL \
        SELECT count FROM rollup_sums WHERE project_id = $1 AND ($4 = '' OR event = $4) \
          AND minute >= $8 AND minute < $3 \
        UNION ALL \
        SELECT count FROM rollup_deltas WHERE project_id = $1 AND ($4 = '' OR event = $4) \
          AND minute >= $2 AND minute < $3 \
     ) AS counts",
    "SELECT coalesce(sum(count), 0) FROM ( \
        SELECT count FROM rollup_buckets WHERE project_id = $1 AND minutes = 60 AND event = $4 \
          AND start_minute >= $5 AND start_minute < $6 \
        UNION ALL \
        SELECT count FROM rollup_sums WHERE project_id = $1 AND ($4 = '' OR event = $4) AND minute >= $2 AND minute < $7 \
        UNION ALL \
        SELECT count FROM rollup_sums WHERE project_id = $1 AND ($4 = '' OR event = $4) AND minute >= $8 AND minute < $3 \
        UNION ALL \
        SELECT count FROM rollup_deltas WHERE project_id = $1 AND ($4 = '' OR event = $4) AND minute >= $2 AND minute < $3 \
     )",
];

const BY_SLICE: [&str; 2] = [
    "SELECT CAST(extract(epoch FROM minute) AS bigint) * 1000 / $4 * $4 AS slice, CAST(sum(count) AS bigint) \
     FROM rollups WHERE project_id = $1 AND minute >= $2 AND minute < $3 \
     GROUP BY 1 ORDER BY 1",
    "SELECT CAST(strftime('%s', minute) AS integer) * 1000 / $4 * $4 AS slice, sum(count) \
     FROM rollups WHERE project_id = $1 AND minute >= $2 AND minute < $3 GROUP BY 1 ORDER BY 1",
];

/// The minutes between which the whole hours of a range lie; where it has none, both are the minute after its last.
fn whole_hours(start: Timestamp, end: Timestamp) -> (i64, i64) {
    let up = |at: Timestamp, size: i64| at.unix_ms().div_euclid(60_000).div_euclid(size) * size;
    let minutes = Size::Hour.minutes();
    let first = up(Timestamp::from_unix_ms(start.unix_ms() + minutes * 60_000 - 1), minutes);
    let last = up(end, minutes);
    if first < last {
        (first, last)
    } else {
        let after = up(Timestamp::from_unix_ms(end.unix_ms() + 59_999), 1);
        (after, after)
    }
}

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
        let (hours_start, hours_end) = whole_hours(start, end);
        let (before, after) = (moment_of(hours_start), moment_of(hours_end));
        let values = [
            Value::Int(project_id.into()),
            Value::Time(start),
            Value::Time(end),
            Value::Text(event.unwrap_or(ALL_EVENTS)),
            Value::Int(hours_start),
            Value::Int(hours_end),
            Value::Time(before),
            Value::Time(after),
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
        let values =
            [Value::Int(project_id.into()), Value::Time(start), Value::Time(end), Value::Int(slice_ms)];
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_whole_hours_or_none() {
        let at = |text: &str| Timestamp::parse_rfc3339(&format!("2026-11-25T{text}Z")).unwrap();
        let hours = |start, end| {
            let (first, last) = whole_hours(at(start), at(end));
            [first, last].map(|minute| moment_of(minute).to_string()[11..16].to_owned())
        };
        assert_eq!(hours("10:00:00", "12:00:00"), ["10:00", "12:00"]);
        assert_eq!(hours("09:59:00", "12:59:59.999"), ["10:00", "12:00"]);
        assert_eq!(hours("10:00:00.001", "12:30:00"), ["11:00", "12:00"]);
        assert_eq!(hours("10:05:00", "11:30:00"), ["11:30", "11:30"], "no whole one");
        assert_eq!(hours("10:05:00", "10:30:10"), ["10:31", "10:31"]);
    }
}
