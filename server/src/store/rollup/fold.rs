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

impl Gain {
    fn join(&mut self, other: &Self) {
        self.count += other.count;
        self.last_minute = self.last_minute.max(other.last_minute);
        self.users.merge(&other.users);
        self.sessions.merge(&other.sessions);
    }

    fn without_sketches(&self) -> Self {
        Self { count: self.count, last_minute: self.last_minute, ..Self::default() }
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
        let longest = self.longest;
        for ((project_id, event), minutes) in by_minute(counts, entries) {
            for (&minute, gain) in minutes.range(minutes_from..) {
                if event == ALL_EVENTS {
                    self.gain(project_id, Size::Minute, event, minute).join(gain);
                } else if gain.count > 0 {
                    self.gain(project_id, Size::Minute, event, minute).join(&gain.without_sketches());
                }
            }
            // Each length is made of the next shorter one: most of what is folded is of a minute or two, and
            // what a day gains is what its quarter gains.
            let mut shorter = minutes;
            for size in Size::KEPT.into_iter().filter(|&size| size <= longest) {
                let mut buckets: BTreeMap<i64, Gain> = BTreeMap::new();
                for (start, gain) in shorter {
                    buckets.entry(size.floor(start)).or_default().join(&gain);
                }
                for (&start, gain) in &buckets {
                    self.gain(project_id, size, event, start).join(gain);
                }
                shorter = buckets;
            }
        }
    }

    fn gain(&mut self, project_id: i32, size: Size, event: &str, start: i64) -> &mut Gain {
        self.gains.entry(Key { project_id, size, event: event.to_owned(), start }).or_default()
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

/// What each minute gains: by project and event name, and for all events of a project together.
fn by_minute<'d>(
    counts: &'d [CountDelta],
    entries: &'d [Entry],
) -> BTreeMap<(i32, &'d str), BTreeMap<i64, Gain>> {
    let mut gains: BTreeMap<(i32, &str), BTreeMap<i64, Gain>> = BTreeMap::new();
    let mut gain = |project_id, event, minute, add: &mut dyn FnMut(&mut Gain)| {
        let gain = gains.entry((project_id, event)).or_default().entry(minute).or_default();
        gain.last_minute = minute;
        add(gain);
    };
    for CountDelta { project_id, event, minute, count } in counts {
        gain(*project_id, event, *minute, &mut |gain| gain.count += count);
    }
    for Entry { project_id, event, minute, users, sessions } in entries {
        gain(*project_id, event, *minute, &mut |gain| {
            users.iter().for_each(|&hash| gain.users.add(hash));
            sessions.iter().for_each(|&hash| gain.sessions.add(hash));
        });
    }
    let mut all: BTreeMap<(i32, &str), BTreeMap<i64, Gain>> = BTreeMap::new();
    for ((project_id, _), minutes) in &gains {
        let of_project = all.entry((*project_id, ALL_EVENTS)).or_default();
        for (&minute, gain) in minutes {
            of_project.entry(minute).or_default().join(gain);
        }
    }
    gains.append(&mut all);
    gains
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
