//! Totals over ranges of time, from rollups: how many events, users and sessions, in all and by name.
//!
//! Counts come from the buckets' numbers and are exact. Distinct counts of one whole bucket are a number
//! as well; of several, the union of their sketches. What does not change is kept in memory ([`snapshot`] of
//! numbers, [`union`] of sketches), so that a question costs what is new since the last one.

mod kept;
mod snapshot;
mod union;

use std::{collections::HashMap, sync::Arc};

use pharos_model::Timestamp;

use self::{
    snapshot::{Part, Reader, Reading},
    union::{Union, UnionKey, Unions},
};
use crate::{
    clock,
    store::{
        Store, StoreResult,
        rollup::{BucketNumbers, CountDelta, Entry, Names, Size, Sketch, Span, cover, join, minute_of},
    },
};

/// Days before today that are kept apart from those before: late events still change them now and then.
const LATE_DAYS: i64 = 2;

/// A range of time, in minutes since 1970, without its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Minutes {
    pub(crate) start: i64,
    pub(crate) end: i64,
}

impl Minutes {
    fn holds(self, minute: i64) -> bool {
        (self.start..self.end).contains(&minute)
    }

    /// A range that ends now or later also takes what senders with a fast clock date ahead: events may
    /// be a day ahead (docs/decisions/0003-timestamps.md). Whole days also make it cheap.
    #[must_use]
    pub(crate) fn open_ended(self, now: Timestamp) -> Self {
        let now = minute_of(now);
        if self.end < now {
            return self;
        }
        let after_tomorrow = Size::Day.floor(now) + 2 * Size::Day.minutes();
        Self { end: self.end.max(after_tomorrow), ..self }
    }
}

/// What is asked about one range.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Range {
    pub(crate) minutes: Minutes,
    /// Whether users and sessions are asked for.
    pub(crate) distinct: bool,
    pub(crate) each: Each,
}

/// What is asked about each event name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Each {
    Nothing,
    Counts,
    CountsAndUsers,
}

/// The answer for one range.
#[derive(Debug, Default, Clone)]
pub(crate) struct Total {
    pub(crate) count: i64,
    pub(crate) users: i64,
    pub(crate) sessions: i64,
    /// Most frequent first, then by name.
    pub(crate) each: Vec<EventTotal>,
}

/// The answer for one event name.
#[derive(Debug, Clone)]
pub(crate) struct EventTotal {
    pub(crate) event: String,
    pub(crate) count: i64,
    /// The minute in which the last of them came.
    pub(crate) last_minute: i64,
    /// 0 where it was not asked for.
    pub(crate) users: i64,
}

/// Reads rollups, and remembers what it can.
pub(crate) struct Rollups {
    reader: Reader,
    unions: Unions,
}

