//! How much personal data was stripped from the events taken since the process started, by kind: for
//! `/metrics` and the dashboard. Counts only; what and where it was is nobody's to know.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use pharos_model::pii::{Kind, KindCounts};

/// The counts. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Redactions(Arc<[AtomicU64; Kind::ALL.len()]>);

impl Redactions {
    /// Adds what was stripped from some events.
    pub fn add(&self, counts: &KindCounts) {
        for (kind, count) in counts.iter().filter(|(_, count)| *count > 0) {
            self.0[kind as usize].fetch_add(count.into(), Ordering::Relaxed);
        }
    }

    /// Each kind with how many there were, those with none included.
    pub fn iter(&self) -> impl Iterator<Item = (Kind, u64)> {
        Kind::ALL.iter().map(|kind| (*kind, self.0[*kind as usize].load(Ordering::Relaxed)))
    }
}
