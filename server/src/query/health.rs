//! Is telemetry arriving, and is it well? For people and dashboards; orchestrators ask `/health/ready`.

use std::time::Duration;

use pharos_model::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::{shared::Shared, usual};
use crate::{
    outcome::hour_of,
    store::{OutcomeRange, Recent, Store, StoreResult},
};

/// How old what is told beside other things may be.
const LATELY: Duration = Duration::from_secs(1);

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// Minutes in which an event must have come, where events are expected.
const MINUTES: i64 = 5;
/// Share of events refused or quarantined from which on something is wrong.
pub(crate) const ERROR_RATE_MAX: f64 = 0.05;

/// How telemetry is doing.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Health {
    pub(crate) healthy: bool,
    /// Why it is not, as sentences; empty if it is.
    reasons: Vec<String>,
    /// When the last event was received.
    last_event_at: Option<String>,
    /// Over the last five minutes, by the events' own time.
    events_per_minute: f64,
    /// Share of the events received in this hour and the one before that the server could not take or store.
    error_rate: f64,
    /// `ok`, or `away`: events go to the spool.
    store: &'static str,
    /// Flushes that wait on this node's disk.
    spool_batches: u64,
    spool_bytes: u64,
    /// How long this node has been running.
    uptime_seconds: u64,
}

/// What this node knows of itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    pub(crate) store_is_away: bool,
    pub(crate) spool_batches: u64,
    pub(crate) spool_bytes: u64,
    pub(crate) uptime_seconds: u64,
}

/// Looks at the last five minutes, and at the ledger of the last two hours.
#[allow(clippy::cast_precision_loss, reason = "rates")]
pub(crate) async fn of(
    store: &dyn Store,
    project_id: i32,
    now: Timestamp,
    node: Node,
) -> StoreResult<Health> {
    let newest = Recent { project_id, event: None, session_id: None, user_ids: Vec::new(), limit: 1 };
    let last_event = store.recent(&newest).await?.into_iter().next().map(|event| event.created_at);
    let since = Timestamp::from_unix_ms((now.unix_ms() / MINUTE_MS - MINUTES) * MINUTE_MS);
    let recent = store.count_events(project_id, None, since, now).await?;
    let events_per_minute = recent as f64 / MINUTES as f64;
    let usual_per_hour = usual::events_per_hour(store, project_id, now).await?.unwrap_or_default();
    let error_rate = error_rate(store, project_id, now).await?.unwrap_or_default();

    let mut reasons = Vec::new();
    let arrived_lately =
        recent > 0 || last_event.is_some_and(|at| now.unix_ms() - at.unix_ms() < MINUTES * MINUTE_MS);
    // Expected: usually one or more in five minutes at this hour.
    if !arrived_lately && usual_per_hour * MINUTES as f64 / 60.0 >= 1.0 {
        reasons.push(format!(
            "no event in the last {MINUTES} minutes; about {usual_per_hour:.0} an hour are usual at this time"
        ));
    }
    if error_rate > ERROR_RATE_MAX {
        reasons.push(format!("{:.1}% of the events could not be taken or stored", error_rate * 100.0));
    }
    if node.store_is_away {
        reasons.push("the database is away; events wait on the disk".to_owned());
    }
    Ok(Health {
        healthy: reasons.is_empty(),
        reasons,
        last_event_at: last_event.map(|at| at.to_string()),
        events_per_minute,
        error_rate,
        store: if node.store_is_away { "away" } else { "ok" },
        spool_batches: node.spool_batches,
        spool_bytes: node.spool_bytes,
        uptime_seconds: node.uptime_seconds,
    })
}

/// How telemetry was doing a moment ago: for those who ask for it again and again beside other things.
#[derive(Default)]
pub(crate) struct Lately(Shared<Health>);

impl Lately {
    /// As [`of`], looked at anew by one of those who ask when it is older than [`LATELY`].
    pub(crate) async fn of(
        &self,
        store: &dyn Store,
        project_id: i32,
        now: Timestamp,
        node: impl Future<Output = Node>,
    ) -> StoreResult<Health> {
        let look = async |_| of(store, project_id, now, node.await).await;
        Ok(self.0.lately(project_id, LATELY, look).await?.as_ref().clone())
    }
}

/// Share of the events received in this hour and the one before that were refused or quarantined; `None` if
/// there were none.
#[allow(clippy::cast_precision_loss, reason = "a share")]
pub(crate) async fn error_rate(
    store: &dyn Store,
    project_id: i32,
    now: Timestamp,
) -> StoreResult<Option<f64>> {
    let start = hour_of(Timestamp::from_unix_ms(now.unix_ms() - HOUR_MS));
    let end = Timestamp::from_unix_ms(now.unix_ms() + 1);
    let sums = store.outcomes(&OutcomeRange { project_id, start, end }).await?;
    let all: i64 = sums.iter().map(|sum| sum.count).sum();
    let failed = sums.iter().filter(|sum| matches!(sum.outcome.as_str(), "refused" | "quarantined"));
    let failed: i64 = failed.map(|sum| sum.count).sum();
    Ok((all > 0).then(|| failed as f64 / all as f64))
}
