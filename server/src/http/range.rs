//! The parameters that questions share: a range of time, a time zone, the first day of the week.

use jiff::{civil::Weekday, tz::TimeZone};
use pharos_model::Timestamp;

use super::{error::Error, params::Params};
use crate::{
    clock,
    query::{TimeRange, calendar::Calendar},
};

const DAY_MS: i64 = 24 * 3_600_000;

/// The range asked for where none is given.
const DAYS_DEFAULT: i64 = 7;
/// Longest range: a year and its comparison with the same week of the year before.
pub(super) const DAYS_MAX: i64 = 400;

/// What [`range`] takes, as the document describes it.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "described, never made")]
pub(super) struct RangeParams {
    /// A date, read in `time_zone`, or a date and time (RFC 3339). Default: seven days before the end
    #[param(example = "2026-11-01")]
    start: Option<String>,
    /// As `start`, and at most 400 days after it; not part of the range. Default: now
    #[param(example = "2026-11-23T12:00:00Z")]
    end: Option<String>,
    /// The IANA name of a time zone. Default: UTC
    #[param(example = "Europe/Berlin")]
    time_zone: Option<String>,
    /// `monday` or `sunday`. Default: monday
    #[param(example = "monday")]
    week_start: Option<String>,
}

/// `time_zone` and `week_start`.
pub(super) fn calendar(params: &mut Params) -> Result<Calendar, Error> {
    let name = params.take("time_zone");
    let zone = match name.as_deref() {
        None => TimeZone::UTC,
        Some(name) => TimeZone::get(name).map_err(|_| Error::InvalidParameter {
            field: "time_zone".to_owned(),
            expected: "the IANA name of a time zone, such as Europe/Berlin",
        })?,
    };
    let week_start = match params.take("week_start").as_deref() {
        None | Some("monday") => Weekday::Monday,
        Some("sunday") => Weekday::Sunday,
        Some(_) => {
            let expected = "monday or sunday";
            return Err(Error::InvalidParameter { field: "week_start".to_owned(), expected });
        }
    };
    Ok(Calendar { zone, week_start })
}

/// `start`, `end`, `time_zone` and `week_start`; without a range, the last seven days.
pub(super) fn range(params: &mut Params) -> Result<TimeRange, Error> {
    let calendar = calendar(params)?;
    let mut moment = |name: &str| -> Result<Option<Timestamp>, Error> {
        let Some(text) = params.take(name) else { return Ok(None) };
        calendar.parse(&text).map(Some).ok_or_else(|| Error::InvalidParameter {
            field: name.to_owned(),
            expected: "a date such as 2026-11-01, or a date and time such as 2026-11-23T19:00:00Z",
        })
    };
    let (start, end) = (moment("start")?, moment("end")?);
    let end = end.unwrap_or_else(clock::now);
    let start = start.unwrap_or_else(|| Timestamp::from_unix_ms(end.unix_ms() - DAYS_DEFAULT * DAY_MS));
    if !(1..=DAYS_MAX * DAY_MS).contains(&(end.unix_ms() - start.unix_ms())) {
        let expected = "a start before the end, at most 400 days";
        return Err(Error::InvalidParameter { field: "start".to_owned(), expected });
    }
    Ok(TimeRange { start, end, calendar })
}
