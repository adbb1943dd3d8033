//! What is usual at this hour: learned from the rollups, which outlive the events.

use pharos_model::Timestamp;

use crate::{
    outcome::hour_of,
    store::{Store, StoreResult},
};

const HOUR_MS: i64 = 3_600_000;
const WEEK_MS: i64 = 7 * 24 * HOUR_MS;

/// Weeks that are learned from, at most: a season, not a year.
const WEEKS_MAX: i64 = 8;
/// From two on, an hour is compared with the same hour of other weeks.
const WEEKS_MIN: i64 = 2;

/// How many events an hour such as the one of `now` usually has: the average of that hour of the week over the
/// weeks there are, or, until there are two of them, of all hours so far. `None` before there is a whole hour
/// to learn from. Hours are of UTC.
#[allow(clippy::cast_precision_loss, reason = "an average")]
pub(crate) async fn events_per_hour(
    store: &dyn Store,
    project_id: i32,
    now: Timestamp,
) -> StoreResult<Option<f64>> {
    let hour = hour_of(now);
    let Some(first) = store.first_event_at(project_id).await? else { return Ok(None) };
    let weeks = ((hour.unix_ms() - first.unix_ms()) / WEEK_MS).min(WEEKS_MAX);
    if weeks < WEEKS_MIN {
        let start = first.unix_ms().max(hour.unix_ms() - WEEKS_MIN * WEEK_MS);
        let hours = (hour.unix_ms() - start) as f64 / HOUR_MS as f64;
        if hours < 1.0 {
            return Ok(None);
        }
        let count = store.count_events(project_id, None, Timestamp::from_unix_ms(start), hour).await?;
        return Ok(Some(count as f64 / hours));
    }
    let mut count = 0;
    for week in 1..=weeks {
        let start = hour.unix_ms() - week * WEEK_MS;
        let (start, end) = (Timestamp::from_unix_ms(start), Timestamp::from_unix_ms(start + HOUR_MS));
        count += store.count_events(project_id, None, start, end).await?;
    }
    Ok(Some(count as f64 / weeks as f64))
}