impl Rollups {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self { reader: Reader::new(store.clone()), unions: Unions::new(store) }
    }

    /// The totals of each range, all as of one moment: of all events, or of those called `event`.
    pub(crate) async fn totals(
        &self,
        project_id: i32,
        event: Option<&str>,
        ranges: &[Range],
    ) -> StoreResult<Vec<Total>> {
        let name = event.map_or(Names::All, |event| Names::One(event.to_owned()));
        let covers: Vec<Vec<Span>> =
            ranges.iter().map(|range| cover(range.minutes.start, range.minutes.end)).collect();
        let spans = pieces(covers.iter().flatten());
        let with_each = ranges.iter().zip(&covers).filter(|(range, _)| range.each != Each::Nothing);
        let spans_each = pieces(with_each.flat_map(|(_, cover)| cover));
        let mut parts: Vec<Part> = spans.into_iter().map(|span| (span, name.clone())).collect();
        parts.extend(spans_each.into_iter().map(|span| (span, Names::Each)));
        let read = self.reader.read(project_id, &parts).await?;

        let mut totals = Vec::with_capacity(ranges.len());
        for (range, cover) in ranges.iter().zip(&covers) {
            let one = OneRange { project_id, range, cover, name: &name, read: &read };
            totals.push(self.total(&one).await?);
        }
        Ok(totals)
    }

    async fn total(&self, one: &OneRange<'_>) -> StoreResult<Total> {
        let buckets: Vec<&BucketNumbers> = one.read.buckets(one.cover, one.name).collect();
        let waiting = one.waiting_counts().filter(|delta| one.is_meant(&delta.event));
        let count = buckets.iter().map(|bucket| bucket.count).sum::<i64>()
            + waiting.map(|delta| delta.count).sum::<i64>();
        let mut total = Total { count, ..Total::default() };
        if one.range.distinct {
            let waits = one.waiting_entries().any(|entry| one.is_meant(&entry.event));
            (total.users, total.sessions) = match buckets[..] {
                [] if !waits => (0, 0),
                [bucket] if !waits => (bucket.users, bucket.sessions),
                _ => self.distinct(one).await?,
            };
        }
        if one.range.each != Each::Nothing {
            total.each = self.each(one).await?;
        }
        Ok(total)
    }

    /// Users and sessions of a range.
    async fn distinct(&self, one: &OneRange<'_>) -> StoreResult<(i64, i64)> {
        let (mut users, mut sessions) = (Sketch::new(), Sketch::new());
        for union in self.unions_of(one, one.name).await? {
            if let Some(known) = union.0.get(one.name.event()) {
                users.merge(&known.users);
                sessions.merge(&known.sessions);
            }
        }
        for entry in one.waiting_entries().filter(|entry| one.is_meant(&entry.event)) {
            entry.users.iter().for_each(|&hash| users.add(hash));
            entry.sessions.iter().for_each(|&hash| sessions.add(hash));
        }
        Ok((users.estimate(), sessions.estimate()))
    }

    async fn each(&self, one: &OneRange<'_>) -> StoreResult<Vec<EventTotal>> {
        let mut counts: HashMap<&str, (i64, i64)> = HashMap::new();
        let mut add = |event, count, minute: i64| {
            let (sum, last_minute) = counts.entry(event).or_insert((0, minute));
            *sum += count;
            *last_minute = minute.max(*last_minute);
        };
        for bucket in one.read.buckets(one.cover, &Names::Each) {
            add(bucket.event.as_str(), bucket.count, bucket.last_minute);
        }
        for delta in one.waiting_counts() {
            add(&delta.event, delta.count, delta.minute);
        }
        let mut users: HashMap<&str, Sketch> = HashMap::new();
        if one.range.each == Each::CountsAndUsers {
            let unions = self.unions_of(one, &Names::Each).await?;
            for &event in counts.keys() {
                let mut sketch = Sketch::new();
                unions
                    .iter()
                    .filter_map(|union| union.0.get(event))
                    .for_each(|known| sketch.merge(&known.users));
                users.insert(event, sketch);
            }
            for entry in one.waiting_entries() {
                if let Some(sketch) = users.get_mut(entry.event.as_str()) {
                    entry.users.iter().for_each(|&hash| sketch.add(hash));
                }
            }
        }
        let mut each: Vec<EventTotal> = counts
            .iter()
            .filter(|&(_, &(count, _))| count > 0)
            .map(|(&event, &(count, last_minute))| EventTotal {
                event: event.to_owned(),
                count,
                last_minute,
                users: users.get(event).map_or(0, Sketch::estimate),
            })
            .collect();
        each.sort_unstable_by(|a, b| b.count.cmp(&a.count).then_with(|| a.event.cmp(&b.event)));
        Ok(each)
    }

    /// The unions that make up a range, cut where one changes more often than the other.
    async fn unions_of(&self, one: &OneRange<'_>, names: &Names) -> StoreResult<Vec<Arc<Union>>> {
        let mut unions = Vec::new();
        for spans in groups(one.cover) {
            // Where there is nothing of any name there is nothing of each.
            if one.read.buckets(&spans, one.name).next().is_some() {
                let stamp = one.read.moment.stamp(&spans);
                let key = UnionKey { project_id: one.project_id, names: names.clone(), spans };
                unions.push(self.unions.get(key, stamp).await?);
            }
        }
        Ok(unions)
    }
}

/// Moments at which what seldom changes ends.
fn cuts() -> [i64; 2] {
    let today = Size::Day.floor(minute_of(clock::now()));
    [today - LATE_DAYS * Size::Day.minutes(), today]
}

/// Spans in one list without overlaps, cut at [`cuts`].
fn pieces<'s>(spans: impl Iterator<Item = &'s Span>) -> Vec<Span> {
    let mut pieces = join(spans.copied().collect());
    for cut in cuts() {
        pieces = pieces.into_iter().flat_map(|span| divide(span, cut)).collect();
    }
    pieces
}

/// The spans before the first of [`cuts`], between them, and after.
fn groups(spans: &[Span]) -> [Vec<Span>; 3] {
    let [late, today] = cuts();
    let mut groups = [const { Vec::new() }; 3];
    for span in spans.iter().flat_map(|&span| divide(span, late)).flat_map(|span| divide(span, today)) {
        groups[usize::from(span.start >= late) + usize::from(span.start >= today)].push(span);
    }
    groups
}

/// Both cuts are starts of days, at which buckets of any length begin.
fn divide(span: Span, at: i64) -> impl Iterator<Item = Span> {
    let before = Span { end: span.end.min(at), ..span };
    let after = Span { start: span.start.max(at), ..span };
    [before, after].into_iter().filter(|span| span.start < span.end)
}

/// One range and what was read for it.
struct OneRange<'a> {
    project_id: i32,
    range: &'a Range,
    cover: &'a [Span],
    name: &'a Names,
    read: &'a Reading,
}

impl<'a> OneRange<'a> {
    fn waiting_counts(&self) -> impl Iterator<Item = &'a CountDelta> {
        self.read.moment.counts.iter().filter(|delta| self.range.minutes.holds(delta.minute))
    }

    fn waiting_entries(&self) -> impl Iterator<Item = &'a Entry> {
        self.read.moment.entries.iter().filter(|entry| self.range.minutes.holds(entry.minute))
    }

    fn is_meant(&self, event: &str) -> bool {
        if let Names::One(name) = self.name { name == event } else { true }
    }
}
