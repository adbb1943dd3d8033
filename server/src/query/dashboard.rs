//! The dashboard's first view: the last hour, minute by minute.

use std::collections::BTreeMap;

use pharos_model::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    health::Health,
    metrics::TopEvent,
    rollups::{Each, Minutes, Range, Rollups},
};
use crate::{
    outcome::hour_of,
    store::{
        OutcomeRange, Store, StoreResult,
        rollup::{minute_of, moment_of},
    },
};

const MINUTES: i64 = 60;
const TOP: usize = 10;

/// The answer, about the last sixty minutes, of which the current one has only begun.
#[derive(Serialize, ToSchema)]
pub(crate) struct Dashboard {
    start: String,
    end: String,
    total_events: i64,
    unique_users: i64,
    unique_sessions: i64,
    /// Of the hour before.
    previous_total_events: i64,
    #[schema(inline)]
    top_events: Vec<TopEvent>,
    #[schema(inline)]
    activity: Vec<Activity>,
    /// Of the events received since the start of the hour in which `start` lies.
    outcomes: BTreeMap<String, i64>,
    /// Pieces of personal data taken out of these events, by kind.
    redactions: BTreeMap<String, i64>,
    /// As `GET /v1/health` tells it, a second old at most.
    health: Health,
}

#[derive(Serialize, ToSchema)]
struct Activity {
    minute: String,
    count: i64,
    users: i64,
    sessions: i64,
}

/// The last hour up to `now`.
pub(crate) async fn dashboard(
    rollups: &Rollups,
    store: &dyn Store,
    health: Health,
    project_id: i32,
    now: Timestamp,
) -> StoreResult<Dashboard> {
    let end = minute_of(now) + 1;
    let start = end - MINUTES;
    let mut ranges = vec![
        Range { minutes: Minutes { start, end }.open_ended(now), distinct: true, each: Each::Counts },
        Range {
            minutes: Minutes { start: start - MINUTES, end: start },
            distinct: false,
            each: Each::Nothing,
        },
    ];
    let minutes = (start..end).map(|minute| Minutes { start: minute, end: minute + 1 });
    ranges.extend(minutes.map(|minutes| Range { minutes, distinct: true, each: Each::Nothing }));
    let totals = rollups.totals(project_id, None, &ranges).await?;
    let received = OutcomeRange { project_id, start: hour_of(moment_of(start)), end: moment_of(end) };
    let mut outcomes: BTreeMap<String, i64> = BTreeMap::new();
    for sum in store.outcomes(&received).await? {
        *outcomes.entry(sum.outcome).or_default() += sum.count;
    }
    let mut redactions: BTreeMap<String, i64> = BTreeMap::new();
    for sum in store.redactions(&received).await? {
        *redactions.entry(sum.kind).or_default() += sum.count;
    }
    let activity = (start..end).zip(&totals[2..]).map(|(minute, total)| Activity {
        minute: moment_of(minute).to_string(),
        count: total.count,
        users: total.users,
        sessions: total.sessions,
    });
    Ok(Dashboard {
        start: moment_of(start).to_string(),
        end: now.to_string(),
        total_events: totals[0].count,
        unique_users: totals[0].users,
        unique_sessions: totals[0].sessions,
        previous_total_events: totals[1].count,
        top_events: totals[0].each.iter().take(TOP).map(TopEvent::from).collect(),
        activity: activity.collect(),
        outcomes,
        redactions,
        health,
    })
}
