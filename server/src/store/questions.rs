//! Questions that no rollup answers, put to the events themselves: one event name over a range of time
//! (by the index on name and time), the sessions of late. They cost in proportion to the rows they read;
//! who asks bounds the range, and how many ask at once.

use futures_util::future::try_join;
use pharos_model::Timestamp;

use super::{
    Store, StoreResult,
    sql::{Cell, Dialect, Value, any_name},
};

pub use super::sql::Deed;

/// Conditions on properties, at most.
pub const FILTERS_MAX: usize = 4;

/// Which events a breakdown is of.
#[derive(Debug, Clone)]
pub struct Slice {
    /// Only this project's.
    pub project_id: i32,
    /// Only of this name.
    pub event: String,
    /// From this moment on.
    pub start: Timestamp,
    /// Up to, and without, this one.
    pub end: Timestamp,
    /// Only with properties of these values, as text; at most [`FILTERS_MAX`].
    pub filters: Vec<(String, String)>,
}

/// How often a property had a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueCount {
    /// As text; `None` where there was no such property, or `null`.
    pub value: Option<String>,
    /// Events.
    pub count: i64,
    /// Distinct users.
    pub users: i64,
}

/// What a session was.
#[derive(Debug, Clone)]
pub struct SessionSummary {
    /// Its id.
    pub session_id: String,
    /// The last user seen in it, by keyed id.
    pub user_id: Option<String>,
    /// Its first event.
    pub started_at: Timestamp,
    /// Its last event.
    pub ended_at: Timestamp,
    /// Events.
    pub count: i64,
    /// Name of the first.
    pub first_event: String,
    /// Name of the last.
    pub last_event: String,
}

/// Of whom a question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Users, of which anonymous ones are left out.
    User,
    /// Sessions.
    Session,
}

/// A value of a property: in PostgreSQL as text, in SQLite as JSON, which saves it a second look into the row;
/// `null` as none.
const BREAKDOWN: [&str; 2] = [
    "WITH seen AS ( \
        SELECT properties ->> $5 AS value, user_id, count(*) AS count FROM telemetry_events \
        WHERE project_id = $1 AND event = $2 \
          AND timestamp >= $3 AND timestamp < $4 \
          AND ($7 = '' OR properties ->> $7 = $8) AND ($9 = '' OR properties ->> $9 = $10) \
          AND ($11 = '' OR properties ->> $11 = $12) AND ($13 = '' OR properties ->> $13 = $14) \
        GROUP BY 1, 2 \
    ), counted AS ( \
        SELECT value, sum(count) AS count, count(user_id) AS users FROM seen GROUP BY 1 \
    ), top AS ( \
        SELECT value, count, users FROM counted WHERE value IS NOT NULL ORDER BY count DESC, value LIMIT $6 \
    ) \
    SELECT 1::bigint, value, count::bigint, users FROM top \
    UNION ALL SELECT 2, NULL, count::bigint, users FROM counted WHERE value IS NULL \
    UNION ALL SELECT 3, NULL, coalesce(sum(count), 0)::bigint, \
        (SELECT count(user_id) FROM (SELECT user_id FROM seen GROUP BY 1) AS users) FROM counted \
    ORDER BY 1, 3 DESC, 2",
    "WITH seen AS ( \
        SELECT nullif(properties -> $5, 'null') AS value, \
               user_id, count(*) AS count FROM telemetry_events \
        WHERE project_id = $1 AND event = $2 AND timestamp >= $3 AND timestamp < $4 \
          AND ($7 = '' OR CASE json_type(properties -> $7) WHEN 'text' THEN properties ->> $7 ELSE properties -> $7 END = $8) AND ($9 = '' OR CASE json_type(properties -> $9) WHEN 'text' THEN properties ->> $9 ELSE properties -> $9 END = $10) \
          AND ($11 = '' OR CASE json_type(properties -> $11) WHEN 'text' THEN properties ->> $11 ELSE properties -> $11 END = $12) AND ($13 = '' OR CASE json_type(properties -> $13) WHEN 'text' THEN properties ->> $13 ELSE properties -> $13 END = $14) \
        GROUP BY 1, 2 \
    ), counted AS ( \
        SELECT value, sum(count) AS count, count(user_id) AS users FROM seen GROUP BY 1 \
    ), top AS ( \
        SELECT value, count, users FROM counted WHERE value IS NOT NULL ORDER BY count DESC, value LIMIT $6 \
    ) \
    SELECT 1, value, count, users FROM top \
    UNION ALL SELECT 2, NULL, count, users FROM counted WHERE value IS NULL \
    UNION ALL SELECT 3, NULL, coalesce(sum(count), 0), (SELECT count(DISTINCT user_id) FROM seen) FROM counted \
    ORDER BY 1, 3 DESC, 2",
];

