//! Totals over ranges of time, from rollups: how many events, users and sessions, in all and by name.
//!
//! Counts come from the buckets' numbers and are exact. Distinct counts of one whole bucket are a number
//! as well; of several, the union of their sketches. Unions are kept in memory ([`Unions`]) until
//! the buckets change, so that asking for the last 30 days again costs no more than today's buckets.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use pharos_model::Timestamp;
use tokio::sync::Semaphore;

use crate::{
    clock,
    ingest::heavy,
    store::{
        Store, StoreResult,
        rollup::{
            BucketNumbers, BucketSketches, CountDelta, Entry, Names, Numbers, Size, Sketch, Span, cover,
            join, minute_of,
        },
    },
};

/// Memory for unions. A dense one has 16 KiB, so this holds some thousands.
const UNIONS_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Unions made side by side: more would only take the processor from each other, and from the writers.
const UNIONS_AT_ONCE: usize = 2;

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

/// Reads rollups, and remembers unions of sketches.
pub(crate) struct Rollups {
    store: Arc<dyn Store>,
    unions: Mutex<Unions>,
    at_once: Semaphore,
}

impl Rollups {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, unions: Mutex::default(), at_once: Semaphore::new(UNIONS_AT_ONCE) }
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
        let spans = join(covers.iter().flatten().copied().collect());
        let with_each = ranges.iter().zip(&covers).filter(|(range, _)| range.each != Each::Nothing);
        let spans_each = join(with_each.flat_map(|(_, cover)| cover).copied().collect());
        let mut parts: Vec<_> = spans.iter().map(|&span| (span, name.clone())).collect();
        parts.extend(spans_each.iter().map(|&span| (span, Names::Each)));
        let read = self.store.rollup_numbers(project_id, &parts).await?;

        let (rows, rows_each) = read.parts.split_at(spans.len());
        let (rows, rows_each) = (by_bucket(&spans, rows), by_bucket(&spans_each, rows_each));
        let mut totals = Vec::with_capacity(ranges.len());
        for (range, cover) in ranges.iter().zip(&covers) {
            let one = OneRange { project_id, range, cover, name: &name, rows: &rows, read: &read };
            totals.push(self.total(&one, &rows_each).await?);
        }
        Ok(totals)
    }

    async fn total(&self, one: &OneRange<'_>, rows_each: &Rows<'_>) -> StoreResult<Total> {
        let buckets: Vec<&BucketNumbers> = in_spans(one.rows, one.cover).collect();
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
            total.each = self.each(one, rows_each).await?;
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

    async fn each(&self, one: &OneRange<'_>, rows_each: &Rows<'_>) -> StoreResult<Vec<EventTotal>> {
        let mut counts: HashMap<&str, (i64, i64)> = HashMap::new();
        let mut add = |event, count, minute: i64| {
            let (sum, last_minute) = counts.entry(event).or_insert((0, minute));
            *sum += count;
            *last_minute = minute.max(*last_minute);
        };
        for bucket in in_spans(rows_each, one.cover) {
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

    /// The unions that make up a range: that of the days before today, which seldom changes, and the rest.
    async fn unions_of(&self, one: &OneRange<'_>, names: &Names) -> StoreResult<Vec<Arc<Union>>> {
        let today = Size::Day.floor(minute_of(clock::now()));
        let (closed, open): (Vec<Span>, Vec<Span>) = one.cover.iter().partition(|span| span.end <= today);
        let mut unions = Vec::new();
        for spans in [closed, open] {
            let buckets = in_spans(one.rows, &spans);
            let stamp = buckets.fold((0, 0, 0), |(count, users, sessions), bucket| {
                (count + bucket.count, users + bucket.users, sessions + bucket.sessions)
            });
            if stamp.0 > 0 {
                let key = UnionKey { project_id: one.project_id, names: names.clone(), spans };
                unions.push(self.union(key, stamp).await?);
            }
        }
        Ok(unions)
    }

    async fn union(&self, key: UnionKey, stamp: Stamp) -> StoreResult<Arc<Union>> {
        if let Some(union) = self.unions().get(&key, stamp) {
            return Ok(union);
        }
        // Never closed.
        let _permit = self.at_once.acquire().await;
        if let Some(union) = self.unions().get(&key, stamp) {
            return Ok(union);
        }
        let sessions = key.names != Names::Each;
        let sketches = self.store.rollup_sketches(key.project_id, &key.spans, &key.names, sessions).await?;
        let bytes = sketches.iter().map(|sketches| sketches.users.len() + sketches.sessions.len()).sum();
        let union = Arc::new(heavy(bytes, || Union::of(&sketches))?);
        self.unions().put(key, stamp, union.clone());
        Ok(union)
    }

    fn unions(&self) -> std::sync::MutexGuard<'_, Unions> {
        self.unions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Rows<'a> = BTreeMap<(Size, i64), Vec<&'a BucketNumbers>>;

fn by_bucket<'a>(spans: &[Span], parts: &'a [Vec<BucketNumbers>]) -> Rows<'a> {
    let mut rows = Rows::new();
    for (span, buckets) in spans.iter().zip(parts) {
        for bucket in buckets {
            rows.entry((span.size, bucket.start)).or_default().push(bucket);
        }
    }
    rows
}

fn in_spans<'a>(rows: &Rows<'a>, spans: &[Span]) -> impl Iterator<Item = &'a BucketNumbers> {
    spans
        .iter()
        .flat_map(|span| rows.range((span.size, span.start)..(span.size, span.end)))
        .flat_map(|(_, buckets)| buckets)
        .copied()
}

