//! Writing a flush: one statement, hence one transaction, one plan and one round trip for any number of
//! rows.

use std::collections::{BTreeMap, HashMap};

use pharos_model::Timestamp;
use uuid::Uuid;

use super::{PgTimestamp, store_error};
use crate::{
    outcome::hour_of,
    store::{Flush, Row, StoreResult, rollup::delta},
};

/// `unnest` has the speed of `COPY`, and unlike `COPY` leaves out what is there already. The counts come
/// from the rows that were really new, so they agree with the table. The mark comes first: a flush that
/// was written before waits there for the transaction that writes it, and does nothing. Most rows share
/// their context with others: each context is parsed once, and a row names its place.
const WRITE: &str = "\
    WITH mark AS ( \
        INSERT INTO flush_marks AS marks (writer, flush) VALUES ($1, $2) \
        ON CONFLICT (writer) DO UPDATE SET flush = excluded.flush, written_at = now() \
            WHERE marks.flush <> excluded.flush \
        RETURNING flush \
    ), stored AS ( \
        INSERT INTO telemetry_events (id, project_id, event, timestamp, properties, user_id, session_id, \
                                      source, seq, context, created_at) \
        SELECT id, project_id, event, timestamp, properties::jsonb, user_id, session_id, source, seq, \
               (SELECT $24::text[]::jsonb[])[context], created_at \
        FROM unnest($3::uuid[], $4::integer[], $5::text[], $6::timestamptz[], $7::text[], $8::uuid[], \
                    $9::text[], $10::text[], $11::integer[], $12::integer[], $13::timestamptz[]) \
             AS new (id, project_id, event, timestamp, properties, user_id, session_id, source, seq, \
                     context, created_at) \
        WHERE EXISTS (SELECT FROM mark) \
        ON CONFLICT (id) DO NOTHING \
        RETURNING id, project_id, event, timestamp, created_at \
    ), rolled_up AS ( \
        INSERT INTO rollup_deltas (project_id, event, minute, count) \
        SELECT project_id, event, date_bin('1 minute', timestamp, '2000-01-01Z'), count(*) FROM stored GROUP BY 1, 2, 3 \
    ), accepted AS ( \
        SELECT project_id, date_bin('1 hour', created_at, '2000-01-01Z') AS hour, count(*) AS count FROM stored GROUP BY 1, 2 \
    ), counted AS ( \
        INSERT INTO outcome_deltas (project_id, hour, outcome, reason, count) \
        SELECT project_id, hour, 'accepted', '', count FROM accepted \
        UNION ALL \
        SELECT project_id, hour, 'duplicate', '', received.count - coalesce(accepted.count, 0) \
        FROM unnest($14::integer[], $15::timestamptz[], $16::bigint[]) AS received (project_id, hour, count) \
             LEFT JOIN accepted USING (project_id, hour) \
        WHERE received.count > coalesce(accepted.count, 0) AND EXISTS (SELECT FROM mark) \
        UNION ALL \
        SELECT * FROM unnest($17::integer[], $18::timestamptz[], $19::text[], $20::text[], $21::bigint[]) \
        WHERE EXISTS (SELECT FROM mark) \
    ), seen AS ( \
        INSERT INTO sketch_deltas (project_id, content) \
        SELECT * FROM unnest($22::integer[], $23::bytea[]) WHERE EXISTS (SELECT FROM mark) \
    ) \
    SELECT id FROM stored";

/// Writes the flush and returns the ids that were new.
pub(super) async fn write(connection: &mut sqlx::PgConnection, flush: Flush<'_>) -> StoreResult<Vec<Uuid>> {
    let mut rows: Vec<&Row> = flush.rows.iter().collect();
    in_order_of_ids(&mut rows);
    let mut received: BTreeMap<(i32, Timestamp), i64> = BTreeMap::new();
    for row in &rows {
        *received.entry((row.project_id, hour_of(row.created_at))).or_default() += 1;
    }
    let received: Vec<_> = received.into_iter().collect();
    let (contexts, places) = distinct_contexts(&rows);
    let outcomes = flush.outcomes;
    let seen = delta::pack(flush.rows);

    sqlx::query_scalar(WRITE)
        .bind(flush.mark.writer)
        .bind(flush.mark.flush)
        .bind(column(&rows, |row| row.id.as_uuid()))
        .bind(column(&rows, |row| row.project_id))
        .bind(column(&rows, |row| row.event.as_str()))
        .bind(column(&rows, |row| PgTimestamp(row.timestamp)))
        .bind(column(&rows, |row| row.properties.as_str()))
        .bind(column(&rows, |row| row.user_id))
        .bind(column(&rows, |row| row.session_id.as_deref()))
        .bind(column(&rows, |row| row.source.as_str()))
        .bind(column(&rows, |row| row.seq))
        .bind(places)
        .bind(column(&rows, |row| PgTimestamp(row.created_at)))
        .bind(column(&received, |((project_id, _), _)| *project_id))
        .bind(column(&received, |((_, hour), _)| PgTimestamp(*hour)))
        .bind(column(&received, |(_, count)| *count))
        .bind(column(outcomes, |count| count.project_id))
        .bind(column(outcomes, |count| PgTimestamp(count.hour)))
        .bind(column(outcomes, |count| &*count.outcome))
        .bind(column(outcomes, |count| &*count.reason))
        .bind(column(outcomes, |count| i64::try_from(count.count).unwrap_or(i64::MAX)))
        .bind(column(&seen, |(project_id, _)| *project_id))
        .bind(column(&seen, |(_, content)| content.as_slice()))
        .bind(contexts)
        .fetch_all(connection)
        .await
        .map_err(store_error)
}

/// Two transactions that hold the same events then wait for one another in the same order and cannot
/// deadlock, and the primary key's pages are visited one after the other. Of equal ids the first stays first.
pub(super) fn in_order_of_ids(rows: &mut [&Row]) {
    rows.sort_by_key(|row| row.id);
}

/// The contexts of the rows, each once, and for each row the place of its own, counted from 1.
fn distinct_contexts<'r>(rows: &[&'r Row]) -> (Vec<&'r str>, Vec<i32>) {
    let mut contexts = Vec::new();
    let mut known: HashMap<&str, i32> = HashMap::new();
    let place = |row: &&'r Row| {
        *known.entry(&row.context).or_insert_with(|| {
            contexts.push(&*row.context);
            i32::try_from(contexts.len()).expect("a flush has fewer rows than 2^31")
        })
    };
    let places = rows.iter().map(place).collect();
    (contexts, places)
}

/// One value of each row, as an array to bind.
pub(super) fn column<'r, R, T>(rows: &'r [R], value: impl Fn(&'r R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}
