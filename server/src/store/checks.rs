//! What `pharos doctor` reads: the database as it is found, and the rollups held against the events.

use pharos_model::Timestamp;

use super::{
    Store, StoreResult, migrations,
    rollup::moment_of,
    sql::{Cell, Dialect, Value, any_name},
};

/// How the schema differs from the one that this program knows.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Schema {
    /// Steps not taken yet.
    pub missing: Vec<String>,
    /// Steps of a newer program.
    pub unknown: Vec<i64>,
    /// Steps that broke off, or were another text when they were taken.
    pub broken: Vec<i64>,
}

/// What a PostgreSQL server says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Such as 150018.
    pub version: i64,
    /// Its clock.
    pub now: Timestamp,
    /// Settings that are off and without which what is committed may be lost.
    pub careless: Vec<String>,
    /// Whether there is a partition for the events of tomorrow.
    pub has_room: bool,
    /// Events in no day's partition, about.
    pub astray: i64,
}

/// An hour, or a day, in which rollups and table differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Its first minute.
    pub start: Timestamp,
    /// Name of the events; empty for all together.
    pub event: String,
    /// Which rollup, in words.
    pub rollup: &'static str,
    /// Events in the table, or where two rollups are compared, in the finer one.
    pub stored: i64,
    /// Events it counts.
    pub counted: i64,
}

/// Users and sessions of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Distinct {
    /// Its first minute.
    pub day: Timestamp,
    /// In the table, users and sessions.
    pub stored: (i64, i64),
    /// As the rollups estimate.
    pub estimated: (i64, i64),
}

const SERVER: &str = "\
    SELECT CAST(current_setting('server_version_num') AS bigint), \
           CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint), \
           concat_ws(', ', CASE WHEN current_setting('fsync') = 'off' THEN 'fsync' END, \
                           CASE WHEN current_setting('synchronous_commit') = 'off' THEN 'synchronous_commit' END, \
                           CASE WHEN current_setting('full_page_writes') = 'off' THEN 'full_page_writes' END), \
           CAST((SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relname = \
                 'telemetry_events_' || to_char((now() + interval '1 day') AT TIME ZONE 'UTC', 'YYYYMMDD')) AS bigint), \
           CAST((SELECT coalesce(max(reltuples), 0) FROM pg_class WHERE relname = 'telemetry_events_other') AS bigint)";

const NEWEST: [&str; 2] = [
    "SELECT CAST(extract(epoch FROM created_at) * 1000 AS bigint) FROM telemetry_events ORDER BY id DESC LIMIT 1",
    "SELECT CAST(strftime('%s', max(created_at)) AS integer) * 1000 FROM telemetry_events",
];

/// By hour, as of one moment: the table, the counts by minute, and the buckets with what waits to be folded.
const BY_HOUR: [&str; 2] = [
    "WITH counted AS ( \
        SELECT event, CAST(extract(epoch FROM hour) / 60 AS bigint) AS start, count AS stored, 0 AS minutes, 0 AS quarters, 0 AS hours \
        FROM (SELECT event, date_bin('1 hour', timestamp, '2000-01-01Z') AS hour, count(*) AS count \
              FROM telemetry_events WHERE project_id = $1 AND timestamp >= $2 GROUP BY 1, 2) AS found \
        UNION ALL \
        SELECT event, CAST(extract(epoch FROM date_bin('1 hour', minute, '2000-01-01Z')) / 60 AS bigint), 0, count, 0, 0 \
        FROM rollup_sums WHERE project_id = $1 AND minute >= $2 \
        UNION ALL \
        SELECT event, CAST(extract(epoch FROM date_bin('1 hour', minute, '2000-01-01Z')) / 60 AS bigint), 0, count, count, count \
        FROM rollup_deltas WHERE project_id = $1 AND minute >= $2 \
        UNION ALL \
        SELECT event, start_minute / 60 * 60, 0, 0, CASE minutes WHEN 15 THEN count ELSE 0 END, CASE minutes WHEN 60 THEN count ELSE 0 END \
        FROM rollup_buckets WHERE project_id = $1 AND minutes IN (15, 60) AND event <> '' AND start_minute >= $3 \
     ) \
     SELECT start, event, CAST(sum(stored) AS bigint), CAST(sum(minutes) AS bigint), CAST(sum(quarters) AS bigint), \
            CAST(sum(hours) AS bigint) FROM counted GROUP BY 1, 2 \
     HAVING sum(stored) <> sum(minutes) OR sum(stored) <> sum(quarters) OR sum(stored) <> sum(hours) ORDER BY 1, 2",
    "WITH counted AS ( \
        SELECT event, CAST(strftime('%s', hour || ':00:00Z') AS integer) / 60 AS start, count AS stored, 0 AS minutes, 0 AS quarters, 0 AS hours \
        FROM (SELECT event, substr(timestamp, 1, 13) AS hour, count(*) AS count \
              FROM telemetry_events WHERE project_id = $1 AND timestamp >= $2 GROUP BY 1, 2) \
        UNION ALL \
        SELECT event, CAST(strftime('%s', minute) AS integer) / 3600 * 60, 0, count, 0, 0 \
        FROM rollup_sums WHERE project_id = $1 AND minute >= $2 \
        UNION ALL \
        SELECT event, CAST(strftime('%s', minute) AS integer) / 3600 * 60, 0, count, count, count \
        FROM rollup_deltas WHERE project_id = $1 AND minute >= $2 \
        UNION ALL \
        SELECT event, start_minute / 60 * 60, 0, 0, iif(minutes = 15, count, 0), iif(minutes = 60, count, 0) \
        FROM rollup_buckets WHERE project_id = $1 AND minutes IN (15, 60) AND event <> '' AND start_minute >= $3 \
     ) \
     SELECT start, event, sum(stored), sum(minutes), sum(quarters), sum(hours) FROM counted GROUP BY 1, 2 \
     HAVING sum(stored) <> sum(minutes) OR sum(stored) <> sum(quarters) OR sum(stored) <> sum(hours) ORDER BY 1, 2",
];

