//! What waits for the database while it is away. Knows whether it is away, keeps flushes in the spool
//! meanwhile, and writes them, in order, when it is back.

use std::{
    path::PathBuf,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use pharos_model::Timestamp;
use tokio::{sync::Notify, time::Instant};
use uuid::Uuid;

use crate::{
    outcome::{Outcome, Tally},
    store::{
        Flush, Mark, QuarantineRow, Store, StoreError,
        quarantine::NOT_STORABLE,
        spool::{Holds, Spool, SpoolError, Spooled},
    },
};

/// Name of the spool in the data directory.
pub const SPOOL_FILE: &str = "spool.db";

/// The spool, and whether it is needed.
#[derive(Debug)]
pub struct Backlog {
    path: PathBuf,
    bytes_max: u64,
    /// Empty while it could not be opened, for want of disk space, say.
    spool: OnceLock<Spool>,
    contact: Mutex<Contact>,
    /// Something was spooled.
    wake: Notify,
}

#[derive(Debug)]
struct Contact {
    written_at: Instant,
    away: bool,
    /// The database was not reached since the start: its schema is not known to be this version's.
    unmet: bool,
}

/// What a step of draining did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// Nothing waits.
    Nothing,
    /// A flush with this many events was written.
    Events(u64),
    /// The database is still away.
    Away,
}

impl Backlog {
    /// A backlog whose spool is at `path` and takes `bytes_max` bytes.
    pub fn new(path: PathBuf, bytes_max: u64) -> Self {
        let contact = Mutex::new(Contact { written_at: Instant::now(), away: false, unmet: false });
        Self { path, bytes_max, spool: OnceLock::new(), contact, wake: Notify::new() }
    }

    /// Opens the spool, if it is not.
    ///
    /// # Errors
    /// When it cannot be opened or is damaged. The backlog works without it, and keeps nothing.
    pub async fn open(&self) -> Result<&Spool, SpoolError> {
        if let Some(spool) = self.spool.get() {
            return Ok(spool);
        }
        let opened = Spool::open(&self.path, self.bytes_max).await?;
        Ok(self.spool.get_or_init(|| opened))
    }

    /// Whether a flush belongs in the spool without trying the database first: it is away, and those
    /// already spooled will notice when it is back.
    pub fn goes_first(&self) -> bool {
        let (unmet, away) = {
            let contact = self.contact();
            (contact.unmet, contact.away)
        };
        unmet || away && self.spool.get().is_some_and(|spool| !spool.is_empty())
    }

    /// Everything goes to the spool and stays there until [`met`](Self::met).
    pub fn unmet(&self) {
        let mut contact = self.contact();
        (contact.unmet, contact.away) = (true, true);
    }

    /// Whether the database was not reached since the start.
    pub fn is_unmet(&self) -> bool {
        self.contact().unmet
    }

    /// The database was reached, and is as this version needs it.
    pub fn met(&self) {
        self.contact().unmet = false;
        self.wake.notify_one();
    }

