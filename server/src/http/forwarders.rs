//! `GET /v1/forwarders`: what events are sent on to, and how that goes; what was given up, and giving it
//! another try.

use axum::{
    Json,
    extract::{Path, RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::{Shared, access::Caller, error::Error, params::Params};
use crate::{clock, query::forwarders};

/// What the project's events are sent on to, and how that goes.
///
/// A destination that is set up no more is shown as long as something is known of it, with `enabled` false.
#[utoipa::path(get, path = "/v1/forwarders", tag = "operations", operation_id = "forwarders",
    security(("secret_key" = []), ("session" = [])),
    responses((status = 200, description = "Each destination", body = forwarders::Forwarders,
        example = json!({ "forwarders": [{ "name": "ga4", "kind": "ga4", "enabled": true, "pending": 3,
            "oldest_pending_at": "2026-11-23T12:00:00.000Z", "sent": 1200, "failed": 2, "uncertain": 0,
            "last_error": "status 503", "last_sent_at": "2026-11-23T11:59:58.000Z",
            "failed_by_reason": [{ "reason": "event_name_reserved", "count": 2 }] }] }))))]
pub(super) async fn forwarders(
    State(app): State<Shared>,
    RawQuery(query): RawQuery,
    Caller { project_id }: Caller,
) -> Result<Response, Error> {
    Params::parse(query.as_deref()).finish()?;
    Ok(Json(forwarders::of(&*app.store, project_id, &app.forwarders).await?).into_response())
}

/// Events that were given up: what a destination does not take, with the reason.
///
/// They are kept for 30 days after they were received; the events themselves are stored like any other.
#[utoipa::path(get, path = "/v1/forwarders/failed", tag = "operations", operation_id = "failed_forwards",
    security(("secret_key" = []), ("session" = [])),
    params(("limit" = Option<u32>, Query, description = "At most so many; 100 if not given", minimum = 1, maximum = 1000)),
    responses((status = 200, description = "Those that waited last first", body = forwarders::FailedForwards,
        example = json!({ "failed": [{ "destination": "ga4", "event_id": "019ab2c3-d4e5-7f60-8123-456789abcdef",
            "event": "order_paid", "timestamp": "2026-11-20T12:00:00.000Z", "reason": "too_old",
            "enqueued_at": "2026-11-23T13:00:00.000Z" }] }))))]
pub(super) async fn failed(
    State(app): State<Shared>,
    RawQuery(query): RawQuery,
    Caller { project_id }: Caller,
) -> Result<Response, Error> {
    let mut params = Params::parse(query.as_deref());
    let limit = params.limit(100)?;
    params.finish()?;
    Ok(Json(forwarders::failed(&*app.store, project_id, limit).await?).into_response())
}

/// Lets a destination's events that were given up wait anew, once what stood against them is gone.
///
/// Each is checked again: one that is still too old is given up again.
#[utoipa::path(post, path = "/v1/forwarders/{name}/retry", tag = "operations", operation_id = "retry_forwards",
    security(("secret_key" = []), ("session" = [])),
    params(("name" = String, Path, description = "The destination"),
        ("reason" = Option<String>, Query, description = "Only those that were given up for this reason")),
    responses((status = 204, description = "They wait")))]
pub(super) async fn retry(
    State(app): State<Shared>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    Caller { project_id }: Caller,
) -> Result<StatusCode, Error> {
    let mut params = Params::parse(query.as_deref());
    let reason = params.take("reason");
    params.finish()?;
    // What is set up no more would wait for ever.
    let is_enabled = app.forwarders.iter().any(|known| *known == name);
    if !is_enabled || !app.store.retry_given_up(&name, project_id, reason.as_deref(), clock::now()).await? {
        return Err(Error::NotFound);
    }
    Ok(StatusCode::NO_CONTENT)
}
