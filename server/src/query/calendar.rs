//! Days, weeks and months as people have them: in a time zone, with a first day of the week.

use jiff::{
    ToSpan, Unit, ZonedDateTime,
    civil::{Date, Weekday},
    tz::TimeZone,
};
use pharos_model::Timestamp;

use super::rollups::Minutes;
use crate::store::rollup::Size;

/// How a caller cuts time.
#[derive(Debug, Clone)]
pub(crate) struct Calendar {
    pub(crate) zone: TimeZone,
    pub(crate) week_start: Weekday,
}

/// The length of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Period {
    Hour,
    Day,
    Week,
    Month,
}

impl Period {
    pub(crate) const ALL: [Self; 4] = [Self::Hour, Self::Day, Self::Week, Self::Month];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }
}

impl Calendar {
    /// The IANA name of the zone.
    pub(crate) fn zone_name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// A moment, or the start of a day of this calendar.
    pub(crate) fn parse(&self, text: &str) -> Option<Timestamp> {
        if text.len() > "2026-11-01".len() {
            return Timestamp::parse_rfc3339(text);
        }
        let date: Date = text.parse().ok()?;
        let in_range = (1970..=9998).contains(&date.year());
        in_range.then(|| self.start_of(date)).flatten().map(|zoned| moment(&zoned))
    }

    /// The intervals of `period` that touch the time from `start` up to `end`, whole ones, in order;
    /// `None` if there are more than `most`. Each begins where the one before ends, whatever the clocks
    /// of the zone do: a day may have 23 or 25 hours.
    pub(crate) fn intervals(
        &self,
        period: Period,
        start: Timestamp,
        end: Timestamp,
        most: usize,
    ) -> Option<Vec<Minutes>> {
        let mut intervals = Vec::new();
        let mut from = self.floor(period, start)?;
        while moment(&from) < end {
            if intervals.len() == most {
                return None;
            }
            let to = self.next(period, &from)?;
            intervals.push(Minutes { start: minute(&from), end: minute(&to) });
            from = to;
        }
        Some(intervals)
    }

    /// The start of the period that holds `at`.
    fn floor(&self, period: Period, at: Timestamp) -> Option<ZonedDateTime> {
        let at = jiff::Timestamp::from_millisecond(at.unix_ms()).ok()?.to_zoned_datetime(self.zone.clone());
        let date = at.date();
        match period {
            // By its distance from UTC, so that each of the two hours of the same name is one.
            Period::Hour => {
                let offset_minutes = i64::from(at.offset().seconds()) / 60;
                let local = at.timestamp().as_millisecond().div_euclid(60_000) + offset_minutes;
                let start = Size::Hour.floor(local) - offset_minutes;
                let start = jiff::Timestamp::from_second(start * 60).ok()?;
                Some(start.to_zoned_datetime(self.zone.clone()))
            }
            Period::Day => self.start_of(date),
            Period::Week => {
                let days = i64::from(date.weekday().since(self.week_start));
                self.start_of(date.checked_sub(days.days()).ok()?)
            }
            Period::Month => self.start_of(date.first_of_month()),
        }
    }

    fn next(&self, period: Period, from: &ZonedDateTime) -> Option<ZonedDateTime> {
        let date = from.date();
        match period {
            Period::Hour => from.checked_add(1.hour()).ok(),
            Period::Day => self.start_of(date.checked_add(1.day()).ok()?),
            Period::Week => self.start_of(date.checked_add(7.days()).ok()?),
            Period::Month => self.start_of(date.checked_add(1.month()).ok()?),
        }
    }

    /// The first moment of a day: midnight, or when the clocks skip it, the moment they skip to.
    fn start_of(&self, date: Date) -> Option<ZonedDateTime> {
        date.to_zoned_datetime(self.zone.clone()).ok()?.round(Unit::Minute).ok()
    }
}

fn moment(zoned: &ZonedDateTime) -> Timestamp {
    Timestamp::from_unix_ms(zoned.timestamp().as_millisecond())
}

fn minute(zoned: &ZonedDateTime) -> i64 {
    zoned.timestamp().as_second().div_euclid(60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::rollup::moment_of;

    fn calendar(zone: &str) -> Calendar {
        Calendar { zone: TimeZone::get(zone).unwrap(), week_start: Weekday::Monday }
    }

    fn intervals(zone: &str, period: Period, start: &str, end: &str) -> Vec<String> {
        let calendar = calendar(zone);
        let (start, end) = (calendar.parse(start).unwrap(), calendar.parse(end).unwrap());
        let intervals = calendar.intervals(period, start, end, 100).unwrap();
        assert!(intervals.windows(2).all(|pair| pair[0].end == pair[1].start));
        intervals.iter().map(|minutes| moment_of(minutes.start).to_string()[..16].to_owned()).collect()
    }

    #[test]
    fn days_begin_at_the_zones_midnight() {
        let days = intervals("Asia/Kolkata", Period::Day, "2026-11-01", "2026-11-03");
        assert_eq!(days, ["2026-10-31T18:30", "2026-11-01T18:30"]);
        let days = intervals("Asia/Kathmandu", Period::Day, "2026-11-01", "2026-11-02");
        assert_eq!(days, ["2026-10-31T18:15"]);
    }

    #[test]
    fn a_day_has_23_or_25_hours_when_clocks_change() {
        let hours = |start, end| intervals("Europe/Berlin", Period::Hour, start, end).len();
        assert_eq!((hours("2026-03-29", "2026-03-30"), hours("2026-10-25", "2026-10-26")), (23, 25));
        let days = intervals("Europe/Berlin", Period::Day, "2026-10-24", "2026-10-27");
        assert_eq!(days, ["2026-10-23T22:00", "2026-10-24T22:00", "2026-10-25T23:00"]);
        // Lord Howe's clocks change by half an hour.
        let hours = intervals("Australia/Lord_Howe", Period::Hour, "2026-04-05", "2026-04-06");
        assert_eq!(hours.len(), 25, "24 and a half, of which both ends are whole hours");
    }

    #[test]
    fn weeks_begin_on_the_day_asked_for_and_months_on_the_first() {
        let monday = calendar("UTC");
        let sunday = Calendar { week_start: Weekday::Sunday, ..monday.clone() };
        let (start, end) = (monday.parse("2026-11-18").unwrap(), monday.parse("2026-11-19").unwrap());
        let first = |calendar: &Calendar, period| {
            moment_of(calendar.intervals(period, start, end, 10).unwrap()[0].start).to_string()[..10]
                .to_owned()
        };
        assert_eq!(first(&monday, Period::Week), "2026-11-16");
        assert_eq!(first(&sunday, Period::Week), "2026-11-15");
        assert_eq!(first(&monday, Period::Month), "2026-11-01");
    }

    #[test]
    fn too_many_are_refused_and_nonsense_is_no_time() {
        let utc = calendar("UTC");
        let (start, end) = (utc.parse("2026-01-01").unwrap(), utc.parse("2026-11-19").unwrap());
        assert!(utc.intervals(Period::Hour, start, end, 2000).is_none());
        for text in ["", "2026", "2026-13-01", "9999-12-31", "2026-11-01T", "yesterday"] {
            assert!(utc.parse(text).is_none(), "{text}");
        }
    }
}
