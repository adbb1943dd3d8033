//! `/v1/quarantine`: refused events that were kept, to look at, replay and drop.

use axum::{
    Json,
    body::Body,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use pharos_model::EventId;

use super::{Shared, access::Caller, body, error::Error, params::Params};
use crate::{
    ingest::replay::Changes,
    query::quarantine::{self, Replayed},
    store::Quarantined,
};

/// Refused events that were kept, the last seen first.
#[utoipa::path(get, path = "/v1/quarantine", tag = "quarantine", operation_id = "quarantine",
    security(("secret_key" = []), ("session" = [])),
    params(("limit" = Option<u32>, Query, description = "At most so many", minimum = 1, maximum = 1000),
        ("code" = Option<String>, Query, description = "Only events refused for this code")),
    responses((status = 200, description = "The events", body = quarantine::List,
        example = json!({ "quarantine": [{ "id": "019ab2c3-d4e5-7f60-8123-456789abcdef", "code": "string_too_long", "field": "properties.note",
            "source": "client", "event": { "event": "note_saved", "properties": { "note": "..." } },
            "context": { "browser": "Firefox" }, "user_id": null, "first_seen": "2026-11-23T12:00:00.000Z",
            "last_seen": "2026-11-23T12:05:00.000Z", "count": 3, "replayed_at": null, "replayed_as": null }] }))))]
pub(super) async fn list(
    State(app): State<Shared>,
    RawQuery(query): RawQuery,
    Caller { project_id }: Caller,
) -> Result<Response, Error> {
    let mut params = Params::parse(query.as_deref());
    let limit = params.limit(100)?;
    let code = params.take("code");
    params.finish()?;
    let kept = app.store.quarantine(project_id, code.as_deref(), limit).await?;
    Ok(Json(quarantine::list(kept)?).into_response())
}

/// One refused event.
#[utoipa::path(get, path = "/v1/quarantine/{id}", tag = "quarantine", operation_id = "quarantined_event",
    security(("secret_key" = []), ("session" = [])), params(("id" = String, Path, description = "As the list shows it", format = Uuid)),
    responses((status = 200, description = "The event", body = quarantine::Entry,
        example = json!({ "id": "019ab2c3-d4e5-7f60-8123-456789abcdef", "code": "string_too_long", "field": "properties.note",
            "source": "client", "event": { "event": "note_saved", "properties": { "note": "..." } },
            "context": { "browser": "Firefox" }, "user_id": null, "first_seen": "2026-11-23T12:00:00.000Z",
            "last_seen": "2026-11-23T12:05:00.000Z", "count": 3, "replayed_at": null, "replayed_as": null }))))]
pub(super) async fn show(
    State(app): State<Shared>,
    Path(id): Path<String>,
    caller: Caller,
) -> Result<Response, Error> {
    let kept = find(&app, &id, caller).await?;
    Ok(Json(quarantine::entry(kept)?).into_response())
}

/// Removes a refused event for good.
#[utoipa::path(delete, path = "/v1/quarantine/{id}", tag = "quarantine", operation_id = "drop_quarantined",
    security(("secret_key" = []), ("session" = [])), params(("id" = String, Path, description = "As the list shows it", format = Uuid)),
    responses((status = 204, description = "It is gone")))]
pub(super) async fn drop_one(
    State(app): State<Shared>,
    Path(id): Path<String>,
    Caller { project_id }: Caller,
) -> Result<StatusCode, Error> {
    let id = EventId::parse(&id).ok_or(Error::NotFound)?;
    let dropped = app.store.drop_quarantined(project_id, id).await?;
    if dropped { Ok(StatusCode::NO_CONTENT) } else { Err(Error::NotFound) }
}

/// Judges and stores a refused event again, as if it had just been sent; it is stored once.
#[utoipa::path(post, path = "/v1/quarantine/{id}/replay", tag = "quarantine", operation_id = "replay_quarantined",
    security(("secret_key" = []), ("session" = [])), params(("id" = String, Path, description = "As the list shows it", format = Uuid)),
    request_body(content = Option<Object>, description = "Fields of the event to change first; `null` removes one",
        example = json!({ "event": "sign_up" })),
    responses((status = 200, description = "What became of it", body = Replayed,
        example = json!({ "id": "019ab2c3-d4e5-7f60-8123-456789abcdef", "verdict": "accepted",
            "event_id": "019ab2d0-0000-7000-8000-000000000000" }))))]
pub(super) async fn replay(
    State(app): State<Shared>,
    Path(id): Path<String>,
    caller: Caller,
    headers: HeaderMap,
    mut body: Body,
) -> Result<Response, Error> {
    let kept = find(&app, &id, caller).await?;
    let mut held = app.budget.hold();
    let changes = Changes::read(&body::read(&mut body, &headers, &app.limits, &mut held).await?)?;
    let replay = app
        .ingest
        .replay(
            &*app.store,
            caller.project_id,
            &app.keys.policy(caller.project_id).rules,
            &kept,
            &changes,
            held,
        )
        .await?;
    Ok(Json(Replayed::new(kept.id, &replay)).into_response())
}

async fn find(app: &Shared, id: &str, caller: Caller) -> Result<Quarantined, Error> {
    let id = EventId::parse(id).ok_or(Error::NotFound)?;
    app.store.quarantined(caller.project_id, id).await?.ok_or(Error::NotFound)
}
