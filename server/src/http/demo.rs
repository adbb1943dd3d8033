//! What the demo shop needs besides its pages: a key to send with, and what the server received of a
//! session. Knowing a session's id, which is random, is the permission to see it. With the demo turned
//! off none of this exists.

use axum::{
    Json,
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Shared, error::Error, keys::FIRST_PROJECT, params::Params};
use crate::{config::Demo, query::recent, store::Recent};

/// Events shown of a session.
const RECEIVED_MAX: u32 = 200;

/// How the demo shop sends.
#[derive(Serialize, ToSchema)]
pub(super) struct DemoConfig {
    ingest_key: String,
    batch_size: u32,
    flush_interval_ms: u32,
}

/// What the demo shop sends with.
#[utoipa::path(get, path = "/demo/config.json", tag = "dashboard", operation_id = "demo_config",
    responses((status = 200, description = "With `TELEMETRY_DEMO` on", body = DemoConfig,
        example = json!({ "ingest_key": "pk_...", "batch_size": 100, "flush_interval_ms": 5000 }))))]
pub(super) async fn config(State(app): State<Shared>) -> Result<Response, Error> {
    let demo = app.demo.ok_or(Error::NotFound)?;
    let ingest_key = app.keys.first_ingest_key().ok_or(Error::NotFound)?;
    let Demo { batch_size, flush_interval_ms } = demo;
    Ok(Json(DemoConfig { ingest_key, batch_size, flush_interval_ms }).into_response())
}

/// What the server received of one session: knowing its random id is the permission to see it.
#[utoipa::path(get, path = "/demo/received", tag = "dashboard", operation_id = "demo_received",
    params(("session_id" = String, Query, description = "The session")),
    responses((status = 200, description = "Its events, newest first, at most 200", body = recent::RecentEvents,
        example = json!({ "events": [] }))))]
pub(super) async fn received(
    State(app): State<Shared>,
    RawQuery(query): RawQuery,
) -> Result<Response, Error> {
    app.demo.ok_or(Error::NotFound)?;
    let mut params = Params::parse(query.as_deref());
    let session_id = params.take("session_id").filter(|id| !id.is_empty());
    params.finish()?;
    let expected = "the id of a session";
    let field = "session_id".to_owned();
    let session_id = session_id.ok_or(Error::InvalidParameter { field, expected })?;
    let recent = Recent {
        project_id: FIRST_PROJECT,
        event: None,
        session_id: Some(session_id),
        user_ids: Vec::new(),
        limit: RECEIVED_MAX,
    };
    Ok(recent::as_json(&*app.store, &recent).await?.into_response())
}
