//! Moments in UTC, to the millisecond: reading and writing RFC 3339. No clock is read here.
//!
//! Calendar arithmetic follows Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"
//! (`days_from_civil`, `civil_from_days`); the tests compare it with the `jiff` crate, which is too
//! large for the page.

use alloc::string::String;
use core::fmt;

use crate::json::push_padded;

/// Milliseconds since 1970-01-01T00:00:00Z, from year 0 to year 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

const MS_MIN: i64 = -62_167_219_200_000; // 0000-01-01T00:00:00.000Z
const MS_MAX: i64 = 253_402_300_799_999; // 9999-12-31T23:59:59.999Z
const DAY_MS: i64 = 86_400_000;

impl Timestamp {
    /// The moment `unix_ms` milliseconds after the epoch, held within years 0 to 9999.
    pub fn from_unix_ms(unix_ms: i64) -> Self {
        Self(unix_ms.clamp(MS_MIN, MS_MAX))
    }

    /// Milliseconds since the epoch.
    pub const fn unix_ms(self) -> i64 {
        self.0
    }

    /// Reads `2026-11-23T19:55:08.120Z` and the other forms of RFC 3339: any number of decimals
    /// (those past the third are cut), any offset (converted to UTC), leap second 60 (read as 59).
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let number = |from: usize, digits: usize| -> Option<i64> {
            bytes
                .get(from..from + digits)?
                .iter()
                .try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
        };
        let is = |at: usize, wanted: u8| bytes.get(at).is_some_and(|b| b.eq_ignore_ascii_case(&wanted));

        let (year, month, day) = (number(0, 4)?, number(5, 2)?, number(8, 2)?);
        let (hour, minute, second) = (number(11, 2)?, number(14, 2)?, number(17, 2)?);
        let separated = is(4, b'-') && is(7, b'-') && is(10, b'T') && is(13, b':') && is(16, b':');
        let real = (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second <= 60;
        if !separated || !real {
            return None;
        }

        let mut at = 19;
        let mut ms = 0;
        if is(at, b'.') {
            let decimals = bytes[at + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
            if decimals == 0 {
                return None;
            }
            let kept = decimals.min(3);
            ms = number(at + 1, kept)? * [100, 10, 1][kept - 1];
            at += 1 + decimals;
        }
        let offset_minutes = if is(at, b'Z') {
            at += 1;
            0
        } else {
            let sign = if is(at, b'+') {
                1
            } else if is(at, b'-') {
                -1
            } else {
                return None;
            };
            let (hours, minutes) = (number(at + 1, 2)?, number(at + 4, 2)?);
            if !is(at + 3, b':') || hours > 23 || minutes > 59 {
                return None;
            }
            at += 6;
            sign * (hours * 60 + minutes)
        };
        if at != bytes.len() {
            return None;
        }

        let minutes = (days_from_civil(year, month, day) * 24 + hour) * 60 + minute - offset_minutes;
        let unix_ms = (minutes * 60 + second.min(59)) * 1000 + ms;
        (MS_MIN..=MS_MAX).contains(&unix_ms).then_some(Self(unix_ms))
    }

    /// Appends `YYYY-MM-DDTHH:MM:SS.mmmZ`: always 24 characters, so that text order is time order.
    pub fn push_rfc3339(self, out: &mut String) {
        let (year, month, day) = civil_from_days(self.0.div_euclid(DAY_MS));
        let ms = self.0.rem_euclid(DAY_MS);
        let parts = [
            (year, 4, '-'),
            (month, 2, '-'),
            (day, 2, 'T'),
            (ms / 3_600_000, 2, ':'),
            (ms / 60_000 % 60, 2, ':'),
            (ms / 1000 % 60, 2, '.'),
            (ms % 1000, 3, 'Z'),
        ];
        for (value, digits, end) in parts {
            push_padded(value as u32, digits, out);
            out.push(end);
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(24);
        self.push_rfc3339(&mut text);
        f.write_str(&text)
    }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to the given date. Years begin in March here, so that the leap day is last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The date `days` after 1970-01-01, as year, month, day.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unix_ms(text: &str) -> Option<i64> {
        Timestamp::parse_rfc3339(text).map(Timestamp::unix_ms)
    }

    #[test]
    fn reads_the_forms_of_rfc_3339() {
        assert_eq!(unix_ms("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(unix_ms("2026-11-23T19:55:08.120Z"), Some(1_795_463_708_120));
        assert_eq!(unix_ms("2026-11-23T19:55:08.120987654Z"), Some(1_795_463_708_120));
        assert_eq!(unix_ms("2026-11-23T19:55:08.1Z"), Some(1_795_463_708_100));
        assert_eq!(unix_ms("2026-11-23t21:25:08+01:30"), Some(1_795_463_708_000));
        assert_eq!(unix_ms("2016-12-31T23:59:60Z"), unix_ms("2016-12-31T23:59:59Z"));
    }

    #[test]
    fn refuses_everything_else() {
        for text in [
            "",
            "2026-11-23",
            "2026-11-23T19:55Z",
            "2026-11-23 19:55:08Z",
            "2026-11-23T19:55:08",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-10T00:00:00Z",
            "2026-11-23T24:00:00Z",
            "2026-11-23T19:60:00Z",
            "2026-11-23T19:55:08.Z",
            "2026-11-23T19:55:08Zx",
            "2026-11-23T19:55:08+1:00",
            "2026-11-23T19:55:08+24:00",
            "-271821-04-20T00:00:00.000Z",
            "+275760-09-13T00:00:00.000Z",
            "2026-11-23T19:55:0８Z",
            "0000-01-01T00:00:00+00:01",
        ] {
            assert_eq!(unix_ms(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_jiff(ms in MS_MIN..=MS_MAX) {
            let ours = Timestamp::from_unix_ms(ms).to_string();
            let theirs = jiff::Timestamp::from_millisecond(ms).unwrap();
            prop_assert_eq!(&ours, &format!("{theirs:.3}"));
            prop_assert_eq!(unix_ms(&ours), Some(ms));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,40}") {
            unix_ms(&text);
        }

        #[test]
        fn near_misses_agree_with_jiff(text in "(19|20)[0-9]{2}-[0-1][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-][0-1][0-9]:[0-5][0-9])") {
            let theirs = text.parse::<jiff::Timestamp>().ok().map(|t| t.as_nanosecond().div_euclid(1_000_000) as i64);
            prop_assert_eq!(unix_ms(&text), theirs);
        }
    }
}
