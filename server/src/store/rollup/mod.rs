//! Rollups: what the questions read instead of the events. This folder holds what both databases share:
//! how time is cut into buckets, sketches, what a flush appends (`delta`) and how that is folded into
//! buckets (`fold`). It knows no SQL and asks no questions.

pub(super) mod delta;
pub(super) mod fold;
mod read;
pub(super) mod recount;
mod sketch;

use pharos_model::Timestamp;

use crate::store::StoreResult;

pub use self::{delta::Entry, sketch::Sketch};

/// The name under which all events of a project are counted together. No event is called so.
pub const ALL_EVENTS: &str = "";

/// Minutes of a moment since 1970, cut to the full minute: time as rollups know it.
pub const fn minute_of(moment: Timestamp) -> i64 {
    moment.unix_ms().div_euclid(60_000)
}

/// The moment at which a minute begins.
pub fn moment_of(minute: i64) -> Timestamp {
    Timestamp::from_unix_ms(minute * 60_000)
}

/// Lengths of buckets. Quarters of an hour rather than hours are the finest that is kept, because some
/// time zones are 30 or 45 minutes off the hour; no zone is off the quarter today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Size {
    /// Only of the last hours, for the live view, and with sketches only of all events together.
    Minute,
    /// Fifteen minutes.
    Quarter,
    /// An hour of UTC.
    Hour,
    /// A day of UTC.
    Day,
}

impl Size {
    /// Those that are kept for good, shortest first.
    pub const KEPT: [Self; 3] = [Self::Quarter, Self::Hour, Self::Day];

    /// How long.
    pub const fn minutes(self) -> i64 {
        match self {
            Self::Minute => 1,
            Self::Quarter => 15,
            Self::Hour => 60,
            Self::Day => 1440,
        }
    }

    /// Where the bucket that holds `minute` begins.
    pub const fn floor(self, minute: i64) -> i64 {
        minute.div_euclid(self.minutes()) * self.minutes()
    }

    /// The length of which four, or 24, make one of this.
    pub const fn next_shorter(self) -> Option<Self> {
        match self {
            Self::Minute => None,
            Self::Quarter => Some(Self::Minute),
            Self::Hour => Some(Self::Quarter),
            Self::Day => Some(Self::Hour),
        }
    }

    const fn next_longer(self) -> Option<Self> {
        match self {
            Self::Minute => Some(Self::Quarter),
            Self::Quarter => Some(Self::Hour),
            Self::Hour => Some(Self::Day),
            Self::Day => None,
        }
    }
}

/// How long minutes are kept, by their own time.
pub const MINUTES_KEPT: i64 = 3 * 60;

/// Buckets of one length, side by side, from minute `start` up to minute `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// Their length.
    pub size: Size,
    /// The first minute.
    pub start: i64,
    /// The minute after the last.
    pub end: i64,
}

/// The fewest spans of buckets that make up the minutes from `start` up to `end`: long ones in the
/// middle, shorter ones towards the edges.
pub fn cover(start: i64, end: i64) -> Vec<Span> {
    fn with(size: Size, start: i64, end: i64, spans: &mut Vec<Span>) {
        let Some(longer) = size.next_longer().filter(|_| start < end) else {
            spans.extend((start < end).then_some(Span { size, start, end }));
            return;
        };
        let middle_start = longer.floor(start + longer.minutes() - 1);
        let middle_end = longer.floor(end);
        if middle_start >= middle_end {
            spans.push(Span { size, start, end });
            return;
        }
        spans.extend((start < middle_start).then_some(Span { size, start, end: middle_start }));
        with(longer, middle_start, middle_end, spans);
        spans.extend((middle_end < end).then_some(Span { size, start: middle_end, end }));
    }
    let mut spans = Vec::new();
    with(Size::Minute, start, end, &mut spans);
    spans
}

/// Spans in one list without overlaps: what several ranges need, read once.
pub fn join(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    let mut joined: Vec<Span> = Vec::new();
    for span in spans {
        match joined.last_mut() {
            Some(last) if last.size == span.size && span.start <= last.end => {
                last.end = last.end.max(span.end)
            }
            _ => joined.push(span),
        }
    }
    joined
}

/// Which event names are meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Names {
    /// All together.
    All,
    /// Every name by itself.
    Each,
    /// This one.
    One(String),
}

