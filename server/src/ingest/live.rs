//! What was just committed, for whoever is watching. Writers tell and never wait: a watcher that is too slow
//! misses some, and where nobody watches nothing is done.

use std::{collections::BTreeMap, sync::Arc};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast};

use super::writer::Stored;
use crate::store::Row;

/// Readers at a time, on this node: each costs a connection and a little work a second.
const LISTENERS_MAX: usize = 100;
/// Flushes a slow reader may be behind before it misses some.
const FLUSHES_BEHIND: usize = 64;
/// Events of a flush and project that are passed on whole.
const SAMPLE: usize = 20;

/// What a flush brought one project.
#[derive(Debug)]
pub struct Committed {
    /// Whose.
    pub project_id: i32,
    /// How many events of each name.
    pub counts: BTreeMap<String, u64>,
    /// Some of them.
    pub sample: Vec<Row>,
}

/// The feed. Clones share it.
#[derive(Debug, Clone)]
pub struct Live {
    feed: broadcast::Sender<Arc<Committed>>,
    places: Arc<Semaphore>,
}

impl Default for Live {
    fn default() -> Self {
        Self { feed: broadcast::Sender::new(FLUSHES_BEHIND), places: Arc::new(Semaphore::new(LISTENERS_MAX)) }
    }
}

/// A place among the readers, given back when dropped.
#[derive(Debug)]
pub struct Listener {
    feed: broadcast::Receiver<Arc<Committed>>,
    _place: OwnedSemaphorePermit,
}

impl Live {
    /// Begins to listen; `None` if too many do.
    pub fn listen(&self) -> Option<Listener> {
        let place = self.places.clone().try_acquire_owned().ok()?;
        Some(Listener { feed: self.feed.subscribe(), _place: place })
    }

    /// How many listen.
    pub fn listeners(&self) -> usize {
        LISTENERS_MAX - self.places.available_permits()
    }

    /// Tells of rows and of what became of each. Those that were not new are not told.
    pub(super) fn tell(&self, rows: &[Row], stored: &[Option<Stored>]) {
        if self.feed.receiver_count() == 0 {
            return;
        }
        let mut committed: BTreeMap<i32, Committed> = BTreeMap::new();
        for (row, stored) in rows.iter().zip(stored) {
            if !matches!(stored, Some(Stored::New | Stored::Spooled)) {
                continue;
            }
            let project_id = row.project_id;
            let new = || Committed { project_id, counts: BTreeMap::new(), sample: Vec::new() };
            let committed = committed.entry(project_id).or_insert_with(new);
            *committed.counts.entry(row.event.clone()).or_default() += 1;
            if committed.sample.len() < SAMPLE {
                committed.sample.push(row.clone());
            }
        }
        for committed in committed.into_values() {
            // The last listener may just have left.
            let _ = self.feed.send(Arc::new(committed));
        }
    }
}

impl Listener {
    /// The next flush. What was missed for being slow is left out.
    pub async fn next(&mut self) -> Arc<Committed> {
        loop {
            match self.feed.recv().await {
                Ok(committed) => return committed,
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                // The feed lives as long as the server.
                Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}
