//! The questions that read events: `/v1/breakdown`, `/v1/properties`, `/v1/funnel`, `/v1/retention`,
//! `/v1/sessions`.

use axum::{
    Json,
    extract::{Path, RawQuery, State},
    response::{IntoResponse, Response},
};

use super::{
    Shared,
    access::Caller,
    error::Error,
    params::Params,
    questions::period,
    range::{self, RangeParams},
};
use crate::{
    clock,
    query::{breakdown, calendar::Period, funnel, retention, sessions},
    store::questions::{By, FILTERS_MAX, Slice},
};

/// Steps of a funnel, at most.
const STEPS_MAX: usize = 8;
/// Periods of a retention table: a year of weeks.
const COHORTS_MAX: usize = 60;
const WINDOW_DEFAULT_S: i64 = 24 * 3600;
/// Longest window of a funnel: longer than the longest range, it would mean nothing.
const WINDOW_MAX_S: i64 = range::DAYS_MAX * 24 * 3600;

/// One event split by the values of a property, with counts and users of each.
///
/// Reads the events of the range, of which few questions may at once: others wait, and then are refused.
#[utoipa::path(get, path = "/v1/breakdown", tag = "reports", operation_id = "breakdown",
    security(("secret_key" = []), ("session" = [])),
    params(RangeParams,
        ("event" = String, Query, description = "Name of the events"),
        ("property" = String, Query, description = "Name of the property"),
        ("where" = Option<Vec<String>>, Query, description = "Only events where a property has a value, as property:value; at most four of them"),
        ("limit" = Option<u32>, Query, description = "Values listed, 20 if not given", minimum = 1, maximum = 1000)),
    responses((status = 200, description = "The most frequent values", body = breakdown::Breakdown,
        example = json!({ "event": "purchase", "property": "payment", "start": "2026-11-16T12:00:00.000Z",
            "end": "2026-11-23T12:00:00.000Z", "total": 20, "unique_users": 18,
            "values": [{ "value": "card", "count": 12, "unique_users": 11 }, { "value": "wallet", "count": 6, "unique_users": 6 }],
            "other_count": 1, "missing_count": 1 }))))]
pub(super) async fn breakdown(
    State(app): State<Shared>,
    RawQuery(query): RawQuery,
    Caller { project_id }: Caller,
) -> Result<Response, Error> {
    let mut params = Params::parse(query.as_deref());
    let range = range::range(&mut params)?;
    let event = required(&mut params, "event", "the name of an event")?;
    let property = required(&mut params, "property", "the name of a property")?;
    let limit = params.limit(20)?;
    let mut filters = Vec::new();
    while let Some(filter) = params.take("where") {
        let pair = filter.split_once(':').filter(|(name, _)| !name.is_empty() && filters.len() < FILTERS_MAX);
        let (name, value) =
            pair.ok_or_else(|| wrong("where", "property:value, such as plan:pro, at most four times"))?;
        filters.push((name.to_owned(), value.to_owned()));
    }
    params.finish()?;
    let slice = Slice { project_id, event, start: range.start, end: range.end, filters };
    Ok(Json(breakdown::breakdown(&*app.store, &app.heavy, slice, property, limit).await?).into_response())
}

/// The properties that the last thousand events of a name had.
#[utoipa::path(get, path = "/v1/properties", tag = "reports", operation_id = "properties",
    security(("secret_key" = []), ("session" = [])),
    params(("event" = String, Query, description = "Name of the events")),
    responses((status = 200, description = "Names, the most frequent first", body = breakdown::Properties,
        example = json!({ "properties": [{ "name": "sku", "count": 1000 }, { "name": "coupon", "count": 40 }] }))))]
pub(super) async fn properties(
    State(app): State<Shared>,
    RawQuery(query): RawQuery,
    Caller { project_id }: Caller,
) -> Result<Response, Error> {
    let mut params = Params::parse(query.as_deref());
    let event = required(&mut params, "event", "the name of an event")?;
    params.finish()?;
    Ok(Json(breakdown::properties(&*app.store, project_id, &event).await?).into_response())
}

/// How many did a first event, then a second one, and so on, in order and within a window of time.
#[utoipa::path(get, path = "/v1/funnel", tag = "reports", operation_id = "funnel",
    security(("secret_key" = []), ("session" = [])),
    params(RangeParams,
        ("steps" = String, Query, description = "Two to eight event names, separated by commas", example = "product_view,purchase"),
        ("window_seconds" = Option<i64>, Query, description = "From the first step to the last, at most. Default: a day", minimum = 1),
        ("by" = Option<String>, Query, description = "user (who is anonymous is left out) or session. Default: user")),
    responses((status = 200, description = "The steps", body = funnel::Funnel,
        example = json!({ "start": "2026-11-16T12:00:00.000Z", "end": "2026-11-23T12:00:00.000Z", "by": "user",
            "window_seconds": 86400,
            "steps": [{ "event": "product_view", "count": 100, "rate": 1.0, "step_rate": 1.0, "median_seconds": null },
                { "event": "purchase", "count": 12, "rate": 0.12, "step_rate": 0.12, "median_seconds": 95.5 }] }))))]
