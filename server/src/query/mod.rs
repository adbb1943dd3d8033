//! Questions about what is stored, answered through the store: one file each, with the answer as it goes
//! over the wire.

pub(crate) mod breakdown;
pub(crate) mod calendar;
pub(crate) mod dashboard;
pub mod delivery;
pub mod export;
pub(crate) mod forwarders;
pub(crate) mod funnel;
pub(crate) mod health;
pub(crate) mod heavy;
pub(crate) mod metrics;
pub(crate) mod outcomes;
pub(crate) mod quarantine;
pub(crate) mod recent;
pub(crate) mod report;
pub(crate) mod retention;
pub(crate) mod rollups;
pub(crate) mod sessions;
pub(crate) mod shared;
pub(crate) mod stats;
pub(crate) mod usual;

use pharos_model::Timestamp;

use self::{calendar::Calendar, rollups::Minutes};
use crate::store::rollup::{Size, moment_of};

/// A range of time that is asked about, without its end.
#[derive(Debug, Clone)]
pub(crate) struct TimeRange {
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
    pub(crate) calendar: Calendar,
}

impl TimeRange {
    /// The range widened to quarters of an hour, which is how fine distinct counts are kept.
    #[must_use]
    pub(crate) fn to_quarters(&self) -> Self {
        const QUARTER_MS: i64 = Size::Quarter.minutes() * 60_000;
        let quarters = |ms: i64| Timestamp::from_unix_ms(ms.div_euclid(QUARTER_MS) * QUARTER_MS);
        let end = quarters(self.end.unix_ms() + QUARTER_MS - 1);
        Self { start: quarters(self.start.unix_ms()), end, ..self.clone() }
    }

    /// The range of the same length that ends where this one starts.
    pub(crate) fn before(&self) -> Self {
        let length_ms = self.end.unix_ms() - self.start.unix_ms();
        let start = Timestamp::from_unix_ms(self.start.unix_ms() - length_ms);
        Self { start, end: self.start, ..self.clone() }
    }

    /// The range in minutes; edges within one go down.
    pub(crate) fn minutes(&self) -> Minutes {
        let minute = crate::store::rollup::minute_of;
        debug_assert_eq!(moment_of(minute(self.start)), self.start, "ranges of rollups begin on a minute");
        Minutes { start: minute(self.start), end: minute(self.end) }
    }
}
