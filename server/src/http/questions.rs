//! The questions that rollups answer: `/v1/report`, `/v1/metrics`, `/v1/dashboard`, `/v1/events/stats`.

use axum::{
    Json,
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};

use super::{
    Shared,
    access::Caller,
    error::Error,
    params::Params,
    range::{self, RangeParams},
};
use crate::{
    clock,
    query::{calendar::Period, dashboard, metrics, report, stats},
};

/// Intervals of one answer: 2,000 hours are twelve weeks.
const INTERVALS_MAX: usize = 2000;

/// Events, users and sessions of a range, by event name, and compared with the range before.
///
/// The range is widened to quarters of an hour; the answer says which it was. Counts are exact, distinct
/// counts within 2%. A range that ends now also holds what is dated ahead of the server's clock.
#[utoipa::path(get, path = "/v1/report", tag = "reports", operation_id = "report",
    security(("secret_key" = []), ("session" = [])), params(RangeParams),
    responses((status = 200, description = "The report", body = report::Report,
        example = json!({ "start": "2026-11-16T12:00:00.000Z", "end": "2026-11-23T12:00:00.000Z", "time_zone": "UTC",
            "total_events": 120, "unique_users": 31, "unique_sessions": 44,
            "events": [{ "event": "page_view", "count": 100, "unique_users": 31 },
                { "event": "purchase", "count": 20, "unique_users": 18 }],
            "events_truncated": false,
            "top_events": [{ "event": "page_view", "count": 100, "unique_users": 31, "previous_count": 80, "trend": 0.25 },
                { "event": "purchase", "count": 20, "unique_users": 18, "previous_count": 0, "trend": null }],
            "previous": { "start": "2026-11-09T12:00:00.000Z", "end": "2026-11-16T12:00:00.000Z",
                "total_events": 80, "unique_users": 25, "unique_sessions": 40 },
            "trends": { "total_events": 0.5, "unique_users": 0.24, "unique_sessions": 0.1 } }))))]
pub(super) async fn report(
    State(app): State<Shared>,
    RawQuery(query): RawQuery,
    Caller { project_id }: Caller,
) -> Result<Response, Error> {
    let mut params = Params::parse(query.as_deref());
    let range = range::range(&mut params)?.to_quarters();
    params.finish()?;
    Ok(Json(report::report(&app.rollups, project_id, &range, clock::now()).await?).into_response())
}

/// Events, users, sessions and top events of each hour, day, week or month of a range.
///
/// Intervals are whole ones of the time zone; `start` and `end` are those of the first and the last.
#[utoipa::path(get, path = "/v1/metrics", tag = "reports", operation_id = "interval_metrics",
    security(("secret_key" = []), ("session" = [])),
    params(RangeParams,
        ("period" = Option<String>, Query, description = "hour, day, week or month; at most 2000 of them. Default: day"),
        ("event" = Option<String>, Query, description = "Only events of this name")),
    responses((status = 200, description = "The intervals, empty ones as well", body = metrics::Metrics,
        example = json!({ "period": "day", "time_zone": "UTC", "start": "2026-11-22T00:00:00.000Z",
            "end": "2026-11-23T00:00:00.000Z", "event": null,
            "intervals": [{ "start": "2026-11-22T00:00:00.000Z", "end": "2026-11-23T00:00:00.000Z", "count": 120,
                "unique_users": 31, "unique_sessions": 44, "top_events": [{ "event": "page_view", "count": 100 }] }] }))))]
pub(super) async fn metrics(
    State(app): State<Shared>,
    RawQuery(query): RawQuery,
    Caller { project_id }: Caller,
) -> Result<Response, Error> {
    let mut params = Params::parse(query.as_deref());
    let range = range::range(&mut params)?;
    let period = period(&mut params, &Period::ALL, "hour, day, week or month")?;
    let event = params.take("event");
    params.finish()?;
    let intervals = range.calendar.intervals(period, range.start, range.end, INTERVALS_MAX);
    let intervals = intervals.ok_or_else(|| Error::InvalidParameter {
        field: "period".to_owned(),
        expected: "a range of at most 2000 periods",
    })?;
    let metrics = metrics::metrics(&app.rollups, project_id, &range, period, &intervals, event).await?;
    Ok(Json(metrics).into_response())
}

/// The last sixty minutes: events, users, sessions, top events, outcomes, each minute by itself; and health.
#[utoipa::path(get, path = "/v1/dashboard", tag = "reports", operation_id = "dashboard",
    security(("secret_key" = []), ("session" = [])),
    responses((status = 200, description = "The last hour", body = dashboard::Dashboard,
        example = json!({ "start": "2026-11-23T11:01:00.000Z", "end": "2026-11-23T12:00:13.512Z", "total_events": 120,
            "unique_users": 31, "unique_sessions": 44, "previous_total_events": 80,
            "top_events": [{ "event": "page_view", "count": 100 }],
            "activity": [{ "minute": "2026-11-23T12:00:00.000Z", "count": 2, "users": 1, "sessions": 1 }],
            "outcomes": { "accepted": 120, "duplicate": 3 }, "redactions": { "email": 4 },
            "health": { "healthy": true, "reasons": [], "last_event_at": "2026-11-23T12:00:00.000Z",
                "events_per_minute": 84.2, "error_rate": 0.0, "store": "ok", "spool_batches": 0, "spool_bytes": 0,
                "uptime_seconds": 86400 } }))))]
pub(super) async fn dashboard(
    State(app): State<Shared>,
    RawQuery(query): RawQuery,
    Caller { project_id }: Caller,
) -> Result<Response, Error> {
    Params::parse(query.as_deref()).finish()?;
    let now = clock::now();
    let health = app.health.of(&*app.store, project_id, now, app.node()).await?;
    let dashboard =
        dashboard::dashboard(&app.rollups, &app.ledger, &*app.store, health, project_id, now).await?;
    Ok(Json(dashboard).into_response())
}

/// Every event name of a range, how often it came, and the minute in which it came last.
#[utoipa::path(get, path = "/v1/events/stats", tag = "reports", operation_id = "event_stats",
    security(("secret_key" = []), ("session" = [])), params(RangeParams),
    responses((status = 200, description = "The names, the most frequent first", body = stats::Stats,
        example = json!({ "start": "2026-11-16T12:00:00.000Z", "end": "2026-11-23T12:00:00.000Z", "total": 100,
            "events": [{ "event": "page_view", "count": 100, "last_seen": "2026-11-23T11:59:00.000Z" }] }))))]
pub(super) async fn stats(
    State(app): State<Shared>,
    RawQuery(query): RawQuery,
    Caller { project_id }: Caller,
) -> Result<Response, Error> {
    let mut params = Params::parse(query.as_deref());
    let range = range::range(&mut params)?.to_quarters();
    params.finish()?;
    Ok(Json(stats::stats(&app.rollups, project_id, &range, clock::now()).await?).into_response())
}

/// The parameter `period`, `day` where none is given.
pub(super) fn period(
    params: &mut Params,
    allowed: &[Period],
    expected: &'static str,
) -> Result<Period, Error> {
    let Some(text) = params.take("period") else { return Ok(Period::Day) };
    let found = allowed.iter().copied().find(|period| period.as_str() == text);
    found.ok_or_else(|| Error::InvalidParameter { field: "period".to_owned(), expected })
}
