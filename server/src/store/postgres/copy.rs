//! Writing a large flush by COPY, which takes two thirds of the time that the statement of [`super::write`]
//! takes and cannot leave out a row: one id that is stored already fails it as a whole. Such ids are rare, so
//! the flush is tried as if there were none, and looked through beforehand only while some have been met.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicU32, Ordering},
};

use pharos_model::Timestamp;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    PgTimestamp, store_error,
    timestamp::postgres_micros,
    write::{column, in_order_of_ids},
};
use crate::store::{
    Flush, Row, StoreError, StoreResult,
    counted::Counted,
    rollup::{delta, moment_of},
};

/// Rows from which on COPY is worth its four more round trips.
pub(super) const ROWS_MIN: usize = 150;

/// Flushes that are looked through after one that held a known id.
const WARY_FLUSHES: u32 = 100;

/// Whether known ids are to be expected.
#[derive(Debug, Default)]
pub(super) struct Wariness(AtomicU32);

impl Wariness {
    /// A known id was met.
    pub(super) fn alarm(&self) {
        self.0.store(WARY_FLUSHES, Ordering::Relaxed);
    }

    /// Whether to look for known ids in the next flush.
    pub(super) fn next(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }
}

/// Mark and counts, as in [`super::write`]; tells whether the mark is new.
const COUNT: &str = "\
    WITH mark AS ( \
        INSERT INTO flush_marks AS marks (writer, flush) VALUES ($1, $2) \
        ON CONFLICT (writer) DO UPDATE SET flush = excluded.flush, written_at = now() \
            WHERE marks.flush <> excluded.flush \
        RETURNING flush \
    ), rolled_up AS ( \
        INSERT INTO rollup_deltas (project_id, event, minute, count) \
        SELECT * FROM unnest($3::integer[], $4::text[], $5::timestamptz[], $6::bigint[]) \
        WHERE EXISTS (SELECT FROM mark) \
    ), counted AS ( \
        INSERT INTO outcome_deltas (project_id, hour, outcome, reason, count) \
        SELECT * FROM unnest($7::integer[], $8::timestamptz[], $9::text[], $10::text[], $11::bigint[]) \
        WHERE EXISTS (SELECT FROM mark) \
    ), seen AS ( \
        INSERT INTO sketch_deltas (project_id, content) \
        SELECT * FROM unnest($12::integer[], $13::bytea[]) WHERE EXISTS (SELECT FROM mark) \
    ) \
    SELECT EXISTS (SELECT FROM mark)";

const COPY: &str = "COPY telemetry_events (id, project_id, event, timestamp, properties, user_id, session_id, \
    source, seq, context, created_at) FROM STDIN (FORMAT binary)";
const COLUMNS: i16 = 11;

const KNOWN: &str = "\
    SELECT id FROM unnest($1::uuid[]) AS new (id) \
    WHERE EXISTS (SELECT FROM telemetry_events AS old WHERE old.id = new.id)";

/// Those of the flush's ids that are stored already.
pub(super) async fn known(connection: &mut PgConnection, flush: &Flush<'_>) -> StoreResult<HashSet<Uuid>> {
    let mut ids = column(flush.rows, |row| row.id.as_uuid());
    ids.sort_unstable();
    let known: Vec<Uuid> =
        sqlx::query_scalar(KNOWN).bind(ids).fetch_all(connection).await.map_err(store_error)?;
    Ok(known.into_iter().collect())
}

/// What came of it.
pub(super) enum Copied {
    /// These ids were new; none if a flush of this mark was written before.
    New(Vec<Uuid>),
    /// Another id is stored already. The transaction is of no more use.
    KnownId,
}

/// Writes the flush, without the rows whose ids are `known`, into the open transaction.
pub(super) async fn write(
    transaction: &mut PgConnection,
    flush: &Flush<'_>,
    known: &HashSet<Uuid>,
) -> StoreResult<Copied> {
    let mut rows: Vec<&Row> =
        flush.rows.iter().filter(|row| known.is_empty() || !known.contains(&row.id.as_uuid())).collect();
    in_order_of_ids(&mut rows);
    rows.dedup_by_key(|row| row.id);
    let new = column(&rows, |row| row.id.as_uuid());
    if !count(transaction, flush, &Counted::of(flush, &new)).await? {
        return Ok(Copied::New(Vec::new()));
    }
    let mut copy = transaction.copy_in_raw(COPY).await.map_err(store_error)?;
    copy.send(encode(&rows)?).await.map_err(store_error)?;
    match copy.finish().await {
        Ok(_) => Ok(Copied::New(new)),
        Err(error) if error.as_database_error().is_some_and(|error| error.is_unique_violation()) => {
            Ok(Copied::KnownId)
        }
        Err(error) => Err(store_error(error)),
    }
}

