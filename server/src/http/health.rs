//! Whether the process lives and can do its work, for orchestrators, which read the status; and how telemetry
//! is doing.

use std::time::Duration;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Shared, access::Caller, error::Error, params::NoParams};
use crate::{clock, query::health};

/// How telemetry is doing: for people and dashboards.
///
/// Healthy is: an event in the last five minutes, or none expected at this hour; hardly any event that could
/// not be taken or stored; and a database that answers.
#[utoipa::path(get, path = "/v1/health", tag = "reports", operation_id = "health",
    security(("secret_key" = []), ("session" = [])),
    responses((status = 200, description = "Healthy or not", body = health::Health,
        example = json!({ "healthy": true, "reasons": [], "last_event_at": "2026-11-23T12:00:00.000Z",
            "events_per_minute": 84.2, "error_rate": 0.0, "store": "ok", "spool_batches": 0, "spool_bytes": 0,
            "uptime_seconds": 86400 }))))]
pub(super) async fn project(
    State(app): State<Shared>,
    caller: Caller,
    _: NoParams,
) -> Result<Response, Error> {
    let node = app.node().await;
    Ok(Json(health::of(&*app.store, caller.project_id, clock::now(), node).await?).into_response())
}

/// An orchestrator does not wait longer for an answer.
const PING_TIMEOUT: Duration = Duration::from_secs(2);

/// The process runs.
#[derive(Serialize, ToSchema)]
pub(super) struct Live {
    status: &'static str,
}

/// The server can do its work.
#[derive(Serialize, ToSchema)]
pub(super) struct Ready {
    status: &'static str,
    /// `away`: events go to the spool.
    database: &'static str,
    /// Events that wait on the local disk.
    spooled_events: u64,
}

/// Whether the process runs.
#[utoipa::path(get, path = "/health/live", tag = "operations", operation_id = "process_runs",
    responses((status = 200, description = "It does", body = Live, example = json!({ "status": "live" }))))]
pub(super) async fn live() -> Response {
    Json(Live { status: "live" }).into_response()
}

/// Whether the server can do its work.
///
/// Red when events have been arriving for a while and none was written: what the spool takes meanwhile is
/// safe, but on this disk only. A server to which nothing is sent is ready while its database answers.
#[utoipa::path(get, path = "/health/ready", tag = "operations",
    responses((status = 200, description = "It can", body = Ready,
        example = json!({ "status": "ready", "database": "ok", "spooled_events": 0 }))))]
pub(super) async fn ready(State(app): State<Shared>) -> Result<Response, Error> {
    let spooled_events = app.backlog.holds().await.map_or(0, |holds| holds.events);
    let database = match app.backlog.stalled_for() {
        Some(stalled) if stalled > app.limits.ready_timeout => return Err(Error::StoreUnavailable),
        Some(_) => "away",
        None => {
            tokio::time::timeout(PING_TIMEOUT, app.store.ping())
                .await
                .map_err(|_| Error::StoreUnavailable)??;
            "ok"
        }
    };
    Ok(Json(Ready { status: "ready", database, spooled_events }).into_response())
}
