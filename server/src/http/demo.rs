//! What the demo shop needs besides its pages: a key to send with, and what the server received of a
//! session. Knowing a session's id, which is random, is the permission to see it. With the demo turned
//! off none of this exists.

use axum::{
    Json,
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{Shared, auth::FIRST_PROJECT, error::Error, params::Params};
use crate::{query::recent, store::Recent};

/// Events shown of a session.
const RECEIVED_MAX: u32 = 200;

pub(super) async fn config(State(app): State<Shared>) -> Result<Response, Error> {
    let demo = app.demo.ok_or(Error::NotFound)?;
    let ingest_key = app.keys.first_ingest_key().ok_or(Error::NotFound)?;
    Ok(Json(json!({
        "ingest_key": ingest_key,
        "batch_size": demo.batch_size,
        "flush_interval_ms": demo.flush_interval_ms,
    }))
    .into_response())
}

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
    let recent =
        Recent { project_id: FIRST_PROJECT, event: None, session_id: Some(session_id), limit: RECEIVED_MAX };
    Ok(recent::as_json(&*app.store, &recent).await?.into_response())
}
