//! Rollups made again from the events, hour by hour, while writers go on writing; and how far back that is
//! possible, since rollups outlive the events. The steps themselves are each database's own.

use pharos_model::Timestamp;

use super::{
    DAY_MS, Store, StoreResult,
    rollup::{Size, minute_of, moment_of},
    sql::Value,
};

/// The name of a fact: a time before which events were removed.
const REMOVED_BEFORE: &str = "events_removed_before";

/// Days after that time of which the table may lack something as well: of one, because events may be dated a day
/// ahead of their receipt, and of one, because retention goes by whole days.
const MARGIN_DAYS: i64 = 2;

/// Hours in which stored events happened.
const STORED: [&str; 2] = [
    "SELECT CAST(extract(epoch FROM hour) / 60 AS bigint), count FROM ( \
        SELECT date_bin('1 hour', timestamp, '2000-01-01Z') AS hour, count(*) AS count FROM telemetry_events \
        WHERE project_id = $1 AND timestamp >= $2 GROUP BY 1 \
     ) AS hours ORDER BY 1",
    "SELECT CAST(strftime('%s', hour || ':00:00Z') AS integer) / 60, count FROM ( \
        SELECT substr(timestamp, 1, 13) AS hour, count(*) AS count FROM telemetry_events \
        WHERE project_id = $1 AND timestamp >= $2 GROUP BY 1 \
     ) ORDER BY 1",
];

/// Hours that rollups know.
const KNOWN: [&str; 2] = [
    "SELECT DISTINCT CAST(extract(epoch FROM date_bin('1 hour', minute, '2000-01-01Z')) / 60 AS bigint) FROM rollups \
     WHERE project_id = $1 AND minute >= $2 \
     UNION SELECT start_minute / 60 * 60 FROM rollup_buckets \
     WHERE project_id = $1 AND minutes = 15 AND event = '' AND start_minute >= $3 ORDER BY 1",
    "SELECT DISTINCT CAST(strftime('%s', substr(minute, 1, 13) || ':00:00Z') AS integer) / 60 FROM rollups \
     WHERE project_id = $1 AND minute >= $2 \
     UNION SELECT start_minute / 60 * 60 FROM rollup_buckets \
     WHERE project_id = $1 AND minutes = 15 AND event = '' AND start_minute >= $3 ORDER BY 1",
];

/// An hour of which rollups can be made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredHour {
    /// Its first minute, since 1970.
    pub start: i64,
    /// Events of it in the table.
    pub events: i64,
}

impl dyn Store + '_ {
    /// Notes that events received before `cutoff` are being removed: rollups know more than the table then.
    pub async fn note_removed_before(&self, cutoff: Timestamp) -> StoreResult<()> {
        if self.removed_before().await?.is_none_or(|known| known < cutoff) {
            self.note(REMOVED_BEFORE, &cutoff.to_string()).await?;
        }
        Ok(())
    }

    /// Events received before this time have been removed.
    pub async fn removed_before(&self) -> StoreResult<Option<Timestamp>> {
        let sql = "SELECT value FROM facts WHERE name = $1";
        let rows = self.select(sql, &[Value::Text(REMOVED_BEFORE)]).await?;
        Ok(rows.first().and_then(|row| Timestamp::parse_rfc3339(row[0].text())))
    }

    /// From this minute on (since 1970) the table holds all that happened, so that rollups can be held against it.
    pub async fn whole_since(&self) -> StoreResult<i64> {
        let Some(removed) = self.removed_before().await? else { return Ok(0) };
        let since = Timestamp::from_unix_ms(removed.unix_ms() + MARGIN_DAYS * DAY_MS);
        Ok(Size::Day.floor(minute_of(since)))
    }

    /// The hours from minute `since` on of which something is stored or known, oldest first. Reads all events:
    /// this may take much longer than the store timeout.
    pub async fn hours_to_rebuild(&self, project_id: i32, since: i64) -> StoreResult<Vec<StoredHour>> {
        let project = Value::Int(project_id.into());
        let moment = moment_of(since);
        let stored = self.select_slowly(self.pick(STORED), &[project, Value::Time(moment)]).await?;
        let mut hours: Vec<StoredHour> =
            stored.iter().map(|row| StoredHour { start: row[0].int(), events: row[1].int() }).collect();
        let values = [project, Value::Time(moment), Value::Int(since)];
        for row in self.select_slowly(self.pick(KNOWN), &values).await? {
            let start = row[0].int();
            if let Err(at) = hours.binary_search_by_key(&start, |hour| hour.start) {
                hours.insert(at, StoredHour { start, events: 0 });
            }
        }
        Ok(hours)
    }
}
