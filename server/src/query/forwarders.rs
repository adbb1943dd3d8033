//! What events are sent on to, as JSON.

use serde::Serialize;
use utoipa::ToSchema;

use crate::store::{Store, StoreResult, outbox::ForwarderState};

/// What events are sent on to.
#[derive(Serialize, ToSchema)]
pub(crate) struct Forwarders {
    forwarders: Vec<Forwarder>,
}

/// One destination.
#[derive(Serialize, ToSchema)]
struct Forwarder {
    name: String,
    /// `ga4` or `webhook`.
    kind: String,
    /// Whether it is set up.
    enabled: bool,
    /// Events that wait.
    pending: i64,
    oldest_pending_at: Option<String>,
    sent: i64,
    /// Events given up; the reasons are kept for 30 days.
    failed: i64,
    /// Events sent again although they may have arrived.
    uncertain: i64,
    last_error: Option<String>,
    last_sent_at: Option<String>,
    failed_by_reason: Vec<Reason>,
}

/// Why events were given up.
#[derive(Serialize, ToSchema)]
#[schema(as = ForwardingFailure)]
struct Reason {
    reason: String,
    count: i64,
}

/// What was given up.
#[derive(Serialize, ToSchema)]
pub(crate) struct FailedForwards {
    failed: Vec<FailedForward>,
}

/// An event that a destination does not take.
#[derive(Serialize, ToSchema)]
struct FailedForward {
    destination: String,
    event_id: String,
    /// None if it is stored no more.
    event: Option<String>,
    timestamp: Option<String>,
    reason: String,
    /// Since when it waited.
    enqueued_at: String,
}

/// The project's destinations, `enabled` ones first.
pub(crate) async fn of(
    store: &dyn Store,
    project_id: i32,
    enabled: &[&'static str],
) -> StoreResult<Forwarders> {
    let mut states = store.forwarders(Some(project_id)).await?;
    let mut forwarders = Vec::new();
    for &name in enabled {
        let known = states.iter().position(|state| state.destination == name);
        let unknown = || ForwarderState { destination: name.to_owned(), ..ForwarderState::default() };
        forwarders.push(forwarder(known.map_or_else(unknown, |index| states.remove(index)), true));
    }
    forwarders.extend(states.into_iter().map(|state| forwarder(state, false)));
    Ok(Forwarders { forwarders })
}

/// The project's events that were given up, those that waited last first.
pub(crate) async fn failed(store: &dyn Store, project_id: i32, limit: u32) -> StoreResult<FailedForwards> {
    let failed = store.given_up(project_id, limit).await?.into_iter().map(|one| FailedForward {
        destination: one.destination,
        event_id: one.event_id,
        event: one.event,
        timestamp: one.timestamp,
        reason: one.reason,
        enqueued_at: one.enqueued_at.to_string(),
    });
    Ok(FailedForwards { failed: failed.collect() })
}

fn forwarder(state: ForwarderState, enabled: bool) -> Forwarder {
    let reason = |(reason, count)| Reason { reason, count };
    Forwarder {
        // There is one destination of each kind.
        kind: state.destination.clone(),
        name: state.destination,
        enabled,
        pending: state.pending,
        oldest_pending_at: state.oldest_pending_at.map(|at| at.to_string()),
        sent: state.sent,
        failed: state.failed,
        uncertain: state.uncertain,
        last_error: state.last_error,
        last_sent_at: state.last_sent_at.map(|at| at.to_string()),
        failed_by_reason: state.failed_by_reason.into_iter().map(reason).collect(),
    }
}
