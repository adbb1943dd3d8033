//! What a flush adds to the ledger and to the rollups, once it is known which of its ids are new.

use std::collections::{BTreeMap, HashSet};

use pharos_model::Timestamp;
use uuid::Uuid;

use super::{Flush, Row, rollup::minute_of};
use crate::outcome::{Outcome, OutcomeCount, Tally, hour_of};

/// The counts of a flush.
pub(super) struct Counted<'r> {
    /// Outcomes: of its rows, and those that were decided before.
    pub(super) outcomes: Vec<OutcomeCount>,
    /// New events of each project and name in each minute of their own time.
    pub(super) minutes: BTreeMap<(i32, &'r str, i64), i64>,
}

impl<'r> Counted<'r> {
    /// Counts the rows of `flush`, of whose ids those in `new`, each once, are new.
    pub(super) fn of(flush: &Flush<'r>, new: &[Uuid]) -> Self {
        let all_are_new = new.len() == flush.rows.len();
        let mut new: HashSet<Uuid> = if all_are_new { HashSet::new() } else { new.iter().copied().collect() };
        // Removing it makes the second of two equal ids a duplicate.
        let mut is_new = |row: &Row| all_are_new || new.remove(&row.id.as_uuid());
        // Accepted, duplicate.
        let mut rows: BTreeMap<(i32, Timestamp), (u64, u64)> = BTreeMap::new();
        let mut minutes: BTreeMap<(i32, &str, i64), i64> = BTreeMap::new();
        for row in flush.rows {
            let (accepted, duplicate) = rows.entry((row.project_id, hour_of(row.created_at))).or_default();
            if is_new(row) {
                *accepted += 1;
                *minutes.entry((row.project_id, &row.event, minute_of(row.timestamp))).or_default() += 1;
            } else {
                *duplicate += 1;
            }
        }
        let mut tally = Tally::default();
        for ((project_id, hour), (accepted, duplicate)) in rows {
            for (outcome, count) in [(Outcome::Accepted, accepted), (Outcome::Duplicate, duplicate)] {
                if count > 0 {
                    tally.add(project_id, hour, outcome, count);
                }
            }
        }
        let mut outcomes = tally.counts();
        outcomes.extend_from_slice(flush.outcomes);
        Self { outcomes, minutes }
    }
}