    /// Keeps flushes that the database did not take. On `Ok` they are on the disk.
    ///
    /// # Errors
    /// When they cannot be kept.
    pub async fn keep(&self, flushes: &[Flush<'_>]) -> Result<(), SpoolError> {
        self.contact().away = true;
        self.open().await?.append(flushes).await?;
        self.wake.notify_one();
        Ok(())
    }

    /// Notes that the database took a flush.
    pub fn wrote(&self) {
        *self.contact() = Contact { written_at: Instant::now(), away: false, unmet: false };
    }

    /// How long ago the last write succeeded, if one has failed since: events arrive and get no further.
    pub fn stalled_for(&self) -> Option<Duration> {
        let contact = self.contact();
        contact.away.then(|| contact.written_at.elapsed())
    }

    /// What waits; `None` while the spool cannot be read.
    pub async fn holds(&self) -> Option<Holds> {
        self.spool.get()?.holds().await.ok()
    }

    /// Returns when something was spooled, or after `patience`.
    pub async fn waited(&self, patience: Duration) {
        let _ = tokio::time::timeout(patience, self.wake.notified()).await;
    }

    /// Writes the flush that waits longest and removes it. Killed in between, the flush is written again,
    /// and by its mark takes effect once.
    ///
    /// # Errors
    /// When the spool cannot be read or written.
    pub async fn drain_one(&self, store: &dyn Store) -> Result<Drained, SpoolError> {
        let spool = self.open().await?;
        if self.contact().unmet {
            return Ok(Drained::Away);
        }
        let Some(mut first) = spool.first().await? else {
            spool.recount().await?;
            return Ok(Drained::Nothing);
        };
        let erased = match erased(store, &mut first).await {
            Ok(erased) => erased,
            Err(error) => return Ok(self.is_away(&error)),
        };
        match store.write(first.flush()).await {
            Ok(_) => {
                self.wrote();
                for (erasure_id, events) in erased {
                    // Only the receipt would be short of them.
                    if let Err(error) = store.erased_from_spool(&erasure_id, events).await {
                        tracing::warn!(%error, erasure_id, events, "a receipt does not name all that was erased");
                    }
                }
                spool.replace(first.position, &[]).await?;
                Ok(Drained::Events(first.rows.len() as u64))
            }
            Err(StoreError::BadData(reason)) => {
                tracing::warn!(reason, events = first.rows.len(), "the database refuses a spooled flush");
                set_apart(spool, &first).await?;
                Ok(Drained::Events(0))
            }
            Err(error @ (StoreError::Unavailable(_) | StoreError::Forbidden(_))) => Ok(self.is_away(&error)),
        }
    }

    fn is_away(&self, error: &StoreError) -> Drained {
        self.contact().away = true;
        tracing::debug!(%error, "spooled events still wait");
        Drained::Away
    }

    /// Closes the spool.
    pub async fn close(&self) {
        if let Some(spool) = self.spool.get() {
            spool.close().await;
        }
    }

    fn contact(&self) -> MutexGuard<'_, Contact> {
        // Two plain values cannot be left half written.
        self.contact.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes out of a flush what is of persons who were erased while it waited. Returns how much that was, by
/// erasure.
async fn erased(store: &dyn Store, spooled: &mut Spooled) -> Result<Vec<(String, u64)>, StoreError> {
    let mut counts = Vec::new();
    let mut tally = Tally::default();
    for erasure in store.erasures_remembered().await? {
        let is_of = |project_id: i32, user_id: Option<Uuid>, received_at: Timestamp| {
            project_id == erasure.project_id
                && received_at <= erasure.requested_at
                && user_id.is_some_and(|id| erasure.user_ids.contains(&id))
        };
        let before = spooled.rows.len();
        spooled.rows.retain(|row| {
            let goes = is_of(row.project_id, row.user_id, row.created_at);
            if goes {
                // Its sender was told that it was accepted; the ledger says what became of it.
                tally.add(row.project_id, row.created_at, Outcome::Filtered("erased"), 1);
            }
            !goes
        });
        spooled.quarantine.retain(|row| !is_of(row.project_id, row.user_id, row.first_seen));
        if spooled.rows.len() < before {
            counts.push((erasure.id, (before - spooled.rows.len()) as u64));
        }
    }
    spooled.outcomes.extend(tally.counts());
    Ok(counts)
}

/// Puts two halves in the place of a flush the database refuses, until the event it refuses is alone;
/// that one goes to the quarantine.
async fn set_apart(spool: &Spool, refused: &Spooled) -> Result<(), SpoolError> {
    let Spooled { position, rows, outcomes, quarantine, .. } = refused;
    let whole = Flush { mark: Mark::new(), rows, outcomes, quarantine };
    let next = || Flush { mark: Mark::new(), rows: &[], outcomes: &[], quarantine: &[] };
    match &rows[..] {
        [] if !quarantine.is_empty() => {
            tracing::error!("what is kept of refused events is refused by the database, and given up");
            spool.replace(*position, &[Flush { quarantine: &[], ..whole }]).await
        }
        [] => {
            tracing::error!(outcomes = outcomes.len(), "counts that the database refuses are given up");
            spool.replace(*position, &[]).await
        }
        // So that no event is blamed for what is kept of another, that is written by itself.
        rows if !quarantine.is_empty() => {
            spool.replace(*position, &[Flush { rows: &[], ..whole }, Flush { rows, ..next() }]).await
        }
        [row] => {
            let mut tally = Tally::default();
            tally.add(row.project_id, row.created_at, Outcome::Quarantined(NOT_STORABLE), 1);
            let outcomes = [&outcomes[..], &tally.counts()].concat();
            let quarantine = [QuarantineRow::of_row(row)];
            let instead = Flush { rows: &[], outcomes: &outcomes, quarantine: &quarantine, ..whole };
            spool.replace(*position, &[instead]).await
        }
        rows => {
            let (first, second) = rows.split_at(rows.len() / 2);
            spool
                .replace(*position, &[Flush { rows: first, ..whole }, Flush { rows: second, ..next() }])
                .await
        }
    }
}
