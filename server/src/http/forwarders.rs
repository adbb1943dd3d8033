//! `GET /v1/forwarders`: what events are sent on to, and how that goes.

use axum::{
    Json,
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};

use super::{Shared, access::Caller, error::Error, params::Params};
use crate::query::forwarders;

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
