//! Metrics: how much happened in each interval of a range.

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    TimeRange,
    calendar::Period,
    rollups::{Each, EventTotal, Minutes, Range, Rollups},
};
use crate::store::{StoreResult, rollup::moment_of};

const TOP: usize = 5;

/// The answer. Intervals are whole: `start` and `end` are those of the first and the last.
#[derive(Serialize, ToSchema)]
pub(crate) struct Metrics {
    period: &'static str,
    time_zone: String,
    start: String,
    end: String,
    event: Option<String>,
    #[schema(inline)]
    intervals: Vec<Interval>,
}

#[derive(Serialize, ToSchema)]
struct Interval {
    start: String,
    end: String,
    count: i64,
    unique_users: i64,
    unique_sessions: i64,
    #[schema(inline)]
    top_events: Vec<TopEvent>,
}

/// An event name and how often it came.
#[derive(Serialize, ToSchema)]
pub(crate) struct TopEvent {
    event: String,
    count: i64,
}

impl From<&EventTotal> for TopEvent {
    fn from(total: &EventTotal) -> Self {
        Self { event: total.event.clone(), count: total.count }
    }
}

/// The metrics of `intervals`, which are those of `range` by `period`.
pub(crate) async fn metrics(
    rollups: &Rollups,
    project_id: i32,
    range: &TimeRange,
    period: Period,
    intervals: &[Minutes],
    event: Option<String>,
) -> StoreResult<Metrics> {
    let each = if event.is_some() { Each::Nothing } else { Each::Counts };
    let ranges: Vec<Range> =
        intervals.iter().map(|&minutes| Range { minutes, distinct: true, each }).collect();
    let totals = rollups.totals(project_id, event.as_deref(), &ranges).await?;
    let interval = |(minutes, total): (&Minutes, super::rollups::Total)| Interval {
        start: moment_of(minutes.start).to_string(),
        end: moment_of(minutes.end).to_string(),
        count: total.count,
        unique_users: total.users,
        unique_sessions: total.sessions,
        top_events: match &event {
            Some(event) if total.count > 0 => vec![TopEvent { event: event.clone(), count: total.count }],
            _ => total.each.iter().take(TOP).map(TopEvent::from).collect(),
        },
    };
    Ok(Metrics {
        period: period.as_str(),
        time_zone: range.calendar.zone_name().to_owned(),
        start: intervals.first().map_or(range.start, |minutes| moment_of(minutes.start)).to_string(),
        end: intervals.last().map_or(range.end, |minutes| moment_of(minutes.end)).to_string(),
        intervals: intervals.iter().zip(totals).map(interval).collect(),
        event,
    })
}
