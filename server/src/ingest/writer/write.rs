//! Writing a group, and telling each request in it what became of its rows.

use std::{collections::HashSet, ops::Range};

use tokio::time::Instant;
use uuid::Uuid;

use super::{Job, Stored, Unavailable};
use crate::{
    ingest::{backlog::Backlog, live::Live},
    meters::Meters,
    outcome::{Outcome, Tally},
    store::{Flush, Mark, QuarantineRow, Row, Store, StoreError, quarantine::NOT_STORABLE},
};

pub(super) async fn write_group(
    store: &dyn Store,
    backlog: &Backlog,
    meters: &Meters,
    live: &Live,
    mark: &mut Mark,
    group: Vec<Job>,
) {
    let now = Instant::now();
    let mut rows = Vec::with_capacity(group.iter().map(|job| job.rows.len()).sum());
    let mut outcomes = Tally::default();
    let mut quarantine = Vec::new();
    let mut waiting = Vec::with_capacity(group.len());
    for mut job in group {
        if job.expires_at <= now {
            continue;
        }
        let first = rows.len();
        rows.append(&mut job.rows);
        outcomes.merge(&job.outcomes);
        quarantine.append(&mut job.quarantine);
        waiting.push((job, first..rows.len()));
    }
    let (stored, outcomes_written) =
        write_rows(store, backlog, meters, mark, &rows, outcomes, quarantine).await;
    live.tell(&rows, &stored);
    for (job, range) in waiting {
        let answer = stored[range].iter().copied().collect::<Option<Vec<_>>>();
        let answer = answer.filter(|_| outcomes_written).ok_or(Unavailable);
        // A sender that has gone needs no answer; its rows are stored all the same.
        let _ = job.answer.send(answer);
    }
}

/// Writes the rows, if need be in smaller and smaller parts until those the database refuses are
/// alone; what it cannot take now goes to the backlog. The outcomes and what is kept of refused events go with the first
/// part. Answers
/// `None` for each row that may or may not be stored, and whether every outcome was written.
async fn write_rows(
    store: &dyn Store,
    backlog: &Backlog,
    meters: &Meters,
    mark: &mut Mark,
    rows: &[Row],
    mut outcomes: Tally,
    quarantine: Vec<QuarantineRow>,
) -> (Vec<Option<Stored>>, bool) {
    let mut stored = vec![None; rows.len()];
    let mut quarantine = QuarantineRow::merge(quarantine);
    let mut parts = Vec::new();
    parts.push(0..rows.len());
    loop {
        let part = match parts.pop() {
            Some(part) => part,
            // The last row was refused: its outcome is still to be written.
            None if !outcomes.is_empty() => rows.len()..rows.len(),
            None => return (stored, true),
        };
        *mark = mark.next();
        let flush = Flush {
            mark: *mark,
            rows: &rows[part.clone()],
            outcomes: &outcomes.counts(),
            quarantine: &quarantine,
        };
        let written = if backlog.goes_first() {
            Err(StoreError::away())
        } else {
            let began = Instant::now();
            let written = store.write(flush).await;
            meters.flush(part.len(), began.elapsed(), written.is_ok());
            written
        };
        match written {
            Ok(new) => {
                backlog.wrote();
                outcomes = Tally::default();
                quarantine = Vec::new();
                if new.len() == part.len() {
                    stored[part].fill(Some(Stored::New));
                    continue;
                }
                let mut new: HashSet<Uuid> = new.into_iter().collect();
                for (row, stored) in rows[part.clone()].iter().zip(&mut stored[part]) {
                    // Removing it makes the second of two equal ids a known one.
                    let is_new = new.remove(&row.id.as_uuid());
                    *stored = Some(if is_new { Stored::New } else { Stored::Known });
                }
            }
            // So that no event is blamed for what is kept of another, that is written by itself.
            Err(StoreError::BadData(reason)) if !quarantine.is_empty() => {
                if part.is_empty() {
                    tracing::error!(reason, "the database refuses what is kept of refused events");
                    quarantine = Vec::new();
                } else {
                    parts.push(part);
                }
                parts.push(rows.len()..rows.len());
            }
            Err(StoreError::BadData(reason)) if part.len() == 1 => {
                tracing::warn!(reason, "the database refuses an event that passed validation");
                let row = &rows[part.start];
                stored[part.start] = Some(Stored::Refused);
                outcomes.add(row.project_id, row.created_at, Outcome::Quarantined(NOT_STORABLE), 1);
                quarantine.push(QuarantineRow::of_row(row));
            }
            Err(StoreError::BadData(_)) if part.len() > 1 => {
                let middle = part.start + part.len() / 2;
                // The first half is written first, so that the first of two equal ids stays the new one.
                parts.push(middle..part.end);
                parts.push(part.start..middle);
            }
            Err(error) => {
                // Whether this part was written is not certain: its mark goes with it.
                let mut flushes = vec![flush];
                let rest = |part: &Range<usize>| Flush {
                    mark: Mark::new(),
                    rows: &rows[part.clone()],
                    outcomes: &[],
                    quarantine: &[],
                };
                flushes.extend(parts.iter().rev().map(rest));
                let kept = backlog.keep(&flushes).await;
                *mark = Mark::new();
                match kept {
                    Ok(()) => {
                        for part in parts.into_iter().chain([part]) {
                            stored[part].fill(Some(Stored::Spooled));
                        }
                        outcomes = Tally::default();
                    }
                    Err(spool_error) => {
                        let rows = flushes.iter().map(|flush| flush.rows.len()).sum::<usize>();
                        tracing::error!(%error, %spool_error, rows, "not stored; the senders will try again");
                    }
                }
                return (stored, outcomes.is_empty());
            }
        }
    }
}