/// One range and what was read for it.
struct OneRange<'a> {
    project_id: i32,
    range: &'a Range,
    cover: &'a [Span],
    name: &'a Names,
    rows: &'a Rows<'a>,
    read: &'a Numbers,
}

impl<'a> OneRange<'a> {
    fn waiting_counts(&self) -> impl Iterator<Item = &'a CountDelta> {
        self.read.counts.iter().filter(|delta| self.range.minutes.holds(delta.minute))
    }

    fn waiting_entries(&self) -> impl Iterator<Item = &'a Entry> {
        self.read.entries.iter().filter(|entry| self.range.minutes.holds(entry.minute))
    }

    fn is_meant(&self, event: &str) -> bool {
        if let Names::One(name) = self.name { name == event } else { true }
    }
}

/// Sketches of several buckets in one, for each event name.
#[derive(Default)]
struct Union(HashMap<String, Known>);

#[derive(Default)]
struct Known {
    users: Sketch,
    sessions: Sketch,
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

#[derive(Clone, PartialEq, Eq, Hash)]
struct UnionKey {
    project_id: i32,
    names: Names,
    spans: Vec<Span>,
}

/// Sums of the numbers of the buckets united: when a bucket changes, so do they.
type Stamp = (i64, i64, i64);

/// Unions in memory; the one unused for longest makes room.
#[derive(Default)]
struct Unions {
    known: HashMap<UnionKey, (Stamp, u64, Arc<Union>)>,
    uses: u64,
    bytes: usize,
}

impl Unions {
    fn get(&mut self, key: &UnionKey, stamp: Stamp) -> Option<Arc<Union>> {
        self.uses += 1;
        let (known_stamp, used, union) = self.known.get_mut(key)?;
        *used = self.uses;
        (*known_stamp == stamp).then(|| union.clone())
    }

    fn put(&mut self, key: UnionKey, stamp: Stamp, union: Arc<Union>) {
        self.uses += 1;
        self.bytes += union.bytes();
        if let Some((_, _, replaced)) = self.known.insert(key, (stamp, self.uses, union)) {
            self.bytes -= replaced.bytes();
        }
        while self.bytes > UNIONS_BYTES_MAX {
            let oldest = self.known.iter().min_by_key(|(_, (_, used, _))| *used).map(|(key, _)| key.clone());
            let Some((_, _, removed)) = oldest.and_then(|key| self.known.remove(&key)) else { return };
            self.bytes -= removed.bytes();
        }
    }
}
