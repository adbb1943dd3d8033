//! Erasing a person: from a request to its receipt, in the background, by one node at a time. What the steps
//! are is in `store/erasures.rs`.

use std::{sync::Arc, time::Duration};

use tokio::sync::Notify;
use uuid::Uuid;

use crate::{
    clock,
    identity::Peppers,
    store::{Erasure, Mark, Store, StoreResult},
};

/// One node at a time erases.
const LEASE: &str = "erasures";
/// How long a node that has died keeps the others from going on: longer than any step takes.
const LEASE_LENGTH: Duration = Duration::from_secs(60);
/// Between two steps, for the writers' sake.
const PAUSE: Duration = Duration::from_millis(5);

/// Erases. Clones share it.
#[derive(Clone)]
pub struct Eraser {
    store: Arc<dyn Store>,
    /// By which the lease knows this node.
    node: Uuid,
    wake: Arc<Notify>,
}

impl Eraser {
    /// An eraser that has done nothing yet.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, node: Mark::new().writer, wake: Arc::default() }
    }

    /// Asks for the events of a person to be erased that were received until now, and answers at once.
    /// `id` is what the site calls the person, the hash of it that pages send, or an id that is stored.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn request(&self, peppers: &Peppers, project_id: i32, id: &str) -> StoreResult<String> {
        let erasure_id = self.store.request_erasure(project_id, &peppers.user_ids(id), clock::now()).await?;
        self.wake.notify_one();
        Ok(erasure_id)
    }

    /// Returns when something was asked for on this node, or after `patience`.
    pub async fn asked(&self, patience: Duration) {
        let _ = tokio::time::timeout(patience, self.wake.notified()).await;
    }

    /// Does what there is to do, unless another node is at it.
    ///
    /// # Errors
    /// When the store fails; what was done is done, and the rest is done next time.
    pub async fn work(&self) -> StoreResult<()> {
        let to_do = self.store.erasures_to_do().await?;
        if to_do.is_empty() {
            return Ok(());
        }
        for erasure in to_do {
            if !self.finish(erasure).await? {
                return Ok(());
            }
        }
        self.store.give_lease_back(LEASE, self.node).await
    }

    /// Takes an erasure to its end; `false` if another node is at it.
    async fn finish(&self, Erasure { id, project_id, .. }: Erasure) -> StoreResult<bool> {
        loop {
            if !self.store.take_lease(LEASE, self.node, clock::now(), LEASE_LENGTH).await? {
                return Ok(false);
            }
            let Some(erasure) = self.store.erasure(project_id, &id).await? else { return Ok(true) };
            if !self.store.erase_some(&erasure, clock::now()).await? {
                let Erasure { events, quarantined, .. } = erasure;
                tracing::info!(erasure_id = id, events, quarantined, "a person's events are erased");
                return Ok(true);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
