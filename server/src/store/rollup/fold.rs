//! Folding deltas into buckets: what changes, worked out in memory. Reading and writing the buckets is
//! for each database to do.

use std::collections::{BTreeMap, BTreeSet};

use super::{ALL_EVENTS, CountDelta, Entry, Size, Sketch};
use crate::store::StoreResult;

/// Names a bucket. In their order buckets are changed, so that nobody waits crosswise.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) project_id: i32,
    pub(crate) size: Size,
    pub(crate) event: String,
    pub(crate) start: i64,
}

/// A bucket's sketches as they are stored: of users, of sessions.
pub(crate) type Sketches = (Vec<u8>, Vec<u8>);

/// What a bucket gains.
#[derive(Debug, Clone)]
pub(crate) struct Gain {
    pub(crate) count: i64,
    pub(crate) last_minute: i64,
    pub(crate) users: Sketch,
    pub(crate) sessions: Sketch,
}

impl Default for Gain {
    fn default() -> Self {
        Self { count: 0, last_minute: i64::MIN, users: Sketch::new(), sessions: Sketch::new() }
    }
}

/// A bucket as it is to be written; `None` where a sketch stays as it is.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) key: Key,
    /// To be added.
    pub(crate) count: i64,
    /// Unless the bucket has a later one.
    pub(crate) last_minute: i64,
    pub(crate) users: Option<Written>,
    pub(crate) sessions: Option<Written>,
}

/// A sketch to be written, and what it estimates.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) estimate: i64,
    pub(crate) bytes: Vec<u8>,
}

/// What buckets gain.
#[derive(Debug)]
pub(crate) struct Fold {
    longest: Size,
    gains: BTreeMap<Key, Gain>,
}

impl Default for Fold {
    fn default() -> Self {
        Self::up_to(Size::Day)
    }
}

impl Fold {
    /// Of buckets no longer than these.
    pub(super) const fn up_to(longest: Size) -> Self {
        Self { longest, gains: BTreeMap::new() }
    }

    /// Adds deltas. Minutes before `minutes_from` have no bucket of their own; those after it have one
    /// for the counts of each event name, and one with sketches for all of them.
    pub(crate) fn add(&mut self, counts: &[CountDelta], entries: &[Entry], minutes_from: i64) {
        for CountDelta { project_id, event, minute, count } in counts {
            for name in [event, ALL_EVENTS] {
                for size in self.sizes(*minute >= minutes_from) {
                    self.gain(*project_id, size, name, *minute).count += count;
                }
            }
        }
        // Small flushes bring the same few names and minutes again and again: each bucket is looked up once.
        let mut together: BTreeMap<(i32, &str, i64), Vec<&Entry>> = BTreeMap::new();
        for entry in entries {
            together.entry((entry.project_id, &entry.event, entry.minute)).or_default().push(entry);
        }
        for ((project_id, event, minute), entries) in together {
            for name in [event, ALL_EVENTS] {
                for size in self.sizes(name == ALL_EVENTS && minute >= minutes_from) {
                    let gain = self.gain(project_id, size, name, minute);
                    for Entry { users, sessions, .. } in &entries {
                        users.iter().for_each(|&hash| gain.users.add(hash));
                        sessions.iter().for_each(|&hash| gain.sessions.add(hash));
                    }
                }
            }
        }
    }

    fn gain(&mut self, project_id: i32, size: Size, event: &str, minute: i64) -> &mut Gain {
        let key = Key { project_id, size, event: event.to_owned(), start: size.floor(minute) };
        let gain = self.gains.entry(key).or_default();
        gain.last_minute = gain.last_minute.max(minute);
        gain
    }

    fn sizes(&self, with_minutes: bool) -> impl Iterator<Item = Size> + use<> {
        let longest = self.longest;
        let kept = Size::KEPT.into_iter().filter(move |&size| size <= longest);
        with_minutes.then_some(Size::Minute).into_iter().chain(kept)
    }

    /// The buckets that gain, in order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.gains.keys()
    }

    /// What to write, given the sketches of the buckets that exist.
    pub(crate) fn changes(self, before: &BTreeMap<Key, Sketches>) -> StoreResult<Vec<Change>> {
        let none = (Vec::new(), Vec::new());
        let change = |(key, gain): (Key, Gain)| {
            let known = before.get(&key);
            let (users, sessions) = known.unwrap_or(&none);
            Ok(Change {
                count: gain.count,
                last_minute: gain.last_minute,
                users: merged(users, gain.users)?,
                sessions: merged(sessions, gain.sessions)?,
                key,
            })
        };
        self.gains.into_iter().map(change).collect()
    }
}

/// The projects and days (their first minutes) of which buckets change.
pub(crate) fn days_of(changes: &[Change]) -> BTreeSet<(i32, i64)> {
    changes.iter().map(|change| (change.key.project_id, Size::Day.floor(change.key.start))).collect()
}

/// The union, unless it is what was there before.
fn merged(before: &[u8], mut gain: Sketch) -> StoreResult<Option<Written>> {
    gain.merge_bytes(before)?;
    let bytes = gain.to_bytes();
    Ok((bytes != before).then(|| Written { estimate: gain.estimate(), bytes }))
}
