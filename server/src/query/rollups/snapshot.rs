//! What a question reads, all as of one moment, with as little reading as that allows.
//!
//! Buckets change only when deltas are folded into them, and a fold gives the days that it changes a new version.
//! So a reading consists of the versions and of what waits to be folded, which is little and read anew for every
//! question, while the numbers of buckets whose days have the same versions as before are taken from memory. Questions
//! that come at the same time share a reading ([`Shared`]).

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    super::shared::Shared,
    kept::{Kept, Stamp},
};
use crate::store::{
    Store, StoreResult,
    rollup::{BucketNumbers, CountDelta, Entry, Names, Numbers, Size, Span},
};

/// Memory for numbers of buckets: those of a million hours, or so.
const NUMBERS_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Readings before one gives up on memory: each time a fold was in between.
const ATTEMPTS: usize = 3;

/// Buckets side by side of these names.
pub(super) type Part = (Span, Names);

/// What waits to be folded, and the versions of days, of one moment.
pub(super) struct Moment {
    versions: BTreeMap<i64, i64>,
    pub(super) counts: Vec<CountDelta>,
    pub(super) entries: Vec<Entry>,
}

impl Moment {
    fn after(before: Option<&Self>, read: Numbers) -> Self {
        let mut versions = before.map_or_else(BTreeMap::new, |before| before.versions.clone());
        versions.extend(read.versions);
        Self { versions, counts: read.counts, entries: read.entries }
    }

    fn newest(&self) -> i64 {
        self.versions.values().copied().max().unwrap_or(0)
    }

    /// Of what lies in these spans.
    pub(super) fn stamp(&self, spans: &[Span]) -> Stamp {
        let first = |span: &Span| Size::Day.floor(span.start);
        let days = spans.iter().flat_map(|span| self.versions.range(first(span)..span.end));
        // FNV-1a, over numbers instead of bytes.
        days.fold(0xcbf2_9ce4_8422_2325, |hash, (&day, &version)| {
            let add = |hash: u64, number: i64| (hash ^ number.cast_unsigned()).wrapping_mul(0x100_0000_01b3);
            add(add(hash, day), version)
        })
    }
}

/// A question's reading.
pub(super) struct Reading {
    pub(super) moment: Arc<Moment>,
    parts: Vec<(Part, Arc<Vec<BucketNumbers>>)>,
}

impl Reading {
    /// The buckets in these spans, each of which lies in one or several of the parts that were read.
    pub(super) fn buckets<'a>(
        &'a self,
        spans: &'a [Span],
        names: &'a Names,
    ) -> impl Iterator<Item = &'a BucketNumbers> {
        spans.iter().flat_map(move |span| {
            let parts = self.parts.iter().filter(move |((part, of), _)| {
                part.size == span.size && part.start < span.end && span.start < part.end && of == names
            });
            parts.flat_map(|(_, buckets)| {
                let from = buckets.partition_point(|bucket| bucket.start < span.start);
                let to = buckets.partition_point(|bucket| bucket.start < span.end);
                &buckets[from..to.max(from)]
            })
        })
    }
}

/// Reads.
pub(super) struct Reader {
    store: Arc<dyn Store>,
    moments: Shared<Moment>,
    numbers: Mutex<Kept<(i32, Part), Vec<BucketNumbers>>>,
}

impl Reader {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, moments: Shared::default(), numbers: Mutex::new(Kept::up_to(NUMBERS_BYTES_MAX)) }
    }

    /// Reads these parts, as of one moment that is not before this call.
    pub(super) async fn read(&self, project_id: i32, parts: &[Part]) -> StoreResult<Reading> {
        let mut moment = self.moment(project_id).await?;
        for _ in 0..ATTEMPTS {
            let known = self.known(project_id, parts, &moment);
            let missing: Vec<Part> = parts
                .iter()
                .zip(&known)
                .filter(|(_, known)| known.is_none())
                .map(|(part, _)| part.clone())
                .collect();
            if missing.is_empty() {
                let parts = parts.iter().cloned().zip(known.into_iter().flatten()).collect();
                return Ok(Reading { moment, parts });
            }
            moment = self.read_parts(project_id, &missing, &moment).await?.0;
        }
        let (moment, read) = self.read_parts(project_id, parts, &moment).await?;
        Ok(Reading { moment, parts: parts.iter().cloned().zip(read).collect() })
    }

    /// What waits, as of a moment after this call.
    async fn moment(&self, project_id: i32) -> StoreResult<Arc<Moment>> {
        let read = async |before: Option<Arc<Moment>>| {
            let newest = before.as_ref().map_or(0, |before| before.newest());
            let read = self.store.rollup_numbers(project_id, &[], newest).await?;
            Ok(Moment::after(before.as_deref(), read))
        };
        self.moments.now(project_id, read).await
    }

    fn known(
        &self,
        project_id: i32,
        parts: &[Part],
        moment: &Moment,
    ) -> Vec<Option<Arc<Vec<BucketNumbers>>>> {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        parts.iter().map(|part| numbers.get(&(project_id, part.clone()), moment.stamp(&[part.0]))).collect()
    }

    async fn read_parts(
        &self,
        project_id: i32,
        parts: &[Part],
        before: &Moment,
    ) -> StoreResult<(Arc<Moment>, Vec<Arc<Vec<BucketNumbers>>>)> {
        let mut read = self.store.rollup_numbers(project_id, parts, before.newest()).await?;
        let buckets = std::mem::take(&mut read.parts).into_iter().map(|mut buckets| {
            buckets.sort_by_key(|bucket| bucket.start);
            Arc::new(buckets)
        });
        let buckets: Vec<_> = buckets.collect();
        let moment = Moment::after(Some(before), read);
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        for (part, buckets) in parts.iter().zip(&buckets) {
            let bytes = buckets.iter().map(|bucket| size_of::<BucketNumbers>() + bucket.event.len()).sum();
            numbers.put((project_id, part.clone()), moment.stamp(&[part.0]), bytes, buckets.clone());
        }
        Ok((Arc::new(moment), buckets))
    }
}
