//! `DELETE /v1/users/{id}`: a person's events are erased, and `GET /v1/erasures/{id}` is the receipt.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use pharos_model::{Timestamp, limits::USER_ID_CHARS_MAX};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Shared, access::Caller, error::Error};
use crate::store;

/// The receipt of an erasure. It says nothing of whose events they were.
#[derive(Serialize, ToSchema)]
pub(super) struct Erasure {
    erasure_id: String,
    /// `running` or `done`.
    state: &'static str,
    /// Events removed from the table.
    events: i64,
    /// Refused events removed from the quarantine; equal ones are kept, and counted here, once.
    quarantined: i64,
    /// Events kept out of the table as a spool was drained, which may be after the rest was done.
    spooled: i64,
    /// What was received until then is removed.
    requested_at: String,
    finished_at: Option<String>,
}

/// Erases the events of a person that were received until now, in the background.
///
/// They are removed from the table, the quarantine and the spools. Counts and sketches stay: no person can be told
/// from them. Events that were tracked before the person was known carry no user id and are not found.
#[utoipa::path(delete, path = "/v1/users/{id}", tag = "access", operation_id = "erase_user",
    security(("secret_key" = []), ("session" = [])),
    params(("id" = String, Path, description = "What the site calls the person, the hash that pages send of it \
        (`u_` and 32 hex digits), or the id that is stored")),
    responses((status = 202, description = "The receipt, to be asked for again", body = Erasure,
        example = json!({ "erasure_id": "019ab2c3-d4e5-7f60-8123-456789abcdef", "state": "running", "events": 0,
            "quarantined": 0, "spooled": 0, "requested_at": "2026-11-23T12:00:00.000Z", "finished_at": null }))))]
pub(super) async fn erase(
    State(app): State<Shared>,
    Path(id): Path<String>,
    Caller { project_id }: Caller,
) -> Result<Response, Error> {
    if id.chars().count() > USER_ID_CHARS_MAX {
        return Err(Error::InvalidParameter { field: "id".to_owned(), expected: "at most 256 characters" });
    }
    let erasure_id = app.eraser.request(&app.peppers, project_id, &id).await?;
    let erasure = app.store.erasure(project_id, &erasure_id).await?.ok_or(Error::Internal)?;
    Ok((StatusCode::ACCEPTED, Json(Erasure::of(erasure))).into_response())
}

/// What became of an erasure.
#[utoipa::path(get, path = "/v1/erasures/{id}", tag = "access", operation_id = "erasure",
    security(("secret_key" = []), ("session" = [])),
    params(("id" = String, Path, description = "The `erasure_id` of the answer to the request", format = Uuid)),
    responses((status = 200, description = "The receipt", body = Erasure,
        example = json!({ "erasure_id": "019ab2c3-d4e5-7f60-8123-456789abcdef", "state": "done", "events": 1204,
            "quarantined": 1, "spooled": 0, "requested_at": "2026-11-23T12:00:00.000Z",
            "finished_at": "2026-11-23T12:00:01.250Z" }))))]
pub(super) async fn receipt(
    State(app): State<Shared>,
    Path(id): Path<String>,
    Caller { project_id }: Caller,
) -> Result<Response, Error> {
    let erasure = app.store.erasure(project_id, &id).await?.ok_or(Error::NotFound)?;
    Ok(Json(Erasure::of(erasure)).into_response())
}

impl Erasure {
    fn of(erasure: store::Erasure) -> Self {
        Self {
            erasure_id: erasure.id,
            state: if erasure.finished_at.is_some() { "done" } else { "running" },
            events: erasure.events,
            quarantined: erasure.quarantined,
            spooled: erasure.spooled,
            requested_at: erasure.requested_at.to_string(),
            finished_at: erasure.finished_at.as_ref().map(Timestamp::to_string),
        }
    }
}
