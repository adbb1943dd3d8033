//! A bound on the questions that read events: few at once, so that they leave the machine to the writers.

use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::store::StoreError;

/// More side by side would only make each slower.
const AT_ONCE: usize = 2;
/// A person waits so long for the turn; the question itself is bounded by the store's timeout.
const WAIT: Duration = Duration::from_secs(5);

/// Rows in memory for one answer: some 100 MiB at most.
pub(crate) const ROWS_MAX: usize = 3_000_000;

/// Why such a question has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HeavyError {
    /// Others ask, and this one waited long enough.
    #[error("too many such questions at once")]
    Busy,
    /// It would read more than it may.
    #[error("the range holds too many events")]
    TooMany,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Turns to ask.
pub(crate) struct Heavy(Semaphore);

impl Default for Heavy {
    fn default() -> Self {
        Self(Semaphore::new(AT_ONCE))
    }
}

impl Heavy {
    /// Waits for a turn, which ends when what is returned is dropped.
    pub(crate) async fn turn(&self) -> Result<SemaphorePermit<'_>, HeavyError> {
        let turn = tokio::time::timeout(WAIT, self.0.acquire()).await;
        turn.ok().and_then(Result::ok).ok_or(HeavyError::Busy)
    }
}