pub(super) async fn funnel(
    State(app): State<Shared>,
    RawQuery(query): RawQuery,
    Caller { project_id }: Caller,
) -> Result<Response, Error> {
    let mut params = Params::parse(query.as_deref());
    let range = range::range(&mut params)?;
    let expected = "two to eight event names, separated by commas";
    let steps: Vec<String> =
        required(&mut params, "steps", expected)?.split(',').map(|step| step.trim().to_owned()).collect();
    if !(2..=STEPS_MAX).contains(&steps.len()) || steps.iter().any(String::is_empty) {
        return Err(wrong("steps", expected));
    }
    let window = params.whole("window_seconds", 1..=WINDOW_MAX_S, "whole seconds, at most 400 days")?;
    let by = match params.take("by").as_deref() {
        None | Some("user") => By::User,
        Some("session") => By::Session,
        Some(_) => return Err(wrong("by", "user or session")),
    };
    params.finish()?;
    let question =
        funnel::Question { project_id, steps, window_seconds: window.unwrap_or(WINDOW_DEFAULT_S), by };
    Ok(Json(funnel::funnel(&*app.store, &app.heavy, question, &range).await?).into_response())
}

/// Of the users first there in one day or week, how many were there again in those after.
#[utoipa::path(get, path = "/v1/retention", tag = "reports", operation_id = "retention",
    security(("secret_key" = []), ("session" = [])),
    params(RangeParams,
        ("period" = Option<String>, Query, description = "day or week, at most 60 of them. Default: day"),
        ("event" = Option<String>, Query, description = "Being there means an event of this name. Default: any")),
    responses((status = 200, description = "A cohort for each period", body = retention::Retention,
        example = json!({ "period": "day", "start": "2026-11-22T00:00:00.000Z", "end": "2026-11-24T00:00:00.000Z",
            "cohorts": [{ "start": "2026-11-22T00:00:00.000Z", "size": 40, "returned": [40, 12] },
                { "start": "2026-11-23T00:00:00.000Z", "size": 31, "returned": [31] }] }))))]
pub(super) async fn retention(
    State(app): State<Shared>,
    RawQuery(query): RawQuery,
    Caller { project_id }: Caller,
) -> Result<Response, Error> {
    let mut params = Params::parse(query.as_deref());
    let range = range::range(&mut params)?;
    let period = period(&mut params, &[Period::Day, Period::Week], "day or week")?;
    let event = params.take("event");
    params.finish()?;
    let intervals = range.calendar.intervals(period, range.start, range.end, COHORTS_MAX);
    let intervals = intervals.ok_or_else(|| wrong("period", "a range of at most 60 periods"))?;
    let retention =
        retention::retention(&*app.store, &app.heavy, project_id, period, &intervals, event.as_deref());
    Ok(Json(retention.await?).into_response())
}

/// The sessions of which something was received last.
#[utoipa::path(get, path = "/v1/sessions", tag = "reports", operation_id = "sessions",
    security(("secret_key" = []), ("session" = [])),
    params(("limit" = Option<u32>, Query, description = "At most so many, 50 if not given", minimum = 1, maximum = 500)),
    responses((status = 200, description = "Sessions, the last active first", body = sessions::Sessions,
        example = json!({ "sessions": [{ "session_id": "019ab2c3-0000-7000-8000-000000000000", "user_id": null,
            "started_at": "2026-11-23T12:00:00.000Z", "ended_at": "2026-11-23T12:03:10.250Z", "count": 7,
            "first_event": "page_view", "last_event": "purchase" }] }))))]
pub(super) async fn sessions(
    State(app): State<Shared>,
    RawQuery(query): RawQuery,
    Caller { project_id }: Caller,
) -> Result<Response, Error> {
    let mut params = Params::parse(query.as_deref());
    let limit = params.whole("limit", 1..=500, "a whole number from 1 to 500")?.unwrap_or(50);
    params.finish()?;
    let sessions = sessions::sessions(&*app.store, &app.heavy, project_id, limit, clock::now()).await?;
    Ok(Json(sessions).into_response())
}

/// One session with its events, in the order in which they happened.
#[utoipa::path(get, path = "/v1/sessions/{id}", tag = "reports", operation_id = "session_events",
    security(("secret_key" = []), ("session" = [])),
    params(("id" = String, Path, description = "The session's id")),
    responses((status = 200, description = "The session; of a very long one, the last 1000 events", body = sessions::SessionEvents,
        example = json!({ "session_id": "019ab2c3-0000-7000-8000-000000000000", "user_id": null,
            "started_at": "2026-11-23T12:00:00.000Z", "ended_at": "2026-11-23T12:00:00.000Z", "count": 1,
            "events": [{ "id": "019ab2c3-d4e5-7f60-8123-456789abcdef", "event": "page_view",
                "timestamp": "2026-11-23T12:00:00.000Z", "properties": { "path": "/" }, "user_id": null,
                "session_id": "019ab2c3-0000-7000-8000-000000000000", "source": "client", "seq": 0, "context": {},
                "created_at": "2026-11-23T12:00:00.320Z" }],
            "truncated": false }))))]
pub(super) async fn session(
    State(app): State<Shared>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    Caller { project_id }: Caller,
) -> Result<Response, Error> {
    Params::parse(query.as_deref()).finish()?;
    let session = sessions::session(&*app.store, project_id, id).await?;
    Ok(Json(session.ok_or(Error::NotFound)?).into_response())
}

fn required(params: &mut Params, name: &str, expected: &'static str) -> Result<String, Error> {
    params.take(name).filter(|text| !text.is_empty()).ok_or_else(|| wrong(name, expected))
}

fn wrong(field: &str, expected: &'static str) -> Error {
    Error::InvalidParameter { field: field.to_owned(), expected }
}
