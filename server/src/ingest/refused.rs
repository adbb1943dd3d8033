//! Events that were not taken, for want of memory or of a database. Nothing of them could be committed,
//! so their counts wait here for a commit that succeeds. A server that is killed before then forgets
//! them; their senders were told to try again, and what they send again is counted again.

use std::sync::{Arc, Mutex, PoisonError};

use pharos_model::Timestamp;

use super::{budget::Budget, writer::WriterHandle};
use crate::outcome::{Outcome, Tally};

/// The counts. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Refused(Arc<Mutex<Tally>>);

impl Refused {
    /// Counts `count` events of a project.
    pub fn add(&self, project_id: i32, received_at: Timestamp, outcome: Outcome, count: u64) {
        self.lock().add(project_id, received_at, outcome, count);
    }

    /// Puts the counts into the ledger. Those that could not be written stay.
    pub async fn write(&self, writer: &WriterHandle, budget: &Budget) {
        let counts = std::mem::take(&mut *self.lock());
        if counts.is_empty() {
            return;
        }
        if writer.submit(Vec::new(), counts.clone(), Vec::new(), budget.hold()).await.is_err() {
            // If they were written after all, they are counted twice: too many told is better than too few.
            self.lock().merge(&counts);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Tally> {
        // Whoever panicked has at worst left out a count.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
