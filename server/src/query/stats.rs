//! Event names and how often each came.

use pharos_model::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    TimeRange,
    rollups::{Each, EventTotal, Range, Rollups},
};
use crate::store::{StoreResult, rollup::moment_of};

/// The answer, the most frequent first.
#[derive(Serialize, ToSchema)]
pub(crate) struct Stats {
    start: String,
    end: String,
    total: i64,
    #[schema(inline)]
    events: Vec<Event>,
}

#[derive(Serialize, ToSchema)]
struct Event {
    event: String,
    count: i64,
    /// The minute in which the last of them came.
    last_seen: String,
}

/// The names of `range`, whose edges lie on quarters of an hour.
pub(crate) async fn stats(
    rollups: &Rollups,
    project_id: i32,
    range: &TimeRange,
    now: Timestamp,
) -> StoreResult<Stats> {
    let minutes = range.minutes().open_ended(now);
    let totals =
        rollups.totals(project_id, None, &[Range { minutes, distinct: false, each: Each::Counts }]).await?;
    let event = |total: &EventTotal| Event {
        event: total.event.clone(),
        count: total.count,
        last_seen: moment_of(total.last_minute).to_string(),
    };
    Ok(Stats {
        start: range.start.to_string(),
        end: range.end.to_string(),
        total: totals.iter().map(|total| total.count).sum(),
        events: totals.iter().flat_map(|total| &total.each).map(event).collect(),
    })
}
