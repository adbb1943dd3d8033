//! Whether the process lives, and whether it can do its work. For orchestrators, which read the status.

use std::time::Duration;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{Shared, error::Error};

/// An orchestrator does not wait longer for an answer.
const PING_TIMEOUT: Duration = Duration::from_secs(2);

pub(super) async fn live() -> Response {
    Json(json!({ "status": "live" })).into_response()
}

/// Red when events have been arriving for a while and none was written: what the spool takes meanwhile is
/// safe, but on this disk only. A server to which nothing is sent is ready while its database answers.
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
    Ok(Json(json!({ "status": "ready", "database": database, "spooled_events": spooled_events }))
        .into_response())
}
