//! `GET /v1/delivery`: which share of the events made has arrived.

use axum::{
    Json,
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};

use super::{Shared, access::Caller, error::Error, params::Params};
use crate::{clock, outcome::hour_of, query::delivery};

const DAY_MS: i64 = 24 * 3_600_000;

/// Which share of the events made has arrived, told by the gaps in the sessions' numbering.
///
/// Events that came late count in their own hour. What was lost at the end of a session, and sessions of which
/// nothing arrived, cannot be seen. Up to date to the minute or two.
#[utoipa::path(get, path = "/v1/delivery", tag = "reports", operation_id = "delivery",
    security(("secret_key" = []), ("session" = [])),
    params(
        ("start" = Option<String>, Query, format = DateTime,
            description = "Taken back to the full hour. Default: 7 days before the end"),
        ("end" = Option<String>, Query, format = DateTime,
            description = "At most 400 days after the start. Default: now")),
    responses((status = 200, description = "In all and by hour", body = delivery::Delivery,
        example = json!({ "start": "2026-11-23T11:00:00.000Z", "end": "2026-11-23T12:00:00.000Z",
            "expected": 1000, "arrived": 998, "rate": 0.998,
            "hours": [{ "hour": "2026-11-23T11:00:00.000Z", "expected": 1000, "arrived": 998, "rate": 0.998 }],
            "dropped": [{ "reason": "queue_full", "count": 2 }] }))))]
pub(super) async fn delivery(
    State(app): State<Shared>,
    RawQuery(query): RawQuery,
    Caller { project_id }: Caller,
) -> Result<Response, Error> {
    let mut params = Params::parse(query.as_deref());
    let (start, end) = params.range(clock::now(), 7 * DAY_MS)?;
    params.finish()?;
    Ok(Json(delivery::of(&*app.store, project_id, hour_of(start), end).await?).into_response())
}
