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
const READY_TIMEOUT: Duration = Duration::from_secs(2);

pub(super) async fn live() -> Response {
    Json(json!({ "status": "live" })).into_response()
}

pub(super) async fn ready(State(app): State<Shared>) -> Result<Response, Error> {
    match tokio::time::timeout(READY_TIMEOUT, app.store.ping()).await {
        Ok(Ok(())) => Ok(Json(json!({ "status": "ready" })).into_response()),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(Error::StoreUnavailable),
    }
}
