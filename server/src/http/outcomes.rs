//! `GET /v1/outcomes`: what became of the events received.

use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};

use super::{Shared, access::Caller, error::Error, params::Params};
use crate::{clock, outcome::hour_of, query::outcomes, store::OutcomeRange};

const DAY_MS: i64 = 24 * 3_600_000;

/// What became of the events received, in all and by hour of receipt: every event has one outcome.
#[utoipa::path(get, path = "/v1/outcomes", tag = "reports", operation_id = "outcomes",
    security(("secret_key" = []), ("session" = [])),
    params(
        ("start" = Option<String>, Query, format = DateTime,
            description = "Taken back to the full hour. Default: 24 hours before the end"),
        ("end" = Option<String>, Query, format = DateTime,
            description = "At most 400 days after the start. Default: now")),
    responses((status = 200, description = "The ledger", body = outcomes::Outcomes,
        example = json!({ "start": "2026-11-23T11:00:00.000Z", "end": "2026-11-23T12:00:00.000Z", "received": 103,
            "outcomes": [{ "outcome": "accepted", "reason": null, "count": 102 },
                { "outcome": "invalid", "reason": "wrong_type", "count": 1 }],
            "hours": [{ "hour": "2026-11-23T11:00:00.000Z", "outcome": "accepted", "reason": null, "count": 102 },
                { "hour": "2026-11-23T11:00:00.000Z", "outcome": "invalid", "reason": "wrong_type", "count": 1 }] }))))]
pub(super) async fn outcomes(
    State(app): State<Shared>,
    RawQuery(query): RawQuery,
    Caller { project_id }: Caller,
) -> Result<Response, Error> {
    let mut params = Params::parse(query.as_deref());
    let (start, end) = params.range(clock::now(), DAY_MS)?;
    params.finish()?;
    // The hour that has begun belongs to it, if the end lies in it.
    let range = OutcomeRange { project_id, start: hour_of(start), end };
    Ok(outcomes::as_json(&*app.store, &range).await?.into_response())
}
