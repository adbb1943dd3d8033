//! The report: how much happened in a range of time, what it was, and how that compares with before.

use pharos_model::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    TimeRange,
    rollups::{Each, EventTotal, Range, Rollups, Total},
};
use crate::store::StoreResult;

/// Event names listed; more are cut off, and that is said.
const EVENTS_MAX: usize = 1000;
const TOP: usize = 10;

/// The answer. Distinct counts are estimates, within 2%.
#[derive(Serialize, ToSchema)]
pub(crate) struct Report {
    start: String,
    end: String,
    time_zone: String,
    total_events: i64,
    unique_users: i64,
    unique_sessions: i64,
    /// The most frequent first.
    #[schema(inline)]
    events: Vec<Event>,
    events_truncated: bool,
    #[schema(inline)]
    top_events: Vec<TopEvent>,
    #[schema(inline)]
    previous: Previous,
    #[schema(inline)]
    trends: Trends,
}

#[derive(Serialize, ToSchema)]
struct Event {
    event: String,
    count: i64,
    unique_users: i64,
}

#[derive(Serialize, ToSchema)]
struct TopEvent {
    #[serde(flatten)]
    event: Event,
    previous_count: i64,
    trend: Option<f64>,
}

/// The range of the same length before.
#[derive(Serialize, ToSchema)]
struct Previous {
    start: String,
    end: String,
    total_events: i64,
    unique_users: i64,
    unique_sessions: i64,
}

/// Growth: 0.12 is 12% more than before; `null` when there was nothing before.
#[derive(Serialize, ToSchema)]
struct Trends {
    total_events: Option<f64>,
    unique_users: Option<f64>,
    unique_sessions: Option<f64>,
}

/// The report on `range`, whose edges lie on quarters of an hour.
pub(crate) async fn report(
    rollups: &Rollups,
    project_id: i32,
    range: &TimeRange,
    now: Timestamp,
) -> StoreResult<Report> {
    let before = range.before();
    let ranges = [
        Range { minutes: range.minutes().open_ended(now), distinct: true, each: Each::CountsAndUsers },
        Range { minutes: before.minutes(), distinct: true, each: Each::Counts },
    ];
    let totals = rollups.totals(project_id, None, &ranges).await?;
    let [current, previous] = &totals[..] else {
        return Ok(Report::of(range, &before, &Total::default(), &Total::default()));
    };
    Ok(Report::of(range, &before, current, previous))
}

impl Report {
    fn of(range: &TimeRange, before: &TimeRange, current: &Total, previous: &Total) -> Self {
        let event = |total: &EventTotal| Event {
            event: total.event.clone(),
            count: total.count,
            unique_users: total.users.min(total.count),
        };
        let top_event = |total: &EventTotal| {
            let known = previous.each.iter().find(|known| known.event == total.event);
            let previous_count = known.map_or(0, |known| known.count);
            TopEvent { event: event(total), previous_count, trend: trend(total.count, previous_count) }
        };
        Self {
            start: range.start.to_string(),
            end: range.end.to_string(),
            time_zone: range.calendar.zone_name().to_owned(),
            total_events: current.count,
            unique_users: current.users,
            unique_sessions: current.sessions,
            events: current.each.iter().take(EVENTS_MAX).map(event).collect(),
            events_truncated: current.each.len() > EVENTS_MAX,
            top_events: current.each.iter().take(TOP).map(top_event).collect(),
            previous: Previous {
                start: before.start.to_string(),
                end: before.end.to_string(),
                total_events: previous.count,
                unique_users: previous.users,
                unique_sessions: previous.sessions,
            },
            trends: Trends {
                total_events: trend(current.count, previous.count),
                unique_users: trend(current.users, previous.users),
                unique_sessions: trend(current.sessions, previous.sessions),
            },
        }
    }
}

/// `now / before - 1`, to four decimals.
fn trend(now: i64, before: i64) -> Option<f64> {
    (before > 0).then(|| ((now as f64 / before as f64 - 1.0) * 10_000.0).round() / 10_000.0)
}