/// Of the last thousand events of a name.
const PROPERTIES: [&str; 2] = [
    "SELECT name, count(*) FROM ( \
        SELECT properties FROM telemetry_events WHERE project_id = $1 AND event = $2 ORDER BY timestamp DESC LIMIT 1000 \
     ) AS recent, jsonb_object_keys(properties) AS name GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 200",
    "SELECT names.key, count(*) FROM ( \
        SELECT properties FROM telemetry_events WHERE project_id = $1 AND event = $2 ORDER BY timestamp DESC LIMIT 1000 \
     ) AS recent, json_each(recent.properties) AS names GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 200",
];

const SESSIONS: [&str; 2] = [
    "SELECT session_id, max(user_id::text), \
            CAST(extract(epoch FROM min(timestamp)) * 1000 AS bigint), \
            CAST(extract(epoch FROM max(timestamp)) * 1000 AS bigint), count(*), \
            (array_agg(event ORDER BY timestamp, seq))[1], (array_agg(event ORDER BY timestamp DESC, seq DESC))[1] \
     FROM telemetry_events WHERE project_id = $1 AND session_id IS NOT NULL AND created_at >= $2 \
     GROUP BY 1 ORDER BY 4 DESC, 1 LIMIT $3",
    "SELECT session_id, max(user_id), \
            CAST(strftime('%s', min(timestamp)) AS integer) * 1000 + CAST(substr(min(timestamp), 21, 3) AS integer), \
            CAST(strftime('%s', max(timestamp)) AS integer) * 1000 + CAST(substr(max(timestamp), 21, 3) AS integer), \
            count(*), \
            substr(min(timestamp || printf('%012d', coalesce(seq, 0)) || event), 37), \
            substr(max(timestamp || printf('%012d', coalesce(seq, 0)) || event), 37) \
     FROM telemetry_events WHERE project_id = $1 AND session_id IS NOT NULL AND created_at >= $2 \
     GROUP BY 1 ORDER BY 4 DESC, 1 LIMIT $3",
];

/// Who did which of up to eight events, and when: three lists in one row, as a row for each event would cost more
/// than finding it. One more than asked for tells that there are too many.
macro_rules! steps_postgres {
    ($who:literal, $column:literal) => {
        concat!(
            "SELECT array_agg(who), array_agg(ms), array_agg(step) FROM ( \
                SELECT ", $who, " AS who, CAST(date_part('epoch', timestamp) * 1000 AS bigint) AS ms, \
                       CAST(CASE event WHEN $4 THEN 0 WHEN $5 THEN 1 WHEN $6 THEN 2 WHEN $7 THEN 3 WHEN $8 THEN 4 \
                                       WHEN $9 THEN 5 WHEN $10 THEN 6 ELSE 7 END AS bigint) AS step \
                FROM telemetry_events WHERE project_id = $1 AND event IN ($4, $5, $6, $7, $8, $9, $10, $11) \
                  AND timestamp >= $2 AND timestamp < $3 \
                  AND ", $column, " IS NOT NULL LIMIT $12 \
             ) AS deeds"
        )
    };
}
/// The rows in the order they lie in, so that each page is read once and not for each of the events.
macro_rules! steps_sqlite {
    ($column:literal) => {
        concat!(
            "SELECT json_group_array(who), json_group_array(timestamp), json_group_array(step) FROM ( \
                SELECT ", $column, " AS who, timestamp, \
                       CASE event WHEN $4 THEN 0 WHEN $5 THEN 1 WHEN $6 THEN 2 WHEN $7 THEN 3 WHEN $8 THEN 4 \
                                  WHEN $9 THEN 5 WHEN $10 THEN 6 ELSE 7 END AS step \
                FROM ( \
                    SELECT rowid AS place FROM telemetry_events \
                    WHERE event IN ($4, $5, $6, $7, $8, $9, $10, $11) AND timestamp >= $2 AND timestamp < $3 \
                    ORDER BY 1 \
                ) CROSS JOIN telemetry_events AS found ON found.rowid = place \
                WHERE project_id = $1 AND ", $column, " IS NOT NULL LIMIT $12 \
             )"
        )
    };
}
const STEPS_BY_USER: [&str; 2] =
    [steps_postgres!("uuid_hash_extended(user_id, 0)", "user_id"), steps_sqlite!("user_id")];
const STEPS_BY_SESSION: [&str; 2] =
    [steps_postgres!("hashtextextended(session_id, 0)", "session_id"), steps_sqlite!("session_id")];

/// In which quarters of an hour each user was there, and how often.
const QUARTERS: [&str; 2] = [
    "SELECT user_id::text, CAST(floor(date_part('epoch', timestamp) / 900) AS bigint) * 15, count(*) \
     FROM telemetry_events WHERE project_id = $1 AND timestamp >= $2 \
       AND timestamp < $3 AND user_id IS NOT NULL AND ($4 = '' OR event = $4) GROUP BY 1, 2",
    concat!(
        "SELECT user_id, CAST(strftime('%s', timestamp) AS integer) / 900 * 15, count(*) \
         FROM telemetry_events WHERE project_id = $1 AND timestamp >= $2 AND timestamp < $3 AND user_id IS NOT NULL \
           AND ",
        any_name!("$4"),
        " GROUP BY 1, 2"
    ),
];