impl Names {
    /// The event name by which the buckets of all, or of one, are found.
    pub fn event(&self) -> &str {
        if let Self::One(name) = self { name } else { ALL_EVENTS }
    }
}

/// The numbers of a bucket.
#[derive(Debug, Clone)]
pub struct BucketNumbers {
    /// Name of the events; [`ALL_EVENTS`] for all together.
    pub event: String,
    /// Its first minute.
    pub start: i64,
    /// Events.
    pub count: i64,
    /// The minute in which the last of them came.
    pub last_minute: i64,
    /// Distinct users, about.
    pub users: i64,
    /// Distinct sessions, about.
    pub sessions: i64,
}

/// The sketches of a bucket.
#[derive(Debug, Clone)]
pub struct BucketSketches {
    /// As [`BucketNumbers::event`].
    pub event: String,
    /// As [`Sketch::to_bytes`].
    pub users: Vec<u8>,
    /// Empty where they were not asked for.
    pub sessions: Vec<u8>,
}

/// Events of one name counted in one minute, not folded into buckets yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountDelta {
    /// Whose.
    pub project_id: i32,
    /// Their name.
    pub event: String,
    /// Of their own time.
    pub minute: i64,
    /// How many.
    pub count: i64,
}

/// What was asked for, and what is not folded yet, of one moment.
#[derive(Debug, Default)]
pub struct Numbers {
    /// Days (their first minute) and the versions of their buckets, of those newer than was asked for.
    pub versions: Vec<(i64, i64)>,
    /// For each part asked for, the buckets that are not empty.
    pub parts: Vec<Vec<BucketNumbers>>,
    /// Counts not folded yet, of any time, each event name and minute once.
    pub counts: Vec<CountDelta>,
    /// Users and sessions not folded yet, of any time.
    pub entries: Vec<Entry>,
}

/// A line of what waits, as both databases select it: 1, a day and its version; 2, an event name, a minute and a
/// count; or 3 and packed entries. What a line does not have is null or 0.
pub(crate) type Waiting<'r> = (i64, Option<&'r str>, i64, i64, Option<&'r [u8]>);

impl Numbers {
    /// Adds a line of a project's.
    pub(crate) fn add(&mut self, project_id: i32, line: Waiting<'_>) -> StoreResult<()> {
        match line {
            (1, _, day, version, _) => self.versions.push((day, version)),
            (2, Some(event), minute, count, _) => {
                self.counts.push(CountDelta { project_id, event: event.to_owned(), minute, count });
            }
            (_, _, _, _, content) => {
                self.entries.append(&mut delta::unpack(project_id, content.unwrap_or_default())?);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(spans: &[Span]) -> i64 {
        spans.iter().map(|span| span.end - span.start).sum()
    }

    #[test]
    fn a_range_is_covered_by_few_long_buckets() {
        let day = 20_000 * 1440;
        let sizes = |start, end| cover(start, end).iter().map(|span| span.size).collect::<Vec<_>>();
        assert_eq!(cover(day, day + 1440), [Span { size: Size::Day, start: day, end: day + 1440 }]);
        assert_eq!(sizes(day + 30, day + 90), [Size::Quarter]);
        assert_eq!(
            sizes(day + 7, day + 3 * 1440 + 75),
            [Size::Minute, Size::Quarter, Size::Hour, Size::Day, Size::Hour, Size::Quarter]
        );
        assert_eq!(sizes(day, day), []);
    }

    #[test]
    fn spans_cover_their_range_once_and_lie_on_bucket_borders() {
        let day = 20_000 * 1440;
        for (start, end) in (0..300).map(|n| (day + n * 37 % 1441, day + n * 37 % 1441 + n * n % 9000)) {
            let spans = cover(start, end);
            assert_eq!(total(&spans), end - start);
            assert!(spans.windows(2).all(|pair| pair[0].end == pair[1].start), "{spans:?}");
            for span in spans {
                assert_eq!((span.size.floor(span.start), span.size.floor(span.end)), (span.start, span.end));
            }
        }
    }

    #[test]
    fn joined_spans_are_read_once() {
        let hour = |start: i64, end: i64| Span { size: Size::Hour, start: start * 60, end: end * 60 };
        assert_eq!(join(vec![hour(5, 7), hour(1, 3), hour(3, 4), hour(2, 3)]), [hour(1, 4), hour(5, 7)]);
    }
}