/// Buckets of days against those of their hours, and buckets of all events against those of each name. One
/// snapshot, in which a fold has changed all of them or none.
const BY_DAY: &str = "\
    WITH counted AS ( \
        SELECT event, minutes, start_minute / 1440 * 1440 AS start, \
               CASE WHEN minutes = 60 THEN count ELSE 0 END AS hours, CASE WHEN minutes = 1440 THEN count ELSE 0 END AS days, \
               CASE WHEN minutes = 60 AND event <> '' THEN count ELSE 0 END AS names, \
               CASE WHEN minutes = 60 AND event = '' THEN count ELSE 0 END AS together \
        FROM rollup_buckets WHERE project_id = $1 AND minutes IN (60, 1440) AND start_minute >= $2 \
    ) \
    SELECT start, event, CAST(sum(hours) AS bigint), CAST(sum(days) AS bigint), CAST(1 AS bigint) FROM counted \
    GROUP BY 1, 2 HAVING sum(hours) <> sum(days) \
    UNION ALL \
    SELECT start, '', CAST(sum(names) AS bigint), CAST(sum(together) AS bigint), CAST(2 AS bigint) FROM counted \
    GROUP BY 1 HAVING sum(names) <> sum(together) ORDER BY 1, 2";

const DISTINCT: [&str; 2] = [
    "SELECT count(DISTINCT user_id), count(DISTINCT session_id) FROM telemetry_events \
     WHERE project_id = $1 AND timestamp >= $2 AND timestamp < $3",
    concat!(
        "SELECT count(DISTINCT user_id), count(DISTINCT session_id) FROM telemetry_events \
         WHERE project_id = $1 AND timestamp >= $2 AND timestamp < $3 AND ",
        any_name!("''")
    ),
];

