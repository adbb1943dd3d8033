//! `GET /v1/outcomes`: what became of the events received.

use axum::{
    extract::{RawQuery, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};

use super::{Shared, auth, error::Error, params::Params};
use crate::{clock, outcome::hour_of, query::outcomes, store::OutcomeRange};
use pharos_model::Timestamp;

const DAY_MS: i64 = 24 * 3_600_000;

/// Longest range: its answer has some ten lines an hour.
const DAYS_MAX: i64 = 400;

/// `start` and `end` default to the last 24 hours and the current one; `start` is taken back to the full hour.
pub(super) async fn outcomes(
    State(app): State<Shared>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let project_id = auth::reader(&headers, &app.keys, &*app.store).await?;
    let mut params = Params::parse(query.as_deref());
    let now = clock::now();
    let end = params.timestamp("end")?.unwrap_or(now);
    let start = params.timestamp("start")?;
    params.finish()?;
    let start = start.unwrap_or_else(|| Timestamp::from_unix_ms(end.unix_ms() - DAY_MS));
    let length_ms = end.unix_ms() - start.unix_ms();
    if !(0..=DAYS_MAX * DAY_MS).contains(&length_ms) {
        let expected = "a start before the end, at most 400 days";
        return Err(Error::InvalidParameter { field: "start".to_owned(), expected });
    }
    // The hour that has begun belongs to it, if the end lies in it.
    let range = OutcomeRange { project_id, start: hour_of(start), end };
    Ok(outcomes::as_json(&*app.store, &range).await?.into_response())
}
