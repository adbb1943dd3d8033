//! Sketches of several buckets in one, for each event name, kept in memory until the buckets change: asking for
//! the last 30 days again costs no more than today's buckets.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::Semaphore;

use super::kept::{Kept, Stamp};
use crate::{
    ingest::heavy,
    store::{
        Store, StoreResult,
        rollup::{BucketSketches, Names, Sketch, Span},
    },
};

/// Memory for unions. A dense one has 16 KiB, so this holds some thousands.
const UNIONS_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Unions made side by side: more would only take the processor from each other, and from the writers.
const UNIONS_AT_ONCE: usize = 2;

/// Names what is united.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct UnionKey {
    pub(super) project_id: i32,
    pub(super) names: Names,
    pub(super) spans: Vec<Span>,
}

/// By event name.
#[derive(Default)]
pub(super) struct Union(pub(super) HashMap<String, Known>);

/// Who is known of an event name.
#[derive(Default)]
pub(super) struct Known {
    pub(super) users: Sketch,
    pub(super) sessions: Sketch,
}

impl Union {
    fn of(sketches: &[BucketSketches]) -> StoreResult<Self> {
        let mut union = Self::default();
        for BucketSketches { event, users, sessions } in sketches {
            if !union.0.contains_key(event) {
                union.0.insert(event.clone(), Known::default());
            }
            if let Some(known) = union.0.get_mut(event) {
                known.users.merge_bytes(users)?;
                known.sessions.merge_bytes(sessions)?;
            }
        }
        Ok(union)
    }

    fn bytes(&self) -> usize {
        let known =
            |(event, known): (&String, &Known)| event.len() + known.users.bytes() + known.sessions.bytes();
        self.0.iter().map(known).sum()
    }
}

/// Makes unions, and remembers them.
pub(super) struct Unions {
    store: Arc<dyn Store>,
    kept: Mutex<Kept<UnionKey, Union>>,
    at_once: Semaphore,
}

impl Unions {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            kept: Mutex::new(Kept::up_to(UNIONS_BYTES_MAX)),
            at_once: Semaphore::new(UNIONS_AT_ONCE),
        }
    }

    /// The union of `key`, whose buckets are those of `stamp`, or newer: what is folded meanwhile is in it
    /// twice, which changes nothing.
    pub(super) async fn get(&self, key: UnionKey, stamp: Stamp) -> StoreResult<Arc<Union>> {
        if let Some(union) = self.kept().get(&key, stamp) {
            return Ok(union);
        }
        // Never closed.
        let _permit = self.at_once.acquire().await;
        if let Some(union) = self.kept().get(&key, stamp) {
            return Ok(union);
        }
        let sessions = key.names != Names::Each;
        let sketches = self.store.rollup_sketches(key.project_id, &key.spans, &key.names, sessions).await?;
        let bytes = sketches.iter().map(|sketches| sketches.users.len() + sketches.sessions.len()).sum();
        let union = Arc::new(heavy(bytes, || Union::of(&sketches))?);
        self.kept().put(key, stamp, union.bytes(), union.clone());
        Ok(union)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept<UnionKey, Union>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