impl dyn Store + '_ {
    /// What is known of this database under `name`: what was noted, or remembered.
    pub async fn fact(&self, name: &str) -> StoreResult<Option<String>> {
        let rows = self.select("SELECT value FROM facts WHERE name = $1", &[Value::Text(name)]).await?;
        Ok(rows.first().map(|row| row[0].text().to_owned()))
    }

    /// The schema as it is found.
    pub async fn schema(&self) -> StoreResult<Schema> {
        let any = [
            "SELECT count(*) FROM pg_class WHERE relname = '_sqlx_migrations'",
            "SELECT count(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'",
        ];
        let migrator = match self.dialect() {
            Dialect::Postgres => migrations::postgres(),
            Dialect::Sqlite => migrations::sqlite(),
        };
        let mut taken = Vec::new();
        if self.select(self.pick(any), &[]).await?.first().is_some_and(|row| row[0].int() > 0) {
            let sql = "SELECT CAST(version AS bigint), CAST(CASE WHEN success THEN 1 ELSE 0 END AS bigint), checksum \
                 FROM _sqlx_migrations ORDER BY version";
            taken = self.select(sql, &[]).await?;
        }
        let mut schema = Schema::default();
        for step in migrator.iter() {
            let row = taken.iter().find(|row| row[0].int() == step.version);
            match row {
                None => schema.missing.push(format!("{:04}_{}", step.version, step.description)),
                Some(row) if row[1].int() == 0 || row[2].bytes() != &*step.checksum => {
                    schema.broken.push(step.version);
                }
                Some(_) => {}
            }
        }
        let known = |row: &&Vec<Cell>| !migrator.iter().any(|step| step.version == row[0].int());
        schema.unknown = taken.iter().filter(known).map(|row| row[0].int()).collect();
        Ok(schema)
    }

    /// What the database server says of itself; `None` for SQLite, which is no server.
    pub async fn server(&self) -> StoreResult<Option<Server>> {
        if self.dialect() == Dialect::Sqlite {
            return Ok(None);
        }
        let rows = self.select(SERVER, &[]).await?;
        Ok(rows.first().map(|row| Server {
            version: row[0].int(),
            now: Timestamp::from_unix_ms(row[1].int()),
            careless: row[2].text().split(", ").filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            has_room: row[3].int() > 0,
            astray: row[4].int(),
        }))
    }

    /// What is wrong with an SQLite file; `None` if nothing is, and for PostgreSQL. Reads the whole file.
    pub async fn damage(&self) -> StoreResult<Option<String>> {
        if self.dialect() == Dialect::Postgres {
            return Ok(None);
        }
        let rows = self.select_slowly("PRAGMA quick_check(1)", &[]).await?;
        let said = rows.first().map_or("", |row| row[0].text());
        Ok((said != "ok").then(|| said.to_owned()))
    }

    /// When the newest event was received, to the second at least.
    pub async fn newest_receipt(&self) -> StoreResult<Option<Timestamp>> {
        let rows = self.select(self.pick(NEWEST), &[]).await?;
        let ms = rows.first().map_or(0, |row| row[0].int());
        Ok((ms > 0).then(|| Timestamp::from_unix_ms(ms)))
    }

    /// Deltas that wait to be folded.
    pub async fn deltas_waiting(&self) -> StoreResult<i64> {
        let sql = "SELECT (SELECT count(*) FROM rollup_deltas) + (SELECT count(*) FROM sketch_deltas)";
        Ok(self.select(sql, &[]).await?.first().map_or(0, |row| row[0].int()))
    }

    /// Where rollups count other than the table, from minute `since` on. Reads all events.
    pub async fn differences(&self, project_id: i32, since: i64) -> StoreResult<Vec<Difference>> {
        let moment = moment_of(since);
        let project = Value::Int(project_id.into());
        let values = [project, Value::Time(moment), Value::Int(since)];
        let mut found = Vec::new();
        for row in self.select_slowly(self.pick(BY_HOUR), &values).await? {
            let stored = row[2].int();
            let counts = [("minutes", &row[3]), ("quarters of an hour", &row[4]), ("hours", &row[5])];
            found.extend(counts.iter().filter(|(_, count)| count.int() != stored).map(|&(rollup, count)| {
                let start = moment_of(row[0].int());
                Difference { start, event: row[1].text().to_owned(), rollup, stored, counted: count.int() }
            }));
        }
        for row in self.select_slowly(BY_DAY, &[project, Value::Int(since)]).await? {
            found.push(Difference {
                start: moment_of(row[0].int()),
                event: row[1].text().to_owned(),
                rollup: if row[4].int() == 1 { "days" } else { "all events together" },
                stored: row[2].int(),
                counted: row[3].int(),
            });
        }
        Ok(found)
    }

    /// Users and sessions of the day that begins at minute `start`.
    pub async fn distinct_of_day(&self, project_id: i32, start: i64) -> StoreResult<Distinct> {
        let (day, end) = (moment_of(start), moment_of(start + 1440));
        let project = Value::Int(project_id.into());
        let values = [project, Value::Time(day), Value::Time(end)];
        let stored = self.select_slowly(self.pick(DISTINCT), &values).await?;
        let sql = "SELECT users, sessions FROM rollup_buckets \
             WHERE project_id = $1 AND minutes = 1440 AND event = '' AND start_minute = $2";
        let estimated = self.select(sql, &[project, Value::Int(start)]).await?;
        let pair = |rows: &[Vec<Cell>]| rows.first().map_or((0, 0), |row| (row[0].int(), row[1].int()));
        Ok(Distinct { day, stored: pair(&stored), estimated: pair(&estimated) })
    }

    /// Events removed with their persons, whom the rollups still count.
    pub async fn events_erased(&self) -> StoreResult<i64> {
        let sql = "SELECT CAST(coalesce(sum(events), 0) AS bigint) FROM erasures";
        Ok(self.select(sql, &[]).await?.first().map_or(0, |row| row[0].int()))
    }
}