impl dyn Store + '_ {
    /// Values of a property, the most frequent first and at most `limit`; then how many had none; last,
    /// all together.
    pub async fn breakdown(
        &self,
        slice: &Slice,
        property: &str,
        limit: u32,
    ) -> StoreResult<(Vec<ValueCount>, ValueCount, ValueCount)> {
        let mut values = vec![
            Value::Int(slice.project_id.into()),
            Value::Text(&slice.event),
            Value::Time(slice.start),
            Value::Time(slice.end),
            Value::Text(property),
            Value::Int(limit.into()),
        ];
        for filter in 0..FILTERS_MAX {
            let (name, value) = slice.filters.get(filter).map_or(("", ""), |(name, value)| (name, value));
            values.extend([Value::Text(name), Value::Text(value)]);
        }
        let none = || ValueCount { value: None, count: 0, users: 0 };
        let (mut found, mut missing, mut total) = (Vec::new(), none(), none());
        for row in self.select(self.pick(BREAKDOWN), &values).await? {
            let value = match &row[1] {
                // Strings are quoted there, and stand for themselves here.
                Cell::Text(json) if self.dialect() == Dialect::Sqlite && json.starts_with('"') => {
                    Some(serde_json::from_str(json).unwrap_or_else(|_| json.clone()))
                }
                Cell::Text(text) => Some(text.clone()),
                Cell::Int(number) => Some(number.to_string()),
                Cell::Bytes(_) | Cell::Null => None,
            };
            let count = ValueCount { value, count: row[2].int(), users: row[3].int() };
            match row[0].int() {
                1 => found.push(count),
                2 => missing = count,
                _ => total = count,
            }
        }
        Ok((found, missing, total))
    }

    /// Names of properties that the last events of a name had, and how many of them.
    pub async fn property_names(&self, project_id: i32, event: &str) -> StoreResult<Vec<(String, i64)>> {
        let values = [Value::Int(project_id.into()), Value::Text(event)];
        let rows = self.select(self.pick(PROPERTIES), &values).await?;
        Ok(rows.iter().map(|row| (row[0].text().to_owned(), row[1].int())).collect())
    }

    /// The sessions of which something was received since `since`, as far as that goes back; the last first.
    pub async fn sessions(
        &self,
        project_id: i32,
        since: Timestamp,
        limit: u32,
    ) -> StoreResult<Vec<SessionSummary>> {
        let values = [Value::Int(project_id.into()), Value::Time(since), Value::Int(limit.into())];
        let rows = self.select(self.pick(SESSIONS), &values).await?;
        let session = |row: &Vec<Cell>| SessionSummary {
            session_id: row[0].text().to_owned(),
            user_id: Some(row[1].text().to_owned()).filter(|id| !id.is_empty()),
            started_at: Timestamp::from_unix_ms(row[2].int()),
            ended_at: Timestamp::from_unix_ms(row[3].int()),
            count: row[4].int(),
            first_event: row[5].text().to_owned(),
            last_event: row[6].text().to_owned(),
        };
        Ok(rows.iter().map(session).collect())
    }

    /// Who did which of `steps` (from 0, at most eight) and when, in milliseconds since 1970, in no order; at most
    /// `limit` of them. SQLite is asked for two halves side by side, as such a question is most of a second of work for
    /// one core; PostgreSQL divides it by itself.
    pub async fn steps(
        &self,
        project_id: i32,
        steps: &[String],
        by: By,
        (start, end): (Timestamp, Timestamp),
        limit: usize,
    ) -> StoreResult<Vec<Deed>> {
        let middle = Timestamp::from_unix_ms(start.unix_ms().midpoint(end.unix_ms()));
        let ask = async |start: Timestamp, end: Timestamp| {
            let mut values = vec![Value::Int(project_id.into()), Value::Time(start), Value::Time(end)];
            values.extend((0..8).map(|step| Value::Text(steps.get(step).map_or("", String::as_str))));
            values.push(Value::Int(i64::try_from(limit).unwrap_or(i64::MAX)));
            let sql = self.pick(if by == By::User { STEPS_BY_USER } else { STEPS_BY_SESSION });
            self.select_deeds(sql, &values).await
        };
        if self.dialect() == Dialect::Postgres {
            return ask(start, end).await;
        }
        let (mut deeds, mut later) = try_join(ask(start, middle), ask(middle, end)).await?;
        deeds.append(&mut later);
        deeds.truncate(limit);
        Ok(deeds)
    }

    /// Tells `each` in which quarters of an hour (minutes since 1970) each user was there, in no order.
    pub async fn active_quarters(
        &self,
        project_id: i32,
        event: Option<&str>,
        (start, end): (Timestamp, Timestamp),
        each: &mut (dyn for<'r> FnMut(&'r str, i64, i64) -> bool + Send),
    ) -> StoreResult<()> {
        let values = [
            Value::Int(project_id.into()),
            Value::Time(start),
            Value::Time(end),
            Value::Text(event.unwrap_or_default()),
        ];
        self.select_each(self.pick(QUARTERS), &values, each).await
    }
}
