//! Counting events again: what rollups of a stretch of time should say, worked out from the events themselves.

use std::collections::{BTreeMap, HashMap};

use super::{
    CountDelta, Entry, Size, Sketch,
    fold::{Change, Fold, Gain, Key, Sketches, Written},
};
use crate::store::StoreResult;

/// What is known of an event that is counted again.
#[derive(Debug)]
pub(crate) struct Counted<'r> {
    pub(crate) event: &'r str,
    pub(crate) minute: i64,
    /// As [`hash_user`](super::delta::hash_user).
    pub(crate) user: Option<u64>,
    /// As [`hash_session`](super::delta::hash_session).
    pub(crate) session: Option<u64>,
}

#[derive(Default)]
struct Minute {
    count: i64,
    users: Vec<u64>,
    sessions: Vec<u64>,
}

/// The events of one project in one stretch of whole quarters, as they are read: some bytes for each.
pub(crate) struct Recount {
    project_id: i32,
    minutes: HashMap<String, BTreeMap<i64, Minute>>,
    pub(crate) events: u64,
}

impl Recount {
    pub(crate) fn new(project_id: i32) -> Self {
        Self { project_id, minutes: HashMap::new(), events: 0 }
    }

    pub(crate) fn add(&mut self, event: &Counted<'_>) {
        self.events += 1;
        if !self.minutes.contains_key(event.event) {
            self.minutes.insert(event.event.to_owned(), BTreeMap::new());
        }
        let Some(minutes) = self.minutes.get_mut(event.event) else { return };
        let minute = minutes.entry(event.minute).or_default();
        minute.count += 1;
        minute.users.extend(event.user);
        minute.sessions.extend(event.session);
    }

    /// Counts by minute, and the buckets of quarters, and of minutes from `minutes_from` on.
    pub(crate) fn finish(self, minutes_from: i64) -> StoreResult<(Vec<CountDelta>, Vec<Change>)> {
        let (mut counts, mut entries) = (Vec::new(), Vec::new());
        for (event, minutes) in self.minutes {
            for (minute, Minute { count, users, sessions }) in minutes {
                let (project_id, event) = (self.project_id, event.clone());
                entries.push(Entry { project_id, event: event.clone(), minute, users, sessions });
                counts.push(CountDelta { project_id, event, minute, count });
            }
        }
        let mut fold = Fold::up_to(Size::Quarter);
        fold.add(&counts, &entries, minutes_from);
        Ok((counts, fold.changes(&BTreeMap::new())?))
    }
}

/// A bucket that is part of a longer one.
pub(crate) struct Part {
    pub(crate) event: String,
    pub(crate) count: i64,
    pub(crate) last_minute: i64,
    pub(crate) sketches: Sketches,
}

/// A part as both databases select it: name, count, last minute, and the sketches of users and of sessions.
pub(crate) type PartRow = (String, i64, i64, Vec<u8>, Vec<u8>);

impl From<PartRow> for Part {
    fn from((event, count, last_minute, users, sessions): PartRow) -> Self {
        Self { event, count, last_minute, sketches: (users, sessions) }
    }
}

/// The longer buckets of `size` that begin at `start` and are made of `parts`.
pub(crate) fn combine(
    project_id: i32,
    size: Size,
    start: i64,
    parts: impl IntoIterator<Item = Part>,
) -> StoreResult<Vec<Change>> {
    let mut sums: BTreeMap<String, Gain> = BTreeMap::new();
    for Part { event, count, last_minute, sketches: (users, sessions) } in parts {
        let sum = sums.entry(event).or_default();
        sum.count += count;
        sum.last_minute = sum.last_minute.max(last_minute);
        sum.users.merge_bytes(&users)?;
        sum.sessions.merge_bytes(&sessions)?;
    }
    let change = |(event, sum): (String, Gain)| Change::new(Key { project_id, size, event, start }, sum);
    Ok(sums.into_iter().map(change).collect())
}

impl Change {
    /// A bucket that is not there yet.
    fn new(key: Key, Gain { count, last_minute, users, sessions }: Gain) -> Self {
        let written = |sketch: Sketch| Written { estimate: sketch.estimate(), bytes: sketch.to_bytes() };
        Self { key, count, last_minute, users: Some(written(users)), sessions: Some(written(sessions)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(changes: &[Change]) -> Vec<(Size, &str, i64, i64, i64)> {
        let mut numbers = Vec::new();
        for Change { key, count, users, .. } in changes {
            let users = users.as_ref().map_or(0, |written| written.estimate);
            numbers.push((key.size, key.event.as_str(), key.start, *count, users));
        }
        numbers
    }

    #[test]
    fn events_make_quarters_and_quarters_make_longer_buckets() {
        let mut recount = Recount::new(1);
        for (event, minute, user) in [("a", 0, 1), ("a", 1, 1), ("b", 16, 2), ("a", 16, 1)] {
            recount.add(&Counted { event, minute, user: Some(user), session: None });
        }
        let (counts, quarters) = recount.finish(100).unwrap();
        assert_eq!(counts.iter().map(|delta| delta.count).sum::<i64>(), 4);
        let expected = [
            (Size::Quarter, "", 0, 2, 1),
            (Size::Quarter, "", 15, 2, 2),
            (Size::Quarter, "a", 0, 2, 1),
            (Size::Quarter, "a", 15, 1, 1),
            (Size::Quarter, "b", 15, 1, 1),
        ];
        assert_eq!(numbers(&quarters), expected);
        let part = |change: Change| Part {
            event: change.key.event,
            count: change.count,
            last_minute: change.last_minute,
            sketches: (change.users.map_or(Vec::new(), |users| users.bytes), Vec::new()),
        };
        let hours = combine(1, Size::Hour, 0, quarters.into_iter().map(part)).unwrap();
        assert_eq!(
            numbers(&hours),
            [(Size::Hour, "", 0, 4, 2), (Size::Hour, "a", 0, 3, 1), (Size::Hour, "b", 0, 1, 1)]
        );
    }
}