/// False if a flush of this mark was written before.
async fn count(
    transaction: &mut PgConnection,
    flush: &Flush<'_>,
    Counted { outcomes, minutes }: &Counted<'_>,
) -> StoreResult<bool> {
    let minutes: Vec<_> = minutes.iter().collect();
    let seen = delta::pack(flush.rows);
    sqlx::query_scalar(COUNT)
        .bind(flush.mark.writer)
        .bind(flush.mark.flush)
        .bind(column(&minutes, |((project_id, _, _), _)| *project_id))
        .bind(column(&minutes, |((_, event, _), _)| *event))
        .bind(column(&minutes, |((_, _, minute), _)| PgTimestamp(moment_of(*minute))))
        .bind(column(&minutes, |(_, count)| **count))
        .bind(column(outcomes, |count| count.project_id))
        .bind(column(outcomes, |count| PgTimestamp(count.hour)))
        .bind(column(outcomes, |count| &*count.outcome))
        .bind(column(outcomes, |count| &*count.reason))
        .bind(column(outcomes, |count| i64::try_from(count.count).unwrap_or(i64::MAX)))
        .bind(column(&seen, |(project_id, _)| *project_id))
        .bind(column(&seen, |(_, content)| content.as_slice()))
        .fetch_one(transaction)
        .await
        .map_err(store_error)
}

/// <https://www.postgresql.org/docs/current/sql-copy.html>, Binary Format.
fn encode(rows: &[&Row]) -> StoreResult<Vec<u8>> {
    const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
    const FLAGS_AND_EXTENSION: [u8; 8] = [0; 8];
    const END: [u8; 2] = [0xff; 2];
    let bytes = rows.iter().map(|row| row.bytes() + row.context.len()).sum();
    let mut out = Vec::with_capacity(bytes);
    out.extend(SIGNATURE);
    out.extend(FLAGS_AND_EXTENSION);
    for row in rows {
        out.extend(COLUMNS.to_be_bytes());
        value(&mut out, row.id.as_uuid().as_bytes())?;
        value(&mut out, &row.project_id.to_be_bytes())?;
        value(&mut out, row.event.as_bytes())?;
        time(&mut out, row.timestamp)?;
        json(&mut out, &row.properties)?;
        optional(&mut out, row.user_id.as_ref().map(|id| &id.as_bytes()[..]))?;
        optional(&mut out, row.session_id.as_ref().map(String::as_bytes))?;
        value(&mut out, row.source.as_str().as_bytes())?;
        optional(&mut out, row.seq.map(i32::to_be_bytes).as_ref().map(|bytes| &bytes[..]))?;
        json(&mut out, &row.context)?;
        time(&mut out, row.created_at)?;
    }
    out.extend(END);
    Ok(out)
}

fn value(out: &mut Vec<u8>, bytes: &[u8]) -> StoreResult<()> {
    out.extend(length(bytes.len())?);
    out.extend(bytes);
    Ok(())
}

fn optional(out: &mut Vec<u8>, bytes: Option<&[u8]>) -> StoreResult<()> {
    const NULL: [u8; 4] = (-1_i32).to_be_bytes();
    match bytes {
        Some(bytes) => value(out, bytes),
        None => {
            out.extend(NULL);
            Ok(())
        }
    }
}

fn time(out: &mut Vec<u8>, moment: Timestamp) -> StoreResult<()> {
    value(out, &postgres_micros(moment).to_be_bytes())
}

/// `jsonb` takes text behind the number of its format.
fn json(out: &mut Vec<u8>, text: &str) -> StoreResult<()> {
    const VERSION: u8 = 1;
    out.extend(length(text.len() + 1)?);
    out.push(VERSION);
    out.extend(text.as_bytes());
    Ok(())
}

fn length(bytes: usize) -> StoreResult<[u8; 4]> {
    let length = i32::try_from(bytes).map_err(|_| StoreError::BadData("a value of over 2 GiB".to_owned()))?;
    Ok(length.to_be_bytes())
}
