//! The dashboard's first view: the last hour, minute by minute.

use std::{collections::BTreeMap, sync::Arc};

use pharos_model::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    health::Health,
    metrics::TopEvent,
    rollups::{Each, Minutes, Range, Rollups},
    shared::Shared,
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
    ledger: &Ledger,
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
    let received = ledger.of(store, project_id, start, end).await?;
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
        outcomes: received.outcomes.clone(),
        redactions: received.redactions.clone(),
        health,
    })
}

/// What became of the events received in the last hour.
struct Received {
    outcomes: BTreeMap<String, i64>,
    redactions: BTreeMap<String, i64>,
}

/// Reads the ledger, once for all who ask at the same time.
#[derive(Default)]
pub(crate) struct Ledger(Shared<Received>);

impl Ledger {
    async fn of(
        &self,
        store: &dyn Store,
        project_id: i32,
        start: i64,
        end: i64,
    ) -> StoreResult<Arc<Received>> {
        let range = OutcomeRange { project_id, start: hour_of(moment_of(start)), end: moment_of(end) };
        let read = async |_| {
            let (mut outcomes, mut redactions) = (BTreeMap::new(), BTreeMap::new());
            for sum in store.outcomes(&range).await? {
                *outcomes.entry(sum.outcome).or_default() += sum.count;
            }
            for sum in store.redactions(&range).await? {
                *redactions.entry(sum.kind).or_default() += sum.count;
            }
            Ok(Received { outcomes, redactions })
        };
        self.0.now(project_id, read).await
    }
}
